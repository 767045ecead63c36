/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/quant.h"

#include <float.h>
#include <math.h>

/* Shifting any other number left by more than this leaves no bit of it. */
#define SHIFT_MAX 32

struct multiplier multiplier_from(double value)
{
	int exponent;
	double fraction = frexp(value, &exponent);
	int64_t mantissa;

	/* Finite scales can have a quotient that is not. */
	if (!isfinite(value))
		return (struct multiplier){ INT32_MAX, SHIFT_MAX };
	mantissa = (int64_t)round(fraction * (double)(INT64_C(1) << 31));
	if (mantissa == INT64_C(1) << 31) {
		mantissa /= 2;
		exponent++;
	}
	if (exponent < -31)
		return (struct multiplier){ 0, 0 };
	if (exponent > SHIFT_MAX)
		exponent = SHIFT_MAX;
	return (struct multiplier){ (int32_t)mantissa, mantissa ? exponent : 0 };
}

/* A bias of 64 bits and a shift of up to 32 need more than 64. */
int32_t multiply_by_quantized_64(int64_t x, struct multiplier by)
{
	int64_t mantissa = by.mantissa < 0x7fff0000 ?
		(by.mantissa + (1 << 15)) >> 16 : 0x7fff;
	__int128 wide = (__int128)x * mantissa;
	int shift = 15 - by.shift;

	if (shift > 0)
		wide = (wide + ((__int128)1 << (shift - 1))) >> shift;
	else
		wide *= (__int128)1 << -shift;
	return (int32_t)(wide < INT32_MIN ? INT32_MIN : wide > INT32_MAX ? INT32_MAX : wide);
}

struct quant_range quant_type_range(enum atoll_type type)
{
	switch (type) {
	case ATOLL_UINT8:
		return (struct quant_range){ 0, UINT8_MAX };
	case ATOLL_INT8:
		return (struct quant_range){ INT8_MIN, INT8_MAX };
	case ATOLL_INT16:
		return (struct quant_range){ INT16_MIN, INT16_MAX };
	default:
		return (struct quant_range){ INT32_MIN, INT32_MAX };
	}
}

/* Stored value of a real one; the division and rounding are float's. */
static int32_t stored(float real, const struct atoll_quant *quant)
{
	float steps = roundf(real / quant->scale);

	/* Keep the cast defined for scales near zero; the type range follows. */
	steps = fminf(fmaxf(steps, -1e9f), 1e9f);
	return quant->zero_point + (int32_t)steps;
}

static int32_t higher(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int32_t lower(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

struct quant_range quant_activation_range(enum activation activation,
					  const struct atoll_tensor *output)
{
	struct quant_range range = quant_type_range(output->type);
	const struct atoll_quant *quant = &output->quant;

	switch (activation) {
	case ACTIVATION_RELU:
		range.low = higher(range.low, stored(0, quant));
		break;
	case ACTIVATION_RELU6:
		range.low = higher(range.low, stored(0, quant));
		range.high = lower(range.high, stored(6, quant));
		break;
	case ACTIVATION_RELU_N1_TO_1:
		range.low = higher(range.low, stored(-1, quant));
		range.high = lower(range.high, stored(1, quant));
		break;
	default:
		break;
	}
	return range;
}

struct quant_range whole_activation_range(enum activation activation)
{
	switch (activation) {
	case ACTIVATION_RELU:
		return (struct quant_range){ 0, INT32_MAX };
	case ACTIVATION_RELU6:
		return (struct quant_range){ 0, 6 };
	case ACTIVATION_RELU_N1_TO_1:
		return (struct quant_range){ -1, 1 };
	default:
		return (struct quant_range){ INT32_MIN, INT32_MAX };
	}
}

struct float_range float_activation_range(enum activation activation)
{
	switch (activation) {
	case ACTIVATION_RELU:
		return (struct float_range){ 0, FLT_MAX };
	case ACTIVATION_RELU6:
		return (struct float_range){ 0, 6 };
	case ACTIVATION_RELU_N1_TO_1:
		return (struct float_range){ -1, 1 };
	default:
		return (struct float_range){ -FLT_MAX, FLT_MAX };
	}
}
