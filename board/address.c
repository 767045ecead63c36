/* SPDX-License-Identifier: Apache-2.0 */
#include "board/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Digits to the end of the text, at most 65535. */
static bool read_port(const char *text, in_port_t *port)
{
	uint32_t number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = number * 10 + (uint32_t)(*text - '0');
		if (number > UINT16_MAX)
			return false;
	}
	*port = htons((uint16_t)number);
	return true;
}

static bool read_host(char *host, in_port_t port, struct atoll_address *address)
{
	size_t length;

	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1"); /* as long as itself */
	if (strcmp(host, "*") == 0)
		strcpy(host, "[::]"); /* IPv4 too, as Linux has it; there is room */
	length = strlen(host);
	if (inet_pton(AF_INET, host, &address->in.sin_addr) == 1) {
		address->in.sin_family = AF_INET;
		address->in.sin_port = port;
		address->bytes = sizeof(address->in);
		address->is_loopback = ntohl(address->in.sin_addr.s_addr) >> 24 == 127;
		return true;
	}
	if (length <= 2 || host[0] != '[' || host[length - 1] != ']')
		return false;
	host[length - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &address->in6.sin6_addr) != 1)
		return false;
	address->in6.sin6_family = AF_INET6;
	address->in6.sin6_port = port;
	address->bytes = sizeof(address->in6);
	address->is_loopback = IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
	return true;
}

ATOLL_API int atoll_address_read(const char *text, unsigned example,
				 struct atoll_address *address, struct atoll_error *err)
{
	struct atoll_address found;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t length = colon ? (size_t)(colon - text) : 0;
	in_port_t port;

	memset(&found, 0, sizeof(found)); /* whole, so that two can be compared */
	if (colon && length < sizeof(host) && read_port(colon + 1, &port)) {
		memcpy(host, text, length);
		host[length] = '\0';
		if (read_host(host, port, &found)) {
			*address = found;
			return 0;
		}
	}
	return atoll_error_set(err, -EINVAL, "'%s' is not an address and port as "
			       "127.0.0.1:%u, [::1]:%u or *:%u", text, example, example,
			       example);
}

ATOLL_API int atoll_address_listen(struct atoll_address *address, struct atoll_error *err)
{
	char text[ATOLL_ADDRESS_TEXT];
	const int yes = 1, no = 0;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return atoll_error_set(err, -errno, "%s: socket: %s",
				       atoll_address_text(address, text), strerror(errno));
	/* Both only help: without, a restart or IPv4 may have to wait. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (address->any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, &address->any, address->bytes) == 0 && listen(fd, SOMAXCONN) == 0 &&
	    getsockname(fd, &address->any, &address->bytes) == 0)
		return fd;
	r = atoll_error_set(err, -errno, "%s: %s", atoll_address_text(address, text),
			    strerror(errno));
	(void)close(fd); /* nothing was written */
	return r;
}

ATOLL_API const char *atoll_address_text(const struct atoll_address *address,
					 char text[ATOLL_ADDRESS_TEXT])
{
	char digits[INET6_ADDRSTRLEN];

	switch (address->any.sa_family) {
	case AF_INET:
		(void)inet_ntop(AF_INET, &address->in.sin_addr, digits, sizeof(digits));
		(void)snprintf(text, ATOLL_ADDRESS_TEXT, "%s:%u", digits,
			       ntohs(address->in.sin_port));
		break;
	case AF_INET6:
		(void)inet_ntop(AF_INET6, &address->in6.sin6_addr, digits, sizeof(digits));
		(void)snprintf(text, ATOLL_ADDRESS_TEXT, "[%s]:%u", digits,
			       ntohs(address->in6.sin6_port));
		break;
	default:
		(void)snprintf(text, ATOLL_ADDRESS_TEXT, "somebody");
	}
	return text;
}
