/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scores over time, and when the word is told:
 *
 *	1 |          .--.  average
 *	  |        .'    '.
 *	  |- - - -/- - - - \- - - - - - - - - -  threshold
 *	  |      /:         \                .
 *	  |- - -/- - - - - - \- - - - - - - -:-  FALLEN of it: may rise again
 *	  |- - /- - - - - - - \- - - - - - - :-  RISING of it
 *	0 |---'--------------- '-------------:-  time: ends of windows
 *	      :   :<--- refractory time ---->:
 *	   rises  told                       may be told again
 *
 * What is left of a word when the window leaves it behind often looks like another
 * ("stop", "off"), so the refractory time is that of all words, about as long as one
 * stays in the window. A word that was said soon behind another is still in the window
 * when the time has passed, and told then.
 */
#include "audio/spot.h"

#include <errno.h>
#include <stdlib.h>

#define SMOOTHING_MS 400
#define REFRACTORY_MS 1000
#define SCORES_LEAST 2

/* Sets of scores that are kept: of 400 ms at a hop of 20 ms, and then some. When
   more come, the oldest are forgotten early. */
#define SETS_MAX 32

/* Of a threshold: where a score has begun to rise, and where a word is over. */
#define RISING 0.5f
#define FALLEN 0.7f

#define NEVER INT64_MIN

/* Of one class. */
struct track {
	float threshold;
	float average;
	int64_t risen_ms;        /* since when it has been rising, or NEVER */
	bool is_over;            /* the threshold, since it was told */
};

struct atoll_spot {
	uint32_t classes;
	int64_t smoothing_ms, refractory_ms, window_ms;
	uint32_t scores_least;
	struct track *track;     /* [classes] */
	float *set;              /* [SETS_MAX][classes], a ring */
	int64_t set_ms[SETS_MAX];
	uint32_t newest, sets;   /* newest: index of the next one to be written */
	int64_t told_ms;         /* the last word, or NEVER */
};

ATOLL_API struct atoll_spot *atoll_spot_new(const struct atoll_spot_config *config,
					    struct atoll_error *err)
{
	struct atoll_spot *spot;

	if (config->classes == 0 || config->scores_least > SETS_MAX) {
		atoll_error_set(err, -EINVAL, "spotting: %u classes, at least %u scores: "
				"at least 1, at most %u", config->classes,
				config->scores_least, SETS_MAX);
		return NULL;
	}
	spot = calloc(1, sizeof(*spot));
	if (spot) {
		spot->track = calloc(config->classes, sizeof(*spot->track));
		spot->set = calloc(config->classes, SETS_MAX * sizeof(*spot->set));
	}
	if (!spot || !spot->track || !spot->set) {
		atoll_error_set(err, -ENOMEM, "spotting: %u classes: out of memory",
				config->classes);
		atoll_spot_free(spot);
		return NULL;
	}
	spot->classes = config->classes;
	spot->smoothing_ms = config->smoothing_ms ? config->smoothing_ms : SMOOTHING_MS;
	spot->refractory_ms = config->refractory_ms ? config->refractory_ms : REFRACTORY_MS;
	spot->scores_least = config->scores_least ? config->scores_least : SCORES_LEAST;
	spot->window_ms = config->window_ms;
	for (uint32_t i = 0; i < config->classes; i++)
		spot->track[i].threshold = config->threshold[i];
	atoll_spot_reset(spot);
	return spot;
}

ATOLL_API void atoll_spot_free(struct atoll_spot *spot)
{
	if (!spot)
		return;
	free(spot->track);
	free(spot->set);
	free(spot);
}

ATOLL_API void atoll_spot_reset(struct atoll_spot *spot)
{
	spot->newest = 0;
	spot->sets = 0;
	spot->told_ms = NEVER;
	for (uint32_t i = 0; i < spot->classes; i++) {
		struct track *track = &spot->track[i];

		track->average = 0;
		track->risen_ms = NEVER;
		track->is_over = false;
	}
}

