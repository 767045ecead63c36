/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "runtime/support.h"

#define TABLE_ROW "%-31s%-11s%s\n"
#define INTERPRETER_FAILED \
	"Compilation failed: Model failed in Tflite interpreter. Please ensure model can be " \
	"loaded/run in Tflite interpreter.\n"

const char *report_size(uint64_t bytes, char text[REPORT_SIZE_TEXT])
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB" };
	double size = (double)bytes;
	uint32_t u = 0;

	for (; u < 3 && size >= 1024; u++)
		size /= 1024;
	(void)snprintf(text, REPORT_SIZE_TEXT, "%.2f%s", size, unit[u]);
	return text;
}

const char *report_operator(const struct atoll_operator *op)
{
	return op->code == BUILTIN_CUSTOM ? "CUSTOM" : op->name;
}

void report_version(FILE *file, const char *version)
{
	fprintf(file, "Edge TPU Compiler version %s\n", version);
}

void report_timer(FILE *file, uint32_t seconds)
{
	fprintf(file, "Started a compilation timeout timer of %" PRIu32 " seconds.\n", seconds);
}

/* Statuses, of enum atoll_mapping. */
#define STATUSES (ATOLL_NOT_MAPPED_INTERPOLATION + 1)

/* Numbers that the format has for builtin operators stay below this. */
#define KINDS_MAX 256

struct tally {
	uint32_t kinds;
	struct {
		uint32_t code;
		const char *name;
		uint32_t count[STATUSES];
	} kind[KINDS_MAX];
};

static void count_operators(const struct compile_item *item, struct tally *tally)
{
	const struct atoll_graph *graph = &item->model->graph[0];

	tally->kinds = 0;
	for (uint32_t i = 0; i < graph->operators; i++) {
		uint32_t k = 0;

		while (k < tally->kinds && tally->kind[k].code != graph->op[i].code)
			k++;
		if (k == KINDS_MAX)
			k--; /* nothing that was compiled gets here */
		if (k == tally->kinds) {
			memset(&tally->kind[k], 0, sizeof(tally->kind[k]));
			tally->kind[k].code = graph->op[i].code;
			tally->kind[k].name = report_operator(&graph->op[i]);
			tally->kinds++;
		}
		tally->kind[k].count[item->compiled->op[i].mapping]++;
	}
}

/* A row for each kind of operator, in the order of the graph, and status. */
static void table(FILE *file, const struct compile_item *item)
{
	struct tally tally;
	char count[16];

	count_operators(item, &tally);
	fprintf(file, TABLE_ROW "\n", "Operator", "Count", "Status");
	for (uint32_t k = 0; k < tally.kinds; k++)
		for (uint32_t status = 0; status < STATUSES; status++) {
			if (!tally.kind[k].count[status])
				continue;
			(void)snprintf(count, sizeof(count), "%" PRIu32,
				       tally.kind[k].count[status]);
			fprintf(file, TABLE_ROW, tally.kind[k].name, count,
				atoll_mapping_text((enum atoll_mapping)status));
		}
}

static void size_line(FILE *file, const char *what, uint64_t bytes)
{
	char text[REPORT_SIZE_TEXT];

	fprintf(file, "%s: %s\n", what, report_size(bytes, text));
}

static void report_model(FILE *file, const struct compile_item *item, bool shows_operations)
{
	const struct atoll_compiled_model *compiled = item->compiled;
	uint64_t remaining = compiled->parts ? compiled->remaining_bytes : 0;

	fprintf(file, "\nInput model: %s\n", item->path);
	size_line(file, "Input size", item->model->size);
	fprintf(file, "Output model: %s\n", item->output_path);
	size_line(file, "Output size", compiled->size);
	if (item->warning)
		fprintf(file, "Instructions: %s\n", item->warning);
	size_line(file, "On-chip memory used for caching model parameters",
		  compiled->cached_bytes);
	size_line(file, "On-chip memory remaining for caching model parameters", remaining);
	size_line(file, "Off-chip memory used for streaming uncached model parameters",
		  compiled->streamed_bytes);
	fprintf(file, "Number of Edge TPU subgraphs: %" PRIu32 "\n"
		"Total number of operations: %" PRIu32 "\nOperation log: %s\n",
		compiled->parts, compiled->operators, item->log_path);
	if (compiled->mapped < compiled->operators)
		fprintf(file, "\nModel successfully compiled but not all operations are "
			"supported by the Edge TPU. A percentage of the model will instead run "
			"on the CPU, which is slower. If possible, consider updating your model "
			"to use only operations supported by the Edge TPU. For details, visit "
			"g.co/coral/model-reqs.\n"
			"Number of operations that will run on Edge TPU: %" PRIu32 "\n"
			"Number of operations that will run on CPU: %" PRIu32 "\n",
			compiled->mapped, compiled->operators - compiled->mapped);
	if (!shows_operations) {
		fputs("See the operation log file for individual operation details.\n", file);
		return;
	}
	fputc('\n', file);
	table(file, item);
}

