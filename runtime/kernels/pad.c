/* SPDX-License-Identifier: Apache-2.0 */
/* More elements around a tensor: PAD, PADV2, MIRROR_PAD. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

/* Input 1, [rank][2]: how many before and after in each dimension. */
static int read_paddings(const struct kernel_node *node,
			 int32_t paddings[2 * ATOLL_RANK_MAX], struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[0];
	int32_t dims[ATOLL_RANK_MAX];
	uint32_t count;
	int r = kernel_constant_ints(node, 1, paddings, 2 * ATOLL_RANK_MAX, &count, err);

	if (r < 0)
		return r;
	if (count != 2 * in->rank)
		return kernel_error(node, err, "%u paddings for %u dimensions", count,
				    in->rank);
	for (uint32_t d = 0; d < in->rank; d++) {
		int32_t before = paddings[2 * d], after = paddings[2 * d + 1];
		int64_t length = (int64_t)in->dims[d] + before + after;

		if (before < 0 || after < 0 || length > INT32_MAX)
			return kernel_error(node, err, "dimension %u: %" PRId32 " padded by %"
					    PRId32 " and %" PRId32, d, in->dims[d], before,
					    after);
		dims[d] = (int32_t)length;
	}
	return kernel_set_shape(node, 0, in->rank, dims, err);
}

struct pad {
	struct move move; /* the input to its place */
	bool has_edge;
};

static int pad_run(const struct kernel_node *node, struct pool *pool)
{
	const struct pad *pad = node->prepared;
	struct atoll_tensor *out = node->output[0];

	if (pad->has_edge && node->inputs == 3)
		move_fill(out->data, out->bytes, node->input[2]->data,
			  atoll_type_bytes(out->type));
	else if (pad->has_edge)
		move_fill_zero(out);
	move_run(&pad->move, node->input[0]->data, out->data, pool);
	return 0;
}

