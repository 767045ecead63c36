/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/usbip.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/emulator/state.h"
#include "runtime/emulator/usbip_server.h"

#define CONNECTIONS_MAX 64

/* Without a file descriptor for one more, nobody is let in for so long. */
#define PAUSE_MS 1000

/* The only bus: devices are 1-1, 1-2 and so on. */
#define BUS 1

void usbip_tell(struct usbip_server *server, const char *format, ...)
{
	char sentence[320];
	va_list args;

	if (!server->options.tell)
		return;
	va_start(args, format);
	(void)vsnprintf(sentence, sizeof(sentence), format, args); /* cut off if need be */
	va_end(args);
	server->options.tell(server->options.data, sentence);
}

struct usbip_device *usbip_find(struct usbip_server *server,
				const uint8_t busid[USBIP_BUSID_BYTES])
{
	for (uint32_t i = 0; i < server->devices; i++)
		if (server->device[i].is_plugged &&
		    strncmp(server->device[i].record.busid, (const char *)busid,
			    USBIP_BUSID_BYTES) == 0)
			return &server->device[i];
	return NULL;
}

void usbip_describe(struct usbip_device *device)
{
	struct usbip_record *record = &device->record;
	struct usb_setup setup = { 0x80, 6, 0x0100, 0, sizeof(record->device) };
	uint8_t configuration[18] = { 0 };

	/* Nothing is said where the device does not answer. */
	memset(record->device, 0, sizeof(record->device));
	(void)emulator_control(device->emulator, &setup, record->device);
	setup.value = 0x0200;
	setup.length = sizeof(configuration);
	(void)emulator_control(device->emulator, &setup, configuration);
	memcpy(record->configuration, configuration, 9);
	memcpy(record->interface, configuration + 9, 9);
	record->speed = emulator_speed(device->emulator);
}

static void tell_complaints(struct usbip_device *device)
{
	uint64_t complaints = emulator_complaints(device->emulator);

	if (complaints != device->complaints)
		usbip_tell(device->server, "%s: %s", device->record.busid,
			   emulator_complaint(device->emulator));
	device->complaints = complaints;
}

static void on_back(void *data, uint32_t what)
{
	struct usbip_device *device = data;

	(void)what;
	device->back_timer = -1;
	usbip_server_replug(device->server, (uint32_t)(device - device->server->device));
}

static void stop_timer(struct usbip_device *device, int *timer)
{
	if (*timer >= 0)
		atoll_loop_cancel(device->server->loop, *timer);
	*timer = -1;
}

/* It has left; back_ms < 0: for good. Its importer is let go by who calls. */
static void leave(struct usbip_device *device, int32_t back_ms)
{
	device->is_plugged = false;
	stop_timer(device, &device->back_timer);
	if (back_ms >= 0)
		device->back_timer = atoll_loop_after(device->server->loop, (uint32_t)back_ms,
						      on_back, device);
	usbip_tell(device->server, "%s: unplugged", device->record.busid);
}

static void on_due(void *data, uint32_t what);

/* One timer, for what is due first. Without one, the next packet moves things on. */
static void wait_until(struct usbip_device *device, int64_t due_ns, int64_t now_ns)
{
	if (due_ns == device->due_ns && device->due_timer >= 0)
		return;
	stop_timer(device, &device->due_timer);
	device->due_ns = due_ns;
	if (due_ns != INT64_MAX)
		device->due_timer = atoll_loop_after(device->server->loop,
				(uint32_t)((due_ns - now_ns + 999999) / 1000000),
				on_due, device);
}

int usbip_settle(struct usbip_device *device)
{
	struct usbip_connection *c = device->importer;
	struct usbip_packet *packet;
	int64_t now_ns = atoll_clock_ns();
	int32_t back_ms;

	if (!c)
		return 0;
	wait_until(device, usbip_port_run(device->port, now_ns), now_ns);
	while ((packet = usbip_port_take(device->port)))
		usbip_connection_send(c, packet);
	tell_complaints(device);
	if (usbip_port_is_pulled(device->port, &back_ms)) {
		leave(device, back_ms);
		return -ENODEV;
	}
	return usbip_connection_flush(c);
}

