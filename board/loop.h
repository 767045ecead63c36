/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_LOOP_H
#define ATOLL_BOARD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * The one place where a program waits: files, timers and signals.
 *
 *	static void on_term(void *data, uint32_t signal)
 *	{
 *		atoll_loop_stop(data, 0);
 *	}
 *
 *	struct atoll_loop *loop = atoll_loop_new(&err);
 *
 *	atoll_loop_signal(loop, SIGTERM, on_term, loop);
 *	atoll_loop_watch(loop, fd, EPOLLIN, on_readable, camera);
 *	atoll_loop_every(loop, 1000, on_second, camera);
 *	status = atoll_loop_run(loop);
 *	atoll_loop_free(loop);
 *
 * epoll, timerfd and signalfd underneath. One thread owns a loop; only stop may be
 * called from another. A callback may add and remove anything, itself too; what
 * was removed is not called any more, even if it was ready in the same round, and
 * an fd of the same number may be watched at once. Only freeing the loop has to
 * wait until run has returned.
 */
struct atoll_loop;

/* `what`: the epoll events for a file, how often it ran out for a timer, the
   number for a signal. */
typedef void atoll_loop_call(void *data, uint32_t what);

/* NULL when the kernel or memory gives no more. */
struct atoll_loop *atoll_loop_new(struct atoll_error *err);

/* Also lets signals go where they went before; one that came in and was not
   delivered any more is forgotten. Files stay open. NULL is allowed. */
void atoll_loop_free(struct atoll_loop *loop);

/*
 * `events` are those of epoll_ctl(2); errors and hang-ups are always told. 0 or a
 * negative errno: -EEXIST for an fd that is watched already, -EPERM for one that
 * is always ready, as regular files are, -ENOENT to change one that is not
 * watched. The fd stays the caller's: forget it before closing. To forget what is
 * not watched does nothing.
 */
int atoll_loop_watch(struct atoll_loop *loop, int fd, uint32_t events,
		     atoll_loop_call *call, void *data);
int atoll_loop_change(struct atoll_loop *loop, int fd, uint32_t events);
void atoll_loop_forget(struct atoll_loop *loop, int fd);

/* A timer: a handle of 0 or more to be cancelled by, or a negative errno; a period
   of 0 is -EINVAL. `after` runs once and needs no cancel after it ran, but a late
   one does no harm: handles are not used again soon. */
int atoll_loop_every(struct atoll_loop *loop, uint32_t period_ms, atoll_loop_call *call,
		     void *data);
int atoll_loop_after(struct atoll_loop *loop, uint32_t delay_ms, atoll_loop_call *call,
		     void *data);
void atoll_loop_cancel(struct atoll_loop *loop, int timer);

/* From now on the signal arrives here and nowhere else. Before any thread is
   started, since threads inherit what is blocked; by the thread that will free
   the loop. A second call for a signal replaces the first. */
int atoll_loop_signal(struct atoll_loop *loop, int signal, atoll_loop_call *call,
		      void *data);

/* Until stop; returns its status, or a negative errno. May be run again. */
int atoll_loop_run(struct atoll_loop *loop);

/* Ends the run after the callback that is being called, or the next run at once
   if there is none. The last status counts. */
void atoll_loop_stop(struct atoll_loop *loop, int status);

#endif
