/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_DESCRIPTION_H
#define ATOLL_BOARD_DESCRIPTION_H

#include "board/config.h"
#include "board/error.h"

/*
 * What is known about this board, as data: boards/NAME.conf, found by the
 * device tree, so that no board is named in C.
 *
 *	struct atoll_board *board = atoll_board_detect(NULL, &err);
 *
 *	puts(atoll_board_name(board));
 *	match = atoll_board_get(board, "camera.0.match");
 *	atoll_board_free(board);
 *
 * A description is a configuration file (board/config.h) with at least
 *
 *	[board]
 *	id = coral-dev-board-mini       the file's name without .conf
 *	name = Coral Dev Board Mini
 *	compatible = maker,board        an entry of the device tree's compatible
 *	model = Some Board              a part of its model
 *
 * Either of the last two may be missing. A value that is absent is not known;
 * keys nobody reads are allowed. What can be said of pins is in board/header.h,
 * and all of it in atoll-board(5).
 *
 * Descriptions are looked for in /etc/atoll/boards, then in the package's data
 * directory; of two with the same name the first counts, and no folder has to be
 * there. The board is the one whose `compatible` comes first in the device tree's,
 * which begins with the board itself and ends with the family of its chip; else
 * the first whose `model` fits; else "generic", which needs no file and knows
 * nothing. The environment variable ATOLL_BOARD names one instead, by its id or by an
 * end of it that no other has ("dev-board-mini"), or a file when there is a slash in it.
 */
struct atoll_board;

/* Where to look, for tests; NULL stands for the real places. */
struct atoll_board_places {
	const char *const *folders; /* ends with NULL; one that is absent is empty */
	const char *device_tree;    /* "/proc/device-tree" */
};

/* NULL with FILE:LINE and why when a description there is wrong, -ENOENT when
   ATOLL_BOARD names none, -ENOMEM. */
struct atoll_board *atoll_board_detect(const struct atoll_board_places *places,
				       struct atoll_error *err);
struct atoll_board *atoll_board_load(const char *path, struct atoll_error *err);

/* NULL is allowed. */
void atoll_board_free(struct atoll_board *board);

/* "coral-dev-board-mini", and how people call it. Live as long as the board. */
const char *atoll_board_id(const struct atoll_board *board);
const char *atoll_board_name(const struct atoll_board *board);

/* The value of "section.key", or NULL: not known. Lives as long as the board. */
const char *atoll_board_get(const struct atoll_board *board, const char *key);

/* Everything that is said, in the order of the file, with FILE:LINE; NULL past the
   end. Lives as long as the board. */
const struct atoll_config_entry *atoll_board_entry(const struct atoll_board *board,
						   size_t i);

#endif
