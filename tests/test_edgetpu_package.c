/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/package.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/flatbuf.h"
#include "runtime/flexbuf.h"
#include "runtime/model.h"
#include "runtime/schema/darwinn.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/flatc.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void same_layout(const struct edgetpu_layer *a, const struct edgetpu_layer *b)
{
	const struct edgetpu_layout *x = &a->layout, *y = &b->layout;

	assert_int_equal(x->is_flat, y->is_flat);
	assert_int_equal(x->tiles, y->tiles);
	if (x->tiles > 0) {
		assert_memory_equal(x->tile_offset, y->tile_offset, 4 * x->tiles);
		assert_memory_equal(x->y_tile, y->y_tile, 4 * a->y);
		assert_memory_equal(x->y_local, y->y_local, 4 * a->y);
		assert_memory_equal(x->x_tile, y->x_tile, 4 * a->x);
		assert_memory_equal(x->x_local, y->x_local, 4 * a->x);
		assert_memory_equal(x->row_size, y->row_size, 4 * a->x);
	}
	assert_int_equal(x->slices, y->slices);
	for (uint32_t i = 0; i < x->slices; i++) {
		assert_memory_equal(x->slice[i].range, y->slice[i].range,
				    a->rank * sizeof(x->slice[i].range[0]));
		assert_memory_equal(x->slice[i].stride, y->slice[i].stride, 4 * a->rank);
		assert_int_equal(x->slice[i].offset, y->slice[i].offset);
	}
}

static void same_layers(const struct edgetpu_layer *a, const struct edgetpu_layer *b,
			uint32_t layers)
{
	for (uint32_t i = 0; i < layers; i++, a++, b++) {
		assert_string_equal(a->name, b->name);
		assert_int_equal(a->size, b->size);
		assert_int_equal(a->y, b->y);
		assert_int_equal(a->x, b->x);
		assert_int_equal(a->z, b->z);
		assert_int_equal(a->rank, b->rank);
		assert_memory_equal(a->shape, b->shape, a->rank * sizeof(a->shape[0]));
		assert_int_equal(a->type, b->type);
		assert_int_equal(a->element, b->element);
		assert_int_equal(a->is_signed, b->is_signed);
		assert_int_equal(a->zero_point, b->zero_point);
		assert_true(a->scale == b->scale);
		assert_int_equal(a->executions, b->executions);
		assert_int_equal(a->bytes, b->bytes);
		assert_int_equal(a->state_of, b->state_of);
		same_layout(a, b);
	}
}

static void same_chunk(const struct edgetpu_chunk *a, const struct edgetpu_chunk *b)
{
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
	assert_int_equal(a->fields, b->fields);
	for (uint32_t i = 0; i < a->fields; i++) {
		assert_int_equal(a->field[i].bit, b->field[i].bit);
		assert_int_equal(a->field[i].kind, b->field[i].kind);
		assert_int_equal(a->field[i].is_upper, b->field[i].is_upper);
		assert_string_equal(a->field[i].name, b->field[i].name);
	}
}

static void same_executable(const struct edgetpu_executable *a,
			    const struct edgetpu_executable *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->token, b->token);
	assert_int_equal(a->scratch_bytes, b->scratch_bytes);
	assert_int_equal(a->is_deterministic, b->is_deterministic);
	assert_int_equal(a->narrow_bytes, b->narrow_bytes);
	assert_int_equal(a->parameter_bytes, b->parameter_bytes);
	if (a->parameter_bytes > 0)
		assert_memory_equal(a->parameters, b->parameters, a->parameter_bytes);
	assert_int_equal(a->chunks, b->chunks);
	for (uint32_t i = 0; i < a->chunks; i++)
		same_chunk(&a->chunk[i], &b->chunk[i]);
	assert_int_equal(a->hints, b->hints);
	for (uint32_t i = 0; i < a->hints; i++) {
		assert_int_equal(a->hint[i].kind, b->hint[i].kind);
		assert_int_equal(a->hint[i].index, b->hint[i].index);
		assert_int_equal(a->hint[i].offset, b->hint[i].offset);
		assert_int_equal(a->hint[i].size, b->hint[i].size);
	}
	assert_int_equal(a->inputs, b->inputs);
	same_layers(a->input, b->input, a->inputs);
	assert_int_equal(a->outputs, b->outputs);
	same_layers(a->output, b->output, a->outputs);
}

