/* SPDX-License-Identifier: Apache-2.0 */
/*
 *	x 1x6x6x3 --> convolution --> depthwise --> times a constant --> fully connected
 *	          --> softmax --> scores 1x10
 *
 * The depthwise layer's bias is zero, so that no block has it.
 */
#include "tests/carry.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/builder.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/compiled.h"

#define TOKEN 77
#define PARAMETERS 7
#define DATA_MAX 4096

/* While the network is built: with its constants, or for being carried. */
struct network {
	struct atoll_builder *builder;
	struct check_random random;
	bool is_carried;
	uint32_t parameters;
	int32_t parameter[PARAMETERS];
};

static int32_t activation(struct network *n, const char *name, uint32_t rank,
			  const int32_t *dims, float scale, int64_t zero_point)
{
	struct atoll_builder_tensor tensor = {
		.name = name, .type = ATOLL_UINT8, .rank = rank, .scale = scale,
		.zero_point = zero_point };

	memcpy(tensor.dims, dims, rank * sizeof(*dims));
	return atoll_builder_tensor(n->builder, &tensor);
}

/* Random numbers, of int32 small ones. */
static int32_t parameter(struct network *n, const char *name, enum atoll_type type,
			 uint32_t rank, const int32_t *dims, float scale)
{
	static uint8_t data[DATA_MAX];
	struct atoll_builder_tensor tensor = {
		.name = name, .type = type, .rank = rank, .scale = scale,
		.zero_point = type == ATOLL_UINT8 ? 120 : 0 };
	size_t bytes = type == ATOLL_UINT8 ? 1 : 4;

	for (uint32_t i = 0; i < rank; i++)
		bytes *= (size_t)dims[i];
	memcpy(tensor.dims, dims, rank * sizeof(*dims));
	for (size_t i = 0; i < bytes; i++)
		data[i] = type == ATOLL_UINT8 ? (uint8_t)check_random(&n->random) :
			i % 4 == 0 ? (uint8_t)check_random_in(&n->random, 1, 255) : 0;
	if (strcmp(name, "depthwise/bias") == 0)
		memset(data, 0, bytes);
	if (!n->is_carried) {
		tensor.data = data;
		tensor.bytes = bytes;
	}
	return n->parameter[n->parameters++] = atoll_builder_tensor(n->builder, &tensor);
}

static void add(struct network *n, uint32_t code, uint8_t options_type, uint32_t options,
		const struct atoll_builder_option *option, uint32_t inputs,
		const int32_t *input, int32_t output)
{
	atoll_builder_operator(n->builder, &(struct atoll_builder_operator){
		.code = code, .version = 1, .inputs = inputs, .input = input, .outputs = 1,
		.output = &output, .options_type = options_type, .options = options,
		.option = option });
}

static const int32_t picture[4] = { 1, 6, 6, 8 }, eight[1] = { 8 }, ten[1] = { 10 };

static int32_t add_convolution(struct network *n, int32_t in)
{
	static const struct atoll_builder_option option[] = {
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = CONV_2D_STRIDE_H, .i = 1 },
	};
	int32_t input[3] = { in };
	int32_t out = activation(n, "convolved", 4, picture, 0.25f, 128);

	input[1] = parameter(n, "conv/weights", ATOLL_UINT8, 4,
			     (const int32_t[]){ 8, 3, 3, 3 }, 0.02f);
	input[2] = parameter(n, "conv/bias", ATOLL_INT32, 1, eight, 0.02f * 0.05f);
	add(n, BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, option, 3, input, out);
	return out;
}