static int pad_prepare_with(struct kernel_node *node, struct kernel_setup *setup,
			    uint32_t inputs, struct atoll_error *err)
{
	int32_t paddings[2 * ATOLL_RANK_MAX];
	ptrdiff_t from[ATOLL_RANK_MAX], to[ATOLL_RANK_MAX];
	const struct atoll_tensor *in, *out;
	struct pad *pad;
	int r = kernel_check_counts(node, inputs, inputs, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = read_paddings(node, paddings, err);
	if (r == 0 && inputs == 3)
		r = move_check(node, 2, 0, err);
	if (r < 0)
		return r;
	if (inputs == 3 && node->input[2]->elements != 1)
		return kernel_error(node, err, "%zu padding values, expected one",
				    node->input[2]->elements);
	pad = kernel_alloc(setup, sizeof(*pad));
	if (!pad)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	in = node->input[0];
	out = node->output[0];
	pad->has_edge = out->bytes != in->bytes;
	pad->move.run_bytes = atoll_type_bytes(in->type);
	move_steps(in->rank, in->dims, pad->move.run_bytes, from);
	move_steps(in->rank, out->dims, pad->move.run_bytes, to);
	for (uint32_t d = 0; d < in->rank; d++) {
		if (in->bytes > 0)
			pad->move.to_start += paddings[2 * d] * to[d];
		move_add(&pad->move, (size_t)in->dims[d], from[d], to[d]);
	}
	move_settle(&pad->move);
	node->is_view = !pad->has_edge;
	node->prepared = pad;
	node->run = pad_run;
	return 0;
}

static int pad_prepare(struct kernel_node *node, struct kernel_setup *setup,
		       struct atoll_error *err)
{
	return pad_prepare_with(node, setup, 2, err);
}

static int padv2_prepare(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	return pad_prepare_with(node, setup, 3, err);
}

/*
 * MIRROR_PAD: in each dimension a table says which input index an output index
 * is copied from. Dimensions at the end that are not padded make one run.
 */
struct mirror {
	uint32_t rank;             /* dimensions with a table */
	size_t run_bytes;
	ptrdiff_t *from[ATOLL_RANK_MAX]; /* [output length] byte offsets */
};

static char *mirror_copy(const struct mirror *m, const struct atoll_tensor *out,
			 uint32_t d, const char *from, char *to)
{
	if (d == m->rank) {
		memcpy(to, from, m->run_bytes);
		return to + m->run_bytes;
	}
	for (int32_t i = 0; i < out->dims[d]; i++)
		to = mirror_copy(m, out, d + 1, from + m->from[d][i], to);
	return to;
}

static int mirror_run(const struct kernel_node *node, struct pool *pool)
{
	const struct atoll_tensor *out = node->output[0];

	(void)pool;
	if (out->bytes > 0)
		mirror_copy(node->prepared, out, 0, node->input[0]->data, out->data);
	return 0;
}

/* `edge` is 1 when the outermost element is not repeated (REFLECT), else 0. */
static void fill_mirror(ptrdiff_t *table, int32_t length, int32_t before,
			int32_t after, int32_t edge, ptrdiff_t step)
{
	for (int32_t i = 0; i < before; i++)
		*table++ = (before - 1 - i + edge) * step;
	for (int32_t i = 0; i < length; i++)
		*table++ = i * step;
	for (int32_t i = 0; i < after; i++)
		*table++ = (length - 1 - edge - i) * step;
}

static int mirror_pad_prepare(struct kernel_node *node, struct kernel_setup *setup,
			      struct atoll_error *err)
{
	int8_t mode = flatbuf_i8(node->op->options, MIRROR_PAD_MODE, MIRROR_PAD_REFLECT);
	int32_t edge = mode == MIRROR_PAD_REFLECT ? 1 : 0;
	int32_t paddings[2 * ATOLL_RANK_MAX];
	ptrdiff_t step[ATOLL_RANK_MAX];
	const struct atoll_tensor *in, *out;
	struct mirror *m;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = read_paddings(node, paddings, err);
	if (r < 0)
		return r;
	if (mode != MIRROR_PAD_REFLECT && mode != MIRROR_PAD_SYMMETRIC)
		return kernel_error(node, err, "mode %d, expected 0 or 1", mode);
	m = kernel_alloc(setup, sizeof(*m));
	if (!m)
		goto no_memory;
	in = node->input[0];
	out = node->output[0];
	move_steps(in->rank, in->dims, atoll_type_bytes(in->type), step);
	m->rank = out->bytes > 0 ? in->rank : 0;
	for (; m->rank > 0; m->rank--)
		if (paddings[2 * m->rank - 2] || paddings[2 * m->rank - 1])
			break;
	m->run_bytes = atoll_type_bytes(in->type) *
		       move_product(in->dims, m->rank, in->rank);
	for (uint32_t d = 0; d < m->rank; d++) {
		int32_t before = paddings[2 * d], after = paddings[2 * d + 1];

		if (before > in->dims[d] - edge || after > in->dims[d] - edge)
			return kernel_error(node, err, "dimension %u: %" PRId32 " cannot be "
					    "mirrored into %" PRId32 " and %" PRId32, d,
					    in->dims[d], before, after);
		m->from[d] = kernel_alloc(setup, (size_t)out->dims[d] *
						 sizeof(*m->from[d]));
		if (!m->from[d])
			goto no_memory;
		fill_mirror(m->from[d], in->dims[d], before, after, edge, step[d]);
	}
	node->prepared = m;
	node->run = mirror_run;
	return 0;

no_memory:
	return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
}

const struct kernel kernel_pad = {
	.code = BUILTIN_PAD,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = pad_prepare,
};

const struct kernel kernel_padv2 = {
	.code = BUILTIN_PADV2,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = padv2_prepare,
};

const struct kernel kernel_mirror_pad = {
	.code = BUILTIN_MIRROR_PAD,
	.version_max = 3,
	.types = MOVE_TYPE_NAMES,
	.prepare = mirror_pad_prepare,
};
