/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/kernels/kernels.h"
#include "runtime/schema/tflite.h"
#include "runtime/support.h"
#include "tests/check.h"

static void every_kernel_is_listed_with_a_name_and_types(void **state)
{
	struct atoll_support support;
	uint32_t kernels, listed = 0;

	(void)state;
	(void)kernel_table(&kernels);
	while (atoll_support_at(listed, &support)) {
		assert_non_null(support.name);
		assert_non_null(support.types);
		assert_true(support.version_max >= 1);
		listed++;
	}
	assert_int_equal(listed, kernels);
}

static void builtin_ones_come_by_code_and_custom_ones_last(void **state)
{
	uint32_t count;
	const struct kernel *const *table = kernel_table(&count);

	(void)state;
	for (uint32_t i = 1; i < count; i++) {
		if (!table[i]->custom)
			assert_true(!table[i - 1]->custom &&
				    table[i - 1]->code < table[i]->code);
		else if (table[i - 1]->custom)
			assert_true(strcmp(table[i - 1]->custom, table[i]->custom) != 0);
	}
}

static void what_is_listed_is_found_by_operator(void **state)
{
	uint32_t count;
	const struct kernel *const *table = kernel_table(&count);

	(void)state;
	for (uint32_t i = 0; i < count; i++) {
		const struct atoll_operator op = {
			.code = table[i]->code,
			.name = table[i]->custom ? table[i]->custom :
				atoll_operator_name(table[i]->code),
			.version = 1,
		};
		struct atoll_support listed, found;

		assert_true(atoll_support_at(i, &listed));
		assert_true(atoll_support_of(&op, &found));
		assert_string_equal(found.name, listed.name);
		assert_int_equal(found.is_custom, table[i]->custom != NULL);
		assert_int_equal(found.version_max, listed.version_max);
	}
}

static void unknown_operators_are_not_found(void **state)
{
	const struct atoll_operator strange = { .code = 9999, .name = "operator 9999" };
	const struct atoll_operator custom = { .code = BUILTIN_CUSTOM, .name = "fake-op" };
	/* A custom operator of a builtin's name is not that builtin. */
	const struct atoll_operator disguised = { .code = BUILTIN_CUSTOM, .name = "CONV_2D" };
	struct atoll_support support = { .name = "untouched" };

	(void)state;
	assert_false(atoll_support_of(&strange, &support));
	assert_false(atoll_support_of(&custom, &support));
	assert_false(atoll_support_of(&disguised, &support));
	assert_false(atoll_support_at(UINT32_MAX, &support));
	assert_string_equal(support.name, "untouched");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kernel_is_listed_with_a_name_and_types),
		cmocka_unit_test(builtin_ones_come_by_code_and_custom_ones_last),
		cmocka_unit_test(what_is_listed_is_found_by_operator),
		cmocka_unit_test(unknown_operators_are_not_found),
	};

	return CHECK_RUN(tests);
}
