/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SUBSCRIBER_H
#define ATOLL_APPS_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/rules.h"
#include "board/error.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * A reader of one daemon's events, atoll-events(7), that connects again for ever.
 *
 *	struct subscriber_calls calls = { .event = on_event, .change = on_change, .data = d };
 *	struct subscriber *voice = subscriber_new(loop, &(struct rules_source){ "voice",
 *						  "/run/atoll/listend.sock" }, &calls,
 *						  &log, &err);
 *
 *	subscriber_free(voice);
 *
 * A word is an event; a thing that appears is one, and another when it is over. What a
 * daemon sees already when the connection is made appears then; what is lost with the
 * connection is not told one by one.
 *
 * Whatever is said on the socket is bounded: a line in length, and what is read before
 * others get their turn in the loop. Lines that are no events are counted and passed
 * over.
 */
struct subscriber;

struct subscriber_calls {
	/* `event` and its text live as long as the call. */
	void (*event)(void *data, const struct rules_event *event);
	/* There: somebody answered with events. Not there: it hung up, or did not answer
	   for the first SUBSCRIBER_PATIENCE_MS. Each is told once until the other is. */
	void (*change)(void *data, const char *source, bool is_there);
	void *data;
};

#define SUBSCRIBER_PATIENCE_MS 5000

/* A longer line is passed over. The state of a daemon with many things is some KiB. */
#define SUBSCRIBER_LINE_BYTES 65536

struct subscriber_counts {
	uint64_t connections, events;
	uint64_t wrong;          /* lines that were no events, or too long */
	bool is_there;
};

/* `source` is copied. Not to be freed in its own calls, which begin when the loop runs.
   NULL with "NAME: PATH: why". */
struct subscriber *subscriber_new(struct atoll_loop *loop, const struct rules_source *source,
				  const struct subscriber_calls *calls,
				  const struct atoll_log *log, struct atoll_error *err);
void subscriber_free(struct subscriber *subscriber); /* NULL is allowed */

struct subscriber_counts subscriber_counts(const struct subscriber *subscriber);
bool subscriber_is_for(const struct subscriber *subscriber, const struct rules_source *source);

/* Tells once more what is there already, to somebody who has not heard of it. */
void subscriber_repeat(struct subscriber *subscriber);

#endif
