/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/compile_check.h"
#include "apps/compile_child.h"
#include "apps/compile_files.h"
#include "apps/compile_json.h"
#include "apps/compile_page.h"
#include "apps/compile_report.h"
#include "apps/options.h"
#include "board/clock.h"

/* How a child ends; the first two as options_end has them. */
enum { RUN_GOOD, RUN_FAILED, RUN_TOO_MUCH /* fewer operators may do */ };

bool run_reports(const struct compile_settings *settings)
{
	return !settings->wants_json && !settings->is_check;
}

bool run_load(const struct compile_run *run, struct compile_item *item)
{
	const struct compile_settings *settings = run->settings;
	struct atoll_error err;

	item->model = atoll_model_load(item->path, &err);
	if (item->model)
		return true;
	if (run_reports(settings)) {
		report_timer(stdout, settings->timeout_s);
		report_failure(stdout, item->path, NULL, ATOLL_COMPILE_OTHER);
		report_end(stdout, REPORT_FAILED);
	} else if (settings->wants_json) {
		compile_json_failure(stdout, "not a model", err.text);
	}
	options_say("%s", err.text);
	return false;
}

/* In the child: there is no model, for this reason. */
static int tell_failure(const struct compile_run *run, enum atoll_compile_failure failure,
			const struct atoll_error *err)
{
	const struct compile_item *item = run->item;

	/* The sentence begins with the model it is about. */
	for (uint32_t i = 1; i < run->items; i++) {
		const char *name = atoll_error_path(run->item[i].path);

		if (strncmp(err->text, name, strlen(name)) == 0)
			item = &run->item[i];
	}
	if (run_reports(run->settings))
		report_failure(stdout, item->path, &item->model->graph[0], failure);
	else if (run->settings->wants_json)
		compile_json_failure(stdout, compile_json_kind(failure), err->text);
	options_say("%s", err->text);
	return failure == ATOLL_COMPILE_TOO_LARGE || failure == ATOLL_COMPILE_OTHER ?
		RUN_TOO_MUCH : RUN_FAILED;
}

static void tell(const struct compile_run *run, const struct atoll_estimate *estimate,
		 uint64_t token, int64_t took_ms)
{
	const struct compile_settings *settings = run->settings;

	if (settings->wants_json) {
		compile_json(stdout, settings, run->item,
			     settings->wants_estimate ? estimate : NULL, run->items, token,
			     took_ms);
		return;
	}
	if (settings->is_check) {
		for (uint32_t i = 0; i < run->items; i++) {
			if (i > 0)
				putchar('\n');
			check_print(stdout, &run->item[i]);
		}
	} else {
		report_models(stdout, run->item, run->items, took_ms,
			      settings->shows_operations);
	}
	for (uint32_t i = 0; settings->wants_estimate && i < run->items; i++)
		report_estimate(stdout, &run->item[i], &estimate[i]);
}

static int make_page(const struct compile_run *run, const struct atoll_estimate *estimate,
		     struct atoll_error *err)
{
	for (uint32_t i = 0; i < run->items; i++) {
		int r = page_item(run->page, &run->item[i], &estimate[i]);

		if (r < 0)
			return atoll_error_set(err, r, "%s: %s", run->settings->page_path,
					       strerror(-r));
	}
	return 0;
}

/* In the child: everything that is wanted of models that were compiled. */
static int deliver(const struct compile_run *run, const struct atoll_compiled *compiled,
		   int64_t took_ms)
{
	const struct compile_settings *settings = run->settings;
	struct atoll_estimate *estimate = calloc(run->items, sizeof(*estimate));
	struct atoll_error err;
	uint64_t all = 0;
	int r = estimate ? 0 : atoll_error_set(&err, -ENOMEM, "no memory");

	for (uint32_t i = 0; i < run->items; i++)
		all += compiled->model[i].cached_bytes;
	for (uint32_t i = 0; r == 0 && i < run->items; i++) {
		run->item[i].compiled = &compiled->model[i];
		run->item[i].others_bytes = all - compiled->model[i].cached_bytes;
		r = atoll_estimate(&run->item[i].model->graph[0], &compiled->model[i],
				   &estimate[i], &err);
	}
	if (r == 0 && run->page)
		r = make_page(run, estimate, &err);
	if (r == 0 && !settings->is_check)
		r = files_write(run->item, run->items, settings->version, &err);
	if (r == 0)
		tell(run, estimate, compiled->token, took_ms);
	else
		options_say("%s", err.text);
	free(estimate);
	return r < 0 ? RUN_FAILED : options_end(RUN_GOOD);
}

