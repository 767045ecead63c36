/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_SPOT_H
#define ATOLL_AUDIO_SPOT_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * From scores that come several times a second to words that were said once.
 *
 *	struct atoll_spot *spot = atoll_spot_new(&config, &err);
 *	struct atoll_word word;
 *
 *	if (atoll_spot_push(spot, scores, window_end_ms, &word))
 *		printf("%s %.2f\n", labels[word.index], word.score);
 *
 * Scores are averaged over a short time; a word is told when its average passes
 * its threshold and is the largest, and not again before it fell clearly below.
 * Between two words lies at least the refractory time. Nothing is allocated after new.
 */
struct atoll_spot;

struct atoll_spot_config {
	uint32_t classes;
	const float *threshold;     /* [classes] above 0; above 1: never told (silence,
				       unknown), nor do they keep others from it */
	uint32_t smoothing_ms;      /* 0: 400 */
	uint32_t refractory_ms;     /* 0: 1000 */
	uint32_t scores_least;      /* that must lie in the smoothing time, 0: 2 */
	uint32_t window_ms;         /* of sound behind one set of scores */
};

struct atoll_word {
	uint32_t index;
	float score;                /* the average */
	int64_t start_ms;           /* about when it began, in the time of push; may lie
				       before the first push */
	int64_t told_ms;            /* the end of the window that decided */
};

/* `threshold` is copied. */
struct atoll_spot *atoll_spot_new(const struct atoll_spot_config *config,
				  struct atoll_error *err);
void atoll_spot_free(struct atoll_spot *spot); /* NULL is allowed */

/* [classes] probabilities of the window that ended then. True: a word. Times that
   go back begin anew, as reset does; after a longer gap words may be told again. */
bool atoll_spot_push(struct atoll_spot *spot, const float *score, int64_t end_ms,
		     struct atoll_word *word);
void atoll_spot_reset(struct atoll_spot *spot);

#endif
