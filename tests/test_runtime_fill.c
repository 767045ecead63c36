/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "runtime/fill.h"
#include "tests/check.h"

static struct atoll_tensor tensor(enum atoll_type type, void *data, size_t elements)
{
	return (struct atoll_tensor){
		.name = "input", .type = type, .rank = 1, .dims = { (int32_t)elements },
		.elements = elements, .bytes = elements * atoll_type_bytes(type),
		.data = data,
	};
}

static void pattern_bytes_go_up_in_steps_of_31(void **state)
{
	uint8_t bytes[300];
	struct atoll_tensor input = tensor(ATOLL_UINT8, bytes, sizeof(bytes));
	const uint8_t first[] = { 7, 38, 69, 100, 131, 162, 193, 224, 255, 30 };

	(void)state;
	atoll_fill(ATOLL_FILL_PATTERN, 0, &input);
	assert_memory_equal(bytes, first, sizeof(first));
	assert_memory_equal(bytes + 256, first, sizeof(first));
}

/* The expected numbers were worked out with other tools. */
static void lcg_bytes_are_those_of_the_generator(void **state)
{
	uint8_t bytes[6];
	struct atoll_tensor input = tensor(ATOLL_INT8, bytes, sizeof(bytes));
	const uint8_t of_0[] = { 5, 4, 139, 162, 232, 28 };
	const uint8_t of_1[] = { 5, 27, 58, 172, 147, 220 };

	(void)state;
	atoll_fill(ATOLL_FILL_LCG, 0, &input);
	assert_memory_equal(bytes, of_0, sizeof(of_0));
	atoll_fill(ATOLL_FILL_LCG, 1, &input);
	assert_memory_equal(bytes, of_1, sizeof(of_1));
}

static void wider_integers_are_filled_byte_by_byte(void **state)
{
	int32_t ints[3];
	uint8_t bytes[12];
	struct atoll_tensor input = tensor(ATOLL_INT32, ints, 3);
	struct atoll_tensor same = tensor(ATOLL_UINT8, bytes, 12);

	(void)state;
	for (int fill = ATOLL_FILL_PATTERN; fill <= ATOLL_FILL_LCG; fill++) {
		atoll_fill((enum atoll_fill)fill, 3, &input);
		atoll_fill((enum atoll_fill)fill, 3, &same);
		assert_memory_equal(ints, bytes, 12);
	}
}

static void floats_lie_between_minus_one_and_one(void **state)
{
	float floats[600];
	struct atoll_tensor input = tensor(ATOLL_FLOAT32, floats, 600);

	(void)state;
	atoll_fill(ATOLL_FILL_PATTERN, 0, &input);
	assert_true(floats[0] == (float)(7 / 127.5 - 1));
	assert_true(floats[8] == -1); /* 8 * 31 + 7 is 255 */
	assert_true(floats[255] == floats[0]);
	atoll_fill(ATOLL_FILL_LCG, 0, &input);
	assert_true(floats[0] == (float)(5 / 127.5 - 1));
	assert_true(floats[2] == (float)(139 / 127.5 - 1));
	for (int i = 0; i < 600; i++)
		assert_true(floats[i] >= -1 && floats[i] <= 1);
}

static void nothing_is_written_past_the_end(void **state)
{
	uint8_t bytes[12];
	struct atoll_tensor input = tensor(ATOLL_UINT8, bytes, 10);

	(void)state;
	memset(bytes, 99, sizeof(bytes));
	atoll_fill(ATOLL_FILL_PATTERN, 0, &input);
	atoll_fill(ATOLL_FILL_LCG, 0, &input);
	assert_int_equal(bytes[10], 99);
	assert_int_equal(bytes[11], 99);
}

/* "input_sha256" of the golden index file says what other programs fed. */
static void assert_digest(const char *folder, const struct atoll_tensor *input)
{
	const char *key = "\"input_sha256\":\"";
	char *index = check_read(check_data_path("golden/%s/reference/index.json", folder),
				 NULL);
	const char *expected = strstr(index, key);
	char digits[ATOLL_DIGEST_TEXT];

	assert_non_null(expected);
	atoll_tensor_digest(input, digits);
	assert_memory_equal(expected + strlen(key), digits, ATOLL_DIGEST_TEXT - 1);
	free(index);
}

static void golden_inputs_are_the_same(void **state)
{
	size_t size = 128 * 128 * 3;
	uint8_t *bytes = malloc(size);
	struct atoll_tensor input = tensor(ATOLL_UINT8, bytes, size);

	(void)state;
	assert_non_null(bytes);
	atoll_fill(ATOLL_FILL_PATTERN, 0, &input);
	assert_digest("mobilenet_v1_0.25_128_quant/pattern", &input);
	atoll_fill(ATOLL_FILL_LCG, 0, &input);
	assert_digest("mobilenet_v1_0.25_128_quant/lcg", &input);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pattern_bytes_go_up_in_steps_of_31),
		cmocka_unit_test(lcg_bytes_are_those_of_the_generator),
		cmocka_unit_test(wider_integers_are_filled_byte_by_byte),
		cmocka_unit_test(floats_lie_between_minus_one_and_one),
		cmocka_unit_test(nothing_is_written_past_the_end),
		cmocka_unit_test(golden_inputs_are_the_same),
	};

	return CHECK_RUN(tests);
}
