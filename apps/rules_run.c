/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "apps/rules_inside.h"

/*
 * What is still to come stands in three places, each with the time it is due:
 *
 *	rule[].due_ns          a thing has to be seen, or gone, until then
 *	rule[].begin_ns[]      its actions that are yet to begin
 *	pin[].turn_ns          a pulse or a blinking that is under way
 *
 * A rule that acts forgets what was yet to begin on its pins; what is under way on a
 * pin goes on until an action begins there. Whatever is due late is done once, as of
 * now: blinking skips what it missed, a pulse is never shorter than it was said to be.
 */
#define NEVER INT64_MAX
#define ENDLESS UINT64_MAX

enum presence { UNTOLD, LOST, THERE };

struct rule_state {
	uint32_t seen;               /* things of its label that are there */
	int64_t due_ns;
	int64_t acted_ns;            /* the last time, where done */
	uint64_t done;
	int64_t begin_ns[RULES_ACTIONS_MAX];
};

struct pin_state {
	uint64_t period_ns;          /* of PWM, for high and low */
	bool is_high;                /* PWM or while something is under way */
	int64_t turn_ns, length_ns;  /* the next turn, and from one to the next */
	uint64_t turns;              /* that are left */
};

struct rules_run {
	const struct rules *rules;
	struct rules_pins pins;
	void *data;
	int64_t now_ns;
	enum presence source[RULES_SOURCES_MAX];
	struct rule_state rule[RULES_MAX];
	struct pin_state pin[RULES_PINS_MAX];
};

static int64_t later(int64_t time_ns, int64_t ms)
{
	int64_t sum;

	return __builtin_mul_overflow(ms, 1000000, &sum) ||
	       __builtin_add_overflow(time_ns, sum, &sum) ? NEVER : sum;
}

static void pwm(struct rules_run *run, uint32_t pin, uint64_t period_ns, uint64_t duty_ns)
{
	run->pin[pin].period_ns = period_ns;
	run->pin[pin].is_high = duty_ns > 0;
	run->pins.pwm(run->data, &run->rules->use[pin].shown, period_ns, duty_ns);
}

static void set(struct rules_run *run, uint32_t pin, bool is_high)
{
	const struct rules_pin *shown = &run->rules->use[pin].shown;
	uint64_t period_ns = run->pin[pin].period_ns;

	if (shown->is_pwm) {
		pwm(run, pin, period_ns, is_high ? period_ns : 0);
		return;
	}
	run->pin[pin].is_high = is_high;
	run->pins.set(run->data, shown, is_high);
}

static bool get(struct rules_run *run, uint32_t pin)
{
	const struct rules_pin *shown = &run->rules->use[pin].shown;

	return shown->is_pwm ? run->pin[pin].is_high : run->pins.get(run->data, shown);
}

/* Whatever is yet to begin on these pins, a bit each. */
static void forget(struct rules_run *run, uint64_t pins)
{
	for (uint32_t i = 0; i < run->rules->rules; i++) {
		const struct rules_rule *rule = &run->rules->rule[i];

		for (uint32_t a = 0; rule->pins & pins && a < rule->actions; a++)
			if (pins & UINT64_C(1) << rule->action[a].pin)
				run->rule[i].begin_ns[a] = NEVER;
	}
}

/* High or low for so long, and the other, and so on for `turns`. */
static void swing(struct rules_run *run, const struct rules_action *action, uint64_t turns)
{
	struct pin_state *pin = &run->pin[action->pin];

	pin->turns = turns;
	pin->length_ns = action->turn_ms * 1000000;
	pin->turn_ns = later(run->now_ns, action->turn_ms);
	set(run, action->pin, action->is_high);
}

static void begin(struct rules_run *run, const struct rules_action *action)
{
	run->pin[action->pin].turn_ns = NEVER;
	switch (action->what) {
	case RULES_SET:
		set(run, action->pin, action->is_high);
		break;
	case RULES_SAFE:
		set(run, action->pin, run->rules->use[action->pin].shown.is_high);
		break;
	case RULES_TOGGLE:
		set(run, action->pin, !get(run, action->pin));
		break;
	case RULES_PULSE:
		swing(run, action, 1);
		break;
	case RULES_BLINK:
		swing(run, action, action->times ? 2 * (uint64_t)action->times - 1 : ENDLESS);
		break;
	case RULES_PWM:
		pwm(run, action->pin, action->period_ns, action->duty_ns);
		break;
	}
}

/* All turns that are due, seen as one. */
static void turn(struct rules_run *run, uint32_t i)
{
	struct pin_state *pin = &run->pin[i];
	uint64_t missed = (uint64_t)(run->now_ns - pin->turn_ns) / (uint64_t)pin->length_ns;
	uint64_t turns = missed + 1 < pin->turns ? missed + 1 : pin->turns;

	if (pin->turns != ENDLESS)
		pin->turns -= turns;
	if (pin->turns == 0 || __builtin_add_overflow(pin->turn_ns,
						      (int64_t)turns * pin->length_ns,
						      &pin->turn_ns))
		pin->turn_ns = NEVER;
	set(run, i, turns % 2 ? !pin->is_high : pin->is_high);
}

