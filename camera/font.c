/* SPDX-License-Identifier: Apache-2.0 */
/* Letters as one sees them: eight to a band, nine rows to a letter. */
#include "camera/font.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define BAND 8
#define ROWS 9 /* of a drawn letter; the cell has one more above, for marks */
#define COLUMNS (BAND * FONT_WIDTH)

/* U+0020 to U+007E, and a box. */
static const char ascii[][COLUMNS + 1] = {
	"        #    # #   # #    #   ##  #  ##     #   ",
	"        #    # #   # #   #### ##  # #  #    #   ",
	"        #    # #  ##### # #      #  # #     #   ",
	"        #          # #   ###    #    #          ",
	"        #         #####   # #  #    # # #       ",
	"                   # #  ####  #  ## #  #        ",
	"        #          # #    #   #  ##  ## #       ",
	"                                                ",
	"                                                ",

	"   #   #                                      # ",
	"  #     #     #     #                         # ",
	" #       #  # # #   #                        #  ",
	" #       #   ###  #####       #####         #   ",
	" #       #  # # #   #                      #    ",
	"  #     #     #     #    ##          ##   #     ",
	"   #   #                 ##          ##   #     ",
	"                          #                     ",
	"                         #                      ",

	" ###    #    ###  #####    #  #####   ##  ##### ",
	"#   #  ##   #   #    #    ##  #      #        # ",
	"#  ##   #       #   ##   # #  ####  #        #  ",
	"# # #   #     ##      # #  #      # ####    #   ",
	"##  #   #    #        # #####     # #   #  #    ",
	"#   #   #   #     #   #    #  #   # #   #  #    ",
	" ###   ###  #####  ###     #   ###   ###   #    ",
	"                                                ",
	"                                                ",

	" ###   ###                 #         #     ###  ",
	"#   # #   #  ##    ##     #           #   #   # ",
	"#   # #   #  ##    ##    #    #####    #      # ",
	" ###   ####             #               #    #  ",
	"#   #     #              #    #####    #    #   ",
	"#   #    #   ##    ##     #           #         ",
	" ###   ##    ##    ##      #         #      #   ",
	"                    #                           ",
	"                   #                            ",

	" ###    #   ####   ###  ####  ##### #####  ###  ",
	"#   #  # #  #   # #   # #   # #     #     #   # ",
	"# ### #   # #   # #     #   # #     #     #     ",
	"# # # #   # ####  #     #   # ####  ####  # ### ",
	"# ### ##### #   # #     #   # #     #     #   # ",
	"#     #   # #   # #   # #   # #     #     #   # ",
	" ###  #   # ####   ###  ####  ##### #      #### ",
	"                                                ",
	"                                                ",

	"#   #  ###    ### #   # #     #   # #   #  ###  ",
	"#   #   #      #  #  #  #     ## ## ##  # #   # ",
	"#   #   #      #  # #   #     # # # # # # #   # ",
	"#####   #      #  ##    #     # # # # # # #   # ",
	"#   #   #      #  # #   #     #   # #  ## #   # ",
	"#   #   #   #  #  #  #  #     #   # #   # #   # ",
	"#   #  ###   ##   #   # ##### #   # #   #  ###  ",
	"                                                ",
	"                                                ",

	"####   ###  ####   #### ##### #   # #   # #   # ",
	"#   # #   # #   # #       #   #   # #   # #   # ",
	"#   # #   # #   # #       #   #   # #   # #   # ",
	"####  #   # ####   ###    #   #   # #   # # # # ",
	"#     # # # # #       #   #   #   #  # #  # # # ",
	"#     #  #  #  #      #   #   #   #  # #  ## ## ",
	"#      ## # #   # ####    #    ###    #   #   # ",
	"                                                ",
	"                                                ",

	"#   # #   # #####  ###  #      ###    #         ",
	"#   # #   #     #  #    #        #   # #        ",
	" # #   # #     #   #     #       #  #   #       ",
	"  #     #     #    #      #      #              ",
	" # #    #    #     #       #     #              ",
	"#   #   #   #      #        #    #              ",
	"#   #   #   #####  ###      #  ###              ",
	"                                          ##### ",
	"                                                ",

	" #          #               #         ##        ",
	"  #         #               #        #          ",
	"   #   ###  ####   ###   ####  ###  ####   #### ",
	"          # #   # #     #   # #   #  #    #   # ",
	"       #### #   # #     #   # #####  #    #   # ",
	"      #   # #   # #   # #   # #      #    #   # ",
	"       #### ####   ###   ####  ###   #     #### ",
	"                                              # ",
	"                                           ###  ",

	"#       #      #  #      ##                     ",
	"#                 #       #                     ",
	"# ##   ##     ##  #  #    #   ## #  # ##   ###  ",
	"##  #   #      #  # #     #   # # # ##  # #   # ",
	"#   #   #      #  ##      #   # # # #   # #   # ",
	"#   #   #      #  # #     #   # # # #   # #   # ",
	"#   #  ###     #  #  #   ###  # # # #   #  ###  ",
	"            #  #                                ",
	"             ##                                 ",

	"                         #                      ",
	"                         #                      ",
	"####   #### # ##   #### ####  #   # #   # #   # ",
	"#   # #   # ##  # #      #    #   # #   # #   # ",
	"#   # #   # #      ###   #    #   # #   # # # # ",
	"#   # #   # #         #  #  # #  ##  # #  # # # ",
	"####   #### #     ####    ##   ## #   #    # #  ",
	"#         #                                     ",
	"#         #                                     ",

	"                     ##   #   ##          ##### ",
	"                    #     #     #         #   # ",
	"#   # #   # #####   #     #     #    #    #   # ",
	" # #  #   #    #   #      #      #  # # # #   # ",
	"  #   #   #   #     #     #     #      #  #   # ",
	" # #  #   #  #      #     #     #         #   # ",
	"#   #  #### #####    ##   #   ##          ##### ",
	"          #               #                     ",
	"       ###                                      ",
};

