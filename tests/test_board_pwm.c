/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side is a folder and a thread: it makes a channel's folder when it is
 * exported. What was written in which order inotify tells; said again to a model of the
 * kernel it must never be refused.
 */
#include "board/pwm.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/tree.h"

#define CHIP "sys/class/pwm/pwmchip3/"
#define CHANNEL CHIP "pwm1/"

static const struct atoll_pwm_place place = {
	.name = "pwm.b", .device = "11008000.pwm", .channel = 1, .pin = 33,
};
static struct atoll_error err;

static void put_channel(void)
{
	tree_put(CHANNEL "period", "0\n");
	tree_put(CHANNEL "duty_cycle", "0\n");
	tree_put(CHANNEL "polarity", "normal\n");
	tree_put(CHANNEL "enable", "0\n");
}

/* Another controller comes first, as a back light's would. */
static int two_chips(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	tree_link("sys/class/pwm/pwmchip0/device", "../../../1100f000.pwm");
	tree_put("sys/class/pwm/pwmchip0/npwm", "1\n");
	tree_link(CHIP "device", "../../../11008000.pwm");
	tree_put(CHIP "npwm", "5\n");
	tree_put(CHIP "export", "");
	tree_put(CHIP "unexport", "");
	put_channel();
	return 0;
}

#define WITH_CHIPS(test) cmocka_unit_test_setup_teardown(test, two_chips, folder_remove)

static struct atoll_pwm *open_pwm(void)
{
	struct atoll_pwm *pwm = atoll_pwm_open(in_folder("sys"), &place, &err);

	if (!pwm)
		fail_msg("%s", err.text);
	return pwm;
}

/* Which files were written to, in order, a letter each: p, d, e and i for polarity. */
static int watch, watched[4];
static const char *const watched_name[4] = {
	CHANNEL "period", CHANNEL "duty_cycle", CHANNEL "enable", CHANNEL "polarity",
};

static void watch_begin(void)
{
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (int i = 0; i < 4; i++) {
		watched[i] = inotify_add_watch(watch, in_folder(watched_name[i]),
					       IN_CLOSE_WRITE);
		assert_true(watched[i] >= 0);
	}
}

static const char *written(void)
{
	static char letters[17];
	_Alignas(struct inotify_event) char events[4096];
	const ssize_t got = read(watch, events, sizeof(events));
	size_t count = 0;

	for (ssize_t at = 0; at < got; at += (ssize_t)sizeof(struct inotify_event)) {
		const struct inotify_event *event =
			(const struct inotify_event *)(events + at);

		for (int i = 0; i < 4; i++)
			if (event->wd == watched[i] && count < 16)
				letters[count++] = "pdei"[i];
	}
	letters[count] = '\0';
	return letters;
}

static void the_controller_is_found_by_its_device(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	assert_false(atoll_pwm_is_software(pwm));
	atoll_pwm_close(pwm);
}

static void what_is_not_there_is_named(void **state)
{
	struct atoll_pwm_place other = place;

	(void)state;
	other.device = "8000.pwm"; /* the end of a name is not the name */
	assert_null(atoll_pwm_open(in_folder("sys"), &other, &err));
	assert_int_equal(err.code, -ENODEV);
	assert_string_equal(err.text, "pwm: pwm.b: this kernel has no PWM of 8000.pwm; "
				      "is its overlay active?");
	other.device = NULL;
	assert_null(atoll_pwm_open(in_folder("sys"), &other, &err));
	assert_int_equal(err.code, -ENODEV);
	other = place;
	other.channel = 5;
	assert_null(atoll_pwm_open(in_folder("sys"), &other, &err));
	assert_int_equal(err.code, -ENODEV);
	assert_string_equal(err.text, "pwm: pwm.b: 11008000.pwm has 5 channels, none is 5");
	assert_null(atoll_pwm_open(in_folder("nowhere"), &place, &err));
	assert_int_equal(err.code, -ENODEV);
}

