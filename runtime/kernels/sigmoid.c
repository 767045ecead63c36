/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LOGISTIC and TANH. 8-bit outputs come from a table; int16 ones from a table
 * of the sigmoid's upper half with straight lines between (TFLite reference).
 */
#include <errno.h>
#include <math.h>

#include "runtime/kernels/broadcast.h"
#include "runtime/kernels/table.h"
#include "runtime/schema/tflite.h"

/*
 * 65536 / (1 + e^(-i / 24)) for i = 0 to 255. TFLite publishes the table with
 * 44 entries one above the rounded value; they are listed in `raised`.
 */
#define SAMPLES 256

static const uint8_t raised[] = {
	4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35,
	37, 39, 40, 41, 43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100,
	103, 112, 116, 135, 255,
};

struct sigmoid {
	int32_t by, shift;         /* input * by >> shift counts 1/24 in 512 or 256 */
	int32_t sample[SAMPLES];
};

static void fill_samples(int32_t sample[SAMPLES])
{
	for (int i = 0; i < SAMPLES; i++)
		sample[i] = (int32_t)fmin(round(65536 / (1 + exp(-i / 24.0))), 65535);
	for (size_t k = 0; k < sizeof(raised); k++)
		sample[raised[k]] = (int32_t)fmin(sample[raised[k]] + 1, 65535);
}

/* The sample at `at` / 2^bits and the way to the next, times 2^bits; `beyond`
   behind the last one. */
static int64_t line(const struct sigmoid *s, int64_t at, int bits, int64_t beyond)
{
	int64_t i = at >> bits;

	if (i >= SAMPLES - 1)
		return beyond;
	return ((int64_t)s->sample[i] << bits) +
	       (at & ((1 << bits) - 1)) * (s->sample[i + 1] - s->sample[i]);
}

static int64_t scaled(const struct sigmoid *s, int16_t x)
{
	return ((int64_t)x * s->by + (s->shift ? INT64_C(1) << (s->shift - 1) : 0)) >>
	       s->shift;
}

static int16_t logistic_16(const struct sigmoid *s, int16_t x)
{
	int64_t d = scaled(s, x);
	int64_t y = line(s, d < 0 ? -d : d, 9, 0x7fff << 10);

	/* 1 - y for negative ones, rounding the other way. */
	return (int16_t)((d >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1) >> 10);
}

static int16_t tanh_16(const struct sigmoid *s, int16_t x)
{
	int64_t d = scaled(s, x);
	int64_t y = line(s, d < 0 ? -d : d, 8, 0xffff << 8) - (1 << 23);

	return (int16_t)((d >= 0 ? y + (1 << 7) : -y + (1 << 7) - 1) >> 8);
}

/* TFLite: exact ends, so that small results keep their last bits. */
static float logistic_float(float x)
{
	if (x > 16.619047164916992188f)
		return 1;
	if (x < -9)
		return expf(x);
	return 1 / (1 + expf(-x));
}

/* The one for tables. */
static float logistic_plain(float x)
{
	return 1.0f / (1.0f + expf(-x));
}

#define ROW(name, type, result) \
	static void name(const void *context, const struct broadcast_row *row) \
	{ \
		const struct sigmoid *s = context; \
		const type *in = row->in[0]; \
		type *out = row->out; \
		\
		(void)s; \
		for (size_t i = 0; i < row->count; i++) { \
			type x = in[i]; \
			\
			out[i] = result; \
		} \
	}

ROW(row_logistic_16, int16_t, logistic_16(s, x))
ROW(row_tanh_16, int16_t, tanh_16(s, x))
ROW(row_logistic_float, float, logistic_float(x))
ROW(row_tanh_float, float, tanhf(x))

