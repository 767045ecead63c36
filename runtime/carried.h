/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_CARRIED_H
#define ATOLL_RUNTIME_CARRIED_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/blocks.h"
#include "runtime/edgetpu/package.h"
#include "runtime/model.h"

/*
 * A package that carries the graph it was compiled from in place of instructions.
 *
 *	struct carried *carried = carried_open(package, &err);
 *
 *	model = carried_restore(carried, cached, streamed, &err);
 *	...
 *	atoll_model_free(model);
 *	carried_close(carried);
 *
 * The graph comes without its parameters: they stand in the list of its inputs, behind
 * those of the part, and where their bytes lie is said by its metadata entry
 * "ATOLL_PARAMETERS". Restoring makes constants of them out of vectors of parameters:
 * those of the package, or what a device was really sent.
 *
 *	ATOLL_PARAMETERS   one record for each block, seven little-endian uint32:
 *	                   operator, kind, tables, index among the operator's blocks,
 *	                   vector (0 kept on the chip, 1 sent for every run), offset, bytes
 */
#define CARRIED_PARAMETERS "ATOLL_PARAMETERS"

#define CARRIED_RECORD_BYTES 28

struct carried_record {
	uint32_t op, kind, tables, nth, vector, offset, bytes;
};

/*
 * The instructions of such a package: these 16 bytes, then a SHA-256, then zeros; a
 * caching executable has the first byte in lower case. The SHA-256 is that of the carried
 * graph, the parameters kept on the chip and those sent for every run, one behind the
 * other: models of the same graph are told apart, as they are by what a real compiler
 * writes.
 */
#define CARRIED_MAGIC "ATOLL CARRIED 1\n"

struct carried;

/* Does the package carry a graph, or instructions that say so? Of the vendor's none
   does. */
bool carried_is(const struct edgetpu_package *package);

/* Verifies the graph, and that its records fit it and the package. The package must
   outlive it. */
struct carried *carried_open(const struct edgetpu_package *package, struct atoll_error *err);
void carried_close(struct carried *carried);

/*
 * The part as a model for the CPU, inputs and outputs in the order of the package.
 * `cached` and `streamed` are vectors as long as those of the package's executables
 * (NULL where that has none). -EBADMSG in err.code when blocks are not what they should be.
 */
struct atoll_model *carried_restore(const struct carried *carried, const uint8_t *cached,
				    const uint8_t *streamed, struct atoll_error *err);

/* The same with the parameters of the package itself. */
struct atoll_model *carried_model(const struct edgetpu_package *package,
				  struct atoll_error *err);

#endif
