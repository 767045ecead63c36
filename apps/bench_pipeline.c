/* SPDX-License-Identifier: Apache-2.0 */
/* Several models as the segments of one: how long a set of tensors takes to go through
   an empty pipeline, and how many come out of a full one. */
#include "apps/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/display.h"
#include "apps/options.h"
#include "board/json.h"
#include "runtime/fill.h"
#include "runtime/pipeline/pipeline.h"

/* A run that takes longer is none. */
#define LONG_MS 600000

struct segment {
	const char *path;
	struct atoll_model *model;
	struct atoll_session *session;
	double load_ms;
	double run_ms;         /* mean */
};

struct line {
	uint32_t segments;
	struct segment *segment;
	struct atoll_session **session;
	struct atoll_pipeline *pipeline;
	const void **input;    /* the data of the first segment's tensors, filled */
	void **output;
};

struct figures {
	uint32_t runs, full_runs;
	struct bench_spread latency;
	double per_second;
};

/* The segment's own, or the last that was named. */
static const char *device_of(const struct bench_settings *settings, uint32_t segment)
{
	if (settings->devices == 0)
		return NULL;
	return settings->device[segment < settings->devices ? segment : settings->devices - 1];
}

static int open_segment(const struct bench_settings *settings, struct line *line,
			uint32_t index, struct atoll_error *err)
{
	struct segment *segment = &line->segment[index];
	struct atoll_session_options options = settings->session;
	double start_ms = display_now_ms();

	options.device = device_of(settings, index);
	segment->model = atoll_model_load(segment->path, err);
	if (!segment->model)
		return -EINVAL;
	segment->session = line->session[index] =
		atoll_session_open(segment->model, &options, err);
	segment->load_ms = display_now_ms() - start_ms;
	if (!segment->session)
		return -EINVAL;
	options_session(segment->session);
	return 0;
}

/* Inputs of the pipeline's own, for those of the session are written by its thread. */
static int take_tensors(struct line *line)
{
	uint32_t inputs = atoll_pipeline_inputs(line->pipeline);
	uint32_t outputs = atoll_pipeline_outputs(line->pipeline);
	struct atoll_session *last = line->session[line->segments - 1];

	line->input = calloc(inputs + 1, sizeof(*line->input));
	line->output = calloc(outputs + 1, sizeof(*line->output));
	if (!line->input || !line->output)
		return -ENOMEM;
	for (uint32_t i = 0; i < inputs; i++) {
		struct atoll_tensor tensor = *atoll_session_input(line->session[0], i);

		line->input[i] = tensor.data = malloc(tensor.bytes + 1);
		if (!tensor.data)
			return -ENOMEM;
		atoll_fill(ATOLL_FILL_LCG, i, &tensor);
	}
	for (uint32_t i = 0; i < outputs; i++) {
		line->output[i] = malloc(atoll_session_output(last, i)->bytes + 1);
		if (!line->output[i])
			return -ENOMEM;
	}
	return 0;
}

static int open_line(const struct bench_settings *settings, struct line *line,
		     char *const *path, struct atoll_error *err)
{
	int r = 0;

	line->segment = calloc(line->segments, sizeof(*line->segment));
	line->session = calloc(line->segments, sizeof(*line->session));
	if (!line->segment || !line->session)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	for (uint32_t s = 0; s < line->segments && r == 0; s++) {
		line->segment[s].path = path[s];
		r = open_segment(settings, line, s, err);
	}
	if (r < 0)
		return r;
	line->pipeline = atoll_pipeline_new(line->session, line->segments, NULL, err);
	if (!line->pipeline)
		return -EINVAL;
	return take_tensors(line) < 0 ? atoll_error_set(err, -ENOMEM, "out of memory") : 0;
}

static void close_line(struct line *line)
{
	uint32_t inputs = line->pipeline ? atoll_pipeline_inputs(line->pipeline) : 0;
	uint32_t outputs = line->pipeline ? atoll_pipeline_outputs(line->pipeline) : 0;

	for (uint32_t i = 0; line->input && i < inputs; i++)
		free((void *)(uintptr_t)line->input[i]);
	for (uint32_t i = 0; line->output && i < outputs; i++)
		free(line->output[i]);
	atoll_pipeline_free(line->pipeline);
	for (uint32_t s = 0; line->segment && s < line->segments; s++) {
		atoll_session_close(line->segment[s].session);
		atoll_model_free(line->segment[s].model);
	}
	free(line->output);
	free(line->input);
	free(line->session);
	free(line->segment);
}

static int push(struct line *line, struct atoll_error *err)
{
	return atoll_pipeline_push(line->pipeline, line->input, LONG_MS, err);
}

static int pop(struct line *line, struct atoll_error *err)
{
	int r = atoll_pipeline_pop(line->pipeline, line->output, LONG_MS, err);

	return r < 0 ? r : 0;
}

