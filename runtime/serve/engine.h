/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SERVE_ENGINE_H
#define ATOLL_RUNTIME_SERVE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/device.h"
#include "runtime/serve/program.h"
#include "runtime/serve/status.h"

/*
 * What a worker works with: an Edge TPU, or the CPU.
 *
 *	struct engine *engine = engine_tpu_new(&tpu, &err);
 *
 *	r = engine->ops->raise(engine, &err);
 *	loaded = engine->ops->load(engine, program, &err);
 *	r = engine->ops->run(engine, loaded, &tensors, &err);
 *	engine->ops->unload(engine, loaded);
 *	engine->ops->free(engine);
 *
 * All calls come from one thread at a time: the worker's.
 */
struct engine_tensors {
	void *const *input;      /* [inputs] at least as long as on the wire */
	void *const *output;     /* [outputs] without states, whose next value goes
				    back to their inputs */
};

struct engine {
	const struct engine_ops *ops;
	char name[48];           /* "usb:1-1.4", "cpu" */
	bool is_cpu;             /* runs only what no TPU can, and needs the twin */
	bool is_emulated;        /* a TPU that also runs what carries its graph */
};

struct engine_ops {
	/* Bring it up, or find out whether it is up again after a failed run. What is
	   loaded stays so. */
	int (*raise)(struct engine *engine, struct atoll_error *err);
	/* NULL with a sentence is the program's fault, not the engine's. */
	void *(*load)(struct engine *engine, struct program *program,
		      struct atoll_error *err);
	/* A failure is the engine's fault. */
	int (*run)(struct engine *engine, void *loaded, const struct engine_tensors *tensors,
		   struct atoll_error *err);
	void (*unload)(struct engine *engine, void *loaded);
	/* What is to be said of it: speed, clock, recoveries, temperature. */
	void (*look)(struct engine *engine, struct serve_tpu *tpu);
	/* Nothing is loaded any more. */
	void (*free)(struct engine *engine);
};

struct engine_tpu_options {
	struct usb_bus *bus;                     /* must outlive the engine */
	struct usb_place place;
	const char *name;                        /* copied */
	const struct edgetpu_firmware *firmware; /* or NULL; must outlive the engine */
	enum edgetpu_clock clock;
	uint32_t timeout_ms;                     /* of each transfer, 0: 6000 */
	/* For emulated ones, which must be told what they compute; NULL for others. */
	int (*teach)(void *teacher, const struct usb_place *place,
		     const struct program *program, struct atoll_error *err);
	void (*unteach)(void *teacher, const struct usb_place *place,
			const struct program *program);
	void *teacher;
};

struct engine *engine_tpu_new(const struct engine_tpu_options *options,
			      struct atoll_error *err);

/* Takes effect with the next run. From any thread. */
void engine_tpu_set_clock(struct engine *engine, enum edgetpu_clock clock);

/* `threads` as in session options. */
struct engine *engine_cpu_new(uint32_t threads, struct atoll_error *err);

#endif
