/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atoll-tpu bench: where the time of a compiled model goes, to the device, in it,
 * and from it. Medians over the runs after the first, which also brings the
 * parameters.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/tpu.h"
#include "board/json.h"
#include "runtime/edgetpu/package.h"

/*
 * The most that bulk transfers can move, in bytes per second. High speed: 13
 * packets of 512 bytes in each of 8000 microframes (USB 2.0, table 5-10). Super
 * speed: 500e6 bytes after 8b/10b coding, less about 36 bytes of framing and
 * acknowledgement for each packet of 1024 (USB 3.0, chapter 7).
 */
#define HIGH_SPEED_RATE (13 * 512 * 8000.0)
#define SUPER_SPEED_RATE (500e6 * 1024 / (1024 + 36))

struct bench_figures {
	const char *model;
	enum usb_speed speed;
	enum edgetpu_clock clock;
	uint32_t runs;
	double first_ms, total_ms, send_ms, compute_ms, receive_ms;
	uint64_t bytes_out, bytes_in; /* of one run */
	double floor_ms;              /* what the link alone takes; 0: not known */
	bool is_emulated;             /* so that times say nothing of a chip */
};

/* Tensors for a program, with nothing in particular in them. */
struct tensors {
	void **input;  /* [inputs], with room for what the wire carries */
	void **output; /* [outputs] */
};

static void free_tensors(struct tensors *tensors, const struct edgetpu_executable *main)
{
	for (uint32_t i = 0; tensors->input && i < main->inputs; i++)
		free(tensors->input[i]);
	for (uint32_t i = 0; tensors->output && i < main->outputs; i++)
		free(tensors->output[i]);
	free(tensors->input);
	free(tensors->output);
}

static int take_tensors(struct tensors *tensors, const struct edgetpu_executable *main)
{
	*tensors = (struct tensors){ .input = calloc(main->inputs + 1, sizeof(void *)),
				     .output = calloc(main->outputs + 1, sizeof(void *)) };
	if (!tensors->input || !tensors->output)
		return -ENOMEM;
	for (uint32_t i = 0; i < main->inputs; i++) {
		const struct edgetpu_layer *layer = &main->input[i];
		uint8_t *bytes = calloc(layer->executions, layer->size);

		tensors->input[i] = bytes;
		if (!bytes)
			return -ENOMEM;
		for (size_t k = 0; k < layer->bytes; k++)
			bytes[k] = (uint8_t)(k * 31 + 7);
	}
	for (uint32_t i = 0; i < main->outputs; i++) {
		tensors->output[i] = calloc(1, main->output[i].bytes);
		if (!tensors->output[i])
			return -ENOMEM;
	}
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, uint32_t count)
{
	qsort(values, count, sizeof(*values), ascending);
	return values[count / 2];
}

/* time[0] to the device, [1] in it, [2] from it, [3] all: of each run. */
static int measure(struct edgetpu_device *device, struct edgetpu_program *program,
		   const struct tensors *tensors, uint32_t runs, double *time[4],
		   double *first_ms, struct atoll_error *err)
{
	const struct edgetpu_tensors io = {
		.input = (const void *const *)tensors->input, .output = tensors->output,
		.is_padded = true };
	struct edgetpu_device_state state;

	for (uint32_t i = 0; i <= runs; i++) {
		int r = edgetpu_program_run(program, &io, err);

		if (r < 0)
			return r;
		edgetpu_device_state(device, &state);
		if (i == 0) {
			*first_ms = (double)state.run_ns / 1e6;
			continue;
		}
		/* A device may answer while it is still being sent something. */
		if (state.answered_ns < state.sent_ns)
			state.answered_ns = state.sent_ns;
		time[0][i - 1] = (double)state.sent_ns / 1e6;
		time[1][i - 1] = (double)(state.answered_ns - state.sent_ns) / 1e6;
		time[2][i - 1] = (double)(state.run_ns - state.answered_ns) / 1e6;
		time[3][i - 1] = (double)state.run_ns / 1e6;
	}
	return 0;
}

static double floor_ms(enum usb_speed speed, uint64_t bytes)
{
	double rate = speed == USB_HIGH ? HIGH_SPEED_RATE :
		speed == USB_SUPER ? SUPER_SPEED_RATE : 0;

	return rate > 0 ? (double)bytes / rate * 1e3 : 0;
}

static int measure_all(struct edgetpu_device *device, struct edgetpu_program *program,
		       const struct tensors *tensors, struct bench_figures *figures,
		       struct atoll_error *err)
{
	uint32_t runs = figures->runs;
	double *values = calloc(4 * (size_t)runs, sizeof(*values));
	double *time[4] = { values, values + runs, values + 2 * (size_t)runs,
			    values + 3 * (size_t)runs };
	int r;

	if (!values)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	r = measure(device, program, tensors, runs, time, &figures->first_ms, err);
	if (r == 0) {
		figures->send_ms = median(time[0], runs);
		figures->compute_ms = median(time[1], runs);
		figures->receive_ms = median(time[2], runs);
		figures->total_ms = median(time[3], runs);
	}
	free(values);
	return r;
}

