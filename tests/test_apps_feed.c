/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "apps/feed.h"
#include "tests/check.h"

/* red green / blue white, and a grey pixel behind each row */
static uint8_t pixels[] = {
	255, 0, 0, 0, 255, 0, 128, 128, 128, 0, 0, 255, 255, 255, 255, 0, 0, 0,
};
static const struct atoll_picture picture = { .rgb = pixels, .width = 3, .height = 2 };

static struct atoll_tensor input(enum atoll_type type, int32_t height, int32_t width,
				 int32_t channels, void *data)
{
	struct atoll_tensor tensor = {
		.name = "in", .type = type, .rank = 4,
		.dims = { 1, height, width, channels }, .data = data,
		.elements = (size_t)height * (size_t)width * (size_t)channels,
	};

	tensor.bytes = tensor.elements * atoll_type_bytes(type);
	return tensor;
}

static void feed(struct atoll_tensor *tensor)
{
	struct atoll_error err;

	assert_int_equal(feed_check(tensor, &err), 0);
	assert_int_equal(feed_picture(&picture, tensor, &err), 0);
}

static void a_picture_of_the_right_size_arrives_as_it_is(void **state)
{
	uint8_t data[sizeof(pixels)];
	struct atoll_tensor tensor = input(ATOLL_UINT8, 2, 3, 3, data);

	(void)state;
	feed(&tensor);
	assert_memory_equal(data, pixels, sizeof(pixels));
}

static void int8_models_get_bytes_around_zero(void **state)
{
	int8_t data[sizeof(pixels)];
	struct atoll_tensor tensor = input(ATOLL_INT8, 2, 3, 3, data);

	(void)state;
	feed(&tensor);
	for (size_t i = 0; i < sizeof(pixels); i++)
		assert_int_equal(data[i], pixels[i] - 128);
}

static void float_models_get_minus_one_to_one(void **state)
{
	float data[sizeof(pixels)];
	struct atoll_tensor tensor = input(ATOLL_FLOAT32, 2, 3, 3, data);

	(void)state;
	feed(&tensor);
	assert_true(data[0] == 1);
	assert_true(data[1] == -1);
	for (size_t i = 0; i < sizeof(pixels); i++)
		assert_true(fabsf(data[i] - ((float)pixels[i] / 127.5f - 1)) < 1e-6f);
}

/* 0.299, 0.587 and 0.114 of 255; white stays white, grey stays grey. */
static void grey_models_get_the_luma(void **state)
{
	uint8_t data[6];
	struct atoll_tensor tensor = input(ATOLL_UINT8, 2, 3, 1, data);
	const uint8_t expected[] = { 76, 150, 128, 29, 255, 0 };

	(void)state;
	feed(&tensor);
	assert_memory_equal(data, expected, sizeof(expected));
}

static void pictures_are_stretched_to_the_input(void **state)
{
	uint8_t data[5 * 7 * 3], expected[5 * 7 * 3];
	struct atoll_tensor tensor = input(ATOLL_UINT8, 5, 7, 3, data);

	(void)state;
	assert_int_equal(atoll_picture_resize(&picture, 7, 5, expected), 0);
	feed(&tensor);
	assert_memory_equal(data, expected, sizeof(expected));
}

static void assert_refused(struct atoll_tensor tensor, const char *sentence)
{
	struct atoll_error err;

	assert_int_equal(feed_check(&tensor, &err), -ENOTSUP);
	assert_int_equal(err.code, -ENOTSUP);
	assert_string_equal(err.text, sentence);
}

static void inputs_that_take_no_picture_are_refused(void **state)
{
	struct atoll_tensor tensor = input(ATOLL_INT32, 2, 3, 3, NULL);

	(void)state;
	assert_refused(tensor, "input in: int32 cannot take a picture; "
		       "uint8, int8 and float32 can");
	assert_refused(input(ATOLL_UINT8, 2, 3, 4, NULL),
		       "input in: shape 1x2x3x4 is not that of a picture, "
		       "1 x height x width x 3 or 1");
	assert_refused(input(ATOLL_UINT8, 0, 3, 3, NULL),
		       "input in: shape 1x0x3x3 is not that of a picture, "
		       "1 x height x width x 3 or 1");
	tensor = input(ATOLL_UINT8, 2, 3, 3, NULL);
	tensor.dims[0] = 2;
	assert_refused(tensor, "input in: shape 2x2x3x3 is not that of a picture, "
		       "1 x height x width x 3 or 1");
	tensor.rank = 3;
	assert_refused(tensor, "input in: shape 2x2x3 is not that of a picture, "
		       "1 x height x width x 3 or 1");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_picture_of_the_right_size_arrives_as_it_is),
		cmocka_unit_test(int8_models_get_bytes_around_zero),
		cmocka_unit_test(float_models_get_minus_one_to_one),
		cmocka_unit_test(grey_models_get_the_luma),
		cmocka_unit_test(pictures_are_stretched_to_the_input),
		cmocka_unit_test(inputs_that_take_no_picture_are_refused),
	};

	return CHECK_RUN(tests);
}
