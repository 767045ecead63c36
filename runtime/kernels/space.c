/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of picture cells against channels or batches: SPACE_TO_DEPTH,
 * DEPTH_TO_SPACE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

/*
 * The picture [n][h * b][w * b][c] and the cells [n][h][w][b * b * c] that each
 * hold one b x b block, one row of the block after the other.
 */
static void between_blocks(struct move *move, const int32_t *cells, int32_t block,
			   size_t channel_bytes, bool to_picture)
{
	ptrdiff_t b = block, run = (ptrdiff_t)channel_bytes * b;
	ptrdiff_t picture_row = run * cells[2], cell = run * b;
	const struct move_dim dims[] = {
		{ (size_t)cells[0] * (size_t)cells[1], picture_row * b, cell * cells[2] },
		{ (size_t)cells[2], run, cell },
		{ (size_t)block, picture_row, run },
	};

	move->run_bytes = (size_t)run;
	for (int i = 0; i < 3; i++) {
		if (to_picture)
			move_add(move, dims[i].count, dims[i].to, dims[i].from);
		else
			move_add(move, dims[i].count, dims[i].from, dims[i].to);
	}
}

static int depth_check(const struct kernel_node *node, int32_t block,
		       struct atoll_error *err)
{
	int r = kernel_check_counts(node, 1, 1, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r < 0)
		return r;
	if (node->input[0]->rank != 4)
		return kernel_error(node, err, "input of %u dimensions, expected 4",
				    node->input[0]->rank);
	/* The square of anything larger is no channel count. */
	if (block < 1 || block > 32768)
		return kernel_error(node, err, "block size %" PRId32, block);
	return 0;
}

static int space_to_depth_prepare(struct kernel_node *node, struct kernel_setup *setup,
				  struct atoll_error *err)
{
	int32_t block = flatbuf_i32(node->op->options, SPACE_TO_DEPTH_BLOCK_SIZE, 0);
	const struct atoll_tensor *in;
	struct moves *moves;
	int64_t depth;
	int r = depth_check(node, block, err);

	if (r < 0)
		return r;
	in = node->input[0];
	depth = (int64_t)in->dims[3] * block * block;
	if (in->dims[1] % block || in->dims[2] % block || depth > INT32_MAX)
		return kernel_error(node, err, "%" PRId32 "x%" PRId32 "x%" PRId32
				    " in blocks of %" PRId32, in->dims[1], in->dims[2],
				    in->dims[3], block);
	r = kernel_set_shape(node, 0, 4, (int32_t[]){ in->dims[0], in->dims[1] / block,
				     in->dims[2] / block, (int32_t)depth }, err);
	if (r < 0)
		return r;
	moves = moves_new(node, setup, 1, err);
	if (!moves)
		return -ENOMEM;
	if (in->bytes > 0)
		between_blocks(&moves->item[0].move, node->output[0]->dims, block,
			       (size_t)in->dims[3] * atoll_type_bytes(in->type), false);
	moves_finish(node);
	return 0;
}

static int depth_to_space_prepare(struct kernel_node *node, struct kernel_setup *setup,
				  struct atoll_error *err)
{
	int32_t block = flatbuf_i32(node->op->options, DEPTH_TO_SPACE_BLOCK_SIZE, 0);
	const struct atoll_tensor *in;
	struct moves *moves;
	int32_t depth;
	int r = depth_check(node, block, err);

	if (r < 0)
		return r;
	in = node->input[0];
	depth = in->dims[3] / (block * block);
	if (depth * block * block != in->dims[3] || in->dims[1] > INT32_MAX / block ||
	    in->dims[2] > INT32_MAX / block)
		return kernel_error(node, err, "%" PRId32 "x%" PRId32 "x%" PRId32
				    " into blocks of %" PRId32, in->dims[1], in->dims[2],
				    in->dims[3], block);
	r = kernel_set_shape(node, 0, 4, (int32_t[]){ in->dims[0], in->dims[1] * block,
				     in->dims[2] * block, depth }, err);
	if (r < 0)
		return r;
	moves = moves_new(node, setup, 1, err);
	if (!moves)
		return -ENOMEM;
	if (in->bytes > 0)
		between_blocks(&moves->item[0].move, in->dims, block,
			       (size_t)depth * atoll_type_bytes(in->type), true);
	moves_finish(node);
	return 0;
}