static void act(struct rules_run *run, uint32_t i)
{
	const struct rules_rule *rule = &run->rules->rule[i];
	struct rule_state *state = &run->rule[i];

	if (rule->unless_ms && state->done &&
	    run->now_ns < later(state->acted_ns, rule->unless_ms))
		return;
	state->done++;
	state->acted_ns = run->now_ns;
	forget(run, rule->pins);
	for (uint32_t a = 0; a < rule->actions; a++)
		if (rule->action[a].after_ms == 0)
			begin(run, &rule->action[a]);
		else
			state->begin_ns[a] = later(run->now_ns, rule->action[a].after_ms);
}

/* The earliest of all that is to come, and of those due at the same time first what a
   rule waits for and then what begins, so that it comes in place of what is under way. */
struct next {
	int64_t due_ns;
	enum { NOTHING, SEEN, BEGINS, TURNS } what;
	uint32_t which, action;
};

static struct next find_next(const struct rules_run *run)
{
	const struct rules *rules = run->rules;
	struct next next = { .due_ns = NEVER };

	for (uint32_t i = 0; i < rules->rules; i++)
		if (run->rule[i].due_ns < next.due_ns)
			next = (struct next){ run->rule[i].due_ns, SEEN, i, 0 };
	for (uint32_t i = 0; i < rules->rules; i++)
		for (uint32_t a = 0; a < rules->rule[i].actions; a++)
			if (run->rule[i].begin_ns[a] < next.due_ns)
				next = (struct next){ run->rule[i].begin_ns[a], BEGINS, i, a };
	for (uint32_t i = 0; i < rules->uses; i++)
		if (run->pin[i].turn_ns < next.due_ns)
			next = (struct next){ run->pin[i].turn_ns, TURNS, i, 0 };
	return next;
}

static void carry_out(struct rules_run *run, const struct next *next)
{
	switch (next->what) {
	case SEEN:
		run->rule[next->which].due_ns = NEVER;
		act(run, next->which);
		break;
	case BEGINS:
		run->rule[next->which].begin_ns[next->action] = NEVER;
		begin(run, &run->rules->rule[next->which].action[next->action]);
		break;
	case TURNS:
		turn(run, next->which);
		break;
	case NOTHING:
		break;
	}
}

void rules_tick(struct rules_run *run, int64_t now_ns)
{
	struct next next;

	if (now_ns > run->now_ns)
		run->now_ns = now_ns;
	for (next = find_next(run); next.due_ns <= run->now_ns && next.what != NOTHING;
	     next = find_next(run))
		carry_out(run, &next);
}

int64_t rules_next_ns(const struct rules_run *run)
{
	return find_next(run).due_ns;
}

struct rules_run *rules_start(const struct rules *rules, const struct rules_pins *pins,
			      void *data, int64_t now_ns)
{
	struct rules_run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->rules = rules;
	run->pins = *pins;
	run->data = data;
	run->now_ns = now_ns;
	for (uint32_t i = 0; i < rules->rules; i++) {
		run->rule[i].due_ns = NEVER;
		for (uint32_t a = 0; a < RULES_ACTIONS_MAX; a++)
			run->rule[i].begin_ns[a] = NEVER;
	}
	for (uint32_t i = 0; i < rules->uses; i++)
		run->pin[i] = (struct pin_state){
			.turn_ns = NEVER, .period_ns = rules->use[i].period_ns,
			.is_high = rules->use[i].shown.is_high,
		};
	for (uint32_t i = 0; i < rules->rules; i++)
		if (rules->rule[i].when == RULES_AT_START)
			act(run, i);
	return run;
}

void rules_stop(struct rules_run *run, int64_t now_ns)
{
	bool level[RULES_PINS_MAX];

	(void)now_ns; /* what is due then has no time left */
	if (!run)
		return;
	for (uint32_t i = 0; i < run->rules->uses; i++)
		level[i] = run->rules->use[i].shown.is_high;
	for (uint32_t i = 0; i < run->rules->rules; i++) {
		const struct rules_rule *rule = &run->rules->rule[i];

		for (uint32_t a = 0; rule->when == RULES_AT_STOP && a < rule->actions; a++) {
			uint32_t pin = rule->action[a].pin;

			level[pin] = rule->action[a].what == RULES_SAFE ?
				     run->rules->use[pin].shown.is_high : rule->action[a].is_high;
		}
	}
	for (uint32_t i = 0; i < run->rules->uses; i++)
		if (run->rules->use[i].shown.is_output)
			set(run, i, level[i]);
	free(run);
}

