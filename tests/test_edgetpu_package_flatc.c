/* SPDX-License-Identifier: Apache-2.0 */
/* runtime/edgetpu/package.c against what flatc reads in the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "runtime/edgetpu/package_write.h"
#include "runtime/flatbuf.h"
#include "runtime/flexbuf.h"
#include "runtime/model.h"
#include "runtime/schema/darwinn.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/flatc.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The package inside the options, by way of the door to FlexBuffers. */
static const uint8_t *inner_package(const void *bytes, size_t size, size_t *inner)
{
	struct flexbuf_value options, value;
	const uint8_t *package = NULL;

	assert_int_equal(flexbuf_root(bytes, size, &options, NULL), 0);
	assert_int_equal(flexbuf_map_get(options, "4", &value), 0);
	assert_int_equal(flexbuf_as_blob(value, &package, inner), 0);
	return package;
}

/* Number `key` of the object, or what it is when it is not written. */
static json_int_t number(const json_t *object, const char *key, json_int_t absent)
{
	const json_t *value = json_object_get(object, key);

	return value ? json_integer_value(value) : absent;
}

static const char *text(const json_t *object, const char *key, const char *absent)
{
	const json_t *value = json_object_get(object, key);

	return value ? json_string_value(value) : absent;
}

static void same_layers_as_flatc(const json_t *layers, const struct edgetpu_layer *layer,
				 uint32_t count)
{
	static const char *const types[] = {
		[EDGETPU_UINT8] = "FIXED_POINT8",
		[EDGETPU_UINT16] = "FIXED_POINT16",
		[EDGETPU_INT8] = "SIGNED_FIXED_POINT8",
		[EDGETPU_INT16] = "SIGNED_FIXED_POINT16",
	};

	assert_int_equal(json_array_size(layers), count);
	for (uint32_t i = 0; i < count; i++, layer++) {
		const json_t *theirs = json_array_get(layers, i);
		const json_t *numerics = json_object_get(theirs, "numerics");
		const json_t *tiles = json_object_get(json_object_get(json_object_get(
			theirs, "any_layer"), "layout"), "linearized_tile_byte_offset");

		assert_string_equal(layer->name, text(theirs, "name", ""));
		assert_int_equal(layer->size, number(theirs, "size_bytes", 0));
		assert_int_equal(layer->y, number(theirs, "y_dim", 1));
		assert_int_equal(layer->x, number(theirs, "x_dim", 1));
		assert_int_equal(layer->z, number(theirs, "z_dim", 1));
		assert_int_equal(layer->zero_point, number(numerics, "zero_point", 0));
		assert_string_equal(types[layer->type], text(theirs, "data_type",
							     "FIXED_POINT8"));
		for (uint32_t t = 0; t < layer->layout.tiles; t++)
			assert_int_equal(layer->layout.tile_offset[t],
					 json_integer_value(json_array_get(tiles, t)));
	}
}

/* "OUTPUT_ACTIVATION", ... as flatc writes it, from what we made of it. */
static const char *description(enum edgetpu_hint_kind kind)
{
	return kind == EDGETPU_OUTPUT ? "OUTPUT_ACTIVATION" :
	       kind == EDGETPU_INPUT ? "INPUT_ACTIVATION" :
	       kind == EDGETPU_PARAMETERS ? "PARAMETER" : "SCRATCH";
}

static void same_hint_as_flatc(const json_t *theirs,
			       const struct edgetpu_executable *executable,
			       const struct edgetpu_hint *hint)
{
	static const char *const kinds[] = {
		[EDGETPU_INSTRUCTIONS] = "InstructionHint",
		[EDGETPU_FENCE] = "FenceHint",
		[EDGETPU_INTERRUPT] = "InterruptHint",
		[EDGETPU_INPUT] = "DmaDescriptorHint",
		[EDGETPU_OUTPUT] = "DmaDescriptorHint",
		[EDGETPU_PARAMETERS] = "DmaDescriptorHint",
		[EDGETPU_SCRATCH_OUT] = "DmaDescriptorHint",
		[EDGETPU_SCRATCH_IN] = "DmaDescriptorHint",
	};
	const json_t *any = json_object_get(theirs, "any_hint");
	const json_t *meta = json_object_get(any, "meta");

	assert_string_equal(kinds[hint->kind], text(theirs, "any_hint_type", "NONE"));
	if (hint->kind == EDGETPU_INSTRUCTIONS)
		assert_int_equal(hint->index, number(any, "instruction_chunk_index", 0));
	if (strcmp(kinds[hint->kind], "DmaDescriptorHint") != 0)
		return;
	assert_int_equal(hint->offset, number(any, "offset_in_bytes", 0));
	assert_int_equal(hint->size, number(any, "size_in_bytes", 0));
	assert_string_equal(description(hint->kind), text(meta, "desc", "OUTPUT_ACTIVATION"));
	if (hint->kind == EDGETPU_INPUT)
		assert_string_equal(executable->input[hint->index].name,
				    text(meta, "name", ""));
	if (hint->kind == EDGETPU_OUTPUT)
		assert_string_equal(executable->output[hint->index].name,
				    text(meta, "name", ""));
	if (hint->kind == EDGETPU_SCRATCH_IN || hint->kind == EDGETPU_SCRATCH_OUT)
		assert_string_equal(hint->kind == EDGETPU_SCRATCH_IN ? "OUTFEED" : "INFEED",
				    text(theirs, "direction", "INFEED"));
}

