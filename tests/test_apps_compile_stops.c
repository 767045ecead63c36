/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_stops.h"

#include "tests/check.h"

static void one_model_has_names_with_commas(void **state)
{
	struct stops *stops = stops_new("a,b/c,serving_default_x:0", 1, NULL);
	const char *const *name;
	uint32_t names;

	(void)state;
	assert_non_null(stops);
	name = stops_names(stops, 0, &names);
	assert_int_equal(names, 3);
	assert_string_equal(name[0], "a");
	assert_string_equal(name[1], "b/c");
	assert_string_equal(name[2], "serving_default_x:0");
	stops_free(stops);
}

static void several_models_have_lists_with_colons(void **state)
{
	struct stops *stops = stops_new("a,b::c", 3, NULL);
	const char *const *name;
	uint32_t names;

	(void)state;
	assert_non_null(stops);
	name = stops_names(stops, 0, &names);
	assert_int_equal(names, 2);
	assert_string_equal(name[1], "b");
	assert_null(stops_names(stops, 1, &names));
	assert_int_equal(names, 0);
	name = stops_names(stops, 2, &names);
	assert_int_equal(names, 1);
	assert_string_equal(name[0], "c");
	stops_free(stops);
}

static void lists_and_models_are_as_many(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(stops_new("a:b", 3, &err));
	assert_string_equal(err.text, "2 lists for 3 models");
	assert_null(stops_new("a:b:c", 2, &err));
	assert_string_equal(err.text, "3 lists for 2 models");
}

static void a_name_has_letters(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(stops_new("a,,b", 1, &err));
	assert_string_equal(err.text, "a name is empty");
	assert_null(stops_new("a,", 1, &err));
	assert_null(stops_new("a:b,", 2, &err));
}

static void without_lists_there_are_no_names(void **state)
{
	uint32_t names = 7;

	(void)state;
	assert_null(stops_names(NULL, 0, &names));
	assert_int_equal(names, 0);
	stops_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_model_has_names_with_commas),
		cmocka_unit_test(several_models_have_lists_with_colons),
		cmocka_unit_test(lists_and_models_are_as_many),
		cmocka_unit_test(a_name_has_letters),
		cmocka_unit_test(without_lists_there_are_no_names),
	};

	return CHECK_RUN(tests);
}