static void come(struct rules_run *run, uint32_t i, float score)
{
	const struct rules_rule *rule = &run->rules->rule[i];
	struct rule_state *state = &run->rule[i];
	bool is_first = state->seen == 0;

	if (state->seen < UINT32_MAX)
		state->seen++;
	if (rule->is_gone)
		state->due_ns = NEVER;
	else if (!rule->for_ms && (!rule->is_scored || score > rule->above))
		act(run, i);
	else if (rule->for_ms && is_first)
		state->due_ns = later(run->now_ns, rule->for_ms);
}

static void go(struct rules_run *run, uint32_t i)
{
	const struct rules_rule *rule = &run->rules->rule[i];
	struct rule_state *state = &run->rule[i];

	if (state->seen == 0 || --state->seen > 0)
		return;
	state->due_ns = rule->is_gone && rule->for_ms ? later(run->now_ns, rule->for_ms) : NEVER;
	if (rule->is_gone && !rule->for_ms)
		act(run, i);
}

void rules_event(struct rules_run *run, const struct rules_event *event, int64_t now_ns)
{
	int source = rules_find_source(run->rules, event->source);

	rules_tick(run, now_ns);
	for (uint32_t i = 0; i < run->rules->rules; i++) {
		const struct rules_rule *rule = &run->rules->rule[i];

		if (rule->when != RULES_ON_EVENT || (int)rule->source != source ||
		    strcmp(rule->label, event->label) != 0)
			continue;
		if (event->is_over)
			go(run, i);
		else
			come(run, i, event->score);
	}
}

void rules_edge(struct rules_run *run, uint32_t i, bool is_rising, int64_t now_ns)
{
	rules_tick(run, now_ns);
	for (uint32_t r = 0; r < run->rules->rules; r++) {
		const struct rules_rule *rule = &run->rules->rule[r];

		if (rule->when == RULES_ON_EDGE && rule->pin == i && rule->is_rising == is_rising)
			act(run, r);
	}
}

/* False: it has been told that already, or nobody asked. */
static bool tell(struct rules_run *run, int source, enum presence presence)
{
	if (source < 0 || run->source[source] == presence)
		return false;
	run->source[source] = presence;
	return true;
}

static void act_all(struct rules_run *run, enum rules_when when, int source)
{
	for (uint32_t i = 0; i < run->rules->rules; i++)
		if (run->rules->rule[i].when == when && (int)run->rules->rule[i].source == source)
			act(run, i);
}

/* The pins of a rule, where it is said so, when its source is lost. */
static void make_safe(struct rules_run *run, const struct rules_rule *rule)
{
	forget(run, rule->pins);
	for (uint32_t i = 0; i < run->rules->uses; i++)
		if (rule->pins & UINT64_C(1) << i) {
			run->pin[i].turn_ns = NEVER;
			set(run, i, run->rules->use[i].shown.is_high);
		}
}

void rules_lost(struct rules_run *run, const char *source, int64_t now_ns)
{
	int which = rules_find_source(run->rules, source);

	rules_tick(run, now_ns);
	if (!tell(run, which, LOST))
		return;
	for (uint32_t i = 0; i < run->rules->rules; i++) {
		const struct rules_rule *rule = &run->rules->rule[i];

		if (rule->when != RULES_ON_EVENT || (int)rule->source != which)
			continue;
		run->rule[i].seen = 0;
		run->rule[i].due_ns = NEVER;
		if (rule->is_safe_when_lost)
			make_safe(run, rule);
	}
	act_all(run, RULES_ON_LOST, which);
}

void rules_found(struct rules_run *run, const char *source, int64_t now_ns)
{
	int which = rules_find_source(run->rules, source);

	rules_tick(run, now_ns);
	if (tell(run, which, THERE))
		act_all(run, RULES_ON_FOUND, which);
}

void rules_taken(struct rules_run *run, uint32_t i)
{
	if (i >= run->rules->uses)
		return;
	forget(run, UINT64_C(1) << i);
	run->pin[i].turn_ns = NEVER;
}

bool rules_is_busy(const struct rules_run *run, uint32_t i)
{
	if (i >= run->rules->uses)
		return false;
	for (uint32_t r = 0; r < run->rules->rules; r++)
		for (uint32_t a = 0; a < run->rules->rule[r].actions; a++)
			if (run->rules->rule[r].action[a].pin == i &&
			    run->rule[r].begin_ns[a] != NEVER)
				return true;
	return run->pin[i].turn_ns != NEVER;
}

bool rules_count(const struct rules_run *run, uint32_t i, struct rules_count *count)
{
	if (i >= run->rules->rules)
		return false;
	*count = (struct rules_count){
		.place = run->rules->rule[i].place,
		.text = run->rules->rule[i].text,
		.done = run->rule[i].done,
	};
	return true;
}
