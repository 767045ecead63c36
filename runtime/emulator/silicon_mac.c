/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multiply and accumulate. A step takes 4 bytes of input and, for each output of the
 * group, 4 weights; when all steps of a sum are done, its group of outputs is scaled,
 * cut and written. Zero points are taken off before multiplying, all bytes are
 * unsigned. Sums of many inputs are made in passes, and are in wide memory between them.
 */
#include <math.h>
#include <string.h>

#include "runtime/emulator/silicon_inside.h"
#include "runtime/quant.h"

enum { INPUT, OUTPUT, WEIGHTS, SUMS };

/* Wide memory as the mac sees it: 4 addresses to a row. */
#define LANES 4
#define LANE_BYTES (SILICON_ROW_BYTES / LANES)

static bool stands_still(const struct isa_access *access, uint32_t d)
{
	return access->loop[d].count <= 1 || access->loop[d].stride == 0;
}

/* Steps of a sum that follow each other, then as many sums under way, then again. */
static int split(struct silicon *s, const struct silicon_instruction *in, uint64_t depth,
		 struct silicon_engine *engine)
{
	const struct isa_access *sums = &in->place[SUMS].access;
	uint32_t d = 0;

	engine->run = depth;
	engine->passes = engine->under_way = 1;
	while (d < sums->loops && stands_still(sums, d))
		d++;
	if (d == sums->loops)
		return 0;
	engine->run = 1;
	for (uint32_t i = 0; i < d; i++)
		engine->run *= sums->loop[i].count;
	for (; d < sums->loops && !stands_still(sums, d); d++)
		engine->under_way *= sums->loop[d].count;
	if (engine->run == 0 || depth % engine->run > 0 ||
	    isa_iterations(sums) != isa_iterations(&in->loops.access))
		return silicon_stop(s, in, "its partial sums do not go into its loops");
	engine->passes = depth / engine->run;
	return 0;
}

int silicon_begin_mac(struct silicon *s, const struct silicon_instruction *in,
		      struct silicon_engine *engine)
{
	uint32_t units = in->place[OUTPUT].access.loop[0].count;
	uint64_t steps = isa_iterations(&in->loops.access);
	uint64_t sums = isa_iterations(&in->place[OUTPUT].access) / in->mac.fours;

	if (in->mac.mode > SILICON_HALVES)
		return silicon_stop(s, in, "mode %u is not understood", in->mac.mode);
	if (steps == UINT64_MAX)
		return silicon_stop(s, in, "its loops go round more often than can be counted");
	if (units % in->mac.fours > 0)
		return silicon_stop(s, in, "its outputs do not go by groups");
	if (isa_iterations(&in->place[INPUT].access) != steps ||
	    isa_iterations(&in->place[WEIGHTS].access) != steps)
		return silicon_stop(s, in, "input or weights have other counts than loops");
	if (sums == 0 || steps % sums > 0)
		return silicon_stop(s, in, "its outputs do not go into its loops");
	return split(s, in, steps / sums, engine);
}

/* `bytes` of wide memory in one row; NULL, and stopped, when they are in two. */
static uint8_t *lanes(struct silicon *s, const struct silicon_instruction *in,
		      uint32_t tile, int64_t lane, uint32_t bytes, bool is_written)
{
	int64_t row = lane < 0 ? lane : lane / LANES;
	uint32_t from = (uint32_t)(lane & (LANES - 1)) * LANE_BYTES;

	if (from + bytes > SILICON_ROW_BYTES) {
		silicon_stop(s, in, "a group that goes over two rows is not executed");
		return NULL;
	}
	if (is_written ? !silicon_wide_to(s, in, tile, row) : !silicon_wide(s, in, tile, row))
		return NULL;
	return s->tile[tile].wide[row] + from;
}

/* The outputs' own zero points, when the weights are quantized for each of them. */
static int find_zeros(struct silicon *s, const struct silicon_instruction *in, uint32_t tile,
		      struct silicon_engine *engine)
{
	uint32_t bytes = 16 * in->mac.fours;
	const uint8_t *zeros;

