/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_PARTITION_SEARCH_H
#define ATOLL_APPS_PARTITION_SEARCH_H

#include <stdint.h>

#include "board/error.h"

/*
 * Where to cut a model so that its segments take about the same time, found by trying.
 *
 *	struct partition_task task = {
 *		.operators = 31, .first_output = 30, .segments = 3, .step = 1,
 *		.threshold_ns = 1000000, .lower_ns = -1, .upper_ns = -1,
 *		.ops = &ops, .context = &bench };
 *	uint32_t count[3];
 *	int64_t time_ns[3];
 *	int r = partition_search(&task, count, time_ns, &err);
 *
 * Between the times of the fastest and of the slowest segment, as the compiler itself
 * cuts, a goal is searched for by halves: each segment but the last gets as many
 * operators as keep it within the goal, and the last what is left over.
 */

/* Of a cut that does not compile. */
#define PARTITION_IMPOSSIBLE INT64_MAX

struct partition_ops {
	/* Time of a run of each segment [segments], cut by the compiler itself. */
	int (*compilers_own)(void *context, int64_t *time_ns, struct atoll_error *err);

	/* The same of `count` operators from place `first`, as segment number `segment`.
	   Asked once for a cut. PARTITION_IMPOSSIBLE is no error. */
	int (*measure)(void *context, uint32_t segment, uint32_t first, uint32_t count,
		       int64_t *time_ns, struct atoll_error *err);
};

struct partition_task {
	uint32_t operators;        /* at least one for each segment */
	uint32_t first_output;     /* all from here on belong to the last segment */
	uint32_t segments;         /* at least 2 */
	uint32_t step;             /* operators to leave out at a time, at least 1 */
	int64_t threshold_ns;      /* near enough, at least 1 */
	int64_t lower_ns, upper_ns; /* where to begin; negative: as measured */
	const struct partition_ops *ops;
	void *context;
};

enum partition_answer {
	PARTITION_FOUND,           /* `count` and `time_ns` [segments] tell it */
	PARTITION_BALANCED,        /* the limits are near enough from the start */
	PARTITION_NOT_FOUND,       /* no cut is better than the limits */
};

/* One of these, or a negative errno, mostly that of the ops. */
int partition_search(const struct partition_task *task, uint32_t *count, int64_t *time_ns,
		     struct atoll_error *err);

#endif
