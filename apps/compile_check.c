/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/tensor.h"

const char *check_place(const struct compile_item *item, uint32_t op,
			char text[CHECK_PLACE_TEXT])
{
	const struct atoll_compiled_model *compiled = item->compiled;

	if (compiled->op[op].mapping != ATOLL_MAPPED)
		return "CPU";
	if (compiled->parts == 1)
		return "TPU";
	(void)snprintf(text, CHECK_PLACE_TEXT, "TPU %" PRIu32, compiled->op[op].part + 1);
	return text;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_reason(const struct atoll_compiled_op *a, const struct atoll_compiled_op *b)
{
	return a->mapping == b->mapping && is_same_text(a->advice, b->advice);
}

bool check_next_reason(const struct compile_item *item, uint32_t *op,
		       struct check_reason *reason)
{
	const struct atoll_compiled_model *compiled = item->compiled;

	for (uint32_t i = *op; i < compiled->operators; i++) {
		uint32_t k = 0;

		if (compiled->op[i].mapping == ATOLL_MAPPED)
			continue;
		while (k < i && !is_same_reason(&compiled->op[k], &compiled->op[i]))
			k++;
		if (k < i)
			continue; /* told before */
		*reason = (struct check_reason){
			.status = atoll_mapping_text(compiled->op[i].mapping),
			.advice = compiled->op[i].advice, .first = i,
		};
		for (k = i; k < compiled->operators; k++)
			reason->count += is_same_reason(&compiled->op[k], &compiled->op[i]);
		*op = i + 1;
		return true;
	}
	return false;
}

void check_print_operators(FILE *file, const struct compile_item *item,
			   const struct check_reason *reason)
{
	const struct atoll_compiled_model *compiled = item->compiled;
	const struct atoll_compiled_op *like = &compiled->op[reason->first];
	const char *between = "";

	for (uint32_t i = reason->first; i < compiled->operators; i++) {
		uint32_t last = i;

		if (!is_same_reason(&compiled->op[i], like))
			continue;
		while (last + 1 < compiled->operators &&
		       is_same_reason(&compiled->op[last + 1], like))
			last++;
		fprintf(file, "%s%" PRIu32, between, i);
		if (last > i)
			fprintf(file, "%s%" PRIu32, last > i + 1 ? "-" : ", ", last);
		between = ", ";
		i = last;
	}
}

static void print_operator(FILE *file, const struct compile_item *item, uint32_t i)
{
	const struct atoll_graph *graph = &item->model->graph[0];
	const struct atoll_operator *op = &graph->op[i];
	const char *why = item->compiled->op[i].why;
	char shape[ATOLL_SHAPE_TEXT] = "", place[CHECK_PLACE_TEXT];

	if (op->outputs) {
		const struct atoll_tensor *output = &graph->tensor[op->output[0]];

		atoll_shape_text(output->rank, output->dims, shape);
	}
	fprintf(file, "%5" PRIu32 "  %-24s %-16s %s", i, op->name, shape,
		check_place(item, i, place));
	if (why && item->compiled->op[i].mapping != ATOLL_MAPPED)
		fprintf(file, "  %s", why);
	fputc('\n', file);
}

void check_print(FILE *file, const struct compile_item *item)
{
	const struct atoll_compiled_model *compiled = item->compiled;
	struct check_reason reason;
	uint32_t op = 0;

	fprintf(file, "%s: %" PRIu32 " of %" PRIu32 " operators on the Edge TPU", item->path,
		compiled->mapped, compiled->operators);
	if (compiled->parts > 1)
		fprintf(file, " in %" PRIu32 " parts", compiled->parts);
	fprintf(file, "\n\n%5s  %-24s %-16s %s\n", "#", "operator", "output", "where");
	for (uint32_t i = 0; i < compiled->operators; i++)
		print_operator(file, item, i);
	if (compiled->mapped < compiled->operators)
		fputs("\nOn the CPU:\n", file);
	while (check_next_reason(item, &op, &reason)) {
		fprintf(file, "  %s (", reason.status);
		check_print_operators(file, item, &reason);
		fputs(")\n", file);
		if (reason.advice)
			fprintf(file, "    %s\n", reason.advice);
	}
}
