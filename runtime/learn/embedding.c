/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/embedding.h"

#include <errno.h>

#include "runtime/learn/classifier.h"
#include "runtime/learn/network.h"
#include "runtime/schema/tflite.h"

/* The same numbers, counted from 0 instead of -128. */
static struct atoll_model *as_uint8(const struct atoll_model *part, struct atoll_error *err)
{
	struct network network;
	struct atoll_model *model = NULL;

	if (network_open(&network, part, err) == 0) {
		const int32_t from = network.output[0];
		struct atoll_builder_tensor tensor = network.tensor[from];
		int32_t to;

		tensor.name = "embedding";
		tensor.type = ATOLL_UINT8;
		tensor.zero_point += 128;
		to = network_tensor(&network, &tensor);
		network_operator(&network, &(struct atoll_builder_operator){
			.code = BUILTIN_QUANTIZE, .inputs = 1, .input = &from,
			.outputs = 1, .output = &to });
		network_output(&network, to);
		model = network_model(&network, err);
	}
	network_close(&network);
	return model;
}

ATOLL_API struct atoll_model *atoll_embedding_model(const struct atoll_model *classifier,
						    struct atoll_error *err)
{
	struct classifier last;
	struct atoll_model *part, *model;

	if (classifier_find(classifier, &last, err) < 0)
		return NULL;
	part = network_cut(classifier, last.embedding, err);
	if (!part || part->graph[0].tensor[part->graph[0].output[0]].type == ATOLL_UINT8)
		return part;
	model = as_uint8(part, err);
	atoll_model_free(part);
	return model;
}

ATOLL_API int atoll_embedding_read(const struct atoll_tensor *output, float *embedding,
				   size_t size)
{
	const struct atoll_quant *quant = &output->quant;

	if (output->elements != size)
		return -EINVAL;
	if (output->type == ATOLL_FLOAT32) {
		for (size_t i = 0; i < size; i++)
			embedding[i] = ((const float *)output->data)[i];
		return 0;
	}
	if ((output->type != ATOLL_UINT8 && output->type != ATOLL_INT8) ||
	    quant->channels != 1)
		return -ENOTSUP;
	for (size_t i = 0; i < size; i++) {
		const int32_t stored = output->type == ATOLL_UINT8 ?
			((const uint8_t *)output->data)[i] : ((const int8_t *)output->data)[i];

		embedding[i] = quant->scale * (float)(stored - quant->zero_point);
	}
	return 0;
}
