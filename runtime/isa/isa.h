/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_ISA_ISA_H
#define ATOLL_RUNTIME_ISA_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/isa/bits.h"

/*
 * Instructions of the Edge TPU as named numbers, and back.
 *
 *	for (uint32_t word = 0; word < words; word += isa.opcode->words) {
 *		if (isa_decode(stream, words, word, &isa, &err) < 0)
 *			return err.code;
 *		tiles = isa.value[isa_slot(isa.opcode, "tiles")];
 *		...
 *		isa_encode(&isa, stream + word * ISA_WORD_BYTES);
 *	}
 *
 * An opcode has a table of fields. What no field covers is the residue: it is kept
 * bit for bit, so that encoding what was decoded gives the same bytes, whatever they
 * were. Nothing here allocates.
 */
#define ISA_WORDS_MAX 17   /* of an instruction */
#define ISA_VALUES_MAX 192 /* of an opcode */
#define ISA_LOOPS_MAX 8    /* of a nest */

enum isa_unit {
	ISA_TILES = 0,
	ISA_SCALAR = 1,
};

enum isa_kind {
	ISA_UNSIGNED,
	ISA_SIGNED,   /* two's complement */
	ISA_FLOAT,    /* IEEE 754, single */
	ISA_MASK,     /* a set of tiles, engines or loops, bit t is tile t */
	ISA_COUNTERS, /* a set of counters */
	ISA_LESS_ONE, /* a count: what is stored is one less */
	ISA_ONES,     /* all bits are set, nobody knows what for */
};

/* How much a field's reading can be relied on. */
enum isa_trust {
	ISA_PROVEN,   /* read from a few programs, it foretold bits of others */
	ISA_FITS,     /* fits all programs, which it was read from */
	ISA_GUESS,    /* makes sense, no more; do not build on it */
};

/* Where a reading comes from, or the test that proves it. */
enum isa_source {
	ISA_NO_SOURCE,
	ISA_ALL,     /* comparison of compiled models, all streams */
	ISA_CACHING, /* programs that bring parameters, rebuilt from templates of two */
	ISA_DENSE,   /* dense layers: the one of 1024 foretold from those of 256 and 512 */
	ISA_NUMBERS, /* quantization of the source models */
	ISA_PATCHED, /* where packages patch addresses */
	ISA_FRAMING, /* test_isa_streams: every stream parses to its last word */
	ISA_NUMBER,  /* test_isa_streams: the numbers run on across chunks */
	ISA_PRODUCT, /* test_isa_streams: loops and weights have the same product */
	ISA_OUTER,   /* unused outer loops step back by the distance covered, all streams */
	ISA_OUTLINE, /* all descriptors have it in the same order, and none beyond its widths */
	ISA_RUN,     /* layers executed by test_emulator_silicon come out as on the CPU */
	ISA_LAYERS,  /* test_silicon_layers: elements of whole networks */
	ISA_WRITTEN, /* test_compiler_silicon_dense: programs equal to the vendor's */
	ISA_ALIKE,   /* the outline of the mac */
};

/* The base of an access says which memory it is in. */
enum isa_memory {
	ISA_NO_MEMORY,
	ISA_NARROW,   /* of activations: 4 bytes an address, in arithmetic 1 */
	ISA_WIDE,     /* of parameters: rows of 256 bytes, in arithmetic quarters */
	ISA_STREAM,   /* of the host, or the core: units of 64, 8 or 4 bytes */
};

/* Fields that make sense together only; they follow each other in the table. */
enum isa_group {
	ISA_ALONE,
	ISA_NEST,     /* loops in use, turn, part, last, its loop, what that leaves out */
	ISA_LEAD,     /* is there, loop, base, count, last, step */
	ISA_MAKES,    /* is there, loop */
	ISA_WAITS,    /* counter, loop, start, step, is there, and for reuse in moves */
};

/*
 * One field, or `times` equal ones that are `pitch` bits apart. A field in a memory
 * is the base of an access; the two after it in the table are the increments and the
 * counts of its loops, innermost first.
 */
