/* SPDX-License-Identifier: Apache-2.0 */
/* How fast and how large models are here. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/bench.h"
#include "apps/display.h"
#include "apps/options.h"
#include "board/json.h"
#include "runtime/fill.h"
#include "runtime/session.h"

static const char help[] =
"Usage: atoll-bench [OPTION]... MODEL...\n"
"       atoll-bench --pipeline [OPTION]... SEGMENT...\n"
"\n"
"Measure latency and memory of .tflite models, on repeatable inputs.\n"
"\n"
"  -r, --runs=N         measured runs of each model (default: as many as fit\n"
"                       into --seconds, at least 10)\n"
"  -s, --seconds=S      measuring time of each model (default 1)\n"
"  -d, --device=DEVICE  tpu, usb, usb:N, serve, emu, cpu, or a list of them\n"
"                       (default tpu,cpu)\n"
"      --pipeline       the models are segments of one, in their order, and work\n"
"                       at the same time; each may have a --device of its own,\n"
"                       the last is also for those behind it\n"
"      --twin=FILE      the model that a compiled one was made from\n"
"      --clock=LEVEL    of an Edge TPU: low, medium, high, max\n"
"  -t, --threads=N      threads (default 1), 0 chooses\n"
"      --cache=DIR      keep prepared weights in this private directory\n"
"      --json           one JSON object per model and line\n"
"      --profile        say where the time went\n"
"  -h, --help           print this and exit\n"
"      --version        print the version and exit\n"
"\n"
"Times are milliseconds: load and plan, the first run, then median, 90th\n"
"percentile and least of the measured ones. Memory is what loading and running\n"
"add to the process at the peak, code aside, and how that compares with model\n"
"plus arena. Of a pipeline it is the mean time in each segment, the time of one\n"
"set of inputs through all of them, and how many sets come out per second.\n";

struct figures {
	double load_ms, first_ms;
	struct bench_spread run;
	uint32_t runs, threads;
	const char *instructions;
	char device[48];
	size_t model_bytes, arena_bytes;
	double memory_bytes; /* at the peak, more than before */
};

/* A line of /proc/self/status such as "VmHWM:  1234 kB", in bytes; 0 when the
   kernel does not tell. */
static double status_bytes(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	double kilobytes = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, strlen(key)) == 0)
			kilobytes = strtod(line + strlen(key), NULL);
	if (file)
		(void)fclose(file); /* only read */
	return kilobytes * 1024;
}

/* Let VmHWM begin at what is in use now (proc(5), clear_refs). */
static void forget_peak(void)
{
	FILE *file;

	(void)malloc_trim(0);
	file = fopen("/proc/self/clear_refs", "we");
	if (!file)
		return;
	(void)fputs("5", file);
	(void)fclose(file); /* without it the peak only looks larger */
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int timed_run(struct atoll_session *session, double *time_ms)
{
	double start = display_now_ms();
	int r = atoll_session_invoke(session);

	*time_ms = display_now_ms() - start;
	return r;
}

bool bench_is_over(const struct bench_settings *settings, uint32_t runs, double end_ms)
{
	if (settings->runs)
		return runs >= settings->runs;
	return runs >= BENCH_RUNS_MAX ||
	       (runs >= BENCH_RUNS_LEAST && display_now_ms() >= end_ms);
}

struct bench_spread bench_spread(double *time_ms, uint32_t runs)
{
	qsort(time_ms, runs, sizeof(*time_ms), ascending);
	return (struct bench_spread){
		.min_ms = time_ms[0],
		.median_ms = time_ms[runs / 2],
		.p90_ms = time_ms[(size_t)runs * 9 / 10],
	};
}

static int measure(const struct bench_settings *settings, struct atoll_session *session,
		   struct figures *figures)
{
	uint32_t room = settings->runs ? settings->runs : BENCH_RUNS_MAX, n = 0;
	double *time_ms = malloc(room * sizeof(*time_ms));
	double end_ms = display_now_ms() + settings->seconds * 1e3;
	int r = time_ms ? 0 : -ENOMEM;

	while (r == 0 && !bench_is_over(settings, n, end_ms))
		r = timed_run(session, &time_ms[n++]);
	if (r == 0) {
		figures->runs = n;
		figures->run = bench_spread(time_ms, n);
	}
	free(time_ms);
	return r;
}

static void tell_text(const char *path, const struct figures *f)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	printf("%-48s %8.3f %8.3f %8.3f %8.3f %8.3f %8.2f %6.2f\n", name, f->load_ms,
	       f->first_ms, f->run.median_ms, f->run.p90_ms, f->run.min_ms,
	       f->memory_bytes / 1048576,
	       f->memory_bytes / (double)(f->model_bytes + f->arena_bytes));
}

