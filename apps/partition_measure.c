/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/partition_measure.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/beside.h"
#include "apps/stop.h"
#include "runtime/fill.h"
#include "runtime/pipeline/pipeline.h"

/* Inputs that each time is the mean of; one of zeros goes before them, with which
   devices get their parameters. */
#define RUNS 10

/* A device that does not answer ends its own run far earlier. */
#define RUN_LIMIT_MS 600000

struct measure {
	const struct partition_settings *settings;
	const struct partition_model *model;
	struct atoll_devices *devices;
	struct compiler compiler;
	char folder[256], words[272];
	char *stem;                   /* of the model's name */
	uint32_t compiled;            /* cuts so far */
	bool is_terminal;
};

/* --- what is run --- */

/* Segments, each on its device, while they are measured. */
struct line {
	uint32_t segments;
	struct atoll_model *model[PARTITION_SEGMENTS_MAX];
	struct atoll_session *session[PARTITION_SEGMENTS_MAX];
	struct atoll_pipeline *pipeline;
	uint32_t inputs, outputs;
	struct atoll_tensor *input;
	void **data, **output;
};

/* "usb" and "emu" are one device for each segment. Operators that the compiler left out
   run on the CPU, and so does a part of which it left out all. */
static void name_device(const struct partition_settings *settings, uint32_t segment,
			char *name, size_t room)
{
	const char *given = settings->devices == 0 ? "usb" :
		settings->device[segment < settings->devices ? segment : settings->devices - 1];

	if (strcmp(given, "usb") == 0 || strcmp(given, "emu") == 0)
		snprintf(name, room, "%s:%u,cpu", given, segment);
	else
		snprintf(name, room, "%s,cpu", given);
}

static int open_segment(const struct measure *m, struct line *line, uint32_t device,
			const char *path, struct atoll_error *err)
{
	char name[128];
	const struct atoll_session_options options = {
		.device = name, .devices = m->devices, .threads = 1 };
	uint32_t s = line->segments++;

	name_device(m->settings, device, name, sizeof(name));
	line->model[s] = atoll_model_load(path, err);
	if (line->model[s])
		line->session[s] = atoll_session_open(line->model[s], &options, err);
	return line->session[s] ? 0 : -EINVAL;
}

static int take_tensors(struct line *line)
{
	struct atoll_session *last = line->session[line->segments - 1];

	line->inputs = atoll_pipeline_inputs(line->pipeline);
	line->outputs = atoll_pipeline_outputs(line->pipeline);
	line->input = calloc(line->inputs + 1, sizeof(*line->input));
	line->data = calloc(line->inputs + 1, sizeof(*line->data));
	line->output = calloc(line->outputs + 1, sizeof(*line->output));
	if (!line->input || !line->data || !line->output)
		return -ENOMEM;
	for (uint32_t i = 0; i < line->inputs; i++) {
		line->input[i] = *atoll_session_input(line->session[0], i);
		line->input[i].data = line->data[i] = calloc(1, line->input[i].bytes + 1);
		if (!line->data[i])
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < line->outputs; i++) {
		line->output[i] = malloc(atoll_session_output(last, i)->bytes + 1);
		if (!line->output[i])
			return -ENOMEM;
	}
	return 0;
}

static void close_line(struct line *line)
{
	atoll_pipeline_free(line->pipeline);
	for (uint32_t i = 0; line->data && i < line->inputs; i++)
		free(line->data[i]);
	for (uint32_t i = 0; line->output && i < line->outputs; i++)
		free(line->output[i]);
	free(line->input);
	free(line->data);
	free(line->output);
	for (uint32_t s = 0; s < line->segments; s++) {
		atoll_session_close(line->session[s]);
		atoll_model_free(line->model[s]);
	}
}

/* Numbers that say where or how many stay 0, which is in range everywhere. */
static bool is_index(enum atoll_type type)
{
	return type == ATOLL_INT32 || type == ATOLL_INT64 || type == ATOLL_BOOL;
}

