/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/broadcast.h"

#include <errno.h>
#include <string.h>

/* Elements that are worth handing to another thread. */
#define SHARE 8192

/* Rows shorter than this are put together, up to so many elements: calling a row
   function for every pixel of an RGB image took 50 ns for each number. */
#define SHORT_ROW 64
#define PIECE 512

struct broadcast {
	broadcast_function *row;
	const void *context;
	uint32_t operands;
	size_t out_bytes;  /* of one element */
	size_t rows;       /* product of dim[].count */
	size_t count;      /* elements of a row */
	size_t step[BROADCAST_OPERANDS]; /* inside a row: 0 or 1 */
	size_t bytes[BROADCAST_OPERANDS]; /* of one element */
	size_t rows_per_item, pieces_per_row;
	bool has_short_rows;
	bool is_whole[BROADCAST_OPERANDS];  /* has the shape of the output */
	bool is_cyclic[BROADCAST_OPERANDS]; /* the same for every row */
	uint32_t rank;     /* of what is outside a row, innermost first */
	struct broadcast_dim {
		size_t count;
		size_t step[BROADCAST_OPERANDS]; /* bytes */
	} dim[ATOLL_RANK_MAX];
};

int broadcast_choose(const struct kernel_node *node, uint32_t inputs,
		     const struct broadcast_choice *choice, size_t choices,
		     uint32_t output_types, broadcast_function **row,
		     struct atoll_error *err)
{
	int r = kernel_check_counts(node, inputs, inputs, 1, err);
	uint32_t types = 0;

	for (size_t i = 0; i < choices; i++)
		types |= KERNEL_TYPE(choice[i].type);
	for (uint32_t k = 0; k < inputs && r == 0; k++) {
		r = kernel_check_input(node, k, types, err);
		if (r == 0)
			types = KERNEL_TYPE(node->input[0]->type);
	}
	if (r == 0)
		r = kernel_check_output(node, 0, output_types ? output_types : types, err);
	for (size_t i = 0; i < choices && r == 0; i++)
		if (choice[i].type == node->input[0]->type)
			*row = choice[i].row;
	return r;
}

int broadcast_check_quantized(const struct kernel_node *node, struct atoll_error *err)
{
	int r = 0;

	for (uint32_t k = 0; k <= node->inputs && r == 0; k++) {
		bool is_output = k == node->inputs;
		const struct atoll_tensor *tensor =
			is_output ? node->output[0] : node->input[k];

		if (atoll_type_bytes(tensor->type) < 4)
			r = kernel_check_quantized(node, tensor,
						   is_output ? "output" : "input", err);
	}
	return r;
}

/* Size of dimension i of n, counted from the last one, seen from `shape`. */
static size_t size_from_end(const struct atoll_tensor *shape, uint32_t i)
{
	return i < shape->rank ? (size_t)shape->dims[shape->rank - 1 - i] : 1;
}

/* Fold the dimensions of `out` into as few as possible, innermost first. */
static void collapse(struct broadcast *loop, const struct atoll_tensor *out,
		     const struct atoll_tensor *const *shape)
{
	size_t inside[BROADCAST_OPERANDS] = { 1, 1, 1 };
	unsigned last = 0;

	for (uint32_t i = 0; i < out->rank; i++) {
		size_t count = size_from_end(out, i);
		struct broadcast_dim dim = { .count = count };
		unsigned moving = 0;

		if (count == 1)
			continue;
		for (uint32_t k = 0; k < loop->operands; k++) {
			if (size_from_end(shape[k], i) == 1)
				continue;
			moving |= 1u << k;
			dim.step[k] = inside[k] * loop->bytes[k];
			inside[k] *= count;
		}
		if (loop->rank > 0 && moving == last)
			loop->dim[loop->rank - 1].count *= count;
		else
			loop->dim[loop->rank++] = dim;
		last = moving;
	}
}

/* The innermost dimension becomes the row. */
static void take_row(struct broadcast *loop)
{
	loop->count = 1;
	if (loop->rank == 0)
		return;
	loop->count = loop->dim[0].count;
	for (uint32_t k = 0; k < loop->operands; k++)
		loop->step[k] = loop->dim[0].step[k] > 0;
	loop->rank--;
	memmove(loop->dim, loop->dim + 1, loop->rank * sizeof(loop->dim[0]));
}

