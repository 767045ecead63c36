/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Epochs, as TensorFlow Lite makes them for its delegates: of each kind of operator in
 * turn all that can run, given what ran before. Operators stand in an order in which
 * they can run, so that one pass over them finds all of an epoch.
 */
#include "runtime/compiler/partition.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/compiler/legal.h"
#include "runtime/compiler/silicon_chain.h"
#include "runtime/schema/tflite.h"

#define NEWEST_RUNTIME 14

/* Not placed yet; else the number of the epoch, from 1. */
#define NOWHERE 0

struct division {
	const struct compiler_graph *graph;
	const struct atoll_graph *operators;
	const struct atoll_compile_job *job;
	bool has_many_parts;
	bool is_silicon;               /* each part is one chain of layers */
	int32_t runtime_version;
	struct memory *memory;
	struct atoll_compiled_op *op;  /* [operators] */
	bool *is_supported;            /* [operators] */
	uint32_t *epoch;               /* [operators] */
	uint32_t epochs;
	bool *is_stop;                 /* [tensors] */
	int32_t *behind;               /* [tensors] the stop it depends on, or -1 */
	struct compiler_part *part;
	struct compiler_partition *partition;
	struct atoll_error *err;
};

static int no_memory(const struct division *division)
{
	return atoll_error_set(division->err, -ENOMEM, "%s: no memory for its parts",
			       atoll_error_path(division->graph->model->path));
}

static int take_tables(struct division *division)
{
	const struct atoll_graph *graph = division->operators;
	const size_t ops = graph->operators, tensors = graph->tensors;
	struct memory *memory = division->memory;

	division->op = memory_take(memory, ops * sizeof(*division->op));
	division->is_supported = memory_take(memory, ops * sizeof(*division->is_supported));
	division->epoch = memory_take(memory, ops * sizeof(*division->epoch));
	division->is_stop = memory_take(memory, tensors * sizeof(*division->is_stop));
	division->behind = memory_take(memory, tensors * sizeof(*division->behind));
	/* No more parts than operators. */
	division->part = memory_take(memory, ops * sizeof(*division->part));
	if (!division->op || !division->is_supported || !division->epoch ||
	    !division->is_stop || !division->behind || !division->part)
		return no_memory(division);
	return 0;
}

/* Stops */

static int find_stop(struct division *division, const char *name)
{
	const struct atoll_graph *graph = division->operators;
	bool is_found = false;

	/* Converters give some constants the same name; only what is computed counts. */
	for (uint32_t t = 0; t < graph->tensors; t++)
		if (!graph->tensor[t].data && strcmp(graph->tensor[t].name, name) == 0) {
			division->is_stop[t] = true;
			is_found = true;
		}
	if (is_found)
		return 0;
	return atoll_error_set(division->err, -EINVAL, "%s: tensor %.80s: there is none",
			       atoll_error_path(division->graph->model->path), name);
}

static int find_stops(struct division *division)
{
	const struct atoll_graph *graph = division->operators;

	for (uint32_t i = 0; i < division->job->stops; i++) {
		int r = find_stop(division, division->job->stop[i]);

		if (r < 0)
			return r;
	}
	for (uint32_t t = 0; t < graph->tensors; t++)
		division->behind[t] = division->is_stop[t] ? (int32_t)t : -1;
	for (uint32_t o = 0; o < graph->operators; o++) {
		const struct atoll_operator *op = &graph->op[o];
		int32_t stop = -1;

		for (uint32_t i = 0; i < op->inputs && stop < 0; i++)
			if (op->input[i] >= 0)
				stop = division->behind[op->input[i]];
		for (uint32_t i = 0; stop >= 0 && i < op->outputs; i++)
			if (division->behind[op->output[i]] < 0)
				division->behind[op->output[i]] = stop;
	}
	return 0;
}

/* The stop that an operator depends on, or -1. */
static int32_t stop_before(const struct division *division, const struct atoll_operator *op)
{
	for (uint32_t i = 0; i < op->inputs; i++)
		if (op->input[i] >= 0 && division->behind[op->input[i]] >= 0)
			return division->behind[op->input[i]];
	return -1;
}

/* Verdicts */

__attribute__((format(printf, 5, 6)))
static int refuse(struct division *division, uint32_t op, enum atoll_mapping mapping,
		  const char *advice, const char *format, ...)
{
	struct compiler_verdict verdict;
	char *why;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(verdict.why, sizeof(verdict.why), format, args);
	va_end(args);
	why = memory_take(division->memory, strlen(verdict.why) + 1);
	if (!why)
		return no_memory(division);
	division->op[op] = (struct atoll_compiled_op){
		.mapping = mapping, .advice = advice, .why = strcpy(why, verdict.why),
	};
	return 0;
}

