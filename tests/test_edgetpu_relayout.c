/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/relayout.h"

#include <jansson.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "tests/check.h"
#include "tests/compiled.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One output layer as it is read, and the package that it lives in. */
struct read {
	struct edgetpu_package *package;
	void *bytes;
	const struct edgetpu_layer *layer;
};

static struct read read_output(const struct edgetpu_layer *output)
{
	struct edgetpu_package package = *compiled_sample(COMPILED_STATE);
	struct edgetpu_executable main = *package.main;
	struct atoll_error err;
	struct read read;
	size_t size;

	package.main = &main;
	main.outputs = 1;
	main.output = output;
	main.hints = 1; /* the others are of the sample's layers */
	read.bytes = compiled_options(&package, NULL, &size);
	read.package = edgetpu_package_read(read.bytes, size, &err);
	if (!read.package)
		fail_msg("%s", err.text);
	read.layer = &read.package->main->output[0];
	return read;
}

static void forget(struct read *read)
{
	edgetpu_package_free(read->package);
	free(read->bytes);
}

static struct edgetpu_layer layer_of(enum edgetpu_type type, uint32_t y, uint32_t x,
				     uint32_t z)
{
	uint32_t element = type == EDGETPU_UINT8 || type == EDGETPU_INT8 ? 1 :
			   type == EDGETPU_SINGLE ? 4 : 2;

	return (struct edgetpu_layer){
		.name = "out", .type = type, .y = y, .x = x, .z = z, .element = element,
		.is_signed = type == EDGETPU_INT8 || type == EDGETPU_INT16, .scale = 0.5f,
		.executions = 1, .state_of = -1, .bytes = (size_t)y * x * z * element,
		.size = (y * x * z * element + 7) / 8 * 8, .layout = { .is_flat = true },
	};
}

static uint8_t *noise(size_t bytes, uint64_t seed)
{
	struct check_random random = { seed };
	uint8_t *noise = malloc(bytes + 1);

	assert_non_null(noise);
	for (size_t i = 0; i < bytes; i++)
		noise[i] = (uint8_t)check_random(&random);
	return noise;
}

/* Where element (y, x, 0) lies in the stream, as the format says it. */
static size_t place(const struct edgetpu_layer *layer, uint32_t y, uint32_t x)
{
	const struct edgetpu_layout *l = &layer->layout;

	return (size_t)(l->tile_offset[l->y_tile[y] + l->x_tile[x]] +
			l->y_local[y] * l->row_size[x] + l->x_local[x]);
}

/* The posenet model of the vendor's compiler has an output of 23 x 31 x 17. */
static void a_picture_lies_in_the_stream_tile_by_tile(void **state)
{
	static const int32_t offsets[16] = {
		0, 960, 1920, 2880, 3720, 4680, 5640, 6600, 7440, 8400, 9360, 10320, 11160,
		11960, 12760, 13560,
	};
	struct edgetpu_layer layer = layer_of(EDGETPU_UINT8, 23, 31, 17);
	struct compiled_tiles tiles;
	struct read read;
	uint8_t wire[14264], tensor[23 * 31 * 17];

	(void)state;
	compiled_spread(&layer, 20, &tiles);
	read = read_output(&layer);
	assert_int_equal(read.layer->size, sizeof(wire));
	assert_memory_equal(read.layer->layout.tile_offset, offsets, sizeof(offsets));
	assert_int_equal(read.layer->layout.runs, 4);
	assert_int_equal(read.layer->layout.run[3].x, 24);
	assert_int_equal(read.layer->layout.run[3].count, 7);
	assert_int_equal(read.layer->layout.run[3].pitch, 20);
	for (size_t i = 0; i < sizeof(wire); i++)
		wire[i] = (uint8_t)(i % 251);
	edgetpu_from_wire(read.layer, wire, tensor);
	assert_int_equal(tensor[(7 * 31 + 9) * 17], 4860 % 251);
	assert_int_equal(tensor[(7 * 31 + 9) * 17 + 16], 4876 % 251);
	assert_int_equal(tensor[sizeof(tensor) - 1], (13560 + 4 * 140 + 6 * 20 + 16) % 251);
	forget(&read);
}

