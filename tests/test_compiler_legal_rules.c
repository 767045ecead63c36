/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/legal_rules.h"

#include <stdio.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/lone.h"

static void operators_come_with_runtime_versions(void **unused)
{
	static const struct {
		uint32_t code;
		int32_t since;
	} list[] = {
		{ BUILTIN_RSQRT, 14 }, { BUILTIN_TRANSPOSE, 14 }, { BUILTIN_REDUCE_MAX, 14 },
		{ BUILTIN_REDUCE_MIN, 14 }, { BUILTIN_SQUARED_DIFFERENCE, 14 },
		{ BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM, 14 }, { BUILTIN_QUANTIZE, 13 },
		{ BUILTIN_PACK, 13 }, { BUILTIN_EXPAND_DIMS, 13 }, { BUILTIN_PRELU, 13 },
		{ BUILTIN_SUM, 13 }, { BUILTIN_TRANSPOSE_CONV, 13 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct lone l = lone_plain(list[i].code);
		char words[64];

		lone_ints(&l, DIMS(1)); /* an axis, for those that want one */
		snprintf(words, sizeof(words), "came with runtime version %d", list[i].since);
		lone_refused_at(&l, list[i].since - 1, ATOLL_NOT_MAPPED_OPERATOR, words);
		assert_true(lone_judge(&l, list[i].since) != ATOLL_NOT_MAPPED_OPERATOR);
		lone_free(&l);
	}
}

static void newer_versions_of_operators_are_not_understood(void **unused)
{
	struct lone l = lone_new(BUILTIN_RESIZE_NEAREST_NEIGHBOR);

	(void)unused;
	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_ints(&l, DIMS(16, 16));
	lone_out(&l, DIMS(1, 16, 16, 4));
	l.op.version = 3;
	lone_judge(&l, LONE_NEWEST);
	assert_string_equal(l.verdict.advice,
			    "resize without half_pixel_centers and align_corners");
	lone_refused(&l, ATOLL_NOT_MAPPED_VERSION,
		       "version 3 of RESIZE_NEAREST_NEIGHBOR, 2 is understood");
}

static struct lone dense(int32_t rows)
{
	struct lone l = lone_new(BUILTIN_FULLY_CONNECTED);

	lone_in(&l, DIMS(rows, 4));
	lone_constant(&l, 1, DIMS(3, 4));
	lone_nothing(&l);
	lone_out(&l, DIMS(rows, 3));
	return l;
}

static void several_rows_are_not_flat(void **unused)
{
	struct lone l = dense(1);

	(void)unused;
	lone_mapped(&l);
	l = dense(2);
	lone_refused(&l, ATOLL_NOT_MAPPED_NOT_FLAT, "output 0 is 2x3, more than one row");
	l = lone_new(BUILTIN_SOFTMAX);
	lone_in(&l, DIMS(1, 2, 3));
	lone_out(&l, DIMS(1, 2, 3));
	lone_refused(&l, ATOLL_NOT_MAPPED_NOT_FLAT, "output 0 is 1x2x3");
}

static void activations_are_not_fused_into_pools(void **unused)
{
	static const uint32_t codes[] = { BUILTIN_AVERAGE_POOL_2D, BUILTIN_MAX_POOL_2D };
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		l = lone_plain(codes[i]);
		lone_mapped(&l);
		l = lone_plain(codes[i]);
		lone_byte(&l, POOL_2D_FUSED_ACTIVATION, 1);
		lone_limited(&l, "it has a fused activation");
	}
	l = lone_new(BUILTIN_CONCATENATION);
	lone_in(&l, DIMS(1, 4));
	lone_in(&l, DIMS(1, 4));
	lone_out(&l, DIMS(1, 8));
	lone_option(&l, CONCATENATION_AXIS, 1);
	lone_byte(&l, CONCATENATION_FUSED_ACTIVATION, 1);
	lone_limited(&l, "it has a fused activation");
}

static struct lone dilated(int32_t x, int32_t y)
{
	struct lone l = lone_new(BUILTIN_CONV_2D);

	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_constant(&l, 1, DIMS(2, 3, 3, 4));
	lone_ints(&l, DIMS(1, 2));
	lone_out(&l, DIMS(1, 8, 8, 2));
	lone_option(&l, CONV_2D_DILATION_W, x);
	lone_option(&l, CONV_2D_DILATION_H, y);
	return l;
}

