/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step after the other, with fences between them: the simplest program that is right.
 * Wide memory from row 2048 on, where no parameters are, is for rows on their way from and
 * to the host.
 */
#include "runtime/compiler/silicon_conv.h"

#include <errno.h>

#include "runtime/compiler/silicon_image.h"
#include "runtime/compiler/silicon_scalar.h"
#include "runtime/compiler/silicon_tiles.h"
#include "runtime/isa/caching.h"

#define SIDE 4                      /* tiles of an image */
#define GROUP_FOURS 16              /* of outputs */
#define UNIT_BYTES 4                /* of narrow memory */
#define ROW_BYTES 256
#define ROW_UNITS (ROW_BYTES / UNIT_BYTES)
#define LANES 4                     /* of a row of wide memory */
#define STEP 16                     /* of a stride: one address of narrow memory, */
#define BASE_STEP 8                 /* and of a base */

#define LOOPS_FIELD 62              /* of a mac: 8 of 14 bits, less 1 */
#define LOOPS_BITS 14

#define STAGE_ROW 2048
#define STAGE_ROWS 32
#define STAGE_BYTES (STAGE_ROWS * ROW_BYTES)

#define NARROW_STEP_BYTES 16        /* of groups of 4 */
#define INPUT_UNITS_MAX 16384       /* that a stream from the host can have: 14 bits */
#define CHANNELS_MAX 65536          /* so that nothing below overflows */
#define SIZE_MAX_PIXELS 8192        /* likewise */

struct conv {
	struct words words;
	uint32_t turn;              /* rows on the ring so far */
	uint32_t kept;              /* units that the core has kept so far */
	uint32_t input_word, output_word;
};

