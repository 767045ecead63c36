/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tensors laid side by side along one axis, and taken apart again:
 * CONCATENATION, PACK, UNPACK, SPLIT, SPLIT_V.
 *
 *	whole   [outer][sum of pieces]      bytes along the axis and inside it
 *	piece i [outer][piece i]
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

/* The bytes [start, start + piece) of each of `outer` rows of `whole` bytes. */
static void join(struct moves_item *item, size_t outer, size_t piece, size_t whole,
		 size_t start)
{
	item->move.run_bytes = piece;
	item->move.to_start = (ptrdiff_t)start;
	move_add(&item->move, outer, (ptrdiff_t)piece, (ptrdiff_t)whole);
}

static void part(struct moves_item *item, size_t outer, size_t piece, size_t whole,
		 size_t start)
{
	item->move.run_bytes = piece;
	item->move.from_start = (ptrdiff_t)start;
	move_add(&item->move, outer, (ptrdiff_t)whole, (ptrdiff_t)piece);
}

/*
 * uint8 inputs of CONCATENATION may have another scale than the output; the
 * bytes are then moved first and translated where they lie.
 */
struct concat {
	struct translation {
		uint32_t input;
		size_t outer, piece, whole, start;
		uint8_t table[256];
	} *translation;
	uint32_t translations;
	struct moves *moves;
};

static void fill_table(uint8_t table[256], const struct atoll_quant *in,
		       const struct atoll_quant *out)
{
	/* TFLite: the quotient by way of the inverse, everything in float. */
	float inverse = 1.0f / out->scale;
	float by = in->scale * inverse;
	float bias = (float)-in->zero_point * by;

	for (int x = 0; x < 256; x++) {
		float moved = fminf(fmaxf(roundf((float)x * by + bias), -1e6f), 1e6f);

		table[x] = (uint8_t)clamp_i32((int32_t)moved + out->zero_point,
					      0, UINT8_MAX);
	}
}

static void translate(const struct translation *t, uint8_t *out)
{
	for (size_t row = 0; row < t->outer; row++) {
		uint8_t *piece = out + row * t->whole + t->start;

		for (size_t i = 0; i < t->piece; i++)
			piece[i] = t->table[piece[i]];
	}
}

static int concat_run(const struct kernel_node *node, struct pool *pool)
{
	const struct concat *concat = node->prepared;

	for (uint32_t i = 0; i < concat->moves->count; i++) {
		const struct moves_item *item = &concat->moves->item[i];

		move_run(&item->move, node->input[item->input]->data,
			 node->output[0]->data, pool);
	}
	for (uint32_t i = 0; i < concat->translations; i++)
		translate(&concat->translation[i], node->output[0]->data);
	return 0;
}

static bool same_quant(const struct atoll_tensor *a, const struct atoll_tensor *b)
{
	return a->quant.zero_point == b->quant.zero_point &&
	       memcmp(&a->quant.scale, &b->quant.scale, sizeof(float)) == 0;
}

/* Types, and scales where they must agree: everywhere but in uint8. */
static int check_concat_types(const struct kernel_node *node, uint32_t i,
			      uint32_t *translations, struct atoll_error *err)
{
	const struct atoll_tensor *out = node->output[0];
	int r = kernel_check_input(node, i, MOVE_TYPES, err);

	if (r < 0)
		return r;
	if (out->type != ATOLL_UINT8 || node->input[i]->type != ATOLL_UINT8)
		return move_check_like(node, node->input[i], out, err);
	if (same_quant(node->input[i], out))
		return 0;
	++*translations;
	r = kernel_check_quantized(node, node->input[i], "input", err);
	return r < 0 ? r : kernel_check_quantized(node, out, "output", err);
}

