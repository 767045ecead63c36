/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

struct recorder {
	struct usb_bus bus; /* first */
	struct usb_bus *inner;
	struct trace *trace;
	void (*see)(void *context, const struct usb_transfer *transfer);
	void *context;
};

struct tap {
	struct usb_device usb; /* first */
	struct usb_device *inner;
};

/* What goes over the inner bus in place of a transfer. */
struct shadow {
	struct usb_transfer inner;
	struct usb_transfer *outer;
	struct recorder *recorder;
	uint32_t record;
};

static struct recorder *recorder_of(struct usb_bus *bus)
{
	return (struct recorder *)bus;
}

static struct usb_device *inner_of(struct usb_device *usb)
{
	return ((struct tap *)usb)->inner;
}

static const struct usb_ops *ops_of(struct usb_device *usb)
{
	return recorder_of(usb->bus)->inner->ops;
}

static void note_call(struct usb_bus *bus, const char *what, int32_t argument)
{
	struct trace_record *record = trace_add(recorder_of(bus)->trace, TRACE_API);

	(void)snprintf(record->what, sizeof(record->what), "%s", what);
	record->argument = argument;
}

static int list(struct usb_bus *bus, struct usb_found *found, uint32_t room, uint32_t *count,
		struct atoll_error *err)
{
	struct usb_bus *inner = recorder_of(bus)->inner;

	return inner->ops->list(inner, found, room, count, err);
}

static int32_t product_at(struct usb_bus *bus, const struct usb_place *place)
{
	struct usb_found found[USB_FOUND_MAX];
	uint32_t count = 0;

	assert_int_equal(list(bus, found, USB_FOUND_MAX, &count, NULL), 0);
	for (uint32_t i = 0; i < count; i++)
		if (usb_place_equal(&found[i].place, place))
			return found[i].product;
	return -1;
}

static int open_device(struct usb_bus *bus, const struct usb_place *place,
		       struct usb_device **usb, struct atoll_error *err)
{
	struct usb_bus *inner = recorder_of(bus)->inner;
	struct tap *tap = calloc(1, sizeof(*tap));
	int r;

	assert_non_null(tap);
	note_call(bus, "open", product_at(bus, place));
	r = inner->ops->open(inner, place, &tap->inner, err);
	if (r < 0) {
		free(tap);
		return r;
	}
	tap->usb = *tap->inner;
	tap->usb.bus = bus;
	*usb = &tap->usb;
	return 0;
}

static void close_device(struct usb_device *usb)
{
	note_call(usb->bus, "close", -1);
	ops_of(usb)->close(inner_of(usb));
	free((struct tap *)usb);
}

static int claim(struct usb_device *usb, uint8_t interface)
{
	note_call(usb->bus, "claim_interface", interface);
	return ops_of(usb)->claim(inner_of(usb), interface);
}

static int release(struct usb_device *usb, uint8_t interface)
{
	note_call(usb->bus, "release_interface", interface);
	return ops_of(usb)->release(inner_of(usb), interface);
}

static int reset(struct usb_device *usb)
{
	note_call(usb->bus, "reset_device", -1);
	return ops_of(usb)->reset(inner_of(usb));
}

static int clear_halt(struct usb_device *usb, uint8_t endpoint)
{
	note_call(usb->bus, "clear_halt", endpoint);
	return ops_of(usb)->clear_halt(inner_of(usb), endpoint);
}

static int control(struct usb_device *usb, const struct usb_setup *setup, uint8_t *data,
		   uint32_t timeout_ms)
{
	struct trace *trace = recorder_of(usb->bus)->trace;
	struct trace_record *record = trace_add(trace, TRACE_CONTROL);
	int r = ops_of(usb)->control(inner_of(usb), setup, data, timeout_ms);

	record->setup = *setup;
	record->is_complete = r >= 0;
	trace_set_bytes(record, data, r > 0 ? (uint32_t)r : 0);
	return r;
}

static void is_done(struct usb_transfer *inner)
{
	struct shadow *shadow = inner->context;
	struct trace_record *record = &shadow->recorder->trace->record[shadow->record];
	struct usb_transfer *outer = shadow->outer;

	outer->status = inner->status;
	outer->actual = inner->actual;
	record->is_complete = inner->status == 0;
	if (record->kind == TRACE_IN) {
		trace_set_bytes(record, inner->data, inner->actual);
		record->bytes = malloc((size_t)inner->actual + 1);
		assert_non_null(record->bytes);
		memcpy(record->bytes, inner->data, inner->actual);
	}
	outer->done(outer);
}

