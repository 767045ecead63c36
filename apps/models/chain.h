/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_MODELS_CHAIN_H
#define ATOLL_APPS_MODELS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/builder.h"

/*
 * Networks in which each layer reads what the one before it wrote, from the numbers
 * that a training leaves to a model. Each network says what its numbers mean:
 *
 *	static const struct chain_kind kinds[] = {
 *		{ "input", input }, { "softmax", chain_softmax },
 *	};
 *	struct chain chain = chain_open("toy.numbers", "toy", ATOLL_UINT8, "a toy");
 *
 *	chain_read(&chain, kinds, 2);
 *	chain_save(&chain, "toy.tflite");
 *
 * For developers' tools: whatever is wrong ends the program with a sentence.
 */
struct chain {
	const char *path;            /* of the numbers */
	FILE *in;
	struct atoll_builder *builder;
	enum atoll_type type;        /* uint8 or int8, of all tensors but biases */
	unsigned layer;              /* for names */
	int32_t tensor;              /* what the next layer reads: */
	int32_t height, width, channels;
	float scale;                 /* what a step of it is worth, */
	int32_t zero;                /* and which step is nothing */
	int32_t embedding;           /* a tensor to give out beside the last, or -1 */
};

/* A line of numbers begins with the name of its kind, which says what they are. */
struct chain_kind {
	const char *name;
	void (*read)(struct chain *chain);
};

/* A file that begins with "NAME 1". `path` is needed until save. */
struct chain chain_open(const char *path, const char *name, enum atoll_type type,
			const char *description);

/* All layers, up to the line "end". */
void chain_read(struct chain *chain, const struct chain_kind *kind, size_t kinds);

/* Writes the model and frees what open took. */
void chain_save(struct chain *chain, const char *path);

/* The next number of the file: low to high, a scale above 0, a zero point of the
   chain's type. */
int32_t chain_number(struct chain *chain, int32_t low, int32_t high);
float chain_scale(struct chain *chain);
int32_t chain_zero(struct chain *chain);

/* Zeroed memory for free(). */
void *chain_take(size_t count, size_t size);

/* "LAYER/WHAT"; overwritten by the next call. */
const char *chain_name(const struct chain *chain, const char *what);

/* What a layer computes with, and what a step of its outputs is worth. */
struct chain_weights {
	uint32_t rank, axis;         /* there is a bias for each slice along the axis */
	int32_t dims[4];
	size_t count;
	int32_t weights, biases;     /* tensors */
	float out_scale;
	int32_t out_zero;
};

/* The shape, which comes first. */
struct chain_weights chain_shape(struct chain *chain, uint32_t rank, uint32_t axis);

/* The weights, each of low to high, then the biases. Of both tensors only how they are
   quantized needs to be filled in, and of the weights what they are called. */
void chain_weights(struct chain *chain, struct chain_weights *w, int32_t low, int32_t high,
		   struct atoll_builder_tensor weights, struct atoll_builder_tensor biases);

/* Layers. Those that compare end at 6 and begin at 0. */
void chain_input(struct chain *chain, const char *name);
void chain_convolution(struct chain *chain, const struct chain_weights *w, bool is_depthwise,
		       int32_t down, int32_t across, bool is_padded);
void chain_pool(struct chain *chain, int32_t stride); /* all of it to one */
void chain_full(struct chain *chain, const struct chain_weights *w, const char *name);
void chain_softmax(struct chain *chain);

#endif
