/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/connect.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/serve.h"

static const char *explain(int r)
{
	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED: return "atoll-tpud does not run, or listens elsewhere";
	case -EACCES:       return "not allowed: is the user in the socket's group?";
	case -EPROTOTYPE:   return "this is not the socket of atoll-tpud";
	case -EAGAIN:       return "atoll-tpud does not answer";
	default:            return strerror(-r);
	}
}

static int set_timeout(int fd, uint32_t timeout_ms)
{
	const struct timeval time = { .tv_sec = timeout_ms / 1000,
				      .tv_usec = timeout_ms % 1000 * 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) < 0)
		return -errno;
	return 0;
}

static int connect_path(int fd, const char *path, uint32_t timeout_ms)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	r = set_timeout(fd, timeout_ms);
	while (r == 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == EINTR) /* the wait begins anew: nobody is there */
			continue;
		r = -errno;
	}
	return r;
}

int connect_daemon(const char *path, uint32_t timeout_ms, struct atoll_error *err)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r;

	if (!path)
		path = SERVE_SOCKET;
	if (fd < 0)
		return atoll_error_set(err, -errno, "serve: socket: %s", strerror(errno));
	r = connect_path(fd, path, timeout_ms ? timeout_ms : CONNECT_TIMEOUT_MS);
	if (r == 0)
		return fd;
	(void)close(fd); /* nothing was written */
	return atoll_error_set(err, r, "serve: %s: %s", atoll_error_path(path), explain(r));
}

/*
 * A signal ends the wait early, without an answer; the rest of it follows. Who hangs
 * up without having heard us leaves an error in front of what it said: Linux tells
 * of it once.
 */
static int receive(int fd, struct serve_received *got)
{
	struct timeval limit = { .tv_sec = 0 };
	socklen_t bytes = sizeof(limit);
	int64_t end_ms = 0;
	int r;

	while ((r = serve_receive(fd, got)) == -EINTR) {
		if (end_ms == 0) {
			(void)getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &bytes);
			end_ms = atoll_clock_ms() + limit.tv_sec * 1000 + limit.tv_usec / 1000;
		}
		if (atoll_clock_ms() >= end_ms)
			return -EAGAIN;
	}
	return r == -ECONNRESET ? serve_receive(fd, got) : r;
}

int connect_exchange(int fd, const void *message, size_t bytes, const int *fds,
		     uint32_t count, struct serve_received *got, struct atoll_error *err)
{
	int r = serve_send(fd, message, bytes, fds, count);

	if (r == -EPIPE || r == -ECONNRESET) {
		/* It may have said why before it hung up. */
		if (receive(fd, got) == 1)
			return 0;
		return atoll_error_set(err, -EPIPE, "serve: atoll-tpud is gone");
	}
	if (r == 0)
		r = receive(fd, got);
	if (r == 1)
		return 0;
	if (r == 0 || r == -ECONNRESET)
		return atoll_error_set(err, -ECONNRESET,
				       "serve: atoll-tpud went away before it answered");
	if (r == -EAGAIN)
		return atoll_error_set(err, -ETIMEDOUT, "serve: no answer from atoll-tpud");
	return atoll_error_set(err, r, "serve: %s", r == -EPROTO ?
			       "atoll-tpud says what this version does not understand" :
			       strerror(-r));
}

int connect_wrong_answer(struct serve_received *got, struct atoll_error *err)
{
	struct serve_refused *refused = &got->message.refused;

	if (got->message.head.kind != SERVE_REFUSED || refused->result >= 0)
		return atoll_error_set(err, -EPROTO, "serve: an answer of kind %u",
				       got->message.head.kind);
	refused->text[sizeof(refused->text) - 1] = '\0';
	return atoll_error_set(err, refused->result, "serve: %s", refused->text);
}

ATOLL_API bool serve_is_there(const char *socket)
{
	int fd = connect_daemon(socket, 1000, NULL);

	if (fd >= 0)
		(void)close(fd); /* nothing was said */
	return fd >= 0;
}
