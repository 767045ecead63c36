/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/tensor.h"

#include <errno.h>
#include <string.h>

#include "tests/check.h"

static struct atoll_error err;

static void types_have_the_sizes_and_names_of_the_format(void **state)
{
	static const struct {
		enum atoll_type type;
		const char *name;
		size_t bytes;
	} known[] = {
		{ ATOLL_FLOAT32, "float32", 4 }, { ATOLL_FLOAT16, "float16", 2 },
		{ ATOLL_INT32, "int32", 4 },     { ATOLL_UINT8, "uint8", 1 },
		{ ATOLL_INT64, "int64", 8 },     { ATOLL_BOOL, "bool", 1 },
		{ ATOLL_INT16, "int16", 2 },     { ATOLL_INT8, "int8", 1 },
		{ ATOLL_FLOAT64, "float64", 8 }, { ATOLL_COMPLEX128, "complex128", 16 },
		{ ATOLL_STRING, "string", 0 },   { ATOLL_INT4, "int4", 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_string_equal(atoll_type_name(known[i].type), known[i].name);
		assert_int_equal(atoll_type_bytes(known[i].type), known[i].bytes);
	}
}

static void types_nobody_knows_have_no_size(void **state)
{
	static const int numbers[] = { 18, 99, 127, -1, -128 };

	(void)state;
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		assert_string_equal(atoll_type_name((enum atoll_type)numbers[i]), "unknown");
		assert_int_equal(atoll_type_bytes((enum atoll_type)numbers[i]), 0);
	}
}

static void shapes_read_as_people_write_them(void **state)
{
	static const int32_t dims[] = { 1, 224, 224, 3 };
	char text[ATOLL_SHAPE_TEXT];

	(void)state;
	assert_string_equal(atoll_shape_text(4, dims, text), "1x224x224x3");
	assert_string_equal(atoll_shape_text(1, dims + 1, text), "224");
	assert_string_equal(atoll_shape_text(0, dims, text), "scalar");
}

static void the_longest_shape_fits_its_text(void **state)
{
	char text[ATOLL_SHAPE_TEXT + 1];
	int32_t dims[ATOLL_RANK_MAX];

	(void)state;
	for (int i = 0; i < ATOLL_RANK_MAX; i++)
		dims[i] = INT32_MIN;
	text[ATOLL_SHAPE_TEXT] = 'x';
	(void)atoll_shape_text(ATOLL_RANK_MAX, dims, text);
	assert_int_equal(strlen(text), ATOLL_RANK_MAX * strlen("-2147483648x") - 1);
	assert_int_equal(text[ATOLL_SHAPE_TEXT], 'x');
}

static void a_shape_sets_elements_and_bytes(void **state)
{
	struct atoll_tensor tensor = { .name = "t", .type = ATOLL_INT32 };

	(void)state;
	assert_int_equal(atoll_tensor_reshape(&tensor, 3, (const int32_t[]){ 2, 3, 5 }, &err), 0);
	assert_int_equal(tensor.rank, 3);
	assert_int_equal(tensor.dims[2], 5);
	assert_int_equal(tensor.elements, 30);
	assert_int_equal(tensor.bytes, 120);

	assert_int_equal(atoll_tensor_reshape(&tensor, 0, NULL, &err), 0);
	assert_int_equal(tensor.elements, 1);
	assert_int_equal(tensor.bytes, 4);

	assert_int_equal(atoll_tensor_reshape(&tensor, 2, (const int32_t[]){ 7, 0 }, &err), 0);
	assert_int_equal(tensor.elements, 0);
	assert_int_equal(tensor.bytes, 0);
}

static void a_tensor_can_take_its_own_dimensions_again(void **state)
{
	struct atoll_tensor tensor = { .name = "t", .type = ATOLL_INT8 };

	(void)state;
	assert_int_equal(atoll_tensor_reshape(&tensor, 3, (const int32_t[]){ 2, 3, 5 }, &err), 0);
	assert_int_equal(atoll_tensor_reshape(&tensor, 2, tensor.dims + 1, &err), 0);
	assert_int_equal(tensor.dims[0], 3);
	assert_int_equal(tensor.dims[1], 5);
	assert_int_equal(tensor.elements, 15);
}

static void a_shape_that_cannot_be_leaves_the_tensor_as_it_was(void **state)
{
	static const struct {
		uint32_t rank;
		int32_t dims[ATOLL_RANK_MAX + 1];
		const char *why;
	} wrong[] = {
		{ 2, { 3, -1 }, "dimension 1 is -1" },
		{ 1, { INT32_MIN }, "dimension 0 is -2147483648" },
		{ 9, { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "9 dimensions" },
		{ 3, { INT32_MAX, INT32_MAX, INT32_MAX }, "larger than memory" },
		{ 2, { INT32_MAX, INT32_MAX }, "larger than memory" }, /* 4 bytes each */
		{ 4, { 0, 1879114496, 268752906, 99 }, "larger than memory" },
	};
	struct atoll_tensor tensor = { .name = "scores", .type = ATOLL_FLOAT32 };

	(void)state;
	assert_int_equal(atoll_tensor_reshape(&tensor, 1, (const int32_t[]){ 6 }, &err), 0);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(atoll_tensor_reshape(&tensor, wrong[i].rank, wrong[i].dims,
						      &err), -EINVAL);
		assert_non_null(strstr(err.text, "scores"));
		assert_non_null(strstr(err.text, wrong[i].why));
		assert_int_equal(tensor.rank, 1);
		assert_int_equal(tensor.dims[0], 6);
		assert_int_equal(tensor.elements, 6);
		assert_int_equal(tensor.bytes, 24);
	}
}

/* FIPS 180-4 gives the digest of "abc"; that of nothing is as well known. */
static void a_digest_is_that_of_the_bytes(void **state)
{
	struct atoll_tensor tensor = { .name = "t", .type = ATOLL_UINT8 };
	char digits[ATOLL_DIGEST_TEXT], bytes[] = "abc";

	(void)state;
	tensor.data = bytes;
	assert_int_equal(atoll_tensor_reshape(&tensor, 1, (const int32_t[]){ 3 }, &err), 0);
	atoll_tensor_digest(&tensor, digits);
	assert_string_equal(digits, "ba7816bf8f01cfea414140de5dae2223"
				    "b00361a396177a9cb410ff61f20015ad");

	assert_int_equal(atoll_tensor_reshape(&tensor, 1, (const int32_t[]){ 0 }, &err), 0);
	atoll_tensor_digest(&tensor, digits);
	assert_string_equal(digits, "e3b0c44298fc1c149afbf4c8996fb924"
				    "27ae41e4649b934ca495991b7852b855");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_the_sizes_and_names_of_the_format),
		cmocka_unit_test(types_nobody_knows_have_no_size),
		cmocka_unit_test(shapes_read_as_people_write_them),
		cmocka_unit_test(the_longest_shape_fits_its_text),
		cmocka_unit_test(a_shape_sets_elements_and_bytes),
		cmocka_unit_test(a_tensor_can_take_its_own_dimensions_again),
		cmocka_unit_test(a_shape_that_cannot_be_leaves_the_tensor_as_it_was),
		cmocka_unit_test(a_digest_is_that_of_the_bytes),
	};

	return CHECK_RUN(tests);
}
