/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VISIOND_GUARD_H
#define ATOLL_APPS_VISIOND_GUARD_H

#include <stdbool.h>

/*
 * Who may see the page.
 *
 *	struct visiond_guard guard = { .token = config->token, .host = "127.0.0.1" };
 *
 *	status = visiond_guard_judge(&guard, &asked, &why);
 *
 * With a token: who knows it, as "Authorization: Bearer TOKEN" or "?token=TOKEN".
 * Without one, and then only this machine can connect: who speaks to this machine by
 * a name of its own (a name elsewhere that suddenly leads here is a trick to make a
 * browser read us for a stranger). And in both cases nobody through a page that
 * came from somewhere else: browsers tell (Origin, and Sec-Fetch-* of the W3C's Fetch
 * Metadata), other programs do not and need not.
 */
struct visiond_guard {
	const char *token; /* NULL: none is asked for */
	const char *host;  /* the address we listen on, as in "http://HOST:PORT/" */
};

/* What a request says; NULL for what it does not. */
struct visiond_asked {
	const char *host, *origin, *authorization, *token;
	const char *fetch_site, *fetch_mode;
	bool is_page;      /* the page itself, which other pages may lead to */
	bool is_change;    /* not merely reading */
};

/* 200, or the status to answer with and a sentence why. */
unsigned visiond_guard_judge(const struct visiond_guard *guard,
			     const struct visiond_asked *asked, const char **why);

#endif
