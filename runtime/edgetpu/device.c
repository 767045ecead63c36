/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/device_inside.h"

#include <errno.h>
#include <stdlib.h>

/* Of the vendor's runtime. */
#define TIMEOUT_MS 6000
/* Those of its exclusive devices; 8, which it has for shared ones, last 51 us at USB 2
   speed, and a process is seldom awake sooner. */
#define READS_QUEUED 32
#define READS_MAX 256

/* For all who came before; one of them may have to bring the device back. */
#define TURN_MS 60000

struct edgetpu_device_state *device_lock_state(struct edgetpu_device *device)
{
	pthread_mutex_lock(&device->lock);
	return &device->state;
}

void device_unlock_state(struct edgetpu_device *device)
{
	pthread_mutex_unlock(&device->lock);
}

enum edgetpu_clock device_clock_wanted(struct edgetpu_device *device)
{
	enum edgetpu_clock clock;

	(void)device_lock_state(device);
	clock = device->clock_wanted;
	device_unlock_state(device);
	return clock;
}

int device_fail(const struct edgetpu_device *device, const struct atoll_error *why,
		struct atoll_error *err)
{
	return atoll_error_set(err, why->code, "edge TPU at %s: %s", device->name, why->text);
}

void device_forget_parameters(struct edgetpu_device *device)
{
	device->token = 0;
	device->residency++;
}

void device_mark_not_awake(struct edgetpu_device *device)
{
	struct edgetpu_device_state *state = device_lock_state(device);

	device_forget_parameters(device);
	state->token = 0;
	state->is_awake = false;
	device_unlock_state(device);
}

void device_count_troubles(struct edgetpu_device *device)
{
	struct run_troubles troubles = run_line_take_troubles(device->line);
	struct edgetpu_device_state *state = device_lock_state(device);

	state->heat_warnings += troubles.heat_warnings;
	state->heat_shutdowns += troubles.heat_shutdowns;
	state->fatal_errors += troubles.fatal_errors;
	device_unlock_state(device);
}

void device_account(struct edgetpu_device *device, int r, bool is_caching)
{
	const struct run_report *report = run_line_report(device->line);
	struct edgetpu_device_state *state = device_lock_state(device);

	state->runs += r == 0;
	state->failures += r < 0;
	state->caching_runs += r == 0 && is_caching;
	state->bytes_out += report->bytes_out;
	state->bytes_in += report->bytes_in;
	state->sent_ns = (uint64_t)report->sent_ns;
	state->answered_ns = (uint64_t)report->answered_ns;
	state->run_ns = (uint64_t)report->run_ns;
	state->token = device->token;
	device_unlock_state(device);
	device_count_troubles(device);
}

static int take_turn(struct edgetpu_device *device, struct atoll_error *err)
{
	if (turn_take(&device->turn, TURN_MS) == 0)
		return 0;
	return atoll_error_set(err, -EBUSY, "edge TPU at %s: others used it for %d s",
			       device->name, TURN_MS / 1000);
}

int device_take(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = take_turn(device, err);

	if (r < 0)
		return r;
	r = device_make_ready(device, err);
	if (r < 0)
		device_give(device);
	return r;
}

void device_give(struct edgetpu_device *device)
{
	turn_give(&device->turn);
}

/* --- waking and letting go --- */

int device_wake(struct edgetpu_device *device, struct atoll_error *err)
{
	enum edgetpu_clock clock = device_clock_wanted(device);
	struct edgetpu_device_state *state;
	struct atoll_error why;

	if (chip_wake(device->usb, clock, &why) < 0)
		return device_fail(device, &why, err);
	device->line = run_line_open(device->usb, device->options.timeout_ms,
				     device->options.reads_queued, &why);
	if (!device->line)
		return device_fail(device, &why, err);

	state = device_lock_state(device);
	state->is_awake = true;
	state->clock = clock;
	state->speed = device->usb->speed;
	device_unlock_state(device);
	return 0;
}

int device_end_line(struct edgetpu_device *device, struct atoll_error *err)
{
	if (run_line_close(device->line) < 0)
		return atoll_error_set(err, -EBUSY, "edge TPU at %s: the bus does not give "
				       "transfers back", device->name);
	device->line = NULL;
	return 0;
}

