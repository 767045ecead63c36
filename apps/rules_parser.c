/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_parser.h"

#include <errno.h>
#include <string.h>

#include "board/config.h"

int rules_expected(const struct rules_parser *parser, const char *what)
{
	const struct rules_word *word = parser->at;

	if (word->kind == RULES_END)
		return atoll_error_set(parser->err, -EINVAL, "the line ends where %s belongs",
				       what);
	if (word->kind == RULES_TEXT)
		return atoll_error_set(parser->err, -EINVAL, "\"%.40s\" stands where %s belongs",
				       word->text, what);
	return atoll_error_set(parser->err, -EINVAL, "'%.40s' stands where %s belongs",
			       word->text, what);
}

bool rules_is_next(const struct rules_parser *parser, const char *word)
{
	return parser->at->kind == RULES_WORD && strcmp(parser->at->text, word) == 0;
}

bool rules_take(struct rules_parser *parser, const char *word)
{
	bool is_there = rules_is_next(parser, word);

	parser->at += is_there;
	return is_there;
}

int rules_take_time(struct rules_parser *parser, const struct rules_span *span,
		    int64_t *time_ms)
{
	int64_t ms;

	if (parser->at->kind != RULES_WORD || atoll_duration_ms(parser->at->text, &ms) < 0 ||
	    ms < span->low_ms || ms > span->high_ms)
		return rules_expected(parser, span->text);
	*time_ms = ms;
	parser->at++;
	return 0;
}

int rules_take_number(struct rules_parser *parser, const struct rules_range *range,
		      int64_t *number)
{
	int64_t found;

	if (parser->at->kind != RULES_WORD ||
	    rules_words_number(parser->at->text, range->digits, range->unit, &found) < 0 ||
	    found < range->low || found > range->high)
		return rules_expected(parser, range->text);
	*number = found;
	parser->at++;
	return 0;
}

const char *rules_take_pin_name(struct rules_parser *parser)
{
	const char *name = NULL;

	if (!rules_take(parser, "pin"))
		(void)rules_expected(parser, "pin");
	else if (parser->at->kind != RULES_WORD)
		(void)rules_expected(parser, "the number or a name of a pin");
	else
		name = parser->at++->text;
	return name;
}

int rules_take_pin(struct rules_parser *parser, bool is_output)
{
	const char *name = rules_take_pin_name(parser);

	return name ? rules_check_pin(parser->rules, name, is_output, parser->place,
				      parser->err) : -EINVAL;
}
