/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_RULES_WORDS_H
#define ATOLL_APPS_RULES_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * A line of rules, cut into words.
 *
 *	on voice "lights on" -> pin 16 high   # comment
 *
 * is the words on and voice, a text, an arrow, the words pin, 16 and high, and the end. A
 * word goes on to a blank, a comma, a quote or an arrow; a text ends with its quote, and
 * nothing stands for a quote inside of it. A comment begins where a word would.
 */
#define RULES_LINE_BYTES 1024        /* with its end */
#define RULES_TEXT_BYTES 64          /* of a word or a text, with its end */

enum rules_kind { RULES_WORD, RULES_TEXT, RULES_ARROW, RULES_COMMA, RULES_END };

struct rules_word {
	enum rules_kind kind;
	const char *text;            /* without quotes */
};

struct rules_words {
	struct rules_word word[RULES_LINE_BYTES]; /* the last is RULES_END */
	size_t bytes;                /* of the line up to its comment */
	char text[2 * RULES_LINE_BYTES]; /* what the words point into */
};

/* `line` is shorter than RULES_LINE_BYTES. 0, or -EINVAL with why. */
int rules_words_cut(struct rules_words *words, const char *line, struct atoll_error *err);

/* "7.5%" with 4 digits and "%" is 75000: a number that has at most so many digits behind
   its point, and that unit right behind. -EINVAL for anything else. */
int rules_words_number(const char *text, int digits, const char *unit, int64_t *value);

#endif
