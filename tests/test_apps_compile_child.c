/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_child.h"

#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"

#define LONG_MS (60 * 1000)

static void rest_ms(long ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&time, NULL);
}

static int give(void *context, int timer)
{
	(void)timer;
	return *(int *)context;
}

static int wait_long(void *context, int timer)
{
	(void)context;
	(void)timer;
	rest_ms(LONG_MS);
	return 0;
}

/* Longer than the limit, but not on the clock. */
static int write_slowly(void *context, int timer)
{
	(void)context;
	child_stop_timer(timer);
	rest_ms(300);
	return 5;
}

static int crash(void *context, int timer)
{
	(void)context;
	(void)timer;
	(void)raise(SIGKILL);
	return 0;
}

static int print(void *context, int timer)
{
	(void)timer;
	fputs("child\n", context);
	return 0;
}

static void what_it_returned_comes_back(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct child_end end = child_run(give, &i, LONG_MS, "giving");

		assert_int_equal(end.status, i);
		assert_false(end.has_timed_out);
		assert_int_equal(end.signal, 0);
		assert_int_equal(end.error, 0);
	}
}

static void one_that_takes_too_long_is_ended(void **state)
{
	struct child_end end = child_run(wait_long, NULL, 100, "waiting");

	(void)state;
	assert_true(end.has_timed_out);
	assert_int_equal(end.signal, SIGKILL);
	assert_int_equal(end.status, -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

static void time_after_the_timer_is_not_counted(void **state)
{
	struct child_end end = child_run(write_slowly, NULL, 100, "writing");

	(void)state;
	assert_false(end.has_timed_out);
	assert_int_equal(end.status, 5);
}

static void one_that_crashes_is_told_apart(void **state)
{
	struct child_end end = child_run(crash, NULL, LONG_MS, "crashing");

	(void)state;
	assert_false(end.has_timed_out);
	assert_int_equal(end.signal, SIGKILL);
	assert_int_equal(end.status, -1);
}

static void both_write_one_after_the_other(void **state)
{
	const char *path = in_folder("both");
	FILE *file = fopen(path, "w");
	char *text;
	size_t size;

	(void)state;
	assert_non_null(file);
	fputs("before\n", file);
	assert_int_equal(child_run(print, file, LONG_MS, "printing").status, 0);
	fputs("after\n", file);
	assert_int_equal(fclose(file), 0);
	text = check_read(path, &size);
	assert_string_equal(text, "before\nchild\nafter\n");
	free(text);
}

static int work_a_while(void *context, int timer)
{
	(void)context;
	(void)timer;
	rest_ms(750);
	return 0;
}

/* stderr is a terminal while the child works. */
static void somebody_who_waits_sees_the_seconds(void **state)
{
	int outside, inside, kept = dup(STDERR_FILENO);
	char seen[4096] = "";
	size_t bytes = 0;
	ssize_t more = 1;

	(void)state;
	assert_int_equal(openpty(&outside, &inside, NULL, NULL, NULL), 0);
	assert_true(kept >= 0 && dup2(inside, STDERR_FILENO) >= 0);
	assert_int_equal(child_run(work_a_while, NULL, LONG_MS, "compiling x").status, 0);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(inside); /* the end of what is read */
	for (; more > 0; bytes += more > 0 ? (size_t)more : 0)
		more = read(outside, seen + bytes, sizeof(seen) - 1 - bytes);
	assert_non_null(strstr(seen, "\rcompiling x: 0."));
	assert_non_null(strstr(seen, " of 60 s\33[K"));
	assert_string_equal(seen + bytes - 4, "\r\33[K"); /* the line is free again */
	(void)close(kept);
	(void)close(outside);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_returned_comes_back),
		cmocka_unit_test(one_that_takes_too_long_is_ended),
		cmocka_unit_test(time_after_the_timer_is_not_counted),
		cmocka_unit_test(one_that_crashes_is_told_apart),
		cmocka_unit_test(somebody_who_waits_sees_the_seconds),
		IN_FOLDER(both_write_one_after_the_other),
	};

	return CHECK_RUN(tests);
}
