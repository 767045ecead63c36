/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_NOTIFY_H
#define ATOLL_BOARD_NOTIFY_H

#include <stdint.h>

/*
 * Telling systemd how a daemon is (sd_notify(3)): one datagram to the socket in
 * NOTIFY_SOCKET, nothing when there is none.
 *
 *	atoll_notify("READY=1\nSTATUS=%ux%u at %u frames per second", ...);
 *	if (atoll_notify_watchdog_ms() > 0)
 *		atoll_loop_every(loop, atoll_notify_watchdog_ms(), ping, NULL);
 *
 * Waits for half a second at most when the supervisor is busy.
 */

/* printf for assignments, one per line. 1 when sent, 0 when nobody asked, or a
   negative errno; -EMSGSIZE above 4 KiB, -EAGAIN when nobody takes it. */
int atoll_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Half of WATCHDOG_USEC, the time after which "WATCHDOG=1" is due again; 0 when
   no watchdog is set for this process (WATCHDOG_PID), or one below 2 ms. */
uint32_t atoll_notify_watchdog_ms(void);

#endif
