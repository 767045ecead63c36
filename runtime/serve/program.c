/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/program.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime/carried.h"
#include "runtime/memory.h"

static const char *const names[SERVE_FDS_MAX] = { "compiled part", "CPU model" };

static int map_source(struct program *program, const struct program_source *source,
		      uint32_t i, struct atoll_error *err)
{
	int r = serve_memory_check(source->fd[i], source->bytes[i], true, names[i], err);
	void *map;

	if (r < 0)
		return r;
	if (source->bytes[i] == 0)
		return atoll_error_set(err, -EINVAL, "%s: empty", names[i]);
	map = mmap(NULL, source->bytes[i], PROT_READ, MAP_PRIVATE, source->fd[i], 0);
	if (map == MAP_FAILED)
		return atoll_error_set(err, -errno, "%s: map: %s", names[i], strerror(errno));
	program->map[i] = map;
	program->map_bytes[i] = source->bytes[i];
	return 0;
}

/* The sum of both, with the size of the first between them: no other pair of files
   gives the same row of bytes. */
static void take_digest(struct program *program)
{
	uint64_t size = program->map_bytes[0];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)&size, sizeof(size));
	SHA256Update(&sha, program->map[0], program->map_bytes[0]);
	if (program->map[1])
		SHA256Update(&sha, program->map[1], program->map_bytes[1]);
	SHA256Final(digest, &sha);
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(program->digest + 2 * i, 3, "%02x", digest[i]);
}

static size_t wire_bytes(const struct edgetpu_layer *layer)
{
	return (size_t)layer->size * layer->executions;
}

/*
 * Inputs as long as they are on the wire, so that they are sent from where they
 * lie; each at a multiple of MEMORY_ALIGNMENT, and with a margin behind the last,
 * since kernels of the client read the outputs there.
 */
static int lay_out(struct program *program, struct atoll_error *err)
{
	const struct edgetpu_executable *main = program->package->main;
	size_t offset = 0;

	program->inputs = main->inputs;
	program->outputs = edgetpu_own_outputs(main);
	if (main->inputs > SERVE_TENSORS_MAX ||
	    program->outputs > SERVE_TENSORS_MAX - main->inputs)
		return atoll_error_set(err, -E2BIG, "compiled part: %u inputs and %u outputs, "
				       "at most %d together", main->inputs, program->outputs,
				       SERVE_TENSORS_MAX);
	for (uint32_t i = 0; i < program->inputs + program->outputs; i++) {
		const struct edgetpu_layer *layer = i < main->inputs ?
			&main->input[i] : &main->output[i - main->inputs];
		size_t room = layer->bytes;

		if (i < main->inputs && wire_bytes(layer) > room)
			room = wire_bytes(layer);
		program->tensor[i] = (struct serve_tensor){
			.offset = offset, .bytes = layer->bytes };
		offset += (room + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
	}
	for (uint32_t i = program->outputs; i < main->outputs; i++)
		program->tensor[main->output[i].state_of].is_state = true;
	program->memory_bytes = offset + MEMORY_MARGIN;
	return 0;
}

static int check_tensors(const struct program *program, const char *what, uint32_t count,
			 const int32_t *tensors, const struct serve_tensor *expected,
			 struct atoll_error *err)
{
	const struct atoll_graph *graph = &program->twin->graph[0];

	for (uint32_t i = 0; i < count; i++)
		if (graph->tensor[tensors[i]].bytes != expected[i].bytes)
			return atoll_error_set(err, -EINVAL, "CPU model: %s %u: %zu bytes, the "
				"compiled part has %zu", what, i,
				graph->tensor[tensors[i]].bytes, (size_t)expected[i].bytes);
	return 0;
}

static int read_twin(struct program *program, struct atoll_error *err)
{
	const struct atoll_graph *graph;

	program->twin = atoll_model_load_bytes(program->map[1], program->map_bytes[1],
					       names[1], err);
	if (!program->twin)
		return -EINVAL;
	graph = &program->twin->graph[0];
	if (graph->inputs != program->inputs || graph->outputs != program->outputs)
		return atoll_error_set(err, -EINVAL, "CPU model: %u inputs and %u outputs, the "
				       "compiled part has %u and %u", graph->inputs,
				       graph->outputs, program->inputs, program->outputs);
	if (check_tensors(program, "input", graph->inputs, graph->input,
			  program->tensor, err) < 0 ||
	    check_tensors(program, "output", graph->outputs, graph->output,
			  program->tensor + program->inputs, err) < 0)
		return -EINVAL;
	return 0;
}

static int read_package(struct program *program, struct atoll_error *err)
{
	program->package = edgetpu_package_read(program->map[0], program->map_bytes[0], err);
	if (!program->package)
		return -EINVAL;
	program->token = program->package->main->token;
	program->is_carried = carried_is(program->package);
	return lay_out(program, err);
}

static int read_source(struct program *program, const struct program_source *source,
		       struct atoll_error *err)
{
	bool has_twin = source->fd[1] >= 0;

	if (map_source(program, source, 0, err) < 0 ||
	    (has_twin && map_source(program, source, 1, err) < 0) ||
	    read_package(program, err) < 0 || (has_twin && read_twin(program, err) < 0))
		return -EINVAL;
	take_digest(program);
	return 0;
}

struct program *program_open(const struct program_source *source, struct atoll_error *err)
{
	struct program *program = calloc(1, sizeof(*program));

	if (!program) {
		(void)atoll_error_set(err, -ENOMEM, "compiled part: %s", strerror(ENOMEM));
		return NULL;
	}
	if (read_source(program, source, err) == 0)
		return program;
	program_free(program);
	return NULL;
}

void program_free(struct program *program)
{
	if (!program)
		return;
	atoll_model_free(program->twin);
	edgetpu_package_free(program->package);
	for (uint32_t i = 0; i < SERVE_FDS_MAX; i++)
		if (program->map[i]) /* munmap does not write */
			(void)munmap((void *)(uintptr_t)program->map[i],
				     program->map_bytes[i]);
	free(program);
}