static void same_as_flatc(const json_t *theirs, const struct edgetpu_executable *executable)
{
	static const char *const types[] = { "STAND_ALONE", "PARAMETER_CACHING",
					     "EXECUTION_ONLY" };
	const json_t *chunks = json_object_get(theirs, "instruction_bitstreams");
	const json_t *hints = json_object_get(json_object_get(theirs, "dma_hints"), "hints");
	const json_t *parameters = json_object_get(theirs, "parameters");

	assert_string_equal(types[executable->type], text(theirs, "type", "STAND_ALONE"));
	assert_int_equal(executable->token,
			 (uint64_t)number(theirs, "parameter_caching_token", 0));
	assert_int_equal(executable->scratch_bytes, number(theirs, "scratch_size_bytes", 0));
	assert_int_equal(executable->parameter_bytes, json_array_size(parameters));
	for (uint32_t i = 0; i < executable->parameter_bytes; i++)
		assert_int_equal(executable->parameters[i],
				 json_integer_value(json_array_get(parameters, i)));
	assert_int_equal(executable->chunks, json_array_size(chunks));
	for (uint32_t i = 0; i < executable->chunks; i++)
		assert_int_equal(executable->chunk[i].size, json_array_size(json_object_get(
			json_array_get(chunks, i), "bitstream")));
	assert_int_equal(executable->hints, json_array_size(hints));
	for (uint32_t i = 0; i < executable->hints; i++)
		same_hint_as_flatc(json_array_get(hints, i), executable, &executable->hint[i]);
	same_layers_as_flatc(json_object_get(theirs, "input_layers"), executable->input,
			     executable->inputs);
	same_layers_as_flatc(json_object_get(theirs, "output_layers"), executable->output,
			     executable->outputs);
}

/* flatc's opinion on everything in the options. */
static void compare_with_flatc(const void *bytes, size_t size)
{
	struct edgetpu_package *package = compiled_read(bytes, size);
	struct flatbuf_table root, multi;
	struct flatbuf_vector inner, executables;
	size_t inner_bytes;
	const uint8_t *at = inner_package(bytes, size, &inner_bytes);
	json_t *json = flatc_json(PACKAGE_SCHEMA, at, inner_bytes);

	assert_int_equal(package->runtime_version, number(json, "min_runtime_version", 0));
	assert_string_equal(package->compiler, text(json, "compiler_version", ""));
	json_decref(json);
	assert_int_equal(flatbuf_verify(at, inner_bytes, &darwinn_package_type, "DWN1", &root,
					NULL), 0);
	inner = flatbuf_vector(root, DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE);
	assert_int_equal(flatbuf_verify(inner.at, inner.count, &darwinn_multi_executable_type,
					NULL, &multi, NULL), 0);
	executables = flatbuf_vector(multi, DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES);
	assert_int_equal(executables.count, package->caching ? 2 : 1);
	for (uint32_t i = 0; i < executables.count; i++) {
		struct flatbuf_vector one = flatbuf_vector_bytes(executables, i);

		json = flatc_json(EXECUTABLE_SCHEMA, one.at, one.count);
		same_as_flatc(json, strcmp(text(json, "type", ""), "PARAMETER_CACHING") == 0 ?
					    package->caching : package->main);
		json_decref(json);
	}
	edgetpu_package_free(package);
}

/* The same of what our writer makes of them. */
static void compare_rewritten_with_flatc(const void *bytes, size_t size)
{
	struct edgetpu_package *package = compiled_read(bytes, size);
	size_t again_size;
	void *again;

	assert_int_equal(edgetpu_package_write(package, &again, &again_size, NULL), 0);
	compare_with_flatc(again, again_size);
	free(again);
	edgetpu_package_free(package);
}

static void flatc_reads_the_same_in_our_samples(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		void *bytes = compiled_options(compiled_sample((enum compiled_sample)i),
					       NULL, &size);

		compare_with_flatc(bytes, size);
		compare_rewritten_with_flatc(bytes, size);
		free(bytes);
	}
}

static const struct atoll_operator *compiled_operator(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	if (!op)
		fail_msg("%s: no compiled operator", model->path);
	return op;
}

/* Small ones, since flatc writes each byte of the parameters as a line, and with
   tokens that jansson can hold, in 63 bits. */
static void flatc_reads_the_same_in_models_of_the_vendors_compiler(void **state)
{
	static const char *const names[] = { "keras_lstm_mnist_ptq", "split_concat" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct atoll_error err;
		struct atoll_model *model = atoll_model_load(
			check_data_path("models/%s_edgetpu.tflite", names[i]), &err);
		const struct atoll_operator *op;

		if (!model)
			fail_msg("%s", err.text);
		op = compiled_operator(model);
		compare_with_flatc(op->custom_options, op->custom_options_bytes);
		compare_rewritten_with_flatc(op->custom_options, op->custom_options_bytes);
		atoll_model_free(model);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(flatc_reads_the_same_in_our_samples),
		cmocka_unit_test(flatc_reads_the_same_in_models_of_the_vendors_compiler),
	};

	return CHECK_RUN(tests);
}
