/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vector.h"

const struct vector_ops *vector_ops(enum cpu_level level)
{
	switch (level) {
	default:
		return &vector_plain;
	}
}
