/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that uses the first Edge TPU on USB through our driver and libusb, and
 * never gives up:
 *
 *	tpu model FILE              write a compiled model of our own
 *	tpu run FILE RUNS [PAUSE]   run it, with so many ms in between; one line for
 *	                            each: "ok", "wrong" or "failed: SENTENCE"
 *
 * What a run has to give is known from the emulator in this process. As firmware it
 * has bytes that no chip would run.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board/clock.h"
#include "runtime/edgetpu/device.h"
#include "runtime/emulator/bus.h"
#include "runtime/model.h"
#include "tests/compiled.h"

#define FIRMWARE_BYTES 10783
#define TIMEOUT_MS 2000
#define PATIENCE_MS 20000
#define LAYERS_MAX 16

struct io {
	void *input[LAYERS_MAX], *output[LAYERS_MAX];
};

static void sleep_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&time, NULL); /* a signal ends us anyway */
}

/* Waits stretch with the guest, which says by how much. */
static uint32_t slow(void)
{
	const char *text = getenv("ATOLL_VM_SLOW");
	int times = text ? atoi(text) : 1;

	return times > 0 ? (uint32_t)times : 1;
}

static int write_model(const char *path)
{
	size_t size;
	void *bytes = compiled_model(compiled_sample(COMPILED_FLAT), &size);
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		err(1, "%s", path);
	free(bytes);
	return 0;
}

static struct edgetpu_package *read_package(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);
	struct atoll_error error;
	struct edgetpu_package *package;

	if (!op)
		errx(1, "%s: not compiled for the Edge TPU", model->path);
	package = edgetpu_package_read(op->custom_options, op->custom_options_bytes, &error);
	if (!package)
		errx(1, "%s", error.text);
	if (package->main->inputs > LAYERS_MAX || package->main->outputs > LAYERS_MAX)
		errx(1, "%s: too many layers", model->path);
	return package;
}

static struct io make_io(const struct edgetpu_package *package)
{
	struct io io = { { NULL }, { NULL } };

	for (uint32_t i = 0; i < package->main->inputs; i++) {
		io.input[i] = calloc(1, package->main->input[i].bytes);
		if (!io.input[i])
			err(1, "input");
	}
	for (uint32_t i = 0; i < package->main->outputs; i++) {
		io.output[i] = calloc(1, package->main->output[i].bytes);
		if (!io.output[i])
			err(1, "output");
	}
	return io;
}

static int run(struct edgetpu_program *program, const struct io *io, struct atoll_error *error)
{
	return edgetpu_program_run(program, &(struct edgetpu_tensors){
		.input = (const void *const *)io->input, .output = io->output }, error);
}

static bool is_same(const struct edgetpu_package *package, const struct io *a,
		    const struct io *b)
{
	for (uint32_t i = 0; i < package->main->outputs; i++)
		if (memcmp(a->output[i], b->output[i], package->main->output[i].bytes) != 0)
			return false;
	return true;
}

/* What the same driver gets from the emulator next to it. */
static struct io expect(const struct edgetpu_package *package)
{
	struct atoll_error error;
	struct usb_bus *bus = emulator_bus_new(
		&(struct emulator_bus_options){ .is_time_virtual = true }, &error);
	struct emulator *tpu = bus ? emulator_new(&(struct emulator_options){ 0 }, &error) : NULL;
	struct usb_place place;
	struct edgetpu_device *device;
	struct edgetpu_program *program;
	struct io io = make_io(package);

	if (!tpu || emulator_teach(tpu, package, pattern_program(package), &error) < 0)
		errx(1, "%s", error.text);
	place = emulator_bus_plug(bus, tpu, &error);
	device = edgetpu_device_open(bus, &place, NULL, &error);
	program = device ? edgetpu_program_new(device, package, &error) : NULL;
	if (!program || run(program, &io, &error) < 0)
		errx(1, "%s", error.text);
	edgetpu_program_free(program);
	edgetpu_device_close(device);
	bus->ops->free(bus);
	return io;
}

/* The first Edge TPU, which may still be on its way. */
static struct usb_place find(struct usb_bus *bus)
{
	int64_t until = atoll_clock_ms() + PATIENCE_MS * slow();
	struct usb_found found[USB_FOUND_MAX];
	struct atoll_error error;
	uint32_t count = 0;

	while (bus->ops->list(bus, found, USB_FOUND_MAX, &count, &error) == 0 && !count &&
	       atoll_clock_ms() < until)
		sleep_ms(50);
	if (!count)
		errx(1, "no Edge TPU has come");
	return found[0].place;
}

static int run_model(const char *path, int runs, int pause_ms)
{
	static uint8_t image[FIRMWARE_BYTES] = { 1, 2, 3 };
	const struct edgetpu_firmware firmware = { .bytes = image, .size = sizeof(image) };
	struct edgetpu_device_options options = { .clock = EDGETPU_CLOCK_MAX,
		.firmware = &firmware, .timeout_ms = TIMEOUT_MS * slow() };
	struct atoll_error error = { .text = "" };
	struct atoll_model *model = atoll_model_load(path, &error);
	struct edgetpu_package *package = model ? read_package(model) : NULL;
	struct usb_bus *bus = package ? usb_bus_open(&error) : NULL;
	struct edgetpu_device *device;
	struct edgetpu_program *program;
	struct usb_place place;
	struct io wanted, io;

	if (!bus)
		errx(1, "%s", error.text);
	wanted = expect(package);
	io = make_io(package);
	place = find(bus);
	device = edgetpu_device_open(bus, &place, &options, &error);
	program = device ? edgetpu_program_new(device, package, &error) : NULL;
	if (!program)
		errx(1, "%s", error.text);
	for (int i = 0; i < runs; i++) {
		int r = run(program, &io, &error);

		if (r < 0)
			printf("failed: %s\n", error.text);
		else
			puts(is_same(package, &io, &wanted) ? "ok" : "wrong");
		(void)fflush(stdout); /* the test reads along */
		sleep_ms(pause_ms);
	}
	edgetpu_program_free(program);
	edgetpu_device_close(device);
	bus->ops->free(bus);
	edgetpu_package_free(package);
	atoll_model_free(model);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "model") == 0)
		return write_model(argv[2]);
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "run") == 0)
		return run_model(argv[2], atoi(argv[3]), argc == 5 ? atoi(argv[4]) : 0);
	errx(2, "usage: tpu model FILE | tpu run FILE RUNS [PAUSE]");
}
