/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/weights.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* TFLite: how far the scale of a uint8 bias may be off, in output steps. */
#define BIAS_SCALE_SLACK 0.02

/* TFLite: what the 64-bit scaling takes. */
#define WIDE_SHIFT_MAX 7
#define WIDE_SUM_MAX ((INT64_C(1) << 47) - 1)

static const struct atoll_tensor *input_or_none(const struct kernel_node *node, uint32_t i)
{
	return i < node->inputs ? node->input[i] : NULL;
}

static int check_types(const struct kernel_node *node, const struct weights_roles *roles,
		       struct atoll_error *err)
{
	uint32_t all = KERNEL_TYPE(ATOLL_UINT8) | KERNEL_TYPE(ATOLL_INT8) |
		       KERNEL_TYPE(ATOLL_INT16) | KERNEL_TYPE(ATOLL_FLOAT32);
	uint32_t filter, bias;
	enum atoll_type type;
	int r = kernel_check_input(node, roles->input, all, err);

	if (r < 0)
		return r;
	type = node->input[roles->input]->type;
	filter = KERNEL_TYPE(type == ATOLL_INT16 ? ATOLL_INT8 : type);
	bias = KERNEL_TYPE(type == ATOLL_FLOAT32 ? ATOLL_FLOAT32 : ATOLL_INT32);
	if (type == ATOLL_INT16)
		bias |= KERNEL_TYPE(ATOLL_INT64);
	r = kernel_check_input(node, roles->filter, filter, err);
	if (r == 0 && input_or_none(node, roles->bias))
		r = kernel_check_input(node, roles->bias, bias, err);
	if (r == 0)
		r = kernel_check_output(node, 0, KERNEL_TYPE(type), err);
	return r;
}

static int check_shapes(const struct kernel_node *node, const struct weights *weights,
			const struct weights_roles *roles, struct atoll_error *err)
{
	const struct atoll_tensor *filter = weights->filter, *bias = weights->bias;

	if (filter->rank <= roles->axis || filter->elements == 0)
		return kernel_error(node, err, "filter (%s): %u dimensions, %zu elements",
				    filter->name, filter->rank, filter->elements);
	if (bias && bias->elements != (size_t)filter->dims[roles->axis])
		return kernel_error(node, err, "bias (%s): %zu values for %d channels",
				    bias->name, bias->elements, filter->dims[roles->axis]);
	return 0;
}

/* One scale, or one per channel. */
static int check_filter(const struct kernel_node *node, const struct weights *weights,
			const struct weights_roles *roles, struct atoll_error *err)
{
	const struct atoll_tensor *filter = weights->filter;
	const struct atoll_quant *quant = &filter->quant;

	if (quant->channels <= 1 || filter->type == ATOLL_UINT8) {
		int r = kernel_check_quantized(node, filter, "filter", err);

		if (r < 0)
			return r;
	} else if (quant->channels != weights->channels || quant->axis != roles->axis) {
		return kernel_error(node, err, "filter (%s): %u scales along dimension %u, "
				    "expected %u along %u", filter->name, quant->channels,
				    quant->axis, weights->channels, roles->axis);
	}
	for (uint32_t c = 0; quant->channels > 1 && c < quant->channels; c++)
		if (!(quant->scales[c] >= 0) || !isfinite(quant->scales[c]))
			return kernel_error(node, err, "filter (%s): scale %u is %g",
					    filter->name, c, (double)quant->scales[c]);
	/* TFLite: convolutions never subtract one from signed weights. */
	if (filter->type == ATOLL_INT8 && quant->zero_point != 0 &&
	    (!roles->is_float_scaled || weights->type == ATOLL_INT16))
		return kernel_error(node, err, "filter (%s): int8 with zero point %d",
				    filter->name, quant->zero_point);
	return 0;
}

static int check_quantization(const struct kernel_node *node, const struct weights *weights,
			      const struct weights_roles *roles, struct atoll_error *err)
{
	const struct atoll_tensor *input = weights->input, *output = weights->output;
	const struct atoll_tensor *bias = weights->bias;
	int r = kernel_check_quantized(node, input, "input", err);

	if (r == 0)
		r = kernel_check_quantized(node, output, "output", err);
	if (r == 0)
		r = check_filter(node, weights, roles, err);
	if (r < 0)
		return r;
	if (weights->type == ATOLL_INT16 &&
	    (input->quant.zero_point != 0 || output->quant.zero_point != 0))
		return kernel_error(node, err, "int16 with zero points %d and %d",
				    input->quant.zero_point, output->quant.zero_point);
	if (weights->type == ATOLL_UINT8 && bias) {
		float product = input->quant.scale * weights->filter->quant.scale;
		double off = fabs((double)product - (double)bias->quant.scale);

		if (!(off / (double)output->quant.scale <= BIAS_SCALE_SLACK))
			return kernel_error(node, err, "bias (%s): scale %g, but input "
					    "times filter is %g", bias->name,
					    (double)bias->quant.scale, (double)product);
	}
	return 0;
}

