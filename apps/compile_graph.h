/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_GRAPH_H
#define ATOLL_APPS_COMPILE_GRAPH_H

#include "apps/compile.h"

/*
 * The drawing beside the list of operators on the page of atoll-compile: a dot for each
 * row, a line to each row that reads what it computes. Inputs are rows above, outputs
 * rows below.
 *
 *	r = graph_draw(file, &item);
 */
#define GRAPH_ROW 30 /* pixels; rows of the style sheet are as high */

/* As one <svg>. 0 or -ENOMEM. */
int graph_draw(FILE *file, const struct compile_item *item);

#endif
