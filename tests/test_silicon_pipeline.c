/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small network on the emulated chip, by a program of ours: a depthwise convolution of
 * 3 x 3 and a pointwise one, on an image cut over tiles 1 and 5, without a fence between
 * what is brought and what is collected. Waits alone keep engines in step.
 */
#include <math.h>
#include <string.h>

#include "tests/check.h"
#include "tests/silicon_script.h"

#define WIDTH 4
#define HEIGHT 4       /* of which each tile has a half */
#define CHANNELS 4     /* a unit */
#define HALF (HEIGHT / 2)
#define PITCH (WIDTH + 2)
#define PADDED 0       /* units: the image with a rim */
#define MIDDLE 500
#define RESULT 600
#define DEPTHWISE 4    /* rows: one for each of 9 weights */
#define POINTWISE 20
#define NORTHERN (1u << 1)
#define SOUTHERN (1u << 5)
#define BOTH (NORTHERN | SOUTHERN)
#define ZERO 128       /* of all numbers */

struct network {
	uint8_t image[HEIGHT][WIDTH][CHANNELS];
	uint8_t depthwise[9][CHANNELS], pointwise[CHANNELS][CHANNELS];
};

static void draw(struct network *n, uint64_t seed)
{
	struct check_random random = { seed };

	for (size_t i = 0; i < sizeof(n->image); i++)
		((uint8_t *)n->image)[i] = (uint8_t)check_random(&random);
	for (size_t i = 0; i < sizeof(n->depthwise) + sizeof(n->pointwise); i++)
		((uint8_t *)n->depthwise)[i] = (uint8_t)check_random_in(&random, 118, 138);
}

static uint8_t stored(int32_t sum)
{
	float value = fminf(fmaxf(roundf((float)sum / 16), -128), 127);

	return (uint8_t)(value + ZERO);
}

static int32_t pixel(const uint8_t image[HEIGHT][WIDTH][CHANNELS], int y, int x, int channel)
{
	if (y < 0 || y >= HEIGHT || x < 0 || x >= WIDTH)
		return 0;
	return image[y][x][channel] - ZERO;
}

static void compute(const struct network *n, uint8_t result[HEIGHT][WIDTH][CHANNELS])
{
	uint8_t middle[HEIGHT][WIDTH][CHANNELS];

	for (int i = 0; i < HEIGHT * WIDTH * CHANNELS; i++) {
		int y = i / (WIDTH * CHANNELS), x = i / CHANNELS % WIDTH, c = i % CHANNELS;
		int32_t sum = 0;

		for (int k = 0; k < 9; k++)
			sum += pixel(n->image, y + k / 3 - 1, x + k % 3 - 1, c) *
			       (n->depthwise[k][c] - ZERO);
		middle[y][x][c] = stored(sum);
	}
	for (int i = 0; i < HEIGHT * WIDTH * CHANNELS; i++) {
		int y = i / (WIDTH * CHANNELS), x = i / CHANNELS % WIDTH, c = i % CHANNELS;
		int32_t sum = 0;

		for (int k = 0; k < CHANNELS; k++)
			sum += (middle[y][x][k] - ZERO) * (n->pointwise[c][k] - ZERO);
		result[y][x][c] = stored(sum);
	}
}

/* Weights of a channel are for that one alone: those for others are 0. */
static void bring_weights(struct script *s, const struct network *n)
{
	uint8_t rows[9][256];

	memset(rows, ZERO, sizeof(rows));
	for (int k = 0; k < 9; k++)
		for (int c = 0; c < CHANNELS; c++)
			rows[k][c * CHANNELS + c] = n->depthwise[k][c];
	script_rows(s, BOTH, DEPTHWISE, rows, sizeof(rows));
	script_rows(s, BOTH, POINTWISE, n->pointwise, sizeof(n->pointwise));
}

/* A half to the middle of what has a rim. */
static void bring_image(struct script *s, uint32_t tile, const void *half)
{
	uint8_t *at;

	script_rows(s, tile, 30, half, HALF * WIDTH * CHANNELS);
	at = script_add(s, 0x14, tile);
	script_place(at, "from", 30, LOOPS({ 1, 0 }));
	script_place(at, "into", PADDED + PITCH + 1, LOOPS({ WIDTH, 1 }, { HALF, PITCH }));
	isa_set_bits(at, 870, 3, 7);
	script_fence(s);
}

static void fill(uint8_t *at)
{
	isa_set_bits(at, 727, 1, 1);
	isa_set_bits(at, 728, 32, 0x01010101u * ZERO);
}

/* Rows of the rim come from the neighbour in the north or south, or are filled; columns
   are, with the corners. */
