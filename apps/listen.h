/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEN_H
#define ATOLL_APPS_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/hearing.h"
#include "audio/source.h"

/*
 * The parts of atoll-listen, in the order in which a word passes through them.
 *
 *	struct listen_config config = { .hearing.is_gated = true };
 *
 *	listen_options(&config, argc, argv, help);
 *	status = config.wants_list ? listen_list(&config) :
 *		config.teach ? listen_teach(&config) : listen_run(&config);
 *
 *	listen.c          from the microphone, or one file after the other, through
 *	                  the model
 *	listen_source.c   opens them; waits for a microphone that was unplugged
 *	listen_meter.c    how loud it is
 *	listen_tell.c     words as lines
 *	listen_show.c     words on a terminal
 *	listen_list.c     the microphones there are
 *	listen_teach.c    examples of a new word instead
 *
 * A microphone runs until something says stop; files as fast as they can be read.
 * Nothing is allocated per block.
 */
struct listen_config {
	struct hearing_config hearing;
	const char *clock;       /* of an Edge TPU; NULL: as configured */
	const char *words_path;  /* of taught words; NULL: the user's own */

	struct atoll_sound_config sound; /* all but `what`; raw only for "-" */
	const char *microphone;  /* what to match; NULL: none, but .. */
	char **what;             /* .. these files */
	int whats;
	const char *mixer;       /* a preset, "board", or NULL: leave it as it is */

	int64_t for_ms;          /* of the microphone or each file, 0: to its end */
	const char *until;       /* a word, or NULL */
	const char *teach;       /* a word, or NULL */
	uint32_t examples;       /* of it */
	bool wants_list, wants_json;
};

/* Read the command line; does not return from a wrong one. */
void listen_options(struct listen_config *config, int argc, char **argv, const char *help);

/* Each returns the exit status: 0, or EXIT_COULD_NOT when something could not be
   heard or what --until asks for was not. A model that does not open ends the
   program. */
int listen_run(const struct listen_config *config);
int listen_list(const struct listen_config *config);
int listen_teach(const struct listen_config *config);

/* The model with its taught words, or options_could_not. The path of the words is
   to be freed. */
struct hearing *listen_open_hearing(const struct listen_config *config,
				    struct atoll_devices *devices);
char *listen_words_path(const struct listen_config *config);

#endif
