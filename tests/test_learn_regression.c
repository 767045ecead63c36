/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/regression.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fill.h"
#include "runtime/learn/append.h"
#include "runtime/learn/random.h"
#include "runtime/learn/softmax.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/graph.h"

#define SIZE 6
#define CLASSES 3
#define COUNT 12

/* Three heaps of embeddings, a little apart, as bytes of scale 1/64 around 0. */
static void make_examples(float x[COUNT][SIZE], uint32_t label[COUNT])
{
	struct check_random dice = { 5 };

	for (uint32_t i = 0; i < COUNT; i++) {
		label[i] = i % CLASSES;
		for (uint32_t d = 0; d < SIZE; d++) {
			const int32_t stored = check_random_in(&dice, 0, 100) +
					       (d == label[i] ? 100 : 0);

			x[i][d] = (float)stored / 64;
		}
	}
}

static void expect_near(double value, double expected, double at_most)
{
	if (!(fabs(value - expected) <= at_most))
		fail_msg("%.12g, not %.12g", value, expected);
}

static struct atoll_regression *new_regression(double weight_scale)
{
	const struct atoll_regression_config config = {
		.size = SIZE, .classes = CLASSES, .weight_scale = weight_scale,
		.regularization = 0.5, .seed = 11,
	};
	struct atoll_error err;
	struct atoll_regression *regression = atoll_regression_new(&config, &err);

	if (!regression)
		fail_msg("%s", err.text);
	return regression;
}

/* What the formulas say, written once more: with the matrix diag(p) - p^T p. */
struct reference {
	double w[SIZE][CLASSES], b[CLASSES];
	double low, high, loss;
};

static void reference_logits(const struct reference *ref, const float *x, double *z)
{
	for (int c = 0; c < CLASSES; c++) {
		z[c] = ref->b[c];
		for (int d = 0; d < SIZE; d++)
			z[c] += (double)x[d] * ref->w[d][c];
	}
}

static void reference_shares(const double *z, double *p)
{
	const double most = fmax(z[0], fmax(z[1], z[2]));
	const double sum = exp(z[0] - most) + exp(z[1] - most) + exp(z[2] - most);

	for (int c = 0; c < CLASSES; c++)
		p[c] = exp(z[c] - most) / sum;
}

static void reference_step(struct reference *ref, float x[COUNT][SIZE], const uint32_t *label,
			   const uint32_t *pick, uint32_t batch, double rate)
{
	double dw[SIZE][CLASSES] = { { 0 } }, db[CLASSES] = { 0 };

	ref->loss = 0;
	for (uint32_t i = 0; i < batch; i++) {
		const uint32_t at = pick[i];
		double z[CLASSES], p[CLASSES];

		reference_logits(ref, x[at], z);
		reference_shares(z, p);
		ref->loss -= log(p[label[at]]) / batch;
		for (int c = 0; c < CLASSES; c++) {
			const double dp = -1 / p[label[at]] / batch;
			const double dz = dp * ((c == (int)label[at] ? p[c] : 0) -
						p[label[at]] * p[c]);

			ref->low = fmin(ref->low, z[c]);
			ref->high = fmax(ref->high, z[c]);
			db[c] += dz;
			for (int d = 0; d < SIZE; d++)
				dw[d][c] += (double)x[at][d] * dz;
		}
	}
	for (int c = 0; c < CLASSES; c++) {
		ref->b[c] -= rate * db[c];
		for (int d = 0; d < SIZE; d++)
			ref->w[d][c] -= rate * dw[d][c];
	}
}

struct told {
	struct atoll_regression_report report[8];
	uint32_t reports;
};

static void note(void *data, const struct atoll_regression_report *report)
{
	struct told *told = data;

	told->report[told->reports++ % 8] = *report;
}

