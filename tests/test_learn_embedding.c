/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/embedding.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fill.h"
#include "runtime/learn/imprinting.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/graph.h"
#include "tests/must.h"

#define CARDS "apps/models/cards/cards.tflite"
#define SIZE 4

static struct atoll_session *open(const struct atoll_model *model, bool keeps_tensors)
{
	const struct atoll_session_options options = { .keeps_tensors = keeps_tensors };
	struct atoll_session *session = must_open(model, &options);

	atoll_fill(ATOLL_FILL_LCG, 0, atoll_session_input(session, 0));
	assert_int_equal(atoll_session_invoke(session), 0);
	return session;
}

static const struct atoll_tensor *find(struct atoll_session *session, const char *name)
{
	const struct atoll_graph *graph = &atoll_session_model(session)->graph[0];

	for (uint32_t i = 0; i < graph->tensors; i++)
		if (strcmp(graph->tensor[i].name, name) == 0)
			return atoll_session_tensor(session, i);
	fail_msg("no tensor %s", name);
	return NULL;
}

static void the_cards_model_without_its_last_layer_gives_what_that_read(void **state)
{
	struct atoll_model *cards = must_load(CARDS), *extractor;
	struct atoll_session *whole = open(cards, true), *cut;
	const struct atoll_tensor *out;
	struct atoll_error err;

	(void)state;
	extractor = atoll_embedding_model(cards, &err);
	if (!extractor)
		fail_msg("%s", err.text);
	assert_int_equal(extractor->graph[0].operators, cards->graph[0].operators - 2);
	json_decref(flatc_json(TFLITE_SCHEMA, extractor->bytes, extractor->size));
	cut = open(extractor, false);
	out = atoll_session_output(cut, 0);
	assert_int_equal(out->elements, 256);
	assert_memory_equal(out->data, find(whole, out->name)->data, 256);
	atoll_session_close(whole);
	atoll_session_close(cut);
	atoll_model_free(extractor);
	atoll_model_free(cards);
}

/*
 *	in [1,2,2,4] --RELU--> map --AVERAGE_POOL_2D (or MEAN)--> [1,1,1,4] --RESHAPE--> [1,4]
 *	   --FULLY_CONNECTED--> [1,3] --SOFTMAX--> scores
 */
struct recipe {
	enum atoll_type type;
	bool has_mean, has_reshape, has_other_end, has_two_outputs;
};

struct kit {
	struct graph g;
	const struct recipe *recipe;
	int32_t zero;       /* where the type begins */
};

static struct atoll_builder_tensor row(const struct kit *kit, const char *name, uint32_t rank,
				       int32_t last)
{
	struct atoll_builder_tensor tensor = {
		.name = name, .type = kit->recipe->type, .rank = rank, .dims = { 1, 1, 1, 1 },
		.scale = 0.25f, .zero_point = kit->zero,
	};

	tensor.dims[rank - 1] = last;
	return tensor;
}

static int32_t add_ints(struct kit *kit, const char *name, const int32_t values[2])
{
	return graph_tensor(&kit->g, &(struct atoll_builder_tensor){
		.name = name, .type = ATOLL_INT32, .rank = 1, .dims = { 2 },
		.data = values, .bytes = 2 * sizeof(*values) });
}

static int32_t add_map(struct kit *kit)
{
	struct atoll_builder_tensor tensor = row(kit, "in", 4, SIZE);
	int32_t in, map;

	tensor.dims[1] = tensor.dims[2] = 2;
	in = graph_input(&kit->g, &tensor);
	tensor.name = "map";
	map = graph_tensor(&kit->g, &tensor);
	graph_operator(&kit->g, BUILTIN_RELU, OPTIONS_NONE, 0, NULL, 1, &in, 1, &map);
	return map;
}

