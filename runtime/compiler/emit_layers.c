/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/emit_layers.h"

#include <errno.h>

#include "runtime/compiler/spread.h"

/* The chip has 8 MiB, and the vendor's compiler gives up well before this. */
#define LAYER_BYTES_MAX (64 << 20)

/* The device's number of a type, and how far its zero point is above the tensor's. */
static int set_type(const struct atoll_tensor *tensor, struct edgetpu_layer *layer)
{
	layer->element = (uint32_t)atoll_type_bytes(tensor->type);
	layer->scale = tensor->quant.scale;
	layer->zero_point = tensor->quant.zero_point;
	switch (tensor->type) {
	case ATOLL_UINT8:
		layer->type = EDGETPU_UINT8;
		return 0;
	case ATOLL_INT8:
		layer->type = EDGETPU_INT8;
		layer->zero_point += 128;
		break;
	case ATOLL_INT16:
		layer->type = EDGETPU_INT16;
		layer->zero_point += 32768;
		break;
	default:
		return -EINVAL;
	}
	layer->is_signed = true;
	return 0;
}

/* The three innermost dimensions. */
static void set_sizes(const struct atoll_tensor *tensor, struct edgetpu_layer *layer)
{
	uint32_t rank = tensor->rank;

	layer->z = rank > 0 ? (uint32_t)tensor->dims[rank - 1] : 1;
	layer->x = rank > 1 ? (uint32_t)tensor->dims[rank - 2] : 1;
	layer->y = rank > 2 ? (uint32_t)tensor->dims[rank - 3] : 1;
	layer->bytes = (size_t)layer->y * layer->x * layer->z * layer->element;
	layer->size = (uint32_t)((layer->bytes + 7) / 8 * 8);
}

/* Of outputs alone; five dimensions can be told. */
static void set_shape(const struct atoll_tensor *tensor, struct edgetpu_layer *layer)
{
	uint32_t skipped = tensor->rank > 5 ? tensor->rank - 5 : 0;

	layer->rank = tensor->rank - skipped;
	for (uint32_t i = 0; i < layer->rank; i++)
		layer->shape[i] = (struct edgetpu_range){
			.start = 0, .end = tensor->dims[skipped + i] - 1,
		};
}

static int check(const struct atoll_tensor *tensor, const struct edgetpu_layer *layer,
		 struct atoll_error *err)
{
	char shape[ATOLL_SHAPE_TEXT];

	if (layer->bytes > LAYER_BYTES_MAX)
		return atoll_error_set(err, -EFBIG, "tensor %.60s: %zu bytes, at most %d can "
				       "be taken", tensor->name, layer->bytes,
				       LAYER_BYTES_MAX);
	if (layer->bytes == 0 || layer->bytes != tensor->bytes)
		return atoll_error_set(err, -EINVAL, "tensor %.60s: %s is no shape of layers",
				       tensor->name,
				       atoll_shape_text(tensor->rank, tensor->dims, shape));
	return 0;
}

int emit_layer(const struct compiler_graph *graph, int32_t index, struct edgetpu_layer *layer,
	       struct atoll_error *err)
{
	const struct atoll_tensor *tensor = &graph->graph->tensor[index];
	int r = 0;

	*layer = (struct edgetpu_layer){
		.name = tensor->name, .executions = 1, .state_of = -1,
		.layout = { .is_flat = true },
	};
	if (set_type(tensor, layer) < 0)
		r = atoll_error_set(err, -EINVAL, "tensor %.60s: %s is no type of layers",
				    tensor->name, atoll_type_name(tensor->type));
	if (r == 0) {
		set_sizes(tensor, layer);
		r = check(tensor, layer, err);
	}
	if (r < 0)
		(void)atoll_error_prefix(err, "%s", atoll_error_path(graph->model->path));
	return r;
}

int emit_output(const struct compiler_graph *graph, int32_t index, struct memory *memory,
		struct edgetpu_layer *layer, struct atoll_error *err)
{
	int r = emit_layer(graph, index, layer, err);

	if (r < 0)
		return r;
	set_shape(&graph->graph->tensor[index], layer);
	if (spread_output(layer, memory))
		return 0;
	return atoll_error_set(err, -ENOMEM, "%s: no memory to compile it",
			       atoll_error_path(graph->model->path));
}