struct isa_field {
	const char *name;
	uint16_t from;
	uint8_t width; /* 1 to 32 bits */
	uint8_t times, pitch;
	uint8_t members; /* of the group that begins here */
	enum isa_kind kind : 8;
	enum isa_trust trust : 8;
	enum isa_memory memory : 8;
	enum isa_group group : 8;
	enum isa_source source : 8;
};

struct isa_opcode {
	enum isa_unit unit;
	uint8_t code;
	uint8_t words;
	uint8_t fields;
	enum isa_trust trust; /* no field is more certain than this */
	const char *name;
	const char *use;
	const struct isa_field *field; /* [fields] */
};

struct isa_instruction {
	const struct isa_opcode *opcode;
	uint32_t value[ISA_VALUES_MAX]; /* as stored, in the order of the table */
	uint8_t residue[ISA_WORDS_MAX * ISA_WORD_BYTES];
};

/* All opcodes; NULL behind the last. */
const struct isa_opcode *isa_opcode_at(uint32_t i);

/* That of an instruction, by its first word; NULL when it is unknown. */
const struct isa_opcode *isa_opcode(const uint8_t *word);

/* Words of an instruction, by its first; 0 when it is unknown. */
uint32_t isa_length(const uint8_t *word);

/* How many values it has. */
uint32_t isa_values(const struct isa_opcode *opcode);

/* Where in `value` the field is (the first of several), or -1. */
int isa_slot(const struct isa_opcode *opcode, const char *name);

/* What a stored value means: signed, counts as counts; floats as they are stored. */
int64_t isa_number(const struct isa_field *field, uint32_t stored);
float isa_real(uint32_t stored);

/*
 * Decode the instruction at `word` of a stream of `words`. -EINVAL with a sentence
 * when its opcode is unknown or the stream ends inside it.
 */
int isa_decode(const uint8_t *stream, uint32_t words, uint32_t word,
	       struct isa_instruction *instruction, struct atoll_error *err);

/* Write opcode->words words. Bits of a value beyond its field are ignored. */
void isa_encode(const struct isa_instruction *instruction, uint8_t *bytes);

/*
 * What an instruction does with memory: a base, and loops around it, innermost first.
 * Stored are increments, the step when a loop advances and all inside it restart; a
 * stride is the step of that loop alone, modulo the width of the increment.
 */
struct isa_access {
	const struct isa_field *field; /* that of the base: name and memory */
	int32_t base;
	uint32_t loops;
	struct { uint32_t count; int32_t stride; } loop[ISA_LOOPS_MAX];
};

/* Access i of the instruction; false behind the last. */
bool isa_access(const struct isa_instruction *instruction, uint32_t i,
		struct isa_access *access);

/* The other way: `access` as it came from isa_access, with other numbers. */
void isa_set_access(struct isa_instruction *instruction, const struct isa_access *access);

/* Iterations of all loops together; UINT64_MAX for that many or more. */
uint64_t isa_iterations(const struct isa_access *access);

/*
 * Check one chunk of a program: that it begins with its length and ends with the last
 * word, that instructions of tiles are numbered on from `*number` (0 for the first
 * chunk, it is advanced), that the loops of a "mac" go over as many weights as its
 * weights have. -EINVAL with a sentence that names the word.
 */
int isa_check(const uint8_t *stream, uint32_t words, uint32_t *number,
	      struct atoll_error *err);

/*
 * The instruction as text, without a newline at the end: its name and fields, the
 * long ones on several lines. Zeros are left out, but for reals and counts, and what
 * makes sense together is told as one thing; a name that is a guess ends in "?".
 * `wants_all` adds all fields, constants that are not as usual, and the residue.
 * Returns the length like snprintf; ISA_TEXT is enough.
 */
#define ISA_TEXT 8192
size_t isa_text(const struct isa_instruction *instruction, bool wants_all, char *text,
		size_t size);

/* How many bits of the residue are set. */
uint32_t isa_residue(const struct isa_instruction *instruction);

#endif
