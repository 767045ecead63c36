/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_STOP_H
#define ATOLL_APPS_STOP_H

#include <stdbool.h>

/*
 * SIGINT and SIGTERM as something to ask and something to wait for, for programs
 * that also read from files and pipes, where no loop can wait for them.
 *
 *	stop_begin();
 *	while (!stop_wanted())
 *		work();        may poll stop_fd() for POLLIN
 *	stop_end();
 *
 * The first signal also interrupts a read that waits (EINTR), and again each second until
 * stop_end, lest it came just before the read; a second one ends the program at once.
 * Signals belong to the whole program, and so does this.
 */
void stop_begin(void); /* or options_could_not */
bool stop_wanted(void);
int stop_fd(void);
void stop_end(void);

#endif
