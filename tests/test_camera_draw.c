/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera/font.h"
#include "tests/check.h"

#define WIDTH 40
#define HEIGHT 24

static const struct atoll_ink red = { 255, 0, 0 }, yellow = { 255, 255, 0 };

/* Exactly as large as it must be, so that a sanitizer sees what goes past. */
static struct atoll_picture blank(void)
{
	return (struct atoll_picture){
		.rgb = calloc(WIDTH * HEIGHT, 3), .width = WIDTH, .height = HEIGHT,
	};
}

static int is_inked(const struct atoll_picture *picture, int x, int y, struct atoll_ink ink)
{
	return memcmp(picture->rgb + (y * WIDTH + x) * 3, &ink, 3) == 0;
}

static int count(const struct atoll_picture *picture, struct atoll_ink ink)
{
	int found = 0;

	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			found += is_inked(picture, x, y, ink);
	return found;
}

static void a_box_is_an_outline_inside_its_corners(void **state)
{
	struct atoll_picture picture = blank();

	(void)state;
	atoll_draw_box(&picture, 5, 4, 15, 12, 2, red);
	assert_int_equal(count(&picture, red), 10 * 8 - 6 * 4);
	assert_true(is_inked(&picture, 5, 4, red));
	assert_true(is_inked(&picture, 14, 11, red));
	assert_true(is_inked(&picture, 6, 5, red));
	assert_false(is_inked(&picture, 7, 6, red));
	assert_false(is_inked(&picture, 15, 11, red));
	free(picture.rgb);
}

static void a_thick_box_is_a_filled_one_and_one_inside_out_is_none(void **state)
{
	struct atoll_picture picture = blank();

	(void)state;
	atoll_draw_box(&picture, 8, 8, 4, 12, 1, red);
	atoll_draw_box(&picture, 8, 8, 8, 12, 1, red);
	assert_int_equal(count(&picture, red), 0);
	atoll_draw_box(&picture, 0, 0, 6, 5, 3, red);
	assert_int_equal(count(&picture, red), 30);
	free(picture.rgb);
}

static void what_lies_outside_the_picture_is_left_out(void **state)
{
	struct atoll_picture picture = blank();

	(void)state;
	atoll_draw_box(&picture, INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX, 5, red);
	atoll_draw_disc(&picture, INT32_MIN, INT32_MAX, 9, red);
	atoll_draw_text(&picture, INT32_MAX, INT32_MIN, "far", 3, red);
	atoll_draw_line(&picture, INT32_MIN, -9, INT32_MAX, -9, 1, red);
	assert_int_equal(count(&picture, red), 0);
	atoll_draw_line(&picture, INT32_MIN, 7, INT32_MAX, 7, 1, red);
	assert_int_equal(count(&picture, red), WIDTH);
	atoll_draw_disc(&picture, 3, 3, UINT32_MAX, red);
	assert_int_equal(count(&picture, red), WIDTH * HEIGHT);
	free(picture.rgb);
}

static void a_line_has_its_thickness_and_no_gaps(void **state)
{
	struct atoll_picture picture = blank();

	(void)state;
	atoll_draw_line(&picture, 2, 10, 31, 10, 3, red);
	for (int x = 2; x <= 31; x++)
		for (int y = 9; y <= 11; y++)
			assert_true(is_inked(&picture, x, y, red));
	assert_int_equal(count(&picture, red), 32 * 3);
	memset(picture.rgb, 0, WIDTH * HEIGHT * 3);
	atoll_draw_line(&picture, 0, 0, 20, 10, 1, red);
	assert_int_equal(count(&picture, red), 21);
	assert_true(is_inked(&picture, 0, 0, red));
	assert_true(is_inked(&picture, 20, 10, red));
	free(picture.rgb);
}

static void a_disc_is_round(void **state)
{
	struct atoll_picture picture = blank();

	(void)state;
	atoll_draw_disc(&picture, 10, 10, 3, red);
	assert_int_equal(count(&picture, red), 29); /* lattice points within 3 */
	assert_true(is_inked(&picture, 13, 10, red));
	assert_false(is_inked(&picture, 13, 11, red));
	atoll_draw_disc(&picture, 30, 10, 0, yellow);
	assert_int_equal(count(&picture, yellow), 1);
	free(picture.rgb);
}

static void a_mask_tints_only_its_own_class(void **state)
{
	static const uint8_t mask[2][2] = { { 0, 7 }, { 7, 0 } };
	struct atoll_picture picture = blank();

	(void)state;
	atoll_draw_mask(&picture, mask[0], 2, 2, 7, 128, red);
	assert_int_equal(picture.rgb[0], 0);
	assert_int_equal(picture.rgb[WIDTH / 2 * 3], 128);
	assert_int_equal(picture.rgb[(HEIGHT - 1) * WIDTH * 3], 128);
	assert_int_equal(picture.rgb[(WIDTH * HEIGHT - 1) * 3], 0);
	atoll_draw_mask(&picture, mask[0], 2, 2, 0, 255, red);
	assert_int_equal(count(&picture, red), WIDTH * HEIGHT / 2);
	free(picture.rgb);
}

