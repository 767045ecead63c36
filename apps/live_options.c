/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of atoll-classify and atoll-detect. */
#include "apps/live.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"

#define TOP_MAX 1000
#define SCORE_MAX 1e30
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

enum {
	OPTION_THRESHOLD = OPTION_FIRST_OWN,
	OPTION_SIZE,
	OPTION_RATE,
	OPTION_FIT,
	OPTION_EVERY,
	OPTION_FOR,
	OPTION_UNTIL,
	OPTION_SNAPSHOT_ON,
	OPTION_SNAPSHOT_DIR,
	OPTION_TWIN,
	OPTION_CLOCK,
	OPTION_CACHE,
	OPTION_PIXELS,
	OPTION_SHOW,
	OPTION_JSON,
	OPTION_PROFILE,
};

static const struct option names[] = {
	{ "model", required_argument, NULL, 'm' },
	{ "labels", required_argument, NULL, 'l' },
	{ "top", required_argument, NULL, 'n' },
	{ "threshold", required_argument, NULL, OPTION_THRESHOLD },
	{ "camera", required_argument, NULL, 'c' },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "fit", required_argument, NULL, OPTION_FIT },
	{ "every", required_argument, NULL, OPTION_EVERY },
	{ "for", required_argument, NULL, OPTION_FOR },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "snapshot-on", required_argument, NULL, OPTION_SNAPSHOT_ON },
	{ "snapshot-dir", required_argument, NULL, OPTION_SNAPSHOT_DIR },
	{ "output", required_argument, NULL, 'o' },
	{ "device", required_argument, NULL, 'd' },
	{ "twin", required_argument, NULL, OPTION_TWIN },
	{ "clock", required_argument, NULL, OPTION_CLOCK },
	{ "threads", required_argument, NULL, 't' },
	{ "cache", required_argument, NULL, OPTION_CACHE },
	{ "pixels", required_argument, NULL, OPTION_PIXELS },
	{ "show", no_argument, NULL, OPTION_SHOW },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "profile", no_argument, NULL, OPTION_PROFILE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static enum atoll_fit read_fit(const char *text)
{
	static const char *const fits[] = {
		[ATOLL_FIT_STRETCH] = "stretch",
		[ATOLL_FIT_CROP] = "crop",
		[ATOLL_FIT_LETTERBOX] = "letterbox",
	};

	for (unsigned i = 0; i < sizeof(fits) / sizeof(*fits); i++)
		if (strcmp(text, fits[i]) == 0)
			return (enum atoll_fit)i;
	options_wrong("--fit: '%s' is not one of stretch, crop, letterbox", text);
}

/* "key>0.8", or "key" alone for more than a half. Cuts `text` in two. */
static struct live_sight read_sight(const char *option, char *text)
{
	struct live_sight sight = { .label = text, .score = 0.5f };
	char *more = strrchr(text, '>');

	if (more) {
		*more = '\0';
		sight.score = (float)options_real(option, more + 1, -SCORE_MAX, SCORE_MAX);
	}
	if (!*text)
		options_wrong("%s: which label? As in '%s=key>0.8'", option, option);
	return sight;
}

static void add_model(struct live_config *config, const char *path)
{
	if (config->models == LIVE_MODELS_MAX)
		options_wrong("%s: more than %d models", path, LIVE_MODELS_MAX);
	config->model_path[config->models++] = path;
}

/* The next of what may be given once for each model. */
static void add_of_model(const char *list[LIVE_MODELS_MAX], const char *path,
			 const char *what)
{
	uint32_t i = 0;

	while (i < LIVE_MODELS_MAX && list[i])
		i++;
	if (i == LIVE_MODELS_MAX)
		options_wrong("%s: more than %d %s", path, LIVE_MODELS_MAX, what);
	list[i] = path;
}

