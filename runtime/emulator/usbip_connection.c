/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/usbip_server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of one transfer: Linux allocates at most 4 MiB in one piece for a program's. */
#define TRANSFER_BYTES_MAX (4U << 20)

/* Of one connection, waiting and answered: Linux holds programs to 16 MiB in all
   (usbfs_memory_mb), unless told otherwise. */
#define HELD_BYTES_MAX (64U << 20)
#define HELD_MAX 4096

/* Packets read before others get their turn. */
#define TURN 64

/* What came is no USB/IP: -EPROTO. */
__attribute__((format(printf, 2, 3)))
static int complain(struct usbip_connection *c, const char *format, ...)
{
	char why[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args); /* as above */
	va_end(args);
	c->server->complaints++;
	usbip_tell(c->server, "%s: %s: disconnected", c->name, why);
	return -EPROTO;
}

/* --- out --- */

static void forget_packet(struct usbip_connection *c, struct usbip_packet *packet)
{
	c->held--;
	c->held_bytes -= packet->header.length;
	free(packet);
}

void usbip_connection_send(struct usbip_connection *c, struct usbip_packet *packet)
{
	packet->next = NULL;
	*c->last_out = packet;
	c->last_out = &packet->next;
}

/* One that is only an answer, with `size` bytes to be filled in. */
static struct usbip_packet *answer_new(struct usbip_connection *c, size_t size)
{
	const struct usbip_header header = { .length = (uint32_t)size };
	struct usbip_packet *packet = usbip_packet_new(&header);

	if (!packet)
		return NULL;
	packet->size = size;
	c->held++;
	c->held_bytes += size;
	usbip_connection_send(c, packet);
	return packet;
}

static int watch(struct usbip_connection *c)
{
	uint32_t events = EPOLLIN | (c->out ? EPOLLOUT : 0U);
	int r;

	if (events == c->events)
		return 0;
	r = atoll_loop_change(c->server->loop, c->fd, events);
	if (r == 0)
		c->events = events;
	return r;
}

