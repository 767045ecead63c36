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
	(void)!write(event_fd, &one, sizeof(one)); /* cannot be full after one */
	errno = saved;
}

void stop_begin(void)
{
	/* No SA_RESTART: reads that wait come back. */
	const struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND,
	};

	is_wanted = 0;
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_fd < 0)
		options_could_not("signals: %s", strerror(errno));
	(void)sigaction(SIGINT, &action, NULL); /* two valid signals */
	(void)sigaction(SIGTERM, &action, NULL);
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
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)close(event_fd);
	event_fd = -1;
}
