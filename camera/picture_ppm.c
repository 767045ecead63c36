/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PPM (P6, colour) and PGM (P5, grey): words in ASCII, then samples.
 *
 *   "P6" blank width blank height blank maximum, one blank, samples
 *
 * Blanks may be any number of spaces and line ends, and comments from '#' to
 * the end of the line. A sample is one byte, or two, high byte first, when the
 * maximum does not fit in one.
 */
#include "camera/picture_readers.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct ppm {
	const struct picture_file *file;
	size_t at; /* next byte of the header, then of the samples */
	uint32_t width, height, max;
	uint32_t samples; /* of a pixel: 1 or 3 */
	uint32_t sample_size;
};

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_blanks(struct ppm *ppm)
{
	const struct picture_file *file = ppm->file;
	bool in_comment = false;

	for (; ppm->at < file->size; ppm->at++) {
		uint8_t byte = file->bytes[ppm->at];

		if (in_comment)
			in_comment = byte != '\n' && byte != '\r';
		else if (byte == '#')
			in_comment = true;
		else if (!is_blank(byte))
			return;
	}
}

static int read_number(struct ppm *ppm, const char *what, uint32_t *number,
		       struct atoll_error *err)
{
	const struct picture_file *file = ppm->file;
	uint32_t value = 0;
	size_t start;

	skip_blanks(ppm);
	if (ppm->at == file->size)
		return atoll_error_set(err, -EBADMSG, "the file ends early, before its %s", what);
	for (start = ppm->at; ppm->at < file->size; ppm->at++) {
		uint32_t digit = (uint32_t)file->bytes[ppm->at] - '0';

		if (digit > 9)
			break;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return atoll_error_set(err, -EBADMSG, "%s: too large a number", what);
	}
	if (ppm->at == start)
		return atoll_error_set(err, -EBADMSG, "%s: not a number", what);
	*number = value;
	return 0;
}

static int read_header(struct ppm *ppm, struct atoll_error *err)
{
	const struct picture_file *file = ppm->file;
	const char kind = (char)file->bytes[1];
	int r;

	if (kind != '5' && kind != '6')
		return atoll_error_set(err, -ENOTSUP,
				       "P%c, %s: only P5 and P6 are read", kind,
				       kind == '4' ? "one bit a pixel" : "samples as text");
	ppm->samples = kind == '5' ? 1 : 3;
	ppm->at = 2;
	r = read_number(ppm, "width", &ppm->width, err);
	if (r == 0)
		r = read_number(ppm, "height", &ppm->height, err);
	if (r == 0)
		r = read_number(ppm, "maximum", &ppm->max, err);
	if (r < 0)
		return r;
	if (ppm->max < 1 || ppm->max > 65535)
		return atoll_error_set(err, -EBADMSG, "a maximum of %u, not 1 to 65535",
				       ppm->max);
	ppm->sample_size = ppm->max < 256 ? 1 : 2;
	if (ppm->at < file->size && !is_blank(file->bytes[ppm->at]))
		return atoll_error_set(err, -EBADMSG, "no blank before the samples");
	if (ppm->at < file->size)
		ppm->at++;
	return 0;
}

static int check_rows(const struct ppm *ppm, struct atoll_error *err)
{
	uint64_t row_bytes = (uint64_t)ppm->width * ppm->samples * ppm->sample_size;
	uint64_t left = ppm->file->size - ppm->at;

	if (left / row_bytes >= ppm->height)
		return 0;
	return atoll_error_set(err, -EBADMSG, "the file ends early: %u of %u rows are there",
			       (uint32_t)(left / row_bytes), ppm->height);
}

/* Samples above the maximum are taken for the maximum. */
static uint8_t next_sample(struct ppm *ppm)
{
	const uint8_t *bytes = ppm->file->bytes + ppm->at;
	uint32_t value = bytes[0];

	if (ppm->sample_size == 2)
		value = value << 8 | bytes[1];
	ppm->at += ppm->sample_size;
	return picture_scale(value < ppm->max ? value : ppm->max, ppm->max);
}

static void unpack(struct ppm *ppm, uint8_t *rgb)
{
	const uint8_t *end = rgb + (size_t)ppm->width * ppm->height * 3;

	if (ppm->samples == 3 && ppm->max == 255) {
		memcpy(rgb, ppm->file->bytes + ppm->at, (size_t)(end - rgb));
		return;
	}
	for (; rgb < end; rgb += 3) {
		rgb[0] = next_sample(ppm);
		rgb[1] = ppm->samples == 3 ? next_sample(ppm) : rgb[0];
		rgb[2] = ppm->samples == 3 ? next_sample(ppm) : rgb[0];
	}
}

int picture_read_ppm(const struct picture_file *file,
		     struct atoll_picture *picture, struct atoll_error *err)
{
	struct ppm ppm = { .file = file };
	int r = read_header(&ppm, err);

	if (r == 0)
		r = picture_allocate(picture, ppm.width, ppm.height, PICTURE_UPRIGHT,
				     file->pixels_max, err);
	if (r == 0)
		r = check_rows(&ppm, err);
	if (r == 0)
		unpack(&ppm, picture->rgb);
	return r;
}
