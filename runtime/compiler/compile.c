/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All models are imported and partitioned first, since they share the memory for
 * parameters; then each is written.
 */
#include "runtime/compiler/compile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "runtime/compiler/allocate.h"
#include "runtime/compiler/blocks.h"
#include "runtime/compiler/emit.h"
#include "runtime/compiler/graph.h"
#include "runtime/compiler/partition.h"
#include "runtime/compiler/silicon_chain.h"
#include "runtime/edgetpu/package.h"
#include "runtime/isa/caching.h"
#include "runtime/memory.h"

#define RUNTIME_VERSION_LEAST 10

/* On the chip, of what is compiled for silicon. */
struct place {
	uint64_t token;
	uint32_t row;
};

/* A model on its way. */
struct unit {
	struct compiler_graph graph;
	struct compiler_partition partition;
	struct compiler_load *load;      /* [partition.parts] */
	struct emit_options *emitted;    /* [partition.parts] */
	struct place *place;             /* [partition.parts] */
};

struct whole {
	struct atoll_compiled compiled;  /* first: a pointer to it is one to all */
	struct memory memory;            /* of all lists and sentences */
};

struct work {
	struct whole *whole;
	const struct atoll_compile_job *job;
	struct atoll_compile_options options; /* with what 0 stands for in its place */
	uint32_t jobs;
	struct unit *unit;               /* [jobs] */
	uint32_t loads;
	struct compiler_load *load;      /* [loads] those of all units */
	enum atoll_compile_failure failure;
	struct atoll_error *err;         /* never NULL */
};

ATOLL_API const char *atoll_mapping_text(enum atoll_mapping mapping)
{
	static const char *const texts[] = {
		[ATOLL_MAPPED] = "Mapped to Edge TPU",
		[ATOLL_NOT_MAPPED_SECOND_PART] =
			"More than one subgraph is not supported",
		[ATOLL_NOT_MAPPED_LIMIT] =
			("Operation is otherwise supported, but not mapped due to some "
			 "unspecified limitation"),
		[ATOLL_NOT_MAPPED_TYPE] =
			"Operation is working on an unsupported data type",
		[ATOLL_NOT_MAPPED_OPERATOR] = "Operation not supported",
		[ATOLL_NOT_MAPPED_VERSION] = "Operation version not supported",
		[ATOLL_NOT_MAPPED_RANK] =
			"Tensor has unsupported rank (up to 3 innermost dimensions mapped)",
		[ATOLL_NOT_MAPPED_STRIDE] =
			"Only Strided-Slice with unitary strides supported",
		[ATOLL_NOT_MAPPED_NOT_CONSTANT] =
			"Filter, bias, or other param is not constant at compile-time",
		[ATOLL_NOT_MAPPED_NOT_FLAT] =
			"For example, a fully-connected or softmax layer with 2D output",
		[ATOLL_NOT_MAPPED_INTERPOLATION] =
			"Image-interpolation layer won't run precisely enough on Edge TPU",
	};

	return mapping < sizeof(texts) / sizeof(texts[0]) ? texts[mapping] : "?";
}

ATOLL_API const char *atoll_target_text(enum atoll_compile_target target)
{
	static const char *const texts[] = {
		[ATOLL_TARGET_EMULATOR] = "emulator", [ATOLL_TARGET_LIKE] = "like",
		[ATOLL_TARGET_SILICON] = "silicon",
	};

	return target < sizeof(texts) / sizeof(texts[0]) ? texts[target] : "?";
}

ATOLL_API const char *atoll_target_warning(enum atoll_compile_target target)
{
	return target == ATOLL_TARGET_SILICON ?
		"experimental: verified on the emulator, not on a chip" : NULL;
}

static int no_memory(struct work *work)
{
	return atoll_error_set(work->err, -ENOMEM, "no memory to compile");
}

static void *take(struct work *work, size_t count, size_t width)
{
	return memory_take(&work->whole->memory, count * width);
}

/* Options */

