/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the keywords model from the numbers train.py leaves (the format is told
 * there). A developer's tool, part of `make train-keywords`.
 *
 *	write build/keywords/keywords.numbers keywords.tflite
 *
 * The graph is a chain with two outputs: the scores at its end, and the embedding
 * that the last layer but one makes.
 */
#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/quant.h"
#include "runtime/schema/tflite.h"

#define WEIGHTS_MAX (1 << 20)

struct chain {
	const char *path;
	FILE *in;
	struct atoll_builder *builder;
	unsigned layer;      /* for names */
	int32_t tensor;      /* what the next layer reads: */
	int32_t frames;      /* its height, */
	int32_t bands;       /* width */
	int32_t channels;
	float scale;         /* and what a step of it is worth */
	int32_t zero;
	int32_t embedding;   /* a tensor, -1 before it is there */
};

static int32_t number(struct chain *chain, int32_t low, int32_t high)
{
	int32_t value;

	if (fscanf(chain->in, "%" SCNd32, &value) != 1)
		errx(1, "%s: layer %u: a number is missing", chain->path, chain->layer);
	if (value < low || value > high)
		errx(1, "%s: layer %u: %" PRId32 " is outside %" PRId32 " to %" PRId32,
		     chain->path, chain->layer, value, low, high);
	return value;
}

static float scale(struct chain *chain)
{
	float value;

	if (fscanf(chain->in, "%f", &value) != 1 || !(value > 0))
		errx(1, "%s: layer %u: a scale is missing", chain->path, chain->layer);
	return value;
}

static void *numbers(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		err(1, "%zu numbers", count);
	return memory;
}

static const char *name(const struct chain *chain, const char *what)
{
	static char text[32];

	snprintf(text, sizeof(text), "%u/%s", chain->layer, what);
	return text;
}

/* What a layer's parameters say, and the tensors they became. */
struct parameters {
	int32_t dims[4];
	int32_t weights, bias;       /* tensors */
	float out_scale;
	int32_t out_zero;
};

/* Shape, the scale of the outputs, then one scale for each of the weights'
   slices along `axis`, the weights, and a bias for each slice. */
static void read_parameters(struct chain *chain, uint32_t rank, uint32_t axis,
			    struct parameters *p)
{
	size_t count = 1;

	for (uint32_t i = 0; i < rank; i++) {
		p->dims[i] = number(chain, 1, 4096);
		count *= (size_t)p->dims[i];
		if (count > WEIGHTS_MAX)
			errx(1, "%s: layer %u: more than %d weights",
			     chain->path, chain->layer, WEIGHTS_MAX);
	}
	p->out_scale = scale(chain);
	p->out_zero = number(chain, -128, 127);

	/* A fully connected layer has one scale for all. */
	size_t slices = (size_t)p->dims[axis];
	size_t steps = rank == 4 ? slices : 1;
	float *scales = numbers(steps, sizeof(*scales));
	float *bias_scales = numbers(steps, sizeof(*bias_scales));
	for (size_t i = 0; i < steps; i++) {
		scales[i] = scale(chain);
		bias_scales[i] = chain->scale * scales[i];
	}
	int8_t *weights = numbers(count, sizeof(*weights));
	for (size_t i = 0; i < count; i++)
		weights[i] = (int8_t)number(chain, -127, 127);
	int32_t *bias = numbers(slices, sizeof(*bias));
	for (size_t i = 0; i < slices; i++)
		bias[i] = number(chain, INT32_MIN, INT32_MAX);

	struct atoll_builder_tensor tensor = {
		.name = name(chain, "weights"), .type = ATOLL_INT8, .rank = rank,
		.data = weights, .bytes = count,
	};
	struct atoll_builder_tensor biases = {
		.name = name(chain, "bias"), .type = ATOLL_INT32,
		.rank = 1, .dims = { p->dims[axis] },
		.data = bias, .bytes = slices * sizeof(*bias),
	};
	memcpy(tensor.dims, p->dims, rank * sizeof(*p->dims));
	if (rank == 4) {
		tensor.channels = biases.channels = (uint32_t)steps;
		tensor.scales = scales;
		tensor.axis = (int32_t)axis;
		biases.scales = bias_scales;
	} else {
		tensor.scale = scales[0];
		biases.scale = bias_scales[0];
	}
	p->weights = atoll_builder_tensor(chain->builder, &tensor);
	biases.name = name(chain, "bias");
	p->bias = atoll_builder_tensor(chain->builder, &biases);
	free(scales);
	free(bias_scales);
	free(weights);
	free(bias);
}