static int32_t add_mean(struct kit *kit, int32_t map)
{
	static const int32_t axes[2] = { 1, 2 };
	static const struct atoll_builder_option pool[] = {
		{ .kind = ATOLL_OPTION_I8, .id = POOL_2D_PADDING, .i = PADDING_VALID },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_W, .i = 2 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_H, .i = 2 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_WIDTH, .i = 2 },
		{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_HEIGHT, .i = 2 },
	}, keep = { .kind = ATOLL_OPTION_BOOL, .id = REDUCER_KEEP_DIMS, .i = 1 };
	const struct atoll_builder_tensor tensor = row(kit, "mean", 4, SIZE);
	const int32_t mean = graph_tensor(&kit->g, &tensor);

	if (kit->recipe->has_mean)
		graph_operator(&kit->g, BUILTIN_MEAN, OPTIONS_REDUCER, 1, &keep, 2,
			       (int32_t[]){ map, add_ints(kit, "axes", axes) }, 1, &mean);
	else
		graph_operator(&kit->g, BUILTIN_AVERAGE_POOL_2D, OPTIONS_POOL_2D, 5, pool, 1,
			       &map, 1, &mean);
	return mean;
}

static int32_t add_flat(struct kit *kit, int32_t mean)
{
	static const int32_t shape[2] = { 1, SIZE };
	const struct atoll_builder_tensor tensor = row(kit, "flat", 2, SIZE);
	const int32_t flat = graph_tensor(&kit->g, &tensor);

	graph_operator(&kit->g, BUILTIN_RESHAPE, OPTIONS_RESHAPE, 0, NULL, 2,
		       (int32_t[]){ mean, add_ints(kit, "shape", shape) }, 1, &flat);
	return flat;
}

static int32_t add_full(struct kit *kit, int32_t embedding)
{
	static const int8_t weights[3 * SIZE] = { 1, 2, 3, 4, -4, -3, -2, -1, 5, 0, 5, 0 };
	struct atoll_builder_tensor tensor = row(kit, "logits", 2, 3);
	int32_t operand[3] = { embedding, 0, -1 }, logits;

	tensor.zero_point += 128;
	logits = graph_tensor(&kit->g, &tensor);
	operand[1] = graph_tensor(&kit->g, &(struct atoll_builder_tensor){
		.name = "weights", .type = kit->recipe->type, .rank = 2, .dims = { 3, SIZE },
		.scale = 0.1f, .data = weights, .bytes = sizeof(weights) });
	graph_operator(&kit->g, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3,
		       operand, 1, &logits);
	return logits;
}

static void add_scores(struct kit *kit, int32_t logits, int32_t classes)
{
	static const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1,
	};
	struct atoll_builder_tensor tensor = row(kit, "scores", 2, classes);
	int32_t scores;

	tensor.scale = 1 / 256.0f;
	scores = graph_output(&kit->g, &tensor);
	graph_operator(&kit->g, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, &beta, 1, &logits, 1,
		       &scores);
	if (kit->recipe->has_two_outputs)
		kit->g.output[kit->g.outputs++] = logits;
}

static struct atoll_model *cook(const struct recipe *recipe)
{
	struct kit kit = { .g = graph_new(), .recipe = recipe };
	struct atoll_model *model;
	struct atoll_error err;
	int32_t at;
	void *bytes;
	size_t size;

