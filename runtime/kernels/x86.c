/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/x86.h"

#include <stdlib.h>

struct finishing gemm_finishing(const struct gemm *g)
{
	uint8_t flip = flip_of(g->is_signed);

	return (struct finishing){ g->n, g->out_zero + flip, g->low + flip,
				   g->high + flip, flip, g->scale, g->real_scale };
}

struct finishing depthwise_finishing(const struct depthwise *d)
{
	uint8_t flip = flip_of(d->is_signed);

	return (struct finishing){ d->out_c, d->out_zero + flip, d->low + flip,
				   d->high + flip, flip, d->scale, NULL };
}

/* Right shift. A multiplier of 0 may shift as it likes; by one is in reach. */
static int32_t shift_of(struct multiplier by)
{
	return by.mantissa ? -by.shift : 1;
}

/* No sum of the layer is larger, on either side. */
static uint64_t largest_sum(uint32_t n, uint64_t products, const int32_t *bias)
{
	uint64_t largest = 0;

	for (uint32_t i = 0; bias && i < n; i++) {
		uint64_t size = (uint64_t)llabs(bias[i]);

		if (size > largest)
			largest = size;
	}
	return largest + products * UINT8_MAX * UINT8_MAX;
}

enum finish finish_choose(const struct finishing *f, uint64_t products,
			  const int32_t *bias)
{
	if (f->real_scale)
		return FINISH_REAL;
	for (uint32_t i = 0; i < f->n; i++) {
		int32_t n = shift_of(f->scale[i]);

		if (n < 1 || n > SHIFT_MAX)
			return FINISH_ANY;
	}
	if (f->low >= f->out_zero)
		return FINISH_CUT;
	return largest_sum(f->n, products, bias) < UINT64_C(1) << 30 ?
		       FINISH_SIGNED : FINISH_ANY;
}

static void set_scale(struct columns *to, uint32_t i, struct multiplier by,
		      enum finish finish, int32_t out_zero)
{
	int64_t *adds = i % 2 ? to->add.odd : to->add.even;
	int32_t n = shift_of(by);
	int64_t add;

	to->mantissa[i] = by.mantissa;
	if (i % 2)
		to->odd_mantissa[i - 1] = by.mantissa;
	if (finish == FINISH_ANY) {
		to->shift[i] = by.shift;
		return;
	}
	add = (INT64_C(1) << 30) + (INT64_C(1) << (30 + n)) +
	      out_zero * (INT64_C(1) << (31 + n));
	adds[i / 2] = finish == FINISH_CUT ? add : 2 * add;
	to->shift[i] = finish == FINISH_CUT ? n - 1 : n;
}

void columns_set(struct columns *to, uint32_t i, const struct finishing *f,
		 enum finish finish, uint32_t n)
{
	if (finish == FINISH_REAL)
		to->real[i] = f->real_scale[n];
	else
		set_scale(to, i, f->scale[n], finish, f->out_zero);
}
