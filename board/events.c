/* SPDX-License-Identifier: Apache-2.0 */
#include "board/events.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
	struct atoll_events *events;
	int fd; /* -1: a free place */
};

struct atoll_events {
	struct atoll_loop *loop;
	int fd;
	struct sockaddr_un address; /* its path is empty until it is ours to remove */
	char *greeting;
	size_t greeting_length;
	uint64_t dropped;
	uint32_t clients, clients_max;
	struct client client[];
};

static void drop(struct client *client)
{
	atoll_loop_forget(client->events->loop, client->fd);
	(void)close(client->fd); /* whatever is not sent is lost on purpose */
	client->fd = -1;
	client->events->clients--;
}

/* The whole line or the client: half a line would make nonsense of the next. */
static void give(struct client *client, const char *line, size_t length)
{
	ssize_t sent = send(client->fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0 && (size_t)sent == length)
		return;
	client->events->dropped++;
	drop(client);
}

static void on_client(void *data, uint32_t what)
{
	struct client *client = data;
	char ignored[512];
	ssize_t got;

	/* A client that went away before reading all shows both. */
	if (what & (EPOLLERR | EPOLLHUP)) {
		drop(client);
		return;
	}
	got = recv(client->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	/* One that has said all it wanted to say may still listen; only its going
	   away is of interest then, and that is always told. */
	if (got == 0 && atoll_loop_change(client->events->loop, client->fd, 0) == 0)
		return;
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		drop(client);
}

static struct client *free_place(struct atoll_events *events)
{
	for (uint32_t i = 0; i < events->clients_max; i++)
		if (events->client[i].fd < 0)
			return &events->client[i];
	return NULL;
}

static void on_caller(void *data, uint32_t what)
{
	struct atoll_events *events = data;
	int fd = accept4(events->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client;

	(void)what;
	if (fd < 0)
		return; /* gone again, or no descriptors left: the next round shows */
	client = free_place(events);
	if (!client || atoll_loop_watch(events->loop, fd, EPOLLIN, on_client, client) < 0) {
		events->dropped++;
		(void)close(fd);
		return;
	}
	client->fd = fd;
	events->clients++;
	if (events->greeting)
		give(client, events->greeting, events->greeting_length);
}

/* Nobody behind the file at `address`? Then it is left from a daemon that died. */
static bool is_abandoned(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool refused;

	if (fd < 0)
		return false;
	refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		  errno == ECONNREFUSED;
	(void)close(fd);
	return refused;
}

static int bind_at(int fd, const struct sockaddr_un *address)
{
	const struct sockaddr *name = (const struct sockaddr *)address;
	struct stat status;

	if (bind(fd, name, sizeof(*address)) == 0)
		return 0;
	if (errno != EADDRINUSE || lstat(address->sun_path, &status) < 0)
		return -errno;
	if (!S_ISSOCK(status.st_mode))
		return -ENOTSOCK; /* somebody's file: not ours to remove */
	if (!is_abandoned(address))
		return -EADDRINUSE;
	if (unlink(address->sun_path) < 0 || bind(fd, name, sizeof(*address)) < 0)
		return -errno;
	return 0;
}

static int listen_at(struct atoll_events *events, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	events->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (events->fd < 0)
		return -errno;
	r = bind_at(events->fd, &address);
	if (r < 0)
		return r;
	events->address = address;
	/* Nobody can connect before listen, so nobody slips in before the mode. */
	if (chmod(path, 0660) < 0 || listen(events->fd, SOMAXCONN) < 0)
		return -errno;
	return atoll_loop_watch(events->loop, events->fd, EPOLLIN, on_caller, events);
}

ATOLL_API struct atoll_events *atoll_events_open(struct atoll_loop *loop, const char *path,
						 uint32_t clients_max, struct atoll_error *err)
{
	struct atoll_events *events =
		calloc(1, sizeof(*events) + clients_max * sizeof(events->client[0]));
	int r = -ENOMEM;

	if (events) {
		events->loop = loop;
		events->fd = -1;
		events->clients_max = clients_max;
		for (uint32_t i = 0; i < clients_max; i++)
			events->client[i] = (struct client){ events, -1 };
		r = listen_at(events, path);
	}
	if (r == 0)
		return events;
	atoll_error_set(err, r, "events: %s: %s", atoll_error_path(path),
			r == -EADDRINUSE ? "another daemon listens there" : strerror(-r));
	atoll_events_close(events);
	return NULL;
}

ATOLL_API void atoll_events_close(struct atoll_events *events)
{
	if (!events)
		return;
	for (uint32_t i = 0; i < events->clients_max; i++)
		if (events->client[i].fd >= 0)
			drop(&events->client[i]);
	if (events->fd >= 0) {
		atoll_loop_forget(events->loop, events->fd);
		(void)close(events->fd);
	}
	if (events->address.sun_path[0])
		(void)unlink(events->address.sun_path); /* someone may have been quicker */
	free(events->greeting);
	free(events);
}

ATOLL_API void atoll_events_send(struct atoll_events *events, const char *line, size_t length)
{
	for (uint32_t i = 0; i < events->clients_max; i++)
		if (events->client[i].fd >= 0)
			give(&events->client[i], line, length);
}

ATOLL_API int atoll_events_greet(struct atoll_events *events, const char *line, size_t length)
{
	char *greeting = realloc(events->greeting, length + 1);

	if (!greeting)
		return -ENOMEM;
	memcpy(greeting, line, length);
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
