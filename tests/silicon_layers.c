/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/silicon_layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/silicon_pieces.h"

#define COLUMNS 4
#define UNIT 4                  /* channels at an address of narrow memory */

static void *take(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		abort();
	return memory;
}

/* The image of a tensor: without channels it is one pixel, and what has fewer than
   three dimensions is cut in the direction in which its tiles lie. */
static uint32_t channels_of(const struct atoll_tensor *tensor)
{
	return tensor->rank > 0 ? (uint32_t)tensor->dims[tensor->rank - 1] : 1;
}

static uint32_t units_of(const struct atoll_tensor *tensor)
{
	return (channels_of(tensor) + UNIT - 1) / UNIT;
}

static uint32_t pixels_of(const struct atoll_tensor *tensor)
{
	uint32_t channels = channels_of(tensor);

	return channels > 0 ? (uint32_t)(tensor->elements / channels) : 0;
}

static void size_image(const struct atoll_tensor *tensor, uint16_t tiles, uint32_t *height,
		       uint32_t *width)
{
	bool is_column = (tiles & 0xeeee) == 0;

	*height = is_column ? pixels_of(tensor) : 1;
	*width = is_column ? 1 : pixels_of(tensor);
	if (tensor->rank == 4 && tensor->dims[0] == 1) {
		*height = (uint32_t)tensor->dims[1];
		*width = (uint32_t)tensor->dims[2];
	}
}

static int unsigned_zero(const struct atoll_tensor *tensor)
{
	return tensor->quant.zero_point + (tensor->type == ATOLL_INT8 ? 128 : 0);
}

/* Which layer it is */

/* What an operator's instructions say. */
struct expected {
	struct silicon_numbers numbers;
	uint32_t depth;
	bool has_weights;            /* else only what is about the output is known */
};

static uint32_t depth_of(const struct atoll_operator *op, const struct atoll_tensor *weights,
			 const struct atoll_tensor *input)
{
	uint32_t window = 1;

	if (weights->rank == 4)
		window = (uint32_t)(weights->dims[1] * weights->dims[2]);
	if (op->code == BUILTIN_DEPTHWISE_CONV_2D)
		return window;
	if (op->code == BUILTIN_FULLY_CONNECTED)
		return units_of(weights);
	return window * units_of(input);
}

/* Each step in single precision, as the compiler has it. */
static struct expected expect(const struct atoll_session *cpu, const struct atoll_operator *op)
{
	const struct atoll_tensor *in = atoll_session_tensor(cpu, (uint32_t)op->input[0]);
	const struct atoll_tensor *out = atoll_session_tensor(cpu, (uint32_t)op->output[0]);
	float s_out = out->quant.scale, inverse = 1 / s_out, s_weights;
	int zero = unsigned_zero(out);
	float above = (float)(255 - zero) * s_out, below = (float)(0 - zero) * s_out;
	struct expected e = { .numbers = { .scale = 1, .upper = above * inverse,
		.lower = below * inverse, .output_zero = (uint32_t)zero,
		.input_zero = (uint32_t)unsigned_zero(in) }, .depth = 4 };
	const struct atoll_tensor *weights;

	if (op->code == BUILTIN_ADD)
		return e;
	e.has_weights = true;
	if (op->code == BUILTIN_AVERAGE_POOL_2D) {
		e.depth = pixels_of(out) > 0 ? pixels_of(in) / pixels_of(out) : 0;
		s_weights = in->quant.scale * (1 / (float)e.depth);
		e.numbers.scale = s_weights * inverse;
		e.has_weights = false;
		return e;
	}
	weights = atoll_session_tensor(cpu, (uint32_t)op->input[1]);
	e.depth = depth_of(op, weights, in);
	if (weights->quant.channels > 1)
		return e;
	s_weights = in->quant.scale * weights->quant.scale;
	e.numbers.scale = s_weights * inverse;
	e.numbers.weight_zero = (uint32_t)unsigned_zero(weights);
	return e;
}

/* Clamps of an activation of its own are narrower. */
static bool agrees(const struct silicon_piece *piece, const struct expected *e)
{
	const struct silicon_numbers *a = &piece->numbers, *b = &e->numbers;

	if (piece->depth != e->depth || a->output_zero != b->output_zero)
		return false;
	if (!e->has_weights)
		return a->lower == b->lower && a->upper == b->upper;
	return a->scale == b->scale && a->weight_zero == b->weight_zero &&
	       a->input_zero == b->input_zero && a->lower >= b->lower && a->upper <= b->upper;
}

