/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device is in one of three states, and make_ready brings it to the first:
 *
 *	awake    `usb` and `line` are there, the line is whole
 *	broken   something failed: the line is there and says what, or it is not
 *	gone     `usb` is NULL
 *
 * What may be on the chip is kept by the rules of the vendor's runtime: programs
 * with the same token share its memory, and any other token evicts them all.
 */
#include "runtime/edgetpu/device.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/attach.h"
#include "runtime/edgetpu/relayout.h"
#include "runtime/edgetpu/run.h"
#include "runtime/edgetpu/turn.h"

#define NS_PER_MS INT64_C(1000000)

/* Of the vendor's runtime. */
#define TIMEOUT_MS 6000
/* Those of its exclusive devices; 8, which it has for shared ones, last 51 us at USB 2
   speed, and a process is seldom awake sooner. */
#define READS_QUEUED 32
#define READS_MAX 256

/* For all who came before; one of them may have to bring the device back. */
#define TURN_MS 60000

#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS 5000

/* A cable that wobbles, a hub that resets: the device is back after a second. One
   that was pulled out is waited for once. */
#define RETURN_MS 3000
#define LOOK_MS 50

/* Enough for three resets and a download (attach.c). */
#define RECOVERY_MS 20000

#define ALIGNMENT 64u /* of buffers: a cache line */

struct edgetpu_device {
	struct usb_bus *bus;
	struct edgetpu_device_options options;
	char name[USB_PLACE_TEXT];

	struct turn turn;               /* who has it may use what follows */
	struct usb_device *usb;
	struct run_line *line;
	uint64_t token;                 /* of the parameters on the chip, 0: none */
	uint64_t residency;             /* grows when they are forgotten */
	uint32_t pause_ms;              /* before the next attempt to bring it back */
	int64_t next_try_ns;
	struct atoll_error last_failure; /* of such an attempt */

	pthread_mutex_t lock;           /* held for moments */
	enum edgetpu_clock clock_wanted; /* under lock */
	struct edgetpu_device_state state; /* under lock */
};

struct edgetpu_program {
	struct edgetpu_device *device;
	const struct edgetpu_package *package;
	uint64_t residency;             /* of the device when its parameters went there */
	struct run_part main, caching;
	const uint8_t **input;          /* [inputs] what is sent in this run */
	struct run_sink *output;        /* [outputs] where its output goes */
	uint8_t **sent;                 /* [inputs] our own, or NULL: never needed */
	uint8_t **received;             /* [outputs] likewise */
	uint8_t *memory;                /* of those, and scratch */
};

/* Changes of the state are made between these two. */
static struct edgetpu_device_state *state_of(struct edgetpu_device *device)
{
	pthread_mutex_lock(&device->lock);
	return &device->state;
}

static void state_is_set(struct edgetpu_device *device)
{
	pthread_mutex_unlock(&device->lock);
}

static enum edgetpu_clock clock_wanted(struct edgetpu_device *device)
{
	enum edgetpu_clock clock;

	(void)state_of(device);
	clock = device->clock_wanted;
	state_is_set(device);
	return clock;
}

static int64_t now_ns(const struct edgetpu_device *device)
{
	return device->bus->ops->clock_ns(device->bus);
}

static int fail(const struct edgetpu_device *device, const struct atoll_error *why,
		struct atoll_error *err)
{
	return atoll_error_set(err, why->code, "edge TPU at %s: %s", device->name, why->text);
}

static int take_turn(struct edgetpu_device *device, struct atoll_error *err)
{
	if (turn_take(&device->turn, TURN_MS) == 0)
		return 0;
	return atoll_error_set(err, -EBUSY, "edge TPU at %s: others used it for %d s",
			       device->name, TURN_MS / 1000);
}

static void forget_parameters(struct edgetpu_device *device)
{
	device->token = 0;
	device->residency++;
}