static const struct broadcast_choice logistic_rows[] = {
	{ ATOLL_UINT8, NULL }, { ATOLL_INT8, NULL }, { ATOLL_INT16, row_logistic_16 },
	{ ATOLL_FLOAT32, row_logistic_float },
};
static const struct broadcast_choice tanh_rows[] = {
	{ ATOLL_UINT8, NULL }, { ATOLL_INT8, NULL }, { ATOLL_INT16, row_tanh_16 },
	{ ATOLL_FLOAT32, row_tanh_float },
};

/* TFLite: a scale of 2^-12, or for TANH 2^-11, is met exactly; the samples are
   3 / 2^n apart then. Other scales get as many bits as fit 15. */
static void set_input_scale(struct sigmoid *s, float scale, int doublings_max)
{
	double exponent = log2((double)scale);
	double doublings = 12 + round(exponent);
	double by = (double)scale * 4096 * 3;

	s->shift = 0;
	if (fabs(exponent - round(exponent)) < 1e-3 && doublings >= 0 &&
	    doublings <= doublings_max) {
		s->by = 3 << (int)doublings;
		return;
	}
	for (; by <= 32767 / 2.0 && s->shift <= 30; s->shift++)
		by *= 2;
	s->by = (int32_t)fmin(by, INT32_MAX);
}

static int prepare_16(struct kernel_node *node, struct kernel_setup *setup,
		      broadcast_function *row, int doublings_max, struct atoll_error *err)
{
	const struct atoll_quant *in = &node->input[0]->quant;
	const struct atoll_quant *out = &node->output[0]->quant;
	struct sigmoid *s = kernel_alloc(setup, sizeof(*s));

	if (!s)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", node->op->name);
	if (in->zero_point != 0 || out->zero_point != 0)
		return kernel_error(node, err, "int16 zero points must be 0");
	if (out->scale != 1 / 32768.0f)
		return kernel_error(node, err, "int16 output scale %g must be 1/32768",
				    (double)out->scale);
	set_input_scale(s, in->scale, doublings_max);
	fill_samples(s->sample);
	return broadcast_prepare(node, setup, row, s, err);
}

static int check_logistic_output(const struct kernel_node *node, struct atoll_error *err)
{
	const struct atoll_tensor *out = node->output[0];
	int32_t zero = quant_type_range(out->type).low;

	if (out->quant.scale == 1 / 256.0f && out->quant.zero_point == zero)
		return 0;
	return kernel_error(node, err, "%s output scale %g, zero point %d: must be 1/256 "
			    "and %d", atoll_type_name(out->type),
			    (double)out->quant.scale, out->quant.zero_point, zero);
}

static int prepare_logistic(struct kernel_node *node, struct kernel_setup *setup,
			    struct atoll_error *err)
{
	broadcast_function *row;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(logistic_rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (node->input[0]->type == ATOLL_FLOAT32)
		return broadcast_prepare(node, setup, row, NULL, err);
	if (node->input[0]->type == ATOLL_INT16)
		return prepare_16(node, setup, row, 0, err);
	r = check_logistic_output(node, err);
	return r < 0 ? r : table_prepare_real(node, setup, logistic_plain, err);
}

static int prepare_tanh(struct kernel_node *node, struct kernel_setup *setup,
			struct atoll_error *err)
{
	broadcast_function *row;
	int r = broadcast_choose(node, 1, BROADCAST_CHOICES(tanh_rows), 0, &row, err);

	if (r == 0)
		r = broadcast_check_quantized(node, err);
	if (r < 0)
		return r;
	if (node->input[0]->type == ATOLL_FLOAT32)
		return broadcast_prepare(node, setup, row, NULL, err);
	if (node->input[0]->type == ATOLL_INT16)
		return prepare_16(node, setup, row, 1, err);
	return table_prepare_real(node, setup, tanhf, err);
}

const struct kernel kernel_logistic = {
	.code = BUILTIN_LOGISTIC,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_logistic,
};

const struct kernel kernel_tanh = {
	.code = BUILTIN_TANH,
	.version_max = 3,
	.types = "uint8 int8 int16 float32",
	.prepare = prepare_tanh,
};
