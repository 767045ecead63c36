/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions as people read them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/isa/isa.h"

/* Text that is counted on when there is no room for it, as by snprintf. */
struct text {
	char *at;
	size_t size, length;
};

static void add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	bool has_room = text->length < text->size;
	va_list list;
	int r;

	va_start(list, format);
	r = vsnprintf(has_room ? text->at + text->length : NULL,
		      has_room ? text->size - text->length : 0, format, list);
	va_end(list);
	text->length += r > 0 ? (size_t)r : 0;
}

/* A guess is told as one. */
static const char *mark(enum isa_trust trust)
{
	return trust == ISA_GUESS ? "?" : "";
}

/* Long instructions have a line for each operand. */
static bool is_long(const struct isa_opcode *opcode)
{
	return opcode->words == ISA_WORDS_MAX;
}

/* "0-3,8" */
static void add_tiles(struct text *text, uint32_t mask)
{
	const char *comma = "";

	if (mask == 0)
		add(text, "none");
	for (uint32_t t = 0; t < 16; t++) {
		uint32_t from = t;

		if (!(mask >> t & 1))
			continue;
		while (mask >> (t + 1) & 1)
			t++;
		add(text, "%s%" PRIu32, comma, from);
		if (t > from)
			add(text, "-%" PRIu32, t);
		comma = ",";
	}
}

static const char *const counters[] = {
	"activations", "parameters", "partial-sums", "north-in", "east-in", "south-in",
	"west-in", "north-out", "east-out", "south-out", "west-out", "wide-narrow",
	"wide-scaling", "narrow-wide", "ring-read-a", "ring-read-b", "ring-write",
	"ring-producer-a", "ring-producer-b",
};
#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

static void add_counter(struct text *text, uint32_t counter)
{
	if (counter < COUNTERS)
		add(text, "%s", counters[counter]);
	else
		add(text, "counter-%" PRIu32, counter);
}

/* "north-in,wide-narrow..ring-write" */
static void add_counters(struct text *text, uint32_t mask)
{
	const char *comma = "";

	if (mask == 0)
		add(text, "none");
	for (uint32_t c = 0; c < COUNTERS; c++) {
		uint32_t from = c;

		if (!(mask >> c & 1))
			continue;
		while (mask >> (c + 1) & 1)
			c++;
		add(text, "%s", comma);
		add_counter(text, from);
		if (c > from) {
			add(text, "%s", c > from + 1 ? ".." : ",");
			add_counter(text, c);
		}
		comma = ",";
	}
}

/* "(9, 256, 4)"; outer loops of one step are left out. */
static void add_nest(struct text *text, const uint32_t *limit, uint32_t loops)
{
	while (loops > 1 && limit[loops - 1] == 0)
		loops--;
	for (uint32_t i = 0; i < loops; i++)
		add(text, "%s%" PRIu32, i ? ", " : "(", limit[i] + 1);
	add(text, ")");
}

/* "wide -16 (9, 4)": pairs of count and stride; a loop of one step has none. */
static void add_access(struct text *text, const struct isa_access *access)
{
	static const char *const memories[] = {
		[ISA_NARROW] = "narrow", [ISA_WIDE] = "wide", [ISA_STREAM] = "stream",
	};

	add(text, "%s%s %s %" PRId32, access->field->name, mark(access->field->trust),
	    memories[access->field->memory], access->base);
	for (uint32_t d = 0; d < access->loops; d++)
		if (access->loop[d].count > 1)
			add(text, " (%" PRIu32 ", %" PRId32 ")", access->loop[d].count,
			    access->loop[d].stride);
}

static void add_value(struct text *text, const struct isa_field *field, const uint32_t *value)
{
	add(text, "%s%s ", field->name, mark(field->trust));
	if (field->times > 1)
		add_nest(text, value, field->times);
	else if (field->kind == ISA_MASK)
		add_tiles(text, *value);
	else if (field->kind == ISA_COUNTERS)
		add_counters(text, *value);
	else if (field->kind == ISA_FLOAT)
		add(text, "%.9g", (double)isa_real(*value));
	else
		add(text, "%" PRId64, isa_number(field, *value));
}

static bool is_all_ones(const struct isa_field *field, uint32_t value)
{
	return value == UINT32_MAX >> (32 - field->width);
}

static bool is_worth_a_word(const struct isa_field *field, uint32_t value, bool wants_all)
{
	if (field->kind == ISA_ONES)
		return wants_all && !is_all_ones(field, value);
	return wants_all || field->kind == ISA_LESS_ONE || field->kind == ISA_FLOAT ||
	       value != 0;
}

/* Member m of the k-th group. */
static uint32_t member(const struct isa_field *field, const uint32_t *value, uint32_t m,
		       uint32_t k)
{
	return value[m * field->times + k];
}

static int32_t signed_member(const struct isa_field *field, const uint32_t *value, uint32_t m,
			     uint32_t k)
{
	return (int32_t)isa_number(&field[m], member(field, value, m, k));
}

/* Behind an access: " turns at loop 1, parts of 9, last 3 at loop 2". */
static void add_nest_end(struct text *text, const uint32_t *value, bool wants_all)
{
	enum { USED, TURN, PART, LAST, LAST_LOOP, SKIP };

	if (value[TURN] || value[PART])
		add(text, " turns at loop %" PRIu32 ", parts of %" PRIu32, value[TURN],
		    value[PART]);
	if (value[LAST] || value[LAST_LOOP])
		add(text, " last %" PRIu32 " at loop %" PRIu32, value[LAST] + 1,
		    value[LAST_LOOP]);
	if (!wants_all)
		return;
	add(text, " uses ");
	add_tiles(text, value[USED]);
	add(text, " skips %" PRIu32, value[SKIP]);
}

