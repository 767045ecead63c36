/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_parser.h"

#include <errno.h>

/* atoll_pwm_servo's usual ones: board/pwm.h. */
#define SERVO_PERIOD_NS 20000000
#define SERVO_MIN_NS 1000000
#define SERVO_SPAN_NS 1000000

static const struct rules_span any_time = { 0, 86400000, "a time like 2s (0 to 24h)" };
static const struct rules_span pulse_time = { 1, 86400000, "a time like 500ms (1ms to 24h)" };
static const struct rules_span blink_time = { 10, 3600000, "a time like 500ms (10ms to 1h)" };
static const struct rules_range times_range = { 0, "", 1, 1000, "a number from 1 to 1000" };
static const struct rules_range hertz_range = {
	3, "Hz", 100, 1000000000, "a frequency like 50Hz (0.1Hz to 1000000Hz)"
};
static const struct rules_range share_range = {
	4, "%", 0, 1000000, "a share like 7.5% (0% to 100%)"
};
static const struct rules_range degrees_range = {
	3, "", 0, 180000, "degrees like 90 (0 to 180)"
};

static int parse_pulse(struct rules_parser *parser, struct rules_action *action)
{
	action->what = RULES_PULSE;
	if (rules_take_time(parser, &pulse_time, &action->turn_ms) < 0)
		return -EINVAL;
	action->is_high = !rules_take(parser, "low");
	return 0;
}

static int parse_blink(struct rules_parser *parser, struct rules_action *action)
{
	int64_t times = 0;

	action->what = RULES_BLINK;
	if (rules_take_time(parser, &blink_time, &action->turn_ms) < 0 ||
	    (rules_take(parser, "times") &&
	     rules_take_number(parser, &times_range, &times) < 0))
		return -EINVAL;
	action->times = (uint32_t)times;
	return 0;
}

/* "50Hz 7.5%" */
static int parse_pwm(struct rules_parser *parser, struct rules_action *action)
{
	int64_t millihertz, millionths;

	if (rules_take_number(parser, &hertz_range, &millihertz) < 0 ||
	    rules_take_number(parser, &share_range, &millionths) < 0)
		return -EINVAL;
	action->what = RULES_PWM;
	action->period_ns = (UINT64_C(1000000000000) + (uint64_t)millihertz / 2) /
			    (uint64_t)millihertz;
	action->duty_ns = (action->period_ns * (uint64_t)millionths + 500000) / 1000000;
	return rules_check_pwm(parser->rules, &parser->rules->use[action->pin],
			       action->period_ns, parser->err);
}

static int parse_servo(struct rules_parser *parser, struct rules_action *action)
{
	int64_t thousandths;

	if (rules_take_number(parser, &degrees_range, &thousandths) < 0)
		return -EINVAL;
	action->what = RULES_PWM;
	action->period_ns = SERVO_PERIOD_NS;
	action->duty_ns = SERVO_MIN_NS + (uint64_t)thousandths * SERVO_SPAN_NS / 180000;
	return rules_check_pwm(parser->rules, &parser->rules->use[action->pin],
			       action->period_ns, parser->err);
}

static int parse_verb(struct rules_parser *parser, struct rules_action *action)
{
	action->is_high = !rules_is_next(parser, "low");
	if (rules_take(parser, "high") || rules_take(parser, "low"))
		action->what = RULES_SET;
	else if (rules_take(parser, "safe"))
		action->what = RULES_SAFE;
	else if (rules_take(parser, "toggle"))
		action->what = RULES_TOGGLE;
	else if (rules_take(parser, "blink"))
		return parse_blink(parser, action);
	else if (rules_take(parser, "pwm"))
		return parse_pwm(parser, action);
	else if (rules_take(parser, "servo"))
		return parse_servo(parser, action);
	else if (rules_take(parser, "pulse"))
		return parse_pulse(parser, action);
	else
		return rules_expected(parser, "high, low, toggle, safe, pulse, blink, pwm or servo");
	return 0;
}

/* When an action that begins at once is over; negative: never. */
static int64_t length_ms(const struct rules_action *action)
{
	if (action->what == RULES_PULSE)
		return action->turn_ms;
	if (action->what == RULES_BLINK)
		return action->times ? 2 * action->times * action->turn_ms : -1;
	return 0;
}

static bool is_level(const struct rules_parser *parser)
{
	return rules_is_next(parser, "high") || rules_is_next(parser, "low") ||
	       rules_is_next(parser, "safe");
}

static int check_once(const struct rules_parser *parser, const struct rules_rule *rule,
		      const struct rules_action *action)
{
	for (uint32_t i = 0; i < rule->actions; i++)
		if (rule->action[i].pin == action->pin &&
		    rule->action[i].after_ms == action->after_ms)
			return atoll_error_set(parser->err, -EINVAL,
				"pin %u is to do two things at the same time",
				parser->rules->use[action->pin].shown.pin->number);
	return 0;
}

/* One action of those that begin `base_ms` after their rule acted, with their delays.
   `*end_ms` moves to when all are over; negative: never. */
static int parse_action(struct rules_parser *parser, struct rules_rule *rule,
			int64_t base_ms, int64_t *end_ms)
{
	struct rules_action *action = &rule->action[rule->actions];
	int64_t delay_ms = 0, length;
	int pin;

	if (rule->actions == RULES_ACTIONS_MAX)
		return atoll_error_set(parser->err, -EINVAL, "more than %d actions in a rule",
				       RULES_ACTIONS_MAX);
	if (rule->when != RULES_AT_STOP && rules_take(parser, "after") &&
	    rules_take_time(parser, &any_time, &delay_ms) < 0)
		return -EINVAL;
	pin = rules_take_pin(parser, true);
	if (pin < 0)
		return pin;
	action->pin = (uint32_t)pin;
	action->after_ms = base_ms + delay_ms;
	if (rule->when == RULES_AT_STOP && !is_level(parser))
		return rules_expected(parser, "high, low or safe, as at the stop no time is left,");
	if (parse_verb(parser, action) < 0)
		return -EINVAL;
	if (check_once(parser, rule, action) < 0)
		return -EINVAL;
	length = length_ms(action);
	if (length < 0 || *end_ms < 0)
		*end_ms = -1;
	else if (action->after_ms + length > *end_ms)
		*end_ms = action->after_ms + length;
	rule->actions++;
	rule->pins |= UINT64_C(1) << pin;
	return 0;
}

/* Behind the arrow: with a comma the next begins with the one before, with "then" when
   all before are over. */
int rules_take_actions(struct rules_parser *parser, struct rules_rule *rule)
{
	int64_t base_ms = 0, end_ms = 0;
	bool goes_on;

	do {
		if (parse_action(parser, rule, base_ms, &end_ms) < 0)
			return -EINVAL;
		if (rule->when != RULES_AT_STOP && rules_take(parser, "then")) {
			if (end_ms < 0)
				return atoll_error_set(parser->err, -EINVAL,
					"nothing comes after a blinking that has no times");
			base_ms = end_ms;
			goes_on = true;
		} else {
			goes_on = parser->at->kind == RULES_COMMA;
			parser->at += goes_on;
		}
	} while (goes_on);
	return 0;
}
