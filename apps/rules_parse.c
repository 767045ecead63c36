/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_parser.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct rules_span some_time = { 1, 86400000, "a time like 2s (1ms to 24h)" };
static const struct rules_span debounce_time = { 1, 1000, "a time like 20ms (1ms to 1s)" };
static const struct rules_range score_range = {
	6, "", 0, 1000000, "a score like 0.8 (0 to 1)"
};

static int take_level(struct rules_parser *parser, bool *is_high)
{
	*is_high = rules_is_next(parser, "high");
	return rules_take(parser, "high") || rules_take(parser, "low") ? 0 :
	       rules_expected(parser, "high or low");
}

static int take_source(struct rules_parser *parser, uint32_t *source, const char *what)
{
	int found = parser->at->kind == RULES_WORD ?
		rules_find_source(parser->rules, parser->at->text) : -1;

	if (found < 0)
		return rules_expected(parser, what);
	parser->at++;
	parser->rules->feed[found].is_used = true;
	*source = (uint32_t)found;
	return 0;
}

/* What may be said of a trigger, a bit each. */
enum {
	GONE = 1 << 0, FOR = 1 << 1, UNLESS = 1 << 2, SCORE = 1 << 3,
	DEBOUNCE = 1 << 4, PULL_UP = 1 << 5, PULL_DOWN = 1 << 6
};

static int take_score(struct rules_parser *parser, struct rules_rule *rule)
{
	int64_t millionths;

	if (!rules_take(parser, "above"))
		return rules_expected(parser, "above");
	if (rules_take_number(parser, &score_range, &millionths) < 0)
		return -EINVAL;
	rule->is_scored = true;
	rule->above = (float)((double)millionths / 1e6);
	return 0;
}

static int take_debounce(struct rules_parser *parser, struct rules_use *use)
{
	int64_t time_ms;

	if (rules_take_time(parser, &debounce_time, &time_ms) < 0)
		return -EINVAL;
	return rules_check_debounce(use, (uint32_t)time_ms, parser->place, parser->err);
}

static int take_value(struct rules_parser *parser, unsigned option, struct rules_rule *rule)
{
	switch (option) {
	case FOR:
		return rules_take_time(parser, &some_time, &rule->for_ms);
	case UNLESS:
		return rules_take_time(parser, &some_time, &rule->unless_ms);
	case SCORE:
		return take_score(parser, rule);
	case DEBOUNCE:
		return take_debounce(parser, &parser->rules->use[rule->pin]);
	case PULL_UP:
	case PULL_DOWN:
		return rules_check_bias(&parser->rules->use[rule->pin], option == PULL_UP,
					parser->place, parser->err);
	default:
		rule->is_gone = true;
		return 0;
	}
}

/* Everything up to the arrow, in any order. What was there, or negative. */
static int take_options(struct rules_parser *parser, unsigned allowed, const char *what,
			struct rules_rule *rule)
{
	static const char *const names[] = {
		"gone", "for", "unless", "score", "debounce", "pull-up", "pull-down"
	};
	const unsigned count = sizeof(names) / sizeof(names[0]);
	unsigned said = 0, i;

	while (parser->at->kind != RULES_ARROW) {
		for (i = 0; i < count; i++)
			if (allowed & 1u << i && rules_is_next(parser, names[i]))
				break;
		if (i == count)
			return rules_expected(parser, what);
		if (said & 1u << i)
			return atoll_error_set(parser->err, -EINVAL, "'%s' is there twice", names[i]);
		said |= 1u << i;
		parser->at++;
		if (take_value(parser, 1u << i, rule) < 0)
			return -EINVAL;
	}
	return (int)said;
}

static int parse_edge(struct rules_parser *parser, struct rules_rule *rule)
{
	int pin = rules_take_pin(parser, false);
	struct rules_pin *shown;

	if (pin < 0)
		return -EINVAL;
	rule->when = RULES_ON_EDGE;
	rule->pin = (uint32_t)pin;
	rule->is_rising = rules_is_next(parser, "rising");
	if (!rules_take(parser, "rising") && !rules_take(parser, "falling"))
		return rules_expected(parser, "rising or falling");
	shown = &parser->rules->use[pin].shown;
	shown->rising = shown->rising || rule->is_rising;
	shown->falling = shown->falling || !rule->is_rising;
	return take_options(parser, DEBOUNCE | PULL_UP | PULL_DOWN | UNLESS,
			    "debounce, pull-up, pull-down, unless or ->", rule);
}