/* What is neither ASCII nor an ASCII letter with a mark. */
static const uint32_t own[] = {
	0xDF, 0xE6, 0xC6, 0xF8, 0xD8, 0xF0, 0xD0, 0xFE, 0xDE, 0xB0,
};

static const char others[][COLUMNS + 1] = {
	" ##          ####        ####  # #   ###  #     ",
	"#  #        # #         #  ##   #    #  # #     ",
	"#  #  ## #  # #    #### # # #  # #   #  # ####  ",
	"# ##    # # # ### #  ## # # #     # ### # #   # ",
	"#   #  #### ###   # # # # # #  ####  #  # #   # ",
	"#   # # #   # #   ##  # ##  # #   #  #  # #   # ",
	"# ##   #### # ### ####  ####   ###   ###  ####  ",
	"#                                         #     ",
	"                                          #     ",

	"#      ##                                       ",
	"####  #  #                                      ",
	"#   # #  #   ##                                 ",
	"#   #  ##     #                                 ",
	"#   #         #                                 ",
	"####          #                                 ",
	"#            ###                                ",
	"                                                ",
	"                                                ",
};

#define BOX 0x7F
#define DOTLESS_I 10 /* in `others`, under marks only */

/* Marks, bit 0 on the left: two rows over small letters, of which capitals,
   which stand higher, have room for the first. */
enum mark { GRAVE, ACUTE, CIRCUMFLEX, TILDE, DIAERESIS, RING, CEDILLA };

static const uint8_t mark_rows[][2] = {
	[GRAVE] = { 0x02, 0x04 },      /*  #   ,   #   */
	[ACUTE] = { 0x08, 0x04 },      /*    # ,   #   */
	[CIRCUMFLEX] = { 0x04, 0x0A }, /*   #  ,  # #  */
	[TILDE] = { 0x16, 0x0D },      /*  ## #, # ##  */
	[DIAERESIS] = { 0x0A, 0x00 },  /*  # # ,       */
	[RING] = { 0x0E, 0x0E },       /*  ### ,  ###  */
	[CEDILLA] = { 0x04, 0x06 },    /* below the letter */
};

