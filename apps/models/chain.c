/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/models/chain.h"

#include <err.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

#define WEIGHTS_MAX (1 << 20)

/* The file of numbers */

struct chain chain_open(const char *path, const char *name, enum atoll_type type,
			const char *description)
{
	struct chain chain = {
		.path = path, .in = fopen(path, "r"), .type = type, .embedding = -1,
		.builder = atoll_builder_new(description),
	};
	char found[16];
	int version;

	if (!chain.in || !chain.builder)
		err(1, "%s", path);
	if (fscanf(chain.in, "%15s %d", found, &version) != 2 || strcmp(found, name) != 0 ||
	    version != 1)
		errx(1, "%s: does not begin with \"%s 1\"", path, name);
	return chain;
}

int32_t chain_number(struct chain *chain, int32_t low, int32_t high)
{
	int32_t value;

	if (fscanf(chain->in, "%" SCNd32, &value) != 1)
		errx(1, "%s: layer %u: a number is missing", chain->path, chain->layer);
	if (value < low || value > high)
		errx(1, "%s: layer %u: %" PRId32 " is outside %" PRId32 " to %" PRId32,
		     chain->path, chain->layer, value, low, high);
	return value;
}

float chain_scale(struct chain *chain)
{
	float value;

	if (fscanf(chain->in, "%f", &value) != 1 || !(value > 0))
		errx(1, "%s: layer %u: a scale is missing", chain->path, chain->layer);
	return value;
}

int32_t chain_zero(struct chain *chain)
{
	return chain->type == ATOLL_INT8 ? chain_number(chain, INT8_MIN, INT8_MAX) :
		chain_number(chain, 0, UINT8_MAX);
}

void *chain_take(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		err(1, "%zu numbers", count);
	return memory;
}

const char *chain_name(const struct chain *chain, const char *what)
{
	static char text[32];

	snprintf(text, sizeof(text), "%u/%s", chain->layer, what);
	return text;
}

void chain_read(struct chain *chain, const struct chain_kind *kind, size_t kinds)
{
	char name[16];

	for (;;) {
		size_t i = 0;

		if (fscanf(chain->in, "%15s", name) != 1)
			errx(1, "%s: layer %u: the file ends here", chain->path, chain->layer);
		if (strcmp(name, "end") == 0)
			return;
		while (i < kinds && strcmp(name, kind[i].name) != 0)
			i++;
		if (i == kinds)
			errx(1, "%s: layer %u: \"%s\" is no layer", chain->path, chain->layer,
			     name);
		kind[i].read(chain);
	}
}

void chain_save(struct chain *chain, const char *path)
{
	const int32_t outputs[] = { chain->tensor, chain->embedding };
	struct atoll_error error;
	void *bytes;
	size_t size;
	FILE *out;

	atoll_builder_outputs(chain->builder, chain->embedding < 0 ? 1 : 2, outputs);
	if (atoll_builder_finish(chain->builder, &bytes, &size, &error))
		errx(1, "%s", error.text);
	out = fopen(path, "wb");
	if (!out)
		err(1, "%s", path);
	if (fwrite(bytes, 1, size, out) != size || fclose(out))
		err(1, "%s", path);
	free(bytes);
	atoll_builder_free(chain->builder);
	fclose(chain->in);
}

/* Weights */

struct chain_weights chain_shape(struct chain *chain, uint32_t rank, uint32_t axis)
{
	struct chain_weights w = { .rank = rank, .axis = axis, .count = 1 };

	for (uint32_t i = 0; i < rank; i++) {
		w.dims[i] = chain_number(chain, 1, 4096);
		w.count *= (size_t)w.dims[i];
		if (w.count > WEIGHTS_MAX)
			errx(1, "%s: layer %u: more than %d weights",
			     chain->path, chain->layer, WEIGHTS_MAX);
	}
	return w;
}

void chain_weights(struct chain *chain, struct chain_weights *w, int32_t low, int32_t high,
		   struct atoll_builder_tensor weights, struct atoll_builder_tensor biases)
{
	const size_t slices = (size_t)w->dims[w->axis];
	uint8_t *weight = chain_take(w->count, sizeof(*weight));
	int32_t *bias = chain_take(slices, sizeof(*bias));

