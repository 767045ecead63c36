/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/silicon_program.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/isa/caching.h"
#include "tests/check.h"

static uint8_t *add(struct ours *ours, enum isa_unit unit, uint32_t code)
{
	uint8_t *at = ours->code + (size_t)ours->words * ISA_WORD_BYTES;

	isa_set_bits(at, 6, 5, code);
	isa_set_bits(at, 11, 1, unit);
	ours->words += isa_length(at);
	assert_true(ours->words <= OURS_WORDS_MAX);
	if (unit == ISA_TILES) {
		isa_set_bits(at, 12, 16, code == 0x1a ? 0xffff : 1);
		isa_set_bits(at, code == 0x1a ? 28 : 46, 13, ours->number++);
	}
	return at;
}

/* A base, and one loop; its pairs begin where the base ends. */
static void set_loop(uint8_t *at, uint32_t bit, const uint32_t width[3], uint32_t base,
		     uint32_t count, uint32_t step)
{
	isa_set_bits(at, bit, width[0], base);
	isa_set_bits(at, bit + width[0], width[1], step);
	isa_set_bits(at, bit + width[0] + width[1], width[2], count - 1);
}

static const uint32_t of_move[3] = { 16, 17, 16 }, of_narrow[3] = { 18, 19, 18 };

static void set_float(uint8_t *at, uint32_t bit, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	isa_set_bits(at, bit, 32, bits);
}

static void add_mac(struct ours *ours)
{
	uint8_t *at = ours->mac = add(ours, ISA_TILES, 0x01);

	isa_set_bits(at, 62, 14, 1);
	set_loop(at, 191, of_narrow, 0, 2, 4);
	set_loop(at, 574, of_narrow, 256, 16, 4);
	isa_set_bits(at, 957, 14, 16);
	isa_set_bits(at, 971, 15, 4);
	isa_set_bits(at, 986, 14, 1);
	isa_set_bits(at, 1289, 14, 1);
	isa_set_bits(at, 1843, 1, 1);
	isa_set_bits(at, 1854, 8, 130);
	isa_set_bits(at, 1870, 8, 120);
	isa_set_bits(at, 1936, 4, 15);
	isa_set_bits(at, 1942, 4, 15);
	set_float(at, 1949, 0.0078125f);
	set_float(at, 1981, 100);
	set_float(at, 2013, -128);
	isa_set_bits(at, 2077, 8, 128);
}

/* Until all engines of all tiles are done. */
static uint8_t *add_fence(struct ours *ours)
{
	uint8_t *at = add(ours, ISA_TILES, 0x1a);

	isa_set_bits(at, 79, 10, 0x3ff);
	return at;
}

static void write_main(struct ours *ours)
{
	uint8_t *at;

	add(ours, ISA_SCALAR, 0x1e);
	isa_set_bits(add_fence(ours), 44, 19, 0x7ffff);
	at = ours->to_narrow = add(ours, ISA_TILES, 0x14);
	set_loop(at, 62, of_move, 2078, 1, 0);
	set_loop(at, 267, of_move, 0, 2, 1);
	isa_set_bits(at, 870, 3, 1); /* a row ends with loop 0 */
	/* Until counter 14, rows that were received, is 1. */
	isa_set_bits(at, 615, 5, 14);
	isa_set_bits(at, 620, 3, 1);
	isa_set_bits(at, 623, 16, 1);
	isa_set_bits(at, 639, 16, 1);
	isa_set_bits(at, 655, 1, 1);
	at = ours->receive = add(ours, ISA_TILES, 0x11);
	set_loop(at, 62, of_move, 2078, 1, 0);
	isa_set_bits(at, 335, 1, 1);
	isa_set_bits(at, 336, 2, 1);
	at = ours->send = add(ours, ISA_SCALAR, 0x06);
	isa_set_bits(at, 12, 1, 1);
	isa_set_bits(at, 409, 16, 1);
	isa_set_bits(at, 434, 6, 63); /* to a row */
	add_fence(ours);
	add_mac(ours);
	add_fence(ours);
	at = add(ours, ISA_TILES, 0x13);
	set_loop(at, 62, of_move, 64, 16, 1);
	set_loop(at, 337, of_move, 2074, 1, 0);
	isa_set_bits(at, 801, 3, 1);
	add_fence(ours);
	at = add(ours, ISA_SCALAR, 0x07);
	isa_set_bits(at, 43, 15, OURS_OUTPUTS / 8 - 1);
	isa_set_bits(at, 173, 2, 3);
	at = add(ours, ISA_TILES, 0x10);
	set_loop(at, 62, of_move, 2074, 1, 0);
	isa_set_bits(at, 483, 1, 1);
	add(ours, ISA_SCALAR, 0x01);
	add(ours, ISA_SCALAR, 0x1f);
}

