/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front ends of keyword models cost: processor time for a second of sound,
 * of slices and of windows as often as a model would look, in blocks of 20 ms.
 *
 *	features [SECONDS]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audio/block.h"
#include "audio/features.h"

#define BLOCK (ATOLL_SOUND_RATE / 50)
#define ROUNDS 7
#define GOAL_MS 1.0

/* Slices from one look to the next: as published for Coral's, 200 ms for the rest. */
static const struct { enum atoll_features_kind kind; uint32_t hop; } looks[] = {
	{ ATOLL_FEATURES_OWN, 10 }, { ATOLL_FEATURES_CORAL, 33 }, { ATOLL_FEATURES_MLPERF, 10 },
};

static float sound[ATOLL_SOUND_RATE];

static double cpu_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Milliseconds for a second of sound, without windows when hop is 0. */
static double run(struct atoll_features *features, int seconds, uint32_t hop)
{
	static uint8_t window[198 * 40];
	const double start = cpu_ms();
	uint32_t slices = 0;

	for (int i = 0; i < seconds * ATOLL_SOUND_RATE; i += BLOCK) {
		slices += atoll_features_push(features, sound + i % ATOLL_SOUND_RATE, BLOCK);
		if (hop > 0 && slices >= hop) {
			atoll_features_window(features, 0.5f, 0, window);
			slices -= hop;
		}
	}
	return (cpu_ms() - start) / seconds;
}

/* The best of some rounds: others use this machine too. */
static double best(struct atoll_features *features, int seconds, uint32_t hop)
{
	double least = run(features, seconds, hop);

	for (int i = 1; i < ROUNDS; i++)
		least = fmin(least, run(features, seconds, hop));
	return least;
}

int main(int argc, char **argv)
{
	const int seconds = argc > 1 ? atoi(argv[1]) : 60;

	if (seconds < 1) {
		fprintf(stderr, "features: how many seconds?\n");
		return 2;
	}
	srand(1);
	for (int i = 0; i < ATOLL_SOUND_RATE; i++)
		sound[i] = (float)(0.3 * sin(i * 0.1) + 0.1 * rand() / RAND_MAX);
	printf("%-8s %9s %9s %9s %12s   a second of sound, goal: below %.0f ms\n", "ms",
	       "slices", "windows", "both", "real time", GOAL_MS);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		struct atoll_features *features = atoll_features_new(looks[i].kind, NULL);
		double slices, both;

		if (!features)
			return 1;
		slices = best(features, seconds, 0);
		both = best(features, seconds, looks[i].hop);
		printf("%-8s %9.3f %9.3f %9.3f %12.6f\n", atoll_features_form(looks[i].kind).name,
		       slices, both - slices, both, both / 1000);
		atoll_features_free(features);
	}
	return 0;
}
