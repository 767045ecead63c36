/* SPDX-License-Identifier: Apache-2.0 */
#include "board/pwm_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#define SERVO_PERIOD_NS 20000000 /* what analog servos of models expect, 50 Hz */
#define SERVO_MIN_NS 1000000
#define SERVO_MAX_NS 2000000
#define SERVO_DEGREES 180

ATOLL_API void atoll_pwm_close(struct atoll_pwm *pwm)
{
	if (pwm)
		pwm->ops->close(pwm);
}

ATOLL_API bool atoll_pwm_is_software(const struct atoll_pwm *pwm)
{
	return pwm->ops->is_software;
}

ATOLL_API int atoll_pwm_set(struct atoll_pwm *pwm, uint64_t period_ns, uint64_t duty_ns,
			    struct atoll_error *err)
{
	if (period_ns == 0)
		return atoll_error_set(err, -EINVAL, "pwm: a period of 0");
	if (duty_ns > period_ns)
		return atoll_error_set(err, -EINVAL,
				       "pwm: a pulse of %" PRIu64 " ns in a period of %" PRIu64,
				       duty_ns, period_ns);
	return pwm->ops->set(pwm, period_ns, duty_ns, err);
}

ATOLL_API int atoll_pwm_invert(struct atoll_pwm *pwm, bool is_inversed,
			       struct atoll_error *err)
{
	return pwm->ops->invert(pwm, is_inversed, err);
}

ATOLL_API int atoll_pwm_off(struct atoll_pwm *pwm, struct atoll_error *err)
{
	return pwm->ops->off(pwm, err);
}

ATOLL_API int atoll_pwm_servo(struct atoll_pwm *pwm, double degrees,
			      const struct atoll_servo *servo, struct atoll_error *err)
{
	struct atoll_servo s = servo ? *servo : (struct atoll_servo){ 0 };
	double pulse_ns;

	if (s.degrees_max == 0)
		s.degrees_max = SERVO_DEGREES;
	if (s.period_ns == 0)
		s.period_ns = SERVO_PERIOD_NS;
	if (s.pulse_min_ns == 0)
		s.pulse_min_ns = SERVO_MIN_NS;
	if (s.pulse_max_ns == 0)
		s.pulse_max_ns = SERVO_MAX_NS;
	if (!(degrees >= 0 && degrees <= s.degrees_max))
		return atoll_error_set(err, -EINVAL,
				       "pwm: servo: %g degrees are not within 0 to %g",
				       degrees, s.degrees_max);
	/* One that turns the other way has its longer pulse at 0. */
	pulse_ns = (double)s.pulse_min_ns +
		((double)s.pulse_max_ns - (double)s.pulse_min_ns) * degrees / s.degrees_max;
	return atoll_pwm_set(pwm, s.period_ns, (uint64_t)llround(pulse_ns), err);
}
