/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Room for descriptors, aligned for the header before them. */
union ancillary {
	struct cmsghdr header;
	char room[CMSG_SPACE(SERVE_FDS_MAX * sizeof(int))];
};

int serve_send(int fd, const void *message, size_t bytes, const int *fds, uint32_t count)
{
	/* sendmsg only reads what an iovec points to. */
	struct iovec part = { .iov_base = (void *)(uintptr_t)message, .iov_len = bytes };
	union ancillary ancillary = { 0 };
	struct msghdr all = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent;

	if (count > 0) {
		all.msg_control = &ancillary;
		all.msg_controllen = CMSG_SPACE(count * sizeof(int));
		ancillary.header.cmsg_level = SOL_SOCKET;
		ancillary.header.cmsg_type = SCM_RIGHTS;
		ancillary.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
	}
	do
		sent = sendmsg(fd, &all, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0; /* a packet goes whole or not at all */
}

static void take_descriptors(struct msghdr *all, struct serve_received *got)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(all);

	for (; header; header = CMSG_NXTHDR(all, header)) {
		size_t count;

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(got->fd, CMSG_DATA(header), count * sizeof(int));
		got->fds = (uint32_t)count; /* the room is for SERVE_FDS_MAX */
	}
}

int serve_receive(int fd, struct serve_received *got)
{
	struct iovec part = { .iov_base = &got->message, .iov_len = sizeof(got->message) };
	union ancillary ancillary;
	struct msghdr all = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary,
			      .msg_controllen = sizeof(ancillary) };
	ssize_t size = recvmsg(fd, &all, MSG_CMSG_CLOEXEC);

	got->fds = 0;
	if (size < 0)
		return -errno;
	take_descriptors(&all, got);
	if (size == 0 && got->fds == 0)
		return 0;
	got->bytes = (size_t)size;
	if (all.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || !serve_is_whole(got)) {
		serve_received_close(got);
		return -EPROTO;
	}
	return 1;
}

void serve_received_close(struct serve_received *got)
{
	while (got->fds > 0)
		(void)close(got->fd[--got->fds]); /* nothing was written there */
}

static size_t loaded_bytes(const struct serve_loaded *loaded)
{
	uint64_t tensors = (uint64_t)loaded->inputs + loaded->outputs;

	if (tensors > SERVE_TENSORS_MAX)
		return 0;
	return offsetof(struct serve_loaded, tensor) + tensors * sizeof(struct serve_tensor);
}

bool serve_is_whole(const struct serve_received *got)
{
	if (got->bytes < sizeof(struct serve_head))
		return false;
	switch (got->message.head.kind) {
	case SERVE_LOAD:    return got->bytes == sizeof(struct serve_load);
	case SERVE_RUN:     return got->bytes == sizeof(struct serve_run);
	case SERVE_STATUS:  return got->bytes == sizeof(struct serve_ask);
	case SERVE_DONE:    return got->bytes == sizeof(struct serve_done);
	case SERVE_STATE:   return got->bytes == sizeof(struct serve_state);
	case SERVE_REFUSED: return got->bytes == sizeof(struct serve_refused);
	case SERVE_LOADED:
		return got->bytes >= offsetof(struct serve_loaded, tensor) &&
		       got->bytes == loaded_bytes(&got->message.loaded);
	default:            return false;
	}
}

#define SEALS_OF_SIZE (F_SEAL_SHRINK | F_SEAL_GROW)

static int seal(int fd, unsigned seals)
{
	return fcntl(fd, F_ADD_SEALS, seals | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int serve_memory_new(const char *name, size_t bytes, void **memory)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	void *map = MAP_FAILED;
	int r;

	if (fd < 0)
		return -errno;
	r = ftruncate(fd, (off_t)bytes) < 0 ? -errno : seal(fd, SEALS_OF_SIZE);
	if (r == 0) {
		map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		r = map == MAP_FAILED ? -errno : 0;
	}
	if (r < 0) {
		(void)close(fd); /* nobody will miss it */
		return r;
	}
	*memory = map;
	return fd;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

int serve_memory_copy(const char *name, const void *bytes, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, size);
	if (r == 0)
		r = seal(fd, SEALS_OF_SIZE | F_SEAL_WRITE);
	if (r < 0) {
		(void)close(fd); /* nobody will miss it */
		return r;
	}
	return fd;
}

/* Huge pages may be missing when they are first touched, which is a SIGBUS. */
static bool is_plain_memory(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

int serve_memory_check(int fd, size_t bytes, bool is_constant, const char *what,
		       struct atoll_error *err)
{
	const int wanted = SEALS_OF_SIZE | (is_constant ? F_SEAL_WRITE : 0);
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;

	if (seals < 0 || !is_plain_memory(fd))
		return atoll_error_set(err, -EINVAL, "%s: not memory of memfd_create", what);
	if ((seals & wanted) != wanted)
		return atoll_error_set(err, -EPERM, "%s: not sealed against %s", what,
				       (seals & SEALS_OF_SIZE) != SEALS_OF_SIZE ?
				       "changes of its size" : "writing");
	if (fstat(fd, &status) < 0 || (uint64_t)status.st_size != bytes)
		return atoll_error_set(err, -EINVAL, "%s: %lld bytes, announced were %zu",
				       what, (long long)status.st_size, bytes);
	return 0;
}

void serve_text(char *to, size_t room, const char *from)
{
	size_t length = strnlen(from, room - 1);

	memcpy(to, from, length);
	memset(to + length, 0, room - length);
}
