/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADER_H
#define ATOLL_APPS_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/header_pinout.h"
#include "board/gpio.h"
#include "board/header.h"
#include "board/json.h"
#include "board/pwm.h"

/*
 * The commands of atoll-header. Each takes what its command line said and returns
 * the exit status.
 */
struct header_settings {
	const struct atoll_board *board;
	const struct atoll_header *header;
	const struct gpio_system *system; /* NULL: libgpiod */
	const char *sysfs;                /* NULL: "/sys" */
	struct atoll_gpio_options gpio;   /* consumer, bias, drive, active low */
	enum atoll_gpio_edges edges;      /* watch */
	uint32_t debounce_ms;             /* likewise */
	int64_t for_ms;                   /* 0: until interrupted, where that is meant */
	int64_t period_ms;                /* blink */
	uint64_t count;                   /* watch, blink: 0 is no limit */
	double frequency_hz, duty;        /* pwm: duty is a share; below 0: not said */
	struct atoll_servo servo;
	bool is_inverted;
	bool wants_json, is_plain, skips_levels;
	bool is_forced, holds, restores;
	const char *boot;                 /* overlays; NULL: "/boot" */
	bool installs;                    /* likewise */
	char **rest;                      /* what follows the command, */
	int rests;                        /* so many */
};

int header_show(const struct header_settings *settings);   /* pinout: header_show.c */
int header_get(const struct header_settings *settings);    /* header_lines.c */
int header_set(const struct header_settings *settings);
int header_blink(const struct header_settings *settings);
int header_watch(const struct header_settings *settings);  /* header_watch.c */
int header_pwm(const struct header_settings *settings);    /* header_pulses.c */
int header_servo(const struct header_settings *settings);
int header_find(const struct header_settings *settings);   /* header_find.c */
int header_check(const struct header_settings *settings);
int header_i2c(const struct header_settings *settings);    /* header_buses.c */
int header_spi(const struct header_settings *settings);
int header_uart(const struct header_settings *settings);

/* What is known of a pin; with `now`, also how it stands. */
void header_json_pin(struct atoll_json *json, const struct atoll_pin *pin,
		     const struct pinout_pin *now);

/*
 * The device node of a bus, by what its controller is called below /sys
 * (header_buses.c).
 *
 *	struct header_node node = header_node(NULL, bus);
 *
 *	if (node.is_here)
 *		puts(node.path);
 */
struct header_node {
	bool is_here;     /* the controller is there */
	bool is_known;    /* there is a way to tell */
	char path[64];    /* "/dev/i2c-3", or empty */
};

struct header_node header_node(const char *sysfs, const struct atoll_bus *bus);

/*
 * The pins of a command line, and how they stood before (header_pins.c).
 *
 *	struct header_pins pins = { 0 };
 *	struct header_former former;
 *
 *	header_pins_add(&pins, settings, "16", HEADER_DRIVE);
 *	header_former_read(settings, &pins, &former);
 *	gpio = header_open(settings, &pins, &options);
 *	header_wait(until_ns);
 *	atoll_gpio_close(gpio);
 *	header_former_restore(settings, &pins, &former);
 *
 * What goes wrong on the way ends the program with a sentence, but for restore, which
 * goes on with the next pin and returns EXIT_COULD_NOT.
 */
enum header_use { HEADER_LISTEN, HEADER_DRIVE };

struct header_pins {
	const struct atoll_pin *pin[ATOLL_GPIO_LINES_MAX];
	struct atoll_gpio_line line[ATOLL_GPIO_LINES_MAX];
	uint32_t count;
};

struct header_former {
	struct atoll_gpio_info info[ATOLL_GPIO_LINES_MAX];
	uint32_t levels;  /* electrical ones, bit i for pin i */
};

/* May this pin be used so? 0, or -EPERM and why not. */
int header_pin_check(const struct atoll_pin *pin, enum header_use use, bool is_forced,
		     struct atoll_error *err);

/* Is it a GPIO when the board has started, as far as is known? */
bool header_pin_is_plain(const struct atoll_pin *pin);

void header_pins_add(struct header_pins *pins, const struct header_settings *settings,
		     const char *name, enum header_use use);
void header_pins_add_all(struct header_pins *pins, const struct header_settings *settings,
			 enum header_use use);

struct atoll_gpio *header_open(const struct header_settings *settings,
			       const struct header_pins *pins,
			       const struct atoll_gpio_options *options);

void header_former_read(const struct header_settings *settings,
			const struct header_pins *pins, struct header_former *former);
int header_former_restore(const struct header_settings *settings,
			  const struct header_pins *pins,
			  const struct header_former *former);

/* When the command is to end by --for, counted from now; INT64_MAX without it. */
int64_t header_deadline_ns(const struct header_settings *settings);

/* Wait until then, by atoll_clock_ns(); false when a signal wants us to stop. */
bool header_wait(int64_t until_ns);

#endif
