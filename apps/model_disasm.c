/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/model_disasm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "runtime/edgetpu/package.h"
#include "runtime/isa/isa.h"

/* What the host patches into the instruction: parts of addresses. */
static void print_patches(const struct edgetpu_chunk *chunk, uint32_t word, uint32_t words)
{
	static const char *const of[] = { "output", "input", "parameters", "scratch" };

	for (uint32_t i = 0; i < chunk->fields; i++) {
		const struct edgetpu_field *field = &chunk->field[i];
		uint32_t at = field->bit / (8 * ISA_WORD_BYTES);

		if (at >= word && at < word + words)
			printf("  <- address of %s%s%s, %s half",
			       field->kind < sizeof(of) / sizeof(of[0]) ? of[field->kind] : "?",
			       field->name && *field->name ? " " : "",
			       field->name ? field->name : "",
			       field->is_upper ? "upper" : "lower");
	}
	putchar('\n');
}

static int print_chunk(const struct edgetpu_chunk *chunk, bool wants_all,
		       struct atoll_error *err)
{
	uint32_t words = chunk->size / ISA_WORD_BYTES;
	struct isa_instruction instruction;
	char text[ISA_TEXT];

	for (uint32_t word = 0; word < words; word += instruction.opcode->words) {
		int r = isa_decode(chunk->bytes, words, word, &instruction, err);

		if (r < 0)
			return r;
		(void)isa_text(&instruction, wants_all, text, sizeof(text));
		printf("%6" PRIu32 "  %s", word, text);
		print_patches(chunk, word, instruction.opcode->words);
	}
	return 0;
}

static int print_program(const struct edgetpu_executable *executable, uint32_t operator,
			 bool wants_all, struct atoll_error *err)
{
	const char *what = executable->type == EDGETPU_CACHING ? "caching" :
		executable->type == EDGETPU_EXECUTION ? "execution" : "stand-alone";
	uint32_t number = 0;

	if (executable->model) {
		printf("operator %" PRIu32 ", %s: a graph stands in place of instructions\n",
		       operator, what);
		return 0;
	}
	for (uint32_t i = 0; i < executable->chunks; i++) {
		const struct edgetpu_chunk *chunk = &executable->chunk[i];
		int r;

		printf("operator %" PRIu32 ", %s, chunk %" PRIu32 ": %" PRIu32 " words\n",
		       operator, what, i, chunk->size / ISA_WORD_BYTES);
		r = print_chunk(chunk, wants_all, err);
		if (r == 0)
			r = isa_check(chunk->bytes, chunk->size / ISA_WORD_BYTES, &number, err);
		if (r < 0) {
			(void)atoll_error_prefix(err, "operator %" PRIu32 ", %s, chunk %" PRIu32,
						 operator, what, i);
			return r;
		}
	}
	return 0;
}

/* The program that brings parameters runs first. */
static int print_operator(const struct atoll_operator *op, uint32_t operator, bool wants_all,
			  struct atoll_error *err)
{
	struct edgetpu_package *package =
		edgetpu_package_read(op->custom_options, op->custom_options_bytes, err);
	int r = 0;

	if (!package)
		return atoll_error_prefix(err, "operator %" PRIu32, operator);
	if (package->caching)
		r = print_program(package->caching, operator, wants_all, err);
	if (r == 0)
		r = print_program(package->main, operator, wants_all, err);
	edgetpu_package_free(package);
	return r;
}

int model_disasm(const struct atoll_graph *graph, bool wants_all, struct atoll_error *err)
{
	const struct atoll_operator *op = edgetpu_next_compiled(graph, NULL);

	if (!op)
		return atoll_error_set(err, -ENODATA, "not compiled for the Edge TPU");
	for (; op; op = edgetpu_next_compiled(graph, op)) {
		int r = print_operator(op, (uint32_t)(op - graph->op), wants_all, err);

		if (r < 0)
			return r;
	}
	return 0;
}
