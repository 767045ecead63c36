/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/move.h"

#include <errno.h>
#include <string.h>

/* Below this many bytes waking the pool costs more than it gives. */
#define SHARED_BYTES (128 * 1024)

/* A tile of a turning plane: its lines stay in the first-level cache. */
#define TILE_ROWS 16
#define TILE_COLUMNS 64

void move_add(struct move *move, size_t count, ptrdiff_t from, ptrdiff_t to)
{
	struct move_dim *last = move->rank > 0 ? &move->dim[move->rank - 1] : NULL;

	if (count == 1)
		return;
	if (last && last->from == from * (ptrdiff_t)count &&
	    last->to == to * (ptrdiff_t)count) {
		*last = (struct move_dim){ last->count * count, from, to };
		return;
	}
	move->dim[move->rank++] = (struct move_dim){ count, from, to };
}

/* Whether elements that are neighbours in `from` lie in another dimension than
   those that are neighbours in `to`; if so, that dimension goes next to last. */
static bool find_plane(struct move *move)
{
	ptrdiff_t run = (ptrdiff_t)move->run_bytes;
	uint32_t last = move->rank - 1;

	if (move->rank < 2 || move->run_bytes > 16 || move->dim[last].to != run)
		return false;
	for (uint32_t i = 0; i < last; i++) {
		struct move_dim plane = move->dim[i];

		if (plane.from != run)
			continue;
		for (uint32_t k = i; k + 1 < last; k++)
			move->dim[k] = move->dim[k + 1];
		move->dim[last - 1] = plane;
		return true;
	}
	return false;
}

void move_settle(struct move *move)
{
	while (move->rank > 0) {
		const struct move_dim *last = &move->dim[move->rank - 1];

		if (last->from != (ptrdiff_t)move->run_bytes ||
		    last->to != (ptrdiff_t)move->run_bytes)
			break;
		move->run_bytes *= last->count;
		move->rank--;
	}
	move->turns = find_plane(move);
}

static inline __attribute__((always_inline))
void copy_runs(const char *from, ptrdiff_t from_step, char *to, ptrdiff_t to_step,
	       size_t count, size_t run_bytes)
{
	for (size_t i = 0; i < count; i++) {
		memcpy(to, from, run_bytes);
		from += from_step;
		to += to_step;
	}
}