static int32_t add_depthwise(struct network *n, int32_t in)
{
	static const struct atoll_builder_option option[] = {
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_W, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_STRIDE_H, .i = 1 },
		{ .kind = ATOLL_OPTION_I32, .id = DEPTHWISE_CONV_2D_DEPTH_MULTIPLIER, .i = 1 },
	};
	int32_t input[3] = { in };
	int32_t out = activation(n, "deep", 4, picture, 0.25f, 128);

	input[1] = parameter(n, "depthwise/weights", ATOLL_UINT8, 4,
			     (const int32_t[]){ 1, 3, 3, 8 }, 0.01f);
	input[2] = parameter(n, "depthwise/bias", ATOLL_INT32, 1, eight, 0.01f * 0.25f);
	add(n, BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 3, option, 3, input, out);
	return out;
}

static int32_t add_product(struct network *n, int32_t in)
{
	int32_t input[2] = { in };
	int32_t out = activation(n, "product", 4, picture, 0.25f, 128);

	input[1] = parameter(n, "factors", ATOLL_UINT8, 4, picture, 0.02f);
	add(n, BUILTIN_MUL, OPTIONS_MUL, 0, NULL, 2, input, out);
	return out;
}

static int32_t add_dense(struct network *n, int32_t in)
{
	static const int32_t row[2] = { 1, 10 };
	int32_t input[3] = { in };
	int32_t out = activation(n, "logits", 2, row, 0.5f, 128);

	input[1] = parameter(n, "dense/weights", ATOLL_UINT8, 2, (const int32_t[]){ 10, 288 },
			     0.005f);
	input[2] = parameter(n, "dense/bias", ATOLL_INT32, 1, ten, 0.005f * 0.25f);
	add(n, BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 0, NULL, 3, input, out);
	return out;
}

static void add_network(struct network *n)
{
	static const struct atoll_builder_option beta = {
		.kind = ATOLL_OPTION_F32, .id = SOFTMAX_BETA, .f = 1 };
	int32_t input[1 + PARAMETERS], out;

	input[0] = activation(n, "x", 4, (const int32_t[]){ 1, 6, 6, 3 }, 0.05f, 128);
	out = add_dense(n, add_product(n, add_depthwise(n, add_convolution(n, input[0]))));
	input[1] = out;
	out = activation(n, "scores", 2, (const int32_t[]){ 1, 10 }, 1 / 256.0f, 0);
	add(n, BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, &beta, 1, &input[1], out);
	memcpy(input + 1, n->parameter, n->parameters * sizeof(*input));
	atoll_builder_inputs(n->builder, n->is_carried ? 1 + n->parameters : 1, input);
	atoll_builder_outputs(n->builder, 1, &out);
}

static void *build(uint32_t seed, const void *records, size_t records_bytes, size_t *size)
{
	struct network n = { .builder = atoll_builder_new("network"),
			     .random = { seed }, .is_carried = records != NULL };
	struct atoll_error err;
	void *bytes;

	assert_non_null(n.builder);
	add_network(&n);
	if (records)
		atoll_builder_metadata(n.builder, CARRIED_PARAMETERS, records, records_bytes);
	if (atoll_builder_finish(n.builder, &bytes, size, &err) < 0)
		fail_msg("%s", err.text);
	atoll_builder_free(n.builder);
	return bytes;
}

static void add_record(struct carry *carry, uint8_t *records, enum carry_split split,
		       const struct compiler_block *block, uint32_t nth)
{
	bool is_cached = split != CARRY_STREAMED && !block->is_never_cached &&
			 (split == CARRY_CACHED || carry->records % 2 == 0);
	struct edgetpu_executable *executable = is_cached ? &carry->caching : &carry->main;
	uint8_t *to = is_cached ? carry->cached : carry->streamed;
	const struct carried_record record = {
		.op = block->op, .kind = (uint32_t)block->kind, .tables = block->tables,
		.nth = nth, .vector = !is_cached, .offset = executable->parameter_bytes,
		.bytes = block->bytes };

	compiler_block_write(&carry->model->graph[0], block, to + record.offset);
	executable->parameter_bytes += block->bytes;
	/* Numbers lie as in memory on all machines that we run on. */
	memcpy(records + carry->records++ * sizeof(record), &record, sizeof(record));
}

#define VECTOR_BYTES 65536

