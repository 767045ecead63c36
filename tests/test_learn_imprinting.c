/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/imprinting.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/learn/embedding.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/graph.h"

#define SIZE 5
#define SCALE (1 / 100.0f)   /* of the kernel, */
#define ZERO 120
#define FACTOR 10.0f

/* A model that can be imprinted, or nearly. */
struct recipe {
	const char *description;
	int32_t classes;
	int32_t norms;             /* 0, 1 or 2 */
	int32_t quantizes;         /* between norm and convolution */
	int32_t bias_zero;
	int32_t likeness_rows;     /* 1; else the embedding is [1, n, 1, D] */
	bool has_relu;             /* behind the norm */
	bool has_no_bias, has_no_softmax, has_other_output, has_flat_scores;
	bool has_no_shape;         /* only the option */
	bool is_factor_first, is_factor_signed;
};

static const struct recipe usual = {
	.description = "a base", .classes = 2, .norms = 1, .likeness_rows = 1,
};

struct kit {
	struct graph g;
	const struct recipe *recipe;
	uint8_t kernel[8 * SIZE];
	int32_t biases[8];
};

static int32_t add(struct kit *kit, const char *name, uint32_t rank, int32_t last,
		   float scale, int32_t zero)
{
	struct atoll_builder_tensor tensor = {
		.name = name, .type = ATOLL_UINT8, .rank = rank, .dims = { 1, 1, 1, 1 },
		.scale = scale, .zero_point = zero,
	};

	tensor.dims[rank - 1] = last;
	if (rank == 4)
		tensor.dims[1] = kit->recipe->likeness_rows;
	return graph_tensor(&kit->g, &tensor);
}

static int32_t pass(struct kit *kit, uint32_t code, uint8_t options_type, int32_t in,
		    int32_t out)
{
	graph_operator(&kit->g, code, options_type, 0, NULL, 1, &in, 1, &out);
	return out;
}

static int32_t add_embedding(struct kit *kit)
{
	const struct recipe *recipe = kit->recipe;
	struct atoll_builder_tensor in = {
		.name = "in", .type = ATOLL_UINT8, .rank = 4,
		.dims = { 1, recipe->likeness_rows, 1, SIZE }, .scale = 0.1f, .zero_point = 7,
	};
	int32_t at = graph_input(&kit->g, &in);

	for (int32_t i = 0; i < recipe->norms; i++)
		at = pass(kit, BUILTIN_L2_NORMALIZATION, OPTIONS_L2_NORM, at,
			  add(kit, i ? "again" : "embedding", 4, SIZE, 1 / 128.0f, 128));
	if (recipe->has_relu)
		at = pass(kit, BUILTIN_RELU, OPTIONS_NONE, at,
			  add(kit, "relu", 4, SIZE, 1 / 128.0f, 128));
	for (int32_t i = 0; i < recipe->quantizes; i++)
		at = pass(kit, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, at,
			  add(kit, i ? "twice" : "quantized", 4, SIZE, 1 / 64.0f, 100));
	return at;
}

static int32_t add_convolution(struct kit *kit, int32_t at)
{
	static const struct atoll_builder_option options[] = {
		{ .kind = ATOLL_OPTION_I8, .id = CONV_2D_PADDING, .i = PADDING_VALID },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
	};
	const struct recipe *recipe = kit->recipe;
	int32_t input[3] = { at }, out;

	input[1] = graph_tensor(&kit->g, &(struct atoll_builder_tensor){
		.name = "kernel", .type = ATOLL_UINT8, .rank = 4,
		.dims = { recipe->classes, 1, 1, SIZE }, .scale = SCALE, .zero_point = ZERO,
		.data = kit->kernel, .bytes = (size_t)recipe->classes * SIZE });
	input[2] = graph_tensor(&kit->g, &(struct atoll_builder_tensor){
		.name = "bias", .type = ATOLL_INT32, .rank = 1, .dims = { recipe->classes },
		.scale = SCALE / 128, .zero_point = recipe->bias_zero, .data = kit->biases,
		.bytes = (size_t)recipe->classes * 4 });
	out = add(kit, "likeness", 4, recipe->classes, 1 / 120.0f, 127);
	graph_operator(&kit->g, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 3, options,
		       recipe->has_no_bias ? 2 : 3, input, 1, &out);
	return out;
}

