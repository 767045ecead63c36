/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LIVE_SAVE_H
#define ATOLL_APPS_LIVE_SAVE_H

#include "apps/live.h"
#include "board/error.h"

/*
 * A frame with everything the models found drawn onto it, as a file.
 *
 *	if (live_save_output(&look, "marked/", &err) < 0)
 *		options_say("%s", err.text);
 *
 * Takes memory for the picture and gives it back: for now and then.
 */
#define LIVE_PATH_MAX 4096

/* To the file `output`, or into the folder `output` under the picture's name with
   the ending .png. 0 or a negative errno. -ENOTSUP for a frame of a stream. */
int live_save_output(const struct live_look *look, const char *output,
		     struct atoll_error *err);

/* Into `folder` (NULL: "."), named after now and the label, as in
   20261121-143205.250-key.png. `path` is written on 0. */
int live_save_snapshot(const struct live_look *look, const char *folder,
		       const char *label, char path[LIVE_PATH_MAX],
		       struct atoll_error *err);

#endif
