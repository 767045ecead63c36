/* SPDX-License-Identifier: Apache-2.0 */
#include "board/loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* What is taken from the kernel at once. It keeps who was served behind who was
   not, so that a busy few do not starve the others. */
#define BATCH 16

struct watch {
	struct watch *next;
	enum { A_FILE, A_TIMER, A_TIMER_ONCE } kind;
	int fd;    /* the caller's, or our timerfd */
	int timer; /* its handle */
	atoll_loop_call *call;
	void *data;
	bool is_gone;
};

struct atoll_loop {
	int epoll_fd, wake_fd, signal_fd;
	struct watch *watching;
	struct watch *gone; /* until the round is over: it may still name them */
	int last_timer;
	struct {
		atoll_loop_call *call;
		void *data;
	} on_signal[NSIG];
	sigset_t signals; /* that arrive here */
	sigset_t blocked; /* those of them that were not blocked before */
	bool is_running;
	atomic_int status;
	atomic_bool is_stopping;
};

static struct watch *find_fd(struct atoll_loop *loop, int fd)
{
	struct watch *watch = loop->watching;

	while (watch && (watch->kind != A_FILE || watch->fd != fd))
		watch = watch->next;
	return watch;
}

static struct watch *find_timer(struct atoll_loop *loop, int timer)
{
	struct watch *watch = loop->watching;

	while (watch && (watch->kind == A_FILE || watch->timer != timer))
		watch = watch->next;
	return watch;
}

/* Watch `like->fd`; nothing is kept when that fails. */
static int add(struct atoll_loop *loop, const struct watch *like, uint32_t events)
{
	struct watch *watch = malloc(sizeof(*watch));
	struct epoll_event event = { .events = events, .data.ptr = watch };
	int r;

	if (!watch)
		return -ENOMEM;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, like->fd, &event) < 0) {
		r = -errno;
		free(watch);
		return r;
	}
	*watch = *like;
	watch->next = loop->watching;
	loop->watching = watch;
	return 0;
}

static void drop(struct atoll_loop *loop, struct watch *watch)
{
	struct watch **link = &loop->watching;

	while (*link != watch)
		link = &(*link)->next;
	*link = watch->next;
	/* Fails only for an fd that was closed first, and so is out already. */
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	if (watch->kind != A_FILE)
		(void)close(watch->fd); /* a timer has nothing to lose */
	watch->is_gone = true;
	watch->next = loop->gone;
	loop->gone = watch;
}

static void bury(struct atoll_loop *loop)
{
	while (loop->gone) {
		struct watch *watch = loop->gone;

		loop->gone = watch->next;
		free(watch);
	}
}

static void on_wake(void *data, uint32_t events)
{
	struct atoll_loop *loop = data;
	uint64_t count;

	(void)events;
	(void)!read(loop->wake_fd, &count, sizeof(count)); /* is_stopping says it all */
}

static void on_signal(void *data, uint32_t events)
{
	struct atoll_loop *loop = data;
	struct signalfd_siginfo info;

	(void)events;
	if (read(loop->signal_fd, &info, sizeof(info)) == sizeof(info))
		loop->on_signal[info.ssi_signo].call(loop->on_signal[info.ssi_signo].data,
						     info.ssi_signo);
}

ATOLL_API struct atoll_loop *atoll_loop_new(struct atoll_error *err)
{
	struct atoll_loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop) {
		(void)atoll_error_set(err, -ENOMEM, "event loop: %s", strerror(ENOMEM));
		return NULL;
	}
	(void)sigemptyset(&loop->signals);
	(void)sigemptyset(&loop->blocked);
	loop->signal_fd = -1;
	loop->wake_fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd >= 0)
		loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = loop->wake_fd < 0 ? -errno
			      : atoll_loop_watch(loop, loop->wake_fd, EPOLLIN, on_wake, loop);
	if (r == 0)
		return loop;
	(void)atoll_error_set(err, r, "event loop: %s", strerror(-r));
	atoll_loop_free(loop);
	return NULL;
}

/* Take in what is left, before it falls on those who get the signals next. */
static void release_signals(struct atoll_loop *loop)
{
	struct signalfd_siginfo info;

	if (loop->signal_fd < 0)
		return;
	while (read(loop->signal_fd, &info, sizeof(info)) == sizeof(info))
		;
	(void)close(loop->signal_fd); /* nothing is written there */
	(void)pthread_sigmask(SIG_UNBLOCK, &loop->blocked, NULL); /* a set of real signals */
}

ATOLL_API void atoll_loop_free(struct atoll_loop *loop)
{
	if (!loop)
		return;
	while (loop->watching)
		drop(loop, loop->watching);
	bury(loop);
	release_signals(loop);
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd); /* as above */
	if (loop->epoll_fd >= 0)
		(void)close(loop->epoll_fd); /* as above */
	free(loop);
}

ATOLL_API int atoll_loop_watch(struct atoll_loop *loop, int fd, uint32_t events,
			       atoll_loop_call *call, void *data)
{
	const struct watch watch = { .kind = A_FILE, .fd = fd, .call = call, .data = data };

	return find_fd(loop, fd) ? -EEXIST : add(loop, &watch, events);
}

