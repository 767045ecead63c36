/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

/*
 * Every table of inner loops that this machine can run against the plain one,
 * byte for byte. Shapes and numbers are random, and lean towards the ends where
 * vector code goes wrong: tails, zero points at the ends, ties, saturation.
 */

static struct check_random dice = { 1 };

static int32_t in(int32_t low, int32_t high)
{
	return check_random_in(&dice, low, high);
}

static bool one_in(int32_t times)
{
	return in(1, times) == 1;
}

/* Tables beside the plain one; NULL after the last. */
static const struct vector_ops *other_table(unsigned i)
{
	static const enum cpu_level levels[] = { CPU_NEON, CPU_AVX2, CPU_VNNI };

	for (unsigned l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
		enum cpu_level level;

		assert_int_equal(setenv("ATOLL_CPU", cpu_level_name(levels[l]), 1), 0);
		if (cpu_level_choose(&level, NULL) == 0 && i-- == 0)
			return vector_ops(level);
	}
	return NULL;
}

/* Exactly so many bytes, so that the sanitizer sees a step too far; aligned as
   tensors are. The caller frees. */
static void *room(size_t bytes)
{
	void *memory = NULL;

	assert_int_equal(posix_memalign(&memory, 64, bytes ? bytes : 1), 0);
	memset(memory, 0x5a, bytes);
	return memory;
}

/* Random bytes, now and then all at one end. */
static uint8_t *bytes_room(size_t bytes, size_t slack)
{
	uint8_t *memory = room(bytes + slack);
	int32_t low = 0, high = 255;

	if (one_in(8))
		low = high = one_in(2) ? 0 : one_in(2) ? 255 : 128;
	for (size_t i = 0; i < bytes; i++)
		memory[i] = (uint8_t)in(low, high);
	return memory;
}

static int32_t random_zero(bool is_signed)
{
	int32_t zero = one_in(4) ? 0 : one_in(3) ? 255 : one_in(3) ? 128 : in(0, 255);

	return is_signed ? zero - 128 : zero;
}

/* The type's range, or as an activation narrows it. */
static void random_range(bool is_signed, int32_t zero, int32_t *low, int32_t *high)
{
	*low = is_signed ? -128 : 0;
	*high = is_signed ? 127 : 255;
	if (one_in(2))
		*low = zero;
	else if (one_in(3))
		*low = in(*low, zero);
	if (one_in(3))
		*high = in(*low, *high);
}

/* As most layers have them: 2^-1 to 2^-16, or anything. */
static struct multiplier random_scale(bool is_usual)
{
	struct multiplier by = { in(1 << 30, INT32_MAX), in(-16, -1) };

	if (one_in(3)) /* a power of two: ties */
		by.mantissa = 1 << 30;
	if (is_usual)
		return by;
	by.shift = in(-31, 31);
	if (one_in(4))
		by.shift = in(-2, 2);
	if (one_in(8))
		by = (struct multiplier){ 0, 0 };
	return by;
}

/* One for each channel, or the same for all. */
static struct multiplier *random_scales(uint32_t n, bool is_usual)
{
	struct multiplier *scale = room(n * sizeof(*scale));
	bool is_same = one_in(2);

	for (uint32_t i = 0; i < n; i++)
		scale[i] = i > 0 && is_same ? scale[0] : random_scale(is_usual);
	return scale;
}

static int32_t *random_bias(uint32_t n, bool is_usual)
{
	int32_t *bias, size = is_usual || one_in(2) ? 1 << in(0, 20) : INT32_MAX;

	if (one_in(6))
		return NULL;
	bias = room(n * sizeof(*bias));
	for (uint32_t i = 0; i < n; i++)
		bias[i] = in(-size, size);
	return bias;
}

/* Near ties matter: whole and half results come up often. */
static double *random_real_scales(uint32_t n)
{
	double *scale = room(n * sizeof(*scale));

	for (uint32_t i = 0; i < n; i++)
		scale[i] = one_in(2) ? ldexp(in(1, 64), in(-16, -4)) :
				       in(1, INT32_MAX) * ldexp(1, in(-60, -30));
	return scale;
}