static int64_t newest_ms(const struct atoll_spot *spot)
{
	return spot->set_ms[(spot->newest + SETS_MAX - 1) % SETS_MAX];
}

static const float *keep(struct atoll_spot *spot, const float *score, int64_t end_ms)
{
	float *set = spot->set + (size_t)spot->newest * spot->classes;

	/* NaN, too, is nothing. */
	for (uint32_t i = 0; i < spot->classes; i++)
		set[i] = score[i] > 0 ? score[i] : 0;
	spot->set_ms[spot->newest] = end_ms;
	spot->newest = (spot->newest + 1) % SETS_MAX;
	if (spot->sets < SETS_MAX)
		spot->sets++;
	return set;
}

/* Forget those that are older than the smoothing time. When none is left, there was
   a gap, and whatever was going on before is over. */
static void age(struct atoll_spot *spot, int64_t end_ms)
{
	while (spot->sets > 0) {
		uint32_t oldest = (spot->newest + SETS_MAX - spot->sets) % SETS_MAX;

		if (end_ms - spot->set_ms[oldest] < spot->smoothing_ms)
			return;
		spot->sets--;
	}
	for (uint32_t i = 0; i < spot->classes; i++) {
		spot->track[i].risen_ms = NEVER;
		spot->track[i].is_over = false;
	}
}

static void average(struct atoll_spot *spot)
{
	for (uint32_t i = 0; i < spot->classes; i++)
		spot->track[i].average = 0;
	for (uint32_t k = 1; k <= spot->sets; k++) {
		uint32_t at = (spot->newest + SETS_MAX - k) % SETS_MAX;
		const float *set = spot->set + (size_t)at * spot->classes;

		for (uint32_t i = 0; i < spot->classes; i++)
			spot->track[i].average += set[i];
	}
	for (uint32_t i = 0; i < spot->classes; i++)
		spot->track[i].average /= (float)spot->sets;
}

/* The score alone tells when it begins, with the average when it is over: one bad
   window in between changes nothing. */
static void follow(struct track *track, float score, int64_t end_ms)
{
	if (track->average < FALLEN * track->threshold)
		track->is_over = false;
	if (track->risen_ms == NEVER && score >= RISING * track->threshold)
		track->risen_ms = end_ms;
	else if (track->average < RISING * track->threshold &&
		 score < RISING * track->threshold)
		track->risen_ms = NEVER;
}

/* The largest of those that can be told; of equal ones the first. */
static uint32_t find_best(const struct atoll_spot *spot)
{
	uint32_t best = spot->classes;

	for (uint32_t i = 0; i < spot->classes; i++)
		if (spot->track[i].threshold <= 1 &&
		    (best == spot->classes ||
		     spot->track[i].average > spot->track[best].average))
			best = i;
	return best;
}

ATOLL_API bool atoll_spot_push(struct atoll_spot *spot, const float *score, int64_t end_ms,
			       struct atoll_word *word)
{
	struct track *track;
	const float *set;
	uint32_t best;

	if (spot->sets > 0 && end_ms <= newest_ms(spot))
		atoll_spot_reset(spot);
	age(spot, end_ms);
	set = keep(spot, score, end_ms);
	average(spot);
	for (uint32_t i = 0; i < spot->classes; i++)
		follow(&spot->track[i], set[i], end_ms);

	best = find_best(spot);
	if (best == spot->classes || spot->sets < spot->scores_least)
		return false;
	track = &spot->track[best];
	if (track->average < track->threshold || track->is_over ||
	    (spot->told_ms != NEVER && end_ms - spot->told_ms < spot->refractory_ms))
		return false;
	track->is_over = true;
	spot->told_ms = end_ms;
	/* A score rises when most of the word is in the window, at its end; where the
	   word begins depends on its length: a third of a window is usual. */
	*word = (struct atoll_word){
		.index = best, .score = track->average, .told_ms = end_ms,
		.start_ms = track->risen_ms - spot->window_ms / 3,
	};
	return true;
}
