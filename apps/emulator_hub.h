/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_EMULATOR_HUB_H
#define ATOLL_APPS_EMULATOR_HUB_H

#include <stdint.h>

#include "board/error.h"
#include "board/loop.h"
#include "runtime/emulator/usbip.h"

/*
 * The devices of a USB/IP server, attached to this machine's own kernel, and again
 * whenever they come back.
 *
 *	struct emulator_hub *hub = emulator_hub_new(loop, server, &err);
 *
 *	r = emulator_hub_attach(hub, 0, &err);           at first
 *	emulator_hub_attach_later(hub, 0);               when it was plugged in again
 *	emulator_hub_free(hub);
 *
 * A device keeps its port, once it had one.
 */
struct emulator_hub;

struct emulator_hub *emulator_hub_new(struct atoll_loop *loop, struct usbip_server *server,
				      struct atoll_error *err);
void emulator_hub_free(struct emulator_hub *hub); /* NULL is allowed */

/* The port, from 0, or a negative errno. */
int emulator_hub_attach(struct emulator_hub *hub, uint32_t device, struct atoll_error *err);

/* As soon as the kernel has forgotten what was at its port; what stands in the way
   longer than that is said on stderr, once, and tried again. */
void emulator_hub_attach_later(struct emulator_hub *hub, uint32_t device);

#endif
