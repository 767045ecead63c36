/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_PWM_INSIDE_H
#define ATOLL_BOARD_PWM_INSIDE_H

#include "board/pwm.h"

/*
 * The ways to make pulses, behind one door.
 *
 *	struct software {
 *		struct atoll_pwm pwm;      first, so that one is the other
 *		...
 *	};
 *
 * `set` is given a period above 0 and a duty within it.
 */
struct pwm_ops {
	int (*set)(struct atoll_pwm *pwm, uint64_t period_ns, uint64_t duty_ns,
		   struct atoll_error *err);
	int (*invert)(struct atoll_pwm *pwm, bool is_inversed, struct atoll_error *err);
	int (*off)(struct atoll_pwm *pwm, struct atoll_error *err);
	void (*close)(struct atoll_pwm *pwm);
	bool is_software;
};

struct atoll_pwm {
	const struct pwm_ops *ops;
};

#endif
