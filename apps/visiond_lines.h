/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_LINES_H
#define ATOLL_APPS_VISIOND_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/lines.h"
#include "apps/visiond_eye.h"
#include "apps/visiond_web.h"

/*
 * What the daemon says to programs: one JSON object per line.
 *
 *	struct visiond_lines *lines = visiond_lines_new();
 *	struct line line = visiond_lines_turn(lines, look, turn, thing);
 *
 *	atoll_events_send(events, line.bytes, line.length);
 *	visiond_lines_free(lines);
 *
 * The keys are those of atoll-visiond(8). Each line lives until the next one is
 * made. Memory grows with the longest line and is then kept.
 */
struct visiond_lines;

struct visiond_lines *visiond_lines_new(void);
void visiond_lines_free(struct visiond_lines *lines); /* NULL is allowed */

/* Something turned: "appear", "change" or "disappear". Remembered for the page. */
struct line visiond_lines_turn(struct visiond_lines *lines,
			       const struct visiond_look *look,
			       enum visiond_turn turn,
			       const struct visiond_thing *thing);

/* "camera": lost, or back. Remembered for the page. */
struct line visiond_lines_camera(struct visiond_lines *lines, bool is_there,
				 const struct visiond_eye *eye);

/* "state": what there is, for those who begin to listen. */
struct line visiond_lines_state(struct visiond_lines *lines,
				const struct visiond_eye *eye);

/* What the page shows: all of it. */
struct visiond_numbers {
	uint32_t clients;         /* of the events socket */
	uint64_t dropped;
	struct visiond_web_counts web;
	uint32_t viewers_max;
	int64_t up_ms, resident_bytes;
};

struct line visiond_lines_page(struct visiond_lines *lines,
			       const struct visiond_eye *eye,
			       const struct visiond_numbers *numbers);

#endif