static uint32_t up(uint32_t x, uint32_t by)
{
	return (x + by - 1) / by;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Groups and rows */

bool conv_is_narrow(const struct conv_layer *layer)
{
	return layer->is_depthwise || layer->outputs <= 4;
}

/* Four at a time that are added up for an output, of one tap. */
static uint32_t tap_steps(const struct conv_layer *layer)
{
	return layer->is_depthwise ? 1 : up(layer->inputs, 4);
}

static uint32_t group_fours(const struct conv_layer *layer)
{
	return conv_is_narrow(layer) ? 1 : GROUP_FOURS;
}

static uint32_t groups(const struct conv_layer *layer)
{
	return up(layer->outputs, 4 * group_fours(layer));
}

/* Of one group, where the multipliers take them. */
static uint32_t group_rows(const struct conv_layer *layer)
{
	return mac_tables(&layer->numbers) + tap_steps(layer) * layer->kernel * layer->kernel;
}

static uint32_t narrow_bytes(const struct conv_layer *layer)
{
	uint32_t steps = groups(layer) * group_rows(layer);

	return up(steps * NARROW_STEP_BYTES, ISA_CACHING_UNIT_BYTES) * ISA_CACHING_UNIT_BYTES;
}

/* Rows in which they wait. */
static uint32_t kept_rows(const struct conv_layer *layer)
{
	if (conv_is_narrow(layer))
		return up(narrow_bytes(layer), ROW_BYTES);
	return group_rows(layer) * up(groups(layer), TILES_TILES);
}

uint32_t conv_rows(const struct conv_layer *layer)
{
	return kept_rows(layer) + (conv_is_narrow(layer) ?
		up(narrow_bytes(layer), NARROW_STEP_BYTES) : group_rows(layer));
}

/* What can be written */

/* Pixels of the host's are copied to a multiple of 4 channels where they have less. */
static bool is_packed(const struct conv_layer *layer)
{
	return layer->inputs % 4 > 0;
}

static int check_size(const struct conv_layer *layer, bool is_first, struct atoll_error *err)
{
	uint32_t by = SIDE * layer->stride;

	if (layer->height > SIZE_MAX_PIXELS || layer->width > SIZE_MAX_PIXELS ||
	    layer->inputs > CHANNELS_MAX || layer->outputs > CHANNELS_MAX)
		return atoll_error_set(err, -ENOTSUP, "it is too large for target silicon");
	if (layer->height == 0 || layer->width == 0 || layer->height % by > 0 ||
	    layer->width % by > 0)
		return atoll_error_set(err, -ENOTSUP, "an image of %u x %u: height and width "
				       "have to be multiples of %u for target silicon",
				       layer->height, layer->width, by);
	if (layer->inputs == 0 || layer->outputs == 0 ||
	    (is_packed(layer) && (!is_first || layer->is_depthwise || layer->inputs > 3)))
		return atoll_error_set(err, -ENOTSUP, "%u channels of input, not for target "
				       "silicon yet", layer->inputs);
	if (is_packed(layer) && layer->width % (4 * SIDE) > 0)
		return atoll_error_set(err, -ENOTSUP, "%u channels of input and a width of %u: "
				       "multiples of %u are for target silicon",
				       layer->inputs, layer->width, 4 * SIDE);
	if (layer->is_depthwise && layer->outputs != layer->inputs)
		return atoll_error_set(err, -ENOTSUP, "%u outputs of %u channels, not for "
				       "target silicon yet", layer->outputs, layer->inputs);
	return 0;
}

static int check_layer(const struct conv_layer *layer, bool is_first, struct atoll_error *err)
{
	int r = check_size(layer, is_first, err);

	if (r < 0)
		return r;
	if ((layer->kernel != 1 && layer->kernel != 3) || layer->stride == 0 ||
	    layer->stride > 2)
		return atoll_error_set(err, -ENOTSUP, "a kernel of %u and stride %u, not for "
				       "target silicon yet", layer->kernel, layer->stride);
	if (conv_rows(layer) > ISA_CACHING_ROWS_PLACED)
		return atoll_error_set(err, -ENOTSUP, "its weights take %u rows of each "
				       "tile's memory, there are %u", conv_rows(layer),
				       ISA_CACHING_ROWS_PLACED);
	if (conv_is_narrow(layer) &&
	    narrow_bytes(layer) / SCALAR_KEPT_BYTES > SCALAR_KEPT_MAX)
		return atoll_error_set(err, -ENOTSUP, "%u bytes of weights, the core can keep "
				       "%u", narrow_bytes(layer),
				       SCALAR_KEPT_MAX * SCALAR_KEPT_BYTES);
	return 0;
}

static uint64_t input_bytes(const struct conv_layer *layer)
{
	return (uint64_t)layer->height * layer->width * layer->inputs;
}

/* Of a tile. */
static uint32_t output_units(const struct image *image)
{
	return image->height * image->width * image->pixel;
}

/* How the host's image comes to a tile: units of each row of its part, from where to
   where, and behind all of it. */
struct arrival {
	uint32_t part, pitch, to, end;
};

/* What is to be copied lies behind the images until then. */
static struct arrival arrival_of(const struct conv_layer *layer, const struct image *image,
				 uint32_t end)
{
	uint32_t part = image->width * layer->inputs / UNIT_BYTES;

	if (is_packed(layer))
		return (struct arrival){ part, part, end, end + image->height * part };
	return (struct arrival){ part, image_pitch(image), image_inside(image), end };
}

static int check_ends(const struct conv_layer *layer, const struct arrival *arrival,
		      const struct image *output, struct atoll_error *err)
{
	if (layer->width * layer->inputs > STAGE_BYTES)
		return atoll_error_set(err, -ENOTSUP, "%u bytes in a row of its image, %u are "
				       "for target silicon", layer->width * layer->inputs,
				       STAGE_BYTES);
	if (input_bytes(layer) > (uint64_t)INPUT_UNITS_MAX * SCALAR_UNIT_BYTES)
		return atoll_error_set(err, -ENOTSUP, "more than %u bytes of input, not for "
				       "target silicon yet", INPUT_UNITS_MAX *
				       SCALAR_UNIT_BYTES);
	if (arrival->end > IMAGE_UNITS_MAX)
		return atoll_error_set(err, -ENOTSUP, "%u channels of input: to copy them takes "
				       "more than %u bytes of each tile, not for target "
				       "silicon yet", layer->inputs,
				       IMAGE_UNITS_MAX * UNIT_BYTES);
	if (output_units(output) % 2 > 0)
		return atoll_error_set(err, -ENOTSUP, "%u bytes of output of each tile, "
				       "multiples of %u are for target silicon",
				       output_units(output) * UNIT_BYTES, SCALAR_UNIT_BYTES);
	return 0;
}

static int place(const struct conv_layer *layer, uint32_t layers, struct image *image,
		 struct arrival *arrival, struct atoll_error *err)
{
	uint32_t rows = 0, end;
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
		rows += conv_rows(&layer[i]);
	}
	if (r == 0 && rows > ISA_CACHING_ROWS_PLACED)
		r = atoll_error_set(err, -ENOTSUP, "%u layers take %u rows of each tile's "
				    "memory, there are %u", layers, rows,
				    ISA_CACHING_ROWS_PLACED);
	if (r == 0)
		r = image_place(layer, layers, image, &end, err);
	if (r < 0)
		return r;
	*arrival = arrival_of(layer, image, end);
	return check_ends(layer, arrival, &image[layers], err);
}