static int check_options(struct work *work)
{
	struct atoll_compile_options *options = &work->options;

	if (work->jobs == 0)
		return atoll_error_set(work->err, -EINVAL, "no model to compile");
	if (options->runtime_version == 0)
		options->runtime_version = EDGETPU_RUNTIME_VERSION;
	if (options->runtime_version < RUNTIME_VERSION_LEAST ||
	    options->runtime_version > EDGETPU_RUNTIME_VERSION)
		return atoll_error_set(work->err, -EINVAL, "runtime version %" PRId32
				       ", there are %d to %d", options->runtime_version,
				       RUNTIME_VERSION_LEAST, EDGETPU_RUNTIME_VERSION);
	if (options->target == ATOLL_TARGET_LIKE && (!options->like || !options->like_twin))
		return atoll_error_set(work->err, -EINVAL, "like what, and what that was "
				       "compiled from, must both be given");
	if (options->target == ATOLL_TARGET_LIKE && work->jobs > 1)
		return atoll_error_set(work->err, -EINVAL, "%" PRIu32 " models like one",
				       work->jobs);
	return 0;
}

/* 0 is the sign for none. */
static int choose_token(struct work *work)
{
	while (work->options.token == 0)
		if (getrandom(&work->options.token, sizeof(work->options.token), 0) < 0 &&
		    errno != EINTR)
			return atoll_error_set(work->err, -errno, "no random number");
	return 0;
}

/* Parts and their blocks */

static int gather_blocks(struct work *work, const struct unit *unit,
			 const struct compiler_part *part, struct compiler_load *load)
{
	size_t most = (size_t)part->operators * COMPILER_BLOCKS_MAX;
	struct compiler_block *block = take(work, most, sizeof(*block));
	uint32_t blocks = 0;

	if (!block)
		return no_memory(work);
	for (uint32_t i = 0; i < part->operators; i++) {
		uint32_t more = 0;
		int r = compiler_blocks(unit->graph.graph, part->op[i], block + blocks, &more,
					work->err);

		if (r < 0) {
			(void)atoll_error_prefix(work->err, "%s",
						 atoll_error_path(unit->graph.model->path));
			return r;
		}
		blocks += more;
	}
	*load = (struct compiler_load){ .blocks = blocks, .block = block,
					.is_cached = take(work, blocks, sizeof(bool)) };
	return load->is_cached ? 0 : no_memory(work);
}

static int partition(struct work *work, uint32_t index)
{
	struct unit *unit = &work->unit[index];
	int r = compiler_import(work->job[index].model, &unit->graph, &work->failure,
				work->err);

	if (r < 0)
		return r;
	r = compiler_partition(&unit->graph, &work->job[index], &work->options,
			       &work->whole->memory, &unit->partition, work->err);
	work->loads += unit->partition.parts;
	return r;
}

static int gather(struct work *work)
{
	struct compiler_load *load = take(work, work->loads, sizeof(*load));
	int r = 0;

	if (!load)
		return no_memory(work);
	work->load = load;
	for (uint32_t i = 0; i < work->jobs; i++) {
		struct unit *unit = &work->unit[i];

		unit->load = load;
		for (uint32_t p = 0; p < unit->partition.parts && r == 0; p++)
			r = gather_blocks(work, unit, &unit->partition.part[p], load++);
	}
	return r;
}

/* Parts take turns on the chip, so the room is what the neediest of them leaves. */
static uint64_t find_capacity(const struct work *work)
{
	uint64_t capacity = UINT64_MAX;

	if (work->options.capacity > 0)
		return work->options.capacity;
	for (uint32_t i = 0; i < work->jobs; i++) {
		const struct unit *unit = &work->unit[i];

		for (uint32_t p = 0; p < unit->partition.parts; p++) {
			uint64_t left = compiler_capacity(&unit->graph,
							  &unit->partition.part[p]);

			if (left < capacity)
				capacity = left;
		}
	}
	return work->loads > 0 ? capacity : 0;
}

