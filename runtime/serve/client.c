/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part that runs at the daemon. Its tensors live in memory that is shared with
 * it, at an address that stays the same however often the daemon comes and goes:
 * the next memory is put in the place of the last. Tensors that have memory of
 * their own, or are batches, are copied at each run.
 */
#include "runtime/serve/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/memory.h"
#include "runtime/serve/connect.h"
#include "runtime/serve/protocol.h"

struct remote {
	struct backend_program backend;
	char *socket;                /* NULL: the usual one */
	uint32_t priority, timeout_ms;
	int fd;                      /* -1: the next run connects */
	int source[SERVE_FDS_MAX];   /* what to load, for every daemon to come */
	size_t source_bytes[SERVE_FDS_MAX];
	struct serve_loaded table;   /* as the first daemon told it; memory_bytes 0:
					none has yet */
	uint8_t *memory;
	struct atoll_tensor **tensor; /* inputs, then outputs */
	uint32_t batches;
	struct memory own;           /* of batched tensors and the list */
	uint64_t number;
};

static void disconnect(struct remote *remote)
{
	if (remote->fd >= 0)
		(void)close(remote->fd); /* the daemon notices */
	remote->fd = -1;
}

static uint32_t tensors_of(const struct remote *remote)
{
	return remote->table.inputs + remote->table.outputs;
}

static int check_table(const struct serve_loaded *table, struct atoll_error *err)
{
	for (uint32_t i = 0; i < table->inputs + table->outputs; i++) {
		const struct serve_tensor *tensor = &table->tensor[i];

		if (tensor->bytes == 0 || tensor->bytes > table->memory_bytes ||
		    tensor->offset > table->memory_bytes - tensor->bytes ||
		    tensor->offset % MEMORY_ALIGNMENT != 0)
			return atoll_error_set(err, -EPROTO,
				"serve: tensor %u lies outside its memory", i);
	}
	return 0;
}

static size_t table_bytes(const struct serve_loaded *table)
{
	return offsetof(struct serve_loaded, tensor) +
	       (table->inputs + table->outputs) * sizeof(table->tensor[0]);
}

/* The memory where tensors may have their data already stays where it is. */
static int replace_memory(struct remote *remote, void *memory, struct atoll_error *err)
{
	size_t bytes = (size_t)remote->table.memory_bytes;

	if (!remote->memory) {
		remote->memory = memory;
		return 0;
	}
	memcpy(memory, remote->memory, bytes);
	if (mremap(memory, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, remote->memory) !=
	    MAP_FAILED)
		return 0;
	return atoll_error_set(err, -errno, "serve: memory: %s", strerror(errno));
}

static int take_memory(struct remote *remote, const struct serve_received *got,
		       struct atoll_error *err)
{
	const struct serve_loaded *table = &got->message.loaded;
	void *memory;
	int r;

	if (got->fds != 1 || table->memory_bytes > SIZE_MAX / 2)
		return atoll_error_set(err, -EPROTO, "serve: an answer without memory");
	if (remote->memory && memcmp(table, &remote->table, table_bytes(table)) != 0)
		return atoll_error_set(err, -ESTALE, "serve: this atoll-tpud lays tensors out in "
				       "another way; the session must be opened again");
	r = serve_memory_check(got->fd[0], (size_t)table->memory_bytes, false,
			       "serve: memory for tensors", err);
	if (r == 0)
		r = check_table(table, err);
	if (r < 0)
		return r;
	memory = mmap(NULL, (size_t)table->memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      got->fd[0], 0);
	if (memory == MAP_FAILED)
		return atoll_error_set(err, -errno, "serve: memory: %s", strerror(errno));
	memcpy(&remote->table, table, table_bytes(table));
	r = replace_memory(remote, memory, err);
	if (r < 0)
		(void)munmap(memory, (size_t)table->memory_bytes); /* a mapping of ours */
	return r;
}

static int load_over(struct remote *remote, struct atoll_error *err)
{
	const struct serve_load load = {
		.head = SERVE_HEAD(SERVE_LOAD),
		.priority = remote->priority,
		.options_bytes = remote->source_bytes[0],
		.twin_bytes = remote->source_bytes[1],
	};
	struct serve_received got;
	int r = connect_exchange(remote->fd, &load, sizeof(load), remote->source,
				 remote->source[1] >= 0 ? 2 : 1, &got, err);

	if (r < 0)
		return r;
	r = got.message.head.kind == SERVE_LOADED ? take_memory(remote, &got, err) :
						    connect_wrong_answer(&got, err);
	serve_received_close(&got);
	return r;
}