static void on_due(void *data, uint32_t what)
{
	struct usbip_device *device = data;

	(void)what;
	device->due_timer = -1;
	if (usbip_settle(device) < 0)
		usbip_connection_free(device->importer);
}

/* The device has something that no transfer brought about. */
static void on_change(void *data)
{
	struct usbip_device *device = data;

	if (usbip_settle(device) < 0)
		usbip_connection_free(device->importer);
}

void usbip_import(struct usbip_connection *c, struct usbip_device *device)
{
	device->importer = c;
	c->device = device;
	c->expects = HEADER;
	usbip_tell(c->server, "%s: taken by %s", device->record.busid, c->name);
}

void usbip_export(struct usbip_device *device)
{
	stop_timer(device, &device->due_timer);
	usbip_port_clear(device->port);
	usbip_tell(device->server, "%s: let go by %s", device->record.busid,
		   device->importer->name);
	device->importer = NULL;
}

static void on_knock(void *data, uint32_t events);

static void on_pause_over(void *data, uint32_t what)
{
	struct usbip_server *server = data;

	(void)what;
	/* Was watched before; if that cannot be now, those who are here stay served. */
	(void)atoll_loop_watch(server->loop, server->fd, EPOLLIN, on_knock, server);
	server->pause = -1;
}

static void on_knock(void *data, uint32_t events)
{
	struct usbip_server *server = data;
	struct atoll_address peer = { .any.sa_family = AF_UNSPEC };
	socklen_t size = sizeof(peer.in6);
	char name[ATOLL_ADDRESS_TEXT];
	const int yes = 1;
	int fd = accept4(server->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		/* They would knock for ever: let them wait a little. */
		atoll_loop_forget(server->loop, server->fd);
		server->pause = atoll_loop_after(server->loop, PAUSE_MS, on_pause_over, server);
	}
	if (fd < 0)
		return; /* gone again */
	if (server->connections >= CONNECTIONS_MAX) {
		(void)close(fd); /* nothing was written */
		return;
	}
	/* Answers are small and waited for; a socket that is not TCP needs no telling. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	/* Out of memory: it is closed, as above. */
	(void)usbip_connection_new(server, fd, atoll_address_text(&peer, name));
}

/* --- the door --- */

ATOLL_API struct usbip_server *usbip_server_new(struct atoll_loop *loop,
						const struct usbip_options *options,
						struct atoll_error *err)
{
	struct usbip_server *server = calloc(1, sizeof(*server));

	if (!server) {
		atoll_error_set(err, -ENOMEM, "USB/IP server: out of memory");
		return NULL;
	}
	server->loop = loop;
	server->options = *options;
	server->fd = server->pause = -1;
	return server;
}

ATOLL_API void usbip_server_free(struct usbip_server *server)
{
	if (!server)
		return;
	while (server->connection)
		usbip_connection_free(server->connection);
	for (uint32_t i = 0; i < server->devices; i++) {
		stop_timer(&server->device[i], &server->device[i].back_timer);
		usbip_port_free(server->device[i].port);
		emulator_free(server->device[i].emulator);
	}
	if (server->pause >= 0)
		atoll_loop_cancel(server->loop, server->pause);
	if (server->fd >= 0) {
		atoll_loop_forget(server->loop, server->fd);
		(void)close(server->fd); /* nothing was written */
	}
	free(server);
}

ATOLL_API int usbip_server_add(struct usbip_server *server, struct emulator *emulator,
			       struct atoll_error *err)
{
	struct usbip_device *device = &server->device[server->devices];
	struct usbip_port *port = NULL;

