/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_CHECK_H
#define ATOLL_TESTS_CHECK_H

/*
 * What every test program needs around cmocka.
 *
 *	static void a_zero_stays_zero(void **state) { ... assert_int_equal(...); }
 *
 *	int main(void)
 *	{
 *		static const struct CMUnitTest tests[] = {
 *			cmocka_unit_test(a_zero_stays_zero),
 *		};
 *		return CHECK_RUN(tests);
 *	}
 *
 * Results are TAP; tests/run.sh adds them up.
 */

/* clang-format off: cmocka wants these before its own header */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define CHECK_RUN(tests) \
	(cmocka_set_message_output(CM_OUTPUT_TAP), \
	 cmocka_run_group_tests(tests, NULL, NULL) != 0)

/* ATOLL_TEST_DATA or ../shared: the folder of other people's test data. */
const char *check_data(void);

/* `format` below check_data(); skips the test, by name, when it is not there.
   The result is overwritten by the fourth call after it. */
const char *check_data_path(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The whole file in malloc'ed memory, with a NUL behind it; fails the test when
   that does not work. */
void *check_read(const char *path, size_t *size);

/* Repeatable random numbers: same seed, same numbers, everywhere. */
struct check_random {
	uint64_t state;
};

uint32_t check_random(struct check_random *random);

/* low..high, both included. */
int32_t check_random_in(struct check_random *random, int32_t low, int32_t high);

#endif