static struct atoll_compile_job *make_jobs(const struct compile_run *run)
{
	struct atoll_compile_job *job = calloc(run->items, sizeof(*job));

	for (uint32_t i = 0; job && i < run->items; i++) {
		job[i].model = run->item[i].model;
		job[i].operators_max = run->operators_max;
		job[i].stop = stops_names(run->stops, i, &job[i].stops);
	}
	return job;
}

static int work(void *context, int timer)
{
	struct compile_run *run = context;
	enum atoll_compile_failure failure = ATOLL_COMPILE_OTHER;
	struct atoll_compile_job *job = make_jobs(run);
	struct atoll_compiled *compiled = NULL;
	int64_t start_ms = atoll_clock_ms(), took_ms;
	struct atoll_error err = { .text = "no memory" };
	int status;

	if (job)
		compiled = atoll_compile(job, run->items, &run->options, &failure, &err);
	took_ms = atoll_clock_ms() - start_ms;
	child_stop_timer(timer);
	status = compiled ? deliver(run, compiled, took_ms) : tell_failure(run, failure, &err);
	atoll_compiled_free(compiled);
	free(job);
	return status;
}

/* What only the parent can say of its child. */
static void tell_end(const struct compile_run *run, const struct child_end *end)
{
	const char *path = run->item[0].path;
	char text[192];

	if (end->has_timed_out)
		(void)snprintf(text, sizeof(text), "%s: not done after %" PRIu32 " seconds",
			       atoll_error_path(path), run->settings->timeout_s);
	else if (end->error < 0)
		(void)snprintf(text, sizeof(text), "%s: no process to compile in: %s",
			       atoll_error_path(path), strerror(-end->error));
	else if (end->signal)
		(void)snprintf(text, sizeof(text), "%s: ended by signal %d, %s",
			       atoll_error_path(path), end->signal, strsignal(end->signal));
	else
		return; /* it spoke for itself */
	if (run->settings->wants_json)
		compile_json_failure(stdout, end->has_timed_out ? "timeout" : "other", text);
	options_say("%s", text);
}

static int attempt(struct compile_run *run)
{
	const struct compile_settings *settings = run->settings;
	struct child_end end;
	char *what;

	if (run_reports(settings))
		report_timer(stdout, settings->timeout_s);
	if (asprintf(&what, "compiling %s", run->item[0].path) < 0)
		options_could_not("out of memory");
	end = child_run(work, run, (int64_t)settings->timeout_s * 1000, what);
	free(what);
	if (end.signal == SIGPIPE)
		(void)raise(SIGPIPE); /* nobody reads: as quietly as the child */
	tell_end(run, &end);
	if (run_reports(settings))
		report_end(stdout, end.has_timed_out ? REPORT_TIMEOUT :
			   end.status == RUN_GOOD ? REPORT_GOOD : REPORT_FAILED);
	return end.status < 0 ? RUN_TOO_MUCH : end.status;
}

bool run_compile(struct compile_run *run)
{
	const struct compile_settings *settings = run->settings;
	const struct atoll_graph *graph = &run->item[0].model->graph[0];
	uint32_t left = graph->operators;
	int status;

	if (!settings->searches)
		return attempt(run) == RUN_GOOD;
	if (run_reports(settings))
		report_search(stdout, settings->search_step);
	for (;;) {
		run->operators_max = left;
		if (run_reports(settings))
			report_attempt(stdout, graph, left);
		status = attempt(run);
		if (status != RUN_TOO_MUCH || left <= settings->search_step)
			return status == RUN_GOOD;
		left -= settings->search_step;
	}
}
