/* SPDX-License-Identifier: Apache-2.0 */
#include "board/clock.h"

#include <time.h>

#include "board/error.h"

ATOLL_API int64_t atoll_clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

ATOLL_API int64_t atoll_clock_ms(void)
{
	return atoll_clock_ns() / 1000000;
}