static void multiply(const struct vector_ops *ops, const struct gemm *g, const void *b,
		     const void *a, size_t a_stride, uint8_t *out, size_t out_stride,
		     uint32_t rows)
{
	void *packed = room(ops->gemm_packed_bytes(g));
	void *scratch = room(ops->gemm_scratch_bytes(g));

	ops->gemm_pack(g, b, packed);
	ops->gemm_run(g, packed, a, a_stride, out, out_stride, rows, scratch);
	free(packed);
	free(scratch);
}

static void compare_product(const struct vector_ops *ops, const struct gemm *g,
			    uint32_t rows)
{
	size_t a_stride = g->k + (one_in(2) ? 0 : (size_t)in(0, 70));
	size_t out_stride = g->n + (one_in(2) ? 0 : (size_t)in(0, 70));
	uint8_t *a = bytes_room(a_stride * rows, 64);
	uint8_t *b = bytes_room((size_t)g->k * g->n, 0);
	uint8_t *expected = room(out_stride * rows), *found = room(out_stride * rows);

	multiply(&vector_plain, g, b, a, a_stride, expected, out_stride, rows);
	multiply(ops, g, b, a, a_stride, found, out_stride, rows);
	for (size_t i = 0; i < out_stride * rows; i++)
		if (expected[i] != found[i])
			fail_msg("%s: %s rows %u, k %u, n %u: row %zu column %zu: %u, expected %u",
				 ops->name, g->is_signed ? "int8" : "uint8", rows, g->k, g->n,
				 i / out_stride, i % out_stride, found[i], expected[i]);
	free(a);
	free(b);
	free(expected);
	free(found);
}

static void compare_random_product(const struct vector_ops *ops, uint32_t rows,
				   uint32_t k, uint32_t n, bool is_usual)
{
	struct gemm g = {
		.is_signed = one_in(2),
		.k = k, .n = n,
		.bias = random_bias(n, is_usual),
		.scale = random_scales(n, is_usual),
		.real_scale = is_usual || one_in(2) ? NULL : random_real_scales(n),
	};

	g.a_zero = random_zero(g.is_signed);
	g.b_zero = g.is_signed && !one_in(4) ? 0 : random_zero(g.is_signed);
	g.out_zero = random_zero(g.is_signed);
	random_range(g.is_signed, g.out_zero, &g.low, &g.high);
	compare_product(ops, &g, rows);
	free((void *)g.bias);
	free((void *)g.scale);
	free((void *)g.real_scale);
}

static void products_of_all_shapes_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 300; i++)
			compare_random_product(ops, (uint32_t)in(1, 20), (uint32_t)in(1, 70),
					       (uint32_t)in(1, 80), true);
		for (int i = 0; i < 20; i++)
			compare_random_product(ops, (uint32_t)in(40, 110),
					       (uint32_t)in(100, 300),
					       (uint32_t)in(60, 140), true);
		for (int i = 0; i < 20; i++)
			compare_random_product(ops, 1, (uint32_t)in(500, 4200),
					       (uint32_t)in(1, 40), true);
	}
}

static void products_with_odd_scales_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++)
		for (int i = 0; i < 300; i++)
			compare_random_product(ops, (uint32_t)in(1, 12), (uint32_t)in(1, 30),
					       (uint32_t)in(1, 40), false);
}

/* Sums past 2^30, where the usual arithmetic of a table may not hold. */
static void long_products_of_extremes_are_those_of_plain_c(void **state)
{
	struct multiplier scale = { 1 << 30, -20 };
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (uint32_t k = 16000; k < 40000; k += 5999) {
			struct gemm g = { .k = k, .n = 1, .high = 255, .out_zero = 100,
					  .scale = &scale };
			uint8_t *a = room(k + 64), *b = room(k), expected, found;

			memset(a, 255, k);
			memset(b, 255, k);
			g.a_zero = one_in(2) ? 0 : 255;
			multiply(&vector_plain, &g, b, a, k, &expected, 1, 1);
			multiply(ops, &g, b, a, k, &found, 1, 1);
			assert_int_equal(found, expected);
			free(a);
			free(b);
		}
	}
}

