/* SPDX-License-Identifier: Apache-2.0 */
#include "board/clock.h"

#include <time.h>

#include "tests/check.h"

static void it_is_the_clock_that_stamps_frames_and_never_goes_back(void **state)
{
	struct timespec before, after;
	int64_t last_ns = 0;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	for (int i = 0; i < 1000; i++) {
		int64_t now_ns = atoll_clock_ns();

		assert_true(now_ns >= last_ns);
		last_ns = now_ns;
	}
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(last_ns, before.tv_sec * 1000000000 + before.tv_nsec,
			after.tv_sec * 1000000000 + after.tv_nsec);
	assert_in_range(atoll_clock_ms(), last_ns / 1000000, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_clock_that_stamps_frames_and_never_goes_back),
	};

	return CHECK_RUN(tests);
}
