/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/silicon_pieces.h"

#include <math.h>
#include <stdlib.h>

static void read_piece(struct silicon_piece *piece, const struct isa_instruction *isa,
		       const uint8_t *bytes, uint32_t nth)
{
	struct isa_access weights;
	uint64_t outputs;

	*piece = (struct silicon_piece){
		.nth = nth, .layer = SILICON_NO_LAYER, .tiles = (uint16_t)isa_bits(bytes, 12, 16),
		.number = isa->value[isa_slot(isa->opcode, "number")],
		.numbers = { .scale = isa_real(isa_bits(bytes, 1949, 32)),
			     .lower = isa_real(isa_bits(bytes, 2013, 32)),
			     .upper = isa_real(isa_bits(bytes, 1981, 32)),
			     .weight_zero = isa_bits(bytes, 1854, 8),
			     .input_zero = isa_bits(bytes, 1870, 8),
			     .output_zero = isa_bits(bytes, 2077, 8) } };
	if (!isa_access(isa, 1, &piece->output) || !isa_access(isa, 2, &weights))
		abort();
	outputs = isa_iterations(&piece->output) / (isa_bits(bytes, 1942, 4) + 1);
	if (outputs > 0)
		piece->depth = (uint32_t)(isa_iterations(&weights) / outputs);
}

/* Copies and fills cut nothing off. */
static bool computes(const struct isa_instruction *isa, const uint8_t *bytes)
{
	return isa->opcode->unit == ISA_TILES && isa->opcode->code == 0x01 &&
	       isfinite(isa_real(isa_bits(bytes, 1981, 32)));
}

uint32_t silicon_pieces(const struct edgetpu_executable *main, struct silicon_piece **piece)
{
	uint32_t nth = 0, most = 0, pieces = 0;

	for (uint32_t i = 0; i < main->chunks; i++)
		most += main->chunk[i].size / ISA_WORD_BYTES;
	*piece = calloc(most + 1, sizeof(**piece));
	if (!*piece)
		abort();
	for (uint32_t i = 0; i < main->chunks; i++) {
		const struct edgetpu_chunk *chunk = &main->chunk[i];
		uint32_t words = chunk->size / ISA_WORD_BYTES;
		struct isa_instruction isa;

		for (uint32_t word = 0; word < words; word += isa.opcode->words, nth++) {
			const uint8_t *bytes = chunk->bytes + (size_t)word * ISA_WORD_BYTES;

			if (isa_decode(chunk->bytes, words, word, &isa, NULL) < 0)
				return pieces;
			if (computes(&isa, bytes))
				read_piece(&(*piece)[pieces++], &isa, bytes, nth);
		}
	}
	return pieces;
}

bool silicon_piece_next(const struct silicon_piece *piece, uint32_t at[ISA_LOOPS_MAX])
{
	for (uint32_t d = 0; d < piece->output.loops; d++) {
		if (++at[d] < piece->output.loop[d].count)
			return true;
		at[d] = 0;
	}
	return false;
}
