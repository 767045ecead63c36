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
	add(text, "%s%s %s %" PRId32, access->field->name, mark(access->field->trust),
	    access->field->memory == ISA_WIDE ? "wide" : "narrow", access->base);
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
	else if (field->kind == ISA_FLOAT)
		add(text, "%.9g", (double)isa_real(*value));
	else
		add(text, "%" PRId64, isa_number(field, *value));
}

static bool is_all_ones(const struct isa_field *field, uint32_t value)
{
	return value == UINT32_MAX >> (32 - field->width);
}

static bool is_worth_a_word(const struct isa_opcode *opcode, const struct isa_field *field,
			    uint32_t value, bool wants_all)
{
	if (field->kind == ISA_ONES)
		return wants_all && !is_all_ones(field, value);
	return wants_all || is_long(opcode) || field->kind == ISA_LESS_ONE || value != 0;
}

/* Operands of long instructions have a line each, and so has what follows them. */
static void add_fields(struct text *text, const struct isa_instruction *instruction,
		       bool wants_all)
{
	const struct isa_opcode *opcode = instruction->opcode;
	const uint32_t *value = instruction->value;
	struct isa_access access;
	bool was_operand = false;

	for (uint32_t i = 0, operands = 0; i < opcode->fields; i++) {
		const struct isa_field *field = &opcode->field[i];
		bool is_operand = field->memory != ISA_NO_MEMORY;
		const char *apart = is_long(opcode) && (is_operand || was_operand) ?
			"\n\t" : "  ";

		if (is_operand && isa_access(instruction, operands++, &access)) {
			add(text, "%s", apart);
			add_access(text, &access);
			value += field[0].times + field[1].times + field[2].times;
			i += 2;
			was_operand = true;
			continue;
		}
		if (is_worth_a_word(opcode, field, *value, wants_all)) {
			add(text, "%s", apart);
			if (field->kind == ISA_ONES)
				add(text, "bits %u to %u: ", field->from,
				    field->from + field->width - 1u);
			add_value(text, field, value);
			was_operand = false;
		}
		value += field->times;
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