static void add_records(struct carry *carry, uint8_t *records, enum carry_split split)
{
	const struct atoll_graph *graph = &carry->model->graph[0];
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	struct atoll_error err;
	uint32_t blocks;

	for (uint32_t op = 0; op < graph->operators; op++) {
		if (compiler_blocks(graph, op, block, &blocks, &err) < 0)
			fail_msg("%s", err.text);
		for (uint32_t i = 0; i < blocks; i++)
			add_record(carry, records, split, &block[i], i);
	}
}

static void add_hint(struct edgetpu_executable *executable, struct edgetpu_hint *hint,
		     enum edgetpu_hint_kind kind, uint32_t size)
{
	if (size > 0 || kind == EDGETPU_INTERRUPT)
		hint[executable->hints++] = (struct edgetpu_hint){ .kind = kind, .size = size };
}

static struct edgetpu_layer layer(const char *name, uint32_t side, uint32_t z, float scale,
				  int32_t zero_point)
{
	size_t bytes = (size_t)side * side * z;

	return (struct edgetpu_layer){
		.name = name, .size = (uint32_t)((bytes + 7) / 8 * 8), .y = side, .x = side,
		.z = z, .type = EDGETPU_UINT8, .element = 1, .zero_point = zero_point,
		.scale = scale, .executions = 1, .bytes = bytes, .state_of = -1,
		.layout.is_flat = true, .rank = 4,
		.shape = { { 0, 0 }, { 0, (int32_t)side - 1 }, { 0, (int32_t)side - 1 },
			   { 0, (int32_t)z - 1 } } };
}

static void add_executables(struct carry *carry, enum carry_split split)
{
	struct edgetpu_executable *main = &carry->main, *caching = &carry->caching;
	bool has_caching = split != CARRY_STREAMED;

	carry->input = layer("x", 6, 3, 0.05f, 128);
	carry->output = layer("scores", 1, 10, 1 / 256.0f, 0);
	main->name = "model";
	main->type = has_caching ? EDGETPU_EXECUTION : EDGETPU_STAND_ALONE;
	main->inputs = main->outputs = 1;
	main->input = &carry->input;
	main->output = &carry->output;
	main->parameters = carry->streamed;
	caching->name = "Unknown";
	caching->type = EDGETPU_CACHING;
	caching->parameters = carry->cached;
	main->token = caching->token = has_caching ? TOKEN : 0;
	main->is_deterministic = caching->is_deterministic = true;
	for (int i = 0; i < 2; i++)
		carry->chunk[i] = (struct edgetpu_chunk){ .bytes = carry->chunk_bytes[i],
							  .size = 48 };
	main->chunks = caching->chunks = 1;
	main->chunk = &carry->chunk[0];
	caching->chunk = &carry->chunk[1];
	main->hint = carry->hint[0];
	caching->hint = carry->hint[1];
	add_hint(main, carry->hint[0], EDGETPU_INSTRUCTIONS, 48);
	add_hint(main, carry->hint[0], EDGETPU_INPUT, carry->input.size);
	add_hint(main, carry->hint[0], EDGETPU_PARAMETERS, main->parameter_bytes);
	add_hint(main, carry->hint[0], EDGETPU_OUTPUT, carry->output.size);
	add_hint(main, carry->hint[0], EDGETPU_INTERRUPT, 0);
	add_hint(caching, carry->hint[1], EDGETPU_INSTRUCTIONS, 48);
	add_hint(caching, carry->hint[1], EDGETPU_PARAMETERS, caching->parameter_bytes);
	add_hint(caching, carry->hint[1], EDGETPU_INTERRUPT, 0);
	carry->package = (struct edgetpu_package){
		.runtime_version = 14, .compiler = "atoll", .main = main,
		.caching = has_caching ? caching : NULL };
}