/* `wire` and `tensor` have exactly their bytes, for sanitizers. */
static void compare_with_formula(const struct edgetpu_layer *layer)
{
	size_t element = layer->element, pixel = layer->z * element;
	uint8_t *wire = noise(layer->size, 1), *back = malloc(layer->size);
	uint8_t *tensor = malloc(layer->bytes), *used = calloc(layer->size, 1);

	assert_true(back && tensor && used);
	edgetpu_from_wire(layer, wire, tensor);
	for (uint32_t y = 0; y < layer->y; y++)
		for (uint32_t x = 0; x < layer->x; x++)
			for (size_t i = 0; i < pixel; i++) {
				size_t at = place(layer, y, x) * element + i;
				uint8_t turn = layer->is_signed && i % element == element - 1 ?
						       0x80 : 0;

				assert_int_equal(tensor[(y * layer->x + x) * pixel + i],
						 wire[at] ^ turn);
				used[at] = 1;
			}
	edgetpu_outward(layer, tensor, back);
	for (size_t i = 0; i < layer->size; i++)
		assert_int_equal(back[i], used[i] ? wire[i] : 0);
	free(wire);
	free(back);
	free(tensor);
	free(used);
}

static void every_element_comes_from_where_the_layout_says(void **state)
{
	static const enum edgetpu_type types[] = { EDGETPU_UINT8, EDGETPU_INT8, EDGETPU_INT16,
						   EDGETPU_UINT16, EDGETPU_SINGLE };
	struct check_random random = { 7 };

	(void)state;
	for (int i = 0; i < 400; i++) {
		struct edgetpu_layer layer = layer_of(types[i % 5],
			(uint32_t)check_random_in(&random, 1, 20),
			(uint32_t)check_random_in(&random, 2, 24),
			(uint32_t)check_random_in(&random, 1, 40));
		struct compiled_tiles tiles;
		struct read read;

		compiled_spread(&layer, layer.z + (uint32_t)check_random_in(&random, 0, 9),
				&tiles);
		read = read_output(&layer);
		compare_with_formula(read.layer);
		forget(&read);
	}
}

/* Columns may lie in any order, which makes more runs, and rows too. */
static void columns_in_any_order_are_followed(void **state)
{
	static const int32_t order[8] = { 3, 0, 1, 2, 7, 6, 4, 5 };
	struct edgetpu_layer layer = layer_of(EDGETPU_INT8, 3, 8, 5);
	struct compiled_tiles tiles;
	struct read read;

	(void)state;
	compiled_spread(&layer, 8, &tiles);
	for (int x = 0; x < 8; x++) {
		tiles.x_tile[x] = 0;
		tiles.x_local[x] = order[x] * 8;
		tiles.row_size[x] = 64;
	}
	for (int y = 0; y < 3; y++) {
		tiles.y_tile[y] = 0;
		tiles.y_local[y] = 2 - y;
	}
	layer.size = 192;
	read = read_output(&layer);
	assert_int_equal(read.layer->layout.runs, 5);
	compare_with_formula(read.layer);
	forget(&read);
}

static void signs_are_turned_and_what_is_left_is_zero(void **state)
{
	const int8_t bytes[5] = { 0, -128, 127, -1, 1 };
	const uint8_t wire_bytes[8] = { 0x80, 0x00, 0xff, 0x7f, 0x81, 0, 0, 0 };
	const int16_t words[3] = { 0, -32768, 258 };
	const uint8_t wire_words[8] = { 0x00, 0x80, 0x00, 0x00, 0x02, 0x81, 0, 0 };
	struct edgetpu_layer small = layer_of(EDGETPU_INT8, 1, 1, 5);
	struct edgetpu_layer wide = layer_of(EDGETPU_INT16, 1, 1, 3);
	uint8_t wire[8], back[6];

	(void)state;
	edgetpu_to_wire(&small, bytes, wire);
	assert_memory_equal(wire, wire_bytes, 8);
	edgetpu_inward(&small, wire, back);
	assert_memory_equal(back, bytes, 5);
	edgetpu_from_wire(&small, wire, back);
	assert_memory_equal(back, bytes, 5);
	edgetpu_to_wire(&wide, words, wire);
	assert_memory_equal(wire, wire_words, 8);
	edgetpu_inward(&wide, wire, back);
	assert_memory_equal(back, words, 6);
}

