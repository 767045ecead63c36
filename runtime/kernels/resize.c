/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures made larger or smaller: RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR.
 *
 *	input   [batch][in_h][in_w][channels]
 *	output  [batch][out_h][out_w][channels]
 *
 * Which input rows and columns an output row and column lie between, and how
 * near to each, is worked out once in prepare. To run, the two input rows are
 * mixed into one of in_w pixels first, and then pairs of its pixels.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/move.h"
#include "runtime/schema/tflite.h"

/* Channels mixed at a time, in vectors of which gcc and clang make the best on
   each machine. What is mixed too much lies behind the pixel and is overwritten
   by the next. */
#define LANES 8

typedef int32_t int_lanes __attribute__((vector_size(4 * LANES)));
typedef int16_t short_lanes __attribute__((vector_size(2 * LANES)));
typedef int8_t byte_lanes __attribute__((vector_size(LANES)));

/* One output row or column. */
struct place {
	uint32_t low, high; /* input rows or columns */
	int32_t part;       /* nearness to high in 1024ths (int8, int16); 0 where
			       both are the same */
	float low_part, high_part; /* the same for float and uint8 */
};

struct resize {
	bool aligns_corners, has_half_pixels;
	uint32_t in_h, in_w, out_h, out_w, channels;
	struct place *row, *column; /* [out_h], [out_w] */
	size_t row_bytes;           /* of scratch for one thread */
};

static int32_t smaller(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static int32_t larger(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

/*
 * TFLite: int8 and int16 count in 1024ths of an input pixel from the start,
 * with a scale that is rounded to them. A rounding that leads past the end is
 * stopped there; the reference reads whatever lies behind.
 */
static void place_fixed(const struct resize *s, int32_t in, int32_t out, int32_t i,
			struct place *place)
{
	int64_t scale = s->aligns_corners && out > 1 ?
		(INT64_C(1024) * (in - 1) + (out - 1) / 2) / (out - 1) :
		(INT64_C(1024) * in + out / 2) / out;
	int64_t at = i * scale;
	int64_t low, high;

	if (s->has_half_pixels)
		at += scale / 2 - 512;
	low = at / 1024;
	low = low < 0 ? 0 : low > in - 1 ? in - 1 : low;
	high = (at + 1023) / 1024;
	high = high < 0 ? 0 : high > in - 1 ? in - 1 : high;
	place->low = (uint32_t)low;
	place->high = (uint32_t)high;
	/* Between equal pixels any part will do; one of them is in range. */
	place->part = low == high ? 0 : (int32_t)(at - 1024 * low);
}

/* How far one output pixel is in the input, in float. */
static float float_scale(const struct resize *s, int32_t in, int32_t out)
{
	if (s->aligns_corners && out > 1)
		return (float)(in - 1) / (float)(out - 1);
	return (float)in / (float)out;
}

static void place_float(const struct resize *s, int32_t in, int32_t out, int32_t i,
			struct place *place)
{
	float scale = float_scale(s, in, out);
	float at = s->has_half_pixels ? ((float)i + 0.5f) * scale - 0.5f :
		(float)i * scale;
	int32_t low = smaller(larger((int32_t)floorf(at), 0), in - 1);

	place->low = (uint32_t)low;
	place->high = (uint32_t)larger(smaller((int32_t)ceilf(at), in - 1), 0);
	place->high_part = at - (float)low;
	place->low_part = 1 - place->high_part;
}

/*
 * For each type two functions: mix two input rows into scratch, and LANES
 * channels of two pixels of scratch into the output.
 *
 * In 1024ths all is exact, so what does not change along the row is worked out
 * with it: scratch holds each pixel times 1024, then the difference to the next.
 */
#define FIXED_ROWS(name, type, wide) \
	static void name##_rows(const struct resize *s, const void *low, \
				const void *high, const struct place *row, void *scratch) \
	{ \
		const size_t count = s->in_w * s->channels, next = s->channels; \
		const type *a = low, *b = high; \
		wide *first = scratch, *difference = first + count + LANES; \
		\
		for (size_t i = 0; i < count; i++) \
			first[i] = (wide)a[i] * (1024 - row->part) + \
				   (wide)b[i] * row->part; \
		for (size_t i = 0; i + next < count; i++) \
			difference[i] = first[i + next] - first[i]; \
		/* Nothing is right of the last pixel. */ \
		memset(difference + count - next, 0, \
		       (next + LANES) * sizeof(*difference)); \
		for (size_t i = 0; i < count; i++) \
			first[i] *= 1024; \
		memset(first + count, 0, LANES * sizeof(*first)); \
	}

FIXED_ROWS(i8, int8_t, int32_t)
FIXED_ROWS(i16, int16_t, int64_t)

/* In two steps, each one instruction: gcc 12 takes a single one apart. */
static inline void store_bytes(const int_lanes *x, void *out)
{
	short_lanes halves = __builtin_convertvector(*x, short_lanes);
	byte_lanes bytes = __builtin_convertvector(halves, byte_lanes);

	memcpy(out, &bytes, sizeof(bytes));
}

/* Rounded half away from zero: a half more, a hair less below zero, downwards. */
static inline void i8_lanes(const void *scratch, size_t count, size_t low, size_t high,
			    const struct place *column, void *out)
{
	const int32_t *first = scratch, *difference = first + count + LANES;
	int_lanes sum, slope;

	(void)high;
	memcpy(&sum, first + low, sizeof(sum));
	memcpy(&slope, difference + low, sizeof(slope));
	sum += slope * column->part;
	sum = (sum + (1 << 19) + (sum >> 31)) >> 20;
	store_bytes(&sum, out);
}

static inline void i16_lanes(const void *scratch, size_t count, size_t low, size_t high,
			     const struct place *column, void *out)
{
	const int64_t *first = scratch, *difference = first + count + LANES;
	int16_t mixed[LANES];

	(void)high;
	for (size_t i = 0; i < LANES; i++) {
		int64_t sum = first[low + i] + difference[low + i] * column->part;

		mixed[i] = (int16_t)((sum + (1 << 19) + (sum >> 63)) >> 20);
	}
	memcpy(out, mixed, sizeof(mixed));
}

/*
 * With floats the order matters. The reference adds, from left to right,
 *
 *	  v[top][left] * top_part * left_part + v[bottom][left] * ...
 *	+ v[top][right] * ...                 + v[bottom][right] * ...
 *
 * so scratch keeps both rows, each multiplied with its part.
 */
#define FLOAT_ROWS(name, type) \
	static void name##_rows(const struct resize *s, const void *low, \
				const void *high, const struct place *row, void *scratch) \
	{ \
		const size_t count = s->in_w * s->channels; \
		const type *a = low, *b = high; \
		float *top = scratch, *bottom = top + count + LANES; \
		\
		for (size_t i = 0; i < count; i++) { \
			top[i] = (float)a[i] * row->low_part; \
			bottom[i] = (float)b[i] * row->high_part; \
		} \
		memset(top + count, 0, LANES * sizeof(*top)); \
		memset(bottom + count, 0, LANES * sizeof(*bottom)); \
	}

