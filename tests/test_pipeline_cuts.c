/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/compile.h"
#include "runtime/compiler/segment.h"
#include "runtime/fill.h"
#include "runtime/pipeline/pipeline.h"
#include "tests/check.h"
#include "tests/must.h"

/*
 * Whole models, cut where the compiler cuts: what comes out of the segments, one after
 * the other, is to the bit what comes out of the model; on the CPU, and compiled, each
 * on an emulated Edge TPU of its own.
 */
#define SEGMENTS_MAX 4
#define RUNS 2
#define LONG_MS 60000

static struct atoll_session *open_session(const struct atoll_model *model,
					  struct atoll_devices *devices, const char *device)
{
	const struct atoll_session_options options = {
		.device = device, .devices = devices, .threads = 1 };

	return must_open(model, &options);
}

struct line {
	uint32_t segments;
	struct atoll_model *cut[SEGMENTS_MAX];
	struct atoll_compiled *compiled[SEGMENTS_MAX];
	struct atoll_model *model[SEGMENTS_MAX]; /* of what was compiled */
	struct atoll_session *session[SEGMENTS_MAX];
	struct atoll_pipeline *pipeline;
};

/* By bytes as the compiler does, or else by operators; false when there are too few. */
static bool count_operators(const struct atoll_segments *segments, uint32_t n, uint32_t *count)
{
	uint32_t before = atoll_segments_first_output(segments);

	if (atoll_segments_balance(segments, n, count, NULL) == 0)
		return true;
	for (uint32_t s = 0; s < n; s++)
		count[s] = before / n;
	count[n - 1] = atoll_segments_operators(segments) - (n - 1) * count[0];
	return count[0] > 0;
}

/* As one compilation does: all with the same token. */
static struct atoll_model *compile(const struct atoll_model *cut,
				   struct atoll_compiled **compiled)
{
	const struct atoll_compile_options options = { .token = 0xa70115e6 };
	struct atoll_compile_job job = { .model = cut };
	struct atoll_error err;
	struct atoll_model *model = NULL;

	*compiled = atoll_compile(&job, 1, &options, NULL, &err);
	if (*compiled)
		model = atoll_model_load_bytes((*compiled)->model[0].bytes,
					       (*compiled)->model[0].size, "compiled", &err);
	if (!model)
		fail_msg("%s: %s", cut->path, err.text);
	return model;
}

/* On emulated devices, unless there are none. */
static void open_segment(struct line *line, uint32_t s, struct atoll_devices *devices)
{
	char device[16];

	if (!devices) {
		line->session[s] = open_session(line->cut[s], NULL, "cpu");
		return;
	}
	snprintf(device, sizeof(device), "emu:%u,cpu", s);
	line->model[s] = compile(line->cut[s], &line->compiled[s]);
	line->session[s] = open_session(line->model[s], devices, device);
}

static bool open_line(const struct atoll_model *whole, uint32_t n,
		      struct atoll_devices *devices, struct line *line)
{
	struct atoll_error err;
	struct atoll_segments *segments = atoll_segments_new(whole, &err);
	uint32_t count[SEGMENTS_MAX], first = 0;
	bool can_be;

	*line = (struct line){ .segments = n };
	if (!segments)
		fail_msg("%s", err.text);
	can_be = count_operators(segments, n, count);
	for (uint32_t s = 0; s < n && can_be; s++) {
		line->cut[s] = atoll_segments_cut(segments, first, count[s], &err);
		if (!line->cut[s])
			fail_msg("%s: segment %u: %s", whole->path, s, err.text);
		open_segment(line, s, devices);
		first += count[s];
	}
	atoll_segments_free(segments);
	if (!can_be)
		return false;
	line->pipeline = atoll_pipeline_new(line->session, n, NULL, &err);
	if (!line->pipeline)
		fail_msg("%s: %s", whole->path, err.text);
	return true;
}

static void close_line(struct line *line)
{
	atoll_pipeline_free(line->pipeline);
	for (uint32_t s = 0; s < line->segments; s++) {
		atoll_session_close(line->session[s]);
		atoll_model_free(line->model[s]);
		atoll_compiled_free(line->compiled[s]);
		atoll_model_free(line->cut[s]);
	}
}

/* The model's output of this name. */
static const struct atoll_tensor *output_of(const struct atoll_session *session,
					    const char *name)
{
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++)
		if (strcmp(atoll_session_output(session, i)->name, name) == 0)
			return atoll_session_output(session, i);
	fail_msg("there is no output %s", name);
	return NULL;
}