	kit.zero = recipe->type == ATOLL_INT8 ? -128 : 0;
	at = add_mean(&kit, add_map(&kit));
	if (recipe->has_reshape)
		at = add_flat(&kit, at);
	if (recipe->has_other_end)
		add_scores(&kit, at, SIZE);
	else
		add_scores(&kit, add_full(&kit, at), 3);
	atoll_builder_inputs(kit.g.builder, kit.g.inputs, kit.g.input);
	atoll_builder_outputs(kit.g.builder, kit.g.outputs, kit.g.output);
	if (atoll_builder_finish(kit.g.builder, &bytes, &size, &err) < 0)
		fail_msg("%s", err.text);
	graph_free(&kit.g);
	model = atoll_model_take_bytes(bytes, size, "classifier", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void embeddings_are_uint8_whatever_the_classifier_is(void **state)
{
	static const struct recipe recipes[] = {
		{ .type = ATOLL_UINT8 }, { .type = ATOLL_INT8 },
		{ .type = ATOLL_INT8, .has_reshape = true, .has_mean = true },
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct atoll_model *classifier = cook(&recipes[i]);
		struct atoll_model *extractor = atoll_embedding_model(classifier, NULL);
		struct atoll_session *session;
		const struct atoll_tensor *in, *out;
		float embedding[SIZE];

		assert_non_null(extractor);
		session = open(extractor, false);
		in = atoll_session_input(session, 0);
		out = atoll_session_output(session, 0);
		assert_int_equal(out->type, ATOLL_UINT8);
		assert_int_equal(out->rank, recipes[i].has_reshape ? 2 : 4);
		assert_int_equal(atoll_embedding_read(out, embedding, SIZE), 0);
		for (int d = 0; d < SIZE; d++) {
			float mean = 0;

			for (int k = 0; k < 4; k++)
				mean += in->type == ATOLL_UINT8 ?
					((const uint8_t *)in->data)[k * SIZE + d] * 0.0625f :
					(float)(((const int8_t *)in->data)[k * SIZE + d] + 128) *
					0.0625f;
			assert_true(fabsf(embedding[d] - mean) <= 0.25f); /* a step */
		}
		atoll_session_close(session);
		atoll_model_free(extractor);
		atoll_model_free(classifier);
	}
}

/* The largest of each feature, all to length 1. */
static void expect_direction(const struct atoll_tensor *in, const float *embedding)
{
	double most[SIZE] = { 0 }, length = 0;

	for (int d = 0; d < SIZE; d++) {
		for (int k = 0; k < 4; k++)
			most[d] = fmax(most[d], in->type == ATOLL_UINT8 ?
				       ((const uint8_t *)in->data)[k * SIZE + d] :
				       ((const int8_t *)in->data)[k * SIZE + d] + 128);
		length += most[d] * most[d];
	}
	for (int d = 0; d < SIZE; d++)
		assert_true(fabs((double)embedding[d] - most[d] / sqrt(length)) <= 1 / 128.0);
}

static void any_classifier_becomes_a_base_for_imprinting(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		const struct recipe recipe = {
			.type = i & 1 ? ATOLL_INT8 : ATOLL_UINT8, .has_mean = i & 2,
			.has_reshape = i & 4,
		};
		struct atoll_model *classifier = cook(&recipe), *base, *extractor;
		struct atoll_imprinting *imprinting;
		struct atoll_session *session;
		struct atoll_error err;
		float embedding[SIZE];

		base = atoll_imprinting_base(classifier, &err);
		if (!base)
			fail_msg("%s", err.text);
		json_decref(flatc_json(TFLITE_SCHEMA, base->bytes, base->size));
		atoll_session_close(open(base, false));
		imprinting = atoll_imprinting_new(base, false, &err);
		if (!imprinting)
			fail_msg("%s", err.text);
		extractor = atoll_imprinting_extractor(imprinting, NULL);
		session = open(extractor, false);
		assert_int_equal(atoll_embedding_read(atoll_session_output(session, 0),
						      embedding, SIZE), 0);
		expect_direction(atoll_session_input(session, 0), embedding);
		atoll_session_close(session);
		atoll_imprinting_free(imprinting);
		atoll_model_free(extractor);
		atoll_model_free(base);
		atoll_model_free(classifier);
	}
}

static void refused(const struct atoll_model *model, const char *text)
{
	struct atoll_error err = { 0 };

	assert_null(atoll_embedding_model(model, &err));
	assert_int_equal(err.code, -ENOTSUP);
	assert_string_equal(err.text, text);
	assert_null(atoll_imprinting_base(model, &err));
	assert_string_equal(err.text, text);
}

static void what_is_no_classifier_is_refused(void **state)
{
	struct recipe recipe = { .type = ATOLL_UINT8, .has_other_end = true };
	struct atoll_model *model = cook(&recipe);

	(void)state;
	refused(model, "classifier: ends in AVERAGE_POOL_2D, where a classifier has "
		"FULLY_CONNECTED or CONV_2D");
	atoll_model_free(model);
	recipe.has_other_end = false;
	recipe.has_two_outputs = true;
	model = cook(&recipe);
	refused(model, "classifier: 2 outputs, a classifier has one");
	atoll_model_free(model);
}

/* Whatever loads can be asked for; what comes of it loads, too, or there is a sentence. */
static void ask_for_everything(const struct atoll_model *model)
{
	struct atoll_error err = { 0 };
	struct atoll_model *extractor = atoll_embedding_model(model, &err);
	struct atoll_model *base = atoll_imprinting_base(model, &err);
	struct atoll_imprinting *imprinting = atoll_imprinting_new(model, true, &err);

	assert_true(imprinting || (err.code < 0 && err.text[0]));
	atoll_imprinting_free(imprinting);
	atoll_model_free(extractor);
	atoll_model_free(base);
}

static void damaged_models_are_refused_or_taught(void **state)
{
	const struct recipe recipe = { .type = ATOLL_INT8, .has_reshape = true };
	struct check_random dice = { 4 };
	struct atoll_model *classifier = cook(&recipe);
	struct atoll_model *base = atoll_imprinting_base(classifier, NULL);
	const struct atoll_model *const models[2] = { classifier, base };

	(void)state;
	assert_non_null(base);
	for (int i = 0; i < 4000; i++) {
		const struct atoll_model *from = models[i % 2];
		uint8_t *bytes = malloc(from->size);
		struct atoll_model *model;

		memcpy(bytes, from->bytes, from->size);
		bytes[check_random(&dice) % from->size] = (uint8_t)check_random(&dice);
		model = atoll_model_take_bytes(bytes, from->size, "damaged", NULL);
		if (model)
			ask_for_everything(model);
		atoll_model_free(model);
	}
	atoll_model_free(base);
	atoll_model_free(classifier);
}

static void numbers_are_read_by_type_and_scale(void **state)
{
	uint8_t bytes[2] = { 130, 255 };
	float floats[2] = { 0.5f, -2 }, read[2];
	struct atoll_tensor tensor = {
		.type = ATOLL_UINT8, .elements = 2, .data = bytes,
		.quant = { .channels = 1, .scale = 0.5f, .zero_point = 128 },
	};

	(void)state;
	assert_int_equal(atoll_embedding_read(&tensor, read, 2), 0);
	assert_true(read[0] == 1 && read[1] == 63.5f);
	tensor.type = ATOLL_INT8;
	tensor.quant.zero_point = -1;
	assert_int_equal(atoll_embedding_read(&tensor, read, 2), 0);
	assert_true(read[0] == -62.5f && read[1] == 0);
	assert_int_equal(atoll_embedding_read(&tensor, read, 3), -EINVAL);
	tensor.type = ATOLL_INT16;
	assert_int_equal(atoll_embedding_read(&tensor, read, 2), -ENOTSUP);
	tensor.type = ATOLL_FLOAT32;
	tensor.data = floats;
	assert_int_equal(atoll_embedding_read(&tensor, read, 2), 0);
	assert_true(read[0] == 0.5f && read[1] == -2);
}

static void other_peoples_classifiers_can_be_taught_too(void **state)
{
	static const char *const names[] = {
		"mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant",
		"mlperf_resnet8_int8", "mlperf_vww_96_int8", "person_detect",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct atoll_model *model = must_load(check_data_path("models/%s.tflite", names[i]));
		struct atoll_error err;
		struct atoll_model *base = atoll_imprinting_base(model, &err);
		struct atoll_imprinting *imprinting;

		if (!base)
			fail_msg("%s", err.text);
		imprinting = atoll_imprinting_new(base, false, &err);
		if (!imprinting)
			fail_msg("%s", err.text);
		atoll_session_close(open(base, false));
		atoll_imprinting_free(imprinting);
		atoll_model_free(base);
		atoll_model_free(model);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cards_model_without_its_last_layer_gives_what_that_read),
		cmocka_unit_test(embeddings_are_uint8_whatever_the_classifier_is),
		cmocka_unit_test(any_classifier_becomes_a_base_for_imprinting),
		cmocka_unit_test(what_is_no_classifier_is_refused),
		cmocka_unit_test(damaged_models_are_refused_or_taught),
		cmocka_unit_test(numbers_are_read_by_type_and_scale),
		cmocka_unit_test(other_peoples_classifiers_can_be_taught_too),
	};

	return CHECK_RUN(tests);
}