static void it_computes_what_the_formulas_say(void **state)
{
	const uint32_t batch = 7, iterations = 40;
	struct atoll_regression *regression = new_regression(0.3);
	struct told told = { .reports = 0 };
	const struct atoll_regression_training training = {
		.learning_rate = 0.2, .iterations = iterations, .batch = batch,
		.report_every = 10, .report = note, .data = &told,
	};
	struct reference ref = { .low = INFINITY, .high = -INFINITY };
	struct random random = { 11 };
	float x[COUNT][SIZE];
	uint32_t label[COUNT], pick[7];
	struct atoll_examples examples = { x[0], label, COUNT };

	(void)state;
	make_examples(x, label);
	for (int d = 0; d < SIZE; d++)
		for (int c = 0; c < CLASSES; c++)
			ref.w[d][c] = 0.3 * random_normal(&random);
	assert_memory_equal(ref.w, atoll_regression_weights(regression), sizeof(ref.w));
	assert_int_equal(atoll_regression_train(regression, &training, &examples, NULL), 0);
	for (uint32_t k = 0; k < iterations; k++) {
		double penalty = 0;

		for (int d = 0; d < SIZE; d++)
			for (int i = 0; i < CLASSES; i++)
				for (int j = 0; j < CLASSES; j++)
					penalty += 0.25 * ref.w[d][i] * ref.w[d][j];
		for (uint32_t i = 0; i < batch; i++)
			pick[i] = random_below(&random, COUNT);
		reference_step(&ref, x, label, pick, batch, 0.2);
		if (k % 10 == 0) {
			assert_int_equal(told.report[k / 10].iteration, k);
			expect_near(told.report[k / 10].loss, ref.loss, 1e-9);
			expect_near(told.report[k / 10].penalty, penalty, 1e-9);
		}
	}
	assert_int_equal(told.reports, 4);
	for (int d = 0; d < SIZE; d++)
		for (int c = 0; c < CLASSES; c++)
			expect_near(atoll_regression_weights(regression)[d * CLASSES + c],
					   ref.w[d][c], 1e-9);
	for (int c = 0; c < CLASSES; c++)
		expect_near(atoll_regression_biases(regression)[c], ref.b[c], 1e-9);
	atoll_regression_free(regression);
}

static double loss_of(const struct softmax_layer *layer, const struct softmax_batch *batch)
{
	double z[COUNT * CLASSES];

	softmax_logits(layer, batch, z);
	softmax_shares(layer, batch, z);
	return softmax_loss(layer, batch, z);
}

static void the_gradient_is_that_of_the_loss(void **state)
{
	const double little = 1e-5;
	double w[SIZE * CLASSES], b[CLASSES], dw[SIZE * CLASSES], db[CLASSES];
	double z[COUNT * CLASSES];
	struct softmax_layer layer = { SIZE, CLASSES, w, b };
	struct random random = { 3 };
	float x[COUNT][SIZE];
	uint32_t label[COUNT];
	const struct softmax_batch batch = { .x = x[0], .label = label, .rows = COUNT };

	(void)state;
	make_examples(x, label);
	for (int i = 0; i < SIZE * CLASSES; i++)
		w[i] = random_normal(&random);
	for (int c = 0; c < CLASSES; c++)
		b[c] = random_normal(&random);
	softmax_logits(&layer, &batch, z);
	softmax_shares(&layer, &batch, z);
	softmax_gradient(&layer, &batch, z, dw, db);
	for (int i = 0; i < SIZE * CLASSES + CLASSES; i++) {
		double *at = i < SIZE * CLASSES ? &w[i] : &b[i - SIZE * CLASSES];
		const double told = i < SIZE * CLASSES ? dw[i] : db[i - SIZE * CLASSES];
		const double was = *at;
		double above, below;

		*at = was + little;
		above = loss_of(&layer, &batch);
		*at = was - little;
		below = loss_of(&layer, &batch);
		*at = was;
		expect_near((above - below) / (2 * little), told, 1e-7);
	}
}

