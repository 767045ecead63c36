/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/headerd_pins.h"
#include "tests/fake_gpio.h"
#include "tests/fake_header.h"

#define LINE(number) (&fake_gpio.chip[0].line[number])

static struct atoll_loop *loop;
static struct headerd_pins *pins;
static struct rules *rules;
static struct atoll_log records;
static char *said;
static size_t said_size;
static char told[1024];

static void on_edge(void *data, const struct headerd_edge *edge)
{
	size_t length = strlen(told);

	assert_ptr_equal(data, told);
	(void)snprintf(told + length, sizeof(told) - length, "%s%u%s ",
		       edge->is_input ? "in" : "out", edge->pin->number,
		       edge->is_high ? "+" : "-");
}

static void stop(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

static void turn(void)
{
	for (int i = 0; i < 3; i++) {
		assert_true(atoll_loop_after(loop, 0, stop, loop) >= 0);
		assert_int_equal(atoll_loop_run(loop), 0);
	}
}

static bool has_said(const char *text)
{
	(void)fflush(records.file);
	return strstr(said, text);
}

static void take(const char *text)
{
	struct rules *before = rules;
	struct atoll_error err;

	rules = rules_load_bytes(text, strlen(text), "rules", fake_header, NULL, NULL, &err);
	if (!rules)
		fail_msg("%s", err.text);
	headerd_pins_take(pins, rules);
	rules_free(before);
}

static int enter(void **state)
{
	(void)state;
	fake_gpio_reset();
	told[0] = '\0';
	records = atoll_log_new("test", ATOLL_LOG_DEBUG);
	records.file = open_memstream(&said, &said_size);
	loop = atoll_loop_new(NULL);
	pins = headerd_pins_new(&(struct headerd_pins_options){
		.loop = loop, .header = fake_header, .system = &fake_gpio_system,
		.sysfs = "/nowhere", .edge = on_edge, .data = told, .log = &records }, NULL);
	return loop && pins && records.file ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	headerd_pins_free(pins);
	rules_free(rules);
	rules = NULL;
	atoll_loop_free(loop);
	(void)fclose(records.file);
	free(said);
	return fake_gpio.opened == 0 ? 0 : -1;
}

static void outputs_are_safe_from_the_first_moment_on(void **state)
{
	(void)state;
	LINE(3)->level = LINE(4)->level = 1;
	take("safe pin 3 low\nsafe pin 4 high\nsafe pin 5 high\nat start -> pin 3 low, pin 4 low, "
	     "pin 5 low\n");
	assert_int_equal(LINE(3)->level, 0);
	assert_int_equal(LINE(4)->level, 1);
	assert_int_equal(LINE(5)->level, 1);
	assert_string_equal(LINE(3)->by, "atoll-headerd");
	assert_true(headerd_pins_get(pins, fake_pin(4)));
	headerd_pins_set(pins, fake_pin(4), false);
	assert_int_equal(LINE(4)->level, 0);
	assert_false(headerd_pins_get(pins, fake_pin(4)));
	assert_string_equal(told, "out4- ");
}

static void edges_of_inputs_are_told(void **state)
{
	(void)state;
	take("on pin 3 rising pull-up -> pin 4 high\n");
	assert_int_equal(LINE(3)->bias, ATOLL_GPIO_PULL_UP);
	fake_gpio_drive(0, 3, 1);
	turn();
	fake_gpio_drive(0, 3, 0);
	turn();
	assert_string_equal(told, "in3+ in3- ");
}

static void what_is_used_as_before_stays_as_it_is(void **state)
{
	(void)state;
	take("at start -> pin 3 high, pin 4 high\non pin 5 rising -> pin 3 low\n");
	headerd_pins_set(pins, fake_pin(3), true);
	headerd_pins_set(pins, fake_pin(4), true);
	fake_gpio.calls = 0;
	take("safe pin 3 high\nat stop -> pin 3 high\nat start -> pin 4 low\n"
	     "on pin 5 falling -> pin 4 low\n");
	assert_int_equal(fake_gpio.calls, 0);
	assert_true(headerd_pins_is_kept(pins, fake_pin(3)));
	assert_int_equal(LINE(3)->level, 1);
	take("on pin 5 falling pull-up -> pin 3 low\n");
	assert_true(headerd_pins_is_kept(pins, fake_pin(3)));
	assert_false(headerd_pins_is_kept(pins, fake_pin(5)));
	/* Let go, and safe before that. */
	assert_int_equal(LINE(4)->level, 0);
	assert_false(LINE(4)->is_ours);
}

static void a_chip_that_leaves_comes_back_as_it_was(void **state)
{
	struct fake_chip chip = fake_gpio.chip[0];
	uint32_t away;

	(void)state;
	take("at start -> pin 3 high\non pin 5 rising -> pin 4 low\n");
	headerd_pins_set(pins, fake_pin(3), true);
	fake_gpio_unplug(0);
	turn();
	headerd_pins_tick(pins);
	assert_int_equal(headerd_pins_count(pins, &away), 3);
	assert_int_equal(away, 3);
	assert_true(has_said("pin 3: gpio: "));
	headerd_pins_set(pins, fake_pin(4), true);
	headerd_pins_tick(pins);
	headerd_pins_tick(pins);
	assert_int_equal(away, 3);

	fake_gpio.chip[0] = chip;
	memset(fake_gpio.chip[0].line, 0, sizeof(chip.line));
	LINE(5)->level = 1;
	told[0] = '\0';
	headerd_pins_tick(pins);
	assert_int_equal(headerd_pins_count(pins, &away), 3);
	assert_int_equal(away, 0);
	assert_int_equal(LINE(3)->level, 1);
	assert_int_equal(LINE(4)->level, 1);
	assert_string_equal(told, "in5+ "); /* it is not what it was */
	assert_true(has_said("pin 5: is back"));
	fake_gpio_drive(0, 5, 0);
	turn();
	assert_string_equal(told, "in5+ in5- ");
}

static void a_chip_that_comes_later_is_found(void **state)
{
	uint32_t away;

	(void)state;
	fake_gpio.chip[0].lines = 0;
	take("safe pin 3 high\nat stop -> pin 3 low\n");
	headerd_pins_tick(pins);
	assert_int_equal(headerd_pins_count(pins, &away), 1);
	assert_int_equal(away, 1);
	fake_gpio.chip[0].lines = 64;
	headerd_pins_tick(pins);
	(void)headerd_pins_count(pins, &away);
	assert_int_equal(away, 0);
	assert_int_equal(LINE(3)->level, 1);
}

static void a_line_of_somebody_else_is_waited_for(void **state)
{
	(void)state;
	LINE(3)->consumer = "other";
	take("safe pin 3 high\nat stop -> pin 3 low\n");
	headerd_pins_tick(pins);
	assert_true(has_said("other"));
	LINE(3)->consumer = NULL;
	headerd_pins_tick(pins);
	assert_int_equal(LINE(3)->level, 1);
}

static void pwm_is_done_by_program_where_its_controller_is_not_there(void **state)
{
	struct headerd_level level;

	(void)state;
	take("at start -> pin 7 pwm 50Hz 25%\n");
	assert_true(has_said("pin 7: PWM by program: "));
	headerd_pins_pwm(pins, fake_pin(7), 20000000, 5000000);
	assert_int_equal(headerd_pins_look(pins, fake_pin(7), &level, NULL), 0);
	assert_int_equal(level.period_ns, 20000000);
	assert_int_equal(level.duty_ns, 5000000);
}

static void clients_read_without_taking(void **state)
{
	struct headerd_level level;

	(void)state;
	LINE(3)->level = 1;
	assert_int_equal(headerd_pins_look(pins, fake_pin(3), &level, NULL), 0);
	assert_true(level.is_high && !level.is_output && !level.is_of_rules);
	assert_int_equal(fake_gpio.opened, 0);
	assert_int_equal(LINE(3)->level, 1);
}

static void clients_are_refused_with_the_reason(void **state)
{
	struct headerd_level level;
	struct atoll_error err;

	(void)state;
	assert_int_equal(headerd_pins_look(pins, fake_pin(1), &level, &err), -EPERM);
	assert_string_equal(err.text, "pin 1: is 3.3V, no GPIO");
	assert_int_equal(headerd_pins_watch(pins, fake_pin(2), &err), -EPERM);
	assert_string_equal(err.text, "pin 2: is TX, the console");
	assert_int_equal(headerd_pins_drive(pins, fake_pin(6), true, true, &err), -EPERM);
	assert_int_equal(headerd_pins_drive(pins, fake_pin(8), true, true, &err), -EPERM);
	assert_int_equal(headerd_pins_look(pins, fake_pin(8), &level, &err), 0);
	assert_int_equal(headerd_pins_release(pins, fake_pin(3), &err), -ENOENT);
	take("on pin 3 rising -> pin 4 high\n");
	assert_int_equal(headerd_pins_drive(pins, fake_pin(4), true, false, &err), -EPERM);
	assert_int_equal(headerd_pins_drive(pins, fake_pin(3), true, true, &err), -EPERM);
	assert_int_equal(headerd_pins_drive(pins, fake_pin(4), true, true, &err), 0);
	assert_int_equal(LINE(4)->level, 1);
	fake_gpio.chip[0].request_error = -EBUSY;
	assert_int_equal(headerd_pins_drive(pins, fake_pin(5), true, true, &err), -EBUSY);
	fake_gpio.chip[0].request_error = 0;
	headerd_pins_tick(pins);
	assert_false(LINE(5)->is_ours); /* it was asked once */
}

static void what_a_client_sets_stays_until_it_is_released(void **state)
{
	struct headerd_level level;

	(void)state;
	assert_int_equal(headerd_pins_drive(pins, fake_pin(3), true, false, NULL), 0);
	headerd_pins_tick(pins);
	assert_int_equal(LINE(3)->level, 1);
	assert_int_equal(headerd_pins_look(pins, fake_pin(3), &level, NULL), 0);
	assert_true(level.is_of_clients && level.is_output && level.is_high);
	/* Rules that come need it. */
	take("safe pin 3 low\nat stop -> pin 3 low\n");
	assert_int_equal(LINE(3)->level, 0);
	assert_int_equal(headerd_pins_release(pins, fake_pin(3), NULL), -ENOENT);
	take("\n");
	assert_false(LINE(3)->is_ours);
}

static void whoever_watches_sees_inputs_and_what_others_set(void **state)
{
	(void)state;
	assert_int_equal(headerd_pins_watch(pins, fake_pin(3), NULL), 0);
	assert_int_equal(headerd_pins_watch(pins, fake_pin(3), NULL), 0);
	fake_gpio_drive(0, 3, 1);
	turn();
	assert_int_equal(headerd_pins_drive(pins, fake_pin(3), false, false, NULL), 0);
	assert_int_equal(headerd_pins_drive(pins, fake_pin(3), true, false, NULL), 0);
	assert_string_equal(told, "in3+ out3- out3+ ");
	assert_int_equal(headerd_pins_release(pins, fake_pin(3), NULL), 0);
	headerd_pins_unwatch(pins, fake_pin(3));
	headerd_pins_tick(pins);
	assert_true(LINE(3)->is_ours);
	headerd_pins_unwatch(pins, fake_pin(3));
	headerd_pins_tick(pins);
	assert_false(LINE(3)->is_ours);
}

static void without_a_header_there_are_no_pins(void **state)
{
	struct headerd_pins *none = headerd_pins_new(&(struct headerd_pins_options){
		.loop = loop, .edge = on_edge, .log = &records }, NULL);
	uint32_t away;

	(void)state;
	assert_non_null(none);
	headerd_pins_take(none, NULL);
	headerd_pins_tick(none);
	assert_int_equal(headerd_pins_count(none, &away), 0);
	headerd_pins_free(none);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)
		TEST(outputs_are_safe_from_the_first_moment_on),
		TEST(edges_of_inputs_are_told),
		TEST(what_is_used_as_before_stays_as_it_is),
		TEST(a_chip_that_leaves_comes_back_as_it_was),
		TEST(a_chip_that_comes_later_is_found),
		TEST(a_line_of_somebody_else_is_waited_for),
		TEST(pwm_is_done_by_program_where_its_controller_is_not_there),
		TEST(clients_read_without_taking),
		TEST(clients_are_refused_with_the_reason),
		TEST(what_a_client_sets_stays_until_it_is_released),
		TEST(whoever_watches_sees_inputs_and_what_others_set),
		TEST(without_a_header_there_are_no_pins),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fake_header_open, fake_header_close) != 0;
}
