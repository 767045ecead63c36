/* SPDX-License-Identifier: Apache-2.0 */
#include "board/debounce.h"

#include "tests/check.h"

/* By a clock that we turn. */
static struct debounce debounce;

static int start(void **state)
{
	(void)state;
	debounce_start(&debounce, 100, false);
	return 0;
}

static void nothing_is_due_before_it_moves(void **state)
{
	(void)state;
	assert_true(debounce_due_ns(&debounce) == INT64_MAX);
	assert_false(debounce_settle(&debounce, INT64_MAX));
	assert_false(debounce.level);
}

static void a_level_counts_once_it_has_stayed(void **state)
{
	(void)state;
	debounce_move(&debounce, true, 1000);
	assert_int_equal(debounce_due_ns(&debounce), 1100);
	assert_false(debounce_settle(&debounce, 1099));
	assert_true(debounce_settle(&debounce, 1100));
	assert_true(debounce.level);
	assert_int_equal(debounce.since_ns, 1000);
	assert_false(debounce_settle(&debounce, 5000));
}

static void every_bounce_begins_the_wait_anew(void **state)
{
	(void)state;
	for (int64_t now = 1000; now < 2000; now += 100) {
		debounce_move(&debounce, true, now);
		assert_false(debounce_settle(&debounce, now + 50));
		debounce_move(&debounce, false, now + 50);
		assert_false(debounce_settle(&debounce, now + 99));
	}
	debounce_move(&debounce, true, 2000);
	assert_false(debounce_settle(&debounce, 2099));
	assert_true(debounce_settle(&debounce, 2100));
	assert_int_equal(debounce.since_ns, 2000);
}

static void a_spike_leaves_the_level_as_it_was(void **state)
{
	(void)state;
	debounce_move(&debounce, true, 1000);
	debounce_move(&debounce, false, 1099);
	assert_false(debounce_settle(&debounce, 9999));
	assert_false(debounce.level);
	assert_true(debounce_due_ns(&debounce) == INT64_MAX);
}

static void twice_the_same_way_was_away_in_between(void **state)
{
	(void)state;
	debounce_move(&debounce, true, 1000);
	debounce_move(&debounce, true, 1090);
	assert_false(debounce_settle(&debounce, 1100));
	assert_true(debounce_settle(&debounce, 1190));
	assert_int_equal(debounce.since_ns, 1090);
}

static void it_goes_back_the_same_way(void **state)
{
	(void)state;
	debounce_start(&debounce, 100, true);
	debounce_move(&debounce, false, 1000);
	assert_true(debounce_settle(&debounce, 1100));
	assert_false(debounce.level);
	debounce_move(&debounce, true, 1150);
	assert_true(debounce_settle(&debounce, 1250));
	assert_true(debounce.level);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_due_before_it_moves, start),
		cmocka_unit_test_setup(a_level_counts_once_it_has_stayed, start),
		cmocka_unit_test_setup(every_bounce_begins_the_wait_anew, start),
		cmocka_unit_test_setup(a_spike_leaves_the_level_as_it_was, start),
		cmocka_unit_test_setup(twice_the_same_way_was_away_in_between, start),
		cmocka_unit_test_setup(it_goes_back_the_same_way, start),
	};

	return CHECK_RUN(tests);
}