static int32_t add_product(struct kit *kit, int32_t at)
{
	static const uint8_t most = 250;
	int32_t factor = graph_tensor(&kit->g, &(struct atoll_builder_tensor){
		.name = "factor", .type = ATOLL_UINT8,
		.scale = FACTOR / 240, .zero_point = kit->recipe->is_factor_signed ? 251 : 10,
		.data = &most, .bytes = 1 });
	int32_t out = add(kit, "product", 4, kit->recipe->classes, FACTOR / 100, 90);
	const int32_t input[2] = { kit->recipe->is_factor_first ? factor : at,
				   kit->recipe->is_factor_first ? at : factor };

	graph_operator(&kit->g, BUILTIN_MUL, OPTIONS_MUL, 0, NULL, 2, input, 1, &out);
	return out;
}

static int32_t add_logits(struct kit *kit, int32_t at)
{
	static const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1,
	};
	const struct recipe *recipe = kit->recipe;
	const int32_t shape[3] = { 1, recipe->has_flat_scores ? recipe->classes / 2 :
				      recipe->classes, 2 };
	const struct atoll_builder_option option = {
		.kind = ATOLL_OPTION_I32S, .id = RESHAPE_NEW_SHAPE,
		.count = recipe->has_flat_scores ? 3 : 2, .is = shape,
	};
	struct atoll_builder_tensor logits = {
		.name = "logits", .type = ATOLL_UINT8,
		.rank = recipe->has_flat_scores ? 3 : 2, .scale = FACTOR / 100,
		.zero_point = 90,
	};
	int32_t input[2] = { at }, out;

	memcpy(logits.dims, shape, sizeof(shape));
	input[1] = graph_tensor(&kit->g, &(struct atoll_builder_tensor){
		.name = "shape", .type = ATOLL_INT32, .rank = 1,
		.dims = { (int32_t)logits.rank }, .data = shape, .bytes = 4 * logits.rank });
	out = graph_tensor(&kit->g, &logits);
	graph_operator(&kit->g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, &option,
		       recipe->has_no_shape ? 1 : 2, input, 1, &out);
	if (recipe->has_no_softmax)
		return out;
	logits.name = "scores";
	logits.scale = 1 / 256.0f;
	logits.zero_point = 0;
	at = graph_tensor(&kit->g, &logits);
	graph_operator(&kit->g, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, &beta, 1, &out, 1, &at);
	return at;
}

static struct atoll_model *cook(const struct recipe *recipe)
{
	struct kit kit = { .recipe = recipe };
	struct atoll_model *model;
	struct atoll_error err;
	int32_t at, embedding;
	void *bytes;
	size_t size;

