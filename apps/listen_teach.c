/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-listen --teach: examples of a new word, said or in files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/lesson.h"
#include "apps/listen.h"
#include "apps/listen_meter.h"
#include "apps/listen_source.h"
#include "apps/options.h"
#include "apps/panel.h"
#include "apps/stop.h"

struct teaching {
	const struct listen_config *config;
	struct lesson *lesson;
	struct listen_source source;
	struct listen_meter meter;
	struct panel *panel; /* of a microphone on a terminal, or NULL */
	int status;
};

static void ask(const struct teaching *teaching)
{
	panel_hide(teaching->panel);
	options_say("say '%s' (%u of %u)", teaching->config->teach,
		    lesson_examples(teaching->lesson) + 1, teaching->config->examples);
}

static bool has_enough(const struct teaching *teaching)
{
	return lesson_examples(teaching->lesson) >= teaching->config->examples;
}

/* What the lesson made of a piece of sound. */
static void take(struct teaching *teaching, int r, const struct atoll_error *err)
{
	if (r == 0)
		return;
	if (r < 0) {
		panel_hide(teaching->panel);
		if (teaching->source.is_live) {
			options_say("%s", err->text);
		} else {
			options_say("%s: %s", atoll_sound_name(teaching->source.sound),
				    err->text);
			teaching->status = EXIT_COULD_NOT;
		}
	}
	if (teaching->source.is_live && !has_enough(teaching))
		ask(teaching);
}

static void show(struct teaching *teaching, const struct atoll_block *block)
{
	listen_meter_push(&teaching->meter, block);
	if (!teaching->panel || !panel_is_due(teaching->panel))
		return;
	panel_begin(teaching->panel);
	listen_meter_draw(&teaching->meter, teaching->panel);
	panel_end(teaching->panel);
}

static void on_words(void *data)
{
	panel_hide(((struct teaching *)data)->panel);
}

static void hear_all(struct teaching *teaching)
{
	struct atoll_error err;
	struct atoll_block block;
	int r = 0;

	while (!has_enough(teaching) &&
	       (r = listen_source_next(&teaching->source, &block)) == 0) {
		take(teaching, lesson_push(teaching->lesson, &block, &err), &err);
		show(teaching, &block);
	}
	if (r == -ENODATA)
		take(teaching, lesson_end(teaching->lesson, &err), &err);
	else if (r < 0 && r != -ECANCELED)
		teaching->status = EXIT_COULD_NOT;
}

static void teach_from(struct teaching *teaching, const char *what)
{
	struct atoll_error err;

	if (listen_source_open(&teaching->source, teaching->config, what, &err) < 0) {
		options_say("%s", err.text);
		teaching->status = EXIT_COULD_NOT;
		return;
	}
	teaching->source.hide = on_words;
	teaching->source.data = teaching;
	teaching->meter = (struct listen_meter)LISTEN_METER;
	if (teaching->source.is_live) {
		teaching->panel = panel_open();
		ask(teaching);
	}
	hear_all(teaching);
	panel_hide(teaching->panel);
	panel_close(teaching->panel);
	teaching->panel = NULL;
	listen_source_close(&teaching->source);
}

/* The folders above a file, as far as they are missing, for the user alone: who knows
   what somebody taught. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(path, 0700); /* or saving says what is wrong */
		*slash = '/';
	}
}

static void save(struct teaching *teaching, char *words_path)
{
	struct atoll_error err;

	if (!teaching->config->words_path && lesson_examples(teaching->lesson) >= LESSON_LEAST)
		make_folders(words_path);
	if (lesson_save(teaching->lesson, &err) < 0) {
		options_say("%s", err.text);
		teaching->status = EXIT_COULD_NOT;
	} else {
		options_say("'%s' learnt from %u examples, kept in %s",
			    teaching->config->teach, lesson_examples(teaching->lesson),
			    words_path);
	}
}

int listen_teach(const struct listen_config *config)
{
	struct atoll_devices *devices = options_devices(config->clock);
	struct hearing *hearing = listen_open_hearing(config, devices);
	char *words_path = listen_words_path(config);
	struct teaching teaching = { .config = config };
	struct atoll_error err;

	teaching.lesson = lesson_open(hearing, config->teach, words_path, &err);
	if (!teaching.lesson)
		options_could_not("%s", err.text);
	stop_begin();
	if (config->microphone)
		teach_from(&teaching, NULL);
	for (int i = 0; i < config->whats && !stop_wanted() && !has_enough(&teaching); i++)
		teach_from(&teaching, config->what[i]);
	if (stop_wanted())
		teaching.status = EXIT_COULD_NOT; /* nothing is learnt by halves */
	else
		save(&teaching, words_path);
	stop_end();
	lesson_close(teaching.lesson);
	hearing_close(hearing);
	atoll_devices_free(devices);
	free(words_path);
	return teaching.status;
}
