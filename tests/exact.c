/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/exact.h"

#include <math.h>

static int64_t within(int64_t x, int64_t low, int64_t high)
{
	return x < low ? low : x > high ? high : x;
}

int64_t exact_scaled(int64_t x, double by)
{
	int exponent = 0;
	int64_t mantissa;
	double high;

	if (by == 0)
		return 0;
	for (; by >= 1; by /= 2)
		exponent++;
	for (; by < 0.5; by *= 2)
		exponent--;
	mantissa = llround(by * 0x1p31);
	if (mantissa == INT64_C(1) << 31) {
		mantissa /= 2;
		exponent++;
	}
	if (exponent < -31)
		return 0;
	for (; exponent > 0; exponent--)
		x = within(2 * x, INT32_MIN, INT32_MAX);
	/* 62 bits at most, and the quotient by 2^31 is floored. */
	high = (double)((x * mantissa + (INT64_C(1) << 30)) >> 31);
	return llround(ldexp(high, exponent));
}

int64_t exact_stored(int64_t x, const struct atoll_tensor *tensor)
{
	x += tensor->quant.zero_point;
	switch (tensor->type) {
	case ATOLL_UINT8:
		return within(x, 0, 255);
	case ATOLL_INT8:
		return within(x, -128, 127);
	case ATOLL_INT16:
		return within(x, -32768, 32767);
	default:
		return within(x, INT32_MIN, INT32_MAX);
	}
}

int64_t exact_at(const struct atoll_tensor *tensor, size_t i)
{
	switch (tensor->type) {
	case ATOLL_INT8:
		return ((const int8_t *)tensor->data)[i];
	case ATOLL_INT16:
		return ((const int16_t *)tensor->data)[i];
	case ATOLL_INT32:
		return ((const int32_t *)tensor->data)[i];
	case ATOLL_INT64:
		return ((const int64_t *)tensor->data)[i];
	default:
		return ((const uint8_t *)tensor->data)[i];
	}
}

int64_t exact_difference(const struct atoll_tensor *tensor, size_t i)
{
	return exact_at(tensor, i) - tensor->quant.zero_point;
}
