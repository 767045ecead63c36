/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADERD_PINS_H
#define ATOLL_APPS_HEADERD_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/rules.h"
#include "board/error.h"
#include "board/gpio.h"
#include "board/header.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * The pins of atoll-headerd: those that rules use, and those that its clients do.
 *
 *	struct headerd_pins *pins = headerd_pins_new(&(struct headerd_pins_options){
 *		.loop = loop, .header = header, .edge = on_edge, .log = &log }, &err);
 *
 *	headerd_pins_take(pins, rules);           outputs are safe from here on
 *	headerd_pins_set(pins, pin, true);
 *	headerd_pins_tick(pins);                  each second
 *	headerd_pins_free(pins);
 *
 * A pin whose chip is not there, or goes away, is opened again as soon as it can be, as it
 * was set last; the log tells when that begins and ends. Pins are those of the header.
 */
struct headerd_pins;

/* An input has changed, or an output was set to something else. */
struct headerd_edge {
	const struct atoll_pin *pin;
	bool is_input, is_high;
	int64_t time_ns;         /* CLOCK_MONOTONIC */
	uint64_t lost;           /* edges right before it, as far as the kernel tells */
};

struct headerd_pins_options {
	struct atoll_loop *loop;
	const struct atoll_header *header; /* NULL: there are no pins */
	const struct gpio_system *system;  /* NULL: libgpiod */
	const char *sysfs;                 /* NULL: "/sys" */
	/* May set and read pins, nothing else. */
	void (*edge)(void *data, const struct headerd_edge *edge);
	void *data;
	const struct atoll_log *log;
};

/* All but the rules' pins is kept. NULL: no memory. */
struct headerd_pins *headerd_pins_new(const struct headerd_pins_options *options,
				      struct atoll_error *err);
void headerd_pins_free(struct headerd_pins *pins); /* NULL is allowed */

/*
 * The pins of these rules, in place of those of others. What is used in the same way as
 * before stays as it is; other outputs get their safe level when they are opened, and
 * nothing else in between. NULL: none.
 */
void headerd_pins_take(struct headerd_pins *pins, const struct rules *rules);
/* Since the last take: the pin stayed as it was. */
bool headerd_pins_is_kept(const struct headerd_pins *pins, const struct atoll_pin *pin);

/* For rules, of their outputs. What cannot be done is logged, and done once it can. */
void headerd_pins_set(struct headerd_pins *pins, const struct atoll_pin *pin, bool is_high);
/* The period of PWM until rules say another. */
#define HEADERD_PERIOD_NS UINT64_C(20000000)
void headerd_pins_pwm(struct headerd_pins *pins, const struct atoll_pin *pin,
		      uint64_t period_ns, uint64_t duty_ns);
bool headerd_pins_get(const struct headerd_pins *pins, const struct atoll_pin *pin);

/*
 * For clients. 0 or a negative errno with a sentence: -EPERM for what is no GPIO or
 * somebody else's, and as atoll_gpio_open has it.
 */
struct headerd_level {
	bool is_output, is_high;
	bool is_of_rules, is_of_clients; /* who has it, if not nobody */
	uint64_t period_ns, duty_ns;     /* PWM; else 0 */
};
int headerd_pins_look(struct headerd_pins *pins, const struct atoll_pin *pin,
		      struct headerd_level *level, struct atoll_error *err);
/* It becomes an output, and stays one until release. Of the rules' pins only an output,
   where `takes`. */
int headerd_pins_drive(struct headerd_pins *pins, const struct atoll_pin *pin, bool is_high,
		       bool takes, struct atoll_error *err);
int headerd_pins_release(struct headerd_pins *pins, const struct atoll_pin *pin,
			 struct atoll_error *err);
/* Its edges are told, as an input if nobody has it as an output; once for each watch an
   unwatch. */
int headerd_pins_watch(struct headerd_pins *pins, const struct atoll_pin *pin,
		       struct atoll_error *err);
void headerd_pins_unwatch(struct headerd_pins *pins, const struct atoll_pin *pin);

/* Looks whether all are still there. */
void headerd_pins_tick(struct headerd_pins *pins);

/* Of the pins somebody wants: how many, and how many are away. */
uint32_t headerd_pins_count(const struct headerd_pins *pins, uint32_t *away);

#endif
