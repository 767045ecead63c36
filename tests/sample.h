/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SAMPLE_H
#define ATOLL_TESTS_SAMPLE_H

#include "tests/graph.h"

/*
 * A small image classifier with random weights, for tests of what is around the
 * kernels.
 *
 *	struct graph g = sample_classifier();
 *
 *	graph_open(&g);
 *	graph_free(&g);
 *
 *	input   [1][24][24][3]   uint8
 *	        CONV_2D 3x3, DEPTHWISE_CONV_2D 3x3, CONV_2D 1x1, AVERAGE_POOL_2D,
 *	        RESHAPE, FULLY_CONNECTED
 *	output  [1][10]          uint8
 */
struct graph sample_classifier(void);

#endif
