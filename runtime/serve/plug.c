/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/plug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looks in a row at which a place must be empty. A reset takes about half a second
   on a real bus, firmware two. */
#define ABSENT_MAX 4

struct socket {
	struct usb_place place;
	struct worker *worker;
	uint32_t absent;
};

struct plug {
	struct crew *crew;
	struct engine_tpu_options tpu;
	uint32_t sockets;
	struct socket socket[USB_FOUND_MAX];
};

ATOLL_API struct plug *plug_new(struct crew *crew, const struct engine_tpu_options *tpu,
		      struct atoll_error *err)
{
	struct plug *plug = calloc(1, sizeof(*plug));

	if (!plug) {
		(void)atoll_error_set(err, -ENOMEM, "USB: %s", strerror(ENOMEM));
		return NULL;
	}
	plug->crew = crew;
	plug->tpu = *tpu;
	return plug;
}

ATOLL_API void plug_free(struct plug *plug)
{
	free(plug);
}

static struct socket *find(struct plug *plug, const struct usb_place *place)
{
	for (uint32_t i = 0; i < plug->sockets; i++)
		if (usb_place_equal(&plug->socket[i].place, place))
			return &plug->socket[i];
	return NULL;
}

static int plug_in(struct plug *plug, const struct usb_place *place, struct atoll_error *err)
{
	char name[48], text[USB_PLACE_TEXT];
	struct engine_tpu_options tpu = plug->tpu;
	struct engine *engine;
	struct worker *worker;

	(void)snprintf(name, sizeof(name), "%s:%s", plug->tpu.name,
		       usb_place_text(place, text));
	tpu.place = *place;
	tpu.name = name;
	engine = engine_tpu_new(&tpu, err);
	worker = engine ? crew_add(plug->crew, engine, err) : NULL;
	if (!worker)
		return -ENOMEM;
	plug->socket[plug->sockets++] = (struct socket){ .place = *place, .worker = worker };
	return 0;
}

static void unplug(struct plug *plug, struct socket *socket)
{
	crew_dismiss(plug->crew, socket->worker);
	*socket = plug->socket[--plug->sockets];
}

ATOLL_API int plug_look(struct plug *plug, struct atoll_error *err)
{
	struct usb_found found[USB_FOUND_MAX];
	uint32_t count = 0;
	int r = plug->tpu.bus->ops->list(plug->tpu.bus, found, USB_FOUND_MAX, &count, err);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < plug->sockets; i++)
		plug->socket[i].absent++;
	for (uint32_t i = 0; i < count; i++) {
		struct socket *socket = find(plug, &found[i].place);

		if (socket)
			socket->absent = 0;
		else if (plug->sockets < USB_FOUND_MAX)
			r = plug_in(plug, &found[i].place, err);
	}
	for (uint32_t i = plug->sockets; i > 0; i--)
		if (plug->socket[i - 1].absent >= ABSENT_MAX)
			unplug(plug, &plug->socket[i - 1]);
	return r;
}

ATOLL_API void plug_set_clock(struct plug *plug, enum edgetpu_clock clock)
{
	plug->tpu.clock = clock;
	for (uint32_t i = 0; i < plug->sockets; i++)
		engine_tpu_set_clock(crew_engine(plug->socket[i].worker), clock);
}
