/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/estimate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"

/* Graphs of uint8 tensors, built operator by operator. */
static struct atoll_builder *building;

static int32_t tensor(uint32_t rank, const int32_t *dims)
{
	struct atoll_builder_tensor t = { .type = ATOLL_UINT8, .rank = rank, .scale = 0.5f };

	memcpy(t.dims, dims, rank * sizeof(*dims));
	return atoll_builder_tensor(building, &t);
}

static int32_t image(int32_t side, int32_t channels)
{
	return tensor(4, (int32_t[]){ 1, side, side, channels });
}

static int32_t weights(int32_t a, int32_t b, int32_t c, int32_t d)
{
	const size_t bytes = (size_t)a * (size_t)b * (size_t)c * (size_t)d;
	uint8_t *zeros = calloc(bytes, 1);
	int32_t t;

	assert_non_null(zeros);
	t = atoll_builder_tensor(building, &(struct atoll_builder_tensor){
		.type = ATOLL_UINT8, .rank = 4, .dims = { a, b, c, d }, .scale = 0.5f,
		.data = zeros, .bytes = bytes });
	free(zeros);
	return t;
}

static int32_t operate(uint32_t code, int32_t in, int32_t constant, int32_t out)
{
	atoll_builder_operator(building, &(struct atoll_builder_operator){
		.code = code, .inputs = constant < 0 ? 1 : 2,
		.input = (int32_t[]){ in, constant }, .outputs = 1, .output = &out });
	return out;
}

static struct atoll_model *build(int32_t in, int32_t out)
{
	struct atoll_error err;
	struct atoll_model *model;
	void *bytes;
	size_t size;

