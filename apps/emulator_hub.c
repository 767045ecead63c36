/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/emulator_hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/options.h"
#include "runtime/emulator/vhci.h"

/* The kernel takes some tenths of a second to forget a device. */
#define RETRY_MS 50
#define PATIENCE 100 /* tries, before someone is told */

struct seat {
	struct emulator_hub *hub;
	uint32_t device;
	int port;             /* -1: none yet */
	int timer;            /* -1: none */
	uint32_t tries;
};

struct emulator_hub {
	struct atoll_loop *loop;
	struct usbip_server *server;
	struct seat seat[USBIP_DEVICES_MAX];
};

struct emulator_hub *emulator_hub_new(struct atoll_loop *loop, struct usbip_server *server,
				      struct atoll_error *err)
{
	struct emulator_hub *hub = calloc(1, sizeof(*hub));

	if (!hub) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	hub->loop = loop;
	hub->server = server;
	for (uint32_t i = 0; i < USBIP_DEVICES_MAX; i++)
		hub->seat[i] =
			(struct seat){ .hub = hub, .device = i, .port = -1, .timer = -1 };
	return hub;
}

void emulator_hub_free(struct emulator_hub *hub)
{
	if (!hub)
		return;
	for (uint32_t i = 0; i < USBIP_DEVICES_MAX; i++)
		if (hub->seat[i].timer >= 0)
			atoll_loop_cancel(hub->loop, hub->seat[i].timer);
	free(hub);
}

int emulator_hub_attach(struct emulator_hub *hub, uint32_t device, struct atoll_error *err)
{
	enum usb_speed speed = emulator_speed(usbip_server_emulator(hub->server, device));
	struct seat *seat = &hub->seat[device];
	int port = vhci_port(VHCI_ROOT, speed, seat->port, err);
	int fd[2], r;

	if (port < 0)
		return port;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		return atoll_error_set(err, -errno, "socketpair: %s", strerror(errno));
	r = usbip_server_adopt(hub->server, device, fd[0], err);
	if (r == 0)
		r = vhci_attach(VHCI_ROOT, port, fd[1], usbip_server_id(hub->server, device),
				speed, err);
	(void)close(fd[1]); /* the kernel's now, or of no use: the server sees it close */
	if (r < 0)
		return r;
	seat->port = port;
	return port;
}

static void try(struct seat *seat);

static void on_retry(void *data, uint32_t what)
{
	struct seat *seat = data;

	(void)what;
	seat->timer = -1;
	try(seat);
}

static void try(struct seat *seat)
{
	struct emulator_hub *hub = seat->hub;
	struct usbip_state state = usbip_server_state(hub->server, seat->device);
	struct atoll_error err;

	/* Someone else may have taken it, or pulled it out again. */
	if (!state.is_plugged || state.is_imported ||
	    emulator_hub_attach(hub, seat->device, &err) >= 0)
		return;
	if (++seat->tries == PATIENCE)
		options_say("%s: %s; trying on", state.busid, err.text);
	seat->timer = atoll_loop_after(hub->loop, RETRY_MS, on_retry, seat);
}

void emulator_hub_attach_later(struct emulator_hub *hub, uint32_t device)
{
	struct seat *seat = &hub->seat[device];

	seat->tries = 0;
	if (seat->timer < 0)
		seat->timer = atoll_loop_after(hub->loop, RETRY_MS, on_retry, seat);
}