/* The operator from chain->tensor, and what it reads besides, to `output`. */
static void append(struct chain *chain, struct atoll_builder_operator *op,
		   const struct parameters *p, const struct atoll_builder_tensor *output)
{
	int32_t out = atoll_builder_tensor(chain->builder, output);
	int32_t inputs[3] = { chain->tensor };

	if (p) {
		inputs[1] = p->weights;
		inputs[2] = p->bias;
	}
	op->inputs = p ? 3 : 1;
	op->input = inputs;
	op->outputs = 1;
	op->output = &out;
	atoll_builder_operator(chain->builder, op);
	chain->tensor = out;
	chain->scale = output->scale;
	chain->zero = (int32_t)output->zero_point;
	chain->layer++;
}

static struct atoll_builder_option integer(uint16_t id, int32_t value)
{
	return (struct atoll_builder_option){ .kind = ATOLL_OPTION_I32, .id = id, .i = value };
}

static struct atoll_builder_option choice(uint16_t id, int32_t value)
{
	return (struct atoll_builder_option){ .kind = ATOLL_OPTION_I8, .id = id, .i = value };
}

static int32_t outputs(int32_t size, int32_t kernel, int32_t stride, bool is_padded)
{
	return is_padded ? (size + stride - 1) / stride : (size - kernel) / stride + 1;
}

static void convolution(struct chain *chain, bool is_depthwise, bool is_padded)
{
	struct parameters p;
	int32_t down = number(chain, 1, 2), across = number(chain, 1, 2);

	read_parameters(chain, 4, is_depthwise ? 3 : 0, &p);
	if (p.dims[3] != chain->channels || (is_depthwise && p.dims[0] != 1))
		errx(1, "%s: layer %u: weights for %" PRId32 " channels, there are %" PRId32,
		     chain->path, chain->layer, p.dims[3], chain->channels);
	if (!is_padded && (p.dims[1] > chain->frames || p.dims[2] > chain->bands))
		errx(1, "%s: layer %u: a kernel larger than what it reads",
		     chain->path, chain->layer);
	chain->channels = is_depthwise ? p.dims[3] : p.dims[0];
	chain->frames = outputs(chain->frames, p.dims[1], down, is_padded);
	chain->bands = outputs(chain->bands, p.dims[2], across, is_padded);

	int32_t padding = is_padded ? PADDING_SAME : PADDING_VALID;
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
		.code = BUILTIN_CONV_2D, .version = 3,
		.options_type = OPTIONS_CONV_2D, .options = 4, .option = conv,
	};
	if (is_depthwise)
		op = (struct atoll_builder_operator){
			.code = BUILTIN_DEPTHWISE_CONV_2D, .version = 3,
			.options_type = OPTIONS_DEPTHWISE_CONV_2D,
			.options = 5, .option = depthwise,
		};
	append(chain, &op, &p, &(struct atoll_builder_tensor){
		.name = name(chain, is_depthwise ? "depthwise" : "convolution"),
		.type = ATOLL_INT8, .rank = 4,
		.dims = { 1, chain->frames, chain->bands, chain->channels },
		.scale = p.out_scale, .zero_point = p.out_zero,
	});
}

/* The average over all frames. */
static void pool(struct chain *chain)
{
	const struct atoll_builder_option options[] = {
		choice(POOL_2D_PADDING, PADDING_VALID),
		integer(POOL_2D_STRIDE_W, 1), integer(POOL_2D_STRIDE_H, 1),
		integer(POOL_2D_FILTER_WIDTH, chain->bands),
		integer(POOL_2D_FILTER_HEIGHT, chain->frames),
	};
	struct atoll_builder_operator op = {
		.code = BUILTIN_AVERAGE_POOL_2D, .version = 2,
		.options_type = OPTIONS_POOL_2D, .options = 5, .option = options,
	};

	chain->frames = chain->bands = 1;
	append(chain, &op, NULL, &(struct atoll_builder_tensor){
		.name = name(chain, "pool"), .type = ATOLL_INT8, .rank = 4,
		.dims = { 1, 1, 1, chain->channels },
		.scale = chain->scale, .zero_point = chain->zero,
	});
}

