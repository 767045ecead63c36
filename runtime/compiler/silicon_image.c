/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/silicon_image.h"

#include <errno.h>

#define SIDE 4              /* tiles */
#define UNIT_CHANNELS 4

uint32_t image_pitch(const struct image *image)
{
	return (image->left + image->width + image->right) * image->pixel;
}

uint32_t image_inside(const struct image *image)
{
	return image->base + image->above * image_pitch(image) + image->left * image->pixel;
}

static uint64_t image_units(const struct image *image)
{
	return (uint64_t)(image->above + image->height + image->below) * image_pitch(image);
}

static struct image plain(uint32_t height, uint32_t width, uint32_t channels)
{
	return (struct image){ .height = height / SIDE, .width = width / SIDE,
			       .pixel = (channels + UNIT_CHANNELS - 1) / UNIT_CHANNELS };
}

/* SAME pads both sides by one; with stride 2, of an even length, the far ones alone. */
static struct image input_of(const struct conv_layer *layer)
{
	struct image image = plain(layer->height, layer->width, layer->inputs);

	if (layer->kernel > 1) {
		image.below = image.right = 1;
		image.above = image.left = layer->stride == 1;
	}
	return image;
}

int image_place(const struct conv_layer *layer, uint32_t layers, struct image *image,
		uint32_t *end, struct atoll_error *err)
{
	const struct conv_layer *last = &layer[layers - 1];
	uint64_t most[2] = { 0 };

	for (uint32_t i = 0; i <= layers; i++) {
		image[i] = i < layers ? input_of(&layer[i]) :
			   plain(last->height / last->stride, last->width / last->stride,
				 last->outputs);
		if (image_units(&image[i]) > most[i % 2])
			most[i % 2] = image_units(&image[i]);
	}
	if (most[0] + most[1] > IMAGE_UNITS_MAX)
		return atoll_error_set(err, -ENOTSUP, "what it reads and makes takes more than "
				       "%u bytes of each tile, not for target silicon yet",
				       IMAGE_UNITS_MAX * UNIT_CHANNELS);
	for (uint32_t i = 1; i <= layers; i += 2)
		image[i].base = (uint32_t)most[0];
	*end = (uint32_t)(most[0] + most[1]);
	return 0;
}