static void large_logits_do_not_overflow(void **state)
{
	double w[2] = { 5000, -5000 }, b[2] = { 0, 0 }, z[4], dw[2], db[2];
	const struct softmax_layer layer = { 1, 2, w, b };
	const float x[2] = { 1, -1 };
	const uint32_t label[2] = { 0, 0 };
	const struct softmax_batch batch = { .x = x, .label = label, .rows = 2 };

	(void)state;
	softmax_logits(&layer, &batch, z);
	assert_int_equal(softmax_hits(&layer, &batch, z), 1);
	softmax_shares(&layer, &batch, z);
	assert_true(z[0] == 1 && z[1] == 0 && z[2] == 0 && z[3] == 1);
	assert_true(isfinite(softmax_loss(&layer, &batch, z)));
	softmax_gradient(&layer, &batch, z, dw, db);
	expect_near(db[0], -0.5, 1e-12);
	expect_near(dw[0], 0.5, 1e-12);
}

static void heaps_that_lie_apart_are_told_apart(void **state)
{
	struct atoll_regression *regression = new_regression(ATOLL_REGRESSION_WEIGHT_SCALE);
	struct told told = { .reports = 0 };
	const struct atoll_regression_training training = {
		.learning_rate = 0.5, .iterations = 301, .batch = ATOLL_REGRESSION_BATCH,
		.report_every = ATOLL_REGRESSION_REPORT, .report = note, .data = &told,
	};
	float x[COUNT][SIZE];
	uint32_t label[COUNT];
	struct atoll_examples examples = { x[0], label, COUNT };
	double accuracy;

	(void)state;
	make_examples(x, label);
	assert_int_equal(atoll_regression_train(regression, &training, &examples, NULL), 0);
	assert_int_equal(told.reports, 4);
	assert_true(told.report[3].loss < told.report[0].loss / 3);
	assert_true(told.report[3].accuracy == 1);
	assert_int_equal(atoll_regression_accuracy(regression, &examples, &accuracy), 0);
	assert_true(accuracy == 1);
	examples.count = 0;
	assert_int_equal(atoll_regression_accuracy(regression, &examples, &accuracy), -EINVAL);
	atoll_regression_free(regression);
}

static void the_same_seed_learns_the_same(void **state)
{
	struct atoll_regression *one = new_regression(0.01), *two = new_regression(0.01);
	const struct atoll_regression_training training = {
		.learning_rate = 0.5, .iterations = 20, .batch = 5,
	};
	float x[COUNT][SIZE];
	uint32_t label[COUNT];
	const struct atoll_examples examples = { x[0], label, COUNT };

	(void)state;
	make_examples(x, label);
	assert_int_equal(atoll_regression_train(one, &training, &examples, NULL), 0);
	assert_int_equal(atoll_regression_train(two, &training, &examples, NULL), 0);
	assert_memory_equal(atoll_regression_weights(one), atoll_regression_weights(two),
			    SIZE * CLASSES * sizeof(double));
	atoll_regression_free(one);
	atoll_regression_free(two);
}

