/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulses by a thread that switches a GPIO line.
 *
 *	beginning        + duty              + period
 *	    |--- pulse ----|------ pause -------|--- pulse ...
 *
 * Both ends are moments, not spans, so that a late edge does not move those after it.
 */
#include "board/pwm_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "board/clock.h"

#define PERIOD_MIN_NS 2000000
#define PERIOD_MAX_NS UINT64_C(10000000000)
#define SECOND_NS 1000000000

struct software {
	struct atoll_pwm pwm;
	struct atoll_gpio *gpio; /* the thread's, once it runs */
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t change;   /* by CLOCK_MONOTONIC */
	/* Under lock: */
	uint64_t period_ns, duty_ns;
	bool is_on, is_inversed, is_stopping;
	uint32_t changes;
	struct atoll_error trouble; /* of the line, since anybody asked */
};

static void put(struct software *s, bool is_pulse)
{
	struct atoll_error why;

	if (atoll_gpio_set(s->gpio, 1, is_pulse != s->is_inversed, &why) < 0)
		s->trouble = why;
}

/* True when it is that late; false when something has changed before. */
static bool sleep_until(struct software *s, int64_t time_ns)
{
	const struct timespec time = { .tv_sec = time_ns / SECOND_NS,
				       .tv_nsec = time_ns % SECOND_NS };
	const uint32_t changes = s->changes;
	int r = 0;

	while (s->changes == changes && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&s->change, &s->lock, &time);
	return s->changes == changes;
}

static void sleep_until_change(struct software *s)
{
	const uint32_t changes = s->changes;

	while (s->changes == changes)
		pthread_cond_wait(&s->change, &s->lock);
}

/* One period after the other, until something changes. After more than a period
   without the processor it begins anew rather than make up for what is missing. */
static void run(struct software *s)
{
	int64_t begin_ns = atoll_clock_ns();

	for (;;) {
		const int64_t late_ns = atoll_clock_ns() - begin_ns;

		if (late_ns > (int64_t)s->period_ns)
			begin_ns += late_ns;
		put(s, true);
		if (!sleep_until(s, begin_ns + (int64_t)s->duty_ns))
			return;
		put(s, false);
		begin_ns += (int64_t)s->period_ns;
		if (!sleep_until(s, begin_ns))
			return;
	}
}

static void *work(void *data)
{
	struct software *s = data;

	/* The kernel would add up to 50 us to every wait otherwise. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	pthread_mutex_lock(&s->lock);
	while (!s->is_stopping) {
		if (s->is_on && s->duty_ns > 0 && s->duty_ns < s->period_ns) {
			run(s);
		} else {
			put(s, s->is_on && s->duty_ns > 0);
			sleep_until_change(s);
		}
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* With the lock held, which is let go. */
static int change(struct software *s, struct atoll_error *err)
{
	const struct atoll_error trouble = s->trouble;

	s->trouble.code = 0;
	s->changes++;
	pthread_cond_signal(&s->change);
	pthread_mutex_unlock(&s->lock);
	if (trouble.code == 0)
		return 0;
	return atoll_error_set(err, trouble.code, "pwm: %s", trouble.text);
}

static int set(struct atoll_pwm *pwm, uint64_t period_ns, uint64_t duty_ns,
	       struct atoll_error *err)
{
	struct software *s = (struct software *)pwm;

	if (period_ns < PERIOD_MIN_NS || period_ns > PERIOD_MAX_NS)
		return atoll_error_set(err, -EINVAL,
				       "pwm: a period of %" PRIu64 " ns; a pin without a "
				       "controller is switched every 2 ms to 10 s", period_ns);
	pthread_mutex_lock(&s->lock);
	s->period_ns = period_ns;
	s->duty_ns = duty_ns;
	s->is_on = true;
	return change(s, err);
}

static int invert(struct atoll_pwm *pwm, bool is_inversed, struct atoll_error *err)
{
	struct software *s = (struct software *)pwm;

	pthread_mutex_lock(&s->lock);
	s->is_inversed = is_inversed;
	return change(s, err);
}

static int off(struct atoll_pwm *pwm, struct atoll_error *err)
{
	struct software *s = (struct software *)pwm;

	pthread_mutex_lock(&s->lock);
	s->is_on = false;
	return change(s, err);
}

static void close_software(struct atoll_pwm *pwm)
{
	struct software *s = (struct software *)pwm;

	pthread_mutex_lock(&s->lock);
	s->is_stopping = true;
	(void)change(s, NULL); /* nobody asks any more */
	pthread_join(s->thread, NULL);
	(void)atoll_gpio_set(s->gpio, 1, 0, NULL); /* likewise */
	atoll_gpio_close(s->gpio);
	pthread_cond_destroy(&s->change);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static const struct pwm_ops ops = {
	.set = set, .invert = invert, .off = off, .close = close_software, .is_software = true,
};

/* A lock, a condition and a thread, or a negative errno and none of them. */
static int start(struct software *s)
{
	pthread_condattr_t attributes;
	int r = -pthread_condattr_init(&attributes);

	if (r < 0)
		return r;
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* a clock there is */
	r = -pthread_cond_init(&s->change, &attributes);
	pthread_condattr_destroy(&attributes);
	if (r < 0)
		return r;
	r = -pthread_mutex_init(&s->lock, NULL);
	if (r == 0) {
		r = -pthread_create(&s->thread, NULL, work, s);
		if (r == 0)
			return 0;
		pthread_mutex_destroy(&s->lock);
	}
	pthread_cond_destroy(&s->change);
	return r;
}

ATOLL_API struct atoll_pwm *atoll_pwm_open_software(const struct gpio_system *system,
						    const struct atoll_gpio_line *line,
						    struct atoll_error *err)
{
	const struct atoll_gpio_options options = { .direction = ATOLL_GPIO_OUT };
	struct software *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		(void)atoll_error_set(err, -ENOMEM, "pwm: %s", strerror(ENOMEM));
		return NULL;
	}
	s->pwm.ops = &ops;
	s->gpio = atoll_gpio_open(system, line, 1, &options, err);
	if (!s->gpio) {
		free(s);
		return NULL;
	}
	r = start(s);
	if (r == 0)
		return &s->pwm;
	(void)atoll_error_set(err, r, "pwm: thread: %s", strerror(-r));
	atoll_gpio_close(s->gpio);
	free(s);
	return NULL;
}