FLOAT_ROWS(u8, uint8_t)
FLOAT_ROWS(f32, float)

static inline void f32_lanes(const void *scratch, size_t count, size_t low, size_t high,
			     const struct place *column, void *out)
{
	const float *top = scratch, *bottom = top + count + LANES;
	const float left = column->low_part, right = column->high_part;
	float sum[LANES];

	for (size_t i = 0; i < LANES; i++)
		sum[i] = top[low + i] * left + bottom[low + i] * left +
			 top[high + i] * right + bottom[high + i] * right;
	memcpy(out, sum, sizeof(sum));
}

static inline void u8_lanes(const void *scratch, size_t count, size_t low, size_t high,
			    const struct place *column, void *out)
{
	float sum[LANES];
	int_lanes rounded;

	f32_lanes(scratch, count, low, high, column, sum);
	for (size_t i = 0; i < LANES; i++)
		rounded[i] = (int32_t)(sum[i] + 0.5f);
	store_bytes(&rounded, out);
}

#define MIX_ROW(name, type) \
	static void name##_row(const struct resize *s, const void *in, void *out, \
			       const struct place *row, void *scratch) \
	{ \
		const size_t channels = s->channels, count = s->in_w * channels; \
		const type *image = in; \
		type *to = out, last[LANES]; \
		const type *end = to + s->out_w * channels; \
		\
		name##_rows(s, image + row->low * count, image + row->high * count, row, \
			    scratch); \
		for (uint32_t x = 0; x < s->out_w; x++, to += channels) { \
			const struct place *column = &s->column[x]; \
			size_t low = column->low * channels; \
			size_t high = column->high * channels; \
			\
			for (size_t c = 0; c < channels; c += LANES) { \
				ptrdiff_t room = end - (to + c); \
				\
				if (room >= LANES) { \
					name##_lanes(scratch, count, low + c, high + c, \
						     column, to + c); \
					continue; \
				} \
				name##_lanes(scratch, count, low + c, high + c, column, \
					     last); \
				memcpy(to + c, last, (size_t)room * sizeof(type)); \
			} \
		} \
	}

