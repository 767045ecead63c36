/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/virtual.h"

#include <stdio.h>

struct atoll_header *virtual_header;
static struct atoll_board *board;

int virtual_open(void **state)
{
	struct atoll_error err;

	(void)state;
	board = atoll_board_load("board/boards/virtual.conf", &err);
	if (board)
		virtual_header = atoll_header_open(board, &err);
	if (!virtual_header)
		(void)fprintf(stderr, "%s\n", err.text);
	return virtual_header ? 0 : -1;
}

int virtual_close(void **state)
{
	(void)state;
	atoll_header_close(virtual_header);
	atoll_board_free(board);
	return 0;
}
