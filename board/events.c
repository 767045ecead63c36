/* SPDX-License-Identifier: Apache-2.0 */
#include "board/events.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/listener.h"

#define SOCKET_MODE 0660

struct client {
	struct client *next;
	struct atoll_events *events;
	int fd;
};

struct atoll_events {
	struct atoll_loop *loop;
	struct atoll_listener *listener;
	struct client *client;
	uint32_t clients, clients_max;
	uint64_t dropped;
	char *greeting;
	size_t greeting_length;
};

static void let_go(struct client *client)
{
	struct atoll_events *events = client->events;
	struct client **link = &events->client;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	events->clients--;
	atoll_loop_forget(events->loop, client->fd);
	(void)close(client->fd); /* what was sent is on its way */
	free(client);
}

/* The line in whole, or the client has to go. */
static void send_to(struct client *client, const char *line, size_t length)
{
	ssize_t sent = send(client->fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent == (ssize_t)length)
		return;
	if (sent >= 0 || errno == EAGAIN)
		client->events->dropped++; /* has not read; others have left */
	let_go(client);
}

/* Whoever has said all there is to say still listens: only reading ends. */
static void on_client(void *data, uint32_t events)
{
	struct client *client = data;
	char ignored[4096];
	ssize_t got;

	if (events & (EPOLLHUP | EPOLLERR)) {
		let_go(client);
		return;
	}
	got = recv(client->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	if (got < 0 || atoll_loop_change(client->events->loop, client->fd, 0) < 0)
		let_go(client);
}

/* Takes the fd. */
static void welcome(struct atoll_events *events, int fd)
{
	struct client *client = NULL;

	if (events->clients < events->clients_max)
		client = malloc(sizeof(*client));
	if (!client || atoll_loop_watch(events->loop, fd, EPOLLIN, on_client, client) < 0) {
		free(client);
		(void)close(fd); /* nothing was written */
		return;
	}
	*client = (struct client){ .next = events->client, .events = events, .fd = fd };
	events->client = client;
	events->clients++;
	if (events->greeting)
		send_to(client, events->greeting, events->greeting_length);
}

static void on_knock(void *data, uint32_t what)
{
	struct atoll_events *events = data;
	int fd = atoll_listener_accept(events->listener);

	(void)what;
	if (fd >= 0)
		welcome(events, fd);
}

static bool open_on(struct atoll_events *events, const char *path, struct atoll_error *err)
{
	const struct atoll_listener_options options = {
		.path = path, .type = SOCK_STREAM, .mode = SOCKET_MODE, .group = (gid_t)-1 };
	int r;

	events->listener = atoll_listener_open(&options, err);
	if (!events->listener)
		return false;
	r = atoll_loop_watch(events->loop, atoll_listener_fd(events->listener), EPOLLIN,
			     on_knock, events);
	if (r < 0)
		(void)atoll_error_set(err, r, "%s", strerror(-r));
	return r == 0;
}

ATOLL_API struct atoll_events *atoll_events_open(struct atoll_loop *loop, const char *path,
						 uint32_t clients_max,
						 struct atoll_error *err)
{
	struct atoll_events *events = calloc(1, sizeof(*events));

	if (!events) {
		(void)atoll_error_set(err, -ENOMEM, "event socket: %s", strerror(ENOMEM));
		return NULL;
	}
	events->loop = loop;
	events->clients_max = clients_max;
	if (open_on(events, path, err))
		return events;
	(void)atoll_error_prefix(err, "event socket");
	atoll_events_close(events);
	return NULL;
}

ATOLL_API void atoll_events_close(struct atoll_events *events)
{
	if (!events)
		return;
	while (events->client)
		let_go(events->client);
	if (events->listener)
		atoll_loop_forget(events->loop, atoll_listener_fd(events->listener));
	atoll_listener_close(events->listener);
	free(events->greeting);
	free(events);
}

ATOLL_API void atoll_events_send(struct atoll_events *events, const char *line,
				 size_t length)
{
	struct client *client = events->client;

	while (client) {
		struct client *next = client->next;

		send_to(client, line, length);
		client = next;
	}
}

ATOLL_API int atoll_events_greet(struct atoll_events *events, const char *line,
				 size_t length)
{
	char *greeting = NULL;

	if (length > 0) {
		greeting = malloc(length);
		if (!greeting)
			return -ENOMEM;
		memcpy(greeting, line, length);
	}
	free(events->greeting);
	events->greeting = greeting;
	events->greeting_length = length;
	return 0;
}

ATOLL_API uint32_t atoll_events_clients(const struct atoll_events *events)
{
	return events->clients;
}

ATOLL_API uint64_t atoll_events_dropped(const struct atoll_events *events)
{
	return events->dropped;
}
