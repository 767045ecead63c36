/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_GRAPH_H
#define ATOLL_RUNTIME_GRAPH_H

#include "runtime/reader.h"

/*
 * The sub-graphs of a verified file, with tensors and operators, into
 * reader->model:
 *
 *	r = graph_read(&reader, flatbuf_vector(root, MODEL_SUBGRAPHS));
 *
 * 0 or a negative errno with a sentence that names the element.
 */
int graph_read(struct reader *reader, struct flatbuf_vector list);

#endif
