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
#define ATOLL_BOX_INDEX_MAX 65535

struct atoll_box {
	float top, left, bottom, right; /* 0..1 of the input's height and width; may
					   lie a little outside */
	uint32_t index;                 /* class, counted as the labels are */
	float score;
};

/* Which output is which; all float32. */
struct atoll_boxes {
	const struct atoll_tensor *place; /* [1][most][4] top, left, bottom, right */
	const struct atoll_tensor *index; /* [1][most] */
	const struct atoll_tensor *score; /* [1][most] */
	const struct atoll_tensor *count; /* [1] how many of them are meant */
};

/* What the operator writes, whatever order the file lists it in. 0, or -ENOTSUP
   with what the outputs look like instead. Lives as long as the session. */
int atoll_boxes_find(const struct atoll_session *session, struct atoll_boxes *boxes,
		     struct atoll_error *err);

/*
 * Up to `room` boxes of at least `threshold`, best first, equal ones in the
 * operator's order. How many. Never among them: what is not a number, boxes turned
 * inside out or without an area, and indices above ATOLL_BOX_INDEX_MAX.
 */
uint32_t atoll_boxes_read(const struct atoll_boxes *boxes, float threshold,
			  struct atoll_box *box, uint32_t room);

#endif
