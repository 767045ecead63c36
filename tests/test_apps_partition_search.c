/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/partition_search.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/check.h"

#define OPERATORS_MAX 40
#define SEGMENTS_MAX 5

/* A model whose operators take known times, and what was asked about it. */
struct fake {
	uint32_t operators, segments;
	int64_t time_ns[OPERATORS_MAX];
	uint32_t most;                 /* operators that compile together; 0: any */
	uint32_t fails_from;           /* cuts that begin here or later do not compile; 0:
					  all do */
	int trouble;                   /* what the next question is answered with */

	uint32_t own, measured;        /* questions */
	bool was_asked[OPERATORS_MAX][OPERATORS_MAX + 1];
};

static int64_t sum(const struct fake *fake, uint32_t first, uint32_t count)
{
	int64_t time_ns = 0;

	for (uint32_t i = first; i < first + count; i++)
		time_ns += fake->time_ns[i];
	return time_ns;
}

/* Equal numbers of operators, and the rest for the last. */
static int compilers_own(void *context, int64_t *time_ns, struct atoll_error *err)
{
	struct fake *fake = context;
	uint32_t each = fake->operators / fake->segments;

	(void)err;
	fake->own++;
	for (uint32_t s = 0; s < fake->segments; s++)
		time_ns[s] = sum(fake, s * each, s + 1 < fake->segments ? each :
				 fake->operators - s * each);
	return 0;
}

static int measure(void *context, uint32_t segment, uint32_t first, uint32_t count,
		   int64_t *time_ns, struct atoll_error *err)
{
	struct fake *fake = context;

	assert_in_range(segment, 0, fake->segments - 1);
	assert_in_range(count, 1, fake->operators);
	assert_in_range(first + count, 1, fake->operators);
	assert_false(fake->was_asked[first][count]);
	fake->was_asked[first][count] = true;
	fake->measured++;
	if (fake->trouble < 0)
		return atoll_error_set(err, fake->trouble, "no device");
	*time_ns = sum(fake, first, count);
	if ((fake->most && count > fake->most) ||
	    (fake->fails_from && first >= fake->fails_from))
		*time_ns = PARTITION_IMPOSSIBLE;
	return 0;
}

static const struct partition_ops ops = { .compilers_own = compilers_own, .measure = measure };

static struct partition_task task_of(struct fake *fake)
{
	return (struct partition_task){
		.operators = fake->operators, .first_output = fake->operators - 1,
		.segments = fake->segments, .step = 1, .threshold_ns = 1,
		.lower_ns = -1, .upper_ns = -1, .ops = &ops, .context = fake };
}

/* The first operators take longer. */
static struct fake sloping(uint32_t operators, uint32_t segments)
{
	struct fake fake = { .operators = operators, .segments = segments };

	for (uint32_t i = 0; i < operators; i++)
		fake.time_ns[i] = 100 * (operators - i);
	return fake;
}

struct split {
	uint32_t count[SEGMENTS_MAX];
	int64_t time_ns[SEGMENTS_MAX];
};

static int search(const struct partition_task *task, struct split *split)
{
	struct atoll_error err = { .text = "" };
	int r = partition_search(task, split->count, split->time_ns, &err);

	if (r < 0)
		assert_string_not_equal(err.text, "");
	return r;
}

/* The split is one of the whole model, with the times it was given; its slowest. */
static int64_t slowest(const struct fake *fake, const struct split *split)
{
	uint32_t first = 0;
	int64_t most = 0;

	for (uint32_t s = 0; s < fake->segments; s++) {
		assert_true(split->count[s] > 0);
		assert_true(split->time_ns[s] == sum(fake, first, split->count[s]));
		most = split->time_ns[s] > most ? split->time_ns[s] : most;
		first += split->count[s];
	}
	assert_int_equal(first, fake->operators);
	return most;
}

/* The least that the slowest can take, of all ways to cut. */
static int64_t best(const struct fake *fake, uint32_t first, uint32_t segments)
{
	int64_t least = INT64_MAX;

	if (segments == 1)
		return sum(fake, first, fake->operators - first);
	for (uint32_t n = 1; first + n + segments - 1 <= fake->operators; n++) {
		int64_t here = sum(fake, first, n), rest = best(fake, first + n, segments - 1);

		here = rest > here ? rest : here;
		least = here < least ? here : least;
	}
	return least;
}

static void the_slowest_segment_becomes_as_fast_as_it_can(void **state)
{
	struct check_random random = { 1 };
	int found = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct fake fake = { .operators = (uint32_t)check_random_in(&random, 6, 14),
				     .segments = (uint32_t)check_random_in(&random, 2, 4) };
		struct partition_task task = task_of(&fake);
		struct split split;
		int r;

		for (uint32_t i = 0; i < fake.operators; i++)
			fake.time_ns[i] = check_random_in(&random, 1, 100000);
		r = search(&task, &split);
		if (r == PARTITION_FOUND)
			assert_in_range(slowest(&fake, &split) - best(&fake, 0, fake.segments),
					0, 1);
		found += r == PARTITION_FOUND;
	}
	assert_true(found > 40);
}