	kit.g = graph_new();
	atoll_builder_free(kit.g.builder);
	kit.g.builder = atoll_builder_new(recipe->description);
	for (int i = 0; i < 8 * SIZE; i++)
		kit.kernel[i] = (uint8_t)(ZERO + (i * 37) % 90 - 40);
	embedding = add_embedding(&kit);
	at = add_logits(&kit, add_product(&kit, add_convolution(&kit, embedding)));
	kit.g.output[kit.g.outputs++] = recipe->has_other_output ? embedding : at;
	atoll_builder_inputs(kit.g.builder, kit.g.inputs, kit.g.input);
	atoll_builder_outputs(kit.g.builder, kit.g.outputs, kit.g.output);
	atoll_builder_metadata(kit.g.builder, "note", "kept", 4);
	atoll_builder_graph_name(kit.g.builder, "graph");
	if (atoll_builder_finish(kit.g.builder, &bytes, &size, &err) < 0)
		fail_msg("%s", err.text);
	graph_free(&kit.g);
	model = atoll_model_take_bytes(bytes, size, "base", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static struct atoll_imprinting *open(const struct atoll_model *model, bool keeps_classes)
{
	struct atoll_error err;
	struct atoll_imprinting *imprinting = atoll_imprinting_new(model, keeps_classes, &err);

	if (!imprinting)
		fail_msg("%s", err.text);
	return imprinting;
}

static struct atoll_model *finish(struct atoll_imprinting *imprinting)
{
	struct atoll_model *model;
	struct atoll_error err;
	void *bytes;
	size_t size;

	if (atoll_imprinting_finish(imprinting, &bytes, &size, &err) < 0)
		fail_msg("%s", err.text);
	model = atoll_model_take_bytes(bytes, size, "learnt", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void train(struct atoll_imprinting *imprinting, uint32_t class, const float *embedding)
{
	struct atoll_error err;

	if (atoll_imprinting_train(imprinting, embedding, SIZE, class, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct atoll_tensor *find(const struct atoll_model *model, const char *name)
{
	const struct atoll_graph *graph = &model->graph[0];

	for (uint32_t i = 0; i < graph->tensors; i++)
		if (strcmp(graph->tensor[i].name, name) == 0)
			return &graph->tensor[i];
	fail_msg("no tensor %s", name);
	return NULL;
}

/* A row of stored weights of a sum, as the rule says it. */
static void expect_row(const struct atoll_model *model, uint32_t class, const double *sum)
{
	const uint8_t *row = (const uint8_t *)find(model, "kernel")->data + class * SIZE;
	double length = 0;

	for (int i = 0; i < SIZE; i++)
		length += sum[i] * sum[i];
	length = sqrt(length);
	for (int i = 0; i < SIZE; i++) {
		const double real = length > 1e-5 ? sum[i] / length : sum[i];
		const double stored = ZERO + real / (double)SCALE;
		const double rounded = stored < 0 ? ceil(stored - 0.5) : floor(stored + 0.5);

		assert_int_equal(row[i], (int)fmin(fmax(rounded, 0), 255));
	}
}

static const float one[SIZE] = { 0.75f, -0.5f, 0.25f, 0.0f, 0.125f };
static const float two[SIZE] = { 0.5f, 0.5f, -0.25f, 0.375f, 0.0f };
static const float three[SIZE] = { -1, 0, 0, 0, 0 };

static void weights_are_the_mean_direction_of_the_examples(void **state)
{
	struct atoll_model *base = cook(&usual), *learnt;
	struct atoll_imprinting *imprinting = open(base, false);
	double sum[SIZE], other[SIZE];
	char description[64];
	double length = 0;

	(void)state;
	assert_int_equal(atoll_imprinting_size(imprinting), SIZE);
	assert_int_equal(atoll_imprinting_classes(imprinting), 0);
	train(imprinting, 0, one);
	train(imprinting, 1, three);
	train(imprinting, 0, two);
	assert_int_equal(atoll_imprinting_classes(imprinting), 2);
	assert_true(atoll_imprinting_is_trainable(imprinting, 1));
	assert_false(atoll_imprinting_is_trainable(imprinting, 2));
	learnt = finish(imprinting);
	for (int i = 0; i < SIZE; i++) {
		sum[i] = (double)one[i] + (double)two[i];
		other[i] = (double)three[i];
		length += sum[i] * sum[i];
	}
	expect_row(learnt, 0, sum);
	expect_row(learnt, 1, other); /* -100 steps below 120 */
	assert_int_equal(((const uint8_t *)find(learnt, "kernel")->data)[SIZE], 20);
	snprintf(description, sizeof(description), "0 %f\n1 1.000000\n", sqrt(length));
	assert_string_equal(learnt->description, description);
	atoll_imprinting_free(imprinting);
	atoll_model_free(learnt);
	atoll_model_free(base);
}

static void expect_tensor(const struct atoll_model *model, const char *name, int32_t classes,
			  float scale, int32_t zero)
{
	const struct atoll_tensor *tensor = find(model, name);

	assert_int_equal(tensor->dims[tensor->rank - 1], classes);
	assert_float_equal(tensor->quant.scale, scale, 1e-7);
	assert_int_equal(tensor->quant.zero_point, zero);
}

/* flatc reads it, and that the likeness of two directions is from -1 to 1. */
static void expect_range(const struct atoll_model *model)
{
	json_t *json = flatc_json(TFLITE_SCHEMA, model->bytes, model->size);
	json_t *graph = json_array_get(json_object_get(json, "subgraphs"), 0), *tensor;
	size_t i, found = 0;

	json_array_foreach(json_object_get(graph, "tensors"), i, tensor) {
		const json_t *quant = json_object_get(tensor, "quantization");
		const json_t *min = json_array_get(json_object_get(quant, "min"), 0);
		const json_t *max = json_array_get(json_object_get(quant, "max"), 0);

		if (strcmp(json_string_value(json_object_get(tensor, "name")), "likeness") != 0)
			continue;
		assert_true(json_number_value(min) == -1 && json_number_value(max) == 1);
		found++;
	}
	assert_int_equal(found, 1);
	json_decref(json);
}

static void the_graph_follows_the_number_of_classes(void **state)
{
	struct recipe recipe = usual;
	(void)state;

	recipe.bias_zero = 3;
	for (int32_t classes = 1; classes <= 6; classes++) {
		struct atoll_model *base, *learnt;
		struct atoll_imprinting *imprinting;
		struct flatbuf_vector shape;

		recipe.has_no_shape = classes % 2;
		recipe.is_factor_first = classes % 3 == 0;
		base = cook(&recipe);
		imprinting = open(base, false);
		for (int32_t c = 0; c < classes; c++)
			train(imprinting, (uint32_t)c, one);
		learnt = finish(imprinting);
		assert_int_equal(find(learnt, "kernel")->dims[0], classes);
		assert_true(find(learnt, "kernel")->quant.scale == SCALE);
		assert_int_equal(find(learnt, "kernel")->quant.zero_point, ZERO);
		assert_int_equal(find(learnt, "bias")->dims[0], classes);
		for (int32_t i = 0; i < 4 * classes; i++)
			assert_int_equal(((const uint8_t *)find(learnt, "bias")->data)[i], 3);
		expect_tensor(learnt, "likeness", classes, 1 / 128.0f, 128);
		expect_tensor(learnt, "product", classes, FACTOR / 128, 128);
		expect_tensor(learnt, "logits", classes, FACTOR / 128, 128);
		expect_tensor(learnt, "scores", classes, 1 / 256.0f, 0);
		shape = flatbuf_vector(learnt->graph[0].op[3].options, RESHAPE_NEW_SHAPE);
		assert_int_equal(flatbuf_vector_i32(shape, 1), classes);
		if (!recipe.has_no_shape)
			assert_int_equal(((const int32_t *)find(learnt, "shape")->data)[1],
					 classes);
		assert_string_equal(learnt->graph[0].name, "graph");
		assert_int_equal(learnt->metadata, 1);
		assert_memory_equal(learnt->metadatum[0].bytes, "kept", 4);
		expect_range(learnt);
		atoll_imprinting_free(imprinting);
		atoll_model_free(learnt);
		atoll_model_free(base);
	}
}

static struct atoll_session *run_on(const struct atoll_model *model)
{
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, NULL, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

/* The directions that are shown, as bytes of the input. */
static const uint8_t shown[3][SIZE] = {
	{ 107, 17, 7, 7, 27 }, { 7, 87, 57, 7, 7 }, { 17, 7, 7, 97, 47 },
};

static void what_was_shown_is_told_by_the_saved_model(void **state)
{
	struct recipe recipe = usual;

	(void)state;
	for (recipe.quantizes = 0; recipe.quantizes < 2; recipe.quantizes++) {
		struct atoll_model *base = cook(&recipe), *extractor, *learnt;
		struct atoll_imprinting *imprinting = open(base, false);
		struct atoll_session *session;
		float embedding[SIZE];

		extractor = atoll_imprinting_extractor(imprinting, NULL);
		assert_non_null(extractor);
		session = run_on(extractor);
		for (uint32_t c = 0; c < 3; c++) {
			const struct atoll_tensor *out = atoll_session_output(session, 0);

			memcpy(atoll_session_input(session, 0)->data, shown[c], SIZE);
			assert_int_equal(atoll_session_invoke(session), 0);
			assert_string_equal(out->name, "embedding");
			assert_int_equal(atoll_embedding_read(out, embedding, SIZE), 0);
			train(imprinting, c, embedding);
		}
		atoll_session_close(session);
		learnt = finish(imprinting);
		session = run_on(learnt);
		for (uint32_t c = 0; c < 3; c++) {
			const uint8_t *scores = atoll_session_output(session, 0)->data;

			memcpy(atoll_session_input(session, 0)->data, shown[c], SIZE);
			assert_int_equal(atoll_session_invoke(session), 0);
			assert_true(scores[c] > 128);
		}
		atoll_session_close(session);
		atoll_imprinting_free(imprinting);
		atoll_model_free(extractor);
		atoll_model_free(learnt);
		atoll_model_free(base);
	}
}

static void learning_goes_on_where_a_saved_model_stopped(void **state)
{
	struct atoll_model *base = cook(&usual), *first, *second;
	struct atoll_imprinting *imprinting = open(base, false);
	double length = 0, sum[SIZE];
	const uint8_t *row;

	(void)state;
	train(imprinting, 0, one);
	train(imprinting, 0, one);
	first = finish(imprinting);
	atoll_imprinting_free(imprinting);
	imprinting = open(first, true);
	assert_int_equal(atoll_imprinting_classes(imprinting), 1);
	assert_true(atoll_imprinting_is_trainable(imprinting, 0));
	train(imprinting, 0, two);
	train(imprinting, 1, three);
	second = finish(imprinting);
	/* What the file says of the first two examples: direction and length. */
	row = find(first, "kernel")->data;
	for (int i = 0; i < SIZE; i++)
		length += 4 * (double)one[i] * (double)one[i];
	length = round(sqrt(length) * 1e6) / 1e6;
	for (int i = 0; i < SIZE; i++)
		sum[i] = (double)(float)((double)(SCALE * (float)(row[i] - ZERO)) * length) +
			 (double)two[i];
	expect_row(second, 0, sum);
	assert_int_equal(strncmp(second->description, "0 ", 2), 0);
	assert_non_null(strstr(second->description, "\n1 1.000000\n"));
	atoll_imprinting_free(imprinting);
	atoll_model_free(second);
	atoll_model_free(first);
	atoll_model_free(base);
}

static void classes_of_the_base_stay_as_they_are(void **state)
{
	struct atoll_model *base = cook(&usual), *learnt;
	struct atoll_imprinting *imprinting = open(base, true);
	const uint8_t *row = find(base, "kernel")->data;
	struct atoll_error err;
	double sum[SIZE];

	(void)state;
	assert_int_equal(atoll_imprinting_classes(imprinting), 2);
	assert_false(atoll_imprinting_is_trainable(imprinting, 0));
	assert_int_equal(atoll_imprinting_train(imprinting, one, SIZE, 1, &err), -EINVAL);
	assert_string_equal(err.text, "Cannot change the base model classes not trained with "
			    "imprinting method!");
	train(imprinting, 2, two);
	learnt = finish(imprinting);
	assert_int_equal(strncmp(learnt->description, "2 ", 2), 0);
	assert_null(strchr(learnt->description, '\n')[1] ? "more" : NULL);
	for (int i = 0; i < SIZE; i++)
		sum[i] = (double)(SCALE * (float)(row[SIZE + i] - ZERO));
	expect_row(learnt, 1, sum);
	atoll_imprinting_free(imprinting);
	atoll_model_free(learnt);
	atoll_model_free(base);
}

static void a_description_that_is_not_all_lengths_is_prose(void **state)
{
	static const char *const prose[] = {
		"", "a model", "0", "0 1.5", "0 x\n", "x 1.5\n", "0 1.5\nand so on\n",
		"2 1.5\n", "99999999999999999999 1\n", "-1 1.5\n", "0 -1.5\n", " 0 1.5\n",
		"0  1.5\n", "0 nan\n", "0 1e3\n",
	};
	struct recipe recipe = usual;

	(void)state;
	for (size_t i = 0; i <= sizeof(prose) / sizeof(prose[0]); i++) {
		const bool is_last = i == sizeof(prose) / sizeof(prose[0]);
		struct atoll_model *base;
		struct atoll_imprinting *imprinting;

		recipe.description = is_last ? "1 2.250000\n" : prose[i];
		base = cook(&recipe);
		imprinting = open(base, true);
		assert_false(atoll_imprinting_is_trainable(imprinting, 0));
		assert_int_equal(atoll_imprinting_is_trainable(imprinting, 1), is_last);
		atoll_imprinting_free(imprinting);
		atoll_model_free(base);
	}
}

static void wrong_training_is_refused(void **state)
{
	struct atoll_model *base = cook(&usual);
	struct atoll_imprinting *imprinting = open(base, false);
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	assert_int_equal(atoll_imprinting_finish(imprinting, &bytes, &size, &err), -EINVAL);
	assert_string_equal(err.text, "Model is not trained.");
	assert_int_equal(atoll_imprinting_train(imprinting, one, SIZE - 1, 0, &err), -EINVAL);
	assert_string_equal(err.text, "Invalid number of weights.");
	assert_int_equal(atoll_imprinting_train(imprinting, one, SIZE, 1, &err), -EINVAL);
	assert_string_equal(err.text, "The class index of a new category is too large!");
	assert_int_equal(atoll_imprinting_classes(imprinting), 0);
	atoll_imprinting_free(imprinting);
	atoll_model_free(base);
}

static void examples_without_a_direction_do_no_harm(void **state)
{
	static const float nothing[SIZE];
	static const double sum[SIZE];
	struct atoll_model *base = cook(&usual), *learnt;
	struct atoll_imprinting *imprinting = open(base, false);

	(void)state;
	train(imprinting, 0, nothing);
	learnt = finish(imprinting);
	expect_row(learnt, 0, sum);
	assert_string_equal(learnt->description, "0 0.000000\n");
	atoll_imprinting_free(imprinting);
	atoll_model_free(learnt);
	atoll_model_free(base);
}

static void refused(struct recipe recipe, const char *text)
{
	struct atoll_model *base = cook(&recipe);
	struct atoll_error err = { 0 };

	assert_null(atoll_imprinting_new(base, false, &err));
	assert_int_equal(err.code, -ENOTSUP);
	assert_string_equal(err.text, text);
	atoll_model_free(base);
}

static void other_architectures_are_refused(void **state)
{
	struct recipe recipe = usual;

	(void)state;
	recipe.norms = 0;
	refused(recipe, "Unsupported model architecture. Input model must have an L2Norm "
		"layer.");
	recipe.norms = 2;
	refused(recipe, "Unsupported model architecture. Input model must have an L2Norm "
		"layer.");
	recipe = usual;
	recipe.has_no_softmax = true;
	refused(recipe, "The last 4 operators must be Conv2d, Mul, Reshape, Softmax");
	recipe = usual;
	recipe.quantizes = 2;
	refused(recipe, "Unsupported model architecture. L2Norm operator must be followed "
		"with the last Conv2d operator.");
	recipe.quantizes = 0;
	recipe.has_relu = true;
	refused(recipe, "Unsupported model architecture. L2Norm operator must be followed "
		"with the last Conv2d operator.");
	recipe = usual;
	recipe.likeness_rows = 2;
	refused(recipe, "Embedding extractor's output tensor should be [1, 1, 1, x]");
	recipe = usual;
	recipe.bias_zero = 256;
	refused(recipe, "bias_zero_point is out of [0, 255] range!");
	recipe.bias_zero = -1;
	refused(recipe, "bias_zero_point is out of [0, 255] range!");
	recipe = usual;
	recipe.has_flat_scores = true;
	refused(recipe, "Logit output tensor should be [1, x]");
	recipe = usual;
	recipe.has_other_output = true;
	refused(recipe, "Graph must have output from Softmax");
	recipe = usual;
	recipe.is_factor_signed = true;
	refused(recipe, "imprinting: the factor of Mul must be above 0");
}

static void a_convolution_without_a_bias_stays_without(void **state)
{
	struct recipe recipe = usual;
	struct atoll_model *base, *learnt;
	struct atoll_imprinting *imprinting;

	(void)state;
	recipe.has_no_bias = true;
	base = cook(&recipe);
	imprinting = open(base, false);
	train(imprinting, 0, one);
	learnt = finish(imprinting);
	assert_int_equal(learnt->graph[0].op[1].inputs, 2);
	atoll_session_close(run_on(learnt));
	atoll_imprinting_free(imprinting);
	atoll_model_free(learnt);
	atoll_model_free(base);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_the_mean_direction_of_the_examples),
		cmocka_unit_test(the_graph_follows_the_number_of_classes),
		cmocka_unit_test(what_was_shown_is_told_by_the_saved_model),
		cmocka_unit_test(learning_goes_on_where_a_saved_model_stopped),
		cmocka_unit_test(classes_of_the_base_stay_as_they_are),
		cmocka_unit_test(a_description_that_is_not_all_lengths_is_prose),
		cmocka_unit_test(wrong_training_is_refused),
		cmocka_unit_test(examples_without_a_direction_do_no_harm),
		cmocka_unit_test(other_architectures_are_refused),
		cmocka_unit_test(a_convolution_without_a_bias_stays_without),
	};

	return CHECK_RUN(tests);
}