ATOLL_API int atoll_loop_change(struct atoll_loop *loop, int fd, uint32_t events)
{
	struct watch *watch = find_fd(loop, fd);
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (!watch)
		return -ENOENT;
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

ATOLL_API void atoll_loop_forget(struct atoll_loop *loop, int fd)
{
	struct watch *watch = find_fd(loop, fd);

	if (watch)
		drop(loop, watch);
}

/* Counts up, so that a handle that is over names nothing for a long time. */
static int free_handle(struct atoll_loop *loop)
{
	do
		loop->last_timer = loop->last_timer == INT_MAX ? 0 : loop->last_timer + 1;
	while (find_timer(loop, loop->last_timer));
	return loop->last_timer;
}

static int add_timer(struct atoll_loop *loop, struct watch watch,
		     const struct itimerspec *when)
{
	int r;

	watch.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch.fd < 0)
		return -errno;
	watch.timer = free_handle(loop);
	r = timerfd_settime(watch.fd, 0, when, NULL) < 0 ? -errno
							 : add(loop, &watch, EPOLLIN);
	if (r == 0)
		return watch.timer;
	(void)close(watch.fd); /* a timer has nothing to lose */
	return r;
}

static struct timespec from_ms(uint32_t ms)
{
	return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
}

ATOLL_API int atoll_loop_every(struct atoll_loop *loop, uint32_t period_ms,
			       atoll_loop_call *call, void *data)
{
	const struct itimerspec when = {
		.it_value = from_ms(period_ms), .it_interval = from_ms(period_ms) };

	if (period_ms == 0)
		return -EINVAL;
	return add_timer(loop, (struct watch){ .kind = A_TIMER, .call = call, .data = data },
			 &when);
}

ATOLL_API int atoll_loop_after(struct atoll_loop *loop, uint32_t delay_ms,
			       atoll_loop_call *call, void *data)
{
	struct itimerspec when = { .it_value = from_ms(delay_ms) };

	if (delay_ms == 0)
		when.it_value.tv_nsec = 1; /* nothing at all would mean never */
	return add_timer(loop,
			 (struct watch){ .kind = A_TIMER_ONCE, .call = call, .data = data },
			 &when);
}

ATOLL_API void atoll_loop_cancel(struct atoll_loop *loop, int timer)
{
	struct watch *watch = find_timer(loop, timer);

	if (watch)
		drop(loop, watch);
}

/* The signalfd, which appears with the first signal, for one more. */
static int take_signal(struct atoll_loop *loop, const sigset_t *signals)
{
	bool is_first = loop->signal_fd < 0;
	int fd = signalfd(loop->signal_fd, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	if (!is_first)
		return 0;
	r = atoll_loop_watch(loop, fd, EPOLLIN, on_signal, loop);
	if (r < 0)
		(void)close(fd); /* nothing is written there */
	else
		loop->signal_fd = fd;
	return r;
}

ATOLL_API int atoll_loop_signal(struct atoll_loop *loop, int signal, atoll_loop_call *call,
				void *data)
{
	sigset_t signals = loop->signals, one, before;
	int r;

	(void)sigemptyset(&one);
	if (sigaddset(&signals, signal) < 0 || sigaddset(&one, signal) < 0)
		return -errno;
	/* Who reads the descriptor must find whom to call. */
	loop->on_signal[signal].call = call;
	loop->on_signal[signal].data = data;
	r = -pthread_sigmask(SIG_BLOCK, &one, &before);
	if (r < 0)
		return r;
	r = take_signal(loop, &signals);
	if (r < 0) {
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* as it was */
		return r;
	}
	loop->signals = signals;
	if (!sigismember(&before, signal))
		(void)sigaddset(&loop->blocked, signal); /* a real one: it was added above */
	return 0;
}

static void dispatch(struct atoll_loop *loop, struct watch *watch, uint32_t what)
{
	uint64_t expired;

	if (watch->is_gone)
		return;
	if (watch->kind != A_FILE) {
		if (read(watch->fd, &expired, sizeof(expired)) != sizeof(expired))
			return;
		what = expired > UINT32_MAX ? UINT32_MAX : (uint32_t)expired;
	}
	if (watch->kind == A_TIMER_ONCE)
		drop(loop, watch);
	watch->call(watch->data, what);
}

static int run_round(struct atoll_loop *loop)
{
	struct epoll_event ready[BATCH];
	int count = epoll_wait(loop->epoll_fd, ready, BATCH, -1);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count && !loop->is_stopping; i++)
		dispatch(loop, ready[i].data.ptr, ready[i].events);
	bury(loop);
	return 0;
}

ATOLL_API int atoll_loop_run(struct atoll_loop *loop)
{
	int r = 0;

	if (loop->is_running)
		return -EBUSY;
	loop->is_running = true;
	while (r == 0 && !loop->is_stopping)
		r = run_round(loop);
	loop->is_running = false;
	if (r == 0)
		r = loop->status;
	on_wake(loop, 0);
	loop->is_stopping = false;
	return r;
}

ATOLL_API void atoll_loop_stop(struct atoll_loop *loop, int status)
{
	const uint64_t one = 1;

	loop->status = status;
	loop->is_stopping = true;
	(void)!write(loop->wake_fd, &one, sizeof(one)); /* full means awake already */
}
