/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loops compute, in C: for machines without vectors, and for the ends of
 * rows that are shorter than one.
 */
#include "camera/convert_loops.h"

static int16_t mixed(uint8_t a, uint8_t b, int16_t weight)
{
	return (int16_t)(a * 128 + convert_scaled((b - a) * 128, weight));
}

static void mix(int16_t *out, const uint8_t *a, const uint8_t *b, uint32_t samples,
		int16_t weight)
{
	for (uint32_t i = 0; i < samples; i++)
		out[i] = mixed(a[i], b[i], weight);
}

static void mix_apart(int16_t *even, int16_t *odd, const uint8_t *a, const uint8_t *b,
		      uint32_t pairs, int16_t weight)
{
	for (uint32_t i = 0; i < pairs; i++) {
		even[i] = mixed(a[2 * i], b[2 * i], weight);
		odd[i] = mixed(a[2 * i + 1], b[2 * i + 1], weight);
	}
}

static void mix_together(int16_t *out, const uint8_t *const a[2], const uint8_t *const b[2],
			 uint32_t pairs, int16_t weight)
{
	for (uint32_t i = 0; i < pairs; i++) {
		out[2 * i] = mixed(a[0][i], b[0][i], weight);
		out[2 * i + 1] = mixed(a[1][i], b[1][i], weight);
	}
}

/* From `sample` of the place's first pixel to that of the one behind it. */
static int16_t picked(const int16_t *sample, uint32_t step,
		      const struct convert_places *places, uint32_t i)
{
	const int16_t *first = sample + (size_t)places->first[i] * step;

	/* Behind the last pixel anything may lie, but its weight is 0. */
	return (int16_t)(*first + convert_scaled(first[step] - *first, places->twin[i][0]));
}

static void pick(int16_t *out, const int16_t *sample, uint32_t step,
		 const struct convert_places *places)
{
	for (uint32_t i = 0; i < places->count; i++)
		out[i] = picked(sample, step, places, i);
}

static void pick_one(int16_t *out, const int16_t *row, const struct convert_places *places)
{
	pick(out, row, 1, places);
}

static void pick_two(int16_t *const out[2], const int16_t *row,
		     const struct convert_places *places)
{
	for (uint32_t i = 0; i < 2; i++)
		pick(out[i], row + i, 2, places);
}

static void pick_three(int16_t *const out[3], const int16_t *row, uint32_t step,
		       const struct convert_places *places)
{
	for (uint32_t i = 0; i < 3; i++)
		pick(out[i], row + i, step, places);
}

static uint8_t colour(const int16_t *const in[3], uint32_t i,
		      const struct convert_colours *colours, unsigned output)
{
	int32_t sum = colours->bias[output];

	for (unsigned c = 0; c < 3; c++)
		sum += convert_scaled(in[c][i], colours->factor[output][c]);
	sum >>= 5;
	return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void colour_three(uint8_t *out, const int16_t *const in[3], uint32_t count,
			 const struct convert_colours *colours, uint8_t flip)
{
	for (uint32_t i = 0; i < count; i++)
		for (unsigned c = 0; c < 3; c++)
			*out++ = colour(in, i, colours, c) ^ flip;
}

static void colour_one(uint8_t *out, const int16_t *const in[3], uint32_t count,
		       const struct convert_colours *colours, uint8_t flip)
{
	for (uint32_t i = 0; i < count; i++)
		out[i] = colour(in, i, colours, 0) ^ flip;
}

const struct convert_loops convert_loops_plain = {
	.mix = mix,
	.mix_apart = mix_apart,
	.mix_together = mix_together,
	.pick_one = pick_one,
	.pick_two = pick_two,
	.pick_three = pick_three,
	.colour_three = colour_three,
	.colour_one = colour_one,
};