/* The pulse must never be longer than the period, whichever goes first. */
static void period_and_duty_are_written_in_an_order_the_kernel_takes(void **state)
{
	static const struct { uint64_t period, duty; const char *order; } steps[] = {
		{ 1000, 1000, "pde" }, { 500, 400, "dp" }, { 2000, 1500, "pd" },
		{ 2000, 100, "d" }, { 3000, 100, "p" }, { 50, 50, "dp" }, { 50, 50, "" },
		{ 60, 0, "pd" }, { 40, 0, "p" },
	};
	struct atoll_pwm *pwm = open_pwm();
	uint64_t period = 0, duty = 0;

	(void)state;
	watch_begin();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const char *order;

		assert_int_equal(atoll_pwm_set(pwm, steps[i].period, steps[i].duty, &err), 0);
		order = written();
		assert_string_equal(order, steps[i].order);
		for (; *order; order++) {
			period = *order == 'p' ? steps[i].period : period;
			duty = *order == 'd' ? steps[i].duty : duty;
			assert_true(duty <= period);
		}
		assert_int_equal(atoi(tree_get(CHANNEL "period")), steps[i].period);
		assert_int_equal(atoi(tree_get(CHANNEL "duty_cycle")), steps[i].duty);
		assert_string_equal(tree_get(CHANNEL "enable"), "1");
	}
	atoll_pwm_close(pwm);
	(void)close(watch);
}

static void polarity_changes_while_it_is_off_and_waits_for_a_period(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	watch_begin();
	assert_int_equal(atoll_pwm_invert(pwm, true, &err), 0);
	assert_string_equal(written(), "");
	assert_int_equal(atoll_pwm_set(pwm, 1000, 10, &err), 0);
	assert_string_equal(written(), "pdie");
	assert_string_equal(tree_get(CHANNEL "polarity"), "inversed");
	assert_int_equal(atoll_pwm_invert(pwm, true, &err), 0);
	assert_string_equal(written(), "");
	assert_int_equal(atoll_pwm_invert(pwm, false, &err), 0);
	assert_string_equal(written(), "eie");
	assert_string_equal(tree_get(CHANNEL "polarity"), "normal");
	assert_string_equal(tree_get(CHANNEL "enable"), "1");
	atoll_pwm_close(pwm);
	(void)close(watch);
}

static void a_controller_that_cannot_invert_says_so(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	assert_int_equal(unlink(in_folder(CHANNEL "polarity")), 0);
	assert_int_equal(atoll_pwm_set(pwm, 1000, 10, &err), 0);
	assert_int_equal(atoll_pwm_invert(pwm, true, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "pwm1: this controller does not invert"));
	assert_string_equal(tree_get(CHANNEL "enable"), "1");
	assert_int_equal(atoll_pwm_set(pwm, 2000, 10, &err), 0);
	atoll_pwm_close(pwm);
}

static void nonsense_is_refused_before_the_kernel_sees_it(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	watch_begin();
	assert_int_equal(atoll_pwm_set(pwm, 0, 0, &err), -EINVAL);
	assert_int_equal(atoll_pwm_set(pwm, 1000, 1001, &err), -EINVAL);
	assert_string_equal(err.text, "pwm: a pulse of 1001 ns in a period of 1000");
	assert_string_equal(written(), "");
	atoll_pwm_close(pwm);
	(void)close(watch);
}

static void off_and_close_leave_it_low(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	watch_begin();
	assert_int_equal(atoll_pwm_off(pwm, &err), 0);
	assert_string_equal(written(), "");
	assert_int_equal(atoll_pwm_set(pwm, 1000, 10, &err), 0);
	assert_string_equal(written(), "pde");
	assert_int_equal(atoll_pwm_off(pwm, &err), 0);
	assert_string_equal(written(), "e");
	assert_string_equal(tree_get(CHANNEL "enable"), "0");
	assert_int_equal(atoll_pwm_invert(pwm, true, &err), 0);
	assert_int_equal(atoll_pwm_set(pwm, 1000, 10, &err), 0);
	assert_string_equal(written(), "ie");
	atoll_pwm_close(pwm);
	assert_string_equal(written(), "dei");
	assert_string_equal(tree_get(CHANNEL "duty_cycle"), "0");
	assert_string_equal(tree_get(CHANNEL "enable"), "0");
	assert_string_equal(tree_get(CHANNEL "polarity"), "normal");
	/* It was exported before we came. */
	assert_string_equal(tree_get(CHIP "unexport"), "");
	(void)close(watch);
}

/* The kernel, and udev, which gives it to its group a moment later. */
static void *export_slowly(void *data)
{
	struct pollfd wanted = { .fd = *(int *)data, .events = POLLIN };

	if (poll(&wanted, 1, 10000) != 1)
		return NULL;
	tree_put(CHANNEL "period", "0\n");
	tree_put(CHANNEL "duty_cycle", "0\n");
	tree_put(CHANNEL "polarity", "normal\n");
	(void)poll(NULL, 0, 20);
	tree_put(CHANNEL "enable", "0\n");
	return NULL;
}

