/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/emulated.h"

#include <errno.h>
#include <string.h>

#include "runtime/emulator/program.h"
#include "tests/check.h"

#define CHUNK_BYTES 64
#define PARAMETER_BYTES 48

/* Addresses are put in at bit 70 of each 128-bit instruction. */
static const struct edgetpu_field fields[] = {
	{ .bit = 70, .kind = 1 }, { .bit = 128 + 70, .kind = 1, .is_upper = true },
};

static const struct edgetpu_hint main_hints[] = {
	{ .kind = EDGETPU_INSTRUCTIONS, .index = 0 },
	{ .kind = EDGETPU_INPUT, .size = 64 },
	{ .kind = EDGETPU_OUTPUT, .size = 1200 },
	{ .kind = EDGETPU_PARAMETERS, .size = 16 },
	{ .kind = EDGETPU_SCRATCH_IN, .size = 64 },
	{ .kind = EDGETPU_FENCE },
	{ .kind = EDGETPU_INSTRUCTIONS, .index = 1 },
	{ .kind = EDGETPU_SCRATCH_OUT, .size = 64 },
	{ .kind = EDGETPU_OUTPUT, .offset = 1200, .size = 8 },
	{ .kind = EDGETPU_INTERRUPT, .index = 0 },
};
static const struct edgetpu_hint caching_hints[] = {
	{ .kind = EDGETPU_INSTRUCTIONS, .index = 0 },
	{ .kind = EDGETPU_PARAMETERS, .size = 32 },
	{ .kind = EDGETPU_PARAMETERS, .offset = 32, .size = 16 },
	{ .kind = EDGETPU_INTERRUPT, .index = 0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes that differ from package to package, and between its parts. */
static void fill(uint8_t *bytes, size_t size, int which, int part)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + (size_t)which * 13 + (size_t)part * 50);
}

struct made {
	uint8_t instructions[3][CHUNK_BYTES];
	uint8_t parameters[2][PARAMETER_BYTES];
	struct edgetpu_chunk chunk[3];
	struct edgetpu_executable main, caching;
	struct edgetpu_package package;
};

static void make(struct made *made, int which)
{
	static const uint64_t tokens[EMULATED_PACKAGES] = { 0xa70, 0xa70, 0xb0b, 0 };

	for (int i = 0; i < 3; i++) {
		fill(made->instructions[i], CHUNK_BYTES, which, i);
		made->chunk[i] = (struct edgetpu_chunk){
			.bytes = made->instructions[i],
			.size = i == 1 ? CHUNK_BYTES / 2 : CHUNK_BYTES,
			.fields = COUNT(fields), .field = fields };
	}
	for (int i = 0; i < 2; i++)
		fill(made->parameters[i], PARAMETER_BYTES, which, 3 + i);
	made->main = (struct edgetpu_executable){
		.name = "main", .token = tokens[which], .is_deterministic = true,
		.type = tokens[which] ? EDGETPU_EXECUTION : EDGETPU_STAND_ALONE,
		.chunks = 2, .chunk = made->chunk,
		.hints = COUNT(main_hints), .hint = main_hints,
		.parameters = made->parameters[0], .parameter_bytes = PARAMETER_BYTES };
	made->caching = (struct edgetpu_executable){
		.name = "caching", .token = tokens[which], .is_deterministic = true,
		.type = EDGETPU_CACHING, .chunks = 1, .chunk = &made->chunk[2],
		.hints = COUNT(caching_hints), .hint = caching_hints,
		.parameters = made->parameters[1], .parameter_bytes = PARAMETER_BYTES };
	made->package = (struct edgetpu_package){
		.main = &made->main, .caching = tokens[which] ? &made->caching : NULL };
}

const struct edgetpu_package *emulated_package(int which)
{
	static struct made made[EMULATED_PACKAGES];

	if (!made[which].package.main)
		make(&made[which], which);
	return &made[which].package;
}

struct emulated emulated_new(enum usb_speed speed)
{
	struct emulated tpu = { .emulator = emulator_new(
		&(struct emulator_options){ .speed = speed }, NULL) };

	assert_non_null(tpu.emulator);
	return tpu;
}

void emulated_free(struct emulated *tpu)
{
	emulator_free(tpu->emulator);
}

void emulated_teach(struct emulated *tpu, const struct edgetpu_package *package)
{
	assert_int_equal(emulator_teach(tpu->emulator, package, pattern_program(package), NULL),
			 0);
}

static int access_register(struct emulated *tpu, bool is_read, uint32_t address, void *data,
			   uint16_t bytes)
{
	const struct usb_setup setup = {
		.request_type = is_read ? 0xc0 : 0x40, .request = bytes == 8 ? 0 : 1,
		.value = (uint16_t)address, .index = (uint16_t)(address >> 16),
		.length = bytes };

	return emulator_control(tpu->emulator, &setup, data);
}

int emulated_write32(struct emulated *tpu, uint32_t address, uint32_t value)
{
	return access_register(tpu, false, address, &value, sizeof(value));
}

int emulated_write64(struct emulated *tpu, uint32_t address, uint64_t value)
{
	return access_register(tpu, false, address, &value, sizeof(value));
}

