/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiply and accumulate. A step takes 4 bytes of input and, for each output of the
 * group, 4 weights; when all steps of a sum are done, its group of outputs is scaled,
 * cut and written. Zero points are taken off before multiplying, all bytes are
 * unsigned.
 */
#include <math.h>
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

enum { INPUT, OUTPUT, WEIGHTS, SUMS };

/* An address of narrow memory has 16 steps of a stride and 8 of a base. */
#define STRIDES 16
#define BASE_STRIDES 2
/* Wide memory as the mac sees it: 4 addresses to a row, negative ones from the end. */
#define LANES 4
#define LANE_BYTES (SILICON_ROW_BYTES / LANES)
#define WIDE_LANES (2048 * LANES)

static uint32_t field(const struct silicon_instruction *in, uint32_t bit, uint32_t width)
{
	return isa_bits(in->bytes, bit, width);
}

static float real(const struct silicon_instruction *in, uint32_t bit)
{
	return isa_real(field(in, bit, 32));
}

/* Groups of four outputs: of a full group, which the last one is too. */
static uint32_t fours(const struct silicon_instruction *in)
{
	return field(in, 1942, 4) + 1;
}

static bool stands_still(const struct isa_access *access)
{
	for (uint32_t d = 0; d < access->loops; d++)
		if (access->loop[d].count > 1 && access->loop[d].stride != 0)
			return false;
	return true;
}

/* Weights are counted as used more than once, each time in another part of a buffer. */
static bool goes_around(const struct silicon_instruction *in)
{
	for (uint32_t d = in->make[1].loop; d < in->nest.loops; d++)
		if (in->nest.loop[d].count > 1)
			return field(in, 1212, 1) && in->make[1].is_there;
	return false;
}

int silicon_begin_mac(struct silicon *s, const struct silicon_instruction *in,
		      struct silicon_engine *engine)
{
	uint64_t steps = isa_iterations(&in->nest);
	uint64_t outputs = isa_iterations(&in->access[OUTPUT]);
	uint64_t sums = outputs / fours(in);

	if (!field(in, 1843, 1))
		return silicon_stop(s, in, "copies and fills are not executed");
	if (!stands_still(&in->access[SUMS]))
		return silicon_stop(s, in, "partial sums are not executed");
	if (field(in, 1936, 4) + 1 != fours(in))
		return silicon_stop(s, in, "a last group that is not full is not executed");
	if (goes_around(in))
		return silicon_stop(s, in, "weights that go around are not executed");
	if (isa_iterations(&in->access[INPUT]) != steps ||
	    isa_iterations(&in->access[WEIGHTS]) != steps)
		return silicon_stop(s, in, "input or weights have other counts than loops");
	if (outputs % fours(in) > 0 || sums == 0 || steps % sums > 0 || steps > UINT32_MAX)
		return silicon_stop(s, in, "its outputs do not go into its loops");
	engine->depth = (uint32_t)(steps / sums);
	return 0;
}

/* The outputs' own zero points, when the weights are quantized for each of them. */
static int32_t weight_zero(const struct silicon_instruction *in, const uint8_t *zeros,
			   uint32_t output)
{
	int32_t zero;

	if (!zeros)
		return (int32_t)field(in, 1854, 8);
	memcpy(&zero, zeros + (size_t)output * 4, sizeof(zero));
	return zero;
}

/* `bytes` of wide memory in one row; NULL, and stopped, when they are in two. */
static const uint8_t *lanes(struct silicon *s, const struct silicon_instruction *in,
			    uint32_t tile, int64_t lane, uint32_t bytes)
{
	uint32_t at = (uint32_t)(lane & (WIDE_LANES - 1));
	const uint8_t *row = silicon_wide(s, in, tile, at / LANES);

	if (at % LANES * LANE_BYTES + bytes > SILICON_ROW_BYTES) {
		silicon_stop(s, in, "a group that goes over two rows is not executed");
		return NULL;
	}
	return row ? row + (size_t)at % LANES * LANE_BYTES : NULL;
}

