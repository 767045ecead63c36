/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/silicon_conv_inside.h"

#include <errno.h>
#include <inttypes.h>

#include "runtime/compiler/silicon_scalar.h"
#include "runtime/compiler/silicon_tiles.h"
#include "runtime/isa/caching.h"

#define GROUP_FOURS 16              /* of outputs */
#define NARROW_STEP_BYTES 16        /* of groups of 4 */
#define STAGE_BYTES (CONV_STAGE_ROWS * CONV_ROW_BYTES)
#define INPUT_UNITS_MAX 16384       /* that a stream from the host can have: 14 bits */
#define CHANNELS_MAX 65536          /* so that nothing below overflows */
#define SIZE_MAX_PIXELS 8192        /* likewise */

/* Groups and rows */

bool conv_is_narrow(const struct conv_layer *layer)
{
	return layer->is_depthwise || layer->outputs <= 4;
}

uint32_t conv_tap_steps(const struct conv_layer *layer)
{
	return layer->is_depthwise ? 1 : conv_up(layer->inputs, 4);
}

uint32_t conv_group_fours(const struct conv_layer *layer)
{
	return conv_is_narrow(layer) ? 1 : GROUP_FOURS;
}

uint32_t conv_groups(const struct conv_layer *layer)
{
	return conv_up(layer->outputs, 4 * conv_group_fours(layer));
}

uint32_t conv_group_rows(const struct conv_layer *layer)
{
	uint32_t taps = layer->kernel * layer->kernel;

	return mac_tables(&layer->numbers) + conv_tap_steps(layer) * taps;
}

uint32_t conv_narrow_bytes(const struct conv_layer *layer)
{
	uint32_t bytes = conv_groups(layer) * conv_group_rows(layer) * NARROW_STEP_BYTES;

	return conv_up(bytes, ISA_CACHING_UNIT_BYTES) * ISA_CACHING_UNIT_BYTES;
}

uint32_t conv_kept_rows(const struct conv_layer *layer)
{
	if (conv_is_narrow(layer))
		return conv_up(conv_narrow_bytes(layer), CONV_ROW_BYTES);
	return conv_group_rows(layer) * conv_up(conv_groups(layer), TILES_TILES);
}

uint32_t conv_work_rows(const struct conv_layer *layer)
{
	return conv_is_narrow(layer) ? conv_narrow_bytes(layer) / NARROW_STEP_BYTES :
				       conv_group_rows(layer);
}

/* Those of all layers wait, those of one are computed with. */
static uint64_t all_rows(const struct conv_layer *layer, uint32_t layers)
{
	uint64_t kept = 0;
	uint32_t work = 0;

	for (uint32_t i = 0; i < layers; i++) {
		kept += conv_kept_rows(&layer[i]);
		if (conv_work_rows(&layer[i]) > work)
			work = conv_work_rows(&layer[i]);
	}
	return kept + work;
}

uint32_t conv_place(struct conv_layer *layer, uint32_t layers, uint32_t row)
{
	uint32_t all = (uint32_t)all_rows(layer, layers), at = row;

	for (uint32_t i = 0; i < layers; i++) {
		layer[i].row = at;
		at += conv_kept_rows(&layer[i]);
	}
	for (uint32_t i = 0; i < layers; i++)
		layer[i].work_row = at;
	return all;
}

/* What can be written */

bool conv_is_packed(const struct conv_layer *layer)
{
	return layer->inputs % 4 > 0;
}

static int check_size(const struct conv_layer *layer, bool is_first, struct atoll_error *err)
{
	uint32_t by = CONV_SIDE * layer->stride;

	if (layer->height > SIZE_MAX_PIXELS || layer->width > SIZE_MAX_PIXELS ||
	    layer->inputs > CHANNELS_MAX || layer->outputs > CHANNELS_MAX)
		return atoll_error_set(err, -ENOTSUP, "it is too large for target silicon");
	if (layer->height == 0 || layer->width == 0 || layer->height % by > 0 ||
	    layer->width % by > 0)
		return atoll_error_set(err, -ENOTSUP, "an image of %u x %u: height and width "
				       "have to be multiples of %u for target silicon",
				       layer->height, layer->width, by);
	if (layer->inputs == 0 || layer->outputs == 0 ||
	    (conv_is_packed(layer) && (!is_first || layer->is_depthwise || layer->inputs > 3)))
		return atoll_error_set(err, -ENOTSUP, "%u channels of input, not for target "
				       "silicon yet", layer->inputs);
	if (conv_is_packed(layer) && layer->width % (4 * CONV_SIDE) > 0)
		return atoll_error_set(err, -ENOTSUP, "%u channels of input and a width of %u: "
				       "multiples of %u are for target silicon",
				       layer->inputs, layer->width, 4 * CONV_SIDE);
	if (layer->is_depthwise && layer->outputs != layer->inputs)
		return atoll_error_set(err, -ENOTSUP, "%u outputs of %u channels, not for "
				       "target silicon yet", layer->outputs, layer->inputs);
	return 0;
}

