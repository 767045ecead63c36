/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_BACKGROUND_H
#define ATOLL_RUNTIME_BACKGROUND_H

#include <stdbool.h>

#include "board/error.h"

/*
 * One job at a time on a thread of its own, and an fd that tells when it ends.
 *
 *	struct background *run = background_new(invoke, session, &err);
 *
 *	background_start(run);
 *	poll for POLLIN on background_fd(run), or just:
 *	r = background_wait(run, 100);
 *	background_free(run);
 */
struct background;

/* `job`'s result is what wait returns. The thread begins with the first start. */
struct background *background_new(int (*job)(void *context), void *context,
				  struct atoll_error *err);

/* Waits for a job under way. NULL is allowed. */
void background_free(struct background *background);

/* 0, -EBUSY when a job was started and not waited for, or why no thread. */
int background_start(struct background *background);

/* The job's result, -ETIMEDOUT after `timeout_ms` (negative: no limit), or
   -EINVAL when nothing was started. */
int background_wait(struct background *background, int timeout_ms);

/* Started and not yet waited for. */
bool background_is_busy(const struct background *background);

int background_fd(const struct background *background);

#endif
