/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_PWM_H
#define ATOLL_BOARD_PWM_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "board/gpio.h"
#include "board/header.h"

/*
 * Pulse width modulation: through the kernel's sysfs where the pin has it, else by a
 * thread that switches a GPIO line.
 *
 *	struct atoll_pwm *pwm = atoll_pwm_open(NULL, place, &err);
 *
 *	r = atoll_pwm_set(pwm, 20000000, 1500000, &err);
 *	r = atoll_pwm_servo(pwm, 90.0, &servo, &err);
 *	atoll_pwm_close(pwm);
 *
 * Close stops it, low, and gives the channel back if open took it. The thread is for
 * a few hundred hertz: it wakes twice a period, its edges come as late as the
 * machine is busy, and atoll_pwm_is_software() says so. One handle, one thread at a
 * time.
 */
struct atoll_pwm;

/* `sysfs` is "/sys" where NULL. -ENODEV: no such controller or channel, -EBUSY,
   -EACCES and which group may. */
struct atoll_pwm *atoll_pwm_open(const char *sysfs, const struct atoll_pwm_place *place,
				 struct atoll_error *err);
/* `system` as in gpio.h. */
struct atoll_pwm *atoll_pwm_open_software(const struct gpio_system *system,
					  const struct atoll_gpio_line *line,
					  struct atoll_error *err);
void atoll_pwm_close(struct atoll_pwm *pwm); /* NULL is allowed */

/* Is a thread doing it? */
bool atoll_pwm_is_software(const struct atoll_pwm *pwm);

/* On, at once, without a moment in which the pulse is longer than the period. -EINVAL:
   duty above period, or more than the controller can (software: 2 ms to 10 s). What the
   thread finds wrong with its line the next of these calls tells. */
int atoll_pwm_set(struct atoll_pwm *pwm, uint64_t period_ns, uint64_t duty_ns,
		  struct atoll_error *err);
/* Inversed: the pulse is low. -ENOTSUP where the controller cannot; before the first
   period is set it cannot be asked, so that set says so then. */
int atoll_pwm_invert(struct atoll_pwm *pwm, bool is_inversed, struct atoll_error *err);
int atoll_pwm_off(struct atoll_pwm *pwm, struct atoll_error *err);

/* Zeros, and NULL for all of it, stand for 50 Hz, 1 ms at 0 degrees, 2 ms at 180. A
   servo that turns the other way has its longer pulse at 0. */
struct atoll_servo {
	double degrees_max;
	uint64_t period_ns, pulse_min_ns, pulse_max_ns;
};
int atoll_pwm_servo(struct atoll_pwm *pwm, double degrees, const struct atoll_servo *servo,
		    struct atoll_error *err);

#endif
