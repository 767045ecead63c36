/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/package_write.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/flexbuf.h"
#include "runtime/model.h"
#include "runtime/schema/darwinn.h"
#include "tests/check.h"
#include "tests/compiled.h"

/* Distances inside options are those from where the package begins. */
#define PAGE 4096

static void *write_options(const struct edgetpu_package *package, size_t *size)
{
	struct atoll_error err;
	void *options;

	if (edgetpu_package_write(package, &options, size, &err) < 0)
		fail_msg("%s", err.text);
	return options;
}

/* Do something with each package that the vendor's compiler made. */
static void for_each_compiled(void (*look)(const struct edgetpu_package *package,
					   const struct atoll_operator *op))
{
	char pattern[4096];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/*_edgetpu.tflite",
		       check_data_path("models"));
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct atoll_model *model = atoll_model_load(found.gl_pathv[i], NULL);
		const struct atoll_operator *op;
		struct edgetpu_package *package;

		assert_non_null(model);
		op = edgetpu_next_compiled(&model->graph[0], NULL);
		assert_non_null(op);
		package = compiled_read(op->custom_options, op->custom_options_bytes);
		look(package, op);
		edgetpu_package_free(package);
		atoll_model_free(model);
	}
	globfree(&found);
}

static void write_and_compare(const struct edgetpu_package *package)
{
	size_t size;
	void *options = write_options(package, &size);
	struct edgetpu_package *again = compiled_read(options, size);

	compiled_same(package, again);
	assert_null(again->warning);
	compiled_walk(again, options, size);
	edgetpu_package_free(again);
	free(options);
}

static void compare_vendors(const struct edgetpu_package *package,
			    const struct atoll_operator *op)
{
	(void)op;
	write_and_compare(package);
}

static void packages_of_the_vendors_compiler_come_out_as_they_went_in(void **state)
{
	(void)state;
	for_each_compiled(compare_vendors);
}

static void tiles_states_and_slices_come_out_as_they_went_in(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++)
		write_and_compare(compiled_sample((enum compiled_sample)i));
}

static const uint8_t *package_bytes(const void *options, size_t size, size_t *bytes)
{
	struct flexbuf_value root, value;
	const uint8_t *package = NULL;

	assert_int_equal(flexbuf_root(options, size, &root, NULL), 0);
	assert_int_equal(flexbuf_map_get(root, "4", &value), 0);
	assert_int_equal(flexbuf_as_blob(value, &package, bytes), 0);
	return package;
}

/* The executables of options that can be read, as the file has them. */
static struct flatbuf_vector executables(const uint8_t *package, size_t size)
{
	struct flatbuf_table root, multi;
	struct flatbuf_vector bytes;

	assert_int_equal(flatbuf_verify(package, size, &darwinn_package_type,
					DARWINN_IDENTIFIER, &root, NULL), 0);
	bytes = flatbuf_vector(root, DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE);
	assert_int_equal(bytes.count % PAGE, 0);
	assert_int_equal(flatbuf_verify(bytes.at, bytes.count, &darwinn_multi_executable_type,
					NULL, &multi, NULL), 0);
	return flatbuf_vector(multi, DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES);
}

static struct flatbuf_table executable_table(struct flatbuf_vector bytes)
{
	struct flatbuf_table table;

	assert_int_equal(flatbuf_verify(bytes.at, bytes.count, &darwinn_executable_type, NULL,
					&table, NULL), 0);
	return table;
}

/* Main first in the list, the one that brings its parameters first in the file. */
static void check_places(const struct edgetpu_package *package)
{
	size_t size, bytes;
	void *options = write_options(package, &size);
	const uint8_t *start = package_bytes(options, size, &bytes), *before = NULL;
	struct flatbuf_vector list = executables(start, bytes);

	assert_int_equal(bytes % PAGE, 0);
	assert_int_equal(list.count, package->caching ? 2 : 1);
	for (uint32_t i = 0; i < list.count; i++) {
		struct flatbuf_vector one = flatbuf_vector_bytes(list, i);
		struct flatbuf_table table = executable_table(one);
		struct flatbuf_vector parameters =
			flatbuf_vector(table, DARWINN_EXECUTABLE_PARAMETERS);

		assert_int_equal((size_t)(one.at - start) % PAGE, 0);
		assert_int_equal(one.count % PAGE, 0);
		assert_int_equal((size_t)(parameters.at - one.at) % PAGE, 0);
		assert_int_equal(flatbuf_i16(table, DARWINN_EXECUTABLE_TYPE, 0),
				 i == 0 ? package->main->type : EDGETPU_CACHING);
		assert_true(!before || one.at < before);
		before = one.at;
	}
	free(options);
}

static void executables_and_parameters_begin_at_pages(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++)
		check_places(compiled_sample((enum compiled_sample)i));
}

