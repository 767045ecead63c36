/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/spot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"

/*
 * Tracks of scores are drawn as text, a digit for tenths each 100 ms, a space where
 * the model did not run:
 *
 *	yes  "00378973000"
 *	no   "00000000899"
 */
enum { YES, NO, UNKNOWN, CLASSES };

#define HOP_MS 100

static const float usual[CLASSES] = { 0.7f, 0.7f, 2 };

static struct atoll_spot *new_spot(struct atoll_spot_config config)
{
	struct atoll_error err;
	struct atoll_spot *spot;

	config.classes = CLASSES;
	if (!config.threshold)
		config.threshold = usual;
	if (!config.window_ms)
		config.window_ms = 900;
	if (!config.smoothing_ms)
		config.smoothing_ms = 200;
	spot = atoll_spot_new(&config, &err);
	if (!spot)
		fail_msg("%s", err.text);
	return spot;
}

static float tenths(const char *track, size_t i)
{
	return track && i < strlen(track) ? (float)(track[i] - '0') / 10 : 0;
}

struct told {
	struct atoll_word word[8];
	int count;
};

static struct told run(struct atoll_spot *spot, const char *const track[CLASSES])
{
	struct told told = { .count = 0 };

	for (size_t i = 0; i < strlen(track[0]); i++) {
		float score[CLASSES];

		if (track[0][i] == ' ')
			continue;
		for (int k = 0; k < CLASSES; k++)
			score[k] = tenths(track[k], i);
		if (atoll_spot_push(spot, score, (int64_t)i * HOP_MS,
				    &told.word[told.count]))
			assert_in_range(++told.count, 1, 7);
	}
	return told;
}

static struct told hear(const char *yes, const char *no, const char *unknown)
{
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){ 0 });
	struct told told = run(spot, (const char *const[CLASSES]){ yes, no, unknown });

	atoll_spot_free(spot);
	return told;
}

static void a_word_is_told_once_when_its_average_passes(void **state)
{
	struct told told = hear("0002599994100000", NULL, NULL);

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].index, YES);
	assert_int_equal(told.word[0].told_ms, 500); /* (5 + 9) / 2 */
	assert_float_equal(told.word[0].score, 0.7, 1e-6);
}

static void a_word_begins_a_third_of_a_window_before_its_score_rises(void **state)
{
	struct told told = hear("0000000000000000259999410", NULL, NULL);

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].start_ms, 1700 - 300);
	assert_in_range(told.word[0].start_ms, 0, told.word[0].told_ms);
}

static void one_high_score_is_no_word(void **state)
{
	(void)state;
	assert_int_equal(hear("0000900000", NULL, NULL).count, 0);
	/* Nor is the first, which has nothing to be averaged with. */
	assert_int_equal(hear("9000000000", NULL, NULL).count, 0);
}

static void a_long_word_is_told_once(void **state)
{
	(void)state;
	assert_int_equal(hear("00999999999999999999999999990000", NULL, NULL).count, 1);
}

static void a_score_that_flickers_at_the_threshold_is_one_word(void **state)
{
	(void)state;
	assert_int_equal(hear("0088677667766776677667766776600", NULL, NULL).count, 1);
}

static void the_same_word_again_is_told_after_the_refractory_time(void **state)
{
	struct told told = hear("009999000000099999000", NULL, NULL);

	(void)state;
	assert_int_equal(told.count, 2);
	assert_int_equal(told.word[0].told_ms, 300);
	assert_int_equal(told.word[1].told_ms, 1400);
}

static void the_same_word_again_waits_for_the_refractory_time(void **state)
{
	struct told told = hear("0099900000999999", NULL, NULL);

	(void)state;
	assert_int_equal(told.count, 2);
	assert_int_equal(told.word[0].told_ms, 300);
	assert_int_equal(told.word[1].told_ms, 1300);
	/* Its beginning is what it was. */
	assert_int_equal(told.word[1].start_ms, 1000 - 300);
	assert_int_equal(hear("0099900999000000", NULL, NULL).count, 1);
}

static void two_words_in_a_row_are_two(void **state)
{
	struct told told = hear("009999900000000000", "000000009999999900", NULL);

	(void)state;
	assert_int_equal(told.count, 2);
	assert_int_equal(told.word[0].index, YES);
	assert_int_equal(told.word[0].told_ms, 300);
	assert_int_equal(told.word[1].index, NO);
	assert_int_equal(told.word[1].told_ms, 1300);
	assert_int_equal(told.word[1].start_ms, 800 - 300);
}

static void what_is_left_of_a_word_is_no_other_word(void **state)
{
	struct told told = hear("0099999990000000", "0000000009990000", NULL);

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].index, YES);
}

static void of_two_the_larger_is_told(void **state)
{
	struct told told = hear("00888880000000", "00999990000000", NULL);

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].index, NO);
}

static void of_two_that_are_equal_the_first_is_told(void **state)
{
	struct told told = hear("00999990000000", "00999990000000", NULL);

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].index, YES);
}

static void no_words_are_never_told_and_do_not_stand_in_the_way(void **state)
{
	struct told told = hear("00777700000000", NULL, "00999999999999");

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].index, YES);
}

static void each_word_has_its_own_threshold(void **state)
{
	const float threshold[CLASSES] = { 0.9f, 0.4f, 2 };
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){
		.threshold = threshold });
	struct told told = run(spot, (const char *const[CLASSES]){
		"008888000000000000000", "000000000000005500000", NULL });

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].index, NO);
	atoll_spot_free(spot);
}

