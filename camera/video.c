/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/video.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "camera/video_readers.h"

static const char y4m_magic[] = "YUV4MPEG2 ";

struct atoll_video {
	struct video_input input;
	bool is_y4m;
	struct video_y4m y4m;
	size_t taken;       /* of the window, by the last frame */
	uint64_t start;     /* of the first frame */
	char *name;
	struct atoll_error err;
};

static int open_kind(struct atoll_video *video, struct atoll_error *err)
{
	struct video_input *input = &video->input;
	int r = video_input_need(input, 12);
	const uint8_t *begin = input->data;

	if (r < 0)
		return atoll_error_set(err, r, "%s", strerror(-r));
	if (input->size >= sizeof(y4m_magic) - 1 &&
	    memcmp(begin, y4m_magic, sizeof(y4m_magic) - 1) == 0) {
		video->is_y4m = true;
		r = video_y4m_open(&video->y4m, input, err);
	} else if (input->size >= 12 && memcmp(begin, "RIFF", 4) == 0 &&
		   memcmp(begin + 8, "AVI ", 4) == 0) {
		r = atoll_error_set(err, -ENOTSUP, "an AVI file is not read; if it holds "
				    "MJPEG, ffmpeg -i FILE -c:v copy FILE.mjpeg takes it out");
	} else if (input->size < 2 || begin[0] != 0xFF || begin[1] != 0xD8) {
		r = atoll_error_set(err, -ENOTSUP, "neither Y4M nor MJPEG");
	}
	video->start = input->offset;
	return r;
}

/* Takes `video`, whose input is open. */
static struct atoll_video *begun(struct atoll_video *video, const char *name,
				 struct atoll_error *err)
{
	struct atoll_error own;
	int r;

	video->name = strdup(name);
	r = video->name ? open_kind(video, &own) :
			  atoll_error_set(&own, -ENOMEM, "out of memory");
	if (r == 0)
		return video;
	atoll_error_set(err, r, "%s: %s", atoll_error_path(name), own.text);
	atoll_video_close(video);
	return NULL;
}

ATOLL_API struct atoll_video *atoll_video_open(const char *path, struct atoll_error *err)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct atoll_video *video = calloc(1, sizeof(*video));
	int r = video ? video_input_open(&video->input, path) : -ENOMEM;

	if (r == 0)
		return begun(video, name, err);
	atoll_error_set(err, r, "%s: %s", atoll_error_path(name), strerror(-r));
	free(video);
	return NULL;
}

ATOLL_API struct atoll_video *atoll_video_open_bytes(const void *bytes, size_t size,
						     struct atoll_error *err)
{
	struct atoll_video *video = calloc(1, sizeof(*video));

	if (!video) {
		atoll_error_set(err, -ENOMEM, "video: out of memory");
		return NULL;
	}
	video_input_open_bytes(&video->input, bytes, size);
	return begun(video, "video", err);
}

ATOLL_API void atoll_video_close(struct atoll_video *video)
{
	if (!video)
		return;
	video_y4m_close(&video->y4m);
	video_input_close(&video->input);
	free(video->name);
	free(video);
}

ATOLL_API int atoll_video_next(struct atoll_video *video, struct atoll_frame *frame)
{
	struct atoll_error why;
	int r;

	video_input_skip(&video->input, video->taken);
	video->taken = 0;
	r = video->is_y4m ?
		video_y4m_next(&video->y4m, &video->input, frame, &video->taken, &why) :
		video_mjpeg_next(&video->input, frame, &video->taken, &why);
	if (r == -ENODATA)
		return atoll_error_set(&video->err, r, "%s: no more frames",
				       atoll_error_path(video->name));
	if (r < 0)
		return atoll_error_set(&video->err, r, "%s: %s",
				       atoll_error_path(video->name), why.text);
	return 0;
}

ATOLL_API int atoll_video_rewind(struct atoll_video *video)
{
	int r = video_input_rewind(&video->input, video->start);

	if (r < 0)
		return atoll_error_set(&video->err, r, "%s: cannot be read twice: %s",
				       atoll_error_path(video->name), strerror(-r));
	video->taken = 0;
	video->y4m.is_lost = false;
	return 0;
}

ATOLL_API uint32_t atoll_video_frame_rate_mhz(const struct atoll_video *video)
{
	return video->y4m.rate_mhz;
}

ATOLL_API const struct atoll_error *atoll_video_error(const struct atoll_video *video)
{
	return &video->err;
}
