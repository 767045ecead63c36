/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_BOXES_H
#define ATOLL_RUNTIME_DECODE_BOXES_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/session.h"

/*
 * Objects found by a detector: the outputs of TFLite_Detection_PostProcess.
 *
 *	struct atoll_boxes boxes;
 *	struct atoll_box box[20];
 *
 *	if (atoll_boxes_find(session, &boxes, &err) < 0)     once
 *		return fprintf(stderr, "%s\n", err.text), 1;
 *	found = atoll_boxes_read(&boxes, 0.5f, box, 20);      after each run
 */
struct atoll_box {
	float top, left, bottom, right; /* 0..1 of the input's height and width; may
					   lie a little outside */
	uint32_t index;                 /* class, counted as the labels are */
	float score;
};

/* Which output is which. */
struct atoll_boxes {
	const struct atoll_tensor *place, *index, *score, *count;
};

/* By shape and by content's rules, whatever order the file lists them in. 0, or
   -ENOTSUP with what the outputs look like instead. Lives as long as the session. */
int atoll_boxes_find(const struct atoll_session *session, struct atoll_boxes *boxes,
		     struct atoll_error *err);

/* Up to `room` boxes of at least `threshold`, best first. How many. NaN and boxes
   turned inside out are never among them. */
uint32_t atoll_boxes_read(const struct atoll_boxes *boxes, float threshold,
			  struct atoll_box *box, uint32_t room);

#endif