static void same_package(const struct edgetpu_package *a, const struct edgetpu_package *b)
{
	assert_int_equal(a->runtime_version, b->runtime_version);
	assert_string_equal(a->compiler, b->compiler);
	same_executable(a->main, b->main);
	assert_int_equal(!a->caching, !b->caching);
	if (a->caching)
		same_executable(a->caching, b->caching);
}

static const struct edgetpu_package *sample(int i)
{
	return compiled_sample((enum compiled_sample)i);
}

static struct edgetpu_package *read_or_fail(const void *bytes, size_t size)
{
	struct atoll_error err;
	struct edgetpu_package *package = edgetpu_package_read(bytes, size, &err);

	if (!package)
		fail_msg("%s", err.text);
	return package;
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		void *bytes = compiled_options(sample(i), NULL, &size);
		struct edgetpu_package *package = read_or_fail(bytes, size);

		same_package(sample(i), package);
		assert_null(package->warning);
		compiled_walk(package, bytes, size);
		edgetpu_package_free(package);
		free(bytes);
	}
}

static void bytes_may_lie_anywhere(void **state)
{
	size_t size;
	void *bytes = compiled_options(sample(COMPILED_TILES), NULL, &size);

	(void)state;
	for (size_t shift = 1; shift < 8; shift++) {
		uint8_t *moved = malloc(shift + size);
		struct edgetpu_package *package;

		assert_non_null(moved);
		memcpy(moved + shift, bytes, size);
		package = read_or_fail(moved + shift, size);
		same_package(sample(COMPILED_TILES), package);
		edgetpu_package_free(package);
		free(moved);
	}
	free(bytes);
}

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
		[EDGETPU_UINT8] = "FIXED_POINT8", [EDGETPU_UINT16] = "FIXED_POINT16",
		[EDGETPU_INT8] = "SIGNED_FIXED_POINT8", [EDGETPU_INT16] = "SIGNED_FIXED_POINT16",
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

static void same_hint_as_flatc(const json_t *theirs, const struct edgetpu_executable *executable,
			       const struct edgetpu_hint *hint)
{
	static const char *const kinds[] = {
		[EDGETPU_INSTRUCTIONS] = "InstructionHint", [EDGETPU_FENCE] = "FenceHint",
		[EDGETPU_INTERRUPT] = "InterruptHint", [EDGETPU_INPUT] = "DmaDescriptorHint",
		[EDGETPU_OUTPUT] = "DmaDescriptorHint", [EDGETPU_PARAMETERS] = "DmaDescriptorHint",
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
		assert_string_equal(executable->input[hint->index].name, text(meta, "name", ""));
	if (hint->kind == EDGETPU_OUTPUT)
		assert_string_equal(executable->output[hint->index].name, text(meta, "name", ""));
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
	struct edgetpu_package *package = read_or_fail(bytes, size);
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

static void flatc_reads_the_same_in_our_samples(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		void *bytes = compiled_options(sample(i), NULL, &size);

		compare_with_flatc(bytes, size);
		free(bytes);
	}
}

static const struct atoll_operator *compiled_operator(const struct atoll_model *model)
{
	for (uint32_t i = 0; i < model->graph[0].operators; i++)
		if (strcmp(model->graph[0].op[i].name, "edgetpu-custom-op") == 0)
			return &model->graph[0].op[i];
	fail_msg("%s: no compiled operator", model->path);
	return NULL;
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
		atoll_model_free(model);
	}
}

/* What the layers of an operator are is also said by its tensors. */
static void layers_have_the_sizes_of_the_tensors_of_the_same_name(void **state)
{
	static const char *const names[] = {
		"deeplab_mobilenet_edgetpu_slim_cityscapes_quant_edgetpu", "dense_512_edgetpu",
		"keras_lstm_mnist_ptq_edgetpu", "mobilenet_v1_0.25_128_quant_edgetpu",
		"movenet_single_pose_lightning_ptq_edgetpu",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu",
		"ssd_mobilenet_v2_coco_quant_postprocess_segment_1_of_2_edgetpu",
		"voice_commands_v0.8_edgetpu",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct atoll_model *model = atoll_model_load(
			check_data_path("models/%s.tflite", names[i]), NULL);
		const struct atoll_operator *op;
		struct edgetpu_package *package;

		assert_non_null(model);
		op = compiled_operator(model);
		package = read_or_fail(op->custom_options, op->custom_options_bytes);
		assert_int_equal(package->main->inputs, op->inputs);
		for (uint32_t k = 0; k < op->inputs; k++) {
			const struct atoll_tensor *tensor =
				&model->graph[0].tensor[op->input[k]];

			assert_string_equal(package->main->input[k].name, tensor->name);
			assert_int_equal(package->main->input[k].bytes, tensor->bytes);
		}
		for (uint32_t k = 0; k < op->outputs; k++) {
			assert_int_equal(package->main->output[k].state_of, -1);
			assert_int_equal(package->main->output[k].bytes,
					 model->graph[0].tensor[op->output[k]].bytes);
		}
		edgetpu_package_free(package);
		atoll_model_free(model);
	}
}