int conv_check(const struct conv_layer *layer, uint32_t layers, struct atoll_error *err)
{
	struct image image[CONV_LAYERS_MAX + 1];
	struct arrival arrival;

	return place(layer, layers, image, &arrival, err);
}

/* Steps */

/* All that was issued is done, and no counter tells of it any more. */
static void settle(struct conv *conv)
{
	tiles_fence(&conv->words, TILES_FENCE_CLEAR_CORE);
	scalar_wait(&conv->words, SCALAR_FENCE);
}

/* One row of the whole image: each of four tiles gets all of it, and takes its part. */
static void input_row(struct conv *conv, const struct image *image,
		      const struct arrival *arrival, uint32_t y)
{
	uint32_t part = arrival->part;
	uint32_t units = SIDE * part * UNIT_BYTES / SCALAR_UNIT_BYTES;
	uint32_t rows = up(SIDE * part, ROW_UNITS), first = y / image->height * SIDE;

	tiles_receive_rows(&conv->words, (uint16_t)(0xfu << first), STAGE_ROW, rows);
	scalar_send(&conv->words, y * units, units, (uint16_t)(0xfu << first));
	settle(conv);
	for (uint32_t t = 0; t < SIDE; t++) {
		const struct tiles_piece piece = {
			.row = STAGE_ROW, .rows = rows, .before = t * part, .units = part,
			.narrow = arrival->to + y % image->height * arrival->pitch,
			.spare = arrival->end };

		tiles_unpack(&conv->words, (uint16_t)(1u << (first + t)), &piece);
	}
	settle(conv);
}

/* Its weights are 1 where a byte goes to its own place. The last byte of a pixel is then
   one of the next pixel's, or any: all weights of it stand for 0. */
static void copy_pixels(struct conv *conv, const struct conv_layer *layer,
			const struct image *image, const struct arrival *arrival)
{
	const struct words_loop in[] = {
		{ image->width, (int32_t)(layer->inputs * STEP / UNIT_BYTES) },
		{ image->height, (int32_t)arrival->pitch * STEP } };
	const struct words_loop out[] = { { 1, STEP }, { image->width, STEP },
					  { image->height, (int32_t)image_pitch(image) * STEP } };
	const struct words_loop still[] = { { image->width, 0 }, { image->height, 0 } };
	uint8_t *at;

	for (uint32_t i = 0; i < 4; i++)
		tiles_fill(&conv->words, arrival->end + i, 1u << 8 * i);
	settle(conv);
	tiles_pack(&conv->words, TILES_ALL, arrival->end, 4, MAC_COPY_ROW);
	settle(conv);
	at = mac_add(&conv->words, TILES_ALL);
	isa_set_bits(at, LOOPS_FIELD, LOOPS_BITS, image->width - 1);
	isa_set_bits(at, LOOPS_FIELD + LOOPS_BITS, LOOPS_BITS, image->height - 1);
	words_loops(at, MAC_INPUT, (int32_t)(arrival->to * BASE_STEP), 2, in);
	words_loops(at, MAC_OUTPUT, (int32_t)(image_inside(image) * BASE_STEP), 3, out);
	words_loops(at, MAC_WEIGHTS, 0, 2, still);
	words_loops(at, MAC_SUMS, 0, 2, still);
	mac_counts(at, 3, 2);
	mac_put_copy(at);
	settle(conv);
}

static void input(struct conv *conv, const struct conv_layer *layer, const struct image *image,
		  const struct arrival *arrival)
{
	uint32_t bytes = (uint32_t)input_bytes(layer);

	tiles_fence(&conv->words, TILES_FENCE_CORE);
	scalar_wait(&conv->words, SCALAR_FENCE);
	tiles_fence(&conv->words, TILES_FENCE_HOST);
	conv->input_word = scalar_address(&conv->words);
	scalar_wait(&conv->words, SCALAR_INTAKE);
	scalar_wait(&conv->words, SCALAR_OPENER);
	scalar_open(&conv->words, bytes / SCALAR_UNIT_BYTES);
	scalar_pass_address(&conv->words);
	scalar_request(&conv->words, SCALAR_INPUT, bytes);
	for (uint32_t y = 0; y < layer->height; y++)
		input_row(conv, image, arrival, y);
	scalar_wait(&conv->words, SCALAR_NOTHING);
	if (is_packed(layer))
		copy_pixels(conv, layer, image, arrival);
}

