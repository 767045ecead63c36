/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_DAEMON_H
#define ATOLL_TESTS_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/serve/server.h"

/*
 * The server of atoll-tpud with emulated TPUs, on a thread of the test.
 *
 *	struct daemon *daemon = daemon_start(path, &(struct daemon_options){ .tpus = 2 });
 *
 *	connect clients to `path`
 *	daemon_stop(daemon);
 *
 * Whatever cannot be started ends the program.
 */
struct daemon;

struct daemon_options {
	uint32_t tpus;
	uint64_t bytes_per_second;   /* of each, 0: no delay */
	bool has_cpu;
	struct server_limits limits;
	uint32_t patience_ms, group_ms;
	uint32_t look_ms;            /* between looks at the bus, 0: 20 */
};

/* It listens when this returns. */
struct daemon *daemon_start(const char *path, const struct daemon_options *options);
void daemon_stop(struct daemon *daemon);

/* Of the nth TPU, from 0: pull it out, put it back, break it. */
void daemon_unplug(struct daemon *daemon, uint32_t nth);
void daemon_replug(struct daemon *daemon, uint32_t nth);
void daemon_break(struct daemon *daemon, uint32_t nth, const char *faults);

/* What was said to people so far, up to some KiB. */
const char *daemon_log(struct daemon *daemon);

#endif
