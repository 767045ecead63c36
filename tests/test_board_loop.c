/* SPDX-License-Identifier: Apache-2.0 */
#include "board/loop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/check.h"

/* What the callbacks of a test need and leave. */
static struct {
	struct atoll_loop *loop;
	int calls, last_fd, timer;
	uint32_t what;
	int fd[64], calls_of[64];
} seen;

static struct atoll_loop *new_loop(void)
{
	struct atoll_error err;

	memset(&seen, 0, sizeof(seen));
	seen.loop = atoll_loop_new(&err);
	if (!seen.loop)
		fail_msg("%s", err.text);
	return seen.loop;
}

/* An fd that is readable until drain(). */
static int ready_fd(void)
{
	int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

	assert_true(fd >= 0);
	return fd;
}

static void drain(int fd)
{
	uint64_t count;

	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
}

static int open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	(void)closedir(folder);
	return count;
}

static void count_and_stop(void *data, uint32_t what)
{
	(void)data;
	seen.calls++;
	seen.what = what;
	atoll_loop_stop(seen.loop, 0);
}

static void count_only(void *data, uint32_t what)
{
	(void)data;
	seen.calls++;
	seen.what = what;
}

static void must_not_be_called(void *data, uint32_t what)
{
	(void)what;
	fail_msg("%s was called", (const char *)data);
}

static void a_readable_file_is_told_until_it_is_read(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fd = ready_fd();

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, count_and_stop, NULL), 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.what, EPOLLIN);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 2);
	atoll_loop_free(loop);
	drain(fd); /* it is still open */
	close(fd);
}

static void only_the_events_asked_for_are_told(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fd = ready_fd();

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLOUT, count_and_stop, NULL), 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.what, EPOLLOUT);
	assert_int_equal(atoll_loop_change(loop, fd, EPOLLIN | EPOLLOUT), 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.what, EPOLLIN | EPOLLOUT);
	atoll_loop_free(loop);
	close(fd);
}

static void what_cannot_be_watched_is_refused(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fd = ready_fd(), file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, file, EPOLLIN, count_only, NULL), -EPERM);
	assert_int_equal(atoll_loop_watch(loop, -1, EPOLLIN, count_only, NULL), -EBADF);
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, count_only, NULL), 0);
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, count_only, NULL), -EEXIST);
	assert_int_equal(atoll_loop_change(loop, file, EPOLLIN), -ENOENT);
	atoll_loop_forget(loop, file);
	atoll_loop_free(loop);
	close(file);
	close(fd);
}

/* Whichever of the two comes first forgets the other, and is the only one then. */
static void forget_the_other(void *data, uint32_t what)
{
	static void *first;

	(void)what;
	if (seen.calls++ == 0)
		first = data;
	assert_ptr_equal(data, first);
	atoll_loop_forget(seen.loop, *(int *)data);
}

static void a_ready_file_that_was_forgotten_in_the_same_round_is_not_told(void **state)
{
	struct atoll_loop *loop = new_loop();
	int first = ready_fd(), second = ready_fd();

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, first, EPOLLIN, forget_the_other, &second), 0);
	assert_int_equal(atoll_loop_watch(loop, second, EPOLLIN, forget_the_other, &first), 0);
	assert_true(atoll_loop_after(loop, 5, count_and_stop, NULL) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_true(seen.calls >= 2);
	atoll_loop_forget(loop, first);
	atoll_loop_forget(loop, second);
	atoll_loop_free(loop);
	close(first);
	close(second);
}

static void note_new(void *data, uint32_t what)
{
	(void)what;
	assert_string_equal(data, "new");
	seen.calls++;
	atoll_loop_stop(seen.loop, 0);
}

/* Close the other file and watch a new one of the same number. */
static void replace_the_other(void *data, uint32_t what)
{
	int other = *(int *)data;

	(void)what;
	atoll_loop_forget(seen.loop, seen.fd[0]);
	atoll_loop_forget(seen.loop, seen.fd[1]);
	drain(other);
	assert_int_equal(close(other), 0);
	assert_int_equal(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), other);
	assert_int_equal(atoll_loop_watch(seen.loop, other, EPOLLIN, note_new, "new"), 0);
	assert_int_equal(atoll_loop_watch(seen.loop, other, EPOLLIN, note_new, "new"), -EEXIST);
	seen.last_fd = other;
}