static void write_caching(struct ours *ours)
{
	struct isa_caching_block block = { .tiles = 1, .row = 4, .units = 8, .lanes = 4,
					   .begins_layer = true };
	struct isa_caching_plan plan = { .blocks = 1, .block = &block };
	struct atoll_error err;
	size_t size;

	if (isa_caching_write(&plan, &ours->caching_code, &size, &err) < 0)
		fail_msg("%s", err.text);
	ours->chunk[1] = (struct edgetpu_chunk){ .bytes = ours->caching_code,
						 .size = (uint32_t)size };
}

static void wrap(struct ours *ours)
{
	ours->hint[0][1] = (struct edgetpu_hint){ .kind = EDGETPU_INPUT, .size = OURS_INPUTS };
	ours->hint[0][2] = (struct edgetpu_hint){ .kind = EDGETPU_OUTPUT,
						  .size = OURS_OUTPUTS };
	ours->hint[1][1] = (struct edgetpu_hint){ .kind = EDGETPU_PARAMETERS,
						  .size = sizeof(ours->weights) };
	ours->main = (struct edgetpu_executable){
		.name = "ours", .type = EDGETPU_EXECUTION, .token = 1, .chunks = 1,
		.chunk = &ours->chunk[0], .hints = 3, .hint = ours->hint[0] };
	ours->caching = (struct edgetpu_executable){
		.name = "ours, caching", .type = EDGETPU_CACHING, .token = 1, .chunks = 1,
		.chunk = &ours->chunk[1], .hints = 2, .hint = ours->hint[1],
		.parameters = ours->weights, .parameter_bytes = sizeof(ours->weights) };
	ours->package = (struct edgetpu_package){ .main = &ours->main,
						  .caching = &ours->caching };
}

struct ours *ours_new(uint64_t seed)
{
	struct ours *ours = calloc(1, sizeof(*ours));
	struct check_random random = { seed };

	assert_non_null(ours);
	for (size_t i = 0; i < sizeof(ours->weights); i++)
		ours->weights[i] = (uint8_t)check_random(&random);
	for (size_t i = 0; i < OURS_INPUTS; i++)
		ours->input[i] = (uint8_t)check_random(&random);
	write_main(ours);
	ours->chunk[0] = (struct edgetpu_chunk){ .bytes = ours->code,
						 .size = ours->words * ISA_WORD_BYTES };
	write_caching(ours);
	wrap(ours);
	return ours;
}

void ours_free(struct ours *ours)
{
	free(ours->caching_code);
	free(ours);
}

int ours_bring(struct emulator_program *program, const struct edgetpu_executable *caching)
{
	int r = program->ops->begin(program, caching);

	for (uint32_t i = 0; i < caching->hints && r == 0; i++)
		if (caching->hint[i].kind == EDGETPU_PARAMETERS)
			r = program->ops->infeed(program, &caching->hint[i],
						 caching->parameters + caching->hint[i].offset);
	return r;
}

int ours_run(struct emulator_program *program, const struct ours *ours,
	     uint8_t output[OURS_OUTPUTS])
{
	int r = program->ops->begin(program, &ours->main);

	if (r == 0)
		r = program->ops->infeed(program, &ours->hint[0][1], ours->input);
	return r < 0 ? r : program->ops->outfeed(program, &ours->hint[0][2], 0, output);
}

uint8_t ours_expected(const struct ours *ours, uint32_t output)
{
	int sum = 0;
	float value;

	for (uint32_t i = 0; i < OURS_INPUTS; i++)
		sum += (ours->input[i] - 120) *
		       (ours->weights[i / 4 * 256 + 4 * output + i % 4] - 130);
	value = (float)sum / 128;
	value = value < -128 ? -128 : value > 100 ? 100 : value;
	/* Nearest, even in the middle: 128 numbers to one, so both sides are exact. */
	sum = (int)(value + 1024 + 0.5f) - 1024;
	return (uint8_t)(sum - (value + 0.5f == (float)sum && sum % 2 != 0) + 128);
}
