/* SPDX-License-Identifier: Apache-2.0 */
/* How a program gets from a connection into the server. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/background.h"
#include "runtime/serve/peer.h"
#include "runtime/serve/serve.h"

static void close_source(struct peer *peer)
{
	for (uint32_t i = 0; i < SERVE_FDS_MAX; i++) {
		if (peer->source.fd[i] >= 0)
			(void)close(peer->source.fd[i]); /* nothing was written */
		peer->source.fd[i] = -1;
	}
}

static int charge(struct peer *peer, uint64_t bytes, struct atoll_error *err)
{
	const struct server_limits *limits = &peer->server->limits;

	if (bytes > limits->bytes || peer->client->bytes > limits->bytes - bytes)
		return atoll_error_set(err, -EDQUOT, "the client's memory would be above its "
				       "limit of %" PRIu64 " bytes", limits->bytes);
	peer->client->bytes += bytes;
	peer->charged += bytes;
	return 0;
}

static int accept_load(struct peer *peer, const struct serve_load *load,
		       struct atoll_error *err)
{
	uint64_t bytes;

	if (peer->client->programs >= peer->server->limits.programs)
		return atoll_error_set(err, -EDQUOT, "the client has loaded %u programs, "
				       "which is its limit", peer->client->programs);
	if (__builtin_add_overflow(load->options_bytes, load->twin_bytes, &bytes) ||
	    bytes > SIZE_MAX)
		return atoll_error_set(err, -EFBIG, "a program without bounds");
	return charge(peer, bytes, err);
}

int load_work(void *context)
{
	struct server *server = context;
	struct peer *peer = server->loading;

	peer->candidate = program_open(&peer->source, &peer->err);
	return 0;
}

static void begin_next(struct server *server)
{
	int r;

	while (server->loading) {
		struct peer *peer = server->loading;

		r = background_start(server->loader);
		if (r == 0)
			return;
		server->loading = peer->next_load;
		peer_refuse(peer, r, "no thread to read the program");
		load_release(peer);
	}
}

void load_begin(struct peer *peer, const struct serve_load *load, const int *fds,
		uint32_t count)
{
	struct server *server = peer->server;
	struct peer **link = &server->loading;
	struct atoll_error err;

	peer->priority = load->priority;
	peer->source.bytes[0] = (size_t)load->options_bytes;
	peer->source.bytes[1] = (size_t)load->twin_bytes;
	for (uint32_t i = 0; i < count; i++)
		peer->source.fd[i] = fds[i];
	if (accept_load(peer, load, &err) < 0) {
		close_source(peer);
		peer_refuse(peer, err.code, err.text);
		return;
	}
	peer->client->programs++;
	peer->state = PEER_LOADING;
	peer->next_load = NULL;
	while (*link)
		link = &(*link)->next_load;
	*link = peer;
	if (server->loading == peer)
		begin_next(server);
}

bool load_cancel(struct peer *peer)
{
	struct peer **link = &peer->server->loading;

	if (*link == peer)
		return false;
	while (*link != peer)
		link = &(*link)->next_load;
	*link = peer->next_load;
	return true;
}

/* Told at once, so that the client runs it itself. */
static int check_carried(struct peer *peer, struct atoll_error *err)
{
	if (!peer->program->is_carried || crew_has_emulated(peer->server->crew))
		return 0;
	return atoll_error_set(err, -ENOTSUP, "no emulated Edge TPU: " PROGRAM_IS_CARRIED);
}

/* The one that is there already, or this one from now on. */
static struct program *share(struct server *server, struct program *candidate)
{
	struct program *program = server->program;

	while (program && strcmp(program->digest, candidate->digest) != 0)
		program = program->next;
	if (program) {
		program_free(candidate);
	} else {
		program = candidate;
		program->next = server->program;
		server->program = program;
	}
	program->users++;
	return program;
}

static void leave(struct server *server, struct program *program)
{
	struct program **link = &server->program;

	if (--program->users > 0)
		return;
	while (*link != program)
		link = &(*link)->next;
	*link = program->next;
	crew_forget(server->crew, program);
}