static void fill(struct line *line, uint32_t number)
{
	for (uint32_t i = 0; i < line->inputs; i++)
		if (!is_index(line->input[i].type))
			atoll_fill(ATOLL_FILL_LCG, number * line->inputs + i, &line->input[i]);
}

static int run(struct line *line, uint32_t times, bool is_random, struct atoll_error *err)
{
	int r = 0;

	for (uint32_t i = 0; i < times && r == 0; i++) {
		if (is_random)
			fill(line, i);
		r = atoll_pipeline_push(line->pipeline, (const void *const *)line->data,
					RUN_LIMIT_MS, err);
	}
	for (uint32_t i = 0; i < times && r == 0; i++) {
		r = atoll_pipeline_pop(line->pipeline, line->output, RUN_LIMIT_MS, err);
		if (r >= 0)
			r = stop_wanted() ? atoll_error_set(err, -EINTR, "stopped") : 0;
	}
	return r;
}

/* time_ns [segments] of the means. */
static int time_line(struct line *line, int64_t *time_ns, struct atoll_error *err)
{
	struct atoll_pipeline_stats before[PARTITION_SEGMENTS_MAX];
	int r;

	line->pipeline = atoll_pipeline_new(line->session, line->segments, NULL, err);
	if (!line->pipeline)
		return -EINVAL;
	if (take_tensors(line) < 0)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = run(line, 1, false, err);
	for (uint32_t s = 0; s < line->segments; s++)
		before[s] = atoll_pipeline_stats(line->pipeline, s);
	if (r == 0)
		r = run(line, RUNS, true, err);
	for (uint32_t s = 0; s < line->segments && r == 0; s++)
		time_ns[s] = (int64_t)(atoll_pipeline_stats(line->pipeline, s).time_ns -
				       before[s].time_ns) / RUNS;
	return r;
}

/* --- the questions of the search --- */

/* A line that is overwritten by the next. */
static void show(const struct measure *m, const char *what, uint32_t first, uint32_t count)
{
	if (m->is_terminal)
		fprintf(stderr, "\r\033[K%s: operators %u to %u, %u compiled so far", what,
			first, first + count - 1, m->compiled);
}

static void hide(const struct measure *m)
{
	if (m->is_terminal)
		fputs("\r\033[K", stderr);
}

static int compilers_own(void *context, int64_t *time_ns, struct atoll_error *err)
{
	struct measure *m = context;
	uint32_t segments = m->settings->segments;
	struct compiler_answer answer;
	struct line line = { 0 };
	int r;

	show(m, "the compiler's own segments", 0, atoll_segments_operators(m->model->segments));
	r = compiler_run(&m->compiler, m->settings->model_path, m->folder, segments, &answer,
			 err);
	if (r == 0 && !answer.is_compiled)
		r = atoll_error_set(err, -EINVAL, "%s cannot cut the model into %u segments%s%s",
				    m->compiler.program, segments, *answer.why ? ": " : "",
				    answer.why);
	for (uint32_t s = 0; s < segments && r == 0; s++) {
		char *path = partition_path(m->folder, m->stem, s, segments,
					    "_edgetpu.tflite");

		r = path ? open_segment(m, &line, s, path, err) :
			atoll_error_set(err, -ENOMEM, "out of memory");
		free(path);
	}
	if (r == 0)
		r = time_line(&line, time_ns, err);
	close_line(&line);
	hide(m);
	return r;
}

/* What was compiled of the cut, timed alone on the device of its segment. */
static int time_cut(const struct measure *m, uint32_t segment, const char *path,
		    int64_t *time_ns, struct atoll_error *err)
{
	struct line line = { 0 };
	int r = open_segment(m, &line, segment, path, err);

	if (r == 0)
		r = time_line(&line, time_ns, err);
	close_line(&line);
	return r;
}