/* Every input has the first one's shape, but for the axis. */
static int concat_shape(const struct kernel_node *node, uint32_t axis,
			int32_t *dims, struct atoll_error *err)
{
	const struct atoll_tensor *first = node->input[0];
	int64_t length = 0;

	memcpy(dims, first->dims, sizeof(first->dims));
	for (uint32_t i = 0; i < node->inputs; i++) {
		const struct atoll_tensor *in = node->input[i];

		for (uint32_t d = 0; d < first->rank; d++)
			if (in->rank != first->rank ||
			    (d != axis && in->dims[d] != first->dims[d])) {
				char a[ATOLL_SHAPE_TEXT], b[ATOLL_SHAPE_TEXT];

				return kernel_error(node, err,
					"inputs of shape %s and %s along axis %u",
					atoll_shape_text(first->rank, first->dims, a),
					atoll_shape_text(in->rank, in->dims, b), axis);
			}
		length += in->dims[axis];
	}
	if (length > INT32_MAX)
		return kernel_error(node, err, "output of %" PRId64 " along axis %u",
				    length, axis);
	dims[axis] = (int32_t)length;
	return 0;
}

static int concat_alloc(struct kernel_node *node, struct kernel_setup *setup,
			uint32_t translations, struct concat **concat,
			struct atoll_error *err)
{
	if (!moves_new(node, setup, node->inputs, err))
		return -ENOMEM;
	*concat = kernel_alloc(setup, sizeof(**concat));
	if (!*concat)
		goto no_memory;
	(*concat)->moves = node->prepared;
	(*concat)->translation = kernel_alloc(setup, translations *
					      sizeof((*concat)->translation[0]));
	if (!(*concat)->translation)
		goto no_memory;
	return 0;

no_memory:
	return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
}

static int concat_prepare(struct kernel_node *node, struct kernel_setup *setup,
			  struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	int32_t dims[ATOLL_RANK_MAX];
	const struct atoll_tensor *out;
	struct concat *concat;
	uint32_t axis, translations = 0;
	size_t outer, whole, start = 0;
	int r = kernel_check_counts(node, 1, UINT32_MAX, 1, err);

	if (r < 0)
		return r;
	out = node->output[0];
	for (uint32_t i = 0; i < node->inputs; i++) {
		r = check_concat_types(node, i, &translations, err);
		if (r < 0)
			return r;
	}
	if (flatbuf_i8(options, CONCATENATION_FUSED_ACTIVATION, 0) != ACTIVATION_NONE)
		return kernel_error(node, err, "fused activation %d, none is supported",
			flatbuf_i8(options, CONCATENATION_FUSED_ACTIVATION, 0));
	r = kernel_axis(node, flatbuf_i32(options, CONCATENATION_AXIS, 0),
			node->input[0]->rank, &axis, err);
	if (r < 0)
		return r;
	r = concat_shape(node, axis, dims, err);
	if (r < 0)
		return r;
	r = kernel_set_shape(node, 0, node->input[0]->rank, dims, err);
	if (r < 0)
		return r;

	r = concat_alloc(node, setup, translations, &concat, err);
	if (r < 0)
		return r;
	outer = move_product(dims, 0, axis);
	whole = outer ? out->bytes / outer : 0;
	for (uint32_t i = 0; i < node->inputs; i++) {
		const struct atoll_tensor *in = node->input[i];
		size_t piece = outer ? in->bytes / outer : 0;

		concat->moves->item[i].input = i;
		join(&concat->moves->item[i], outer, piece, whole, start);
		if (out->type == ATOLL_UINT8 && !same_quant(in, out)) {
			struct translation *t =
				&concat->translation[concat->translations++];

			*t = (struct translation){ i, outer, piece, whole, start, { 0 } };
			fill_table(t->table, &in->quant, &out->quant);
		}
		start += piece;
	}
	moves_finish(node);
	node->is_view = node->is_view && translations == 0;
	node->prepared = concat;
	node->run = concat_run;
	return 0;
}

