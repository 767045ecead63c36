/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/single.h"

#include <string.h>

#include "tests/check.h"

const enum atoll_type single_types[7] = {
	ATOLL_UINT8, ATOLL_INT8, ATOLL_INT16, ATOLL_INT32, ATOLL_INT64, ATOLL_BOOL,
	ATOLL_FLOAT32,
};

void single_new(struct single *s, uint32_t code, uint8_t options_type)
{
	*s = (struct single){
		.graph = graph_new(),
		.op = { .code = code, .version = 1, .options_type = options_type },
		.random = { code + 1 },
		.scale = 0.5f,
		.zero_point = 3,
	};
}

void single_free(struct single *s)
{
	graph_free(&s->graph);
}

static struct atoll_builder_tensor described(const struct single *s,
					     enum atoll_type type)
{
	bool is_byte = type == ATOLL_UINT8 || type == ATOLL_INT8;

	return (struct atoll_builder_tensor){
		.name = "it",
		.type = type,
		.scale = is_byte || type == ATOLL_INT16 ? s->scale : 0,
		.zero_point = is_byte ? s->zero_point : 0,
	};
}

static void fill_random(struct check_random *random, enum atoll_type type,
			size_t elements, void *data)
{
	size_t bytes = elements * atoll_type_bytes(type);

	for (size_t i = 0; type == ATOLL_FLOAT32 && i < elements; i++)
		((float *)data)[i] = (float)check_random_in(random, -1000, 1000);
	for (size_t i = 0; type == ATOLL_BOOL && i < elements; i++)
		((uint8_t *)data)[i] = check_random(random) & 1;
	for (size_t i = 0; type != ATOLL_FLOAT32 && type != ATOLL_BOOL && i < bytes; i++)
		((uint8_t *)data)[i] = (uint8_t)check_random(random);
}

static void add_input(struct single *s, int32_t tensor)
{
	assert_true(s->op.inputs < SINGLE_MAX);
	s->input[s->op.inputs++] = tensor;
}

void single_constant(struct single *s, const struct atoll_builder_tensor *tensor)
{
	add_input(s, graph_tensor(&s->graph, tensor));
}

void single_input(struct single *s, enum atoll_type type, uint32_t rank,
		  const int32_t *dims)
{
	struct atoll_builder_tensor tensor = described(s, type);
	static _Alignas(8) uint8_t contents[64 * 1024];
	size_t elements = 1;

	tensor.rank = rank;
	for (uint32_t d = 0; d < rank; d++) {
		tensor.dims[d] = dims[d];
		elements *= (size_t)dims[d];
	}
	if (!s->is_constant) {
		add_input(s, graph_input(&s->graph, &tensor));
		return;
	}
	tensor.bytes = elements * atoll_type_bytes(type);
	assert_true(tensor.bytes <= sizeof(contents));
	fill_random(&s->random, type, elements, contents);
	tensor.data = contents;
	single_constant(s, &tensor);
}

void single_ints_of_shape(struct single *s, uint32_t rank, const int32_t *dims,
			  const int32_t *values)
{
	struct atoll_builder_tensor tensor = {
		.name = "numbers", .type = ATOLL_INT32, .rank = rank, .data = values,
	};

	tensor.bytes = sizeof(*values);
	for (uint32_t d = 0; d < rank; d++) {
		tensor.dims[d] = dims[d];
		tensor.bytes *= (size_t)dims[d];
	}
	single_constant(s, &tensor);
}

void single_ints(struct single *s, uint32_t count, const int32_t *values)
{
	single_ints_of_shape(s, 1, (int32_t[]){ (int32_t)count }, values);
}

void single_output(struct single *s, enum atoll_type type)
{
	struct atoll_builder_tensor tensor = described(s, type);

	assert_true(s->op.outputs < SINGLE_MAX);
	s->output[s->op.outputs++] = graph_output(&s->graph, &tensor);
}

static void add_option(struct single *s, struct atoll_builder_option option)
{
	s->option[s->op.options++] = option;
}

void single_option(struct single *s, uint16_t id, int32_t value)
{
	add_option(s, (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I32, .id = id, .i = value });
}

void single_byte_option(struct single *s, uint16_t id, int32_t value)
{
	add_option(s, (struct atoll_builder_option){
		.kind = ATOLL_OPTION_I8, .id = id, .i = value });
}

void single_flag(struct single *s, uint16_t id)
{
	add_option(s, (struct atoll_builder_option){
		.kind = ATOLL_OPTION_BOOL, .id = id, .i = 1 });
}

static void add_operator(struct single *s)
{
	s->op.input = s->input;
	s->op.output = s->output;
	s->op.option = s->option;
	atoll_builder_operator(s->graph.builder, &s->op);
}

void single_open(struct single *s)
{
	add_operator(s);
	graph_open(&s->graph);
	for (uint32_t i = 0; i < s->op.inputs; i++)
		s->in[i] = graph_info(&s->graph, s->input[i]);
	for (uint32_t i = 0; i < s->op.outputs; i++)
		s->out[i] = graph_info(&s->graph, s->output[i]);
}

void single_fill(struct single *s)
{
	for (uint32_t i = 0; i < s->graph.inputs; i++) {
		struct atoll_tensor *in = atoll_session_input(s->graph.session, i);

		fill_random(&s->random, in->type, in->elements, in->data);
	}
}

void single_run(struct single *s)
{
	single_open(s);
	single_fill(s);
	graph_run(&s->graph);
}

void single_refused(struct single *s, const char *words)
{
	struct atoll_error err = { 0 };

	add_operator(s);
	graph_open_refused(&s->graph, &err);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
	single_free(s);
}

enum atoll_type single_any_type(struct check_random *random)
{
	return single_types[check_random(random) % 7];
}

void single_any_dims(struct check_random *random, uint32_t rank, int32_t *dims)
{
	for (uint32_t d = 0; d < rank; d++)
		dims[d] = check_random_in(random, 1, 5);
}

bool single_next(const struct atoll_tensor *tensor, int32_t *index)
{
	for (uint32_t d = tensor->rank; d-- > 0;) {
		if (++index[d] < tensor->dims[d])
			return true;
		index[d] = 0;
	}
	return false;
}

const char *single_at(const struct atoll_tensor *tensor, const int32_t *index)
{
	size_t at = 0;

	for (uint32_t d = 0; d < tensor->rank; d++) {
		assert_in_range(index[d], 0, tensor->dims[d] - 1);
		at = at * (size_t)tensor->dims[d] + (size_t)index[d];
	}
	return (const char *)tensor->data + at * atoll_type_bytes(tensor->type);
}

void single_assert_shape(const struct atoll_tensor *tensor, uint32_t rank,
			 const int32_t *dims)
{
	char got[ATOLL_SHAPE_TEXT], wanted[ATOLL_SHAPE_TEXT];

	assert_string_equal(atoll_shape_text(tensor->rank, tensor->dims, got),
			    atoll_shape_text(rank, dims, wanted));
}
