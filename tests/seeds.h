/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SEEDS_H
#define ATOLL_TESTS_SEEDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Files for a fuzzer to start from.
 *
 *	fuzz_picture --seeds DIR
 *
 *	if (seeds_wanted(*argc, *argv)) {
 *		seeds_write((*argv)[2], "jpeg", bytes, size);
 *		exit(0);
 *	}
 */
int seeds_wanted(int argc, char **argv);

/* `bytes` whole, cut off at half, and with one byte turned over in eight places;
   ends the program when a file cannot be written. */
void seeds_write(const char *folder, const char *name, const uint8_t *bytes, size_t size);

#endif