static void bytes_of_an_inference_are_counted_with_headers(void **state)
{
	const struct edgetpu_executable *flat = sample(COMPILED_FLAT)->main;
	const struct edgetpu_executable *tiles = sample(COMPILED_TILES)->main;

	(void)state;
	/* instructions, 20 numbers padded to 24; 16 numbers */
	assert_int_equal(edgetpu_bytes_out(flat), 8 + 128 + 8 + 24);
	assert_int_equal(edgetpu_bytes_in(flat), 16);
	/* two chunks, a picture of 297 padded to 304 in two parts, a mask, parameters in
	   two parts, scratch */
	assert_int_equal(edgetpu_bytes_out(tiles), 8 * 8 + 96 + 32 + 304 + 16 + 64 + 8 + 48);
	assert_int_equal(edgetpu_bytes_in(tiles), 48 + tiles->output[0].size +
			 tiles->output[1].size + tiles->output[2].size);
}

static void types_have_names(void **state)
{
	(void)state;
	assert_string_equal(edgetpu_type_name(EDGETPU_UINT8), "uint8");
	assert_string_equal(edgetpu_type_name(EDGETPU_INT16), "int16");
	assert_string_equal(edgetpu_type_name(EDGETPU_SINGLE), "float32");
	assert_string_equal(edgetpu_type_name((enum edgetpu_type)7), "?");
}

/* Reading this ends with this sentence, or has it in it when it ends in "...". */
static void refused(const struct edgetpu_package *package, const struct compiled_more *more,
		    int code, const char *sentence)
{
	size_t size, length = strlen(sentence);
	void *bytes = compiled_options(package, more, &size);
	struct atoll_error err = { .text = "" };
	struct edgetpu_package *read = edgetpu_package_read(bytes, size, &err);
	bool is_part = length > 3 && strcmp(sentence + length - 3, "...") == 0;
	char part[192];

	if (read)
		fail_msg("was read and not refused: %s", sentence);
	(void)snprintf(part, sizeof(part), "%.*s", (int)(is_part ? length - 3 : length), sentence);
	if (is_part ? !strstr(err.text, part) : strcmp(err.text, sentence) != 0)
		fail_msg("'%s' instead of '%s'", err.text, sentence);
	assert_int_equal(err.code, code);
	assert_null(edgetpu_package_read(bytes, size, NULL));
	free(bytes);
}

static void a_newer_runtime_that_is_needed_is_named(void **state)
{
	struct edgetpu_package package = *sample(COMPILED_FLAT);
	size_t size;
	void *bytes;

	(void)state;
	package.runtime_version = 15;
	refused(&package, NULL, -ENOTSUP,
		"Failed to prepare for TPU. Failed precondition: Package requires runtime version "
		"(15), which is newer than this runtime version (14).");
	package.runtime_version = 14;
	bytes = compiled_options(&package, NULL, &size);
	edgetpu_package_free(read_or_fail(bytes, size));
	free(bytes);
}

static void warns(const struct edgetpu_package *package, const char *identifier,
		  const char *warning)
{
	struct compiled_more more = compiled_usual;
	struct edgetpu_package *read;
	size_t size;
	void *bytes;

	more.identifier = identifier;
	bytes = compiled_options(package, &more, &size);
	read = read_or_fail(bytes, size);
	if (warning)
		assert_string_equal(read->warning, warning);
	else
		assert_null(read->warning);
	edgetpu_package_free(read);
	free(bytes);
}

