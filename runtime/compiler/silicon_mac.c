/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/silicon_mac.h"

#include <math.h>
#include <string.h>

#define CODE_MAC 0x01
#define LANES 4                     /* of a row of wide memory */
#define SCALED 12                   /* the counter of tables that came */

#define COUNTS_OUTPUTS 1563         /* at loop (3 bits) */
#define COUNTS_WEIGHTS 1568         /* likewise */

static const struct words_waits mac_waits = { .from = 1578, .loop_bits = 3 };

/* The same for dense and convolution, with scales for channels or without. */
static const struct words_bits constants[] = {
	{ 505, 3, 7 }, { 888, 3, 7 }, { 1203, 1, 1 }, { 1844, 2, 3 }, { 1923, 1, 1 },
	{ 1926, 1, 1 },
};

#define HAS_LAYER_WEIGHTS 1843      /* which copies have not */

/* In all copies, and in nothing else. */
static const struct words_bits of_copies[] = { { 1850, 3, 7 } };

#define ZEROS_ARE_THERE 1853
#define ZEROS_LAST 1884             /* the last place; there is but one */
#define ZEROS_APART 1898            /* rows between places; 1 where there is but one */
#define ZEROS_PLACE 1908
#define LANE_BITS 14
#define HAS_BIASES 2093
#define HAS_FACTORS 2094

static uint32_t bits_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static void put_numbers(uint8_t *at, const struct mac_numbers *numbers)
{
	words_set(at, "scale", bits_of(numbers->scale));
	words_set(at, "lower", bits_of(numbers->lower));
	words_set(at, "upper", bits_of(numbers->upper));
	words_set(at, "weight-zero", numbers->weight_zero);
	words_set(at, "input-zero", numbers->input_zero);
	words_set(at, "output-zero", numbers->output_zero);
	isa_set_bits(at, HAS_BIASES, 1, numbers->has_biases);
	isa_set_bits(at, HAS_FACTORS, 1, numbers->has_factors);
}

/* They are the last table. */
static void put_zeros(uint8_t *at, const struct mac_numbers *numbers, uint32_t row)
{
	uint32_t lane = (row + mac_tables(numbers) - 1) * LANES;

	isa_set_bits(at, ZEROS_ARE_THERE, 1, 1);
	isa_set_bits(at, ZEROS_LAST, LANE_BITS, lane);
	isa_set_bits(at, ZEROS_APART, 1, 1);
	isa_set_bits(at, ZEROS_PLACE, LANE_BITS, lane);
}

uint8_t *mac_add(struct words *words, uint16_t tiles)
{
	return words_add(words, ISA_TILES, CODE_MAC, tiles);
}

void mac_counts(uint8_t *at, uint32_t output_loop, uint32_t weight_loop)
{
	isa_set_bits(at, COUNTS_OUTPUTS, 1, 1);
	isa_set_bits(at, COUNTS_OUTPUTS + 1, 3, output_loop);
	isa_set_bits(at, COUNTS_WEIGHTS, 1, 1);
	isa_set_bits(at, COUNTS_WEIGHTS + 1, 3, weight_loop);
}

void mac_put(uint8_t *at, const struct mac_numbers *numbers, uint32_t fours, uint32_t row,
	     uint32_t loop)
{
	const struct words_until scaled = { .counter = SCALED, .loop = (uint8_t)loop,
					    .start = 1, .step = 1 };

	WORDS_PUT(at, constants);
	isa_set_bits(at, HAS_LAYER_WEIGHTS, 1, 1);
	words_set(at, "last-outputs", 4 * fours);
	words_set(at, "outputs", 4 * fours);
	if (numbers->has_factors || numbers->has_biases)
		words_wait(at, &mac_waits, 0, &scaled);
	if (numbers->has_zeros)
		put_zeros(at, numbers, row);
	put_numbers(at, numbers);
}

void mac_put_copy(uint8_t *at)
{
	const struct mac_numbers as_it_is = { .scale = 1, .lower = -INFINITY,
					      .upper = INFINITY };

	WORDS_PUT(at, constants);
	WORDS_PUT(at, of_copies);
	put_numbers(at, &as_it_is);
}