void report_models(FILE *file, const struct compile_item *item, uint32_t items,
		   int64_t took_ms, bool shows_operations)
{
	fprintf(file, "\n%s compiled successfully in %" PRId64 " ms.\n",
		items > 1 ? "Models" : "Model", took_ms);
	for (uint32_t i = 0; i < items; i++)
		report_model(file, &item[i], shows_operations);
}

void report_search(FILE *file, uint32_t step)
{
	fprintf(file, "Searching for valid delegate with step %" PRIu32 "\n", step);
}

/* Is the tensor needed behind the first `operators`? */
static bool is_needed(const struct atoll_graph *graph, int32_t tensor, uint32_t operators)
{
	for (uint32_t i = operators; i < graph->operators; i++)
		for (uint32_t k = 0; k < graph->op[i].inputs; k++)
			if (graph->op[i].input[k] == tensor)
				return true;
	return false;
}

void report_attempt(FILE *file, const struct atoll_graph *graph, uint32_t operators)
{
	const char *between = "Intermediate tensors: ";

	fprintf(file, "Try to compile segment with %" PRIu32 " ops\n", operators);
	for (uint32_t i = 0; i < operators && operators < graph->operators; i++)
		for (uint32_t k = 0; k < graph->op[i].outputs; k++) {
			int32_t tensor = graph->op[i].output[k];

			if (!is_needed(graph, tensor, operators))
				continue;
			fprintf(file, "%s%s", between, graph->tensor[tensor].name);
			between = ",";
		}
	if (*between == ',')
		fputc('\n', file);
}

void report_log(FILE *file, const char *version, const struct compile_item *item)
{
	report_version(file, version);
	fprintf(file, "Input: %s\nOutput: %s\n", item->path, item->output_path);
	if (item->warning)
		fprintf(file, "Instructions: %s\n", item->warning);
	fputc('\n', file);
	table(file, item);
}

void report_estimate(FILE *file, const struct compile_item *item,
		     const struct atoll_estimate *estimate)
{
	fprintf(file, "\nEstimated time on the Edge TPU: %s\n", item->path);
	for (enum atoll_estimate_bus bus = 0; bus < ATOLL_ESTIMATE_BUSES; bus++)
		fprintf(file, "%-6s %8.2f ms\n", atoll_estimate_bus_name(bus),
			estimate->total_ms[bus]);
	if (item->compiled->mapped < item->compiled->operators)
		fprintf(file, "Operations on the CPU, which are not in it: %" PRIu32 "\n",
			item->compiled->operators - item->compiled->mapped);
}

/* The first operator that nobody can run; NULL when each has somebody. */
static const struct atoll_operator *without_kernel(const struct atoll_graph *graph)
{
	for (uint32_t i = 0; i < graph->operators; i++) {
		struct atoll_support support;

		if (!atoll_support_of(&graph->op[i], &support) ||
		    graph->op[i].version > support.version_max)
			return &graph->op[i];
	}
	return NULL;
}

/* The interpreter finds builtin operators when the file is read, custom ones later. */
static void no_kernel(FILE *file, const char *path, const struct atoll_graph *graph)
{
	const struct atoll_operator *op = without_kernel(graph);

	if (op && op->code != BUILTIN_CUSTOM) {
		fprintf(file, "ERROR: Didn't find op for builtin opcode '%s' version '%" PRId32
			"'\n\nERROR: Registration failed.\n\n"
			"Invalid model: %s\nModel could not be parsed\n", op->name, op->version,
			path);
		return;
	}
	if (op)
		fprintf(file, "ERROR: Encountered unresolved custom op: %s.\n"
			"ERROR: Node number %td (%s) failed to prepare.\n\n", op->name,
			op - graph->op, op->name);
	fputs(INTERPRETER_FAILED, file);
}

void report_failure(FILE *file, const char *path, const struct atoll_graph *graph,
		    enum atoll_compile_failure failure)
{
	if (!graph) {
		fprintf(file, "Invalid model: %s\nModel could not be parsed\n", path);
		return;
	}
	switch (failure) {
	case ATOLL_COMPILE_NOT_QUANTIZED:
		fprintf(file, "Invalid model: %s\nModel not quantized\n", path);
		return;
	case ATOLL_COMPILE_NO_KERNEL:
		no_kernel(file, path, graph);
		return;
	case ATOLL_COMPILE_DYNAMIC:
		fputs("ERROR: Attempting to use a delegate that only supports static-sized "
		      "tensors with a graph that has dynamic-sized tensors.\n"
		      INTERPRETER_FAILED, file);
		return;
	case ATOLL_COMPILE_TOO_LARGE:
		fputs("ERROR: Restored original execution plan after delegate application "
		      "failure.\nCompilation failed: Compilation failed due to large activation "
		      "tensors in model.\n", file);
		return;
	case ATOLL_COMPILE_OTHER:
	case ATOLL_COMPILE_DIFFERS:
		return; /* the vendor's has no words for these */
	}
}

/* The blank at the end of the last line is the vendor's. */
void report_end(FILE *file, enum report_end end)
{
	fputs(end == REPORT_TIMEOUT ?
	      "Compilation timeout. This is usually caused by large activations.\n" :
	      "Compilation child process completed within timeout period.\n", file);
	fputs(end == REPORT_GOOD ? "Compilation succeeded! \n" : "Compilation failed! \n", file);
}
