/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_PIPELINE_PIPELINE_H
#define ATOLL_RUNTIME_PIPELINE_PIPELINE_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/session.h"
#include "runtime/tensor.h"

/*
 * A model in segments, each in a session of its own, mostly on a device of its own, and
 * all of them at work at once.
 *
 *	struct atoll_pipeline *pipeline = atoll_pipeline_new(session, 3, NULL, &err);
 *
 *	r = atoll_pipeline_push(pipeline, input, -1, &err);     any thread
 *	r = atoll_pipeline_pop(pipeline, output, -1, &err);     any thread: 1, or 0 at the end
 *	atoll_pipeline_end(pipeline);                           nothing more will be pushed
 *	atoll_pipeline_free(pipeline);
 *
 * Tensors are matched by name. One that a later segment needs is passed along; what
 * comes out is what went in first. A queue between two segments holds one set of
 * tensors; nothing is allocated once every segment has run.
 */
struct atoll_pipeline;

struct atoll_pipeline_options {
	uint32_t input_max;   /* sets that may wait to be run, 0: no limit */
	uint32_t output_max;  /* that may wait to be popped, 0: no limit */
};

/*
 * `session` [segments] are the caller's and must outlive the pipeline; nobody else may
 * run them meanwhile. NULL with a sentence: no segment; an input of a segment that is
 * neither of the first segment nor an output of one before it ("segment 2 can not get
 * its input tensor NAME"); an output that no later segment uses; or no memory.
 */
struct atoll_pipeline *atoll_pipeline_new(struct atoll_session *const *session,
					  uint32_t segments,
					  const struct atoll_pipeline_options *options,
					  struct atoll_error *err);

/* Ends it if nobody has; what was not popped is lost. NULL is allowed. */
void atoll_pipeline_free(struct atoll_pipeline *pipeline);

/* The tensors of a push and of a pop: inputs of the first segment, outputs of the last. */
uint32_t atoll_pipeline_inputs(const struct atoll_pipeline *pipeline);
uint32_t atoll_pipeline_outputs(const struct atoll_pipeline *pipeline);

/*
 * `input` [inputs] points to the bytes of each tensor, which are copied. Waits up to
 * timeout_ms (negative: no limit) while the queue is full: -ETIMEDOUT. -EPIPE "pipeline
 * was turned off before" after the end; the error of a segment that failed,
 * "segment 1: ...", once for all who push or pop from then on.
 */
int atoll_pipeline_push(struct atoll_pipeline *pipeline, const void *const *input,
			int timeout_ms, struct atoll_error *err);

/* `output` [outputs] receives the bytes of each tensor. 1, or 0 when the end was
   reached and nothing is left; errors as above. */
int atoll_pipeline_pop(struct atoll_pipeline *pipeline, void *const *output, int timeout_ms,
		       struct atoll_error *err);

/* No more will come; what is inside still comes out. */
void atoll_pipeline_end(struct atoll_pipeline *pipeline);

struct atoll_pipeline_stats {
	uint64_t runs;
	uint64_t time_ns;     /* in the segment's session, all runs together */
};

/* Of one segment, up to now. */
struct atoll_pipeline_stats atoll_pipeline_stats(struct atoll_pipeline *pipeline,
						 uint32_t segment);

#endif