static void is_not_awake(struct edgetpu_device *device)
{
	struct edgetpu_device_state *state = state_of(device);

	forget_parameters(device);
	state->token = 0;
	state->is_awake = false;
	state_is_set(device);
}

static void count_troubles(struct edgetpu_device *device)
{
	struct run_troubles troubles = run_line_take_troubles(device->line);
	struct edgetpu_device_state *state = state_of(device);

	state->heat_warnings += troubles.heat_warnings;
	state->heat_shutdowns += troubles.heat_shutdowns;
	state->fatal_errors += troubles.fatal_errors;
	state_is_set(device);
}

/* --- waking and letting go --- */

/* `usb` is open, and stays it. */
static int wake(struct edgetpu_device *device, struct atoll_error *err)
{
	enum edgetpu_clock clock = clock_wanted(device);
	struct edgetpu_device_state *state;
	struct atoll_error why;

	if (chip_wake(device->usb, clock, &why) < 0)
		return fail(device, &why, err);
	device->line = run_line_open(device->usb, device->options.timeout_ms,
				     device->options.reads_queued, &why);
	if (!device->line)
		return fail(device, &why, err);

	state = state_of(device);
	state->is_awake = true;
	state->clock = clock;
	state->speed = device->usb->speed;
	state_is_set(device);
	return 0;
}

static int end_line(struct edgetpu_device *device, struct atoll_error *err)
{
	if (run_line_close(device->line) < 0)
		return atoll_error_set(err, -EBUSY, "edge TPU at %s: the bus does not give "
				       "transfers back", device->name);
	device->line = NULL;
	return 0;
}

static int let_go(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = end_line(device, err);

	if (r < 0 || !device->usb)
		return r;
	(void)device->bus->ops->release(device->usb, 0); /* closing does it too */
	device->bus->ops->close(device->usb);
	device->usb = NULL;
	return 0;
}

static int attach(struct edgetpu_device *device, bool downloads_always, uint32_t patience_ms,
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
	r = wake(device, err);
	if (r < 0)
		(void)let_go(device, NULL); /* what is left then is tried again later */
	return r;
}

/* --- bringing it back --- */

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
	int r = let_go(device, err);

	if (r < 0)
		return r;
	if (!device->pause_ms)
		wait_for_return(device);
	r = attach(device, false, RECOVERY_MS, &report, err);
	state = state_of(device);
	state->resets += report.resets;
	state->downloads += report.downloads;
	state->reopens += r == 0;
	state_is_set(device);
	return r;
}

static int bring_back(struct edgetpu_device *device, struct atoll_error *err)
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
	return bring_back(device, err);
}

/* The clock is set where sleep ends, and nowhere else. */
static int change_clock(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = end_line(device, err);

	if (r < 0)
		return r;
	is_not_awake(device);
	(void)chip_sleep(device->usb, NULL); /* whether it worked shows in waking */
	return wake(device, err);
}

static bool mend(struct edgetpu_device *device)
{
	struct edgetpu_device_state *state;

	if (run_line_mend(device->line, NULL) < 0)
		return false;
	state = state_of(device);
	state->halts_cleared++;
	state->is_awake = true;
	state_is_set(device);
	return true;
}

/* The ladder, from the cheapest step to the one that takes seconds. */
static int make_ready(struct edgetpu_device *device, struct atoll_error *err)
{
	bool is_whole = device->line && run_line_check(device->line, NULL) == 0;

	if (device->line)
		count_troubles(device);
	if (!is_whole) {
		is_not_awake(device);
		is_whole = device->line && mend(device);
	}
	/* Nobody else changes the clock it has. */
	if (is_whole && device->state.clock == clock_wanted(device))
		return 0;
	if (is_whole && change_clock(device, err) == 0)
		return 0;
	return bring_back_in_time(device, err);
}

/* --- the device as others see it --- */

