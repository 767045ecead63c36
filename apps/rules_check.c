/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a thread that switches a line can do: board/pwm.h. */
#define SOFTWARE_PERIOD_MIN_NS 2000000
#define SOFTWARE_HZ_MAX 500

static void keep_place(char kept[RULES_PLACE_BYTES], const char *place)
{
	(void)snprintf(kept, RULES_PLACE_BYTES, "%s", place);
}

/* A line that a program can read or switch, or NULL. */
static const struct atoll_pin *find(const struct rules *rules, const char *name,
				    struct atoll_error *err)
{
	const struct atoll_pin *pin;

	if (!rules->header) {
		(void)atoll_error_set(err, -EINVAL, "pin %s: this board has no header", name);
		return NULL;
	}
	pin = atoll_header_find(rules->header, name, err);
	if (pin && (pin->kind != ATOLL_PIN_GPIO || !pin->chip)) {
		(void)atoll_error_set(err, -EINVAL, "pin %u is %s, which is no GPIO",
				      pin->number, pin->name);
		return NULL;
	}
	return pin;
}

static bool is_forced(const struct rules *rules, const struct atoll_pin *pin)
{
	for (uint32_t i = 0; i < rules->forces; i++)
		if (rules->forced[i] == pin)
			return true;
	return false;
}

static bool has_pwm(const struct atoll_header *header, const struct atoll_pin *pin)
{
	const struct atoll_pwm_place *pwm;

	for (uint32_t i = 0; (pwm = atoll_header_pwm(header, i)); i++)
		if (pwm->pin == pin->number)
			return true;
	return false;
}

/* PWM has its pin for whoever wants it; anything else after boot is somebody's. */
static bool is_taken(const struct rules *rules, const struct atoll_pin *pin)
{
	return pin->role && strcmp(pin->role, "gpio") != 0 && !has_pwm(rules->header, pin);
}

static int check_free(const struct rules *rules, const struct atoll_pin *pin,
		      struct atoll_error *err)
{
	const char *why = NULL;

	if (is_forced(rules, pin))
		return 0;
	if (pin->cautions & ATOLL_CAUTION_CONSOLE)
		why = "the console";
	else if (is_taken(rules, pin))
		why = pin->role;
	else if (pin->cautions & ATOLL_CAUTION_SHARED)
		why = "shared with something else on the board";
	if (!why)
		return 0;
	return atoll_error_set(err, -EINVAL,
			       "pin %u is %s; a line 'force pin %u' above allows it",
			       pin->number, why, pin->number);
}

int rules_check_force(struct rules *rules, const char *name, struct atoll_error *err)
{
	const struct atoll_pin *pin = find(rules, name, err);

	if (!pin)
		return -EINVAL;
	if (is_forced(rules, pin))
		return 0;
	if (rules->forces == RULES_PINS_MAX)
		return atoll_error_set(err, -EINVAL, "more than %d pins are forced",
				       RULES_PINS_MAX);
	rules->forced[rules->forces++] = pin;
	return 0;
}

int rules_check_pin(struct rules *rules, const char *name, bool is_output,
		    const char *place, struct atoll_error *err)
{
	const struct atoll_pin *pin = find(rules, name, err);
	struct rules_use *use;

	if (!pin || check_free(rules, pin, err) < 0)
		return -EINVAL;
	if (is_output && pin->cautions & ATOLL_CAUTION_INPUT_ONLY)
		return atoll_error_set(err, -EINVAL, "pin %u can only be an input", pin->number);
	for (uint32_t i = 0; i < rules->uses; i++) {
		use = &rules->use[i];
		if (use->shown.pin != pin)
			continue;
		if (use->shown.is_output != is_output)
			return atoll_error_set(err, -EINVAL, "pin %u is an %s at %s", pin->number,
					       is_output ? "input" : "output", use->used);
		return (int)i;
	}
	if (rules->uses == RULES_PINS_MAX)
		return atoll_error_set(err, -EINVAL, "more than %d pins", RULES_PINS_MAX);
	use = &rules->use[rules->uses];
	use->shown = (struct rules_pin){ .pin = pin, .is_output = is_output };
	keep_place(use->used, place);
	return (int)rules->uses++;
}

int rules_check_pwm(const struct rules *rules, struct rules_use *use, uint64_t period_ns,
		    struct atoll_error *err)
{
	uint32_t number = use->shown.pin->number;

	if (!has_pwm(rules->header, use->shown.pin)) {
		if (!rules->accepts_software_pwm)
			return atoll_error_set(err, -EINVAL,
				"pin %u has no PWM; a line 'software_pwm = yes' above does it by program",
				number);
		if (period_ns < SOFTWARE_PERIOD_MIN_NS)
			return atoll_error_set(err, -EINVAL,
				"pin %u has no PWM, and software does at most %dHz", number,
				SOFTWARE_HZ_MAX);
	}
	if (!use->shown.is_pwm)
		use->period_ns = period_ns;
	use->shown.is_pwm = true;
	return 0;
}

int rules_check_safe(struct rules_use *use, bool is_high, const char *place,
		     struct atoll_error *err)
{
	if (use->has_safe_level && use->shown.is_high != is_high)
		return atoll_error_set(err, -EINVAL, "pin %u is safe %s at %s",
				       use->shown.pin->number, is_high ? "low" : "high",
				       use->made_safe);
	if (!use->has_safe_level)
		keep_place(use->made_safe, place);
	use->has_safe_level = true;
	use->shown.is_high = is_high;
	return 0;
}

int rules_check_bias(struct rules_use *use, bool is_up, const char *place,
		     struct atoll_error *err)
{
	struct rules_pin *pin = &use->shown;

	if (pin->pin->cautions & ATOLL_CAUTION_NO_BIAS)
		return atoll_error_set(err, -EINVAL, "pin %u has no pull resistors",
				       pin->pin->number);
	if (is_up ? pin->is_pull_down : pin->is_pull_up)
		return atoll_error_set(err, -EINVAL, "pin %u is pulled %s at %s",
				       pin->pin->number, is_up ? "down" : "up", use->biased);
	if (!pin->is_pull_up && !pin->is_pull_down)
		keep_place(use->biased, place);
	pin->is_pull_up = is_up;
	pin->is_pull_down = !is_up;
	return 0;
}

int rules_check_debounce(struct rules_use *use, uint32_t debounce_ms, const char *place,
			 struct atoll_error *err)
{
	uint32_t before_ms = use->shown.debounce_ms;

	if (before_ms && before_ms != debounce_ms)
		return atoll_error_set(err, -EINVAL, "pin %u is debounced for %ums at %s",
				       use->shown.pin->number, before_ms, use->debounced);
	if (!before_ms)
		keep_place(use->debounced, place);
	use->shown.debounce_ms = debounce_ms;
	return 0;
}