static void what_is_odd_but_works_is_a_warning(void **state)
{
	struct edgetpu_package package = *sample(COMPILED_FLAT);

	(void)state;
	warns(&package, "DWN2", "Package file identifier DWN2 not supported.");
	package.runtime_version = 10;
	warns(&package, "DWN1", NULL);
	package.runtime_version = 9;
	warns(&package, "DWN1", "Minimum runtime version required by package (9) is lower than "
	      "expected (10).");
	warns(&package, "D\nN\x80", "Package file identifier D?N? not supported. Minimum runtime "
	      "version required by package (9) is lower than expected (10).");
}

static void packages_that_are_not_for_us_are_refused_in_the_vendors_words(void **state)
{
	static const struct {
		struct compiled_more more;
		int code;
		const char *sentence;
	} cases[] = {
		{ { .virtual_chip_id = -1 }, -ENOTSUP,
		  "Failed to prepare for TPU. Failed precondition: This is a multi-chip package." },
		{ { .packages = 1, .chips = 2 }, -ENOTSUP,
		  "Multiple executables custom op is not supported." },
		{ { .chips = 2 }, -EINVAL, "edgetpu-custom-op: 2 chips for one package" },
		{ { .version = 1 }, -ENOTSUP,
		  "edgetpu-custom-op: version 1 of its options is not known" },
		{ { .batch_size = -1 }, -EINVAL,
		  "Failed to prepare for TPU. Failed precondition: Executable has invalid batch "
		  "size." },
		{ { .batch_size = 2 }, -ENOTSUP,
		  "Failed to prepare for TPU. Failed precondition: Executable has batch size 2, "
		  "and only 1 is run." },
		{ { .batch = 1 }, -ENOTSUP,
		  "Failed to prepare for TPU. Internal: Executable verification failed. (hint 1: "
		  "batch 1, and only one is run)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct compiled_more more = compiled_usual;

		if (cases[i].more.chips)
			more.chips = cases[i].more.chips;
		if (cases[i].more.batch_size)
			more.batch_size = cases[i].more.batch_size;
		more.packages = cases[i].more.packages;
		more.version = cases[i].more.version;
		more.virtual_chip_id = cases[i].more.virtual_chip_id;
		more.batch = cases[i].more.batch;
		refused(sample(COMPILED_FLAT), &more, cases[i].code, cases[i].sentence);
	}
}

static void what_is_empty_is_refused_in_the_vendors_words(void **state)
{
	struct compiled_more more = compiled_usual;

	(void)state;
	more.has_package = false;
	refused(sample(COMPILED_FLAT), &more, -EINVAL,
		"edgetpu-custom-op: no package in its ...");
	more = compiled_usual;
	more.has_multi_executable = false;
	refused(sample(COMPILED_FLAT), &more, -EINVAL,
		"Failed to prepare for TPU. Failed precondition: No executables to register.");
	more = compiled_usual;
	more.has_executables = false;
	refused(sample(COMPILED_FLAT), &more, -EINVAL,
		"Failed to prepare for TPU. Failed precondition: No executables provided.");
	assert_null(edgetpu_package_read("", 0, NULL));
}

static void old_options_without_chips_are_read(void **state)
{
	struct compiled_more more = compiled_usual;
	struct edgetpu_package *package;
	size_t size;
	void *bytes;

	(void)state;
	more.chips = 0;
	bytes = compiled_options(sample(COMPILED_FLAT), &more, &size);
	package = read_or_fail(bytes, size);
	same_package(sample(COMPILED_FLAT), package);
	edgetpu_package_free(package);
	free(bytes);
}

/* Read the executables given, by type. */
static void combine(unsigned count, const enum edgetpu_executable_type *types,
		    const char *refusal, int main, int caching)
{
	struct edgetpu_executable executable[4];
	struct compiled_more more = compiled_usual;
	struct edgetpu_package *package;
	size_t size;
	void *bytes;

	more.executables = count;
	for (unsigned i = 0; i < count; i++) {
		executable[i] = *sample(COMPILED_FLAT)->caching;
		executable[i].type = types[i];
		executable[i].token = i + 1;
		more.executable[i] = &executable[i];
	}
	if (refusal) {
		refused(sample(COMPILED_FLAT), &more, -EINVAL, refusal);
		return;
	}
	bytes = compiled_options(sample(COMPILED_FLAT), &more, &size);
	package = read_or_fail(bytes, size);
	assert_int_equal(package->main->token, main + 1);
	assert_int_equal(package->caching ? (int)package->caching->token : 0, caching + 1);
	edgetpu_package_free(package);
	free(bytes);
}

static void executables_are_chosen_by_their_types(void **state)
{
	static const char twice[] = "Failed to prepare for TPU. Internal: Multiple executables of "
				    "the same type were found in the package.";
	static const char odd[] = "Failed to prepare for TPU. Internal: Invalid combination of "
				  "executables in the package.";
	const enum edgetpu_executable_type alone = EDGETPU_STAND_ALONE,
		caching = EDGETPU_CACHING, execution = EDGETPU_EXECUTION;

	(void)state;
	combine(1, (enum edgetpu_executable_type[]){ alone }, NULL, 0, -1);
	combine(1, (enum edgetpu_executable_type[]){ execution }, NULL, 0, -1);
	combine(1, (enum edgetpu_executable_type[]){ caching }, NULL, 0, -1);
	combine(2, (enum edgetpu_executable_type[]){ execution, caching }, NULL, 0, 1);
	combine(2, (enum edgetpu_executable_type[]){ caching, execution }, NULL, 1, 0);
	combine(3, (enum edgetpu_executable_type[]){ caching, execution, alone }, NULL, 2, -1);
	combine(2, (enum edgetpu_executable_type[]){ execution, execution }, twice, 0, 0);
	combine(2, (enum edgetpu_executable_type[]){ alone, caching }, odd, 0, 0);
	combine(2, (enum edgetpu_executable_type[]){ execution, alone }, odd, 0, 0);
	combine(3, (enum edgetpu_executable_type[]){ execution, alone, alone }, twice, 0, 0);
	combine(4, (enum edgetpu_executable_type[]){ execution, alone, caching, alone }, odd, 0, 0);
}

/* A copy of the sample with tiles in which anything may be changed. */
struct copy {
	struct edgetpu_package package;
	struct edgetpu_executable main, caching;
	struct edgetpu_layer in[2], out[3];
	struct edgetpu_hint hint[14];
	struct edgetpu_chunk chunk[2], caching_chunk;
	struct edgetpu_field field[2];
	struct compiled_tiles tiles; /* of the first output */
};

static void copy_sample(struct copy *c)
{
	const struct edgetpu_package *from = sample(COMPILED_TILES);

	c->package = *from;
	c->main = *from->main;
	c->caching = *from->caching;
	memcpy(c->in, from->main->input, sizeof(c->in));
	memcpy(c->out, from->main->output, sizeof(c->out));
	memcpy(c->hint, from->main->hint, sizeof(c->hint));
	memcpy(c->chunk, from->main->chunk, sizeof(c->chunk));
	memcpy(c->field, from->caching->chunk->field, sizeof(c->field));
	c->caching_chunk = *from->caching->chunk;
	c->caching_chunk.field = c->field;
	compiled_spread(&c->out[0], 8, &c->tiles);
	c->package.main = &c->main;
	c->package.caching = &c->caching;
	c->main.input = c->in;
	c->main.output = c->out;
	c->main.hint = c->hint;
	c->main.chunk = c->chunk;
	c->caching.chunk = &c->caching_chunk;
}

#define CHANGE(name, what) static void name(struct copy *c) { what; }

CHANGE(the_chunk, c->hint[0].index = 2)
CHANGE(the_input, c->hint[1].index = 9)
CHANGE(the_output, c->hint[9].index = 9)
CHANGE(the_part_of_an_input, c->hint[3].size += 8)
CHANGE(the_part_of_an_output, c->hint[10].offset = 8)
CHANGE(no_bytes, c->hint[1].size = 0)
CHANGE(bytes_before, c->hint[1].offset = 0xfffffff8)
CHANGE(the_parameters, c->hint[11].offset = 72)
CHANGE(the_scratch, c->main.scratch_bytes = 63)
CHANGE(the_interrupt, c->hint[13].index = 4)
CHANGE(no_instructions, c->main.chunks = 0)
CHANGE(empty_instructions, c->chunk[1].size = 0)
CHANGE(half_an_instruction, c->chunk[1].size = 24)
CHANGE(the_field, c->field[1].bit = 8 * 64 - 31)
CHANGE(the_kind_of_field, c->field[0].kind = 4)
CHANGE(the_name_of_a_field, c->field[0].kind = 1)
CHANGE(the_type_of_executable, c->main.type = (enum edgetpu_executable_type)3)
CHANGE(the_size_of_scratch, c->main.scratch_bytes = 0x80000000)
CHANGE(too_small, c->in[0].size = 296)
CHANGE(too_small_tiles, c->out[0].size -= 8)
CHANGE(too_much, c->in[0].executions = 0x7fffffff)
CHANGE(no_width, c->in[0].x = 0)
CHANGE(huge, c->in[0].x = c->in[0].y = 0x7fffffff)
CHANGE(another_shape, c->out[0].shape[1].end++)
CHANGE(no_shape, c->out[0].shape[1].end = -1)
CHANGE(the_type_of_numbers, c->in[1].type = (enum edgetpu_type)6)
CHANGE(no_name, c->in[0].name = "")
CHANGE(the_same_name, c->out[2].name = c->out[0].name)
CHANGE(an_unknown_state, c->out[2].name = "film_variable_output")
CHANGE(a_state_of_another_size, c->out[2].name = "picture_variable_output")
CHANGE(the_tile_of_a_row, c->tiles.y_tile[5] = 16)
CHANGE(the_tile_of_a_column, c->tiles.x_tile[6] = 99)
CHANGE(tiles_together, (c->tiles.y_tile[5] = 15, c->tiles.offset[15] = 0))
CHANGE(the_place_of_a_tile, c->tiles.offset[8] = 1000)
CHANGE(the_place_in_a_row, c->tiles.x_local[0] = 1000)
CHANGE(the_row, c->tiles.y_local[5] = 0x7fffffff)
CHANGE(the_rows_length, c->tiles.row_size[6] = 0x7fffffff)
CHANGE(a_negative_place, c->tiles.x_local[3] = -1)
CHANGE(no_columns, c->out[0].layout.x_local = NULL)
CHANGE(no_tiles, c->out[0].layout.tiles = 0)
CHANGE(no_token, c->caching.token = 0)
CHANGE(layers_of_parameters, (c->caching.inputs = 1, c->caching.input = c->in))

static const struct {
	void (*change)(struct copy *c);
	int code;
	const char *sentence;
} changes[] = {
	{ the_chunk, -EINVAL, "(hint 0: chunk 2 of 2)..." },
	{ the_input, -EINVAL, "(hint 1: no layer 'nobody')..." },
	{ the_output, -EINVAL, "(hint 9: no layer 'nobody')..." },
	{ the_part_of_an_input, -EINVAL, "(hint 3: 216 bytes from 96 of 304)..." },
	{ the_part_of_an_output, -EINVAL, "(hint 10: 336 bytes from 8 of 336)..." },
	{ no_bytes, -EINVAL, "(hint 1: 0 bytes from 0 of 16)..." },
	{ bytes_before, -EINVAL, "(hint 1: 16 bytes from -8 of 16)..." },
	{ the_parameters, -EINVAL, "(hint 11: 8 bytes from 72 of 72)..." },
	{ the_scratch, -EINVAL, "(hint 5: 48 bytes from 16 of 63)..." },
	{ the_interrupt, -EINVAL, "(hint 13: interrupt 4)..." },
	{ no_instructions, -EINVAL, "(no instructions)..." },
	{ empty_instructions, -EINVAL, "(chunk 1: 0 bytes are no whole instructions)..." },
	{ half_an_instruction, -EINVAL, "(chunk 1: 24 bytes are no whole instructions)..." },
	{ the_field, -EINVAL, "(chunk 0: field 1: at bit 481 of 64 bytes)..." },
	{ the_kind_of_field, -EINVAL, "(chunk 0: field 0: the address of thing 4)..." },
	{ the_name_of_a_field, -EINVAL, "(chunk 0: field 0: no layer '')..." },
	{ the_type_of_executable, -EINVAL, "(of type 3)..." },
	{ the_size_of_scratch, -EINVAL, "(-2147483648 bytes of scratch)..." },
	{ too_small, -EINVAL, "(input layer 0: 297 numbers of 1 bytes in 1 x 296 bytes)..." },
	{ too_small_tiles, -EINVAL, "(output layer 0: tile 11 leads out of its 328 bytes)..." },
	{ too_much, -EINVAL, "(input layer 0: 297 numbers of 1 bytes in 2147483647 x 304..." },
	{ no_width, -EINVAL, "(input layer 0: x_dim 0)..." },
	{ huge, -EINVAL, "(input layer 0: 2147483647x2147483647x3 numbers)..." },
	{ another_shape, -EINVAL, "6x7x5 numbers, which is not what its shape has)..." },
	{ no_shape, -EINVAL, "its shape has more than 5 or empty dimensions)..." },
	{ the_type_of_numbers, -ENOTSUP, "(input layer 1: numbers of type 6)..." },
	{ no_name, -EINVAL, "(input layer 0: has no name)..." },
	{ the_same_name, -EINVAL, "(output layer 2: has the name of layer 0)..." },
	{ an_unknown_state, -EINVAL, "(output layer 2: no input layer has this state)..." },
	{ a_state_of_another_size, -EINVAL, "(output layer 2: 60 bytes for a state of 297)..." },
	{ the_tile_of_a_row, -EINVAL, "(output layer 0: y_tile[5] is 16 of 16 tiles)..." },
	{ the_tile_of_a_column, -EINVAL, "(output layer 0: x_tile[6] is 99 of 16 tiles)..." },
	{ tiles_together, -EINVAL, "(output layer 0: uses tile 16 of 16)..." },
	{ the_place_of_a_tile, -EINVAL, "tile 8 leads out of its 336 bytes)..." },
	{ the_place_in_a_row, -EINVAL, "tile 0 leads out of its 336 bytes)..." },
	{ the_row, -EINVAL, "leads out of its 336 bytes)..." },
	{ the_rows_length, -EINVAL, "leads out of its 336 bytes)..." },
	{ a_negative_place, -EINVAL, "(output layer 0: x_local[3] is -1)..." },
	{ no_columns, -EINVAL, "(output layer 0: x_local has 0 entries for 7)..." },
	{ no_tiles, -EINVAL, "(output layer 0: y_tile[0] is 0 of 0 tiles)..." },
	{ no_token, -EINVAL, "(parameters to keep have no token)..." },
	{ layers_of_parameters, -EINVAL, "(what brings parameters has layers)..." },
};

static void what_leads_astray_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct copy c;

		copy_sample(&c);
		changes[i].change(&c);
		refused(&c.package, NULL, changes[i].code, changes[i].sentence);
	}
}

