/* SPDX-License-Identifier: Apache-2.0 */
/* How steadily frames come, as atoll-camera stream counts it. */
#include "apps/camera.h"

#include "tests/check.h"

#define MS INT64_C(1000000)

static void an_even_stream_has_its_rate_and_no_jitter(void **state)
{
	struct camera_pace pace = { 0 };

	(void)state;
	for (int i = 1; i <= 51; i++)
		camera_pace_add(&pace, i * 20 * MS, i * 20 * MS + 3 * MS);
	assert_int_equal(pace.frames, 51);
	assert_int_equal(pace.intervals, 50);
	assert_float_equal(camera_pace_fps(&pace), 50, 1e-9);
	assert_float_equal(camera_pace_jitter_ms(&pace), 0, 1e-9);
	assert_float_equal(pace.longest_ms, 20, 1e-9);
	assert_float_equal(pace.latency_ms, 3, 1e-9);
	assert_float_equal(pace.latency_longest_ms, 3, 1e-9);
}

static void an_uneven_stream_has_mean_deviation_and_longest(void **state)
{
	/* 10, 30, 10, 30 ms: 20 on average, each 10 away from it. */
	static const int64_t at_ms[] = { 100, 110, 140, 150, 180 };
	static const int64_t late_ms[] = { 1, 2, 9, 2, 1 };
	struct camera_pace pace = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		camera_pace_add(&pace, at_ms[i] * MS, (at_ms[i] + late_ms[i]) * MS);
	assert_float_equal(camera_pace_fps(&pace), 50, 1e-9);
	assert_float_equal(camera_pace_jitter_ms(&pace), 10, 1e-9);
	assert_float_equal(pace.longest_ms, 30, 1e-9);
	assert_float_equal(pace.latency_ms, 3, 1e-9);
	assert_float_equal(pace.latency_longest_ms, 9, 1e-9);
}

static void without_stamps_arrival_counts_and_latency_is_not_known(void **state)
{
	struct camera_pace pace = { 0 };

	(void)state;
	camera_pace_add(&pace, 0, 100 * MS);
	camera_pace_add(&pace, 0, 140 * MS);
	assert_float_equal(camera_pace_fps(&pace), 25, 1e-9);
	assert_int_equal(pace.stamps, 0);
}

static void a_pause_is_no_interval(void **state)
{
	struct camera_pace pace = { 0 };

	(void)state;
	assert_float_equal(camera_pace_fps(&pace), 0, 0);
	assert_float_equal(camera_pace_jitter_ms(&pace), 0, 0);
	camera_pace_add(&pace, 100 * MS, 100 * MS);
	camera_pace_add(&pace, 140 * MS, 140 * MS);
	pace.last_ns = 0;
	camera_pace_add(&pace, 9140 * MS, 9140 * MS);
	camera_pace_add(&pace, 9180 * MS, 9180 * MS);
	assert_int_equal(pace.frames, 4);
	assert_float_equal(pace.longest_ms, 40, 1e-9);
	assert_float_equal(camera_pace_fps(&pace), 25, 1e-9);
}

static void stamps_ahead_of_the_clock_are_told_as_they_are(void **state)
{
	struct camera_pace pace = { 0 };

	(void)state;
	camera_pace_add(&pace, 140 * MS, 100 * MS);
	camera_pace_add(&pace, 180 * MS, 145 * MS);
	assert_float_equal(pace.latency_ms, -37.5, 1e-9);
	assert_float_equal(pace.latency_longest_ms, -35, 1e-9);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_even_stream_has_its_rate_and_no_jitter),
		cmocka_unit_test(an_uneven_stream_has_mean_deviation_and_longest),
		cmocka_unit_test(without_stamps_arrival_counts_and_latency_is_not_known),
		cmocka_unit_test(a_pause_is_no_interval),
		cmocka_unit_test(stamps_ahead_of_the_clock_are_told_as_they_are),
	};

	return CHECK_RUN(tests);
}
