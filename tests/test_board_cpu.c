/* SPDX-License-Identifier: Apache-2.0 */
#include "board/cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static struct atoll_error err;

static int choose(const char *word, enum cpu_level *level)
{
	if (word)
		assert_int_equal(setenv("ATOLL_CPU", word, 1), 0);
	else
		assert_int_equal(unsetenv("ATOLL_CPU"), 0);
	return cpu_level_choose(level, &err);
}

static void plain_c_runs_everywhere(void **state)
{
	enum cpu_level level = CPU_VNNI;

	(void)state;
	assert_int_equal(choose("plain", &level), 0);
	assert_int_equal(level, CPU_PLAIN);
}

static void without_a_wish_the_best_of_this_machine_is_chosen(void **state)
{
	static const char *const words[] = { "plain", "neon", "avx2", "vnni" };
	enum cpu_level best, level;

	(void)state;
	assert_int_equal(choose(NULL, &best), 0);
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (choose(words[i], &level) == 0)
			assert_true(level <= best);
	assert_int_equal(choose(cpu_level_name(best), &level), 0);
	assert_int_equal(level, best);
#if defined(__aarch64__)
	assert_int_equal(best, CPU_NEON);
#endif
}

static void an_empty_wish_is_no_wish(void **state)
{
	enum cpu_level best, level;

	(void)state;
	assert_int_equal(choose(NULL, &best), 0);
	assert_int_equal(choose("", &level), 0);
	assert_int_equal(level, best);
}

static void another_machines_instructions_are_refused_by_name(void **state)
{
#if defined(__aarch64__)
	const char *foreign = "avx2";
#else
	const char *foreign = "neon";
#endif
	enum cpu_level level = CPU_PLAIN;

	(void)state;
	assert_int_equal(choose(foreign, &level), -ENOTSUP);
	assert_non_null(strstr(err.text, foreign));
	assert_int_equal(level, CPU_PLAIN);
}

static void an_unknown_word_is_answered_with_the_known_ones(void **state)
{
	static const char *const words[] = { "neno", "NEON", "neon ", "all" };
	enum cpu_level level = CPU_PLAIN;

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_int_equal(choose(words[i], &level), -EINVAL);
		assert_non_null(strstr(err.text, words[i]));
		assert_non_null(strstr(err.text, "plain, neon, avx2, vnni"));
		assert_int_equal(level, CPU_PLAIN);
	}
}

static void each_level_is_called_what_one_asks_for(void **state)
{
	(void)state;
	assert_string_equal(cpu_level_name(CPU_PLAIN), "plain");
	assert_string_equal(cpu_level_name(CPU_NEON), "neon");
	assert_string_equal(cpu_level_name(CPU_AVX2), "avx2");
	assert_string_equal(cpu_level_name(CPU_VNNI), "vnni");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_c_runs_everywhere),
		cmocka_unit_test(without_a_wish_the_best_of_this_machine_is_chosen),
		cmocka_unit_test(an_empty_wish_is_no_wish),
		cmocka_unit_test(another_machines_instructions_are_refused_by_name),
		cmocka_unit_test(an_unknown_word_is_answered_with_the_known_ones),
		cmocka_unit_test(each_level_is_called_what_one_asks_for),
	};

	return CHECK_RUN(tests);
}