/* On silicon all parameters stay on the chip. Parts follow each other in its memory; one
   that has no room there begins anew, and its token drives the others out. */
static int place_parts(struct work *work)
{
	struct place next = { .token = work->options.token };
	struct silicon_layers layers;

	for (uint32_t i = 0; i < work->jobs; i++) {
		struct unit *unit = &work->unit[i];

		unit->place = take(work, unit->partition.parts, sizeof(*unit->place));
		if (!unit->place)
			return no_memory(work);
		for (uint32_t p = 0; p < unit->partition.parts; p++) {
			int r = silicon_layers_of(&unit->graph, &unit->partition.part[p], 0,
						  &layers, work->err);

			if (r < 0)
				return r;
			if (next.row + layers.rows > ISA_CACHING_ROWS_PLACED) {
				next.token += next.token < UINT64_MAX ? 1 : 2;
				next.row = 0;
			}
			unit->place[p] = next;
			next.row += layers.rows;
		}
	}
	return 0;
}

/* What compiler_allocate does for other targets. */
static uint64_t keep_all(const struct work *work, uint64_t capacity)
{
	for (uint32_t l = 0; l < work->loads; l++)
		for (uint32_t i = 0; i < work->load[l].blocks; i++) {
			uint64_t bytes = work->load[l].block[i].bytes;

			work->load[l].is_cached[i] = true;
			capacity -= bytes < capacity ? bytes : capacity;
		}
	return capacity;
}

/* Writing */

static int emit_part(struct work *work, struct unit *unit, uint32_t p)
{
	struct emit_input input = {
		.graph = &unit->graph, .part = &unit->partition.part[p],
		.load = &unit->load[p], .token = work->options.token,
		.runtime_version = work->options.runtime_version,
	};
	int r;

	switch (work->options.target) {
	case ATOLL_TARGET_SILICON:
		input.token = unit->place[p].token;
		input.row = unit->place[p].row;
		return emit_silicon(&input, &unit->emitted[p], work->err);
	case ATOLL_TARGET_LIKE:
		r = emit_like(&input, work->options.like, work->options.like_twin,
			      &unit->emitted[p], work->err);
		if (r < 0 && r != -ENOMEM)
			work->failure = ATOLL_COMPILE_DIFFERS;
		return r;
	default:
		r = emit_emulator(&input, &unit->emitted[p], work->err);
		if (r == -EFBIG)
			work->failure = ATOLL_COMPILE_TOO_LARGE;
		return r;
	}
}

static int emit_parts(struct work *work, struct unit *unit)
{
	uint32_t parts = unit->partition.parts;
	int r = 0;

	unit->emitted = take(work, parts, sizeof(*unit->emitted));
	if (!unit->emitted)
		return no_memory(work);
	for (uint32_t p = 0; p < parts && r == 0; p++)
		r = emit_part(work, unit, p);
	return r;
}

static void free_parts(struct unit *unit)
{
	for (uint32_t p = 0; unit->emitted && p < unit->partition.parts; p++)
		free(unit->emitted[p].bytes);
}

static int list_blocks(struct work *work, const struct unit *unit,
		       struct atoll_compiled_model *model)
{
	struct atoll_compiled_block *list;
	uint32_t blocks = 0;

	for (uint32_t p = 0; p < unit->partition.parts; p++)
		blocks += unit->load[p].blocks;
	list = take(work, blocks, sizeof(*list));
	if (!list)
		return no_memory(work);
	model->block = list;
	model->blocks = blocks;
	for (uint32_t p = 0; p < unit->partition.parts; p++) {
		const struct compiler_load *load = &unit->load[p];
		uint32_t used[2] = { 0 };

		for (uint32_t i = 0; i < load->blocks; i++) {
			uint32_t *at = &used[load->is_cached[i]];

			*list++ = (struct atoll_compiled_block){
				.op = load->block[i].op, .bytes = load->block[i].bytes,
				.offset = *at, .part = p, .is_cached = load->is_cached[i],
			};
			*at += load->block[i].bytes;
		}
	}
	return 0;
}

