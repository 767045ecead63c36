/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of the drawing, from the middle outwards the same on both sides:
 *
 *	what is special   name  state !| [ 1] ( 2) |! state  name  what is special
 *	                    SDA1       | ( 3) ( 4) |         5 V
 *	   <atoll-headerd> EINT9 out 1 | (11) (12) |  in   0 MRG_CLK
 */
#include "apps/header_pinout.h"

#include <string.h>
#include <strings.h>

#define STATE_COLUMNS 5  /* "out 1" */
#define NAME_COLUMNS_MAX 12
#define TEXT_BYTES 96

/* The numbers of ECMA-48, "Select Graphic Rendition". */
#define BOLD "1"
#define FAINT "2"
#define YELLOW "33"

static const struct boxes {
	const char *top_left, *top_right, *bottom_left, *bottom_right, *across, *down;
} ascii = { "+", "+", "+", "+", "-", "|" },
  unicode = { "\u250c", "\u2510", "\u2514", "\u2518", "\u2500", "\u2502" };

struct drawing {
	FILE *file;
	const struct atoll_header *header;
	const struct pinout_pin *now;
	const struct pinout_style *style;
	const struct boxes *boxes;
	uint32_t pins, columns;    /* of which two are drawn side by side, else one */
	uint32_t name_columns, words_columns;
	uint32_t digits, inside;   /* of numbers; of columns between the walls */
	uint32_t lines;
};

/* Colours of pins by what they are for, as far as that is widespread: red and yellow
   for power, grey for ground. */
static const char *pin_colour(const struct atoll_pin *pin)
{
	static const struct {
		const char *role, *colour;
	} roles[] = {
		{ "i2c", "97;44" }, { "spi", "97;45" }, { "uart", "30;46" },
		{ "pwm", "30;103" },
	};

	if (pin->kind == ATOLL_PIN_POWER)
		return pin->name[0] == '5' ? "97;41" : "30;43";
	if (pin->kind == ATOLL_PIN_GROUND)
		return "97;100";
	if (pin->kind == ATOLL_PIN_FIXED)
		return "30;47";
	for (size_t i = 0; pin->role && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strncmp(pin->role, roles[i].role, strlen(roles[i].role)) == 0)
			return roles[i].colour;
	return "30;42";
}

static void put_coloured(const struct drawing *drawing, const char *text, const char *colour)
{
	if (drawing->style->has_colour && colour && *text)
		fprintf(drawing->file, "\033[%sm%s\033[0m", colour, text);
	else
		fputs(text, drawing->file);
}

static void put_blanks(const struct drawing *drawing, size_t count)
{
	fprintf(drawing->file, "%*s", (int)count, "");
}

/* `text` in exactly `width` columns, at their right end for what stands left of the
   pins; what is too long ends in "~". */
