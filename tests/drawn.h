/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_DRAWN_H
#define ATOLL_TESTS_DRAWN_H

#include "tests/graph.h"

/*
 * Graphs drawn with letters, a tensor each: a is tensor 0, named "a".
 *
 *	struct graph g = DRAWN("a", "d", "a>b", "b!c", "cb>d");
 *
 *	use(g.model);
 *	graph_free(&g);
 *
 *	ab>c    ADD of both
 *	a>b     ADD of a constant of 4 bytes; a7>b: of 28, which cannot run
 *	a!b     NEG, which no Edge TPU has
 *
 * Tensors are rows of four int8. The model is loaded, not opened.
 */
struct graph drawn(const char *inputs, const char *outputs, const char *const *op);

#define DRAWN(inputs, outputs, ...) \
	drawn(inputs, outputs, (const char *const[]){ __VA_ARGS__, NULL })

/* Build and load what was put into the builder, under that name, without opening it;
   fails the test when that does not work. */
void drawn_load(struct graph *g, const char *name);

/* The names of some of its tensors, one after the other, are these letters. */
void drawn_assert(const struct atoll_graph *graph, uint32_t count, const int32_t *tensor,
		  const char *letters);

#endif