uint32_t emulated_read32(struct emulated *tpu, uint32_t address)
{
	uint32_t value;

	assert_int_equal(access_register(tpu, true, address, &value, sizeof(value)), 4);
	return value;
}

uint64_t emulated_read64(struct emulated *tpu, uint32_t address)
{
	uint64_t value;

	assert_int_equal(access_register(tpu, true, address, &value, sizeof(value)), 8);
	return value;
}

void emulated_sleep(struct emulated *tpu)
{
	uint32_t power = emulated_read32(tpu, 0x1a318);

	assert_int_equal(emulated_write32(tpu, 0x1a318, power | 3u << 22), 4);
	assert_int_equal(emulated_read32(tpu, 0x1a318) >> 8 & 3, 2);
}

void emulated_wake(struct emulated *tpu)
{
	static const uint32_t ones[] = {
		0x44018, 0x44158, 0x44198, 0x441d8, 0x44218, 0x400c0, 0x40110, 0x40150,
		0x40190, 0x401d0, 0x40210, 0x40250, 0x40298, 0x402e0, 0x40328, 0x4c060,
		0x4c070, 0x4c080, 0x4c090, 0x4c0a0,
	};
	uint32_t power;

	emulated_sleep(tpu);
	power = emulated_read32(tpu, 0x1a318) & ~(3u << 22);
	assert_int_equal(emulated_write32(tpu, 0x1a318, power | 2u << 22), 4);
	assert_int_equal(emulated_read32(tpu, 0x1a318) >> 8 & 3, 0);
	assert_int_equal(emulated_write64(tpu, 0x4c148, 0xf0), 8);
	assert_int_equal(emulated_write64(tpu, 0x4c058,
			 emulator_speed(tpu->emulator) == USB_SUPER ? 0x80 : 0x20), 8);
	for (size_t i = 0; i < COUNT(ones); i++)
		assert_int_equal(emulated_write64(tpu, ones[i], 1), 8);
}

int emulated_item(struct emulated *tpu, uint32_t tag, const void *bytes, uint32_t size)
{
	const uint8_t header[8] = { (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
				    (uint8_t)(size >> 24), (uint8_t)tag };
	int r = emulator_out(tpu->emulator, 0x01, header, sizeof(header));

	return r < 0 ? r : emulator_out(tpu->emulator, 0x01, bytes, size);
}

void emulated_event(struct emulated *tpu, uint32_t interrupt)
{
	uint8_t event[16], expected[16] = { [12] = (uint8_t)(4 + interrupt) };

	assert_int_equal(emulator_in(tpu->emulator, 0x82, event, sizeof(event)), 16);
	assert_memory_equal(event, expected, sizeof(event));
}

/* The k-th output of a run, as pattern_program makes it, read chunk by chunk. */
static void read_output(struct emulated *tpu, uint32_t size, uint32_t k)
{
	uint32_t chunk = emulator_speed(tpu->emulator) == USB_SUPER ? 1024 : 256;
	uint8_t bytes[1024];

	for (uint32_t at = 0; at < size; at += chunk) {
		uint32_t n = size - at < chunk ? size - at : chunk;

		assert_int_equal(emulator_in(tpu->emulator, 0x81, bytes, chunk), n);
		for (uint32_t j = 0; j < n; j++)
			assert_int_equal(bytes[j], (uint8_t)(13 * (at + j) + 5 + 29 * k));
	}
}

static void send(struct emulated *tpu, const struct edgetpu_executable *executable,
		 const struct edgetpu_hint *hint)
{
	static const uint8_t data[64] = { 1, 2, 3 };
	const struct edgetpu_chunk *chunk = &executable->chunk[hint->index];
	int r;

	if (hint->kind == EDGETPU_INSTRUCTIONS)
		r = emulated_item(tpu, EMULATED_INSTRUCTIONS, chunk->bytes, chunk->size);
	else if (hint->kind == EDGETPU_PARAMETERS)
		r = emulated_item(tpu, EMULATED_PARAMETERS,
				  executable->parameters + hint->offset, hint->size);
	else
		r = emulated_item(tpu, EMULATED_INPUT, data, hint->size);
	if (r < 0)
		fail_msg("%s: %s", executable->name, emulator_complaint(tpu->emulator));
}

static void walk(struct emulated *tpu, const struct edgetpu_executable *executable)
{
	uint32_t outfeeds = 0;

	for (uint32_t i = 0; i < executable->hints; i++) {
		const struct edgetpu_hint *hint = &executable->hint[i];

		switch (hint->kind) {
		case EDGETPU_OUTPUT:
		case EDGETPU_SCRATCH_IN:
			read_output(tpu, hint->size, outfeeds++);
			break;
		case EDGETPU_INTERRUPT:
			emulated_event(tpu, hint->index);
			break;
		case EDGETPU_FENCE:
			break;
		default:
			send(tpu, executable, hint);
		}
	}
}

void emulated_cache(struct emulated *tpu, const struct edgetpu_package *package)
{
	walk(tpu, package->caching);
}

void emulated_run(struct emulated *tpu, const struct edgetpu_package *package)
{
	walk(tpu, package->main);
}