static void letters_look_as_they_should(void **state)
{
	static const struct {
		uint32_t character;
		const char *row[FONT_HEIGHT];
	} letters[] = {
		{ 'g', { "     ", "     ", "     ", " ####", "#   #", "#   #", "#   #",
			 " ####", "    #", " ### " } },
		{ 0xC4, { " # # ", "  #  ", " # # ", "#   #", "#   #", "#####", "#   #",
			  "#   #", "     ", "     " } },
		{ 0xE7, { "     ", "     ", "     ", " ### ", "#    ", "#    ", "#   #",
			  " ### ", "  #  ", " ##  " } },
		{ 0xED, { "   # ", "  #  ", "     ", " ##  ", "  #  ", "  #  ", "  #  ",
			  " ### ", "     ", "     " } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		uint8_t row[FONT_HEIGHT];

		font_letter(letters[i].character, row);
		for (int y = 0; y < FONT_HEIGHT; y++) {
			char seen[] = "     ";

			for (int x = 0; x < 5; x++)
				if (row[y] & 1 << x)
					seen[x] = '#';
			assert_string_equal(seen, letters[i].row[y]);
		}
	}
}

static void letters_differ_from_one_another_and_keep_their_gap(void **state)
{
	uint8_t row[256][FONT_HEIGHT];

	(void)state;
	for (uint32_t c = '!'; c < 256; c++) {
		font_letter(c, row[c]);
		for (int y = 0; y < FONT_HEIGHT; y++)
			assert_int_equal(row[c][y] & 1 << (FONT_WIDTH - 1), 0);
	}
	for (int a = '!'; a < 127; a++)
		for (int b = a + 1; b < 128; b++)
			assert_int_not_equal(memcmp(row[a], row[b], FONT_HEIGHT), 0);
}

static void text_stands_on_a_plate_in_the_ink_that_can_be_read(void **state)
{
	struct atoll_picture picture = blank();
	const struct atoll_ink white = { 255, 255, 255 };

	(void)state;
	assert_int_equal(atoll_draw_text(&picture, 1, 2, "I", 2, red), 14);
	assert_int_equal(count(&picture, white), (3 + 5 + 3) * 4);
	assert_int_equal(count(&picture, red), 14 * 20 - (3 + 5 + 3) * 4);
	memset(picture.rgb, 1, WIDTH * HEIGHT * 3);
	assert_int_equal(atoll_draw_text(&picture, 0, 0, "I", 1, yellow), 7);
	assert_int_equal(count(&picture, (struct atoll_ink){ 0, 0, 0 }), 11);
	assert_int_equal(atoll_draw_text(&picture, 0, 0, "", 1, yellow), 0);
	free(picture.rgb);
}

static void a_letter_of_several_bytes_takes_one_cell(void **state)
{
	struct atoll_picture picture = blank();

	(void)state;
	assert_int_equal(atoll_draw_text(&picture, 0, 0, "K\xC3\xA4se", 1, red), 25);
	assert_int_equal(atoll_draw_text(&picture, 0, 0, "\xF0\x9F\x98\x80", 1, red), 7);
	/* A byte that begins nothing is a letter too; so is what ends too soon. */
	assert_int_equal(atoll_draw_text(&picture, 0, 0, "\xFF", 1, red), 7);
	assert_int_equal(atoll_draw_text(&picture, 0, 0, "\xE2\x82", 1, red), 13);
	free(picture.rgb);
}

static void neighbours_have_colours_that_differ(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 90; i++) {
		for (uint32_t j = i + 1; j < i + 5; j++) {
			struct atoll_ink a = atoll_ink_for(i), b = atoll_ink_for(j);
			int far = abs(a.red - b.red) + abs(a.green - b.green) +
				  abs(a.blue - b.blue);

			assert_true(far > 120);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_box_is_an_outline_inside_its_corners),
		cmocka_unit_test(a_thick_box_is_a_filled_one_and_one_inside_out_is_none),
		cmocka_unit_test(what_lies_outside_the_picture_is_left_out),
		cmocka_unit_test(a_line_has_its_thickness_and_no_gaps),
		cmocka_unit_test(a_disc_is_round),
		cmocka_unit_test(a_mask_tints_only_its_own_class),
		cmocka_unit_test(letters_look_as_they_should),
		cmocka_unit_test(letters_differ_from_one_another_and_keep_their_gap),
		cmocka_unit_test(text_stands_on_a_plate_in_the_ink_that_can_be_read),
		cmocka_unit_test(a_letter_of_several_bytes_takes_one_cell),
		cmocka_unit_test(neighbours_have_colours_that_differ),
	};

	return CHECK_RUN(tests);
}
