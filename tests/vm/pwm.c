/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's PWM and LEDs through our library:
 *
 *	pwm DEVICE CHANNEL          a step for each line that is read, and how it went
 *	led list
 *	led NAME SHARE
 *	led NAME trigger TRIGGER
 *
 * Steps: "set PERIOD DUTY" in ns, "servo DEGREES", "invert 1", "off".
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/led.h"
#include "board/pwm.h"

#define LEDS_MAX 16

static int step(struct atoll_pwm *pwm, const char *line, struct atoll_error *why)
{
	unsigned long long period_ns, duty_ns;
	double degrees;
	int number;

	if (sscanf(line, "set %llu %llu", &period_ns, &duty_ns) == 2)
		return atoll_pwm_set(pwm, period_ns, duty_ns, why);
	if (sscanf(line, "servo %lf", &degrees) == 1)
		return atoll_pwm_servo(pwm, degrees, NULL, why);
	if (sscanf(line, "invert %d", &number) == 1)
		return atoll_pwm_invert(pwm, number, why);
	if (strcmp(line, "off\n") == 0)
		return atoll_pwm_off(pwm, why);
	errx(2, "what is '%s'?", line);
}

static int run_pwm(const char *device, const char *channel)
{
	const struct atoll_pwm_place place = {
		.name = "pwm.test", .device = device, .channel = (uint32_t)atoi(channel) };
	struct atoll_error why;
	struct atoll_pwm *pwm = atoll_pwm_open(NULL, &place, &why);
	char line[128];

	if (!pwm)
		errx(1, "%s", why.text);
	puts("open");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		puts(step(pwm, line, &why) == 0 ? "ok" : why.text);
		fflush(stdout);
	}
	atoll_pwm_close(pwm);
	return 0;
}

static int run_led(int argc, char **argv)
{
	struct atoll_led led[LEDS_MAX];
	struct atoll_error why;
	int r;

	if (argc == 1) {
		r = atoll_led_list(NULL, led, LEDS_MAX, &why);
		for (int i = 0; i < r; i++)
			printf("%s %u of %u, %s\n", led[i].name, led[i].brightness,
			       led[i].brightness_max, led[i].trigger);
	} else if (argc == 3) {
		r = atoll_led_trigger(NULL, argv[0], argv[2], &why);
	} else {
		r = atoll_led_set(NULL, argv[0], atof(argv[1]), &why);
	}
	if (r < 0)
		errx(1, "%s", why.text);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "pwm") == 0)
		return run_pwm(argv[2], argv[3]);
	if (argc >= 3 && argc <= 5 && strcmp(argv[1], "led") == 0)
		return run_led(argc - 2, argv + 2);
	errx(2, "pwm DEVICE CHANNEL, led list, led NAME SHARE or led NAME trigger TRIGGER");
}
