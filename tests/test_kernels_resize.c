/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <math.h>
#include <string.h>

#include "runtime/schema/tflite.h"

enum mode { PLAIN, ALIGNED, HALF_PIXELS, MODES };

struct sizes {
	int32_t n, h, w, c, out_h, out_w;
};

static struct sizes any_sizes(struct check_random *random)
{
	return (struct sizes){
		.n = check_random_in(random, 1, 2),
		.h = check_random_in(random, 1, 9),
		.w = check_random_in(random, 1, 9),
		.c = check_random_in(random, 1, 20),
		.out_h = check_random_in(random, 1, 17),
		.out_w = check_random_in(random, 1, 17),
	};
}

static void run_resize(struct single *s, bool is_nearest, enum atoll_type type,
		       const struct sizes *z, enum mode mode, uint32_t threads)
{
	single_new(s, is_nearest ? BUILTIN_RESIZE_NEAREST_NEIGHBOR : BUILTIN_RESIZE_BILINEAR,
		   is_nearest ? OPTIONS_RESIZE_NEAREST_NEIGHBOR : OPTIONS_RESIZE_BILINEAR);
	s->random.state = (uint64_t)(z->h * 31 + z->w);
	single_input(s, type, 4, (int32_t[]){ z->n, z->h, z->w, z->c });
	single_ints(s, 2, (int32_t[]){ z->out_h, z->out_w });
	single_output(s, type);
	if (mode == ALIGNED)
		single_flag(s, is_nearest ? RESIZE_NEAREST_NEIGHBOR_ALIGN_CORNERS :
			       RESIZE_BILINEAR_ALIGN_CORNERS);
	if (mode == HALF_PIXELS)
		single_flag(s, is_nearest ? RESIZE_NEAREST_NEIGHBOR_HALF_PIXEL_CENTERS :
			       RESIZE_BILINEAR_HALF_PIXEL_CENTERS);
	s->graph.options.threads = threads;
	single_run(s);
	single_assert_shape(s->out[0], 4,
			    (int32_t[]){ z->n, z->out_h, z->out_w, z->c });
}

static int32_t limited(int32_t v, int32_t high)
{
	return v < 0 ? 0 : v > high ? high : v;
}

/* float and uint8: where output i lies, and how far from the lower neighbour. */
struct between {
	int32_t low, high;
	float part;
};

static float step(enum mode mode, int32_t in, int32_t out)
{
	return mode == ALIGNED && out > 1 ? (float)(in - 1) / (float)(out - 1) :
		(float)in / (float)out;
}

static struct between between(enum mode mode, int32_t in, int32_t out, int32_t i)
{
	float p = mode == HALF_PIXELS ? ((float)i + 0.5f) * step(mode, in, out) - 0.5f :
		(float)i * step(mode, in, out);
	int32_t low = limited((int32_t)floorf(p), in - 1);

	return (struct between){ low, limited((int32_t)ceilf(p), in - 1), p - (float)low };
}

static float value(const struct atoll_tensor *t, int32_t n, int32_t y, int32_t x, int32_t c)
{
	const char *at = single_at(t, (int32_t[]){ n, y, x, c });
	float f;

	if (t->type == ATOLL_UINT8)
		return *(const uint8_t *)at;
	memcpy(&f, at, sizeof(f));
	return f;
}

/* TFLite reference, uint8 and float: four terms in this order. */
static float mixed(const struct single *s, enum mode mode, const int32_t *o)
{
	const struct atoll_tensor *in = s->in[0], *out = s->out[0];
	struct between y = between(mode, in->dims[1], out->dims[1], o[1]);
	struct between x = between(mode, in->dims[2], out->dims[2], o[2]);

	return value(in, o[0], y.low, x.low, o[3]) * (1 - y.part) * (1 - x.part) +
	       value(in, o[0], y.high, x.low, o[3]) * y.part * (1 - x.part) +
	       value(in, o[0], y.low, x.high, o[3]) * (1 - y.part) * x.part +
	       value(in, o[0], y.high, x.high, o[3]) * y.part * x.part;
}

