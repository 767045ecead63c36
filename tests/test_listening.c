/* SPDX-License-Identifier: Apache-2.0 */
/* Ten minutes of listening with the shipped model. */
#include <stdlib.h>

#include "apps/hearing.h"
#include "tests/check.h"
#include "tests/ten_minutes.h"

#define MODEL "apps/models/keywords/keywords.tflite"

/* Somebody always talks: as sure as apps/models/keywords/README.md says for that. */
#define THRESHOLD 0.88f

enum { FOUND_LEAST = 54, FALSE_MOST = 2 };

static void listen(const float *sound, struct spoken_word *truth, int *found, int *wrong)
{
	const struct hearing_config config = { .model_path = MODEL, .is_gated = true,
					       .threshold = THRESHOLD };
	struct atoll_error err;
	struct hearing *hearing = hearing_open(&config, &err);

	if (!hearing)
		fail_msg("%s", err.text);
	*found = *wrong = 0;
	for (uint32_t at = 0; at < TEN_MINUTES_S * ATOLL_SOUND_RATE; at += 1600) {
		const struct atoll_block block = { .sample = sound + at, .count = 1600, .at = at };
		int words = hearing_push(hearing, &block, &err);

		for (int i = 0; i < words; i++) {
			const struct hearing_word *word = hearing_word(hearing, i);

			if (ten_minutes_find(truth, word->label, word->start_ms)) {
				++*found;
				continue;
			}
			++*wrong;
			print_message("# not said: %s %.2f at %.1f s\n", word->label,
				      (double)word->score, (double)word->start_ms / 1e3);
		}
	}
	for (uint32_t i = 0; i < TEN_MINUTES_WORDS; i++)
		if (!truth[i].is_found)
			print_message("# not heard: %s at %.1f s\n", truth[i].name,
				      (double)truth[i].start_ms / 1e3);
	print_message("# %d of %d words found, %d that were not said, %d of %d windows\n", *found,
		      TEN_MINUTES_WORDS, *wrong, (int)hearing_counts(hearing).inferences,
		      TEN_MINUTES_S * 10);
	hearing_close(hearing);
}

static void nine_words_of_ten_are_heard_in_ten_minutes(void **state)
{
	struct spoken_word truth[TEN_MINUTES_WORDS];
	int found, wrong;
	float *sound;

	(void)state;
	sound = ten_minutes(truth);
	listen(sound, truth, &found, &wrong);
	assert_in_range(found, FOUND_LEAST, TEN_MINUTES_WORDS);
	assert_in_range(wrong, 0, FALSE_MOST);
	free(sound);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_words_of_ten_are_heard_in_ten_minutes),
	};

	return CHECK_RUN(tests);
}