/* Converters give channels without weights a tiny scale and the largest bias. */
static void dead_channels_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 60; i++) {
			struct multiplier scale[40];
			int32_t bias[40];
			struct gemm g = {
				.is_signed = true, .k = (uint32_t)in(1, 30), .n = 40,
				.low = one_in(2) ? -128 : -100, .high = 127,
				.out_zero = -100, .scale = scale, .bias = bias,
			};

			for (uint32_t n = 0; n < g.n; n++) {
				bool is_dead = one_in(3);

				scale[n] = random_scale(true);
				if (is_dead)
					scale[n].shift = in(-31, -22);
				bias[n] = is_dead ? (1 << 30) + in(-64, 64) * 64 : in(-999, 999);
				if (one_in(2))
					bias[n] = -bias[n];
			}
			compare_product(ops, &g, (uint32_t)in(1, 9));
		}
	}
}

static void convolve(const struct vector_ops *ops, const struct depthwise *d,
		     const void *filter, const void *image, uint8_t *out, uint32_t split)
{
	void *packed = room(ops->depthwise_packed_bytes(d));
	void *scratch = room(ops->depthwise_scratch_bytes(d));

	ops->depthwise_pack(d, filter, packed);
	ops->depthwise_run(d, packed, image, out, 0, split, scratch);
	ops->depthwise_run(d, packed, image, out, split, d->out_h - split, scratch);
	free(packed);
	free(scratch);
}

static void compare_depthwise(const struct vector_ops *ops, const struct depthwise *d)
{
	size_t out_bytes = (size_t)d->out_h * d->out_w * d->out_c;
	uint32_t split = (uint32_t)in(0, (int32_t)d->out_h);
	uint8_t *image = bytes_room((size_t)d->in_h * d->in_w * d->in_c, 0);
	uint8_t *filter = bytes_room((size_t)d->kernel_h * d->kernel_w * d->out_c, 0);
	uint8_t *expected = room(out_bytes), *found = room(out_bytes);

	convolve(&vector_plain, d, filter, image, expected, split);
	convolve(ops, d, filter, image, found, split);
	for (size_t i = 0; i < out_bytes; i++)
		if (expected[i] != found[i])
			fail_msg("%s: %s image %ux%ux%u, window %ux%u, stride %ux%u, dilation "
				 "%ux%u, pad %d %d, output %ux%ux%u: byte %zu: %u, expected %u",
				 ops->name, d->is_signed ? "int8" : "uint8", d->in_h, d->in_w,
				 d->in_c, d->kernel_h, d->kernel_w, d->stride_h, d->stride_w,
				 d->dilation_h, d->dilation_w, d->pad_top, d->pad_left,
				 d->out_h, d->out_w, d->out_c, i, found[i], expected[i]);
	free(image);
	free(filter);
	free(expected);
	free(found);
}

/* Some padding on each side, as SAME has it or more; outputs to fit. */
static void random_windows(uint32_t image, uint32_t kernel, uint32_t stride,
			   uint32_t dilation, int32_t *pad, uint32_t *out)
{
	uint32_t reach = (kernel - 1) * dilation + 1;
	uint32_t total = (uint32_t)in(0, (int32_t)reach - 1);

	if (image + total < reach)
		total = reach - image;
	*pad = in(0, (int32_t)total);
	*out = (image + total - reach) / stride + 1;
}

static void compare_random_depthwise(const struct vector_ops *ops, struct depthwise d,
				     bool is_usual)
{
	d.is_signed = one_in(2);
	random_windows(d.in_h, d.kernel_h, d.stride_h, d.dilation_h, &d.pad_top, &d.out_h);
	random_windows(d.in_w, d.kernel_w, d.stride_w, d.dilation_w, &d.pad_left, &d.out_w);
	d.in_zero = random_zero(d.is_signed);
	d.filter_zero = d.is_signed && !one_in(4) ? 0 : random_zero(d.is_signed);
	d.out_zero = random_zero(d.is_signed);
	random_range(d.is_signed, d.out_zero, &d.low, &d.high);
	d.bias = random_bias(d.out_c, is_usual);
	d.scale = random_scales(d.out_c, is_usual);
	compare_depthwise(ops, &d);
	free((void *)d.bias);
	free((void *)d.scale);
}

