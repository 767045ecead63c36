/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/activity.h"

#include <math.h>
#include <string.h>

#include "audio/block.h"
#include "tests/check.h"

#define SECOND ATOLL_SOUND_RATE
#define BLOCK (SECOND / 50)

/* A room, and what is played into it: 20 ms at a time. */
struct room {
	struct atoll_activity activity;
	struct check_random random;
	float noise;           /* root mean square */
	float tone, tone_hz;
	uint64_t at;
	float rumble;          /* 20 Hz */
};

static float amplitude(float db)
{
	return powf(10, db / 20);
}

static struct room quiet_room(float noise_db)
{
	return (struct room){
		.activity = ATOLL_ACTIVITY, .random = { 7 },
		.noise = amplitude(noise_db), .tone_hz = 700,
	};
}

/* Uniform, with the root mean square of `rms`. */
static float noise(struct room *room, float rms)
{
	return rms * sqrtf(3) * ((float)check_random_in(&room->random, -10000, 10000) / 10000);
}

static float wave(const struct room *room, float hz)
{
	return sinf(6.2831853f * hz * (float)(room->at % SECOND) / SECOND);
}

/* The share of the time that somebody was heard. */
static double listen(struct room *room, double seconds)
{
	const int blocks = (int)lround(seconds * 50);
	float sample[BLOCK];
	int heard = 0;

	for (int k = 0; k < blocks; k++) {
		for (int i = 0; i < BLOCK; i++, room->at++)
			sample[i] = noise(room, room->noise) +
				room->tone * wave(room, room->tone_hz) +
				room->rumble * wave(room, 20);
		heard += atoll_activity_push(&room->activity, sample, BLOCK);
	}
	return (double)heard / blocks;
}

static void unsure_at_first_it_says_yes(void **state)
{
	struct room room = quiet_room(-60);

	(void)state;
	assert_true(listen(&room, 1.1) == 1);
}

static void noise_that_stays_is_nobody(void **state)
{
	static const float levels[] = { -20, -40, -60, -80, -200 };

	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		struct room room = quiet_room(levels[i]);

		listen(&room, 3);
		assert_true(listen(&room, 60) == 0);
	}
}

static void a_quiet_word_in_a_quiet_room_is_somebody(void **state)
{
	struct room room = quiet_room(-80);

	(void)state;
	listen(&room, 20);
	room.tone = amplitude(-62);
	assert_true(listen(&room, 0.1) > 0.5);
}

static void a_word_little_louder_than_the_noise_is_somebody(void **state)
{
	(void)state;
	for (float db = -50; db <= -20; db += 10) {
		struct room room = quiet_room(db);

		listen(&room, 20);
		assert_false(listen(&room, 0.1) > 0);
		room.tone = amplitude(db + 3 + 3); /* a sine's mean is 3 dB less */
		assert_true(listen(&room, 0.2) > 0.5);
	}
}

static void the_answer_holds_for_a_while(void **state)
{
	struct room room = quiet_room(-60);

	(void)state;
	listen(&room, 10);
	room.tone = amplitude(-30);
	listen(&room, 0.4);
	room.tone = 0;
	assert_true(listen(&room, 1.1) == 1);
	listen(&room, 0.3);
	assert_true(listen(&room, 10) == 0);
}

static void words_with_pauses_never_become_background(void **state)
{
	struct room room = quiet_room(-60);

	(void)state;
	listen(&room, 5);
	for (int i = 0; i < 60; i++) {
		room.tone = amplitude(-40);
		assert_true(listen(&room, 0.6) > 0.9);
		room.tone = 0;
		listen(&room, 0.4);
	}
}

static void a_fan_that_is_switched_on_becomes_background(void **state)
{
	struct room room = quiet_room(-70);

	(void)state;
	listen(&room, 10);
	room.noise = amplitude(-45);
	assert_true(listen(&room, 1) > 0.9);
	listen(&room, 19);
	assert_true(listen(&room, 20) == 0);
}

static void a_fan_that_is_switched_off_makes_it_keener_at_once(void **state)
{
	struct room room = quiet_room(-30);

	(void)state;
	listen(&room, 10);
	room.noise = amplitude(-70);
	listen(&room, 1);
	room.tone = amplitude(-50);
	assert_true(listen(&room, 0.1) > 0.5);
}

