/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listend_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/shipped.h"
#include "runtime/edgetpu/chip.h"

#define EVENTS_PATH "/run/atoll/listend.sock"

/* How often sound is taken: half of the usual hop. Never less often than a model is to
   run, or two of its runs would fall due at once. */
#define PERIOD_MS 50

/* A telephone's is the lowest in which words can be told apart. */
#define RATE_MIN 8000
#define RATE_MAX 384000

static int choose(struct listend_config *config, const char *microphone, const char *file,
		  struct atoll_error *err)
{
	int length;

	config->microphone = file ? NULL : microphone ? microphone : "auto";
	length = file ? snprintf(config->what, sizeof(config->what), "%s", file) :
		snprintf(config->what, sizeof(config->what), "mic:%s", config->microphone);
	if (length >= (int)sizeof(config->what))
		return settings_wrong(config->file, file ? "source" : "microphone", "too long",
				      err);
	config->sound.what = config->what;
	config->sound.is_paced = true;
	config->sound.repeats = true;
	return 0;
}

static int read_source(struct listend_config *config,
		       const struct listend_overrides *overrides, struct atoll_error *err)
{
	struct atoll_microphone_config *form = &config->sound.microphone;
	const char *microphone = NULL, *source = NULL, *mixer = NULL;
	struct atoll_config *file = config->file;

	if (atoll_config_text(file, "microphone", &microphone, err) < 0 ||
	    atoll_config_text(file, "source", &source, err) < 0 ||
	    atoll_config_text(file, "mixer", &mixer, err) < 0 ||
	    settings_count(file, "rate", RATE_MIN, RATE_MAX, &form->rate, err) < 0 ||
	    settings_count(file, "channels", 1, ATOLL_CHANNELS_MAX, &form->channels,
			   err) < 0 ||
	    settings_count(file, "channel", 1, ATOLL_CHANNELS_MAX, &config->sound.channel,
			   err) < 0)
		return -EINVAL;
	if (form->channels && config->sound.channel > form->channels)
		return settings_wrong(file, "channel", "above the number of channels", err);
	if (mixer && strcmp(mixer, "none") != 0)
		config->mixer = mixer;

	if (overrides->file)
		return choose(config, NULL, overrides->file, err);
	if (overrides->microphone)
		return choose(config, overrides->microphone, NULL, err);
	if (microphone && source)
		return settings_wrong(file, "source", "there is a microphone already", err);
	return choose(config, microphone, source, err);
}

/* What may be said of one model, or with an empty prefix of all of them. */
static int read_habits(struct atoll_config *file, const char *prefix,
		       struct hearing_config *hearing, struct atoll_error *err)
{
	char key[SETTINGS_KEY_BYTES];
	int64_t hop_ms = hearing->hop_ms, smoothing_ms = hearing->smoothing_ms;

	if (settings_share(file, settings_key(key, prefix, "threshold"), 0.01,
			   &hearing->threshold, err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "thresholds"),
			      &hearing->thresholds, err) < 0 ||
	    atoll_config_duration(file, settings_key(key, prefix, "hop"), 20, 1000, &hop_ms,
				  err) < 0 ||
	    atoll_config_duration(file, settings_key(key, prefix, "smoothing"), 20, 2000,
				  &smoothing_ms, err) < 0 ||
	    atoll_config_bool(file, settings_key(key, prefix, "gate"), &hearing->is_gated,
			      err) < 0)
		return -EINVAL;
	hearing->hop_ms = (uint32_t)hop_ms;
	hearing->smoothing_ms = (uint32_t)smoothing_ms;
	return 0;
}

static int read_model(struct atoll_config *file, struct listend_model *model,
		      struct atoll_error *err)
{
	struct hearing_config *hearing = &model->hearing;
	char prefix[64], key[SETTINGS_KEY_BYTES];