/* "lead 2046 (2) to 2047 step 1 at loop 1" */
static void add_lead(struct text *text, const uint32_t *value)
{
	enum { VALID, LOOP, BASE, COUNT, LAST, STEP };

	add(text, "lead %" PRIu32 " (%" PRIu32 ") to %" PRIu32, value[BASE], value[COUNT] + 1,
	    value[LAST]);
	if (value[STEP])
		add(text, " step %" PRIu32, value[STEP]);
	add(text, " at loop %" PRIu32 "%s", value[LOOP], value[VALID] ? "" : " (off)");
}

/* "makes ring-write at loop 1" */
static void add_makes(struct text *text, const struct isa_field *field, const uint32_t *value)
{
	add(text, "makes %s at loop %" PRIu32 "%s", field->name + sizeof("makes"), value[1],
	    value[0] ? "" : " (off)");
}

/* "wait wide-narrow >= 96 + 96 k at loop 3 for reuse" */
static void add_wait(struct text *text, const struct isa_field *field, const uint32_t *value,
		     uint32_t k)
{
	enum { COUNTER, LOOP, START, STEP, VALID, REUSE };
	int32_t step = signed_member(field, value, STEP, k);

	add(text, "wait ");
	add_counter(text, member(field, value, COUNTER, k));
	add(text, " >= %" PRId32, signed_member(field, value, START, k));
	if (step)
		add(text, " %c %" PRId32 " k", step < 0 ? '-' : '+', step < 0 ? -step : step);
	add(text, " at loop %" PRIu32 "%s%s", member(field, value, LOOP, k),
	    field->members > REUSE && member(field, value, REUSE, k) ? " for reuse" : "",
	    member(field, value, VALID, k) ? "" : " (off)");
}

/* What is zero throughout is not there. */
static void add_groups(struct text *text, const struct isa_field *field, const uint32_t *value,
		       const char *apart)
{
	for (uint32_t k = 0; k < field->times; k++) {
		uint32_t any = 0;

		for (uint32_t m = 0; m < field->members; m++)
			any |= member(field, value, m, k);
		if (!any)
			continue;
		add(text, "%s", apart);
		apart = "  ";
		if (field->group == ISA_WAITS)
			add_wait(text, field, value, k);
		else if (field->group == ISA_MAKES)
			add_makes(text, field, value);
		else
			add_lead(text, value);
	}
}

/* Fields that are one thing: an access, a group, or a single one. */
static uint32_t members(const struct isa_field *field)
{
	if (field->memory != ISA_NO_MEMORY)
		return 3;
	return field->group != ISA_ALONE ? field->members : 1;
}

static void add_single(struct text *text, const struct isa_field *field, const uint32_t *value,
		       const char *apart, bool wants_all)
{
	if (!is_worth_a_word(field, *value, wants_all))
		return;
	add(text, "%s", apart);
	if (field->kind == ISA_ONES)
		add(text, "bits %u to %u: ", field->from, field->from + field->width - 1u);
	add_value(text, field, value);
}

/* Operands of long instructions have a line each, and so has what follows them. */
static void add_fields(struct text *text, const struct isa_instruction *instruction,
		       bool wants_all)
{
	const struct isa_opcode *opcode = instruction->opcode;
	const uint32_t *value = instruction->value;
	struct isa_access access;
	bool was_operand = false;

	for (uint32_t i = 0, operands = 0; i < opcode->fields;) {
		const struct isa_field *field = &opcode->field[i];
		bool is_operand = field->memory != ISA_NO_MEMORY;
		const char *apart = is_long(opcode) && (is_operand || was_operand) ?
			"\n\t" : "  ";
		size_t before = text->length;

		if (is_operand && isa_access(instruction, operands++, &access)) {
			add(text, "%s", apart);
			add_access(text, &access);
		} else if (field->group == ISA_NEST) {
			add_nest_end(text, value, wants_all);
		} else if (field->group != ISA_ALONE) {
			add_groups(text, field, value, apart);
		} else {
			add_single(text, field, value, apart, wants_all);
		}
		if (text->length > before && field->group != ISA_NEST)
			was_operand = is_operand;
		for (uint32_t m = members(field); m > 0; m--)
			value += opcode->field[i++].times;
	}
}

/* The highest digit first, as a number is written. */
static void add_residue(struct text *text, const struct isa_instruction *instruction)
{
	size_t bytes = (size_t)instruction->opcode->words * ISA_WORD_BYTES;

	while (bytes > 1 && instruction->residue[bytes - 1] == 0)
		bytes--;
	add(text, "\n\tresidue %" PRIu32 " bits 0x%x", isa_residue(instruction),
	    instruction->residue[bytes - 1]);
	while (--bytes > 0)
		add(text, "%02x", instruction->residue[bytes - 1]);
}

ATOLL_API size_t isa_text(const struct isa_instruction *instruction, bool wants_all,
			  char *text, size_t size)
{
	struct text out = { .at = text, .size = size };

	add(&out, "%s%s", instruction->opcode->name, mark(instruction->opcode->trust));
	add_fields(&out, instruction, wants_all);
	if (wants_all && isa_residue(instruction) > 0)
		add_residue(&out, instruction);
	return out.length;
}
