/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions all operators share, in the order in which the vendor's compiler
 * looks at them (inferred from its published logs): operator, version, types, rank,
 * constants, then what the operator itself asks for.
 */
#include "runtime/compiler/legal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "runtime/compiler/legal_rules.h"
#include "runtime/schema/tflite.h"

/* Signed 8-bit tensors came with this version of the vendor's runtime, 16-bit states
   with that. */
#define INT8_SINCE 12
#define STATES_SINCE 14

/* Innermost dimensions that may be larger than 1. */
#define DIMENSIONS 3

enum atoll_mapping legal_refuse(const struct legal_question *question,
				enum atoll_mapping mapping, const char *advice,
				const char *format, ...)
{
	struct compiler_verdict *verdict = question->verdict;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(verdict->why, sizeof(verdict->why), format, args);
	va_end(args);
	verdict->advice = advice;
	return mapping;
}

static const struct atoll_tensor *tensor_at(const struct legal_question *question,
					    uint32_t count, const int32_t *list, uint32_t i)
{
	if (i >= count || list[i] < 0)
		return NULL;
	return &question->graph->graph->tensor[list[i]];
}

const struct atoll_tensor *legal_input(const struct legal_question *question, uint32_t i)
{
	return tensor_at(question, question->op->inputs, question->op->input, i);
}

const struct atoll_tensor *legal_output(const struct legal_question *question, uint32_t i)
{
	return tensor_at(question, question->op->outputs, question->op->output, i);
}

bool legal_is_whole(const struct atoll_tensor *list)
{
	return list->type == ATOLL_INT32 || list->type == ATOLL_INT64;
}

int64_t legal_whole(const struct atoll_tensor *list, size_t i)
{
	return list->type == ATOLL_INT64 ? ((const int64_t *)list->data)[i] :
		((const int32_t *)list->data)[i];
}

struct legal_box legal_box_of(const struct atoll_tensor *tensor)
{
	int64_t side[DIMENSIONS] = { 1, 1, 1 };

	for (uint32_t i = 0; i < DIMENSIONS && i < tensor->rank; i++)
		side[DIMENSIONS - 1 - i] = tensor->dims[tensor->rank - 1 - i];
	return (struct legal_box){ .y = side[0], .x = side[1], .z = side[2] };
}

static enum atoll_mapping check_operator(const struct legal_question *question,
					 const struct legal_rule *rule)
{
	const char *advice = legal_substitute(question->op->code);

	if (rule && rule->since <= question->runtime_version)
		return ATOLL_MAPPED;
	if (rule && rule->since != LEGAL_NEVER)
		return legal_refuse(question, ATOLL_NOT_MAPPED_OPERATOR,
				    "ask for a newer runtime version",
				    "%s came with runtime version %" PRId32
				    ", %" PRId32 " is asked for", question->op->name,
				    rule->since, question->runtime_version);
	return legal_refuse(question, ATOLL_NOT_MAPPED_OPERATOR, advice ? advice :
			    "let it be among the last operators of the model, or express "
			    "it by others that are supported",
			    "the Edge TPU has no %.60s", question->op->name);
}

static enum atoll_mapping check_version(const struct legal_question *question,
					const struct legal_rule *rule)
{
	const char *advice = "convert the model with an older TensorFlow, or without the "
			     "feature that asks for this version";

	if (question->op->version <= rule->version_max)
		return ATOLL_MAPPED;
	if (question->op->code == BUILTIN_RESIZE_NEAREST_NEIGHBOR)
		advice = "resize without half_pixel_centers and align_corners";
	if (question->op->code == BUILTIN_FULLY_CONNECTED)
		advice = "feed it one row, without keeping further dimensions, and "
			 "convert the model with an older TensorFlow";
	return legal_refuse(question, ATOLL_NOT_MAPPED_VERSION, advice,
			    "version %" PRId32 " of %s, %" PRId32 " is understood",
			    question->op->version, question->op->name, rule->version_max);
}

/* What the device can take in and put out; the rest was refused before. */
static bool has_type(const struct legal_question *question, int32_t index, bool is_input)
{
	const struct atoll_graph *graph = question->graph->graph;
	enum atoll_type type = graph->tensor[index].type;
	bool is_quantize = is_input && question->op->code == BUILTIN_QUANTIZE;

	if (type == ATOLL_UINT8)
		return true;
	if (type == ATOLL_INT8)
		return question->runtime_version >= INT8_SINCE;
	if (type == ATOLL_INT16)
		return question->runtime_version >= STATES_SINCE &&
		       (graph->is_variable[index] || is_quantize);
	/* The vendor's compiler has another text for QUANTIZE of float32. */
	return type == ATOLL_FLOAT32 && is_quantize;
}

static enum atoll_mapping refuse_type(const struct legal_question *question,
				      const char *what, uint32_t i, enum atoll_type type)
{
	const char *advice = "quantize the whole model to 8 bits";

	if (question->op->code == BUILTIN_CUSTOM)
		advice = "leave it at the end of the model; custom operators always run "
			 "on the CPU";
	else if (question->op->code == BUILTIN_DEQUANTIZE)
		advice = "let the model end with its quantized tensors";
	else if (type == ATOLL_INT8)
		advice = "ask for runtime version 12 or newer, or use uint8";
	else if (type == ATOLL_INT32 || type == ATOLL_INT64)
		advice = "let operators on whole numbers be the last of the model";
	return legal_refuse(question, ATOLL_NOT_MAPPED_TYPE, advice, "%s %" PRIu32
			    " is %s", what, i, atoll_type_name(type));
}

