/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEN_SOURCE_H
#define ATOLL_APPS_LISTEN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/listen.h"

/*
 * The microphone or a file of a command line, with everything that can happen to it:
 * blocks, until there are no more or someone says stop (stop.h).
 *
 *	struct listen_source source;
 *
 *	if (listen_source_open(&source, config, "yes.wav", &err) < 0)
 *		return options_say("%s", err.text);
 *	while ((r = listen_source_next(&source, &block)) == 0)
 *		use(&block);
 *	listen_source_close(&source);
 */
enum listen_state { LISTEN_HEARS, LISTEN_AWAY, LISTEN_ENDED };

struct listen_source {
	struct atoll_sound *sound;
	bool is_live;
	enum listen_state state;
	int64_t at_ms;          /* of the source, where the last block ended */
	/* Told when the state of a live source changes, and before words on stderr;
	   set them after open; NULL: nobody asks. */
	void (*changed)(void *data);
	void (*hide)(void *data);
	void *data;
	/* Ours: */
	int64_t for_ms, start_ns;
	int watch_fd;           /* cards come and go; -1 until it matters */
	bool is_failing;
};

/* `what` NULL: the microphone of the command line, its mixer set if asked for.
   0 or a negative errno with a sentence. */
int listen_source_open(struct listen_source *source, const struct listen_config *config,
		       const char *what, struct atoll_error *err);
void listen_source_close(struct listen_source *source);

/* 0; -ECANCELED when someone said stop or the time was up; -ENODATA at the end of a
   file; another negative errno, already said on stderr, for a file that cannot be
   read on. A microphone that goes away is waited for. */
int listen_source_next(struct listen_source *source, struct atoll_block *block);

#endif