static void a_channel_is_exported_waited_for_and_given_back(void **state)
{
	int exports = inotify_init1(IN_CLOEXEC);
	struct atoll_pwm *pwm;
	pthread_t kernel;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(unlink(in_folder(watched_name[i])), 0);
	assert_int_equal(rmdir(in_folder(CHANNEL)), 0);
	assert_true(inotify_add_watch(exports, in_folder(CHIP "export"), IN_CLOSE_WRITE) >= 0);
	assert_int_equal(pthread_create(&kernel, NULL, export_slowly, &exports), 0);
	pwm = open_pwm();
	assert_int_equal(pthread_join(kernel, NULL), 0);
	assert_string_equal(tree_get(CHIP "export"), "1");
	assert_int_equal(atoll_pwm_set(pwm, 1000, 500, &err), 0);
	atoll_pwm_close(pwm);
	assert_string_equal(tree_get(CHIP "unexport"), "1");
	(void)close(exports);
}

static void a_half_missing_channel_is_named_and_left_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(unlink(in_folder(CHANNEL "duty_cycle")), 0);
	assert_null(atoll_pwm_open(in_folder("sys"), &place, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_non_null(strstr(err.text, "pwm1/duty_cycle: No such file or directory"));
	tree_put(CHANNEL "duty_cycle", "much\n");
	assert_null(atoll_pwm_open(in_folder("sys"), &place, &err));
	assert_int_equal(err.code, -EBADMSG);
	tree_put(CHANNEL "duty_cycle", "0\n");
	tree_put(CHIP "npwm", "\n");
	assert_null(atoll_pwm_open(in_folder("sys"), &place, &err));
	assert_int_equal(err.code, -EBADMSG);
	assert_string_equal(tree_get(CHIP "unexport"), "");
}

static void degrees_become_pulses(void **state)
{
	static const struct atoll_servo wide = {
		.degrees_max = 270, .period_ns = 10000000, .pulse_min_ns = 500000,
		.pulse_max_ns = 2500000 };
	static const struct atoll_servo backwards = {
		.pulse_min_ns = 2000000, .pulse_max_ns = 1000000 };
	static const struct {
		double degrees;
		const struct atoll_servo *servo;
		const char *period, *pulse;
	} wanted[] = {
		{ 0, NULL, "20000000", "1000000" },
		{ 180, NULL, "20000000", "2000000" },
		{ 90, NULL, "20000000", "1500000" },
		{ 0.18, NULL, "20000000", "1001000" },
		{ 135, &wide, "10000000", "1500000" },
		{ 270, &wide, "10000000", "2500000" },
		{ 0, &backwards, "20000000", "2000000" },
		{ 45, &backwards, "20000000", "1750000" },
	};
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		assert_int_equal(
			atoll_pwm_servo(pwm, wanted[i].degrees, wanted[i].servo, &err),
			0);
		assert_string_equal(tree_get(CHANNEL "period"), wanted[i].period);
		assert_string_equal(tree_get(CHANNEL "duty_cycle"), wanted[i].pulse);
	}
	assert_int_equal(atoll_pwm_servo(pwm, 181, NULL, &err), -EINVAL);
	assert_string_equal(err.text, "pwm: servo: 181 degrees are not within 0 to 180");
	assert_int_equal(atoll_pwm_servo(pwm, -1, NULL, &err), -EINVAL);
	atoll_pwm_close(pwm);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_CHIPS(the_controller_is_found_by_its_device),
		WITH_CHIPS(what_is_not_there_is_named),
		WITH_CHIPS(period_and_duty_are_written_in_an_order_the_kernel_takes),
		WITH_CHIPS(polarity_changes_while_it_is_off_and_waits_for_a_period),
		WITH_CHIPS(a_controller_that_cannot_invert_says_so),
		WITH_CHIPS(nonsense_is_refused_before_the_kernel_sees_it),
		WITH_CHIPS(off_and_close_leave_it_low),
		WITH_CHIPS(a_channel_is_exported_waited_for_and_given_back),
		WITH_CHIPS(a_half_missing_channel_is_named_and_left_as_it_is),
		WITH_CHIPS(degrees_become_pulses),
	};

	return CHECK_RUN(tests);
}
