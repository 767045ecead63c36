/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/softmax.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

static uint32_t row_of(const struct softmax_batch *batch, uint32_t i)
{
	return batch->pick ? batch->pick[i] : i;
}

static const float *x_of(const struct softmax_layer *layer, const struct softmax_batch *batch,
			 uint32_t i)
{
	return batch->x + (size_t)row_of(batch, i) * layer->size;
}

void softmax_logits(const struct softmax_layer *layer, const struct softmax_batch *batch,
		    double *z)
{
	const uint32_t classes = layer->classes;

	for (uint32_t i = 0; i < batch->rows; i++, z += classes) {
		const float *x = x_of(layer, batch, i);
		const double *weights = layer->weights;

		memcpy(z, layer->biases, classes * sizeof(*z));
		for (uint32_t d = 0; d < layer->size; d++, weights += classes)
			for (uint32_t c = 0; c < classes; c++)
				z[c] += (double)x[d] * weights[c];
	}
}

void softmax_shares(const struct softmax_layer *layer, const struct softmax_batch *batch,
		    double *z)
{
	for (uint32_t i = 0; i < batch->rows; i++, z += layer->classes) {
		double largest = z[0], sum = 0;

		for (uint32_t c = 1; c < layer->classes; c++)
			largest = fmax(largest, z[c]);
		for (uint32_t c = 0; c < layer->classes; c++)
			sum += z[c] = exp(z[c] - largest);
		for (uint32_t c = 0; c < layer->classes; c++)
			z[c] /= sum;
	}
}

double softmax_loss(const struct softmax_layer *layer, const struct softmax_batch *batch,
		    const double *shares)
{
	double sum = 0;

	for (uint32_t i = 0; i < batch->rows; i++) {
		const uint32_t label = batch->label[row_of(batch, i)];
		const double share = shares[(size_t)i * layer->classes + label];

		sum -= log(fmax(share, DBL_MIN));
	}
	return sum / batch->rows;
}

void softmax_gradient(const struct softmax_layer *layer, const struct softmax_batch *batch,
		      double *shares, double *weights, double *biases)
{
	const uint32_t classes = layer->classes;

	memset(weights, 0, (size_t)layer->size * classes * sizeof(*weights));
	memset(biases, 0, classes * sizeof(*biases));
	for (uint32_t i = 0; i < batch->rows; i++) {
		const float *x = x_of(layer, batch, i);
		double *dz = shares + (size_t)i * classes, *to = weights;

		dz[batch->label[row_of(batch, i)]] -= 1;
		for (uint32_t c = 0; c < classes; c++) {
			dz[c] /= batch->rows;
			biases[c] += dz[c];
		}
		for (uint32_t d = 0; d < layer->size; d++, to += classes)
			for (uint32_t c = 0; c < classes; c++)
				to[c] += (double)x[d] * dz[c];
	}
}

uint32_t softmax_hits(const struct softmax_layer *layer, const struct softmax_batch *batch,
		      const double *z)
{
	uint32_t hits = 0;

	for (uint32_t i = 0; i < batch->rows; i++, z += layer->classes) {
		uint32_t best = 0;

		for (uint32_t c = 1; c < layer->classes; c++)
			best = z[c] > z[best] ? c : best;
		hits += best == batch->label[row_of(batch, i)];
	}
	return hits;
}
