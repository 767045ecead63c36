/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_DRAW_H
#define ATOLL_CAMERA_DRAW_H

#include <stdint.h>

#include "camera/picture.h"

/*
 * Marks on a picture: boxes, lines, words, tinted areas.
 *
 *	struct atoll_ink ink = atoll_ink_for(3);
 *
 *	atoll_draw_box(picture, 10, 20, 110, 90, 2, ink);
 *	atoll_draw_text(picture, 12, 22, "cat 97 %", 2, ink);
 *
 * Coordinates are pixels from the top left corner; whatever lies outside the
 * picture is left out, however far. Nothing here fails.
 */
struct atoll_ink {
	uint8_t red, green, blue;
};

/* A colour for each number, well apart from its neighbours'. */
struct atoll_ink atoll_ink_for(uint32_t number);

/* The outline `thickness` pixels wide, inside left..right and top..bottom. */
void atoll_draw_box(struct atoll_picture *picture, int32_t left, int32_t top,
		    int32_t right, int32_t bottom, uint32_t thickness,
		    struct atoll_ink ink);

/* From one point to the other. */
void atoll_draw_line(struct atoll_picture *picture, int32_t x0, int32_t y0, int32_t x1,
		     int32_t y1, uint32_t thickness, struct atoll_ink ink);

/* A filled circle. */
void atoll_draw_disc(struct atoll_picture *picture, int32_t x, int32_t y,
		     uint32_t radius, struct atoll_ink ink);

/* Mix `ink` into every pixel of [height][width] `mask`, stretched over the
   picture, that equals `value`; `opacity` 0 to 255. */
void atoll_draw_mask(struct atoll_picture *picture, const uint8_t *mask,
		     uint32_t mask_width, uint32_t mask_height, uint8_t value,
		     uint8_t opacity, struct atoll_ink ink);

/* Size of a character cell at scale 1. */
#define ATOLL_DRAW_CELL_WIDTH 6
#define ATOLL_DRAW_CELL_HEIGHT 10

/* UTF-8 `text` in one line, on a plate of `ink`, itself black or white, whichever
   is easier to read on it; letters of Latin-1, others as a box. Returns the width
   in pixels. */
uint32_t atoll_draw_text(struct atoll_picture *picture, int32_t left, int32_t top,
			 const char *text, uint32_t scale, struct atoll_ink ink);

#endif
