/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_FILL_H
#define ATOLL_RUNTIME_FILL_H

#include <stdint.h>

#include "runtime/tensor.h"

/*
 * Repeatable test inputs that need no files.
 *
 *	atoll_fill(ATOLL_FILL_PATTERN, 0, atoll_session_input(session, 0));
 *
 * For element i of input number n, as a byte b:
 *
 *	pattern   (i * 31 + 7) mod 256
 *	lcg       x = x * 1664525 + 1013904223 (mod 2^32), b = x >> 24, where x
 *	          starts at 12345 + n
 *
 * Every byte of an integer tensor is one such b; a float element is
 * ((i * 31 + 7) mod 255) / 127.5 - 1 for pattern and b / 127.5 - 1 for lcg,
 * computed in double.
 */
enum atoll_fill {
	ATOLL_FILL_PATTERN,
	ATOLL_FILL_LCG,
};

void atoll_fill(enum atoll_fill fill, uint32_t number, struct atoll_tensor *input);

#endif
