/* SPDX-License-Identifier: Apache-2.0 */
#include "board/led.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/tree.h"

#define STATUS "sys/class/leds/green:status/"
#define POWER "sys/class/leds/orange:power/"

static struct atoll_error err;

static int two_leds(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	tree_put(STATUS "brightness", "10\n");
	tree_put(STATUS "max_brightness", "200\n");
	tree_put(STATUS "trigger", "none timer [heartbeat] cpu0\n");
	tree_put(POWER "brightness", "1\n");
	tree_put(POWER "max_brightness", "1\n");
	return 0;
}

#define WITH_LEDS(test) cmocka_unit_test_setup_teardown(test, two_leds, folder_remove)

static void all_are_listed_by_name(void **state)
{
	struct atoll_led led[4];

	(void)state;
	assert_int_equal(atoll_led_list(in_folder("sys"), led, 4, &err), 2);
	assert_string_equal(led[0].name, "green:status");
	assert_int_equal(led[0].brightness, 10);
	assert_int_equal(led[0].brightness_max, 200);
	assert_string_equal(led[0].trigger, "heartbeat");
	assert_string_equal(led[1].name, "orange:power");
	assert_string_equal(led[1].trigger, "none");
	assert_int_equal(atoll_led_list(in_folder("sys"), led, 1, &err), 1);
}

static void a_machine_without_any_has_none(void **state)
{
	struct atoll_led led[4];

	(void)state;
	assert_int_equal(atoll_led_list(in_folder("nowhere"), led, 4, &err), 0);
	assert_int_equal(atoll_led_set(in_folder("nowhere"), "x", 1, &err), -ENOENT);
	assert_string_equal(err.text, "led: no LED is called x");
}

static void what_is_broken_is_passed_over(void **state)
{
	struct atoll_led led[4];

	(void)state;
	tree_put("sys/class/leds/a/brightness", "bright\n");
	tree_folder("sys/class/leds/b");
	tree_link("sys/class/leds/c", "nowhere");
	tree_put("sys/class/leds/d/brightness", "3");
	tree_put("sys/class/leds/d/max_brightness", "0");
	tree_put("sys/class/leds/e/brightness", "3");
	tree_put("sys/class/leds/e/trigger", "none [unfinished");
	assert_int_equal(atoll_led_list(in_folder("sys"), led, 4, &err), 3);
	assert_string_equal(led[0].name, "e");
	assert_int_equal(led[0].brightness_max, 255);
	assert_string_equal(led[0].trigger, "none");
}

static void shares_become_steps_and_a_little_is_not_nothing(void **state)
{
	static const struct { double share; const char *brightness; } wanted[] = {
		{ 0, "0" }, { 1, "200" }, { 0.5, "100" }, { 0.001, "1" }, { 0.9999, "200" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_equal(atoll_led_set(in_folder("sys"), "green:status",
					       wanted[i].share, &err),
				 0);
		assert_string_equal(tree_get(STATUS "brightness"), wanted[i].brightness);
	}
	assert_int_equal(atoll_led_set(in_folder("sys"), "orange:power", 0.2, &err), 0);
	assert_string_equal(tree_get(POWER "brightness"), "1");
	assert_int_equal(atoll_led_set(in_folder("sys"), "orange:power", 1.5, &err), -EINVAL);
	assert_int_equal(atoll_led_set(in_folder("sys"), "orange:power", NAN, &err), -EINVAL);
}

/* The kernel gives the new brightness to a trigger that is still there. */
static void a_trigger_goes_before_the_brightness_comes(void **state)
{
	struct inotify_event *event;
	_Alignas(struct inotify_event) char events[256];
	const int watch = inotify_init1(IN_NONBLOCK);
	const int trigger =
		inotify_add_watch(watch, in_folder(STATUS "trigger"), IN_CLOSE_WRITE);

	(void)state;
	assert_true(inotify_add_watch(watch, in_folder(STATUS "brightness"),
				      IN_CLOSE_WRITE) >= 0);
	assert_int_equal(atoll_led_set(in_folder("sys"), "green:status", 1, &err), 0);
	assert_int_equal(read(watch, events, sizeof(events)), 2 * sizeof(*event));
	event = (struct inotify_event *)events;
	assert_int_equal(event->wd, trigger);
	assert_string_equal(tree_get(STATUS "trigger"), "none");
	(void)close(watch);
}

static void a_trigger_is_set_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(
		atoll_led_trigger(in_folder("sys"), "green:status", "timer", &err), 0);
	assert_string_equal(tree_get(STATUS "trigger"), "timer");
	assert_int_equal(atoll_led_trigger(in_folder("sys"), "orange:power", "timer", &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "trigger: No such file or directory"));
}

static void names_do_not_lead_elsewhere(void **state)
{
	static const char *const names[] = { "", ".", "..", "../leds/green:status", "/etc" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(atoll_led_set(in_folder("sys"), names[i], 1, &err), -ENOENT);
	assert_string_equal(tree_get(STATUS "brightness"), "10\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_LEDS(all_are_listed_by_name),
		WITH_LEDS(a_machine_without_any_has_none),
		WITH_LEDS(what_is_broken_is_passed_over),
		WITH_LEDS(shares_become_steps_and_a_little_is_not_nothing),
		WITH_LEDS(a_trigger_goes_before_the_brightness_comes),
		WITH_LEDS(a_trigger_is_set_by_its_name),
		WITH_LEDS(names_do_not_lead_elsewhere),
	};

	return CHECK_RUN(tests);
}
