/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/layer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int32_t in_range(struct layer *l, int32_t low, int32_t high)
{
	return check_random_in(l->random, low, high);
}

static float scale_between(struct layer *l, float low, float high)
{
	float scale = low + (high - low) * (float)in_range(l, 0, 1 << 20) / (1 << 20);

	return l->has_round_scales ? exp2f(roundf(log2f(scale))) : scale;
}

void layer_any_cpu(struct check_random *random)
{
	static int is_given = -1;

	if (is_given < 0)
		is_given = getenv("ATOLL_CPU") != NULL;
	if (is_given)
		return;
	if (check_random(random) % 2)
		(void)setenv("ATOLL_CPU", "plain", 1);
	else
		(void)unsetenv("ATOLL_CPU");
}

void layer_new(struct layer *l, struct check_random *random, uint32_t code,
	       uint8_t options_type, enum atoll_type type)
{
	*l = (struct layer){
		.random = random,
		.type = type,
		.is_per_channel = type != ATOLL_UINT8 && check_random(random) % 2,
		.is_constant = check_random(random) % 4 != 0,
		.has_bias = check_random(random) % 4 != 0,
		.has_narrow_bias = check_random(random) % 2,
		.has_round_scales = check_random(random) % 4 == 0,
		.activation = (int8_t)(check_random(random) % 4),
	};
	layer_any_cpu(random);
	single_new(&l->s, code, options_type);
	l->s.random = *random;
	(void)check_random(random);
	l->in_scale = scale_between(l, 0.001f, 0.1f);
	for (size_t i = 0; i < sizeof(l->filter_scale) / sizeof(float); i++)
		l->filter_scale[i] = scale_between(l, 0.001f, 0.01f);
	if (type == ATOLL_UINT8) {
		l->in_zero = in_range(l, 0, 255);
		l->filter_zero = in_range(l, 0, 255);
		l->out_zero = in_range(l, 0, 255);
	} else if (type == ATOLL_INT8) {
		l->in_zero = in_range(l, -128, 127);
		l->out_zero = in_range(l, -128, 127);
	}
}

static float random_float(struct layer *l)
{
	return (float)in_range(l, -1000, 1000) / 937;
}

/* Contents for a tensor that will be constant; the builder copies them. */
static void *random_contents(struct layer *l, enum atoll_type type, size_t elements)
{
	size_t bytes = elements * atoll_type_bytes(type);
	uint8_t *data = malloc(bytes + 1);

	assert_non_null(data);
	if (type == ATOLL_FLOAT32) {
		for (size_t i = 0; i < elements; i++)
			((float *)(void *)data)[i] = random_float(l);
		return data;
	}
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)check_random(l->random);
	return data;
}

static uint32_t add_operand(struct layer *l, struct atoll_builder_tensor *tensor,
			    uint32_t rank, const int32_t *dims, bool is_constant)
{
	size_t elements = 1;
	void *data = NULL;

	tensor->rank = rank;
	for (uint32_t d = 0; d < rank; d++) {
		tensor->dims[d] = dims[d];
		elements *= (size_t)dims[d];
	}
	if (is_constant) {
		if (!tensor->data)
			tensor->data = data = random_contents(l, tensor->type, elements);
		tensor->bytes = elements * atoll_type_bytes(tensor->type);
		single_constant(&l->s, tensor);
	} else {
		tensor->data = NULL;
		l->s.input[l->s.op.inputs++] = graph_input(&l->s.graph, tensor);
	}
	free(data);
	return l->s.op.inputs - 1;
}

void layer_input(struct layer *l, uint32_t rank, const int32_t *dims)
{
	struct atoll_builder_tensor tensor = { .name = "input", .type = l->type };

	if (l->type != ATOLL_FLOAT32) {
		tensor.scale = l->in_scale;
		tensor.zero_point = l->in_zero;
	}
	l->input = add_operand(l, &tensor, rank, dims, l->is_input_constant);
}

void layer_filter(struct layer *l, uint32_t rank, const int32_t *dims, uint32_t axis)
{
	struct atoll_builder_tensor tensor = {
		.name = "filter",
		.type = l->type == ATOLL_INT16 ? ATOLL_INT8 : l->type,
	};
	double terms = 1;

	l->channels = (uint32_t)dims[axis];
	for (uint32_t d = 0; d < rank; d++)
		terms *= d == axis ? 1 : dims[d];
	if (l->out_scale == 0)
		l->out_scale = (float)((double)l->in_scale * (double)l->filter_scale[0] *
				       sqrt(terms) * 100);
	if (l->has_round_scales)
		l->out_scale = exp2f(roundf(log2f(l->out_scale)));
	if (l->type != ATOLL_FLOAT32 && l->is_per_channel) {
		tensor.channels = l->channels;
		tensor.scales = l->filter_scale;
		tensor.axis = (int32_t)axis;
	} else if (l->type != ATOLL_FLOAT32) {
		tensor.scale = l->filter_scale[0];
		tensor.zero_point = l->filter_zero;
	}
	l->filter = add_operand(l, &tensor, rank, dims, l->is_constant);
}

