/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strides of loops from the increments that are stored. When loop d advances, all
 * loops inside it restart, and what they covered is taken back in the same step:
 *
 *	increment[d] = stride[d] - sum over e < d of (count[e] - 1) * stride[e]
 *
 * Addresses wrap around, so all of it is modulo the width of the increment, and any
 * increments have strides that give them back.
 */
#include "runtime/isa/isa.h"

static const struct isa_field *find(const struct isa_opcode *opcode, uint32_t access,
				    uint32_t *slot)
{
	*slot = 0;
	for (uint32_t i = 0; i < opcode->fields; i++) {
		if (opcode->field[i].memory != ISA_NO_MEMORY && access-- == 0)
			return &opcode->field[i];
		*slot += opcode->field[i].times;
	}
	return NULL;
}

static int32_t sign_extend(uint32_t value, uint32_t width)
{
	uint32_t sign = UINT32_C(1) << (width - 1);

	return (int32_t)(((value & (2 * sign - 1)) ^ sign) - sign);
}

bool isa_access(const struct isa_instruction *instruction, uint32_t i,
		struct isa_access *access)
{
	uint32_t slot, covered = 0;
	const struct isa_field *base = find(instruction->opcode, i, &slot);
	const uint32_t *step, *limit;

	if (!base)
		return false;
	step = &instruction->value[slot + 1];
	limit = step + base[1].times;
	access->field = base;
	access->base = (int32_t)isa_number(base, instruction->value[slot]);
	access->loops = base[1].times;
	for (uint32_t d = 0; d < access->loops; d++) {
		int32_t stride = sign_extend(step[d] + covered, base[1].width);

		access->loop[d].count = limit[d] + 1;
		access->loop[d].stride = stride;
		covered += limit[d] * (uint32_t)stride;
	}
	return true;
}

void isa_set_access(struct isa_instruction *instruction, const struct isa_access *access)
{
	const struct isa_field *base = access->field;
	uint32_t *value = instruction->value, covered = 0;

	for (const struct isa_field *field = instruction->opcode->field; field < base; field++)
		value += field->times;
	*value++ = (uint32_t)access->base & ((UINT32_C(1) << base->width) - 1);
	for (uint32_t d = 0; d < access->loops; d++) {
		uint32_t stride = (uint32_t)access->loop[d].stride;
		uint32_t limit = access->loop[d].count - 1;

		value[d] = (stride - covered) & ((UINT32_C(1) << base[1].width) - 1);
		value[access->loops + d] = limit;
		covered += limit * stride;
	}
}

uint64_t isa_iterations(const struct isa_access *access)
{
	uint64_t product = 1;

	for (uint32_t d = 0; d < access->loops; d++)
		if (__builtin_mul_overflow(product, access->loop[d].count, &product))
			return UINT64_MAX;
	return product;
}