static int connect_and_load(struct remote *remote, struct atoll_error *err)
{
	int r;

	remote->fd = connect_daemon(remote->socket, remote->timeout_ms, err);
	if (remote->fd < 0)
		return remote->fd;
	r = load_over(remote, err);
	if (r < 0)
		disconnect(remote);
	return r;
}

static int read_done(struct remote *remote, struct serve_received *got,
		     struct atoll_error *err)
{
	struct serve_done *done = &got->message.done;

	if (got->message.head.kind != SERVE_DONE)
		return connect_wrong_answer(got, err);
	if (done->number != remote->number || done->result > 0)
		return atoll_error_set(err, -EPROTO, "serve: an answer to something else");
	done->text[sizeof(done->text) - 1] = '\0';
	done->device[sizeof(done->device) - 1] = '\0';
	if (done->result < 0)
		return atoll_error_set(err, done->result, "serve: %s", done->text);
	(void)snprintf(remote->backend.device, sizeof(remote->backend.device), "serve:%.40s",
		       done->device);
	return 0;
}

static int ask_to_run(struct remote *remote, struct serve_received *got,
		      struct atoll_error *err)
{
	const struct serve_run run = { .head = SERVE_HEAD(SERVE_RUN),
				       .number = ++remote->number };

	return connect_exchange(remote->fd, &run, sizeof(run), NULL, 0, got, err);
}

/* A connection that was lost in between is no reason to fail; one that is lost
   while it runs is. */
static int run_once(struct remote *remote, struct atoll_error *err)
{
	struct serve_received got;
	int r = -EPIPE;

	if (remote->fd >= 0)
		r = ask_to_run(remote, &got, err);
	if (r == -EPIPE) {
		disconnect(remote);
		r = connect_and_load(remote, err);
		if (r == 0)
			r = ask_to_run(remote, &got, err);
	}
	if (r == 0) {
		uint32_t kind = got.message.head.kind;

		r = read_done(remote, &got, err);
		serve_received_close(&got);
		if (kind == SERVE_DONE && r != -EPROTO)
			return r;
	}
	if (r < 0)
		disconnect(remote); /* what comes late belongs to nobody */
	return r;
}

static void *shared(const struct remote *remote, uint32_t i)
{
	return remote->memory + remote->table.tensor[i].offset;
}

static void copy_in(struct remote *remote, uint32_t batch)
{
	for (uint32_t i = 0; i < remote->table.inputs; i++) {
		size_t bytes = (size_t)remote->table.tensor[i].bytes;
		const uint8_t *data = remote->tensor[i]->data;

		if (data != shared(remote, i))
			memcpy(shared(remote, i), data + batch * bytes, bytes);
	}
}

static void copy_out(struct remote *remote, uint32_t batch)
{
	for (uint32_t i = 0; i < tensors_of(remote); i++) {
		size_t bytes = (size_t)remote->table.tensor[i].bytes;
		uint8_t *data = remote->tensor[i]->data;

		if (data != shared(remote, i) &&
		    (i >= remote->table.inputs || remote->table.tensor[i].is_state))
			memcpy(data + batch * bytes, shared(remote, i), bytes);
	}
}

static int run(struct backend_program *program, struct atoll_error *err)
{
	struct remote *remote = (struct remote *)program;

	for (uint32_t batch = 0; batch < remote->batches; batch++) {
		int r;

		copy_in(remote, batch);
		r = run_once(remote, err);
		if (r < 0)
			return r;
		copy_out(remote, batch);
	}
	return 0;
}

static void free_remote(struct backend_program *program)
{
	struct remote *remote = (struct remote *)program;

	disconnect(remote);
	for (uint32_t i = 0; i < SERVE_FDS_MAX; i++)
		if (remote->source[i] >= 0)
			(void)close(remote->source[i]); /* nobody else needs it */
	if (remote->memory)
		(void)munmap(remote->memory, (size_t)remote->table.memory_bytes); /* ours */
	memory_free(&remote->own);
	free(remote->socket);
	free(remote);
}

static const struct backend_ops remote_ops = {
	.name = "serve", .run = run, .free = free_remote,
};

static int keep_source(struct remote *remote, uint32_t i, const char *name,
		       const void *bytes, size_t size, struct atoll_error *err)
{
	remote->source[i] = serve_memory_copy(name, bytes, size);
	remote->source_bytes[i] = size;
	if (remote->source[i] < 0)
		return atoll_error_set(err, remote->source[i], "serve: memory: %s",
				       strerror(-remote->source[i]));
	return 0;
}