static void fully_connected(struct chain *chain, const char *what)
{
	struct parameters p;
	struct atoll_builder_operator op = {
		.code = BUILTIN_FULLY_CONNECTED, .version = 4,
		.options_type = OPTIONS_FULLY_CONNECTED,
	};

	read_parameters(chain, 2, 0, &p);
	if (p.dims[1] != chain->frames * chain->bands * chain->channels)
		errx(1, "%s: layer %u: weights for %" PRId32 " inputs, there are %" PRId32,
		     chain->path, chain->layer, p.dims[1],
		     chain->frames * chain->bands * chain->channels);
	chain->channels = p.dims[0];
	append(chain, &op, &p, &(struct atoll_builder_tensor){
		.name = what, .type = ATOLL_INT8,
		.rank = 2, .dims = { 1, chain->channels },
		.scale = p.out_scale, .zero_point = p.out_zero,
	});
}

static void softmax(struct chain *chain)
{
	float step = scale(chain);
	int32_t zero = number(chain, -128, 127);
	const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1,
	};
	struct atoll_builder_operator op = {
		.code = BUILTIN_SOFTMAX, .version = 2, .options_type = OPTIONS_SOFTMAX,
		.options = 1, .option = &beta,
	};

	append(chain, &op, NULL, &(struct atoll_builder_tensor){
		.name = "scores", .type = ATOLL_INT8,
		.rank = 2, .dims = { 1, chain->channels },
		.scale = step, .zero_point = zero,
	});
}

static void input(struct chain *chain)
{
	chain->frames = number(chain, 1, 1024);
	chain->bands = number(chain, 1, 1024);
	chain->channels = 1;
	chain->scale = scale(chain);
	chain->zero = number(chain, -128, 127);
	chain->tensor = atoll_builder_tensor(chain->builder, &(struct atoll_builder_tensor){
		.name = "features", .type = ATOLL_INT8,
		.rank = 4, .dims = { 1, chain->frames, chain->bands, 1 },
		.scale = chain->scale, .zero_point = chain->zero,
	});
	atoll_builder_inputs(chain->builder, 1, &chain->tensor);
	chain->layer = 1;
}

/* False after the last layer. */
static bool layer(struct chain *chain)
{
	char kind[16];

	if (fscanf(chain->in, "%15s", kind) != 1)
		errx(1, "%s: layer %u: the file ends here", chain->path, chain->layer);
	if (!strcmp(kind, "input")) {
		input(chain);
	} else if (!strcmp(kind, "conv")) {
		convolution(chain, false, true);
	} else if (!strcmp(kind, "valid")) {
		convolution(chain, false, false);
	} else if (!strcmp(kind, "depth")) {
		convolution(chain, true, true);
	} else if (!strcmp(kind, "pool")) {
		pool(chain);
	} else if (!strcmp(kind, "embed")) {
		fully_connected(chain, "embedding");
		chain->embedding = chain->tensor;
	} else if (!strcmp(kind, "full")) {
		fully_connected(chain, "logits");
	} else if (!strcmp(kind, "softmax")) {
		softmax(chain);
	} else if (!strcmp(kind, "end")) {
		return false;
	} else {
		errx(1, "%s: layer %u: \"%s\" is no layer", chain->path, chain->layer, kind);
	}
	return true;
}

static void save(struct atoll_builder *builder, const char *path)
{
	struct atoll_error error;
	void *bytes;
	size_t size;

	if (atoll_builder_finish(builder, &bytes, &size, &error))
		errx(1, "%s", error.text);
	FILE *out = fopen(path, "wb");
	if (!out)
		err(1, "%s", path);
	if (fwrite(bytes, 1, size, out) != size || fclose(out))
		err(1, "%s", path);
	free(bytes);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: write NUMBERS MODEL\n", stderr);
		return 2;
	}
	struct chain chain = {
		.path = argv[1], .in = fopen(argv[1], "r"), .embedding = -1,
	};
	if (!chain.in)
		err(1, "%s", argv[1]);
	chain.builder = atoll_builder_new("keywords: hears twenty words");
	if (!chain.builder)
		err(1, "%s", argv[2]);

	int version;
	if (fscanf(chain.in, "keywords %d", &version) != 1 || version != 1)
		errx(1, "%s: does not begin with \"keywords 1\"", argv[1]);
	while (layer(&chain))
		;
	if (chain.embedding < 0)
		errx(1, "%s: no embedding", argv[1]);
	atoll_builder_outputs(chain.builder, 2, (int32_t[]){ chain.tensor, chain.embedding });
	save(chain.builder, argv[2]);
	atoll_builder_free(chain.builder);
	fclose(chain.in);
	return 0;
}
