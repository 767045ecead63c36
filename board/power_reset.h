/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_POWER_RESET_H
#define ATOLL_BOARD_POWER_RESET_H

#include <stddef.h>

/*
 * Why the machine started the last time, as far as anybody knows; part of
 * board/power.h.
 *
 *	power_reset_read("", reason, sizeof(reason));
 *	puts(reason[0] ? reason : "unknown");
 */
void power_reset_read(const char *root, char *reason, size_t room);

#endif