static int64_t number_under(struct flexbuf_value map, const char *key)
{
	struct flexbuf_value value;
	int64_t number = INT64_MAX;

	assert_int_equal(flexbuf_map_get(map, key, &value), 0);
	assert_int_equal(flexbuf_as_i64(value, &number), 0);
	return number;
}

static struct flexbuf_value vector_under(struct flexbuf_value map, const char *key,
					 size_t count)
{
	struct flexbuf_value vector;
	size_t found;

	assert_int_equal(flexbuf_map_get(map, key, &vector), 0);
	assert_int_equal(flexbuf_count(vector, &found), 0);
	assert_int_equal(found, count);
	return vector;
}

static void the_map_around_has_what_the_vendors_compiler_writes(void **state)
{
	size_t size;
	void *options = write_options(compiled_sample(COMPILED_FLAT), &size);
	struct flexbuf_value root, chips, chip;
	int64_t number = 0;

	(void)state;
	assert_int_equal(flexbuf_root(options, size, &root, NULL), 0);
	assert_int_equal(number_under(root, "1"), 0);
	assert_int_equal(number_under(root, "5"), -1);
	chips = vector_under(root, "6", 1);
	assert_int_equal(flexbuf_at(chips, 0, &chip), 0);
	assert_int_equal(flexbuf_as_i64(chip, &number), 0);
	assert_int_equal(number, 18);
	(void)vector_under(root, "7", 0);
	free(options);
}

/* With distances of 4 bytes, all around a package of the same length is equal. */
static void compare_frames(const struct edgetpu_package *package,
			   const struct atoll_operator *op)
{
	size_t size, bytes, theirs;
	uint8_t *options = write_options(package, &size);
	const uint8_t *inner = package_bytes(options, size, &bytes);

	(void)package_bytes(op->custom_options, op->custom_options_bytes, &theirs);
	if (bytes == theirs && size == op->custom_options_bytes &&
	    strcmp(package->main->name, "model") == 0) {
		size_t front = (size_t)(inner - options), behind = front + bytes;

		assert_memory_equal(options, op->custom_options, front);
		assert_memory_equal(options + behind, op->custom_options + behind,
				    size - behind);
	}
	free(options);
}

static void the_map_around_is_to_the_byte_that_of_the_vendors_compiler(void **state)
{
	(void)state;
	for_each_compiled(compare_frames);
}

/* The vectors of its i-th output, which a reader skips when there is but one pixel. */
static struct flatbuf_table raw_layout(const void *options, size_t size, uint32_t i)
{
	size_t bytes;
	const uint8_t *start = package_bytes(options, size, &bytes);
	struct flatbuf_table main = executable_table(
		flatbuf_vector_bytes(executables(start, bytes), 0));
	struct flatbuf_table layer = flatbuf_vector_table(
		flatbuf_vector(main, DARWINN_EXECUTABLE_OUTPUT_LAYERS), i);

	return flatbuf_child(flatbuf_child(layer, DARWINN_LAYER_ANY_LAYER),
			     DARWINN_OUTPUT_LAYOUT);
}