/* Sums of a sane size, or whatever a test says. */
static void fill_bias(struct layer *l, enum atoll_type type, size_t count, void *values)
{
	for (size_t c = 0; type == ATOLL_INT64 && c < count; c++)
		((int64_t *)values)[c] = (int64_t)in_range(l, -20000, 20000) * 1000;
	for (size_t c = 0; type == ATOLL_INT32 && c < count; c++)
		((int32_t *)values)[c] = in_range(l, -20000, 20000);
}

void layer_bias(struct layer *l)
{
	struct atoll_builder_tensor tensor = { .name = "bias", .type = l->type };
	int32_t dims[1] = { (int32_t)l->channels };
	int64_t values[512];

	if (!l->has_bias)
		return;
	if (l->type != ATOLL_FLOAT32) {
		bool is_wide = l->type == ATOLL_INT16 && !l->has_narrow_bias;

		tensor.type = is_wide ? ATOLL_INT64 : ATOLL_INT32;
		tensor.scale = l->in_scale * l->filter_scale[0];
		fill_bias(l, tensor.type, l->channels, values);
		tensor.data = values;
	}
	l->bias = add_operand(l, &tensor, 1, dims, l->is_constant);
}

void layer_output(struct layer *l)
{
	struct atoll_builder_tensor tensor = { .name = "output", .type = l->type };

	if (l->type != ATOLL_FLOAT32) {
		tensor.scale = l->out_scale;
		tensor.zero_point = l->out_zero;
	}
	l->s.output[l->s.op.outputs++] = graph_output(&l->s.graph, &tensor);
}

void layer_run(struct layer *l)
{
	single_open(&l->s);
	single_fill(&l->s);
	if (l->has_bias && !l->is_constant)
		fill_bias(l, l->s.in[l->bias]->type, l->channels, l->s.in[l->bias]->data);
	graph_run(&l->s.graph);
}

static int64_t stored(const struct atoll_tensor *tensor, size_t i)
{
	switch (tensor->type) {
	case ATOLL_UINT8:
		return ((const uint8_t *)tensor->data)[i];
	case ATOLL_INT8:
		return ((const int8_t *)tensor->data)[i];
	case ATOLL_INT16:
		return ((const int16_t *)tensor->data)[i];
	case ATOLL_INT32:
		return ((const int32_t *)tensor->data)[i];
	default:
		return ((const int64_t *)tensor->data)[i];
	}
}

void layer_add(struct layer *l, size_t i, size_t w)
{
	const struct atoll_tensor *input = l->s.in[l->input], *filter = l->s.in[l->filter];

	assert_true(i < input->elements && w < filter->elements);
	if (l->type == ATOLL_FLOAT32)
		l->float_sum += ((const float *)input->data)[i] *
				((const float *)filter->data)[w];
	else
		l->sum += (stored(input, i) - l->in_zero) *
			  (stored(filter, w) - l->filter_zero);
}

static int64_t floor_of_quotient(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && a < 0);
}

/* |v| / by rounded to nearest, ties up, with the sign of v. */
static int64_t nearest_quotient(int64_t v, int64_t by)
{
	return v < 0 ? -((-v + by / 2) / by) : (v + by / 2) / by;
}

static int64_t clamped(double v, int64_t low, int64_t high)
{
	return v < (double)low ? low : v > (double)high ? high : (int64_t)v;
}

static void split(double real, int64_t *mantissa, int *exponent)
{
	*mantissa = (int64_t)round(frexp(real, exponent) * 0x1p31);
	if (*mantissa == INT64_C(1) << 31) {
		*mantissa /= 2;
		++*exponent;
	}
	if (*exponent < -31)
		*mantissa = *exponent = 0;
}

int32_t layer_scaled(int64_t x, double real)
{
	int64_t mantissa, high;
	int exponent;

	split(real, &mantissa, &exponent);
	if (exponent > 0)
		x = clamped(ldexp((double)x, exponent), INT32_MIN, INT32_MAX);
	high = floor_of_quotient(x * mantissa + (INT64_C(1) << 30), INT64_C(1) << 31);
	if (exponent < 0)
		high = nearest_quotient(high, INT64_C(1) << -exponent);
	return (int32_t)high;
}

