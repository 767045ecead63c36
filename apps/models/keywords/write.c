/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the keywords model from the numbers train.py leaves (the format is told
 * there). A developer's tool, part of `make train-keywords`.
 *
 *	write build/keywords/keywords.numbers keywords.tflite
 *
 * The model has two outputs: the scores at the end of the chain, and the embedding
 * that the last layer but one makes.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/models/chain.h"

/* The scale of the outputs, then one for each of the weights' slices. */
static struct chain_weights read_weights(struct chain *chain, uint32_t rank, uint32_t axis)
{
	struct chain_weights w = chain_shape(chain, rank, axis);
	struct atoll_builder_tensor weights = { 0 }, biases = { 0 };
	/* A fully connected layer has one scale for all. */
	const uint32_t steps = rank == 4 ? (uint32_t)w.dims[axis] : 1;
	float *scales = chain_take(steps, sizeof(*scales));
	float *bias_scales = chain_take(steps, sizeof(*bias_scales));

	w.out_scale = chain_scale(chain);
	w.out_zero = chain_zero(chain);
	for (uint32_t i = 0; i < steps; i++) {
		scales[i] = chain_scale(chain);
		bias_scales[i] = chain->scale * scales[i];
	}
	if (rank == 4) {
		weights.channels = biases.channels = steps;
		weights.scales = scales;
		weights.axis = (int32_t)axis;
		biases.scales = bias_scales;
	} else {
		weights.scale = scales[0];
		biases.scale = bias_scales[0];
	}
	chain_weights(chain, &w, -INT8_MAX, INT8_MAX, weights, biases);
	free(scales);
	free(bias_scales);
	return w;
}

/* Frames, one below the other, of so many bands. */
static void read_input(struct chain *chain)
{
	chain->height = chain_number(chain, 1, 1024);
	chain->width = chain_number(chain, 1, 1024);
	chain->channels = 1;
	chain_input(chain, "features");
}

static void read_window(struct chain *chain, bool is_depthwise, bool is_padded)
{
	const int32_t down = chain_number(chain, 1, 2), across = chain_number(chain, 1, 2);
	const struct chain_weights w = read_weights(chain, 4, is_depthwise ? 3 : 0);

	chain_convolution(chain, &w, is_depthwise, down, across, is_padded);
}

static void read_convolution(struct chain *chain)
{
	read_window(chain, false, true);
}

static void read_valid(struct chain *chain)
{
	read_window(chain, false, false);
}

static void read_depthwise(struct chain *chain)
{
	read_window(chain, true, true);
}

/* The average over all frames. */
static void read_pool(struct chain *chain)
{
	chain_pool(chain, 1);
}

static void read_embedding(struct chain *chain)
{
	const struct chain_weights w = read_weights(chain, 2, 0);

	chain_full(chain, &w, "embedding");
	chain->embedding = chain->tensor;
}

static void read_full(struct chain *chain)
{
	const struct chain_weights w = read_weights(chain, 2, 0);

	chain_full(chain, &w, "logits");
}

int main(int argc, char **argv)
{
	static const struct chain_kind kinds[] = {
		{ "input", read_input }, { "conv", read_convolution },
		{ "valid", read_valid }, { "depth", read_depthwise }, { "pool", read_pool },
		{ "embed", read_embedding }, { "full", read_full },
		{ "softmax", chain_softmax },
	};
	struct chain chain;

	if (argc != 3) {
		fputs("usage: write NUMBERS MODEL\n", stderr);
		return 2;
	}
	chain = chain_open(argv[1], "keywords", ATOLL_INT8, "keywords: hears twenty words");
	chain_read(&chain, kinds, sizeof(kinds) / sizeof(kinds[0]));
	if (chain.embedding < 0)
		errx(1, "%s: no embedding", argv[1]);
	chain_save(&chain, argv[2]);
	return 0;
}