/* Those about the model and how it runs; false for the others. */
static bool read_model_option(struct live_config *config, int c, char *arg)
{
	struct vision_config *vision = &config->vision;

	switch (c) {
	case 'm': add_model(config, arg); break;
	case 'l': add_of_model(config->labels_path, arg, "files of labels"); break;
	case OPTION_TWIN: add_of_model(config->twin_path, arg, "twins"); break;
	case OPTION_CLOCK: config->clock = arg; break;
	case 'n': vision->top = (uint32_t)options_number("--top", arg, 1, TOP_MAX); break;
	case OPTION_THRESHOLD:
		vision->threshold =
			(float)options_real("--threshold", arg, -SCORE_MAX, SCORE_MAX);
		break;
	case OPTION_FIT: vision->fit = read_fit(arg); break;
	case 'd': vision->session.device = arg; break;
	case 't':
		vision->session.threads = (uint32_t)options_number("--threads", arg, 0, 64);
		break;
	case OPTION_CACHE: vision->session.cache = arg; break;
	case OPTION_PROFILE: vision->session.is_profiled = true; break;
	default: return false;
	}
	return true;
}

/* Those about what is looked at and what comes of it; false for the others. */
static bool read_look_option(struct live_config *config, int c, char *arg)
{
	switch (c) {
	case 'c': config->camera = arg; break;
	case OPTION_SIZE:
		options_size("--size", arg, &config->source.camera.width,
			     &config->source.camera.height);
		break;
	case OPTION_RATE:
		config->source.camera.frame_rate_mhz =
			(uint32_t)(1000 * options_real("--rate", arg, 0.001, 1000) + 0.5);
		break;
	case OPTION_EVERY: config->every_ms = options_duration("--every", arg, DAY_MS); break;
	case OPTION_FOR: config->for_ms = options_duration("--for", arg, 365 * DAY_MS); break;
	case OPTION_UNTIL: config->until = read_sight("--until", arg); break;
	case OPTION_SNAPSHOT_ON: config->snapshot = read_sight("--snapshot-on", arg); break;
	case OPTION_SNAPSHOT_DIR: config->snapshot_folder = arg; break;
	case 'o': config->output = arg; break;
	case OPTION_PIXELS:
		config->source.pixels_max =
			(uint64_t)options_number("--pixels", arg, 1, INT64_MAX);
		break;
	case OPTION_SHOW: config->wants_show = true; break;
	case OPTION_JSON: config->wants_json = true; break;
	default: return false;
	}
	return true;
}

static void check_output(const struct live_config *config)
{
	if (!config->output)
		return;
	if (config->camera)
		options_wrong("--output is for pictures; --snapshot-on is for cameras");
	if ((config->whats > 1 || options_is_folder(config->what[0])) &&
	    !options_is_folder(config->output))
		options_wrong("--output: %s is not a folder, as several pictures need",
			      config->output);
}

/* Beside a camera all are models; else the first is, unless --model named some,
   and the rest is what to look at. */
static void take_arguments(struct live_config *config, char **rest, int count)
{
	if (config->camera) {
		for (; count > 0; count--)
			add_model(config, *rest++);
		if (config->models == 0 && config->usual_model)
			add_model(config, config->usual_model);
	} else if (config->models == 0 && count > 0) {
		add_model(config, *rest++);
		count--;
	}
	if (config->models == 0)
		options_wrong("which model?");
	if (!config->camera && count == 0)
		options_wrong("which pictures?");
	for (uint32_t i = config->models; i < LIVE_MODELS_MAX; i++) {
		if (config->labels_path[i])
			options_wrong("--labels: %s: more labels than models",
				      config->labels_path[i]);
		if (config->twin_path[i])
			options_wrong("--twin: %s: more twins than models",
				      config->twin_path[i]);
	}
	config->what = rest;
	config->whats = count;
	check_output(config);
}

void live_options(struct live_config *config, int argc, char **argv, const char *help)
{
	int c;

	while ((c = getopt_long(argc, argv, "m:l:n:c:o:d:t:h", names, NULL)) != -1) {
		if (read_model_option(config, c, optarg) ||
		    read_look_option(config, c, optarg))
			continue;
		switch (c) {
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
	take_arguments(config, argv + optind, argc - optind);
}
