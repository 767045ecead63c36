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
 * was removed is not called any more, even if it was ready in the same round.
 */
struct atoll_loop;

/* `what`: the epoll events for a file, how often it ran out for a timer, the
   number for a signal. */
typedef void atoll_loop_call(void *data, uint32_t what);

struct atoll_loop *atoll_loop_new(struct atoll_error *err);

/* Also gives blocked signals back. NULL is allowed. */
void atoll_loop_free(struct atoll_loop *loop);

/* 0 or a negative errno. The fd stays the caller's: forget it before closing. */
int atoll_loop_watch(struct atoll_loop *loop, int fd, uint32_t events,
		     atoll_loop_call *call, void *data);
int atoll_loop_change(struct atoll_loop *loop, int fd, uint32_t events);
void atoll_loop_forget(struct atoll_loop *loop, int fd);

/* A timer: a handle of 0 or more to be cancelled by, or a negative errno. `after`
   runs once and needs no cancel after it ran. */
int atoll_loop_every(struct atoll_loop *loop, uint32_t period_ms, atoll_loop_call *call,
		     void *data);
int atoll_loop_after(struct atoll_loop *loop, uint32_t delay_ms, atoll_loop_call *call,
		     void *data);
void atoll_loop_cancel(struct atoll_loop *loop, int timer);

/* From now on the signal arrives here and nowhere else. Before any thread is
   started, since threads inherit what is blocked. */
int atoll_loop_signal(struct atoll_loop *loop, int signal, atoll_loop_call *call,
		      void *data);

/* Until stop; returns its status, or a negative errno. */
int atoll_loop_run(struct atoll_loop *loop);
void atoll_loop_stop(struct atoll_loop *loop, int status);

#endif
