/* SPDX-License-Identifier: Apache-2.0 */
#include "board/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "board/error.h"

#define MESSAGE_BYTES_MAX 4096

/* A READY=1 must not be lost because others are starting too, and a loop must not
   hang here until the watchdog bites that it came to calm. */
static const struct timeval patience = { .tv_usec = 500000 };

/* The length of the address, or a negative errno. A name that begins with '@' is
   an abstract one (unix(7)): a NUL in its place, and no NUL at its end. */
static int set_address(struct sockaddr_un *address, const char *name)
{
	size_t length = strlen(name);

	if (name[0] != '/' && name[0] != '@')
		return -EAFNOSUPPORT;
	if (length >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, length + 1);
	if (name[0] != '@')
		return (int)sizeof(*address);
	address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + length);
}

static int send_to(const char *name, const char *message, size_t length)
{
	struct sockaddr_un address = { 0 };
	int address_bytes = set_address(&address, name), fd, r = 1;

	if (address_bytes < 0)
		return address_bytes;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    sendto(fd, message, length, MSG_NOSIGNAL, (const struct sockaddr *)&address,
		   (socklen_t)address_bytes) < 0)
		r = -errno;
	(void)close(fd); /* the datagram is on its way */
	return r;
}

ATOLL_API int atoll_notify(const char *format, ...)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_BYTES_MAX + 1];
	va_list args;
	int length;

	if (!name || !*name)
		return 0;
	va_start(args, format);
	length = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (length < 0)
		return -EINVAL;
	if (length > MESSAGE_BYTES_MAX)
		return -EMSGSIZE;
	return send_to(name, message, (size_t)length);
}

/* The whole of `text` as a number; 0 for anything else. */
static uint64_t to_number(const char *text)
{
	unsigned long long number;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	return *end || errno ? 0 : number;
}

ATOLL_API uint32_t atoll_notify_watchdog_ms(void)
{
	const char *process = getenv("WATCHDOG_PID");
	uint64_t half_ms = to_number(getenv("WATCHDOG_USEC")) / 2000;

	/* Children inherit the environment, and not the duty. */
	if (process && to_number(process) != (uint64_t)getpid())
		return 0;
	return half_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)half_ms;
}
