/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/legal_rules.h"

#include "runtime/schema/tflite.h"
#include "tests/check.h"
#include "tests/lone.h"

static struct lone strided_slice(int32_t stride, uint16_t mask, int32_t bits)
{
	struct lone l = lone_new(BUILTIN_STRIDED_SLICE);

	lone_in(&l, DIMS(1, 8, 8, 4));
	lone_ints(&l, DIMS(0, 0, 0, 0));
	lone_ints(&l, DIMS(1, 8, 8, 4));
	lone_ints(&l, DIMS(1, 1, stride, 1));
	lone_out(&l, DIMS(1, 8, 8 / stride, 4));
	lone_option(&l, mask, bits);
	return l;
}

static void strides_have_a_status_of_their_own(void **unused)
{
	struct lone l = strided_slice(1, STRIDED_SLICE_SHRINK_AXIS_MASK, 0);

	(void)unused;
	lone_mapped(&l);
	l = strided_slice(2, STRIDED_SLICE_SHRINK_AXIS_MASK, 0);
	lone_refused(&l, ATOLL_NOT_MAPPED_STRIDE, "stride 2 is 2");
	l = strided_slice(1, STRIDED_SLICE_ELLIPSIS_MASK, 1);
	lone_limited(&l, "ellipsis");
	l = strided_slice(1, STRIDED_SLICE_NEW_AXIS_MASK, 1);
	lone_limited(&l, "new axis");
}

static struct lone resize(uint32_t code, int32_t from, int32_t to, int32_t channels)
{
	struct lone l = lone_new(code);

	lone_in(&l, DIMS(1, from, from, channels));
	lone_ints(&l, DIMS(to, to));
	lone_out(&l, DIMS(1, to, to, channels));
	return l;
}

static void fine_steps_are_not_precise_enough(void **unused)
{
	struct lone l = resize(BUILTIN_RESIZE_BILINEAR, 100, 301, 1);

	(void)unused;
	lone_refused_at(&l, 12, ATOLL_NOT_MAPPED_INTERPOLATION,
		       "from 100x100 to 301x301 needs finer weights");
	lone_refused_at(&l, 13, ATOLL_NOT_MAPPED_LIMIT, "from 100x100 to 301x301");
	lone_free(&l);
	/* Nearest neighbours need no weights. */
	l = resize(BUILTIN_RESIZE_NEAREST_NEIGHBOR, 100, 301, 1);
	lone_mapped(&l);
	/* (301 - 1) / (101 - 1) is 3. */
	l = resize(BUILTIN_RESIZE_BILINEAR, 101, 301, 1);
	lone_byte(&l, RESIZE_BILINEAR_ALIGN_CORNERS, 1);
	lone_mapped(&l);
}

static void resizing_is_limited_by_the_output(void **unused)
{
	static const int32_t mapped[][3] = {
		{ 33, 33, 19 }, { 6, 12, 64 }, { 12, 24, 32 }, { 24, 48, 24 }, { 64, 128, 32 },
	};
	struct lone l;

	(void)unused;
	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
		l = resize(BUILTIN_RESIZE_BILINEAR, mapped[i][0], mapped[i][1], mapped[i][2]);
		l.op.version = 3;
		lone_mapped(&l);
	}
	l = resize(BUILTIN_RESIZE_BILINEAR, 33, 513, 19);
	lone_byte(&l, RESIZE_BILINEAR_ALIGN_CORNERS, 1);
	lone_limited(&l, "1x513x513x19 is too large for RESIZE_BILINEAR");
	l = resize(BUILTIN_RESIZE_BILINEAR, 256, 512, 32);
	lone_limited(&l, "1x512x512x32 is too large");
}

static struct lone reshape(size_t from_rank, const int32_t *from, size_t to_rank,
			   const int32_t *to)
{
	struct lone l = lone_new(BUILTIN_RESHAPE);

	lone_in(&l, from_rank, from);
	lone_ints(&l, to_rank, to);
	lone_out(&l, to_rank, to);
	return l;
}

static void reshapes_of_much_data_are_refused(void **unused)
{
	struct lone l = reshape(DIMS(1, 32, 32, 255), DIMS(1, 1024, 3, 85));

	(void)unused;
	lone_mapped(&l);
	l = reshape(DIMS(1, 48, 48, 255), DIMS(1, 2304, 3, 85));
	lone_limited(&l, "1x48x48x255 is too large for RESHAPE");
	/* Nothing moves. */
	l = reshape(DIMS(1, 48, 48, 255), DIMS(48, 48, 255));
	lone_mapped(&l);
}

