/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/clock.h"
#include "board/listener.h"
#include "runtime/background.h"
#include "runtime/serve/peer.h"
#include "runtime/serve/serve.h"

/* As long as a flood of garbage is told once. */
#define BURST_NS INT64_C(10000000000)

void server_say(struct server *server, enum atoll_log_level level, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!server->say)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	server->say(server->data, level, text);
}

static void on_knock(void *data, uint32_t events)
{
	struct server *server = data;
	int fd = atoll_listener_accept(server->listener);

	(void)events;
	if (fd >= 0)
		(void)peer_new(server, fd); /* turned away: it sees the end */
}

static void on_wake(void *data, uint32_t events)
{
	struct server *server = data;
	eventfd_t count;

	(void)events;
	(void)eventfd_read(server->wake_fd, &count); /* the list says it all */
	peer_bury_gone(server);
}

static void on_crew(void *data, uint32_t events)
{
	(void)events;
	crew_tend(((struct server *)data)->crew);
}

/* After the first of a burst was told, the rest in one sentence. */
static void on_second(void *data, uint32_t times)
{
	struct server *server = data;
	int64_t now = atoll_clock_ns();

	(void)times;
	if (server->refused == server->refused_told) {
		server->refused_ns = now;
		return;
	}
	if (now - server->refused_ns < BURST_NS)
		return;
	if (server->refused - server->refused_told > 1)
		server_say(server, ATOLL_LOG_WARNING, "%" PRIu64 " connections were closed in "
			   "%d s for what they said", server->refused - server->refused_told,
			   (int)((now - server->refused_ns) / 1000000000));
	server->refused_told = server->refused;
	server->refused_ns = now;
}

static int start(struct server *server, struct atoll_error *err)
{
	int r;

	server->loader = background_new(load_work, server, err);
	if (!server->loader)
		return -ENOMEM;
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake_fd < 0)
		return atoll_error_set(err, -errno, "server: eventfd: %s", strerror(errno));
	r = atoll_loop_watch(server->loop, server->wake_fd, EPOLLIN, on_wake, server);
	if (r == 0)
		r = atoll_loop_watch(server->loop, crew_fd(server->crew), EPOLLIN, on_crew,
				     server);
	if (r == 0)
		r = atoll_loop_watch(server->loop, background_fd(server->loader), EPOLLIN,
				     load_end, server);
	if (r == 0) {
		server->second = atoll_loop_every(server->loop, 1000, on_second, server);
		r = server->second < 0 ? server->second : 0;
	}
	return r < 0 ? atoll_error_set(err, r, "server: %s", strerror(-r)) : 0;
}

ATOLL_API struct server *server_new(struct atoll_loop *loop, struct crew *crew,
			  const struct server_options *options, struct atoll_error *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		(void)atoll_error_set(err, -ENOMEM, "server: %s", strerror(ENOMEM));
		return NULL;
	}
	server->loop = loop;
	server->crew = crew;
	server->say = options->say;
	server->data = options->data;
	server->wake_fd = -1;
	server->second = -1;
	server->begin_ns = atoll_clock_ns();
	(void)pthread_mutex_init(&server->lock, NULL); /* cannot fail on Linux */
	server_set_limits(server, &options->limits);
	if (start(server, err) == 0)
		return server;
	server_free(server);
	return NULL;
}

static void stop_listening(struct server *server)
{
	if (server->listener)
		atoll_loop_forget(server->loop, atoll_listener_fd(server->listener));
	atoll_listener_close(server->listener);
	server->listener = NULL;
}

/* The loader's thread may still have one in its hands; it is waited for. */
static void stop_loading(struct server *server)
{
	struct peer *first = server->loading;

	if (first && background_is_busy(server->loader))
		(void)background_wait(server->loader, -1); /* the job cannot fail */
	server->loading = NULL;
	for (struct peer *peer = first, *next; peer; peer = next) {
		next = peer->next_load;
		load_release(peer);
		if (peer->is_gone) {
			peer->next_gone = server->gone;
			server->gone = peer;
		}
	}
}

