/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include <libv4l2.h>

static ssize_t swallow(void *cookie, const char *bytes, size_t size)
{
	(void)cookie;
	(void)bytes;
	return (ssize_t)size;
}

/*
 * libv4l2 writes what it finds remarkable to v4l2_log_file, and to stderr when
 * that is NULL; what matters comes back as errno too. So it gets a file that
 * keeps nothing, unless the program, or its user through the environment, has
 * asked to see the words. The one thing this library does to the process, and
 * never undone, as other threads may be in libv4l2.
 */
static void silence(void)
{
	static const cookie_io_functions_t nowhere = { .write = swallow };

	if (v4l2_log_file || getenv("LIBV4L2_LOG_FILENAME"))
		return;
	v4l2_log_file = fopencookie(NULL, "w", nowhere);
	if (v4l2_log_file)
		(void)setvbuf(v4l2_log_file, NULL, _IONBF, 0); /* else it allocates */
}

static int open_real(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/*
 * Apart from open, as libv4l2 tries every format and size of a device it is shown,
 * which takes a while; turns down a loopback device nobody writes to; and has a
 * plugin for multi-planar devices that writes to stdout (1.22.1).
 */
static void assist_real(int fd)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, silence); /* fails only for a broken `once` */
	(void)v4l2_fd_open(fd, 0);          /* calls for an fd it did not take pass through */
}

static int close_real(int fd)
{
	return v4l2_close(fd) < 0 ? -errno : 0;
}

static int ioctl_real(int fd, unsigned long request, void *argument)
{
	int r;

	do
		r = v4l2_ioctl(fd, request, argument);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static int mmap_real(int fd, size_t size, int64_t offset, void **data)
{
	void *map = v4l2_mmap(NULL, size, PROT_READ, MAP_SHARED, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	*data = map;
	return 0;
}

static int munmap_real(void *data, size_t size)
{
	return v4l2_munmap(data, size) < 0 ? -errno : 0;
}

static int poll_real(int fd, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int r = poll(&poll_fd, 1, timeout_ms);

	if (r <= 0)
		return r < 0 ? -errno : 0;
	return poll_fd.revents & (POLLERR | POLLHUP | POLLNVAL) ? -EIO : 1;
}

/*
 * v4l2loopback (0.12.7) queues up who is to be woken only if no frame is waiting at
 * that moment; an epoll asks once, when a descriptor is added, and would hear
 * nothing any more. So loops get an epoll of ours, in which the device is added
 * again until it was without a frame afterwards, and hence before.
 */
static bool renew_real(int watch_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	(void)epoll_ctl(watch_fd, EPOLL_CTL_DEL, fd, NULL); /* not there at first */
	return epoll_ctl(watch_fd, EPOLL_CTL_ADD, fd, &event) == 0 && poll_real(fd, 0) == 0;
}

static int watch_real(int fd)
{
	int watch_fd = epoll_create1(EPOLL_CLOEXEC);

	if (watch_fd < 0)
		return -errno;
	(void)renew_real(watch_fd, fd); /* and again with the first frame */
	return watch_fd;
}

const struct camera_device camera_device_real = {
	.open = open_real,
	.assist = assist_real,
	.close = close_real,
	.ioctl = ioctl_real,
	.mmap = mmap_real,
	.munmap = munmap_real,
	.poll = poll_real,
	.watch = watch_real,
	.renew = renew_real,
};