static int measure(void *context, uint32_t segment, uint32_t first, uint32_t count,
		   int64_t *time_ns, struct atoll_error *err)
{
	struct measure *m = context;
	struct compiler_answer answer;
	char path[300], compiled[320];
	int r;

	show(m, "measuring", first, count);
	snprintf(path, sizeof(path), "%s/cut.tflite", m->folder);
	snprintf(compiled, sizeof(compiled), "%s/cut_edgetpu.tflite", m->folder);
	(void)unlink(compiled); /* of the cut before, if there was one */
	r = partition_write(m->model, first, count, path, err);
	if (r == 0)
		r = compiler_run(&m->compiler, path, m->folder, 0, &answer, err);
	if (r == 0) {
		m->compiled++;
		*time_ns = PARTITION_IMPOSSIBLE;
		if (answer.is_compiled)
			r = time_cut(m, segment, compiled, time_ns, err);
	}
	hide(m);
	return r;
}

const struct partition_ops measure_ops = {
	.compilers_own = compilers_own,
	.measure = measure,
};

/* --- opening and closing --- */

/* For those that are given as they are, opening will tell. */
static int count_devices(const struct measure *m, struct atoll_error *err)
{
	const uint32_t segments = m->settings->segments;
	struct atoll_device device[PARTITION_SEGMENTS_MAX];
	uint32_t there;
	int r;

	if (m->settings->devices > 0)
		return 0;
	r = atoll_devices_list(m->devices, device, PARTITION_SEGMENTS_MAX, &there, err);
	if (r == 0 && there < segments)
		r = atoll_error_set(err, -ENODEV, "%u segments need as many Edge TPUs, on USB "
				    "there %s %u; --device=emu tries without", segments,
				    there == 1 ? "is" : "are", there);
	return r;
}

static int make_folder(struct measure *m, struct atoll_error *err)
{
	const char *within = getenv("TMPDIR");
	int length = snprintf(m->folder, sizeof(m->folder), "%s/atoll-partition-XXXXXX",
			      within && *within ? within : "/tmp");
	int r = 0;

	if (length >= (int)sizeof(m->folder))
		r = -ENAMETOOLONG;
	else if (!mkdtemp(m->folder))
		r = -errno;
	if (r < 0) {
		m->folder[0] = '\0';
		return atoll_error_set(err, r, "a folder in %s: %s", within ? within : "/tmp",
				       strerror(-r));
	}
	snprintf(m->words, sizeof(m->words), "%s/words", m->folder);
	return 0;
}

/* There are only files in it. */
static void remove_folder(const struct measure *m)
{
	DIR *folder = *m->folder ? opendir(m->folder) : NULL;
	struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(folder), entry->d_name, 0); /* or rmdir fails */
	(void)closedir(folder);
	(void)rmdir(m->folder); /* what is left of it is in the folder for such things */
}

static int open_all(struct measure *m, struct atoll_error *err)
{
	int r;

	m->is_terminal = isatty(STDERR_FILENO);
	m->compiler = (struct compiler){ .program = m->settings->compiler, .words = m->words,
					 .search_step = m->settings->compiler_step };
	m->stem = beside_name(m->settings->model_path);
	if (!m->stem)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	m->devices = atoll_devices_new(NULL, err);
	if (!m->devices)
		return -EINVAL;
	r = count_devices(m, err);
	return r < 0 ? r : make_folder(m, err);
}

struct measure *measure_open(const struct partition_settings *settings,
			     const struct partition_model *model, struct atoll_error *err)
{
	struct measure *m = calloc(1, sizeof(*m));

	if (!m) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	m->settings = settings;
	m->model = model;
	if (open_all(m, err) == 0)
		return m;
	measure_close(m);
	return NULL;
}

void measure_close(struct measure *m)
{
	if (!m)
		return;
	remove_folder(m);
	atoll_devices_free(m->devices);
	free(m->stem);
	free(m);
}

const struct compiler *measure_compiler(const struct measure *m)
{
	return &m->compiler;
}
