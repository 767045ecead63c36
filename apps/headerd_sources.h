/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADERD_SOURCES_H
#define ATOLL_APPS_HEADERD_SOURCES_H

#include "apps/rules.h"
#include "apps/subscriber.h"
#include "board/error.h"
#include "board/json.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * All the daemons whose events rules wait for.
 *
 *	struct headerd_sources sources = { .loop = loop, .calls = calls, .log = &log };
 *
 *	r = headerd_sources_take(&sources, rules, &err);
 *	headerd_sources_close(&sources);
 */
struct headerd_sources {
	struct atoll_loop *loop;
	struct subscriber_calls calls;
	const struct atoll_log *log;
	/* Ours, in the order of the rules: */
	struct subscriber *subscriber[RULES_SOURCES_MAX];
	const struct rules *rules;
};

/* Those of these rules, in place of those before. Connections to who is among them still
   stay, and what is known of them is told again. A negative errno with a sentence for the
   last that could not be had; all others are there. */
int headerd_sources_take(struct headerd_sources *sources, const struct rules *rules,
			 struct atoll_error *err);
void headerd_sources_close(struct headerd_sources *sources);

/* "; voice is there; vision is not there", as far as it fits. */
void headerd_sources_tell(const struct headerd_sources *sources, char *text, size_t room);
/* An array, "sources". */
void headerd_sources_json(const struct headerd_sources *sources, struct atoll_json *json);

#endif
