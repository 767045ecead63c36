/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/likeness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/compiler/blocks.h"
#include "runtime/memory.h"
#include "runtime/schema/tflite.h"

struct likeness {
	const struct atoll_graph *graph, *twin;
	struct memory memory;
	int32_t *twin_of;            /* [graph->tensors] tensor of the twin, -1: not yet */
	int32_t *of_twin;            /* [twin->tensors] the other way round */
	struct atoll_error *err;

	/* While one operator is looked at: */
	uint32_t index;
	const struct atoll_operator *op;
	struct compiler_block block[COMPILER_BLOCKS_MAX];
	uint32_t blocks;
};

/* A tensor in both, and what it is for the operator: "input 1". */
struct pair {
	const struct atoll_tensor *here, *there;
	const char *role;
	uint32_t number;
};

__attribute__((format(printf, 2, 3)))
static int differ(const struct likeness *like, const char *format, ...)
{
	char what[160];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return atoll_error_set(like->err, -EINVAL, "operator %" PRIu32 " (%s): %s", like->index,
			       like->op->name, what);
}

__attribute__((format(printf, 3, 4)))
static int differ_in(const struct likeness *like, const struct pair *pair, const char *format,
		     ...)
{
	char what[112];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return differ(like, "%s %" PRIu32 " (%.30s): %s", pair->role, pair->number,
		      pair->here->name, what);
}

/* Options */

/* The value of a number that is not stored, see the schema: a dilation is 1. */
static uint64_t absent_value(const struct flatbuf_field *field)
{
	return strncmp(field->name, "dilation", 8) == 0;
}

static uint64_t number_of(struct flatbuf_table options, unsigned id,
			  const struct flatbuf_field *field)
{
	if (!flatbuf_has(options, id))
		return absent_value(field);
	switch (field->width) {
	case 1:
		return flatbuf_u8(options, id, 0);
	case 2:
		return (uint16_t)flatbuf_i16(options, id, 0);
	case 4:
		return flatbuf_u32(options, id, 0);
	default:
		return flatbuf_u64(options, id, 0);
	}
}

static bool same_list(struct flatbuf_vector a, struct flatbuf_vector b, size_t width)
{
	return a.count == b.count && (a.count == 0 || memcmp(a.at, b.at, a.count * width) == 0);
}

/* Options that operators on the Edge TPU have are numbers and lists of them. */
static int compare_options(const struct likeness *like, const struct atoll_operator *there)
{
	const struct atoll_operator *here = like->op;
	uint8_t tag = here->options.at ? here->options_type : there->options_type;
	const struct flatbuf_type *type = tflite_options_type.field[tag].type;

	if (!here->options.at && !there->options.at)
		return 0;
	if (here->options.at && there->options.at && here->options_type != there->options_type)
		return differ(like, "options of type %u, compiled with %u", here->options_type,
			      there->options_type);
	for (unsigned id = 0; id < type->fields; id++) {
		const struct flatbuf_field *field = &type->field[id];
		uint64_t a, b;

		if (field->kind == FLATBUF_SCALARS &&
		    !same_list(flatbuf_vector(here->options, id),
			       flatbuf_vector(there->options, id), field->width))
			return differ(like, "option %s differs", field->name);
		if (field->kind != FLATBUF_SCALAR)
			continue;
		a = number_of(here->options, id, field);
		b = number_of(there->options, id, field);
		if (a != b)
			return differ(like, "option %s is %" PRIu64 ", compiled with %" PRIu64,
				      field->name, a, b);
	}
	return 0;
}

/* Tensors */

static int compare_form(const struct likeness *like, const struct pair *pair)
{
	const struct atoll_tensor *a = pair->here, *b = pair->there;
	char here[ATOLL_SHAPE_TEXT], there[ATOLL_SHAPE_TEXT];

	if (a->type != b->type)
		return differ_in(like, pair, "%s, compiled as %s", atoll_type_name(a->type),
				 atoll_type_name(b->type));
	if (a->rank != b->rank || memcmp(a->dims, b->dims, a->rank * sizeof(*a->dims)) != 0)
		return differ_in(like, pair, "%.44s, compiled as %.44s",
				 atoll_shape_text(a->rank, a->dims, here),
				 atoll_shape_text(b->rank, b->dims, there));
	return 0;
}

