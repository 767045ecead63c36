/* SPDX-License-Identifier: Apache-2.0 */
#include "board/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct atoll_listener {
	struct sockaddr_un address;
	int type;
	int fd;           /* where clients knock */
	int spare_fd;     /* so that one can be turned away when there are no more */
	struct stat made; /* the socket in the file system; st_ino 0 before */
};

/* A name in the file system may stand for a socket whose server has died. */
static int remove_abandoned(const struct atoll_listener *listener)
{
	const struct sockaddr_un *address = &listener->address;
	struct stat status;
	int fd, r;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	/* To connect to a plain file is refused just like to a dead socket. */
	if (!S_ISSOCK(status.st_mode))
		return -ENOTSOCK;
	fd = socket(AF_UNIX, listener->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	(void)close(fd); /* nothing was written */
	/* Served: by somebody who is busy, or in another manner. */
	if (r == 0 || r == -EAGAIN || r == -EPROTOTYPE)
		return -EADDRINUSE;
	if (r != -ECONNREFUSED)
		return r;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int bind_socket(struct atoll_listener *listener)
{
	return bind(listener->fd, (const struct sockaddr *)&listener->address,
		    sizeof(listener->address)) < 0 ? -errno : 0;
}

/*
 * The name, whose it is, its mode, and clients may come: they are refused until
 * listen. Linux gives the name the mode of the unbound socket less the umask, so
 * that nobody else holds it open before the chmod either.
 */
static int serve(struct atoll_listener *listener, const struct atoll_listener_options *options)
{
	const char *path = listener->address.sun_path;
	int r;

	if (fchmod(listener->fd, options->mode) < 0)
		return -errno;
	r = bind_socket(listener);
	if (r == -EADDRINUSE) {
		r = remove_abandoned(listener);
		if (r == 0)
			r = bind_socket(listener);
	}
	if (r < 0)
		return r;
	if (lstat(path, &listener->made) < 0 ||
	    (options->group != (gid_t)-1 && lchown(path, (uid_t)-1, options->group) < 0) ||
	    chmod(path, options->mode) < 0 || listen(listener->fd, SOMAXCONN) < 0)
		return -errno;
	return 0;
}

static int set_address(struct sockaddr_un *address, const char *path)
{
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	return 0;
}

static int open_spare(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static int open_with(struct atoll_listener *listener,
		     const struct atoll_listener_options *options)
{
	int r = set_address(&listener->address, options->path);

	if (r < 0)
		return r;
	listener->type = options->type;
	listener->spare_fd = open_spare();
	if (listener->spare_fd < 0)
		return -errno;
	listener->fd = socket(AF_UNIX, options->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	return serve(listener, options);
}

static const char *explain(int r)
{
	switch (r) {
	case -EADDRINUSE: return "another program serves it";
	case -ENOTSOCK:   return "is there, and no socket";
	default:          return strerror(-r);
	}
}

ATOLL_API struct atoll_listener *
atoll_listener_open(const struct atoll_listener_options *options, struct atoll_error *err)
{
	struct atoll_listener *listener = calloc(1, sizeof(*listener));
	int r = -ENOMEM;

	if (listener) {
		listener->fd = -1;
		listener->spare_fd = -1;
		r = open_with(listener, options);
	}
	if (r == 0)
		return listener;
	(void)atoll_error_set(err, r, "%s: %s", atoll_error_path(options->path), explain(r));
	atoll_listener_close(listener);
	return NULL;
}

/* Somebody may have taken our name away and put another there. */
static int is_ours(const struct atoll_listener *listener)
{
	struct stat status;

	return listener->made.st_ino && lstat(listener->address.sun_path, &status) == 0 &&
	       status.st_ino == listener->made.st_ino &&
	       status.st_dev == listener->made.st_dev;
}

ATOLL_API void atoll_listener_close(struct atoll_listener *listener)
{
	if (!listener)
		return;
	if (is_ours(listener))
		(void)unlink(listener->address.sun_path); /* a dead one is replaced */
	if (listener->fd >= 0)
		(void)close(listener->fd); /* nothing was written */
	if (listener->spare_fd >= 0)
		(void)close(listener->spare_fd); /* as above */
	free(listener);
}

ATOLL_API int atoll_listener_fd(const struct atoll_listener *listener)
{
	return listener->fd;
}

/* In through the spare descriptor, and out. */
static void turn_away(struct atoll_listener *listener)
{
	int fd;

	(void)close(listener->spare_fd); /* nothing was written */
	fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		(void)close(fd); /* as above */
	listener->spare_fd = open_spare();
}

ATOLL_API int atoll_listener_accept(struct atoll_listener *listener)
{
	int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r = -errno;

	if (fd >= 0)
		return fd;
	if (r == -EMFILE || r == -ENFILE)
		turn_away(listener);
	return r;
}