int usbip_connection_flush(struct usbip_connection *c)
{
	while (c->out) {
		struct usbip_packet *packet = c->out;
		ssize_t r = send(c->fd, packet->bytes + c->sent, packet->size - c->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (r < 0)
			return -errno;
		c->sent += (size_t)r;
		if (c->sent < packet->size)
			continue;
		c->sent = 0;
		c->out = packet->next;
		if (!c->out)
			c->last_out = &c->out;
		forget_packet(c, packet);
	}
	if (!c->out && c->ends_when_sent)
		return -ESHUTDOWN;
	return watch(c);
}

/* --- in --- */

static int answer_list(struct usbip_connection *c)
{
	struct usbip_server *server = c->server;
	uint32_t count = 0;
	size_t size = USBIP_OPERATION_BYTES + 4 +
		      server->devices * (USBIP_RECORD_BYTES + USBIP_INTERFACE_BYTES);
	struct usbip_packet *packet = answer_new(c, size);
	uint8_t *at;

	if (!packet)
		return -ENOMEM;
	at = packet->bytes + USBIP_OPERATION_BYTES + 4;
	for (uint32_t i = 0; i < server->devices; i++) {
		struct usbip_device *device = &server->device[i];

		if (!device->is_plugged || device->importer)
			continue;
		usbip_describe(device);
		usbip_write_record(at, &device->record);
		usbip_write_interface(at + USBIP_RECORD_BYTES, &device->record);
		at += USBIP_RECORD_BYTES + USBIP_INTERFACE_BYTES;
		count++;
	}
	usbip_write_operation(packet->bytes, USBIP_ANSWER_LIST, USBIP_OK);
	usbip_write_u32(packet->bytes + USBIP_OPERATION_BYTES, count);
	packet->size = (size_t)(at - packet->bytes);
	c->ends_when_sent = true;
	return 0;
}

static int answer_import(struct usbip_connection *c)
{
	struct usbip_device *device = usbip_find(c->server, c->head);
	enum usbip_status status = !device ? USBIP_NO_DEVICE :
				   device->importer ? USBIP_BUSY : USBIP_OK;
	size_t size = USBIP_OPERATION_BYTES + (status == USBIP_OK ? USBIP_RECORD_BYTES : 0);
	struct usbip_packet *packet = answer_new(c, size);

	if (!packet)
		return -ENOMEM;
	usbip_write_operation(packet->bytes, USBIP_ANSWER_IMPORT, status);
	if (status != USBIP_OK) {
		c->ends_when_sent = true;
		return 0;
	}
	usbip_describe(device);
	usbip_write_record(packet->bytes + USBIP_OPERATION_BYTES, &device->record);
	usbip_import(c, device);
	return 0;
}

static int take_operation(struct usbip_connection *c)
{
	uint16_t code;

	if (!usbip_read_operation(c->head, &code))
		return complain(c, "speaks another version of USB/IP, or none");
	switch (code) {
	case USBIP_ASK_LIST:
		return answer_list(c);
	case USBIP_ASK_IMPORT:
		c->expects = BUSID;
		return 0;
	}
	return complain(c, "asks for operation 0x%04x, which there is none of", code);
}

/* What is wrong with a transfer, or NULL. */
static const char *wrong_with(const struct usbip_header *header)
{
	const struct usb_setup *setup = &header->setup;

	if (header->endpoint > 15)
		return "is for an endpoint above 15";
	if (header->length > TRANSFER_BYTES_MAX)
		return "is larger than 4 MiB";
	if (header->packets != 0 && header->packets != UINT32_MAX)
		return "is isochronous";
	if (header->endpoint == 0 && setup->length != header->length)
		return "has another length than its setup packet";
	if (header->endpoint == 0 && header->length &&
	    header->is_in != (setup->request_type >> 7))
		return "has another direction than its setup packet";
	return NULL;
}

static int take_unlink(struct usbip_connection *c, const struct usbip_header *header)
{
	struct usbip_packet *packet = answer_new(c, USBIP_HEADER_BYTES);
	struct usbip_packet *unlinked = usbip_port_unlink(c->device->port, header->unlinks);

	if (packet)
		usbip_write_unlinked(packet->bytes, header->sequence,
				     unlinked ? -ECONNRESET : 0);
	if (unlinked)
		forget_packet(c, unlinked);
	return packet ? usbip_settle(c->device) : -ENOMEM;
}

static int submit(struct usbip_connection *c)
{
	struct usbip_packet *packet = c->in;

	c->in = NULL;
	c->expects = HEADER;
	usbip_port_submit(c->device->port, packet);
	return usbip_settle(c->device);
}

static int take_header(struct usbip_connection *c)
{
	struct usbip_header header;
	const char *wrong;

	usbip_read_header(c->head, &header);
	if (header.command != USBIP_SUBMIT && header.command != USBIP_UNLINK)
		return complain(c, "sends command %u, which there is none of", header.command);
	if (header.device != (c->device->record.bus << 16 | c->device->record.number))
		return complain(c, "sends to device 0x%x, which it has not imported",
				header.device);
	if (c->held >= HELD_MAX || c->held_bytes > HELD_BYTES_MAX)
		return complain(c, "has too much under way");
	if (header.command == USBIP_UNLINK)
		return take_unlink(c, &header);
	wrong = wrong_with(&header);
	if (wrong)
		return complain(c, "transfer %u %s", header.sequence, wrong);
	c->in = usbip_packet_new(&header);
	if (!c->in)
		return -ENOMEM;
	c->held++;
	c->held_bytes += header.length;
	if (!header.is_in && header.length) {
		c->expects = DATA;
		return 0;
	}
	return submit(c);
}

static int take_one(struct usbip_connection *c)
{
	c->got = 0;
	switch (c->expects) {
	case OPERATION: return take_operation(c);
	case BUSID: return answer_import(c);
	case HEADER: return take_header(c);
	case DATA: return submit(c);
	}
	return 0;
}

/* Where the next byte goes, and how many are expected. */
static uint8_t *room(struct usbip_connection *c, size_t *size)
{
	static const uint8_t sizes[] = { USBIP_OPERATION_BYTES, USBIP_BUSID_BYTES,
					 USBIP_HEADER_BYTES };

	if (c->expects == DATA) {
		*size = c->in->header.length - c->got;
		return c->in->bytes + USBIP_HEADER_BYTES + c->got;
	}
	*size = sizes[c->expects] - c->got;
	return c->head + c->got;
}

/* 1 when something was complete, 0 when there is no more for now. */
static int receive(struct usbip_connection *c)
{
	size_t size;
	uint8_t *to = room(c, &size);
	ssize_t r = recv(c->fd, to, size, MSG_DONTWAIT);

	if (r < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (r == 0)
		return -ENOTCONN;
	c->got += (uint32_t)r;
	if ((size_t)r < size)
		return 0;
	r = take_one(c);
	return r < 0 ? (int)r : 1;
}

static int serve(struct usbip_connection *c, uint32_t events)
{
	int r = 1;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		for (int turn = 0; r > 0 && turn < TURN && !c->ends_when_sent; turn++)
			r = receive(c);
	return r < 0 ? r : usbip_connection_flush(c);
}

static void on_connection(void *data, uint32_t events)
{
	struct usbip_connection *c = data;

	if (serve(c, events) < 0)
		usbip_connection_free(c);
}

struct usbip_connection *usbip_connection_new(struct usbip_server *server, int fd,
					 const char *name)
{
	struct usbip_connection *c = calloc(1, sizeof(*c));

	if (!c || atoll_loop_watch(server->loop, fd, EPOLLIN, on_connection, c) < 0) {
		free(c);
		(void)close(fd); /* nothing was written */
		return NULL;
	}
	c->server = server;
	c->fd = fd;
	c->events = EPOLLIN;
	c->last_out = &c->out;
	(void)snprintf(c->name, sizeof(c->name), "%s", name); /* made to fit */
	c->next = server->connection;
	server->connection = c;
	server->connections++;
	return c;
}

void usbip_connection_free(struct usbip_connection *c)
{
	struct usbip_connection **link = &c->server->connection;

	if (c->device)
		usbip_export(c->device);
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->server->connections--;
	free(c->in);
	while (c->out) {
		struct usbip_packet *packet = c->out;

		c->out = packet->next;
		free(packet);
	}
	atoll_loop_forget(c->server->loop, c->fd);
	(void)close(c->fd); /* what could be sent is on its way */
	free(c);
}