static void rumble_hides_nobody(void **state)
{
	struct room room = quiet_room(-65);

	(void)state;
	room.rumble = amplitude(-25);
	listen(&room, 10);
	assert_true(listen(&room, 10) == 0);
	room.tone = amplitude(-45);
	assert_true(listen(&room, 0.1) > 0.5);
}

static void a_dropout_does_not_wake_it_for_long(void **state)
{
	struct room room = quiet_room(-40);
	const float loud = room.noise;

	(void)state;
	listen(&room, 10);
	room.noise = 0;
	listen(&room, 0.02);
	room.noise = loud;
	listen(&room, 10);
	assert_true(listen(&room, 10) == 0);
}

static void blocks_of_any_size_give_the_same(void **state)
{
	static float sample[4 * SECOND];
	struct room room = quiet_room(-60);
	struct atoll_activity whole = ATOLL_ACTIVITY;
	struct check_random random = { 3 };

	(void)state;
	for (uint32_t i = 0; i < 4 * SECOND; i++)
		sample[i] = noise(&room, i % SECOND < SECOND / 4 ? 0.1f : 0.001f);
	for (uint32_t at = 0; at < 4 * SECOND;) {
		uint32_t count = (uint32_t)check_random_in(&random, 1, 900);

		count = count < 4 * SECOND - at ? count : 4 * SECOND - at;
		assert_int_equal(atoll_activity_push(&room.activity, sample + at, count),
				 atoll_activity_push(&whole, sample + at, count));
		at += count;
	}
	whole = (struct atoll_activity)ATOLL_ACTIVITY;
	atoll_activity_push(&whole, sample, 4 * SECOND);
	assert_memory_equal(&whole.frames, &room.activity.frames, sizeof(whole.frames));
	assert_memory_equal(&whole.heard, &room.activity.heard, sizeof(whole.heard));
	assert_memory_equal(&whole.floor_db, &room.activity.floor_db, sizeof(float));
}

static void samples_that_are_no_numbers_pass(void **state)
{
	struct room room = quiet_room(-60);
	const float strange[] = { NAN, INFINITY, -INFINITY, NAN };

	(void)state;
	listen(&room, 5);
	atoll_activity_push(&room.activity, strange, 4);
	listen(&room, 5);
	assert_true(listen(&room, 5) == 0);
	room.tone = amplitude(-30);
	assert_true(listen(&room, 0.1) > 0.5);
}

static void levels_are_those_of_full_scale(void **state)
{
	const float square[] = { 1, -1, 1, -1 }, half[] = { 0.5f, 0, 0, 0 }, zero[4] = { 0 };
	struct atoll_level level = atoll_level_of(square, 4);

	(void)state;
	assert_float_equal(level.rms_db, 0, 1e-6);
	assert_float_equal(level.peak_db, 0, 1e-6);
	level = atoll_level_of(half, 4);
	assert_float_equal(level.rms_db, -12.0412, 1e-3);
	assert_float_equal(level.peak_db, -6.0206, 1e-3);
	level = atoll_level_of(zero, 4);
	assert_float_equal(level.rms_db, -120, 0);
	assert_float_equal(level.peak_db, -120, 0);
	level = atoll_level_of(NULL, 0);
	assert_float_equal(level.rms_db, -120, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsure_at_first_it_says_yes),
		cmocka_unit_test(noise_that_stays_is_nobody),
		cmocka_unit_test(a_quiet_word_in_a_quiet_room_is_somebody),
		cmocka_unit_test(a_word_little_louder_than_the_noise_is_somebody),
		cmocka_unit_test(the_answer_holds_for_a_while),
		cmocka_unit_test(words_with_pauses_never_become_background),
		cmocka_unit_test(a_fan_that_is_switched_on_becomes_background),
		cmocka_unit_test(a_fan_that_is_switched_off_makes_it_keener_at_once),
		cmocka_unit_test(rumble_hides_nobody),
		cmocka_unit_test(a_dropout_does_not_wake_it_for_long),
		cmocka_unit_test(blocks_of_any_size_give_the_same),
		cmocka_unit_test(samples_that_are_no_numbers_pass),
		cmocka_unit_test(levels_are_those_of_full_scale),
	};

	return CHECK_RUN(tests);
}
