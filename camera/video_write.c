/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/video.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "camera/encode.h"
#include "camera/samples.h"

#define QUALITY 90

struct atoll_video_writer {
	FILE *file;
	char *name;
	uint32_t rate_mhz;
	struct atoll_encoder *encoder; /* MJPEG; NULL: Y4M */
	struct atoll_frame first;      /* what all frames look like */
	bool has_first;
	uint8_t *row;                  /* [width] of one component, Y4M */
};

static bool ends_in(const char *path, const char *ending)
{
	size_t length = strlen(path), end = strlen(ending);

	return length > end && strcasecmp(path + length - end, ending) == 0;
}

static int open_writer(struct atoll_video_writer *writer, const char *path,
		       struct atoll_error *err)
{
	bool is_stdout = strcmp(path, "-") == 0;

	writer->name = strdup(is_stdout ? "standard output" : path);
	if (!writer->name)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", path);
	if (is_stdout || ends_in(path, ".mjpeg") || ends_in(path, ".mjpg")) {
		writer->encoder = atoll_encoder_new(err);
		if (!writer->encoder)
			return -ENOMEM;
	} else if (!ends_in(path, ".y4m")) {
		return atoll_error_set(err, -EINVAL, "%s: a video is called .y4m, .mjpeg or "
				       ".mjpg", atoll_error_path(path));
	}
	writer->file = is_stdout ? stdout : fopen(path, "we");
	if (!writer->file)
		return atoll_error_set(err, -errno, "%s: %s", atoll_error_path(path),
				       strerror(errno));
	return 0;
}

static void free_writer(struct atoll_video_writer *writer)
{
	atoll_encoder_free(writer->encoder);
	free(writer->row);
	free(writer->name);
	free(writer);
}

ATOLL_API struct atoll_video_writer *atoll_video_create(const char *path,
							uint32_t frame_rate_mhz,
							struct atoll_error *err)
{
	struct atoll_video_writer *writer = calloc(1, sizeof(*writer));

	if (!writer) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory", path);
		return NULL;
	}
	writer->rate_mhz = frame_rate_mhz;
	if (open_writer(writer, path, err) == 0)
		return writer;
	free_writer(writer);
	return NULL;
}

static bool is_like_first(const struct atoll_video_writer *writer,
			  const struct atoll_frame *frame)
{
	const struct atoll_frame *first = &writer->first;

	return frame->pixels == first->pixels && frame->width == first->width &&
	       frame->height == first->height;
}

/* The header of the file says what its first frame is. */
static int begin_y4m(struct atoll_video_writer *writer, const struct atoll_frame *frame,
		     const struct camera_samples *samples, unsigned components)
{
	const char *colours = components == 1 ? "mono" :
			      samples[1].rows == 1 ? "422" : "420jpeg";

	writer->row = malloc(frame->width);
	if (!writer->row)
		return -ENOMEM;
	(void)fprintf(writer->file, "YUV4MPEG2 W%u H%u F%u:%u Ip A1:1 C%s XCOLORRANGE=%s%s\n",
		      frame->width, frame->height, writer->rate_mhz,
		      writer->rate_mhz ? 1000u : 0, colours,
		      frame->is_full_range ? "FULL" : "LIMITED",
		      frame->matrix == ATOLL_MATRIX_BT709 ? " XATOLL=BT709" : "");
	return 0;
}

static void write_samples(struct atoll_video_writer *writer,
			  const struct camera_samples *samples)
{
	for (uint32_t y = 0; y < samples->height; y++) {
		const uint8_t *from = samples->first + y * samples->stride;
		const uint8_t *row = samples->step == 1 ? from : writer->row;

		for (uint32_t x = 0; samples->step != 1 && x < samples->width; x++)
			writer->row[x] = from[x * samples->step];
		(void)fwrite(row, 1, samples->width, writer->file); /* ferror tells */
	}
}

static int write_y4m(struct atoll_video_writer *writer, const struct atoll_frame *frame)
{
	struct camera_samples samples[3];
	unsigned components = camera_samples_of(frame, samples);
	int r = 0;

	if (components == 0)
		return -ENOTSUP;
	if (!writer->has_first)
		r = begin_y4m(writer, frame, samples, components);
	if (r < 0)
		return r;
	(void)fputs("FRAME\n", writer->file);
	for (unsigned i = 0; i < components; i++)
		write_samples(writer, &samples[i]);
	return 0;
}

static int write_mjpeg(struct atoll_video_writer *writer, const struct atoll_frame *frame)
{
	const uint8_t *jpeg;
	size_t size;
	int r = atoll_encode_jpeg(writer->encoder, frame, QUALITY, &jpeg, &size);

	if (r == 0)
		(void)fwrite(jpeg, 1, size, writer->file); /* ferror tells */
	return r;
}

ATOLL_API int atoll_video_write(struct atoll_video_writer *writer,
				const struct atoll_frame *frame, struct atoll_error *err)
{
	int r;

	if (writer->has_first && !is_like_first(writer, frame))
		return atoll_error_set(err, -EINVAL, "%s: a frame of %s, %ux%u among frames of "
				       "%s, %ux%u", atoll_error_path(writer->name),
				       atoll_pixels_name(frame->pixels), frame->width,
				       frame->height, atoll_pixels_name(writer->first.pixels),
				       writer->first.width, writer->first.height);
	r = writer->encoder ? write_mjpeg(writer, frame) : write_y4m(writer, frame);
	if (r == -ENOTSUP)
		return atoll_error_set(err, r, "%s: frames of %s do not go into %s",
				       atoll_error_path(writer->name),
				       atoll_pixels_name(frame->pixels),
				       writer->encoder ? "MJPEG" : "Y4M; .mjpeg takes them");
	if (r == 0 && ferror(writer->file))
		r = -errno;
	if (r < 0)
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(writer->name),
				       strerror(-r));
	writer->first = *frame;
	writer->has_first = true;
	return 0;
}

ATOLL_API int atoll_video_finish(struct atoll_video_writer *writer, struct atoll_error *err)
{
	bool failed;
	int r = 0;

	if (!writer)
		return 0;
	errno = 0;
	failed = ferror(writer->file) || fflush(writer->file) != 0;
	if (writer->file != stdout)
		failed |= fclose(writer->file) != 0;
	if (failed) {
		r = errno ? -errno : -EIO;
		atoll_error_set(err, r, "%s: %s", atoll_error_path(writer->name), strerror(-r));
	}
	free_writer(writer);
	return r;
}
