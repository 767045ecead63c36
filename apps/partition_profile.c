/* SPDX-License-Identifier: Apache-2.0 */
/* Where to cut is found by measuring; then the cuts are written and compiled. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/beside.h"
#include "apps/options.h"
#include "apps/partition.h"
#include "apps/partition_measure.h"
#include "apps/stop.h"

/* What was found, and what the compiler says to it. */
struct result {
	uint32_t count[PARTITION_SEGMENTS_MAX];
	int64_t time_ns[PARTITION_SEGMENTS_MAX];
	char *path[PARTITION_SEGMENTS_MAX];      /* compiled */
	struct compiler_answer answer[PARTITION_SEGMENTS_MAX];
};

static int search(const struct partition_settings *settings,
		  const struct partition_model *model, struct measure *measure,
		  struct result *result, struct atoll_error *err)
{
	const struct partition_task task = {
		.operators = atoll_segments_operators(model->segments),
		.first_output = atoll_segments_first_output(model->segments),
		.segments = settings->segments,
		.step = settings->step,
		.threshold_ns = settings->threshold_ns,
		.lower_ns = settings->lower_ns,
		.upper_ns = settings->upper_ns,
		.ops = &measure_ops,
		.context = measure,
	};

	return partition_search(&task, result->count, result->time_ns, err);
}

static int write_segment(const struct partition_settings *settings,
			 const struct partition_model *model, const struct compiler *compiler,
			 uint32_t segment, uint32_t first, struct result *result,
			 struct atoll_error *err)
{
	struct compiler_answer *answer = &result->answer[segment];
	char *stem = beside_name(settings->model_path), *path = NULL;
	int r = -ENOMEM;

	if (stem) {
		path = partition_path(settings->folder, stem, segment, settings->segments,
				      ".tflite");
		result->path[segment] = partition_path(settings->folder, stem, segment,
						       settings->segments, "_edgetpu.tflite");
	}
	free(stem);
	if (!path || !result->path[segment])
		atoll_error_set(err, r, "out of memory");
	else
		r = partition_write(model, first, result->count[segment], path, err);
	if (r == 0)
		r = compiler_run(compiler, path, settings->folder, 0, answer, err);
	if (r == 0 && !answer->is_compiled)
		r = atoll_error_set(err, -EINVAL, "%s: not compiled%s%s", atoll_error_path(path),
				    *answer->why ? ": " : "", answer->why);
	free(path);
	return r;
}

static int write_segments(const struct partition_settings *settings,
			  const struct partition_model *model,
			  const struct compiler *compiler, struct result *result,
			  struct atoll_error *err)
{
	uint32_t first = 0;
	int r = 0;

	for (uint32_t s = 0; s < settings->segments && r == 0; s++) {
		r = write_segment(settings, model, compiler, s, first, result, err);
		first += result->count[s];
	}
	return r;
}

static void tell(const struct partition_settings *settings, const struct result *result)
{
	printf("segment operators  run ms  off chip file\n");
	for (uint32_t s = 0; s < settings->segments; s++)
		printf("%7u %9u %7.3f %9s %s\n", s, result->count[s],
		       (double)result->time_ns[s] / 1e6, result->answer[s].off_chip,
		       result->path[s]);
}

int partition_profile(const struct partition_settings *settings,
		      const struct partition_model *model)
{
	struct result result = { 0 };
	struct atoll_error err = { 0 };
	struct measure *measure;
	int r = -EINVAL;

	stop_begin();
	measure = measure_open(settings, model, &err);
	if (measure)
		r = search(settings, model, measure, &result, &err);
	if (r == PARTITION_FOUND)
		r = write_segments(settings, model, measure_compiler(measure), &result, &err);
	if (r < 0)
		options_say("%s", err.text);
	else if (r == PARTITION_BALANCED)
		puts("The segments are near enough to each other already; nothing was written.");
	else if (r == PARTITION_NOT_FOUND)
		options_say("no other cut is faster than the limits or the compiler's own");
	else
		tell(settings, &result);
	measure_close(measure);
	stop_end();
	for (uint32_t s = 0; s < settings->segments; s++)
		free(result.path[s]);
	return r < 0 || r == PARTITION_NOT_FOUND ? EXIT_COULD_NOT : EXIT_SUCCESS;
}
