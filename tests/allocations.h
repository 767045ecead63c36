/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_ALLOCATIONS_H
#define ATOLL_TESTS_ALLOCATIONS_H

/*
 * How often memory was taken from the heap, by any thread of the program.
 *
 *	unsigned long before = allocations();
 *
 *	invoke(session);
 *	assert_int_equal(allocations(), before);
 *
 * Programs that call this get malloc and its relatives from here, or a hook of
 * the sanitizer that has replaced them already.
 */
unsigned long allocations(void);

#endif