static void a_state_stands_behind_all_other_outputs(void **state)
{
	struct edgetpu_package package = *sample(COMPILED_STATE);
	struct edgetpu_executable main = *package.main;
	struct edgetpu_layer out[2] = { main.output[1], main.output[0] };

	(void)state;
	package.main = &main;
	main.output = out;
	refused(&package, NULL, -EINVAL, "(output layer 1: comes behind a state)...");
}

static void more_than_a_program_can_need_is_refused(void **state)
{
	static struct edgetpu_hint hints[65537];
	static struct edgetpu_layer layers[257];
	struct copy c;

	(void)state;
	copy_sample(&c);
	for (size_t i = 0; i < COUNT(hints); i++)
		hints[i] = (struct edgetpu_hint){ .kind = EDGETPU_FENCE };
	c.main.hint = hints;
	c.main.hints = COUNT(hints);
	refused(&c.package, NULL, -ENOTSUP, "(65537 hints)...");
	copy_sample(&c);
	for (size_t i = 0; i < COUNT(layers); i++)
		layers[i] = c.in[0];
	c.main.input = layers;
	c.main.inputs = COUNT(layers);
	refused(&c.package, NULL, -ENOTSUP, "(257 input layers)...");
}

/* The two slices of the sample, changed. */
static void refuse_slices(const struct edgetpu_slice *slice, uint32_t slices,
			  const char *sentence)
{
	struct edgetpu_package package = *sample(COMPILED_SLICES);
	struct edgetpu_executable main = *package.main;
	struct edgetpu_layer out[2] = { main.output[0], main.output[1] };

	package.main = &main;
	main.output = out;
	out[0].layout.slice = slice;
	out[0].layout.slices = slices;
	refused(&package, NULL, -EINVAL, sentence);
}

