/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_BROADCAST_H
#define ATOLL_RUNTIME_KERNELS_BROADCAST_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/kernels/kernels.h"

/*
 * The loop of all operators that work element by element, over one to three
 * inputs whose shapes broadcast into that of output 0. The kernel gives the
 * innermost loop, over `count` elements next to each other:
 *
 *	static void add_row(const void *context, const struct broadcast_row *row)
 *	{
 *		const float *a = row->in[0], *b = row->in[1];
 *		float *out = row->out;
 *
 *		for (size_t i = 0; i < row->count; i++)
 *			out[i] = a[i * row->step[0]] + b[i * row->step[1]];
 *	}
 *	...
 *	return broadcast_prepare(node, setup, add_row, NULL, err);
 *
 * Neighbouring dimensions that stretch alike are one dimension to the loop:
 * equal shapes are a single row, a scalar or a vector of channels makes long
 * rows too. Rows, and pieces of long ones, are shared out over the pool, so a
 * row function must not care where a row begins or ends.
 */
#define BROADCAST_OPERANDS 3

struct broadcast_row {
	const void *in[BROADCAST_OPERANDS];
	size_t step[BROADCAST_OPERANDS]; /* elements: 1, or 0 for one that stretches */
	void *out;
	size_t count;
};

typedef void broadcast_function(const void *context, const struct broadcast_row *row);

/* Over all inputs of the node. `context` lives as long as the node. Shapes
   output 0 and sets node->run and node->prepared. */
int broadcast_prepare(struct kernel_node *node, struct kernel_setup *setup,
		      broadcast_function *row, const void *context,
		      struct atoll_error *err);

/* The same for inputs that count as having other shapes than they do; only
   rank, dims and type of `shape` matter. */
int broadcast_prepare_shapes(struct kernel_node *node, struct kernel_setup *setup,
			     const struct atoll_tensor *const *shape,
			     broadcast_function *row, const void *context,
			     struct atoll_error *err);

/*
 * For operators over the last dimension of input 0 (SOFTMAX), whose output has
 * the same shape: every call of `row` is one whole last dimension. A scalar is
 * refused.
 */
int broadcast_prepare_last(struct kernel_node *node, struct kernel_setup *setup,
			   broadcast_function *row, const void *context,
			   struct atoll_error *err);

/* The row function for a type of the inputs. */
struct broadcast_choice {
	enum atoll_type type;
	broadcast_function *row;
};

/*
 * Check that there are `inputs` inputs of one type, that one of the choices
 * serves it, and one output of a type in the mask, 0 meaning the inputs' own.
 */
int broadcast_choose(const struct kernel_node *node, uint32_t inputs,
		     const struct broadcast_choice *choice, size_t choices,
		     uint32_t output_types, broadcast_function **row,
		     struct atoll_error *err);

/* An array of choices and its length, as the two arguments above. */
#define BROADCAST_CHOICES(array) array, sizeof(array) / sizeof((array)[0])

/* Every input and the output is quantized with one scale; those of types wider
   than 16 bits and of float32 are not looked at. */
int broadcast_check_quantized(const struct kernel_node *node, struct atoll_error *err);

/* What all of them set node->run to. */
int broadcast_run(const struct kernel_node *node, struct pool *pool);

#endif
