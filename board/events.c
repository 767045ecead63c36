/* SPDX-License-Identifier: Apache-2.0 */
#include "board/events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_MODE 0660

struct client {
	struct client *next;
	struct atoll_events *events;
	int fd;
};

struct atoll_events {
	struct atoll_loop *loop;
	struct sockaddr_un address;
	int fd;           /* where clients knock */
	int spare_fd;     /* so that one can be turned away when there are no more */
	struct stat made; /* the socket in the file system; st_ino 0 before */
	struct client *client;
	uint32_t clients, clients_max;
	uint64_t dropped;
	char *greeting;
	size_t greeting_length;
};

/* A name in the file system may stand for a socket whose server has died. */
static int remove_abandoned(const struct sockaddr_un *address)
{
	struct stat status;
	int fd, r;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	/* To connect to a plain file is refused just like to a dead socket. */
	if (!S_ISSOCK(status.st_mode))
		return -ENOTSOCK;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	(void)close(fd); /* nothing was written */
	if (r == 0 || r == -EAGAIN) /* served, by somebody who is busy */
		return -EADDRINUSE;
	if (r != -ECONNREFUSED)
		return r;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int bind_socket(struct atoll_events *events)
{
	return bind(events->fd, (const struct sockaddr *)&events->address,
		    sizeof(events->address)) < 0 ? -errno : 0;
}

/*
 * The name, its mode, and clients may come. Linux gives the name the mode of the
 * unbound socket less the umask, so that nobody else gets in before the chmod.
 */
static int serve(struct atoll_events *events)
{
	const char *path = events->address.sun_path;
	int r;

	if (fchmod(events->fd, SOCKET_MODE) < 0)
		return -errno;
	r = bind_socket(events);
	if (r == -EADDRINUSE) {
		r = remove_abandoned(&events->address);
		if (r == 0)
			r = bind_socket(events);
	}
	if (r < 0)
		return r;
	if (lstat(path, &events->made) < 0 || chmod(path, SOCKET_MODE) < 0 ||
	    listen(events->fd, SOMAXCONN) < 0)
		return -errno;
	return 0;
}

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

static int open_spare(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

/* With no descriptor left one that knocks would knock for ever, and the loop be
   busy with nothing else: let it in through the spare one, and out. */
static void turn_away(struct atoll_events *events)
{
	int fd;

	(void)close(events->spare_fd); /* nothing was written */
	fd = accept4(events->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		(void)close(fd); /* as above */
	events->spare_fd = open_spare();
}

static void on_knock(void *data, uint32_t what)
{
	struct atoll_events *events = data;
	int fd = accept4(events->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd >= 0)
		welcome(events, fd);
	else if (errno == EMFILE || errno == ENFILE)
		turn_away(events);
}

static int set_address(struct sockaddr_un *address, const char *path)
{
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	return 0;
}

static int open_on(struct atoll_events *events, const char *path)
{
	int r = set_address(&events->address, path);

	if (r < 0)
		return r;
	events->spare_fd = open_spare();
	if (events->spare_fd < 0)
		return -errno;
	events->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (events->fd < 0)
		return -errno;
	r = serve(events);
	if (r < 0)
		return r;
	return atoll_loop_watch(events->loop, events->fd, EPOLLIN, on_knock, events);
}

static const char *explain(int r)
{
	switch (r) {
	case -EADDRINUSE: return "another program serves it";
	case -ENOTSOCK:   return "is there, and no socket";
	default:          return strerror(-r);
	}
}

ATOLL_API struct atoll_events *atoll_events_open(struct atoll_loop *loop, const char *path,
						 uint32_t clients_max,
						 struct atoll_error *err)
{
	struct atoll_events *events = calloc(1, sizeof(*events));
	int r = -ENOMEM;

	if (events) {
		events->loop = loop;
		events->clients_max = clients_max;
		events->fd = -1;
		events->spare_fd = -1;
		r = open_on(events, path);
	}
	if (r == 0)
		return events;
	(void)atoll_error_set(err, r, "event socket: %s: %s", atoll_error_path(path),
			      explain(r));
	atoll_events_close(events);
	return NULL;
}

/* Somebody may have taken our name away and put another there. */
static int is_ours(const struct atoll_events *events)
{
	struct stat status;

	return events->made.st_ino && lstat(events->address.sun_path, &status) == 0 &&
	       status.st_ino == events->made.st_ino && status.st_dev == events->made.st_dev;
}

ATOLL_API void atoll_events_close(struct atoll_events *events)
{
	if (!events)
		return;
	while (events->client)
		let_go(events->client);
	if (is_ours(events))
		(void)unlink(events->address.sun_path); /* a dead one is replaced */
	if (events->fd >= 0) {
		atoll_loop_forget(events->loop, events->fd);
		(void)close(events->fd); /* nothing was written */
	}
	if (events->spare_fd >= 0)
		(void)close(events->spare_fd); /* as above */
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
