/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer that was learnt, behind the model that its embeddings came from.
 *
 *	[1, D]        FULLY_CONNECTED         SOFTMAX
 *	[1, 1, 1, D]  CONV_2D 1x1   RESHAPE   SOFTMAX
 */
#include "runtime/learn/append.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/learn/network.h"
#include "runtime/learn/regression_inside.h"
#include "runtime/schema/tflite.h"

struct append_scale append_choose(double low, double high)
{
	double scale, from_low, from_high, zero;

	low = fmin(low, 0);
	high = fmax(high, 0);
	if (low == high)
		return (struct append_scale){ 1, 0 };
	scale = (high - low) / UINT8_MAX;
	/* Either end may say where 0 lies; the one that lies nearer to it errs less. */
	from_low = -low / scale;
	from_high = UINT8_MAX - high / scale;
	zero = fabs(low / scale) < UINT8_MAX + fabs(high / scale) ? from_low : from_high;
	zero = round(fmin(fmax(zero, 0), UINT8_MAX));
	return (struct append_scale){ (float)scale, (int32_t)zero };
}

uint8_t append_store(struct append_scale scale, double real)
{
	const double stored = round(scale.zero + real / (double)scale.scale);

	return (uint8_t)fmin(fmax(stored, 0), UINT8_MAX);
}

static int check(const struct atoll_regression *regression,
		 const struct atoll_model *extractor, struct atoll_error *err)
{
	const struct atoll_graph *graph = &extractor->graph[0];
	const struct atoll_tensor *embedding;
	const char *path = atoll_error_path(extractor->path);
	char shape[ATOLL_SHAPE_TEXT];

	if (regression->logit_low > regression->logit_high)
		return atoll_error_set(err, -EINVAL, "regression: nothing was learnt yet");
	if (graph->outputs != 1)
		return atoll_error_set(err, -ENOTSUP, "%s: %u outputs, an extractor has one",
				       path, graph->outputs);
	embedding = &graph->tensor[graph->output[0]];
	if (embedding->type != ATOLL_UINT8 || embedding->quant.channels != 1)
		return atoll_error_set(err, -ENOTSUP, "%s: output of %s, only uint8 of one "
				       "scale is supported", path,
				       atoll_type_name(embedding->type));
	if ((embedding->rank != 2 && embedding->rank != 4) ||
	    embedding->elements != (size_t)embedding->dims[embedding->rank - 1] ||
	    embedding->elements != regression->config.size)
		return atoll_error_set(err, -ENOTSUP, "%s: output %s, neither [1, %u] nor "
				       "[1, 1, 1, %u]", path,
				       atoll_shape_text(embedding->rank, embedding->dims,
							shape),
				       regression->config.size, regression->config.size);
	return 0;
}

struct append {
	const struct atoll_regression *regression;
	struct network network;
	const struct atoll_tensor *embedding;
	struct append_scale weight, logit;
	uint8_t *weights;   /* [classes][size] */
	int32_t *biases;    /* [classes] */
	int32_t *shape;     /* [2] */
};

static void store_weights(struct append *append)
{
	const struct softmax_layer *layer = &append->regression->layer;
	const size_t weights = (size_t)layer->size * layer->classes;
	double low = 0, high = 0;

	for (size_t i = 0; i < weights; i++) {
		low = fmin(low, layer->weights[i]);
		high = fmax(high, layer->weights[i]);
	}
	append->weight = append_choose(low, high);
	for (uint32_t c = 0; c < layer->classes; c++)
		for (uint32_t d = 0; d < layer->size; d++)
			append->weights[(size_t)c * layer->size + d] =
				append_store(append->weight,
					     layer->weights[(size_t)d * layer->classes + c]);
}

static void store_biases(struct append *append)
{
	const double scale = (double)(append->embedding->quant.scale * append->weight.scale);

	for (uint32_t c = 0; c < append->regression->config.classes; c++) {
		const double stored = round(append->regression->layer.biases[c] / scale);

		append->biases[c] = (int32_t)fmin(fmax(stored, INT32_MIN), INT32_MAX);
	}
}

static int take(struct append *append, struct atoll_error *err)
{
	const uint32_t classes = append->regression->config.classes;
	struct memory *memory = &append->network.memory;

	append->weights = memory_take(memory,
				      (size_t)classes * append->regression->config.size);
	append->biases = memory_take(memory, classes * sizeof(*append->biases));
	append->shape = memory_take(memory, 2 * sizeof(*append->shape));
	if (!append->weights || !append->biases || !append->shape)
		return atoll_error_set(err, -ENOMEM, "regression: out of memory");
	append->shape[0] = 1;
	append->shape[1] = (int32_t)classes;
	store_weights(append);
	store_biases(append);
	append->logit = append_choose(append->regression->logit_low,
				      append->regression->logit_high);
	return 0;
}