int device_let_go(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = device_end_line(device, err);

	if (r < 0 || !device->usb)
		return r;
	(void)device->bus->ops->release(device->usb, 0); /* closing does it too */
	device->bus->ops->close(device->usb);
	device->usb = NULL;
	return 0;
}

int device_attach(struct edgetpu_device *device, bool downloads_always, uint32_t patience_ms,
		  struct attach_report *report, struct atoll_error *err)
{
	const struct attach_options options = {
		.firmware = device->options.firmware,
		.downloads_always = downloads_always,
		.patience_ms = patience_ms,
	};
	int r = attach_open(device->bus, &device->state.place, &options, &device->usb, report,
			    err);

	if (r < 0)
		return r;
	r = device_wake(device, err);
	if (r < 0)
		(void)device_let_go(device, NULL); /* what is left then is tried again later */
	return r;
}

/* --- the device as others see it --- */

static struct edgetpu_device_options settle(const struct edgetpu_device_options *options)
{
	struct edgetpu_device_options settled = { .clock = EDGETPU_CLOCK_MAX };

	if (options)
		settled = *options;
	if (!settled.timeout_ms)
		settled.timeout_ms = TIMEOUT_MS;
	if (!settled.reads_queued)
		settled.reads_queued = READS_QUEUED;
	if (settled.reads_queued > READS_MAX)
		settled.reads_queued = READS_MAX;
	return settled;
}

ATOLL_API struct edgetpu_device *edgetpu_device_open(struct usb_bus *bus,
						     const struct usb_place *place,
						     const struct edgetpu_device_options *options,
						     struct atoll_error *err)
{
	struct edgetpu_device *device = calloc(1, sizeof(*device));

	if (!device) {
		(void)atoll_error_set(err, -ENOMEM, "edge TPU: out of memory");
		return NULL;
	}
	device->bus = bus;
	device->options = settle(options);
	device->turn = (struct turn)TURN_INITIALIZER;
	device->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	device->residency = 1; /* programs begin with 0 */
	device->clock_wanted = device->options.clock;
	device->state.place = *place;
	(void)usb_place_text(place, device->name);

	if (device_attach(device, device->options.downloads_always, 0, NULL, err) == 0)
		return device;
	edgetpu_device_close(device);
	return NULL;
}

ATOLL_API void edgetpu_device_close(struct edgetpu_device *device)
{
	if (!device)
		return;
	/* When the bus keeps our transfers it still has their memory: better lost
	   than written to while somebody else uses it. */
	if (device_end_line(device, NULL) < 0)
		return;
	if (device->usb)
		(void)chip_sleep(device->usb, NULL); /* it may be gone, and that is fine */
	(void)device_let_go(device, NULL); /* no line is left to fail */
	pthread_mutex_destroy(&device->lock);
	pthread_mutex_destroy(&device->turn.lock);
	free(device);
}

ATOLL_API void edgetpu_device_set_clock(struct edgetpu_device *device,
					enum edgetpu_clock clock)
{
	(void)device_lock_state(device);
	device->clock_wanted = clock;
	device_unlock_state(device);
}

ATOLL_API int edgetpu_device_temperature(struct edgetpu_device *device, int32_t *millidegrees,
					 struct atoll_error *err)
{
	struct atoll_error why;
	int r = device_take(device, err);

	if (r < 0)
		return r;
	r = chip_temperature(device->usb, millidegrees, &why);
	if (r < 0) {
		(void)device_fail(device, &why, err);
		device_mark_not_awake(device);
		(void)device_let_go(device, NULL); /* otherwise the next one does it */
	}
	device_give(device);
	return r;
}

ATOLL_API int edgetpu_device_reset(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = take_turn(device, err);

	if (r < 0)
		return r;
	device_mark_not_awake(device);
	r = device_bring_back(device, err);
	device_give(device);
	return r;
}

ATOLL_API void edgetpu_device_state(const struct edgetpu_device *device,
				    struct edgetpu_device_state *state)
{
	/* Nothing of it is changed but the lock. */
	struct edgetpu_device *ours = (struct edgetpu_device *)device;

	*state = *device_lock_state(ours);
	device_unlock_state(ours);
}