MIX_ROW(i8, int8_t)
MIX_ROW(i16, int16_t)
MIX_ROW(u8, uint8_t)
MIX_ROW(f32, float)

struct share {
	const struct kernel_node *node;
	void (*mix_row)(const struct resize *s, const void *in, void *out,
			const struct place *row, void *scratch);
};

/* Item: one row of one image. */
static void mix_one(void *context, uint32_t item, uint32_t thread)
{
	const struct share *share = context;
	const struct resize *s = share->node->prepared;
	const struct atoll_tensor *in = share->node->input[0];
	const struct atoll_tensor *out = share->node->output[0];
	const size_t element = atoll_type_bytes(in->type);
	const size_t image = (size_t)s->in_h * s->in_w * s->channels * element;
	const size_t row = (size_t)s->out_w * s->channels * element;

	share->mix_row(s, (const char *)in->data + item / s->out_h * image,
		       (char *)out->data + item * row, &s->row[item % s->out_h],
		       (char *)share->node->scratch + thread * s->row_bytes);
}

static int bilinear_run(const struct kernel_node *node, struct pool *pool)
{
	const struct resize *s = node->prepared;
	const struct atoll_tensor *out = node->output[0];
	struct share share = { .node = node };

	switch (out->type) {
	case ATOLL_UINT8:
		share.mix_row = u8_row;
		break;
	case ATOLL_INT8:
		share.mix_row = i8_row;
		break;
	case ATOLL_INT16:
		share.mix_row = i16_row;
		break;
	default:
		share.mix_row = f32_row;
	}
	if (out->elements > 0)
		pool_run(pool, mix_one, &share, (uint32_t)out->dims[0] * s->out_h);
	return 0;
}

/* Both operators: [batch][h][w][channels] and a constant new size. */
static int resize_prepare(struct kernel_node *node, struct kernel_setup *setup,
			  uint32_t types, struct resize **prepared,
			  struct atoll_error *err)
{
	const struct atoll_tensor *in;
	int32_t size[2];
	struct resize *s;
	uint32_t count;
	int r = kernel_check_counts(node, 2, 2, 1, err);

	if (r == 0)
		r = kernel_check_input(node, 0, types, err);
	if (r == 0)
		r = move_check(node, 0, 0, err);
	if (r == 0)
		r = kernel_constant_ints(node, 1, size, 2, &count, err);
	if (r < 0)
		return r;
	in = node->input[0];
	if (in->rank != 4 || count != 2)
		return kernel_error(node, err, "%u dimensions to a size of %u numbers, "
				    "expected 4 and 2", in->rank, count);
	if (size[0] < 1 || size[1] < 1 || in->dims[1] < 1 || in->dims[2] < 1)
		return kernel_error(node, err, "from %" PRId32 "x%" PRId32 " to %" PRId32
				    "x%" PRId32, in->dims[1], in->dims[2], size[0], size[1]);
	r = kernel_set_shape(node, 0, 4, (int32_t[]){ in->dims[0], size[0], size[1],
						      in->dims[3] }, err);
	if (r < 0)
		return r;
	if ((int64_t)in->dims[0] * size[0] > UINT32_MAX)
		return kernel_error(node, err, "more than 2^32 rows");
	s = kernel_alloc(setup, sizeof(*s));
	if (!s)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	s->in_h = (uint32_t)in->dims[1];
	s->in_w = (uint32_t)in->dims[2];
	s->out_h = (uint32_t)size[0];
	s->out_w = (uint32_t)size[1];
	s->channels = (uint32_t)in->dims[3];
	node->prepared = s;
	*prepared = s;
	return 0;
}

/* Where each of `out` rows or columns lies between `in` of them. */
static struct place *places_new(const struct resize *s, struct kernel_setup *setup,
				uint32_t in, uint32_t out,
				void (*find)(const struct resize *s, int32_t in,
					     int32_t out, int32_t i,
					     struct place *place))
{
	struct place *places = kernel_alloc(setup, out * sizeof(*places));

	for (uint32_t i = 0; places && i < out; i++)
		find(s, (int32_t)in, (int32_t)out, (int32_t)i, &places[i]);
	return places;
}

