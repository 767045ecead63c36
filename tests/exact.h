/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_EXACT_H
#define ATOLL_TESTS_EXACT_H

#include <stdint.h>

#include "runtime/tensor.h"

/*
 * The arithmetic of quantized kernels said once more, in wide integers and
 * without runtime/quant.h, for tests to hold the kernels against.
 *
 *	wanted = exact_stored(exact_scaled(sum, in_scale / out_scale), out);
 */

/* x * by, rounded as the reference kernels do: once to 31 bits, then once to
   whole numbers. Left shifts that leave 32 bits saturate. */
int64_t exact_scaled(int64_t x, double by);

/* Plus the zero point, inside what the type can store. */
int64_t exact_stored(int64_t x, const struct atoll_tensor *tensor);

/* The stored number at element i of an integer or boolean tensor. */
int64_t exact_at(const struct atoll_tensor *tensor, size_t i);

/* The same with its zero point taken off. */
int64_t exact_difference(const struct atoll_tensor *tensor, size_t i);

#endif
