/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/session.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "board/clock.h"
#include "board/cpu.h"
#include "runtime/background.h"
#include "runtime/cache.h"
#include "runtime/delegate.h"
#include "runtime/devices_inside.h"
#include "runtime/edgetpu/package.h"
#include "runtime/kernels/kernels.h"
#include "runtime/layout.h"
#include "runtime/memory.h"
#include "runtime/pool.h"
#include "runtime/schema/tflite.h"

/* More threads than this only help models larger than any board runs. */
#define DEFAULT_THREADS_MAX 4

#define DEFAULT_DEVICE "tpu,cpu"

struct atoll_session {
	const struct atoll_model *model;
	const struct atoll_graph *graph;
	struct atoll_session_options options;
	enum cpu_level level;
	struct pool *pool;
	struct background *background;

	struct memory memory;       /* all there is, up to options.memory_max */
	struct cache *cache;        /* or NULL */
	struct cache_block *blocks; /* what was packed, in order */
	size_t blocks_used, blocks_room;

	struct atoll_devices *devices; /* of our own, or NULL */
	struct atoll_error error;    /* of the last run that failed */

	struct atoll_tensor *tensor;   /* [graph->tensors] */
	struct kernel_node *node;      /* [graph->operators] */
	uint8_t *is_folded;            /* [graph->operators] done at open */
	uint8_t *arena;                /* tensors that come and go, scratch */
	struct atoll_session_plan plan;
	struct atoll_session_step *step; /* plan.step, writable */
};

/* What kernels ask of us, see kernels.h */

void *kernel_alloc(struct kernel_setup *setup, size_t bytes)
{
	struct atoll_session *session = setup->session;

	return memory_take(&session->memory, bytes);
}

/* Remember a packed block for cache_store. */
static int remember_block(struct atoll_session *session, const void *data, size_t bytes)
{
	if (session->blocks_used == session->blocks_room) {
		size_t room = session->blocks_room ? 2 * session->blocks_room : 64;
		void *more = realloc(session->blocks, room * sizeof(*session->blocks));

		if (!more)
			return -ENOMEM;
		session->blocks = more;
		session->blocks_room = room;
	}
	session->blocks[session->blocks_used++] =
		(struct cache_block){ .data = data, .bytes = bytes };
	return 0;
}

void *kernel_alloc_packed(struct kernel_setup *setup, size_t bytes, bool *is_filled)
{
	struct atoll_session *session = setup->session;
	/* Read-only memory: kernels leave a filled block alone. */
	void *packed = (void *)(uintptr_t)cache_next(session->cache, bytes);

	*is_filled = packed != NULL;
	if (!packed)
		packed = memory_take(&session->memory, bytes);
	if (packed && remember_block(session, packed, bytes) < 0)
		return NULL;
	return packed;
}

/*
 * Packed weights are a copy, so the pages of the original may leave memory; what
 * is read again comes back from the file. All pages go at once: reading one
 * brings in its neighbours, and 1.9 MB of such neighbours stayed in memory when
 * only the pages of the weights themselves were let go (movenet, 2.9 MB).
 */
void kernel_done_with(struct kernel_setup *setup, const struct atoll_tensor *constant)
{
	const struct atoll_session *session = setup->session;
	const struct atoll_model *model = session->model;
	uintptr_t file = (uintptr_t)model->bytes, at = (uintptr_t)constant->data;

	/* Constants that had to be copied to be aligned are not in the file. */
	if (model->is_mapped && at >= file && at < file + model->size)
		(void)madvise((void *)file, model->size, MADV_DONTNEED);
}

/* Opening, step by step */

static uint32_t default_threads(void)
{
	cpu_set_t set;
	int processors = sched_getaffinity(0, sizeof(set), &set) == 0 ?
		CPU_COUNT(&set) : 1;

	return processors < DEFAULT_THREADS_MAX ? (uint32_t)processors :
		DEFAULT_THREADS_MAX;
}