static void dilation_is_the_same_in_both_directions(void **unused)
{
	struct lone l = dilated(2, 2);

	(void)unused;
	lone_mapped_at(&l, 12);
	lone_mapped(&l);
	l = dilated(2, 1);
	lone_limited(&l, "dilated by 2 in x and 1 in y");
}

static struct lone depthwise(int32_t x, int32_t y)
{
	struct lone l = lone_new(BUILTIN_DEPTHWISE_CONV_2D);

	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_constant(&l, 1, DIMS(1, 3, 3, 4));
	lone_ints(&l, DIMS(1, 2, 3, 4));
	lone_out(&l, DIMS(1, 8, 8, 4));
	lone_option(&l, DEPTHWISE_CONV_2D_DILATION_W, x);
	lone_option(&l, DEPTHWISE_CONV_2D_DILATION_H, y);
	return l;
}

static void depthwise_dilation_came_with_version_13(void **unused)
{
	struct lone l = depthwise(2, 2);

	(void)unused;
	lone_refused_at(&l, 12, ATOLL_NOT_MAPPED_LIMIT, "dilated, which came with");
	lone_mapped(&l);
	l = depthwise(1, 1);
	lone_mapped_at(&l, 12);
	lone_free(&l);
	l = depthwise(1, 2);
	lone_limited(&l, "dilated by 1 in x and 2 in y");
}

static void convolutions_see_all_channels(void **unused)
{
	struct lone l = lone_new(BUILTIN_CONV_2D);

	(void)unused;
	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_constant(&l, 1, DIMS(2, 3, 3, 2));
	lone_out(&l, DIMS(1, 8, 8, 2));
	lone_limited(&l, "its filters see only 2 of 4 channels");
}

static void weights_and_biases_have_their_types(void **unused)
{
	struct lone l = lone_new(BUILTIN_CONV_2D);

	(void)unused;
	lone_in(&l, DIMS(1, 8, 8, 4));
	l.type = ATOLL_FLOAT32;
	lone_constant(&l, 0, DIMS(2, 3, 3, 4));
	l.type = ATOLL_INT8;
	lone_out(&l, DIMS(1, 8, 8, 2));
	lone_limited(&l, "input 1, the weights, has no 8-bit numbers");
	l = lone_new(BUILTIN_FULLY_CONNECTED);
	lone_in(&l, DIMS(1, 4));
	lone_constant(&l, 1, DIMS(3, 4));
	lone_constant(&l, 1, DIMS(3));
	lone_out(&l, DIMS(1, 3));
	lone_limited(&l, "input 2, the bias, is int8");
}

static void shuffled_weights_are_refused(void **unused)
{
	struct lone l = dense(1);

	(void)unused;
	lone_byte(&l, FULLY_CONNECTED_WEIGHTS_FORMAT, WEIGHTS_SHUFFLED_4X16_INT8);
	lone_limited(&l, "its weights are shuffled");
}

static void softmax_takes_16000_elements(void **unused)
{
	struct lone l = lone_new(BUILTIN_SOFTMAX);

	(void)unused;
	lone_in(&l, DIMS(1, 16000));
	lone_out(&l, DIMS(1, 16000));
	lone_mapped(&l);
	l = lone_new(BUILTIN_SOFTMAX);
	lone_in(&l, DIMS(1, 16001));
	lone_out(&l, DIMS(1, 16001));
	lone_limited(&l, "16001 elements");
}

static struct lone prelu(size_t rank, const int32_t *alpha)
{
	struct lone l = lone_new(BUILTIN_PRELU);

	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_constant(&l, 1, rank, alpha);
	lone_out(&l, DIMS(1, 8, 8, 4));
	return l;
}

static void alpha_is_shared_by_all_pixels(void **unused)
{
	struct lone l = prelu(DIMS(1, 1, 4));

	(void)unused;
	lone_mapped(&l);
	l = prelu(DIMS(8, 8, 4));
	lone_limited(&l, "alpha is 8x8x4");
}

static struct lone quantize(enum atoll_type from, enum atoll_type to)
{
	struct lone l = lone_new(BUILTIN_QUANTIZE);

	l.type = from;
	lone_in(&l, DIMS(1, 4));
	l.type = to;
	lone_out(&l, DIMS(1, 4));
	return l;
}