ATOLL_API struct edgetpu_device *edgetpu_device_open(struct usb_bus *bus,
						     const struct usb_place *place,
						     const struct edgetpu_device_options *options,
						     struct atoll_error *err)
{
	const struct edgetpu_device_options plain = { .clock = EDGETPU_CLOCK_MAX };
	struct edgetpu_device *device = calloc(1, sizeof(*device));
	struct attach_report report = { 0 };

	if (!device) {
		(void)atoll_error_set(err, -ENOMEM, "edge TPU: out of memory");
		return NULL;
	}
	device->bus = bus;
	device->options = options ? *options : plain;
	if (!device->options.timeout_ms)
		device->options.timeout_ms = TIMEOUT_MS;
	if (!device->options.reads_queued)
		device->options.reads_queued = READS_QUEUED;
	if (device->options.reads_queued > READS_MAX)
		device->options.reads_queued = READS_MAX;
	device->turn = (struct turn)TURN_INITIALIZER;
	device->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	device->residency = 1; /* programs begin with 0 */
	device->clock_wanted = device->options.clock;
	device->state.place = *place;
	(void)usb_place_text(place, device->name);

	if (attach(device, device->options.downloads_always, 0, &report, err) == 0)
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
	if (end_line(device, NULL) < 0)
		return;
	if (device->usb)
		(void)chip_sleep(device->usb, NULL); /* it may be gone, and that is fine */
	(void)let_go(device, NULL); /* no line is left to fail */
	pthread_mutex_destroy(&device->lock);
	pthread_mutex_destroy(&device->turn.lock);
	free(device);
}

ATOLL_API void edgetpu_device_set_clock(struct edgetpu_device *device, enum edgetpu_clock clock)
{
	(void)state_of(device);
	device->clock_wanted = clock;
	state_is_set(device);
}

ATOLL_API int edgetpu_device_temperature(struct edgetpu_device *device, int32_t *millidegrees,
					 struct atoll_error *err)
{
	struct atoll_error why;
	int r = take_turn(device, err);

	if (r < 0)
		return r;
	r = make_ready(device, err);
	if (r == 0) {
		r = chip_temperature(device->usb, millidegrees, &why);
		if (r < 0) {
			(void)fail(device, &why, err);
			is_not_awake(device);
			(void)let_go(device, NULL); /* otherwise the next one does it */
		}
	}
	turn_give(&device->turn);
	return r;
}

ATOLL_API int edgetpu_device_reset(struct edgetpu_device *device, struct atoll_error *err)
{
	int r = take_turn(device, err);

	if (r < 0)
		return r;
	is_not_awake(device);
	r = bring_back(device, err);
	turn_give(&device->turn);
	return r;
}

ATOLL_API void edgetpu_device_state(const struct edgetpu_device *device,
				    struct edgetpu_device_state *state)
{
	/* Nothing of it is changed but the lock. */
	struct edgetpu_device *ours = (struct edgetpu_device *)device;

	*state = *state_of(ours);
	state_is_set(ours);
}

/* --- programs --- */

/* Room behind `*used` in the memory of a program; false when sizes are nonsense. */
static bool reserve(size_t *used, size_t size)
{
	size_t rounded;

	if (__builtin_add_overflow(size, ALIGNMENT - 1, &rounded))
		return false;
	rounded -= rounded % ALIGNMENT;
	return !__builtin_add_overflow(*used, rounded, used);
}

static size_t wire_bytes(const struct edgetpu_layer *layer)
{
	size_t bytes;

	return __builtin_mul_overflow(layer->size, layer->executions, &bytes) ? SIZE_MAX : bytes;
}

/* Whether the tensor itself can always be sent. */
static bool is_always_direct(const struct edgetpu_layer *input)
{
	return edgetpu_is_plain(input) && input->bytes == wire_bytes(input);
}

