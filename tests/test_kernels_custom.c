/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/kernels/custom.h"
#include "tests/flatc.h"

/* A node with the options that flatc makes of JSON. */
struct fixture {
	struct atoll_operator op;
	struct kernel_node node;
	struct custom_options options;
	void *bytes;
	struct atoll_error err;
};

static void open_options(struct fixture *f, const char *json)
{
	size_t size;

	*f = (struct fixture){ .bytes = flatc_binary(NULL, json, &size) };
	f->op.name = "Op";
	f->op.custom_options = f->bytes;
	f->op.custom_options_bytes = size;
	f->node.op = &f->op;
	assert_int_equal(custom_options_open(&f->node, &f->options, &f->err), 0);
}

static void numbers_of_any_form_are_read(void **state)
{
	struct fixture f;
	int32_t i = 0;
	float x = 0;

	(void)state;
	open_options(&f, "{ small: 3, large: 100000, whole: 4.0, part: 0.25, yes: true }");
	assert_int_equal(custom_int(&f.options, "small", 0, 9, &i, &f.err), 0);
	assert_int_equal(i, 3);
	assert_int_equal(custom_int(&f.options, "large", 0, INT32_MAX, &i, &f.err), 0);
	assert_int_equal(i, 100000);
	assert_int_equal(custom_int(&f.options, "whole", 0, 9, &i, &f.err), 0);
	assert_int_equal(i, 4);
	assert_int_equal(custom_int(&f.options, "yes", 0, 1, &i, &f.err), 0);
	assert_int_equal(i, 1);
	assert_int_equal(custom_float(&f.options, "part", 0, 1, &x, &f.err), 0);
	assert_true(x == 0.25f);
	assert_int_equal(custom_float(&f.options, "small", 0, 9, &x, &f.err), 0);
	assert_true(x == 3);
	free(f.bytes);
}

static void what_is_absent_or_wrong_leaves_the_value_alone(void **state)
{
	struct fixture f;
	int32_t i = 77;
	float x = 77;

	(void)state;
	open_options(&f, "{ part: 0.5, text: 'x', large: 1e300 }");
	assert_int_equal(custom_int(&f.options, "none", 0, 9, &i, &f.err), -ENOENT);
	assert_int_equal(f.err.code, 0);
	assert_int_equal(custom_int(&f.options, "part", 0, 9, &i, &f.err), -EINVAL);
	assert_string_equal(f.err.text, "Op: option part is not an integer");
	assert_int_equal(custom_float(&f.options, "text", 0, 9, &x, &f.err), -EINVAL);
	assert_string_equal(f.err.text, "Op: option text is not a number");
	assert_int_equal(custom_float(&f.options, "part", 1, 9, &x, &f.err), -EINVAL);
	assert_string_equal(f.err.text, "Op: option part is 0.5, expected 1 to 9");
	assert_int_equal(custom_float(&f.options, "large", 0, 9, &x, &f.err), -EINVAL);
	assert_int_equal(custom_required_int(&f.options, "none", 0, 9, &i, &f.err), -EINVAL);
	assert_string_equal(f.err.text, "Op: option none is missing");
	assert_int_equal(i, 77);
	assert_true(x == 77);
	free(f.bytes);
}

static void no_options_at_all_are_refused(void **state)
{
	struct atoll_operator op = { .name = "Op" };
	struct kernel_node node = { .op = &op };
	struct custom_options options;
	struct atoll_error err;

	(void)state;
	assert_int_equal(custom_options_open(&node, &options, &err), -EINVAL);
}

static void quantized_tensors_are_read_as_real_numbers(void **state)
{
	const uint8_t bytes[] = { 0, 10, 255 };
	const struct atoll_tensor u8 = {
		.type = ATOLL_UINT8, .data = (void *)(uintptr_t)bytes,
		.quant = { .channels = 1, .scale = 0.5f, .zero_point = 10 } };
	const int8_t signs[] = { -128, 127 };
	const struct atoll_tensor i8 = {
		.type = ATOLL_INT8, .data = (void *)(uintptr_t)signs,
		.quant = { .channels = 1, .scale = 0.25f, .zero_point = -1 } };
	const float reals[] = { 1.5f };
	const struct atoll_tensor f32 = {
		.type = ATOLL_FLOAT32, .data = (void *)(uintptr_t)reals };
	struct custom_numbers numbers = custom_numbers(&u8, 2);

	(void)state;
	assert_true(custom_number(&numbers, 0) == -10);
	assert_true(custom_number(&numbers, 1) == 0);
	assert_true(custom_number(&numbers, 2) == 245);
	numbers = custom_numbers(&i8, 1);
	assert_true(custom_number(&numbers, 0) == -31.75f);
	assert_true(custom_number(&numbers, 1) == 32);
	numbers = custom_numbers(&f32, 4);
	assert_true(custom_number(&numbers, 0) == 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_any_form_are_read),
		cmocka_unit_test(what_is_absent_or_wrong_leaves_the_value_alone),
		cmocka_unit_test(no_options_at_all_are_refused),
		cmocka_unit_test(quantized_tensors_are_read_as_real_numbers),
	};

	return CHECK_RUN(tests);
}
