/* SPDX-License-Identifier: Apache-2.0 */
/* The pins of a command line: may they be used, and how did they stand before? */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "apps/header.h"
#include "apps/options.h"
#include "apps/stop.h"
#include "board/clock.h"

bool header_pin_is_plain(const struct atoll_pin *pin)
{
	return pin->kind == ATOLL_PIN_GPIO && pin->chip &&
	       !(pin->cautions & ATOLL_CAUTION_CONSOLE) &&
	       (!pin->role || strcasecmp(pin->role, "gpio") == 0);
}

int header_pin_check(const struct atoll_pin *pin, enum header_use use, bool is_forced,
		     struct atoll_error *err)
{
	const char *force = "; --force uses it all the same";

	if (pin->kind == ATOLL_PIN_POWER)
		return atoll_error_set(err, -EPERM, "pin %u: is power, %s", pin->number,
				       pin->name);
	if (pin->kind == ATOLL_PIN_GROUND)
		return atoll_error_set(err, -EPERM, "pin %u: is ground", pin->number);
	if (pin->kind == ATOLL_PIN_FIXED)
		return atoll_error_set(err, -EPERM, "pin %u: is %s and nothing else",
				       pin->number, pin->name);
	if (!pin->chip)
		return atoll_error_set(err, -EPERM, "pin %u: which GPIO line it is, is not known",
				       pin->number);
	if (use == HEADER_DRIVE && (pin->cautions & ATOLL_CAUTION_INPUT_ONLY))
		return atoll_error_set(err, -EPERM, "pin %u: is only an input", pin->number);
	if (is_forced)
		return 0;
	if (pin->cautions & ATOLL_CAUTION_CONSOLE)
		return atoll_error_set(err, -EPERM, "pin %u: the kernel's console is there%s",
				       pin->number, force);
	if (!header_pin_is_plain(pin))
		return atoll_error_set(err, -EPERM, "pin %u: is %s%s", pin->number, pin->role,
				       force);
	if (use == HEADER_DRIVE && (pin->cautions & ATOLL_CAUTION_SHARED))
		return atoll_error_set(err, -EPERM, "pin %u: something on the board uses it "
				       "too%s", pin->number, force);
	return 0;
}

void header_pins_add(struct header_pins *pins, const struct header_settings *settings,
		     const char *name, enum header_use use)
{
	struct atoll_error err;
	const struct atoll_pin *pin = atoll_header_find(settings->header, name, &err);

	if (!pin || header_pin_check(pin, use, settings->is_forced, &err) < 0)
		options_could_not("%s", err.text);
	for (uint32_t i = 0; i < pins->count; i++)
		if (pins->pin[i] == pin)
			options_wrong("pin %u: is there twice", pin->number);
	if (pins->count == ATOLL_GPIO_LINES_MAX)
		options_wrong("more than %d pins", ATOLL_GPIO_LINES_MAX);
	pins->pin[pins->count] = pin;
	pins->line[pins->count] = (struct atoll_gpio_line){ pin->chip, pin->line };
	pins->count++;
}

void header_pins_add_all(struct header_pins *pins, const struct header_settings *settings,
			 enum header_use use)
{
	for (int i = 0; i < settings->rests; i++)
		header_pins_add(pins, settings, settings->rest[i], use);
}

/* People know pins, not lines. NULL: it is not one of them alone. */
static const struct atoll_pin *to_blame(const struct header_settings *settings,
					const struct header_pins *pins, int code)
{
	struct atoll_gpio_info info;

	if (pins->count == 1)
		return pins->pin[0];
	for (uint32_t i = 0; code == -EBUSY && i < pins->count; i++)
		if (atoll_gpio_look(settings->system, &pins->line[i], &info, NULL) == 0 &&
		    info.is_used)
			return pins->pin[i];
	return NULL;
}

struct atoll_gpio *header_open(const struct header_settings *settings,
			       const struct header_pins *pins,
			       const struct atoll_gpio_options *options)
{
	struct atoll_error err;
	struct atoll_gpio *gpio = atoll_gpio_open(settings->system, pins->line, pins->count,
						  options, &err);
	const struct atoll_pin *pin;

	if (gpio)
		return gpio;
	pin = to_blame(settings, pins, err.code);
	if (pin)
		options_could_not("pin %u: %s", pin->number, err.text);
	options_could_not("%s", err.text);
}

void header_former_read(const struct header_settings *settings,
			const struct header_pins *pins, struct header_former *former)
{
	const struct atoll_gpio_options as_is = { .consumer = settings->gpio.consumer };
	struct atoll_error err;
	struct atoll_gpio *gpio;

	for (uint32_t i = 0; i < pins->count; i++)
		if (atoll_gpio_look(settings->system, &pins->line[i], &former->info[i],
				    &err) < 0)
			options_could_not("pin %u: %s", pins->pin[i]->number, err.text);
	gpio = header_open(settings, pins, &as_is);
	if (atoll_gpio_get(gpio, &former->levels, &err) < 0)
		options_could_not("%s", err.text);
	atoll_gpio_close(gpio);
}

int header_former_restore(const struct header_settings *settings,
			  const struct header_pins *pins,
			  const struct header_former *former)
{
	int status = EXIT_SUCCESS;

	for (uint32_t i = 0; i < pins->count; i++) {
		const struct atoll_gpio_info *info = &former->info[i];
		const struct atoll_gpio_options options = {
			.consumer = settings->gpio.consumer,
			.direction = info->is_output ? ATOLL_GPIO_OUT : ATOLL_GPIO_IN,
			.bias = info->bias,
			.drive = info->drive,
			.levels = former->levels >> i & 1,
		};
		struct atoll_error err;
		struct atoll_gpio *gpio = atoll_gpio_open(settings->system, &pins->line[i], 1,
							  &options, &err);

		if (!gpio) {
			options_say("pin %u: is not as it was: %s", pins->pin[i]->number,
				    err.text);
			status = EXIT_COULD_NOT;
		}
		atoll_gpio_close(gpio);
	}
	return status;
}

int64_t header_deadline_ns(const struct header_settings *settings)
{
	return settings->for_ms ? atoll_clock_ns() + settings->for_ms * 1000000 : INT64_MAX;
}

bool header_wait(int64_t until_ns)
{
	struct pollfd stop = { .fd = stop_fd(), .events = POLLIN };
	int64_t left_ns;

	while (!stop_wanted() && (left_ns = until_ns - atoll_clock_ns()) > 0) {
		const struct timespec left = {
			.tv_sec = (time_t)(left_ns / 1000000000),
			.tv_nsec = (long)(left_ns % 1000000000),
		};

		if (ppoll(&stop, 1, until_ns == INT64_MAX ? NULL : &left, NULL) < 0 &&
		    errno != EINTR)
			options_could_not("wait: %s", strerror(errno));
	}
	return !stop_wanted();
}
