/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_ISA_BITS_H
#define ATOLL_RUNTIME_ISA_BITS_H

#include <stdint.h>

/*
 * Numbers inside instructions: an instruction is one or more words of 16 bytes, taken
 * together as one little-endian number; bit 0 is the lowest bit of its first byte.
 *
 *	opcode = isa_bits(word, 6, 5);
 *	isa_set_bits(word, 28, 13, number);
 *
 * Fields have at most 32 bits and may lie across bytes and words.
 */
#define ISA_WORD_BYTES 16

static inline uint32_t isa_bits(const uint8_t *instruction, uint32_t from, uint32_t width)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < width; i++)
		value |= (uint32_t)(instruction[(from + i) / 8] >> (from + i) % 8 & 1) << i;
	return value;
}

/* The same in two's complement. */
static inline int32_t isa_signed_bits(const uint8_t *instruction, uint32_t from, uint32_t width)
{
	uint32_t sign = UINT32_C(1) << (width - 1);

	return (int32_t)((isa_bits(instruction, from, width) ^ sign) - sign);
}

/* The lowest `width` bits of the value. */
static inline void isa_set_bits(uint8_t *instruction, uint32_t from, uint32_t width,
				uint32_t value)
{
	for (uint32_t i = 0; i < width; i++) {
		uint8_t bit = (uint8_t)(1u << (from + i) % 8);
		uint8_t *byte = &instruction[(from + i) / 8];

		*byte = (uint8_t)(value >> i & 1 ? *byte | bit : *byte & ~bit);
	}
}

#endif
