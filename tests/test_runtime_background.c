/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "runtime/background.h"
#include "tests/check.h"

/* A job that says when it runs and ends when it may. */
struct gate {
	sem_t entered, may_leave;
	int result;
	int runs; /* the job's, then ours after wait or free */
};

static int pass(void *context)
{
	struct gate *gate = context;

	sem_post(&gate->entered);
	while (sem_wait(&gate->may_leave) < 0 && errno == EINTR)
		;
	gate->runs++;
	return gate->result;
}

static struct gate new_gate(int result)
{
	struct gate gate = { .result = result };

	sem_init(&gate.entered, 0, 0);
	sem_init(&gate.may_leave, 0, 0);
	return gate;
}

static struct background *new_background(struct gate *gate)
{
	struct atoll_error err;
	struct background *background = background_new(pass, gate, &err);

	assert_non_null(background);
	return background;
}

static int is_readable(const struct background *background)
{
	struct pollfd item = { .fd = background_fd(background), .events = POLLIN };

	assert_in_range(poll(&item, 1, 0), 0, 1);
	return (item.revents & POLLIN) != 0;
}

/* Let one run end, and see that the fd comes to say so. */
static void let_it_end(const struct background *background, struct gate *gate)
{
	struct pollfd item = { .fd = background_fd(background), .events = POLLIN };

	sem_post(&gate->may_leave);
	assert_int_equal(poll(&item, 1, -1), 1);
}

static void wait_gives_what_the_job_returned(void **state)
{
	struct gate gate = new_gate(-ERANGE);
	struct background *background = new_background(&gate);

	(void)state;
	for (int i = 0; i < 100; i++) {
		gate.result = i % 2 ? 0 : -ERANGE;
		sem_post(&gate.may_leave);
		assert_int_equal(background_start(background), 0);
		assert_int_equal(background_wait(background, -1), i % 2 ? 0 : -ERANGE);
		assert_int_equal(gate.runs, i + 1);
	}
	background_free(background);
}

static void wait_without_a_start_is_a_mistake(void **state)
{
	struct gate gate = new_gate(0);
	struct background *background = new_background(&gate);

	(void)state;
	assert_int_equal(background_wait(background, -1), -EINVAL);
	sem_post(&gate.may_leave);
	assert_int_equal(background_start(background), 0);
	assert_int_equal(background_wait(background, -1), 0);
	assert_int_equal(background_wait(background, 0), -EINVAL);
	background_free(background);
}

static void a_job_under_way_times_out_and_can_be_waited_for_again(void **state)
{
	struct gate gate = new_gate(7);
	struct background *background = new_background(&gate);

	(void)state;
	assert_int_equal(background_start(background), 0);
	sem_wait(&gate.entered);
	assert_int_equal(background_wait(background, 0), -ETIMEDOUT);
	assert_int_equal(background_wait(background, 5), -ETIMEDOUT);
	assert_true(background_is_busy(background));
	sem_post(&gate.may_leave);
	assert_int_equal(background_wait(background, -1), 7);
	background_free(background);
}

static void a_second_start_is_refused_until_the_first_is_waited_for(void **state)
{
	struct gate gate = new_gate(0);
	struct background *background = new_background(&gate);

	(void)state;
	assert_false(background_is_busy(background));
	assert_int_equal(background_start(background), 0);
	assert_true(background_is_busy(background));
	assert_int_equal(background_start(background), -EBUSY);
	let_it_end(background, &gate);
	assert_true(background_is_busy(background)); /* done, not waited for */
	assert_int_equal(background_start(background), -EBUSY);
	assert_int_equal(background_wait(background, 0), 0);
	assert_false(background_is_busy(background));
	assert_int_equal(gate.runs, 1);
	background_free(background);
}

static void the_fd_is_readable_from_the_end_of_the_job_until_wait(void **state)
{
	struct gate gate = new_gate(0);
	struct background *background = new_background(&gate);

	(void)state;
	assert_false(is_readable(background));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(background_start(background), 0);
		sem_wait(&gate.entered);
		assert_false(is_readable(background));
		let_it_end(background, &gate);
		assert_true(is_readable(background));
		assert_true(is_readable(background)); /* looking does not change it */
		assert_int_equal(background_wait(background, 0), 0);
		assert_false(is_readable(background));
	}
	background_free(background);
}

static void *open_the_gate(void *argument)
{
	struct gate *gate = argument;

	sem_wait(&gate->entered);
	sem_post(&gate->may_leave);
	return NULL;
}

static void free_waits_for_the_job_under_way(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct gate gate = new_gate(0);
		struct background *background = new_background(&gate);
		pthread_t opener;

		assert_int_equal(pthread_create(&opener, NULL, open_the_gate, &gate), 0);
		assert_int_equal(background_start(background), 0);
		background_free(background);
		assert_int_equal(gate.runs, 1);
		pthread_join(opener, NULL);
	}
}

static int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void nothing_stays_behind(void **state)
{
	struct gate gate = new_gate(0);
	int before = open_descriptors();

	(void)state;
	background_free(NULL);
	for (int i = 0; i < 10; i++) {
		struct background *background = new_background(&gate);

		if (i % 2) {
			sem_post(&gate.may_leave);
			assert_int_equal(background_start(background), 0);
		}
		background_free(background);
	}
	assert_int_equal(open_descriptors(), before);
}

/* Signals every two milliseconds; the fifth opens the gate, if there is one. */
static struct gate *gate_for_signals;
static volatile sig_atomic_t signals;

static void on_alarm(int number)
{
	(void)number;
	if (++signals == 5 && gate_for_signals)
		sem_post(&gate_for_signals->may_leave);
}

static void alarms(long every_us, struct gate *gate)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
	const struct itimerval timer = {
		.it_interval.tv_usec = every_us, .it_value.tv_usec = every_us };

	signals = 0;
	gate_for_signals = gate;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void signals_do_not_shorten_a_wait(void **state)
{
	struct gate gate = new_gate(3);
	struct background *background = new_background(&gate);
	int64_t start;

	(void)state;
	assert_int_equal(background_start(background), 0);
	sem_wait(&gate.entered);
	alarms(2000, NULL);
	start = now_ms();
	assert_int_equal(background_wait(background, 30), -ETIMEDOUT);
	assert_true(now_ms() - start >= 29); /* clocks may round */
	assert_true(signals > 0);

	alarms(2000, &gate);
	assert_int_equal(background_wait(background, -1), 3);
	assert_true(signals >= 5);
	alarms(0, NULL);
	background_free(background);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_gives_what_the_job_returned),
		cmocka_unit_test(wait_without_a_start_is_a_mistake),
		cmocka_unit_test(a_job_under_way_times_out_and_can_be_waited_for_again),
		cmocka_unit_test(a_second_start_is_refused_until_the_first_is_waited_for),
		cmocka_unit_test(the_fd_is_readable_from_the_end_of_the_job_until_wait),
		cmocka_unit_test(free_waits_for_the_job_under_way),
		cmocka_unit_test(nothing_stays_behind),
		cmocka_unit_test(signals_do_not_shorten_a_wait),
	};

	return CHECK_RUN(tests);
}
