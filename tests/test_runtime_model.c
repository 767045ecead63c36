/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may and what may not be in a model. Odd models are written as JSON and
 * turned into files by flatc, since our own builder has no way to say them.
 */
#include "runtime/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/flatc.h"
#include "tests/models.h"

/* Parts of a model with one RELU from tensor 0 to tensor 1; NULL: as usual. */
struct parts {
	const char *version, *codes, *tensors, *inputs, *outputs, *operators, *buffers, *rest;
};

static const struct parts usual = {
	.version = "3",
	.codes = "{deprecated_builtin_code: 19}",
	.tensors = "{name: 'in', shape: [2], type: UINT8}, {name: 'out', shape: [2], type: UINT8}",
	.inputs = "0",
	.outputs = "1",
	.operators = "{inputs: [0], outputs: [1]}",
	.buffers = "{}, {data: [1, 2]}",
	.rest = "",
};

#define PART(name) (parts->name ? parts->name : usual.name)

static void *write_parts(const struct parts *parts, size_t *size)
{
	char json[4096];
	int length = snprintf(json, sizeof(json),
			      "{version: %s, operator_codes: [%s], subgraphs: [{tensors: [%s], "
			      "inputs: [%s], outputs: [%s], operators: [%s]}], buffers: [%s] %s}",
			      PART(version), PART(codes), PART(tensors), PART(inputs),
			      PART(outputs), PART(operators), PART(buffers), PART(rest));

	assert_true(length > 0 && (size_t)length < sizeof(json));
	return flatc_binary(TFLITE_SCHEMA, json, size);
}

/* An odd model that loads; *bytes must be freed after it. */
static struct atoll_model *load_parts(const struct parts *parts, void **bytes)
{
	struct atoll_model *model;
	struct atoll_error err;
	size_t size;