/* Where scales are in the block, only the rest is in the instructions. */
static int compare_quant(const struct likeness *like, const struct pair *pair,
			 bool has_scales_in_block)
{
	const struct atoll_quant *a = &pair->here->quant, *b = &pair->there->quant;

	if (a->channels != b->channels || a->axis != b->axis)
		return differ_in(like, pair, "%" PRIu32 " scales, compiled with %" PRIu32,
				 a->channels, b->channels);
	if (a->zero_point != b->zero_point)
		return differ_in(like, pair, "zero point %" PRId32 ", compiled with %" PRId32,
				 a->zero_point, b->zero_point);
	for (uint32_t c = 0; c < a->channels && !has_scales_in_block; c++) {
		float here = a->channels > 1 ? a->scales[c] : a->scale;
		float there = b->channels > 1 ? b->scales[c] : b->scale;

		if (here != there)
			return differ_in(like, pair, "scale %.9g, compiled with %.9g",
					 (double)here, (double)there);
	}
	return 0;
}

static bool is_constant(const struct atoll_graph *graph, int32_t tensor)
{
	return graph->tensor[tensor].data && !graph->is_variable[tensor];
}

/* Is this the bias of a block, and has the block the tensor's scales? */
static bool find_in_blocks(const struct likeness *like, int32_t tensor, bool *is_bias,
			   bool *has_scales)
{
	for (uint32_t i = 0; i < like->blocks; i++) {
		const struct compiler_block *block = &like->block[i];
		uint32_t weights = block->kind == COMPILER_GATE ? 2 : 1;

		for (uint32_t t = 0; t < block->tensors; t++)
			if (block->tensor[t] == tensor) {
				*is_bias = t >= weights;
				*has_scales = block->tables & COMPILER_TABLE_SCALE;
				return true;
			}
	}
	return false;
}

/* A bias has the scale that its input and weights have together. */
static int compare_constant(const struct likeness *like, const struct pair *pair,
			    int32_t tensor)
{
	bool is_bias = false, has_scales = false;
	bool is_held = find_in_blocks(like, tensor, &is_bias, &has_scales);
	int r = is_bias ? 0 : compare_quant(like, pair, has_scales);

	if (r < 0 || is_held)
		return r;
	if (memcmp(pair->here->data, pair->there->data, pair->here->bytes) != 0)
		return differ_in(like, pair, "another constant, which is in the instructions");
	return 0;
}

/* The same activation wherever it is used. */
static int compare_place(struct likeness *like, const struct pair *pair, int32_t here,
			 int32_t there)
{
	if (like->twin_of[here] < 0 && like->of_twin[there] < 0) {
		like->twin_of[here] = there;
		like->of_twin[there] = here;
	}
	if (like->twin_of[here] != there)
		return differ_in(like, pair, "comes from elsewhere, compiled as %.30s",
				 pair->there->name);
	return compare_quant(like, pair, false);
}

static int compare_tensor(struct likeness *like, const char *role, uint32_t number,
			  int32_t here, int32_t there)
{
	const struct pair pair = {
		.role = role, .number = number,
		.here = here >= 0 ? &like->graph->tensor[here] : NULL,
		.there = there >= 0 ? &like->twin->tensor[there] : NULL,
	};
	int r;

	if ((here < 0) != (there < 0))
		return differ(like, "%s %" PRIu32 " is %s, compiled %s it", role, number,
			      here < 0 ? "left out" : "there", here < 0 ? "with" : "without");
	if (here < 0)
		return 0;
	r = compare_form(like, &pair);
	if (r < 0)
		return r;
	if (is_constant(like->graph, here) != is_constant(like->twin, there))
		return differ_in(like, &pair, "%sconstant, compiled %s",
				 is_constant(like->graph, here) ? "" : "not ",
				 is_constant(like->graph, here) ? "not so" : "so");
	return is_constant(like->graph, here) ? compare_constant(like, &pair, here) :
		compare_place(like, &pair, here, there);
}