/* One rounding, by a multiplier of 16 bits. */
static int64_t scaled_wide(int64_t x, double real)
{
	int64_t mantissa, unit;
	int exponent;

	split(real, &mantissa, &exponent);
	mantissa = mantissa < 0x7fff0000 ?
		floor_of_quotient(mantissa + 0x8000, 0x10000) : 0x7fff;
	unit = INT64_C(1) << (15 - exponent);
	return floor_of_quotient(x * mantissa + unit / 2, unit);
}

void layer_range(enum atoll_type type, int8_t activation, float scale, int32_t zero,
		 int64_t *low, int64_t *high)
{
	static const float floors[] = { -1e30f, 0, -1, 0 };
	static const float ceilings[] = { 1e30f, 1e30f, 1, 6 };
	int64_t lowest = type == ATOLL_UINT8 ? 0 : type == ATOLL_INT8 ? -128 : -32768;
	int64_t highest = type == ATOLL_UINT8 ? 255 : type == ATOLL_INT8 ? 127 : 32767;

	*low = clamped((double)roundf(floors[activation] / scale) + zero, lowest, INT32_MAX);
	*high = clamped((double)roundf(ceilings[activation] / scale) + zero, INT32_MIN,
			highest);
}

static void expect_float(struct layer *l, size_t at, uint32_t channel)
{
	static const float floors[] = { -FLT_MAX, 0, -1, 0 };
	static const float ceilings[] = { FLT_MAX, FLT_MAX, 1, 6 };
	float got = ((const float *)l->s.out[0]->data)[at], wanted = l->float_sum;

	if (l->has_bias)
		wanted += ((const float *)l->s.in[l->bias]->data)[channel];
	if (wanted < floors[l->activation])
		wanted = floors[l->activation];
	if (wanted > ceilings[l->activation])
		wanted = ceilings[l->activation];
	if (memcmp(&got, &wanted, sizeof(got)) != 0 && got != wanted)
		fail_msg("output %zu is %.9g, not %.9g", at, (double)got, (double)wanted);
}

/* What one step of the sum is in output steps. */
static double step_of(const struct layer *l, uint32_t channel)
{
	bool is_float = l->type == ATOLL_UINT8 || (l->is_float_scaled && !l->is_per_channel);
	float filter = l->filter_scale[l->is_per_channel ? channel : 0];
	double product = (double)l->in_scale * (double)filter;

	if (is_float && !(l->is_exactly_scaled && l->type != ATOLL_INT16))
		product = (double)(l->in_scale * filter);
	return product / (double)l->out_scale;
}

void layer_expect(struct layer *l, size_t at, uint32_t channel)
{
	int64_t sum = l->sum, wanted, low, high, got;
	double step = step_of(l, channel);

	assert_true(at < l->s.out[0]->elements && channel < l->channels);
	if (l->type == ATOLL_FLOAT32) {
		expect_float(l, at, channel);
		l->float_sum = 0;
		return;
	}
	if (l->has_bias)
		sum += stored(l->s.in[l->bias], channel);
	if (l->type == ATOLL_INT16 && !(l->has_bias && l->has_narrow_bias))
		wanted = scaled_wide(sum, step);
	else if (l->is_exactly_scaled && l->type != ATOLL_INT16)
		wanted = clamped(round((double)sum * step), INT32_MIN, INT32_MAX);
	else
		wanted = layer_scaled((int32_t)(uint32_t)sum, step);
	wanted += l->out_zero;
	layer_range(l->type, l->activation, l->out_scale, l->out_zero, &low, &high);
	wanted = wanted < low ? low : wanted > high ? high : wanted;
	got = stored(l->s.out[0], at);
	if (got != wanted)
		fail_msg("output %zu is %lld, not %lld", at, (long long)got,
			 (long long)wanted);
	l->compared++;
	l->inside += got > low && got < high;
	l->sum = 0;
}

void layer_window(bool is_same, int32_t in, int32_t reach, int32_t stride, int32_t *out,
		  int32_t *pad)
{
	int32_t missing;

	*out = is_same ? (in + stride - 1) / stride : (in - reach) / stride + 1;
	missing = (*out - 1) * stride + reach - in;
	*pad = missing > 0 ? missing / 2 : 0;
}

void layer_repeat(enum atoll_type type, int rounds,
		  void (*round)(struct layer *l, enum atoll_type type))
{
	size_t compared = 0, inside = 0;

	for (int i = 0; i < rounds; i++) {
		struct layer l;

		round(&l, type);
		compared += l.compared;
		inside += l.inside;
		single_free(&l.s);
	}
	assert_true(type == ATOLL_FLOAT32 || inside * 8 > compared);
}
