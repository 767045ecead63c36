/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EXTRACT_H
#define ATOLL_RUNTIME_EXTRACT_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/model.h"

/*
 * A part of a model as a model of its own: the operators between some tensors.
 *
 *	struct atoll_model *part = extract_part(model, 1, (const char *[]){ "image" },
 *						2, (const char *[]){ "boxes", "scores" },
 *						&err);
 *	atoll_model_free(part);
 *
 * Tensors are named as in the model. The part has them as inputs and outputs in
 * the order given, the operators needed in their old order, and the constants
 * those use. Outputs that are inputs too, or constants, are refused, and operators
 * that run graphs of their own, such as WHILE. The part does not need the model
 * any more. Errors name the tensor.
 */
struct atoll_model *extract_part(const struct atoll_model *model, uint32_t inputs,
				 const char *const *input, uint32_t outputs,
				 const char *const *output, struct atoll_error *err);

/*
 * The part of the CPU model that the compiler took into the operator of these
 * options: inputs and outputs by the names of its layers (states left out). That
 * their types and shapes agree is checked.
 */
struct atoll_model *extract_twin(const struct atoll_model *model, const uint8_t *options,
				 size_t options_bytes, struct atoll_error *err);

/* That check: of the graph's inputs and outputs against the layers of as many. */
int extract_check_layers(const struct edgetpu_executable *main,
			 const struct atoll_graph *graph, struct atoll_error *err);

#endif