static int judge(struct division *division, uint32_t index)
{
	const struct atoll_operator *op = &division->operators->op[index];
	/* Asked to stay outside: could be mapped, but not with the first part. */
	enum atoll_mapping outside = division->has_many_parts ? ATOLL_NOT_MAPPED_LIMIT :
		ATOLL_NOT_MAPPED_SECOND_PART;
	struct compiler_verdict verdict;
	enum atoll_mapping mapping = compiler_is_legal(division->graph, index,
						       division->runtime_version, &verdict);
	int32_t stop = stop_before(division, op);

	if (mapping == ATOLL_MAPPED && division->is_silicon)
		mapping = silicon_is_legal(division->graph, index, &verdict);
	if (mapping != ATOLL_MAPPED)
		return refuse(division, index, mapping, verdict.advice, "%s", verdict.why);
	if (stop >= 0)
		return refuse(division, index, outside, NULL,
			      "it comes after %.80s, where the part was asked to end",
			      division->operators->tensor[stop].name);
	if (division->job->operators_max > 0 && index >= division->job->operators_max)
		return refuse(division, index, outside, NULL,
			      "only the first %" PRIu32 " operators were asked for",
			      division->job->operators_max);
	division->is_supported[index] = true;
	return 0;
}

/* On silicon: what is of use beside a layer alone. */
static int drop_lonely(struct division *division)
{
	int r = 0;

	for (uint32_t o = 0; o < division->operators->operators && r == 0; o++) {
		const struct atoll_operator *op = &division->operators->op[o];

		if (!division->is_supported[o] || op->code != BUILTIN_QUANTIZE ||
		    silicon_is_beside(division->graph, o, division->is_supported))
			continue;
		division->is_supported[o] = false;
		r = refuse(division, o, ATOLL_NOT_MAPPED_OPERATOR, NULL,
			   "QUANTIZE is for target silicon beside a layer alone");
	}
	return r;
}

/* Epochs */

static bool can_run(const struct division *division, const struct atoll_operator *op)
{
	for (uint32_t i = 0; i < op->inputs; i++) {
		int32_t producer = op->input[i] < 0 ? -1 :
			division->graph->producer[op->input[i]];

		/* What an operator leaves in a variable is read in the next run. */
		if (producer >= 0 && !division->operators->is_variable[op->input[i]] &&
		    division->epoch[producer] == NOWHERE)
			return false;
	}
	return true;
}

/* Fill epoch[] and epochs; the kind of an epoch is that of its operators. On silicon
   one that is mapped is a chain, and the next of the other kind may be empty. */
static void make_epochs(struct division *division)
{
	const struct atoll_graph *graph = division->operators;
	bool kind = graph->operators > 0 && division->is_supported[0];
	uint32_t placed = 0;

	memset(division->epoch, 0, graph->operators * sizeof(*division->epoch));
	for (division->epochs = 0; placed < graph->operators; kind = !kind) {
		struct silicon_chain chain = { 0 };

		division->epochs++;
		for (uint32_t o = 0; o < graph->operators; o++) {
			if (division->epoch[o] != NOWHERE ||
			    division->is_supported[o] != kind ||
			    !can_run(division, &graph->op[o]))
				continue;
			if (kind && division->is_silicon &&
			    !silicon_chain_add(&chain, division->graph, o))
				continue;
			division->epoch[o] = division->epochs;
			placed++;
		}
	}
}

/* An input that keeps an operator out of the first part: it is computed by another that
   is left out. */
static const char *held_up_by(const struct division *division,
			      const struct atoll_operator *op)
{
	for (uint32_t i = 0; i < op->inputs; i++) {
		int32_t producer = op->input[i] < 0 ? -1 :
			division->graph->producer[op->input[i]];

		if (producer >= 0 && !division->is_supported[producer])
			return division->operators->tensor[op->input[i]].name;
	}
	return "an input";
}

static int refuse_second(struct division *division, uint32_t op)
{
	if (division->is_silicon)
		return refuse(division, op, ATOLL_NOT_MAPPED_SECOND_PART,
			      "allow several parts",
			      "on silicon a part is one chain of layers, and only the first "
			      "part is taken");
	return refuse(division, op, ATOLL_NOT_MAPPED_SECOND_PART,
		      "let operators that cannot be mapped be the last of the model, or allow "
		      "several parts",
		      "%.80s is computed on the CPU",
		      held_up_by(division, &division->operators->op[op]));
}

/* Without many parts, what is supported but not in the first of them is not. Operators
   come in order, so that those before are settled. */
static int keep_first_part(struct division *division)
{
	const struct atoll_graph *graph = division->operators;
	uint32_t first = UINT32_MAX;

	for (uint32_t o = 0; o < graph->operators; o++)
		if (division->is_supported[o] && division->epoch[o] < first)
			first = division->epoch[o];
	for (uint32_t o = 0; o < graph->operators; o++) {
		int r;

		if (!division->is_supported[o] || division->epoch[o] == first)
			continue;
		division->is_supported[o] = false;
		r = refuse_second(division, o);
		if (r < 0)
			return r;
	}
	make_epochs(division);
	return 0;
}

