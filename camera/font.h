/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_FONT_H
#define ATOLL_CAMERA_FONT_H

#include <stdint.h>

/*
 * The letters that are drawn upon pictures: five pixels wide, capitals seven
 * high, in a cell of 6 x 10 with the gap to the next letter on the right.
 *
 *	uint8_t row[FONT_HEIGHT];
 *
 *	font_letter('g', row);
 *	if (row[3] & 1 << 2)
 *		ink the pixel in column 2 of row 3
 *
 * ASCII and the letters of Latin-1; for all else a box.
 */
#define FONT_WIDTH 6
#define FONT_HEIGHT 10

void font_letter(uint32_t character, uint8_t row[FONT_HEIGHT]);

#endif