static void make_ready(void *data, uint32_t what)
{
	const uint64_t one = 1;

	(void)data;
	(void)what;
	assert_int_equal(seen.calls, 0); /* the old one's readiness was not told */
	assert_int_equal(write(seen.last_fd, &one, sizeof(one)), sizeof(one));
}

static void a_new_file_of_the_same_number_is_not_taken_for_the_old_one(void **state)
{
	struct atoll_loop *loop = new_loop();

	(void)state;
	seen.fd[0] = ready_fd();
	seen.fd[1] = ready_fd();
	for (int i = 0; i < 2; i++)
		assert_int_equal(atoll_loop_watch(loop, seen.fd[i], EPOLLIN, replace_the_other,
						  &seen.fd[1 - i]), 0);
	assert_true(atoll_loop_after(loop, 5, make_ready, NULL) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 1);
	atoll_loop_free(loop);
	close(seen.fd[0]);
	close(seen.fd[1]);
}

static void forget_itself(void *data, uint32_t what)
{
	(void)what;
	seen.calls++;
	atoll_loop_forget(seen.loop, *(int *)data);
	close(*(int *)data);
}

static void a_file_may_be_forgotten_and_closed_by_its_own_callback(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fd = ready_fd();

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, forget_itself, &fd), 0);
	assert_true(atoll_loop_after(loop, 5, count_and_stop, NULL) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 2);
	atoll_loop_free(loop);
}

static void count_each(void *data, uint32_t what)
{
	int *calls = data;

	(void)what;
	(*calls)++;
	if (++seen.calls == 640)
		atoll_loop_stop(seen.loop, 0);
}

static void many_that_are_always_ready_are_served_in_turn(void **state)
{
	struct atoll_loop *loop = new_loop();

	(void)state;
	for (int i = 0; i < 64; i++) {
		seen.fd[i] = ready_fd();
		assert_int_equal(atoll_loop_watch(loop, seen.fd[i], EPOLLIN, count_each,
						  &seen.calls_of[i]), 0);
	}
	assert_int_equal(atoll_loop_run(loop), 0);
	for (int i = 0; i < 64; i++)
		assert_in_range(seen.calls_of[i], 9, 11);
	atoll_loop_free(loop);
	for (int i = 0; i < 64; i++)
		close(seen.fd[i]);
}

static void stop_at_the_third(void *data, uint32_t what)
{
	(void)data;
	(void)what;
	if (++seen.calls == 3)
		atoll_loop_stop(seen.loop, 7);
}

static void a_timer_runs_every_period_until_stopped(void **state)
{
	struct atoll_loop *loop = new_loop();

	(void)state;
	assert_true(atoll_loop_every(loop, 1, stop_at_the_third, NULL) >= 0);
	assert_int_equal(atoll_loop_run(loop), 7);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(atoll_loop_every(loop, 0, count_only, NULL), -EINVAL);
	atoll_loop_free(loop);
}

static void sleep_once_then_stop(void *data, uint32_t what)
{
	(void)data;
	if (seen.calls++ == 0) {
		usleep(5000);
		return;
	}
	seen.what = what;
	atoll_loop_stop(seen.loop, 0);
}

static void a_late_timer_says_how_often_it_ran_out(void **state)
{
	struct atoll_loop *loop = new_loop();

	(void)state;
	assert_true(atoll_loop_every(loop, 1, sleep_once_then_stop, NULL) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_true(seen.what >= 4);
	assert_int_equal(seen.calls, 2);
	atoll_loop_free(loop);
}

static char order[8];

static void note_order(void *data, uint32_t what)
{
	assert_int_equal(what, 1);
	strcat(order, data);
	if (strlen(order) == 3)
		atoll_loop_stop(seen.loop, 0);
}

static void timers_run_out_in_the_order_of_their_delays_and_once(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fds = open_fds();

	(void)state;
	order[0] = '\0';
	assert_true(atoll_loop_after(loop, 20, note_order, "c") >= 0);
	assert_true(atoll_loop_after(loop, 0, note_order, "a") >= 0);
	assert_true(atoll_loop_after(loop, 10, note_order, "b") >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_string_equal(order, "abc");
	assert_int_equal(open_fds(), fds);
	atoll_loop_free(loop);
}

static void cancel_itself(void *data, uint32_t what)
{
	(void)data;
	(void)what;
	seen.calls++;
	atoll_loop_cancel(seen.loop, seen.timer);
}

static void a_cancelled_timer_is_silent_even_when_cancelled_by_itself(void **state)
{
	struct atoll_loop *loop = new_loop();
	int timer = atoll_loop_after(loop, 0, must_not_be_called, "a cancelled timer");

	(void)state;
	assert_true(timer >= 0);
	atoll_loop_cancel(loop, timer);
	atoll_loop_cancel(loop, timer);
	seen.timer = atoll_loop_every(loop, 1, cancel_itself, NULL);
	assert_true(atoll_loop_after(loop, 10, count_and_stop, NULL) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 2);
	atoll_loop_free(loop);
}

static void the_handle_of_a_timer_that_ran_cancels_nobody_else(void **state)
{
	struct atoll_loop *loop = new_loop();
	int old = atoll_loop_after(loop, 0, count_and_stop, NULL);

	(void)state;
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_true(atoll_loop_after(loop, 0, count_and_stop, NULL) >= 0);
	atoll_loop_cancel(loop, old);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 2);
	atoll_loop_free(loop);
}

static void a_file_and_a_timer_of_the_same_number_are_two_things(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fd = ready_fd(), timer;

	(void)state;
	do
		timer = atoll_loop_after(loop, 1000000, must_not_be_called, "a timer");
	while (timer < fd);
	assert_int_equal(timer, fd);
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, count_and_stop, NULL), 0);
	atoll_loop_cancel(loop, timer);
	assert_int_equal(atoll_loop_run(loop), 0);
	atoll_loop_free(loop);
	close(fd);
}

