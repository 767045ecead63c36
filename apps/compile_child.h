/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_CHILD_H
#define ATOLL_APPS_COMPILE_CHILD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Work in a process of its own, which is killed when it takes too long.
 *
 *	static int work(void *context, int timer)
 *	{
 *		... what may take long ...
 *		child_stop_timer(timer);
 *		... what need not be counted, as writing to a pager ...
 *		return 0;
 *	}
 *
 *	struct child_end end = child_run(work, &context, 180 * 1000, "compiling x.tflite");
 *
 * Buffers of streams are flushed on both sides. A child whose parent ends, ends.
 */
struct child_end {
	bool has_timed_out;
	int signal;  /* it was ended by; 0: by itself */
	int status;  /* what `work` returned, 0 to 127; -1: it did not */
	int error;   /* negative errno, why there was no child */
};

/* While it works, `what` and the seconds are on stderr when that is a terminal. */
struct child_end child_run(int (*work)(void *context, int timer), void *context,
			   int64_t limit_ms, const char *what);

void child_stop_timer(int timer);

#endif
