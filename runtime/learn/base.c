/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A classifier becomes a model that can be imprinted:
 *
 *	... AVERAGE_POOL_2D  FULLY_CONNECTED  SOFTMAX
 *	... MAX_POOL_2D  L2_NORMALIZATION  CONV_2D  MUL  RESHAPE  SOFTMAX
 *
 * The largest value instead of the mean: taught from 5 pictures each, signs that the
 * cards model had never seen were told apart in 94 of 100 pictures instead of 89 (at 20
 * different seeds of tests/test_learn_cards.c).
 */
#include "runtime/learn/imprinting.h"

#include <errno.h>

#include "runtime/learn/classifier.h"
#include "runtime/learn/network.h"
#include "runtime/schema/tflite.h"

/* Likenesses of different things differ by a tenth or so; times this much, SOFTMAX
   makes scores of it that are neither all alike nor all 0 and 1. */
#define FACTOR 50.0f

#define STEP (1 / 128.0f)
#define ZERO 128

static int32_t add_tensor(struct network *network, struct atoll_builder_tensor tensor)
{
	return network_tensor(network, &tensor);
}

static int32_t add_operator(struct network *network, struct atoll_builder_operator op,
			    int32_t out)
{
	op.outputs = 1;
	op.output = &out;
	network_operator(network, &op);
	return out;
}

/* The largest value of each channel. */
static int32_t add_pool(struct network *network, int32_t in)
{
	struct atoll_builder_tensor pooled = network->tensor[in];
	const struct atoll_builder_option options[] = {
		{ .kind = ATOLL_OPTION_I8, .id = POOL_2D_PADDING, .i = PADDING_VALID },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_W, .i = pooled.dims[2] },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_H, .i = pooled.dims[1] },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_WIDTH, .i = pooled.dims[2] },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_HEIGHT, .i = pooled.dims[1] },
	};

	pooled.name = "largest";
	pooled.dims[1] = pooled.dims[2] = 1;
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_MAX_POOL_2D, .inputs = 1, .input = &in,
		.options_type = OPTIONS_POOL_2D, .options = 5, .option = options,
	}, add_tensor(network, pooled));
}

/* To [1, 1, 1, size]. */
static int32_t add_spread(struct network *network, int32_t in)
{
	struct atoll_builder_tensor spread = network->tensor[in];
	int32_t size = spread.dims[spread.rank - 1];
	int32_t *shape = memory_take(&network->memory, 4 * sizeof(*shape));
	struct atoll_builder_option option = {
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = 4, .is = shape,
	};

	if (!shape)
		return -1;
	spread.name = "spread";
	spread.rank = 4;
	for (int i = 0; i < 4; i++)
		spread.dims[i] = shape[i] = i < 3 ? 1 : size;
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_RESHAPE, .inputs = 1, .input = &in,
		.options_type = OPTIONS_RESHAPE, .options = 1, .option = &option,
	}, add_tensor(network, spread));
}

/* int8 counts from -128. */
static int32_t add_shift(struct network *network, int32_t in)
{
	struct atoll_builder_tensor shifted = network->tensor[in];

	shifted.name = "shifted";
	shifted.type = ATOLL_UINT8;
	shifted.zero_point += ZERO;
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_QUANTIZE, .inputs = 1, .input = &in,
	}, add_tensor(network, shifted));
}

static struct atoll_builder_tensor row(const char *name, uint32_t rank, int32_t last,
				       float scale)
{
	struct atoll_builder_tensor tensor = {
		.name = name, .type = ATOLL_UINT8, .rank = rank,
		.dims = { 1, 1, 1, 1 }, .scale = scale, .zero_point = ZERO,
	};

	tensor.dims[rank - 1] = last;
	return tensor;
}

