/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_TRACKER_H
#define ATOLL_APPS_VISIOND_TRACKER_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/vision.h"

/*
 * From what a model says, result by result, to what is there: things that appear,
 * change and disappear, without flicker.
 *
 *	struct visiond_tracker *tracker = visiond_tracker_new(&habits, tell, eye);
 *
 *	visiond_tracker_feed(tracker, vision_result(vision), now_ms);
 *	visiond_tracker_free(tracker);
 *
 *	score
 *	  |        ____          ____
 *	  |-------/----\-/\-----/----\-----------   appear
 *	  |   /\ /      v  \___/      \
 *	  |--/--v----------------------\---------   disappear
 *	  | /                           \_____
 *	  +---------- appears --------------- disappears
 *
 * A thing appears once it scored at least `appear` in `appear_results` results in
 * a row which lie at least `appear_ms` apart, first to last. It disappears after
 * `disappear_results` results in a row, likewise `disappear_ms` apart, in which it
 * scored less than `disappear` or was not seen. In between it stays as it is.
 *
 * For classes and masks a thing is its label. Things with boxes (poses too) are
 * told apart: one in this result is the one of the last result with the same label
 * whose box it covers best, if it covers it at all well.
 *
 * Nothing is allocated after new.
 */
struct visiond_habits {
	float appear, disappear; /* scores; disappear <= appear */
	uint32_t appear_results, disappear_results; /* at least 1 */
	int64_t appear_ms, disappear_ms;
	float change_score;      /* told again when the score moved this far .. */
	float change_overlap;    /* .. or the box covers less than this of the one
				    told last (area of both / area of either) .. */
	int64_t change_ms;       /* .. but at most once in this time */
	const char *ignored;     /* labels that are no things, with commas between;
				    must outlive the tracker. NULL: none */
};

#define VISIOND_LABEL_BYTES 96
#define VISIOND_THINGS_MAX 64

struct visiond_thing {
	uint32_t id;             /* from 1; never used again by this tracker */
	uint32_t index;          /* class */
	char label[VISIOND_LABEL_BYTES]; /* a longer one is cut off */
	float score;             /* of the last result it was seen in */
	bool has_box;
	float top, left, bottom, right; /* 0..1 of the frame */
	int64_t since_ms;        /* when it was first seen */
};

enum visiond_turn {
	VISIOND_APPEAR,
	VISIOND_CHANGE,
	VISIOND_DISAPPEAR,
};

/* `thing` lives for the call. */
typedef void visiond_tell(void *data, enum visiond_turn turn,
			  const struct visiond_thing *thing);

struct visiond_tracker;

/* NULL: no memory. `habits` are copied. */
struct visiond_tracker *visiond_tracker_new(const struct visiond_habits *habits,
					    visiond_tell *tell, void *data);
void visiond_tracker_free(struct visiond_tracker *tracker); /* NULL is allowed */

/* One more result; `now_ms` never goes back. Things beyond VISIOND_THINGS_MAX at a
   time are not followed. */
void visiond_tracker_feed(struct visiond_tracker *tracker,
			  const struct vision_result *result, int64_t now_ms);

/* Nobody can see any more: everything disappears. */
void visiond_tracker_clear(struct visiond_tracker *tracker);

/* What is there now, oldest first; NULL past the end. Lives until the next feed or
   clear. */
const struct visiond_thing *visiond_tracker_at(const struct visiond_tracker *tracker,
					       uint32_t i);

#endif
