/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the cards model from the numbers train.py leaves (the format is told
 * there). A developer's tool, part of `make train-cards`.
 *
 *	write build/cards/cards.numbers cards.tflite
 */
#include <stdio.h>

#include "apps/models/chain.h"

/* A scale and a zero point for all weights, then those of the outputs. */
static struct chain_weights read_weights(struct chain *chain, uint32_t rank, uint32_t axis)
{
	struct chain_weights w = chain_shape(chain, rank, axis);
	struct atoll_builder_tensor weights = { 0 }, biases = { 0 };

	weights.scale = chain_scale(chain);
	weights.zero_point = chain_zero(chain);
	w.out_scale = chain_scale(chain);
	w.out_zero = chain_zero(chain);
	biases.scale = chain->scale * weights.scale;
	chain_weights(chain, &w, 0, UINT8_MAX, weights, biases);
	return w;
}

static void read_input(struct chain *chain)
{
	chain->height = chain->width = chain_number(chain, 1, 1024);
	chain->channels = chain_number(chain, 3, 3);
	chain_input(chain, "picture");
}

static void read_convolution(struct chain *chain)
{
	const int32_t stride = chain_number(chain, 1, 2);
	const struct chain_weights w = read_weights(chain, 4, 0);

	chain_convolution(chain, &w, false, stride, stride, true);
}

static void read_depthwise(struct chain *chain)
{
	const int32_t stride = chain_number(chain, 1, 2);
	const struct chain_weights w = read_weights(chain, 4, 3);

	chain_convolution(chain, &w, true, stride, stride, true);
}

/* Over the whole picture. */
static void read_pool(struct chain *chain)
{
	chain_pool(chain, chain_number(chain, chain->height, chain->height));
}

static void read_full(struct chain *chain)
{
	const struct chain_weights w = read_weights(chain, 2, 0);

	chain_full(chain, &w, chain_name(chain, "logits"));
}

int main(int argc, char **argv)
{
	static const struct chain_kind kinds[] = {
		{ "input", read_input }, { "conv", read_convolution },
		{ "depth", read_depthwise }, { "pool", read_pool }, { "full", read_full },
		{ "softmax", chain_softmax },
	};
	struct chain chain;

	if (argc != 3) {
		fputs("usage: write NUMBERS MODEL\n", stderr);
		return 2;
	}
	chain = chain_open(argv[1], "cards", ATOLL_UINT8,
			   "cards: names 40 pictogram cards, 0 is nothing");
	chain_read(&chain, kinds, sizeof(kinds) / sizeof(kinds[0]));
	chain_save(&chain, argv[2]);
	return 0;
}
