/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEND_EAR_H
#define ATOLL_APPS_LISTEND_EAR_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/listend_config.h"
#include "apps/listend_listener.h"
#include "audio/activity.h"
#include "audio/source.h"
#include "board/error.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * A microphone and the models that listen to it, on the loop.
 *
 *	ear = listend_ear_new(config, devices, &calls, &log, &err);  loads the models
 *	listend_ear_open(ear, loop, &err);                     and opens the ear
 *	...
 *	listend_ear_close(ear);
 *
 * A microphone is there once sound has come from it. One that is not there, now or
 * from some moment on, is waited for.
 */
struct listend_ear;

/* Sound that was not taken in time. */
struct listend_loss {
	bool is_over;
	uint64_t overruns;           /* since it began */
	uint64_t lost_ms;
	int64_t for_ms;              /* from when it began to now */
};

struct listend_ear_calls {
	listend_word_call *word;
	void (*loss)(void *data, const struct listend_loss *loss);
	/* Sound begins to come, or it is waited for; also when it was before. */
	void (*microphone)(void *data);
	void *data;
};

enum listend_hearing {
	LISTEND_OPENS,  /* nothing came from it yet */
	LISTEND_HEARS,
	LISTEND_WAITS,  /* for a microphone */
	LISTEND_ENDED,  /* a file that could not be begun again */
};

/* What there is to hear, for people. */
struct listend_ear_state {
	enum listend_hearing hearing;
	const char *name;        /* of the microphone, the file; "" before the first */
	const char *why;         /* it waits */
	struct atoll_sound_counts counts; /* since open */
	struct atoll_level level; /* the loudest of a second before the last tick */
};

/* NULL with a sentence when a model or its labels cannot be used. `config`, `devices`
   and `log` must outlive it. */
struct listend_ear *listend_ear_new(const struct listend_config *config,
				    struct atoll_devices *devices,
				    const struct listend_ear_calls *calls,
				    const struct atoll_log *log, struct atoll_error *err);

/* 0 also when there is no microphone yet; otherwise what is wrong with the file. */
int listend_ear_open(struct listend_ear *ear, struct atoll_loop *loop,
		     struct atoll_error *err);
void listend_ear_close(struct listend_ear *ear); /* NULL is allowed */

/* Once a second: what was lost, what is late, how loud it was. */
void listend_ear_tick(struct listend_ear *ear);

struct listend_ear_state listend_ear_state(const struct listend_ear *ear);

/* NULL past the end. */
const struct listend_listener *listend_ear_listener(const struct listend_ear *ear, uint32_t i);

#endif
