/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADER_OVERLAYS_H
#define ATOLL_APPS_HEADER_OVERLAYS_H

#include <stdbool.h>

/*
 * atoll-header overlays: which device-tree overlays there are for the header, which of
 * them the boot loader applies, and which are in conflict.
 *
 *	struct header_overlays overlays = {
 *		.rest = argv + optind, .rests = argc - optind,
 *	};
 *
 *	return header_overlays(&overlays);
 *
 * "list", "enable NAME" or "disable NAME" is what follows; nothing is "list". The list
 * of the boot loader changes only with the latter two, and what it was is then beside
 * it, OVERLAYS.TXT.bak. The exit status is returned, or the program ends with a sentence.
 */
struct header_overlays {
	const char *boot;      /* the folder of overlays.txt; NULL: "/boot" */
	const char *folder;    /* of compiled overlays; NULL: of those shipped */
	bool installs;         /* --install: enable copies the overlay to `boot` */
	bool is_forced, wants_json;
	char **rest;           /* what follows the command, */
	int rests;             /* so many */
};

int header_overlays(const struct header_overlays *settings);

#endif
