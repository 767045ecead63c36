/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SILICON_LAYERS_H
#define ATOLL_TESTS_SILICON_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"
#include "runtime/emulator/silicon.h"
#include "runtime/session.h"

/*
 * What the emulated chip has in its narrow memories when it is done with a layer, beside
 * what the CPU computes.
 *
 *	struct silicon_layers *layers = silicon_layers_new(package, cpu);
 *
 *	silicon_layers_watch(layers, program);
 *	... the CPU's run, then the program's, with the same input
 *	for (uint32_t i = 0; i < layers->layers; i++)
 *		printf("%s\n", silicon_layer_text(&layers->layer[i]));
 *	silicon_layers_free(layers);
 *
 * `cpu` runs the part that was compiled (extract_twin) and keeps its tensors. Which
 * instructions are a layer is told by their scales and zero points, in the order of
 * the graph; and by their outputs, which together have to be the tensor: each element
 * once, the image cut over 4 x 4 tiles, or 64 outputs on a tile where it is one pixel.
 * A layer whose instructions were not found so has no place.
 */
#define SILICON_LAYER_TILES 16
#define SILICON_DIFFERENCES 10

/* The part of a tensor that a tile has. */
struct silicon_place {
	uint32_t y, x, height, width;
	uint32_t units;               /* in front of its first channel, 4 channels each */
};

struct silicon_layer {
	const char *name;             /* of the operator */
	const struct atoll_tensor *tensor;
	uint32_t first, last;         /* numbers of its instructions; has_place */
	bool has_place;
	struct silicon_place place[SILICON_LAYER_TILES];
	/* Elements, of those whose instructions are done. */
	uint32_t equal, off_by_one, worse;
	uint32_t missing;             /* nothing was ever written there */
	uint32_t differences;         /* the first of them */
	struct silicon_difference {
		uint32_t tile, y, x, channel;
		int got, expected;    /* -1: nothing there */
	} difference[SILICON_DIFFERENCES];
};

enum silicon_layer_state {
	SILICON_LAYER_EQUAL,
	SILICON_LAYER_OFF_BY_ONE,     /* elements that differ do so by one */
	SILICON_LAYER_WRONG,
	SILICON_LAYER_NOT_REACHED,    /* not all its instructions are done */
	SILICON_LAYER_NO_PLACE,
	SILICON_LAYER_STATES,
};

struct silicon_layers {
	uint32_t layers;
	struct silicon_layer *layer;  /* [layers], in the order of the graph */
	uint32_t strangers;           /* instructions that compute and are of no layer */
	struct silicon_piece *piece;
	uint32_t pieces;
	const struct emulator_program *program;
};

/* Ends the program when there is no memory. */
struct silicon_layers *silicon_layers_new(const struct edgetpu_package *package,
					  const struct atoll_session *cpu);
void silicon_layers_free(struct silicon_layers *layers);

/* From now on, with all counts at 0; as long as `layers` lives, or until another. */
void silicon_layers_watch(struct silicon_layers *layers, struct emulator_program *program);

enum silicon_layer_state silicon_layer_state(const struct silicon_layer *layer);

/* One line. Overwritten by the next call. */
const char *silicon_layer_text(const struct silicon_layer *layer);

#endif
