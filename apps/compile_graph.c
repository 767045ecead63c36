/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that follow each other are joined by a straight line. What skips rows goes around
 * them on the left, in a lane of its own:
 *
 *	    o      row 3
 *	.---o      row 4     lane 0
 *	|   o      row 5
 *	'-->o      row 6
 */
#include "apps/compile_graph.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LANES_MAX 24u  /* more share the outermost one */
#define LANE_WIDTH 9
#define MARGIN 12      /* around dots */

struct edge {
	uint32_t from, to, lane; /* rows */
	bool crosses;            /* between CPU and Edge TPU */
};

struct drawing {
	const struct compile_item *item;
	uint32_t rows;
	uint32_t *row_of;   /* [tensors] that computes it, + 1; 0: a constant */
	struct edge *edge;
	uint32_t edges;
	uint32_t lanes;
};

/* Where a row runs: 0 the CPU, which is where inputs and outputs are, else a part + 1. */
static uint32_t place(const struct drawing *drawing, uint32_t row)
{
	const struct atoll_graph *graph = &drawing->item->model->graph[0];
	const struct atoll_compiled_op *op = drawing->item->compiled->op;

	if (row < graph->inputs || row >= graph->inputs + graph->operators)
		return 0;
	row -= graph->inputs;
	return op[row].mapping == ATOLL_MAPPED ? op[row].part + 1 : 0;
}

static void add_edge(struct drawing *drawing, int32_t tensor, uint32_t to)
{
	uint32_t from = tensor >= 0 ? drawing->row_of[tensor] : 0;

	if (from == 0)
		return;
	from--;
	for (uint32_t i = drawing->edges; i > 0 && drawing->edge[i - 1].to == to; i--)
		if (drawing->edge[i - 1].from == from)
			return;
	drawing->edge[drawing->edges++] = (struct edge){
		.from = from, .to = to,
		.crosses = place(drawing, from) != place(drawing, to),
	};
}

static void add_edges(struct drawing *drawing)
{
	const struct atoll_graph *graph = &drawing->item->model->graph[0];

	for (uint32_t i = 0; i < graph->inputs; i++)
		drawing->row_of[graph->input[i]] = i + 1;
	for (uint32_t i = 0; i < graph->operators; i++) {
		const struct atoll_operator *op = &graph->op[i];

		for (uint32_t k = 0; k < op->inputs; k++)
			add_edge(drawing, op->input[k], graph->inputs + i);
		for (uint32_t k = 0; k < op->outputs; k++)
			drawing->row_of[op->output[k]] = graph->inputs + i + 1;
	}
	for (uint32_t i = 0; i < graph->outputs; i++)
		add_edge(drawing, graph->output[i], graph->inputs + graph->operators + i);
}

static bool is_skipping(const struct edge *edge)
{
	return edge->to != edge->from + 1;
}

/* Short edges first, so that they lie inside the long ones. */
static int by_length(const void *a, const void *b)
{
	const struct edge *one = a, *other = b;
	uint32_t length = one->to - one->from, other_length = other->to - other->from;

	if (length != other_length)
		return length < other_length ? -1 : 1;
	return one->from < other->from ? -1 : one->from > other->from;
}

/* The innermost lane that nobody before it takes beside these rows. */
static uint32_t free_lane(const struct drawing *drawing, uint32_t edge)
{
	const struct edge *mine = &drawing->edge[edge];
	uint32_t taken = 0, lane = 0; /* a bit for each lane */

	for (uint32_t i = 0; i < edge; i++) {
		const struct edge *other = &drawing->edge[i];

		if (is_skipping(other) && other->from < mine->to && mine->from < other->to &&
		    other->from != mine->from)
			taken |= 1u << other->lane;
	}
	while (lane < LANES_MAX - 1 && taken & 1u << lane)
		lane++;
	return lane;
}

static void find_lanes(struct drawing *drawing)
{
	qsort(drawing->edge, drawing->edges, sizeof(*drawing->edge), by_length);
	for (uint32_t i = 0; i < drawing->edges; i++) {
		struct edge *edge = &drawing->edge[i];

		if (!is_skipping(edge))
			continue;
		edge->lane = free_lane(drawing, i);
		if (edge->lane >= drawing->lanes)
			drawing->lanes = edge->lane + 1;
	}
}

static double middle(uint32_t row)
{
	return (row + 0.5) * GRAPH_ROW;
}

static void draw_edges(FILE *file, const struct drawing *drawing, double x)
{
	for (uint32_t i = 0; i < drawing->edges; i++) {
		const struct edge *edge = &drawing->edge[i];
		double from = middle(edge->from), to = middle(edge->to);
		double lane = x - MARGIN - edge->lane * LANE_WIDTH;

		fprintf(file, "<path%s d=\"M%g %g", edge->crosses ? " class=\"crosses\"" : "", x,
			from);
		if (is_skipping(edge))
			fprintf(file, "H%gQ%g %g %g %gV%gQ%g %g %g %gH%g", lane + 6, lane, from,
				lane, from + 6, to - 6, lane, to, lane + 6, to, x);
		else
			fprintf(file, "V%g", to);
		fputs("\"/>\n", file);
	}
}

static void draw_dots(FILE *file, const struct drawing *drawing, double x)
{
	const struct atoll_graph *graph = &drawing->item->model->graph[0];

	for (uint32_t row = 0; row < drawing->rows; row++) {
		double y = middle(row);

		if (row < graph->inputs || row >= graph->inputs + graph->operators)
			fprintf(file, "<rect x=\"%g\" y=\"%g\" width=\"8\" height=\"8\"/>\n",
				x - 4, y - 4);
		else
			fprintf(file, "<circle class=\"%s\" cx=\"%g\" cy=\"%g\" r=\"5\"/>\n",
				place(drawing, row) ? "tpu" : "cpu", x, y);
	}
}

static void draw(FILE *file, const struct drawing *drawing)
{
	double x = MARGIN + drawing->lanes * LANE_WIDTH + MARGIN / 2;

	fprintf(file, "<svg width=\"%g\" height=\"%" PRIu32 "\" aria-hidden=\"true\">\n",
		x + MARGIN, drawing->rows * GRAPH_ROW);
	draw_edges(file, drawing, x);
	draw_dots(file, drawing, x);
	fputs("</svg>\n", file);
}

int graph_draw(FILE *file, const struct compile_item *item)
{
	const struct atoll_graph *graph = &item->model->graph[0];
	struct drawing drawing = {
		.item = item,
		.rows = graph->inputs + graph->operators + graph->outputs,
		.row_of = calloc((size_t)graph->tensors + 1, sizeof(*drawing.row_of)),
	};
	size_t edges = (size_t)graph->outputs + 1;

	for (uint32_t i = 0; i < graph->operators; i++)
		edges += graph->op[i].inputs;
	drawing.edge = calloc(edges, sizeof(*drawing.edge));
	if (drawing.row_of && drawing.edge) {
		add_edges(&drawing);
		find_lanes(&drawing);
		draw(file, &drawing);
	}
	free(drawing.edge);
	free(drawing.row_of);
	return drawing.row_of && drawing.edge ? 0 : -ENOMEM;
}
