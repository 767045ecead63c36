/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YUV4MPEG2, the format of the mjpegtools (yuv4mpeg(5)):
 *
 *	YUV4MPEG2 W640 H480 F30:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n
 *	FRAME\n
 *	640 * 480 bytes of Y, 320 * 240 of Cb, 320 * 240 of Cr
 *	FRAME\n
 *	...
 *
 * XCOLORRANGE is FFmpeg's. XATOLL=BT709 is ours: without it colours are BT.601.
 */
#include "camera/video_readers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 1024 /* of the file's and of a frame's header */
#define RATE_MHZ_MAX 1000000000 /* a frame each microsecond */

static const char magic[] = "FRAME";
#define MAGIC (sizeof(magic) - 1)

/* The length of the line at the start of the window with its newline, 0 when it is
   none or too long, or a negative errno. */
static int line_length(struct video_input *input)
{
	for (size_t seen = 0; seen < LINE_MAX; seen++) {
		int r = video_input_need(input, seen + 1);

		if (r < 0)
			return r;
		if (input->size <= seen)
			return 0;
		if (input->data[seen] == '\n')
			return (int)seen + 1;
	}
	return 0;
}

static int read_colours(struct video_y4m *y4m, const char *name, struct atoll_error *err)
{
	static const struct {
		const char *name;
		enum atoll_pixels pixels;
		bool is_422;
	} known[] = {
		{ "420", ATOLL_PIXELS_YU12, false },
		{ "420jpeg", ATOLL_PIXELS_YU12, false },
		{ "420mpeg2", ATOLL_PIXELS_YU12, false },
		{ "420paldv", ATOLL_PIXELS_YU12, false },
		{ "422", ATOLL_PIXELS_YUYV, true },
		{ "mono", ATOLL_PIXELS_GREY, false },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i].name) == 0) {
			y4m->layout.pixels = known[i].pixels;
			y4m->is_422 = known[i].is_422;
			return 0;
		}
	}
	return atoll_error_set(err, -ENOTSUP,
			       "Y4M colours C%.32s are not supported; 420, 422 and mono "
			       "of 8 bits are", name);
}

static bool read_rate(struct video_y4m *y4m, const char *text)
{
	unsigned frames, seconds;
	uint64_t rate_mhz;

	if (sscanf(text, "%9u:%9u", &frames, &seconds) != 2)
		return false;
	rate_mhz = seconds ? UINT64_C(1000) * frames / seconds : 0; /* 0:0: not known */
	y4m->rate_mhz = (uint32_t)rate_mhz;
	return rate_mhz <= RATE_MHZ_MAX;
}

static bool read_side(const char *text, uint32_t *side)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*side = (uint32_t)value;
	return *text >= '0' && *text <= '9' && *end == '\0' && value > 0 &&
	       value <= ATOLL_FRAME_SIDE_MAX;
}

/* One word of the header. */
static int read_word(struct video_y4m *y4m, const char *word, struct atoll_error *err)
{
	bool is_good = true;

	switch (word[0]) {
	case 'W': is_good = read_side(word + 1, &y4m->layout.width); break;
	case 'H': is_good = read_side(word + 1, &y4m->layout.height); break;
	case 'F': is_good = read_rate(y4m, word + 1); break;
	case 'C': return read_colours(y4m, word + 1, err);
	case 'X':
		if (strcmp(word, "XCOLORRANGE=FULL") == 0)
			y4m->layout.is_full_range = true;
		else if (strcmp(word, "XATOLL=BT709") == 0)
			y4m->layout.matrix = ATOLL_MATRIX_BT709;
		break;
	default: break; /* interlacing and shape of pixels: frames are taken whole */
	}
	return is_good ? 0 : atoll_error_set(err, -EBADMSG, "Y4M header: %.40s makes no sense",
					     word);
}

static int settle_size(struct video_y4m *y4m, struct atoll_error *err)
{
	uint32_t width = y4m->layout.width, height = y4m->layout.height;
	size_t luma = (size_t)width * height;
	size_t quarter = (size_t)((width + 1) / 2) * ((height + 1) / 2);

	if (luma == 0)
		return atoll_error_set(err, -EBADMSG, "Y4M header: no width or no height");
	if (y4m->is_422 && width % 2)
		return atoll_error_set(err, -ENOTSUP, "Y4M of %ux%u pixels: 4:2:2 needs an "
				       "even width", width, height);
	y4m->frame_size = luma;
	if (y4m->layout.pixels == ATOLL_PIXELS_YU12)
		y4m->frame_size += 2 * quarter;
	if (!y4m->is_422)
		return 0;
	y4m->frame_size += luma;
	y4m->pairs = malloc(y4m->frame_size);
	return y4m->pairs ? 0 : atoll_error_set(err, -ENOMEM, "Y4M: out of memory");
}