static struct atoll_builder_tensor scores(const struct append *append, const char *name,
					  uint32_t rank)
{
	struct atoll_builder_tensor tensor = {
		.name = name, .type = ATOLL_UINT8, .rank = rank, .dims = { 1, 1, 1, 1 },
		.scale = append->logit.scale, .zero_point = append->logit.zero,
	};

	tensor.dims[rank - 1] = append->shape[1];
	return tensor;
}

/* The operands of the layer, whose weights have the embedding's rank. */
static void add_operands(struct append *append, int32_t operand[3])
{
	const uint32_t rank = append->embedding->rank;
	const uint32_t size = append->regression->config.size;
	struct atoll_builder_tensor weights = {
		.name = "learnt weights", .type = ATOLL_UINT8, .rank = rank,
		.dims = { append->shape[1], 1, 1, 1 }, .scale = append->weight.scale,
		.zero_point = append->weight.zero, .data = append->weights,
		.bytes = (size_t)append->shape[1] * size,
	};
	struct atoll_builder_tensor biases = {
		.name = "learnt biases", .type = ATOLL_INT32, .rank = 1,
		.dims = { append->shape[1] },
		.scale = append->embedding->quant.scale * append->weight.scale,
		.data = append->biases,
		.bytes = (size_t)append->shape[1] * sizeof(*append->biases),
	};

	weights.dims[rank - 1] = (int32_t)size;
	operand[0] = append->network.output[0];
	operand[1] = network_tensor(&append->network, &weights);
	operand[2] = network_tensor(&append->network, &biases);
}

static int32_t add_full(struct append *append)
{
	const struct atoll_builder_tensor out = scores(append, "learnt logits", 2);
	int32_t operand[3], logits;

	add_operands(append, operand);
	logits = network_tensor(&append->network, &out);
	network_operator(&append->network, &(struct atoll_builder_operator){
		.code = BUILTIN_FULLY_CONNECTED, .inputs = 3, .input = operand,
		.outputs = 1, .output = &logits,
		.options_type = OPTIONS_FULLY_CONNECTED });
	return logits;
}

static int32_t add_convolution(struct append *append)
{
	static const struct atoll_builder_option options[] = {
		{ .kind = ATOLL_OPTION_I8, .id = CONV_2D_PADDING, .i = PADDING_VALID },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
	};
	const struct atoll_builder_option to = {
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = 2,
		.is = append->shape,
	};
	const struct atoll_builder_tensor cell = scores(append, "learnt cell", 4);
	const struct atoll_builder_tensor out = scores(append, "learnt logits", 2);
	const struct atoll_builder_tensor shape = {
		.name = "learnt shape", .type = ATOLL_INT32, .rank = 1, .dims = { 2 },
		.data = append->shape, .bytes = 2 * sizeof(*append->shape),
	};
	int32_t operand[3], reshaped[2], logits;

	add_operands(append, operand);
	reshaped[0] = network_tensor(&append->network, &cell);
	reshaped[1] = network_tensor(&append->network, &shape);
	logits = network_tensor(&append->network, &out);
	network_operator(&append->network, &(struct atoll_builder_operator){
		.code = BUILTIN_CONV_2D, .inputs = 3, .input = operand,
		.outputs = 1, .output = reshaped,
		.options_type = OPTIONS_CONV_2D, .options = 3, .option = options });
	network_operator(&append->network, &(struct atoll_builder_operator){
		.code = BUILTIN_RESHAPE, .inputs = 2, .input = reshaped,
		.outputs = 1, .output = &logits,
		.options_type = OPTIONS_RESHAPE, .options = 1, .option = &to });
	return logits;
}

static void add_softmax(struct append *append, int32_t logits)
{
	const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1,
	};
	struct atoll_builder_tensor out = scores(append, "learnt scores", 2);
	int32_t shares;

	out.scale = 1 / 256.0f;
	out.zero_point = 0;
	shares = network_tensor(&append->network, &out);
	network_operator(&append->network, &(struct atoll_builder_operator){
		.code = BUILTIN_SOFTMAX, .inputs = 1, .input = &logits,
		.outputs = 1, .output = &shares,
		.options_type = OPTIONS_SOFTMAX, .options = 1, .option = &beta });
	network_output(&append->network, shares);
}

ATOLL_API int atoll_regression_append(const struct atoll_regression *regression,
				      const struct atoll_model *extractor, void **bytes,
				      size_t *size, struct atoll_error *err)
{
	const struct atoll_graph *graph = &extractor->graph[0];
	struct append append = { .regression = regression };
	int r = check(regression, extractor, err);

	if (r < 0)
		return r;
	append.embedding = &graph->tensor[graph->output[0]];
	r = network_open(&append.network, extractor, err);
	if (r == 0)
		r = take(&append, err);
	if (r == 0) {
		add_softmax(&append, append.embedding->rank == 2 ? add_full(&append) :
								   add_convolution(&append));
		r = network_finish(&append.network, bytes, size, err);
	}
	network_close(&append.network);
	return r;
}
