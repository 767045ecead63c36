/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_PLUGGED_H
#define ATOLL_TESTS_PLUGGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/edgetpu/device.h"
#include "runtime/edgetpu/package.h"
#include "runtime/emulator/bus.h"
#include "runtime/model.h"
#include "tests/compiled.h"

/*
 * Compiled models with inputs and the outputs to expect, and emulated Edge TPUs
 * that know them.
 *
 *	struct plugged_model model = plugged_sample(COMPILED_FLAT);
 *	struct plugged tpu = plugged_new(&(struct emulator_options){ 0 }, true, 1, &model);
 *
 *	device = edgetpu_device_open(tpu.bus, &tpu.place, NULL, &err);
 *	...
 *	edgetpu_program_run(program, plugged_tensors(&model), &err);
 *	plugged_check(&model);
 *	plugged_free(&tpu);
 *	plugged_model_free(&model);
 *
 * Whatever does not work fails the test. The emulator gives what pattern_program
 * says, whatever came in.
 */
struct plugged_model {
	struct atoll_model *file;        /* or NULL */
	void *options;                   /* or NULL: of the file */
	const struct edgetpu_package *package;
	struct edgetpu_package *owned;   /* the same, unless it is a variant */
	void **input, **output, **expected;
	struct edgetpu_tensors tensors;
};

struct plugged_model plugged_sample(enum compiled_sample sample);
/* Skips the test when the file is not among the test data; `name` without
   "_edgetpu.tflite". */
struct plugged_model plugged_file(const char *name);
/* Another model, with other instructions, but the same in everything else. `model`
   must outlive it. */
struct plugged_model plugged_variant(const struct plugged_model *model, uint64_t token);
void plugged_model_free(struct plugged_model *model);

/* Inputs filled (byte i is 31 i + 7), outputs spoilt. */
const struct edgetpu_tensors *plugged_tensors(struct plugged_model *model);
/* Outputs are right, inputs and what follows outputs untouched. */
void plugged_check(const struct plugged_model *model);
bool plugged_is_right(const struct plugged_model *model);

struct plugged {
	struct usb_bus *bus;
	struct usb_place place;
	struct emulator *emulator;
};

struct plugged plugged_new(const struct emulator_options *options, bool is_time_virtual,
			   uint32_t models, const struct plugged_model *model);
/* Nothing may be out. */
void plugged_free(struct plugged *tpu);

/* A script that is read, from now on. */
void plugged_faults(struct plugged *tpu, const char *script);

/* Not the vendor's, and of its size. */
const struct edgetpu_firmware *plugged_firmware(void);

#endif