static void put_cell(const struct drawing *drawing, const char *text, uint32_t width,
		     bool is_left, const char *colour)
{
	char cell[TEXT_BYTES];
	size_t length = strnlen(text, sizeof(cell));
	const size_t fits = length < width ? length : width;

	for (size_t i = 0; i < fits; i++)
		cell[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	cell[fits] = '\0';
	if (fits < length && fits > 0)
		cell[fits - 1] = '~';
	if (is_left)
		put_blanks(drawing, width - fits);
	put_coloured(drawing, cell, colour);
	if (!is_left)
		put_blanks(drawing, width - fits);
}

static void end_line(struct drawing *drawing)
{
	fputs(drawing->style->line_end, drawing->file);
	drawing->lines++;
}

static bool is_plain_gpio(const struct atoll_pin *pin)
{
	return !pin->role || strcasecmp(pin->role, "gpio") == 0;
}

/* What it is after boot, and who has it: "i2c.2.sda <sda>". Power and ground are told
   by their names. */
static void say_words(const struct atoll_pin *pin, const struct pinout_pin *now,
		      char text[TEXT_BYTES])
{
	const bool is_gpio = pin->kind == ATOLL_PIN_GPIO;
	const char *role = pin->role ? pin->role : is_gpio ? "gpio" : "";
	const bool is_owned = now && now->owner[0];

	if (!is_gpio && pin->kind != ATOLL_PIN_FIXED)
		role = "";
	if (is_owned && is_plain_gpio(pin))
		role = ""; /* its owner says more */
	(void)snprintf(text, TEXT_BYTES, "%.40s%s%s%.31s%s", role, is_owned && *role ? " " : "",
		       is_owned ? "<" : "", is_owned ? now->owner : "", is_owned ? ">" : "");
}

static void say_state(const struct pinout_pin *now, char text[TEXT_BYTES])
{
	text[0] = '\0';
	if (now && (now->has_direction || now->has_level))
		(void)snprintf(text, TEXT_BYTES, "%3s %s",
			       !now->has_direction ? "" : now->is_output ? "out" : "in",
			       !now->has_level ? " " : now->is_high ? "1" : "0");
}

static void put_side(const struct drawing *drawing, const struct atoll_pin *pin, bool is_left)
{
	const struct pinout_pin *now = drawing->now ? &drawing->now[pin->number - 1] : NULL;
	const char *bright = now && now->has_level ? now->is_high ? BOLD ";32" : FAINT : NULL;
	const char *mark = pin->cautions ? "!" : " ", *warning = pin->cautions ? YELLOW : NULL;
	char words[TEXT_BYTES], state[TEXT_BYTES];

	say_words(pin, now, words);
	say_state(now, state);
	if (is_left) {
		put_cell(drawing, words, drawing->words_columns, true,
			 now && now->owner[0] ? BOLD : NULL);
		put_blanks(drawing, 1);
		put_cell(drawing, pin->name, drawing->name_columns, true, NULL);
		put_blanks(drawing, 1);
		put_cell(drawing, state, STATE_COLUMNS, true, bright);
		put_coloured(drawing, mark, warning);
		return;
	}
	put_coloured(drawing, mark, warning);
	put_cell(drawing, state, STATE_COLUMNS, true, bright);
	put_blanks(drawing, 1);
	/* No blanks at the end of a line. */
	put_cell(drawing, pin->name, *words ? drawing->name_columns : (uint32_t)
		 strnlen(pin->name, drawing->name_columns), false, NULL);
	if (!*words)
		return;
	put_blanks(drawing, 1);
	put_cell(drawing, words, (uint32_t)strnlen(words, drawing->words_columns), false,
		 now && now->owner[0] ? BOLD : NULL);
}

/* The first one is square, as on most boards. */
static void put_number(const struct drawing *drawing, const struct atoll_pin *pin)
{
	char text[16];

	(void)snprintf(text, sizeof(text), pin->number == 1 ? "[%*u]" : "(%*u)",
		       (int)drawing->digits, pin->number);
	put_coloured(drawing, text, pin_colour(pin));
}

static void put_row(struct drawing *drawing, uint32_t first)
{
	const struct atoll_pin *left = atoll_header_pin(drawing->header, first);
	const struct atoll_pin *right = drawing->columns == 1 ? left :
					atoll_header_pin(drawing->header, first + 1);

	if (drawing->columns == 2)
		put_side(drawing, left, true);
	fprintf(drawing->file, "%s ", drawing->boxes->down);
	put_number(drawing, left);
	if (drawing->columns == 2) {
		fputc(' ', drawing->file);
		if (right)
			put_number(drawing, right);
		else
			put_blanks(drawing, drawing->digits + 2);
	}
	fprintf(drawing->file, " %s", drawing->boxes->down);
	if (right)
		put_side(drawing, right, false);
	end_line(drawing);
}

static void put_edge(struct drawing *drawing, const char *left, const char *right)
{
	if (drawing->columns == 2)
		put_blanks(drawing, drawing->words_columns + 1 + drawing->name_columns + 1 +
			   STATE_COLUMNS + 1);
	fputs(left, drawing->file);
	for (uint32_t i = 0; i < drawing->inside; i++)
		fputs(drawing->boxes->across, drawing->file);
	fputs(right, drawing->file);
	end_line(drawing);
}

/* Which pins have this caution, in as many lines as they take. */
static void put_caution(struct drawing *drawing, uint32_t caution)
{
	uint32_t column = 0;

	for (uint32_t number = 1; number <= drawing->pins; number++) {
		char text[16];
		int length;

		if (!(atoll_header_pin(drawing->header, number)->cautions & caution))
			continue;
		length = snprintf(text, sizeof(text), " %u", number);
		if (column > 0 && column + (uint32_t)length > PINOUT_COLUMNS) {
			end_line(drawing);
			column = 0;
		}
		if (column == 0) {
			put_coloured(drawing, "!", YELLOW);
			fputc(' ', drawing->file);
			put_cell(drawing, atoll_caution_name(caution), 12, false, NULL);
			column = 14;
		}
		fputs(text, drawing->file);
		column += (uint32_t)length;
	}
	if (column > 0)
		end_line(drawing);
}

/* How wide names have to be; the rest of a side is for words. */
static void measure(struct drawing *drawing)
{
	const struct atoll_pin *pin;
	uint32_t side;

	for (uint32_t number = 1; (pin = atoll_header_pin(drawing->header, number)); number++) {
		const size_t length = strnlen(pin->name, NAME_COLUMNS_MAX);

		if (length > drawing->name_columns)
			drawing->name_columns = (uint32_t)length;
		drawing->pins = number;
	}
	drawing->digits = drawing->pins > 99 ? 3 : 2;
	drawing->inside = drawing->columns * (drawing->digits + 3) + 1;
	side = (PINOUT_COLUMNS - drawing->inside - 2) / drawing->columns;
	drawing->words_columns = side - 1 - STATE_COLUMNS - 1 - drawing->name_columns - 1;
}

uint32_t pinout_draw(FILE *file, const char *title, const struct atoll_header *header,
		     const struct pinout_pin *now, const struct pinout_style *style)
{
	const struct boxes *boxes = style->has_boxes ? &unicode : &ascii;
	struct drawing drawing = {
		.file = file,
		.header = header,
		.now = now,
		.style = style,
		.boxes = boxes,
		.columns = atoll_header_columns(header) == 2 ? 2 : 1,
	};

	measure(&drawing);
	put_cell(&drawing, title, (uint32_t)strnlen(title, PINOUT_COLUMNS), false, BOLD);
	end_line(&drawing);
	put_edge(&drawing, boxes->top_left, boxes->top_right);
	for (uint32_t number = 1; number <= drawing.pins; number += drawing.columns)
		put_row(&drawing, number);
	put_edge(&drawing, boxes->bottom_left, boxes->bottom_right);
	for (uint32_t caution = 1; caution && *atoll_caution_name(caution); caution <<= 1)
		put_caution(&drawing, caution);
	return drawing.lines;
}
