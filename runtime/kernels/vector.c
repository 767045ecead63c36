/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vector.h"

const struct vector_ops *vector_ops(enum cpu_level level)
{
	switch (level) {
#if defined(__aarch64__)
	case CPU_NEON:
		return &vector_neon;
#endif
	default:
		return &vector_plain;
	}
}