static void a_signal_arrives_as_a_callback(void **state)
{
	struct atoll_loop *loop = new_loop();

	(void)state;
	assert_int_equal(atoll_loop_signal(loop, SIGUSR1, count_and_stop, NULL), 0);
	assert_int_equal(atoll_loop_signal(loop, SIGUSR2, count_and_stop, NULL), 0);
	for (int i = 0; i < 2; i++) {
		int signal = i == 0 ? SIGUSR2 : SIGUSR1;

		raise(signal);
		assert_int_equal(atoll_loop_run(loop), 0);
		assert_int_equal(seen.what, signal);
	}
	assert_int_equal(atoll_loop_signal(loop, 1000, count_and_stop, NULL), -EINVAL);
	atoll_loop_free(loop);
}

static void the_last_callback_given_for_a_signal_counts(void **state)
{
	struct atoll_loop *loop = new_loop();

	(void)state;
	assert_int_equal(atoll_loop_signal(loop, SIGUSR1, must_not_be_called, "the first"), 0);
	assert_int_equal(atoll_loop_signal(loop, SIGUSR1, count_and_stop, NULL), 0);
	raise(SIGUSR1);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 1);
	atoll_loop_free(loop);
}

static void signals_go_where_they_went_once_the_loop_is_gone(void **state)
{
	sigset_t ours, before, after;
	struct atoll_loop *loop;

	(void)state;
	sigemptyset(&ours);
	sigaddset(&ours, SIGUSR2);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &ours, NULL), 0);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
	loop = new_loop();
	assert_int_equal(atoll_loop_signal(loop, SIGUSR1, count_only, NULL), 0);
	assert_int_equal(atoll_loop_signal(loop, SIGUSR2, count_only, NULL), 0);
	assert_int_equal(atoll_loop_signal(loop, SIGUSR1, count_only, NULL), 0);
	raise(SIGUSR1); /* never delivered: would end this program */
	atoll_loop_free(loop);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
	for (int signal = 1; signal < NSIG; signal++)
		assert_int_equal(sigismember(&after, signal), sigismember(&before, signal));
	assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &ours, NULL), 0);
}

static void *stop_from_elsewhere(void *data)
{
	usleep(2000);
	atoll_loop_stop(data, 5);
	return NULL;
}

static void another_thread_may_stop_it(void **state)
{
	struct atoll_loop *loop = new_loop();
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, stop_from_elsewhere, loop), 0);
	assert_int_equal(atoll_loop_run(loop), 5);
	assert_int_equal(pthread_join(thread, NULL), 0);
	atoll_loop_free(loop);
}

static void a_stop_without_a_run_ends_the_next_at_once(void **state)
{
	struct atoll_loop *loop = new_loop();
	int fd = ready_fd();

	(void)state;
	atoll_loop_stop(loop, 3);
	atoll_loop_stop(loop, 4);
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, must_not_be_called, "a file"), 0);
	assert_int_equal(atoll_loop_run(loop), 4);
	atoll_loop_forget(loop, fd);
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, count_and_stop, NULL), 0);
	assert_int_equal(atoll_loop_run(loop), 0); /* and not the one after it */
	assert_int_equal(seen.calls, 1);
	atoll_loop_free(loop);
	close(fd);
}

