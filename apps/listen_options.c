/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of atoll-listen. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "apps/lesson.h"
#include "apps/listen.h"
#include "apps/options.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define THRESHOLD_LEAST 0.01
#define HOP_LEAST_MS 10
#define HOP_MOST_MS 1000
#define RATE_LEAST 1000
#define RATE_MOST 384000
#define CHANNELS_MOST 8

enum {
	OPTION_MICROPHONE = OPTION_FIRST_OWN,
	OPTION_CHANNEL,
	OPTION_MIXER,
	OPTION_RATE,
	OPTION_CHANNELS,
	OPTION_SAMPLES,
	OPTION_THRESHOLD,
	OPTION_HOP,
	OPTION_NO_GATE,
	OPTION_FOR,
	OPTION_UNTIL,
	OPTION_WORDS,
	OPTION_TEACH,
	OPTION_EXAMPLES,
	OPTION_TWIN,
	OPTION_CLOCK,
	OPTION_CACHE,
	OPTION_LIST,
	OPTION_JSON,
	OPTION_PROFILE,
};

static const struct option names[] = {
	{ "model", required_argument, NULL, 'm' },
	{ "labels", required_argument, NULL, 'l' },
	{ "microphone", required_argument, NULL, OPTION_MICROPHONE },
	{ "channel", required_argument, NULL, OPTION_CHANNEL },
	{ "mixer", required_argument, NULL, OPTION_MIXER },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "channels", required_argument, NULL, OPTION_CHANNELS },
	{ "samples", required_argument, NULL, OPTION_SAMPLES },
	{ "threshold", required_argument, NULL, OPTION_THRESHOLD },
	{ "hop", required_argument, NULL, OPTION_HOP },
	{ "no-gate", no_argument, NULL, OPTION_NO_GATE },
	{ "for", required_argument, NULL, OPTION_FOR },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "words", required_argument, NULL, OPTION_WORDS },
	{ "teach", required_argument, NULL, OPTION_TEACH },
	{ "examples", required_argument, NULL, OPTION_EXAMPLES },
	{ "device", required_argument, NULL, 'd' },
	{ "twin", required_argument, NULL, OPTION_TWIN },
	{ "clock", required_argument, NULL, OPTION_CLOCK },
	{ "threads", required_argument, NULL, 't' },
	{ "cache", required_argument, NULL, OPTION_CACHE },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "profile", no_argument, NULL, OPTION_PROFILE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

/* What rate, channels and samples are of, the other arguments tell. */
struct form {
	uint32_t rate, channels; /* 0: not given */
	const char *samples;     /* NULL: not given */
};

static uint32_t read_u32(const char *option, const char *text, int64_t low, int64_t high)
{
	return (uint32_t)options_number(option, text, low, high);
}

static enum atoll_samples read_samples(const char *name)
{
	for (unsigned i = ATOLL_S16; i <= ATOLL_F32; i++)
		if (strcasecmp(name, atoll_samples_name((enum atoll_samples)i)) == 0)
			return (enum atoll_samples)i;
	options_wrong("--samples: '%s' is not one of S16, S24, S24_3, S32, U8, F32", name);
}

/* Those about the model and how it runs; false for the others. */
static bool read_model_option(struct listen_config *config, int c, char *arg)
{
	struct hearing_config *hearing = &config->hearing;

	switch (c) {
	case 'm': hearing->model_path = arg; break;
	case 'l': hearing->labels_path = arg; break;
	case OPTION_TWIN: hearing->twin_path = arg; break;
	case OPTION_CLOCK: config->clock = arg; break;
	case OPTION_THRESHOLD:
		hearing->threshold =
			(float)options_real("--threshold", arg, THRESHOLD_LEAST, 1);
		break;
	case OPTION_HOP:
		hearing->hop_ms = (uint32_t)options_duration("--hop", arg, DAY_MS);
		if (hearing->hop_ms < HOP_LEAST_MS || hearing->hop_ms > HOP_MOST_MS)
			options_wrong("--hop: %s is not within %dms to %dms", arg,
				      HOP_LEAST_MS, HOP_MOST_MS);
		break;
	case OPTION_NO_GATE: hearing->is_gated = false; break;
	case OPTION_WORDS: config->words_path = arg; break;
	case 'd': hearing->session.device = arg; break;
	case 't': hearing->session.threads = read_u32("--threads", arg, 0, 64); break;
	case OPTION_CACHE: hearing->session.cache = arg; break;
	case OPTION_PROFILE: hearing->session.is_profiled = true; break;
	default: return false;
	}
	return true;
}

