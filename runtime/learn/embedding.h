/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_EMBEDDING_H
#define ATOLL_RUNTIME_LEARN_EMBEDDING_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"
#include "runtime/tensor.h"

/*
 * What a classifier knows of a picture before it decides: the numbers that its last
 * layer reads, from which other classes can be told, too.
 *
 *	struct atoll_model *extractor = atoll_embedding_model(cards, &err);
 *	struct atoll_session *session = atoll_session_open(extractor, NULL, &err);
 *	const struct atoll_tensor *output = atoll_session_output(session, 0);
 *	float *embedding = calloc(output->elements, sizeof(*embedding));
 *
 *	memcpy(atoll_session_input(session, 0)->data, picture, bytes);
 *	if (atoll_session_invoke(session) == 0)
 *		atoll_embedding_read(output, embedding, output->elements);
 *
 * runtime/learn/imprinting.h and runtime/learn/regression.h learn from such numbers,
 * whatever session they come from.
 */

/*
 * The classifier without its last layer, as a model of its own: FULLY_CONNECTED or a
 * CONV_2D of one pixel, and what may follow it (SOFTMAX, LOGISTIC, RESHAPE, SQUEEZE,
 * QUANTIZE, DEQUANTIZE), are cut off. Its output is uint8 of shape [1, n] or
 * [1, 1, 1, n]; a classifier of int8 gets a QUANTIZE for that. NULL with -ENOTSUP and a
 * sentence for what is no such classifier.
 */
struct atoll_model *atoll_embedding_model(const struct atoll_model *classifier,
					  struct atoll_error *err);

/* Real numbers of a tensor of uint8, int8 or float32. -ENOTSUP for other types and for
   per-channel scales, -EINVAL unless it has `size` elements. */
int atoll_embedding_read(const struct atoll_tensor *output, float *embedding, size_t size);

#endif
