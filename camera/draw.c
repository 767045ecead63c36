/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/draw.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "board/error.h"
#include "camera/font.h"

_Static_assert(FONT_WIDTH == ATOLL_DRAW_CELL_WIDTH, "the header says how wide");
_Static_assert(FONT_HEIGHT == ATOLL_DRAW_CELL_HEIGHT, "and how high");

static const struct atoll_ink black = { 0, 0, 0 }, white = { 255, 255, 255 };

static uint8_t channel(double hue, double away)
{
	double distance = fabs(fmod(hue + away, 6) - 3);

	return (uint8_t)(56 + 199 * fmin(1, fmax(0, distance - 1)));
}

/* Hues a golden angle apart never come near one another soon. */
ATOLL_API struct atoll_ink atoll_ink_for(uint32_t number)
{
	double hue = fmod(number * 137.50776405 + 200, 360) / 60;

	return (struct atoll_ink){ channel(hue, 0), channel(hue, 4), channel(hue, 2) };
}

static void put(struct atoll_picture *picture, uint32_t x, uint32_t y, struct atoll_ink ink)
{
	uint8_t *rgb = picture->rgb + ((size_t)y * picture->width + x) * 3;

	rgb[0] = ink.red;
	rgb[1] = ink.green;
	rgb[2] = ink.blue;
}

static uint32_t within(int64_t value, uint32_t limit)
{
	return value < 0 ? 0 : value > limit ? limit : (uint32_t)value;
}

/* Pixels from left and top up to, not with, right and bottom. */
static void fill(struct atoll_picture *picture, int64_t left, int64_t top, int64_t right,
		 int64_t bottom, struct atoll_ink ink)
{
	uint32_t x0 = within(left, picture->width), x1 = within(right, picture->width);
	uint32_t y0 = within(top, picture->height), y1 = within(bottom, picture->height);

	for (uint32_t y = y0; y < y1; y++)
		for (uint32_t x = x0; x < x1; x++)
			put(picture, x, y, ink);
}

ATOLL_API void atoll_draw_box(struct atoll_picture *picture, int32_t left, int32_t top,
			      int32_t right, int32_t bottom, uint32_t thickness,
			      struct atoll_ink ink)
{
	int64_t l = left, t = top, r = right, b = bottom, w = thickness;

	if (r <= l || b <= t)
		return;
	if (2 * w >= r - l || 2 * w >= b - t) {
		fill(picture, l, t, r, b, ink);
		return;
	}
	fill(picture, l, t, r, t + w, ink);
	fill(picture, l, b - w, r, b, ink);
	fill(picture, l, t + w, l + w, b - w, ink);
	fill(picture, r - w, t + w, r, b - w, ink);
}

/* Cut the stretch `from`..`to` of a line to where start + t * step lies within
   low..high (Liang and Barsky, 1984). */
static void cut(double start, double step, double low, double high, double *from, double *to)
{
	double a = (low - start) / step, b = (high - start) / step;

	if (step == 0) {
		if (start < low || start > high)
			*to = -1;
		return;
	}
	*from = fmax(*from, fmin(a, b));
	*to = fmin(*to, fmax(a, b));
}

ATOLL_API void atoll_draw_line(struct atoll_picture *picture, int32_t x0, int32_t y0,
			       int32_t x1, int32_t y1, uint32_t thickness,
			       struct atoll_ink ink)
{
	double dx = (double)x1 - x0, dy = (double)y1 - y0;
	double from = 0, to = 1, steps;

	cut(x0, dx, -(double)thickness, (double)picture->width + thickness, &from, &to);
	cut(y0, dy, -(double)thickness, (double)picture->height + thickness, &from, &to);
	if (from > to)
		return;
	steps = ceil(fmax(fabs(dx), fabs(dy)) * (to - from));
	for (double i = 0; i <= steps; i++) {
		double t = steps > 0 ? from + (to - from) * i / steps : from;
		int64_t x = llround(x0 + t * dx) - thickness / 2;
		int64_t y = llround(y0 + t * dy) - thickness / 2;

		fill(picture, x, y, x + thickness, y + thickness, ink);
	}
}

