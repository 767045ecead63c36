/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/carry.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/compiler/rewrite.h"

struct carry {
	const struct emit_input *input;
	const struct atoll_graph *graph;
	struct rewrite rewrite;
	bool *is_parameter;      /* [graph->tensors] */
	uint32_t inputs;         /* of the part, then the parameters */
	int32_t *tensor;         /* [inputs] */
};

static int no_memory(const struct carry *carry, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "%s: no memory for a part of it",
			       atoll_error_path(carry->rewrite.model->path));
}

/* Each constant once, in the order in which operators ask for them. */
static void add_parameters(struct carry *carry, uint32_t index)
{
	const struct atoll_operator *op = &carry->graph->op[index];

	for (uint32_t i = 0; i < op->inputs; i++) {
		int32_t tensor = op->input[i];

		if (!compiler_is_constant(carry->input->graph, tensor) ||
		    carry->is_parameter[tensor] ||
		    !compiler_is_parameter(carry->graph, index, i))
			continue;
		carry->is_parameter[tensor] = true;
		carry->tensor[carry->inputs++] = tensor;
	}
}

static int find_parameters(struct carry *carry, struct atoll_error *err)
{
	const struct compiler_part *part = carry->input->part;
	size_t room = (size_t)part->inputs + carry->graph->tensors;

	carry->is_parameter = memory_take(&carry->rewrite.memory, carry->graph->tensors);
	carry->tensor = memory_take(&carry->rewrite.memory, room * sizeof(*carry->tensor));
	if (!carry->is_parameter || !carry->tensor)
		return no_memory(carry, err);
	for (uint32_t i = 0; i < part->inputs; i++)
		carry->tensor[carry->inputs++] = part->input[i];
	for (uint32_t i = 0; i < part->operators; i++)
		add_parameters(carry, part->op[i]);
	return 0;
}

/* The operator's place in the part. */
static uint32_t place(const struct compiler_part *part, uint32_t op)
{
	uint32_t i = 0;

	while (i + 1 < part->operators && part->op[i] != op)
		i++;
	return i;
}

static void add_records(struct carry *carry, struct carried_record *record)
{
	const struct compiler_load *load = carry->input->load;
	uint32_t used[2] = { 0 };

	for (uint32_t i = 0; i < load->blocks; i++) {
		const struct compiler_block *block = &load->block[i];
		uint32_t vector = !load->is_cached[i];
		uint32_t nth = i > 0 && block[-1].op == block->op ? record[i - 1].nth + 1 : 0;

		record[i] = (struct carried_record){
			.op = place(carry->input->part, block->op), .kind = block->kind,
			.tables = block->tables, .nth = nth, .vector = vector,
			.offset = used[vector], .bytes = block->bytes,
		};
		used[vector] += block->bytes;
	}
}

static int write_records(struct carry *carry, struct atoll_error *err)
{
	uint32_t blocks = carry->input->load->blocks;
	struct carried_record *record;

	_Static_assert(sizeof(*record) == CARRIED_RECORD_BYTES, "seven numbers and no gap");
	record = memory_take(&carry->rewrite.memory, blocks * sizeof(*record));
	if (!record)
		return no_memory(carry, err);
	add_records(carry, record);
	atoll_builder_metadata(carry->rewrite.builder, CARRIED_PARAMETERS, record,
			       blocks * sizeof(*record));
	return 0;
}

static int write_graph(struct carry *carry, struct atoll_error *err)
{
	const struct compiler_part *part = carry->input->part;
	struct rewrite *rewrite = &carry->rewrite;
	const int32_t *input, *output;

	rewrite_use(rewrite, carry->inputs, carry->tensor);
	rewrite_use(rewrite, part->outputs, part->output);
	for (uint32_t i = 0; i < part->operators; i++)
		rewrite_use_operator(rewrite, &carry->graph->op[part->op[i]]);
	rewrite_tensors(rewrite, carry->is_parameter);
	for (uint32_t i = 0; i < part->operators; i++) {
		int r = rewrite_operator(rewrite, &carry->graph->op[part->op[i]], err);

		if (r < 0)
			return r;
	}
	input = rewrite_list(rewrite, carry->inputs, carry->tensor);
	output = rewrite_list(rewrite, part->outputs, part->output);
	if (!input || !output)
		return no_memory(carry, err);
	atoll_builder_inputs(rewrite->builder, carry->inputs, input);
	atoll_builder_outputs(rewrite->builder, part->outputs, output);
	return write_records(carry, err);
}

int carry_graph(const struct emit_input *input, void **bytes, size_t *size,
		struct atoll_error *err)
{
	struct carry carry = { .input = input, .graph = input->graph->graph };
	int r = rewrite_begin(&carry.rewrite, input->graph->model, NULL, err);

	if (r == 0)
		r = find_parameters(&carry, err);
	if (r == 0)
		r = write_graph(&carry, err);
	if (r == 0)
		r = rewrite_finish(&carry.rewrite, bytes, size, err);
	rewrite_end(&carry.rewrite);
	return r;
}
