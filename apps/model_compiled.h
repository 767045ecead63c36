/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_MODEL_COMPILED_H
#define ATOLL_APPS_MODEL_COMPILED_H

#include "board/error.h"
#include "board/json.h"
#include "runtime/model.h"

/*
 * What atoll-model says of operators that were compiled for the Edge TPU.
 *
 *	if (edgetpu_next_compiled(graph, NULL))
 *		model_print_compiled(graph);
 */

/* Lines below those of atoll-model info; a package that cannot be read is told in
   its place. */
void model_print_compiled(const struct atoll_graph *graph);

/* The same as the array "compiled". */
void model_json_compiled(struct atoll_json *json, const struct atoll_graph *graph);

/* A line for each that carries its graph in place of instructions. */
void model_print_carried(const struct atoll_graph *graph);

/* 0, or the sentence about the first package that cannot be read, or that carries a
   graph which cannot be trusted. */
int model_check_compiled(const struct atoll_graph *graph, struct atoll_error *err);

#endif
