/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/silicon_script.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define ROW_BYTES 256
#define UNIT_BYTES 4
#define INPUT_UNIT 8   /* that sends of the host's input count in */
#define INPUT_BLOCK 16384 /* units */
#define WAY 2060       /* rows that nothing else uses */
#define NEVER 0x7fff

/* Where waits and makes of an opcode are. */
static const struct form {
	uint8_t code, wait_loop_bits, make_loop_bits;
	bool has_reuse;
	uint16_t wait, make[2];
} forms[] = {
	{ 0x01, 3, 3, false, 1578, { 1563, 1568 } },
	{ 0x10, 2, 2, true, 343, { 335, 339 } },
	{ 0x11, 2, 2, true, 339, { 335 } },
	{ 0x12, 2, 2, true, 339, { 335 } },
	{ 0x13, 3, 2, true, 547, { 543 } },
	{ 0x14, 3, 3, true, 615, { 611 } },
	{ 0x15, 2, 3, true, 481, { 473, 477 } },
	{ 0x16, 2, 3, true, 481, { 473, 477 } },
	{ 0x17, 2, 3, true, 481, { 473, 477 } },
	{ 0x18, 2, 3, true, 481, { 473, 477 } },
};

/* Where a place is a buffer, and where its last iteration is; bits of a loop. */
static const struct buffer {
	uint8_t code;
	const char *access;
	uint16_t turn, last;
	uint8_t last_bits, loop_bits;
} buffers[] = {
	{ 0x01, "input", 513, 535, 18, 3 }, { 0x01, "output", 896, 918, 18, 3 },
	{ 0x01, "weights", 1211, 0, 0, 3 }, { 0x10, "from", 214, 233, 16, 2 },
	{ 0x11, "into", 214, 233, 16, 2 },  { 0x12, "into", 214, 233, 16, 2 },
	{ 0x13, "into", 489, 508, 16, 2 },  { 0x14, "from", 214, 233, 16, 2 },
	{ 0x14, "into", 487, 507, 16, 3 },  { 0x15, "from", 214, 233, 16, 2 },
	{ 0x15, "into", 419, 438, 16, 2 },  { 0x18, "from", 214, 233, 16, 2 },
	{ 0x18, "into", 419, 438, 16, 2 },
};

struct script *script_new(void)
{
	struct script *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	isa_set_bits(script_fence(s), 44, 19, 0x7ffff);
	return s;
}

void script_free(struct script *s)
{
	if (s->program)
		s->program->ops->free(s->program);
	free(s);
}

static uint8_t *add(struct script *s, enum isa_unit unit, uint32_t code)
{
	uint8_t *at = s->code + (size_t)s->words * ISA_WORD_BYTES;

	assert_true(s->words + ISA_WORDS_MAX <= SCRIPT_WORDS_MAX);
	isa_set_bits(at, 6, 5, code);
	isa_set_bits(at, 11, 1, unit);
	s->words += isa_length(at);
	return at;
}

uint8_t *script_scalar(struct script *s, uint32_t code)
{
	return add(s, ISA_SCALAR, code);
}

uint8_t *script_add(struct script *s, uint32_t code, uint32_t tiles)
{
	uint8_t *at = add(s, ISA_TILES, code);

	isa_set_bits(at, 12, 16, tiles);
	isa_set_bits(at, code == 0x1a ? 28 : 46, 13, s->number++);
	return at;
}

uint8_t *script_fence(struct script *s)
{
	uint8_t *at = script_add(s, 0x1a, SCRIPT_ALL);

	isa_set_bits(at, 79, 10, 0x3ff);
	return at;
}

void script_place(uint8_t *at, const char *name, int32_t base, const struct script_loop *loops)
{
	struct isa_instruction isa;
	struct isa_access access;
	struct atoll_error err;
	uint32_t i = 0;

	if (isa_decode(at, isa_length(at), 0, &isa, &err) < 0)
		fail_msg("%s", err.text);
	do
		assert_true(isa_access(&isa, i++, &access));
	while (strcmp(access.field->name, name) != 0);
	access.base = base;
	for (uint32_t d = 0; d < access.loops; d++) {
		access.loop[d].count = loops->count > 0 ? loops->count : 1;
		access.loop[d].stride = loops->count > 0 ? loops->stride : 0;
		loops += loops->count > 0;
	}
	isa_set_access(&isa, &access);
	isa_encode(&isa, at);
}

