/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_CLOCK_H
#define ATOLL_BOARD_CLOCK_H

#include <stdint.h>

/*
 * The clock that only goes forward (CLOCK_MONOTONIC), by which frames are stamped
 * and waiting is measured. Any thread may ask.
 *
 *	int64_t start_ns = atoll_clock_ns();
 *
 *	look_at(&frame);
 *	printf("%.1f ms\n", (double)(atoll_clock_ns() - start_ns) / 1e6);
 */
int64_t atoll_clock_ns(void);
int64_t atoll_clock_ms(void);

#endif
