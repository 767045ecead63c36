/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/compiler/segment.h"
#include "runtime/fill.h"
#include "runtime/pipeline/pipeline.h"
#include "tests/check.h"

/*
 * Whole models, cut where the compiler cuts: what comes out of the segments, one after
 * the other, is to the bit what comes out of the model.
 */
#define SEGMENTS_MAX 4
#define RUNS 2
#define LONG_MS 60000

static struct atoll_session *open_session(const struct atoll_model *model)
{
	const struct atoll_session_options options = { .device = "cpu", .threads = 1 };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, &options, &err);

	if (!session)
		fail_msg("%s", err.text);
	return session;
}

struct line {
	uint32_t segments;
	struct atoll_model *model[SEGMENTS_MAX];
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

static bool open_line(const struct atoll_model *whole, uint32_t n, struct line *line)
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
		line->model[s] = atoll_segments_cut(segments, first, count[s], &err);
		if (!line->model[s])
			fail_msg("%s: segment %u: %s", whole->path, s, err.text);
		line->session[s] = open_session(line->model[s]);
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

/* In how many ways it could be cut. */
static int cut_all_ways(const char *path)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);
	struct atoll_session *whole;
	int ways = 0;

	if (!model)
		fail_msg("%s", err.text);
	whole = open_session(model);
	for (uint32_t n = 2; n <= SEGMENTS_MAX; n++) {
		struct line line;

		if (open_line(model, n, &line)) {
			compare(whole, &line, path);
			ways++;
		}
		close_line(&line);
	}
	atoll_session_close(whole);
	atoll_model_free(model);
	return ways;
}

static void segments_of_our_models_give_what_they_give(void **state)
{
	(void)state;
	assert_int_equal(cut_all_ways("apps/models/cards/cards.tflite"), 3);
	assert_int_equal(cut_all_ways("apps/models/keywords/keywords.tflite"), 3);
}

static void segments_of_others_models_give_what_they_give(void **state)
{
	static const char *const name[] = {
		"mlperf_kws_ref_int8", "mlperf_resnet8_int8", "mlperf_vww_96_int8",
		"mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant",
		"movenet_single_pose_lightning_ptq", "person_detect",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder", "split_concat" };

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		assert_in_range(cut_all_ways(check_data_path("models/%s.tflite", name[i])), 1,
				3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_of_our_models_give_what_they_give),
		cmocka_unit_test(segments_of_others_models_give_what_they_give),
	};

	return CHECK_RUN(tests);
}