static void slices_hold_each_number_once_and_stay_inside(void **state)
{
	const struct edgetpu_slice *right = sample(COMPILED_SLICES)->main->output[0].layout.slice;
	struct edgetpu_slice slice[3] = { right[0], right[1], right[1] };

	(void)state;
	refuse_slices(slice, 1, "its slices do not hold each number once)...");
	refuse_slices(slice, 3, "its slices do not hold each number once)...");
	slice[1].range[1].start = 1;
	refuse_slices(slice, 2, "its slices do not hold each number once)...");
	slice[1] = right[1];
	slice[0].offset = 42;
	refuse_slices(slice, 2, "slice 0 does not fit its shape or its 80 bytes)...");
	slice[0] = right[0];
	slice[1].stride[2] = 0x40000000;
	refuse_slices(slice, 2, "slice 1 does not fit its shape or its 80 bytes)...");
	slice[1] = right[1];
	slice[1].range[3].end = 3;
	refuse_slices(slice, 2, "slice 1 does not fit its shape or its 80 bytes)...");
}

static void broken_tables_are_named_in_the_vendors_words(void **state)
{
	size_t size, inner;
	uint8_t *bytes = compiled_options(sample(COMPILED_STATE), NULL, &size);
	uint8_t *package = bytes + (inner_package(bytes, size, &inner) - bytes);
	struct atoll_error err;

	(void)state;
	package[0] ^= 0x80;
	package[3] ^= 0x7f;
	assert_null(edgetpu_package_read(bytes, size, &err));
	assert_non_null(strstr(err.text, "Failed to prepare for TPU. Internal: Package "
			       "verification failed. (root table: "));
	free(bytes);
}

