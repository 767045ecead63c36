/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_USBIP_SERVER_H
#define ATOLL_RUNTIME_EMULATOR_USBIP_SERVER_H

#include "board/address.h"
#include "runtime/emulator/usbip.h"
#include "runtime/emulator/usbip_port.h"

/*
 * What the server is made of, for its two files: usbip.c has the devices and lets
 * importers in, usbip_connection.c talks with them.
 */
struct usbip_connection {
	struct usbip_connection *next;
	struct usbip_server *server;
	struct usbip_device *device;         /* NULL until it has imported one */
	int fd;
	uint32_t events;               /* as watched */
	enum { OPERATION, BUSID, HEADER, DATA } expects;
	uint8_t head[USBIP_HEADER_BYTES];
	struct usbip_packet *in;       /* whose DATA is coming */
	uint32_t got;                  /* bytes of what is expected */
	struct usbip_packet *out, **last_out; /* on their way */
	size_t sent;                   /* of the first */
	uint32_t held;                 /* packets from here that have no answer yet */
	size_t held_bytes;
	bool ends_when_sent;
	char name[ATOLL_ADDRESS_TEXT];
};

struct usbip_device {
	struct usbip_server *server;
	struct usbip_record record;
	struct emulator *emulator;
	struct usbip_port *port;
	struct usbip_connection *importer;   /* NULL: free */
	bool is_plugged;
	uint64_t complaints;           /* of the emulator, told already */
	int due_timer, back_timer;     /* or negative */
	int64_t due_ns;
};

struct usbip_server {
	struct atoll_loop *loop;
	struct usbip_options options;
	int fd;                        /* where importers knock, or -1 */
	int pause;                     /* a timer: nobody is let in; or -1 */
	uint32_t devices, connections;
	struct usbip_device device[USBIP_DEVICES_MAX];
	struct usbip_connection *connection;
	uint64_t complaints;
};

/* --- usbip.c --- */

void usbip_tell(struct usbip_server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* NULL: nothing of that name is plugged in. */
struct usbip_device *usbip_find(struct usbip_server *server,
				const uint8_t busid[USBIP_BUSID_BYTES]);

/* `record` as the device is now: a reset may have made another of it. */
void usbip_describe(struct usbip_device *device);

void usbip_import(struct usbip_connection *connection, struct usbip_device *device);
/* No more; transfers that wait are forgotten. */
void usbip_export(struct usbip_device *device);

/* After anything that may have moved transfers on. Negative when the importer has
   to be let go. */
int usbip_settle(struct usbip_device *device);

/* --- usbip_connection.c --- */

/* Takes the fd. NULL: out of memory, or of something of the kernel's. */
struct usbip_connection *usbip_connection_new(struct usbip_server *server, int fd,
					      const char *name);
void usbip_connection_free(struct usbip_connection *connection);

/* The answer to a packet that came in here. */
void usbip_connection_send(struct usbip_connection *connection, struct usbip_packet *packet);
/* As much as the socket takes now; negative when the connection is over. */
int usbip_connection_flush(struct usbip_connection *connection);

#endif
