/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_CUT_H
#define ATOLL_APPS_COMPILE_CUT_H

#include "apps/compile.h"
#include "board/error.h"

/*
 * A model cut into segments, each also as a file: STEM_segment_0_of_2.tflite, ...
 *
 *	struct cut *cut = cut_new(model, "cards.tflite", 2, "out", &err);
 *
 *	compile(cut->segment[0].model);
 *	cut_free(cut);
 */
struct cut {
	uint32_t segments;
	struct cut_segment {
		struct atoll_model *model;
		char *path;
	} *segment; /* [segments] */
};

/* NULL with a sentence. The files stay. */
struct cut *cut_new(const struct atoll_model *model, const char *path, uint32_t segments,
		    const char *folder, struct atoll_error *err);
void cut_free(struct cut *cut); /* NULL is allowed */

#endif
