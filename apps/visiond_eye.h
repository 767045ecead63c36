/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_EYE_H
#define ATOLL_APPS_VISIOND_EYE_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/vision.h"
#include "apps/visiond_config.h"
#include "apps/visiond_tracker.h"
#include "board/error.h"
#include "board/log.h"
#include "board/loop.h"
#include "camera/frame.h"
#include "camera/source.h"

/*
 * A camera and the models that look through it, on the loop, each at its own rate.
 *
 *	eye = visiond_eye_new(config, devices, &calls, &log, &err);  loads the models
 *	visiond_eye_open(eye, loop, &err);                     and opens the eye
 *	...
 *	visiond_eye_close(eye);
 *
 *	frame --> calls->frame
 *	      \-> each model that is idle, and due; when it is done: turns of things,
 *	          then calls->result
 *
 * A frame that comes while a model is busy is not kept for it: the next look is at
 * the newest one. A camera that is not there, now or from some moment on, is waited
 * for; everything that was there disappears when it goes.
 */
struct visiond_eye;

/* One model at work. */
struct visiond_look {
	const struct visiond_model *model;
	struct vision *vision;
	struct visiond_tracker *tracker;
	uint64_t results, failures;
	uint32_t rate_mhz;           /* results in thousandths per second, lately */
	int64_t frame_ns;            /* of the last result: when its frame was taken */
	int64_t done_ns;             /* .. when inference ended, or when all things
					had to disappear. Both CLOCK_MONOTONIC */
	/* Of the eye: */
	struct visiond_eye *eye;
	int64_t due_ns, started_ns, started_frame_ns;
	bool is_busy, is_failing;
	uint64_t results_before;     /* at the last tick */
};

struct visiond_eye_calls {
	void (*frame)(void *data, const struct atoll_frame *frame);
	void (*turn)(void *data, const struct visiond_look *look, enum visiond_turn turn,
		     const struct visiond_thing *thing);
	void (*result)(void *data, const struct visiond_look *look);
	void (*camera)(void *data, bool is_there); /* lost, or back */
	void *data;
};

enum visiond_sight {
	VISIOND_SEES,   /* frames come */
	VISIOND_WAITS,  /* for a camera */
	VISIOND_ENDED,  /* a file that could not be begun again */
};

/* What there is to see, for people. */
struct visiond_eye_state {
	enum visiond_sight sight;
	const char *name;        /* the camera's, the file's; "" while there is none */
	const char *path;        /* the camera's node, NULL for files and while away */
	const char *why;         /* why there is none */
	enum atoll_pixels pixels;
	uint32_t width, height;  /* of the last frame */
	uint32_t rate_mhz;       /* frames, lately */
	struct atoll_source_counts counts; /* since open */
};

/* NULL with a sentence when a model or its labels cannot be used. `config`, `devices`
   and `log` must outlive it. */
struct visiond_eye *visiond_eye_new(const struct visiond_config *config,
				    struct atoll_devices *devices,
				    const struct visiond_eye_calls *calls,
				    const struct atoll_log *log, struct atoll_error *err);

/* 0 also when there is no camera yet; otherwise what is wrong with the file. */
int visiond_eye_open(struct visiond_eye *eye, struct atoll_loop *loop,
		     struct atoll_error *err);

/* Everything disappears, then it is freed. NULL is allowed. */
void visiond_eye_close(struct visiond_eye *eye);

/* Once a second: rates. */
void visiond_eye_tick(struct visiond_eye *eye);

struct visiond_eye_state visiond_eye_state(const struct visiond_eye *eye);

/* NULL past the end. */
const struct visiond_look *visiond_eye_look(const struct visiond_eye *eye, uint32_t i);

#endif
