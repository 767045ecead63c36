/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/serve/serve.h"

/* The name of a process, from proc(5); "" when it cannot be read. */
static void read_name(pid_t pid, char name[16])
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	name[0] = '\0';
	if (!file)
		return;
	if (fgets(name, 16, file))
		name[strcspn(name, "\n")] = '\0';
	(void)fclose(file); /* only read from */
}

static struct client *find_client(struct server *server, const struct ucred *credentials)
{
	struct client *client = server->client;

	while (client && (client->pid != credentials->pid || client->uid != credentials->uid))
		client = client->next;
	return client;
}

static struct client *new_client(struct server *server, const struct ucred *credentials)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->pid = credentials->pid;
	client->uid = credentials->uid;
	read_name(client->pid, client->name);
	client->next = server->client;
	server->client = client;
	server->clients++;
	return client;
}

/* What a connection needs besides those that loaded something: one to ask how
   things are, and some on their way in or out. */
#define PEERS_BESIDE 8

/* Whose the connection is, with one more; or NULL and why not. */
static struct client *take_client(struct server *server, int fd, const char **why)
{
	struct ucred credentials = { .pid = 0 };
	socklen_t bytes = sizeof(credentials);
	struct client *client;

	*why = "out of memory";
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) < 0)
		return NULL;
	client = find_client(server, &credentials);
	if (!client && server->clients >= server->limits.clients)
		*why = "as many clients as are allowed are connected";
	else if (client && client->peers >= server->limits.programs + PEERS_BESIDE)
		*why = "this client has too many connections";
	else if (client || (client = new_client(server, &credentials)))
		return client->peers++, client;
	return NULL;
}

static void leave_client(struct server *server, struct client *client)
{
	struct client **link = &server->client;

	if (--client->peers > 0)
		return;
	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	server->clients--;
	free(client);
}

