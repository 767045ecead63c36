/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_CARRY_H
#define ATOLL_TESTS_CARRY_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/carried.h"
#include "runtime/edgetpu/package.h"
#include "runtime/model.h"
#include "runtime/session.h"

/*
 * A small network, and a package that carries it.
 *
 *	struct carry *carry = carry_new(CARRY_BOTH, 1);
 *
 *	carried = carried_open(&carry->package, &err);
 *	...
 *	carry_free(carry);
 *
 * The package may be changed by tests; after a change of `graph`, or of the records in
 * it, or of parameters that shall be the package's own, comes a carry_seal. What cannot be built fails the test.
 */
enum carry_split {
	CARRY_CACHED,     /* all parameters stay on the chip, but for an operand */
	CARRY_BOTH,       /* every other block does */
	CARRY_STREAMED,   /* one program, which stands alone */
};

#define CARRY_INPUTS 108 /* uint8, 1 x 6 x 6 x 3 */
#define CARRY_OUTPUTS 10 /* uint8 */

struct carry {
	struct atoll_model *model;       /* the network, for the CPU */
	struct edgetpu_package package;
	struct edgetpu_executable main, caching;
	uint8_t *graph;                  /* as carried, main.model */
	size_t graph_bytes;
	uint8_t *record;                 /* in `graph` */
	uint32_t records;
	uint8_t *cached, *streamed;      /* parameters */
	uint8_t chunk_bytes[2][48];      /* main, caching */
	struct edgetpu_chunk chunk[2];
	struct edgetpu_hint hint[2][8];
	struct edgetpu_layer input, output;
};

/* Equal seeds give equal parameters; the graph is the same for all. The token is 77. */
struct carry *carry_new(enum carry_split split, uint32_t seed);
void carry_free(struct carry *carry);

/* The instructions name graph and parameters as they are now. */
void carry_seal(struct carry *carry);

/* One number of a record, see struct carried_record. */
uint32_t carry_get(const struct carry *carry, uint32_t record, size_t field);
void carry_set(struct carry *carry, uint32_t record, size_t field, uint32_t value);
#define CARRY_FIELD(name) offsetof(struct carried_record, name)

/* What the network makes of these inputs, on the CPU. */
void carry_run(const struct atoll_model *model, const uint8_t in[CARRY_INPUTS],
	       uint8_t out[CARRY_OUTPUTS]);

/* Inputs that differ for each seed. */
void carry_fill(uint8_t in[CARRY_INPUTS], uint32_t seed);

/* The compiled .tflite; the caller frees the model, then `bytes`. */
struct atoll_model *carry_file(const struct carry *carry, void **bytes);

#endif
