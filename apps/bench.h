/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_BENCH_H
#define ATOLL_APPS_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/session.h"

/*
 * The parts of atoll-bench.
 *
 *	double time_ms[3] = { 7, 5, 6 };
 *	struct bench_spread spread = bench_spread(time_ms, 3);
 *
 *	printf("%.1f\n", spread.median_ms);    6.0
 */
#define BENCH_RUNS_MAX 1000000
#define BENCH_RUNS_LEAST 10
#define BENCH_WARM_UP_RUNS 3
#define BENCH_DEVICES_MAX 64

struct bench_settings {
	struct atoll_session_options session;
	uint32_t devices;      /* that were named; `session` has the last */
	const char *device[BENCH_DEVICES_MAX];
	const char *twin_path, *clock;
	uint32_t runs;         /* 0: by time */
	double seconds;
	bool wants_json, is_pipeline;
};

/* Has there been enough of it, after `runs`? */
bool bench_is_over(const struct bench_settings *settings, uint32_t runs, double end_ms);

struct bench_spread {
	double median_ms, p90_ms, min_ms;
};

/* Sorts them; at least one. */
struct bench_spread bench_spread(double *time_ms, uint32_t runs);

/* All models as one pipeline, each a segment; false when it could not be run, which was
   told then. */
bool bench_pipeline(const struct bench_settings *settings, uint32_t segments,
		    char *const *path);

#endif