static void share_out(struct broadcast *loop, bool keeps_rows)
{
	loop->rows = 1;
	for (uint32_t i = 0; i < loop->rank; i++)
		loop->rows *= loop->dim[i].count;
	loop->rows_per_item = loop->count < SHARE && loop->count > 0 ?
		SHARE / loop->count : 1;
	loop->pieces_per_row = keeps_rows ? 1 : (loop->count + SHARE - 1) / SHARE;
	loop->has_short_rows = !keeps_rows && loop->count < SHORT_ROW && loop->rows > 1;
}

/* Which operands stretch over the rows, and how. */
static void look_at_operands(struct broadcast *loop)
{
	for (uint32_t k = 0; k < loop->operands; k++) {
		loop->is_whole[k] = loop->step[k] == 1;
		loop->is_cyclic[k] = true;
		for (uint32_t i = 0; i < loop->rank; i++) {
			bool moves = loop->dim[i].step[k] > 0;

			loop->is_whole[k] &= moves;
			loop->is_cyclic[k] &= !moves;
		}
	}
}

static struct broadcast *new_loop(struct kernel_node *node, struct kernel_setup *setup,
				  broadcast_function *row, const void *context,
				  uint32_t operands, struct atoll_error *err)
{
	struct broadcast *loop = kernel_alloc(setup, sizeof(*loop));

	if (!loop) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
		return NULL;
	}
	loop->row = row;
	loop->context = context;
	loop->operands = operands;
	loop->out_bytes = atoll_type_bytes(node->output[0]->type);
	for (uint32_t k = 0; k < operands; k++)
		loop->bytes[k] = atoll_type_bytes(node->input[k]->type);
	node->run = broadcast_run;
	node->prepared = loop;
	return loop;
}

int broadcast_prepare_shapes(struct kernel_node *node, struct kernel_setup *setup,
			     const struct atoll_tensor *const *shape,
			     broadcast_function *row, const void *context,
			     struct atoll_error *err)
{
	struct broadcast *loop = new_loop(node, setup, row, context, node->inputs, err);
	struct atoll_tensor all = *shape[0];
	int r;

	if (!loop)
		return -ENOMEM;
	for (uint32_t k = 1; k < node->inputs; k++) {
		int32_t dims[ATOLL_RANK_MAX];
		uint32_t rank;

		r = kernel_broadcast(node, &all, shape[k], &rank, dims, err);
		if (r < 0)
			return r;
		all.rank = rank;
		memcpy(all.dims, dims, sizeof(dims[0]) * rank);
	}
	r = kernel_set_shape(node, 0, all.rank, all.dims, err);
	if (r < 0)
		return r;
	collapse(loop, node->output[0], shape);
	take_row(loop);
	share_out(loop, false);
	look_at_operands(loop);
	return 0;
}

int broadcast_prepare(struct kernel_node *node, struct kernel_setup *setup,
		      broadcast_function *row, const void *context,
		      struct atoll_error *err)
{
	const struct atoll_tensor *shape[BROADCAST_OPERANDS];

	for (uint32_t k = 0; k < node->inputs; k++)
		shape[k] = node->input[k];
	return broadcast_prepare_shapes(node, setup, shape, row, context, err);
}

int broadcast_prepare_last(struct kernel_node *node, struct kernel_setup *setup,
			   broadcast_function *row, const void *context,
			   struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0];
	struct broadcast *loop;
	size_t last;
	int r;

	if (in->rank == 0)
		return kernel_error(node, err, "input 0 (%s) is a scalar, a last "
				    "dimension is needed", in->name);
	r = kernel_set_shape(node, 0, in->rank, in->dims, err);
	if (r < 0)
		return r;
	loop = new_loop(node, setup, row, context, 1, err);
	if (!loop)
		return -ENOMEM;
	last = size_from_end(in, 0);
	loop->count = last;
	loop->step[0] = 1;
	loop->rank = 1;
	loop->dim[0].count = last ? in->elements / last : 0;
	loop->dim[0].step[0] = last * loop->bytes[0];
	share_out(loop, true);
	return 0;
}

