/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/background.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "board/clock.h"

struct background {
	int (*job)(void *context);
	void *context;
	int done_fd;       /* counts 1 from the job's end until wait */
	bool is_busy;      /* the owner's */
	bool has_thread;   /* the owner's */
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_wanted;    /* under lock */
	bool is_stopping;  /* under lock */
	int result;        /* the thread's until done_fd tells */
};

/* Wait until there is something to do; false means stop. */
static bool wanted(struct background *b)
{
	bool is_wanted;

	pthread_mutex_lock(&b->lock);
	while (!b->is_wanted && !b->is_stopping)
		pthread_cond_wait(&b->wake, &b->lock);
	is_wanted = b->is_wanted;
	b->is_wanted = false;
	pthread_mutex_unlock(&b->lock);
	return is_wanted;
}

static void *work(void *argument)
{
	struct background *b = argument;

	while (wanted(b)) {
		b->result = b->job(b->context);
		/* Cannot fail: the counter goes from 0 to 1. */
		(void)eventfd_write(b->done_fd, 1);
	}
	return NULL;
}

static void tell(struct background *b, bool *what)
{
	pthread_mutex_lock(&b->lock);
	*what = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

struct background *background_new(int (*job)(void *context), void *context,
				  struct atoll_error *err)
{
	struct background *b = calloc(1, sizeof(*b));

	if (!b) {
		atoll_error_set(err, -ENOMEM, "background thread: out of memory");
		return NULL;
	}
	b->job = job;
	b->context = context;
	b->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->done_fd < 0) {
		atoll_error_set(err, -errno, "background thread: eventfd: %s",
				strerror(errno));
		free(b);
		return NULL;
	}
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	return b;
}

void background_free(struct background *b)
{
	if (!b)
		return;
	if (b->has_thread) {
		tell(b, &b->is_stopping);
		pthread_join(b->thread, NULL);
	}
	pthread_cond_destroy(&b->wake);
	pthread_mutex_destroy(&b->lock);
	(void)close(b->done_fd); /* an eventfd has nothing to lose */
	free(b);
}

int background_start(struct background *b)
{
	if (b->is_busy)
		return -EBUSY;
	if (!b->has_thread) {
		int r = pthread_create(&b->thread, NULL, work, b);

		if (r != 0)
			return -r;
		b->has_thread = true;
	}
	b->is_busy = true;
	tell(b, &b->is_wanted);
	return 0;
}

/* poll() that a signal does not shorten or lengthen. */
static int poll_until(int fd, int timeout_ms)
{
	int64_t end = atoll_clock_ms() + timeout_ms;
	struct pollfd item = { .fd = fd, .events = POLLIN };
	int r;

	do {
		r = poll(&item, 1, timeout_ms);
		if (r < 0 && errno == EINTR && timeout_ms > 0)
			timeout_ms = end > atoll_clock_ms() ? (int)(end - atoll_clock_ms()) : 0;
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int background_wait(struct background *b, int timeout_ms)
{
	eventfd_t count;
	int r;

	if (!b->is_busy)
		return -EINVAL;
	r = poll_until(b->done_fd, timeout_ms);
	if (r < 0)
		return r;
	if (r == 0)
		return -ETIMEDOUT;
	(void)eventfd_read(b->done_fd, &count); /* readable: poll said so */
	b->is_busy = false;
	return b->result;
}

bool background_is_busy(const struct background *b)
{
	return b->is_busy;
}

int background_fd(const struct background *b)
{
	return b->done_fd;
}
