/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_REPLAY_H
#define ATOLL_TESTS_REPLAY_H

#include <stdint.h>

#include "runtime/edgetpu/device.h"
#include "runtime/emulator/emulator.h"
#include "tests/traces.h"

/*
 * Our driver over an emulated device that answers in patterns, written down.
 *
 *	struct replay replay;
 *
 *	replay_begin(&replay, "open_close_max_highspeed.jsonl", firmware);
 *	replay_load(&replay, "dense_256_edgetpu");
 *	replay_invoke(&replay, replay_find(&replay, "dense_256_edgetpu"));
 *	replay_end(&replay);
 *	... replay.actual, to be freed ...
 *
 * The name says how the device is found and what is asked for: "highspeed", "dfu",
 * "forced" (firmware for a device that has it), "from_reset_defaults",
 * "clock_gated", "throttled", "perf_low" and so on, "thermal_warning" and
 * "thermal_shutdown" (during the first run). Whatever goes wrong fails the test.
 */
#define REPLAY_MODELS_MAX 4
#define REPLAY_LAYERS_MAX 16

struct replay_model {
	char name[128];
	struct atoll_model *model;
	struct edgetpu_package *package;
	struct edgetpu_program *program;
	uint8_t *input[REPLAY_LAYERS_MAX], *output[REPLAY_LAYERS_MAX];
};

struct replay {
	const char *name;
	struct edgetpu_device_options options;
	struct usb_bus *bus;           /* the recorder */
	struct usb_place place;
	struct emulator *emulator;     /* the bus's */
	struct edgetpu_device *device;
	struct replay_model loaded[REPLAY_MODELS_MAX];
	uint32_t models;
	uint32_t interrupt;            /* still to be raised */
	struct trace *actual;
};

/* `name` and `firmware` must outlive the replay. */
void replay_begin(struct replay *replay, const char *name,
		  const struct edgetpu_firmware *firmware);

/* Nothing when it is open. */
void replay_open(struct replay *replay);

/* $MODELS/<model>.tflite, and the device when it is not open yet. */
void replay_load(struct replay *replay, const char *model);
struct replay_model *replay_find(struct replay *replay, const char *model);

/* The second half of replay_load, for one whose package was set. */
void replay_take(struct replay *replay, struct replay_model *loaded);

/* With input byte i = (31 i + 7) mod 256, between two marks. */
void replay_invoke(struct replay *replay, struct replay_model *loaded);

/* Close the device; all memory but `actual` is gone. */
void replay_end(struct replay *replay);

/* Not the real one, but as long. */
struct edgetpu_firmware *replay_firmware(void);

#endif