/*
 * The pair of batch operators. With M blocked dimensions of block[i]:
 *
 *	picture  [n][space 1]...[space M][rest]
 *	batches  [block 1 * ... * block M * n][cell 1]...[cell M][rest]
 *
 * Where space position x lies before[i] cells into a frame of cell * block that
 * SPACE_TO_BATCH_ND fills with zeros and BATCH_TO_SPACE_ND crops.
 */
struct batches {
	bool to_picture;
	uint32_t rank;                        /* blocked dimensions */
	size_t cells;                         /* product of block */
	int32_t n;
	int32_t block[ATOLL_RANK_MAX], before[ATOLL_RANK_MAX];
	int32_t space[ATOLL_RANK_MAX], cell[ATOLL_RANK_MAX];
	ptrdiff_t picture_step[ATOLL_RANK_MAX], batch_step[ATOLL_RANK_MAX];
	size_t run_bytes;                     /* of [rest] */
};

/* All of one place in the block: every block-th position, one batch. */
static void move_place(const struct batches *b, size_t place, const void *from,
		       void *to, struct pool *pool)
{
	ptrdiff_t picture = 0, batch = b->batch_step[0] * (ptrdiff_t)place * b->n;
	struct move move = { .run_bytes = b->run_bytes };
	int32_t offset[ATOLL_RANK_MAX];

	for (uint32_t i = b->rank; i-- > 0;) {
		offset[i] = (int32_t)(place % (size_t)b->block[i]) - b->before[i];
		place /= (size_t)b->block[i];
	}
	if (b->to_picture)
		move_add(&move, (size_t)b->n, b->batch_step[0], b->picture_step[0]);
	else
		move_add(&move, (size_t)b->n, b->picture_step[0], b->batch_step[0]);
	for (uint32_t i = 0; i < b->rank; i++) {
		/* Cells low to high - 1 have their position inside the picture. */
		int64_t size = b->block[i];
		int64_t low = offset[i] >= 0 ? 0 : (-(int64_t)offset[i] + size - 1) / size;
		int64_t high = (b->space[i] - (int64_t)offset[i] + size - 1) / size;
		ptrdiff_t in_picture = b->picture_step[i + 1] * b->block[i];
		ptrdiff_t in_batch = b->batch_step[i + 1];

		if (high > b->cell[i])
			high = b->cell[i];
		if (high <= low)
			return;
		picture += b->picture_step[i + 1] * (low * size + offset[i]);
		batch += in_batch * low;
		if (b->to_picture)
			move_add(&move, (size_t)(high - low), in_batch, in_picture);
		else
			move_add(&move, (size_t)(high - low), in_picture, in_batch);
	}
	move.from_start = b->to_picture ? batch : picture;
	move.to_start = b->to_picture ? picture : batch;
	move_settle(&move);
	move_run(&move, from, to, pool);
}

static int batches_run(const struct kernel_node *node, struct pool *pool)
{
	const struct batches *b = node->prepared;
	struct atoll_tensor *out = node->output[0];

	if (out->bytes == 0)
		return 0;
	if (!b->to_picture)
		move_fill_zero(out);
	for (size_t place = 0; place < b->cells; place++)
		move_place(b, place, node->input[0]->data, out->data, pool);
	return 0;
}

/* Block shape, and what is added or cropped before and after: [rank][2]. */
static int read_blocks(const struct kernel_node *node, struct batches *b,
		       int32_t edges[2 * ATOLL_RANK_MAX], struct atoll_error *err)
{
	uint32_t count;
	int r = kernel_constant_ints(node, 1, b->block, ATOLL_RANK_MAX, &b->rank, err);

	if (r == 0)
		r = kernel_constant_ints(node, 2, edges, 2 * ATOLL_RANK_MAX, &count, err);
	if (r < 0)
		return r;
	if (b->rank == 0 || b->rank >= node->input[0]->rank || count != 2 * b->rank)
		return kernel_error(node, err, "%u block sizes and %u edges for %u "
				    "dimensions", b->rank, count, node->input[0]->rank);
	b->cells = 1;
	for (uint32_t i = 0; i < b->rank; i++) {
		if (b->block[i] < 1 || edges[2 * i] < 0 || edges[2 * i + 1] < 0)
			return kernel_error(node, err, "dimension %u: block %" PRId32
					    ", edges %" PRId32 " and %" PRId32, i + 1,
					    b->block[i], edges[2 * i], edges[2 * i + 1]);
		b->before[i] = edges[2 * i];
		/* The largest useful product is a batch count. */
		b->cells *= (size_t)b->block[i];
		if (b->cells > INT32_MAX)
			return kernel_error(node, err, "blocks larger than any batch");
	}
	return 0;
}

