/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TEACH_VIEW_H
#define ATOLL_APPS_TEACH_VIEW_H

#include <stdint.h>

#include "apps/teach_project.h"
#include "camera/frame.h"

/*
 * A steady block of lines on the terminal behind stdout while examples are taken: the
 * picture, and how many there are of each class.
 *
 *	struct teach_view *view = teach_view_open();
 *
 *	teach_view_show(view, project, &frame, "key: 2 of 5, the next in 0.7 s");
 *	teach_view_hide(view);                   before words on stderr
 *	teach_view_close(view);
 *
 *	key: 2 of 5, the next in 0.7 s
 *	bell                ############################## 5
 *	key                 ############                   2
 *
 * Every function takes NULL for a view, which is what open gives when stdout is no
 * terminal.
 */
struct teach_view;

struct teach_view *teach_view_open(void);
void teach_view_close(struct teach_view *view);
void teach_view_show(struct teach_view *view, const struct teach_project *project,
		     const struct atoll_frame *frame, const char *sentence);
void teach_view_hide(struct teach_view *view);

#endif
