/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators that move data about.
 *
 * The vendor's compiler refuses some of them for their size, without saying where the
 * limit is. The limits here are inferences: each lies between the largest shape known
 * to be mapped and the smallest known to be refused, in the models whose compiled form
 * is public and in the logs people published.
 */
#include "runtime/compiler/legal_rules.h"

#include <inttypes.h>
#include <string.h>

#include "runtime/schema/tflite.h"

/* Mapped: 32x32x255 to 1024x3x85 (YOLOv5s for 256 pixels), 261,120 elements. Refused:
   48x48x255 (the same for 384 pixels), 587,520. */
#define RESHAPE_MAX 262144

/* Mapped: 64x2100 (YOLOv8n for 320 pixels), 134,400. Refused: 3x224x224 from channels
   first to channels last, 150,528. */
#define TRANSPOSE_MAX 147456

/* Of parts whose channels are no multiple of four, which have to be shifted against each
   other, counted with channels rounded up to such. Mapped: 1917x91 (SSD), 176,364.
   Refused: 3087x85 (YOLOv5s for 224 pixels), 271,656, and 60x152x90. No limit is known
   for others: 73x73x160 (Inception v4) is mapped. */
#define CONCATENATION_MAX 262144

/* Bytes of the output that each of the 4x4 tiles holds. All programs in public models
   stay below 192 KiB of a tile's memory. Mapped: 128x128x32, 32,768. Refused:
   513x513x19 (DeepLab), 332,820, and 512x512x32. */
#define RESIZE_TILE_MAX 196608

/* Steps between two pixels that weights of 8 bits can tell apart. */
#define RESIZE_STEPS_MAX 256

static int64_t round_up_4(int64_t n)
{
	return (n + 3) / 4 * 4;
}

static bool is_same_box(struct legal_box a, struct legal_box b)
{
	return a.y == b.y && a.x == b.x && a.z == b.z;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static enum atoll_mapping refuse_size(const struct legal_question *question,
				      const struct atoll_tensor *tensor)
{
	char shape[ATOLL_SHAPE_TEXT];

	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "use a smaller input or fewer channels, or let it be among the "
			    "last operators", "%s is too large for %s",
			    atoll_shape_text(tensor->rank, tensor->dims, shape),
			    question->op->name);
}

/* Nothing moves when all that changes are dimensions of 1 in front. */
static bool moves(const struct legal_question *question)
{
	return !is_same_box(legal_box_of(legal_input(question, 0)),
			    legal_box_of(legal_output(question, 0)));
}

enum atoll_mapping legal_reshape(const struct legal_question *question)
{
	const struct atoll_tensor *in = legal_input(question, 0);

	if (moves(question) && in->elements > RESHAPE_MAX)
		return refuse_size(question, in);
	return ATOLL_MAPPED;
}

enum atoll_mapping legal_squeeze(const struct legal_question *question)
{
	if (question->runtime_version < 13 && moves(question))
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			"ask for runtime version 13 or newer",
			"it leaves out more than dimensions in front, which came with "
			"runtime version 13");
	return ATOLL_MAPPED;
}

enum atoll_mapping legal_transpose(const struct legal_question *question)
{
	const struct atoll_tensor *in = legal_input(question, 0);

	return in->elements > TRANSPOSE_MAX ? refuse_size(question, in) : ATOLL_MAPPED;
}

/* Stored zeros of a tensor with a zero point are that. */
static bool is_zero(const struct atoll_tensor *tensor)
{
	const uint8_t *at = tensor->data;

	for (size_t i = 0; i < tensor->bytes; i++)
		if (at[i] != (uint8_t)tensor->quant.zero_point)
			return false;
	return true;
}

/* A constant part is padding, and then there is one other. */
static enum atoll_mapping check_padding(const struct legal_question *question)
{
	const struct atoll_operator *op = question->op;

	for (uint32_t i = 0; i < op->inputs; i++) {
		if (!compiler_is_constant(question->graph, op->input[i]))
			continue;
		if (op->inputs != 2)
			return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				"add the constant to one other tensor at a time",
				"input %" PRIu32 " is constant, and there are %" PRIu32
				" inputs", i, op->inputs);
		if (!is_zero(legal_input(question, i)))
			return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				"append only zeros",
				"input %" PRIu32 " is constant, but not zero", i);
	}
	return ATOLL_MAPPED;
}

