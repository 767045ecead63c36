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

/* Right shift. A multiplier of 0 may shift as it likes: by one is usual. */
static int32_t shift_of(struct multiplier by)
{
	return by.mantissa ? -by.shift : 1;
}

static int32_t left_of(int32_t n)
{
	return n < 1 ? 1 - n : 1;
}

static bool is_signed_enough(const struct finishing *f, uint64_t products,
			     const int32_t *bias)
{
	for (uint32_t i = 0; i < f->n; i++) {
		uint64_t largest = products * UINT8_MAX * UINT8_MAX;
		int32_t left = left_of(shift_of(f->scale[i]));

		if (bias)
			largest += (uint64_t)llabs(bias[i]);
		if (left > 31 || largest >> (31 - left) != 0)
			return false;
	}
	return true;
}

enum finish finish_choose(const struct finishing *f, uint64_t products,
			  const int32_t *bias)
{
	bool is_cut = f->low >= f->out_zero;

	if (f->real_scale)
		return FINISH_REAL;
	for (uint32_t i = 0; is_cut && i < f->n; i++)
		is_cut = shift_of(f->scale[i]) >= 1;
	if (is_cut)
		return FINISH_CUT;
	return is_signed_enough(f, products, bias) ? FINISH_SIGNED : FINISH_ANY;
}

static void set_add(struct columns *to, uint32_t i, int64_t add)
{
	if (i % 2)
		to->add.odd[i / 2] = add;
	else
		to->add.even[i / 2] = add;
}

void columns_set(struct columns *to, uint32_t i, const struct finishing *f,
		 enum finish finish, uint32_t column)
{
	struct multiplier by = f->scale[column];
	int32_t n = shift_of(by);

	to->mantissa[i] = by.mantissa;
	switch (finish) {
	case FINISH_CUT:
		set_add(to, i, (INT64_C(1) << 30) + (INT64_C(1) << (30 + n)));
		to->shift[i] = n - 1;
		break;
	case FINISH_SIGNED:
		set_add(to, i, (INT64_C(1) << 31) + (n < 1 ? 0 : INT64_C(1) << (31 + n)));
		to->shift[i] = n < 1 ? 0 : n;
		to->left[i] = left_of(n);
		to->sign[i] = n < 1 ? 32 : 31;
		break;
	case FINISH_ANY:
		to->shift[i] = by.shift;
		break;
	case FINISH_REAL:
		to->real[i] = f->real_scale[column];
		break;
	}
}