/* One class, its weights the zeros `weights` [size]. */
static int32_t add_likeness(struct network *network, int32_t in, int32_t size,
			    const uint8_t *weights)
{
	static const int32_t bias = 0;
	static const struct atoll_builder_option options[] = {
		{ .kind = ATOLL_OPTION_I8, .id = CONV_2D_PADDING, .i = PADDING_VALID },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
	};
	struct atoll_builder_tensor kernel = row("weights", 4, size, STEP);
	int32_t inputs[3] = { in };

	kernel.data = weights;
	kernel.bytes = (size_t)size;
	inputs[1] = add_tensor(network, kernel);
	inputs[2] = add_tensor(network, (struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { 1 },
		.scale = STEP * STEP, .data = &bias, .bytes = sizeof(bias) });
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_CONV_2D, .inputs = 3, .input = inputs,
		.options_type = OPTIONS_CONV_2D, .options = 3, .option = options,
	}, add_tensor(network, row("likeness", 4, 1, STEP)));
}

static int32_t add_product(struct network *network, int32_t in)
{
	static const uint8_t most = UINT8_MAX;
	int32_t inputs[2] = { in };

	inputs[1] = add_tensor(network, (struct atoll_builder_tensor){
		.name = "factor", .type = ATOLL_UINT8, .scale = FACTOR / UINT8_MAX,
		.data = &most, .bytes = 1 });
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_MUL, .inputs = 2, .input = inputs,
		.options_type = OPTIONS_MUL,
	}, add_tensor(network, row("product", 4, 1, FACTOR * STEP)));
}

static int32_t add_logits(struct network *network, int32_t in)
{
	static const int32_t shape[2] = { 1, 1 };
	static const struct atoll_builder_option option = {
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE, .count = 2, .is = shape,
	};
	int32_t inputs[2] = { in };

	inputs[1] = add_tensor(network, (struct atoll_builder_tensor){
		.name = "shape", .type = ATOLL_INT32, .rank = 1, .dims = { 2 },
		.data = shape, .bytes = sizeof(shape) });
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_RESHAPE, .inputs = 2, .input = inputs,
		.options_type = OPTIONS_RESHAPE, .options = 1, .option = &option,
	}, add_tensor(network, row("logits", 2, 1, FACTOR * STEP)));
}

static int32_t add_scores(struct network *network, int32_t in)
{
	static const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1,
	};
	struct atoll_builder_tensor scores = row("scores", 2, 1, 1 / 256.0f);

	scores.zero_point = 0;
	return add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_SOFTMAX, .inputs = 1, .input = &in,
		.options_type = OPTIONS_SOFTMAX, .options = 1, .option = &beta,
	}, add_tensor(network, scores));
}

/* All that comes behind the embedding `at`, or the map before it. */
static struct atoll_model *add_head(struct network *network, int32_t at,
				    struct atoll_error *err)
{
	const struct atoll_builder_tensor *from = &network->tensor[at];
	const int32_t size = from->dims[from->rank - 1];
	uint8_t *weights = memory_take(&network->memory, (size_t)size);

	if (from->rank == 4 && (from->dims[1] != 1 || from->dims[2] != 1))
		at = add_pool(network, at);
	else if (from->rank != 4)
		at = add_spread(network, at);
	if (!weights || at < 0) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory",
				atoll_error_path(network->model->path));
		return NULL;
	}
	for (int32_t i = 0; i < size; i++)
		weights[i] = ZERO;
	if (network->tensor[at].type == ATOLL_INT8)
		at = add_shift(network, at);
	at = add_operator(network, (struct atoll_builder_operator){
		.code = BUILTIN_L2_NORMALIZATION, .inputs = 1, .input = &at,
		.options_type = OPTIONS_L2_NORM,
	}, add_tensor(network, row("embedding", 4, size, STEP)));
	at = add_likeness(network, at, size, weights);
	at = add_product(network, at);
	at = add_logits(network, at);
	network_output(network, add_scores(network, at));
	return network_model(network, err);
}

ATOLL_API struct atoll_model *atoll_imprinting_base(const struct atoll_model *classifier,
						    struct atoll_error *err)
{
	struct classifier last;
	struct network network;
	struct atoll_model *part, *base = NULL;

	if (classifier_find(classifier, &last, err) < 0)
		return NULL;
	part = network_cut(classifier, last.map >= 0 ? last.map : last.embedding, err);
	if (!part)
		return NULL;
	if (network_open(&network, part, err) == 0)
		base = add_head(&network, network.output[0], err);
	network_close(&network);
	atoll_model_free(part);
	return base;
}