static int check_layer(const struct conv_layer *layer, bool is_first, struct atoll_error *err)
{
	int r;

	if ((layer->kernel != 1 && layer->kernel != 3) || layer->stride == 0 ||
	    layer->stride > 2)
		return atoll_error_set(err, -ENOTSUP, "a kernel of %u and stride %u, not for "
				       "target silicon yet", layer->kernel, layer->stride);
	r = check_size(layer, is_first, err);
	if (r < 0)
		return r;
	if (all_rows(layer, 1) > ISA_CACHING_ROWS_PLACED)
		return atoll_error_set(err, -ENOTSUP, "its weights take %" PRIu64 " rows of "
				       "each tile's memory, there are %u", all_rows(layer, 1),
				       ISA_CACHING_ROWS_PLACED);
	if (conv_is_narrow(layer) &&
	    conv_narrow_bytes(layer) / SCALAR_KEPT_BYTES > SCALAR_KEPT_MAX)
		return atoll_error_set(err, -ENOTSUP, "%u bytes of weights, the core can keep "
				       "%u", conv_narrow_bytes(layer),
				       SCALAR_KEPT_MAX * SCALAR_KEPT_BYTES);
	return 0;
}

uint64_t conv_input_bytes(const struct conv_layer *layer)
{
	return (uint64_t)layer->height * layer->width * layer->inputs;
}

uint32_t conv_output_units(const struct image *image)
{
	return image->height * image->width * image->pixel;
}

/* What is to be copied lies behind the images until then. */
static struct conv_arrival arrival_of(const struct conv_layer *layer,
				      const struct image *image, uint32_t end)
{
	uint32_t part = image->width * layer->inputs / CONV_UNIT_BYTES;

	if (conv_is_packed(layer))
		return (struct conv_arrival){ part, part, end, end + image->height * part };
	return (struct conv_arrival){ part, image_pitch(image), image_inside(image), end };
}

static int check_ends(const struct conv_layer *layer, const struct conv_arrival *arrival,
		      const struct image *output, struct atoll_error *err)
{
	if (layer->width * layer->inputs > STAGE_BYTES)
		return atoll_error_set(err, -ENOTSUP, "%u bytes in a row of its image, %u are "
				       "for target silicon", layer->width * layer->inputs,
				       STAGE_BYTES);
	if (conv_input_bytes(layer) > (uint64_t)INPUT_UNITS_MAX * SCALAR_UNIT_BYTES)
		return atoll_error_set(err, -ENOTSUP, "more than %u bytes of input, not for "
				       "target silicon yet", INPUT_UNITS_MAX *
				       SCALAR_UNIT_BYTES);
	if (arrival->end > IMAGE_UNITS_MAX)
		return atoll_error_set(err, -ENOTSUP, "%u channels of input: to copy them "
				       "takes more than %u bytes of each tile, not for target "
				       "silicon yet", layer->inputs,
				       IMAGE_UNITS_MAX * CONV_UNIT_BYTES);
	if (conv_output_units(output) % 2 > 0)
		return atoll_error_set(err, -ENOTSUP, "%u bytes of output of each tile, "
				       "multiples of %u are for target silicon",
				       conv_output_units(output) * CONV_UNIT_BYTES,
				       SCALAR_UNIT_BYTES);
	return 0;
}

/* Instructions for tiles are numbered; a little more than there are of each kind. */
static int check_instructions(const struct conv_layer *layer, uint32_t layers,
			      const struct image *output, struct atoll_error *err)
{
	uint32_t pieces = conv_up(conv_output_units(output) * CONV_UNIT_BYTES, STAGE_BYTES);
	uint64_t count = 64 + 8 * (uint64_t)layer->height + UINT64_C(4) * TILES_TILES * pieces;

	for (uint32_t i = 0; i < layers; i++)
		count += 24 + 6 * (uint64_t)conv_groups(&layer[i]);
	if (count <= WORDS_NUMBERS)
		return 0;
	return atoll_error_set(err, -ENOTSUP, "it takes some %" PRIu64 " instructions, %u can "
			       "be numbered", count, WORDS_NUMBERS);
}

int conv_fit(const struct conv_layer *layer, uint32_t layers, struct image *image,
	     struct conv_arrival *arrival, struct atoll_error *err)
{
	uint32_t end;
	int r = 0;

	if (layers == 0 || layers > CONV_LAYERS_MAX)
		return atoll_error_set(err, -EINVAL, "%u layers, 1 to %u make a program",
				       layers, CONV_LAYERS_MAX);
	for (uint32_t i = 0; i < layers && r == 0; i++) {
		const struct conv_layer *before = &layer[i - (i > 0)];

		r = check_layer(&layer[i], i == 0, err);
		if (r == 0 && i > 0 && (layer[i].inputs != before->outputs ||
					layer[i].height != before->height / before->stride ||
					layer[i].width != before->width / before->stride))
			r = atoll_error_set(err, -EINVAL, "layer %u does not go on where the "
					    "one before ended", i);
	}
	if (r == 0 && all_rows(layer, layers) > ISA_CACHING_ROWS_PLACED)
		r = atoll_error_set(err, -ENOTSUP, "%u layers take %" PRIu64 " rows of each "
				    "tile's memory, there are %u", layers,
				    all_rows(layer, layers), ISA_CACHING_ROWS_PLACED);
	if (r == 0)
		r = image_place(layer, layers, image, &end, err);
	if (r < 0)
		return r;
	*arrival = arrival_of(layer, image, end);
	r = check_ends(layer, arrival, &image[layers], err);
	return r < 0 ? r : check_instructions(layer, layers, &image[layers], err);
}

int conv_check(const struct conv_layer *layer, uint32_t layers, struct atoll_error *err)
{
	struct image image[CONV_LAYERS_MAX + 1];
	struct conv_arrival arrival;

	return conv_fit(layer, layers, image, &arrival, err);
}