static enum atoll_mapping check_types(const struct legal_question *question)
{
	const struct atoll_operator *op = question->op;
	const struct atoll_graph *graph = question->graph->graph;

	for (uint32_t i = 0; i < op->inputs; i++)
		if (op->input[i] >= 0 &&
		    !compiler_is_constant(question->graph, op->input[i]) &&
		    !has_type(question, op->input[i], true))
			return refuse_type(question, "input", i,
					   graph->tensor[op->input[i]].type);
	for (uint32_t i = 0; i < op->outputs; i++)
		if (!has_type(question, op->output[i], false))
			return refuse_type(question, "output", i,
					   graph->tensor[op->output[i]].type);
	return ATOLL_MAPPED;
}

static enum atoll_mapping check_rank_of(const struct legal_question *question,
					const char *what, uint32_t i,
					const struct atoll_tensor *tensor)
{
	char shape[ATOLL_SHAPE_TEXT];

	for (uint32_t d = 0; d + DIMENSIONS < tensor->rank; d++)
		if (tensor->dims[d] > 1)
			return legal_refuse(question, ATOLL_NOT_MAPPED_RANK,
				"use batches of one; only the last three dimensions may "
				"be larger than 1", "%s %" PRIu32 " is %s", what, i,
				atoll_shape_text(tensor->rank, tensor->dims, shape));
	return ATOLL_MAPPED;
}

static enum atoll_mapping check_ranks(const struct legal_question *question)
{
	const struct atoll_operator *op = question->op;
	enum atoll_mapping mapping = ATOLL_MAPPED;

	for (uint32_t i = 0; i < op->inputs && mapping == ATOLL_MAPPED; i++)
		if (op->input[i] >= 0 &&
		    !compiler_is_constant(question->graph, op->input[i]))
			mapping = check_rank_of(question, "input", i,
						legal_input(question, i));
	for (uint32_t i = 0; i < op->outputs && mapping == ATOLL_MAPPED; i++)
		mapping = check_rank_of(question, "output", i, legal_output(question, i));
	return mapping;
}

static enum atoll_mapping check_constants(const struct legal_question *question,
					  const struct legal_rule *rule)
{
	const struct atoll_operator *op = question->op;

	for (uint32_t i = 0; i < op->inputs && i < 32; i++)
		if (rule->constants >> i & 1 && op->input[i] >= 0 &&
		    !compiler_is_constant(question->graph, op->input[i]))
			return legal_refuse(question, ATOLL_NOT_MAPPED_NOT_CONSTANT,
				"store it in the model instead of computing it",
				"input %" PRIu32 ", %.80s, is computed", i,
				question->graph->graph->tensor[op->input[i]].name);
	return ATOLL_MAPPED;
}

/* Real numbers behind 8 and 16 bits: one scale for the whole tensor. */
static enum atoll_mapping check_quantized(const struct legal_question *question,
					  const struct atoll_tensor *tensor)
{
	if (tensor->type == ATOLL_FLOAT32 ||
	    (tensor->quant.channels == 1 && tensor->quant.scale > 0))
		return ATOLL_MAPPED;
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "quantize the whole model, activations with one scale each",
			    tensor->quant.channels > 1 ? "%.80s has many scales" :
			    "%.80s has no scale", tensor->name);
}

static enum atoll_mapping check_scales(const struct legal_question *question)
{
	const struct atoll_operator *op = question->op;
	enum atoll_mapping mapping = ATOLL_MAPPED;

	for (uint32_t i = 0; i < op->inputs && mapping == ATOLL_MAPPED; i++)
		if (op->input[i] >= 0 &&
		    !compiler_is_constant(question->graph, op->input[i]))
			mapping = check_quantized(question, legal_input(question, i));
	for (uint32_t i = 0; i < op->outputs && mapping == ATOLL_MAPPED; i++)
		mapping = check_quantized(question, legal_output(question, i));
	return mapping;
}

enum atoll_mapping compiler_is_legal(const struct compiler_graph *graph, uint32_t op,
				     int32_t runtime_version,
				     struct compiler_verdict *verdict)
{
	const struct legal_question question = {
		.graph = graph, .op = &graph->graph->op[op],
		.runtime_version = runtime_version, .verdict = verdict,
	};
	const struct legal_rule *rule = legal_rule_of(question.op->code);
	bool is_never = rule && rule->since == LEGAL_NEVER;
	enum atoll_mapping mapping = is_never ? ATOLL_MAPPED : check_operator(&question, rule);

	*verdict = mapping == ATOLL_MAPPED ? (struct compiler_verdict){ 0 } : *verdict;
	if (mapping == ATOLL_MAPPED)
		mapping = check_version(&question, rule);
	if (mapping == ATOLL_MAPPED)
		mapping = check_types(&question);
	if (mapping == ATOLL_MAPPED && is_never)
		mapping = check_operator(&question, rule);
	if (mapping == ATOLL_MAPPED)
		mapping = check_ranks(&question);
	if (mapping == ATOLL_MAPPED)
		mapping = check_constants(&question, rule);
	if (mapping == ATOLL_MAPPED)
		mapping = check_scales(&question);
	if (mapping == ATOLL_MAPPED && rule->check)
		mapping = rule->check(&question);
	return mapping;
}
