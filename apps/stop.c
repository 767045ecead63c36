/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "apps/options.h"

static volatile sig_atomic_t is_wanted;
static int event_fd = -1;

static void on_signal(int signal)
{
	const uint64_t one = 1;
	const int saved = errno;

	(void)signal;
	is_wanted = 1;
	(void)!write(event_fd, &one, sizeof(one)); /* never full, nobody writes so often */
	/* A read may just be about to begin, and would wait; the next will find it there. */
	(void)alarm(1);
	errno = saved;
}

void stop_begin(void)
{
	/* No SA_RESTART: reads that wait come back. */
	const struct sigaction once = {
		.sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND,
	};
	const struct sigaction again = { .sa_handler = on_signal };

	is_wanted = 0;
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		options_could_not("signals: %s", strerror(errno));
	(void)sigaction(SIGINT, &once, NULL); /* three valid signals */
	(void)sigaction(SIGTERM, &once, NULL);
	(void)sigaction(SIGALRM, &again, NULL);
}

bool stop_wanted(void)
{
	return is_wanted;
}

int stop_fd(void)
{
	return event_fd;
}

void stop_end(void)
{
	(void)alarm(0);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)close(event_fd);
	event_fd = -1;
}
