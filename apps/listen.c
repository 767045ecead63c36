/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound through a keyword model, one source after the other.
 *
 *	next      a block, waiting for it where the source makes one wait
 *	push      the model runs as often as it is due
 *	tell      the words it heard, as lines or on the terminal
 */
#include "apps/listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/display.h"
#include "apps/listen_meter.h"
#include "apps/listen_show.h"
#include "apps/listen_source.h"
#include "apps/listen_tell.h"
#include "apps/options.h"
#include "apps/stop.h"
#include "apps/words.h"
#include "board/clock.h"

/* What a file is followed by, so that a word at its very end ends: more than words
   are averaged over. Blocks of 100 ms. */
#define TAIL_BLOCKS 5
#define TAIL_SAMPLES (ATOLL_SOUND_RATE / 10)

/* Overruns that come in a row are told together. */
#define STATUS_PERIOD_NS INT64_C(1000000000)

struct listen {
	const struct listen_config *config;
	struct hearing *hearing;
	struct listen_tell tell;
	int status;
	bool is_heard;           /* what --until asks for */

	/* Of the current source: */
	struct listen_source source;
	struct listen_show *show; /* NULL: lines */
	struct listen_meter meter;
	struct hearing_counts before; /* of the hearing, at its beginning */
	struct hearing_counts ran;    /* at the last block */
	bool is_quiet, is_failing;
	uint64_t overruns_told;
	int64_t status_ns;       /* when last */
};

static void complain(struct listen *listen, const char *sentence)
{
	listen_show_hide(listen->show);
	options_say("%s", sentence);
	listen->status = EXIT_COULD_NOT;
}

/* Since the source began. */
static struct hearing_counts counts_of(const struct listen *listen)
{
	struct hearing_counts counts = hearing_counts(listen->hearing);

	counts.inferences -= listen->before.inferences;
	counts.gated -= listen->before.gated;
	counts.failed -= listen->before.failed;
	counts.words -= listen->before.words;
	return counts;
}

/* The likeliest of what the model hears, word or not. */
static void score(const struct hearing *hearing, struct listen_moment *moment)
{
	const float *scores = hearing_scores(hearing);

	for (uint32_t i = 0; i < hearing_classes(hearing); i++) {
		uint32_t at = moment->bars;

		while (at > 0 && moment->bar[at - 1].score < scores[i])
			at--;
		if (at == LISTEN_BARS)
			continue;
		moment->bars += moment->bars < LISTEN_BARS;
		memmove(moment->bar + at + 1, moment->bar + at,
			(moment->bars - 1 - at) * sizeof(*moment->bar));
		moment->bar[at].label = hearing_label(hearing, i);
		moment->bar[at].score = scores[i];
	}
}

static struct listen_moment moment_of(const struct listen *listen)
{
	struct listen_moment moment = {
		.name = atoll_sound_name(listen->source.sound),
		.at_ms = listen->source.at_ms,
		.meter = &listen->meter,
		.is_away = listen->source.state == LISTEN_AWAY,
		.hearing = counts_of(listen),
		.sound = atoll_sound_counts(listen->source.sound),
	};

	if (!listen->is_quiet && !moment.is_away)
		score(listen->hearing, &moment);
	return moment;
}

static void tell_status(struct listen *listen)
{
	const struct hearing_counts counts = counts_of(listen);

	listen->overruns_told = atoll_sound_counts(listen->source.sound).overruns;
	listen->status_ns = atoll_clock_ns();
	listen_tell_status(&listen->tell, &listen->source, &counts);
}

static void on_change(void *data)
{
	struct listen *listen = data;

	if (!listen->source.is_live)
		return;
	tell_status(listen);
	if (listen->show && listen->source.state == LISTEN_AWAY) {
		const struct listen_moment moment = moment_of(listen);

		listen_show_moment(listen->show, &moment);
	}
}

static void on_words(void *data)
{
	listen_show_hide(((struct listen *)data)->show);
}

