/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to listen, and how late words are: ten minutes of sound, words in running
 * noise, through the front end and each model as atoll-listen does it, in blocks of
 * 20 ms, without the gate.
 *
 *	listen MODEL...
 *
 * How late a word is counts from its end in the sound to the sound that decided; what the
 * processor takes for that comes on top.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "apps/hearing.h"
#include "tests/allocations.h"
#include "tests/ten_minutes.h"

#define BLOCK (ATOLL_SOUND_RATE / 50)
#define SAMPLES (TEN_MINUTES_S * ATOLL_SOUND_RATE)
#define GOAL 0.01           /* of real time, on one core */
#define GOAL_MS 300

struct late {
	int words, too_late;
	int64_t sum_ms, worst_ms;
};

static double cpu_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void count(struct late *late, const struct hearing_word *word,
		  const struct spoken_word *spoken)
{
	const int64_t ms = word->end_ms - spoken->end_ms;

	late->words++;
	late->sum_ms += ms;
	late->too_late += ms > GOAL_MS;
	if (ms > late->worst_ms)
		late->worst_ms = ms;
}

static int listen(const char *path)
{
	struct spoken_word truth[TEN_MINUTES_WORDS];
	const struct hearing_config config = { .model_path = path };
	struct atoll_error err;
	struct hearing *hearing = hearing_open(&config, &err);
	float *sound = ten_minutes(truth);
	unsigned long taken = 0;
	struct late late = { 0 };
	double begin_s = cpu_s();
	int r = 0;

	for (uint32_t at = 0; hearing && r >= 0 && at < SAMPLES; at += BLOCK) {
		const struct atoll_block block = { .sample = sound + at, .count = BLOCK, .at = at };

		r = hearing_push(hearing, &block, &err);
		if (at == ATOLL_SOUND_RATE * 2)
			taken = allocations(); /* it has settled */
		for (int i = 0; i < r; i++) {
			const struct hearing_word *word = hearing_word(hearing, i);
			const struct spoken_word *spoken =
				ten_minutes_find(truth, word->label, word->start_ms);

			if (spoken)
				count(&late, word, spoken);
		}
	}
	if (!hearing || r < 0) {
		fprintf(stderr, "listen: %s\n", err.text);
	} else {
		printf("%-24s %.5f of real time (goal %g), %lu allocations", hearing_name(hearing),
		       (cpu_s() - begin_s) / TEN_MINUTES_S, GOAL, allocations() - taken);
		if (late.words)
			printf("; %d words %lld ms after their end, at most %lld, %d above %d",
			       late.words, (long long)(late.sum_ms / late.words),
			       (long long)late.worst_ms, late.too_late, GOAL_MS);
		putchar('\n');
	}
	free(sound);
	hearing_close(hearing);
	return hearing && r >= 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= listen(argv[i]);
	return status;
}
