/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_meter.h"

#include "tests/check.h"
#include "tests/terminal.h"

#define BLOCK 1600 /* 100 ms */

/* Blocks of a square wave, whose root mean square is its peak. */
static void push(struct listen_meter *meter, float amplitude, int blocks)
{
	float sample[BLOCK];
	const struct atoll_block block = { .sample = sample, .count = BLOCK };

	for (int i = 0; i < BLOCK; i++)
		sample[i] = i & 1 ? amplitude : -amplitude;
	for (int i = 0; i < blocks; i++)
		listen_meter_push(meter, &block);
}

static void it_rises_at_once_and_falls_30_db_a_second(void **state)
{
	struct listen_meter meter = LISTEN_METER;

	(void)state;
	push(&meter, 0.1f, 1);
	assert_float_equal(meter.level_db, -20, 0.01);
	push(&meter, 0, 1);
	assert_float_equal(meter.level_db, -23, 0.01);
	push(&meter, 0, 9);
	assert_float_equal(meter.level_db, -50, 0.01);
	push(&meter, 0.5f, 1);
	assert_float_equal(meter.level_db, -6.0206, 0.01);
	push(&meter, 0, 100);
	assert_float_equal(meter.level_db, -120, 0.01);
	assert_float_equal(meter.peak_db, -120, 0.01);
}

static void it_does_not_fall_below_what_there_is(void **state)
{
	struct listen_meter meter = LISTEN_METER;

	(void)state;
	push(&meter, 0.1f, 1);
	push(&meter, 0.05f, 20);
	assert_float_equal(meter.level_db, -26.0206, 0.01);
}

static void a_peak_stays_for_a_second(void **state)
{
	struct listen_meter meter = LISTEN_METER;

	(void)state;
	push(&meter, 0.5f, 1);
	push(&meter, 0.01f, 10);
	assert_float_equal(meter.peak_db, -6.0206, 0.01);
	push(&meter, 0.01f, 2);
	assert_float_equal(meter.peak_db, -12.0206, 0.01);
	push(&meter, 0.01f, 30);
	assert_float_equal(meter.peak_db, -40, 0.01);
}

static void full_scale_is_too_loud_for_a_second(void **state)
{
	struct listen_meter meter = LISTEN_METER;

	(void)state;
	assert_false(listen_meter_is_clipped(&meter));
	push(&meter, 32766 / 32768.0f, 1); /* the last that is not */
	assert_false(listen_meter_is_clipped(&meter));
	push(&meter, 1, 1);
	push(&meter, 0, 9);
	assert_true(listen_meter_is_clipped(&meter));
	push(&meter, 0, 1);
	assert_false(listen_meter_is_clipped(&meter));
}

static void it_is_a_bar_between_60_db_below_and_full_scale(void **state)
{
	static const struct { float amplitude; const char *line; } wanted[] = {
		{ 0, "  level                                -120 dB   peak -120 dB" },
		{ 0.0316228f, "  level  ##############                 -30 dB   peak  -30 dB" },
		{ 0.9f, "  level  ###########################     -1 dB   peak   -1 dB" },
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct listen_meter meter = LISTEN_METER;
		struct terminal seen;
		struct panel *panel;

		push(&meter, wanted[i].amplitude, 1);
		terminal_begin(4, 62);
		panel = panel_open();
		panel_begin(panel);
		listen_meter_draw(&meter, panel);
		panel_end(panel);
		panel_close(panel);
		terminal_end(&seen);
		assert_string_equal(seen.row[0], wanted[i].line);
		assert_false(seen.has_wrapped);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_rises_at_once_and_falls_30_db_a_second),
		cmocka_unit_test(it_does_not_fall_below_what_there_is),
		cmocka_unit_test(a_peak_stays_for_a_second),
		cmocka_unit_test(full_scale_is_too_loud_for_a_second),
		cmocka_unit_test(it_is_a_bar_between_60_db_below_and_full_scale),
	};

	return CHECK_RUN(tests);
}