/*
 * Real value of one step of the sum, in output steps. Whether the scales are
 * multiplied as floats or doubles moves the last bit of some results.
 */
static double sum_step(const struct weights *weights, uint32_t channel, bool is_float)
{
	const struct atoll_quant *filter = &weights->filter->quant;
	float in = weights->input->quant.scale;
	float by = filter->channels > 1 ? filter->scales[channel] : filter->scale;
	double product = is_float ? (double)(in * by) : (double)in * (double)by;

	return product / (double)weights->output->quant.scale;
}

static int set_scales(struct weights *weights, const struct kernel_node *node,
		      struct kernel_setup *setup, const struct weights_roles *roles,
		      struct atoll_error *err)
{
	uint32_t channels = weights->channels;
	bool is_float = weights->type == ATOLL_UINT8 ||
		(roles->is_float_scaled && weights->filter->quant.channels <= 1);
	bool is_exact = roles->is_exactly_scaled && weights->type != ATOLL_INT16;

	weights->scale = kernel_alloc(setup, channels * sizeof(*weights->scale));
	if (is_exact)
		weights->real_scale =
			kernel_alloc(setup, channels * sizeof(*weights->real_scale));
	if (!weights->scale || (is_exact && !weights->real_scale))
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t c = 0; c < channels; c++) {
		double step = sum_step(weights, c, is_float);

		if (!isfinite(step))
			return kernel_error(node, err, "the scales of input and filter have "
					    "no product");
		weights->scale[c] = multiplier_from(step);
		if (is_exact)
			weights->real_scale[c] = sum_step(weights, c, false);
		if (weights->type == ATOLL_INT16 && weights->scale[c].shift > WIDE_SHIFT_MAX)
			return kernel_error(node, err, "channel %u: input times filter is %g "
					    "output steps, int16 allows 128", c, step);
	}
	return 0;
}

int weights_prepare(struct weights *weights, const struct kernel_node *node,
		    struct kernel_setup *setup, const struct weights_roles *roles,
		    struct atoll_error *err)
{
	int r = check_types(node, roles, err);

	if (r < 0)
		return r;
	*weights = (struct weights){
		.input = node->input[roles->input],
		.filter = node->input[roles->filter],
		.bias = input_or_none(node, roles->bias),
		.output = node->output[0],
		.type = node->input[roles->input]->type,
	};
	r = check_shapes(node, weights, roles, err);
	if (r < 0)
		return r;
	weights->channels = (uint32_t)weights->filter->dims[roles->axis];
	weights->is_constant = weights->filter->data &&
			       (!weights->bias || weights->bias->data);
	weights->real_range = float_activation_range(roles->activation);
	if (weights->type != ATOLL_FLOAT32) {
		r = check_quantization(node, weights, roles, err);
		if (r == 0)
			r = set_scales(weights, node, setup, roles, err);
		if (r < 0)
			return r;
		weights->in_zero = weights->input->quant.zero_point;
		weights->filter_zero = weights->filter->quant.zero_point;
		weights->out_zero = weights->output->quant.zero_point;
		weights->range = quant_activation_range(roles->activation, weights->output);
	}
	return 0;
}

const void *weights_bias(const struct weights *weights)
{
	return weights->bias ? weights->bias->data : NULL;
}

bool weights_sum_in_64(const struct weights *weights)
{
	return !weights->bias || weights->bias->type == ATOLL_INT64;
}

int16_t weights_finish_16(const struct weights *weights, int64_t sum, uint32_t channel)
{
	const void *bias = weights_bias(weights);
	struct multiplier scale = weights->scale[channel];
	int32_t scaled;

	if (weights_sum_in_64(weights)) {
		if (bias && __builtin_add_overflow(sum, ((const int64_t *)bias)[channel], &sum))
			sum = ((const int64_t *)bias)[channel];
		sum = sum < -WIDE_SUM_MAX ? -WIDE_SUM_MAX :
		      sum > WIDE_SUM_MAX ? WIDE_SUM_MAX : sum;
		scaled = multiply_by_quantized_64(sum, scale);
	} else {
		uint32_t narrow = (uint32_t)sum + (uint32_t)((const int32_t *)bias)[channel];

		scaled = multiply_by_quantized((int32_t)narrow, scale);
	}
	return (int16_t)clamp_i32(scaled, weights->range.low, weights->range.high);
}
