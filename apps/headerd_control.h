/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADERD_CONTROL_H
#define ATOLL_APPS_HEADERD_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/headerd_pins.h"
#include "board/error.h"
#include "board/header.h"
#include "board/json.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * The control socket of atoll-headerd: clients say what they want of pins, one JSON object
 * on each line, and are answered in the same way, as atoll-headerd(8) explains.
 *
 *	{"set":"16","level":"high"}
 *	{"pin":16,"name":"EINT0","level":"high","direction":"out","owner":"clients"}
 *
 * Nobody is waited for: a client whose socket is full when it is to be told something is
 * dropped, as is one whose line is longer than HEADERD_REQUEST_BYTES. What a client asks
 * for at once is answered in turns with the others.
 */
struct headerd_control;

#define HEADERD_REQUEST_BYTES 2048
#define HEADERD_CLIENTS_MAX 32

struct headerd_control_options {
	struct atoll_loop *loop;
	const struct atoll_header *header; /* NULL: there are no pins */
	struct headerd_pins *pins;
	const char *path;                  /* of the socket */
	const char *group;                 /* who may connect beside the owner; NULL: the group
					      that the socket gets by itself */
	bool takes;                        /* also pins that rules set */
	/* A client has set a pin. */
	void (*taken)(void *data, const struct atoll_pin *pin);
	/* Keys for the answer to {"status":true}. */
	void (*status)(void *data, struct atoll_json *json);
	void *data;
	const struct atoll_log *log;
};

/* The path is needed until close. NULL with "control socket: PATH: why". */
struct headerd_control *headerd_control_open(const struct headerd_control_options *options,
					     struct atoll_error *err);
/* Hangs up on everybody. NULL is allowed. */
void headerd_control_close(struct headerd_control *control);

/* Something has changed: those who watch it are told. */
void headerd_control_edge(struct headerd_control *control, const struct headerd_edge *edge);

uint32_t headerd_control_clients(const struct headerd_control *control);

#endif
