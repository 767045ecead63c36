/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_POWER_CLOCK_H
#define ATOLL_APPS_POWER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/chip.h"

/*
 * The clock that Edge TPUs run at when nobody asks for another: what it is, who says so,
 * and saying otherwise in a drop-in of our own.
 *
 *	struct power_clock clock;
 *
 *	r = power_clock_put("", POWER_CLOCK_DAEMON, POWER_CLOCK_SET, EDGETPU_CLOCK_LOW, &err);
 *	r = power_clock_read("", POWER_CLOCK_DAEMON, &clock, &err);
 *	printf("%s, by %s\n", edgetpu_clock_text(clock.level), clock.place);
 *	power_clock_tell("", &err);
 *
 * `root` stands before every path. Errors are negative errnos with a sentence.
 */
enum power_clock_user {
	POWER_CLOCK_PROGRAMS, /* that open one themselves: /etc/atoll/tpu.conf */
	POWER_CLOCK_DAEMON,   /* atoll-tpud: /etc/atoll/tpud.conf */
	POWER_CLOCK_USERS,
};

struct power_clock {
	enum edgetpu_clock level;
	char place[128];      /* "FILE:LINE", empty: nobody says so */
};

int power_clock_read(const char *root, enum power_clock_user user,
		     struct power_clock *clock, struct atoll_error *err);

/* Drop-ins: what was set by hand or by a profile, and what has the last word while it is
   too hot. */
#define POWER_CLOCK_SET "90-power.conf"
#define POWER_CLOCK_HEAT "95-power-govern.conf"

int power_clock_put(const char *root, enum power_clock_user user, const char *drop_in,
		    enum edgetpu_clock level, struct atoll_error *err);
/* It need not be there. */
int power_clock_remove(const char *root, enum power_clock_user user, const char *drop_in,
		       struct atoll_error *err);

/* Have atoll-tpud read its configuration again; 0 also when it does not run. */
int power_clock_tell(const char *root, struct atoll_error *err);

/* Where atoll-tpud listens, in `path`; NULL when it does not. */
const char *power_clock_socket(const char *root, char path[128]);

#endif
