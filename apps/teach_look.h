/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TEACH_LOOK_H
#define ATOLL_APPS_TEACH_LOOK_H

#include <stdint.h>

#include "apps/teach_project.h"
#include "board/error.h"
#include "camera/convert.h"
#include "camera/frame.h"
#include "runtime/session.h"

/*
 * From frames to embeddings, by a project's extractor.
 *
 *	struct teach_look *look = teach_look_open(project, &options, ATOLL_FIT_STRETCH, &err);
 *	float x[TEACH_VARIANTS * size];
 *
 *	r = teach_look_at(look, &frame, TEACH_VARIANTS, x, &err);
 *	teach_look_close(look);
 *
 * With extractor_edgetpu.tflite in the folder, as atoll-compile makes it, that is run,
 * and extractor.tflite is its twin.
 */
struct teach_look;

/* NULL with a sentence: the model does not open, takes no pictures, or is not the one
   that the project's examples are of. */
struct teach_look *teach_look_open(const struct teach_project *project,
				   const struct atoll_session_options *options,
				   enum atoll_fit fit, struct atoll_error *err);
void teach_look_close(struct teach_look *look); /* NULL is allowed */

/* [variants][size], the first `variants` of teach_variants.h. 0 or a negative errno. */
int teach_look_at(struct teach_look *look, const struct atoll_frame *frame,
		  uint32_t variants, float *x, struct atoll_error *err);

#endif