static int compare_tensors(struct likeness *like, const char *role, uint32_t count,
			   const int32_t *here, uint32_t count_there, const int32_t *there)
{
	int r = 0;

	if (count != count_there)
		return differ(like, "%" PRIu32 " %ss, compiled with %" PRIu32, count, role,
			      count_there);
	for (uint32_t i = 0; i < count && r == 0; i++)
		r = compare_tensor(like, role, i, here[i], there[i]);
	return r;
}

/* Blocks */

static int compare_tables(const struct likeness *like, const struct compiler_block *there,
			  uint32_t i)
{
	uint32_t more = like->block[i].tables & ~there->tables;
	uint32_t less = there->tables & ~like->block[i].tables;
	const char *name = (more | less) & COMPILER_TABLE_BIAS ? "bias that is not 0" :
			   (more | less) & COMPILER_TABLE_SCALE ? "table of scales" :
								  "table of zero points";

	if ((more | less) == 0)
		return 0;
	return differ(like, "its weights have %s%s, compiled %s", more ? "a " : "no ", name,
		      more ? "without" : "with one");
}

static int compare_blocks(struct likeness *like)
{
	struct compiler_block there[COMPILER_BLOCKS_MAX];
	uint32_t blocks;
	int r = compiler_blocks(like->twin, like->index, there, &blocks, like->err);

	if (r < 0)
		return r;
	if (blocks != like->blocks)
		return differ(like, "%" PRIu32 " blocks of parameters, compiled with %" PRIu32,
			      like->blocks, blocks);
	for (uint32_t i = 0; i < blocks && r == 0; i++) {
		if (there[i].kind != like->block[i].kind)
			r = differ(like, "block %" PRIu32 " of its parameters is of another kind",
				   i);
		else
			r = compare_tables(like, &there[i], i);
	}
	return r;
}

static int compare_operator(struct likeness *like, uint32_t index)
{
	const struct atoll_operator *here = &like->graph->op[index];
	const struct atoll_operator *there = &like->twin->op[index];
	int r;

	like->index = index;
	like->op = here;
	like->blocks = 0;
	if (index >= like->twin->operators)
		return differ(like, "there were %" PRIu32 " when it was compiled",
			      like->twin->operators);
	if (here->code != there->code || strcmp(here->name, there->name) != 0)
		return differ(like, "compiled as %.60s", there->name);
	r = compare_options(like, there);
	if (r == 0)
		r = compiler_blocks(like->graph, index, like->block, &like->blocks, like->err);
	if (r == 0)
		r = compare_tensors(like, "input", here->inputs, here->input, there->inputs,
				    there->input);
	if (r == 0)
		r = compare_tensors(like, "output", here->outputs, here->output, there->outputs,
				    there->output);
	if (r == 0)
		r = compare_tensors(like, "intermediate", here->intermediates,
				    here->intermediate, there->intermediates,
				    there->intermediate);
	return r == 0 ? compare_blocks(like) : r;
}

static int32_t *numbers(struct likeness *like, uint32_t count)
{
	int32_t *list = memory_take(&like->memory, count * sizeof(*list));

	for (uint32_t i = 0; list && i < count; i++)
		list[i] = -1;
	return list;
}

int likeness_check(const struct atoll_graph *graph, const struct compiler_part *part,
		   const struct atoll_graph *twin, struct atoll_error *err)
{
	struct likeness like = { .graph = graph, .twin = twin, .err = err,
				 .memory = MEMORY_UNLIMITED };
	int r = 0;

	like.twin_of = numbers(&like, graph->tensors);
	like.of_twin = numbers(&like, twin->tensors);
	if (!like.twin_of || !like.of_twin)
		r = atoll_error_set(err, -ENOMEM, "no memory to compare two graphs");
	for (uint32_t i = 0; i < part->operators && r == 0; i++)
		r = compare_operator(&like, part->op[i]);
	memory_free(&like.memory);
	return r;
}
