/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JPEG files one after another. Where one ends is found by its markers (ITU-T
 * T.81, annex B), since a picture may hold another one, as a preview, and the bytes
 * of its scans may look like anything:
 *
 *	FF D8 | FF E0 length .. | FF C0 length .. | FF DA length .. scan .. | FF D9
 *	SOI     segment           segment           segment                   EOI
 *
 * In a scan FF is followed by 00, by a restart marker D0 to D7, or by the marker
 * that ends it.
 */
#include "camera/video_readers.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Larger than the pictures of any camera that streams them. */
#define FRAME_BYTES_MAX (16u << 20)

enum {
	TEM = 0x01,
	SOF0 = 0xC0, DHT = 0xC4, JPG = 0xC8, DAC = 0xCC, SOF15 = 0xCF,
	RST0 = 0xD0, RST7 = 0xD7,
	SOI = 0xD8, EOI = 0xD9, SOS = 0xDA,
};

/* Where we are in the picture that begins at the start of the window. */
struct walk {
	struct video_input *input;
	size_t at;
	size_t sure;            /* behind the last marker that was where it must be */
	uint32_t width, height; /* once a frame header told */
	int r;                  /* what need said */
};

/* Are there `more` bytes from here on? */
static bool has(struct walk *walk, size_t more)
{
	if (walk->at + more > FRAME_BYTES_MAX)
		return false;
	walk->r = video_input_need(walk->input, walk->at + more);
	return walk->r == 0 && walk->input->size >= walk->at + more;
}

static uint32_t two_bytes(const struct walk *walk, size_t ahead)
{
	const uint8_t *bytes = walk->input->data + walk->at + ahead;

	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static bool is_frame_header(uint8_t marker)
{
	return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG &&
	       marker != DAC;
}

/* The next marker, with its FF passed over; 0 when there is none here. */
static uint8_t take_marker(struct walk *walk)
{
	uint8_t byte = 0xFF;

	if (!has(walk, 2) || walk->input->data[walk->at] != 0xFF)
		return 0;
	while (byte == 0xFF && has(walk, 1)) /* any number of them may come */
		byte = walk->input->data[walk->at++];
	return byte == 0xFF ? 0 : byte;
}

static bool pass_segment(struct walk *walk, uint8_t marker)
{
	/* length, precision, height, width */
	if (!has(walk, is_frame_header(marker) ? 7 : 2))
		return false;
	if (is_frame_header(marker)) {
		walk->height = two_bytes(walk, 3);
		walk->width = two_bytes(walk, 5);
	}
	if (two_bytes(walk, 0) < 2 || !has(walk, two_bytes(walk, 0)))
		return false;
	walk->at += two_bytes(walk, 0);
	return true;
}

/* To the marker behind the scan. */
static bool pass_scan(struct walk *walk)
{
	while (has(walk, 2)) {
		const uint8_t *from = walk->input->data + walk->at;
		size_t left = walk->input->size - walk->at;
		const uint8_t *found = memchr(from, 0xFF, left - 1);

		if (!found) {
			walk->at += left - 1;
			continue;
		}
		walk->at += (size_t)(found - from);
		if (found[1] != 0 && found[1] != 0xFF && (found[1] < RST0 || found[1] > RST7))
			return true;
		walk->at += found[1] == 0xFF ? 1 : 2;
	}
	return false;
}

/* From SOI to behind EOI: NULL, or what is wrong. */
static const char *walk_picture(struct walk *walk)
{
	walk->at = 2;
	walk->sure = 2;
	for (;;) {
		uint8_t marker = take_marker(walk);

		if (marker == EOI)
			break;
		if (marker == SOI) {
			walk->sure = walk->at - 2;
			return "another picture begins within it";
		}
		if (marker == 0)
			return "no marker where one must be";
		walk->sure = walk->at;
		if (marker == TEM || (marker >= RST0 && marker <= RST7))
			continue;
		if (!pass_segment(walk, marker) || (marker == SOS && !pass_scan(walk)))
			return walk->at >= FRAME_BYTES_MAX ? "larger than 16 MiB" :
							     "it does not end";
	}
	if (walk->width == 0 || walk->height == 0 || walk->width > ATOLL_FRAME_SIDE_MAX ||
	    walk->height > ATOLL_FRAME_SIDE_MAX)
		return "no size, or one out of range";
	return NULL;
}

/* Pass over everything before the next SOI. How many bytes other than 0 that was
   is told; -ENODATA when none follows. */
static int find_picture(struct video_input *input, bool *has_litter)
{
	*has_litter = false;
	for (;;) {
		int r = video_input_need(input, 3);

		if (r < 0)
			return r;
		if (input->size < 3) {
			for (size_t i = 0; i < input->size; i++)
				*has_litter |= input->data[i] != 0;
			video_input_skip(input, input->size);
			return -ENODATA;
		}
		if (input->data[0] == 0xFF && input->data[1] == SOI && input->data[2] == 0xFF)
			return 0;
		*has_litter |= input->data[0] != 0;
		video_input_skip(input, 1);
	}
}

int video_mjpeg_next(struct video_input *input, struct atoll_frame *frame, size_t *taken,
		     struct atoll_error *err)
{
	struct walk walk = { .input = input };
	uint64_t start = input->offset;
	bool has_litter;
	const char *why;
	int r = find_picture(input, &has_litter);

	if (r < 0 && r != -ENODATA)
		return atoll_error_set(err, r, "%s", strerror(-r));
	if (has_litter)
		return atoll_error_set(err, -EBADMSG, "byte %" PRIu64 ": no JPEG begins here",
				       start);
	if (r < 0)
		return r;
	start = input->offset;
	why = walk_picture(&walk);
	if (walk.r < 0)
		return atoll_error_set(err, walk.r, "%s", strerror(-walk.r));
	if (why) {
		/* The last length may be what is wrong: pictures that it leads past
		   are not lost, at the price of showing a preview in their place. */
		video_input_skip(input, walk.sure);
		(void)find_picture(input, &has_litter); /* the next call says */
		return atoll_error_set(err, -EBADMSG, "JPEG at byte %" PRIu64 ": %s", start, why);
	}
	*frame = (struct atoll_frame){
		.pixels = ATOLL_PIXELS_JPEG,
		.width = walk.width,
		.height = walk.height,
		.plane = { input->data },
		.bytes = walk.at,
		.is_full_range = true,
	};
	*taken = walk.at;
	return 0;
}