static int parse_event(struct rules_parser *parser, struct rules_rule *rule)
{
	int said;

	rule->when = RULES_ON_EVENT;
	if (take_source(parser, &rule->source,
			"pin, voice, vision or another source named above") < 0)
		return -EINVAL;
	if (parser->at->kind != RULES_TEXT || !*parser->at->text)
		return rules_expected(parser, "a label in quotes");
	(void)snprintf(rule->label, sizeof(rule->label), "%s", parser->at++->text);
	if (parser->rules->feed[rule->source].is_momentary)
		return take_options(parser, SCORE | UNLESS, "score, unless or ->", rule);
	said = take_options(parser, GONE | FOR | SCORE | UNLESS,
			    "gone, for, score, unless or ->", rule);
	if (said > 0 && said & SCORE && said & (GONE | FOR))
		return atoll_error_set(parser->err, -EINVAL, "score goes with neither gone nor for");
	return said;
}

static int parse_trigger(struct rules_parser *parser, struct rules_rule *rule)
{
	const char *const sources = "voice, vision or another source named above";

	if (rules_take(parser, "on"))
		return rules_is_next(parser, "pin") ? parse_edge(parser, rule) :
						      parse_event(parser, rule);
	if (rules_take(parser, "lost")) {
		rule->when = RULES_ON_LOST;
		return take_source(parser, &rule->source, sources);
	}
	if (rules_take(parser, "found")) {
		rule->when = RULES_ON_FOUND;
		return take_source(parser, &rule->source, sources);
	}
	if (!rules_take(parser, "at"))
		return rules_expected(parser, "on, at, lost, found, safe, force or a setting");
	rule->when = rules_is_next(parser, "start") ? RULES_AT_START : RULES_AT_STOP;
	return rules_take(parser, "start") || rules_take(parser, "stop") ? 0 :
	       rules_expected(parser, "start or stop");
}

/* Of a rule that hangs on a source: what if it is lost. */
static int parse_otherwise(struct rules_parser *parser, struct rules_rule *rule)
{
	if (rule->when != RULES_ON_EVENT || !rules_take(parser, "or"))
		return 0;
	rule->is_safe_when_lost = rules_is_next(parser, "safe");
	return rules_take(parser, "safe") || rules_take(parser, "hold") ? 0 :
	       rules_expected(parser, "safe or hold");
}

static int parse_rule(struct rules_parser *parser, struct rules_rule *rule)
{
	if (parse_trigger(parser, rule) < 0)
		return -EINVAL;
	if (parser->at->kind != RULES_ARROW)
		return rules_expected(parser, "->");
	parser->at++;
	if (rules_take_actions(parser, rule) < 0 || parse_otherwise(parser, rule) < 0)
		return -EINVAL;
	if (parser->at->kind == RULES_END)
		return 0;
	return rules_expected(parser, rule->when == RULES_ON_EVENT ? "a comma, 'then' or 'or'" :
			rule->when == RULES_AT_STOP ? "a comma" : "a comma or 'then'");
}

static int parse_safe(struct rules_parser *parser)
{
	int pin = rules_take_pin(parser, true);
	bool is_high;

	if (pin < 0 || take_level(parser, &is_high) < 0)
		return -EINVAL;
	if (parser->at->kind != RULES_END)
		return rules_expected(parser, "the end of the line");
	return rules_check_safe(&parser->rules->use[pin], is_high, parser->place, parser->err);
}

static int parse_force(struct rules_parser *parser)
{
	const char *name = rules_take_pin_name(parser);

	if (!name)
		return -EINVAL;
	if (parser->at->kind != RULES_END)
		return rules_expected(parser, "the end of the line");
	return rules_check_force(parser->rules, name, parser->err);
}

static int parse_words(struct rules_parser *parser, const char *line, size_t bytes)
{
	struct rules *rules = parser->rules;
	struct rules_rule *rule = &rules->rule[rules->rules];
	int r;

	if (parser->at->kind == RULES_END)
		return 0;
	if (rules_take(parser, "safe"))
		return parse_safe(parser);
	if (rules_take(parser, "force"))
		return parse_force(parser);
	if (rules->rules == RULES_MAX)
		return atoll_error_set(parser->err, -EINVAL, "more than %d rules", RULES_MAX);
	*rule = (struct rules_rule){ 0 };
	r = parse_rule(parser, rule);
	if (r < 0)
		return r;
	rule->text = strndup(line, bytes);
	if (!rule->text)
		return atoll_error_set(parser->err, -ENOMEM, "%s", strerror(ENOMEM));
	(void)snprintf(rule->place, sizeof(rule->place), "%s", parser->place);
	rules->rules++;
	return 0;
}

int rules_parse_line(struct rules *rules, const char *line, const char *place,
		     struct atoll_error *err)
{
	struct rules_parser parser = { .rules = rules, .place = place, .err = err };
	char copy[RULES_LINE_BYTES];
	struct rules_words words;
	char *equals;
	int r;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	line += strspn(line, " \t");

	/* Before any text or comment no rule has one. */
	equals = copy + strcspn(copy, "=\"#");
	if (*equals == '=')
		return rules_parse_setting(rules, copy, equals, err);
	r = rules_words_cut(&words, line, err);
	if (r < 0)
		return r;
	parser.at = words.word;
	return parse_words(&parser, line, words.bytes);
}
