/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/tpu.h"
#include "tests/carry.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/plugged.h"

/* The flat sample, with an output of the test's own kind, and its tensors. */
struct desk {
	struct edgetpu_layer output;
	struct edgetpu_executable main;
	struct edgetpu_package written;
	void *options;
	struct edgetpu_package *package;
	struct plugged plugged;
	struct tpu tpu;
	uint32_t left;                 /* times that leave was called */
	struct atoll_tensor in, out;
	struct atoll_tensor *input[1], *output_list[1];
	struct backend_part part;
};

static void leave(struct tpu *tpu)
{
	struct desk *desk = (struct desk *)((char *)tpu - offsetof(struct desk, tpu));

	desk->left++;
}

static void shape(struct atoll_tensor *tensor, enum atoll_type type, int32_t batches,
		  int32_t width)
{
	*tensor = (struct atoll_tensor){ .name = "", .type = type };
	assert_int_equal(atoll_tensor_reshape(tensor, 2, (const int32_t[]){ batches, width },
					      NULL), 0);
}

/* `bytes` of output as `type` come from the device. */
static void open_desk(struct desk *desk, enum edgetpu_type type, uint32_t element, float scale)
{
	const struct edgetpu_package *sample = compiled_sample(COMPILED_FLAT);
	struct plugged_model model = { 0 };
	struct atoll_error err = { 0 };
	size_t size;

	*desk = (struct desk){ .output = sample->main->output[0], .main = *sample->main,
			       .written = *sample };
	desk->output.type = type;
	desk->output.element = element;
	desk->output.z = 16 / element;
	desk->output.rank = 0;
	desk->output.zero_point = 3;
	desk->output.scale = scale;
	desk->main.output = &desk->output;
	desk->written.main = &desk->main;
	desk->options = compiled_options(&desk->written, NULL, &size);
	desk->package = edgetpu_package_read(desk->options, size, &err);
	if (!desk->package)
		fail_msg("%s", err.text);
	model.package = desk->package;
	desk->plugged = plugged_new(&(struct emulator_options){ 0 }, true, 1, &model);
	desk->tpu = (struct tpu){ .name = "usb:250-1", .leave = leave };
	desk->tpu.device = edgetpu_device_open(desk->plugged.bus, &desk->plugged.place, NULL,
					       &err);
	if (!desk->tpu.device)
		fail_msg("%s", err.text);
	desk->input[0] = &desk->in;
	desk->output_list[0] = &desk->out;
	desk->part = (struct backend_part){ .options = desk->options, .options_bytes = size,
		.inputs = 1, .input = desk->input, .outputs = 1, .output = desk->output_list };
	shape(&desk->in, ATOLL_UINT8, 1, 20);
	shape(&desk->out, ATOLL_UINT8, 1, 16);
}

static void close_desk(struct desk *desk)
{
	edgetpu_device_close(desk->tpu.device);
	plugged_free(&desk->plugged);
	edgetpu_package_free(desk->package);
	free(desk->options);
}

static struct backend_program *must_load(struct desk *desk)
{
	struct atoll_error err;
	struct backend_program *program = tpu_load(&desk->tpu, &desk->part, &err);

	if (!program)
		fail_msg("%s", err.text);
	return program;
}

static uint8_t pattern(uint32_t i)
{
	return (uint8_t)(13 * i + 5);
}

static void a_batch_is_as_many_runs(void **state)
{
	struct backend_program *program;
	struct desk desk;
	const uint8_t *out;

	(void)state;
	open_desk(&desk, EDGETPU_UINT8, 1, 1);
	shape(&desk.in, ATOLL_UINT8, 3, 20);
	shape(&desk.out, ATOLL_UINT8, 3, 16);
	program = must_load(&desk);
	assert_int_equal(program->ops->run(program, NULL), 0);
	out = desk.out.data;
	for (uint32_t i = 0; i < 48; i++)
		assert_int_equal(out[i], pattern(i % 16));
	assert_int_equal(emulator_runs(desk.plugged.emulator), 3);
	program->ops->free(program);
	assert_int_equal(desk.left, 1);
	close_desk(&desk);
}

/* q = value / scale + zero point, cut off and clamped: what the vendor's runtime
   makes of real numbers that old models give for uint8 tensors. */
static void real_outputs_of_old_models_become_uint8(void **state)
{
	struct backend_program *program;
	struct desk desk;
	const uint8_t *out;

	(void)state;
	open_desk(&desk, EDGETPU_SINGLE, 4, 1e-3f);
	shape(&desk.out, ATOLL_UINT8, 1, 4);
	program = must_load(&desk);
	assert_int_equal(program->ops->run(program, NULL), 0);
	out = desk.out.data;
	for (uint32_t i = 0; i < 4; i++) {
		uint8_t bytes[4];
		double expected;
		float value;

		for (uint32_t k = 0; k < 4; k++)
			bytes[k] = pattern(4 * i + k);
		memcpy(&value, bytes, 4);
		expected = (double)value / (double)1e-3f + 3;
		expected = expected < 0 ? 0 : expected > 255 ? 255 : expected;
		assert_int_equal(out[i], (int)expected);
	}
	program->ops->free(program);
	close_desk(&desk);
}

static void assert_refused(struct desk *desk, const char *sentence)
{
	struct atoll_error err;

	assert_null(tpu_load(&desk->tpu, &desk->part, &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(desk->left, 0);
	assert_null(desk->in.data);
	assert_null(desk->out.data);
}

static void tensors_that_do_not_fit_are_named(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk, EDGETPU_UINT8, 1, 1);
	shape(&desk.in, ATOLL_UINT8, 1, 21);
	assert_refused(&desk, "input 0 in: 21 bytes, the package has 20 or a multiple");
	shape(&desk.in, ATOLL_INT8, 1, 20);
	assert_refused(&desk, "input 0 in: type int8, the package has uint8");
	shape(&desk.in, ATOLL_UINT8, 2, 20);
	assert_refused(&desk, "output 0 is a batch of 1, input 0 one of 2");
	shape(&desk.in, ATOLL_UINT8, 1, 20);
	desk.part.outputs = 0;
	assert_refused(&desk, "1 inputs and 0 outputs, the package has 1 and 1");
	close_desk(&desk);
}

static void a_real_device_gets_nothing_that_carries_a_graph(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	uint64_t transfers;
	struct desk desk;
	void *options;
	size_t size;

	(void)state;
	open_desk(&desk, EDGETPU_UINT8, 1, 1);
	options = compiled_options(&carry->package, NULL, &size);
	desk.part.options = options;
	desk.part.options_bytes = size;
	transfers = emulator_bus_transfers(desk.plugged.bus, &desk.plugged.place);
	assert_refused(&desk, "device usb:250-1: compiled for emulated devices, with a graph in "
		       "place of instructions");
	assert_int_equal(emulator_bus_transfers(desk.plugged.bus, &desk.plugged.place),
			 transfers);
	free(options);
	carry_free(carry);
	close_desk(&desk);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_as_many_runs),
		cmocka_unit_test(real_outputs_of_old_models_become_uint8),
		cmocka_unit_test(tensors_that_do_not_fit_are_named),
		cmocka_unit_test(a_real_device_gets_nothing_that_carries_a_graph),
	};

	return CHECK_RUN(tests);
}
