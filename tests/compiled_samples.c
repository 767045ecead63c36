/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "tests/compiled.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))
#define LIST(name, array) .name##s = COUNT(array), .name = array

/* Any bytes will do, as long as no two chunks are alike: an emulator tells programs
   apart by them. */
static uint8_t noise[4096];

static const uint8_t *any_bytes(unsigned from)
{
	uint32_t state = 1;

	for (size_t i = 0; i < sizeof(noise); i++) {
		state = state * 1664525 + 1013904223;
		noise[i] = (uint8_t)(state >> 24);
	}
	return noise + from;
}

/* A layer without tiles; `bytes` and `size` as they should be. */
static struct edgetpu_layer flat(const char *name, enum edgetpu_type type, uint32_t y,
				 uint32_t x, uint32_t z)
{
	bool is_wide = type == EDGETPU_INT16 || type == EDGETPU_UINT16;
	uint32_t element = is_wide ? 2 : type == EDGETPU_SINGLE ? 4 : 1;

	return (struct edgetpu_layer){
		.name = name, .type = type, .y = y, .x = x, .z = z, .element = element,
		.is_signed = type == EDGETPU_INT8 || type == EDGETPU_INT16,
		.zero_point = is_wide ? 32768 : 128, .scale = 0.5f, .executions = 1,
		.bytes = (size_t)y * x * z * element, .state_of = -1,
		.size = (y * x * z * element + 7) / 8 * 8, .layout = { .is_flat = true },
	};
}

static struct edgetpu_layer shaped(struct edgetpu_layer layer, int32_t executions)
{
	const int32_t dims[] = { 1, (int32_t)layer.y, (int32_t)layer.x, (int32_t)layer.z };

	layer.rank = 4;
	for (int i = 0; i < 4; i++)
		layer.shape[i] = (struct edgetpu_range){ 0, dims[i] - 1 };
	layer.executions = (uint32_t)executions;
	layer.bytes *= layer.executions;
	return layer;
}

/* Every address that instructions of the vendor's compiler are told: in the upper
   bits of one instruction each, the lower half of it first. */
static const struct edgetpu_field flat_fields[] = {
	{ 70, 2, false, "" }, { 198, 2, true, "" }, { 326, 1, false, "in" },
	{ 454, 1, true, "in" }, { 582, 0, false, "out" }, { 710, 0, true, "out" },
};
static const struct edgetpu_field caching_fields[] = {
	{ 70, 2, false, "" }, { 198, 2, true, "" },
};

/* Parameters come onto the chip. */
static struct edgetpu_executable bringing(struct edgetpu_chunk *chunk,
					  struct edgetpu_hint hint[3], unsigned from,
					  uint64_t token, uint32_t bytes)
{
	*chunk = (struct edgetpu_chunk){ .bytes = any_bytes(from), .size = 64,
					 .fields = COUNT(caching_fields),
					 .field = caching_fields };
	hint[0] = (struct edgetpu_hint){ .kind = EDGETPU_INSTRUCTIONS, .size = 64 };
	hint[1] = (struct edgetpu_hint){ .kind = EDGETPU_PARAMETERS, .size = bytes };
	hint[2] = (struct edgetpu_hint){ .kind = EDGETPU_INTERRUPT };
	return (struct edgetpu_executable){
		.name = "model", .type = EDGETPU_CACHING, .token = token, .chunks = 1,
		.chunk = chunk, .hints = 3, .hint = hint, .is_deterministic = true,
		.parameters = any_bytes(from + 256), .parameter_bytes = bytes,
	};
}

