/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend.h"
#include "runtime/memory.h"
#include "runtime/serve/engine.h"

struct cpu {
	struct engine engine;
	uint32_t threads;
};

/* Tensors that point into a client's memory while it is its turn. */
struct loaded {
	struct memory memory;
	struct backend_part part;
	struct atoll_tensor **input, **output;
	struct backend_program *backend;
};

static int raise_cpu(struct engine *engine, struct atoll_error *err)
{
	(void)engine, (void)err;
	return 0;
}

static void unload(struct engine *engine, void *what)
{
	struct loaded *loaded = what;

	(void)engine;
	if (loaded->backend)
		loaded->backend->ops->free(loaded->backend);
	memory_free(&loaded->memory);
	free(loaded);
}

/* Tensors of the same types and shapes, but of our own: a twin is shared. */
static struct atoll_tensor **copy_tensors(struct memory *memory,
					  const struct atoll_graph *graph, uint32_t count,
					  const int32_t *index)
{
	struct atoll_tensor **list = memory_take(memory, count * sizeof(struct atoll_tensor *));

	for (uint32_t i = 0; list && i < count; i++) {
		list[i] = memory_take(memory, sizeof(**list));
		if (!list[i])
			return NULL;
		*list[i] = graph->tensor[index[i]];
		list[i]->data = NULL;
	}
	return list;
}

static int load_twin(const struct cpu *cpu, struct loaded *loaded,
		     const struct program *program, struct atoll_error *err)
{
	const struct atoll_graph *graph;

	if (!program->twin)
		return atoll_error_set(err, -ENOTSUP, "cpu: the client gave no model for it");
	graph = &program->twin->graph[0];
	loaded->input = copy_tensors(&loaded->memory, graph, graph->inputs, graph->input);
	loaded->output = copy_tensors(&loaded->memory, graph, graph->outputs, graph->output);
	if (!loaded->input || !loaded->output)
		return atoll_error_set(err, -ENOMEM, "cpu: %s", strerror(ENOMEM));
	loaded->part = (struct backend_part){
		.options = program->map[0],
		.options_bytes = program->map_bytes[0],
		.inputs = graph->inputs,
		.input = loaded->input,
		.outputs = graph->outputs,
		.output = loaded->output,
		.twin = program->twin,
	};
	loaded->backend = twin_load(&loaded->part, cpu->threads, err);
	return loaded->backend ? 0 : -EINVAL;
}

static void *load(struct engine *engine, struct program *program, struct atoll_error *err)
{
	struct loaded *loaded = calloc(1, sizeof(*loaded));

	if (!loaded) {
		(void)atoll_error_set(err, -ENOMEM, "cpu: %s", strerror(ENOMEM));
		return NULL;
	}
	loaded->memory = MEMORY_UNLIMITED;
	if (load_twin((struct cpu *)engine, loaded, program, err) == 0)
		return loaded;
	unload(engine, loaded);
	return NULL;
}

static int run(struct engine *engine, void *what, const struct engine_tensors *tensors,
	       struct atoll_error *err)
{
	struct loaded *loaded = what;

	(void)engine;
	for (uint32_t i = 0; i < loaded->part.inputs; i++)
		loaded->input[i]->data = tensors->input[i];
	for (uint32_t i = 0; i < loaded->part.outputs; i++)
		loaded->output[i]->data = tensors->output[i];
	return loaded->backend->ops->run(loaded->backend, err);
}

static void look(struct engine *engine, struct serve_tpu *row)
{
	(void)engine, (void)row;
}

static void free_cpu(struct engine *engine)
{
	free(engine);
}

static const struct engine_ops ops = {
	.raise = raise_cpu,
	.load = load,
	.run = run,
	.unload = unload,
	.look = look,
	.free = free_cpu,
};

ATOLL_API struct engine *engine_cpu_new(uint32_t threads, struct atoll_error *err)
{
	struct cpu *cpu = calloc(1, sizeof(*cpu));

	if (!cpu) {
		(void)atoll_error_set(err, -ENOMEM, "cpu: %s", strerror(ENOMEM));
		return NULL;
	}
	cpu->engine.ops = &ops;
	cpu->engine.is_cpu = true;
	(void)snprintf(cpu->engine.name, sizeof(cpu->engine.name), "cpu");
	cpu->threads = threads;
	return &cpu->engine;
}