static int find_places(struct kernel_node *node, struct resize *s,
		       struct kernel_setup *setup,
		       void (*find)(const struct resize *s, int32_t in, int32_t out,
				    int32_t i, struct place *place),
		       struct atoll_error *err)
{
	/* Nothing will run, and beside a 0 the other dimensions may be anything. */
	if (node->output[0]->elements == 0)
		return 0;
	s->row = places_new(s, setup, s->in_h, s->out_h, find);
	s->column = places_new(s, setup, s->in_w, s->out_w, find);
	if (!s->row || !s->column)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", node->op->name);
	return 0;
}

static int bilinear_prepare(struct kernel_node *node, struct kernel_setup *setup,
			    struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	const uint32_t types = KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) |
			       KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_FLOAT32);
	bool is_fixed;
	struct resize *s;
	int r = resize_prepare(node, setup, types, &s, err);

	if (r < 0)
		return r;
	s->aligns_corners = flatbuf_bool(options, RESIZE_BILINEAR_ALIGN_CORNERS, false);
	s->has_half_pixels = flatbuf_bool(options, RESIZE_BILINEAR_HALF_PIXEL_CENTERS,
					  false);
	is_fixed = node->input[0]->type == ATOLL_INT8 ||
		   node->input[0]->type == ATOLL_INT16;
	/* Two of them for each element: int32, int64 or float. */
	s->row_bytes = ((size_t)s->in_w * s->channels + LANES) * 2 *
		       (node->input[0]->type == ATOLL_INT16 ? 8 : 4);
	s->row_bytes = (s->row_bytes + 63) / 64 * 64;
	node->scratch_bytes = s->row_bytes * setup->threads;
	node->run = bilinear_run;
	return find_places(node, s, setup, is_fixed ? place_fixed : place_float, err);
}

static void place_nearest(const struct resize *s, int32_t in, int32_t out, int32_t i,
			  struct place *place)
{
	float at = ((float)i + (s->has_half_pixels ? 0.5f : 0.0f)) *
		   float_scale(s, in, out);
	int32_t low = (int32_t)(s->aligns_corners ? roundf(at) : floorf(at));

	place->low = (uint32_t)larger(smaller(low, in - 1), 0);
}

static void pick_row(void *context, uint32_t item, uint32_t thread)
{
	const struct share *share = context;
	const struct resize *s = share->node->prepared;
	const struct atoll_tensor *in = share->node->input[0];
	const struct atoll_tensor *out = share->node->output[0];
	const size_t pixel = s->channels * atoll_type_bytes(in->type);
	const char *row = (const char *)in->data +
			  ((size_t)(item / s->out_h) * s->in_h +
			   s->row[item % s->out_h].low) * s->in_w * pixel;
	char *to = (char *)out->data + (size_t)item * s->out_w * pixel;

	(void)thread;
	for (uint32_t x = 0; x < s->out_w; x++, to += pixel)
		memcpy(to, row + s->column[x].low * pixel, pixel);
}

static int nearest_run(const struct kernel_node *node, struct pool *pool)
{
	const struct resize *s = node->prepared;
	const struct atoll_tensor *out = node->output[0];
	struct share share = { .node = node };

	if (out->elements > 0)
		pool_run(pool, pick_row, &share, (uint32_t)out->dims[0] * s->out_h);
	return 0;
}

static int nearest_prepare(struct kernel_node *node, struct kernel_setup *setup,
			   struct atoll_error *err)
{
	struct flatbuf_table options = node->op->options;
	struct resize *s;
	int r = resize_prepare(node, setup, MOVE_TYPES, &s, err);

	if (r < 0)
		return r;
	s->aligns_corners = flatbuf_bool(options, RESIZE_NEAREST_NEIGHBOR_ALIGN_CORNERS,
					 false);
	s->has_half_pixels = flatbuf_bool(options,
		RESIZE_NEAREST_NEIGHBOR_HALF_PIXEL_CENTERS, false);
	node->run = nearest_run;
	return find_places(node, s, setup, place_nearest, err);
}

const struct kernel kernel_resize_bilinear = {
	.code = BUILTIN_RESIZE_BILINEAR,
	.version_max = 4,
	.types = "uint8 int8 int16 float32",
	.prepare = bilinear_prepare,
};

const struct kernel kernel_resize_nearest_neighbor = {
	.code = BUILTIN_RESIZE_NEAREST_NEIGHBOR,
	.version_max = 4,
	.types = MOVE_TYPE_NAMES,
	.prepare = nearest_prepare,
};
