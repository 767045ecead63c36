/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which the vendor's partitioner counts operators, and its way to fill
 * segments: each up to the average of the parameters' bytes.
 *
 * Operators wait on a stack until all they read is computed:
 *
 *	bottom [ outputs nobody reads | ... branches that were left ... ] top
 *
 * The last one is taken; its readers go on top, so that a branch is followed to its end,
 * or, when nobody reads from them, to the bottom, to be taken as late as possible.
 */
#include "runtime/compiler/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "runtime/compiler/segment_inside.h"
#include "runtime/schema/tflite.h"

/* Who waits for whom: readers of operator o are reader[first[o]] to
   reader[first[o + 1] - 1], in order, each once. */
struct edges {
	uint32_t *first;   /* [operators + 1] */
	uint32_t *reader;
	uint32_t *waits;   /* [operators] for how many others */
	uint32_t *newest;  /* [operators] the last reader that was counted, plus 1 */
};

/* On both sides of `middle` there is room for all operators. */
struct stack {
	uint32_t *item;
	uint32_t bottom, top; /* [bottom, top) */
};

/* Call `found` for each operator that computes an input of `op`, once. */
static void for_each_source(const struct compiler_graph *graph, struct edges *edges,
			    uint32_t op, void (*found)(struct edges *edges, uint32_t source,
						       uint32_t op))
{
	const struct atoll_operator *it = &graph->graph->op[op];

	for (uint32_t i = 0; i < it->inputs; i++) {
		int32_t source = it->input[i] < 0 || graph->graph->is_variable[it->input[i]] ?
			-1 : graph->producer[it->input[i]];

		if (source < 0 || edges->newest[source] == op + 1)
			continue;
		edges->newest[source] = op + 1;
		found(edges, (uint32_t)source, op);
	}
}

static void count_edge(struct edges *edges, uint32_t source, uint32_t op)
{
	edges->first[source + 1]++;
	edges->waits[op]++;
}

/* first[source] runs ahead to the next free entry. */
static void add_edge(struct edges *edges, uint32_t source, uint32_t op)
{
	edges->reader[edges->first[source]++] = op;
}

static void free_edges(struct edges *edges)
{
	free(edges->first);
	free(edges->reader);
	free(edges->waits);
	free(edges->newest);
}

static int make_edges(const struct compiler_graph *graph, struct edges *edges)
{
	const uint32_t operators = graph->graph->operators;

	edges->first = calloc(operators + (size_t)1, sizeof(*edges->first));
	edges->waits = calloc(operators + (size_t)1, sizeof(*edges->waits));
	edges->newest = calloc(operators + (size_t)1, sizeof(*edges->newest));
	if (!edges->first || !edges->waits || !edges->newest)
		return -ENOMEM;
	for (uint32_t o = 0; o < operators; o++)
		for_each_source(graph, edges, o, count_edge);
	for (uint32_t o = 0; o < operators; o++) {
		edges->first[o + 1] += edges->first[o];
		edges->newest[o] = 0;
	}
	edges->reader = calloc(edges->first[operators] + (size_t)1, sizeof(*edges->reader));
	if (!edges->reader)
		return -ENOMEM;
	for (uint32_t o = 0; o < operators; o++)
		for_each_source(graph, edges, o, add_edge);
	for (uint32_t o = operators; o > 0; o--)
		edges->first[o] = edges->first[o - 1];
	edges->first[0] = 0;
	return 0;
}

static bool has_readers(const struct edges *edges, uint32_t op)
{
	return edges->first[op + 1] > edges->first[op];
}

static void push_readers(struct stack *stack, struct edges *edges, uint32_t op)
{
	for (uint32_t i = edges->first[op]; i < edges->first[op + 1]; i++) {
		uint32_t reader = edges->reader[i];

		if (--edges->waits[reader] > 0)
			continue;
		if (has_readers(edges, reader))
			stack->item[stack->top++] = reader;
		else
			stack->item[--stack->bottom] = reader;
	}
}

static void find_order(struct atoll_segments *segments, struct edges *edges,
		       struct stack *stack)
{
	uint32_t places = 0;

	for (uint32_t o = 0; o < segments->operators; o++)
		if (edges->waits[o] == 0)
			stack->item[stack->top++] = o;
	while (stack->top > stack->bottom) {
		uint32_t op = stack->item[--stack->top];

		segments->order[places] = op;
		segments->place[op] = places++;
		push_readers(stack, edges, op);
	}
	segments->first_output = 0;
	while (segments->first_output + 1 < places &&
	       has_readers(edges, segments->order[segments->first_output]))
		segments->first_output++;
}