static int pack_prepare(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	int32_t dims[ATOLL_RANK_MAX + 1];
	const struct atoll_tensor *first;
	struct moves *moves;
	uint32_t axis;
	size_t outer, piece;
	int r = kernel_check_counts(node, 1, UINT32_MAX, 1, err);

	if (r < 0)
		return r;
	first = node->input[0];
	for (uint32_t i = 0; i < node->inputs; i++) {
		r = move_check(node, i, 0, err);
		if (r < 0)
			return r;
		if (node->input[i]->rank != first->rank ||
		    memcmp(node->input[i]->dims, first->dims,
			   first->rank * sizeof(first->dims[0])) != 0)
			return kernel_error(node, err, "inputs 0 and %u differ in shape", i);
	}
	r = kernel_axis(node, flatbuf_i32(options, PACK_AXIS, 0), first->rank + 1,
			&axis, err);
	if (r < 0)
		return r;
	memcpy(dims, first->dims, axis * sizeof(dims[0]));
	dims[axis] = (int32_t)node->inputs;
	memcpy(dims + axis + 1, first->dims + axis,
	       (first->rank - axis) * sizeof(dims[0]));
	r = kernel_set_shape(node, 0, first->rank + 1, dims, err);
	if (r < 0)
		return r;

	moves = moves_new(node, setup, node->inputs, err);
	if (!moves)
		return -ENOMEM;
	outer = move_product(first->dims, 0, axis);
	piece = outer ? first->bytes / outer : 0;
	for (uint32_t i = 0; i < node->inputs; i++) {
		moves->item[i].input = i;
		join(&moves->item[i], outer, piece, piece * node->inputs, piece * i);
	}
	moves_finish(node);
	return 0;
}

static int unpack_prepare(struct kernel_node *node, struct kernel_setup *setup,
			  struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	int32_t dims[ATOLL_RANK_MAX];
	const struct atoll_tensor *in;
	struct moves *moves;
	uint32_t axis;
	size_t outer, whole;
	int r = kernel_check_counts(node, 1, 1, node->outputs, err);

	if (r == 0)
		r = kernel_check_input(node, 0, MOVE_TYPES, err);
	if (r < 0)
		return r;
	in = node->input[0];
	r = kernel_axis(node, flatbuf_i32(options, UNPACK_AXIS, 0), in->rank, &axis, err);
	if (r < 0)
		return r;
	if (in->dims[axis] != (int64_t)node->outputs)
		return kernel_error(node, err, "%u outputs of %" PRId32 " along axis %u",
				    node->outputs, in->dims[axis], axis);
	memcpy(dims, in->dims, axis * sizeof(dims[0]));
	memcpy(dims + axis, in->dims + axis + 1,
	       (in->rank - axis - 1) * sizeof(dims[0]));

	moves = moves_new(node, setup, node->outputs, err);
	if (!moves)
		return -ENOMEM;
	outer = move_product(in->dims, 0, axis);
	whole = outer ? in->bytes / outer : 0;
	for (uint32_t o = 0; o < node->outputs; o++) {
		r = move_check(node, 0, o, err);
		if (r == 0)
			r = kernel_set_shape(node, o, in->rank - 1, dims, err);
		if (r < 0)
			return r;
		moves->item[o].output = o;
		part(&moves->item[o], outer, whole / node->outputs, whole,
		     whole / node->outputs * o);
	}
	moves_finish(node);
	return 0;
}

/* Cut input `i` along the axis into pieces of the given lengths. */
static int split(struct kernel_node *node, struct kernel_setup *setup, uint32_t i,
		 uint32_t axis, const int32_t *lengths, struct atoll_error *err)
{
	const struct atoll_tensor *in = node->input[i];
	struct moves *moves = moves_new(node, setup, node->outputs, err);
	int32_t dims[ATOLL_RANK_MAX];
	size_t outer = move_product(in->dims, 0, axis);
	size_t whole = outer ? in->bytes / outer : 0, start = 0;

	if (!moves)
		return -ENOMEM;
	memcpy(dims, in->dims, sizeof(dims));
	for (uint32_t o = 0; o < node->outputs; o++) {
		size_t piece;
		int r = move_check(node, i, o, err);

		dims[axis] = lengths[o];
		if (r == 0)
			r = kernel_set_shape(node, o, in->rank, dims, err);
		if (r < 0)
			return r;
		piece = outer ? node->output[o]->bytes / outer : 0;
		moves->item[o].input = i;
		moves->item[o].output = o;
		part(&moves->item[o], outer, piece, whole, start);
		start += piece;
	}
	moves_finish(node);
	return 0;
}