	for (size_t i = 0; i < w->count; i++)
		weight[i] = (uint8_t)chain_number(chain, low, high);
	for (size_t i = 0; i < slices; i++)
		bias[i] = chain_number(chain, INT32_MIN, INT32_MAX);

	weights.name = chain_name(chain, "weights");
	weights.type = chain->type;
	weights.rank = w->rank;
	memcpy(weights.dims, w->dims, w->rank * sizeof(*w->dims));
	weights.data = weight;
	weights.bytes = w->count;
	w->weights = atoll_builder_tensor(chain->builder, &weights);

	biases.name = chain_name(chain, "bias");
	biases.type = ATOLL_INT32;
	biases.rank = 1;
	biases.dims[0] = w->dims[w->axis];
	biases.data = bias;
	biases.bytes = slices * sizeof(*bias);
	w->biases = atoll_builder_tensor(chain->builder, &biases);
	free(weight);
	free(bias);
}

/* Layers */

/* The operator from chain->tensor, and what it reads besides, to `output`. */
static void append(struct chain *chain, struct atoll_builder_operator *op,
		   const struct chain_weights *w, const struct atoll_builder_tensor *output)
{
	int32_t out = atoll_builder_tensor(chain->builder, output);
	int32_t inputs[3] = { chain->tensor };

	if (w) {
		inputs[1] = w->weights;
		inputs[2] = w->biases;
	}
	op->inputs = w ? 3 : 1;
	op->input = inputs;
	op->outputs = 1;
	op->output = &out;
	atoll_builder_operator(chain->builder, op);
	chain->tensor = out;
	chain->scale = output->scale;
	chain->zero = (int32_t)output->zero_point;
	chain->layer++;
}

/* Operators take uint8 from the first version on, int8 from a later one, which the
   schema's register of operators tells for each. */
static int32_t version(const struct chain *chain, int32_t of_int8)
{
	return chain->type == ATOLL_INT8 ? of_int8 : 1;
}

static struct atoll_builder_option integer(uint16_t id, int32_t value)
{
	return (struct atoll_builder_option){ .kind = ATOLL_OPTION_I32, .id = id, .i = value };
}

static struct atoll_builder_option choice(uint16_t id, int32_t value)
{
	return (struct atoll_builder_option){ .kind = ATOLL_OPTION_I8, .id = id, .i = value };
}

void chain_input(struct chain *chain, const char *name)
{
	chain->scale = chain_scale(chain);
	chain->zero = chain_zero(chain);
	chain->tensor = atoll_builder_tensor(chain->builder, &(struct atoll_builder_tensor){
		.name = name, .type = chain->type, .rank = 4,
		.dims = { 1, chain->height, chain->width, chain->channels },
		.scale = chain->scale, .zero_point = chain->zero,
	});
	atoll_builder_inputs(chain->builder, 1, &chain->tensor);
	chain->layer = 1;
}

static int32_t outputs(int32_t size, int32_t kernel, int32_t stride, bool is_padded)
{
	return is_padded ? (size + stride - 1) / stride : (size - kernel) / stride + 1;
}

