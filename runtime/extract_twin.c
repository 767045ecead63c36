/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler leaves names, shapes and scales of the tensors it took in the
 * layers of its package, and only turns signed numbers into unsigned ones.
 */
#include "runtime/extract.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/edgetpu/package.h"

/* What a layer's numbers are in the tensor, and how far the device's zero point is
   above the tensor's. */
static const struct kind {
	enum atoll_type type;
	int32_t shift;
} kinds[] = {
	[EDGETPU_UINT8] = { ATOLL_UINT8, 0 },
	[EDGETPU_UINT16] = { ATOLL_INT16, 0 },
	[EDGETPU_INT32] = { ATOLL_INT32, 0 },
	[EDGETPU_HALF] = { ATOLL_FLOAT16, 0 },
	[EDGETPU_SINGLE] = { ATOLL_FLOAT32, 0 },
	[EDGETPU_INT8] = { ATOLL_INT8, 128 },
	[EDGETPU_INT16] = { ATOLL_INT16, 32768 },
};

/* Neither the compiler nor TFLite is strict about dimensions of 1 in front. */
static bool same_shape(const struct edgetpu_layer *layer, const struct atoll_tensor *tensor)
{
	uint32_t l = 0, t = 0;

	if (layer->bytes != tensor->bytes)
		return false;
	if (layer->rank == 0)
		return true;
	while (l < layer->rank && layer->shape[l].start == layer->shape[l].end)
		l++;
	while (t < tensor->rank && tensor->dims[t] == 1)
		t++;
	if (layer->rank - l != tensor->rank - t)
		return false;
	for (; l < layer->rank; l++, t++)
		if (layer->shape[l].end - layer->shape[l].start + 1 != tensor->dims[t])
			return false;
	return true;
}

static int check_layer(const struct edgetpu_layer *layer, const struct atoll_tensor *tensor,
		       struct atoll_error *err)
{
	const struct atoll_quant *quant = &tensor->quant;
	const struct kind *kind = &kinds[layer->type];
	char shape[ATOLL_SHAPE_TEXT];

	if (layer->type == EDGETPU_BFLOAT || kind->type != tensor->type)
		return atoll_error_set(err, -EINVAL, "tensor %.60s: %s, compiled as %s",
				       tensor->name, atoll_type_name(tensor->type),
				       edgetpu_type_name(layer->type));
	if (!same_shape(layer, tensor))
		return atoll_error_set(err, -EINVAL, "tensor %.60s: %s, compiled as %" PRIu32
				       "x%" PRIu32 "x%" PRIu32, tensor->name,
				       atoll_shape_text(tensor->rank, tensor->dims, shape),
				       layer->y, layer->x, layer->z);
	if (quant->channels == 0)
		return 0;
	if (quant->channels > 1)
		return atoll_error_set(err, -EINVAL, "tensor %.60s: one scale per channel, "
				       "compiled with one for all", tensor->name);
	if (quant->scale != layer->scale ||
	    (int64_t)quant->zero_point + kind->shift != layer->zero_point)
		return atoll_error_set(err, -EINVAL, "tensor %.60s: scale %.9g, zero point %"
				       PRId32 ", compiled with %.9g, %" PRId32, tensor->name,
				       (double)quant->scale, quant->zero_point,
				       (double)layer->scale, layer->zero_point - kind->shift);
	return 0;
}

int extract_check_layers(const struct edgetpu_executable *main,
			 const struct atoll_graph *graph, struct atoll_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i < graph->inputs && r == 0; i++)
		r = check_layer(&main->input[i], &graph->tensor[graph->input[i]], err);
	for (uint32_t i = 0; i < graph->outputs && r == 0; i++)
		r = check_layer(&main->output[i], &graph->tensor[graph->output[i]], err);
	return r;
}

static struct atoll_model *extract_layers(const struct atoll_model *model,
					  const struct edgetpu_executable *main,
					  struct atoll_error *err)
{
	uint32_t inputs = main->inputs, outputs = edgetpu_own_outputs(main);
	const char **names = calloc((size_t)inputs + outputs + 1, sizeof(*names));
	struct atoll_model *part;

	if (!names) {
		atoll_error_set(err, -ENOMEM, "%s: no memory for a part of it",
				atoll_error_path(model->path));
		return NULL;
	}
	for (uint32_t i = 0; i < inputs; i++)
		names[i] = main->input[i].name;
	for (uint32_t i = 0; i < outputs; i++)
		names[inputs + i] = main->output[i].name;
	part = extract_part(model, inputs, names, outputs, names + inputs, err);
	free(names);
	if (part && extract_check_layers(main, &part->graph[0], err) < 0) {
		atoll_error_prefix(err, "%s: not what was compiled",
				   atoll_error_path(model->path));
		atoll_model_free(part);
		return NULL;
	}
	return part;
}

ATOLL_API struct atoll_model *extract_twin(const struct atoll_model *model,
					   const uint8_t *options, size_t options_bytes,
					   struct atoll_error *err)
{
	struct edgetpu_package *package = edgetpu_package_read(options, options_bytes, err);
	struct atoll_model *part;

	if (!package)
		return NULL;
	part = extract_layers(model, package->main, err);
	edgetpu_package_free(package);
	return part;
}
