/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/clock.h"
#include "runtime/memory.h"
#include "runtime/serve/engine.h"

/* Reading it takes a control transfer or two; nobody needs it more often. */
#define TEMPERATURE_EVERY_MS 10000

struct tpu {
	struct engine engine;
	struct engine_tpu_options options;
	struct edgetpu_device *device;   /* NULL: not yet opened */
	atomic_int clock_wanted;
	enum edgetpu_clock clock;
	int64_t looked_ms;               /* when the temperature was read */
	bool has_temperature;
	int32_t millidegrees;
};

struct loaded {
	const struct program *program;
	struct edgetpu_program *on_device;
	bool is_taught;
	struct memory memory;
	void **output;                   /* of the package: states last, in our memory */
};

static int raise_tpu(struct engine *engine, struct atoll_error *err)
{
	struct tpu *tpu = (struct tpu *)engine;
	const struct edgetpu_device_options options = {
		.clock = tpu->clock,
		.firmware = tpu->options.firmware,
		.timeout_ms = tpu->options.timeout_ms,
	};
	int r;

	if (!tpu->device) {
		struct atoll_error why = { .code = -ENODEV };

		tpu->device = edgetpu_device_open(tpu->options.bus, &tpu->options.place,
						  &options, &why);
		return tpu->device ? 0 : atoll_error_set(err, why.code, "%s", why.text);
	}
	/* Whoever asks for this brings it back first. */
	r = edgetpu_device_temperature(tpu->device, &tpu->millidegrees, err);
	tpu->has_temperature = r == 0;
	tpu->looked_ms = atoll_clock_ms();
	return r;
}

static void unload(struct engine *engine, void *what)
{
	struct tpu *tpu = (struct tpu *)engine;
	struct loaded *loaded = what;

	edgetpu_program_free(loaded->on_device);
	if (loaded->is_taught)
		tpu->options.unteach(tpu->options.teacher, &tpu->options.place,
				     loaded->program);
	memory_free(&loaded->memory);
	free(loaded);
}

static int take_memory(struct loaded *loaded)
{
	const struct edgetpu_executable *main = loaded->program->package->main;

	loaded->output = memory_take(&loaded->memory, main->outputs * sizeof(void *));
	if (!loaded->output)
		return -ENOMEM;
	for (uint32_t i = loaded->program->outputs; i < main->outputs; i++) {
		loaded->output[i] = memory_take(&loaded->memory, main->output[i].bytes);
		if (!loaded->output[i])
			return -ENOMEM;
	}
	return 0;
}

static int load_on(struct tpu *tpu, struct loaded *loaded, struct atoll_error *err)
{
	if (take_memory(loaded) < 0)
		return atoll_error_set(err, -ENOMEM, "states: %s", strerror(ENOMEM));
	if (tpu->options.teach) {
		int r = tpu->options.teach(tpu->options.teacher, &tpu->options.place,
					   loaded->program, err);

		if (r < 0)
			return r;
		loaded->is_taught = true;
	}
	loaded->on_device = edgetpu_program_new(tpu->device, loaded->program->package, err);
	return loaded->on_device ? 0 : -ENOMEM;
}

static void *load(struct engine *engine, struct program *program, struct atoll_error *err)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", engine->name, strerror(ENOMEM));
		return NULL;
	}
	loaded->program = program;
	loaded->memory = MEMORY_UNLIMITED;
	/* No request of this kind is given to us; and if it were, no byte would be sent. */
	if (program->is_carried && !engine->is_emulated)
		(void)atoll_error_set(err, -ENOTSUP, "%s: " PROGRAM_IS_CARRIED, engine->name);
	else if (load_on((struct tpu *)engine, loaded, err) == 0)
		return loaded;
	unload(engine, loaded);
	return NULL;
}

static int run(struct engine *engine, void *what, const struct engine_tensors *tensors,
	       struct atoll_error *err)
{
	struct tpu *tpu = (struct tpu *)engine;
	struct loaded *loaded = what;
	const struct edgetpu_executable *main = loaded->program->package->main;
	enum edgetpu_clock clock = (enum edgetpu_clock)atomic_load(&tpu->clock_wanted);
	int r;

	if (clock != tpu->clock) {
		edgetpu_device_set_clock(tpu->device, clock);
		tpu->clock = clock;
	}
	for (uint32_t i = 0; i < loaded->program->outputs; i++)
		loaded->output[i] = tensors->output[i];
	r = edgetpu_program_run(loaded->on_device, &(struct edgetpu_tensors){
		.input = (const void *const *)tensors->input,
		.output = loaded->output,
		.is_padded = true }, err);
	if (r < 0)
		return r;
	for (uint32_t i = loaded->program->outputs; i < main->outputs; i++)
		memcpy(tensors->input[main->output[i].state_of], loaded->output[i],
		       main->output[i].bytes);
	return 0;
}

static uint32_t speed_mbit(enum usb_speed speed)
{
	switch (speed) {
	case USB_LOW:   return 1; /* 1.5 */
	case USB_FULL:  return 12;
	case USB_HIGH:  return 480;
	case USB_SUPER: return 5000;
	default:        return 0;
	}
}

static void look(struct engine *engine, struct serve_tpu *row)
{
	struct tpu *tpu = (struct tpu *)engine;
	struct edgetpu_device_state state;

	if (!tpu->device)
		return;
	edgetpu_device_state(tpu->device, &state);
	if (state.is_awake && atoll_clock_ms() - tpu->looked_ms >= TEMPERATURE_EVERY_MS) {
		tpu->looked_ms = atoll_clock_ms();
		tpu->has_temperature = edgetpu_device_temperature(tpu->device,
								  &tpu->millidegrees, NULL) == 0;
	}
	row->speed_mbit = speed_mbit(state.speed);
	row->clock = state.clock;
	row->recoveries = state.halts_cleared + state.resets + state.reopens;
	row->token = state.token;
	row->has_temperature = tpu->has_temperature;
	row->millidegrees = tpu->millidegrees;
}

static void free_tpu(struct engine *engine)
{
	edgetpu_device_close(((struct tpu *)engine)->device);
	free(engine);
}

static const struct engine_ops ops = {
	.raise = raise_tpu,
	.load = load,
	.run = run,
	.unload = unload,
	.look = look,
	.free = free_tpu,
};

struct engine *engine_tpu_new(const struct engine_tpu_options *options,
			      struct atoll_error *err)
{
	struct tpu *tpu = calloc(1, sizeof(*tpu));

	if (!tpu) {
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", options->name, strerror(ENOMEM));
		return NULL;
	}
	tpu->engine.ops = &ops;
	tpu->engine.is_emulated = options->teach != NULL;
	(void)snprintf(tpu->engine.name, sizeof(tpu->engine.name), "%s", options->name);
	tpu->options = *options;
	tpu->clock = options->clock;
	atomic_init(&tpu->clock_wanted, (int)options->clock);
	tpu->looked_ms = -TEMPERATURE_EVERY_MS;
	return &tpu->engine;
}

void engine_tpu_set_clock(struct engine *engine, enum edgetpu_clock clock)
{
	atomic_store(&((struct tpu *)engine)->clock_wanted, (int)clock);
}
