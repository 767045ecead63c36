/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/header.h"
#include "tests/check.h"
#include "tests/fake_gpio.h"
#include "tests/folder.h"

static const char two_pins[] =
	"[board]\nid = board\nname = A board\n"
	"[gpiochip.soc]\nlabel = fake\nlines = 64\n"
	"[header]\nrows = 2\ncolumns = 2\n"
	"[pins]\n"
	"1 = power 3.3V\n"
	"2 = gpio A line=soc:7\n"
	"3 = gpio B line=soc:9\n"
	"4 = ground GND\n";

/* The lines of pins 2 and 3. */
#define A (&fake_gpio.chip[0].line[7])
#define B (&fake_gpio.chip[0].line[9])

static struct atoll_board *board;
static struct atoll_header *header;

static int open_header(void **state)
{
	struct atoll_error err = { 0 };
	FILE *file;

	if (folder_make(state) != 0)
		return -1;
	file = fopen(in_folder("board.conf"), "w");
	assert_non_null(file);
	assert_true(fputs(two_pins, file) >= 0);
	assert_int_equal(fclose(file), 0);
	board = atoll_board_load(in_folder("board.conf"), &err);
	header = board ? atoll_header_open(board, &err) : NULL;
	if (!header)
		fail_msg("%s", err.text);
	fake_gpio_reset();
	return 0;
}

static int close_header(void **state)
{
	assert_int_equal(fake_gpio.opened, 0);
	atoll_header_close(header);
	atoll_board_free(board);
	return folder_remove(state);
}

static struct header_settings settings(void)
{
	return (struct header_settings){
		.board = board,
		.header = header,
		.system = &fake_gpio_system,
		.gpio = { .consumer = "test" },
		.for_ms = 1,
	};
}

/* Orders as on the command line. */
static void set(struct header_settings chosen, const char *first, const char *second)
{
	char texts[2][32];
	char *rest[] = { texts[0], texts[1] };

	(void)snprintf(texts[0], sizeof(texts[0]), "%s", first);
	(void)snprintf(texts[1], sizeof(texts[1]), "%s", second ? second : "");
	chosen.rest = rest;
	chosen.rests = second ? 2 : 1;
	assert_int_equal(header_set(&chosen), EXIT_SUCCESS);
}

static void pins_become_what_is_said(void **state)
{
	(void)state;
	B->level = 1;
	set(settings(), "2=high", "3=low");
	assert_true(A->is_output && B->is_output);
	assert_int_equal(A->level, 1);
	assert_int_equal(B->level, 0);
	assert_string_equal(A->by, "test");
}

static void what_is_toggled_becomes_the_other(void **state)
{
	(void)state;
	B->level = 1;
	set(settings(), "A=toggle", "B=toggle");
	assert_int_equal(A->level, 1);
	assert_int_equal(B->level, 0);
}

static void active_low_turns_levels_round(void **state)
{
	struct header_settings chosen = settings();

	(void)state;
	chosen.gpio.is_active_low = true;
	A->level = 1;
	B->level = 1;
	set(chosen, "2=high", "3=toggle");
	assert_int_equal(A->level, 0);
	assert_int_equal(B->level, 0);
	set(chosen, "2=low", "3=toggle");
	assert_int_equal(A->level, 1);
	assert_int_equal(B->level, 1);
}

static void pins_are_what_they_were_when_that_is_asked_for(void **state)
{
	struct header_settings chosen = settings();

	(void)state;
	chosen.restores = true;
	B->is_output = true;
	B->level = 1;
	set(chosen, "2=high", "3=low");
	assert_false(A->is_output);
	assert_true(B->is_output);
	assert_int_equal(B->level, 1);
}

static void active_low_pins_are_what_they_were_too(void **state)
{
	struct header_settings chosen = settings();

	(void)state;
	chosen.restores = true;
	chosen.gpio.is_active_low = true;
	B->is_output = true;
	B->level = 1;
	set(chosen, "2=high", "3=high");
	assert_false(A->is_output);
	assert_int_equal(B->level, 1);
	assert_false(B->is_active_low);
}

static void what_cannot_be_as_it_was_is_told_and_the_others_are(void **state)
{
	const struct header_settings chosen = settings();
	struct header_pins pins = { 0 };
	struct header_former former;

	(void)state;
	header_pins_add(&pins, &chosen, "2", HEADER_DRIVE);
	header_pins_add(&pins, &chosen, "3", HEADER_DRIVE);
	B->is_output = true;
	B->level = 1;
	header_former_read(&chosen, &pins, &former);
	A->consumer = "somebody";
	B->level = 0;
	assert_int_equal(header_former_restore(&chosen, &pins, &former), 1);
	assert_int_equal(B->level, 1);
}

static void a_blink_ends_low(void **state)
{
	struct header_settings chosen = settings();
	char pin[] = "2", *rest[] = { pin };

	(void)state;
	chosen.rest = rest;
	chosen.rests = 1;
	chosen.period_ms = 2;
	chosen.count = 3;
	chosen.for_ms = 0;
	assert_int_equal(header_blink(&chosen), EXIT_SUCCESS);
	assert_true(A->is_output);
	assert_int_equal(A->level, 0);
	/* The time is over in the middle of one. */
	chosen.period_ms = 60000;
	chosen.for_ms = 1;
	assert_int_equal(header_blink(&chosen), EXIT_SUCCESS);
	assert_int_equal(A->level, 0);
	chosen.restores = true;
	A->is_output = false;
	assert_int_equal(header_blink(&chosen), EXIT_SUCCESS);
	assert_false(A->is_output);
}

#define WITH_HEADER(test) cmocka_unit_test_setup_teardown(test, open_header, close_header)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_HEADER(pins_become_what_is_said),
		WITH_HEADER(what_is_toggled_becomes_the_other),
		WITH_HEADER(active_low_turns_levels_round),
		WITH_HEADER(pins_are_what_they_were_when_that_is_asked_for),
		WITH_HEADER(active_low_pins_are_what_they_were_too),
		WITH_HEADER(what_cannot_be_as_it_was_is_told_and_the_others_are),
		WITH_HEADER(a_blink_ends_low),
	};

	return CHECK_RUN(tests);
}
