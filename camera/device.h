/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_DEVICE_H
#define ATOLL_CAMERA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "camera/capture.h"
#include "camera/controls.h"
#include "camera/find.h"
#include "camera/modes.h"

/*
 * Where this room ends and the kernel begins: what the files here ask of a video
 * device, and their entrances for tests that bring devices of their own
 * (tests/fake_v4l2.h). Inside the room only.
 *
 * Each call returns 0 or more, or a negative errno; none is interrupted by
 * signals but poll.
 */
struct camera_device {
	/* Read and write, never blocking, closed on exec. */
	int (*open)(const char *path);
	/* From now on offer formats the driver lacks, made from those it has. Where
	   that cannot be, the device is as it was. */
	void (*assist)(int fd);
	/* Also for descriptors that VIDIOC_EXPBUF and watch gave. */
	int (*close)(int fd);
	int (*ioctl)(int fd, unsigned long request, void *argument);
	/* `size` bytes to read from, `offset` as VIDIOC_QUERYBUF says. */
	int (*mmap)(int fd, size_t size, int64_t offset, void **data);
	int (*munmap)(void *data, size_t size);
	/* 1 when there is a frame, 0 after `timeout_ms` (negative: no limit), -EIO
	   when the device or its stream is broken, -EINTR. */
	int (*poll)(int fd, int timeout_ms);
	/* A descriptor for other people's loops, readable when poll would not wait.
	   Renewed after each frame until renewing says that it held. */
	int (*watch)(int fd);
	bool (*renew)(int watch_fd, int fd);
};

/* The kernel's devices, with libv4l2 to assist. */
extern const struct camera_device camera_device_real;

/* "/dev/video0" and so on up to this number (VIDEO_NUM_DEVICES of the kernel's
   v4l2-dev.c). */
enum { CAMERA_NODES_MAX = 256 };

/* A driver's text of at most `length` bytes, with what would do something to a
   terminal replaced: a USB device calls itself what it likes. */
void camera_copy_text(char *to, size_t size, const void *said, size_t length);

int camera_list_on(const struct camera_device *device, struct atoll_camera_node **nodes,
		   struct atoll_error *err);

/* `described`: the match of the board description, or NULL. */
int camera_find_on(const struct camera_device *device, const char *match,
		   const char *described, struct atoll_camera_node *node,
		   struct atoll_error *err);

/* Who has `path` open: "NAME, process ID", by looking through `proc` ("/proc").
   0, or -ENOENT when it is nobody we may see. */
int camera_holder(const char *proc, const char *path, char *text, size_t size);

int camera_modes_on(const struct camera_device *device, const char *path,
		    struct atoll_camera_mode **modes, struct atoll_error *err);

/* The modes of a device that is open already. */
int camera_modes_of(const struct camera_device *device, int fd,
		    struct atoll_camera_mode **modes, struct atoll_error *err);

struct atoll_camera *camera_open_on(const struct camera_device *device,
				    const struct atoll_camera_config *config,
				    struct atoll_error *err);

struct atoll_controls *camera_controls_on(const struct camera_device *device,
					  const char *path, struct atoll_error *err);

#endif
