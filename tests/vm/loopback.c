/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A camera that shows pictures: writes them to a v4l2loopback node, 15 frames a
 * second, until it is stopped.
 *
 *	loopback DEVICE PIXELS FRAMES PICTURE...
 *
 * Each picture stays for FRAMES frames, then the next one comes, over and over.
 * Colours become Y, Cb and Cr by ITU-R BT.601, limited range, which is what V4L2
 * takes for granted when nobody says more. JPEG files go in as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "camera/frame.h"
#include "camera/picture.h"

#define FRAME_NS (1000000000L / 15)

/* Where in its group of bytes a sample lies. */
struct layout {
	uint32_t code;  /* V4L2's */
	uint8_t group;  /* bytes of a pixel, or of a pair with common chroma */
	uint8_t at[4];  /* R, G, B; or Y, the next Y, Cb, Cr */
};

static const struct layout layouts[ATOLL_PIXELS_COUNT] = {
	[ATOLL_PIXELS_YUYV] = { V4L2_PIX_FMT_YUYV, 4, { 0, 2, 1, 3 } },
	[ATOLL_PIXELS_UYVY] = { V4L2_PIX_FMT_UYVY, 4, { 1, 3, 0, 2 } },
	[ATOLL_PIXELS_YVYU] = { V4L2_PIX_FMT_YVYU, 4, { 0, 2, 3, 1 } },
	[ATOLL_PIXELS_NV12] = { V4L2_PIX_FMT_NV12, 2, { 0, 0, 0, 1 } },
	[ATOLL_PIXELS_NV21] = { V4L2_PIX_FMT_NV21, 2, { 0, 0, 1, 0 } },
	[ATOLL_PIXELS_YU12] = { V4L2_PIX_FMT_YUV420, 1, { 0 } },
	[ATOLL_PIXELS_YV12] = { V4L2_PIX_FMT_YVU420, 1, { 0 } },
	[ATOLL_PIXELS_GREY] = { V4L2_PIX_FMT_GREY, 1, { 0 } },
	[ATOLL_PIXELS_RGB24] = { V4L2_PIX_FMT_RGB24, 3, { 0, 1, 2 } },
	[ATOLL_PIXELS_BGR24] = { V4L2_PIX_FMT_BGR24, 3, { 2, 1, 0 } },
	[ATOLL_PIXELS_XRGB] = { V4L2_PIX_FMT_RGB32, 4, { 1, 2, 3 } },
	[ATOLL_PIXELS_BGRX] = { V4L2_PIX_FMT_BGR32, 4, { 2, 1, 0 } },
	[ATOLL_PIXELS_JPEG] = { V4L2_PIX_FMT_MJPEG, 0, { 0 } },
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "loopback: %s: %s\n", what, why);
	exit(1);
}

/* A picture as it is written. */
struct shown {
	uint8_t *bytes;
	struct atoll_frame frame;
};

static uint8_t *plane(struct shown *shown, int i)
{
	return shown->bytes + (shown->frame.plane[i] - shown->frame.plane[0]);
}

/* The mean over the pixels that share a sample of chroma. */
static void mean(const struct atoll_picture *picture, uint32_t x, uint32_t y,
		 uint32_t width, uint32_t height, double rgb[3])
{
	double pixels = 0;

	rgb[0] = rgb[1] = rgb[2] = 0;
	for (uint32_t v = y; v < y + height && v < picture->height; v++)
		for (uint32_t u = x; u < x + width && u < picture->width; u++, pixels++)
			for (size_t c = 0; c < 3; c++)
				rgb[c] += picture->rgb[((size_t)v * picture->width + u) * 3 + c];
	for (size_t c = 0; c < 3; c++)
		rgb[c] /= pixels;
}

/* ITU-R BT.601, section 2.5.1 to 2.5.3, for 8 bits. */
static uint8_t luma(const double rgb[3])
{
	return (uint8_t)(16.5 + (65.481 * rgb[0] + 128.553 * rgb[1] + 24.966 * rgb[2]) / 255);
}

static uint8_t blueness(const double rgb[3])
{
	return (uint8_t)(128.5 + (-37.797 * rgb[0] - 74.203 * rgb[1] + 112 * rgb[2]) / 255);
}

static uint8_t redness(const double rgb[3])
{
	return (uint8_t)(128.5 + (112 * rgb[0] - 93.786 * rgb[1] - 18.214 * rgb[2]) / 255);
}

static void write_rgb(struct shown *shown, const struct layout *layout,
		      const struct atoll_picture *picture)
{
	for (size_t i = 0; i < (size_t)picture->width * picture->height; i++)
		for (size_t c = 0; c < 3; c++)
			shown->bytes[i * layout->group + layout->at[c]] = picture->rgb[i * 3 + c];
}

static void write_pairs(struct shown *shown, const struct layout *layout,
			const struct atoll_picture *picture)
{
	double rgb[3];

	for (uint32_t y = 0; y < picture->height; y++)
		for (uint32_t x = 0; x < picture->width; x += 2) {
			uint8_t *group = shown->bytes + (size_t)y * shown->frame.stride[0] + 2 * x;

			mean(picture, x, y, 1, 1, rgb);
			group[layout->at[0]] = luma(rgb);
			mean(picture, x + 1, y, 1, 1, rgb);
			group[layout->at[1]] = luma(rgb);
			mean(picture, x, y, 2, 1, rgb);
			group[layout->at[2]] = blueness(rgb);
			group[layout->at[3]] = redness(rgb);
		}
}