static bool has_layer(const struct atoll_operator *op)
{
	switch (op->code) {
	case BUILTIN_ADD:
	case BUILTIN_AVERAGE_POOL_2D:
	case BUILTIN_CONV_2D:
	case BUILTIN_DEPTHWISE_CONV_2D:
	case BUILTIN_FULLY_CONNECTED:
		return true;
	default:
		return false;
	}
}

/* Where its elements are */

struct element {
	uint32_t y, x, unit;         /* of the tensor; 4 channels to a unit */
	int64_t address;             /* in narrow memory */
};

/* Pixels come row by row, however loops over them are merged. False: what lies behind
   the last channel is left out. */
static bool find_element(const struct silicon_layer *layer, const struct silicon_piece *piece,
			 const struct silicon_place *place, const uint32_t *at,
			 struct element *element)
{
	int64_t byte = piece->output.base;
	uint32_t pixel = 0, count = 1, unit = 0;

	for (uint32_t d = 0; d < piece->output.loops; d++) {
		int32_t stride = piece->output.loop[d].stride;

		byte += (int64_t)at[d] * stride;
		if (piece->pixel_loops >> d & 1) {
			pixel += at[d] * count;
			count *= piece->output.loop[d].count;
		} else {
			unit += at[d] * (uint32_t)stride / UNIT;
		}
	}
	*element = (struct element){ .y = place->y + pixel / place->width,
				     .x = place->x + pixel % place->width,
				     .unit = place->units + unit,
				     .address = byte / UNIT };
	return element->unit < units_of(layer->tensor);
}

/* Count how often each unit of the tensor is there: is it once? */
static bool mark(const struct silicon_layer *layer, const struct silicon_piece *piece,
		 uint32_t pieces, uint32_t width)
{
	size_t units = (size_t)pixels_of(layer->tensor) * units_of(layer->tensor), marked = 0;
	uint8_t *marks = take(units, 1);
	bool is_once = true;

	for (uint32_t i = 0; i < pieces * SILICON_LAYER_TILES && is_once; i++) {
		const struct silicon_piece *p = &piece[i / SILICON_LAYER_TILES];
		const struct silicon_place *place = &layer->place[i % SILICON_LAYER_TILES];
		uint32_t at[ISA_LOOPS_MAX] = { 0 };
		struct element e;

		if (!(p->tiles >> i % SILICON_LAYER_TILES & 1))
			continue;
		do {
			if (!find_element(layer, p, place, at, &e))
				continue;
			is_once = marks[((size_t)e.y * width + e.x) *
					units_of(layer->tensor) + e.unit]++ == 0;
			marked++;
		} while (is_once && silicon_piece_next(p, at));
	}
	free(marks);
	return is_once && marked == units;
}

/* Loops whose step is as far as the channels reach go over pixels. */
static bool split_loops(struct silicon_piece *piece, uint32_t units)
{
	const struct isa_access *output = &piece->output;

	piece->pixels = 1;
	piece->pixel_loops = 0;
	for (uint32_t d = 0; d < output->loops; d++) {
		if (output->loop[d].count == 1)
			continue;
		if (output->loop[d].stride <= 0 || output->loop[d].stride % UNIT != 0)
			return false;
		if ((uint32_t)output->loop[d].stride / UNIT < units)
			continue;
		piece->pixel_loops |= (uint8_t)(1u << d);
		piece->pixels *= output->loop[d].count;
	}
	return true;
}

/* The rows of all tiles beside each other have as many pixels as the height says, times
   the width of the image; the same downwards. */
static bool cut_image(struct silicon_layer *layer, const uint32_t *pixels, uint16_t tiles,
		      uint32_t *width)
{
	uint32_t height, tall[COLUMNS] = { 0 }, wide[COLUMNS] = { 0 }, y = 0, x;

	size_image(layer->tensor, tiles, &height, width);
	for (uint32_t t = 0; t < SILICON_LAYER_TILES; t++) {
		tall[t / COLUMNS] += pixels[t];
		wide[t % COLUMNS] += pixels[t];
	}
	for (uint32_t row = 0; row < COLUMNS; row++) {
		if (tall[row] % *width != 0 || wide[row] % height != 0)
			return false;
		tall[row] /= *width;
		wide[row] /= height;
	}
	for (uint32_t row = 0; row < COLUMNS; y += tall[row++]) {
		x = 0;
		for (uint32_t column = 0; column < COLUMNS; x += wide[column++]) {
			if (pixels[COLUMNS * row + column] != tall[row] * wide[column])
				return false;
			layer->place[COLUMNS * row + column] = (struct silicon_place){
				.y = y, .x = x, .height = tall[row], .width = wide[column] };
		}
	}
	return y == height && x == *width;
}

