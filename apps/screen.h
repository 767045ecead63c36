/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SCREEN_H
#define ATOLL_APPS_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/live.h"
#include "camera/source.h"

/*
 * A steady block of lines on the terminal behind stdout: what the models see, how
 * fast, how late.
 *
 *	struct screen *screen = screen_open(3, true);
 *
 *	screen_show(screen, &look, &counts);     for each frame
 *	screen_hide(screen);                     before words on stderr
 *	screen_end(screen, &look, &counts);
 *
 *	HD Webcam  640x480 YUYV                            29.9 a second
 *	   98.8 %  key                  #############################
 *	    0.3 %  bell
 *	    0.1 %  nothing
 *	capture 33.1 ms   convert 0.3 ms   run 0.2 ms
 *	frames 1234   damaged 0   missed 2   skipped 310
 *
 * Drawn in place, ten times a second at most, in one write; never wider or higher
 * than the terminal, so that nothing scrolls or wraps. The cursor is hidden in
 * between. Nothing is allocated in show unless the picture's cells change.
 */
struct screen;

/* NULL when stdout is no terminal, or without memory. `top` things of each model,
   0 as vision.h says; `has_picture` also draws the frame. */
struct screen *screen_open(uint32_t top, bool has_picture);

void screen_show(struct screen *screen, const struct live_look *look,
		 const struct atoll_source_counts *counts);

/* Take the block off; the next show draws it below whatever was written. */
void screen_hide(struct screen *screen);

/*
 * Draw the last look if it was not, leave the block where it is, give the cursor
 * back and free everything. Of the frame only the size is needed any more. All
 * three allow NULL for a screen.
 */
void screen_end(struct screen *screen, const struct live_look *look,
		const struct atoll_source_counts *counts);

#endif
