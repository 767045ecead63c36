/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_RULES_H
#define ATOLL_APPS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "board/header.h"

/*
 * Rules from events to pins: read from files, checked against the header, and carried
 * out as time passes. atoll-headerd.conf(5) is the language.
 *
 *	safe pin 16 low
 *	at start -> pin 16 high
 *	on voice "stop" -> pin 16 low
 *	on vision "cat" for 2s unless 30s -> pin 18 pulse 500ms
 *	on pin 11 rising debounce 20ms -> pin 13 toggle
 *	lost voice -> pin 16 safe
 *
 *	struct rules *rules = rules_load("/etc/atoll/headerd.conf", header, tell, NULL, &err);
 *	struct rules_run *run = rules_start(rules, &pins, NULL, now_ns);
 *
 *	rules_event(run, &(struct rules_event){ .source = "voice", .label = "stop" }, now_ns);
 *	wait until rules_next_ns(run), then rules_tick(run, now_ns);
 *	rules_stop(run, now_ns);
 *	rules_free(rules);
 *
 * No file, no socket and no pin is touched but the files of load; the clock is the
 * caller's, and one that goes back stands still. Nothing is allocated after start.
 */
struct rules;
struct rules_run;

#define RULES_MAX 128
#define RULES_ACTIONS_MAX 8      /* of one rule */
#define RULES_PINS_MAX 64
#define RULES_SOURCES_MAX 8

/*
 * The file and its drop-ins FILE.d/(*).conf; none of them has to be there. Every mistake is
 * told (NULL is allowed), as "FILE:LINE: what: why", and NULL says how many there were; a
 * whole file is never taken in part. A file that cannot be read is in `err` alone. A board
 * without a header is NULL: no pin is there. The header has to outlive the rules.
 */
typedef void rules_tell(void *data, const char *sentence);
struct rules *rules_load(const char *path, const struct atoll_header *header,
			 rules_tell *tell, void *data, struct atoll_error *err);

/* The same from memory, which is not kept. `name` stands for the file in messages. */
struct rules *rules_load_bytes(const void *bytes, size_t size, const char *name,
			       const struct atoll_header *header, rules_tell *tell,
			       void *data, struct atoll_error *err);
void rules_free(struct rules *rules); /* NULL is allowed */

/* What the files say of the daemon; NULL where they say nothing. */
struct rules_settings {
	const char *control;         /* path of the socket for control, or "off" */
	const char *group;           /* whose members may use it */
	bool may_take;               /* who uses it may also set what rules set */
};
const struct rules_settings *rules_settings(const struct rules *rules);

/* A pin that rules use, as it has to be opened. */
struct rules_pin {
	const struct atoll_pin *pin;
	bool is_output, is_high;     /* is_high: its safe level, from the start on */
	bool rising, falling;        /* edges of inputs that are asked for */
	bool is_pull_up, is_pull_down, is_pwm;
	uint32_t debounce_ms;
};
/* NULL past the last. */
const struct rules_pin *rules_pin(const struct rules *rules, uint32_t i);

/* "voice" and the like: what events are waited for, and the socket they come from.
   False past the last. */
struct rules_source {
	const char *name, *path;
};
bool rules_source(const struct rules *rules, uint32_t i, struct rules_source *source);

/* What happened. */
struct rules_event {
	const char *source;          /* "voice", "vision", or any other socket's name */
	const char *label;           /* the word, the thing that is seen */
	bool is_over;                /* the thing disappeared */
	float score;                 /* 0 where there is none */
};

/* What is done to pins; the caller tells of failures itself. Pins with is_pwm get only
   pwm, where high is a duty of the whole period and low is 0; all others only set and
   get. */
struct rules_pins {
	void (*set)(void *data, const struct rules_pin *pin, bool is_high);
	void (*pwm)(void *data, const struct rules_pin *pin, uint64_t period_ns,
		    uint64_t duty_ns);
	bool (*get)(void *data, const struct rules_pin *pin);
};

/* Carries out what is to be done at the start; the pins are open, and safe. NULL: no
   memory. */
struct rules_run *rules_start(const struct rules *rules, const struct rules_pins *pins,
			      void *data, int64_t now_ns);
/* Every output becomes safe, or what the rules say for the stop; and frees it. NULL is
   allowed. */
void rules_stop(struct rules_run *run, int64_t now_ns);

void rules_event(struct rules_run *run, const struct rules_event *event, int64_t now_ns);
/* An edge of rules_pin(i). */
void rules_edge(struct rules_run *run, uint32_t i, bool is_rising, int64_t now_ns);
/* A source is gone, or is there (again). Things that were seen are forgotten with their
   source; when it is back, what is still there has to be told as if it appeared. A source
   that was not there from the beginning may be told as lost; twice is once. */
void rules_lost(struct rules_run *run, const char *source, int64_t now_ns);
void rules_found(struct rules_run *run, const char *source, int64_t now_ns);

/* Somebody else, as through the control socket, has set rules_pin(i): what was still to
   come for it is forgotten. */
void rules_taken(struct rules_run *run, uint32_t i);

/* Something of rules_pin(i) is under way or still to come: a pulse, a blinking, an action
   that waits for its time. */
bool rules_is_busy(const struct rules_run *run, uint32_t i);

/* When something is to be done next, INT64_MAX: nothing; and doing it. */
int64_t rules_next_ns(const struct rules_run *run);
void rules_tick(struct rules_run *run, int64_t now_ns);

/* For status and tests: how often the rule of that line of a file did something. False
   past the last. */
struct rules_count {
	const char *place;           /* "FILE:LINE" */
	const char *text;            /* of the rule */
	uint64_t done;
};
bool rules_count(const struct rules_run *run, uint32_t i, struct rules_count *count);

#endif
