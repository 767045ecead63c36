/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_TEN_MINUTES_H
#define ATOLL_TESTS_TEN_MINUTES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Ten minutes of sound: sixty words, at times that are known, in a murmur of people,
 * and other speech between them that holds no word: the clip's own, backwards.
 *
 *	struct spoken_word truth[TEN_MINUTES_WORDS];
 *	float *sound = ten_minutes(truth);
 *
 *	for (at = 0; at < TEN_MINUTES_S * ATOLL_SOUND_RATE; at += count)
 *		listen(sound + at, count);
 *	free(sound);
 *
 * The clip is the shipped one: six words by voices the model never learnt from. Each
 * is said ten times, louder and softer, faster and slower.
 */
enum { TEN_MINUTES_S = 600, TEN_MINUTES_WORDS = 60 };

struct spoken_word {
	const char *name;
	int64_t start_ms, end_ms;
	bool is_found;           /* for who listens */
};

/* The caller's to free; samples as of struct atoll_block. */
float *ten_minutes(struct spoken_word truth[TEN_MINUTES_WORDS]);

/* The one of that name that begins then, less or more half a second, and is not found
   yet: it is now. NULL: none. */
struct spoken_word *ten_minutes_find(struct spoken_word truth[TEN_MINUTES_WORDS],
				     const char *name, int64_t start_ms);

#endif
