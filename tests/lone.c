/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lone.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/drawn.h"

struct lone lone_new(uint32_t code)
{
	return (struct lone){
		.g = graph_new(), .type = ATOLL_INT8, .scale = 0.5f,
		.op = { .code = code, .version = 1,
			.options_type = tflite_operator_options(code) },
	};
}

static struct atoll_builder_tensor shaped(const struct lone *l, size_t rank,
					  const int32_t *dims)
{
	bool has_scale = l->type == ATOLL_INT8 || l->type == ATOLL_UINT8 ||
			 l->type == ATOLL_INT16;
	struct atoll_builder_tensor tensor = {
		.name = "tensor", .type = l->type, .rank = (uint32_t)rank,
		.scale = has_scale ? l->scale : 0 };

	memcpy(tensor.dims, dims, rank * sizeof(*dims));
	return tensor;
}

static void add_input(struct lone *l, int32_t tensor)
{
	l->input[l->op.inputs++] = tensor;
}

void lone_in(struct lone *l, size_t rank, const int32_t *dims)
{
	const struct atoll_builder_tensor tensor = shaped(l, rank, dims);

	add_input(l, graph_input(&l->g, &tensor));
}

void lone_constant(struct lone *l, uint8_t byte, size_t rank, const int32_t *dims)
{
	struct atoll_builder_tensor tensor = shaped(l, rank, dims);
	void *data;

	tensor.bytes = atoll_type_bytes(l->type);
	for (size_t i = 0; i < rank; i++)
		tensor.bytes *= (size_t)dims[i];
	data = malloc(tensor.bytes);
	assert_non_null(data);
	memset(data, byte, tensor.bytes);
	tensor.data = data;
	add_input(l, graph_tensor(&l->g, &tensor));
	free(data);
}

void lone_ints(struct lone *l, size_t count, const int32_t *values)
{
	const struct atoll_builder_tensor tensor = {
		.name = "numbers", .type = ATOLL_INT32, .rank = 1,
		.dims = { (int32_t)count }, .data = values,
		.bytes = count * sizeof(*values) };

	add_input(l, graph_tensor(&l->g, &tensor));
}

void lone_state(struct lone *l, enum atoll_type type, int32_t cells)
{
	const struct atoll_builder_tensor tensor = {
		.name = "state", .type = type, .rank = 2, .dims = { 1, cells },
		.scale = 0.5f, .is_variable = 1 };

	add_input(l, graph_tensor(&l->g, &tensor));
}

void lone_nothing(struct lone *l)
{
	add_input(l, -1);
}

void lone_out(struct lone *l, size_t rank, const int32_t *dims)
{
	const struct atoll_builder_tensor tensor = shaped(l, rank, dims);

	l->output[l->op.outputs++] = graph_output(&l->g, &tensor);
}

void lone_byte(struct lone *l, uint16_t id, int32_t value)
{
	l->option[l->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I8, .id = id, .i = value };
}

void lone_option(struct lone *l, uint16_t id, int32_t value)
{
	l->option[l->op.options++] = (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I32, .id = id, .i = value };
}

static void build(struct lone *l)
{
	struct atoll_error err;

	l->op.input = l->input;
	l->op.output = l->output;
	l->op.option = l->option;
	atoll_builder_operator(l->g.builder, &l->op);
	drawn_load(&l->g, "lone");
	if (compiler_graph_make(l->g.model, &l->graph, &err) < 0)
		fail_msg("%s", err.text);
}

enum atoll_mapping lone_judge(struct lone *l, int32_t runtime_version)
{
	if (!l->g.model)
		build(l);
	return compiler_is_legal(&l->graph, 0, runtime_version, &l->verdict);
}

void lone_free(struct lone *l)
{
	compiler_graph_free(&l->graph);
	graph_free(&l->g);
}

void lone_mapped_at(struct lone *l, int32_t runtime_version)
{
	if (lone_judge(l, runtime_version) != ATOLL_MAPPED)
		fail_msg("%s", l->verdict.why);
	assert_string_equal(l->verdict.why, "");
	assert_null(l->verdict.advice);
}

void lone_mapped(struct lone *l)
{
	lone_mapped_at(l, LONE_NEWEST);
	lone_free(l);
}

void lone_refused_at(struct lone *l, int32_t runtime_version,
			   enum atoll_mapping mapping, const char *words)
{
	assert_int_equal(lone_judge(l, runtime_version), mapping);
	if (!strstr(l->verdict.why, words))
		fail_msg("'%s' is not in '%s'", words, l->verdict.why);
}

void lone_refused(struct lone *l, enum atoll_mapping mapping, const char *words)
{
	lone_refused_at(l, LONE_NEWEST, mapping, words);
	lone_free(l);
}

void lone_limited(struct lone *l, const char *words)
{
	lone_refused(l, ATOLL_NOT_MAPPED_LIMIT, words);
}

struct lone lone_plain(uint32_t code)
{
	struct lone l = lone_new(code);

	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_out(&l, DIMS(1, 8, 8, 4));
	return l;
}