void chain_convolution(struct chain *chain, const struct chain_weights *w, bool is_depthwise,
		       int32_t down, int32_t across, bool is_padded)
{
	const int32_t padding = is_padded ? PADDING_SAME : PADDING_VALID;
	const struct atoll_builder_option conv[] = {
		choice(CONV_2D_PADDING, padding),
		integer(CONV_2D_STRIDE_W, across), integer(CONV_2D_STRIDE_H, down),
		choice(CONV_2D_FUSED_ACTIVATION, ACTIVATION_RELU6),
	};
	const struct atoll_builder_option depthwise[] = {
		choice(DEPTHWISE_CONV_2D_PADDING, padding),
		integer(DEPTHWISE_CONV_2D_STRIDE_W, across),
		integer(DEPTHWISE_CONV_2D_STRIDE_H, down),
		integer(DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER, 1),
		choice(DEPTHWISE_CONV_2D_FUSED_ACTIVATION, ACTIVATION_RELU6),
	};
	struct atoll_builder_operator op = {
		.code = BUILTIN_CONV_2D, .version = version(chain, 3),
		.options_type = OPTIONS_CONV_2D, .options = 4, .option = conv,
	};

	if (w->dims[3] != chain->channels || (is_depthwise && w->dims[0] != 1))
		errx(1, "%s: layer %u: weights for %" PRId32 " channels, there are %" PRId32,
		     chain->path, chain->layer, w->dims[3], chain->channels);
	if (!is_padded && (w->dims[1] > chain->height || w->dims[2] > chain->width))
		errx(1, "%s: layer %u: a kernel larger than what it reads",
		     chain->path, chain->layer);
	if (is_depthwise)
		op = (struct atoll_builder_operator){
			.code = BUILTIN_DEPTHWISE_CONV_2D, .version = version(chain, 3),
			.options_type = OPTIONS_DEPTHWISE_CONV_2D,
			.options = 5, .option = depthwise,
		};
	chain->channels = w->dims[w->axis];
	chain->height = outputs(chain->height, w->dims[1], down, is_padded);
	chain->width = outputs(chain->width, w->dims[2], across, is_padded);
	append(chain, &op, w, &(struct atoll_builder_tensor){
		.name = chain_name(chain, is_depthwise ? "depthwise" : "convolution"),
		.type = chain->type, .rank = 4,
		.dims = { 1, chain->height, chain->width, chain->channels },
		.scale = w->out_scale, .zero_point = w->out_zero,
	});
}

void chain_pool(struct chain *chain, int32_t stride)
{
	const struct atoll_builder_option options[] = {
		choice(POOL_2D_PADDING, PADDING_VALID),
		integer(POOL_2D_STRIDE_W, stride), integer(POOL_2D_STRIDE_H, stride),
		integer(POOL_2D_FILTER_WIDTH, chain->width),
		integer(POOL_2D_FILTER_HEIGHT, chain->height),
	};
	struct atoll_builder_operator op = {
		.code = BUILTIN_AVERAGE_POOL_2D, .version = version(chain, 2),
		.options_type = OPTIONS_POOL_2D, .options = 5, .option = options,
	};

	chain->height = chain->width = 1;
	append(chain, &op, NULL, &(struct atoll_builder_tensor){
		.name = chain_name(chain, "pool"), .type = chain->type, .rank = 4,
		.dims = { 1, 1, 1, chain->channels },
		.scale = chain->scale, .zero_point = chain->zero,
	});
}

void chain_full(struct chain *chain, const struct chain_weights *w, const char *name)
{
	const int32_t inputs = chain->height * chain->width * chain->channels;
	struct atoll_builder_operator op = {
		.code = BUILTIN_FULLY_CONNECTED, .version = version(chain, 4),
		.options_type = OPTIONS_FULLY_CONNECTED,
	};

	if (w->dims[1] != inputs)
		errx(1, "%s: layer %u: weights for %" PRId32 " inputs, there are %" PRId32,
		     chain->path, chain->layer, w->dims[1], inputs);
	chain->height = chain->width = 1;
	chain->channels = w->dims[0];
	append(chain, &op, w, &(struct atoll_builder_tensor){
		.name = name, .type = chain->type,
		.rank = 2, .dims = { 1, chain->channels },
		.scale = w->out_scale, .zero_point = w->out_zero,
	});
}

void chain_softmax(struct chain *chain)
{
	const float step = chain_scale(chain);
	const int32_t zero = chain_zero(chain);
	const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1,
	};
	struct atoll_builder_operator op = {
		.code = BUILTIN_SOFTMAX, .version = version(chain, 2),
		.options_type = OPTIONS_SOFTMAX, .options = 1, .option = &beta,
	};

	append(chain, &op, NULL, &(struct atoll_builder_tensor){
		.name = "scores", .type = chain->type,
		.rank = 2, .dims = { 1, chain->channels },
		.scale = step, .zero_point = zero,
	});
}
