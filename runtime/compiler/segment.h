/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_SEGMENT_H
#define ATOLL_RUNTIME_COMPILER_SEGMENT_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * Cutting a model into segments that run one after the other, each on a device of its
 * own.
 *
 *	struct atoll_segments *segments = atoll_segments_new(model, &err);
 *	uint32_t count[3];
 *
 *	r = atoll_segments_balance(segments, 3, count, &err);
 *	part = atoll_segments_cut(segments, 0, count[0], &err);    the first
 *	part = atoll_segments_cut(segments, count[0], count[1], &err);
 *	...
 *	atoll_segments_free(segments);
 *
 * Operators are counted in the order of execution that the vendor's partitioner uses,
 * which is not that of the file. The outputs of a segment stand in the order of the
 * inputs of the next. The model must outlive it.
 */
struct atoll_segments;

struct atoll_segments *atoll_segments_new(const struct atoll_model *model,
					  struct atoll_error *err);
void atoll_segments_free(struct atoll_segments *segments);

/* Operators, and the one at a place in the order of execution. */
uint32_t atoll_segments_operators(const struct atoll_segments *segments);
uint32_t atoll_segments_operator(const struct atoll_segments *segments, uint32_t place);

/* The place of the first operator nobody reads from: all from there on belong to the
   last segment. */
uint32_t atoll_segments_first_output(const struct atoll_segments *segments);

/*
 * Operators for each of n segments with about equal bytes of parameters. -EINVAL with
 * a sentence when there would be one without any, as when the next operator alone has
 * more than its share.
 */
int atoll_segments_balance(const struct atoll_segments *segments, uint32_t n,
			   uint32_t *count, struct atoll_error *err);

/*
 * The `count` operators from place `first` as a model of their own, which does not need
 * the whole any more. The first has all inputs of the model and the last all its
 * outputs, as they stand there: one that is computed earlier is handed on to the last
 * as its input. NULL with a sentence for tensors between segments that have no name or
 * that of another, for a state that two segments use, and for models of several graphs.
 */
struct atoll_model *atoll_segments_cut(const struct atoll_segments *segments, uint32_t first,
				       uint32_t count, struct atoll_error *err);

#endif