static void tell_json(const char *path, const struct figures *f)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "model", path);
	atoll_json_string(&json, "device", f->device);
	atoll_json_string(&json, "instructions", f->instructions);
	atoll_json_integer(&json, "threads", f->threads);
	atoll_json_integer(&json, "runs", f->runs);
	atoll_json_real(&json, "load_ms", f->load_ms);
	atoll_json_real(&json, "first_ms", f->first_ms);
	atoll_json_real(&json, "median_ms", f->run.median_ms);
	atoll_json_real(&json, "p90_ms", f->run.p90_ms);
	atoll_json_real(&json, "min_ms", f->run.min_ms);
	atoll_json_integer(&json, "model_bytes", (int64_t)f->model_bytes);
	atoll_json_integer(&json, "arena_bytes", (int64_t)f->arena_bytes);
	atoll_json_integer(&json, "peak_bytes", (int64_t)f->memory_bytes);
	atoll_json_end(&json);
}

/* Beside 0 and negative errnos: there are words on stderr already. */
#define WAS_TOLD 1

/* A model with its session; both NULL when the model cannot be run here. */
struct opened {
	struct atoll_model *model;
	struct atoll_session *session;
};

static struct opened open_model(const struct bench_settings *settings, const char *path)
{
	struct atoll_error err;
	struct opened opened = { .model = atoll_model_load(path, &err) };

	if (opened.model)
		opened.session = atoll_session_open(opened.model, &settings->session, &err);
	if (!opened.session)
		options_say("%s", err.text);
	return opened;
}

static void close_model(struct opened opened)
{
	atoll_session_close(opened.session);
	atoll_model_free(opened.model);
}

static int fill_and_run(struct atoll_session *session, double *time_ms)
{
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++)
		atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(session, i));
	return timed_run(session, time_ms);
}

/* As after a start of the program: nothing of the model is in memory, and of our
   own code only what earlier models have used. */
static int bench_cold(const struct bench_settings *settings, const char *path,
		      struct figures *figures)
{
	double start = display_now_ms();
	struct opened opened = open_model(settings, path);
	int r = WAS_TOLD;

	if (opened.session) {
		figures->load_ms = display_now_ms() - start;
		options_session(opened.session);
		r = fill_and_run(opened.session, &figures->first_ms);
	}
	close_model(opened);
	return r;
}

/* Memory with the code in place, so that what grows is what the model needs. */
static int bench_warm(const struct bench_settings *settings, const char *path,
		      struct figures *figures)
{
	double before, ignored;
	struct opened opened;
	int r = WAS_TOLD;

	forget_peak();
	before = status_bytes("VmRSS:");
	opened = open_model(settings, path);
	if (opened.session) {
		r = fill_and_run(opened.session, &ignored);
		for (uint32_t i = 0; i < BENCH_WARM_UP_RUNS && r == 0; i++)
			r = timed_run(opened.session, &ignored);
		figures->memory_bytes = status_bytes("VmHWM:") - before;
		figures->model_bytes = opened.model->size;
		figures->arena_bytes = atoll_session_plan(opened.session)->arena_bytes;
		figures->instructions = atoll_session_plan(opened.session)->instructions;
		figures->threads = atoll_session_plan(opened.session)->threads;
		snprintf(figures->device, sizeof(figures->device), "%s",
			 atoll_session_plan(opened.session)->device);
	}
	if (r == 0)
		r = measure(settings, opened.session, figures);
	if (r == 0 && settings->session.is_profiled)
		display_profile(atoll_session_plan(opened.session));
	close_model(opened);
	return r;
}

