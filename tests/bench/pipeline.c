/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pipeline costs beside what its segments do: each has one operator, so that
 * nearly all of the time is spent in handing on.
 *
 *	pipeline [SETS]
 *
 * Alone, a set of tensors is pushed and popped before the next; a hop is what lies
 * between two segments, and at both ends: copying, and waking the next thread. Full,
 * there is always work for all segments, of which the slowest, or the processors, decide.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "board/clock.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/schema/tflite.h"
#include "tests/graph.h"

#define SETS 2000
#define SEGMENTS_MAX 4
#define BYTES_MAX (1 << 18)

static uint8_t input[BYTES_MAX], output[BYTES_MAX];

static struct graph open_segment(uint32_t index, int32_t bytes)
{
	char name[2][16];
	struct atoll_builder_tensor tensor = { .name = name[0], .type = ATOLL_UINT8, .rank = 2,
					       .dims = { 1, bytes }, .scale = 1 };
	struct graph g = graph_new();
	int32_t in, out;

	snprintf(name[0], sizeof(name[0]), "tensor %u", index);
	snprintf(name[1], sizeof(name[1]), "tensor %u", index + 1);
	in = graph_input(&g, &tensor);
	tensor.name = name[1];
	out = graph_output(&g, &tensor);
	graph_operator(&g, BUILTIN_RELU, 0, 0, NULL, 1, &in, 1, &out);
	graph_open(&g);
	return g;
}

static void push(struct atoll_pipeline *pipeline)
{
	struct atoll_error error;

	if (atoll_pipeline_push(pipeline, (const void *[]){ input }, -1, &error) < 0)
		errx(1, "%s", error.text);
}

static void pop(struct atoll_pipeline *pipeline)
{
	struct atoll_error error;

	if (atoll_pipeline_pop(pipeline, (void *[]){ output }, -1, &error) != 1)
		errx(1, "%s", error.text);
}

/* In the sessions of all segments together. */
static double time_inside_us(struct atoll_pipeline *pipeline, uint32_t segments)
{
	double time_us = 0;

	for (uint32_t s = 0; s < segments; s++)
		time_us += (double)atoll_pipeline_stats(pipeline, s).time_ns / 1e3;
	return time_us;
}

static double pass_us(struct atoll_pipeline *pipeline, int sets, uint32_t inside)
{
	int64_t start_ns;

	for (uint32_t i = 1; i < inside; i++)
		push(pipeline);
	start_ns = atoll_clock_ns();
	for (int i = 0; i < sets; i++) {
		push(pipeline);
		pop(pipeline);
	}
	start_ns = atoll_clock_ns() - start_ns;
	for (uint32_t i = 1; i < inside; i++)
		pop(pipeline);
	return (double)start_ns / 1e3 / sets;
}

static void measure(uint32_t segments, int32_t bytes, int sets)
{
	struct graph graph[SEGMENTS_MAX];
	struct atoll_session *session[SEGMENTS_MAX];
	struct atoll_pipeline *pipeline;
	struct atoll_error error;
	double alone_us, full_us, inside_us;

	for (uint32_t s = 0; s < segments; s++) {
		graph[s] = open_segment(s, bytes);
		session[s] = graph[s].session;
	}
	pipeline = atoll_pipeline_new(session, segments, NULL, &error);
	if (!pipeline)
		errx(1, "%s", error.text);
	(void)pass_us(pipeline, sets / 10 + 1, 1); /* warm */
	inside_us = time_inside_us(pipeline, segments);
	alone_us = pass_us(pipeline, sets, 1);
	inside_us = (time_inside_us(pipeline, segments) - inside_us) / sets;
	full_us = pass_us(pipeline, sets, 2 * segments);
	printf("%8u %8d %9.1f %9.1f %9.1f %9.1f %11.0f\n", segments, bytes, alone_us, inside_us,
	       (alone_us - inside_us) / (segments + 1), full_us, 1e6 / full_us);
	atoll_pipeline_free(pipeline);
	for (uint32_t s = 0; s < segments; s++)
		graph_free(&graph[s]);
}

int main(int argc, char **argv)
{
	int sets = argc > 1 ? atoi(argv[1]) : SETS;

	if (sets < 1)
		errx(2, "usage: pipeline [SETS]");
	printf("%8s %8s %9s %9s %9s %9s %11s\n", "segments", "bytes", "alone us", "inside",
	       "per hop", "full us", "per second");
	for (uint32_t segments = 1; segments <= SEGMENTS_MAX; segments++)
		for (int32_t bytes = 64; bytes <= BYTES_MAX; bytes *= 64)
			measure(segments, bytes, sets);
	return 0;
}
