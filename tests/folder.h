/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FOLDER_H
#define ATOLL_TESTS_FOLDER_H

#include <stddef.h>

/*
 * A folder of its own for each test, gone again after it with all that is in it.
 *
 *	static void a_file_is_read(void **state)
 *	{
 *		FILE *file = fopen(in_folder("a.txt"), "w");
 *	}
 *
 *	static const struct CMUnitTest tests[] = {
 *		IN_FOLDER(a_file_is_read),
 *	};
 */
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

/* Where it is, between the two. */
extern char folder[32];

int folder_make(void **state);
int folder_remove(void **state);

/* "FOLDER/NAME". Overwritten by the fourth call after it. */
const char *in_folder(const char *name);

/* How many files and folders are in it. */
unsigned folder_count(void);

/* From now on no file of this process grows above `bytes`, which is told as EFBIG; and
   as it was before that. */
void folder_limit(size_t bytes);
void folder_limit_end(void);

#endif