static void a_gap_ends_a_word_and_its_averages(void **state)
{
	/* One score before the gap and one behind make no pair. */
	assert_int_equal(hear("0009   9000", NULL, NULL).count, 0);
	/* A word behind a long gap is another one. */
	struct told told = hear("00999         999000", NULL, NULL);

	(void)state;
	assert_int_equal(told.count, 2);
	assert_int_equal(told.word[1].told_ms, 1500);
	assert_int_equal(told.word[1].start_ms, 1400 - 300);
}

static void a_longer_smoothing_time_asks_for_a_longer_word(void **state)
{
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){ .smoothing_ms = 400 });

	(void)state;
	assert_int_equal(run(spot, (const char *const[CLASSES]){
		"0000990000000000000000" }).count, 0);
	atoll_spot_reset(spot);
	assert_int_equal(run(spot, (const char *const[CLASSES]){
		"0000999900000000000000" }).count, 1);
	atoll_spot_free(spot);
}

static void one_score_can_be_enough(void **state)
{
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){
		.smoothing_ms = 100, .scores_least = 1 });
	struct told told = run(spot, (const char *const[CLASSES]){ "0090000000" });

	(void)state;
	assert_int_equal(told.count, 1);
	assert_int_equal(told.word[0].told_ms, 200);
	atoll_spot_free(spot);
}

static void reset_forgets_and_so_does_time_that_goes_back(void **state)
{
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){ 0 });
	const float high[CLASSES] = { 1, 0, 0 };
	struct atoll_word word;

	(void)state;
	assert_false(atoll_spot_push(spot, high, 1000, &word));
	assert_true(atoll_spot_push(spot, high, 1100, &word));
	assert_false(atoll_spot_push(spot, high, 100, &word));
	assert_true(atoll_spot_push(spot, high, 200, &word));
	atoll_spot_reset(spot);
	assert_false(atoll_spot_push(spot, high, 300, &word));
	assert_true(atoll_spot_push(spot, high, 400, &word));
	atoll_spot_free(spot);
}

static void scores_that_are_no_numbers_are_nothing(void **state)
{
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){ 0 });
	const float strange[CLASSES] = { NAN, -INFINITY, NAN }, high[CLASSES] = { 1, 0, 0 };
	struct atoll_word word;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_false(atoll_spot_push(spot, strange, i * HOP_MS, &word));
	assert_false(atoll_spot_push(spot, high, 1000, &word));
	assert_true(atoll_spot_push(spot, high, 1100, &word));
	assert_float_equal(word.score, 1, 0);
	atoll_spot_free(spot);
}

/* More sets in the smoothing time than are kept. */
static void any_hop_will_do(void **state)
{
	for (int hop_ms = 1; hop_ms <= 200; hop_ms++) {
		struct atoll_spot *spot = new_spot((struct atoll_spot_config){
			.smoothing_ms = 400 });
		struct atoll_word word;
		int told = 0;

		for (int ms = 0; ms < 6000; ms += hop_ms) {
			const float score[CLASSES] = {
				[YES] = ms % 3000 >= 1000 && ms % 3000 < 2000 };

			told += atoll_spot_push(spot, score, ms, &word);
		}
		assert_int_equal(told, 2);
		atoll_spot_free(spot);
	}
	(void)state;
}

static void nothing_is_allocated_while_listening(void **state)
{
	struct atoll_spot *spot = new_spot((struct atoll_spot_config){ 0 });
	unsigned long before = allocations();
	float score[CLASSES] = { 0.5f, 0.2f, 0.1f };
	struct atoll_word word;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		score[YES] = (float)(i % 20) / 20;
		atoll_spot_push(spot, score, i * HOP_MS, &word);
	}
	assert_int_equal(allocations(), before);
	atoll_spot_free(spot);
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct atoll_error err = { 0 };

	(void)state;
	assert_null(atoll_spot_new(&(struct atoll_spot_config){ .threshold = usual }, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_null(atoll_spot_new(&(struct atoll_spot_config){
		.classes = 1, .threshold = usual, .scores_least = 1000 }, &err));
	assert_int_equal(err.code, -EINVAL);
	atoll_spot_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_is_told_once_when_its_average_passes),
		cmocka_unit_test(a_word_begins_a_third_of_a_window_before_its_score_rises),
		cmocka_unit_test(one_high_score_is_no_word),
		cmocka_unit_test(a_long_word_is_told_once),
		cmocka_unit_test(a_score_that_flickers_at_the_threshold_is_one_word),
		cmocka_unit_test(the_same_word_again_is_told_after_the_refractory_time),
		cmocka_unit_test(the_same_word_again_waits_for_the_refractory_time),
		cmocka_unit_test(two_words_in_a_row_are_two),
		cmocka_unit_test(what_is_left_of_a_word_is_no_other_word),
		cmocka_unit_test(of_two_the_larger_is_told),
		cmocka_unit_test(of_two_that_are_equal_the_first_is_told),
		cmocka_unit_test(no_words_are_never_told_and_do_not_stand_in_the_way),
		cmocka_unit_test(each_word_has_its_own_threshold),
		cmocka_unit_test(a_gap_ends_a_word_and_its_averages),
		cmocka_unit_test(a_longer_smoothing_time_asks_for_a_longer_word),
		cmocka_unit_test(one_score_can_be_enough),
		cmocka_unit_test(reset_forgets_and_so_does_time_that_goes_back),
		cmocka_unit_test(scores_that_are_no_numbers_are_nothing),
		cmocka_unit_test(any_hop_will_do),
		cmocka_unit_test(nothing_is_allocated_while_listening),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return CHECK_RUN(tests);
}