static void compare(struct atoll_session *whole, struct line *line, const char *path)
{
	const struct atoll_session *last = line->session[line->segments - 1];
	uint32_t inputs = atoll_session_inputs(whole), outputs = atoll_session_outputs(last);
	const void *input[16];
	void *output[16];

	assert_in_range(inputs, 1, 16);
	assert_in_range(outputs, 1, 16);
	assert_int_equal(atoll_pipeline_inputs(line->pipeline), inputs);
	assert_int_equal(outputs, atoll_session_outputs(whole));
	for (uint32_t i = 0; i < inputs; i++) {
		input[i] = atoll_session_input(whole, i)->data;
		assert_string_equal(atoll_session_input(line->session[0], i)->name,
				    atoll_session_input(whole, i)->name);
	}
	for (uint32_t i = 0; i < outputs; i++) {
		output[i] = malloc(atoll_session_output(last, i)->bytes + 1);
		assert_non_null(output[i]);
	}
	for (uint32_t run = 0; run < RUNS; run++) {
		for (uint32_t i = 0; i < inputs; i++)
			atoll_fill(ATOLL_FILL_LCG, run + i, atoll_session_input(whole, i));
		assert_int_equal(atoll_pipeline_push(line->pipeline, input, LONG_MS, NULL), 0);
		assert_int_equal(atoll_session_invoke(whole), 0);
		assert_int_equal(atoll_pipeline_pop(line->pipeline, output, LONG_MS, NULL), 1);
		for (uint32_t i = 0; i < outputs; i++) {
			const struct atoll_tensor *there = atoll_session_output(last, i);
			const struct atoll_tensor *tensor = output_of(whole, there->name);

			if (memcmp(output[i], tensor->data, tensor->bytes) != 0)
				fail_msg("%s in %u segments: %s is another", path,
					 line->segments, tensor->name);
		}
	}
	for (uint32_t i = 0; i < outputs; i++)
		free(output[i]);
}

/* What was compiled of a segment ran on the segment's device, to the last. */
static void check_devices(const struct line *line)
{
	for (uint32_t s = 0; s < line->segments; s++) {
		const struct atoll_session_plan *plan = atoll_session_plan(line->session[s]);
		uint32_t parts = line->compiled[s] ? line->compiled[s]->model[0].parts : 0;
		char device[16];

		snprintf(device, sizeof(device), "emu:%u", s);
		for (uint32_t i = 0; i < plan->steps; i++)
			parts -= strcmp(plan->step[i].device, device) == 0;
		assert_int_equal(parts, 0);
	}
}

/* In how many ways it could be cut. */
static int cut_all_ways(const char *path, struct atoll_devices *devices)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);
	struct atoll_session *whole;
	int ways = 0;

	if (!model)
		fail_msg("%s", err.text);
	whole = open_session(model, NULL, "cpu");
	for (uint32_t n = 2; n <= SEGMENTS_MAX; n++) {
		struct line line;

		atoll_session_reset(whole);
		if (open_line(model, n, devices, &line)) {
			compare(whole, &line, path);
			check_devices(&line);
			ways++;
		}
		close_line(&line);
	}
	atoll_session_close(whole);
	atoll_model_free(model);
	return ways;
}

static const char *const ours[] = {
	"apps/models/cards/cards.tflite", "apps/models/keywords/keywords.tflite" };

static const char *const others[] = {
	"deeplab_mobilenet_edgetpu_slim_cityscapes_quant", "dense_256", "dense_512",
	"keras_lstm_mnist_ptq", "micro_speech_quantized", "mlperf_kws_ref_int8", "mlperf_resnet8_int8", "mlperf_vww_96_int8",
	"mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant",
	"movenet_single_pose_lightning_ptq", "person_detect",
	"posenet_mobilenet_v1_075_353_481_16_quant_decoder", "split_concat" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void cut_ours(struct atoll_devices *devices)
{
	for (size_t i = 0; i < COUNT(ours); i++)
		assert_int_equal(cut_all_ways(ours[i], devices), 3);
}

static void cut_others(struct atoll_devices *devices)
{
	for (size_t i = 0; i < COUNT(others); i++) {
		const char *path = check_data_path("models/%s.tflite", others[i]);

		assert_in_range(cut_all_ways(path, devices), 1, 3);
	}
}

static void on_emulators(void (*cut)(struct atoll_devices *devices))
{
	struct atoll_error err;
	struct atoll_devices *devices = atoll_devices_new(NULL, &err);

	if (!devices)
		fail_msg("%s", err.text);
	cut(devices);
	atoll_devices_free(devices);
}

static void segments_of_our_models_give_what_they_give(void **state)
{
	(void)state;
	cut_ours(NULL);
}

static void compiled_segments_of_our_models_give_what_they_give(void **state)
{
	(void)state;
	on_emulators(cut_ours);
}

static void segments_of_others_models_give_what_they_give(void **state)
{
	(void)state;
	cut_others(NULL);
}

static void compiled_segments_of_others_models_give_what_they_give(void **state)
{
	(void)state;
	(void)check_data_path("models/%s.tflite", others[0]);
	on_emulators(cut_others);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_of_our_models_give_what_they_give),
		cmocka_unit_test(compiled_segments_of_our_models_give_what_they_give),
		cmocka_unit_test(segments_of_others_models_give_what_they_give),
		cmocka_unit_test(compiled_segments_of_others_models_give_what_they_give),
	};

	return CHECK_RUN(tests);
}
