/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_NET_H
#define ATOLL_TESTS_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/graph.h"

/*
 * A network of int8, and all that can be different about it. Of all zeros it is the
 * usual one.
 *
 *	struct graph g = net_build(&(const struct net){ .seed = 20 });
 *
 *	graph_free(&g);
 *
 *	in     CONV_2D 3x3, scales per channel        first
 *	first  DEPTHWISE_CONV_2D 3x3                  deep
 *	deep   MUL by an image                        bright
 *	bright ADD of one number                      more
 *	more   PRELU                                  bent
 *	bent   CONV_2D 1x1, and again the same        twice, thrice
 *	       RESHAPE, FULLY_CONNECTED               out
 *
 * Outputs are twice and out.
 */
struct net {
	uint32_t seed;            /* of weights; 0 is that of what was compiled */
	uint32_t prelu_seed;
	const char *in_name;      /* NULL: "in" */
	bool has_other_first;     /* scale of an activation */
	bool has_other_deep;      /* zero point of another */
	bool has_other_weights;   /* scale of deep's */
	int32_t number;           /* added, and 17 */
	bool is_sub;              /* instead of ADD */
	int32_t activation;
	int32_t outputs;          /* of the last layer, and 5 */
	enum bias { SOME_BIAS, ZERO_BIAS, NO_BIAS } bias; /* of the last layer */
	bool has_equal_scales, has_other_scales, reads_first, is_short;
};

/* Opened. */
struct graph net_build(const struct net *net);

#endif
