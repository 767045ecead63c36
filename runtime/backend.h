/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_BACKEND_H
#define ATOLL_RUNTIME_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/memory.h"
#include "runtime/model.h"
#include "runtime/tensor.h"

/*
 * A place where the compiled part of a graph runs: an Edge TPU of this process,
 * one that a daemon owns, or, in its stead, the CPU.
 *
 *	struct backend_program *program = tpu_load(devices, "usb", &part, &err);
 *
 *	r = program->ops->run(program, &err);     reads inputs, writes outputs
 *	program->ops->free(program);
 *
 * A program is tied to its tensors: `load` gives memory of its own to those that
 * have none yet (data is NULL), which lives as long as the program; later it uses
 * whatever memory they have when run.
 */
struct backend_part {
	const uint8_t *options;        /* of the custom operator, see package.h */
	size_t options_bytes;
	uint32_t inputs, outputs;
	struct atoll_tensor *const *input, *const *output; /* types and shapes are final */
	const struct atoll_model *twin; /* the same part for the CPU, its inputs and
					   outputs in the same order; or NULL */
	bool is_carried;               /* a graph in place of instructions (carried.h): for
					  emulated devices and the CPU */
};

struct backend_program;

struct backend_ops {
	const char *name;              /* "usb", "emu", "serve", "cpu" */
	int (*run)(struct backend_program *program, struct atoll_error *err);
	void (*free)(struct backend_program *program);
};

struct backend_program {
	const struct backend_ops *ops;
	char device[48];               /* "usb:1-1.2", for plans and people */
};

/* On the CPU, from `part->twin`; `threads` as in session options. */
struct backend_program *twin_load(const struct backend_part *part, uint32_t threads,
				  struct atoll_error *err);

#endif
