/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_KERNELS_LSTM_H
#define ATOLL_RUNTIME_KERNELS_LSTM_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/kernels/kernels.h"

/*
 * LSTM and UNIDIRECTIONAL_SEQUENCE_LSTM: what the integer and the float cell
 * share.
 *
 *	x, h, c    this step's input, last step's output, the cells' state
 *	forget     f = logistic(Wx x + Wh h + P c + bias)
 *	input      i = the same with its own weights; 1 - f when it has none (CIFG)
 *	cell       g = tanh(the same, no P)
 *	c          c * f + i * g
 *	output     o = logistic(the same, P sees the new c)
 *	h          o * tanh(c), or that through a projection
 *
 * The peepholes P, the projection and a normalization of each gate before its
 * function may be left out. Rows of a batch do not see each other.
 */
enum lstm_gate { LSTM_IN, LSTM_FORGET, LSTM_CELL, LSTM_OUT, LSTM_GATES };

/* Inputs of the node; those of a gate follow each other in the order above,
   except that the cell gate has no peephole. */
enum {
	LSTM_X = 0,
	LSTM_X_WEIGHTS = 1,        /* [cells][inputs] */
	LSTM_H_WEIGHTS = 5,        /* [cells][outputs] */
	LSTM_PEEPHOLES = 9,        /* [cells]: in, forget, out */
	LSTM_BIASES = 12,          /* [cells] */
	LSTM_PROJECTION = 16,      /* [outputs][cells] */
	LSTM_PROJECTION_BIAS = 17, /* [outputs] */
	LSTM_H_STATE = 18,         /* [batch][outputs], variable */
	LSTM_C_STATE = 19,         /* [batch][cells], variable */
	LSTM_NORMS = 20,           /* [cells] */
	LSTM_INPUTS = 24,
};

struct lstm {
	uint32_t steps, batches;
	bool is_time_major;           /* [steps][batches], else the other way */
	uint32_t inputs, cells, outputs;
	bool has_in, has_peepholes, has_norms, has_projection;
	float cell_clip, projection_clip; /* 0: none */
	int8_t activation;            /* of float cells */
	const struct atoll_tensor *tensor[LSTM_INPUTS]; /* NULL: left out */

	/* One step of one row; h and c are read and written. */
	void (*step)(const struct lstm *lstm, const void *x, void *h, void *c,
		     void *scratch);
	void *cell;                   /* the kind's own numbers */
};

/* NULL when the gate has none. */
const struct atoll_tensor *lstm_peephole(const struct lstm *lstm, enum lstm_gate gate);

static inline bool lstm_has_gate(const struct lstm *lstm, enum lstm_gate gate)
{
	return gate != LSTM_IN || lstm->has_in;
}

/*
 * Check the types and numbers of one kind, set `step`, and tell the scratch it
 * wants. Shapes have been checked, and weights have data.
 */
int lstm_prepare_integer(struct lstm *lstm, struct kernel_node *node,
			 struct kernel_setup *setup, struct atoll_error *err);
int lstm_prepare_float(struct lstm *lstm, struct kernel_node *node,
		       struct kernel_setup *setup, struct atoll_error *err);

/* Check one type for inputs [first, first + count) that are there. */
int lstm_check_types(const struct kernel_node *node, uint32_t first, uint32_t count,
		     enum atoll_type type, struct atoll_error *err);

#endif