static size_t physical_memory(void)
{
	return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

static int take_tables(struct atoll_session *session)
{
	const struct atoll_graph *graph = session->graph;
	struct memory *memory = &session->memory;

	session->tensor = memory_take(memory, graph->tensors * sizeof(*session->tensor));
	session->node = memory_take(memory, graph->operators * sizeof(*session->node));
	session->is_folded = memory_take(memory, graph->operators);
	session->step = memory_take(memory, graph->operators * sizeof(*session->step));
	if (!session->tensor || !session->node || !session->is_folded || !session->step)
		return -ENOMEM;
	memcpy(session->tensor, graph->tensor, graph->tensors * sizeof(*session->tensor));
	return 0;
}

/* Tensor pointers for a list of indices, NULL for -1. */
static struct atoll_tensor **pointers(struct atoll_session *session,
				      const int32_t *index, uint32_t count)
{
	struct atoll_tensor **list =
		memory_take(&session->memory, count * sizeof(*list));

	for (uint32_t i = 0; list && i < count; i++)
		list[i] = index[i] < 0 ? NULL : &session->tensor[index[i]];
	return list;
}

static int unknown_operator(const struct atoll_operator *op, struct atoll_error *err)
{
	if (op->code == BUILTIN_CUSTOM)
		return atoll_error_set(err, -ENOTSUP, "custom operator %s is unknown; "
			"atoll-model ops lists the supported ones", op->name);
	return atoll_error_set(err, -ENOTSUP, "operator %s (%u) is not supported; "
			       "atoll-model ops lists the supported ones",
			       op->name, op->code);
}

static int fill_node(struct atoll_session *session, const struct atoll_operator *op,
		     struct kernel_node *node)
{
	node->op = op;
	node->inputs = op->inputs;
	node->outputs = op->outputs;
	node->intermediates = op->intermediates;
	node->input = pointers(session, op->input, op->inputs);
	node->output = pointers(session, op->output, op->outputs);
	node->intermediate = pointers(session, op->intermediate, op->intermediates);
	return node->input && node->output && node->intermediate ? 0 : -ENOMEM;
}

static bool has_constant_inputs(const struct kernel_node *node)
{
	if (node->inputs == 0)
		return false;
	for (uint32_t i = 0; i < node->inputs; i++)
		if (node->input[i] && !node->input[i]->data)
			return false;
	return true;
}

/* Everything it needs is known: run it now and make its outputs constants. */
static int fold(struct atoll_session *session, uint32_t index, struct atoll_error *err)
{
	struct kernel_node *node = &session->node[index];
	struct memory scratch = { .left = session->memory.left };
	int r = 0;

	for (uint32_t i = 0; i < node->outputs && r == 0; i++) {
		node->output[i]->data =
			memory_take(&session->memory, node->output[i]->bytes);
		session->plan.constant_bytes += node->output[i]->bytes;
		if (!node->output[i]->data)
			r = -ENOMEM;
	}
	node->scratch = memory_take(&scratch, node->scratch_bytes);
	if (!node->scratch)
		r = -ENOMEM;
	if (r == 0)
		r = node->run(node, session->pool);
	memory_free(&scratch);
	node->scratch = NULL;
	session->is_folded[index] = 1;
	if (r < 0)
		atoll_error_set(err, r, "%s: %s", node->op->name, strerror(-r));
	return r;
}

static bool has_empty_outputs(const struct kernel_node *node)
{
	for (uint32_t i = 0; i < node->outputs; i++)
		if (node->output[i]->elements != 0)
			return false;
	return node->outputs > 0;
}

/* Many pixels of no channels are a long time of nothing: kernels do not look. */
static int run_nothing(const struct kernel_node *node, struct pool *pool)
{
	(void)node;
	(void)pool;
	return 0;
}

static int prepare_delegate(struct atoll_session *session, uint32_t index,
			    struct atoll_error *err)
{
	struct kernel_node *node = &session->node[index];

	if (fill_node(session, &session->graph->op[index], node) < 0 ||
	    delegate_new(node, &session->error, &session->step[index].device) < 0)
		return atoll_error_set(err, -ENOMEM, "out of memory");
	return 0;
}

static int prepare_operator(struct atoll_session *session, uint32_t index,
			    struct kernel_setup *setup, struct atoll_error *err)
{
	const struct atoll_operator *op = &session->graph->op[index];
	const struct kernel *kernel = kernel_find(op);
	struct kernel_node *node = &session->node[index];
	int r;

	if (edgetpu_is_compiled(op))
		return prepare_delegate(session, index, err);
	if (!kernel)
		return unknown_operator(op, err);
	if (op->version > kernel->version_max)
		return atoll_error_set(err, -ENOTSUP,
			"operator %s: version %d, at most %d is supported",
			op->name, op->version, kernel->version_max);
	r = fill_node(session, op, node);
	if (r < 0)
		return atoll_error_set(err, r, "out of memory");
	r = kernel->prepare(node, setup, err);
	if (r < 0)
		return r;
	if (has_empty_outputs(node))
		node->run = run_nothing;
	if (node->is_known || has_constant_inputs(node))
		return fold(session, index, err);
	return 0;
}

static int prepare_all(struct atoll_session *session, struct atoll_error *err)
{
	struct kernel_setup setup = {
		.cpu = session->level,
		.threads = pool_threads(session->pool),
		.session = session,
	};

	for (uint32_t i = 0; i < session->graph->operators; i++) {
		int r = prepare_operator(session, i, &setup, err);

		if (r < 0) {
			atoll_error_prefix(err, "%s: operator %u",
					   atoll_error_path(session->model->path), i);
			return r;
		}
	}
	return 0;
}

/* After all operators are prepared: what has memory before that is a constant. */
static int load_delegates(struct atoll_session *session, struct atoll_error *err)
{
	struct delegate_where where = {
		.list = session->options.device,
		.devices = session->options.devices,
		.twin = session->options.twin,
		.threads = pool_threads(session->pool),
	};
	bool is_compiled = false;

	for (uint32_t i = 0; i < session->graph->operators; i++) {
		int r;

		if (!edgetpu_is_compiled(&session->graph->op[i]))
			continue;
		is_compiled = true;
		if (!where.devices)
			where.devices = session->devices = atoll_devices_new(NULL, err);
		r = where.devices ? delegate_load(&session->node[i], &where, err) : -EINVAL;
		if (r < 0) {
			atoll_error_prefix(err, "%s: operator %u",
					   atoll_error_path(session->model->path), i);
			return r;
		}
	}
	if (session->error.code != 0)
		atoll_error_prefix(&session->error, "%s",
				   atoll_error_path(session->model->path));
	if (!is_compiled && !devices_has_cpu(where.list))
		return atoll_error_set(err, -ENOTSUP, "%s: not compiled for the Edge TPU; "
				       "device %s runs nothing else",
				       atoll_error_path(session->model->path), where.list);
	return 0;
}

static int make_arena(struct atoll_session *session, struct atoll_error *err)
{
	struct layout layout = {
		.graph = session->graph,
		.tensor = session->tensor,
		.node = session->node,
		.is_folded = session->is_folded,
		.keeps_tensors = session->options.keeps_tensors,
	};
	int r = layout_make(&layout, &session->memory);

	session->arena = layout.arena;
	session->plan.arena_bytes = layout.arena_bytes;
	if (r < 0)
		atoll_error_set(err, r, "%s: no memory for %zu bytes of tensors",
				session->model->path, layout.arena_bytes);
	return r;
}

/* 0 for what lies elsewhere: constants, memory of devices. */
static size_t arena_offset(const struct atoll_session *session, const uint8_t *data)
{
	return data >= session->arena && data < session->arena + session->plan.arena_bytes ?
		(size_t)(data - session->arena) : 0;
}

static void describe(struct atoll_session *session)
{
	struct atoll_session_plan *plan = &session->plan;

	plan->device = "cpu";
	plan->instructions = cpu_level_name(session->level);
	plan->threads = pool_threads(session->pool);
	plan->is_from_cache = cache_is_complete(session->cache);
	for (size_t i = 0; i < session->blocks_used; i++)
		plan->packed_bytes += session->blocks[i].bytes;
	plan->steps = session->graph->operators;
	plan->step = session->step;
	for (uint32_t i = 0; i < plan->steps; i++) {
		const struct kernel_node *node = &session->node[i];
		struct atoll_session_step *step = &session->step[i];

		step->op = i;
		step->name = node->op->name;
		if (edgetpu_is_compiled(node->op))
			plan->device = step->device;
		else
			step->device = session->is_folded[i] ? "known" : "cpu";
		step->scratch_bytes = node->scratch_bytes;
		if (node->outputs == 0)
			continue;
		step->output_bytes = node->output[0]->bytes;
		step->output_offset = arena_offset(session, node->output[0]->data);
	}
}

/* Devices tell their sentence; the others only fail over what they were given. */
static int failed(struct atoll_session *session, uint32_t index, int r)
{
	const struct atoll_operator *op = &session->graph->op[index];

	if (!edgetpu_is_compiled(op))
		atoll_error_set(&session->error, r, "%s: %s", op->name, strerror(-r));
	atoll_error_prefix(&session->error, "%s: operator %u",
			   atoll_error_path(session->model->path), index);
	return r;
}

static int run_operators(struct atoll_session *session)
{
	const uint32_t operators = session->graph->operators;

	for (uint32_t i = 0; i < operators; i++) {
		struct kernel_node *node = &session->node[i];
		int r;

		if (session->is_folded[i])
			continue;
		if (!session->options.is_profiled) {
			r = node->run(node, session->pool);
		} else {
			uint64_t start_ns = (uint64_t)atoll_clock_ns();

			r = node->run(node, session->pool);
			session->step[i].runs++;
			session->step[i].time_ns += (uint64_t)atoll_clock_ns() - start_ns;
		}
		if (r < 0)
			return failed(session, i, r);
	}
	return 0;
}

static int invoke(void *context)
{
	struct atoll_session *session = context;
	uint64_t start_ns = (uint64_t)atoll_clock_ns();
	int r = run_operators(session);

	session->plan.run_ns = (uint64_t)atoll_clock_ns() - start_ns;
	return r;
}

static int open_all(struct atoll_session *session, struct atoll_error *err)
{
	uint32_t threads = session->options.threads;
	int r = devices_check(session->options.device, err);

	if (r < 0)
		return r;
	r = cpu_level_choose(&session->level, err);
	if (r < 0)
		return r;
	session->pool = pool_new(threads ? threads : default_threads(), err);
	if (!session->pool)
		return -EINVAL;
	session->background = background_new(invoke, session, err);
	if (!session->background)
		return -EMFILE;
	if (session->options.cache)
		session->cache = cache_open(session->options.cache, session->model,
					    session->level);
	r = take_tables(session);
	if (r < 0)
		return atoll_error_set(err, r, "%s: out of memory", session->model->path);
	r = prepare_all(session, err);
	if (r == 0)
		r = load_delegates(session, err);
	return r < 0 ? r : make_arena(session, err);
}

ATOLL_API struct atoll_session *
atoll_session_open(const struct atoll_model *model,
		   const struct atoll_session_options *options,
		   struct atoll_error *err)
{
	struct atoll_session *session = calloc(1, sizeof(*session));

	if (!session) {
		atoll_error_set(err, -ENOMEM, "%s: out of memory", model->path);
		return NULL;
	}
	session->model = model;
	session->graph = &model->graph[0];
	if (options)
		session->options = *options;
	if (!session->options.device)
		session->options.device = DEFAULT_DEVICE;
	session->memory.left = session->options.memory_max ?
		session->options.memory_max : physical_memory();
	if (open_all(session, err) < 0) {
		atoll_session_close(session);
		return NULL;
	}
	describe(session);
	if (session->cache && !session->plan.is_from_cache)
		cache_store(session->cache, session->blocks, session->blocks_used);
	atoll_session_reset(session);
	return session;
}

ATOLL_API void atoll_session_close(struct atoll_session *session)
{
	if (!session)
		return;
	background_free(session->background);
	for (uint32_t i = 0; session->node && i < session->graph->operators; i++)
		if (edgetpu_is_compiled(&session->graph->op[i]))
			delegate_free(&session->node[i]);
	atoll_devices_free(session->devices);
	pool_free(session->pool);
	memory_free(&session->memory);
	cache_close(session->cache);
	free(session->blocks);
	free(session);
}

ATOLL_API const struct atoll_model *atoll_session_model(const struct atoll_session *session)
{
	return session->model;
}

ATOLL_API uint32_t atoll_session_inputs(const struct atoll_session *session)
{
	return session->graph->inputs;
}

ATOLL_API uint32_t atoll_session_outputs(const struct atoll_session *session)
{
	return session->graph->outputs;
}

ATOLL_API struct atoll_tensor *atoll_session_input(struct atoll_session *session,
						   uint32_t i)
{
	return i < session->graph->inputs ?
		&session->tensor[session->graph->input[i]] : NULL;
}

ATOLL_API const struct atoll_tensor *
atoll_session_output(const struct atoll_session *session, uint32_t i)
{
	return i < session->graph->outputs ?
		&session->tensor[session->graph->output[i]] : NULL;
}

ATOLL_API const struct atoll_tensor *
atoll_session_tensor(const struct atoll_session *session, uint32_t index)
{
	return index < session->graph->tensors ? &session->tensor[index] : NULL;
}

ATOLL_API int atoll_session_invoke(struct atoll_session *session)
{
	return background_is_busy(session->background) ? -EBUSY : invoke(session);
}

ATOLL_API const char *atoll_session_error(const struct atoll_session *session)
{
	return session->error.text;
}

ATOLL_API int atoll_session_start(struct atoll_session *session)
{
	return background_start(session->background);
}

ATOLL_API int atoll_session_wait(struct atoll_session *session, int timeout_ms)
{
	return background_wait(session->background, timeout_ms);
}

ATOLL_API int atoll_session_fd(const struct atoll_session *session)
{
	return background_fd(session->background);
}

/* TFLite: all bytes 0, but int8 variables hold the real value 0. */
ATOLL_API void atoll_session_reset(struct atoll_session *session)
{
	for (uint32_t i = 0; i < session->graph->tensors; i++) {
		struct atoll_tensor *tensor = &session->tensor[i];

		if (session->graph->is_variable[i] && tensor->data)
			memset(tensor->data, tensor->type == ATOLL_INT8 ?
			       tensor->quant.zero_point : 0, tensor->bytes);
	}
}

ATOLL_API const struct atoll_session_plan *
atoll_session_plan(const struct atoll_session *session)
{
	return &session->plan;
}