	if (server->devices == USBIP_DEVICES_MAX) {
		emulator_free(emulator);
		return atoll_error_set(err, -ENOSPC, "USB/IP server: %u devices are all it has",
				       USBIP_DEVICES_MAX);
	}
	port = usbip_port_new(emulator, server->options.bytes_per_second);
	if (!port) {
		emulator_free(emulator);
		return atoll_error_set(err, -ENOMEM, "USB/IP server: out of memory");
	}
	*device = (struct usbip_device){
		.server = server,
		.record = { .bus = BUS, .number = server->devices + 1 },
		.emulator = emulator,
		.port = port,
		.is_plugged = true,
		.due_timer = -1,
		.back_timer = -1,
	};
	(void)snprintf(device->record.busid, sizeof(device->record.busid), "%d-%u", BUS,
		       server->devices + 1); /* fits */
	emulator_on_change(emulator, on_change, device);
	return (int)server->devices++;
}

ATOLL_API int usbip_server_listen(struct usbip_server *server, int fd,
				  struct atoll_error *err)
{
	int r = atoll_loop_watch(server->loop, fd, EPOLLIN, on_knock, server);

	if (r < 0) {
		(void)close(fd); /* nothing was written */
		return atoll_error_set(err, r, "USB/IP server: cannot wait for connections: %s",
				       strerror(-r));
	}
	server->fd = fd;
	return 0;
}

ATOLL_API int usbip_server_adopt(struct usbip_server *server, uint32_t device, int fd,
				 struct atoll_error *err)
{
	struct usbip_connection *c;

	if (!server->device[device].is_plugged || server->device[device].importer) {
		(void)close(fd); /* nothing was written */
		return atoll_error_set(err, -EBUSY, "USB/IP server: %s is %s",
				       server->device[device].record.busid,
				       server->device[device].importer ? "taken" : "unplugged");
	}
	c = usbip_connection_new(server, fd, "this machine");
	if (!c)
		return atoll_error_set(err, -ENOMEM, "USB/IP server: out of memory");
	usbip_import(c, &server->device[device]);
	return 0;
}

ATOLL_API void usbip_server_unplug(struct usbip_server *server, uint32_t device)
{
	struct usbip_device *d = &server->device[device];

	if (d->is_plugged)
		leave(d, -1);
	if (d->importer)
		usbip_connection_free(d->importer);
}

ATOLL_API void usbip_server_replug(struct usbip_server *server, uint32_t device)
{
	struct usbip_device *d = &server->device[device];

	if (d->is_plugged)
		return;
	stop_timer(d, &d->back_timer);
	usbip_port_power_cycle(d->port);
	d->is_plugged = true;
	usbip_tell(server, "%s: plugged in", d->record.busid);
	if (server->options.on_plug)
		server->options.on_plug(server->options.data, device);
}

ATOLL_API void usbip_server_set_faults(struct usbip_server *server, uint32_t device,
				       const struct fault_script *script)
{
	usbip_port_set_faults(server->device[device].port, script);
}

ATOLL_API struct emulator *usbip_server_emulator(struct usbip_server *server,
						 uint32_t device)
{
	return server->device[device].emulator;
}

ATOLL_API uint32_t usbip_server_id(const struct usbip_server *server, uint32_t device)
{
	const struct usbip_record *record = &server->device[device].record;

	return record->bus << 16 | record->number;
}

ATOLL_API struct usbip_state usbip_server_state(const struct usbip_server *server,
						uint32_t device)
{
	const struct usbip_device *d = &server->device[device];
	struct usbip_state state = {
		.is_plugged = d->is_plugged,
		.is_imported = d->importer != NULL,
		.transfers = usbip_port_transfers(d->port),
	};

	memcpy(state.busid, d->record.busid, sizeof(state.busid) - 1);
	return state;
}

ATOLL_API uint32_t usbip_server_devices(const struct usbip_server *server)
{
	return server->devices;
}

ATOLL_API uint32_t usbip_server_connections(const struct usbip_server *server)
{
	return server->connections;
}

ATOLL_API uint64_t usbip_server_complaints(const struct usbip_server *server)
{
	return server->complaints;
}
