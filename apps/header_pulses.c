/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses on a pin: by the kernel's PWM where the pin has it, else by software. */
#include <errno.h>
#include <stdlib.h>

#include "apps/header.h"
#include "apps/options.h"
#include "apps/stop.h"

#define NS_PER_S 1e9

struct pulses {
	const struct header_settings *settings;
	struct header_pins pins;      /* one; used when software switches it */
	struct header_former former;  /* likewise */
	struct atoll_pwm *pwm;
};

static const struct atoll_pwm_place *find_place(const struct atoll_header *header,
						uint32_t number)
{
	const struct atoll_pwm_place *place;

	for (uint32_t i = 0; (place = atoll_header_pwm(header, i)); i++)
		if (place->pin == number)
			return place;
	return NULL;
}

/* A pin whose PWM is not to be had is nothing that could be disturbed. */
static void open_software(struct pulses *pulses, const struct atoll_pin *pin, const char *why)
{
	struct header_settings settings = *pulses->settings;
	struct atoll_error err;

	settings.is_forced = settings.is_forced || why;
	header_pins_add(&pulses->pins, &settings, settings.rest[0], HEADER_DRIVE);
	options_say("pin %u: %s; switched by software, whose edges come as late as the "
		    "machine is busy", pin->number, why ? why : "has no PWM");
	if (settings.restores)
		header_former_read(&settings, &pulses->pins, &pulses->former);
	pulses->pwm = atoll_pwm_open_software(settings.system, &pulses->pins.line[0], &err);
	if (!pulses->pwm)
		options_could_not("%s", err.text);
}

static void open_pulses(struct pulses *pulses)
{
	const struct header_settings *settings = pulses->settings;
	struct atoll_error err;
	const struct atoll_pin *pin = atoll_header_find(settings->header, settings->rest[0],
							&err);
	const struct atoll_pwm_place *place;

	if (!pin)
		options_could_not("%s", err.text);
	place = find_place(settings->header, pin->number);
	pulses->pwm = place ? atoll_pwm_open(settings->sysfs, place, &err) : NULL;
	if (place && !pulses->pwm && err.code != -ENODEV)
		options_could_not("%s", err.text);
	if (!pulses->pwm)
		open_software(pulses, pin, place ? err.text : NULL);
	if (settings->is_inverted && atoll_pwm_invert(pulses->pwm, true, &err) < 0)
		options_could_not("%s", err.text);
}

/* What was begun goes on until the end of --for or a signal. */
static int hold(struct pulses *pulses)
{
	const bool is_software = atoll_pwm_is_software(pulses->pwm);
	struct atoll_error err;
	int status = EXIT_SUCCESS;

	(void)header_wait(header_deadline_ns(pulses->settings));
	if (atoll_pwm_off(pulses->pwm, &err) < 0) {
		options_say("%s", err.text);
		status = EXIT_COULD_NOT;
	}
	atoll_pwm_close(pulses->pwm);
	if (pulses->settings->restores && is_software &&
	    header_former_restore(pulses->settings, &pulses->pins, &pulses->former) != 0)
		status = EXIT_COULD_NOT;
	stop_end();
	return status;
}

int header_pwm(const struct header_settings *settings)
{
	struct pulses pulses = { .settings = settings };
	struct atoll_error err;
	double period_ns;

	if (settings->frequency_hz <= 0)
		options_wrong("pwm: how often? --frequency=HZ");
	if (settings->duty < 0)
		options_wrong("pwm: for which share of the time? --duty=PERCENT");
	period_ns = NS_PER_S / settings->frequency_hz;
	stop_begin();
	open_pulses(&pulses);
	if (atoll_pwm_set(pulses.pwm, (uint64_t)(period_ns + 0.5),
			  (uint64_t)(period_ns * settings->duty + 0.5), &err) < 0)
		options_could_not("%s", err.text);
	return hold(&pulses);
}

int header_servo(const struct header_settings *settings)
{
	struct pulses pulses = { .settings = settings };
	const double most = settings->servo.degrees_max;
	const double degrees = options_real("servo", settings->rest[1], 0,
					    most > 0 ? most : 180);
	struct atoll_error err;

	stop_begin();
	open_pulses(&pulses);
	if (atoll_pwm_servo(pulses.pwm, degrees, &settings->servo, &err) < 0)
		options_could_not("%s", err.text);
	return hold(&pulses);
}
