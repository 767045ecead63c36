/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bilinear stretching. Source rows are first stretched along x, in double, and
 * the two nearest to an output row are then mixed. The last two stretched rows
 * are kept, so that a source row is read at most once when it serves several
 * output rows, and never when it serves none.
 */
#include "camera/picture.h"

#include <errno.h>
#include <stdlib.h>

/* Between which two source pixels an output pixel lies. */
struct place {
	uint32_t first, second; /* the same at the far edge */
	double to_second;       /* 0 to 1: how far the way to second is gone */
};

static struct place find_place(uint32_t o, uint32_t out, uint32_t in)
{
	double p = ((double)o + 0.5) * (double)in / (double)out - 0.5;
	struct place place;

	if (p < 0)
		p = 0;
	if (p > (double)(in - 1))
		p = (double)(in - 1);
	place.first = (uint32_t)p;
	place.second = place.first + 1 < in ? place.first + 1 : place.first;
	place.to_second = p - (double)place.first;
	return place;
}

/*
 * The products have statements of their own so that no compiler joins one with
 * the sum: a fused multiply-add rounds once less and can change a byte.
 */
static double mix(double first, double second, double to_second)
{
	double near = first * (1 - to_second);
	double far = second * to_second;

	return near + far;
}

static void stretch_row(double *out, uint32_t width, const struct place *places,
			const uint8_t *rgb)
{
	for (uint32_t x = 0; x < width; x++) {
		const struct place *place = &places[x];
		const uint8_t *first = rgb + (size_t)place->first * 3;
		const uint8_t *second = rgb + (size_t)place->second * 3;

		for (unsigned c = 0; c < 3; c++)
			*out++ = mix(first[c], second[c], place->to_second);
	}
}

struct stretched {
	double *samples; /* [width][3] */
	uint32_t y;      /* of the source row, or NO_ROW */
};

#define NO_ROW UINT32_MAX

/*
 * The two rows an output row needs are neighbours: one even, one odd, so they
 * never compete for a place.
 */
static const double *stretched_row(struct stretched rows[2], uint32_t y,
				   const struct atoll_picture *picture,
				   uint32_t width, const struct place *places)
{
	struct stretched *row = &rows[y & 1];

	if (row->y != y) {
		stretch_row(row->samples, width, places,
			    picture->rgb + (size_t)y * picture->width * 3);
		row->y = y;
	}
	return row->samples;
}

ATOLL_API int atoll_picture_resize(const struct atoll_picture *picture,
				   uint32_t width, uint32_t height, uint8_t *rgb)
{
	struct stretched rows[2] = { { .y = NO_ROW }, { .y = NO_ROW } };
	struct place *places;
	size_t samples = (size_t)width * 3;
	int r = -ENOMEM;

	if (!width || !height)
		return -EINVAL;
	places = calloc(width, sizeof(*places));
	rows[0].samples = calloc(width, 3 * sizeof(double));
	rows[1].samples = calloc(width, 3 * sizeof(double));
	if (!places || !rows[0].samples || !rows[1].samples)
		goto out;

	for (uint32_t x = 0; x < width; x++)
		places[x] = find_place(x, width, picture->width);
	for (uint32_t y = 0; y < height; y++) {
		struct place place = find_place(y, height, picture->height);
		const double *first = stretched_row(rows, place.first, picture, width, places);
		const double *second = stretched_row(rows, place.second, picture, width, places);

		for (size_t i = 0; i < samples; i++)
			*rgb++ = (uint8_t)(mix(first[i], second[i], place.to_second) + 0.5);
	}
	r = 0;
out:
	free(places);
	free(rows[0].samples);
	free(rows[1].samples);
	return r;
}