static void bilinear_in_float_follows_the_reference(void **state)
{
	struct check_random random = { 1 };

	(void)state;
	for (int round = 0; round < 90; round++) {
		enum atoll_type type = round % 2 ? ATOLL_UINT8 : ATOLL_FLOAT32;
		enum mode mode = (enum mode)(round % MODES);
		struct sizes z = any_sizes(&random);
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		run_resize(&s, false, type, &z, mode, 1);
		do {
			float wanted = mixed(&s, mode, index);

			if (type == ATOLL_UINT8)
				wanted = (float)(uint8_t)(wanted + 0.5f);
			assert_true(value(s.out[0], index[0], index[1], index[2], index[3]) ==
				    wanted);
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

/* int8 and int16: in 1024ths. */
static struct between between_fixed(enum mode mode, int64_t in, int64_t out, int64_t i)
{
	int64_t scale = mode == ALIGNED && out > 1 ?
		(1024 * (in - 1) + (out - 1) / 2) / (out - 1) : (1024 * in + out / 2) / out;
	int64_t p = i * scale + (mode == HALF_PIXELS ? scale / 2 - 512 : 0);
	/* The reference has no such limit and reads behind the picture. */
	int32_t low = limited((int32_t)(p / 1024), (int32_t)in - 1);

	return (struct between){ low, limited((int32_t)((p + 1023) / 1024), (int32_t)in - 1),
				 (float)(p - 1024 * low) };
}

static int64_t whole(const struct atoll_tensor *t, int32_t n, int32_t y, int32_t x,
		     int32_t c)
{
	const char *at = single_at(t, (int32_t[]){ n, y, x, c });
	int16_t wide;

	if (t->type == ATOLL_INT8)
		return *(const int8_t *)at;
	memcpy(&wide, at, sizeof(wide));
	return wide;
}

static int64_t mixed_fixed(const struct single *s, enum mode mode, const int32_t *o)
{
	const struct atoll_tensor *in = s->in[0], *out = s->out[0];
	struct between y = between_fixed(mode, in->dims[1], out->dims[1], o[1]);
	struct between x = between_fixed(mode, in->dims[2], out->dims[2], o[2]);
	int64_t dy = (int64_t)y.part, dx = (int64_t)x.part;
	int64_t sum = whole(in, o[0], y.low, x.low, o[3]) * (1024 - dy) * (1024 - dx) +
		      whole(in, o[0], y.high, x.low, o[3]) * dy * (1024 - dx) +
		      whole(in, o[0], y.low, x.high, o[3]) * (1024 - dy) * dx +
		      whole(in, o[0], y.high, x.high, o[3]) * dy * dx;

	return (sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20);
}

static void bilinear_in_integers_follows_the_reference(void **state)
{
	struct check_random random = { 2 };

	(void)state;
	for (int round = 0; round < 90; round++) {
		enum atoll_type type = round % 2 ? ATOLL_INT8 : ATOLL_INT16;
		enum mode mode = (enum mode)(round % MODES);
		struct sizes z = any_sizes(&random);
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		run_resize(&s, false, type, &z, mode, 1);
		do
			assert_int_equal(whole(s.out[0], index[0], index[1], index[2], index[3]),
					 mixed_fixed(&s, mode, index));
		while (single_next(s.out[0], index));
		single_free(&s);
	}
}

/* 33 to 513 in 1024ths: the rounded step is too long and ends behind column 32. */
static void a_rounded_step_stays_inside_the_picture(void **state)
{
	struct sizes z = { .n = 1, .h = 33, .w = 33, .c = 1, .out_h = 513, .out_w = 513 };
	struct single s;

	(void)state;
	run_resize(&s, false, ATOLL_INT8, &z, PLAIN, 1);
	assert_int_equal(whole(s.out[0], 0, 512, 512, 0), whole(s.in[0], 0, 32, 32, 0));
	single_free(&s);
}

static void nearest_picks_one_pixel(void **state)
{
	struct check_random random = { 3 };

	(void)state;
	for (int round = 0; round < 90; round++) {
		enum atoll_type type = single_any_type(&random);
		enum mode mode = (enum mode)(round % MODES);
		struct sizes z = any_sizes(&random);
		int32_t index[ATOLL_RANK_MAX] = { 0 };
		struct single s;

		run_resize(&s, true, type, &z, mode, 1);
		do {
			float off = mode == HALF_PIXELS ? 0.5f : 0;
			float y = ((float)index[1] + off) * step(mode, z.h, z.out_h);
			float x = ((float)index[2] + off) * step(mode, z.w, z.out_w);
			float row = mode == ALIGNED ? roundf(y) : floorf(y);
			float column = mode == ALIGNED ? roundf(x) : floorf(x);
			int32_t at[] = { index[0], limited((int32_t)row, z.h - 1),
					 limited((int32_t)column, z.w - 1), index[3] };

			assert_memory_equal(single_at(s.out[0], index), single_at(s.in[0], at),
					    atoll_type_bytes(type));
		} while (single_next(s.out[0], index));
		single_free(&s);
	}
}

static void threads_change_nothing(void **state)
{
	static const enum atoll_type types[] = {
		ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_FLOAT32,
	};
	struct sizes z = { .n = 2, .h = 7, .w = 9, .c = 19, .out_h = 33, .out_w = 41 };

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct single one, three;

		run_resize(&one, i / 4, types[i % 4], &z, HALF_PIXELS, 1);
		run_resize(&three, i / 4, types[i % 4], &z, HALF_PIXELS, 3);
		assert_memory_equal(one.out[0]->data, three.out[0]->data, one.out[0]->bytes);
		single_free(&one);
		single_free(&three);
	}
}

static void sizes_that_make_no_picture_are_refused(void **state)
{
	struct single s;

	(void)state;
	single_new(&s, BUILTIN_RESIZE_BILINEAR, OPTIONS_RESIZE_BILINEAR);
	single_input(&s, ATOLL_UINT8, 4, (int32_t[]){ 1, 2, 3, 1 });
	single_ints(&s, 2, (int32_t[]){ 4, 0 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "RESIZE_BILINEAR: from 2x3 to 4x0");

	single_new(&s, BUILTIN_RESIZE_NEAREST_NEIGHBOR, 0);
	single_input(&s, ATOLL_UINT8, 3, (int32_t[]){ 2, 3, 1 });
	single_ints(&s, 2, (int32_t[]){ 4, 4 });
	single_output(&s, ATOLL_UINT8);
	single_refused(&s, "3 dimensions to a size of 2 numbers, expected 4 and 2");

	single_new(&s, BUILTIN_RESIZE_BILINEAR, 0);
	single_input(&s, ATOLL_INT32, 4, (int32_t[]){ 1, 2, 3, 1 });
	single_ints(&s, 2, (int32_t[]){ 4, 4 });
	single_output(&s, ATOLL_INT32);
	single_refused(&s, "type int32, supported: float32, uint8, int16, int8");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bilinear_in_float_follows_the_reference),
		cmocka_unit_test(bilinear_in_integers_follows_the_reference),
		cmocka_unit_test(a_rounded_step_stays_inside_the_picture),
		cmocka_unit_test(nearest_picks_one_pixel),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(sizes_that_make_no_picture_are_refused),
	};

	return CHECK_RUN(tests);
}