/* How often the tensor holds what one inference takes. */
static int count_batches(struct remote *remote, uint32_t i, const char *what, uint32_t k,
			 struct atoll_error *err)
{
	size_t bytes = (size_t)remote->table.tensor[i].bytes;
	size_t all = remote->tensor[i]->bytes;

	if (all == 0 || all % bytes != 0 || all / bytes > UINT32_MAX ||
	    (i > 0 && all / bytes != remote->batches))
		return atoll_error_set(err, -EINVAL, "serve: %s %u: %zu bytes, the compiled part "
				       "has %zu", what, k, all, bytes);
	remote->batches = (uint32_t)(all / bytes);
	if (remote->batches > 1 && remote->table.tensor[i].is_state)
		return atoll_error_set(err, -ENOTSUP,
				       "serve: batches of a model with states");
	return 0;
}

static int match(struct remote *remote, const struct backend_part *part,
		 struct atoll_error *err)
{
	const struct serve_loaded *table = &remote->table;

	if (part->inputs != table->inputs || part->outputs != table->outputs)
		return atoll_error_set(err, -EINVAL, "serve: %u inputs and %u outputs, the "
				       "compiled part has %u and %u", part->inputs,
				       part->outputs, table->inputs, table->outputs);
	remote->tensor = memory_take(&remote->own, tensors_of(remote) * sizeof(void *));
	if (!remote->tensor)
		return atoll_error_set(err, -ENOMEM, "serve: %s", strerror(ENOMEM));
	for (uint32_t i = 0; i < tensors_of(remote); i++) {
		bool is_input = i < part->inputs;
		uint32_t k = is_input ? i : i - part->inputs;
		int r;

		remote->tensor[i] = is_input ? part->input[k] : part->output[k];
		r = count_batches(remote, i, is_input ? "input" : "output", k, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Last, for a tensor must not be left with memory that is gone. */
static int give_memory(struct remote *remote, struct atoll_error *err)
{
	uint8_t *own = NULL;
	size_t bytes = 0;

	for (uint32_t i = 0; i < tensors_of(remote) && remote->batches > 1; i++)
		bytes += (remote->tensor[i]->bytes + MEMORY_ALIGNMENT - 1) /
			 MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
	if (bytes > 0) {
		own = memory_take(&remote->own, bytes);
		if (!own)
			return atoll_error_set(err, -ENOMEM, "serve: %s", strerror(ENOMEM));
	}
	for (uint32_t i = 0; i < tensors_of(remote); i++) {
		struct atoll_tensor *tensor = remote->tensor[i];

		if (tensor->data)
			continue;
		tensor->data = own ? own : shared(remote, i);
		if (own)
			own += (tensor->bytes + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT *
			       MEMORY_ALIGNMENT;
	}
	return 0;
}

static int load(struct remote *remote, const struct serve_options *options,
		const struct backend_part *part, struct atoll_error *err)
{
	int r;

	if (options->socket) {
		remote->socket = strdup(options->socket);
		if (!remote->socket)
			return atoll_error_set(err, -ENOMEM, "serve: %s", strerror(ENOMEM));
	}
	remote->priority = options->priority;
	remote->timeout_ms = options->timeout_ms;
	r = keep_source(remote, 0, "atoll-program", part->options, part->options_bytes, err);
	if (r == 0 && part->twin)
		r = keep_source(remote, 1, "atoll-model", part->twin->bytes, part->twin->size,
				err);
	if (r == 0)
		r = connect_and_load(remote, err);
	if (r == 0)
		r = match(remote, part, err);
	return r < 0 ? r : give_memory(remote, err);
}

ATOLL_API struct backend_program *serve_load(const struct serve_options *options,
				   const struct backend_part *part,
				   struct atoll_error *err)
{
	static const struct serve_options usual;
	struct remote *remote = calloc(1, sizeof(*remote));

	if (!remote) {
		(void)atoll_error_set(err, -ENOMEM, "serve: %s", strerror(ENOMEM));
		return NULL;
	}
	remote->backend.ops = &remote_ops;
	(void)snprintf(remote->backend.device, sizeof(remote->backend.device), "serve");
	remote->fd = -1;
	remote->source[0] = -1;
	remote->source[1] = -1;
	remote->own = MEMORY_UNLIMITED;
	if (load(remote, options ? options : &usual, part, err) == 0)
		return &remote->backend;
	free_remote(&remote->backend);
	return NULL;
}