static void quantizing_starts_from_numbers_that_are_quantized(void **unused)
{
	struct lone l = quantize(ATOLL_UINT8, ATOLL_INT8);

	(void)unused;
	lone_mapped(&l);
	l = quantize(ATOLL_INT16, ATOLL_INT8);
	lone_mapped(&l);
	l = quantize(ATOLL_FLOAT32, ATOLL_INT8);
	lone_limited(&l, "input 0 is float32");
	l = quantize(ATOLL_INT8, ATOLL_INT16);
	lone_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is int16");
}

/* `left_out` is an input of the four gates that is not there; `extra` one that is. */
static struct lone lstm(int32_t left_out, int32_t extra)
{
	struct lone l = lone_new(BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM);

	lone_in(&l, DIMS(1, 3, 4));
	for (int32_t i = 1; i < 24; i++) {
		if (i == left_out)
			lone_nothing(&l);
		else if (i == 18)
			lone_state(&l, ATOLL_INT8, 2);
		else if (i == 19)
			lone_state(&l, ATOLL_INT16, 2);
		else if (i >= 12 && i <= 15)
			lone_ints(&l, DIMS(1, 2));
		else if (i <= 8 || i == extra)
			lone_constant(&l, 1, DIMS(2, i <= 4 ? 4 : 2));
		else
			lone_nothing(&l);
	}
	lone_out(&l, DIMS(1, 3, 2));
	return l;
}

static void lstms_have_four_gates_and_nothing_else(void **unused)
{
	struct lone l = lstm(-1, -1);

	(void)unused;
	lone_mapped(&l);
	l = lstm(1, -1);
	lone_limited(&l, "it has not a gate of its own");
	l = lstm(-1, 9);
	lone_limited(&l, "it has peepholes");
	l = lstm(-1, 16);
	lone_limited(&l, "it has a projection");
	l = lstm(-1, 20);
	lone_limited(&l, "it has layer normalization");
}

/* Pairs of one operator and its answer, for all without a condition. */
static void plain_operators_are_mapped_from_the_beginning(void **unused)
{
	static const uint32_t one[] = {
		BUILTIN_LOGISTIC, BUILTIN_TANH, BUILTIN_RELU, BUILTIN_RELU6,
		BUILTIN_RELU_N1_TO_1, BUILTIN_L2_NORMALIZATION, BUILTIN_SPACE_TO_DEPTH,
	};
	static const uint32_t two[] = {
		BUILTIN_ADD, BUILTIN_SUB, BUILTIN_MUL, BUILTIN_MAXIMUM, BUILTIN_MINIMUM,
	};
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		l = lone_plain(one[i]);
		lone_mapped_at(&l, 12);
		lone_free(&l);
	}
	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
		l = lone_new(two[i]);
		l.type = ATOLL_UINT8;
		lone_in(&l, DIMS(1, 8, 8, 4));
		lone_constant(&l, 3, DIMS(4));
		lone_out(&l, DIMS(1, 8, 8, 4));
		lone_mapped_at(&l, 10);
		lone_free(&l);
	}
	l = lone_new(BUILTIN_SLICE);
	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_ints(&l, DIMS(0, 0, 0, 0));
	lone_ints(&l, DIMS(1, 4, 4, 4));
	lone_out(&l, DIMS(1, 4, 4, 4));
	lone_mapped_at(&l, 12);
	lone_free(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_come_with_runtime_versions),
		cmocka_unit_test(newer_versions_of_operators_are_not_understood),
		cmocka_unit_test(several_rows_are_not_flat),
		cmocka_unit_test(activations_are_not_fused_into_pools),
		cmocka_unit_test(dilation_is_the_same_in_both_directions),
		cmocka_unit_test(depthwise_dilation_came_with_version_13),
		cmocka_unit_test(convolutions_see_all_channels),
		cmocka_unit_test(weights_and_biases_have_their_types),
		cmocka_unit_test(shuffled_weights_are_refused),
		cmocka_unit_test(softmax_takes_16000_elements),
		cmocka_unit_test(alpha_is_shared_by_all_pixels),
		cmocka_unit_test(quantizing_starts_from_numbers_that_are_quantized),
		cmocka_unit_test(lstms_have_four_gates_and_nothing_else),
		cmocka_unit_test(plain_operators_are_mapped_from_the_beginning),
	};

	return CHECK_RUN(tests);
}
