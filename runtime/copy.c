/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy.h"

#include <errno.h>
#include <string.h>

#include "runtime/schema/tflite.h"

struct atoll_builder_tensor copy_tensor(const struct atoll_graph *graph, uint32_t index)
{
	const struct atoll_tensor *tensor = &graph->tensor[index];
	const struct atoll_quant *quant = &tensor->quant;
	struct atoll_builder_tensor copy = {
		.name = tensor->name,
		.type = tensor->type,
		.rank = tensor->rank,
		.scale = quant->scale,
		.zero_point = quant->zero_point,
		.channels = quant->channels > 1 ? quant->channels : 0,
		.scales = quant->scales,
		.axis = (int32_t)quant->axis,
		.data = tensor->data,
		.bytes = tensor->data ? tensor->bytes : 0,
		.is_variable = graph->is_variable[index],
	};

	memcpy(copy.dims, tensor->dims, sizeof(copy.dims));
	return copy;
}

/* Tables of options have numbers and lists of int32, see the schema. Numbers of 4
   bytes are copied as such, be they floats. */
static int copy_option(const struct atoll_operator *op, const struct flatbuf_field *field,
		       uint16_t id, struct memory *memory,
		       struct atoll_builder_option *option, struct atoll_error *err)
{
	struct flatbuf_vector list;
	int32_t *copy;

	option->id = id;
	if (field->kind == FLATBUF_SCALAR && field->width == 1) {
		option->kind = ATOLL_OPTION_I8;
		option->i = flatbuf_i8(op->options, id, 0);
	} else if (field->kind == FLATBUF_SCALAR && field->width == 4) {
		option->kind = ATOLL_OPTION_I32;
		option->i = flatbuf_i32(op->options, id, 0);
	} else if (field->kind == FLATBUF_SCALARS && field->width == 4) {
		list = flatbuf_vector(op->options, id);
		copy = memory_take(memory, list.count * sizeof(*copy));
		if (!copy)
			return atoll_error_set(err, -ENOMEM, "%s: out of memory", op->name);
		memcpy(copy, list.at, list.count * sizeof(*copy));
		option->kind = ATOLL_OPTION_I32S;
		option->count = list.count;
		option->is = copy;
	} else {
		return atoll_error_set(err, -EINVAL, "%s: option %s cannot be copied",
				       op->name, field->name);
	}
	return 0;
}

static int copy_options(const struct atoll_operator *op, struct memory *memory,
			struct atoll_builder_operator *copy, struct atoll_error *err)
{
	const struct flatbuf_type *type;
	struct atoll_builder_option *option;
	int r = 0;

	if (!op->options.at)
		return 0;
	type = tflite_options_type.field[op->options_type].type;
	option = memory_take(memory, type->fields * sizeof(*option));
	if (!option)
		return atoll_error_set(err, -ENOMEM, "%s: out of memory", op->name);
	copy->options_type = op->options_type;
	copy->option = option;
	for (uint16_t id = 0; id < type->fields && r == 0; id++)
		if (type->field[id].kind != FLATBUF_UNUSED && flatbuf_has(op->options, id))
			r = copy_option(op, &type->field[id], id, memory,
					&option[copy->options++], err);
	return r;
}

int copy_operator(const struct atoll_operator *op, struct memory *memory,
		  struct atoll_builder_operator *copy, struct atoll_error *err)
{
	*copy = (struct atoll_builder_operator){
		.code = op->code,
		.custom = op->code == BUILTIN_CUSTOM ? op->name : NULL,
		.version = op->version,
		.inputs = op->inputs,
		.outputs = op->outputs,
		.intermediates = op->intermediates,
		.input = op->input,
		.output = op->output,
		.intermediate = op->intermediate,
		.custom_options = op->custom_options,
		.custom_options_bytes = op->custom_options_bytes,
	};
	return copy_options(op, memory, copy, err);
}
