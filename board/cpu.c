/* SPDX-License-Identifier: Apache-2.0 */
#include "board/cpu.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
	[CPU_PLAIN] = "plain",
	[CPU_NEON] = "neon",
	[CPU_AVX2] = "avx2",
	[CPU_VNNI] = "vnni",
};

static const unsigned levels = sizeof(names) / sizeof(names[0]);

static bool is_present(enum cpu_level level)
{
	switch (level) {
	case CPU_PLAIN:
		return true;
#if defined(__aarch64__)
	case CPU_NEON:
		return true; /* part of every armv8-a */
#elif defined(__x86_64__)
	case CPU_AVX2:
		return __builtin_cpu_supports("avx2");
	case CPU_VNNI:
		return __builtin_cpu_supports("avx512f") &&
		       __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq") &&
		       __builtin_cpu_supports("avx512vl") &&
		       __builtin_cpu_supports("avx512vnni");
#endif
	default:
		return false;
	}
}

const char *cpu_level_name(enum cpu_level level)
{
	return names[level];
}

int cpu_level_choose(enum cpu_level *level, struct atoll_error *err)
{
	const char *wanted = getenv("ATOLL_CPU");
	enum cpu_level best = CPU_PLAIN;

	if (wanted && !*wanted)
		wanted = NULL;
	for (unsigned i = 0; i < levels; i++) {
		bool here = is_present((enum cpu_level)i);

		if (wanted && strcmp(wanted, names[i]) == 0) {
			if (!here)
				return atoll_error_set(err, -ENOTSUP,
					"ATOLL_CPU=%s: this machine does not have it",
					wanted);
			*level = (enum cpu_level)i;
			return 0;
		}
		if (here)
			best = (enum cpu_level)i;
	}
	if (wanted)
		return atoll_error_set(err, -EINVAL,
				       "ATOLL_CPU=%s: not one of plain, neon, avx2, vnni",
				       wanted);
	*level = best;
	return 0;
}
