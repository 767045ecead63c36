/* SPDX-License-Identifier: Apache-2.0 */
/* Map models to the Edge TPU; also installed as edgetpu_compiler. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "apps/beside.h"
#include "apps/compile_cut.h"
#include "apps/compile_files.h"
#include "apps/compile_options.h"
#include "apps/compile_page.h"
#include "apps/compile_report.h"
#include "apps/compile_run.h"
#include "apps/options.h"
#include "board/replacement.h"

#define VENDORS_NAME "edgetpu_compiler"

/* X.tflite for X_edgetpu.tflite. */
static char *find_twin(const char *like_path)
{
	static const char ending[] = "_edgetpu.tflite";
	size_t length = strlen(like_path);
	char *path = NULL;

	if (length <= strlen(ending) || strcmp(like_path + length - strlen(ending), ending) != 0)
		options_could_not("%s: what was it compiled from? --twin=FILE", like_path);
	if (asprintf(&path, "%.*s.tflite", (int)(length - strlen(ending)), like_path) < 0)
		options_could_not("out of memory");
	return path;
}

static void load_like(const struct compile_settings *settings, struct compile_run *run)
{
	char *found = settings->like_path && !settings->twin_path ?
		find_twin(settings->like_path) : NULL;

	run->options.like = options_twin(settings->like_path);
	run->options.like_twin = options_twin(found ? found : settings->twin_path);
	free(found);
}

static void free_like(struct compile_run *run)
{
	atoll_model_free((struct atoll_model *)run->options.like);
	atoll_model_free((struct atoll_model *)run->options.like_twin);
}

/* What is written for one model must not be in the place of another's. */
static void name_outputs(const struct compile_settings *settings, struct compile_item *item)
{
	for (uint32_t i = 0; i < settings->models; i++) {
		item[i].path = settings->path[i];
		item[i].warning = atoll_target_warning(settings->options.target);
		if (files_name(&item[i], settings->folder) < 0)
			options_could_not("out of memory");
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(item[k].output_path, item[i].output_path) == 0)
				options_wrong("%s and %s would both become %s", item[k].path,
					      item[i].path, item[i].output_path);
	}
}

/* All of a segmented model have the same token, so that their parameters may be on a
   chip together. */
static uint64_t new_token(void)
{
	uint64_t token = 0;

	while (token == 0)
		if (getrandom(&token, sizeof(token), 0) != (ssize_t)sizeof(token))
			options_could_not("no random numbers: %s", strerror(errno));
	return token;
}

static bool compile_segment(const struct compile_run *whole, const struct cut_segment *segment)
{
	struct compile_item item = { .path = segment->path, .model = segment->model };
	struct compile_run run = *whole;
	bool is_good;

	run.items = 1;
	run.item = &item;
	if (files_name(&item, run.settings->folder) < 0)
		options_could_not("out of memory");
	is_good = run_compile(&run);
	files_free(&item);
	return is_good;
}

static bool compile_segments(struct compile_run *run)
{
	const struct compile_settings *settings = run->settings;
	struct atoll_error err;
	struct cut *cut = cut_new(run->item[0].model, run->item[0].path, settings->segments,
				  settings->folder, &err);
	bool is_good = cut != NULL;

	if (!cut)
		options_say("%s", err.text);
	run->options.token = new_token();
	for (uint32_t i = 0; is_good && i < settings->segments; i++)
		is_good = compile_segment(run, &cut->segment[i]);
	cut_free(cut);
	return is_good;
}

static bool compile(struct compile_run *run)
{
	const struct compile_settings *settings = run->settings;
	struct atoll_error err;

	if (!settings->is_check && files_make_folder(settings->folder, &err) < 0) {
		options_say("%s", err.text);
		return false;
	}
	for (uint32_t i = 0; i < run->items; i++)
		if (!run_load(run, &run->item[i]))
			return false;
	return settings->segments ? compile_segments(run) : run_compile(run);
}

/* The page is begun before and ended after; what is between, the children write. */
static bool compile_with_page(struct compile_run *run)
{
	const char *path = run->settings->page_path;
	struct atoll_replacement page;
	bool is_good;
	int r;

	if (!path)
		return compile(run);
	r = atoll_replacement_open(&page, path);
	if (r < 0)
		options_could_not("%s: %s", path, strerror(-r));
	page_begin(page.file, run->settings->version);
	(void)fflush(page.file); /* close looks at errors */
	run->page = page.file;
	is_good = compile(run);
	page_end(page.file);
	r = atoll_replacement_close(&page, is_good ? 0 : -ECANCELED);
	if (is_good && r < 0) {
		options_say("%s: %s", path, strerror(-r));
		return false;
	}
	return is_good;
}

/* What was written does not show it. */
static void tell_target(const struct compile_settings *settings)
{
	const char *warning = atoll_target_warning(settings->options.target);

	if (warning && !settings->is_check)
		options_say("compiled for silicon, %s", warning);
	if (settings->options.target == ATOLL_TARGET_EMULATOR && !settings->is_check)
		options_say("compiled for emulated Edge TPUs and the CPU; "
			    "for real ones see --target=like");
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	const bool is_vendors = strcmp(name, VENDORS_NAME) == 0;
	struct compile_settings settings;
	struct compile_run run = { .settings = &settings };
	struct stops *stops = NULL;
	struct atoll_error err;
	bool is_good;

	options_begin(is_vendors ? VENDORS_NAME : "atoll-compile");
	compile_options_read(argc, argv, is_vendors, &settings);
	run.options = settings.options;
	run.items = settings.models;
	run.item = calloc(settings.models, sizeof(*run.item));
	if (!run.item)
		options_could_not("out of memory");
	name_outputs(&settings, run.item);
	if (settings.stops) {
		stops = stops_new(settings.stops, settings.models, &err);
		if (!stops)
			options_wrong("--intermediate-tensors: %s", err.text);
	}
	run.stops = stops;
	load_like(&settings, &run);

	if (run_reports(&settings))
		report_version(stdout, settings.version);
	is_good = compile_with_page(&run);
	if (is_good && run_reports(&settings))
		tell_target(&settings);

	for (uint32_t i = 0; i < settings.models; i++) {
		atoll_model_free((struct atoll_model *)run.item[i].model);
		files_free(&run.item[i]);
	}
	free(run.item);
	stops_free(stops);
	free_like(&run);
	return options_end(is_good ? EXIT_SUCCESS : EXIT_COULD_NOT);
}