/* The first compiler did not spread them. */
static void compare_pixels(const struct edgetpu_package *package,
			   const struct atoll_operator *op)
{
	bool is_first = package->runtime_version == 10;
	size_t size;
	void *options = write_options(package, &size);

	for (uint32_t i = 0; i < package->main->outputs; i++) {
		struct flatbuf_table ours, theirs;

		if (is_first || !package->main->output[i].layout.is_flat)
			continue;
		ours = raw_layout(options, size, i);
		theirs = raw_layout(op->custom_options, op->custom_options_bytes, i);
		for (unsigned id = 0; id < 6; id++) {
			struct flatbuf_vector a = flatbuf_vector(ours, id);
			struct flatbuf_vector b = flatbuf_vector(theirs, id);

			assert_int_equal(a.count, b.count);
			assert_memory_equal(a.at, b.at, 4 * a.count);
		}
	}
	free(options);
}

static void single_pixels_are_spread_as_by_the_vendors_compiler(void **state)
{
	(void)state;
	for_each_compiled(compare_pixels);
}

static void a_graph_travels_along(void **state)
{
	struct edgetpu_package package = *compiled_sample(COMPILED_FLAT);
	struct edgetpu_executable main = *package.main;

	(void)state;
	main.model = (const uint8_t *)"a graph of any bytes";
	main.model_bytes = 20;
	package.main = &main;
	write_and_compare(&package);
}

static void a_flat_picture_is_one_slice(void **state)
{
	struct edgetpu_package package = *compiled_sample(COMPILED_FLAT);
	struct edgetpu_executable main = *package.main;
	struct edgetpu_layer output = main.output[0];

	(void)state;
	output.y = 2;
	output.x = 3;
	output.z = 5;
	output.rank = 4;
	memset(output.shape, 0, sizeof(output.shape));
	output.shape[1].end = 1;
	output.shape[2].end = 2;
	output.shape[3].end = 4;
	output.bytes = 30;
	output.size = 32;
	main.output = &output;
	main.hints = 1;
	package.main = &main;
	write_and_compare(&package);
}

static void refused(const struct edgetpu_package *package, const char *sentence)
{
	struct atoll_error err = { .text = "" };
	void *options = NULL;
	size_t size;

	assert_int_equal(edgetpu_package_write(package, &options, &size, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_int_equal(edgetpu_package_write(package, &options, &size, NULL), -EINVAL);
	assert_null(options);
}

static void what_nobody_could_read_is_not_written(void **state)
{
	struct edgetpu_package package = *compiled_sample(COMPILED_FLAT);
	struct edgetpu_executable main = *package.main;
	struct edgetpu_hint hint = { .kind = EDGETPU_OUTPUT, .index = 1 };

	(void)state;
	package.main = &main;
	main.hints = 1;
	main.hint = &hint;
	refused(&package, EDGETPU_OPERATOR ": hint 0: names 1 of 1");
	hint = (struct edgetpu_hint){ .kind = EDGETPU_INPUT, .size = 1 << 30 };
	refused(&package, EDGETPU_OPERATOR ": cannot be written: Failed to prepare for TPU. "
		"Internal: Executable verification failed. (hint 0: 1073741824 bytes from 0 "
		"of 24)");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages_of_the_vendors_compiler_come_out_as_they_went_in),
		cmocka_unit_test(tiles_states_and_slices_come_out_as_they_went_in),
		cmocka_unit_test(executables_and_parameters_begin_at_pages),
		cmocka_unit_test(the_map_around_has_what_the_vendors_compiler_writes),
		cmocka_unit_test(the_map_around_is_to_the_byte_that_of_the_vendors_compiler),
		cmocka_unit_test(single_pixels_are_spread_as_by_the_vendors_compiler),
		cmocka_unit_test(a_graph_travels_along),
		cmocka_unit_test(a_flat_picture_is_one_slice),
		cmocka_unit_test(what_nobody_could_read_is_not_written),
	};

	return CHECK_RUN(tests);
}