/* Where the records are in the graph's bytes. */
static void find_records(struct carry *carry)
{
	struct atoll_error err;
	struct atoll_model *model =
		atoll_model_load_bytes(carry->graph, carry->graph_bytes, "carried", &err);

	if (!model)
		fail_msg("%s", err.text);
	assert_int_equal(model->metadata, 1);
	assert_int_equal(model->metadatum[0].size, carry->records * CARRIED_RECORD_BYTES);
	carry->record = carry->graph + (model->metadatum[0].bytes - model->bytes);
	atoll_model_free(model);
}

struct carry *carry_new(enum carry_split split, uint32_t seed)
{
	struct carry *carry = calloc(1, sizeof(*carry));
	uint8_t records[16 * CARRIED_RECORD_BYTES];
	struct atoll_error err;
	void *bytes;
	size_t size;

	assert_non_null(carry);
	carry->cached = calloc(1, VECTOR_BYTES);
	carry->streamed = calloc(1, VECTOR_BYTES);
	assert_true(carry->cached && carry->streamed);
	bytes = build(seed, NULL, 0, &size);
	carry->model = atoll_model_take_bytes(bytes, size, "network", &err);
	if (!carry->model)
		fail_msg("%s", err.text);
	add_records(carry, records, split);
	carry->graph = build(seed, records, carry->records * CARRIED_RECORD_BYTES,
			     &carry->graph_bytes);
	find_records(carry);
	add_executables(carry, split);
	carry_seal(carry);
	return carry;
}

void carry_free(struct carry *carry)
{
	atoll_model_free(carry->model);
	free(carry->graph);
	free(carry->cached);
	free(carry->streamed);
	free(carry);
}

void carry_seal(struct carry *carry)
{
	SHA2_CTX sha;

	carry->main.model = carry->graph;
	carry->main.model_bytes = (uint32_t)carry->graph_bytes;
	for (int i = 0; i < 2; i++) {
		memcpy(carry->chunk_bytes[i], CARRIED_MAGIC, 16);
		SHA256Init(&sha);
		SHA256Update(&sha, carry->graph, carry->graph_bytes);
		if (carry->package.caching)
			SHA256Update(&sha, carry->caching.parameters,
				     carry->caching.parameter_bytes);
		SHA256Update(&sha, carry->main.parameters, carry->main.parameter_bytes);
		SHA256Final(carry->chunk_bytes[i] + 16, &sha);
	}
	carry->chunk_bytes[1][0] = 'a';
}

uint32_t carry_get(const struct carry *carry, uint32_t record, size_t field)
{
	uint32_t value;

	memcpy(&value, carry->record + record * CARRIED_RECORD_BYTES + field, sizeof(value));
	return value;
}

void carry_set(struct carry *carry, uint32_t record, size_t field, uint32_t value)
{
	memcpy(carry->record + record * CARRIED_RECORD_BYTES + field, &value, sizeof(value));
	carry_seal(carry);
}

void carry_fill(uint8_t in[CARRY_INPUTS], uint32_t seed)
{
	struct check_random random = { seed };

	for (uint32_t i = 0; i < CARRY_INPUTS; i++)
		in[i] = (uint8_t)check_random(&random);
}

void carry_run(const struct atoll_model *model, const uint8_t in[CARRY_INPUTS],
	       uint8_t out[CARRY_OUTPUTS])
{
	const struct atoll_session_options options = { .device = "cpu", .threads = 1 };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(model, &options, &err);

	if (!session)
		fail_msg("%s", err.text);
	memcpy(atoll_session_input(session, 0)->data, in, CARRY_INPUTS);
	assert_int_equal(atoll_session_invoke(session), 0);
	memcpy(out, atoll_session_output(session, 0)->data, CARRY_OUTPUTS);
	atoll_session_close(session);
}

struct atoll_model *carry_file(const struct carry *carry, void **bytes)
{
	struct atoll_error err;
	struct atoll_model *model;
	size_t size;

	*bytes = compiled_model(&carry->package, &size);
	model = atoll_model_load_bytes(*bytes, size, "compiled", &err);
	if (!model)
		fail_msg("%s", err.text);
	return model;
}
