/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/teach_variants.h"

#include <math.h>
#include <stddef.h>

/* From a place in the variant, counted from the middle, back to one in the picture. */
struct view {
	double scale;        /* above 1: the thing is farther away */
	double right, down;  /* in widths and heights */
	double turn;         /* radians */
	double light;
};

static const struct view views[TEACH_VARIANTS] = {
	{ 1.00,  0.00,  0.00,  0.00, 1.00 },
	{ 1.00,  0.00,  0.00,  0.30, 1.00 },
	{ 1.00,  0.00,  0.00, -0.30, 1.00 },
	{ 0.75,  0.00,  0.00,  0.15, 1.00 },
	{ 1.30,  0.00,  0.00, -0.15, 1.00 },
	{ 1.00,  0.12,  0.08,  0.00, 0.75 },
	{ 1.00, -0.12, -0.08,  0.00, 1.25 },
	{ 0.85,  0.08, -0.12,  0.20, 1.00 },
	{ 1.15, -0.08,  0.12, -0.20, 0.85 },
};

/* A place between two pixels along one axis. */
struct place {
	uint32_t from, to;
	double share; /* of `to` */
};

static struct place find_place(double at, uint32_t pixels)
{
	const double kept = fmin(fmax(at, 0), pixels - 1);
	const uint32_t from = (uint32_t)kept;

	return (struct place){ from, from + 1 < pixels ? from + 1 : from, kept - from };
}

static double sample(const struct teach_image *image, struct place x, struct place y,
		     uint32_t channel)
{
	const size_t step = image->channels, row = image->width * step;
	const uint8_t *upper = image->bytes + y.from * row + channel;
	const uint8_t *lower = image->bytes + y.to * row + channel;
	const double above = upper[x.from * step] * (1 - x.share) + upper[x.to * step] * x.share;
	const double below = lower[x.from * step] * (1 - x.share) + lower[x.to * step] * x.share;

	return above * (1 - y.share) + below * y.share;
}

void teach_variant(uint32_t which, const struct teach_image *image, uint8_t *out)
{
	const struct view *view = &views[which % TEACH_VARIANTS];
	const double middle_x = (image->width - 1) / 2.0;
	const double middle_y = (image->height - 1) / 2.0;
	const double along = view->scale * cos(view->turn), across = view->scale * sin(view->turn);

	for (uint32_t y = 0; y < image->height; y++)
		for (uint32_t x = 0; x < image->width; x++) {
			const double u = x - middle_x, v = y - middle_y;
			const struct place px = find_place(middle_x + view->right * image->width +
							   u * along - v * across,
							   image->width);
			const struct place py = find_place(middle_y + view->down * image->height +
							   u * across + v * along,
							   image->height);

			for (uint32_t c = 0; c < image->channels; c++)
				*out++ = (uint8_t)fmin(sample(image, px, py, c) * view->light +
						       0.5, UINT8_MAX);
		}
}
