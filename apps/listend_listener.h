/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LISTEND_LISTENER_H
#define ATOLL_APPS_LISTEND_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/hearing.h"
#include "apps/listend_config.h"
#include "audio/block.h"
#include "board/error.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * One model that listens, on the loop.
 *
 *	listend_listener_open(&listener, model, devices, &log, &err);
 *	listend_listener_watch(&listener, loop, on_word, data, &err);
 *	listend_listener_give(&listener, &block);         sound, as it comes
 *	listend_listener_close(&listener);
 *
 * Features are made here, runs are in the model's own thread: one may take long where it
 * waits for a device (an Edge TPU that is pulled out, a daemon that is busy), and a
 * microphone does not wait. What falls due during a run is left out and counted.
 */
struct listend_listener;

/* start_ns: about when the word began, CLOCK_MONOTONIC. */
typedef void listend_word_call(void *data, const struct listend_listener *listener,
			       const struct hearing_word *word, int64_t start_ns);

struct listend_listener {
	const struct listend_model *model;
	struct hearing *hearing;     /* NULL: not open */
	/* Ours: */
	const struct atoll_log *log;
	struct atoll_loop *loop;     /* NULL: not watched */
	listend_word_call *on_word;
	void *data;
	int64_t origin_ns;           /* when sample 0 was taken, by the last block */
	bool is_failing;
	uint64_t late_before, late_from; /* at the last tick, when it began to be late */
	int64_t late_since_ns;       /* 0: it is not */
};

/* 0, or a negative errno with a sentence. `model` and `log` must outlive it. */
int listend_listener_open(struct listend_listener *listener, const struct listend_model *model,
			  struct atoll_devices *devices, const struct atoll_log *log,
			  struct atoll_error *err);
int listend_listener_watch(struct listend_listener *listener, struct atoll_loop *loop,
			   listend_word_call *on_word, void *data, struct atoll_error *err);
void listend_listener_give(struct listend_listener *listener, const struct atoll_block *block);

/* Once a second: whether it keeps up. */
void listend_listener_tick(struct listend_listener *listener);
void listend_listener_close(struct listend_listener *listener);

#endif
