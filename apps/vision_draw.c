/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/vision.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "camera/draw.h"

#define TINT 112 /* of 255: what lies below stays to be seen */

/* Sizes that suit a picture: letters of at least 10 pixels, 20 at 480 rows, lines
   of 3 pixels there. */
struct brush {
	struct atoll_picture *picture;
	uint32_t scale;     /* of letters */
	uint32_t thickness; /* of lines, pixels */
	int32_t line;       /* height of a line of text, pixels */
};

static struct brush brush_for(struct atoll_picture *picture)
{
	uint32_t side = picture->width < picture->height ? picture->width : picture->height;
	struct brush brush = { .picture = picture, .scale = (side + 140) / 240,
			       .thickness = (side + 80) / 160 };

	brush.scale += brush.scale == 0;
	brush.thickness += brush.thickness == 0;
	brush.line = (int32_t)(ATOLL_DRAW_CELL_HEIGHT * brush.scale);
	return brush;
}

/* 0..1 of a side in pixels; a guess may lie far outside, where nothing is drawn. */
static int32_t pixel(float part, uint32_t side)
{
	return (int32_t)lrintf(fminf(fmaxf(part, -1), 2) * (float)side);
}

/* Bytes of `label` for at most `letters` of its UTF-8 characters. */
static int shortened(const char *label, size_t letters)
{
	int bytes = 0;

	for (; label[bytes]; bytes++)
		if (((unsigned char)label[bytes] & 0xc0) != 0x80 && letters-- == 0)
			break;
	return bytes;
}

static uint32_t text_width(const struct brush *brush, const char *text)
{
	uint32_t letters = 0;

	for (; *text; text++)
		letters += ((unsigned char)*text & 0xc0) != 0x80;
	return letters * ATOLL_DRAW_CELL_WIDTH * brush->scale;
}

/* "cat 97 %", within the picture where it is wide enough; scores that are no
   probabilities as they are. */
static void caption(const struct brush *brush, const struct vision_thing *thing,
		    int32_t left, int32_t top)
{
	const uint32_t cell = ATOLL_DRAW_CELL_WIDTH * brush->scale;
	const size_t fitting = brush->picture->width / cell;
	double score = (double)thing->score;
	char number[24], text[256];
	size_t letters;
	int32_t most;

	if (score >= 0 && score <= 1)
		(void)snprintf(number, sizeof(number), " %.0f %%", 100 * score);
	else
		(void)snprintf(number, sizeof(number), " %.4g", score);
	letters = fitting > strlen(number) ? fitting - strlen(number) : 0;
	(void)snprintf(text, sizeof(text), "%.*s%s",
		       shortened(thing->label, letters < 48 ? letters : 48), thing->label,
		       number);
	most = (int32_t)brush->picture->width - (int32_t)text_width(brush, text);
	left = left < most ? left : most;
	(void)atoll_draw_text(brush->picture, left > 0 ? left : 0, top, text, brush->scale,
			      atoll_ink_for(thing->index));
}

/* The first names, one below the other in the corner. */
static void list(const struct brush *brush, const struct vision_result *result,
		 uint32_t most)
{
	for (uint32_t i = 0; i < result->things && i < most; i++)
		caption(brush, &result->thing[i], 0, (int32_t)i * brush->line);
}

static void outline(const struct brush *brush, const struct vision_thing *thing,
		    struct atoll_ink ink)
{
	const struct atoll_picture *picture = brush->picture;

	atoll_draw_box(brush->picture, pixel(thing->left, picture->width),
		       pixel(thing->top, picture->height),
		       pixel(thing->right, picture->width),
		       pixel(thing->bottom, picture->height), brush->thickness, ink);
}

/* Above the box, or inside it where the picture ends. */
static void name_box(const struct brush *brush, const struct vision_thing *thing)
{
	int32_t top = pixel(thing->top, brush->picture->height);

	caption(brush, thing, pixel(thing->left, brush->picture->width),
		top >= brush->line ? top - brush->line : top);
}

static void skeleton(const struct brush *brush, const struct atoll_pose *pose,
		     struct atoll_ink ink)
{
	int32_t x[ATOLL_POSE_JOINTS], y[ATOLL_POSE_JOINTS];

	for (int k = 0; k < ATOLL_POSE_JOINTS; k++) {
		x[k] = pixel(pose->joint[k].x, brush->picture->width);
		y[k] = pixel(pose->joint[k].y, brush->picture->height);
	}
	for (int b = 0; b < ATOLL_POSE_BONES; b++) {
		uint8_t from = atoll_pose_bone[b][0], to = atoll_pose_bone[b][1];

		if (pose->joint[from].score >= VISION_JOINT_SEEN &&
		    pose->joint[to].score >= VISION_JOINT_SEEN)
			atoll_draw_line(brush->picture, x[from], y[from], x[to], y[to],
					brush->thickness, ink);
	}
	for (int k = 0; k < ATOLL_POSE_JOINTS; k++)
		if (pose->joint[k].score >= VISION_JOINT_SEEN)
			atoll_draw_disc(brush->picture, x[k], y[k], brush->thickness + 1,
					ink);
}

/* The worst first, so that the best lies on top; names above all lines. */
static void draw_boxes(const struct brush *brush, const struct vision_result *result)
{
	for (uint32_t i = result->things; i-- > 0;)
		outline(brush, &result->thing[i], atoll_ink_for(result->thing[i].index));
	for (uint32_t i = result->things; i-- > 0;)
		name_box(brush, &result->thing[i]);
}

/* A colour for each person. */
static void draw_poses(const struct brush *brush, const struct vision_result *result)
{
	for (uint32_t i = result->things; i-- > 0;) {
		struct vision_thing person = result->thing[i];

		person.index = i;
		skeleton(brush, person.pose, atoll_ink_for(i));
		name_box(brush, &person);
	}
}

/* What is behind everything else needs no colour where the labels name it so. */
static void draw_mask(const struct brush *brush, const struct vision_result *result)
{
	for (uint32_t i = 0; i < result->things; i++) {
		const struct vision_thing *thing = &result->thing[i];

		if (strcmp(thing->label, "background") != 0)
			atoll_draw_mask(brush->picture, result->mask, result->mask_width,
					result->mask_height, (uint8_t)thing->index, TINT,
					atoll_ink_for(thing->index));
	}
	list(brush, result, brush->picture->height / 2 / (uint32_t)brush->line);
}

void vision_draw(const struct vision_result *result, struct atoll_picture *picture)
{
	struct brush brush = brush_for(picture);

	switch (result->kind) {
	case VISION_CLASSES: list(&brush, result, 3); break;
	case VISION_BOXES: draw_boxes(&brush, result); break;
	case VISION_POSES: draw_poses(&brush, result); break;
	case VISION_MASK: draw_mask(&brush, result); break;
	}
}