static const struct edgetpu_package *flat_sample(void)
{
	static struct edgetpu_layer in, out;
	static struct edgetpu_chunk chunk, caching_chunk;
	static struct edgetpu_hint hint[4], caching_hint[3];
	static struct edgetpu_executable main, caching;
	static const struct edgetpu_package package = {
		.runtime_version = 12, .compiler = "cl/1",
		.main = &main, .caching = &caching };

	in = flat("in", EDGETPU_UINT8, 1, 1, 20);
	out = shaped(flat("out", EDGETPU_UINT8, 1, 1, 16), 1);
	chunk = (struct edgetpu_chunk){ .bytes = any_bytes(0), .size = 128,
					LIST(field, flat_fields) };
	hint[0] = (struct edgetpu_hint){ .kind = EDGETPU_INSTRUCTIONS, .size = 128 };
	hint[1] = (struct edgetpu_hint){ .kind = EDGETPU_INPUT, .size = in.size };
	hint[2] = (struct edgetpu_hint){ .kind = EDGETPU_OUTPUT, .size = out.size };
	hint[3] = (struct edgetpu_hint){ .kind = EDGETPU_INTERRUPT };
	caching = bringing(&caching_chunk, caching_hint, 128, 0xf1a7, 96);
	main = (struct edgetpu_executable){
		.name = "model", .type = EDGETPU_EXECUTION, .token = 0xf1a7,
		.is_deterministic = true, .chunks = 1, .chunk = &chunk, LIST(hint, hint),
		.inputs = 1, .input = &in, .outputs = 1, .output = &out, .narrow_bytes = 832,
	};
	return &package;
}

static const struct edgetpu_package *tiles_sample(void)
{
	static struct compiled_tiles tiles[3];
	static struct edgetpu_layer in[2], out[3];
	static struct edgetpu_chunk chunk[2], caching_chunk;
	static struct edgetpu_executable main, caching;
	static struct edgetpu_hint hint[14], caching_hint[3];
	static const struct edgetpu_package package = {
		.runtime_version = 14, .compiler = "cl/2",
		.main = &main, .caching = &caching };

	in[0] = flat("picture", EDGETPU_INT8, 9, 11, 3);
	in[1] = flat("mask", EDGETPU_UINT8, 4, 4, 1);
	out[0] = shaped(flat("heat", EDGETPU_INT8, 6, 7, 5), 1);
	out[1] = shaped(flat("edges", EDGETPU_UINT8, 5, 4, 8), 1);
	out[2] = shaped(flat("depth", EDGETPU_INT16, 1, 10, 3), 1);
	compiled_spread(&out[0], 8, &tiles[0]);
	compiled_spread(&out[1], 8, &tiles[1]);
	compiled_spread(&out[2], 4, &tiles[2]);
	chunk[0] = (struct edgetpu_chunk){ .bytes = any_bytes(1024), .size = 96 };
	chunk[1] = (struct edgetpu_chunk){ .bytes = any_bytes(1120), .size = 32 };
	memcpy(hint, (struct edgetpu_hint[]){
		{ .kind = EDGETPU_INSTRUCTIONS, .size = 96 },
		{ .kind = EDGETPU_INPUT, .index = 1, .size = in[1].size },
		{ .kind = EDGETPU_INPUT, .index = 0, .size = 96 },
		{ .kind = EDGETPU_INPUT, .index = 0, .offset = 96, .size = in[0].size - 96 },
		{ .kind = EDGETPU_PARAMETERS, .size = 64 },
		{ .kind = EDGETPU_SCRATCH_IN, .offset = 16, .size = 48 },
		{ .kind = EDGETPU_FENCE },
		{ .kind = EDGETPU_SCRATCH_OUT, .offset = 16, .size = 48 },
		{ .kind = EDGETPU_INSTRUCTIONS, .index = 1, .size = 32 },
		{ .kind = EDGETPU_OUTPUT, .index = 2, .size = out[2].size },
		{ .kind = EDGETPU_OUTPUT, .index = 0, .size = out[0].size },
		{ .kind = EDGETPU_PARAMETERS, .offset = 64, .size = 8 },
		{ .kind = EDGETPU_OUTPUT, .index = 1, .size = out[1].size },
		{ .kind = EDGETPU_INTERRUPT },
	}, sizeof(hint));
	caching = bringing(&caching_chunk, caching_hint, 1200, 0x711e5, 160);
	main = (struct edgetpu_executable){
		.name = "model", .type = EDGETPU_EXECUTION, .token = 0x711e5,
		.scratch_bytes = 64, .is_deterministic = true, LIST(chunk, chunk),
		LIST(hint, hint), LIST(input, in), LIST(output, out),
		.parameters = any_bytes(1500), .parameter_bytes = 72,
	};
	return &package;
}

