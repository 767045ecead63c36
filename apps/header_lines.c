/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of pins: read, set, and changed again and again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/header.h"
#include "apps/options.h"
#include "apps/stop.h"
#include "board/clock.h"

static void print_levels(const struct header_settings *settings,
			 const struct header_pins *pins, uint32_t levels)
{
	struct atoll_json json = { .file = stdout };

	if (!settings->wants_json) {
		for (uint32_t i = 0; i < pins->count; i++)
			puts(levels >> i & 1 ? "1" : "0");
		return;
	}
	atoll_json_array(&json, NULL);
	for (uint32_t i = 0; i < pins->count; i++) {
		atoll_json_object(&json, NULL);
		atoll_json_integer(&json, "pin", pins->pin[i]->number);
		atoll_json_string(&json, "name", pins->pin[i]->name);
		atoll_json_integer(&json, "level", levels >> i & 1);
		atoll_json_end(&json);
	}
	atoll_json_end(&json);
}

int header_get(const struct header_settings *settings)
{
	struct atoll_gpio_options options = settings->gpio;
	struct header_pins pins = { 0 };
	struct atoll_error err;
	struct atoll_gpio *gpio;
	uint32_t levels;

	header_pins_add_all(&pins, settings, HEADER_LISTEN);
	/* The kernel gives pulls only to lines whose direction is said, too. */
	options.direction = options.bias ? ATOLL_GPIO_IN : ATOLL_GPIO_AS_IS;
	gpio = header_open(settings, &pins, &options);
	if (atoll_gpio_get(gpio, &levels, &err) < 0)
		options_could_not("%s", err.text);
	atoll_gpio_close(gpio);
	print_levels(settings, &pins, levels);
	return EXIT_SUCCESS;
}

/* What is to become of the pins of `set`, bit i for pin i. */
struct orders {
	uint32_t levels, toggles;
};

/* "16=high" */
static void read_order(const struct header_settings *settings, char *text,
		       struct header_pins *pins, struct orders *orders)
{
	const uint32_t bit = UINT32_C(1) << (pins->count % ATOLL_GPIO_LINES_MAX);
	char *value = strchr(text, '=');

	if (!value)
		options_wrong("set: '%s' is not PIN=high, PIN=low or PIN=toggle", text);
	*value++ = '\0';
	if (strcmp(value, "high") == 0 || strcmp(value, "1") == 0)
		orders->levels |= bit;
	else if (strcmp(value, "toggle") == 0)
		orders->toggles |= bit;
	else if (strcmp(value, "low") != 0 && strcmp(value, "0") != 0)
		options_wrong("set: %s: '%s' is not one of high, low, 1, 0, toggle", text,
			      value);
	header_pins_add(pins, settings, text, HEADER_DRIVE);
}

int header_set(const struct header_settings *settings)
{
	struct atoll_gpio_options options = settings->gpio;
	struct header_pins pins = { 0 };
	struct header_former former = { 0 };
	struct orders orders = { 0 };
	struct atoll_gpio *gpio;
	int status = EXIT_SUCCESS;

	if (settings->restores && !settings->for_ms && !settings->holds)
		options_wrong("set: --restore needs --for or --hold");
	for (int i = 0; i < settings->rests; i++)
		read_order(settings, settings->rest[i], &pins, &orders);
	stop_begin();
	if (settings->restores || orders.toggles)
		header_former_read(settings, &pins, &former);
	options.direction = ATOLL_GPIO_OUT;
	options.levels = orders.levels |
			 (orders.toggles & (options.is_active_low ? former.levels :
								    ~former.levels));
	gpio = header_open(settings, &pins, &options);
	if (settings->for_ms || settings->holds)
		(void)header_wait(header_deadline_ns(settings)); /* a signal ends it, too */
	atoll_gpio_close(gpio);
	if (settings->restores)
		status = header_former_restore(settings, &pins, &former);
	stop_end();
	return status;
}

static void change(struct atoll_gpio *gpio, uint32_t count, bool is_high)
{
	struct atoll_error err;
	const uint32_t all = UINT32_MAX >> (ATOLL_GPIO_LINES_MAX - count);

	if (atoll_gpio_set(gpio, all, is_high ? all : 0, &err) < 0)
		options_could_not("%s", err.text);
}

/* High and low, each half a period counted from the start, so that none adds up what
   the ones before were late; low at the end. */
static void blink(const struct header_settings *settings, struct atoll_gpio *gpio,
		  uint32_t count)
{
	const int64_t half_ns = settings->period_ms * 1000000 / 2;
	const int64_t start_ns = atoll_clock_ns();
	const int64_t deadline_ns = header_deadline_ns(settings);
	int64_t next_ns = start_ns;
	bool is_high = false;

	for (uint64_t i = 0; settings->count == 0 || i < 2 * settings->count; i++) {
		is_high = !is_high;
		change(gpio, count, is_high);
		next_ns = start_ns + ((int64_t)i + 1) * half_ns;
		if (!header_wait(next_ns < deadline_ns ? next_ns : deadline_ns) ||
		    next_ns >= deadline_ns)
			break;
	}
	if (is_high)
		change(gpio, count, false);
}

int header_blink(const struct header_settings *settings)
{
	struct atoll_gpio_options options = settings->gpio;
	struct header_pins pins = { 0 };
	struct header_former former;
	struct atoll_gpio *gpio;
	int status = EXIT_SUCCESS;

	header_pins_add_all(&pins, settings, HEADER_DRIVE);
	stop_begin();
	if (settings->restores)
		header_former_read(settings, &pins, &former);
	options.direction = ATOLL_GPIO_OUT;
	gpio = header_open(settings, &pins, &options);
	blink(settings, gpio, pins.count);
	atoll_gpio_close(gpio);
	if (settings->restores)
		status = header_former_restore(settings, &pins, &former);
	stop_end();
	return status;
}