/* Those about what is listened to and what comes of it; false for the others. */
static bool read_sound_option(struct listen_config *config, struct form *form, int c,
			      char *arg)
{
	switch (c) {
	case OPTION_MICROPHONE: config->microphone = arg; break;
	case OPTION_CHANNEL:
		config->sound.channel = read_u32("--channel", arg, 1, CHANNELS_MOST);
		break;
	case OPTION_MIXER: config->mixer = arg; break;
	case OPTION_RATE: form->rate = read_u32("--rate", arg, RATE_LEAST, RATE_MOST); break;
	case OPTION_CHANNELS:
		form->channels = read_u32("--channels", arg, 1, CHANNELS_MOST);
		break;
	case OPTION_SAMPLES: form->samples = arg; break;
	case OPTION_FOR: config->for_ms = options_duration("--for", arg, 365 * DAY_MS); break;
	case OPTION_UNTIL: config->until = arg; break;
	case OPTION_TEACH: config->teach = arg; break;
	case OPTION_EXAMPLES:
		config->examples = read_u32("--examples", arg, LESSON_LEAST, LESSON_ENOUGH);
		break;
	case OPTION_LIST: config->wants_list = true; break;
	case OPTION_JSON: config->wants_json = true; break;
	default: return false;
	}
	return true;
}

static bool reads_stdin(const struct listen_config *config)
{
	for (int i = 0; i < config->whats; i++)
		if (strcmp(config->what[i], "-") == 0)
			return true;
	return false;
}

/* Of the microphone, or of bare samples on standard input. */
static void take_form(struct listen_config *config, const struct form *form)
{
	const bool is_raw = reads_stdin(config);

	if (config->microphone) {
		if (form->samples)
			options_wrong("--samples is for raw samples on standard input (-)");
		config->sound.microphone.rate = form->rate;
		config->sound.microphone.channels = form->channels;
		return;
	}
	if (form->rate && !is_raw)
		options_wrong("--rate is for microphones and raw samples on standard input "
			      "(-); files say theirs");
	if ((form->channels || form->samples) && !form->rate)
		options_wrong("%s: raw samples on standard input (-) want a --rate",
			      form->samples ? "--samples" : "--channels");
	config->sound.raw.rate = form->rate;
	config->sound.raw.channels = form->channels ? form->channels : 1;
	config->sound.raw.samples = form->samples ? read_samples(form->samples) : ATOLL_S16;
}

static void take_arguments(struct listen_config *config, const struct form *form,
			   char **rest, int count)
{
	config->what = rest;
	config->whats = count;
	if (config->wants_list) {
		if (count > 0)
			options_wrong("--list: '%s' is too much", *rest);
		return;
	}
	if (count > 0 && config->microphone)
		options_wrong("--microphone or files, not both");
	if (count > 0 && config->mixer)
		options_wrong("--mixer is for microphones");
	if (count == 0 && !config->microphone)
		config->microphone = "auto";
	take_form(config, form);
	if (config->until && !*config->until)
		options_wrong("--until: which word?");
	if (config->examples && !config->teach)
		options_wrong("--examples: of which word? As in '--teach=lamp'");
	if (config->teach && config->until)
		options_wrong("--teach or --until, not both");
	if (config->teach && config->wants_json)
		options_wrong("--teach or --json, not both");
	if (!config->examples)
		config->examples = LESSON_ENOUGH;
}

void listen_options(struct listen_config *config, int argc, char **argv, const char *help)
{
	struct form form = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "m:l:d:t:h", names, NULL)) != -1) {
		if (read_model_option(config, c, optarg) ||
		    read_sound_option(config, &form, c, optarg))
			continue;
		switch (c) {
		case 'h': options_help(help);
		case OPTION_VERSION: options_version();
		default: options_wrong(NULL);
		}
	}
	take_arguments(config, &form, argv + optind, argc - optind);
}

char *listen_words_path(const struct listen_config *config)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	const char *slash = strrchr(config->hearing.model_path, '/');
	const char *name = slash ? slash + 1 : config->hearing.model_path;
	const char *ending = strstr(name, ".tflite");
	const int length = ending ? (int)(ending - name) : (int)strlen(name);
	char *path = NULL;
	int r;

	if (config->words_path)
		r = asprintf(&path, "%s", config->words_path);
	else if (data && *data == '/')
		r = asprintf(&path, "%s/atoll/%.*s.words", data, length, name);
	else
		r = asprintf(&path, "%s/.local/share/atoll/%.*s.words", home ? home : "",
			     length, name);
	if (r < 0)
		options_could_not("out of memory");
	return path;
}
