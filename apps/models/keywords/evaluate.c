/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs keyword models over the windows of held_out.py and says how often they are
 * right, and how often they hear what nobody said. A developer's tool, part of
 * `make eval-keywords`.
 *
 *	evaluate windows keywords.tflite [mlperf_kws_ref_int8.tflite]
 *
 * Streams are listened to as the programs do, by audio/spot.h with what it takes for
 * zeros.
 */
#include <err.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/spot.h"
#include "runtime/model.h"
#include "runtime/session.h"

#define FRAMES 49
#define BANDS 40
#define CEPSTRA 10
#define CLASSES 22
#define FIRST 2              /* words begin here, after silence and unknown */
#define NO_WORD 255
#define HOP_MS 100
#define WINDOW_MS 980

static const char *const names[CLASSES] = {
	"silence", "unknown", "yes", "no", "on", "off", "up", "down", "left", "right",
	"go", "stop", "zero", "one", "two", "three", "four", "five", "six", "seven",
	"eight", "nine",
};

/* Which of ours each of the twelve outputs of the MLPerf model is. */
static const uint8_t mlperf_classes[12] = { 7, 10, 8, 3, 5, 4, 9, 11, 6, 2, 0, 1 };

/* In the order of held_out.py; the last four hold none of our words. */
enum { VOICES, PEOPLE, PROMPTS, OTHER_WORDS, CLIPS, SPEECH, NEAR_SPEECH, NOISE,
       OTHER_PEOPLE, GROUPS };
static const char *const group_names[GROUPS] = {
	"voices", "people", "prompts", "other words", "clips", "speech", "near speech",
	"noise", "other people",
};
enum { INSIDE, BEGINS, ALONE };

struct window {
	uint8_t group, label, place;
	uint8_t scores[CLASSES];     /* of 255 */
};

struct windows {
	size_t count, room;
	struct window *at;
	int words;                   /* how many the model knows, of the first */
};

static void score_ours(struct atoll_session *session, const int8_t *features,
		       uint8_t scores[CLASSES])
{
	memcpy(atoll_session_input(session, 0)->data, features, FRAMES * BANDS);
	if (atoll_session_invoke(session))
		errx(1, "the model does not run");
	const int8_t *out = atoll_session_output(session, 0)->data;
	for (int i = 0; i < CLASSES; i++)
		scores[i] = (uint8_t)(out[i] + 128);
}

static void score_mlperf(struct atoll_session *session, const float *cepstra,
			 uint8_t scores[CLASSES])
{
	struct atoll_tensor *input = atoll_session_input(session, 0);
	float step = input->quant.scale, zero = (float)input->quant.zero_point;
	int8_t *in = input->data;

	for (int i = 0; i < FRAMES * CEPSTRA; i++)
		in[i] = (int8_t)fmaxf(-128, fminf(127, roundf(cepstra[i] / step) + zero));
	if (atoll_session_invoke(session))
		errx(1, "the model does not run");
	const int8_t *out = atoll_session_output(session, 0)->data;
	memset(scores, 0, CLASSES);
	for (int i = 0; i < 12; i++)
		scores[mlperf_classes[i]] = (uint8_t)(out[i] + 128);
}

static struct window *another(struct windows *windows)
{
	if (windows->count == windows->room) {
		windows->room = windows->room ? windows->room * 2 : 1024;
		windows->at = realloc(windows->at, windows->room * sizeof(*windows->at));
		if (!windows->at)
			err(1, "%zu windows", windows->room);
	}
	return &windows->at[windows->count++];
}

/* Every window's scores. */
static void run(const char *records, const char *path, struct windows *windows)
{
	struct atoll_error error;
	struct atoll_model *model = atoll_model_load(path, &error);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, &error) : NULL;
	FILE *in = fopen(records, "rb");
	int8_t features[FRAMES * BANDS];
	float cepstra[FRAMES * CEPSTRA];
	uint8_t head[3];

	if (!in)
		err(1, "%s", records);
	if (!session)
		errx(1, "%s", error.text);
	bool is_ours = atoll_session_output(session, 0)->bytes == CLASSES;
	if (!is_ours && atoll_session_output(session, 0)->bytes != sizeof(mlperf_classes))
		errx(1, "%s: neither %d nor %zu outputs", path, CLASSES,
		     sizeof(mlperf_classes));
	if (atoll_session_input(session, 0)->bytes !=
	    (is_ours ? sizeof(features) : FRAMES * CEPSTRA))
		errx(1, "%s: takes no such features", path);
	windows->words = is_ours ? CLASSES - FIRST : 10;
	while (fread(head, sizeof(head), 1, in) == 1) {
		if (fread(features, sizeof(features), 1, in) != 1 ||
		    fread(cepstra, sizeof(cepstra), 1, in) != 1 || head[0] >= GROUPS ||
		    (head[1] >= CLASSES && head[1] != NO_WORD) || head[2] > ALONE)
			errx(1, "%s: not made by held_out.py", records);
		struct window *window = another(windows);
		*window = (struct window){ .group = head[0], .label = head[1],
					   .place = head[2] };
		if (is_ours)
			score_ours(session, features, window->scores);
		else
			score_mlperf(session, cepstra, window->scores);
	}
	fclose(in);
	atoll_session_close(session);
	atoll_model_free(model);
}

static int likeliest(const uint8_t *scores, int from)
{
	int best = from;

	for (int i = from; i < CLASSES; i++)
		if (scores[i] > scores[best])
			best = i;
	return best;
}

static double percent(unsigned part, unsigned whole)
{
	return whole ? 100.0 * part / whole : 0;
}

