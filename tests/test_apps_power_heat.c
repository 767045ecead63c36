/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_heat.h"

#include "tests/check.h"

static const struct heat_rules rules = {
	.hot_mc = 85000, .cool_mc = 75000, .hold_ms = 30000, .steps_max = 3,
};

/* What is felt when, and how many levels down that leads. */
struct moment {
	int64_t time_ms;
	int32_t mc;
	uint32_t steps;
};

static void follow(const struct heat_rules *by, const struct moment *moment, size_t count)
{
	struct heat heat = { 0 };

	for (size_t i = 0; i < count; i++) {
		heat_feel(by, &heat, moment[i].mc, moment[i].time_ms);
		if (heat.steps != moment[i].steps)
			fail_msg("moment %zu: %u, expected %u", i, heat.steps,
				 moment[i].steps);
	}
}

#define FOLLOW(by, moments) follow(by, moments, sizeof(moments) / sizeof(moments[0]))

static void the_first_step_comes_at_once_the_next_after_a_while(void **state)
{
	static const struct moment moments[] = {
		{ 0, 84999, 0 },     { 1000, 85000, 1 },   { 2000, 99000, 1 },
		{ 30999, 99000, 1 }, { 31000, 99000, 2 },  { 61000, 85000, 3 },
		{ 91000, 99000, 3 }, { 121000, 99000, 3 },
	};

	(void)state;
	FOLLOW(&rules, moments);
}

static void between_hot_and_cool_it_stays_as_it_is(void **state)
{
	static const struct moment moments[] = {
		{ 0, 85000, 1 },       { 100000, 84999, 1 }, { 200000, 75001, 1 },
		{ 300000, 75000, 0 },  { 400000, 75001, 0 }, { 500000, 84999, 0 },
		{ 600000, -40000, 0 },
	};

	(void)state;
	FOLLOW(&rules, moments);
}

/* A temperature that jumps cannot make the clock jump. */
static void there_is_a_while_between_down_and_up_too(void **state)
{
	static const struct moment moments[] = {
		{ 0, 90000, 1 }, { 1000, 60000, 1 }, { 2000, 90000, 1 }, { 29999, 60000, 1 },
		{ 30000, 60000, 0 }, { 31000, 90000, 0 }, { 60000, 90000, 1 },
	};

	(void)state;
	FOLLOW(&rules, moments);
}

static void what_is_not_known_changes_nothing(void **state)
{
	static const struct moment moments[] = {
		{ 0, ATOLL_POWER_UNKNOWN, 0 }, { 1000, 90000, 1 },
		{ 100000, ATOLL_POWER_UNKNOWN, 1 }, { 200000, ATOLL_POWER_UNKNOWN, 1 },
		{ 200001, 60000, 0 },
	};

	(void)state;
	FOLLOW(&rules, moments);
}

static void with_nowhere_to_go_it_goes_nowhere(void **state)
{
	static const struct heat_rules none = {
		.hot_mc = 85000, .cool_mc = 75000, .hold_ms = 30000 };
	static const struct moment moments[] = { { 0, 90000, 0 }, { 100000, 99000, 0 } };

	(void)state;
	FOLLOW(&none, moments);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_step_comes_at_once_the_next_after_a_while),
		cmocka_unit_test(between_hot_and_cool_it_stays_as_it_is),
		cmocka_unit_test(there_is_a_while_between_down_and_up_too),
		cmocka_unit_test(what_is_not_known_changes_nothing),
		cmocka_unit_test(with_nowhere_to_go_it_goes_nowhere),
	};

	return CHECK_RUN(tests);
}
