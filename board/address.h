/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_ADDRESS_H
#define ATOLL_BOARD_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "board/error.h"

/*
 * Where on the network a program listens, as people write it.
 *
 *	struct atoll_address address;
 *	char text[ATOLL_ADDRESS_TEXT];
 *
 *	r = atoll_address_read("127.0.0.1:0", &address, &err);
 *	fd = atoll_address_listen(&address, &err);
 *	puts(atoll_address_text(&address, text));        127.0.0.1:40123
 *
 * Names are not looked up, but for localhost.
 */
struct atoll_address {
	bool is_loopback;    /* only this machine can reach it */
	socklen_t bytes;     /* of what follows */
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
};

/* "127.0.0.1:80", "[::1]:80", "localhost:80", "*:80" for everybody; port 0 is any.
   -EINVAL with what is wrong; `example` is a port for that sentence. */
int atoll_address_read(const char *text, unsigned example, struct atoll_address *address,
		       struct atoll_error *err);

/* A socket that listens there and does not block, or a negative errno. `address`
   has the port it got then. */
int atoll_address_listen(struct atoll_address *address, struct atoll_error *err);

/* "127.0.0.1:80"; returns `text`. */
#define ATOLL_ADDRESS_TEXT (INET6_ADDRSTRLEN + 8)
const char *atoll_address_text(const struct atoll_address *address,
			       char text[ATOLL_ADDRESS_TEXT]);

#endif