/* Channel counts that models have, and others. */
static uint32_t random_channels(void)
{
	static const uint32_t usual[] = { 1, 2, 3, 4, 8, 16, 24, 32, 48, 64, 96, 128, 144 };
	uint32_t count = sizeof(usual) / sizeof(usual[0]);

	return one_in(3) ? (uint32_t)in(1, 150) : usual[in(0, (int32_t)count - 1)];
}

static void depthwise_3x3_is_that_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 400; i++) {
			uint32_t channels = random_channels(), stride = (uint32_t)in(1, 2);
			struct depthwise d = {
				.in_h = (uint32_t)in(1, 9), .in_w = (uint32_t)in(1, 13),
				.in_c = channels, .out_c = channels,
				.kernel_h = 3, .kernel_w = 3,
				.stride_h = stride, .stride_w = stride,
				.dilation_h = 1, .dilation_w = 1,
			};

			compare_random_depthwise(ops, d, true);
		}
	}
}

static void depthwise_of_any_window_is_that_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 300; i++) {
			uint32_t multiplier = one_in(2) ? 1 : (uint32_t)in(2, 9);
			uint32_t channels = one_in(4) ? 1 : (uint32_t)in(1, 40);
			struct depthwise d = {
				.in_h = (uint32_t)in(1, 9), .in_w = (uint32_t)in(1, 13),
				.in_c = channels, .out_c = channels * multiplier,
				.kernel_h = (uint32_t)in(1, 10),
				.kernel_w = (uint32_t)in(1, 12),
				.stride_h = (uint32_t)in(1, 3),
				.stride_w = (uint32_t)in(1, 3),
				.dilation_h = one_in(2) ? 1 : (uint32_t)in(1, 4),
				.dilation_w = one_in(2) ? 1 : (uint32_t)in(1, 4),
			};

			compare_random_depthwise(ops, d, !one_in(3));
		}
	}
}

static void averages_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 200; i++) {
			struct average_pool p = {
				.is_signed = one_in(2),
				.in_h = (uint32_t)in(1, 12), .in_w = (uint32_t)in(1, 12),
				.channels = random_channels(),
				.kernel_h = (uint32_t)in(1, 12),
				.kernel_w = (uint32_t)in(1, 12),
				.stride_h = (uint32_t)in(1, 3),
				.stride_w = (uint32_t)in(1, 3),
			};
			size_t out_bytes;
			uint8_t *image, *expected, *found;
			uint32_t split;

			random_windows(p.in_h, p.kernel_h, p.stride_h, 1, &p.pad_top, &p.out_h);
			random_windows(p.in_w, p.kernel_w, p.stride_w, 1, &p.pad_left, &p.out_w);
			random_range(p.is_signed, random_zero(p.is_signed), &p.low, &p.high);
			out_bytes = (size_t)p.out_h * p.out_w * p.channels;
			image = bytes_room((size_t)p.in_h * p.in_w * p.channels, 0);
			expected = room(out_bytes);
			found = room(out_bytes);
			split = (uint32_t)in(0, (int32_t)p.out_h);
			vector_plain.average_pool_run(&p, image, expected, 0, p.out_h);
			ops->average_pool_run(&p, image, found, 0, split);
			ops->average_pool_run(&p, image, found, split, p.out_h - split);
			assert_memory_equal(found, expected, out_bytes);
			free(image);
			free(expected);
			free(found);
		}
	}
}

/* ADD's own scales: the larger operand by a half, the other by less. */
static struct multiplier random_add_scale(void)
{
	struct multiplier by = { in(1 << 30, INT32_MAX), in(-12, -1) };

	return one_in(2) ? (struct multiplier){ 1 << 30, 0 } :
	       one_in(8) ? (struct multiplier){ 0, 0 } : by;
}

