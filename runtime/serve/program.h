/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_PROGRAM_H
#define ATOLL_RUNTIME_SERVE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/model.h"
#include "runtime/serve/protocol.h"
#include "runtime/tensor.h"

/*
 * What clients brought to be run: a package, perhaps with its twin for the CPU, in
 * the sealed memory they came in. Clients with the same bytes share one.
 *
 *	struct program *program = program_open(&(struct program_source){
 *		.fd = { options, -1 }, .bytes = { options_bytes } }, &err);
 *
 *	if (!program)
 *		refuse(err.text);
 *	program_free(program);
 *
 * Open reads and verifies everything, which may take a moment; any thread may.
 */
/* Why a real device does not run one. */
#define PROGRAM_IS_CARRIED \
	"compiled for emulated devices, with a graph in place of instructions"

struct program_source {
	int fd[SERVE_FDS_MAX];       /* options, twin or -1; they stay the caller's */
	size_t bytes[SERVE_FDS_MAX]; /* announced */
};

struct program {
	char digest[ATOLL_DIGEST_TEXT]; /* of options and twin: equal ones are one */
	const void *map[SERVE_FDS_MAX];
	size_t map_bytes[SERVE_FDS_MAX];
	struct edgetpu_package *package;
	struct atoll_model *twin;       /* or NULL */
	uint64_t token;                 /* of the parameters it needs on the chip, or 0 */
	bool is_carried;                /* a graph in place of instructions (carried.h): for
					   emulated devices and the CPU */

	/* The memory a client shares with the daemon to run it. */
	uint32_t inputs, outputs;       /* states are not among the outputs */
	struct serve_tensor tensor[SERVE_TENSORS_MAX]; /* inputs first */
	size_t memory_bytes;

	/* The server's: */
	struct program *next;
	uint32_t users;                 /* connections that have it loaded */

	/* The crew's, under its lock: */
	uint32_t holders;               /* workers that have it on their device */
	bool is_forgotten;              /* no user any more */
	struct program *next_forgotten;
	uint64_t runs;
};

/* NULL with a sentence when the memory is not sealed, the package is broken, or the
   twin does not fit it. */
struct program *program_open(const struct program_source *source, struct atoll_error *err);

/* NULL is allowed. */
void program_free(struct program *program);

#endif