static bool measure(const struct edgetpu_package *package, size_t *bytes)
{
	const struct edgetpu_executable *main = package->main;

	*bytes = 0;
	for (uint32_t i = 0; i < main->inputs; i++)
		if (!is_always_direct(&main->input[i]) &&
		    !reserve(bytes, wire_bytes(&main->input[i])))
			return false;
	for (uint32_t i = 0; i < main->outputs; i++)
		if (!edgetpu_is_plain(&main->output[i]) &&
		    !reserve(bytes, wire_bytes(&main->output[i])))
			return false;
	return reserve(bytes, main->scratch_bytes) &&
	       (!package->caching || reserve(bytes, package->caching->scratch_bytes));
}

static uint8_t *hand_out(struct edgetpu_program *program, size_t *used, size_t size)
{
	uint8_t *at = program->memory + *used;

	(void)reserve(used, size); /* measured already */
	return at;
}

static void lay_out(struct edgetpu_program *program)
{
	const struct edgetpu_executable *main = program->package->main;
	size_t used = 0;

	for (uint32_t i = 0; i < main->inputs; i++)
		if (!is_always_direct(&main->input[i]))
			program->sent[i] = hand_out(program, &used,
						    wire_bytes(&main->input[i]));
	for (uint32_t i = 0; i < main->outputs; i++)
		if (!edgetpu_is_plain(&main->output[i]))
			program->received[i] = hand_out(program, &used,
							wire_bytes(&main->output[i]));
	program->main = (struct run_part){
		.executable = main,
		.input = program->input,
		.output = program->output,
		.scratch = hand_out(program, &used, main->scratch_bytes),
	};
	if (program->package->caching)
		program->caching = (struct run_part){
			.executable = program->package->caching,
			.scratch = hand_out(program, &used,
					    program->package->caching->scratch_bytes),
		};
}

/* What is brought onto the chip comes from the package alone. */
static int check_caching(const struct edgetpu_executable *caching, struct atoll_error *err)
{
	if (!caching->token)
		return atoll_error_set(err, -EINVAL, "edge TPU: the package has parameters to "
				       "keep on the chip, but no token to know them by");
	for (uint32_t i = 0; i < caching->hints; i++)
		if (caching->hint[i].kind == EDGETPU_INPUT ||
		    caching->hint[i].kind == EDGETPU_OUTPUT)
			return atoll_error_set(err, -EINVAL, "edge TPU: the package wants tensors "
					       "before the inference (hint %u)", i);
	return 0;
}

ATOLL_API struct edgetpu_program *edgetpu_program_new(struct edgetpu_device *device,
						      const struct edgetpu_package *package,
						      struct atoll_error *err)
{
	size_t inputs = package->main->inputs, outputs = package->main->outputs, bytes;
	struct edgetpu_program *program;

	if (package->caching && check_caching(package->caching, err) < 0)
		return NULL;
	program = calloc(1, sizeof(*program));
	if (!program)
		goto no_memory;
	program->device = device;
	program->package = package;
	program->input = calloc(inputs + 1, sizeof(*program->input));
	program->sent = calloc(inputs + 1, sizeof(*program->sent));
	program->output = calloc(outputs + 1, sizeof(*program->output));
	program->received = calloc(outputs + 1, sizeof(*program->received));
	if (!program->input || !program->sent || !program->output || !program->received ||
	    !measure(package, &bytes))
		goto no_memory;
	program->memory = calloc(1, bytes + 1);
	if (!program->memory)
		goto no_memory;
	lay_out(program);
	return program;

no_memory:
	edgetpu_program_free(program);
	(void)atoll_error_set(err, -ENOMEM, "edge TPU: out of memory for a program");
	return NULL;
}

ATOLL_API void edgetpu_program_free(struct edgetpu_program *program)
{
	if (!program)
		return;
	free(program->memory);
	free(program->received);
	free(program->output);
	free(program->sent);
	free(program->input);
	free(program);
}

/* In the words of the vendor's runtime, which people have searched for. */
static int check_hints(const struct edgetpu_executable *executable, struct atoll_error *err)
{
	if (executable->is_deterministic)
		return 0;
	return atoll_error_set(err, -ENOTSUP, "Failed to execute request. Executable '%s' must "
			       "have fully deterministic DMA hints when DMA descriptors from "
			       "device are disabled.", executable->name);
}

