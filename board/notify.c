/* SPDX-License-Identifier: Apache-2.0 */
#include "board/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "board/error.h"

#define MESSAGE_MAX 4096

ATOLL_API int atoll_notify(const char *format, ...)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	char message[MESSAGE_MAX];
	size_t path_length;
	va_list args;
	int length, fd, r;

	if (!path || !*path)
		return 0;
	path_length = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || path_length >= sizeof(address.sun_path))
		return -EINVAL;
	va_start(args, format);
	length = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(message))
		return -EMSGSIZE;

	memcpy(address.sun_path, path, path_length);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* a name without a file */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = sendto(fd, message, (size_t)length, MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_length)) < 0 ?
		-errno : 1;
	(void)close(fd); /* what was sent is sent */
	return r;
}

/* The whole text as a number above 0, else 0. */
static unsigned long long number(const char *text)
{
	char *end;
	unsigned long long value;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

ATOLL_API uint32_t atoll_notify_watchdog_ms(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	unsigned long long half_ms = number(getenv("WATCHDOG_USEC")) / 2000;

	if (pid && number(pid) != (unsigned long long)getpid())
		return 0; /* meant for the process that started us */
	return half_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)half_ms;
}