static const struct edgetpu_package *state_sample(void)
{
	static struct edgetpu_layer in[2], out[2];
	static struct edgetpu_chunk chunk;
	static struct edgetpu_executable main;
	static struct edgetpu_hint hint[6];
	static const struct edgetpu_package package = {
		.runtime_version = 14, .compiler = "cl/", .main = &main };

	in[0] = flat("word", EDGETPU_UINT8, 1, 1, 8);
	in[1] = flat("memory", EDGETPU_INT16, 1, 1, 10);
	out[0] = shaped(flat("answer", EDGETPU_INT8, 1, 1, 3), 1);
	out[1] = shaped(flat("memory_variable_output", EDGETPU_INT16, 1, 1, 10), 1);
	out[1].state_of = 1;
	chunk = (struct edgetpu_chunk){ .bytes = any_bytes(2048), .size = 48 };
	memcpy(hint, (struct edgetpu_hint[]){
		{ .kind = EDGETPU_INSTRUCTIONS, .size = 48 },
		{ .kind = EDGETPU_INPUT, .index = 0, .size = in[0].size },
		{ .kind = EDGETPU_INPUT, .index = 1, .size = in[1].size },
		{ .kind = EDGETPU_OUTPUT, .index = 0, .size = out[0].size },
		{ .kind = EDGETPU_OUTPUT, .index = 1, .size = out[1].size },
		{ .kind = EDGETPU_INTERRUPT },
	}, sizeof(hint));
	main = (struct edgetpu_executable){
		.name = "", .type = EDGETPU_STAND_ALONE, .is_deterministic = true, .chunks = 1,
		.chunk = &chunk, LIST(hint, hint), LIST(input, in), LIST(output, out),
	};
	return &package;
}

static const struct edgetpu_package *slices_sample(void)
{
	static const struct edgetpu_slice slice[] = {
		/* the first two rows lie behind the others, which are turned round */
		{ { { 0, 0 }, { 0, 1 }, { 0, 4 }, { 0, 2 } }, { 0, 20, 4, 1 }, 40 },
		{ { { 0, 0 }, { 2, 3 }, { 0, 4 }, { 0, 2 } }, { 0, 1, 8, 2 }, 0 },
	};
	static struct edgetpu_layer in, out[2];
	static struct edgetpu_chunk chunk;
	static struct edgetpu_executable main;
	static struct edgetpu_hint hint[5];
	static const struct edgetpu_package package = {
		.runtime_version = 11, .compiler = "cl/3", .main = &main };

	in = flat("in", EDGETPU_UINT8, 1, 1, 8);
	out[0] = shaped(flat("turned", EDGETPU_INT8, 4, 5, 3), 1);
	out[0].size = 80;
	out[0].layout = (struct edgetpu_layout){ LIST(slice, slice) };
	out[1] = shaped(flat("twice", EDGETPU_INT8, 1, 1, 5), 2);
	chunk = (struct edgetpu_chunk){ .bytes = any_bytes(3072), .size = 16 };
	memcpy(hint, (struct edgetpu_hint[]){
		{ .kind = EDGETPU_INSTRUCTIONS, .size = 16 },
		{ .kind = EDGETPU_INPUT, .size = in.size },
		{ .kind = EDGETPU_OUTPUT, .index = 0, .size = out[0].size },
		{ .kind = EDGETPU_OUTPUT, .index = 1, .size = 2 * out[1].size },
		{ .kind = EDGETPU_INTERRUPT },
	}, sizeof(hint));
	main = (struct edgetpu_executable){
		.name = "slices", .type = EDGETPU_STAND_ALONE, .is_deterministic = true,
		.chunks = 1, .chunk = &chunk, LIST(hint, hint), .inputs = 1, .input = &in,
		LIST(output, out),
	};
	return &package;
}

const struct edgetpu_package *compiled_sample(enum compiled_sample which)
{
	switch (which) {
	case COMPILED_FLAT:
		return flat_sample();
	case COMPILED_TILES:
		return tiles_sample();
	case COMPILED_STATE:
		return state_sample();
	case COMPILED_SLICES:
		return slices_sample();
	case COMPILED_SAMPLES:
		break;
	}
	abort();
}