/* The axis is a constant of one element. */
static int split_axis(const struct kernel_node *node, uint32_t i, uint32_t rank,
		      uint32_t *axis, struct atoll_error *err)
{
	uint32_t count;
	int32_t value;
	int r = kernel_constant_ints(node, i, &value, 1, &count, err);

	if (r < 0)
		return r;
	if (count != 1)
		return kernel_error(node, err, "input %u has no axis in it", i);
	return kernel_axis(node, value, rank, axis, err);
}

/* A model may ask for many pieces, but no more than it has outputs. */
static int32_t *lengths_new(struct kernel_node *node, struct kernel_setup *setup,
			    struct atoll_error *err)
{
	int32_t *lengths = kernel_alloc(setup, node->outputs * sizeof(*lengths));

	if (!lengths)
		atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	return lengths;
}

static int split_prepare(struct kernel_node *node, struct kernel_setup *setup,
			 struct atoll_error *err)
{
	int32_t *lengths;
	const struct atoll_tensor *in;
	uint32_t axis;
	int r = kernel_check_counts(node, 2, 2, node->outputs, err);

	if (r == 0)
		r = kernel_check_input(node, 1, MOVE_TYPES, err);
	if (r < 0)
		return r;
	in = node->input[1];
	r = split_axis(node, 0, in->rank, &axis, err);
	if (r < 0)
		return r;
	if (node->outputs == 0 || in->dims[axis] % (int64_t)node->outputs != 0)
		return kernel_error(node, err, "%" PRId32 " along axis %u do not split "
				    "into %u equal parts", in->dims[axis], axis,
				    node->outputs);
	lengths = lengths_new(node, setup, err);
	if (!lengths)
		return -ENOMEM;
	for (uint32_t o = 0; o < node->outputs; o++)
		lengths[o] = in->dims[axis] / (int32_t)node->outputs;
	return split(node, setup, 1, axis, lengths, err);
}

/* One length may be -1: what the others leave. */
static int settle_lengths(const struct kernel_node *node, int32_t *lengths,
			  int32_t whole, struct atoll_error *err)
{
	int64_t sum = 0;
	int32_t *rest = NULL;

	for (uint32_t o = 0; o < node->outputs; o++) {
		if (lengths[o] == -1 && !rest)
			rest = &lengths[o];
		else if (lengths[o] < 0)
			return kernel_error(node, err, "size %u is %" PRId32, o,
					    lengths[o]);
		else
			sum += lengths[o];
	}
	if (rest && sum <= whole)
		*rest = (int32_t)(whole - sum);
	else if (sum != whole)
		return kernel_error(node, err, "sizes add up to %" PRId64 ", not %" PRId32,
				    sum, whole);
	return 0;
}

static int split_v_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	int32_t *lengths;
	uint32_t axis, count;
	int r = kernel_check_counts(node, 3, 3, node->outputs, err);

	if (r == 0)
		r = kernel_check_input(node, 0, MOVE_TYPES, err);
	if (r == 0)
		r = split_axis(node, 2, node->input[0]->rank, &axis, err);
	if (r < 0)
		return r;
	lengths = lengths_new(node, setup, err);
	if (!lengths)
		return -ENOMEM;
	r = kernel_constant_ints(node, 1, lengths, node->outputs, &count, err);
	if (r < 0)
		return r;
	if (count != node->outputs)
		return kernel_error(node, err, "%u sizes for %u outputs", count,
				    node->outputs);
	r = settle_lengths(node, lengths, node->input[0]->dims[axis], err);
	if (r < 0)
		return r;
	return split(node, setup, 0, axis, lengths, err);
}

const struct kernel kernel_concatenation = {
	.code = BUILTIN_CONCATENATION,
	.version_max = 3,
	.types = MOVE_TYPE_NAMES,
	.prepare = concat_prepare,
};

const struct kernel kernel_pack = {
	.code = BUILTIN_PACK,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = pack_prepare,
};

const struct kernel kernel_unpack = {
	.code = BUILTIN_UNPACK,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = unpack_prepare,
};

const struct kernel kernel_split = {
	.code = BUILTIN_SPLIT,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = split_prepare,
};

const struct kernel kernel_split_v = {
	.code = BUILTIN_SPLIT_V,
	.version_max = 2,
	.types = MOVE_TYPE_NAMES,
	.prepare = split_v_prepare,
};