/* Rows first, and then columns with the corners that came with those. */
static void exchange_rim(struct conv *conv, const struct image *image, uint8_t fill)
{
	uint32_t pitch = image_pitch(image), inside = image_inside(image);
	uint32_t rows = image->above + image->height + image->below;
	uint32_t row = image->width * image->pixel, column = inside - image->above * pitch;
	struct tiles_strip strip = { .loop = { { row, 1 } , { 1, 0 } }, .fill = fill };

	strip.from = inside;
	strip.into = inside + image->height * pitch;
	if (image->below > 0)
		tiles_exchange(&conv->words, TILES_SOUTH, &strip);
	strip.from = inside + (image->height - 1) * pitch;
	strip.into = inside - pitch;
	if (image->above > 0)
		tiles_exchange(&conv->words, TILES_NORTH, &strip);
	settle(conv);
	strip.loop[0].count = image->pixel;
	strip.loop[1] = (struct words_loop){ rows, (int32_t)pitch };
	strip.from = column;
	strip.into = column + row;
	if (image->right > 0)
		tiles_exchange(&conv->words, TILES_EAST, &strip);
	strip.from = column + row - image->pixel;
	strip.into = column - image->pixel;
	if (image->left > 0)
		tiles_exchange(&conv->words, TILES_WEST, &strip);
	settle(conv);
}

/* Weights */

/* One group of 64 to all tiles, behind the rows in which they wait. */
static uint32_t fetch(struct conv *conv, const struct conv_layer *layer, uint32_t group)
{
	uint32_t rows = group_rows(layer), to = layer->row + kept_rows(layer);

	tiles_receive_rows(&conv->words, TILES_ALL, to, rows);
	tiles_send_rows(&conv->words, group % TILES_TILES, TILES_ALL,
			layer->row + group / TILES_TILES * rows, rows, conv->turn++);
	settle(conv);
	return to;
}

/* All groups of 4, a step to a row. What the core has sent counts on the ring, too. */
static void fetch_narrow(struct conv *conv, const struct conv_layer *layer)
{
	uint32_t bytes = narrow_bytes(layer), units = bytes / SCALAR_KEPT_BYTES;

	scalar_keep(&conv->words, units);
	tiles_send_rows(&conv->words, 0, 0, layer->row, kept_rows(layer), conv->turn++);
	settle(conv);
	tiles_receive_rows(&conv->words, TILES_ALL, layer->row + kept_rows(layer),
			   bytes / NARROW_STEP_BYTES);
	scalar_send_kept(&conv->words, conv->kept, units, TILES_ALL);
	conv->turn++;
	conv->kept += units;
	settle(conv);
}

/* Multiply and accumulate */

#define LOOPS 5                     /* channels, kernel, image */

static int32_t strides(uint32_t units)
{
	return (int32_t)units * STEP;
}

static void put_loops(uint8_t *at, const struct conv_layer *layer, const struct image *from,
		      const struct image *to, uint32_t input, uint32_t row)
{
	uint32_t kernel = layer->kernel, stride = layer->stride;
	int32_t tap = (int32_t)(tap_steps(layer) * LANES);
	const uint32_t count[LOOPS] = { tap_steps(layer), kernel, kernel, to->width, to->height };
	const int32_t in[LOOPS] = { STEP, strides(from->pixel), strides(image_pitch(from)),
				    strides(stride * from->pixel),
				    strides(stride * image_pitch(from)) };
	const int32_t weights[LOOPS] = { LANES, tap, (int32_t)kernel * tap, 0, 0 };
	struct words_loop loop[3][LOOPS];

	for (uint32_t d = 0; d < LOOPS; d++) {
		isa_set_bits(at, LOOPS_FIELD + d * LOOPS_BITS, LOOPS_BITS, count[d] - 1);
		loop[0][d] = (struct words_loop){ count[d], in[d] };
		loop[1][d] = (struct words_loop){ count[d], weights[d] };
		loop[2][d] = (struct words_loop){ count[d], 0 };
	}
	words_loops(at, MAC_INPUT, (int32_t)(input * BASE_STEP), LOOPS, loop[0]);
	words_loops(at, MAC_WEIGHTS, (int32_t)(row * LANES), LOOPS, loop[1]);
	words_loops(at, MAC_SUMS, 0, LOOPS, loop[2]);
}