static void sums_and_differences_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 300; i++) {
			size_t count = (size_t)in(1, 300);
			uint8_t *a = bytes_room(count, 0), *b = bytes_room(count, 0);
			uint8_t *expected = room(count), *found = room(count);
			struct add s = {
				.is_signed = one_in(2),
				.is_subtraction = one_in(2),
				.a_scale = random_add_scale(),
				.b_scale = random_add_scale(),
				.out_scale = { in(1 << 30, INT32_MAX),
					       one_in(4) ? in(-31, 0) : in(-20, -15) },
			};

			s.a_zero = random_zero(s.is_signed);
			s.b_zero = random_zero(s.is_signed);
			s.out_zero = random_zero(s.is_signed);
			random_range(s.is_signed, s.out_zero, &s.low, &s.high);
			vector_plain.add_run(&s, a, b, expected, count);
			ops->add_run(&s, a, b, found, count);
			assert_memory_equal(found, expected, count);
			free(a);
			free(b);
			free(expected);
			free(found);
		}
	}
}

static float random_float(float scale)
{
	switch (in(0, 9)) {
	case 0:
		return (float)in(-600, 600) * 0.5f * scale; /* ties */
	case 1:
		return one_in(2) ? INFINITY : -INFINITY;
	case 2:
		return one_in(2) ? NAN : 0.49999997f * scale;
	case 3:
		return ldexpf((float)in(-1000, 1000), in(-60, 60));
	default:
		return (float)in(-100000, 100000) / 256 * scale;
	}
}

static void quantized_floats_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 300; i++) {
			size_t count = (size_t)in(1, 200);
			float *from = room(count * sizeof(*from));
			float scale = one_in(3) ? 1 : ldexpf((float)in(1, 1 << 24), in(-34, -20));
			bool is_signed = one_in(2);
			int32_t zero = random_zero(is_signed);
			uint8_t *expected = room(count), *found = room(count);

			for (size_t k = 0; k < count; k++)
				from[k] = random_float(scale);
			vector_plain.quantize_run(is_signed, scale, zero, from, expected, count);
			ops->quantize_run(is_signed, scale, zero, from, found, count);
			assert_memory_equal(found, expected, count);
			free(from);
			free(expected);
			free(found);
		}
	}
}

static void requantized_bytes_are_those_of_plain_c(void **state)
{
	const struct vector_ops *ops;

	(void)state;
	for (unsigned t = 0; (ops = other_table(t)); t++) {
		for (int i = 0; i < 400; i++) {
			size_t count = (size_t)in(1, 300);
			uint8_t *from = bytes_room(count, 0);
			uint8_t *expected = room(count), *found = room(count);
			bool is_in_signed = one_in(2), is_out_signed = one_in(2);
			int32_t in_zero = random_zero(is_in_signed);
			int32_t out_zero = random_zero(is_out_signed);
			struct multiplier by = one_in(2) ?
				(struct multiplier){ in(1 << 30, INT32_MAX), in(-4, 4) } :
				random_scale(false);

			vector_plain.requantize_run(is_in_signed, in_zero, by, is_out_signed,
						    out_zero, from, expected, count);
			ops->requantize_run(is_in_signed, in_zero, by, is_out_signed,
					    out_zero, from, found, count);
			assert_memory_equal(found, expected, count);
			free(from);
			free(expected);
			free(found);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_of_all_shapes_are_those_of_plain_c),
		cmocka_unit_test(products_with_odd_scales_are_those_of_plain_c),
		cmocka_unit_test(long_products_of_extremes_are_those_of_plain_c),
		cmocka_unit_test(dead_channels_are_those_of_plain_c),
		cmocka_unit_test(depthwise_3x3_is_that_of_plain_c),
		cmocka_unit_test(depthwise_of_any_window_is_that_of_plain_c),
		cmocka_unit_test(averages_are_those_of_plain_c),
		cmocka_unit_test(sums_and_differences_are_those_of_plain_c),
		cmocka_unit_test(quantized_floats_are_those_of_plain_c),
		cmocka_unit_test(requantized_bytes_are_those_of_plain_c),
	};

	if (!other_table(0)) {
		print_message("1..0 # SKIP this machine runs only the plain table\n");
		return 77;
	}
	return CHECK_RUN(tests);
}