static const struct marked {
	uint32_t character;
	char letter;
	uint8_t mark;
} marked[] = {
	{ 0xC0, 'A', GRAVE }, { 0xC1, 'A', ACUTE }, { 0xC2, 'A', CIRCUMFLEX },
	{ 0xC3, 'A', TILDE }, { 0xC4, 'A', DIAERESIS }, { 0xC5, 'A', RING },
	{ 0xC7, 'C', CEDILLA }, { 0xC8, 'E', GRAVE }, { 0xC9, 'E', ACUTE },
	{ 0xCA, 'E', CIRCUMFLEX }, { 0xCB, 'E', DIAERESIS }, { 0xCC, 'I', GRAVE },
	{ 0xCD, 'I', ACUTE }, { 0xCE, 'I', CIRCUMFLEX }, { 0xCF, 'I', DIAERESIS },
	{ 0xD1, 'N', TILDE }, { 0xD2, 'O', GRAVE }, { 0xD3, 'O', ACUTE },
	{ 0xD4, 'O', CIRCUMFLEX }, { 0xD5, 'O', TILDE }, { 0xD6, 'O', DIAERESIS },
	{ 0xD9, 'U', GRAVE }, { 0xDA, 'U', ACUTE }, { 0xDB, 'U', CIRCUMFLEX },
	{ 0xDC, 'U', DIAERESIS }, { 0xDD, 'Y', ACUTE },
	{ 0xE0, 'a', GRAVE }, { 0xE1, 'a', ACUTE }, { 0xE2, 'a', CIRCUMFLEX },
	{ 0xE3, 'a', TILDE }, { 0xE4, 'a', DIAERESIS }, { 0xE5, 'a', RING },
	{ 0xE7, 'c', CEDILLA }, { 0xE8, 'e', GRAVE }, { 0xE9, 'e', ACUTE },
	{ 0xEA, 'e', CIRCUMFLEX }, { 0xEB, 'e', DIAERESIS }, { 0xEC, 'i', GRAVE },
	{ 0xED, 'i', ACUTE }, { 0xEE, 'i', CIRCUMFLEX }, { 0xEF, 'i', DIAERESIS },
	{ 0xF1, 'n', TILDE }, { 0xF2, 'o', GRAVE }, { 0xF3, 'o', ACUTE },
	{ 0xF4, 'o', CIRCUMFLEX }, { 0xF5, 'o', TILDE }, { 0xF6, 'o', DIAERESIS },
	{ 0xF9, 'u', GRAVE }, { 0xFA, 'u', ACUTE }, { 0xFB, 'u', CIRCUMFLEX },
	{ 0xFC, 'u', DIAERESIS }, { 0xFD, 'y', ACUTE }, { 0xFF, 'y', DIAERESIS },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void copy(const char (*sheet)[COLUMNS + 1], size_t number, uint8_t row[FONT_HEIGHT])
{
	const char (*band)[COLUMNS + 1] = sheet + number / BAND * ROWS;

	row[0] = 0;
	for (size_t y = 0; y < ROWS; y++) {
		const char *pixels = &band[y][number % BAND * FONT_WIDTH];

		row[y + 1] = 0;
		for (size_t x = 0; x < FONT_WIDTH; x++)
			row[y + 1] |= (uint8_t)((pixels[x] == '#') << x);
	}
}

static void mark(const struct marked *which, uint8_t row[FONT_HEIGHT])
{
	const uint8_t *rows = mark_rows[which->mark];
	bool is_small = which->letter >= 'a';

	if (which->letter == 'i')
		copy(others, DOTLESS_I, row);
	else
		copy(ascii, (size_t)(which->letter - ' '), row);
	if (which->mark == CEDILLA) {
		row[8] |= rows[0];
		row[9] |= rows[1];
		return;
	}
	row[0] |= rows[0];
	if (is_small)
		row[1] |= rows[1];
}

void font_letter(uint32_t character, uint8_t row[FONT_HEIGHT])
{
	for (size_t i = 0; i < COUNT(own); i++) {
		if (own[i] == character) {
			copy(others, i, row);
			return;
		}
	}
	for (size_t i = 0; i < COUNT(marked); i++) {
		if (marked[i].character == character) {
			mark(&marked[i], row);
			return;
		}
	}
	if (character < ' ' || character > BOX)
		character = BOX;
	copy(ascii, character - ' ', row);
}