/* Parts */

static bool is_inside(const struct division *division, int32_t op, uint32_t epoch)
{
	return op >= 0 && division->epoch[op] == epoch;
}

static bool is_part_input(const struct division *division, int32_t tensor, uint32_t epoch)
{
	const struct compiler_graph *graph = division->graph;

	if (compiler_is_constant(graph, tensor) ||
	    (is_inside(division, graph->producer[tensor], epoch) &&
	     !division->operators->is_variable[tensor]))
		return false;
	for (uint32_t i = graph->first_reader[tensor]; i < graph->first_reader[tensor + 1]; i++)
		if (division->epoch[graph->reader[i]] == epoch)
			return true;
	return false;
}

static bool is_part_output(const struct division *division, int32_t tensor, uint32_t epoch)
{
	const struct compiler_graph *graph = division->graph;

	if (!is_inside(division, graph->producer[tensor], epoch) ||
	    division->operators->is_variable[tensor])
		return false;
	if (graph->is_output[tensor] || division->is_stop[tensor])
		return true;
	for (uint32_t i = graph->first_reader[tensor]; i < graph->first_reader[tensor + 1]; i++)
		if (division->epoch[graph->reader[i]] != epoch)
			return true;
	return false;
}

/* Those tensors that belong to the list, by ascending index. */
static const int32_t *list_tensors(const struct division *division, uint32_t epoch,
				   bool (*belongs)(const struct division *division,
						   int32_t tensor, uint32_t epoch),
				   uint32_t *count)
{
	const uint32_t tensors = division->operators->tensors;
	int32_t *list;

	*count = 0;
	for (uint32_t t = 0; t < tensors; t++)
		*count += belongs(division, (int32_t)t, epoch);
	list = memory_take(division->memory, *count * sizeof(*list));
	if (!list)
		return NULL;
	*count = 0;
	for (uint32_t t = 0; t < tensors; t++)
		if (belongs(division, (int32_t)t, epoch))
			list[(*count)++] = (int32_t)t;
	return list;
}

static int make_part(struct division *division, uint32_t epoch)
{
	const uint32_t operators = division->operators->operators;
	uint32_t index = division->partition->parts++;
	struct compiler_part *part = &division->part[index];
	uint32_t *op;

	for (uint32_t o = 0; o < operators; o++)
		part->operators += division->epoch[o] == epoch;
	op = memory_take(division->memory, part->operators * sizeof(*op));
	if (!op)
		return no_memory(division);
	part->op = op;
	for (uint32_t o = 0; o < operators; o++)
		if (division->epoch[o] == epoch) {
			*op++ = o;
			division->op[o].part = index;
		}
	division->partition->mapped += part->operators;
	part->input = list_tensors(division, epoch, is_part_input, &part->inputs);
	part->output = list_tensors(division, epoch, is_part_output, &part->outputs);
	return part->input && part->output ? 0 : no_memory(division);
}

/* Epoch by epoch: a part in one piece, or the operators of the CPU. */
static int make_steps(struct division *division)
{
	const uint32_t operators = division->operators->operators;
	struct compiler_partition *partition = division->partition;
	int32_t *step = memory_take(division->memory, operators * sizeof(*step));

	if (!step)
		return no_memory(division);
	for (uint32_t epoch = 1; epoch <= division->epochs; epoch++)
		for (uint32_t o = 0; o < operators; o++) {
			if (division->epoch[o] != epoch)
				continue;
			if (division->is_supported[o]) {
				int r = make_part(division, epoch);

				if (r < 0)
					return r;
				step[partition->steps++] = -(int32_t)partition->parts;
				break;
			}
			step[partition->steps++] = (int32_t)o;
		}
	partition->step = step;
	return 0;
}

int compiler_partition(const struct compiler_graph *graph, const struct atoll_compile_job *job,
		       const struct atoll_compile_options *options, struct memory *memory,
		       struct compiler_partition *partition, struct atoll_error *err)
{
	struct compiler_partition made = { 0 };
	struct division division = {
		.graph = graph, .operators = graph->graph, .job = job, .memory = memory,
		.has_many_parts = options->has_many_parts,
		.is_silicon = options->target == ATOLL_TARGET_SILICON,
		.partition = &made, .err = err,
		.runtime_version = options->runtime_version ? options->runtime_version :
			NEWEST_RUNTIME,
	};
	int r = take_tables(&division);

	if (r == 0)
		r = find_stops(&division);
	for (uint32_t o = 0; o < graph->graph->operators && r == 0; o++)
		r = judge(&division, o);
	if (r == 0 && division.is_silicon)
		r = drop_lonely(&division);
	if (r < 0)
		return r;
	make_epochs(&division);
	if (!division.has_many_parts)
		r = keep_first_part(&division);
	if (r == 0)
		r = make_steps(&division);
	if (r < 0)
		return r;
	made.op = division.op;
	made.part = division.part;
	*partition = made;
	return 0;
}
