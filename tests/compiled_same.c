/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/compiled.h"

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
	assert_int_equal(a->model_bytes, b->model_bytes);
	if (a->model_bytes > 0)
		assert_memory_equal(a->model, b->model, a->model_bytes);
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

void compiled_same(const struct edgetpu_package *a, const struct edgetpu_package *b)
{
	assert_int_equal(a->runtime_version, b->runtime_version);
	assert_string_equal(a->compiler, b->compiler);
	same_executable(a->main, b->main);
	assert_int_equal(!a->caching, !b->caching);
	if (a->caching)
		same_executable(a->caching, b->caching);
}