static int64_t narrow_unit(struct silicon *s, const struct silicon_instruction *in,
			   const struct isa_access *access, const struct silicon_walk *walk)
{
	int64_t strides = silicon_address(access, walk) +
			  (BASE_STRIDES - 1) * (int64_t)access->base;

	if (strides % STRIDES != 0)
		silicon_stop(s, in, "bytes that do not lie on an address are not executed");
	return strides / STRIDES;
}

static int add(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
	       struct silicon_engine *engine)
{
	uint32_t outputs = 4 * fours(in);
	const uint8_t *input = silicon_narrow(s, in, tile, narrow_unit(s, in,
		&in->access[INPUT], &engine->from));
	const uint8_t *weights = lanes(s, in, tile, silicon_address(&in->access[WEIGHTS],
		&engine->weights), outputs * 4);
	const uint8_t *zeros = NULL;
	int32_t input_zero = (int32_t)field(in, 1870, 8);

	if (field(in, 1853, 1))
		zeros = lanes(s, in, tile, isa_signed_bits(in->bytes, 1908, 13), outputs * 4);
	if (s->err.code < 0)
		return s->err.code;
	for (uint32_t o = 0; o < outputs; o++) {
		int32_t zero = weight_zero(in, zeros, o), sum = 0;

		for (uint32_t i = 0; i < 4; i++)
			sum += (input[i] - input_zero) *
			       (int32_t)((uint32_t)weights[4 * o + i] - (uint32_t)zero);
		engine->sum[o] = (int32_t)((uint32_t)engine->sum[o] + (uint32_t)sum);
	}
	return 0;
}

/* In single precision: times the factor, cut, rounded (to even where it is in the
   middle), and the zero point added. */
static int scale(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		 int32_t sum, uint32_t output, uint8_t *result)
{
	float factor = real(in, 1949), value;
	int32_t bias = 0;

	if (field(in, 2093, 1)) {
		const uint8_t *from = silicon_scaling(s, in, tile, SILICON_BIASES, output);

		if (!from)
			return s->err.code;
		memcpy(&bias, from, sizeof(bias));
	}
	if (field(in, 2094, 1)) {
		const uint8_t *from = silicon_scaling(s, in, tile, 0, output);

		if (!from)
			return s->err.code;
		memcpy(&factor, from, sizeof(factor));
	}
	value = (float)(int32_t)((uint32_t)sum + (uint32_t)bias) * factor;
	value = fminf(fmaxf(value, real(in, 2013)), real(in, 1981));
	value = rintf(value) + (float)field(in, 2077, 8);
	*result = (uint8_t)fminf(fmaxf(value, 0), 255);
	return 0;
}

static int write_group(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		       struct silicon_engine *engine)
{
	uint32_t level = 0;

	for (uint32_t four = 0; four < fours(in); four++) {
		uint8_t *to = silicon_narrow_to(s, in, tile, narrow_unit(s, in,
			&in->access[OUTPUT], &engine->into));

		for (uint32_t i = 0; i < 4 && to && s->err.code == 0; i++)
			scale(s, tile, in, engine->sum[4 * four + i], 4 * four + i, &to[i]);
		level = silicon_advance(&in->access[OUTPUT], &engine->into);
		silicon_count(&s->tile[tile], &in->make[0], level);
	}
	return s->err.code;
}

int silicon_mac(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		struct silicon_engine *engine)
{
	uint32_t level;
	int r = add(s, tile, in, engine);

	if (r == 0 && ++engine->terms == engine->depth) {
		r = write_group(s, tile, in, engine);
		engine->terms = 0;
		memset(engine->sum, 0, sizeof(engine->sum));
	}
	if (r < 0)
		return r;
	silicon_advance(&in->access[INPUT], &engine->from);
	silicon_advance(&in->access[WEIGHTS], &engine->weights);
	level = silicon_advance(&in->nest, &engine->walk);
	silicon_count(&s->tile[tile], &in->make[1], level);
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}