int video_y4m_open(struct video_y4m *y4m, struct video_input *input, struct atoll_error *err)
{
	char line[LINE_MAX + 1], *rest = line, *word;
	int length = line_length(input), r = 0;

	*y4m = (struct video_y4m){ .layout.pixels = ATOLL_PIXELS_YU12 };
	if (length < 0)
		return atoll_error_set(err, length, "%s", strerror(-length));
	if (length == 0)
		return atoll_error_set(err, -EBADMSG, "Y4M header: no end of line in %d bytes",
				       LINE_MAX);
	memcpy(line, input->data, (size_t)length);
	line[length - 1] = '\0';
	(void)strsep(&rest, " "); /* the magic word */
	while (r == 0 && (word = strsep(&rest, " ")))
		r = read_word(y4m, word, err);
	if (r < 0)
		return r;
	video_input_skip(input, (size_t)length);
	return settle_size(y4m, err);
}

void video_y4m_close(struct video_y4m *y4m)
{
	free(y4m->pairs);
}

static int damaged(struct video_y4m *y4m, struct video_input *input, const char *why,
		   struct atoll_error *err)
{
	y4m->is_lost = true;
	return atoll_error_set(err, -EBADMSG, "byte %" PRIu64 ": %s", input->offset, why);
}

/* Pass over everything up to the next "FRAME". */
static int find_frame(struct video_y4m *y4m, struct video_input *input)
{
	y4m->is_lost = false;
	for (;;) {
		const uint8_t *found = memmem(input->data, input->size, magic, MAGIC);
		int r;

		if (found) {
			video_input_skip(input, (size_t)(found - input->data));
			return 0;
		}
		if (input->is_end)
			return -ENODATA;
		if (input->size >= MAGIC)
			video_input_skip(input, input->size - (MAGIC - 1));
		r = video_input_more(input);
		if (r < 0)
			return r;
	}
}

static void interleave(const struct video_y4m *y4m, const uint8_t *planes)
{
	size_t pixels = (size_t)y4m->layout.width * y4m->layout.height;
	const uint8_t *luma = planes, *blue = planes + pixels, *red = blue + pixels / 2;

	for (size_t i = 0; i < pixels / 2; i++) {
		y4m->pairs[4 * i] = luma[2 * i];
		y4m->pairs[4 * i + 1] = blue[i];
		y4m->pairs[4 * i + 2] = luma[2 * i + 1];
		y4m->pairs[4 * i + 3] = red[i];
	}
}

int video_y4m_next(struct video_y4m *y4m, struct video_input *input,
		   struct atoll_frame *frame, size_t *taken, struct atoll_error *err)
{
	struct atoll_frame found = y4m->layout;
	const uint8_t *pixels;
	size_t line;
	int r = y4m->is_lost ? find_frame(y4m, input) : video_input_more(input);

	if (r == 0 && input->size == 0)
		return -ENODATA;
	if (r == 0)
		r = line_length(input);
	if (r < 0)
		return r == -ENODATA ? r : atoll_error_set(err, r, "%s", strerror(-r));
	line = (size_t)r;
	if (line <= MAGIC || memcmp(input->data, magic, MAGIC) != 0 ||
	    (input->data[MAGIC] != '\n' && input->data[MAGIC] != ' ')) {
		/* Not to be found again as it is. */
		video_input_skip(input, 1);
		return damaged(y4m, input, "no FRAME where one should begin", err);
	}
	r = video_input_need(input, line + y4m->frame_size);
	if (r < 0)
		return atoll_error_set(err, r, "%s", strerror(-r));
	if (input->size < line + y4m->frame_size) {
		video_input_skip(input, input->size);
		return damaged(y4m, input, "the file ends within a frame", err);
	}
	pixels = input->data + line;
	if (y4m->is_422) {
		interleave(y4m, pixels);
		pixels = y4m->pairs;
	}
	(void)atoll_frame_lay(&found, pixels, y4m->frame_size, 0); /* fitted at open */
	*taken = line + y4m->frame_size;
	*frame = found;
	return 0;
}
