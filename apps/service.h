/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_SERVICE_H
#define ATOLL_APPS_SERVICE_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "apps/options.h"
#include "apps/settings.h"
#include "board/error.h"
#include "board/events.h"
#include "board/log.h"
#include "board/loop.h"

/*
 * What every daemon does the same way: options, signals, the watchdog, telling
 * systemd, and the order of starting, reading the configuration again and stopping.
 *
 *	struct service service = service_begin("atoll-visiond", &calls, &vision);
 *	const struct option names[] = { SERVICE_OPTIONS, { NULL, 0, NULL, 0 } };
 *
 *	while ((c = getopt_long(argc, argv, SERVICE_LETTERS, names, NULL)) != -1)
 *		service_option(&service, c, help);
 *	if (!service_finds(&service, "/etc/atoll/visiond.conf"))
 *		return EXIT_CONFIG;
 *	if (!service.wants_check)
 *		status = service_run(&service);
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
	/* The next configuration takes the place of the old one, which stays when it
	   fails. */
	int (*reload)(void *data, struct atoll_error *err);
	/* What the work is done with, after start and reload; without it there is none.
	   NULL: nothing. */
	int (*open)(void *data, struct atoll_error *err);
	void (*second)(void *data);             /* has passed */
	void (*status)(void *data, char text[256]); /* in a sentence, for people */
	bool (*is_ready)(void *data);           /* NULL: once it has started, or read its
						   configuration again */
};

struct service {
	const char *config_path;                /* NULL until it was asked for or found */
	bool wants_check;                       /* of the configuration, and no more */
	struct atoll_log log;
	struct atoll_loop *loop;                /* while it runs */
	const struct service_calls *calls;
	void *data;
	char status[256];                       /* as systemd was told last */
	bool is_ready;                          /* likewise */
};

struct service service_begin(const char *name, const struct service_calls *calls, void *data);

/* The options of every daemon, for getopt_long; its own have letters beside these, or
   numbers from SERVICE_FIRST_OWN on. */
enum { SERVICE_CHECK = OPTION_FIRST_OWN, SERVICE_FIRST_OWN };

#define SERVICE_LETTERS "c:vh"
#define SERVICE_OPTIONS \
	{ "config", required_argument, NULL, 'c' }, \
	{ "check", no_argument, NULL, SERVICE_CHECK }, \
	{ "verbose", no_argument, NULL, 'v' }, \
	{ "help", no_argument, NULL, 'h' }, \
	{ "version", no_argument, NULL, OPTION_VERSION }

/* What getopt_long gave that is none of its own. */
void service_option(struct service *service, int option, const char *help);

/* A configuration that was asked for must be there; the usual one need not be.
   False: the log has the sentence. */
bool service_finds(struct service *service, const char *usual);

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

#endif