static void write_luma(struct shown *shown, const struct atoll_picture *picture)
{
	double rgb[3];

	for (uint32_t y = 0; y < picture->height; y++)
		for (uint32_t x = 0; x < picture->width; x++) {
			mean(picture, x, y, 1, 1, rgb);
			shown->bytes[(size_t)y * shown->frame.stride[0] + x] = luma(rgb);
		}
}

/* Half as wide and half as high: pairs in plane 1, or Cb in 1 and Cr in 2. */
static void write_chroma(struct shown *shown, const struct layout *layout,
			 const struct atoll_picture *picture)
{
	int second = shown->frame.plane[2] ? 2 : 1;
	double rgb[3];

	for (uint32_t y = 0; y < picture->height; y += 2)
		for (uint32_t x = 0; x < picture->width; x += 2) {
			size_t at = (size_t)(y / 2) * shown->frame.stride[1] +
				    (size_t)(x / 2) * layout->group;

			mean(picture, x, y, 2, 2, rgb);
			plane(shown, 1)[at + layout->at[2]] = blueness(rgb);
			plane(shown, second)[at + layout->at[3]] = redness(rgb);
		}
}

static void read_file(struct shown *shown, const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 20;

	shown->bytes = malloc(room);
	if (!file || !shown->bytes)
		die(path, strerror(errno));
	shown->frame.bytes = fread(shown->bytes, 1, room, file);
	if (ferror(file) || shown->frame.bytes == room)
		die(path, "cannot be read, or is larger than a frame should be");
	fclose(file);
}

static struct shown load(enum atoll_pixels pixels, const char *path)
{
	struct atoll_error err;
	struct atoll_picture *picture = atoll_picture_load(path, 0, &err);
	const struct layout *layout = &layouts[pixels];
	struct shown shown = { .frame.pixels = pixels };

	if (!picture)
		die("picture", err.text);
	shown.frame.width = picture->width & ~1u;
	shown.frame.height = picture->height & ~1u;
	if (shown.frame.width != picture->width || shown.frame.height != picture->height)
		die(path, "an odd width or height");
	if (pixels == ATOLL_PIXELS_JPEG) {
		read_file(&shown, path);
		atoll_picture_free(picture);
		return shown;
	}
	shown.bytes = calloc(picture->height, (size_t)picture->width * 4);
	if (!shown.bytes || atoll_frame_lay(&shown.frame, shown.bytes, SIZE_MAX, 0) < 0)
		die(path, "cannot be laid out");
	if (pixels >= ATOLL_PIXELS_RGB24)
		write_rgb(&shown, layout, picture);
	else if (pixels <= ATOLL_PIXELS_YVYU)
		write_pairs(&shown, layout, picture);
	else
		write_luma(&shown, picture);
	if (shown.frame.plane[1])
		write_chroma(&shown, layout, picture);
	atoll_picture_free(picture);
	return shown;
}

static int open_node(const char *path, const struct atoll_frame *frame)
{
	uint32_t code = layouts[frame->pixels].code;
	struct v4l2_format format = {
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		.fmt.pix = {
			.width = frame->width,
			.height = frame->height,
			.pixelformat = code,
			.field = V4L2_FIELD_NONE,
			.colorspace = V4L2_COLORSPACE_SRGB,
			.sizeimage = frame->width * frame->height * 2,
		},
	};
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, VIDIOC_S_FMT, &format) < 0)
		die(path, strerror(errno));
	if (format.fmt.pix.pixelformat != code || format.fmt.pix.width != frame->width ||
	    format.fmt.pix.height != frame->height)
		die(path, "does not take this format");
	return fd;
}

static void wait_for_turn(struct timespec *turn)
{
	turn->tv_nsec += FRAME_NS;
	if (turn->tv_nsec >= 1000000000L) {
		turn->tv_nsec -= 1000000000L;
		turn->tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, turn, NULL) == EINTR)
		;
}

int main(int argc, char **argv)
{
	enum atoll_pixels pixels = argc > 4 ? atoll_pixels_by_name(argv[2]) : ATOLL_PIXELS_NONE;
	unsigned long frames = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;
	struct timespec turn;
	struct shown *shown;
	int fd, pictures = argc - 4;

	if (!pixels || !frames)
		die("how", "loopback DEVICE PIXELS FRAMES PICTURE...");
	shown = calloc((size_t)pictures, sizeof(*shown));
	if (!shown)
		die("pictures", "out of memory");
	for (int i = 0; i < pictures; i++) {
		shown[i] = load(pixels, argv[4 + i]);
		if (shown[i].frame.width != shown[0].frame.width ||
		    shown[i].frame.height != shown[0].frame.height)
			die(argv[4 + i], "not as large as the first one");
	}
	fd = open_node(argv[1], &shown[0].frame);
	clock_gettime(CLOCK_MONOTONIC, &turn);
	for (unsigned long n = 0;; n++) {
		const struct shown *now = &shown[n / frames % (unsigned long)pictures];

		if (write(fd, now->bytes, now->frame.bytes) < 0)
			die(argv[1], strerror(errno));
		wait_for_turn(&turn);
	}
}
