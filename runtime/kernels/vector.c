/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vector.h"

const struct vector_ops *vector_ops(enum cpu_level level)
{
	switch (level) {
#if defined(__aarch64__)
	case CPU_NEON:
		return &vector_neon;
#elif defined(__x86_64__)
	case CPU_AVX2:
		return &vector_avx2;
	case CPU_VNNI:
		return &vector_vnni;
#endif
	default:
		return &vector_plain;
	}
}
