/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_RULES_INSIDE_H
#define ATOLL_APPS_RULES_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/rules.h"
#include "apps/rules_words.h"
#include "board/error.h"
#include "board/header.h"

/*
 * Rules as they are kept, between those who read them (rules_load.c, which gives lines to
 * rules_parse.c), check them (rules_check.c) and carry them out (rules_run.c).
 */
#define RULES_NAME_BYTES 32          /* of a source or a group, with its end */
#define RULES_PATH_BYTES 108         /* of a socket, with its end: sockaddr_un, unix(7) */
#define RULES_PLACE_BYTES 128        /* "FILE:LINE" */

enum rules_when {
	RULES_AT_START, RULES_AT_STOP, RULES_ON_EVENT, RULES_ON_EDGE, RULES_ON_LOST,
	RULES_ON_FOUND
};

enum rules_what {
	RULES_SET, RULES_SAFE, RULES_TOGGLE, RULES_PULSE, RULES_BLINK, RULES_PWM
};

struct rules_action {
	enum rules_what what;
	uint32_t pin;                /* of the rules */
	int64_t after_ms;            /* the rule acted */
	bool is_high;                /* set, and how a pulse begins */
	int64_t turn_ms;             /* how long a pulse is, or half a blink */
	uint32_t times;              /* to blink; 0: until something else happens */
	uint64_t period_ns, duty_ns; /* of PWM */
};

struct rules_rule {
	enum rules_when when;
	uint32_t source;             /* of the rules, where one is meant */
	uint32_t pin;                /* of the rules: the input, where one is meant */
	char label[RULES_TEXT_BYTES];
	bool is_gone;                /* not when it comes */
	bool is_rising;
	bool is_scored;
	float above;                 /* is the score, where is_scored */
	int64_t for_ms, unless_ms;   /* 0: at once, always */
	bool is_safe_when_lost;
	uint32_t actions;
	struct rules_action action[RULES_ACTIONS_MAX];
	uint64_t pins;               /* that its actions use, a bit each */
	char *text;
	char place[RULES_PLACE_BYTES];
};

/* A pin and what was said of it first, where. */
struct rules_use {
	struct rules_pin shown;
	uint64_t period_ns;          /* of the first PWM */
	bool has_safe_level;
	char used[RULES_PLACE_BYTES], biased[RULES_PLACE_BYTES], debounced[RULES_PLACE_BYTES],
	     made_safe[RULES_PLACE_BYTES];
};

struct rules_feed {
	char name[RULES_NAME_BYTES], path[RULES_PATH_BYTES];
	bool is_used;
	bool is_momentary;           /* what it tells is over when it is told */
};

struct rules {
	const struct atoll_header *header;
	struct rules_settings settings; /* point to what follows */
	char control[RULES_PATH_BYTES], group[RULES_NAME_BYTES];
	bool accepts_software_pwm;
	const struct atoll_pin *forced[RULES_PINS_MAX];
	struct rules_use use[RULES_PINS_MAX];
	struct rules_feed feed[RULES_SOURCES_MAX];
	struct rules_rule rule[RULES_MAX];
	uint32_t forces, uses, feeds, rules;
};

/* The index of a source, or -1. */
int rules_find_source(const struct rules *rules, const char *name);

/* `key = value` as in other configurations: a value has no quotes, and its comment
   begins behind a blank. Changed on the way. */
int rules_parse_setting(struct rules *rules, char *line, char *equals,
			struct atoll_error *err);

/* One line, without its end and shorter than RULES_LINE_BYTES, into `rules`. -EINVAL with
   why, -ENOMEM. */
int rules_parse_line(struct rules *rules, const char *line, const char *place,
		     struct atoll_error *err);

/* `name` of the header, allowed whatever it is besides; what it cannot be nothing
   allows. */
int rules_check_force(struct rules *rules, const char *name, struct atoll_error *err);

/* `name` of the header, used as an output or an input: which of rules->use, or -EINVAL
   with why it cannot be that. */
int rules_check_pin(struct rules *rules, const char *name, bool is_output,
		    const char *place, struct atoll_error *err);

/* More of a pin that is used: 0, or -EINVAL with why not. */
int rules_check_pwm(const struct rules *rules, struct rules_use *use, uint64_t period_ns,
		    struct atoll_error *err);
int rules_check_safe(struct rules_use *use, bool is_high, const char *place,
		     struct atoll_error *err);
int rules_check_bias(struct rules_use *use, bool is_up, const char *place,
		     struct atoll_error *err);
int rules_check_debounce(struct rules_use *use, uint32_t debounce_ms, const char *place,
			 struct atoll_error *err);

#endif
