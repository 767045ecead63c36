/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/custom.h"

#include <errno.h>
#include <inttypes.h>

int custom_options_open(const struct kernel_node *node, struct custom_options *options,
			struct atoll_error *err)
{
	struct atoll_error why = { 0 };

	options->node = node;
	if (flexbuf_root(node->op->custom_options, node->op->custom_options_bytes,
			 &options->map, &why) < 0)
		return kernel_error(node, err, "options: %s", why.text);
	if (options->map.kind != FLEXBUF_MAP)
		return kernel_error(node, err, "options are not a FlexBuffers map");
	return 0;
}

int custom_int(const struct custom_options *options, const char *key, int32_t low,
	       int32_t high, int32_t *value, struct atoll_error *err)
{
	struct flexbuf_value found;
	int64_t number;
	int r = flexbuf_map_get(options->map, key, &found);

	if (r == -ENOENT)
		return r;
	if (r < 0 || flexbuf_as_i64(found, &number) < 0)
		return kernel_error(options->node, err, "option %s is not an integer", key);
	if (number < low || number > high)
		return kernel_error(options->node, err, "option %s is %" PRId64
				    ", expected %" PRId32 " to %" PRId32, key, number, low,
				    high);
	*value = (int32_t)number;
	return 0;
}

int custom_float(const struct custom_options *options, const char *key, float low,
		 float high, float *value, struct atoll_error *err)
{
	struct flexbuf_value found;
	double number;
	int r = flexbuf_map_get(options->map, key, &found);

	if (r == -ENOENT)
		return r;
	if (r < 0 || flexbuf_as_f64(found, &number) < 0)
		return kernel_error(options->node, err, "option %s is not a number", key);
	if (!(number >= (double)low && number <= (double)high))
		return kernel_error(options->node, err, "option %s is %g, expected %g to %g",
				    key, number, (double)low, (double)high);
	*value = (float)number;
	return 0;
}

static int missing(const struct custom_options *options, const char *key,
		   struct atoll_error *err)
{
	return kernel_error(options->node, err, "option %s is missing", key);
}

int custom_required_int(const struct custom_options *options, const char *key,
			int32_t low, int32_t high, int32_t *value,
			struct atoll_error *err)
{
	int r = custom_int(options, key, low, high, value, err);

	return r == -ENOENT ? missing(options, key, err) : r;
}

int custom_required_float(const struct custom_options *options, const char *key,
			  float low, float high, float *value, struct atoll_error *err)
{
	int r = custom_float(options, key, low, high, value, err);

	return r == -ENOENT ? missing(options, key, err) : r;
}

int custom_check_numbers(const struct kernel_node *node, uint32_t i,
			 struct atoll_error *err)
{
	int r = kernel_check_input(node, i, CUSTOM_NUMBER_TYPES, err);

	if (r < 0 || node->input[i]->type == ATOLL_FLOAT32)
		return r;
	return kernel_check_quantized(node, node->input[i], "input", err);
}

struct custom_numbers custom_numbers(const struct atoll_tensor *tensor, float factor)
{
	return (struct custom_numbers){
		.data = tensor->data,
		.type = tensor->type,
		.scale = tensor->type == ATOLL_FLOAT32 ? factor :
			tensor->quant.scale * factor,
		.zero_point = tensor->quant.zero_point,
	};
}
