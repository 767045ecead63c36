/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_GRAPH_H
#define ATOLL_TESTS_GRAPH_H

#include "runtime/builder.h"
#include "runtime/session.h"

/*
 * Small models built, opened and run inside a test.
 *
 *	struct graph g = graph_new();
 *	int32_t in = graph_input(&g, &(struct atoll_builder_tensor){ ... });
 *	int32_t out = graph_output(&g, &(struct atoll_builder_tensor){ ... });
 *
 *	atoll_builder_operator(g.builder, &(struct atoll_builder_operator){ ... });
 *	graph_open(&g);                        fails the test with the reason
 *	memcpy(graph_data(&g, in), pixels, sizeof(pixels));
 *	graph_run(&g);
 *	assert_memory_equal(graph_data(&g, out), expected, sizeof(expected));
 *	graph_free(&g);
 */
struct graph {
	struct atoll_builder *builder;
	uint32_t inputs, outputs;
	int32_t input[64], output[64];
	void *bytes;
	size_t size;
	struct atoll_model *model;
	struct atoll_session *session;
	struct atoll_session_options options; /* keeps_tensors is on */
};

struct graph graph_new(void);

/* A tensor that is a graph input, a graph output, or neither (constants too). */
int32_t graph_input(struct graph *g, const struct atoll_builder_tensor *tensor);
int32_t graph_output(struct graph *g, const struct atoll_builder_tensor *tensor);
int32_t graph_tensor(struct graph *g, const struct atoll_builder_tensor *tensor);

/* One operator without and with options; a shorthand for the common form. */
void graph_operator(struct graph *g, uint32_t code, uint8_t options_type,
		    uint32_t options, const struct atoll_builder_option *option,
		    uint32_t inputs, const int32_t *input,
		    uint32_t outputs, const int32_t *output);

/* Finish, load and open, failing the test when one of them does not work. */
void graph_open(struct graph *g);

/* The same, expecting that load or open refuses, with the reason in `err`. */
void graph_open_refused(struct graph *g, struct atoll_error *err);

/* Memory and description of a tensor of the opened graph. */
void *graph_data(struct graph *g, int32_t tensor);
const struct atoll_tensor *graph_info(struct graph *g, int32_t tensor);

void graph_run(struct graph *g);
void graph_free(struct graph *g);

#endif
