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
 *	#include <atoll/runtime/pipeline/pipeline.h>
 *	#include <stdio.h>
 *
 *	static struct atoll_session *open_segment(const char *path)
 *	{
 *		struct atoll_model *model = atoll_model_load(path, NULL);
 *
 *		return model ? atoll_session_open(model, NULL, NULL) : NULL;
 *	}
 *
 *	int main(int argc, char **argv)
 *	{
 *		static char input[150528], output[1001];
 *		const void *in[] = { input };
 *		void *out[] = { output };
 *		struct atoll_session *segment[2];
 *		struct atoll_pipeline *line;
 *
 *		segment[0] = argc == 3 ? open_segment(argv[1]) : NULL;
 *		segment[1] = segment[0] ? open_segment(argv[2]) : NULL;
 *		if (!segment[1])
 *			return 1;
 *		line = atoll_pipeline_new(segment, 2, NULL, NULL);
 *		if (!line)
 *			return 1;
 *		for (int i = 0; i < 10; i++)
 *			atoll_pipeline_push(line, in, -1, NULL);
 *		atoll_pipeline_end(line);
 *		while (atoll_pipeline_pop(line, out, -1, NULL) == 1)
 *			puts("one more");
 *		atoll_pipeline_free(line);
 *		return 0;
 *	}
 *
 * Tensors are matched by name. One that a later segment needs is passed along; what
 * comes out first is what went in first. Any thread may push, pop and end, also at the
 * same time; who waits for room to push needs another who pops, unless the queue of what
 * waits to be popped has no limit.
 *
 * A queue between two segments holds one set of tensors. Memory for all that can be on
 * the way is taken when the pipeline is made; only a queue without a limit that becomes
 * longer than it has ever been takes more.
 */
struct atoll_pipeline;

struct atoll_pipeline_options {
	uint32_t input_max;   /* sets that may wait to be run, 0: no limit */
	uint32_t output_max;  /* that may wait to be popped, 0: no limit */
};

/*
 * `session` [segments] are the caller's and must outlive the pipeline; nobody else may
 * run them meanwhile. `options` NULL means all zero. NULL with a sentence: no segment;
 * an input of a segment that is neither of the first segment nor an output of one before
 * it ("segment 2 can not get its input tensor NAME"), or of another size there; an
 * output, but of the last segment, that no later segment uses; no memory or no thread.
 */
struct atoll_pipeline *atoll_pipeline_new(struct atoll_session *const *session,
					  uint32_t segments,
					  const struct atoll_pipeline_options *options,
					  struct atoll_error *err);

/* Ends it if nobody has; what was not popped is lost. Waits for runs that are under way.
   No other thread may be in a call. NULL is allowed. */
void atoll_pipeline_free(struct atoll_pipeline *pipeline);

/* The tensors of a push and of a pop: inputs of the first segment, outputs of the last,
   as atoll_session_input and atoll_session_output describe them. */
uint32_t atoll_pipeline_inputs(const struct atoll_pipeline *pipeline);
uint32_t atoll_pipeline_outputs(const struct atoll_pipeline *pipeline);

/*
 * `input` [inputs] points to the bytes of each tensor, which are copied. Waits up to
 * timeout_ms (negative: no limit) while the queue is full: -ETIMEDOUT. -EPIPE "pipeline
 * was turned off before" after the end. After a segment has failed it is that error,
 * "segment 1: ...", for all who push.
 */
int atoll_pipeline_push(struct atoll_pipeline *pipeline, const void *const *input,
			int timeout_ms, struct atoll_error *err);

/*
 * `output` [outputs] receives the bytes of each tensor. 1; 0 when the end was reached
 * and nothing is left; -ETIMEDOUT. What went in before a run that failed still comes
 * out, then it is that error for all who pop.
 */
int atoll_pipeline_pop(struct atoll_pipeline *pipeline, void *const *output, int timeout_ms,
		       struct atoll_error *err);

/* No more will come; what is inside still comes out. */
void atoll_pipeline_end(struct atoll_pipeline *pipeline);

struct atoll_pipeline_stats {
	uint64_t runs;
	uint64_t time_ns;     /* in the segment's session, all runs together */
};

/* Of one segment, up to now; all zero when there is no such segment. */
struct atoll_pipeline_stats atoll_pipeline_stats(struct atoll_pipeline *pipeline,
						 uint32_t segment);

#endif