static const struct form *find_form(const uint8_t *at)
{
	const struct form *form = forms;

	while (form->code != isa_bits(at, 6, 5))
		assert_true(++form < forms + sizeof(forms) / sizeof(forms[0]));
	return form;
}

static const struct buffer *find_buffer(const uint8_t *at, const char *access)
{
	const struct buffer *buffer = buffers;

	while (buffer->code != isa_bits(at, 6, 5) || strcmp(buffer->access, access) != 0)
		assert_true(++buffer < buffers + sizeof(buffers) / sizeof(buffers[0]));
	return buffer;
}

void script_turn(uint8_t *at, const char *access, uint32_t loop, uint32_t part)
{
	const struct buffer *buffer = find_buffer(at, access);

	isa_set_bits(at, buffer->turn, buffer->loop_bits, loop);
	isa_set_bits(at, buffer->turn + buffer->loop_bits, 16, part);
}

void script_last(uint8_t *at, const char *access, uint32_t loop, uint32_t count)
{
	const struct buffer *buffer = find_buffer(at, access);

	isa_set_bits(at, buffer->last, buffer->last_bits, count - 1);
	isa_set_bits(at, buffer->last + buffer->last_bits, buffer->loop_bits, loop);
}

void script_wait(uint8_t *at, uint32_t nth, uint32_t counter, uint32_t loop, int32_t start,
		 int32_t step)
{
	const struct form *form = find_form(at);
	uint32_t bit = form->wait + nth * (38u + form->wait_loop_bits + form->has_reuse);

	isa_set_bits(at, bit, 5, counter);
	isa_set_bits(at, bit + 5, form->wait_loop_bits, loop);
	bit += 5u + form->wait_loop_bits;
	isa_set_bits(at, bit, 16, (uint32_t)start);
	isa_set_bits(at, bit + 16, 16, (uint32_t)step);
	isa_set_bits(at, bit + 32, 1, 1);
}

void script_reuse(uint8_t *at, uint32_t nth, uint32_t counter, uint32_t loop, int32_t start,
		  int32_t step)
{
	const struct form *form = find_form(at);

	assert_true(form->has_reuse);
	script_wait(at, nth, counter, loop, start, step);
	isa_set_bits(at, form->wait + nth * (39u + form->wait_loop_bits) + 38u +
		     form->wait_loop_bits, 1, 1);
}

void script_make(uint8_t *at, uint32_t nth, uint32_t loop)
{
	const struct form *form = find_form(at);

	isa_set_bits(at, form->make[nth], 1, 1);
	isa_set_bits(at, form->make[nth] + 1u, form->make_loop_bits, loop);
}

void script_ask(struct script *s, uint32_t tile, uint32_t counter)
{
	uint8_t *at;

	script_fence(s);
	at = script_add(s, 0x13, 1u << tile);
	script_place(at, "into", WAY, LOOPS({ 1, 0 }));
	script_wait(at, 0, counter, 0, NEVER, 0);
}

uint8_t *script_send(struct script *s, uint32_t tiles, const void *bytes, uint32_t size)
{
	uint32_t units = (size + INPUT_UNIT - 1) / INPUT_UNIT;
	uint8_t *at = script_scalar(s, 0x06);

	assert_true(s->input_bytes + units * INPUT_UNIT <= SCRIPT_BYTES_MAX);
	isa_set_bits(at, 12, 2, 1);
	isa_set_bits(at, 14, 20, s->input_bytes / INPUT_UNIT);
	isa_set_bits(at, 55, 20, INPUT_BLOCK - 1);
	isa_set_bits(at, 75, 1, 1);
	isa_set_bits(at, 183, 20, units - 1); /* of the last block, which is the first */
	isa_set_bits(at, 203, 1, 1);
	isa_set_bits(at, 409, 16, tiles);
	isa_set_bits(at, 434, 6, ROW_BYTES / UNIT_BYTES - 1);
	memcpy(s->input + s->input_bytes, bytes, size);
	s->input_bytes += units * INPUT_UNIT;
	return at;
}