	for (uint32_t o = 0; o < 64; o++)
		engine->zero[o] = (uint32_t)in->mac.weight_zero;
	if (!in->mac.has_zeros)
		return 0;
	zeros = lanes(s, in, tile, in->mac.zeros[engine->group % 2], bytes, false);
	if (zeros)
		memcpy(engine->zero, zeros, bytes);
	return s->err.code;
}

/* Bytes of input of a step, and of weights for each output. */
static const struct { uint8_t inputs, weights; } widths[] = {
	[SILICON_MATRIX] = { 4, 4 }, [SILICON_BYTES] = { 1, 1 }, [SILICON_HALVES] = { 2, 4 },
};

/* Zero points are any numbers: all of it goes around. */
static void add_matrix(uint32_t *sum, const uint32_t *input, const uint8_t *weights,
		       const uint32_t *zero, uint32_t outputs)
{
	for (uint32_t o = 0; o < outputs; o++)
		for (uint32_t i = 0; i < 4; i++)
			sum[o] += input[i] * (weights[4 * o + i] - zero[o]);
}

static void add_bytes(uint32_t *sum, const uint32_t *input, const uint8_t *weights,
		      const uint32_t *zero, uint32_t outputs)
{
	for (uint32_t o = 0; o < outputs; o++)
		sum[o] += input[0] * (weights[o] - zero[o]);
}

static void add_halves(uint32_t *sum, const uint32_t *input, const uint8_t *weights,
		       const uint32_t *zero, uint32_t outputs)
{
	int16_t half[2];

	for (uint32_t o = 0; o < outputs; o++) {
		memcpy(half, weights + (size_t)4 * o, sizeof(half));
		for (uint32_t i = 0; i < 2; i++)
			sum[o] += input[i] * ((uint32_t)half[i] - zero[o]);
	}
}

static int add(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
	       struct silicon_engine *engine)
{
	const struct silicon_mac *mac = &in->mac;
	uint32_t outputs = 4 * mac->fours, inputs = widths[mac->mode].inputs, input[4];
	const uint8_t *from = silicon_narrow(s, in, tile,
					     silicon_address(&in->place[INPUT], &engine->input),
					     inputs);
	const uint8_t *weights = lanes(s, in, tile,
				       silicon_address(&in->place[WEIGHTS], &engine->weights),
				       outputs * widths[mac->mode].weights, false);

	if (s->err.code < 0)
		return s->err.code;
	for (uint32_t i = 0; i < inputs; i++)
		input[i] = (uint32_t)(from[i] - mac->input_zero);
	if (mac->mode == SILICON_MATRIX)
		add_matrix(engine->sum, input, weights, engine->zero, outputs);
	else if (mac->mode == SILICON_BYTES)
		add_bytes(engine->sum, input, weights, engine->zero, outputs);
	else
		add_halves(engine->sum, input, weights, engine->zero, outputs);
	return 0;
}

/* Limits, which may be infinite. */
static int32_t limit(float value)
{
	return value >= 0x1p31f ? INT32_MAX : value >= -0x1p31f ? (int32_t)roundf(value) :
								  INT32_MIN;
}

static int32_t round_once(const struct silicon_mac *mac, int32_t sum, float factor)
{
	float value = fminf(fmaxf((float)sum * factor, mac->lower), mac->upper);

	return limit(value);
}

static int32_t round_twice(const struct silicon_mac *mac, int32_t sum, float factor)
{
	int32_t value = multiply_by_quantized(sum, multiplier_from((double)factor));

	return clamp_i32(value, limit(mac->lower), limit(mac->upper));
}

static int scale(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		 uint32_t bank, uint32_t sum, uint32_t output, uint8_t *result)
{
	const struct silicon_mac *mac = &in->mac;
	float factor = mac->factor;
	int32_t bias = 0, value;
	int64_t byte;

	if (mac->has_bias) {
		const uint8_t *from = silicon_scaling(s, in, tile, bank, SILICON_BIASES,
						      output);

		if (!from)
			return s->err.code;
		memcpy(&bias, from, sizeof(bias));
	}
	if (mac->has_factor) {
		const uint8_t *from = silicon_scaling(s, in, tile, bank, 0, output);

		if (!from)
			return s->err.code;
		memcpy(&factor, from, sizeof(factor));
	}
	sum += (uint32_t)bias + (uint32_t)mac->bias;
	value = s->rounding == SILICON_ROUNDS_ONCE || mac->mode != SILICON_MATRIX ?
		round_once(mac, (int32_t)sum, factor) :
		round_twice(mac, (int32_t)sum, factor);
	byte = (int64_t)value + mac->output_zero;
	*result = (uint8_t)(byte < 0 ? 0 : byte > 255 ? 255 : byte);
	return 0;
}