/* One pixel: outputs one tile after the other. */
static void spread(struct silicon_layer *layer, const struct silicon_piece *piece,
		   uint32_t pieces)
{
	uint32_t units = 0;

	for (uint32_t t = 0; t < SILICON_LAYER_TILES; t++)
		for (uint32_t i = 0; i < pieces; i++) {
			if (!(piece[i].tiles >> t & 1))
				continue;
			layer->place[t] = (struct silicon_place){ .height = 1, .width = 1,
								  .units = units };
			units += (uint32_t)isa_iterations(&piece[i].output);
		}
}

static bool place(struct silicon_layer *layer, struct silicon_piece *piece, uint32_t pieces)
{
	uint32_t pixels[SILICON_LAYER_TILES] = { 0 }, width = 1;
	uint16_t tiles = 0;

	for (uint32_t i = 0; i < pieces; i++) {
		if (!split_loops(&piece[i], units_of(layer->tensor)))
			return false;
		tiles |= piece[i].tiles;
		for (uint32_t t = 0; t < SILICON_LAYER_TILES; t++)
			if (piece[i].tiles >> t & 1)
				pixels[t] = piece[i].pixels;
	}
	if (pixels_of(layer->tensor) == 0)
		return false;
	if (pixels_of(layer->tensor) == 1)
		spread(layer, piece, pieces);
	else if (!cut_image(layer, pixels, tiles, &width))
		return false;
	return mark(layer, piece, pieces, width);
}

/* Instructions that are alike, and share no tile, are one step of the program. */
static uint32_t together(const struct silicon_piece *piece, uint32_t pieces)
{
	uint16_t tiles = piece->tiles;
	uint32_t n = 1;

	while (n < pieces && !(piece[n].tiles & tiles) && piece[n].depth == piece->depth &&
	       memcmp(&piece[n].numbers, &piece->numbers, sizeof(piece->numbers)) == 0)
		tiles |= piece[n++].tiles;
	return n;
}

static void find_layer(struct silicon_layers *layers, const struct expected *expected,
		       struct silicon_piece *piece, uint32_t pieces)
{
	for (uint32_t i = 0; i < layers->layers; i++) {
		struct silicon_layer *layer = &layers->layer[i];

		if (layer->has_place || !agrees(piece, &expected[i]) ||
		    !place(layer, piece, pieces))
			continue;
		layer->has_place = true;
		layer->first = piece[0].number;
		layer->last = piece[pieces - 1].number;
		for (uint32_t k = 0; k < pieces; k++)
			piece[k].layer = i;
		return;
	}
	layers->strangers += pieces;
}

static uint32_t read_layers(struct silicon_layers *layers, const struct atoll_session *cpu,
			    struct expected *expected)
{
	const struct atoll_graph *graph = &atoll_session_model(cpu)->graph[0];
	uint32_t n = 0;

	for (uint32_t i = 0; i < graph->operators; i++) {
		const struct atoll_operator *op = &graph->op[i];
		const struct atoll_tensor *out =
			atoll_session_tensor(cpu, (uint32_t)op->output[0]);

		if (!has_layer(op) || (out->type != ATOLL_UINT8 && out->type != ATOLL_INT8))
			continue;
		expected[n] = expect(cpu, op);
		layers->layer[n++] = (struct silicon_layer){ .name = op->name, .tensor = out };
	}
	return n;
}

struct silicon_layers *silicon_layers_new(const struct edgetpu_package *package,
					  const struct atoll_session *cpu)
{
	uint32_t operators = atoll_session_model(cpu)->graph[0].operators, n;
	struct silicon_layers *layers = take(1, sizeof(*layers));
	struct expected *expected = take(operators, sizeof(*expected));

	layers->layer = take(operators, sizeof(*layers->layer));
	layers->layers = read_layers(layers, cpu, expected);
	layers->pieces = silicon_pieces(package->main, &layers->piece);
	for (uint32_t i = 0; i < layers->pieces; i += n) {
		n = together(&layers->piece[i], layers->pieces - i);
		find_layer(layers, expected, &layers->piece[i], n);
	}
	free(expected);
	return layers;
}