/* Any answer is right that neither crashes nor leads out of the bytes. */
static void walk_if_read(const uint8_t *bytes, size_t size)
{
	struct atoll_error err = { .text = "" };
	struct edgetpu_package *package = edgetpu_package_read(bytes, size, &err);

	if (package)
		compiled_walk(package, bytes, size);
	else
		assert_true(err.text[0] != '\0' && err.code < 0);
	edgetpu_package_free(package);
}

static void every_damaged_byte_is_found_or_does_no_harm(void **state)
{
	static const uint8_t turns[] = { 0x01, 0x80, 0xff };

	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		uint8_t *bytes = compiled_options(sample(i), NULL, &size);

		for (size_t at = 0; at < size; at++)
			for (size_t t = 0; t < COUNT(turns); t++) {
				bytes[at] ^= turns[t];
				walk_if_read(bytes, size);
				bytes[at] ^= turns[t];
			}
		free(bytes);
	}
}

/* Cut off in front, since the options are read from behind, and behind. */
static void every_shortened_package_is_found_or_does_no_harm(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		uint8_t *bytes = compiled_options(sample(i), NULL, &size);

		for (size_t cut = 1; cut <= size; cut++) {
			uint8_t *shorter = malloc(size - cut);

			memcpy(shorter, bytes + cut, size - cut);
			walk_if_read(shorter, size - cut);
			memcpy(shorter, bytes, size - cut);
			walk_if_read(shorter, size - cut);
			free(shorter);
		}
		free(bytes);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(bytes_may_lie_anywhere),
		cmocka_unit_test(flatc_reads_the_same_in_our_samples),
		cmocka_unit_test(flatc_reads_the_same_in_models_of_the_vendors_compiler),
		cmocka_unit_test(layers_have_the_sizes_of_the_tensors_of_the_same_name),
		cmocka_unit_test(bytes_of_an_inference_are_counted_with_headers),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(a_newer_runtime_that_is_needed_is_named),
		cmocka_unit_test(what_is_odd_but_works_is_a_warning),
		cmocka_unit_test(packages_that_are_not_for_us_are_refused_in_the_vendors_words),
		cmocka_unit_test(what_is_empty_is_refused_in_the_vendors_words),
		cmocka_unit_test(old_options_without_chips_are_read),
		cmocka_unit_test(executables_are_chosen_by_their_types),
		cmocka_unit_test(what_leads_astray_is_named),
		cmocka_unit_test(a_state_stands_behind_all_other_outputs),
		cmocka_unit_test(more_than_a_program_can_need_is_refused),
		cmocka_unit_test(slices_hold_each_number_once_and_stay_inside),
		cmocka_unit_test(broken_tables_are_named_in_the_vendors_words),
		cmocka_unit_test(every_damaged_byte_is_found_or_does_no_harm),
		cmocka_unit_test(every_shortened_package_is_found_or_does_no_harm),
	};

	return CHECK_RUN(tests);
}