/* Every pixel whose centre is no farther than `radius`. */
ATOLL_API void atoll_draw_disc(struct atoll_picture *picture, int32_t x, int32_t y,
			       uint32_t radius, struct atoll_ink ink)
{
	uint32_t top = within((int64_t)y - radius, picture->height);
	uint32_t bottom = within((int64_t)y + radius + 1, picture->height);

	for (uint32_t row = top; row < bottom; row++) {
		double high = (double)row - y;
		int64_t reach = (int64_t)sqrt((double)radius * radius - high * high);

		fill(picture, x - reach, row, x + reach + 1, (int64_t)row + 1, ink);
	}
}

static uint8_t mixed(uint8_t under, uint8_t over, uint32_t opacity)
{
	return (uint8_t)((under * (255 - opacity) + over * opacity + 127) / 255);
}

ATOLL_API void atoll_draw_mask(struct atoll_picture *picture, const uint8_t *mask,
			       uint32_t mask_width, uint32_t mask_height, uint8_t value,
			       uint8_t opacity, struct atoll_ink ink)
{
	uint8_t *rgb = picture->rgb;

	for (uint32_t y = 0; y < picture->height; y++) {
		size_t row = (size_t)((uint64_t)y * mask_height / picture->height);

		for (uint32_t x = 0; x < picture->width; x++, rgb += 3) {
			size_t column = (size_t)((uint64_t)x * mask_width / picture->width);

			if (mask[row * mask_width + column] != value)
				continue;
			rgb[0] = mixed(rgb[0], ink.red, opacity);
			rgb[1] = mixed(rgb[1], ink.green, opacity);
			rgb[2] = mixed(rgb[2], ink.blue, opacity);
		}
	}
}

/* The next character of UTF-8, or U+FFFD for a byte that begins none. */
static uint32_t next_character(const char **text)
{
	const uint8_t *byte = (const uint8_t *)*text;
	uint32_t more = byte[0] < 0x80 ? 0 : byte[0] >= 0xF0 ? 3 : byte[0] >= 0xE0 ? 2 : 1;
	uint32_t character = byte[0];

	(*text)++;
	if (more == 0)
		return character;
	if (byte[0] < 0xC2 || byte[0] > 0xF4)
		return 0xFFFD;
	character &= 0x3Fu >> more;
	for (uint32_t i = 1; i <= more; i++) {
		if ((byte[i] & 0xC0) != 0x80)
			return 0xFFFD;
		character = character << 6 | (byte[i] & 0x3F);
	}
	*text += more;
	return character;
}

static void letter(struct atoll_picture *picture, int64_t left, int64_t top,
		   uint32_t character, uint32_t scale, struct atoll_ink ink)
{
	uint8_t row[FONT_HEIGHT];

	font_letter(character, row);
	for (int64_t y = 0; y < FONT_HEIGHT; y++)
		for (int64_t x = 0; x < FONT_WIDTH; x++)
			if (row[y] & 1u << x)
				fill(picture, left + x * scale, top + y * scale,
				     left + (x + 1) * scale, top + (y + 1) * scale, ink);
}

/* How bright ink looks: the luma of BT.601, 0 to 255. */
static bool is_bright(struct atoll_ink ink)
{
	return 299 * ink.red + 587 * ink.green + 114 * ink.blue > 128000;
}

ATOLL_API uint32_t atoll_draw_text(struct atoll_picture *picture, int32_t left, int32_t top,
				   const char *text, uint32_t scale, struct atoll_ink ink)
{
	int64_t start = left, cell = (int64_t)FONT_WIDTH * scale, letters = 0;
	int64_t height = (int64_t)FONT_HEIGHT * scale;

	for (const char *rest = text; *rest; letters++)
		(void)next_character(&rest);
	if (letters == 0 || scale == 0)
		return 0;
	/* The gap right of the last letter has its like left of the first. */
	fill(picture, start, top, start + scale + letters * cell, top + height, ink);
	for (int64_t at = start + scale; *text; at += cell)
		letter(picture, at, top, next_character(&text), scale,
		       is_bright(ink) ? black : white);
	return within(scale + letters * cell, UINT32_MAX);
}