void script_rows(struct script *s, uint32_t tiles, uint32_t row, const void *bytes,
		 uint32_t size)
{
	uint8_t *at = script_add(s, 0x11, tiles);

	script_place(at, "into", (int32_t)row, LOOPS({ (size + ROW_BYTES - 1) / ROW_BYTES, 1 }));
	script_send(s, tiles, bytes, size);
	script_fence(s);
}

void script_narrow(struct script *s, uint32_t tiles, uint32_t unit, const void *bytes,
		   uint32_t size)
{
	uint8_t *at;

	script_rows(s, tiles, WAY, bytes, size);
	at = script_add(s, 0x14, tiles);
	script_place(at, "from", WAY, LOOPS({ (size + ROW_BYTES - 1) / ROW_BYTES, 1 }));
	script_place(at, "into", (int32_t)unit, LOOPS({ (size + UNIT_BYTES - 1) / UNIT_BYTES, 1 }));
	isa_set_bits(at, 870, 3, 1);
	script_fence(s);
}

static int run(struct script *s)
{
	struct edgetpu_executable *main = &s->main;
	struct atoll_error err;
	int r;

	s->chunk = (struct edgetpu_chunk){ .bytes = s->code, .size = s->words * ISA_WORD_BYTES };
	s->hint[0] = (struct edgetpu_hint){ .kind = EDGETPU_INPUT, .size = s->first_bytes };
	s->hint[1] = (struct edgetpu_hint){ .kind = EDGETPU_INPUT,
					    .size = s->input_bytes - s->first_bytes };
	s->hint[2] = (struct edgetpu_hint){ .kind = EDGETPU_OUTPUT, .size = s->output_bytes };
	*main = (struct edgetpu_executable){ .name = "script", .type = EDGETPU_EXECUTION,
		.chunks = 1, .chunk = &s->chunk, .hints = s->first_bytes > 0 ? 3 : 2,
		.hint = &s->hint[s->first_bytes == 0] };
	s->package = (struct edgetpu_package){ .main = main };
	if (s->program)
		s->program->ops->free(s->program);
	s->program = silicon_program(&s->package, &err);
	if (!s->program)
		fail_msg("%s", err.text);
	silicon_round(s->program, s->rounding);
	r = s->program->ops->begin(s->program, main);
	if (r == 0 && s->first_bytes > 0)
		r = s->program->ops->infeed(s->program, &s->hint[0], s->input);
	if (r == 0)
		r = s->program->ops->infeed(s->program, &s->hint[1], s->input + s->first_bytes);
	if (r == 0 && s->output_bytes > 0)
		r = s->program->ops->outfeed(s->program, &s->hint[2], 0, s->output);
	return r;
}

void script_run(struct script *s)
{
	struct silicon_report report;
	int r = run(s);

	silicon_report(s->program, &report);
	assert_string_equal(report.why, "");
	assert_int_equal(r, 0);
	assert_int_equal(report.executed, report.instructions);
}

void script_stops(struct script *s, const char *why)
{
	struct silicon_report report;
	const char *end;

	assert_true(run(s) < 0);
	silicon_report(s->program, &report);
	end = strstr(report.why, "): ");
	assert_non_null(end);
	assert_string_equal(end + 3, why);
}

bool script_has(const struct script *s, uint32_t tile, uint32_t unit, const void *bytes,
		uint32_t size)
{
	for (uint32_t i = 0; i < size; i += UNIT_BYTES) {
		const uint8_t *is = silicon_unit(s->program, tile, unit + i / UNIT_BYTES);
		uint32_t left = size - i < UNIT_BYTES ? size - i : UNIT_BYTES;

		if (!is || memcmp(is, (const uint8_t *)bytes + i, left) != 0)
			return false;
	}
	return true;
}
