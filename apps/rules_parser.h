/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_RULES_PARSER_H
#define ATOLL_APPS_RULES_PARSER_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/rules_inside.h"
#include "apps/rules_words.h"

/*
 * One line on the way to be rules: what rules_parse.c and rules_actions.c read it with.
 *
 *	if (rules_take(parser, "after") && rules_take_time(parser, &any_time, &ms) < 0)
 *		return -EINVAL;
 *
 * What gives an int is negative when something else stands there, and says so.
 */
struct rules_parser {
	struct rules *rules;
	const struct rules_word *at; /* never beyond RULES_END */
	const char *place;
	struct atoll_error *err;
};

/* -EINVAL: something else stands where `what` belongs. */
int rules_expected(const struct rules_parser *parser, const char *what);

bool rules_is_next(const struct rules_parser *parser, const char *word);

/* Goes on behind `word` if it is the next. */
bool rules_take(struct rules_parser *parser, const char *word);

struct rules_span {
	int64_t low_ms, high_ms;
	const char *text;            /* for messages */
};
int rules_take_time(struct rules_parser *parser, const struct rules_span *span,
		    int64_t *time_ms);

/* As rules_words_number reads it. */
struct rules_range {
	int digits;
	const char *unit;
	int64_t low, high;
	const char *text;            /* for messages */
};
int rules_take_number(struct rules_parser *parser, const struct rules_range *range,
		      int64_t *number);

/* The name behind "pin", or NULL, told. */
const char *rules_take_pin_name(struct rules_parser *parser);

/* The same checked: which of rules->use. */
int rules_take_pin(struct rules_parser *parser, bool is_output);

/* All that is behind the arrow. */
int rules_take_actions(struct rules_parser *parser, struct rules_rule *rule);

#endif