static int bench_program(struct edgetpu_device *device, const struct edgetpu_package *package,
			 uint32_t runs, struct bench_figures *figures, struct atoll_error *err)
{
	struct edgetpu_program *program = edgetpu_program_new(device, package, err);
	struct edgetpu_device_state state;
	struct tensors tensors;
	int r;

	if (!program)
		return -ENOMEM;
	figures->runs = runs;
	r = take_tensors(&tensors, package->main);
	if (r < 0)
		(void)atoll_error_set(err, r, "out of memory");
	else
		r = measure_all(device, program, &tensors, figures, err);
	free_tensors(&tensors, package->main);
	edgetpu_program_free(program);

	edgetpu_device_state(device, &state);
	figures->speed = state.speed;
	figures->clock = state.clock;
	figures->bytes_out = edgetpu_bytes_out(package->main);
	figures->bytes_in = edgetpu_bytes_in(package->main);
	figures->floor_ms = floor_ms(state.speed, figures->bytes_out + figures->bytes_in);
	return r;
}

/* More of the time goes into moving bytes than into computing. */
static bool is_transfer_bound(const struct bench_figures *figures)
{
	return figures->send_ms + figures->receive_ms > figures->compute_ms;
}

static void tell_text(const struct bench_figures *f)
{
	printf("%s: %.3f ms (first %.3f), median of %u at clock %s, %s\n", f->model,
	       f->total_ms, f->first_ms, f->runs, edgetpu_clock_text(f->clock),
	       usb_speed_text(f->speed));
	printf("  send     %9.3f ms  %9llu bytes\n", f->send_ms,
	       (unsigned long long)f->bytes_out);
	printf("  compute  %9.3f ms\n", f->compute_ms);
	printf("  receive  %9.3f ms  %9llu bytes\n", f->receive_ms,
	       (unsigned long long)f->bytes_in);
	if (f->floor_ms > 0)
		printf("  the link alone takes %.3f ms at least\n", f->floor_ms);
	if (f->is_emulated)
		printf("  emulated: times of this machine, not of an Edge TPU\n");
	else if (is_transfer_bound(f))
		printf("  transfer-bound: %s\n", f->speed == USB_HIGH ?
		       "a USB 3 port or a smaller input would help, a faster clock would not" :
		       "a smaller input would help, a faster clock would not");
}

static void tell(const struct bench_figures *f, bool wants_json)
{
	struct atoll_json json = { .file = stdout };

	if (!wants_json) {
		tell_text(f);
		return;
	}
	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "model", f->model);
	atoll_json_string(&json, "speed", usb_speed_text(f->speed));
	atoll_json_string(&json, "clock", edgetpu_clock_text(f->clock));
	atoll_json_integer(&json, "runs", f->runs);
	atoll_json_real(&json, "first_ms", f->first_ms);
	atoll_json_real(&json, "total_ms", f->total_ms);
	atoll_json_real(&json, "send_ms", f->send_ms);
	atoll_json_real(&json, "compute_ms", f->compute_ms);
	atoll_json_real(&json, "receive_ms", f->receive_ms);
	atoll_json_integer(&json, "bytes_out", (int64_t)f->bytes_out);
	atoll_json_integer(&json, "bytes_in", (int64_t)f->bytes_in);
	atoll_json_real(&json, "floor_ms", f->floor_ms);
	atoll_json_bool(&json, "is_transfer_bound", is_transfer_bound(f));
	atoll_json_bool(&json, "is_emulated", f->is_emulated);
	atoll_json_end(&json);
}

static int bench_model(const struct tpu_device *tpu, const struct tpu_model *model,
		       const struct tpu_settings *settings, struct atoll_error *err)
{
	struct bench_figures figures = {
		.model = model->model->path,
		.is_emulated = strcmp(tpu->name, "emu") == 0,
	};
	int r = tpu_teach(tpu, model->package, err);

	if (r == 0)
		r = bench_program(tpu->device, model->package, settings->runs, &figures, err);
	if (r == 0)
		tell(&figures, settings->wants_json);
	return r;
}

int tpu_bench(const struct tpu_settings *settings)
{
	struct tpu_settings device_only = *settings;
	struct tpu_model model;
	struct tpu_device tpu;
	struct atoll_error err;
	int r;

	if (settings->rests == 0)
		options_wrong("bench: which model?");
	if (tpu_model_load(&model, settings->rest[0], &err) < 0 ||
	    tpu_accepts(settings->device, model.package, &err) < 0)
		options_could_not("%s", err.text);
	device_only.rests = 0; /* the argument is no device here */
	tpu = tpu_find(&device_only);
	tpu_open(&tpu, &device_only);
	r = bench_model(&tpu, &model, settings, &err);
	if (r < 0)
		options_say("%s", err.text);
	tpu_close(&tpu);
	tpu_model_free(&model);
	return r == 0 ? EXIT_SUCCESS : EXIT_COULD_NOT;
}