static void tell_word(struct listen *listen, const struct hearing_word *word)
{
	const char *until = listen->config->until;

	if (listen->show)
		listen_show_word(listen->show, word);
	else
		listen_tell_word(&listen->tell, atoll_sound_name(listen->source.sound), word,
				 listen->source.is_live);
	listen->is_heard = listen->is_heard || (until && strcmp(until, word->label) == 0);
}

/* Once, until it is well again: a model may fail on every block. */
static void count_failure(struct listen *listen, const struct atoll_error *err)
{
	if (!listen->is_failing)
		complain(listen, err->text);
	listen->is_failing = true;
}

static void hear(struct listen *listen, const struct atoll_block *block)
{
	struct atoll_error err;
	const int words = hearing_push(listen->hearing, block, &err);
	const struct hearing_counts now = hearing_counts(listen->hearing);

	if (words < 0)
		count_failure(listen, &err);
	for (int i = 0; i < words && !listen->is_heard; i++)
		tell_word(listen, hearing_word(listen->hearing, i));
	if (now.inferences > listen->ran.inferences)
		listen->is_quiet = listen->is_failing = false;
	else if (now.gated > listen->ran.gated)
		listen->is_quiet = true;
	listen->ran = now;
}

static void show(struct listen *listen, const struct atoll_block *block)
{
	struct listen_moment moment;

	if (listen->show) {
		listen_meter_push(&listen->meter, block);
		moment = moment_of(listen);
		listen_show_moment(listen->show, &moment);
	}
	if (listen->source.is_live &&
	    atoll_sound_counts(listen->source.sound).overruns > listen->overruns_told &&
	    atoll_clock_ns() - listen->status_ns >= STATUS_PERIOD_NS)
		tell_status(listen);
}

/* It is quiet after a file. */
static void hear_tail(struct listen *listen, const struct atoll_block *last)
{
	static const float quiet[TAIL_SAMPLES];
	struct atoll_block block = {
		.sample = quiet,
		.count = TAIL_SAMPLES,
		.at = last->at + last->count,
		.time_ns = last->time_ns +
			   (int64_t)last->count * 1000000000 / ATOLL_SOUND_RATE,
	};

	for (int i = 0; i < TAIL_BLOCKS && !listen->is_heard; i++) {
		hear(listen, &block);
		block.at += TAIL_SAMPLES;
		block.time_ns += INT64_C(100000000);
	}
}

static void hear_all(struct listen *listen)
{
	struct atoll_block block = { 0 };
	int r = 0;

	while (!listen->is_heard && (r = listen_source_next(&listen->source, &block)) == 0) {
		hear(listen, &block);
		show(listen, &block);
	}
	if (r == -ENODATA)
		hear_tail(listen, &block);
	else if (r < 0 && r != -ECANCELED)
		listen->status = EXIT_COULD_NOT;
}

/* What came of a microphone, losses included. */
static void sum_up(const struct listen *listen)
{
	const struct hearing_counts counts = counts_of(listen);
	const struct atoll_sound_counts sound = atoll_sound_counts(listen->source.sound);
	char gone[48] = "";

	if (sound.returns > 0 || listen->source.state == LISTEN_AWAY)
		(void)snprintf(gone, sizeof(gone), ", came back %llu times",
			       (unsigned long long)sound.returns);
	options_say("%llu words in %.1f s; %llu overruns, %.1f s lost%s",
		    (unsigned long long)counts.words, (double)listen->source.at_ms / 1e3,
		    (unsigned long long)sound.overruns,
		    (double)sound.lost / ATOLL_SOUND_RATE, gone);
}

static void begin_source(struct listen *listen)
{
	listen->source.changed = on_change;
	listen->source.hide = on_words;
	listen->source.data = listen;
	listen->meter = (struct listen_meter)LISTEN_METER;
	listen->is_quiet = true;
	listen->is_failing = false;
	hearing_reset(listen->hearing);
	listen->before = listen->ran = hearing_counts(listen->hearing);
	if (!listen->source.is_live)
		return;
	if (!listen->config->wants_json)
		listen->show = listen_show_open();
	tell_status(listen);
}