ATOLL_API void server_free(struct server *server)
{
	if (!server)
		return;
	stop_listening(server);
	crew_stop(server->crew); /* from here on nobody else touches a peer */
	if (server->loader)
		stop_loading(server);
	peer_bury_gone(server);
	while (server->peer)
		peer_end(server->peer);
	crew_tend(server->crew);
	if (server->loader)
		atoll_loop_forget(server->loop, background_fd(server->loader));
	background_free(server->loader);
	atoll_loop_forget(server->loop, crew_fd(server->crew));
	if (server->second >= 0)
		atoll_loop_cancel(server->loop, server->second);
	if (server->wake_fd >= 0) {
		atoll_loop_forget(server->loop, server->wake_fd);
		(void)close(server->wake_fd); /* nothing to lose */
	}
	(void)pthread_mutex_destroy(&server->lock); /* nobody is left */
	free(server);
}

ATOLL_API int server_listen(struct server *server, const struct server_place *place,
		  struct atoll_error *err)
{
	const struct atoll_listener_options options = {
		.path = place->path, .type = SOCK_SEQPACKET, .mode = place->mode,
		.group = place->group };
	struct atoll_listener *listener = atoll_listener_open(&options, err);
	int r;

	if (!listener)
		return atoll_error_prefix(err, "socket");
	r = atoll_loop_watch(server->loop, atoll_listener_fd(listener), EPOLLIN, on_knock,
			     server);
	if (r < 0) {
		atoll_listener_close(listener);
		return atoll_error_set(err, r, "socket: %s: %s", place->path, strerror(-r));
	}
	stop_listening(server);
	server->listener = listener;
	return 0;
}

ATOLL_API void server_set_limits(struct server *server, const struct server_limits *limits)
{
	server->limits = *limits;
	if (server->limits.clients == 0)
		server->limits.clients = 64;
	if (server->limits.programs == 0)
		server->limits.programs = 16;
	if (server->limits.bytes == 0)
		server->limits.bytes = UINT64_C(256) << 20;
}

int server_adopt(struct server *server, int fd)
{
	return peer_new(server, fd) ? 0 : -ECONNREFUSED;
}

ATOLL_API uint32_t server_clients(const struct server *server)
{
	return server->clients;
}

static void describe_program(struct server *server, const struct program *program,
			     struct serve_program *row)
{
	const char *name = program->package->main->name;

	serve_text(row->digest, 17, program->digest);
	serve_text(row->name, sizeof(row->name), name ? name : "");
	row->users = program->users;
	row->has_twin = program->twin != NULL;
	row->bytes = program->map_bytes[0] + program->map_bytes[1];
	row->token = program->token;
	crew_program(server->crew, program, row);
}

/* More urgent is earlier. */
static uint32_t urgency(uint32_t priority)
{
	return priority == SERVE_HIGH ? 0 : priority == SERVE_NORMAL ? 1 : 2;
}

static void describe_client(struct server *server, const struct client *client,
			    struct serve_client *row)
{
	row->pid = (uint32_t)client->pid;
	row->uid = client->uid;
	memcpy(row->name, client->name, sizeof(row->name));
	row->priority = SERVE_LOW;
	row->bytes = client->bytes;
	pthread_mutex_lock(&server->lock);
	row->requests = client->requests;
	row->failures = client->failures;
	for (const struct peer *peer = server->peer; peer; peer = peer->next) {
		if (peer->client != client || peer->state != PEER_LOADED)
			continue;
		row->programs++;
		if (urgency(peer->priority) < urgency(row->priority))
			row->priority = peer->priority;
		row->busy += peer->is_busy;
	}
	pthread_mutex_unlock(&server->lock);
	if (row->programs == 0)
		row->priority = SERVE_NORMAL;
}

ATOLL_API struct serve_status *server_status(struct server *server)
{
	struct serve_numbers numbers = { .version = SERVE_STATUS_VERSION };
	uint32_t tpus = crew_status(server->crew, &numbers, NULL, 0), programs = 0;
	struct serve_status *status;

	for (struct program *program = server->program; program; program = program->next)
		programs++;
	status = serve_status_new(tpus, server->clients, programs);
	if (!status)
		return NULL;
	/* Workers come and go on this thread only. */
	numbers.tpus = crew_status(server->crew, &numbers, status->tpu, tpus);
	numbers.clients = server->clients;
	numbers.programs = programs;
	numbers.pid = (uint32_t)getpid();
	numbers.up_ns = (uint64_t)(atoll_clock_ns() - server->begin_ns);
	numbers.refused = server->refused;
	status->numbers = numbers;
	programs = 0;
	for (struct program *program = server->program; program; program = program->next)
		describe_program(server, program, &status->program[programs++]);
	numbers.clients = 0;
	for (struct client *client = server->client; client; client = client->next)
		describe_client(server, client, &status->client[numbers.clients++]);
	return status;
}
