/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_DEBOUNCE_H
#define ATOLL_BOARD_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A level that counts once it has stayed. A contact that closes bounces:
 *
 *	line     ___|~|_|~|__|~~~~~~~~~~~~~~~~~~~~~
 *	stays       .........|<--- wait_ns --->|
 *	level    ______________________________|~~~   since_ns: where it went to stay
 *
 * Time is what the caller says it is, of any clock, and does not go back.
 *
 *	debounce_start(&debounce, 5000000, false);
 *	debounce_move(&debounce, true, edge_ns);
 *	if (debounce_settle(&debounce, now_ns))
 *		printf("%d since %" PRId64 "\n", debounce.level, debounce.since_ns);
 */
struct debounce {
	int64_t wait_ns;
	bool level;              /* that counts */
	bool is_moving;          /* the other level is there, since: */
	int64_t since_ns;
};

void debounce_start(struct debounce *debounce, int64_t wait_ns, bool level);

/* The line went to `level`. What was due before that is to be settled before. Twice
   to the same level: it was away in between. */
void debounce_move(struct debounce *debounce, bool level, int64_t time_ns);

/* When to settle; INT64_MAX: there is nothing to wait for. */
int64_t debounce_due_ns(const struct debounce *debounce);

/* Whether the level changed, by having stayed until now. */
bool debounce_settle(struct debounce *debounce, int64_t now_ns);

#endif
