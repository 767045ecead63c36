/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/camera.h"

#include <math.h>

/* Mean and squares grow as Welford showed ("Note on a method for calculating
   corrected sums of squares and products", 1962): nothing large is subtracted. */
static void add_interval(struct camera_pace *pace, double interval_ms)
{
	double distance = interval_ms - pace->mean_ms;

	pace->intervals++;
	pace->mean_ms += distance / (double)pace->intervals;
	pace->squares += distance * (interval_ms - pace->mean_ms);
	pace->longest_ms = fmax(pace->longest_ms, interval_ms);
}

void camera_pace_add(struct camera_pace *pace, int64_t time_ns, int64_t now_ns)
{
	int64_t taken_ns = time_ns ? time_ns : now_ns;
	double latency_ms = (double)(now_ns - taken_ns) * 1e-6;

	pace->frames++;
	if (pace->last_ns)
		add_interval(pace, (double)(taken_ns - pace->last_ns) * 1e-6);
	pace->last_ns = taken_ns;
	if (!time_ns)
		return;
	if (pace->stamps == 0 || latency_ms > pace->latency_longest_ms)
		pace->latency_longest_ms = latency_ms;
	pace->stamps++;
	pace->latency_ms += (latency_ms - pace->latency_ms) / (double)pace->stamps;
}

double camera_pace_fps(const struct camera_pace *pace)
{
	return pace->mean_ms > 0 ? 1000 / pace->mean_ms : 0;
}

double camera_pace_jitter_ms(const struct camera_pace *pace)
{
	return pace->intervals ? sqrt(pace->squares / (double)pace->intervals) : 0;
}
