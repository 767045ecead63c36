/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_EMIT_H
#define ATOLL_RUNTIME_COMPILER_EMIT_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/compiler/allocate.h"
#include "runtime/compiler/graph.h"
#include "runtime/compiler/partition.h"

/*
 * What the compiler writes: options of custom operators, and the file around them.
 *
 *	r = emit_emulator(&input, &options[p], &err);        for each part
 *	r = emit_model(&graph, &partition, options, &bytes, &size, &err);
 */
struct emit_options {
	void *bytes;      /* malloc'ed */
	size_t size;
};

struct emit_input {
	const struct compiler_graph *graph;
	const struct compiler_part *part;
	const struct compiler_load *load; /* its blocks; offsets follow from their order */
	int32_t runtime_version;
	uint64_t token;
	uint32_t row;                     /* of the tiles' memory, the first that is free;
					     target silicon alone */
};

/* Target emulator: real layers, hints and parameters; the part itself as a graph in
   `serialized_model`, see runtime/carried.h. -EFBIG for activations or parameters that
   no chip has room for. */
int emit_emulator(const struct emit_input *input, struct emit_options *options,
		  struct atoll_error *err);

/*
 * Target silicon: instructions of our own, for a part that is one silicon_chain. All its
 * parameters stay on the chip, from input->row on.
 */
int emit_silicon(const struct emit_input *input, struct emit_options *options,
		 struct atoll_error *err);

/*
 * Target like: the options of the vendor's operator with the parameters of this graph
 * in place of those of `twin`, the token, and layers in the order of the part. Graph,
 * shapes and scales that are part of the instructions must be equal; the sentence names
 * the first difference. `like` is the vendor's model.
 */
int emit_like(const struct emit_input *input, const struct atoll_model *like,
	      const struct atoll_model *twin, struct emit_options *options,
	      struct atoll_error *err);

/* The compiled file: `options` [partition->parts] in place of the operators they hold. */
int emit_model(const struct compiler_graph *graph, const struct compiler_partition *partition,
	       const struct emit_options *options, void **bytes, size_t *size,
	       struct atoll_error *err);

#endif