/* A window of the input begins in the rim, if there is one in front. */
static void compute(struct conv *conv, const struct conv_layer *layer,
		    const struct image *from, const struct image *to, uint32_t group,
		    uint32_t row)
{
	uint32_t first = group * group_fours(layer);
	uint32_t fours = least(group_fours(layer), to->pixel - first);
	const struct words_loop out[] = { { fours, STEP }, { to->width, strides(to->pixel) },
					  { to->height, strides(image_pitch(to)) } };
	uint32_t input = from->base + (layer->is_depthwise ? first : 0);
	const struct mac_numbers *numbers = &layer->numbers;
	uint8_t *at;

	if (numbers->has_factors || numbers->has_biases)
		tiles_tables(&conv->words, TILES_ALL, row, numbers->has_factors,
			     numbers->has_biases);
	at = mac_add(&conv->words, TILES_ALL);
	put_loops(at, layer, from, to, input, row + mac_tables(numbers));
	words_loops(at, MAC_OUTPUT, (int32_t)((image_inside(to) + first) * BASE_STEP), 3, out);
	mac_counts(at, 3, LOOPS);
	mac_put(at, numbers, fours, row, LOOPS);
	settle(conv);
}

static void compute_layer(struct conv *conv, const struct conv_layer *layer,
			  const struct image *from, const struct image *to)
{
	uint32_t row = layer->row + kept_rows(layer);

	if (layer->kernel > 1)
		exchange_rim(conv, from, layer->numbers.input_zero);
	if (conv_is_narrow(layer))
		fetch_narrow(conv, layer);
	for (uint32_t g = 0; g < groups(layer); g++)
		compute(conv, layer, from, to, g, conv_is_narrow(layer) ?
			row + g * group_rows(layer) : fetch(conv, layer, g));
}

/* Output: one tile's part behind the other's. */
static void output(struct conv *conv, const struct image *image)
{
	uint32_t all = output_units(image), most = STAGE_ROWS * ROW_UNITS;

	tiles_fence(&conv->words, TILES_FENCE_CORE);
	scalar_wait(&conv->words, SCALAR_FENCE);
	conv->output_word = scalar_address(&conv->words);
	scalar_pass_address(&conv->words);
	scalar_request(&conv->words, SCALAR_OUTPUT, TILES_TILES * all * UNIT_BYTES);
	for (uint32_t t = 0; t < TILES_TILES; t++)
		for (uint32_t at = 0; at < all; at += most) {
			uint32_t units = least(all - at, most);

			tiles_pack(&conv->words, (uint16_t)(1u << t), image->base + at, units,
				   STAGE_ROW);
			settle(conv);
			scalar_collect(&conv->words, units * UNIT_BYTES / SCALAR_UNIT_BYTES);
			tiles_send_rows(&conv->words, t, 0, STAGE_ROW, up(units, ROW_UNITS),
					conv->turn++);
			settle(conv);
		}
	tiles_fence(&conv->words, TILES_FENCE_RING);
	scalar_wait(&conv->words, SCALAR_FENCE);
	tiles_fence(&conv->words, TILES_FENCE_LAST);
	scalar_wait(&conv->words, SCALAR_FENCE);
}

int conv_write(const struct conv_layer *layer, uint32_t layers, struct words_program *program,
	       struct atoll_error *err)
{
	struct image image[CONV_LAYERS_MAX + 1];
	struct conv conv = { 0 };
	struct arrival arrival;
	int r = place(layer, layers, image, &arrival, err);

	if (r < 0)
		return r;
	scalar_begin(&conv.words);
	input(&conv, layer, &image[0], &arrival);
	for (uint32_t i = 0; i < layers; i++)
		compute_layer(&conv, &layer[i], &image[i], &image[i + 1]);
	output(&conv, &image[layers]);
	scalar_end(&conv.words);
	program->input_word = conv.input_word;
	program->output_word = conv.output_word;
	program->narrow_bytes = (arrival.end + SIDE * arrival.part) * UNIT_BYTES;
	return words_end(&conv.words, program, err);
}
