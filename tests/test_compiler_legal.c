/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/legal.h"

#include <stdio.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/lone.h"

static void an_operator_that_is_there_is_mapped(void **unused)
{
	struct lone l = lone_plain(BUILTIN_RELU);

	(void)unused;
	lone_mapped(&l);
}

static void unknown_operators_are_not_supported(void **unused)
{
	struct lone l = lone_plain(BUILTIN_LEAKY_RELU);

	(void)unused;
	lone_judge(&l, LONE_NEWEST);
	assert_string_equal(l.verdict.advice, "use RELU, or PRELU with a constant alpha");
	lone_refused(&l, ATOLL_NOT_MAPPED_OPERATOR, "the Edge TPU has no LEAKY_RELU");
	l = lone_plain(BUILTIN_GATHER);
	lone_refused(&l, ATOLL_NOT_MAPPED_OPERATOR, "the Edge TPU has no GATHER");
}

static void versions_are_looked_at_before_types(void **unused)
{
	struct lone l = lone_new(BUILTIN_FULLY_CONNECTED);

	(void)unused;
	l.type = ATOLL_FLOAT32;
	lone_in(&l, DIMS(1, 4));
	lone_constant(&l, 0, DIMS(4, 4));
	lone_out(&l, DIMS(1, 4));
	l.op.version = 9;
	lone_refused(&l, ATOLL_NOT_MAPPED_VERSION, "version 9 of FULLY_CONNECTED");
}

static void other_types_are_not_supported(void **unused)
{
	static const enum atoll_type types[] = { ATOLL_FLOAT32, ATOLL_INT32, ATOLL_INT64,
						 ATOLL_INT16, ATOLL_BOOL };

	(void)unused;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct lone l = lone_new(BUILTIN_ADD);
		char words[64];

		l.type = types[i];
		lone_in(&l, DIMS(1, 4));
		lone_in(&l, DIMS(1, 4));
		lone_out(&l, DIMS(1, 4));
		snprintf(words, sizeof(words), "input 0 is %s", atoll_type_name(types[i]));
		lone_refused(&l, ATOLL_NOT_MAPPED_TYPE, words);
	}
}

static void signed_numbers_came_with_version_12(void **unused)
{
	struct lone l = lone_plain(BUILTIN_RELU);

	(void)unused;
	lone_refused_at(&l, 10, ATOLL_NOT_MAPPED_TYPE, "input 0 is int8");
	lone_refused_at(&l, 11, ATOLL_NOT_MAPPED_TYPE, "input 0 is int8");
	lone_mapped_at(&l, 12);
	lone_free(&l);
	l = lone_new(BUILTIN_RELU);
	l.type = ATOLL_UINT8;
	lone_in(&l, DIMS(1, 4));
	lone_out(&l, DIMS(1, 4));
	lone_mapped_at(&l, 10);
	lone_free(&l);
}

/* Never mapped, but what logs complain about is the type. */
static void what_leaves_the_quantized_world_has_a_wrong_type(void **unused)
{
	struct lone l = lone_new(BUILTIN_DEQUANTIZE);

	(void)unused;
	lone_in(&l, DIMS(1, 4));
	l.type = ATOLL_FLOAT32;
	lone_out(&l, DIMS(1, 4));
	lone_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is float32");
	l = lone_new(BUILTIN_CUSTOM);
	l.op.custom = "PosenetDecoderOp";
	lone_in(&l, DIMS(1, 4));
	l.type = ATOLL_FLOAT32;
	lone_out(&l, DIMS(1, 4));
	lone_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is float32");
	l = lone_new(BUILTIN_ARG_MAX);
	lone_in(&l, DIMS(1, 4));
	lone_ints(&l, DIMS(1));
	l.type = ATOLL_INT64;
	lone_out(&l, DIMS(1));
	lone_refused(&l, ATOLL_NOT_MAPPED_TYPE, "output 0 is int64");
	l = lone_plain(BUILTIN_CUSTOM);
	l.op.custom = "Mystery";
	lone_refused(&l, ATOLL_NOT_MAPPED_OPERATOR, "the Edge TPU has no Mystery");
}

static void outer_dimensions_larger_than_1_have_the_wrong_rank(void **unused)
{
	struct lone l = lone_new(BUILTIN_RELU);

	(void)unused;
	lone_in(&l, DIMS(2, 8, 8, 4));
	lone_out(&l, DIMS(2, 8, 8, 4));
	lone_refused(&l, ATOLL_NOT_MAPPED_RANK, "input 0 is 2x8x8x4");
	l = lone_new(BUILTIN_RESHAPE);
	lone_in(&l, DIMS(8, 8, 4));
	lone_ints(&l, DIMS(1, 2, 4, 8, 4));
	lone_out(&l, DIMS(1, 2, 4, 8, 4));
	lone_refused(&l, ATOLL_NOT_MAPPED_RANK, "output 0 is 1x2x4x8x4");
	l = lone_new(BUILTIN_RELU);
	lone_in(&l, DIMS(1, 1, 8, 8, 4));
	lone_out(&l, DIMS(1, 1, 8, 8, 4));
	lone_mapped(&l);
}

static struct lone conv(bool has_constant_weights, bool has_constant_bias)
{
	struct lone l = lone_new(BUILTIN_CONV_2D);

	lone_in(&l, DIMS(1, 8, 8, 4));
	if (has_constant_weights)
		lone_constant(&l, 1, DIMS(2, 3, 3, 4));
	else
		lone_in(&l, DIMS(1, 3, 3, 4));
	if (has_constant_bias) {
		lone_ints(&l, DIMS(1, 2));
	} else {
		lone_in(&l, DIMS(2));
	}
	lone_out(&l, DIMS(1, 8, 8, 2));
	lone_option(&l, CONV_2D_STRIDE_W, 1);
	lone_option(&l, CONV_2D_STRIDE_H, 1);
	return l;
}

static void computed_parameters_are_not_constant(void **unused)
{
	struct lone l = conv(true, true);

	(void)unused;
	lone_mapped(&l);
	l = conv(false, true);
	lone_refused(&l, ATOLL_NOT_MAPPED_NOT_CONSTANT, "input 1, tensor, is computed");
	l = conv(true, false);
	lone_refused(&l, ATOLL_NOT_MAPPED_NOT_CONSTANT, "input 2, tensor, is computed");
}

static void activations_have_one_scale(void **unused)
{
	struct lone l = lone_new(BUILTIN_RELU);

	(void)unused;
	l.scale = 0;
	lone_in(&l, DIMS(1, 4));
	lone_out(&l, DIMS(1, 4));
	lone_limited(&l, "tensor has no scale");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operator_that_is_there_is_mapped),
		cmocka_unit_test(unknown_operators_are_not_supported),
		cmocka_unit_test(versions_are_looked_at_before_types),
		cmocka_unit_test(other_types_are_not_supported),
		cmocka_unit_test(signed_numbers_came_with_version_12),
		cmocka_unit_test(what_leaves_the_quantized_world_has_a_wrong_type),
		cmocka_unit_test(outer_dimensions_larger_than_1_have_the_wrong_rank),
		cmocka_unit_test(computed_parameters_are_not_constant),
		cmocka_unit_test(activations_have_one_scale),
	};

	return CHECK_RUN(tests);
}