static int to_batches_shape(const struct kernel_node *node, struct batches *b,
			    const int32_t *edges, int32_t *dims, struct atoll_error *err)
{
	int64_t n = (int64_t)dims[0] * (int64_t)b->cells;

	b->n = dims[0];
	if (n > INT32_MAX)
		return kernel_error(node, err, "%" PRId64 " batches", n);
	dims[0] = (int32_t)n;
	for (uint32_t i = 0; i < b->rank; i++) {
		int64_t frame = (int64_t)dims[i + 1] + edges[2 * i] + edges[2 * i + 1];

		if (frame % b->block[i] || frame > INT32_MAX)
			return kernel_error(node, err, "dimension %u: %" PRId64
					    " in blocks of %" PRId32, i + 1, frame,
					    b->block[i]);
		b->space[i] = dims[i + 1];
		b->cell[i] = dims[i + 1] = (int32_t)(frame / b->block[i]);
	}
	return 0;
}

static int to_picture_shape(const struct kernel_node *node, struct batches *b,
			    const int32_t *edges, int32_t *dims, struct atoll_error *err)
{
	if ((size_t)dims[0] % b->cells)
		return kernel_error(node, err, "%" PRId32 " batches for blocks of %zu",
				    dims[0], b->cells);
	b->n = dims[0] = (int32_t)((size_t)dims[0] / b->cells);
	for (uint32_t i = 0; i < b->rank; i++) {
		int64_t left = (int64_t)dims[i + 1] * b->block[i] - edges[2 * i] -
			       edges[2 * i + 1];

		if (left < 0 || left > INT32_MAX)
			return kernel_error(node, err, "dimension %u: %" PRId64
					    " after cropping", i + 1, left);
		b->cell[i] = dims[i + 1];
		b->space[i] = dims[i + 1] = (int32_t)left;
	}
	return 0;
}

static int batches_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   bool to_picture, struct atoll_error *err)
{
	int32_t edges[2 * ATOLL_RANK_MAX], dims[ATOLL_RANK_MAX];
	struct batches *b = kernel_alloc(setup, sizeof(*b));
	const struct atoll_tensor *in, *picture, *batch;
	size_t element;
	int r = kernel_check_counts(node, 3, 3, 1, err);

	if (!b)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = read_blocks(node, b, edges, err);
	if (r < 0)
		return r;
	in = node->input[0];
	memcpy(dims, in->dims, sizeof(dims));
	r = to_picture ? to_picture_shape(node, b, edges, dims, err) :
		to_batches_shape(node, b, edges, dims, err);
	if (r == 0)
		r = kernel_set_shape(node, 0, in->rank, dims, err);
	if (r < 0)
		return r;

	element = atoll_type_bytes(in->type);
	picture = to_picture ? node->output[0] : in;
	batch = to_picture ? in : node->output[0];
	move_steps(in->rank, picture->dims, element, b->picture_step);
	move_steps(in->rank, batch->dims, element, b->batch_step);
	b->run_bytes = element * move_product(in->dims, b->rank + 1, in->rank);
	b->to_picture = to_picture;
	node->prepared = b;
	node->run = batches_run;
	return 0;
}

static int space_to_batch_prepare(struct kernel_node *node, struct kernel_setup *setup,
				  struct atoll_error *err)
{
	return batches_prepare(node, setup, false, err);
}

static int batch_to_space_prepare(struct kernel_node *node, struct kernel_setup *setup,
				  struct atoll_error *err)
{
	return batches_prepare(node, setup, true, err);
}

const struct kernel kernel_space_to_depth = {
	.code = BUILTIN_SPACE_TO_DEPTH,
	.version_max = 2,
	.types = MOVE_TYPE_NAMES,
	.prepare = space_to_depth_prepare,
};

const struct kernel kernel_depth_to_space = {
	.code = BUILTIN_DEPTH_TO_SPACE,
	.version_max = 2,
	.types = MOVE_TYPE_NAMES,
	.prepare = depth_to_space_prepare,
};

const struct kernel kernel_space_to_batch_nd = {
	.code = BUILTIN_SPACE_TO_BATCH_ND,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = space_to_batch_prepare,
};

const struct kernel kernel_batch_to_space_nd = {
	.code = BUILTIN_BATCH_TO_SPACE_ND,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = batch_to_space_prepare,
};