static bool bench(const struct bench_settings *settings, const char *path)
{
	struct figures figures = { 0 };
	int r = bench_cold(settings, path, &figures);

	if (r == 0)
		r = bench_warm(settings, path, &figures);
	if (r < 0)
		options_say("%s: %s", path, strerror(-r));
	else if (r == 0 && settings->wants_json)
		tell_json(path, &figures);
	else if (r == 0)
		tell_text(path, &figures);
	return r == 0;
}

enum { OPTION_PIPELINE = OPTION_FIRST_OWN, OPTION_TWIN, OPTION_CLOCK, OPTION_CACHE, OPTION_JSON,
       OPTION_PROFILE };

/* The last one holds where there is only one. */
static void take_device(struct bench_settings *settings, const char *list)
{
	if (settings->devices == BENCH_DEVICES_MAX)
		options_wrong("--device: more than %d", BENCH_DEVICES_MAX);
	settings->device[settings->devices++] = settings->session.device = list;
}

static void read_options(int argc, char **argv, struct bench_settings *settings)
{
	static const struct option names[] = {
		{ "runs", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "device", required_argument, NULL, 'd' },
		{ "pipeline", no_argument, NULL, OPTION_PIPELINE },
		{ "twin", required_argument, NULL, OPTION_TWIN },
		{ "clock", required_argument, NULL, OPTION_CLOCK },
		{ "threads", required_argument, NULL, 't' },
		{ "cache", required_argument, NULL, OPTION_CACHE },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "profile", no_argument, NULL, OPTION_PROFILE },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "r:s:d:t:h", names, NULL)) != -1) {
		switch (c) {
		case 'r':
			settings->runs =
				(uint32_t)options_number("--runs", optarg, 1,
							 BENCH_RUNS_MAX);
			break;
		case 's':
			settings->seconds = options_real("--seconds", optarg, 0, 3600);
			break;
		case 'd': take_device(settings, optarg); break;
		case 't':
			settings->session.threads =
				(uint32_t)options_number("--threads", optarg, 0, 64);
			break;
		case OPTION_PIPELINE: settings->is_pipeline = true; break;
		case OPTION_TWIN: settings->twin_path = optarg; break;
		case OPTION_CLOCK: settings->clock = optarg; break;
		case OPTION_CACHE: settings->session.cache = optarg; break;
		case OPTION_JSON: settings->wants_json = true; break;
		case OPTION_PROFILE: settings->session.is_profiled = true; break;
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
	if (optind == argc)
		options_wrong("which model?");
}

static bool bench_each(const struct bench_settings *settings, int models, char *const *path)
{
	struct display_progress progress;
	bool is_fine = true;

	if (!settings->wants_json)
		printf("%-48s %8s %8s %8s %8s %8s %8s %6s\n", "model", "load ms",
		       "first", "median", "p90", "min", "MiB", "ratio");
	progress = display_progress_begin("models", (uint32_t)models);
	for (int i = 0; i < models; i++) {
		display_progress_hide(&progress);
		is_fine = bench(settings, path[i]) && is_fine;
		(void)fflush(stdout);
		display_progress_step(&progress);
	}
	display_progress_hide(&progress);
	return is_fine;
}

int main(int argc, char **argv)
{
	struct bench_settings settings = { .seconds = 1, .session = { .threads = 1 } };
	struct atoll_model *twin;
	bool is_fine;

	options_begin("atoll-bench");
	read_options(argc, argv, &settings);
	settings.session.devices = options_devices(settings.clock);
	settings.session.twin = twin = options_twin(settings.twin_path);
	is_fine = settings.is_pipeline ?
		bench_pipeline(&settings, (uint32_t)(argc - optind), argv + optind) :
		bench_each(&settings, argc - optind, argv + optind);
	atoll_model_free(twin);
	atoll_devices_free(settings.session.devices);
	return options_end(is_fine ? EXIT_SUCCESS : EXIT_COULD_NOT);
}
