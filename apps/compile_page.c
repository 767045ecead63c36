/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "apps/compile_check.h"
#include "apps/compile_graph.h"
#include "apps/compile_report.h"
#include "runtime/tensor.h"

void page_text(FILE *file, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&': fputs("&amp;", file); break;
		case '<': fputs("&lt;", file); break;
		case '>': fputs("&gt;", file); break;
		case '"': fputs("&quot;", file); break;
		default:
			/* The page has no use for control characters, nor has any reader. */
			fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
		}
}

void page_begin(FILE *file, const char *version)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<title>atoll-compile</title>\n<style>\n", file);
	fputs(page_style, file);
	fputs("</style>\n</head>\n<body>\n<header><h1>Compiled for the Edge TPU</h1>"
	      "<span class=\"soft\">version ", file);
	page_text(file, version);
	fputs("</span></header>\n", file);
}

void page_end(FILE *file)
{
	fputs("</body>\n</html>\n", file);
}

static void number(FILE *file, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void number(FILE *file, const char *what, const char *format, ...)
{
	va_list args;

	fprintf(file, "<div><dt>%s</dt><dd>", what);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fputs("</dd></div>\n", file);
}

static void numbers(FILE *file, const struct compile_item *item,
		    const struct atoll_estimate *estimate)
{
	const struct atoll_compiled_model *compiled = item->compiled;
	const uint32_t buses = compiled->mapped ? ATOLL_ESTIMATE_BUSES : 0;
	char size[REPORT_SIZE_TEXT];

	fputs("<section>\n<dl class=\"numbers\">\n", file);
	number(file, "On the Edge TPU", "%" PRIu32 " of %" PRIu32 " operators", compiled->mapped,
	       compiled->operators);
	number(file, "Compiled parts", "%" PRIu32, compiled->parts);
	number(file, "Kept on the chip", "%s", report_size(compiled->cached_bytes, size));
	number(file, "Sent for every run", "%s", report_size(compiled->streamed_bytes, size));
	number(file, "Model file", "%s", report_size(item->model->size, size));
	number(file, "Compiled file", "%s", report_size(compiled->size, size));
	for (enum atoll_estimate_bus bus = 0; bus < buses; bus++) {
		char what[64];

		(void)snprintf(what, sizeof(what), "Estimate for %s",
			       atoll_estimate_bus_name(bus));
		number(file, what, "%.1f ms", estimate->total_ms[bus]);
	}
	fputs("</dl>\n</section>\n", file);
}

/* The memory for parameters as a bar, one piece for each block that stays in it. */
static void memory(FILE *file, const struct compile_item *item)
{
	const struct atoll_compiled_model *compiled = item->compiled;
	const struct atoll_graph *graph = &item->model->graph[0];
	uint64_t room = compiled->cached_bytes + compiled->remaining_bytes + item->others_bytes;
	uint64_t at = 0;
	char size[REPORT_SIZE_TEXT];

	if (!compiled->parts || !room)
		return;
	fprintf(file, "<section>\n<h3>Memory for parameters <span class=\"soft\">%s",
		report_size(compiled->cached_bytes, size));
	if (item->others_bytes)
		fprintf(file, " taken, %s by the other models",
			report_size(item->others_bytes, size));
	else
		fputs(" taken", file);
	fprintf(file, ", %s left</span></h3>\n"
		"<svg class=\"memory\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\">"
		"<rect class=\"room\" width=\"1000\" height=\"10\"/>\n",
		report_size(compiled->remaining_bytes, size));
	for (uint32_t i = 0; i < compiled->blocks; i++) {
		const struct atoll_compiled_block *block = &compiled->block[i];

		if (!block->is_cached)
			continue;
		fprintf(file, "<rect class=\"block\" x=\"%.3f\" width=\"%.3f\" height=\"10\">"
			"<title>%" PRIu32 " ", 1e3 * (double)at / (double)room,
			1e3 * block->bytes / (double)room, block->op);
		page_text(file, graph->op[block->op].name);
		fprintf(file, " %s</title></rect>\n", report_size(block->bytes, size));
		at += block->bytes;
	}
	fprintf(file, "<rect class=\"others\" x=\"%.3f\" width=\"%.3f\" height=\"10\"/>\n"
		"</svg>\n</section>\n", 1e3 * (double)at / (double)room,
		1e3 * (double)item->others_bytes / (double)room);
}

static void row_end(FILE *file, const char *what, const struct atoll_tensor *tensor)
{
	char shape[ATOLL_SHAPE_TEXT];

	fprintf(file, "<div class=\"row end\"><span></span><span>%s ", what);
	page_text(file, tensor->name);
	fprintf(file, "</span><span>%s</span><span></span><span></span><span></span></div>\n",
		atoll_shape_text(tensor->rank, tensor->dims, shape));
}

/* Bytes of an operator's parameters. */
struct taken {
	uint64_t cached, streamed;
};

static void bar(FILE *file, const struct taken *taken, uint64_t most)
{
	char size[REPORT_SIZE_TEXT];

	fputs("<span class=\"bar\">", file);
	if (taken->cached)
		fprintf(file, "<i style=\"width:%.1f%%\"></i>",
			60.0 * (double)taken->cached / (double)most);
	if (taken->streamed)
		fprintf(file, "<i class=\"streamed\" style=\"width:%.1f%%\"></i>",
			60.0 * (double)taken->streamed / (double)most);
	if (taken->cached + taken->streamed)
		fprintf(file, "<span>%s</span>",
			report_size(taken->cached + taken->streamed, size));
	fputs("</span>", file);
}

static void row(FILE *file, const struct compile_item *item, uint32_t i,
		const struct taken *taken, uint64_t most)
{
	const struct atoll_graph *graph = &item->model->graph[0];
	const struct atoll_compiled_op *compiled = &item->compiled->op[i];
	const bool is_mapped = compiled->mapping == ATOLL_MAPPED;
	const struct atoll_operator *op = &graph->op[i];
	char shape[ATOLL_SHAPE_TEXT] = "", place[CHECK_PLACE_TEXT];

	fprintf(file, "<div class=\"row on-%s\"", is_mapped ? "tpu" : "cpu");
	if (op->outputs) {
		const struct atoll_tensor *output = &graph->tensor[op->output[0]];

		atoll_shape_text(output->rank, output->dims, shape);
		fputs(" title=\"", file);
		page_text(file, output->name);
		fputc('"', file);
	}
	fprintf(file, "><span class=\"number\">%" PRIu32 "</span><span>", i);
	page_text(file, op->name);
	fprintf(file, "</span><span>%s</span><b>%s</b>", shape, check_place(item, i, place));
	if (is_mapped)
		bar(file, taken, most);
	else
		fputs("<span class=\"why\">", file);
	if (!is_mapped) {
		page_text(file, compiled->why ? compiled->why : "");
		fputs("</span>", file);
	}
	if (is_mapped)
		fprintf(file, "<span class=\"number\">%.3f ms</span>",
			atoll_estimate_operator(graph, i).ms);
	fputs("</div>\n", file);
}

static int rows(FILE *file, const struct compile_item *item)
{
	const struct atoll_graph *graph = &item->model->graph[0];
	struct taken *taken = calloc((size_t)graph->operators + 1, sizeof(*taken));
	uint64_t most = 1;

	if (!taken)
		return -ENOMEM;
	for (uint32_t i = 0; i < item->compiled->blocks; i++) {
		const struct atoll_compiled_block *block = &item->compiled->block[i];
		struct taken *of = &taken[block->op];

		*(block->is_cached ? &of->cached : &of->streamed) += block->bytes;
		if (of->cached + of->streamed > most)
			most = of->cached + of->streamed;
	}
	fputs("<div class=\"rows\">\n<div class=\"row head\"><span></span><span>operator</span>"
	      "<span>output</span><span>where</span><span>parameters, or why</span>"
	      "<span class=\"number\">work</span></div>\n", file);
	for (uint32_t i = 0; i < graph->inputs; i++)
		row_end(file, "input", &graph->tensor[graph->input[i]]);
	for (uint32_t i = 0; i < graph->operators; i++)
		row(file, item, i, &taken[i], most);
	for (uint32_t i = 0; i < graph->outputs; i++)
		row_end(file, "output", &graph->tensor[graph->output[i]]);
	fputs("</div>\n", file);
	free(taken);
	return 0;
}

static int graph_section(FILE *file, const struct compile_item *item)
{
	int r;

	fputs("<section>\n<h3>Operators</h3>\n<div class=\"wide\">\n<div class=\"graph\">\n", file);
	r = graph_draw(file, item);
	if (r == 0)
		r = rows(file, item);
	fputs("</div>\n</div>\n<ul class=\"key\"><li><i class=\"tpu\"></i>Edge TPU, parameters "
	      "kept on the chip</li><li><i class=\"streamed\"></i>parameters sent for every "
	      "run</li><li><i class=\"cpu\"></i>CPU</li></ul>\n</section>\n", file);
	return r;
}

static void reasons(FILE *file, const struct compile_item *item)
{
	struct check_reason reason;
	uint32_t op = 0;

	if (item->compiled->mapped == item->compiled->operators)
		return;
	fputs("<section>\n<h3>Why the CPU</h3>\n<dl class=\"reasons\">\n", file);
	while (check_next_reason(item, &op, &reason)) {
		fputs("<dt>", file);
		page_text(file, reason.status);
		fprintf(file, "</dt><dd class=\"soft\">operator%s ",
			reason.count > 1 ? "s" : "");
		check_print_operators(file, item, &reason);
		fputs("</dd>\n", file);
		if (reason.advice) {
			fputs("<dd>", file);
			page_text(file, reason.advice);
			fputs("</dd>\n", file);
		}
	}
	fputs("</dl>\n</section>\n", file);
}

int page_item(FILE *file, const struct compile_item *item,
	      const struct atoll_estimate *estimate)
{
	int r;

	fputs("<article>\n<h2>", file);
	page_text(file, item->path);
	fputs("</h2>\n", file);
	if (item->warning) {
		fputs("<p>Instructions: ", file);
		page_text(file, item->warning);
		fputs("</p>\n", file);
	}
	numbers(file, item, estimate);
	memory(file, item);
	reasons(file, item);
	r = graph_section(file, item);
	fputs("</article>\n", file);
	if (r == 0 && (fflush(file) != 0 || ferror(file)))
		r = errno ? -errno : -EIO;
	return r;
}