	*bytes = write_parts(parts, &size);
	model = atoll_model_load_bytes(*bytes, size, "odd", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}

static void refuse_parts(const struct parts *parts, const char *sentence)
{
	struct atoll_error err;
	size_t size;
	void *bytes = write_parts(parts, &size);

	assert_null(atoll_model_load_bytes(bytes, size, "odd", &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, -EINVAL);
	free(bytes);
}

/* The usual model with other tensors. */
static void refuse_tensors(const char *tensors, const char *sentence)
{
	refuse_parts(&(struct parts){ .tensors = tensors }, sentence);
}

static void refuse_operators(const char *operators, const char *sentence)
{
	refuse_parts(&(struct parts){ .operators = operators }, sentence);
}

/* The second tensor of the usual model with this in it. */
#define IN "{name: 'in', shape: [2], type: UINT8}"
#define T(text) IN ", {name: 'out', " text "}"
#define TENSOR "odd: subgraphs[0].tensors[1]: "
#define RELU "odd: subgraphs[0].operators[0] RELU: "

static void the_usual_model_loads(void **state)
{
	void *bytes;
	struct atoll_model *model = load_parts(&usual, &bytes);

	(void)state;
	assert_string_equal(model->path, "odd");
	assert_string_equal(model->description, "");
	assert_string_equal(model->graph[0].name, "");
	assert_int_equal(model->graph[0].operators, 1);
	assert_string_equal(model->graph[0].op[0].name, "RELU");
	assert_int_equal(model->graph[0].op[0].version, 1);
	atoll_model_free(model);
	free(bytes);
}

static void other_versions_are_refused(void **state)
{
	(void)state;
	refuse_parts(&(struct parts){ .version = "2" }, "odd: version 2, expected 3");
}

static void a_model_has_a_graph(void **state)
{
	struct atoll_error err;
	size_t size;
	void *bytes = flatc_binary(TFLITE_SCHEMA, "{version: 3}", &size);

	(void)state;
	assert_null(atoll_model_load_bytes(bytes, size, "odd", &err));
	assert_string_equal(err.text, "odd: subgraphs: none");
	free(bytes);
}

static void buffers_hold_what_their_tensors_need(void **state)
{
	(void)state;
	refuse_parts(&(struct parts){ .buffers = "{data: [1]}" },
		     "odd: buffers[0]: 1 bytes where none belong");
	refuse_tensors(T("shape: [2], type: UINT8, buffer: 5"),
		       TENSOR "buffer 5 of 2");
	refuse_tensors(T("shape: [3], type: UINT8, buffer: 1"),
		       TENSOR "2 bytes in its buffer, 3 expected");
	refuse_tensors(T("type: UINT8, buffer: 1"),
		       TENSOR "2 bytes in its buffer, 1 expected");
	refuse_parts(&(struct parts){ .buffers = "{}, {offset: 100000, size: 2}",
				      .tensors = T("shape: [2], type: UINT8, buffer: 1") },
		     TENSOR "2 bytes at offset 100000 run past the end of the file");
	refuse_parts(&(struct parts){ .buffers = "{}, {offset: 8, size: 18446744073709551615}",
				      .tensors = T("shape: [2], type: UINT8, buffer: 1") },
		     TENSOR "18446744073709551615 bytes at offset 8 run past the end of the "
		     "file");
	refuse_parts(&(struct parts){ .rest = ", metadata: [{name: 'm', buffer: 7}]" },
		     "odd: metadata[0]: buffer 7 of 2");
}

static void shapes_and_types_are_sound(void **state)
{
	(void)state;
	refuse_tensors(T("shape: [2, -2], type: UINT8"),
		       TENSOR "tensor out: dimension 1 is -2");
	refuse_tensors(T("shape: [1, 1, 1, 1, 1, 1, 1, 1, 1]"),
		       TENSOR "tensor out: 9 dimensions, at most 8 are supported");
	refuse_tensors(T("shape: [2147483647, 2147483647, 2147483647]"),
		       TENSOR "tensor out: its shape is larger than memory can be");
	refuse_tensors(T("type: 23"), TENSOR "type 23 is unknown");
	refuse_tensors(T("type: -1"), TENSOR "type -1 is unknown");
}

static void what_cannot_be_read_is_refused(void **state)
{
	(void)state;
	refuse_tensors(T("sparsity: {}"), TENSOR "sparse contents are not supported");
	refuse_tensors(T("external_buffer: 1"),
		       TENSOR "contents in another file are not supported");
}

static void scales_fit_the_shape(void **state)
{
	(void)state;
	refuse_tensors(T("shape: [3, 2], type: INT8, quantization: {scale: [1, 2]}"),
		       TENSOR "2 scales for 3 channels");
	refuse_tensors(T("shape: [3, 2], type: INT8, "
			 "quantization: {scale: [1, 2], quantized_dimension: 2}"),
		       TENSOR "quantized_dimension 2 of 2");
	refuse_tensors(T("shape: [3, 2], type: INT8, "
			 "quantization: {scale: [1, 2], quantized_dimension: -1}"),
		       TENSOR "quantized_dimension -1 of 2");
	refuse_tensors(T("shape: [2], type: INT8, quantization: {scale: [1, nan]}"),
		       TENSOR "scale[1] is nan");
	refuse_tensors(T("shape: [2], type: INT8, quantization: {scale: [-0.5]}"),
		       TENSOR "scale[0] is -0.5");
}

static void zero_points_fit_their_type(void **state)
{
	(void)state;
	refuse_tensors(T("type: UINT8, quantization: {scale: [1], zero_point: [256]}"),
		       TENSOR "zero point 256 does not fit uint8");
	refuse_tensors(T("type: INT8, quantization: {scale: [1], zero_point: [-129]}"),
		       TENSOR "zero point -129 does not fit int8");
	refuse_tensors(T("type: INT16, quantization: {scale: [1], zero_point: [32768]}"),
		       TENSOR "zero point 32768 does not fit int16");
	refuse_tensors(T("type: INT32, quantization: {scale: [1], zero_point: [2147483648]}"),
		       TENSOR "zero point 2147483648 does not fit int32");
	refuse_tensors(T("type: UINT8, quantization: {scale: [1], zero_point: [1, 2]}"),
		       TENSOR "2 zero points for 1 scales");
	refuse_tensors(T("shape: [2], type: INT8, "
			 "quantization: {scale: [1, 2], zero_point: [0, 3]}"),
		       TENSOR "zero point 3 of channel 1, only 0 is supported there");
}

static void operator_codes_are_sound(void **state)
{
	(void)state;
	refuse_operators("{opcode_index: 1, inputs: [0], outputs: [1]}",
			 "odd: subgraphs[0].operators[0]: operator code 1 of 1");
	refuse_parts(&(struct parts){ .codes = "{builtin_code: -7}" },
		     "odd: subgraphs[0].operators[0]: operator code -7");
	refuse_parts(&(struct parts){ .codes = "{deprecated_builtin_code: -7}" },
		     "odd: subgraphs[0].operators[0]: operator code -7");
	refuse_parts(&(struct parts){ .codes = "{builtin_code: CUSTOM}" },
		     "odd: subgraphs[0].operators[0]: custom operator without a name");
	refuse_operators("{inputs: [0], outputs: [1], large_custom_options_offset: 99999, "
			 "large_custom_options_size: 4}",
			 RELU "4 bytes at offset 99999 run past the end of the file");
}

static void tensor_indices_are_in_range(void **state)
{
	(void)state;
	refuse_operators("{inputs: [0, 2], outputs: [1]}", RELU "inputs: [1] is tensor 2 of 2");
	refuse_operators("{inputs: [-2], outputs: [1]}", RELU "inputs: [0] is tensor -2 of 2");
	refuse_operators("{inputs: [0], outputs: [-1]}", RELU "outputs: [0] is tensor -1 of 2");
	refuse_operators("{inputs: [0], outputs: [1], intermediates: [2]}",
			 RELU "intermediates: [0] is tensor 2 of 2");
	refuse_parts(&(struct parts){ .inputs = "-1" },
		     "odd: subgraphs[0].inputs: [0] is tensor -1 of 2");
	refuse_parts(&(struct parts){ .outputs = "2" },
		     "odd: subgraphs[0].outputs: [0] is tensor 2 of 2");
}

static void each_tensor_has_one_source_before_it_is_used(void **state)
{
	(void)state;
	refuse_operators("{inputs: [1], outputs: [1]}",
			 RELU "input 0 is tensor 1, which is not computed before it");
	refuse_operators("{inputs: [0], outputs: [1, 1]}",
			 RELU "output 1 is tensor 1, which is computed already");
	refuse_operators("{inputs: [0], outputs: [0]}",
			 RELU "output 0 is tensor 0, which is an input of the graph");
	refuse_operators("", "odd: subgraphs[0].outputs: [0] is tensor 1, which is never "
			 "computed");
	refuse_tensors(T("shape: [2], type: UINT8, buffer: 1"),
		       RELU "output 0 is tensor 1, which is constant");
	refuse_parts(&(struct parts){ .tensors = T("shape: [2], type: UINT8, buffer: 1"),
				      .inputs = "0, 1", .operators = "" },
		     "odd: subgraphs[0].inputs: [1] is tensor 1, which is constant");
	refuse_tensors(T("shape: [2], type: UINT8, buffer: 1, is_variable: true"),
		       TENSOR "is variable and constant at once");
}

static void left_out_inputs_and_variables_need_no_source(void **state)
{
	struct parts parts = {
		.tensors = T("shape: [2], type: UINT8") ", {shape: [4], is_variable: true}",
		.operators = "{inputs: [0, -1, 2], outputs: [1, 2]}",
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->graph[0].op[0].input[1], -1);
	assert_int_equal(model->graph[0].is_variable[2], 1);
	atoll_model_free(model);
	free(bytes);
}

/* Such as the axes of a reduction over none of them. */
static void a_tensor_without_elements_counts_as_constant(void **state)
{
	struct parts parts = {
		.tensors = T("shape: [2], type: UINT8") ", {shape: [0], type: INT32}",
		.operators = "{inputs: [0, 2], outputs: [1]}",
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_non_null(model->graph[0].tensor[2].data);
	assert_int_equal(model->graph[0].tensor[2].bytes, 0);
	atoll_model_free(model);
	free(bytes);
}

/* The person detection model gives its biases the dimension of the filters. */
static void a_list_of_biases_has_only_one_dimension_to_quantize(void **state)
{
	struct parts parts = {
		.tensors = T("shape: [2], type: INT32, "
			     "quantization: {scale: [1, 2], quantized_dimension: 3}"),
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->graph[0].tensor[1].quant.channels, 2);
	assert_int_equal(model->graph[0].tensor[1].quant.axis, 0);
	atoll_model_free(model);
	free(bytes);
}

static void ranges_without_scales_quantize_nothing(void **state)
{
	struct parts parts = {
		.tensors = T("shape: [2], quantization: {min: [-1], max: [1]}"),
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->graph[0].tensor[1].quant.channels, 0);
	assert_true(model->graph[0].tensor[1].quant.scale == 0);
	atoll_model_free(model);
	free(bytes);
}

static void packed_contents_are_kept_without_a_look(void **state)
{
	struct parts parts = {
		.tensors = T("shape: [2], type: UINT8")
			   ", {shape: [3], type: INT4, buffer: 1}",
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->graph[0].tensor[2].type, ATOLL_INT4);
	assert_int_equal(model->graph[0].tensor[2].bytes, 2);
	assert_non_null(model->graph[0].tensor[2].data);
	atoll_model_free(model);
	free(bytes);
}

static void a_graph_without_constants_needs_no_buffers(void **state)
{
	struct parts parts = { .buffers = "" };
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	atoll_model_free(model);
	free(bytes);
}

static void new_codes_and_old_ones_mean_the_larger(void **state)
{
	struct parts parts = {
		.codes = "{deprecated_builtin_code: 127, builtin_code: GELU, version: 2}",
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->graph[0].op[0].code, BUILTIN_GELU);
	assert_int_equal(model->graph[0].op[0].version, 2);
	atoll_model_free(model);
	free(bytes);
}

static void operators_that_nobody_knows_have_a_name_too(void **state)
{
	struct parts parts = { .codes = "{builtin_code: 999}" };
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_null(atoll_operator_name(999));
	assert_string_equal(model->graph[0].op[0].name, "operator 999");
	atoll_model_free(model);
	free(bytes);
}

/* A RELU with the options of RESHAPE: reading one as the other would follow an
   offset that nobody verified. */
static void options_of_another_operator_are_none(void **state)
{
	struct parts parts = {
		.codes = "{builtin_code: MUL}",
		.operators = "{inputs: [0], outputs: [1], builtin_options_type: ReshapeOptions, "
			     "builtin_options: {new_shape: [1, 2]}}",
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->graph[0].op[0].options_type, OPTIONS_RESHAPE);
	assert_null(model->graph[0].op[0].options.at);
	atoll_model_free(model);
	free(bytes);
}

static void signatures_and_metadata_may_be_there(void **state)
{
	struct parts parts = {
		.rest = ", metadata: [{name: 'min_runtime_version', buffer: 1}, {}], "
			"signature_defs: [{signature_key: 'serve', "
			"inputs: [{name: 'x', tensor_index: 0}]}]",
	};
	void *bytes;
	struct atoll_model *model = load_parts(&parts, &bytes);

	(void)state;
	assert_int_equal(model->metadata, 2);
	assert_string_equal(model->metadatum[0].name, "min_runtime_version");
	assert_int_equal(model->metadatum[0].size, 2);
	assert_int_equal(model->metadatum[0].bytes[1], 2);
	assert_string_equal(model->metadatum[1].name, "");
	assert_int_equal(model->metadatum[1].size, 0);
	atoll_model_free(model);
	free(bytes);
}

/* Files that are too large for 32-bit offsets keep contents behind the rest. The
   offset is not known before the file is, so it is put in afterwards. */
static void contents_may_lie_behind_the_flatbuffer(void **state)
{
	struct parts parts = {
		.tensors = T("shape: [2], type: UINT8")
			   ", {shape: [4], type: UINT8, buffer: 1}",
		.operators = "{inputs: [0, 2], outputs: [1], "
			     "large_custom_options_offset: 1234605616436508552, "
			     "large_custom_options_size: 2}",
		.buffers = "{}, {offset: 1234605616436508552, size: 4}",
	};
	const uint64_t mark = UINT64_C(1234605616436508552); /* 0x1122334455667788 */;
	struct atoll_model *model;
	struct atoll_error err;
	size_t size;
	uint8_t *bytes = write_parts(&parts, &size);
	uint64_t offset = size;
	unsigned places = 0;

	(void)state;
	bytes = realloc(bytes, size + 4);
	assert_non_null(bytes);
	memcpy(bytes + size, "\x01\x02\x03\x04", 4);
	for (size_t i = 0; i + sizeof(mark) <= size; i++) {
		if (memcmp(bytes + i, &mark, sizeof(mark)) != 0)
			continue;
		memcpy(bytes + i, &offset, sizeof(offset));
		places++;
	}
	assert_int_equal(places, 2);

	model = atoll_model_load_bytes(bytes, size + 4, "large", &err);
	if (!model)
		fail_msg("%s", err.text);
	assert_ptr_equal(model->graph[0].tensor[2].data, bytes + size);
	assert_int_equal(model->graph[0].op[0].custom_options_bytes, 2);
	assert_ptr_equal(model->graph[0].op[0].custom_options, bytes + size);
	atoll_model_free(model);
	free(bytes);
}

/* Every address that a file may be given at, with constants of 1 and 4 bytes. */
static void constants_are_aligned_wherever_the_file_lies(void **state)
{
	struct atoll_error err;
	size_t size;
	uint8_t *bytes = models_build(1, &size), *room = malloc(size + 16);

	(void)state;
	assert_non_null(room);
	for (size_t shift = 0; shift < 16; shift++) {
		struct atoll_model *model;
		const struct atoll_tensor *bias;

		memcpy(room + shift, bytes, size);
		model = atoll_model_load_bytes(room + shift, size, "shifted", &err);
		assert_non_null(model);
		bias = &model->graph[0].tensor[3];
		assert_int_equal((uintptr_t)bias->data % 4, 0);
		assert_int_equal(((const int32_t *)bias->data)[1], -100);
		assert_int_equal(((const int8_t *)model->graph[0].tensor[2].data)[8], 9);
		assert_int_equal(model->graph[0].op[0].input[2], 3);
		atoll_model_free(model);
	}
	free(room);
	free(bytes);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < models_count(); i++) {
		size_t size;
		uint8_t *bytes = models_build(i, &size);

		for (size_t length = 0; length < size; length++) {
			uint8_t *part = malloc(length + 1); /* a tight fit for ASan */
			struct atoll_model *model;
			struct atoll_error err = { .code = 0 };

			assert_non_null(part);
			memcpy(part + 1, bytes, length);
			model = atoll_model_load_bytes(part + 1, length, "part", &err);
			/* The last bytes may be padding that nobody reads. */
			if (model)
				assert_true(size - length < 4);
			else
				assert_true(err.code == -EINVAL && err.text[0] != '\0');
			atoll_model_free(model);
			free(part);
		}
		free(bytes);
	}
}

/* Touch all that a loaded model leads to, for the sanitizers. */
static uint32_t sum_up(const struct atoll_model *model)
{
	uint32_t sum = 0;

	for (uint32_t g = 0; g < model->graphs; g++) {
		const struct atoll_graph *graph = &model->graph[g];

		for (uint32_t i = 0; i < graph->tensors; i++) {
			const struct atoll_tensor *tensor = &graph->tensor[i];

			sum += (uint32_t)strlen(tensor->name);
			for (size_t j = 0; tensor->data && j < tensor->bytes; j++)
				sum += ((const uint8_t *)tensor->data)[j];
			for (uint32_t j = 0; j < tensor->quant.channels; j++)
				sum += tensor->quant.scales[j] > 1;
		}
		for (uint32_t i = 0; i < graph->operators; i++) {
			const struct atoll_operator *op = &graph->op[i];

			sum += (uint32_t)strlen(op->name);
			for (size_t j = 0; j < op->custom_options_bytes; j++)
				sum += op->custom_options[j];
			if (op->code == BUILTIN_CONV_2D)
				sum += (uint32_t)flatbuf_i32(op->options, CONV_2D_STRIDE_W, 0);
			if (op->code == BUILTIN_RESHAPE)
				sum += flatbuf_vector(op->options, RESHAPE_NEW_SHAPE).count;
		}
	}
	return sum;
}

static void a_damaged_byte_is_refused_or_harmless(void **state)
{
	static const uint8_t damages[] = { 0x01, 0x80, 0xff };
	uint32_t refused = 0, sum = 0;

	(void)state;
	for (uint32_t i = 0; i < models_count(); i++) {
		size_t size;
		uint8_t *bytes = models_build(i, &size);

		for (size_t at = 0; at < size * sizeof(damages); at++) {
			uint8_t damage = damages[at % sizeof(damages)];
			struct atoll_model *model;

			bytes[at / sizeof(damages)] ^= damage;
			model = atoll_model_load_bytes(bytes, size, "damaged", NULL);
			if (model)
				sum += sum_up(model);
			else
				refused++;
			atoll_model_free(model);
			bytes[at / sizeof(damages)] ^= damage;
		}
		free(bytes);
	}
	print_message("# %u damages refused, sum %u\n", refused, sum);
	assert_true(refused > 1000);
}

static void refuse_path(const char *path, int code, const char *why)
{
	struct atoll_error err;
	char sentence[192];

	snprintf(sentence, sizeof(sentence), "%s: %s", path, why);
	assert_null(atoll_model_load(path, &err));
	assert_int_equal(err.code, code);
	assert_string_equal(err.text, sentence);
	assert_null(atoll_model_load(path, NULL));
}

static void what_is_no_file_is_refused_with_a_sentence(void **state)
{
	char folder[] = "/tmp/atoll-model-XXXXXX", path[64];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	refuse_path(folder, -EISDIR, "is a directory");
	snprintf(path, sizeof(path), "%s/m.tflite", folder);
	refuse_path(path, -ENOENT, "No such file or directory");

	assert_int_equal(mkfifo(path, 0600), 0);
	refuse_path(path, -EINVAL, "is not a regular file");
	assert_int_equal(unlink(path), 0);

	file = fopen(path, "w");
	assert_non_null(file);
	refuse_path(path, -EINVAL, "is empty");
	assert_int_equal(fputs("text", file) >= 0 && fclose(file) == 0, 1);
	refuse_path(path, -EINVAL, "root table: 4 bytes are too few for a FlatBuffer");

	/* A hole of a terabyte: too few bytes of it are a model. */
	assert_int_equal(truncate(path, INT64_C(1) << 40), 0);
	refuse_path(path, -EINVAL, "root table: no file identifier TFL3");
	if (geteuid() != 0) {
		assert_int_equal(chmod(path, 0), 0);
		refuse_path(path, -EACCES, "Permission denied");
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void a_file_is_mapped_and_named_by_its_path(void **state)
{
	char path[] = "/tmp/atoll-model-XXXXXX";
	int fd = mkstemp(path);
	struct atoll_model *model;
	struct atoll_error err;
	size_t size;
	void *bytes = models_build(1, &size);

	(void)state;
	assert_int_equal(write(fd, bytes, size), size);
	(void)close(fd);
	model = atoll_model_load(path, &err);
	assert_non_null(model);
	assert_int_equal(unlink(path), 0); /* the mapping does not need it */
	assert_string_equal(model->path, path);
	assert_int_equal(model->size, size);
	assert_memory_equal(model->bytes, bytes, size);
	atoll_model_free(model);
	atoll_model_free(NULL);
	free(bytes);
}

/* What is not freed once, and once only, the address sanitizer tells. */
static void bytes_that_a_model_takes_are_freed_with_it(void **state)
{
	struct atoll_error err = { 0 };
	struct atoll_model *model;
	size_t size;
	void *bytes = models_build(0, &size);

	(void)state;
	model = atoll_model_take_bytes(bytes, size, "built", &err);
	assert_non_null(model);
	assert_ptr_equal(model->bytes, bytes);
	atoll_model_free(model);

	bytes = models_build(0, &size);
	assert_null(atoll_model_take_bytes(bytes, size - 1, "built", &err));
	assert_string_not_equal(err.text, "");
}

static void all_models_of_the_test_data_load(void **state)
{
	static const struct {
		const char *name;
		uint32_t tensors, operators;
	} models[] = {
		{ "mobilenet_v2_1.0_224_quant", 174, 66 },
		{ "person_detect", 89, 31 },
		{ "model_invoking_error", 2, 1 },
		{ "mobilenet_v1_0.25_128_quant_edgetpu", 2, 1 },
		{ "ssd_mobilenet_v2_coco_quant_postprocess_segment_1_of_2_edgetpu", 12, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct atoll_error err;
		struct atoll_model *model =
			atoll_model_load(check_data_path("models/%s.tflite", models[i].name), &err);

		if (!model)
			fail_msg("%s", err.text);
		assert_int_equal(model->graph[0].tensors, models[i].tensors);
		assert_int_equal(model->graph[0].operators, models[i].operators);
		assert_true(sum_up(model) > 0);
		atoll_model_free(model);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_model_loads),
		cmocka_unit_test(other_versions_are_refused),
		cmocka_unit_test(a_model_has_a_graph),
		cmocka_unit_test(buffers_hold_what_their_tensors_need),
		cmocka_unit_test(shapes_and_types_are_sound),
		cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(scales_fit_the_shape),
		cmocka_unit_test(zero_points_fit_their_type),
		cmocka_unit_test(operator_codes_are_sound),
		cmocka_unit_test(tensor_indices_are_in_range),
		cmocka_unit_test(each_tensor_has_one_source_before_it_is_used),
		cmocka_unit_test(left_out_inputs_and_variables_need_no_source),
		cmocka_unit_test(a_tensor_without_elements_counts_as_constant),
		cmocka_unit_test(a_list_of_biases_has_only_one_dimension_to_quantize),
		cmocka_unit_test(ranges_without_scales_quantize_nothing),
		cmocka_unit_test(packed_contents_are_kept_without_a_look),
		cmocka_unit_test(a_graph_without_constants_needs_no_buffers),
		cmocka_unit_test(new_codes_and_old_ones_mean_the_larger),
		cmocka_unit_test(operators_that_nobody_knows_have_a_name_too),
		cmocka_unit_test(options_of_another_operator_are_none),
		cmocka_unit_test(signatures_and_metadata_may_be_there),
		cmocka_unit_test(contents_may_lie_behind_the_flatbuffer),
		cmocka_unit_test(constants_are_aligned_wherever_the_file_lies),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_damaged_byte_is_refused_or_harmless),
		cmocka_unit_test(what_is_no_file_is_refused_with_a_sentence),
		cmocka_unit_test(a_file_is_mapped_and_named_by_its_path),
		cmocka_unit_test(bytes_that_a_model_takes_are_freed_with_it),
		cmocka_unit_test(all_models_of_the_test_data_load),
	};

	return CHECK_RUN(tests);
}