static void each_execution_is_padded_by_itself(void **state)
{
	const uint8_t tensor[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	const uint8_t expected[16] = { 1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 9, 10, 0, 0, 0 };
	struct edgetpu_layer layer = layer_of(EDGETPU_UINT8, 1, 1, 5);
	uint8_t wire[16], back[10];

	(void)state;
	layer.executions = 2;
	layer.bytes = 10;
	edgetpu_to_wire(&layer, tensor, wire);
	assert_memory_equal(wire, expected, 16);
	edgetpu_inward(&layer, wire, back);
	assert_memory_equal(back, tensor, 10);
	edgetpu_from_wire(&layer, wire, back);
	assert_memory_equal(back, tensor, 10);
	memset(wire, 0xee, sizeof(wire));
	edgetpu_outward(&layer, tensor, wire);
	assert_memory_equal(wire, expected, 16);
}

/* Index (0, y, x, z) of the sample: see its slices. */
static size_t place_in_slices(uint32_t y, uint32_t x, uint32_t z)
{
	return y < 2 ? 40 + 20 * y + 4 * x + z : (y - 2) + 8 * x + 2 * z;
}

static void slices_are_followed_by_their_strides(void **state)
{
	size_t size;
	void *bytes = compiled_options(compiled_sample(COMPILED_SLICES), NULL, &size);
	struct edgetpu_package *package = edgetpu_package_read(bytes, size, NULL);
	const struct edgetpu_layer *layer;
	uint8_t *wire = noise(80, 3), tensor[60], back[80], expected[80] = { 0 };

	(void)state;
	assert_non_null(package);
	layer = &package->main->output[0];
	assert_int_equal(layer->layout.slices, 2);
	edgetpu_from_wire(layer, wire, tensor);
	for (uint32_t y = 0; y < 4; y++)
		for (uint32_t x = 0; x < 5; x++)
			for (uint32_t z = 0; z < 3; z++) {
				size_t at = place_in_slices(y, x, z);

				assert_int_equal(tensor[(y * 5 + x) * 3 + z], wire[at] ^ 0x80);
				expected[at] = wire[at];
			}
	edgetpu_outward(layer, tensor, back);
	assert_memory_equal(back, expected, sizeof(back));
	edgetpu_package_free(package);
	free(bytes);
	free(wire);
}

static void one_slice_without_gaps_is_flat(void **state)
{
	static const struct edgetpu_slice slice = {
		{ { 2, 2 }, { -1, 1 }, { 0, 3 } }, { 7, 4, 1 }, 0 };
	struct edgetpu_layer layer = layer_of(EDGETPU_UINT8, 3, 4, 1);
	struct read read;

	(void)state;
	layer.rank = 3;
	memcpy(layer.shape, slice.range, sizeof(layer.shape));
	layer.size = 16;
	layer.layout = (struct edgetpu_layout){ .slices = 1, .slice = &slice };
	read = read_output(&layer);
	assert_true(read.layer->layout.is_flat);
	assert_int_equal(read.layer->layout.slices, 0);
	assert_int_equal(read.layer->bytes, 12);
	forget(&read);
}

static void plain_layers_need_no_copy(void **state)
{
	struct edgetpu_layer layer = layer_of(EDGETPU_UINT8, 1, 1, 16);
	struct edgetpu_layer odd = layer_of(EDGETPU_UINT8, 1, 1, 15);
	struct edgetpu_layer turned = layer_of(EDGETPU_INT8, 1, 1, 16);
	struct edgetpu_layer tiled = layer_of(EDGETPU_UINT8, 4, 4, 16);
	struct compiled_tiles tiles;

	(void)state;
	compiled_spread(&tiled, 16, &tiles);
	assert_true(edgetpu_is_plain(&layer));
	assert_false(edgetpu_is_plain(&odd));
	assert_false(edgetpu_is_plain(&turned));
	assert_false(edgetpu_is_plain(&tiled));
}

static void old_models_give_bytes_for_larger_numbers(void **state)
{
	const float reals[6] = { 0.0f, 1.9f, -20.0f, 1000.0f, 0.0f / 0.0f, 6.2f };
	const int16_t words[4] = { -5, 0, 255, 300 };
	struct edgetpu_layer single = layer_of(EDGETPU_SINGLE, 1, 1, 6);
	struct edgetpu_layer wide = layer_of(EDGETPU_UINT16, 1, 1, 4);
	uint8_t wire[24], bytes[6];

	(void)state;
	single.zero_point = 10; /* and the scale is 0.5 */
	memcpy(wire, reals, sizeof(reals));
	edgetpu_from_wire_uint8(&single, wire, bytes);
	assert_memory_equal(bytes, ((uint8_t[]){ 10, 13, 0, 255, 0, 22 }), 6);
	memcpy(wire, words, sizeof(words));
	edgetpu_from_wire_uint8(&wide, wire, bytes);
	assert_memory_equal(bytes, ((uint8_t[]){ 0, 0, 255, 255 }), 4);
}

/*
 * The traces: for the k-th outfeed of a run the device sent (13 j + 5 + 29 k) mod
 * 256 as byte j; the vendor's runtime made tensors of that.
 */

/* The first record of its kind in a trace. */
static json_t *find_invoke_end(const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	json_t *found = NULL;

	assert_non_null(file);
	while (!found && getline(&line, &room, file) > 0)
		if (strstr(line, "\"invoke end\""))
			found = json_loads(line, 0, NULL);
	free(line);
	(void)fclose(file);
	assert_non_null(found);
	return found;
}

static void compare_sum(const json_t *record, const void *bytes, size_t size)
{
	char sum[SHA256_DIGEST_STRING_LENGTH];

	assert_int_equal(json_integer_value(json_object_get(record, "bytes")), size);
	SHA256Data(bytes, size, sum);
	assert_string_equal(sum, json_string_value(json_object_get(record, "sha256")));
}

static void compare_outputs(const struct edgetpu_executable *main, const json_t *outputs)
{
	uint32_t nth = 0;

	for (uint32_t i = 0; i < main->hints; i++) {
		const struct edgetpu_hint *hint = &main->hint[i];
		const struct edgetpu_layer *layer;
		uint8_t *wire, *tensor;

		nth += hint->kind == EDGETPU_SCRATCH_IN;
		if (hint->kind != EDGETPU_OUTPUT)
			continue;
		layer = &main->output[hint->index];
		wire = malloc(layer->size);
		tensor = malloc(layer->bytes);
		assert_true(wire && tensor && hint->size == layer->size);
		for (uint32_t j = 0; j < layer->size; j++)
			wire[j] = (uint8_t)(13 * j + 5 + 29 * nth);
		nth++;
		edgetpu_from_wire(layer, wire, tensor);
		compare_sum(json_array_get(outputs, hint->index), tensor, layer->bytes);
		free(wire);
		free(tensor);
	}
}

/* The vendor's runtime turns signs where the caller's bytes are, so that its
   inputs afterwards are what was sent. */
static void compare_inputs(const struct edgetpu_executable *main, const json_t *inputs)
{
	for (uint32_t i = 0; i < main->inputs; i++) {
		const struct edgetpu_layer *layer = &main->input[i];
		uint8_t *wire = malloc(layer->size), *tensor = malloc(layer->bytes);

		assert_true(wire && tensor);
		for (size_t j = 0; j < layer->bytes; j++)
			tensor[j] = (uint8_t)(31 * j + 7);
		edgetpu_to_wire(layer, tensor, wire);
		compare_sum(json_array_get(inputs, i), wire, layer->bytes);
		free(wire);
		free(tensor);
	}
}

static void tensors_are_those_of_the_vendors_runtime(void **state)
{
	static const char *const names[] = {
		"deeplab_mobilenet_edgetpu_slim_cityscapes_quant_edgetpu", "dense_256_edgetpu",
		"dense_512_edgetpu", "mobilenet_v1_0.25_128_quant_edgetpu",
		"movenet_single_pose_lightning_ptq_edgetpu",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu",
		"split_concat_edgetpu",
		"ssd_mobilenet_v2_coco_quant_postprocess_segment_0_of_2_edgetpu",
		"ssd_mobilenet_v2_coco_quant_postprocess_segment_1_of_2_edgetpu",
		"voice_commands_v0.8_edgetpu",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct atoll_model *model = atoll_model_load(
			check_data_path("models/%s.tflite", names[i]), NULL);
		const struct atoll_operator *op = model ? edgetpu_next_compiled(&model->graph[0], NULL) : NULL;
		struct edgetpu_package *package;
		json_t *end = find_invoke_end(check_data_path("traces/%s.jsonl", names[i]));

		assert_non_null(op);
		package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
					       NULL);
		assert_non_null(package);
		compare_outputs(package->main, json_object_get(end, "outputs"));
		compare_inputs(package->main, json_object_get(end, "inputs_after"));
		compiled_walk(package, op->custom_options, op->custom_options_bytes);
		json_decref(end);
		edgetpu_package_free(package);
		atoll_model_free(model);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_lies_in_the_stream_tile_by_tile),
		cmocka_unit_test(every_element_comes_from_where_the_layout_says),
		cmocka_unit_test(columns_in_any_order_are_followed),
		cmocka_unit_test(signs_are_turned_and_what_is_left_is_zero),
		cmocka_unit_test(each_execution_is_padded_by_itself),
		cmocka_unit_test(slices_are_followed_by_their_strides),
		cmocka_unit_test(one_slice_without_gaps_is_flat),
		cmocka_unit_test(plain_layers_need_no_copy),
		cmocka_unit_test(old_models_give_bytes_for_larger_numbers),
		cmocka_unit_test(tensors_are_those_of_the_vendors_runtime),
	};

	return CHECK_RUN(tests);
}
