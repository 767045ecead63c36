/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child holds one end of a pipe. It is open for as long as the timer runs; whether
 * the child closes it or ends, the parent sees a hangup.
 */
#include "apps/compile_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/clock.h"

#define TICK_MS 100
#define PATIENCE_MS 500 /* of somebody who waits without a word */

void child_stop_timer(int timer)
{
	(void)close(timer); /* nothing was written */
}

_Noreturn static void be_child(int (*work)(void *context, int timer), void *context,
			       int timer, pid_t parent)
{
	int status;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it was faster */
	status = work(context, timer);
	(void)fflush(NULL); /* who writes looks at errors */
	_exit(status);
}

static void show(const char *what, int64_t passed_ms, int64_t limit_ms, bool *is_shown)
{
	if (passed_ms < PATIENCE_MS || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r%s: %.1f of %.0f s\033[K", what, (double)passed_ms / 1e3,
		(double)limit_ms / 1e3);
	*is_shown = true;
}

/* Did the timer run out? */
static bool wait_for(int timer, int64_t limit_ms, const char *what)
{
	int64_t start_ms = atoll_clock_ms(), passed_ms = 0;
	bool is_shown = false;
	int r = 0;

	while (r == 0 && passed_ms < limit_ms) {
		struct pollfd hangup = { .fd = timer };
		int64_t left_ms = limit_ms - passed_ms;

		r = poll(&hangup, 1, left_ms < TICK_MS ? (int)left_ms : TICK_MS);
		if (r < 0 && errno == EINTR)
			r = 0;
		passed_ms = atoll_clock_ms() - start_ms;
		if (r == 0)
			show(what, passed_ms, limit_ms, &is_shown);
	}
	if (is_shown)
		fputs("\r\033[K", stderr);
	return r == 0;
}

static struct child_end gather(pid_t child, bool has_timed_out)
{
	struct child_end end = { .has_timed_out = has_timed_out };
	pid_t r;
	int how;

	do
		r = waitpid(child, &how, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		end.error = -errno;
	else if (WIFSIGNALED(how))
		end.signal = WTERMSIG(how);
	end.status = r < 0 || !WIFEXITED(how) ? -1 : WEXITSTATUS(how);
	return end;
}

struct child_end child_run(int (*work)(void *context, int timer), void *context,
			   int64_t limit_ms, const char *what)
{
	pid_t parent = getpid(), child;
	bool has_timed_out;
	int timer[2];

	if (pipe2(timer, O_CLOEXEC) < 0)
		return (struct child_end){ .status = -1, .error = -errno };
	(void)fflush(NULL); /* what is buffered would be written twice */
	(void)signal(SIGCHLD, SIG_DFL); /* with a parent who ignores it there is no waiting */
	child = fork();
	if (child == 0) {
		(void)close(timer[0]);
		be_child(work, context, timer[1], parent);
	}
	(void)close(timer[1]);
	if (child < 0) {
		int error = -errno;

		(void)close(timer[0]);
		return (struct child_end){ .status = -1, .error = error };
	}
	has_timed_out = wait_for(timer[0], limit_ms, what);
	if (has_timed_out)
		(void)kill(child, SIGKILL);
	(void)close(timer[0]);
	return gather(child, has_timed_out);
}
