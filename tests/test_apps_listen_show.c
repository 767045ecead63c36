/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/listen_show.h"

#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"
#include "tests/terminal.h"

static const struct listen_meter meter = { .level_db = -30, .peak_db = -9, .clipped_age = 1 << 30 };

static struct listen_moment heard_yes(void)
{
	return (struct listen_moment){
		.name = "USB Microphone, 16000 Hz, 1 channel",
		.at_ms = 63400,
		.meter = &meter,
		.bar = { { "yes", 0.988f }, { "unknown", 0.003f } },
		.bars = 2,
		.hearing = { .words = 2, .inferences = 310, .gated = 317 },
		.sound = { .overruns = 1, .lost = 8000 },
	};
}

/* What is on the terminal after all of it. */
static struct terminal shown(const struct listen_moment *moment, uint32_t rows,
			     uint32_t columns)
{
	const struct hearing_word stop = { .label = "stop", .start_ms = 58700 };
	const struct hearing_word yes = { .label = "yes", .start_ms = 62100 };
	struct listen_show *show;
	struct terminal seen;

	terminal_begin(rows, columns);
	show = listen_show_open();
	assert_non_null(show);
	listen_show_moment(show, moment);
	listen_show_word(show, &stop);
	listen_show_word(show, &yes);
	listen_show_close(show, moment);
	terminal_end(&seen);
	assert_true(seen.has_cursor);
	assert_false(seen.is_odd || seen.has_wrapped);
	return seen;
}

static void level_scores_words_and_losses_are_shown(void **state)
{
	const struct listen_moment moment = heard_yes();
	const struct terminal seen = shown(&moment, 24, 71);

	(void)state;
	assert_string_equal(seen.row[0],
		"USB Microphone, 16000 Hz, 1 channel                               1:03");
	assert_string_equal(seen.row[1],
		"  level  ##################                      -30 dB   peak   -9 dB");
	assert_string_equal(seen.row[3],
		"   98.8 %  yes                 ######################################");
	assert_string_equal(seen.row[4], "    0.3 %  unknown");
	assert_string_equal(seen.row[5], "");
	assert_string_equal(seen.row[8], "heard  1:02 yes   0:58 stop");
	assert_string_equal(seen.row[9],
		"words 2   runs 310   saved 317   overruns 1   lost 0.5 s");
	assert_string_equal(seen.row[10], "");
}

static void quiet_is_quiet(void **state)
{
	struct listen_moment moment = heard_yes();
	struct terminal seen;

	(void)state;
	moment.bars = 0;
	moment.is_away = true;
	moment.at_ms = 3725000;
	seen = shown(&moment, 24, 60);
	assert_string_equal(seen.row[0],
		"USB Microphone, 16000 Hz, 1 channel  (away)         1:02:05");
	assert_string_equal(seen.row[3], "  quiet");
}

static void a_small_terminal_neither_scrolls_nor_wraps(void **state)
{
	const struct listen_moment moment = heard_yes();
	const struct terminal seen = shown(&moment, 5, 20);

	(void)state;
	assert_string_equal(seen.row[0], "USB Microphone, 160");
	assert_string_equal(seen.row[3], "   98.8 %  yes");
	assert_string_equal(seen.row[4], "");
}

static void the_last_eight_words_are_kept(void **state)
{
	static const char *const said[] = {
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
	};
	const struct listen_moment moment = heard_yes();
	struct listen_show *show;
	struct terminal seen;

	(void)state;
	terminal_begin(24, 128);
	show = listen_show_open();
	for (int i = 0; i < 10; i++) {
		const struct hearing_word word = { .label = said[i], .start_ms = 1000 * i };

		listen_show_word(show, &word);
	}
	listen_show_close(show, &moment);
	terminal_end(&seen);
	assert_string_equal(seen.row[8],
		"heard  0:09 nine   0:08 eight   0:07 seven   0:06 six   0:05 five   "
		"0:04 four   0:03 three   0:02 two");
}

static void nothing_is_allocated_per_moment(void **state)
{
	const struct listen_moment moment = heard_yes();
	const struct hearing_word yes = { .label = "yes", .start_ms = 62100 };
	struct listen_show *show;
	struct terminal seen;
	unsigned long before;

	(void)state;
	terminal_begin(24, 80);
	show = listen_show_open();
	listen_show_moment(show, &moment);
	before = allocations();
	for (int i = 0; i < 20; i++) {
		listen_show_hide(show); /* so that each is drawn */
		listen_show_word(show, &yes);
		listen_show_moment(show, &moment);
	}
	before = allocations() - before;
	listen_show_close(show, &moment);
	terminal_end(&seen);
	assert_int_equal(before, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(level_scores_words_and_losses_are_shown),
		cmocka_unit_test(quiet_is_quiet),
		cmocka_unit_test(a_small_terminal_neither_scrolls_nor_wraps),
		cmocka_unit_test(the_last_eight_words_are_kept),
		cmocka_unit_test(nothing_is_allocated_per_moment),
	};

	return CHECK_RUN(tests);
}
