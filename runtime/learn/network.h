/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_NETWORK_H
#define ATOLL_RUNTIME_LEARN_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/builder.h"
#include "runtime/memory.h"
#include "runtime/model.h"

/*
 * A model of one graph opened for changes: its tensors and operators as the builder
 * takes them, under the numbers they have in the file.
 *
 *	struct network network;
 *	int r = network_open(&network, model, &err);
 *
 *	if (r == 0) {
 *		network.tensor[7].dims[1] = 3;
 *		out = network_tensor(&network, &(struct atoll_builder_tensor){ ... });
 *		network_operator(&network, &(struct atoll_builder_operator){ ... });
 *		network_output(&network, out);
 *		r = network_finish(&network, &bytes, &size, &err);
 *	}
 *	network_close(&network);
 *
 * The model must outlive it, and so must what is put into it, for which there is
 * `memory`. Names of graph and metadata go along.
 */
#define NETWORK_MORE 24  /* tensors that may be added, and operators */

struct network {
	const struct atoll_model *model;
	struct memory memory;
	const char *description;              /* the model's, until changed */
	struct atoll_builder_tensor *tensor;  /* [tensors] */
	struct atoll_builder_operator *op;    /* [operators] */
	uint32_t tensors, operators, outputs;
	const int32_t *output;                /* [outputs] */
};

/* 0 or a negative errno; -ENOTSUP for a model of several graphs. */
int network_open(struct network *network, const struct atoll_model *model,
		 struct atoll_error *err);
void network_close(struct network *network); /* also one that did not open */

/* The number of the new tensor. The lists of an operator are copied. */
int32_t network_tensor(struct network *network, const struct atoll_builder_tensor *tensor);
void network_operator(struct network *network, const struct atoll_builder_operator *op);

/* The only one from now on. */
void network_output(struct network *network, int32_t tensor);

/* As atoll_builder_finish. */
int network_finish(struct network *network, void **bytes, size_t *size,
		   struct atoll_error *err);

/* The same as a model that loaded; NULL with a sentence. */
struct atoll_model *network_model(struct network *network, struct atoll_error *err);

/* Has it an output, and so many inputs, of which none is left out? Files may say less
   than the operator needs. */
bool network_has_ends(const struct atoll_operator *op, uint32_t inputs);

/* The operator that writes a tensor, NULL when none does. */
const struct atoll_operator *network_producer(const struct atoll_graph *graph, int32_t tensor);

/* The part of a model that one of its tensors needs, with that as the only output; NULL
   with a sentence. */
struct atoll_model *network_cut(const struct atoll_model *model, int32_t tensor,
				struct atoll_error *err);

#endif