static void ranges_become_scales_in_which_0_is_exact(void **state)
{
	static const struct {
		double low, high;
		int32_t zero;
	} cases[] = {
		{ -1, 1, 128 },        /* 127.5, away from 0 */
		{ 0, 1, 0 }, { -1, 0, 255 }, { 0.5, 2, 0 }, { -3, -1, 255 },
		{ -1, 3, 64 }, { -3, 1, 191 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const double low = fmin(cases[i].low, 0), high = fmax(cases[i].high, 0);
		struct append_scale scale = append_choose(cases[i].low, cases[i].high);

		assert_int_equal(scale.zero, cases[i].zero);
		expect_near((double)scale.scale, (high - low) / 255, 1e-7);
		assert_int_equal(append_store(scale, 0), scale.zero);
		assert_in_range(append_store(scale, low), 0, 1);
		assert_in_range(append_store(scale, high), 254, 255);
	}
	assert_true(append_choose(0, 0).scale == 1);
	assert_int_equal(append_store(append_choose(-1, 1), 9), 255);
	assert_int_equal(append_store(append_choose(-1, 1), -9), 0);
}

/* An extractor that gives back what it was given. */
static struct atoll_model *new_extractor(uint32_t rank, enum atoll_type type, uint32_t outputs)
{
	struct graph g = graph_new();
	struct atoll_builder_tensor row = {
		.name = "in", .type = type, .rank = rank, .dims = { 1, 1, 1, 1 },
		.scale = 1 / 64.0f, .zero_point = type == ATOLL_UINT8 ? 20 : -108,
	};
	struct atoll_model *model;
	int32_t in, out;
	struct atoll_error err;
	void *bytes;
	size_t size;

	row.dims[rank - 1] = SIZE;
	in = graph_input(&g, &row);
	row.name = "embedding";
	out = graph_output(&g, &row);
	if (outputs > 1) {
		row.name = "another";
		(void)graph_output(&g, &row);
	}
	graph_operator(&g, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 0, NULL, 1, &in, 1, &out);
	if (outputs > 1)
		graph_operator(&g, BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 0, NULL, 1, &in, 1,
			       (const int32_t[]){ out + 1 });
	atoll_builder_inputs(g.builder, g.inputs, g.input);
	atoll_builder_outputs(g.builder, g.outputs, g.output);
	assert_int_equal(atoll_builder_finish(g.builder, &bytes, &size, NULL), 0);
	graph_free(&g);
	model = atoll_model_take_bytes(bytes, size, "extractor", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static struct atoll_regression *learnt(void)
{
	struct atoll_regression *regression = new_regression(0.01);
	const struct atoll_regression_training training = {
		.learning_rate = 0.5, .iterations = 200, .batch = 50,
	};
	float x[COUNT][SIZE];
	uint32_t label[COUNT];
	const struct atoll_examples examples = { x[0], label, COUNT };

	make_examples(x, label);
	assert_int_equal(atoll_regression_train(regression, &training, &examples, NULL), 0);
	return regression;
}

/* The saved model's scores are the layer's shares, but for what bytes cannot say. */
static void compare_scores(const struct atoll_regression *regression,
			   struct atoll_session *session)
{
	struct softmax_layer layer = {
		SIZE, CLASSES, (double *)(uintptr_t)atoll_regression_weights(regression),
		(double *)(uintptr_t)atoll_regression_biases(regression),
	};
	const struct atoll_tensor *in = atoll_session_input(session, 0);
	const struct atoll_tensor *scores = atoll_session_output(session, 0);
	float x[COUNT][SIZE];
	uint32_t label[COUNT];
	double z[COUNT * CLASSES];

	make_examples(x, label);
	softmax_logits(&layer, &(struct softmax_batch){ x[0], label, NULL, COUNT }, z);
	softmax_shares(&layer, &(struct softmax_batch){ x[0], label, NULL, COUNT }, z);
	assert_int_equal(scores->rank, 2);
	assert_int_equal(scores->elements, CLASSES);
	assert_true(scores->quant.scale == 1 / 256.0f);
	assert_int_equal(scores->quant.zero_point, 0);
	for (int i = 0; i < COUNT; i++) {
		for (int d = 0; d < SIZE; d++)
			((uint8_t *)in->data)[d] = (uint8_t)(20 + (int)(x[i][d] * 64));
		assert_int_equal(atoll_session_invoke(session), 0);
		for (int c = 0; c < CLASSES; c++)
			expect_near(((const uint8_t *)scores->data)[c] / 256.0,
					   z[i * CLASSES + c], 0.04);
	}
}

static void a_learnt_layer_runs_behind_its_extractor(void **state)
{
	struct atoll_regression *regression = learnt();

	(void)state;
	for (uint32_t rank = 2; rank <= 4; rank += 2) {
		struct atoll_model *extractor = new_extractor(rank, ATOLL_UINT8, 1), *model;
		struct atoll_session *session;
		struct atoll_error err;
		void *bytes;
		size_t size;

		if (atoll_regression_append(regression, extractor, &bytes, &size, &err) < 0)
			fail_msg("%s", err.text);
		atoll_model_free(extractor);
		json_decref(flatc_json(TFLITE_SCHEMA, bytes, size));
		model = atoll_model_take_bytes(bytes, size, "learnt", &err);
		if (!model)
			fail_msg("%s", err.text);
		assert_string_equal(model->graph[0].op[1].name,
				    rank == 2 ? "FULLY_CONNECTED" : "CONV_2D");
		assert_int_equal(model->graph[0].operators, rank == 2 ? 3 : 4);
		session = atoll_session_open(model, NULL, &err);
		if (!session)
			fail_msg("%s", err.text);
		compare_scores(regression, session);
		atoll_session_close(session);
		atoll_model_free(model);
	}
	atoll_regression_free(regression);
}

static void refused(const struct atoll_regression *regression, uint32_t rank,
		    enum atoll_type type, uint32_t outputs, int code, const char *text)
{
	struct atoll_model *extractor = new_extractor(rank, type, outputs);
	struct atoll_error err;
	void *bytes;
	size_t size;

	assert_int_equal(atoll_regression_append(regression, extractor, &bytes, &size, &err),
			 code);
	assert_string_equal(err.text, text);
	atoll_model_free(extractor);
}

static void extractors_that_do_not_fit_are_refused(void **state)
{
	struct atoll_regression *regression = new_regression(0.01);

	(void)state;
	refused(regression, 2, ATOLL_UINT8, 1, -EINVAL, "regression: nothing was learnt yet");
	atoll_regression_free(regression);
	regression = learnt();
	refused(regression, 2, ATOLL_UINT8, 2, -ENOTSUP,
		"extractor: 2 outputs, an extractor has one");
	refused(regression, 2, ATOLL_INT8, 1, -ENOTSUP,
		"extractor: output of int8, only uint8 of one scale is supported");
	refused(regression, 3, ATOLL_UINT8, 1, -ENOTSUP,
		"extractor: output 1x1x6, neither [1, 6] nor [1, 1, 1, 6]");
	atoll_regression_free(regression);
}

static void wrong_settings_are_refused(void **state)
{
	struct atoll_regression_config config = { .size = SIZE, .classes = 1 };
	struct atoll_regression *regression = new_regression(0.01);
	struct atoll_regression_training training = { .iterations = 1, .batch = 1 };
	float x[COUNT][SIZE];
	uint32_t label[COUNT];
	struct atoll_examples examples = { x[0], label, COUNT };
	struct atoll_error err;

	(void)state;
	make_examples(x, label);
	assert_null(atoll_regression_new(&config, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_string_equal(err.text, "regression: 1 classes of 6 numbers: at least 2 of 1, "
			    "at most 268435456 in all");
	config.classes = 2;
	config.weight_scale = NAN;
	assert_null(atoll_regression_new(&config, &err));
	assert_int_equal(atoll_regression_train(regression, &training, &examples, &err),
			 -EINVAL);
	assert_string_equal(err.text, "regression: learning rate 0: above 0");
	training.learning_rate = 0.1;
	training.batch = 0;
	assert_int_equal(atoll_regression_train(regression, &training, &examples, &err),
			 -EINVAL);
	training.batch = 1;
	label[4] = 3;
	assert_int_equal(atoll_regression_train(regression, &training, &examples, &err),
			 -EINVAL);
	assert_string_equal(err.text, "regression: example 4: class 3 of 3");
	label[4] = 1;
	training.learning_rate = 1e308;
	training.iterations = 10;
	assert_int_equal(atoll_regression_train(regression, &training, &examples, &err),
			 -ERANGE);
	atoll_regression_free(regression);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_computes_what_the_formulas_say),
		cmocka_unit_test(the_gradient_is_that_of_the_loss),
		cmocka_unit_test(large_logits_do_not_overflow),
		cmocka_unit_test(heaps_that_lie_apart_are_told_apart),
		cmocka_unit_test(the_same_seed_learns_the_same),
		cmocka_unit_test(ranges_become_scales_in_which_0_is_exact),
		cmocka_unit_test(a_learnt_layer_runs_behind_its_extractor),
		cmocka_unit_test(extractors_that_do_not_fit_are_refused),
		cmocka_unit_test(wrong_settings_are_refused),
	};

	return CHECK_RUN(tests);
}