/* Sizes the compiler knows become single loads and stores. */
static void copy_line(const struct move_dim *dim, size_t run_bytes,
		      const char *from, char *to, size_t count)
{
	switch (run_bytes) {
	case 1:
		copy_runs(from, dim->from, to, dim->to, count, 1);
		break;
	case 2:
		copy_runs(from, dim->from, to, dim->to, count, 2);
		break;
	case 4:
		copy_runs(from, dim->from, to, dim->to, count, 4);
		break;
	case 8:
		copy_runs(from, dim->from, to, dim->to, count, 8);
		break;
	case 16:
		copy_runs(from, dim->from, to, dim->to, count, 16);
		break;
	default:
		copy_runs(from, dim->from, to, dim->to, count, run_bytes);
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void turn_plane(const struct move_dim *row, const struct move_dim *column,
		       size_t run_bytes, const char *from, char *to, size_t rows)
{
	for (size_t x = 0; x < column->count; x += TILE_COLUMNS) {
		size_t columns = smaller(TILE_COLUMNS, column->count - x);

		for (size_t y = 0; y < rows; y++)
			copy_line(column, run_bytes,
				  from + (ptrdiff_t)y * row->from +
					  (ptrdiff_t)x * column->from,
				  to + (ptrdiff_t)y * row->to +
					  (ptrdiff_t)x * column->to,
				  columns);
	}
}

static void copy_box(const struct move *move, uint32_t d, size_t count,
		     const char *from, char *to)
{
	const struct move_dim *dim = &move->dim[d];

	if (d + 1 == move->rank) {
		copy_line(dim, move->run_bytes, from, to, count);
		return;
	}
	if (move->turns && d + 2 == move->rank) {
		for (size_t y = 0; y < count; y += TILE_ROWS)
			turn_plane(dim, dim + 1, move->run_bytes,
				   from + (ptrdiff_t)y * dim->from,
				   to + (ptrdiff_t)y * dim->to,
				   smaller(TILE_ROWS, count - y));
		return;
	}
	for (size_t i = 0; i < count; i++)
		copy_box(move, d + 1, dim[1].count, from + (ptrdiff_t)i * dim->from,
			 to + (ptrdiff_t)i * dim->to);
}

struct share {
	const struct move *move;
	const char *from;
	char *to;
	uint32_t parts;
};

static void copy_part(void *context, uint32_t part, uint32_t thread)
{
	const struct share *share = context;
	const struct move_dim *dim = &share->move->dim[0];
	size_t low = dim->count * part / share->parts;
	size_t high = dim->count * (part + 1) / share->parts;

	(void)thread;
	copy_box(share->move, 0, high - low, share->from + (ptrdiff_t)low * dim->from,
		 share->to + (ptrdiff_t)low * dim->to);
}

static size_t move_bytes(const struct move *move)
{
	size_t bytes = move->run_bytes;

	for (uint32_t i = 0; i < move->rank; i++)
		bytes *= move->dim[i].count;
	return bytes;
}

void move_run(const struct move *move, const void *from, void *to,
	      struct pool *pool)
{
	struct share share = {
		.move = move,
		.from = (const char *)from + move->from_start,
		.to = (char *)to + move->to_start,
	};
	size_t bytes = move_bytes(move);

	if (bytes == 0 || share.from == share.to)
		return;
	if (move->rank == 0) {
		memcpy(share.to, share.from, move->run_bytes);
		return;
	}
	if (bytes < SHARED_BYTES) {
		copy_box(move, 0, move->dim[0].count, share.from, share.to);
		return;
	}
	share.parts = (uint32_t)smaller(move->dim[0].count, 4 * pool_threads(pool));
	pool_run(pool, copy_part, &share, share.parts);
}

void move_steps(uint32_t rank, const int32_t *dims, size_t element_bytes,
		ptrdiff_t *steps)
{
	/* Unsigned, since beside an empty dimension the others may be anything. */
	size_t step = element_bytes;

	for (uint32_t i = rank; i-- > 0;) {
		steps[i] = (ptrdiff_t)step;
		step *= (size_t)dims[i];
	}
}

size_t move_product(const int32_t *dims, uint32_t low, uint32_t high)
{
	size_t product = 1;

	for (uint32_t i = low; i < high; i++)
		product *= (size_t)dims[i];
	return product;
}

struct moves *moves_new(struct kernel_node *node, struct kernel_setup *setup,
			uint32_t count, struct atoll_error *err)
{
	struct moves *moves = kernel_alloc(setup, sizeof(*moves) +
						  count * sizeof(moves->item[0]));

	if (!moves) {
		atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
		return NULL;
	}
	moves->count = count;
	node->prepared = moves;
	node->run = moves_run;
	return moves;
}

void moves_finish(struct kernel_node *node)
{
	struct moves *moves = node->prepared;
	const struct moves_item *first = &moves->item[0];

	for (uint32_t i = 0; i < moves->count; i++)
		move_settle(&moves->item[i].move);
	node->is_view = moves->count == 1 && first->input == 0 &&
			first->move.rank == 0 && first->move.from_start == 0 &&
			first->move.to_start == 0 &&
			first->move.run_bytes == node->input[0]->bytes &&
			first->move.run_bytes == node->output[0]->bytes;
}

int moves_run(const struct kernel_node *node, struct pool *pool)
{
	const struct moves *moves = node->prepared;

	for (uint32_t i = 0; i < moves->count; i++) {
		const struct moves_item *item = &moves->item[i];

		move_run(&item->move, node->input[item->input]->data,
			 node->output[item->output]->data, pool);
	}
	return 0;
}

static bool is_quantized(enum atoll_type type)
{
	return type == ATOLL_UINT8 || type == ATOLL_INT8 || type == ATOLL_INT16;
}

int move_check_like(const struct kernel_node *node, const struct atoll_tensor *tensor,
		    const struct atoll_tensor *as, struct atoll_error *err)
{
	if (tensor->type != as->type)
		return kernel_error(node, err, "%s: type %s, expected %s as in %s",
				    tensor->name, atoll_type_name(tensor->type),
				    atoll_type_name(as->type), as->name);
	return is_quantized(tensor->type) ?
		kernel_check_same_quant(node, tensor, as, err) : 0;
}

int move_check(const struct kernel_node *node, uint32_t i, uint32_t o,
	       struct atoll_error *err)
{
	int r = kernel_check_input(node, i, MOVE_TYPES, err);

	if (r < 0)
		return r;
	return move_check_like(node, node->output[o], node->input[i], err);
}

void move_fill(void *to, size_t bytes, const void *value, size_t value_bytes)
{
	size_t done = smaller(bytes, value_bytes);

	if (value_bytes == 1) {
		memset(to, *(const unsigned char *)value, bytes);
		return;
	}
	/* What is there is copied behind itself: 1, 2, 4, ... values. */
	memcpy(to, value, done);
	while (done < bytes) {
		size_t more = smaller(done, bytes - done);

		memcpy((char *)to + done, to, more);
		done += more;
	}
}

void move_fill_zero(const struct atoll_tensor *tensor)
{
	/* 16 bytes: the largest element. */
	const int64_t zero[2] = {
		is_quantized(tensor->type) ? tensor->quant.zero_point : 0,
	};

	move_fill(tensor->data, tensor->bytes, zero, atoll_type_bytes(tensor->type));
}
