/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's PWM: /sys/class/pwm/pwmchipN, of which "device" tells whose it is, and
 * in it pwmM for each channel M that was exported. Values are nanoseconds.
 */
#include "board/pwm_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "board/clock.h"
#include "board/sysfs.h"

#define CHIPS_MAX 64

/* udev gives a channel to its group after it came, within some tens of milliseconds
   unless the machine is busy. */
#define SETTLE_MS 2000

struct channel {
	struct atoll_pwm pwm;
	char chip[SYSFS_PATH_BYTES];
	char path[SYSFS_PATH_BYTES];
	uint32_t number;
	bool is_ours;            /* we exported it */
	bool is_inversed;        /* wanted, once there is a period */
	bool has_polarity;       /* somebody said so */
};

/* As the kernel has it. A channel without a period cannot be told anything else. */
struct wave {
	int64_t period_ns, duty_ns, is_on;
	bool is_inversed;
};

static int tell(struct atoll_error *err, int r)
{
	if (r < 0)
		(void)atoll_error_prefix(err, "pwm");
	return r;
}

static int read_wave(const struct channel *c, struct wave *wave, struct atoll_error *err)
{
	char polarity[16] = "";
	int r = sysfs_number(c->path, "period", 0, INT64_MAX, &wave->period_ns, err);

	if (r == 0)
		r = sysfs_number(c->path, "duty_cycle", 0, INT64_MAX, &wave->duty_ns, err);
	if (r == 0)
		r = sysfs_number(c->path, "enable", 0, 1, &wave->is_on, err);
	/* Not of every controller. */
	(void)sysfs_text(c->path, "polarity", polarity, sizeof(polarity), NULL);
	wave->is_inversed = strcmp(polarity, "inversed") == 0;
	return r;
}

/* Most drivers answer -EINVAL to what they cannot do. */
static int put_polarity(const struct channel *c, bool is_inversed, struct atoll_error *err)
{
	int r = sysfs_put(c->path, "polarity", is_inversed ? "inversed" : "normal", err);

	if (r == -EINVAL || r == -ENOENT || r == -ENOSYS || r == -EOPNOTSUPP)
		return atoll_error_set(err, -ENOTSUP, "%s: this controller does not invert",
				       atoll_error_path(c->path));
	return r;
}

/* Only while it is off: kernels before 5.0 refuse it otherwise (-EBUSY). */
static int settle_polarity(const struct channel *c, struct wave *now, struct atoll_error *err)
{
	int r = 0;

	if (!c->has_polarity || c->is_inversed == now->is_inversed)
		return 0;
	if (now->is_on)
		r = sysfs_put(c->path, "enable", "0", err);
	now->is_on = 0;
	return r < 0 ? r : put_polarity(c, c->is_inversed, err);
}

/*
 * The kernel refuses a duty above the period, at every moment: a period that becomes
 * shorter comes after the duty, one that becomes longer before it. What stays as it is
 * is not written, for some drivers begin a new period each time.
 */
static int put_wave(const struct channel *c, const struct wave *now, uint64_t period_ns,
		    uint64_t duty_ns, struct atoll_error *err)
{
	const bool is_shorter = period_ns < (uint64_t)now->period_ns;
	const bool is_other_duty = duty_ns != (uint64_t)now->duty_ns;
	int r = 0;

	if (is_shorter && is_other_duty)
		r = sysfs_put_number(c->path, "duty_cycle", duty_ns, err);
	if (r == 0 && period_ns != (uint64_t)now->period_ns)
		r = sysfs_put_number(c->path, "period", period_ns, err);
	if (r == 0 && !is_shorter && is_other_duty)
		r = sysfs_put_number(c->path, "duty_cycle", duty_ns, err);
	return r;
}

static int set(struct atoll_pwm *pwm, uint64_t period_ns, uint64_t duty_ns,
	       struct atoll_error *err)
{
	struct channel *c = (struct channel *)pwm;
	struct wave now;
	int r = read_wave(c, &now, err);

	if (r == 0)
		r = put_wave(c, &now, period_ns, duty_ns, err);
	if (r == 0)
		r = settle_polarity(c, &now, err);
	if (r == 0 && !now.is_on)
		r = sysfs_put(c->path, "enable", "1", err);
	return tell(err, r);
}

static int invert(struct atoll_pwm *pwm, bool is_inversed, struct atoll_error *err)
{
	struct channel *c = (struct channel *)pwm;
	struct wave now;
	int64_t was_on;
	int r = read_wave(c, &now, err);

	c->is_inversed = is_inversed;
	c->has_polarity = true;
	if (r < 0 || now.period_ns == 0)
		return tell(err, r);
	was_on = now.is_on;
	r = settle_polarity(c, &now, err);
	c->has_polarity = r == 0;
	if (was_on && !now.is_on) { /* also when the other polarity was refused */
		const int again = sysfs_put(c->path, "enable", "1", r < 0 ? NULL : err);

		r = r < 0 ? r : again;
	}
	return tell(err, r);
}

static int off(struct atoll_pwm *pwm, struct atoll_error *err)
{
	struct channel *c = (struct channel *)pwm;
	struct wave now;
	int r = read_wave(c, &now, err);

	if (r == 0 && now.is_on)
		r = sysfs_put(c->path, "enable", "0", err);
	return tell(err, r);
}

