/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_PART_H
#define ATOLL_TESTS_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/backend.h"
#include "runtime/edgetpu/package.h"

/*
 * Compiled parts with their tensors, for tests of what runs them.
 *
 *	struct part *part = part_new(compiled_sample(COMPILED_TILES), 1);
 *	struct backend_program *program = serve_load(&options, &part->backend, &err);
 *
 *	part_fill(part, 1);
 *	r = program->ops->run(program, &err);
 *	if (!part_is_pattern(part))
 *		fail();
 *	program->ops->free(program);
 *	part_free(part);
 *
 * Ends the program when there is no memory.
 */
#define PART_TENSORS_MAX 16

struct part {
	struct backend_part backend;
	struct edgetpu_package *package;     /* as read from the options */
	uint32_t batches;
	struct atoll_tensor tensor[PART_TENSORS_MAX]; /* data NULL: for a load to set */
	struct atoll_tensor *pointer[PART_TENSORS_MAX];
	void *options;
	struct atoll_model *twin;
	void *twin_bytes;
	void *own[PART_TENSORS_MAX];
};

struct part *part_new(const struct edgetpu_package *package, uint32_t batches);
/* Of options that there are already, which are copied. */
struct part *part_open(const void *options, size_t size);
void part_free(struct part *part);

/* Tensors have memory of their own. Before a load. */
void part_take_memory(struct part *part);

/* Any bytes into the inputs, different for each seed; and over the outputs, so that
   what is not written is seen. */
void part_fill(struct part *part, uint32_t seed);

/* The outputs are what an emulator with pattern_program answers, to the byte. */
bool part_is_pattern(const struct part *part);

/* As compiled_sample(COMPILED_FLAT), with inputs and outputs of so many bytes, and a
   token. Until the next call with the same token, of which 8 are remembered. */
const struct edgetpu_package *part_sized(uint32_t in_bytes, uint32_t out_bytes,
					 uint64_t token);

/* For COMPILED_FLAT: give it a CPU model, whose output is the beginning of its input;
   and whether that was the answer. */
void part_take_twin(struct part *part);
bool part_is_twin(const struct part *part);

#endif
