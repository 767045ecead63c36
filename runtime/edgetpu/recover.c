/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ladder on which a device is brought back, from the cheapest step to the one
 * that takes seconds.
 */
#include "runtime/edgetpu/device_inside.h"

#define NS_PER_MS INT64_C(1000000)

#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS 5000

/* A cable that wobbles, a hub that resets: the device is back after a second. One
   that was pulled out is waited for once. */
#define RETURN_MS 3000
#define LOOK_MS 50

/* Enough for three resets and a download (attach.c). */
#define RECOVERY_MS 20000

static int64_t now_ns(const struct edgetpu_device *device)
{
	return device->bus->ops->clock_ns(device->bus);
}

static bool is_there(const struct edgetpu_device *device)
{
	struct usb_found found[USB_FOUND_MAX];
	uint32_t count;

	if (device->bus->ops->list(device->bus, found, USB_FOUND_MAX, &count, NULL) < 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (usb_place_equal(&found[i].place, &device->state.place))
			return true;
	return false;
}

static void wait_for_return(const struct edgetpu_device *device)
{
	int64_t end_ns = now_ns(device) + RETURN_MS * NS_PER_MS;

	while (!is_there(device) && now_ns(device) < end_ns)
		device->bus->ops->sleep_ms(device->bus, LOOK_MS);
}

/* One attempt: reset, looked for at its place, opened anew, with firmware. */
static int reopen(struct edgetpu_device *device, struct atoll_error *err)
{
	struct attach_report report = { 0 };
	struct edgetpu_device_state *state;
	int r = device_let_go(device, err);

	if (r < 0)
		return r;
	if (!device->pause_ms)
		wait_for_return(device);
	r = device_attach(device, false, RECOVERY_MS, &report, err);
	state = device_lock_state(device);
	state->resets += report.resets;
	state->downloads += report.downloads;
	state->reopens += r == 0;
	device_unlock_state(device);
	return r;
}

int device_bring_back(struct edgetpu_device *device, struct atoll_error *err)
{
	struct atoll_error *last = &device->last_failure;

	if (reopen(device, last) == 0) {
		device->pause_ms = 0;
		return 0;
	}
	device->pause_ms = device->pause_ms ? 2 * device->pause_ms : PAUSE_FIRST_MS;
	if (device->pause_ms > PAUSE_LAST_MS)
		device->pause_ms = PAUSE_LAST_MS;
	device->next_try_ns = now_ns(device) + device->pause_ms * NS_PER_MS;
	return atoll_error_set(err, last->code, "%s", last->text);
}

static int bring_back_in_time(struct edgetpu_device *device, struct atoll_error *err)
{
	int64_t left_ns = device->next_try_ns - now_ns(device);

	if (device->pause_ms && left_ns > 0)
		return atoll_error_set(err, device->last_failure.code,
				       "%s (next attempt in %d ms)", device->last_failure.text,
				       (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS));
	return device_bring_back(device, err);
}

/* The clock is set where sleep ends, and nowhere else. */
static int change_clock(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = device_end_line(device, err);

	if (r < 0)
		return r;
	device_mark_not_awake(device);
	(void)chip_sleep(device->usb, NULL); /* whether it worked shows in waking */
	return device_wake(device, err);
}

static bool mend(struct edgetpu_device *device)
{
	struct edgetpu_device_state *state;

	if (run_line_mend(device->line, NULL) < 0)
		return false;
	state = device_lock_state(device);
	state->halts_cleared++;
	state->is_awake = true;
	device_unlock_state(device);
	return true;
}

int device_make_ready(struct edgetpu_device *device, struct atoll_error *err)
{
	bool is_whole = device->line && run_line_check(device->line, NULL) == 0;

	if (device->line)
		device_count_troubles(device);
	if (!is_whole) {
		device_mark_not_awake(device);
		is_whole = device->line && mend(device);
	}
	/* Nobody else changes the clock it has. */
	if (is_whole && device->state.clock == device_clock_wanted(device))
		return 0;
	if (is_whole && change_clock(device, err) == 0)
		return 0;
	return bring_back_in_time(device, err);
}