/* What a driver does with the pin of a channel that is off is its own affair; with a
   duty of 0 it is low before. */
static void stop(const struct channel *c)
{
	struct wave now;

	if (read_wave(c, &now, NULL) < 0)
		return;
	/* What is not possible any more cannot be told to anyone. */
	if (now.duty_ns > 0)
		(void)sysfs_put(c->path, "duty_cycle", "0", NULL);
	if (now.is_on)
		(void)sysfs_put(c->path, "enable", "0", NULL);
	if (now.period_ns > 0 && now.is_inversed)
		(void)put_polarity(c, false, NULL);
}

static void close_channel(struct atoll_pwm *pwm)
{
	struct channel *c = (struct channel *)pwm;

	stop(c);
	if (c->is_ours)
		(void)sysfs_put_number(c->chip, "unexport", c->number, NULL);
	free(c);
}

static const struct pwm_ops ops = {
	.set = set, .invert = invert, .off = off, .close = close_channel,
};

/* The end of what the link says, "11008000.pwm" of "../../../11008000.pwm". */
static bool belongs_to(const char *chip, const char *device)
{
	char link[SYSFS_PATH_BYTES], target[PATH_MAX];
	const char *name;
	ssize_t length;

	if (sysfs_path(link, chip, "device", NULL) < 0)
		return false;
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	name = strrchr(target, '/');
	return strcmp(name ? name + 1 : target, device) == 0;
}

static int find_chip(struct channel *c, const char *sysfs, const struct atoll_pwm_place *place,
		     struct atoll_error *err)
{
	char chip[CHIPS_MAX][SYSFS_NAME_BYTES], all[SYSFS_PATH_BYTES];
	int64_t channels;
	int found, r = sysfs_path(all, sysfs ? sysfs : "/sys", "class/pwm", err);

	if (r < 0)
		return r;
	if (!place->device)
		return atoll_error_set(err, -ENODEV, "%s: whose it is is not known",
				       place->name);
	found = sysfs_list(all, "pwmchip", chip, CHIPS_MAX, err);
	for (int i = 0; i < found; i++) {
		r = sysfs_path(c->chip, all, chip[i], err);
		if (r < 0 || !belongs_to(c->chip, place->device))
			continue;
		r = sysfs_number(c->chip, "npwm", 0, UINT32_MAX, &channels, err);
		if (r < 0 || place->channel < channels)
			return r;
		return atoll_error_set(err, -ENODEV, "%s: %s has %" PRId64 " channels, none "
				       "is %u", place->name, place->device, channels,
				       place->channel);
	}
	if (found < 0)
		return found;
	return atoll_error_set(err, -ENODEV, "%s: this kernel has no PWM of %s; is its "
			       "overlay active?", place->name, place->device);
}

/* Wait for the next change in what is watched. */
static void drain(int fd, int64_t until_ms)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	char events[4096];
	const int64_t left_ms = until_ms - atoll_clock_ms();

	if (poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0) > 0)
		(void)!read(fd, events, sizeof(events)); /* only that there is one counts */
}

/* Until the channel's files are there and may be written to, or for SETTLE_MS: whoever
   reads them next finds out. */
static void await(const struct channel *c)
{
	const int64_t until_ms = atoll_clock_ms() + SETTLE_MS;
	char file[SYSFS_PATH_BYTES];
	int fd;

	if (sysfs_path(file, c->path, "enable", NULL) < 0)
		return;
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (fd < 0)
		return;
	do {
		/* Each time: the folder may have come only now. */
		(void)inotify_add_watch(fd, c->chip, IN_CREATE | IN_ATTRIB);
		(void)inotify_add_watch(fd, c->path, IN_CREATE | IN_ATTRIB);
		if (access(file, W_OK) == 0)
			break;
		drain(fd, until_ms);
	} while (atoll_clock_ms() < until_ms);
	(void)close(fd);
}

static int export(struct channel *c, struct atoll_error *err)
{
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), "pwm%u", c->number);
	r = sysfs_path(c->path, c->chip, name, err);
	if (r < 0 || access(c->path, F_OK) == 0)
		return r; /* somebody exported it before; let them keep it */
	r = sysfs_put_number(c->chip, "export", c->number, err);
	if (r == -EBUSY)
		return atoll_error_set(err, r, "%s: a driver of the kernel uses it",
				       atoll_error_path(c->path));
	c->is_ours = r == 0;
	if (r == 0)
		await(c);
	return r;
}

ATOLL_API struct atoll_pwm *atoll_pwm_open(const char *sysfs,
					   const struct atoll_pwm_place *place,
					   struct atoll_error *err)
{
	struct channel *c = calloc(1, sizeof(*c));
	struct wave now;
	int r;

	if (!c) {
		(void)atoll_error_set(err, -ENOMEM, "pwm: %s", strerror(ENOMEM));
		return NULL;
	}
	c->pwm.ops = &ops;
	c->number = place->channel;
	r = find_chip(c, sysfs, place, err);
	if (r == 0)
		r = export(c, err);
	if (r == 0)
		r = read_wave(c, &now, err);
	if (r == 0)
		return &c->pwm;
	(void)tell(err, r);
	if (c->is_ours)
		(void)sysfs_put_number(c->chip, "unexport", c->number, NULL);
	free(c);
	return NULL;
}
