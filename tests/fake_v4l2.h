/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FAKE_V4L2_H
#define ATOLL_TESTS_FAKE_V4L2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "camera/device.h"

/*
 * Video devices without a kernel: as many buffers, refusals and lies as a test
 * wants, and a count of everything that is open, mapped or queued.
 *
 *	fake_v4l2_reset();                   one camera at /dev/video0
 *	camera = camera_open_on(&fake_v4l2_device, &config, NULL);
 *	fake_v4l2.node[0].bytes_used = 100;
 *	fake_v4l2_shoot(0);
 *	assert_int_equal(atoll_camera_next(camera, 0, &frame), -EIO);
 *
 * Mapped memory is malloc'ed, so that sanitizers see who reads beyond it. Never
 * waits: poll says at once that time is up.
 */
enum { FAKE_NODES = 4, FAKE_BUFFERS = 8, FAKE_MODES = 8, FAKE_CONTROLS = 12 };

struct fake_mode {
	uint32_t fourcc; /* modes of one format stand together; 0 ends the list */
	bool is_emulated;
	uint32_t width, height; /* 0: no sizes are listed */
	uint32_t rate_mhz[4];   /* 0 ends the list */
	uint32_t width_low, height_low; /* not 0: sizes from here, in steps of 2 */
	bool has_rate_range;            /* rate_mhz: the highest, the lowest */
};

/* FAKE_MODE(YUYV, 640, 480, 30000, 15000): rates last. */
#define FAKE_MODE(name, x, y, ...) \
	{ .fourcc = V4L2_PIX_FMT_##name, .width = (x), .height = (y), \
	  .rate_mhz = { __VA_ARGS__ } }
#define FAKE_EMULATED(name, x, y, ...) \
	{ .fourcc = V4L2_PIX_FMT_##name, .is_emulated = true, .width = (x), .height = (y), \
	  .rate_mhz = { __VA_ARGS__ } }

struct fake_control {
	uint32_t id, type, flags; /* 0 ends the list */
	const char *name;
	int64_t low, high, step, standard, value;
	const char *const *menu;    /* a NULL leaves a number out */
	const int64_t *integers;    /* of an integer menu */
	char text[16];
	uint32_t elements;          /* more than one: an array */
	uint32_t switches_off;      /* the control that is inactive while this is on */
};

struct fake_node {
	/* What it is. No card: nothing is there. */
	const char *card, *bus, *driver;
	uint32_t can; /* V4L2_CAP_... */
	struct fake_mode mode[FAKE_MODES];
	struct fake_control control[FAKE_CONTROLS];

	/* What it says of its frames. */
	uint32_t stride, size_image; /* 0: as it should be */
	bool hides_stride;           /* says 0 */
	uint32_t colorspace, encoding, quantization, field;
	uint32_t gives_fourcc;       /* whatever was asked for */
	bool has_no_rate;            /* VIDIOC_S_PARM is unknown to it */
	bool exports;

	/* How it misbehaves. */
	int open_error;      /* what open says, 0: nothing */
	bool is_busy;        /* someone else streams */
	bool is_broken;      /* an error only a new stream ends */
	bool shoots_by_itself; /* a frame whenever poll waits for one */
	int dequeue_errors;  /* so many calls say -EIO */
	int queue_errors;    /* so many calls say -EINVAL */
	bool lies_once;      /* about the index of the next frame */
	uint32_t index_lie;

	/* What the next frames are like. */
	uint32_t bytes_used; /* 0: whole */
	uint32_t flags;      /* beside the clock's */
	bool has_other_clock;
	const void *contents; /* bytes_used of them; NULL: the sequence number */
	uint32_t sequence;

	/* Ours. */
	int owner;
	uint32_t fourcc, width, height, rate_mhz;
	uint32_t buffers, queued, waiting;
	bool is_streaming;
	struct {
		enum { FAKE_IDLE, FAKE_QUEUED, FAKE_WAITING } state;
		void *data;
		uint32_t bytes_used, flags, sequence, turn;
		bool has_other_clock;
	} buffer[FAKE_BUFFERS];
	uint32_t turn;
};

extern struct fake_v4l2 {
	struct fake_node node[FAKE_NODES]; /* of /dev/video0 and so on */
	unsigned calls;     /* of the device so far */
	unsigned fails_at;  /* this call fails, 0: none does */
	int fails_with;
	unsigned open_fds, mappings;
	unsigned renewals;  /* of what loops wait for */
} fake_v4l2;

extern const struct camera_device fake_v4l2_device;

/* Everything closed must be closed by then; one camera, "Fake" on USB, that gives
   YUYV and MJPG. */
void fake_v4l2_reset(void);

/* A picture is taken: a queued buffer is filled. Whether there was one. */
bool fake_v4l2_shoot(unsigned node);

/* The device goes away; what is open stays open and is of no use. */
void fake_v4l2_unplug(unsigned node);

/* It comes back under the number `to`. */
void fake_v4l2_plug(unsigned from, unsigned to);

#endif
