/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SERVICE_H
#define ATOLL_APPS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/settings.h"
#include "board/error.h"
#include "board/events.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * What every daemon does the same way: signals, the watchdog, telling systemd, and
 * the order of starting and stopping.
 *
 *	struct service service = service_begin("atoll-visiond", &calls, &vision);
 *
 *	if (!service_finds(&service, &config_path, "/etc/atoll/visiond.conf"))
 *		return EXIT_CONFIG;
 *	status = service_run(&service);
 *
 * SIGTERM and SIGINT end it, SIGHUP has it read its configuration again; READY and
 * STATUS are told when they are true.
 */

/* EX_CONFIG of sysexits(3): systemd is told not to try again. */
#define EXIT_CONFIG 78

struct service_calls {
	/* `service.loop` is there, and no thread yet. Stop also after a failed start. */
	int (*start)(void *data, struct atoll_error *err);
	void (*stop)(void *data);
	void (*reload)(void *data);
	void (*second)(void *data);             /* has passed */
	void (*status)(void *data, char text[256]); /* in a sentence, for people */
	bool (*is_ready)(void *data);           /* NULL: once it has started, or read its
						   configuration again */
};

struct service {
	struct atoll_log log;
	struct atoll_loop *loop;                /* while it runs */
	const struct service_calls *calls;
	void *data;
	char status[256];                       /* as systemd was told last */
	bool is_ready;                          /* likewise */
};

struct service service_begin(const char *name, const struct service_calls *calls, void *data);

/* A configuration that was asked for must be there; the usual one need not be.
   False: the log has the sentence. */
bool service_finds(const struct service *service, const char **config_path,
		   const char *usual);

/*
 * The events socket of a configuration, from within start or reload: NULL with code 0 in
 * `err` when it is off, or merely not possible at the usual place, of which the log has a
 * sentence.
 */
struct atoll_events *service_events(const struct service *service,
				    const struct settings_events *place, uint32_t clients_max,
				    struct atoll_error *err);

/* Until it is told to end; the exit status. */
int service_run(struct service *service);

/* The status may have changed, or it may be ready now. */
void service_tell(struct service *service);

/* From within a call. */
void service_end(struct service *service, int status);

#endif
