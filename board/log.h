/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_LOG_H
#define ATOLL_BOARD_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "board/error.h"

/*
 * What programs say to people: one line per event, on stderr. Libraries do not
 * log, they return.
 *
 *	struct atoll_log log = atoll_log_new("atoll-classify", ATOLL_LOG_INFO);
 *
 *	atoll_log(&log, ATOLL_LOG_WARNING, "%s: %u names for %zu classes", ...);
 *
 * On a terminal and in a file a line begins with the program's name. Under
 * systemd, which knows the name, it begins with the level as "<4>" instead
 * (sd-daemon(3)).
 */

/* The numbers are those of syslog(3). */
enum atoll_log_level {
	ATOLL_LOG_ERR = 3,     /* we stop */
	ATOLL_LOG_WARNING = 4, /* we go on, worse */
	ATOLL_LOG_NOTICE = 5,  /* someone may want to know */
	ATOLL_LOG_INFO = 6,    /* normal milestones */
	ATOLL_LOG_DEBUG = 7,   /* everything else */
};

struct atoll_log {
	const char *program;
	enum atoll_log_level most; /* what is above is not said */
	bool is_journal;           /* the reader wants levels, not the name */
	FILE *file;                /* stderr */
};

/* `program` is kept, not copied. Looks at JOURNAL_STREAM to see who reads. */
struct atoll_log atoll_log_new(const char *program, enum atoll_log_level most);

/* One line, without its newline, unless `level` is above what is said. */
void atoll_log(const struct atoll_log *log, enum atoll_log_level level,
	       const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with the arguments of another function. */
void atoll_log_list(const struct atoll_log *log, enum atoll_log_level level,
		    const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