static const enum queue_rank ranks[] = {
	[SERVE_NORMAL] = QUEUE_NORMAL,
	[SERVE_HIGH] = QUEUE_HIGH,
	[SERVE_LOW] = QUEUE_LOW,
};

/* The memory's descriptor, which the peer gets and we do not need any more. */
static int make_memory(struct peer *peer, struct atoll_error *err)
{
	const struct program *program = peer->program;
	void *memory;
	int fd;

	if (charge(peer, program->memory_bytes, err) < 0)
		return err->code;
	fd = serve_memory_new("atoll-tensors", program->memory_bytes, &memory);
	if (fd < 0)
		return atoll_error_set(err, fd, "memory for tensors: %s", strerror(-fd));
	peer->memory = memory;
	peer->memory_bytes = program->memory_bytes;
	for (uint32_t i = 0; i < program->inputs + program->outputs; i++)
		peer->pointer[i] = peer->memory + program->tensor[i].offset;
	peer->request.program = peer->program;
	peer->request.tensors = (struct engine_tensors){
		.input = peer->pointer, .output = peer->pointer + program->inputs };
	peer->request.queue.client = &peer->client->queue;
	peer->request.queue.rank = ranks[peer->priority];
	return fd;
}

static int tell_loaded(const struct peer *peer, int fd)
{
	const struct program *program = peer->program;
	struct serve_loaded loaded = {
		.head = SERVE_HEAD(SERVE_LOADED),
		.inputs = program->inputs,
		.outputs = program->outputs,
		.memory_bytes = program->memory_bytes,
	};
	size_t tensors = program->inputs + program->outputs;

	memcpy(loaded.tensor, program->tensor, tensors * sizeof(loaded.tensor[0]));
	return serve_send(peer->fd, &loaded, offsetof(struct serve_loaded, tensor) +
			  tensors * sizeof(loaded.tensor[0]), &fd, 1);
}

/* What the loader made is the peer's; the answer. A peer that cannot take it is
   hung up on by the loop, which sees the end of the connection. */
static void finish(struct peer *peer)
{
	struct atoll_error err = peer->err;
	int fd = err.code;

	if (peer->candidate) {
		peer->program = share(peer->server, peer->candidate);
		peer->candidate = NULL;
		fd = check_carried(peer, &err);
		if (fd == 0)
			fd = make_memory(peer, &err);
	}
	if (fd < 0) {
		load_release(peer);
		peer_refuse(peer, err.code, err.text);
		return;
	}
	peer->state = PEER_LOADED;
	if (tell_loaded(peer, fd) < 0)
		(void)shutdown(peer->fd, SHUT_RDWR); /* as for one that hangs up */
	(void)close(fd); /* the mapping stays */
}

void load_end(void *data, uint32_t events)
{
	struct server *server = data;
	struct peer *peer = server->loading;
	bool is_gone;

	(void)events;
	if (!peer || background_wait(server->loader, 0) == -ETIMEDOUT)
		return;
	server->loading = peer->next_load;
	close_source(peer);
	pthread_mutex_lock(&server->lock);
	is_gone = peer->is_gone;
	if (is_gone) {
		peer->next_gone = server->gone;
		server->gone = peer;
	}
	pthread_mutex_unlock(&server->lock);
	if (is_gone)
		peer_bury_gone(server);
	else
		finish(peer);
	begin_next(server);
}

void load_release(struct peer *peer)
{
	close_source(peer);
	program_free(peer->candidate);
	peer->candidate = NULL;
	if (peer->memory)
		(void)munmap(peer->memory, peer->memory_bytes); /* a mapping of ours */
	peer->memory = NULL;
	if (peer->program)
		leave(peer->server, peer->program);
	peer->program = NULL;
	if (peer->state != PEER_NEW)
		peer->client->programs--;
	peer->client->bytes -= peer->charged;
	peer->charged = 0;
	peer->state = PEER_NEW;
}
