/* SPDX-License-Identifier: Apache-2.0 */
#include "board/pwm.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "board/clock.h"
#include "tests/check.h"
#include "tests/fake_gpio.h"

#define LINE 7
#define MS 1000000
#define SWITCHES_MAX 256

static struct atoll_error err;
static struct gpio_system watched; /* the fake, and what is told to it */

/* What the line was told, and when. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static struct {
	uint32_t level[SWITCHES_MAX];
	int64_t time_ns[SWITCHES_MAX];
	uint32_t count;
	int fails_with;
} line;

static int set_watched(struct gpio_lines *lines, uint32_t levels)
{
	int r;

	pthread_mutex_lock(&lock);
	if (line.count < SWITCHES_MAX) {
		line.level[line.count] = levels;
		line.time_ns[line.count++] = atoll_clock_ns();
	}
	r = line.fails_with ? line.fails_with : fake_gpio_system.set(lines, levels);
	pthread_cond_signal(&told);
	pthread_mutex_unlock(&lock);
	return r;
}

/* Until it was told so many times, for at most ten seconds. */
static void await(uint32_t count)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&lock);
	while (line.count < count && r == 0)
		r = pthread_cond_timedwait(&told, &lock, &until);
	pthread_mutex_unlock(&lock);
	assert_int_equal(r, 0);
}

static uint32_t told_so_far(void)
{
	uint32_t count;

	pthread_mutex_lock(&lock);
	count = line.count;
	pthread_mutex_unlock(&lock);
	return count;
}

static void fail_with(int r)
{
	pthread_mutex_lock(&lock);
	line.fails_with = r;
	pthread_mutex_unlock(&lock);
}

static int enter(void **state)
{
	(void)state;
	fake_gpio_reset();
	memset(&line, 0, sizeof(line));
	watched = fake_gpio_system;
	watched.set = set_watched;
	return 0;
}

static int leave(void **state)
{
	(void)state;
	return fake_gpio.opened != 0; /* a line is never kept */
}

#define ON_A_LINE(test) cmocka_unit_test_setup_teardown(test, enter, leave)

static struct atoll_pwm *open_pwm(void)
{
	const struct atoll_gpio_line place = { &fake_gpio_place, LINE };
	struct atoll_pwm *pwm = atoll_pwm_open_software(&watched, &place, &err);

	if (!pwm)
		fail_msg("%s", err.text);
	assert_true(atoll_pwm_is_software(pwm));
	return pwm;
}

/* The first word is that of the thread that has begun: low. */
static void levels_alternate_and_no_edge_comes_early(void **state)
{
	struct atoll_pwm *pwm = open_pwm();
	uint32_t last;

	(void)state;
	await(1);
	assert_int_equal(atoll_pwm_set(pwm, 4 * MS, 1 * MS, &err), 0);
	await(42);
	atoll_pwm_close(pwm);
	last = line.count - 1;
	assert_int_equal(line.level[0], 0);
	for (uint32_t i = 1; i <= 41; i++)
		assert_int_equal(line.level[i], i % 2);
	/* Twenty periods lie between the first and the last pulse; the first may have been
	   late, by no more than one. */
	assert_true(line.time_ns[41] - line.time_ns[1] >= 19 * 4 * MS);
	for (uint32_t i = 3; i <= 39; i += 2)
		assert_true(line.time_ns[i + 2] - line.time_ns[1] >=
			    (int64_t)(i - 1) / 2 * 4 * MS);
	assert_int_equal(line.level[last], 0);
}

static void nothing_and_all_of_the_period_do_not_switch(void **state)
{
	struct atoll_pwm *pwm = open_pwm();
	uint32_t count;

	(void)state;
	await(1);
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS, 2 * MS, &err), 0);
	await(2);
	assert_int_equal(line.level[1], 1);
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS, 0, &err), 0);
	await(3);
	assert_int_equal(line.level[2], 0);
	assert_int_equal(atoll_pwm_invert(pwm, true, &err), 0);
	await(4);
	assert_int_equal(line.level[3], 1);
	count = told_so_far();
	(void)nanosleep(&(struct timespec){ .tv_nsec = 20 * MS }, NULL);
	assert_int_equal(told_so_far(), count);
	atoll_pwm_close(pwm);
	assert_int_equal(fake_gpio.chip[0].line[LINE].level, 0);
}

static void a_change_does_not_wait_for_the_end_of_a_long_period(void **state)
{
	struct atoll_pwm *pwm = open_pwm();
	const int64_t begin_ns = atoll_clock_ns();

	(void)state;
	await(1);
	assert_int_equal(
		atoll_pwm_set(pwm, UINT64_C(10000) * MS, UINT64_C(9999) * MS, &err), 0);
	await(2);
	assert_int_equal(atoll_pwm_off(pwm, &err), 0);
	await(3);
	assert_int_equal(line.level[2], 0);
	assert_int_equal(atoll_pwm_servo(pwm, 90, NULL, &err), 0);
	await(6);
	atoll_pwm_close(pwm);
	assert_true(atoll_clock_ns() - begin_ns < INT64_C(9000) * MS);
}

static void only_what_a_thread_can_keep_up_with_is_taken(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS - 1, 0, &err), -EINVAL);
	assert_string_equal(
		err.text, "pwm: a period of 1999999 ns; a pin without a controller is "
			  "switched every 2 ms to 10 s");
	assert_int_equal(atoll_pwm_set(pwm, UINT64_C(10000) * MS + 1, 0, &err), -EINVAL);
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS, 3 * MS, &err), -EINVAL);
	atoll_pwm_close(pwm);
}

static void trouble_with_the_line_is_told_once_by_the_next_call(void **state)
{
	struct atoll_pwm *pwm = open_pwm();

	(void)state;
	await(1);
	fail_with(-EIO);
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS, 1 * MS, &err), 0);
	await(3); /* two are over, and the third is under way */
	fail_with(0);
	await(told_so_far() + 2);
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS, 1 * MS, &err), -EIO);
	assert_int_equal(memcmp(err.text, "pwm: ", 5), 0);
	await(told_so_far() + 2);
	assert_int_equal(atoll_pwm_set(pwm, 2 * MS, 1 * MS, &err), 0);
	atoll_pwm_close(pwm);
}

static void a_line_that_is_taken_is_not_touched(void **state)
{
	const struct atoll_gpio_line place = { &fake_gpio_place, LINE };

	(void)state;
	fake_gpio.chip[0].line[LINE].consumer = "somebody";
	assert_null(atoll_pwm_open_software(&watched, &place, &err));
	assert_int_equal(err.code, -EBUSY);
	assert_int_equal(line.count, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_A_LINE(levels_alternate_and_no_edge_comes_early),
		ON_A_LINE(nothing_and_all_of_the_period_do_not_switch),
		ON_A_LINE(a_change_does_not_wait_for_the_end_of_a_long_period),
		ON_A_LINE(only_what_a_thread_can_keep_up_with_is_taken),
		ON_A_LINE(trouble_with_the_line_is_told_once_by_the_next_call),
		ON_A_LINE(a_line_that_is_taken_is_not_touched),
	};

	return CHECK_RUN(tests);
}