static void after_a_stop_nobody_else_is_called(void **state)
{
	struct atoll_loop *loop = new_loop();
	int first = ready_fd(), second = ready_fd();

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, first, EPOLLIN, count_and_stop, NULL), 0);
	assert_int_equal(atoll_loop_watch(loop, second, EPOLLIN, count_and_stop, NULL), 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(seen.calls, 1);
	atoll_loop_free(loop);
	close(first);
	close(second);
}

static void run_again(void *data, uint32_t what)
{
	(void)what;
	*(int *)data = atoll_loop_run(seen.loop);
	atoll_loop_stop(seen.loop, 0);
}

static void a_run_within_a_run_is_refused(void **state)
{
	struct atoll_loop *loop = new_loop();
	int r = 0;

	(void)state;
	assert_true(atoll_loop_after(loop, 0, run_again, &r) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(r, -EBUSY);
	atoll_loop_free(loop);
}

static void nothing_is_left_open(void **state)
{
	int before = open_fds(), fd = ready_fd();
	struct atoll_loop *loop = new_loop();

	(void)state;
	assert_int_equal(atoll_loop_watch(loop, fd, EPOLLIN, count_only, NULL), 0);
	assert_true(atoll_loop_every(loop, 1000, count_only, NULL) >= 0);
	assert_true(atoll_loop_after(loop, 1000, count_only, NULL) >= 0);
	assert_int_equal(atoll_loop_signal(loop, SIGUSR1, count_only, NULL), 0);
	atoll_loop_free(loop);
	close(fd);
	assert_int_equal(open_fds(), before);
	atoll_loop_free(NULL);
}

/* Each descriptor that can be had makes open go one step further. */
static void a_failed_new_or_timer_leaves_nothing_behind(void **state)
{
	struct rlimit all, few;
	int before = open_fds(), free_fd = dup(0), made = 0;

	(void)state;
	close(free_fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	for (few = all, few.rlim_cur = (rlim_t)free_fd; made < 1; few.rlim_cur++) {
		struct atoll_error err = { 0 };
		struct atoll_loop *loop;
		int timer = -1, signal = -1;

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		loop = atoll_loop_new(&err);
		if (!loop)
			assert_string_equal(err.text, "event loop: Too many open files");
		else
			timer = atoll_loop_after(loop, 1000, count_only, NULL);
		if (loop && timer >= 0)
			signal = atoll_loop_signal(loop, SIGUSR1, count_only, NULL);
		made += signal == 0;
		atoll_loop_free(loop);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
		assert_int_equal(open_fds(), before);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_readable_file_is_told_until_it_is_read),
		cmocka_unit_test(only_the_events_asked_for_are_told),
		cmocka_unit_test(what_cannot_be_watched_is_refused),
		cmocka_unit_test(a_ready_file_that_was_forgotten_in_the_same_round_is_not_told),
		cmocka_unit_test(a_new_file_of_the_same_number_is_not_taken_for_the_old_one),
		cmocka_unit_test(a_file_may_be_forgotten_and_closed_by_its_own_callback),
		cmocka_unit_test(many_that_are_always_ready_are_served_in_turn),
		cmocka_unit_test(a_timer_runs_every_period_until_stopped),
		cmocka_unit_test(a_late_timer_says_how_often_it_ran_out),
		cmocka_unit_test(timers_run_out_in_the_order_of_their_delays_and_once),
		cmocka_unit_test(a_cancelled_timer_is_silent_even_when_cancelled_by_itself),
		cmocka_unit_test(the_handle_of_a_timer_that_ran_cancels_nobody_else),
		cmocka_unit_test(a_file_and_a_timer_of_the_same_number_are_two_things),
		cmocka_unit_test(a_signal_arrives_as_a_callback),
		cmocka_unit_test(the_last_callback_given_for_a_signal_counts),
		cmocka_unit_test(signals_go_where_they_went_once_the_loop_is_gone),
		cmocka_unit_test(another_thread_may_stop_it),
		cmocka_unit_test(a_stop_without_a_run_ends_the_next_at_once),
		cmocka_unit_test(after_a_stop_nobody_else_is_called),
		cmocka_unit_test(a_run_within_a_run_is_refused),
		cmocka_unit_test(nothing_is_left_open),
		cmocka_unit_test(a_failed_new_or_timer_leaves_nothing_behind),
	};

	return CHECK_RUN(tests);
}