	atoll_builder_inputs(building, 1, &in);
	atoll_builder_outputs(building, 1, &out);
	if (atoll_builder_finish(building, &bytes, &size, &err) < 0)
		fail_msg("%s", err.text);
	atoll_builder_free(building);
	model = atoll_model_take_bytes(bytes, size, "built", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

/* As its authors describe it: 13 pairs of depthwise and 1 x 1 convolutions. */
static struct atoll_model *mobilenet_v1(void)
{
	static const struct { int32_t channels, stride; } pair[] = {
		{ 64, 1 }, { 128, 2 }, { 128, 1 }, { 256, 2 }, { 256, 1 }, { 512, 2 },
		{ 512, 1 }, { 512, 1 }, { 512, 1 }, { 512, 1 }, { 512, 1 }, { 1024, 2 },
		{ 1024, 1 },
	};
	int32_t side = 112, channels = 32, in, at;

	building = atoll_builder_new(NULL);
	in = image(224, 3);
	at = operate(BUILTIN_CONV_2D, in, weights(32, 3, 3, 3), image(side, channels));
	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		side /= pair[i].stride;
		at = operate(BUILTIN_DEPTHWISE_CONV_2D, at, weights(1, 3, 3, channels),
			     image(side, channels));
		at = operate(BUILTIN_CONV_2D, at, weights(pair[i].channels, 1, 1, channels),
			     image(side, pair[i].channels));
		channels = pair[i].channels;
	}
	at = operate(BUILTIN_AVERAGE_POOL_2D, at, -1, image(1, channels));
	at = operate(BUILTIN_CONV_2D, at, weights(1001, 1, 1, channels), image(1, 1001));
	at = operate(BUILTIN_RESHAPE, at, -1, tensor(2, (int32_t[]){ 1, 1001 }));
	at = operate(BUILTIN_SOFTMAX, at, -1, tensor(2, (int32_t[]){ 1, 1001 }));
	return build(in, at);
}

/* With everything mapped but for operators that are named, up to a -1. */
static struct atoll_estimate estimate_but(const struct atoll_model *model, const int *on_cpu,
					  uint64_t streamed_bytes, uint32_t parts)
{
	const struct atoll_graph *graph = &model->graph[0];
	struct atoll_compiled_op *op = calloc(graph->operators, sizeof(*op));
	struct atoll_compiled_model compiled = {
		.operators = graph->operators, .op = op, .parts = parts,
		.streamed_bytes = streamed_bytes,
	};
	struct atoll_estimate estimate;

	assert_non_null(op);
	for (; on_cpu && *on_cpu >= 0; on_cpu++)
		op[*on_cpu].mapping = ATOLL_NOT_MAPPED_OPERATOR;
	assert_int_equal(atoll_estimate(graph, &compiled, &estimate, NULL), 0);
	free(op);
	return estimate;
}

static bool is_within(double value, double percent, double published)
{
	print_message("# %.2f, published %.2f: %+.1f %%\n", value, published,
		      100 * (value / published - 1));
	return fabs(value - published) <= percent / 100 * published;
}

static void mobilenet_v1_is_as_fast_as_it_was_measured(void **state)
{
	struct atoll_model *model = mobilenet_v1();
	struct atoll_estimate estimate = estimate_but(model, NULL, 0, 1);

	(void)state;
	assert_true(is_within((estimate.work.wide + estimate.work.narrow) / 1e6, 1, 569));
	assert_true(is_within(estimate.total_ms[ATOLL_ESTIMATE_PCIE], 10, 2.2));
	assert_true(is_within(estimate.total_ms[ATOLL_ESTIMATE_USB3], 15, 2.4));
	assert_true(estimate.input_bytes == 224 * 224 * 3);
	assert_true(estimate.output_bytes == 1004); /* 1001 channels, in fours */
	atoll_model_free(model);
}

static void mobilenet_v2_is_as_fast_as_it_was_measured(void **state)
{
	struct atoll_model *model = atoll_model_load(
		check_data_path("models/mobilenet_v2_1.0_224_quant.tflite"), NULL);
	struct atoll_estimate estimate;

	(void)state;
	assert_non_null(model);
	estimate = estimate_but(model, NULL, 0, 1);
	assert_true(is_within(estimate.total_ms[ATOLL_ESTIMATE_PCIE], 10, 2.6));
	assert_true(is_within(estimate.total_ms[ATOLL_ESTIMATE_USB3], 10, 2.6));
	assert_true(is_within(estimate.total_ms[ATOLL_ESTIMATE_USB2], 10, 18.6));
	atoll_model_free(model);
}

static void parameters_that_are_streamed_cost_what_the_bus_takes(void **state)
{
	struct atoll_model *model = mobilenet_v1();
	struct atoll_estimate without = estimate_but(model, NULL, 0, 1);
	struct atoll_estimate with = estimate_but(model, NULL, 4000000, 1);

	(void)state;
	assert_true(fabs(with.total_ms[ATOLL_ESTIMATE_PCIE] -
			 without.total_ms[ATOLL_ESTIMATE_PCIE] - 10) < 0.001);
	assert_true(fabs(with.total_ms[ATOLL_ESTIMATE_USB2] -
			 without.total_ms[ATOLL_ESTIMATE_USB2] - 4000000 / 24e3) < 0.001);
	atoll_model_free(model);
}

static void a_stay_on_the_cpu_moves_tensors_there_and_back(void **state)
{
	struct atoll_model *model = mobilenet_v1();
	struct atoll_estimate estimate = estimate_but(model, (int[]){ 2, -1 }, 0, 1);

	(void)state;
	/* 112 x 112 x 32 to the CPU, 112 x 112 x 64 back. */
	assert_true(estimate.output_bytes == 112 * 112 * 32 + 1004);
	assert_true(estimate.input_bytes == 224 * 224 * 3 + 112 * 112 * 64);
	atoll_model_free(model);
}

static void each_part_is_started(void **state)
{
	struct atoll_model *model = mobilenet_v1();
	struct atoll_estimate one = estimate_but(model, (int[]){ 2, -1 }, 0, 1);
	struct atoll_estimate two = estimate_but(model, (int[]){ 2, -1 }, 0, 2);

	(void)state;
	assert_true(fabs(two.total_ms[ATOLL_ESTIMATE_USB3] -
			 one.total_ms[ATOLL_ESTIMATE_USB3] - 0.3) < 0.001);
	assert_true(two.total_ms[ATOLL_ESTIMATE_PCIE] == one.total_ms[ATOLL_ESTIMATE_PCIE]);
	atoll_model_free(model);
}

static void nothing_on_the_chip_takes_no_time(void **state)
{
	struct atoll_estimate estimate;
	struct atoll_model *model;
	int32_t in, out;

	(void)state;
	building = atoll_builder_new(NULL);
	in = image(8, 3);
	out = operate(BUILTIN_RELU, in, -1, image(8, 3));
	model = build(in, out);
	estimate = estimate_but(model, (int[]){ 0, -1 }, 0, 0);
	for (enum atoll_estimate_bus bus = 0; bus < ATOLL_ESTIMATE_BUSES; bus++)
		assert_true(estimate.total_ms[bus] == 0);
	assert_true(estimate.work.ms == 0 && estimate.input_bytes == 0);
	atoll_model_free(model);
}

static void each_kind_of_operator_has_its_work(void **state)
{
	struct atoll_model *model;
	struct atoll_estimate_work work;
	int32_t in, at;

	(void)state;
	building = atoll_builder_new(NULL);
	in = image(8, 4);
	at = operate(BUILTIN_CONV_2D, in, weights(6, 3, 3, 4), image(8, 6));
	at = operate(BUILTIN_DEPTHWISE_CONV_2D, at, weights(1, 5, 5, 6), image(4, 6));
	at = operate(BUILTIN_MAX_POOL_2D, at, -1, image(2, 6));
	model = build(in, at);

	work = atoll_estimate_operator(&model->graph[0], 0);
	assert_true(work.wide == 8 * 8 * 6 * 3 * 3 * 4 && work.narrow == 0);
	work = atoll_estimate_operator(&model->graph[0], 1);
	assert_true(work.narrow == 4 * 4 * 6 * 5 * 5 && work.wide == 0);
	assert_true(fabs(work.ms - work.narrow / 1.7e7) < 1e-12);
	work = atoll_estimate_operator(&model->graph[0], 2);
	assert_true(work.narrow == 4 * 4 * 6);
	atoll_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mobilenet_v1_is_as_fast_as_it_was_measured),
		cmocka_unit_test(mobilenet_v2_is_as_fast_as_it_was_measured),
		cmocka_unit_test(parameters_that_are_streamed_cost_what_the_bus_takes),
		cmocka_unit_test(a_stay_on_the_cpu_moves_tensors_there_and_back),
		cmocka_unit_test(each_part_is_started),
		cmocka_unit_test(nothing_on_the_chip_takes_no_time),
		cmocka_unit_test(each_kind_of_operator_has_its_work),
	};

	return CHECK_RUN(tests);
}