	(void)snprintf(prefix, sizeof(prefix), "model.%s.", model->name);
	if (strcmp(model->name, "keywords") == 0)
		hearing->model_path = shipped_keywords;
	if (atoll_config_text(file, settings_key(key, prefix, "file"), &hearing->model_path,
			      err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "labels"),
			      &hearing->labels_path, err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "twin"), &hearing->twin_path,
			      err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "words"), &hearing->words_path,
			      err) < 0 ||
	    atoll_config_text(file, settings_key(key, prefix, "device"),
			      &hearing->session.device, err) < 0 ||
	    settings_count(file, settings_key(key, prefix, "threads"), 0, 64,
			   &hearing->session.threads, err) < 0 ||
	    read_habits(file, prefix, hearing, err) < 0)
		return -EINVAL;
	if (!hearing->model_path)
		return atoll_error_set(err, -EINVAL, "model %s: no file is given",
				       model->name);
	return 0;
}

static void choose_period(struct listend_config *config)
{
	uint32_t period_ms = PERIOD_MS;

	for (uint32_t i = 0; i < config->models; i++) {
		uint32_t hop_ms = config->model[i].hearing.hop_ms;

		if (hop_ms && hop_ms < period_ms)
			period_ms = hop_ms;
	}
	config->sound.microphone.period_ms = period_ms;
}

static int read_models(struct listend_config *config,
		       const struct listend_overrides *overrides, struct atoll_error *err)
{
	/* Keyword models are too small for a second thread to be worth waking. */
	struct hearing_config all = { .is_gated = true, .session.threads = 1 };
	char name[LISTEND_MODELS_MAX][SETTINGS_NAME_BYTES];
	enum edgetpu_clock clock;
	int count;

	if (read_habits(config->file, "", &all, err) < 0 ||
	    atoll_config_text(config->file, "clock", &config->clock, err) < 0)
		return -EINVAL;
	if (config->clock && edgetpu_clock_read(config->clock, &clock) < 0)
		return settings_wrong(config->file, "clock", "not low, medium, high or max",
				      err);

	count = settings_sections(config->file, "model", name, LISTEND_MODELS_MAX, err);
	if (count < 0)
		return count;
	if (count == 0)
		(void)snprintf(name[count++], SETTINGS_NAME_BYTES, "keywords");
	for (int i = 0; i < count; i++) {
		struct listend_model *model = &config->model[config->models++];

		memcpy(model->name, name[i], SETTINGS_NAME_BYTES);
		model->hearing = all;
		if (read_model(config->file, model, err) < 0)
			return -EINVAL;
	}
	if (overrides->model) {
		config->models = 1;
		config->model[0] = (struct listend_model){ .name = "model", .hearing = all };
		config->model[0].hearing.model_path = overrides->model;
	}
	if (overrides->labels)
		config->model[0].hearing.labels_path = overrides->labels;
	choose_period(config);
	return 0;
}

static int read_events(struct listend_config *config,
		       const struct listend_overrides *overrides, struct atoll_error *err)
{
	const int64_t day_ms = 24 * 3600 * 1000;

	config->clients = 32;
	config->status_ms = 60000;
	if (settings_events(config->file, overrides->events, EVENTS_PATH, &config->events,
			    err) < 0 ||
	    settings_count(config->file, "clients", 1, 1000, &config->clients, err) < 0 ||
	    atoll_config_duration(config->file, "status", 0, day_ms, &config->status_ms,
				  err) < 0)
		return -EINVAL;
	return 0;
}

struct listend_config *listend_config_load(const char *path,
					   const struct listend_overrides *overrides,
					   const struct atoll_log *log,
					   struct atoll_error *err)
{
	static const struct listend_overrides none;
	struct listend_config *config = calloc(1, sizeof(*config));

	if (!config) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	if (!overrides)
		overrides = &none;
	config->file = atoll_config_load(path, err);
	if (!config->file || read_source(config, overrides, err) < 0 ||
	    read_models(config, overrides, err) < 0 ||
	    read_events(config, overrides, err) < 0) {
		listend_config_free(config);
		return NULL;
	}
	settings_pass_over(config->file, log);
	return config;
}

void listend_config_free(struct listend_config *config)
{
	if (!config)
		return;
	atoll_config_free(config->file);
	free(config);
}
