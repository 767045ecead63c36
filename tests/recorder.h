/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_RECORDER_H
#define ATOLL_TESTS_RECORDER_H

#include "runtime/edgetpu/usb.h"
#include "tests/traces.h"

/*
 * A bus that writes down what goes over another one.
 *
 *	struct trace *trace = trace_new();
 *	struct usb_bus *bus = recorder_new(emulated, trace);
 *
 *	device = edgetpu_device_open(bus, &place, NULL, &err);
 *	recorder_mark(bus, "invoke begin");
 *	...
 *	bus->ops->free(bus);               `emulated` too; the trace stays
 *
 * For one thread. Lists, waits and memory are not written down.
 */
struct usb_bus *recorder_new(struct usb_bus *inner, struct trace *trace);

void recorder_mark(struct usb_bus *bus, const char *text);

/* Call `see` for each transfer to the device, before it is submitted. */
void recorder_on_send(struct usb_bus *bus,
		      void (*see)(void *context, const struct usb_transfer *transfer),
		      void *context);

#endif