/* One at a time. */
static int measure_latency(const struct bench_settings *settings, struct line *line,
			   struct figures *figures, struct atoll_error *err)
{
	uint32_t room = settings->runs ? settings->runs : BENCH_RUNS_MAX, n = 0;
	double *time_ms = malloc(room * sizeof(*time_ms));
	double end_ms = display_now_ms() + settings->seconds * 1e3;
	int r = time_ms ? 0 : atoll_error_set(err, -ENOMEM, "out of memory");

	while (r == 0 && !bench_is_over(settings, n, end_ms)) {
		double start_ms = display_now_ms();

		r = push(line, err);
		if (r == 0)
			r = pop(line, err);
		time_ms[n++] = display_now_ms() - start_ms;
	}
	if (r == 0)
		figures->latency = bench_spread(time_ms, n);
	figures->runs = n;
	free(time_ms);
	return r;
}

/*
 * One is pushed for each that is popped, with enough inside that no segment ever waits
 * for the next: one in each of them and one before it.
 */
static int measure_rate(const struct bench_settings *settings, struct line *line,
			struct figures *figures, struct atoll_error *err)
{
	uint32_t inside = 2 * line->segments, n = 0;
	double end_ms = display_now_ms() + settings->seconds * 1e3, start_ms = 0;
	int r = 0;

	for (uint32_t i = 0; i < inside && r == 0; i++)
		r = push(line, err);
	if (r == 0)
		r = pop(line, err);
	start_ms = display_now_ms();
	while (r == 0 && !bench_is_over(settings, n, end_ms)) {
		r = push(line, err);
		if (r == 0)
			r = pop(line, err);
		n++;
	}
	if (n > 0)
		figures->per_second = n * 1e3 / (display_now_ms() - start_ms);
	figures->full_runs = n;
	for (uint32_t i = 1; i < inside && r == 0; i++)
		r = pop(line, err);
	return r;
}

static int measure(const struct bench_settings *settings, struct line *line,
		   struct figures *figures, struct atoll_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i <= BENCH_WARM_UP_RUNS && r == 0; i++) {
		r = push(line, err);
		if (r == 0)
			r = pop(line, err);
	}
	if (r == 0)
		r = measure_latency(settings, line, figures, err);
	if (r == 0)
		r = measure_rate(settings, line, figures, err);
	for (uint32_t s = 0; s < line->segments && r == 0; s++) {
		struct atoll_pipeline_stats stats = atoll_pipeline_stats(line->pipeline, s);

		line->segment[s].run_ms = (double)stats.time_ns / 1e6 / (double)stats.runs;
	}
	return r;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void tell_text(const struct line *line, const struct figures *f)
{
	int width = (int)strlen("segment");

	for (uint32_t s = 0; s < line->segments; s++) {
		int length = (int)strlen(file_name(line->segment[s].path));

		width = length > width ? length : width;
	}
	printf("%-*s %-12s %8s %8s\n", width, "segment", "device", "load ms", "run");
	for (uint32_t s = 0; s < line->segments; s++) {
		const struct segment *segment = &line->segment[s];

		printf("%-*s %-12s %8.3f %8.3f\n", width, file_name(segment->path),
		       atoll_session_plan(segment->session)->device, segment->load_ms,
		       segment->run_ms);
	}
	printf("latency %.3f ms, 90 %% within %.3f ms, least %.3f ms; %.1f per second\n",
	       f->latency.median_ms, f->latency.p90_ms, f->latency.min_ms, f->per_second);
}

static void tell_json(const struct line *line, const struct figures *f)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_array(&json, "segments");
	for (uint32_t s = 0; s < line->segments; s++) {
		const struct segment *segment = &line->segment[s];
		const struct atoll_session_plan *plan = atoll_session_plan(segment->session);

		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "model", segment->path);
		atoll_json_string(&json, "device", plan->device);
		atoll_json_integer(&json, "threads", plan->threads);
		atoll_json_real(&json, "load_ms", segment->load_ms);
		atoll_json_real(&json, "run_ms", segment->run_ms);
		atoll_json_integer(&json, "model_bytes", (int64_t)segment->model->size);
		atoll_json_end(&json);
	}
	atoll_json_end(&json);
	atoll_json_integer(&json, "runs", f->runs);
	atoll_json_real(&json, "median_ms", f->latency.median_ms);
	atoll_json_real(&json, "p90_ms", f->latency.p90_ms);
	atoll_json_real(&json, "min_ms", f->latency.min_ms);
	atoll_json_integer(&json, "full_runs", f->full_runs);
	atoll_json_real(&json, "per_second", f->per_second);
	atoll_json_end(&json);
}

bool bench_pipeline(const struct bench_settings *settings, uint32_t segments,
		    char *const *path)
{
	struct line line = { .segments = segments };
	struct figures figures = { 0 };
	struct atoll_error err;
	int r = open_line(settings, &line, path, &err);

	if (r == 0)
		r = measure(settings, &line, &figures, &err);
	if (r < 0)
		options_say("%s", err.text);
	else if (settings->wants_json)
		tell_json(&line, &figures);
	else
		tell_text(&line, &figures);
	for (uint32_t s = 0; s < segments && r == 0 && settings->session.is_profiled; s++)
		display_profile(atoll_session_plan(line.session[s]));
	close_line(&line);
	return r == 0;
}
