/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_DESCRIPTION_H
#define ATOLL_BOARD_DESCRIPTION_H

#include "board/config.h"
#include "board/error.h"

/*
 * What is known about this board, as data: boards/(*).conf, found by the
 * device tree, so that no board is named in C.
 *
 *	struct atoll_board *board = atoll_board_detect(NULL, &err);
 *
 *	puts(atoll_board_name(board));
 *	match = atoll_board_get(board, "camera.0.match");
 *	atoll_board_free(board);
 *
 * Files are looked for in /etc/atoll/boards and then in the package's data
 * directory; the first of a name counts. ATOLL_BOARD names one directly, by its
 * name or as a path. A value that is absent is not known.
 */
struct atoll_board;

/* Where to look, for tests; NULL members and NULL stand for the real places. */
struct atoll_board_places {
	const char *const *folders; /* ends with NULL */
	const char *device_tree;    /* "/proc/device-tree" */
};

/* The description that matches, else "generic". NULL with FILE:LINE and why when
   a file is wrong, or none is there. */
struct atoll_board *atoll_board_detect(const struct atoll_board_places *places,
				       struct atoll_error *err);
struct atoll_board *atoll_board_load(const char *path, struct atoll_error *err);
void atoll_board_free(struct atoll_board *board);

/* "coral-dev-board-mini", and how people call it. Live as long as the board. */
const char *atoll_board_id(const struct atoll_board *board);
const char *atoll_board_name(const struct atoll_board *board);

/* NULL: not known. */
const char *atoll_board_get(const struct atoll_board *board, const char *key);

#endif
