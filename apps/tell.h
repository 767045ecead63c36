/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TELL_H
#define ATOLL_APPS_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/live.h"

/*
 * What models saw, as lines on stdout.
 *
 *	struct tell tell;
 *
 *	tell_begin(&tell, TELL_LINES);       for each source
 *	tell_look(&tell, &look);             for each frame
 *
 * Pictures get one line for each thing; of a camera or a video there is a line
 * when the best thing is another than before, written out at once.
 */
enum tell_form {
	TELL_LINES, /* tabs between for pictures, columns for streams */
	TELL_BARS,  /* the picture, and a bar for each score */
	TELL_JSON,  /* one object for each frame and model */
};

struct tell {
	enum tell_form form;
	bool has_best[LIVE_MODELS_MAX]; /* of the frame before */
	int64_t best[LIVE_MODELS_MAX];  /* its index, -1: nothing was seen */
};

void tell_begin(struct tell *tell, enum tell_form form);
void tell_look(struct tell *tell, const struct live_look *look);

#endif
