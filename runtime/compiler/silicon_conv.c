/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step after the other, with fences between them: the simplest program that is right.
 */
#include "runtime/compiler/silicon_conv_inside.h"
#include "runtime/compiler/silicon_scalar.h"
#include "runtime/compiler/silicon_tiles.h"

#define ROW_UNITS (CONV_ROW_BYTES / CONV_UNIT_BYTES)
#define LANES 4                     /* of a row of wide memory */
#define STEP 4                      /* bytes of an address of narrow memory */

#define LOOPS_FIELD 62              /* of a mac: 8 of 14 bits, less 1 */
#define LOOPS_BITS 14

struct conv {
	struct words words;
	uint32_t turn;              /* rows on the ring so far */
	uint32_t kept;              /* units that the core has kept so far */
	uint32_t input_word, output_word;
};

static int32_t strides(uint32_t units)
{
	return (int32_t)units * STEP;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
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
		      const struct conv_arrival *arrival, uint32_t y)
{
	uint32_t part = arrival->part;
	uint32_t units = CONV_SIDE * part * CONV_UNIT_BYTES / SCALAR_UNIT_BYTES;
	uint32_t rows = conv_up(CONV_SIDE * part, ROW_UNITS);
	uint32_t first = y / image->height * CONV_SIDE; /* tile */

	tiles_receive_rows(&conv->words, (uint16_t)(0xfu << first), CONV_STAGE_ROW, rows);
	scalar_send(&conv->words, y * units, units, (uint16_t)(0xfu << first));
	settle(conv);
	for (uint32_t t = 0; t < CONV_SIDE; t++) {
		const struct tiles_piece piece = {
			.row = CONV_STAGE_ROW, .rows = rows, .before = t * part, .units = part,
			.narrow = arrival->to + y % image->height * arrival->pitch,
			.spare = arrival->end };

		tiles_unpack(&conv->words, (uint16_t)(1u << (first + t)), &piece);
	}
	settle(conv);
}

/* Its weights are 1 where a byte goes to its own place. The last byte of a pixel is then
   one of the next pixel's, or any: all weights of it stand for 0. */
static void copy_pixels(struct conv *conv, const struct conv_layer *layer,
			const struct image *image, const struct conv_arrival *arrival)
{
	const struct words_loop in[] = {
		{ image->width, (int32_t)(layer->inputs * STEP / CONV_UNIT_BYTES) },
		{ image->height, strides(arrival->pitch) } };
	const struct words_loop out[] = { { 1, STEP }, { image->width, STEP },
					  { image->height, strides(image_pitch(image)) } };
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
	words_loops(at, MAC_INPUT, (int32_t)(arrival->to * STEP), 2, in);
	words_loops(at, MAC_OUTPUT, (int32_t)(image_inside(image) * STEP), 3, out);
	words_loops(at, MAC_WEIGHTS, MAC_COPY_ROW * LANES, 2, still);
	words_loops(at, MAC_SUMS, 0, 2, still);
	mac_counts(at, 3, 2);
	mac_put_copy(at);
	settle(conv);
}