static int submit(struct usb_device *usb, struct usb_transfer *outer)
{
	struct recorder *recorder = recorder_of(usb->bus);
	struct shadow *shadow = outer->handle;
	bool is_in = outer->endpoint & 0x80;
	struct trace_record *record;
	int r;

	if (!shadow) {
		shadow = calloc(1, sizeof(*shadow));
		assert_non_null(shadow);
		*shadow = (struct shadow){ .outer = outer, .recorder = recorder,
			.inner = { .done = is_done, .context = shadow } };
		outer->handle = shadow;
	}
	shadow->inner.endpoint = outer->endpoint;
	shadow->inner.data = outer->data;
	shadow->inner.length = outer->length;
	shadow->inner.timeout_ms = outer->timeout_ms;

	if (!is_in && recorder->see)
		recorder->see(recorder->context, outer);
	record = trace_add(recorder->trace, is_in ? TRACE_IN : TRACE_OUT);
	record->endpoint = outer->endpoint;
	if (is_in)
		record->requested = outer->length;
	else
		trace_set_bytes(record, outer->data, outer->length);
	shadow->record = recorder->trace->records - 1;
	r = ops_of(usb)->submit(inner_of(usb), &shadow->inner);
	return r;
}

static void cancel(struct usb_device *usb, struct usb_transfer *outer)
{
	struct shadow *shadow = outer->handle;

	ops_of(usb)->cancel(inner_of(usb), &shadow->inner);
}

static void forget(struct usb_device *usb, struct usb_transfer *outer)
{
	struct shadow *shadow = outer->handle;

	if (!shadow)
		return;
	ops_of(usb)->forget(inner_of(usb), &shadow->inner);
	free(shadow);
	outer->handle = NULL;
}

static int wait(struct usb_device *usb, uint32_t timeout_ms)
{
	return ops_of(usb)->wait(inner_of(usb), timeout_ms);
}

static void *alloc(struct usb_device *usb, size_t bytes)
{
	return ops_of(usb)->alloc(inner_of(usb), bytes);
}

static void dealloc(struct usb_device *usb, void *memory, size_t bytes)
{
	ops_of(usb)->dealloc(inner_of(usb), memory, bytes);
}

static int64_t clock_ns(struct usb_bus *bus)
{
	struct usb_bus *inner = recorder_of(bus)->inner;

	return inner->ops->clock_ns(inner);
}

static void sleep_ms(struct usb_bus *bus, uint32_t ms)
{
	struct usb_bus *inner = recorder_of(bus)->inner;

	inner->ops->sleep_ms(inner, ms);
}

static void free_bus(struct usb_bus *bus)
{
	struct recorder *recorder = recorder_of(bus);

	recorder->inner->ops->free(recorder->inner);
	free(recorder);
}

struct usb_bus *recorder_new(struct usb_bus *inner, struct trace *trace)
{
	static const struct usb_ops ops = {
		.list = list, .open = open_device, .close = close_device, .claim = claim,
		.release = release, .reset = reset, .clear_halt = clear_halt,
		.control = control, .submit = submit, .cancel = cancel, .wait = wait,
		.forget = forget, .alloc = alloc, .dealloc = dealloc, .clock_ns = clock_ns,
		.sleep_ms = sleep_ms, .free = free_bus,
	};
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	assert_non_null(recorder);
	*recorder = (struct recorder){ .bus.ops = &ops, .inner = inner, .trace = trace };
	return &recorder->bus;
}

void recorder_mark(struct usb_bus *bus, const char *text)
{
	struct trace_record *record = trace_add(recorder_of(bus)->trace, TRACE_MARK);

	(void)snprintf(record->what, sizeof(record->what), "%s", text);
}

void recorder_on_send(struct usb_bus *bus,
		      void (*see)(void *context, const struct usb_transfer *transfer),
		      void *context)
{
	recorder_of(bus)->see = see;
	recorder_of(bus)->context = context;
}