/* What was written is asked, so that it holds for instructions of the vendor's too. */
static int count_parameters(struct work *work, const struct unit *unit,
			    struct atoll_compiled_model *model)
{
	for (uint32_t p = 0; p < unit->partition.parts; p++) {
		struct edgetpu_package *package = edgetpu_package_read(
			unit->emitted[p].bytes, unit->emitted[p].size, work->err);

		if (!package)
			return work->err->code;
		model->streamed_bytes += package->main->parameter_bytes;
		if (package->caching)
			model->cached_bytes += package->caching->parameter_bytes;
		edgetpu_package_free(package);
	}
	return 0;
}

static int emit(struct work *work, uint32_t index)
{
	struct unit *unit = &work->unit[index];
	struct atoll_compiled_model *model = &work->whole->compiled.model[index];
	int r = emit_parts(work, unit);

	if (r == 0)
		r = emit_model(&unit->graph, &unit->partition, unit->emitted, &model->bytes,
			       &model->size, work->err);
	if (r == 0)
		r = list_blocks(work, unit, model);
	if (r == 0)
		r = count_parameters(work, unit, model);
	free_parts(unit);
	model->operators = unit->graph.graph->operators;
	model->mapped = unit->partition.mapped;
	model->op = unit->partition.op;
	model->parts = unit->partition.parts;
	return r;
}

static int compile(struct work *work)
{
	struct atoll_compiled *compiled = &work->whole->compiled;
	uint64_t left;
	int r = 0;

	work->unit = take(work, work->jobs, sizeof(*work->unit));
	compiled->model = take(work, work->jobs, sizeof(*compiled->model));
	if (!work->unit || !compiled->model)
		return no_memory(work);
	compiled->models = work->jobs;
	compiled->token = work->options.token;
	for (uint32_t i = 0; i < work->jobs && r == 0; i++)
		r = partition(work, i);
	if (r == 0)
		r = gather(work);
	if (r < 0)
		return r;
	if (work->options.target == ATOLL_TARGET_SILICON) {
		left = keep_all(work, find_capacity(work));
		r = place_parts(work);
	} else {
		left = compiler_allocate(work->load, work->loads, find_capacity(work),
					 work->options.caches_in_order);
	}
	for (uint32_t i = 0; i < work->jobs && r == 0; i++) {
		compiled->model[i].remaining_bytes = left;
		r = emit(work, i);
	}
	return r;
}

ATOLL_API struct atoll_compiled *atoll_compile(const struct atoll_compile_job *job,
					       uint32_t jobs,
					       const struct atoll_compile_options *options,
					       enum atoll_compile_failure *failure,
					       struct atoll_error *err)
{
	struct atoll_error why;
	struct work work = { .job = job, .jobs = jobs, .err = err ? err : &why,
			     .options = options ? *options :
						  (struct atoll_compile_options){ 0 },
			     .failure = ATOLL_COMPILE_OTHER };
	int r = check_options(&work);

	if (r == 0)
		r = choose_token(&work);
	work.whole = r == 0 ? calloc(1, sizeof(*work.whole)) : NULL;
	if (r == 0 && !work.whole)
		r = no_memory(&work);
	if (r == 0) {
		work.whole->memory = MEMORY_UNLIMITED;
		r = compile(&work);
		for (uint32_t i = 0; work.unit && i < jobs; i++)
			compiler_graph_free(&work.unit[i].graph);
	}
	if (r == 0)
		return &work.whole->compiled;
	if (failure)
		*failure = work.failure;
	atoll_compiled_free(work.whole ? &work.whole->compiled : NULL);
	return NULL;
}

ATOLL_API void atoll_compiled_free(struct atoll_compiled *compiled)
{
	struct whole *whole = (struct whole *)compiled;

	if (!whole)
		return;
	for (uint32_t i = 0; i < compiled->models; i++)
		free(compiled->model[i].bytes);
	memory_free(&whole->memory);
	free(whole);
}