/* On a worker's thread, or on the loop's. */
static void answer(struct crew_request *request)
{
	struct peer *peer = (struct peer *)
		(void *)((char *)request - offsetof(struct peer, request));
	struct server *server = peer->server;
	struct serve_done done = {
		.head = SERVE_HEAD(SERVE_DONE),
		.number = peer->number,
		.result = request->result,
		.waited_ns = (uint64_t)request->waited_ns,
		.run_ns = (uint64_t)request->run_ns,
	};

	memcpy(done.device, request->device, sizeof(done.device));
	if (request->result < 0)
		serve_text(done.text, sizeof(done.text), request->err.text);
	pthread_mutex_lock(&server->lock);
	peer->client->requests++;
	peer->client->failures += request->result < 0;
	peer->is_busy = false;
	if (peer->is_gone) {
		peer->next_gone = server->gone;
		server->gone = peer;
		(void)eventfd_write(server->wake_fd, 1); /* full means awake */
	} else if (serve_send(peer->fd, &done, sizeof(done), NULL, 0) < 0) {
		/* It does not read: the loop sees the end of the connection. */
		(void)shutdown(peer->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&server->lock);
}

static void refuse(int fd, int result, const char *text)
{
	struct serve_refused refused = { .head = SERVE_HEAD(SERVE_REFUSED), .result = result };

	serve_text(refused.text, sizeof(refused.text), text);
	if (serve_send(fd, &refused, sizeof(refused), NULL, 0) < 0)
		(void)shutdown(fd, SHUT_RDWR); /* as for one that hangs up */
}

void peer_refuse(struct peer *peer, int result, const char *text)
{
	refuse(peer->fd, result, text);
}

struct peer *peer_new(struct server *server, int fd)
{
	const char *why = "out of memory";
	struct client *client = take_client(server, fd, &why);
	struct peer *peer = client ? calloc(1, sizeof(*peer)) : NULL;

	if (!peer || atoll_loop_watch(server->loop, fd, EPOLLIN, peer_read, peer) < 0) {
		refuse(fd, -EUSERS, why);
		if (client)
			leave_client(server, client);
		free(peer);
		(void)close(fd); /* the sentence is on its way */
		return NULL;
	}
	peer->server = server;
	peer->client = client;
	peer->fd = fd;
	peer->source.fd[0] = -1;
	peer->source.fd[1] = -1;
	peer->request.done = answer;
	peer->next = server->peer;
	server->peer = peer;
	return peer;
}

static void bury(struct peer *peer)
{
	load_release(peer);
	leave_client(peer->server, peer->client);
	(void)close(peer->fd); /* what was sent is on its way */
	free(peer);
}

void peer_bury_gone(struct server *server)
{
	struct peer *peer;

	pthread_mutex_lock(&server->lock);
	peer = server->gone;
	server->gone = NULL;
	pthread_mutex_unlock(&server->lock);
	while (peer) {
		struct peer *next = peer->next_gone;

		bury(peer);
		peer = next;
	}
}

void peer_end(struct peer *peer)
{
	struct server *server = peer->server;
	struct peer **link = &server->peer;
	bool is_held;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	atoll_loop_forget(server->loop, peer->fd);
	/* What waits comes out of the queue; what runs is waited for, as is what the
	   loader has in its hands. */
	pthread_mutex_lock(&server->lock);
	is_held = peer->is_busy;
	pthread_mutex_unlock(&server->lock);
	if (is_held && crew_cancel(server->crew, &peer->request)) {
		pthread_mutex_lock(&server->lock);
		peer->is_busy = false;
		pthread_mutex_unlock(&server->lock);
	}
	is_held = peer->state == PEER_LOADING && !load_cancel(peer);
	pthread_mutex_lock(&server->lock);
	is_held = is_held || peer->is_busy;
	peer->is_gone = is_held;
	pthread_mutex_unlock(&server->lock);
	if (!is_held)
		bury(peer);
}

/* One that says what it must not: counted, and told once until it is quiet. */
static void refuse_garbage(struct peer *peer, const char *why)
{
	struct server *server = peer->server;

	if (server->refused++ == server->refused_told)
		server_say(server, ATOLL_LOG_WARNING,
			   "client %d (%s): %s; the connection is closed",
			   (int)peer->client->pid, peer->client->name, why);
	peer_end(peer);
}

static const char *read_load(struct peer *peer, struct serve_received *got)
{
	const struct serve_load *load = &got->message.load;
	uint32_t fds = got->fds;

	if (peer->state != PEER_NEW)
		return "a second program over one connection";
	if (load->priority > SERVE_LOW || load->zero != 0)
		return "a priority that there is not";
	if (load->options_bytes == 0 || fds != (load->twin_bytes > 0 ? 2 : 1))
		return "a program without its memory";
	got->fds = 0; /* they are load_begin's */
	load_begin(peer, load, got->fd, fds);
	return NULL;
}

static const char *read_run(struct peer *peer, const struct serve_run *run)
{
	struct server *server = peer->server;
	bool was_busy;

	if (peer->state != PEER_LOADED)
		return "a run without a program";
	pthread_mutex_lock(&server->lock);
	was_busy = peer->is_busy;
	peer->is_busy = true;
	pthread_mutex_unlock(&server->lock);
	if (was_busy)
		return "a run before the last one was over";
	peer->number = run->number;
	crew_submit(server->crew, &peer->request);
	return NULL;
}

static const char *read_status(struct peer *peer)
{
	struct serve_state state = { .head = SERVE_HEAD(SERVE_STATE) };
	struct serve_status *status = server_status(peer->server);
	size_t bytes = 0;
	int fd = status ? serve_status_pack(status, &bytes) : -ENOMEM;

	serve_status_free(status);
	if (fd < 0) {
		peer_refuse(peer, fd, strerror(-fd));
		return NULL;
	}
	state.bytes = bytes;
	if (serve_send(peer->fd, &state, sizeof(state), &fd, 1) < 0)
		(void)shutdown(peer->fd, SHUT_RDWR); /* as for one that hangs up */
	(void)close(fd); /* the other side has it */
	return NULL;
}

static const char *read_message(struct peer *peer, struct serve_received *got)
{
	const struct serve_head *head = &got->message.head;

	if (head->kind != SERVE_LOAD && got->fds > 0)
		return "descriptors nobody asked for";
	switch (head->kind) {
	case SERVE_LOAD:   return read_load(peer, got);
	case SERVE_RUN:    return read_run(peer, &got->message.run);
	case SERVE_STATUS: return read_status(peer);
	default:           return "a message that only the daemon sends";
	}
}

void peer_read(void *data, uint32_t events)
{
	struct peer *peer = data;
	struct serve_received got;
	const char *wrong;
	int r = serve_receive(peer->fd, &got);

	(void)events;
	if (r == -EAGAIN || r == -EINTR)
		return;
	if (r == -EPROTO) {
		refuse_garbage(peer, "a message of no known kind and length");
		return;
	}
	if (r <= 0) {
		peer_end(peer);
		return;
	}
	if (got.message.head.version != SERVE_VERSION) {
		char text[SERVE_TEXT];

		(void)snprintf(text, sizeof(text), "version %u of the protocol is spoken "
			       "here, not %u", SERVE_VERSION, got.message.head.version);
		peer_refuse(peer, -EPROTONOSUPPORT, text);
		wrong = "another version of the protocol";
	} else {
		wrong = read_message(peer, &got);
	}
	serve_received_close(&got);
	if (wrong)
		refuse_garbage(peer, wrong);
}