void silicon_layers_free(struct silicon_layers *layers)
{
	if (!layers)
		return;
	free(layers->layer);
	free(layers->piece);
	free(layers);
}

/* Comparing */

static void differ(struct silicon_layer *layer, const struct silicon_difference *difference)
{
	int apart = abs(difference->got - difference->expected);

	if (difference->got < 0)
		layer->missing++;
	else if (apart == 1)
		layer->off_by_one++;
	else
		layer->worse++;
	if (layer->differences < SILICON_DIFFERENCES)
		layer->difference[layer->differences++] = *difference;
}

static void compare_unit(struct silicon_layer *layer, const struct element *e, uint32_t width,
			 uint32_t tile, const uint8_t *got)
{
	uint32_t channels = channels_of(layer->tensor);
	const uint8_t *bytes = layer->tensor->data;
	uint8_t sign = layer->tensor->type == ATOLL_INT8 ? 0x80 : 0;

	for (uint32_t c = e->unit * UNIT; c < (e->unit + 1) * UNIT && c < channels; c++) {
		size_t at = ((size_t)e->y * width + e->x) * channels + c;
		int expected = bytes[at] ^ sign;

		if (got && got[c % UNIT] == expected)
			layer->equal++;
		else
			differ(layer, &(struct silicon_difference){
				.tile = tile, .y = e->y, .x = e->x, .channel = c,
				.got = got ? got[c % UNIT] : -1, .expected = expected });
	}
}

static uint32_t width_of(const struct silicon_layer *layer)
{
	uint32_t width = 0;

	for (uint32_t column = 0; column < COLUMNS; column++)
		width += layer->place[column].width;
	return width;
}

/* A tile is done with an instruction. */
static void done(void *data, uint32_t tile, uint32_t nth)
{
	struct silicon_layers *layers = data;
	const struct silicon_piece *piece = layers->piece;
	uint32_t at[ISA_LOOPS_MAX] = { 0 };
	struct silicon_layer *layer;
	struct element e;

	while (piece < layers->piece + layers->pieces && piece->nth != nth)
		piece++;
	if (piece == layers->piece + layers->pieces || piece->layer == SILICON_NO_LAYER)
		return;
	layer = &layers->layer[piece->layer];
	do {
		const uint8_t *got;

		if (!find_element(layer, piece, &layer->place[tile], at, &e))
			continue;
		got = silicon_unit(layers->program, tile, (uint32_t)e.address);
		compare_unit(layer, &e, width_of(layer), tile, got);
	} while (silicon_piece_next(piece, at));
}

void silicon_layers_watch(struct silicon_layers *layers, struct emulator_program *program)
{
	for (uint32_t i = 0; i < layers->layers; i++) {
		struct silicon_layer *layer = &layers->layer[i];

		layer->equal = layer->off_by_one = layer->worse = layer->missing = 0;
		layer->differences = 0;
	}
	layers->program = program;
	silicon_watch(program, done, layers);
}

enum silicon_layer_state silicon_layer_state(const struct silicon_layer *layer)
{
	if (!layer->has_place)
		return SILICON_LAYER_NO_PLACE;
	if (layer->worse + layer->missing > 0)
		return SILICON_LAYER_WRONG;
	if (layer->equal + layer->off_by_one < layer->tensor->elements)
		return SILICON_LAYER_NOT_REACHED;
	return layer->off_by_one > 0 ? SILICON_LAYER_OFF_BY_ONE : SILICON_LAYER_EQUAL;
}

const char *silicon_layer_text(const struct silicon_layer *layer)
{
	static const char *const states[SILICON_LAYER_STATES] = {
		"equal", "off by one", "wrong", "not reached", "no place" };
	static char text[256];
	char shape[ATOLL_SHAPE_TEXT], numbers[32] = "-";

	if (layer->has_place)
		snprintf(numbers, sizeof(numbers), "%u-%u", layer->first, layer->last);
	snprintf(text, sizeof(text), "%-17s %-14s instructions %-9s %-11s %u equal, %u off by "
		 "one, %u worse, %u missing of %zu", layer->name,
		 atoll_shape_text(layer->tensor->rank, layer->tensor->dims, shape), numbers,
		 states[silicon_layer_state(layer)], layer->equal, layer->off_by_one,
		 layer->worse, layer->missing, layer->tensor->elements);
	return text;
}
