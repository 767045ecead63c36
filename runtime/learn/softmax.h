/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_SOFTMAX_H
#define ATOLL_RUNTIME_LEARN_SOFTMAX_H

#include <stdint.h>

/*
 * The arithmetic of softmax regression, in doubles.
 *
 *	Z = X W + b          X [rows][size], W [size][classes], Z [rows][classes]
 *	P = e^Z / sum e^Z    by rows
 *	loss                 the mean over rows of -log p of the right class
 *	dZ = (P - Y) / rows  Y 1 for the right class, else 0
 *	dW = X^T dZ          db = the sums of dZ's columns
 *
 *	softmax_logits(&layer, &batch, z);
 *	softmax_shares(&layer, &batch, z);
 *	loss = softmax_loss(&layer, &batch, z);
 *	softmax_gradient(&layer, &batch, z, weights, biases);
 */
struct softmax_layer {
	uint32_t size, classes;
	double *weights;       /* [size][classes] */
	double *biases;        /* [classes] */
};

struct softmax_batch {
	const float *x;        /* of all examples */
	const uint32_t *label;
	const uint32_t *pick;  /* [rows] which of them; NULL: the first `rows` */
	uint32_t rows;
};

/* z [rows][classes] */
void softmax_logits(const struct softmax_layer *layer, const struct softmax_batch *batch,
		    double *z);

/* In the place of the logits. The largest is taken off first, lest e^z overflows. */
void softmax_shares(const struct softmax_layer *layer, const struct softmax_batch *batch,
		    double *z);

double softmax_loss(const struct softmax_layer *layer, const struct softmax_batch *batch,
		    const double *shares);

/* weights [size][classes], biases [classes]; dZ takes the place of the shares. */
void softmax_gradient(const struct softmax_layer *layer, const struct softmax_batch *batch,
		      double *shares, double *weights, double *biases);

/* How many rows have the right class on top; of equal ones the first counts. */
uint32_t softmax_hits(const struct softmax_layer *layer, const struct softmax_batch *batch,
		      const double *z);

#endif