/* Nothing is wrong with what was heard, but somebody may wonder where the rest is. */
static void tell_missing(const struct listen *listen)
{
	const double missing_s = (double)atoll_sound_counts(listen->source.sound).missing /
		ATOLL_SOUND_RATE;

	if (missing_s > 0)
		options_say("%s: ends %.1f s before its header says",
			    atoll_sound_name(listen->source.sound), missing_s);
}

static void end_source(struct listen *listen)
{
	const struct listen_moment moment = moment_of(listen);

	listen_show_close(listen->show, &moment);
	listen->show = NULL;
	if (listen->source.is_live)
		sum_up(listen);
	else
		tell_missing(listen);
	listen_source_close(&listen->source);
}

static void listen_to(struct listen *listen, const char *what)
{
	struct atoll_error err;

	if (listen_source_open(&listen->source, listen->config, what, &err) < 0) {
		if (!stop_wanted())
			complain(listen, err.text);
		return;
	}
	begin_source(listen);
	hear_all(listen);
	end_source(listen);
}

static void listen_to_files(struct listen *listen)
{
	const struct listen_config *config = listen->config;
	struct display_progress progress =
		display_progress_begin("files", (uint32_t)config->whats);

	for (int i = 0; i < config->whats && !stop_wanted() && !listen->is_heard; i++) {
		display_progress_hide(&progress);
		listen_to(listen, config->what[i]);
		display_progress_step(&progress);
	}
	display_progress_hide(&progress);
}

/* A word with a slip in it would be waited for in vain. */
static void check_until(const struct listen *listen)
{
	const char *until = listen->config->until;

	for (uint32_t i = 0; until && i < hearing_classes(listen->hearing); i++)
		if (strcmp(hearing_label(listen->hearing, i), until) == 0 &&
		    hearing_is_word(listen->hearing, i))
			return;
	if (until)
		options_could_not("--until: the model does not know the word '%s'", until);
}

/* Where the time went: the operators of the model, and what it all costs. */
static void profile(const struct hearing *hearing)
{
	const struct hearing_counts counts = hearing_counts(hearing);
	const double heard_s = (double)counts.samples / ATOLL_SOUND_RATE;

	display_profile(hearing_plan(hearing));
	options_say("%.1f s of sound: features %.2f ms, %llu runs of the model %.2f ms, "
		    "together %.5f of real time", heard_s, (double)counts.features_ns / 1e6,
		    (unsigned long long)counts.inferences, (double)counts.model_ns / 1e6,
		    heard_s > 0 ? (double)(counts.features_ns + counts.model_ns) / 1e9 /
		    heard_s : 0.0);
}

/* Words at their usual place that do not fit the model, which may be newer than
   they, are no reason to hear nothing. */
struct hearing *listen_open_hearing(const struct listen_config *config,
				    struct atoll_devices *devices)
{
	struct hearing_config opened = config->hearing;
	char *words_path = listen_words_path(config);
	struct hearing *hearing;
	struct atoll_error err;

	opened.session.devices = devices;
	if ((config->words_path && !config->teach) || access(words_path, F_OK) == 0)
		opened.words_path = words_path;
	hearing = hearing_open(&opened, &err);
	if (!hearing && opened.words_path && !config->words_path) {
		opened.words_path = NULL;
		hearing = hearing_open(&opened, NULL);
		if (hearing)
			options_say("%s", err.text);
	}
	free(words_path);
	if (!hearing)
		options_could_not("%s", err.text);
	if (hearing_warning(hearing))
		options_say("%s", hearing_warning(hearing));
	return hearing;
}

int listen_run(const struct listen_config *config)
{
	struct atoll_devices *devices = options_devices(config->clock);
	struct listen listen = {
		.config = config,
		.hearing = listen_open_hearing(config, devices),
		.tell = {
			.file = stdout,
			.is_json = config->wants_json,
			.has_names = config->whats > 1,
		},
	};

	check_until(&listen);
	stop_begin();
	if (config->microphone)
		listen_to(&listen, NULL);
	else
		listen_to_files(&listen);
	stop_end();
	if (config->hearing.session.is_profiled)
		profile(listen.hearing);
	hearing_close(listen.hearing);
	atoll_devices_free(devices);
	return config->until && !listen.is_heard ? EXIT_COULD_NOT : listen.status;
}