static void segments_that_are_near_enough_are_left_alone(void **state)
{
	struct fake fake = sloping(12, 3);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	for (uint32_t i = 0; i < 12; i++)
		fake.time_ns[i] = 1000;
	assert_int_equal(search(&task, &split), PARTITION_BALANCED);
	assert_int_equal(fake.own, 1);
	assert_int_equal(fake.measured, 0);
	fake = sloping(12, 3);
	task.threshold_ns = 100000;
	assert_int_equal(search(&task, &split), PARTITION_BALANCED);
	assert_int_equal(fake.measured, 0);
}

static void no_cut_is_measured_twice(void **state)
{
	struct fake fake = sloping(30, 4);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	/* measure() fails the test when it is asked again. */
	assert_int_equal(search(&task, &split), PARTITION_FOUND);
	assert_in_range(slowest(&fake, &split) - best(&fake, 0, 4), 0, 1);
	assert_int_equal(fake.own, 1);
	assert_in_range(fake.measured, 4, 300);
}

static void what_does_not_compile_is_made_shorter(void **state)
{
	struct fake fake = sloping(12, 3);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	fake.most = 5;
	task.lower_ns = 0;
	task.upper_ns = 10000;
	assert_int_equal(search(&task, &split), PARTITION_FOUND);
	(void)slowest(&fake, &split);
	for (int s = 0; s < 3; s++)
		assert_in_range(split.count[s], 1, 5);
	assert_int_equal(fake.own, 0);
}

static void when_nothing_compiles_nothing_is_found(void **state)
{
	struct fake fake = sloping(20, 4);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	fake.fails_from = 3;
	assert_int_equal(search(&task, &split), PARTITION_NOT_FOUND);
	/* Each pair of beginning and length at most once, however many ways lead there. */
	assert_in_range(fake.measured, 1, 20 * 21 / 2);
}

static void limits_that_are_given_are_not_measured(void **state)
{
	struct fake fake = sloping(12, 3);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	task.lower_ns = 1000;
	assert_int_equal(search(&task, &split), PARTITION_FOUND);
	assert_int_equal(fake.own, 1);
	fake = sloping(12, 3);
	task.upper_ns = 4000;
	assert_int_equal(search(&task, &split), PARTITION_FOUND);
	assert_int_equal(fake.own, 0);
	assert_true(slowest(&fake, &split) <= 4000);
	/* No cut keeps to such a limit. */
	fake = sloping(12, 3);
	task.lower_ns = 0;
	task.upper_ns = 1000;
	assert_int_equal(search(&task, &split), PARTITION_NOT_FOUND);
}

static void operators_from_the_first_output_on_stay_together(void **state)
{
	struct fake fake = sloping(12, 3);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	task.first_output = 4;
	task.lower_ns = 0;
	task.upper_ns = 100000;
	assert_int_equal(search(&task, &split), PARTITION_FOUND);
	(void)slowest(&fake, &split);
	assert_in_range(split.count[2], 8, 10);
	/* There are not enough of them before it. */
	fake = sloping(12, 3);
	task.first_output = 1;
	assert_int_equal(search(&task, &split), PARTITION_NOT_FOUND);
	assert_int_equal(fake.measured, 0);
}

/* The first segment begins with 11 - 3 = 8 operators, then 5, then 2. */
static void a_step_is_how_many_operators_move_at_a_time(void **state)
{
	struct fake fake = sloping(12, 3);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	task.step = 3;
	task.lower_ns = 0;
	task.upper_ns = 10000;
	assert_int_equal(search(&task, &split), PARTITION_FOUND);
	(void)slowest(&fake, &split);
	for (uint32_t n = 1; n <= 12; n++)
		if (fake.was_asked[0][n])
			assert_int_equal(n % 3, 2);
}

static void trouble_ends_the_search(void **state)
{
	struct fake fake = sloping(12, 3);
	struct partition_task task = task_of(&fake);
	struct split split;

	(void)state;
	fake.trouble = -ENODEV;
	assert_int_equal(search(&task, &split), -ENODEV);
	assert_int_equal(fake.measured, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slowest_segment_becomes_as_fast_as_it_can),
		cmocka_unit_test(segments_that_are_near_enough_are_left_alone),
		cmocka_unit_test(no_cut_is_measured_twice),
		cmocka_unit_test(what_does_not_compile_is_made_shorter),
		cmocka_unit_test(when_nothing_compiles_nothing_is_found),
		cmocka_unit_test(limits_that_are_given_are_not_measured),
		cmocka_unit_test(operators_from_the_first_output_on_stay_together),
		cmocka_unit_test(a_step_is_how_many_operators_move_at_a_time),
		cmocka_unit_test(trouble_ends_the_search),
	};

	return CHECK_RUN(tests);
}
