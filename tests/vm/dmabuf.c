/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does another device see the same picture?
 *
 *	dmabuf MATCH
 *
 * Takes ten frames of a camera and maps the DMABUF behind each, as whoever gets the
 * descriptor would. Says how many were the same to the byte.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "camera/capture.h"

enum { FRAMES = 10, TIMEOUT_MS = 20000 };

/* Vivid's grey is in one plane without gaps. */
static int is_same(const struct atoll_camera *camera, const struct atoll_frame *frame)
{
	int fd = atoll_camera_dmabuf(camera, frame);
	void *seen;
	int r;

	if (fd < 0) {
		fprintf(stderr, "dmabuf: %s\n", strerror(-fd));
		return 0;
	}
	seen = mmap(NULL, frame->bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (seen == MAP_FAILED) {
		perror("dmabuf: mmap");
		return 0;
	}
	r = memcmp(seen, frame->plane[0], frame->bytes) == 0;
	munmap(seen, frame->bytes);
	return r;
}

int main(int argc, char **argv)
{
	struct atoll_camera_config config = {
		.match = argc > 1 ? argv[1] : NULL,
		.pixels = ATOLL_PIXELS_GREY,
		.wants_dmabuf = true,
	};
	struct atoll_error err;
	struct atoll_camera *camera = atoll_camera_open(&config, &err);
	struct atoll_frame frame;
	int same = 0;

	if (!camera) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	for (int i = 0; i < FRAMES; i++) {
		if (atoll_camera_next(camera, TIMEOUT_MS, &frame) < 0)
			break;
		same += is_same(camera, &frame);
		if (atoll_camera_release(camera, &frame) < 0)
			break;
	}
	atoll_camera_close(camera);
	printf("%d of %d\n", same, FRAMES);
	return same == FRAMES ? 0 : 1;
}
