/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_CPU_H
#define ATOLL_BOARD_CPU_H

#include "board/error.h"

/*
 * Which instructions the fast loops may use.
 *
 *	enum cpu_level level;
 *
 *	if (cpu_level_choose(&level, &err) < 0)
 *		return NULL;
 *
 * The answer is the best this machine has, unless the environment variable
 * ATOLL_CPU names one of plain, neon, avx2, vnni. -EINVAL for any other word
 * and -ENOTSUP for one that this machine does not have.
 */
enum cpu_level {
	CPU_PLAIN, /* C, any machine */
	CPU_NEON,  /* arm64: Advanced SIMD of armv8.0-a, no dot product */
	CPU_AVX2,
	CPU_VNNI,  /* AVX-512 F, BW, DQ, VL and VNNI */
};

int cpu_level_choose(enum cpu_level *level, struct atoll_error *err);

const char *cpu_level_name(enum cpu_level level);

#endif
