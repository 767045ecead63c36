/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEN_TELL_H
#define ATOLL_APPS_LISTEN_TELL_H

#include <stdbool.h>
#include <stdio.h>

#include "apps/hearing.h"
#include "apps/listen_source.h"

/*
 * What was heard, as lines, each written out at once.
 *
 *	struct listen_tell tell = { .file = stdout };
 *
 *	listen_tell_word(&tell, "yes.wav", hearing_word(hearing, 0), false);
 *
 *	0.35	yes	0.9766            seconds, word, score, tabs between
 */
struct listen_tell {
	FILE *file;
	bool is_json;
	bool has_names;      /* a column with the source before the others */
};

void listen_tell_word(const struct listen_tell *tell, const char *source,
		      const struct hearing_word *word, bool is_live);

/* How a microphone is doing; nothing but in JSON. */
void listen_tell_status(const struct listen_tell *tell, const struct listen_source *source,
			const struct hearing_counts *counts);

#endif
