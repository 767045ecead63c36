/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_EARS_H
#define ATOLL_TESTS_EARS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A keyword model small enough to be understood, and sound for it. Its words are
 * tones of a third of a second:
 *
 *	input      [1][49][40][1]  int8, as ATOLL_FEATURES_OWN makes it
 *	embedding  [1][9]          int8: how much louder each of eight groups of five
 *	                           bands is in the middle of the window than around it,
 *	                           and 1
 *	scores     [1][4]          int8: silence, unknown, low (group 1), high (group 5)
 *
 *	struct ears_sound sound = { 0 };
 *
 *	ears_noise(&sound, 1000, -90);
 *	ears_tone(&sound, 300, EARS_LOW, -20);
 *	ears_noise(&sound, 1000, -90);
 *	...
 *	ears_free(&sound);
 */
enum { EARS_CLASSES = 4, EARS_SIZE = 9 };
enum { EARS_SILENCE, EARS_UNKNOWN, EARS_WORD_LOW, EARS_WORD_HIGH };

/* Groups of bands. */
enum { EARS_LOW = 1, EARS_OTHER = 3, EARS_HIGH = 5, EARS_ANOTHER = 7 };

#define EARS_LABELS "silence\n_unknown_\nlow\nhigh\n"

/* Which of its outputs a model has. */
enum ears_outputs { EARS_BOTH, EARS_SCORES, EARS_LOGITS };

/* Fails the test when it cannot. Bytes of another seed are another model, which
   hears the same. */
void ears_save(const char *path, enum ears_outputs outputs, unsigned seed);

struct ears_sound {
	float *sample;
	uint32_t count;
	uint64_t seed;
};

/* White noise, and a tone in the middle of a group in noise of -90 dB; levels are
   root mean squares. */
void ears_noise(struct ears_sound *sound, uint32_t ms, float db);
void ears_tone(struct ears_sound *sound, uint32_t ms, int group, float db);
void ears_free(struct ears_sound *sound);

#endif
