/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "runtime/decode/mask.h"
#include "tests/check.h"

static struct atoll_tensor indices(enum atoll_type type, void *data)
{
	return (struct atoll_tensor){
		.name = "out", .type = type, .rank = 3, .dims = { 1, 2, 3 },
		.elements = 6, .bytes = 6 * atoll_type_bytes(type), .data = data };
}

static struct atoll_tensor scores(enum atoll_type type, int32_t classes, void *data)
{
	size_t elements = 6 * (size_t)classes;

	return (struct atoll_tensor){
		.name = "out", .type = type, .rank = 4, .dims = { 1, 2, 3, classes },
		.elements = elements, .bytes = elements * atoll_type_bytes(type),
		.data = data };
}

static void assert_mask(const struct atoll_tensor *output, uint32_t classes,
			const uint8_t *expected)
{
	uint32_t width = 0, height = 0, told = 99;
	uint8_t mask[7] = { [6] = 77 };

	assert_int_equal(atoll_mask_size(output, &width, &height, &told, NULL), 0);
	assert_int_equal(width, 3);
	assert_int_equal(height, 2);
	assert_int_equal(told, classes);
	atoll_mask_read(output, mask);
	assert_memory_equal(mask, expected, 6);
	assert_int_equal(mask[6], 77);
}

static void indices_of_every_width_are_taken_as_they_are(void **state)
{
	static const uint8_t expected[] = { 0, 18, 255, 7, 7, 1 };
	int32_t int32s[] = { 0, 18, 255, 7, 7, 1 };
	int64_t int64s[] = { 0, 18, 255, 7, 7, 1 };
	uint8_t bytes[] = { 0, 18, 255, 7, 7, 1 };
	struct atoll_tensor outputs[] = {
		indices(ATOLL_INT32, int32s), indices(ATOLL_INT64, int64s),
		indices(ATOLL_UINT8, bytes),
	};

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_mask(&outputs[i], 0, expected);
}

static void indices_out_of_range_become_the_last(void **state)
{
	static const uint8_t expected[] = { 255, 255, 255, 255, 254, 0 };
	int32_t int32s[] = { 256, -1, INT32_MAX, INT32_MIN, 254, 0 };
	int64_t int64s[] = { 256, -1, INT64_MAX, INT64_C(1) << 32, 254, 0 };
	struct atoll_tensor outputs[] = {
		indices(ATOLL_INT32, int32s), indices(ATOLL_INT64, int64s),
	};

	(void)state;
	assert_mask(&outputs[0], 0, expected);
	assert_mask(&outputs[1], 0, expected);
}

/* The same scores as bytes, as signed bytes and as floats. Row 2 has equal ones. */
static void the_highest_score_wins_and_the_first_of_equals(void **state)
{
	static const uint8_t expected[] = { 2, 0, 1, 0, 1, 0 };
	uint8_t bytes[] = { 0, 100, 200,  129, 128, 127,  1, 255, 254,
			    5, 5, 5,  0, 200, 200,  128, 0, 128 };
	struct atoll_tensor outputs[3];
	int8_t chars[18];
	float floats[18];

	(void)state;
	for (int i = 0; i < 18; i++) {
		chars[i] = (int8_t)(bytes[i] - 128);
		floats[i] = (float)bytes[i] / 64 - 2;
	}
	outputs[0] = scores(ATOLL_UINT8, 3, bytes);
	outputs[1] = scores(ATOLL_INT8, 3, chars);
	outputs[2] = scores(ATOLL_FLOAT32, 3, floats);
	for (int i = 0; i < 3; i++)
		assert_mask(&outputs[i], 3, expected);
}

static void what_is_not_a_number_never_wins(void **state)
{
	static const uint8_t expected[] = { 1, 0, 1, 0, 0, 1 };
	float floats[] = { NAN, -5,  -5, NAN,  -INFINITY, -1e30f,
			   NAN, NAN,  INFINITY, NAN,  0, INFINITY };
	struct atoll_tensor output = scores(ATOLL_FLOAT32, 2, floats);

	(void)state;
	assert_mask(&output, 2, expected);
}

static void up_to_256_classes_can_be_told_apart(void **state)
{
	static uint8_t bytes[6 * 256];
	struct atoll_tensor output = scores(ATOLL_UINT8, 256, bytes);
	static const uint8_t expected[] = { 255, 254, 0, 128, 1, 255 };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		bytes[i * 256 + expected[i]] = 1;
	assert_mask(&output, 256, expected);
}

static void assert_refused(struct atoll_tensor output, const char *sentence)
{
	uint32_t width = 7, height = 7, classes = 7;
	struct atoll_error err;

	assert_int_equal(atoll_mask_size(&output, &width, &height, &classes, &err), -ENOTSUP);
	assert_string_equal(err.text, sentence);
	assert_true(width == 7 && height == 7 && classes == 7);
}

#define WANTED " is not a mask: 1 x height x width of int32, int64 or uint8, or " \
	"with 2 or more scores of uint8, int8 or float32 for each pixel"

static void outputs_that_are_no_mask_are_refused(void **state)
{
	struct atoll_tensor output = indices(ATOLL_FLOAT32, NULL);

	(void)state;
	assert_refused(output, "output out: float32 1x2x3" WANTED);
	assert_refused(scores(ATOLL_INT32, 3, NULL), "output out: int32 1x2x3x3" WANTED);
	assert_refused(scores(ATOLL_UINT8, 1, NULL), "output out: uint8 1x2x3x1" WANTED);
	assert_refused(scores(ATOLL_UINT8, 257, NULL), "output out: 257 classes for each "
		       "pixel, at most 256 are supported");
	output = indices(ATOLL_INT32, NULL);
	output.dims[0] = 2;
	assert_refused(output, "output out: int32 2x2x3" WANTED);
	output = indices(ATOLL_INT32, NULL);
	output.dims[2] = 0;
	assert_refused(output, "output out: int32 1x2x0" WANTED);
	output.rank = 2;
	assert_refused(output, "output out: int32 1x2" WANTED);
	output.rank = 0;
	assert_refused(output, "output out: int32 scalar" WANTED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(indices_of_every_width_are_taken_as_they_are),
		cmocka_unit_test(indices_out_of_range_become_the_last),
		cmocka_unit_test(the_highest_score_wins_and_the_first_of_equals),
		cmocka_unit_test(what_is_not_a_number_never_wins),
		cmocka_unit_test(up_to_256_classes_can_be_told_apart),
		cmocka_unit_test(outputs_that_are_no_mask_are_refused),
	};

	return CHECK_RUN(tests);
}