static void input(struct conv *conv, const struct conv_layer *layer, const struct image *image,
		  const struct conv_arrival *arrival)
{
	uint32_t bytes = (uint32_t)conv_input_bytes(layer);

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
	if (conv_is_packed(layer))
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

/* One group of 64 to all tiles. */
static uint32_t fetch(struct conv *conv, const struct conv_layer *layer, uint32_t group)
{
	uint32_t rows = conv_group_rows(layer);

	tiles_receive_rows(&conv->words, TILES_ALL, layer->work_row, rows);
	tiles_send_rows(&conv->words, group % TILES_TILES, TILES_ALL,
			layer->row + group / TILES_TILES * rows, rows, conv->turn++);
	settle(conv);
	return layer->work_row;
}

/* All groups of 4, a step to a row. What the core has sent counts on the ring, too. */
static void fetch_narrow(struct conv *conv, const struct conv_layer *layer)
{
	uint32_t units = conv_narrow_bytes(layer) / SCALAR_KEPT_BYTES;

	scalar_keep(&conv->words, units);
	tiles_send_rows(&conv->words, 0, 0, layer->row, conv_kept_rows(layer), conv->turn++);
	settle(conv);
	tiles_receive_rows(&conv->words, TILES_ALL, layer->work_row, conv_work_rows(layer));
	scalar_send_kept(&conv->words, conv->kept, units, TILES_ALL);
	conv->turn++;
	conv->kept += units;
	settle(conv);
}

/* Multiply and accumulate */

#define LOOPS 5                     /* channels, kernel, image */

static void put_loops(uint8_t *at, const struct conv_layer *layer, const struct image *from,
		      const struct image *to, uint32_t input, uint32_t row)
{
	uint32_t kernel = layer->kernel, stride = layer->stride;
	int32_t tap = (int32_t)(conv_tap_steps(layer) * LANES);
	const uint32_t count[LOOPS] = { conv_tap_steps(layer), kernel, kernel, to->width,
					to->height };
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
	words_loops(at, MAC_INPUT, (int32_t)(input * STEP), LOOPS, loop[0]);
	words_loops(at, MAC_WEIGHTS, (int32_t)(row * LANES), LOOPS, loop[1]);
	words_loops(at, MAC_SUMS, 0, LOOPS, loop[2]);
}

/* A window of the input begins in the rim, if there is one in front. */
static void compute(struct conv *conv, const struct conv_layer *layer,
		    const struct image *from, const struct image *to, uint32_t group,
		    uint32_t row)
{
	uint32_t first = group * conv_group_fours(layer);
	uint32_t fours = least(conv_group_fours(layer), to->pixel - first);
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
	words_loops(at, MAC_OUTPUT, (int32_t)((image_inside(to) + first) * STEP), 3, out);
	mac_counts(at, 3, LOOPS);
	mac_put(at, numbers, fours, row, LOOPS);
	settle(conv);
}

static void compute_layer(struct conv *conv, const struct conv_layer *layer,
			  const struct image *from, const struct image *to)
{
	if (layer->kernel > 1)
		exchange_rim(conv, from, layer->numbers.input_zero);
	if (conv_is_narrow(layer))
		fetch_narrow(conv, layer);
	for (uint32_t g = 0; g < conv_groups(layer); g++)
		compute(conv, layer, from, to, g, conv_is_narrow(layer) ?
			layer->work_row + g * conv_group_rows(layer) : fetch(conv, layer, g));
}

/* Output: one tile's part behind the other's. */
static void output(struct conv *conv, const struct image *image)
{
	uint32_t all = conv_output_units(image), most = CONV_STAGE_ROWS * ROW_UNITS;

	tiles_fence(&conv->words, TILES_FENCE_CORE);
	scalar_wait(&conv->words, SCALAR_FENCE);
	conv->output_word = scalar_address(&conv->words);
	scalar_pass_address(&conv->words);
	scalar_request(&conv->words, SCALAR_OUTPUT, TILES_TILES * all * CONV_UNIT_BYTES);
	for (uint32_t t = 0; t < TILES_TILES; t++)
		for (uint32_t at = 0; at < all; at += most) {
			uint32_t units = least(all - at, most);
			uint32_t rows = conv_up(units, ROW_UNITS);

			tiles_pack(&conv->words, (uint16_t)(1u << t), image->base + at, units,
				   CONV_STAGE_ROW);
			settle(conv);
			scalar_collect(&conv->words,
				       units * CONV_UNIT_BYTES / SCALAR_UNIT_BYTES);
			tiles_send_rows(&conv->words, t, 0, CONV_STAGE_ROW, rows,
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
	struct conv_arrival arrival;
	int r = conv_fit(layer, layers, image, &arrival, err);

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
	program->narrow_bytes = (arrival.end + CONV_SIDE * arrival.part) * CONV_UNIT_BYTES;
	return words_end(&conv.words, program, err);
}