enum atoll_mapping legal_concatenation(const struct legal_question *question)
{
	const struct atoll_tensor *out = legal_output(question, 0);
	struct legal_box box = legal_box_of(out);
	enum atoll_mapping mapping = check_padding(question);
	bool is_aligned = true;

	for (uint32_t i = 0; i < question->op->inputs; i++)
		if (legal_input(question, i) &&
		    legal_box_of(legal_input(question, i)).z % 4 != 0)
			is_aligned = false;
	if (mapping != ATOLL_MAPPED || is_aligned ||
	    box.y * box.x * round_up_4(box.z) <= CONCATENATION_MAX)
		return mapping;
	return refuse_size(question, out);
}

enum atoll_mapping legal_strided_slice(const struct legal_question *question)
{
	struct flatbuf_table options = question->op->options;
	const struct atoll_tensor *strides = legal_input(question, 3);

	if (!strides || !legal_is_whole(strides))
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT, NULL,
				    "its strides are no whole numbers");
	for (size_t i = 0; i < strides->elements; i++)
		if (legal_whole(strides, i) != 1)
			return legal_refuse(question, ATOLL_NOT_MAPPED_STRIDE,
				"take every element; to leave out some, use a pooling or "
				"a convolution with that stride",
				"stride %zu is %" PRId64, i, legal_whole(strides, i));
	if (flatbuf_i32(options, STRIDED_SLICE_ELLIPSIS_MASK, 0) != 0)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "name every dimension", "it has an ellipsis mask");
	if (flatbuf_i32(options, STRIDED_SLICE_NEW_AXIS_MASK, 0) != 0)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "add dimensions with RESHAPE", "it has a new axis mask");
	return ATOLL_MAPPED;
}

/* One pixel becomes an image: the only use of it seen in a compiled model. */
enum atoll_mapping legal_tile(const struct legal_question *question)
{
	struct legal_box in = legal_box_of(legal_input(question, 0));
	struct legal_box out = legal_box_of(legal_output(question, 0));

	if (in.y == 1 && in.x == 1 && in.z == out.z)
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "repeat by CONCATENATION",
			    "it repeats more than a single pixel");
}

/* The denominator of a step from one output pixel to the next, in input pixels. */
static int64_t resize_steps(const struct legal_question *question, int64_t in, int64_t out)
{
	struct flatbuf_table options = question->op->options;

	if (in == out)
		return 1;
	if (flatbuf_bool(options, RESIZE_BILINEAR_ALIGN_CORNERS, false) && out > 1)
		return (out - 1) / greatest_common_divisor(out - 1, in - 1);
	if (flatbuf_bool(options, RESIZE_BILINEAR_HALF_PIXEL_CENTERS, false))
		out *= 2;
	return out / greatest_common_divisor(out, in);
}

enum atoll_mapping legal_resize(const struct legal_question *question)
{
	struct legal_box in = legal_box_of(legal_input(question, 0));
	struct legal_box out = legal_box_of(legal_output(question, 0));
	int64_t tile = (out.y + 3) / 4 * ((out.x + 3) / 4) * round_up_4(out.z);

	if (is_same_box(in, out))
		return ATOLL_MAPPED;
	if (question->op->code == BUILTIN_RESIZE_BILINEAR &&
	    (resize_steps(question, in.y, out.y) > RESIZE_STEPS_MAX ||
	     resize_steps(question, in.x, out.x) > RESIZE_STEPS_MAX))
		/* Only compilers of 2020 had a text of its own for it. */
		return legal_refuse(question, question->runtime_version <= 12 ?
				    ATOLL_NOT_MAPPED_INTERPOLATION : ATOLL_NOT_MAPPED_LIMIT,
				    "resize by a whole factor",
				    "from %" PRId64 "x%" PRId64 " to %" PRId64 "x%" PRId64
				    " needs finer weights than 8 bits give", in.y, in.x,
				    out.y, out.x);
	return tile > RESIZE_TILE_MAX ? refuse_size(question, legal_output(question, 0)) :
		ATOLL_MAPPED;
}
