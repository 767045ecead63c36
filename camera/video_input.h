/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_VIDEO_INPUT_H
#define ATOLL_CAMERA_VIDEO_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a video, from a file, a pipe or memory, with a window upon them that
 * is moved along: a frame is looked at where it lies.
 *
 *	while (video_input_need(&input, size) >= 0 && input.size >= size) {
 *		look_at(input.data);
 *		video_input_skip(&input, size);
 *	}
 */
struct video_input {
	const uint8_t *data; /* what is in the window; need may move it */
	size_t size;
	uint64_t offset;     /* of the window in the file */
	bool is_end;         /* nothing follows the window */
	/* Ours: */
	int fd;              /* -1: memory */
	bool is_ours;        /* the fd, to close */
	uint8_t *buffer;
	size_t room;
	const uint8_t *bytes; /* memory */
	size_t bytes_size;
};

/* "-" is standard input. 0 or a negative errno. */
int video_input_open(struct video_input *input, const char *path);
void video_input_open_bytes(struct video_input *input, const void *bytes, size_t size);
void video_input_close(struct video_input *input);

/* Widen the window to `size` bytes, or to the end of the file if that is nearer.
   0, -ENOMEM, or what read said: -EINTR after a signal, and then it may be asked again. */
int video_input_need(struct video_input *input, size_t size);

/* The same, by a piece worth reading; 0 also when there is nothing more. */
int video_input_more(struct video_input *input);

/* Pass over the first `size` bytes of the window. */
void video_input_skip(struct video_input *input, size_t size);

/* Begin again at byte `offset`. -ESPIPE for a pipe. */
int video_input_rewind(struct video_input *input, uint64_t offset);

#endif