/* Where operand k of a row begins, in bytes. */
static size_t row_start(const struct broadcast *loop, size_t row, uint32_t k)
{
	size_t start = 0;

	for (uint32_t i = 0; i < loop->rank; i++) {
		start += row % loop->dim[i].count * loop->dim[i].step[k];
		row /= loop->dim[i].count;
	}
	return start;
}

static void run_piece(const struct broadcast *loop, const struct kernel_node *node,
		      size_t row, size_t first, size_t count)
{
	size_t done = row * loop->count + first;
	struct broadcast_row piece = {
		.out = (char *)node->output[0]->data + done * loop->out_bytes,
		.count = count,
	};

	for (uint32_t k = 0; k < loop->operands; k++) {
		piece.step[k] = loop->step[k];
		piece.in[k] = (const char *)node->input[k]->data +
			      row_start(loop, row, k) +
			      first * loop->step[k] * loop->bytes[k];
	}
	loop->row(loop->context, &piece);
}

static size_t lower(size_t a, size_t b)
{
	return a < b ? a : b;
}

static char *repeat(char *to, const char *element, size_t bytes, size_t count)
{
	for (size_t i = 0; i < count; i++, to += bytes)
		memcpy(to, element, bytes);
	return to;
}

/* Operand k of some rows, one behind the other. */
static void gather(const struct broadcast *loop, const struct kernel_node *node,
		   uint32_t k, size_t row, size_t rows, char *to)
{
	for (size_t end = row + rows; row < end; row++) {
		const char *from = (const char *)node->input[k]->data +
				   row_start(loop, row, k);

		if (loop->step[k] == 0) {
			to = repeat(to, from, loop->bytes[k], loop->count);
		} else {
			memcpy(to, from, loop->count * loop->bytes[k]);
			to += loop->count * loop->bytes[k];
		}
	}
}

static void run_short_rows(const struct broadcast *loop, const struct kernel_node *node,
			   size_t row, size_t end)
{
	int64_t room[BROADCAST_OPERANDS][PIECE];
	size_t rows = PIECE / loop->count;
	struct broadcast_row piece = { .step = { 1, 1, 1 } };

	for (size_t first = row; row < end; row += rows) {
		size_t done = row * loop->count;

		rows = lower(rows, end - row);
		piece.out = (char *)node->output[0]->data + done * loop->out_bytes;
		piece.count = rows * loop->count;
		for (uint32_t k = 0; k < loop->operands; k++) {
			if (loop->is_whole[k]) {
				piece.in[k] = (const char *)node->input[k]->data +
					      done * loop->bytes[k];
				continue;
			}
			if (row == first || !loop->is_cyclic[k])
				gather(loop, node, k, row, rows, (char *)room[k]);
			piece.in[k] = room[k];
		}
		loop->row(loop->context, &piece);
	}
}

static void run_item(void *context, uint32_t item, uint32_t thread)
{
	const struct kernel_node *node = context;
	const struct broadcast *loop = node->prepared;
	size_t row = item / loop->pieces_per_row * loop->rows_per_item;
	size_t end = lower(row + loop->rows_per_item, loop->rows);
	size_t first = 0, count = loop->count;

	(void)thread;
	if (loop->has_short_rows) {
		run_short_rows(loop, node, row, end);
		return;
	}
	if (loop->pieces_per_row > 1) {
		first = item % loop->pieces_per_row * SHARE;
		count = lower(loop->count - first, SHARE);
	}
	for (; row < end; row++)
		run_piece(loop, node, row, first, count);
}

int broadcast_run(const struct kernel_node *node, struct pool *pool)
{
	const struct broadcast *loop = node->prepared;
	struct kernel_node copy = *node;
	size_t blocks = (loop->rows + loop->rows_per_item - 1) / loop->rows_per_item;

	if (node->output[0]->elements > 0)
		pool_run(pool, run_item, &copy, (uint32_t)(blocks * loop->pieces_per_row));
	return 0;
}
