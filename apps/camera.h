/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_CAMERA_H
#define ATOLL_APPS_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#include "camera/capture.h"

/*
 * The commands of atoll-camera. Each takes what its command line said and returns
 * the exit status.
 */
struct camera_settings {
	struct atoll_camera_config config;
	uint64_t frames;  /* stop after so many, 0: no limit */
	int64_t for_ms;   /* stop after so long, 0: no limit */
	uint32_t skip;    /* snap: frames that pass first */
	bool wants_json;
	char **rest;      /* what follows the command, */
	int rests;        /* so many */
};

/* What there is, what it can do, and its knobs (camera_show.c). */
int camera_list(const struct camera_settings *settings);
int camera_formats(const struct camera_settings *settings);
int camera_controls(const struct camera_settings *settings);

/* Pictures (camera_take.c). */
int camera_snap(const struct camera_settings *settings);
int camera_record(const struct camera_settings *settings);
int camera_stream(const struct camera_settings *settings);

/*
 * How steadily frames come.
 *
 *	struct camera_pace pace = { 0 };
 *
 *	camera_pace_add(&pace, frame.time_ns, now_ns);
 *	printf("%.2f fps\n", camera_pace_fps(&pace));
 */
struct camera_pace {
	uint64_t frames, intervals, stamps;
	int64_t last_ns;              /* 0: the next frame begins anew */
	double mean_ms, squares;      /* of the intervals: mean, and the squared
					 distances from it */
	double longest_ms;
	double latency_ms, latency_longest_ms; /* of the frames with a stamp */
};

/* A frame taken at `time_ns` (0: not known) and here at `now_ns`. */
void camera_pace_add(struct camera_pace *pace, int64_t time_ns, int64_t now_ns);

/* By the mean interval; 0 before there is one. */
double camera_pace_fps(const struct camera_pace *pace);

/* Standard deviation of the intervals. */
double camera_pace_jitter_ms(const struct camera_pace *pace);

#endif
