/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver of the Edge TPU costs, measured against the emulator, which
 * answers with a pattern.
 *
 *	tpu run MODEL           two inferences; the second inside measured(), for
 *	                        callgrind to count
 *	tpu link MODEL...       bytes per second over a link as fast as USB 2, as share
 *	                        of what it can carry, in time that is only counted and
 *	                        in time that passes
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "apps/options.h"
#include "runtime/edgetpu/device.h"
#include "runtime/emulator/bus.h"
#include "runtime/model.h"

/* What bulk transfers reach on USB 2, of the 60e6 that the wire has. */
#define USB2_BYTES_PER_SECOND 40000000.0

#define LINK_SECONDS 1.0

struct bench {
	struct atoll_model *model;
	struct edgetpu_package *package;
	struct usb_bus *bus;
	struct edgetpu_device *device;
	struct edgetpu_program *program;
	void **memory;               /* inputs, then outputs */
	struct edgetpu_tensors tensors;
};

static const struct atoll_operator *compiled_operator(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	if (!op)
		options_could_not("%s: is not compiled for the Edge TPU", model->path);
	return op;
}

static void load(struct bench *bench, const char *path)
{
	struct atoll_error err;
	const struct atoll_operator *op;

	bench->model = atoll_model_load(path, &err);
	if (!bench->model)
		options_could_not("%s", err.text);
	op = compiled_operator(bench->model);
	bench->package = edgetpu_package_read(op->custom_options, op->custom_options_bytes, &err);
	if (!bench->package)
		options_could_not("%s: %s", path, err.text);
}

static void plug(struct bench *bench, const struct emulator_bus_options *options)
{
	const struct emulator_options chip = { .speed = USB_HIGH };
	struct atoll_error err;
	struct emulator *emulator = emulator_new(&chip, &err);
	struct usb_place place;

	bench->bus = emulator ? emulator_bus_new(options, &err) : NULL;
	if (!bench->bus ||
	    emulator_teach(emulator, bench->package, pattern_program(bench->package), &err) < 0)
		options_could_not("%s", err.text);
	place = emulator_bus_plug(bench->bus, emulator, &err);
	bench->device = place.ports ?
		edgetpu_device_open(bench->bus, &place, NULL, &err) : NULL;
	bench->program = bench->device ?
		edgetpu_program_new(bench->device, bench->package, &err) : NULL;
	if (!bench->program)
		options_could_not("%s", err.text);
}

/* Inputs with their padding, so that none has to be copied. */
static void take_memory(struct bench *bench)
{
	const struct edgetpu_executable *main = bench->package->main;
	void **memory = calloc((size_t)main->inputs + main->outputs + 1, sizeof(*memory));

	bench->memory = memory;
	for (uint32_t i = 0; i < main->inputs && memory; i++)
		memory[i] = calloc(main->input[i].executions, main->input[i].size);
	for (uint32_t i = 0; i < main->outputs && memory; i++)
		memory[main->inputs + i] = malloc(main->output[i].bytes);
	for (uint32_t i = 0; memory && i < main->inputs + main->outputs; i++)
		if (!memory[i])
			memory = NULL;
	if (!memory)
		options_could_not("no memory");
	bench->tensors = (struct edgetpu_tensors){
		.input = (const void *const *)memory, .output = memory + main->inputs,
		.is_padded = true };
}

static struct bench open_bench(const char *path, const struct emulator_bus_options *options)
{
	struct bench bench = { .model = NULL };

	load(&bench, path);
	plug(&bench, options);
	take_memory(&bench);
	return bench;
}

static void close_bench(struct bench *bench)
{
	const struct edgetpu_executable *main = bench->package->main;

	edgetpu_program_free(bench->program);
	edgetpu_device_close(bench->device);
	bench->bus->ops->free(bench->bus);
	for (uint32_t i = 0; i < main->inputs + main->outputs; i++)
		free(bench->memory[i]);
	free(bench->memory);
	edgetpu_package_free(bench->package);
	atoll_model_free(bench->model);
}

static void run(struct bench *bench)
{
	struct atoll_error err;

	if (edgetpu_program_run(bench->program, &bench->tensors, &err) < 0)
		options_could_not("%s", err.text);
}

/* A name for callgrind's --toggle-collect. */
__attribute__((noinline)) static void measured(struct bench *bench)
{
	run(bench);
}

static void run_twice(const char *path)
{
	const struct emulator_bus_options options = { .is_time_virtual = true };
	struct bench bench = open_bench(path, &options);

	run(&bench);
	measured(&bench);
	close_bench(&bench);
}

static uint64_t moved(const struct bench *bench)
{
	struct edgetpu_device_state state;

	edgetpu_device_state(bench->device, &state);
	return state.bytes_out + state.bytes_in;
}

/* Bytes per second as share of the link, after the caching run. */
static double share(const char *path, bool is_time_virtual, uint64_t *bytes)
{
	const struct emulator_bus_options options = {
		.is_time_virtual = is_time_virtual,
		.bytes_per_second = (uint64_t)USB2_BYTES_PER_SECOND };
	struct bench bench = open_bench(path, &options);
	const struct usb_ops *ops = bench.bus->ops;
	uint64_t before;
	int64_t start_ns, spent_ns;
	uint32_t runs = 0;
	double per_second;

	run(&bench);
	before = moved(&bench);
	start_ns = ops->clock_ns(bench.bus);
	do {
		run(&bench);
		runs++;
		spent_ns = ops->clock_ns(bench.bus) - start_ns;
	} while ((double)spent_ns < LINK_SECONDS * 1e9);
	per_second = (double)(moved(&bench) - before) / ((double)spent_ns / 1e9);
	*bytes = (moved(&bench) - before) / runs;
	close_bench(&bench);
	return 100 * per_second / USB2_BYTES_PER_SECOND;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void tell_link(const char *path)
{
	uint64_t bytes;
	double counted = share(path, true, &bytes), passed = share(path, false, &bytes);

	printf("%-66.66s %10llu %9.2f %9.2f\n", file_name(path), (unsigned long long)bytes,
	       counted, passed);
}

/* The end of a transfer is an interrupt where there is hardware, and the end of a
   sleep here. */
static void sleep_exactly(void)
{
	(void)prctl(PR_SET_TIMERSLACK, 1UL); /* cannot fail; the default is 50 us */
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "run") == 0) {
		run_twice(argv[2]);
	} else if (argc > 2 && strcmp(argv[1], "link") == 0) {
		sleep_exactly();
		printf("%-66s %10s %9s %9s\n", "% of the link (goal: at least 95)", "bytes/run",
		       "counted", "passed");
		for (int i = 2; i < argc; i++)
			tell_link(argv[i]);
	} else {
		fputs("Usage: tpu run MODEL | tpu link MODEL...\n", stderr);
		return 2;
	}
	return 0;
}