static void make_rim(struct script *s)
{
	const int32_t first = PADDED + PITCH + 1, last = first + PITCH * (HALF - 1);
	const int32_t above = first - PITCH, below = last + PITCH;
	uint8_t *at;

	at = script_add(s, 0x15, NORTHERN);
	script_place(at, "from", last, LOOPS({ WIDTH, 1 }));
	script_place(at, "into", above, LOOPS({ WIDTH, 1 }));
	fill(at);
	script_make(at, 1, 1);
	at = script_add(s, 0x15, SOUTHERN);
	script_place(at, "into", above, LOOPS({ WIDTH, 1 }));
	script_make(at, 1, 1);
	at = script_add(s, 0x17, NORTHERN);
	script_place(at, "into", below, LOOPS({ WIDTH, 1 }));
	script_make(at, 1, 1);
	at = script_add(s, 0x17, SOUTHERN);
	script_place(at, "from", first, LOOPS({ WIDTH, 1 }));
	script_place(at, "into", below, LOOPS({ WIDTH, 1 }));
	fill(at);
	script_make(at, 1, 1);
	for (uint32_t i = 0; i < 2; i++) {
		at = script_add(s, i == 0 ? 0x18 : 0x16, BOTH);
		script_place(at, "into", above + (i == 0 ? -1 : WIDTH),
			     LOOPS({ HALF + 2, PITCH }));
		fill(at);
		script_make(at, 1, 1);
	}
}

/* For each pixel of a half, one group of 4 outputs of so many steps. */
static uint8_t *add_mac(struct script *s, uint32_t steps)
{
	uint8_t *at = script_add(s, 0x01, BOTH);

	isa_set_bits(at, 62, 14, steps - 1);
	isa_set_bits(at, 62 + 14, 14, WIDTH * HALF - 1);
	script_place(at, "sums", 0, LOOPS({ steps, 0 }, { WIDTH * HALF, 0 }));
	isa_set_bits(at, 1854, 8, ZERO);
	isa_set_bits(at, 1870, 8, ZERO);
	isa_set_bits(at, 1949, 32, 0x3d800000); /* 1/16 */
	isa_set_bits(at, 1981, 32, 0x42fe0000); /* 127 */
	isa_set_bits(at, 2013, 32, 0xc3000000); /* -128 */
	isa_set_bits(at, 2077, 8, ZERO);
	return at;
}

static void add_layers(struct script *s)
{
	uint8_t *at = add_mac(s, 9);

	script_place(at, "input", 4 * PADDED,
		     LOOPS({ 3, 4 }, { 3, 4 * PITCH }, { WIDTH, 4 }, { HALF, 4 * PITCH }));
	script_place(at, "weights", 4 * DEPTHWISE, LOOPS({ 9, 4 }, { WIDTH * HALF, 0 }));
	script_place(at, "output", 4 * MIDDLE, LOOPS({ 1, 0 }, { WIDTH * HALF, 4 }));
	for (uint32_t side = 0; side < 4; side++)
		script_wait(at, side, SCRIPT_NORTH_IN + side, 7, 1, 0);
	at = add_mac(s, 1);
	script_place(at, "input", 4 * MIDDLE, LOOPS({ 1, 0 }, { WIDTH * HALF, 4 }));
	script_place(at, "weights", 4 * POINTWISE, LOOPS({ 1, 0 }, { WIDTH * HALF, 0 }));
	script_place(at, "output", 4 * RESULT, LOOPS({ 1, 0 }, { WIDTH * HALF, 4 }));
	script_make(at, 0, 1); /* each pixel */
}

/* The northern half first: the southern tile waits until that is on the ring. */
static void add_output(struct script *s)
{
	uint8_t *at = script_add(s, 0x13, BOTH);

	script_place(at, "from", RESULT, LOOPS({ WIDTH * HALF, 1 }));
	script_place(at, "into", 50, LOOPS({ 1, 0 }));
	isa_set_bits(at, 801, 3, 1);
	script_wait(at, 0, 0, 0, 1, 1);
	script_make(at, 0, 1);
	for (uint32_t i = 0; i < 2; i++) {
		at = script_scalar(s, 0x07);
		isa_set_bits(at, 43, 15, HALF * WIDTH * CHANNELS / 8 - 1);
		isa_set_bits(at, 173, 2, 3);
		at = script_add(s, 0x10, i == 0 ? NORTHERN : SOUTHERN);
		script_place(at, "from", 50, LOOPS({ 1, 0 }));
		isa_set_bits(at, 483, 1, 1);
		script_make(at, 1, 0);
		script_wait(at, 0, SCRIPT_NARROW_WIDE, 1, 1, 0);
		script_wait(at, 1, SCRIPT_PRODUCER_A, 1, (int32_t)i, 0);
	}
	s->output_bytes = HEIGHT * WIDTH * CHANNELS;
}

static void two_layers_on_two_tiles_give_the_right_answer(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 9; seed++) {
		uint8_t expected[HEIGHT][WIDTH][CHANNELS];
		struct script *s = script_new();
		struct network n;

		draw(&n, seed);
		compute(&n, expected);
		bring_weights(s, &n);
		bring_image(s, NORTHERN, n.image[0]);
		bring_image(s, SOUTHERN, n.image[HALF]);
		make_rim(s);
		add_layers(s);
		add_output(s);
		script_run(s);
		assert_memory_equal(s->output, expected, sizeof(expected));
		script_free(s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_layers_on_two_tiles_give_the_right_answer),
	};

	return CHECK_RUN(tests);
}