static int write_group(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		       struct silicon_engine *engine)
{
	struct silicon_walk *walk = &engine->walk[SILICON_INTO];
	uint32_t left = silicon_innermost(&in->place[OUTPUT], walk) - walk->at[0];

	for (uint32_t four = 0; four < in->mac.fours && four < left; four++) {
		uint8_t *to = silicon_narrow_to(s, in, tile,
						silicon_address(&in->place[OUTPUT], walk) /
						SILICON_UNIT_BYTES);

		for (uint32_t i = 0; i < 4 && to && s->err.code == 0; i++)
			scale(s, tile, in, engine->bank, engine->sum[4 * four + i],
			      4 * four + i, &to[i]);
		silicon_count(&s->tile[tile], &in->make[0],
			      silicon_advance(&in->place[OUTPUT], walk));
	}
	return s->err.code;
}

/* Sums are kept between two passes, those of 64 outputs in a row. */
static int keep(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		struct silicon_engine *engine, bool is_written)
{
	uint32_t bytes = 16 * in->mac.fours;
	uint8_t *kept = lanes(s, in, tile, silicon_address(&in->place[SUMS], &engine->sums),
			      bytes, is_written);

	if (kept && is_written)
		memcpy(kept, engine->sum, bytes);
	else if (kept)
		memcpy(engine->sum, kept, bytes);
	return s->err.code;
}

/* Which pass over the sums under way this run is in. */
static uint64_t pass_of(const struct silicon_engine *engine)
{
	return engine->runs / engine->under_way % engine->passes;
}

/* A group begins where its factors and biases are waited for, and that says in which
   bank they are. */
static void find_group(const struct silicon_instruction *in, struct silicon_engine *engine)
{
	for (uint32_t i = 0; i < in->waits; i++) {
		const struct silicon_wait *wait = &in->wait[i];

		if (wait->counter == SILICON_WIDE_SCALING &&
		    silicon_begins(&in->loops, &engine->walk[SILICON_FROM], wait->loop,
				   &engine->group))
			engine->bank = (uint32_t)(wait->start + wait->step * engine->group - 1) %
				       SILICON_BANKS;
	}
}

static int begin_run(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		     struct silicon_engine *engine)
{
	find_group(in, engine);
	if (find_zeros(s, in, tile, engine) < 0)
		return s->err.code;
	if (pass_of(engine) > 0)
		return keep(s, tile, in, engine, false);
	memset(engine->sum, 0, sizeof(engine->sum));
	return 0;
}

static int end_run(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		   struct silicon_engine *engine)
{
	bool is_last = pass_of(engine) + 1 == engine->passes;

	engine->terms = 0;
	engine->runs++;
	return is_last ? write_group(s, tile, in, engine) : keep(s, tile, in, engine, true);
}

int silicon_mac(struct silicon *s, uint32_t tile, const struct silicon_instruction *in,
		struct silicon_engine *engine)
{
	uint32_t level;
	int r = engine->terms == 0 ? begin_run(s, tile, in, engine) : 0;

	if (r == 0)
		r = add(s, tile, in, engine);
	if (r == 0 && ++engine->terms == engine->run)
		r = end_run(s, tile, in, engine);
	if (r < 0)
		return r;
	silicon_advance(&in->place[INPUT], &engine->input);
	silicon_advance(&in->place[WEIGHTS], &engine->weights);
	silicon_advance(&in->place[SUMS], &engine->sums);
	level = silicon_advance(&in->loops, &engine->walk[SILICON_FROM]);
	silicon_count(&s->tile[tile], &in->make[1], level);
	return level == ISA_LOOPS_MAX ? SILICON_DONE : 1;
}