static int make_order(struct atoll_segments *segments)
{
	struct edges edges = { 0 };
	struct stack stack = { .bottom = segments->operators, .top = segments->operators };
	int r = make_edges(&segments->graph, &edges);

	stack.item = calloc(2 * (size_t)segments->operators + 1, sizeof(*stack.item));
	if (!stack.item)
		r = -ENOMEM;
	if (r == 0)
		find_order(segments, &edges, &stack);
	free(stack.item);
	free_edges(&edges);
	return r;
}

/* Weights, biases, shapes; a constant of several operators counts for each. */
static void measure(struct atoll_segments *segments)
{
	const struct compiler_graph *graph = &segments->graph;

	for (uint32_t o = 0; o < segments->operators; o++) {
		const struct atoll_operator *op = &graph->graph->op[o];

		if (op->code == BUILTIN_CUSTOM)
			continue;
		for (uint32_t i = 0; i < op->inputs; i++)
			if (compiler_is_constant(graph, op->input[i]))
				segments->bytes[o] += graph->graph->tensor[op->input[i]].bytes;
	}
}

ATOLL_API struct atoll_segments *atoll_segments_new(const struct atoll_model *model,
						    struct atoll_error *err)
{
	struct atoll_segments *segments = calloc(1, sizeof(*segments));
	const size_t operators = model->graph[0].operators;
	int r = segments ? compiler_graph_make(model, &segments->graph, err) : -ENOMEM;

	if (r == 0) {
		struct memory *memory = &segments->graph.memory;

		segments->operators = (uint32_t)operators;
		segments->order = memory_take(memory, operators * sizeof(*segments->order));
		segments->place = memory_take(memory, operators * sizeof(*segments->place));
		segments->bytes = memory_take(memory, operators * sizeof(*segments->bytes));
		r = segments->order && segments->place && segments->bytes ?
			make_order(segments) : -ENOMEM;
	}
	if (r < 0) {
		atoll_error_set(err, r, "%s: no memory to cut it into segments",
				atoll_error_path(model->path));
		atoll_segments_free(segments);
		return NULL;
	}
	measure(segments);
	return segments;
}

ATOLL_API void atoll_segments_free(struct atoll_segments *segments)
{
	if (segments)
		compiler_graph_free(&segments->graph);
	free(segments);
}

ATOLL_API uint32_t atoll_segments_operators(const struct atoll_segments *segments)
{
	return segments->operators;
}

ATOLL_API uint32_t atoll_segments_operator(const struct atoll_segments *segments,
					   uint32_t place)
{
	return segments->order[place];
}

ATOLL_API uint32_t atoll_segments_first_output(const struct atoll_segments *segments)
{
	return segments->first_output;
}

/* Operators from `place` on that fit into `bytes` and lie before `end`. */
static uint32_t fill(const struct atoll_segments *segments, uint32_t place, uint64_t bytes,
		     int64_t end)
{
	uint32_t count = 0;

	for (; place + count < end; count++) {
		uint64_t more = segments->bytes[segments->order[place + count]];

		if (more > bytes)
			break;
		bytes -= more;
	}
	return count;
}

ATOLL_API int atoll_segments_balance(const struct atoll_segments *segments, uint32_t n,
				     uint32_t *count, struct atoll_error *err)
{
	const char *path = atoll_error_path(segments->graph.model->path);
	uint64_t total = 0, average;
	uint32_t place = 0;

	if (n == 0 || n > segments->operators)
		return atoll_error_set(err, -EINVAL, "%s: %" PRIu32 " segments of %" PRIu32
				       " operators", path, n, segments->operators);
	for (uint32_t o = 0; o < segments->operators; o++)
		total += segments->bytes[o];
	average = total / n + 1;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t later = n - i - 1;
		uint32_t next = later == 0 ? segments->operators - place :
			fill(segments, place, average,
			     (int64_t)segments->first_output - later + 1);

		if (next == 0)
			return atoll_error_set(err, -EINVAL, "%s: segment %" PRIu32 " of %" PRIu32
					       " would have no operators; use fewer segments",
					       path, i, n);
		count[i] = next;
		place += next;
	}
	return 0;
}