static void transposes_of_much_data_are_refused(void **unused)
{
	struct lone l = lone_new(BUILTIN_TRANSPOSE);

	(void)unused;
	lone_in(&l, DIMS(1, 64, 2100));
	lone_ints(&l, DIMS(0, 2, 1));
	lone_out(&l, DIMS(1, 2100, 64));
	lone_mapped(&l);
	l = lone_new(BUILTIN_TRANSPOSE);
	lone_in(&l, DIMS(1, 3, 224, 224));
	lone_ints(&l, DIMS(0, 2, 3, 1));
	lone_out(&l, DIMS(1, 224, 224, 3));
	lone_limited(&l, "1x3x224x224 is too large for TRANSPOSE");
}

static struct lone concatenation(int32_t rows, int32_t more, int32_t channels)
{
	struct lone l = lone_new(BUILTIN_CONCATENATION);

	lone_in(&l, DIMS(1, rows, channels));
	lone_in(&l, DIMS(1, more, channels));
	lone_out(&l, DIMS(1, rows + more, channels));
	lone_option(&l, CONCATENATION_AXIS, 1);
	return l;
}

static void concatenations_of_much_data_are_refused(void **unused)
{
	struct lone l = concatenation(1083, 834, 91);

	(void)unused;
	lone_mapped(&l);
	l = concatenation(2352, 735, 85);
	lone_limited(&l, "1x3087x85 is too large for CONCATENATION");
	l = lone_new(BUILTIN_CONCATENATION);
	lone_in(&l, DIMS(1, 73, 73, 64));
	lone_in(&l, DIMS(1, 73, 73, 96));
	lone_out(&l, DIMS(1, 73, 73, 160));
	lone_option(&l, CONCATENATION_AXIS, 3);
	lone_mapped(&l);
}

static struct lone padded(uint8_t byte, bool has_third)
{
	struct lone l = lone_new(BUILTIN_CONCATENATION);

	lone_in(&l, DIMS(1, 4));
	lone_constant(&l, byte, DIMS(1, 4));
	if (has_third)
		lone_in(&l, DIMS(1, 4));
	lone_out(&l, DIMS(1, has_third ? 12 : 8));
	lone_option(&l, CONCATENATION_AXIS, 1);
	return l;
}

static void constants_are_appended_only_as_padding(void **unused)
{
	struct lone l = padded(0, false);

	(void)unused;
	lone_mapped(&l);
	l = padded(7, false);
	lone_limited(&l, "input 1 is constant, but not zero");
	l = padded(0, true);
	lone_limited(&l, "input 1 is constant, and there are 3 inputs");
}

static void squeezing_inside_came_with_version_13(void **unused)
{
	struct lone l = lone_new(BUILTIN_SQUEEZE);

	(void)unused;
	lone_in(&l, DIMS(1, 8, 1, 4));
	lone_out(&l, DIMS(8, 4));
	lone_refused_at(&l, 12, ATOLL_NOT_MAPPED_LIMIT, "more than dimensions in front");
	lone_mapped(&l);
	l = lone_new(BUILTIN_SQUEEZE);
	lone_in(&l, DIMS(1, 1, 8, 4));
	lone_out(&l, DIMS(8, 4));
	lone_mapped_at(&l, 12);
	lone_free(&l);
}

static void tiling_spreads_a_single_pixel(void **unused)
{
	struct lone l = lone_new(BUILTIN_TILE);

	(void)unused;
	lone_in(&l, DIMS(1, 1, 1, 128));
	lone_ints(&l, DIMS(1, 33, 33, 1));
	lone_out(&l, DIMS(1, 33, 33, 128));
	lone_mapped(&l);
	l = lone_new(BUILTIN_TILE);
	lone_in(&l, DIMS(1, 1, 1, 128));
	lone_ints(&l, DIMS(1, 1, 1, 2));
	lone_out(&l, DIMS(1, 1, 1, 256));
	lone_limited(&l, "more than a single pixel");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strides_have_a_status_of_their_own),
		cmocka_unit_test(fine_steps_are_not_precise_enough),
		cmocka_unit_test(resizing_is_limited_by_the_output),
		cmocka_unit_test(reshapes_of_much_data_are_refused),
		cmocka_unit_test(transposes_of_much_data_are_refused),
		cmocka_unit_test(concatenations_of_much_data_are_refused),
		cmocka_unit_test(constants_are_appended_only_as_padding),
		cmocka_unit_test(squeezing_inside_came_with_version_13),
		cmocka_unit_test(tiling_spreads_a_single_pixel),
	};

	return CHECK_RUN(tests);
}