static void gather_inputs(struct edgetpu_program *program, const struct edgetpu_tensors *tensors)
{
	const struct edgetpu_executable *main = program->package->main;

	for (uint32_t i = 0; i < main->inputs; i++) {
		const struct edgetpu_layer *layer = &main->input[i];

		if (!program->sent[i] || (tensors->is_padded && layer->executions == 1 &&
					  edgetpu_is_plain(layer))) {
			program->input[i] = tensors->input[i];
			continue;
		}
		edgetpu_to_wire(layer, tensors->input[i], program->sent[i]);
		program->input[i] = program->sent[i];
	}
}

static void place_outputs(struct edgetpu_program *program, const struct edgetpu_tensors *tensors)
{
	const struct edgetpu_executable *main = program->package->main;

	for (uint32_t i = 0; i < main->outputs; i++) {
		if (!tensors->output[i])
			program->output[i] = (struct run_sink){ 0 };
		else if (program->received[i])
			program->output[i] = (struct run_sink){ program->received[i],
								wire_bytes(&main->output[i]) };
		else
			program->output[i] = (struct run_sink){ tensors->output[i],
								main->output[i].bytes };
	}
}

static void unfold_outputs(struct edgetpu_program *program, const struct edgetpu_tensors *tensors)
{
	const struct edgetpu_executable *main = program->package->main;

	for (uint32_t i = 0; i < main->outputs; i++)
		if (tensors->output[i] && program->received[i])
			edgetpu_from_wire(&main->output[i], program->received[i],
					  tensors->output[i]);
}

static void account(struct edgetpu_device *device, int r, bool is_caching)
{
	const struct run_report *report = run_line_report(device->line);
	struct edgetpu_device_state *state = state_of(device);

	state->runs += r == 0;
	state->failures += r < 0;
	state->caching_runs += r == 0 && is_caching;
	state->bytes_out += report->bytes_out;
	state->bytes_in += report->bytes_in;
	state->sent_ns = (uint64_t)report->sent_ns;
	state->answered_ns = (uint64_t)report->answered_ns;
	state->run_ns = (uint64_t)report->run_ns;
	state->token = device->token;
	state_is_set(device);
	count_troubles(device);
}

/* Parameters first, unless they are there. */
static int run_on_chip(struct edgetpu_program *program, struct atoll_error *err)
{
	struct edgetpu_device *device = program->device;
	const struct edgetpu_package *package = program->package;
	uint64_t token = package->main->token;
	struct run_part part[2];
	struct atoll_error why;
	uint32_t parts = 0;
	int r;

	if (!token || token != device->token)
		forget_parameters(device);
	if (package->caching && program->residency != device->residency) {
		device->token = package->caching->token;
		program->residency = device->residency;
		part[parts++] = program->caching;
	}
	part[parts++] = program->main;

	r = run_parts(device->line, part, parts, &why);
	account(device, r, parts == 2);
	if (r == 0)
		return 0;
	is_not_awake(device);
	return fail(device, &why, err);
}

ATOLL_API int edgetpu_program_run(struct edgetpu_program *program,
				  const struct edgetpu_tensors *tensors, struct atoll_error *err)
{
	struct edgetpu_device *device = program->device;
	int r = check_hints(program->package->main, err);

	if (r == 0 && program->package->caching)
		r = check_hints(program->package->caching, err);
	if (r < 0)
		return r;
	gather_inputs(program, tensors);
	place_outputs(program, tensors);

	r = take_turn(device, err);
	if (r < 0)
		return r;
	r = make_ready(device, err);
	if (r == 0)
		r = run_on_chip(program, err);
	turn_give(&device->turn);
	if (r == 0)
		unfold_outputs(program, tensors);
	return r;
}