/* Is it a clip with a word that the model knows? */
static bool counts(const struct windows *windows, const struct window *window)
{
	return window->place == ALONE && window->label >= FIRST &&
	       window->label < FIRST + windows->words;
}

struct heard {
	unsigned right, wrong;
	double seconds;
};

/* The words that are told in a stream, from `at` on; returns where the next begins. */
static size_t listen(const struct windows *windows, size_t at, struct atoll_spot *spot,
		     struct heard *heard)
{
	const struct window *w = windows->at;
	bool was_right = false;
	int64_t end_ms = WINDOW_MS;

	atoll_spot_reset(spot);
	do {
		float scores[CLASSES];
		struct atoll_word word;

		for (int i = 0; i < CLASSES; i++)
			scores[i] = (float)w[at].scores[i] / 256;
		heard->seconds += HOP_MS / 1000.0;
		if (atoll_spot_push(spot, scores, end_ms, &word)) {
			if (word.index == w[at].label && !was_right)
				was_right = true;
			else
				heard->wrong++;
		}
		end_ms += HOP_MS;
	} while (++at < windows->count && w[at].place == INSIDE);
	heard->right += was_right;
	return at;
}

/* What finds every word whose score reaches so many hundredths. */
static struct atoll_spot *spot_at(int percents)
{
	float threshold[CLASSES];
	struct atoll_error error;
	struct atoll_spot *spot;

	for (int i = 0; i < CLASSES; i++)
		threshold[i] = i < FIRST ? 2 : (float)percents / 100;
	spot = atoll_spot_new(&(struct atoll_spot_config){ .classes = CLASSES,
							   .threshold = threshold,
							   .window_ms = WINDOW_MS }, &error);
	if (!spot)
		errx(1, "%s", error.text);
	return spot;
}

/* All streams of a group; `streams` counts those that have a word to be found. */
static struct heard listen_to(const struct windows *windows, int group, int percents,
			      unsigned *streams)
{
	struct atoll_spot *spot = spot_at(percents);
	struct heard heard = { 0 };
	size_t i = 0;

	*streams = 0;
	while (i < windows->count) {
		const struct window *w = &windows->at[i];
		bool is_known = w->label == NO_WORD || w->label < FIRST + windows->words;

		if (w->place != BEGINS || w->group != group || !is_known) {
			i++;
			continue;
		}
		++*streams;
		i = listen(windows, i, spot, &heard);
	}
	atoll_spot_free(spot);
	return heard;
}

/* Clips by themselves: the highest score names them. */
static void report_clips(const struct windows *windows)
{
	for (int group = VOICES; group <= PROMPTS; group++) {
		unsigned all = 0, right = 0, among = 0, word_all[CLASSES] = { 0 },
			 word_right[CLASSES] = { 0 };

		for (size_t i = 0; i < windows->count; i++) {
			const struct window *w = &windows->at[i];

			if (w->group != group || !counts(windows, w))
				continue;
			bool is_right = likeliest(w->scores, 0) == w->label;
			all++;
			right += is_right;
			among += likeliest(w->scores, FIRST) == w->label;
			word_all[w->label]++;
			word_right[w->label] += is_right;
		}
		if (!all)
			continue;
		printf("%s: %.2f %% of %u clips right, %.2f %% where it must be a word\n",
		       group_names[group], percent(right, all), all, percent(among, all));
		for (int i = FIRST; i < CLASSES; i++)
			if (word_all[i])
				printf(" %s %.0f", names[i],
				       percent(word_right[i], word_all[i]));
		putchar('\n');
	}
	unsigned others = 0, refused = 0;
	for (size_t i = 0; i < windows->count; i++) {
		const struct window *w = &windows->at[i];

		if (w->place != ALONE)
			continue;
		int said = likeliest(w->scores, 0);
		if (w->group == OTHER_WORDS) {
			others++;
			refused += said < FIRST;
		} else if (w->group == CLIPS) {
			printf("clip of %s: %s %.2f\n", names[w->label], names[said],
			       w->scores[said] / 256.0);
		}
	}
	printf("other words: %.2f %% of %u refused\n", percent(refused, others), others);
}

static void report_row(const struct windows *windows, int percents)
{
	printf("%9.2f", percents / 100.0);
	for (int group = 0; group < GROUPS; group++) {
		unsigned all;
		struct heard heard = listen_to(windows, group, percents, &all);

		if (group <= PROMPTS)
			printf(" %12.1f", percent(heard.right, all));
		else if (group == OTHER_WORDS)
			printf(" %12.1f", percent(heard.wrong, all));
		else if (group >= SPEECH)
			printf(" %12.1f", heard.wrong * 3600 / heard.seconds);
	}
	putchar('\n');
}

static void report_streams(const struct windows *windows)
{
	printf("heard in streams, of a hundred; false words an hour\nthreshold");
	for (int group = 0; group < GROUPS; group++)
		if (group != CLIPS)
			printf(" %12s", group_names[group]);
	putchar('\n');
	for (int percents = 50; percents < 100; percents += 5)
		report_row(windows, percents);
	printf("minutes");
	for (int group = SPEECH; group < GROUPS; group++) {
		unsigned all;

		printf("%s %s %.1f", group == SPEECH ? " of" : ",", group_names[group],
		       listen_to(windows, group, 100, &all).seconds / 60);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: evaluate WINDOWS MODEL...\n", stderr);
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		struct windows windows = { 0 };

		printf("%s\n", argv[i]);
		run(argv[1], argv[i], &windows);
		report_clips(&windows);
		report_streams(&windows);
		free(windows.at);
	}
	return 0;
}
