/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "runtime/memory.h"
#include "tests/check.h"

static int is_zero(const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (at[i])
			return 0;
	return 1;
}

static void blocks_are_aligned_and_zeroed_with_their_margin(void **state)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 1000, 100000 };
	struct memory memory = MEMORY_UNLIMITED;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint8_t *block = memory_take(&memory, sizes[i]);

		assert_non_null(block);
		assert_int_equal((uintptr_t)block % MEMORY_ALIGNMENT, 0);
		assert_true(is_zero(block, sizes[i] + MEMORY_MARGIN));
		memset(block, 0xff, sizes[i]); /* the next one is fresh all the same */
	}
	memory_free(&memory);
}

static void blocks_do_not_touch_each_other(void **state)
{
	struct memory memory = MEMORY_UNLIMITED;
	uint8_t *block[50];

	(void)state;
	for (int i = 0; i < 50; i++) {
		block[i] = memory_take(&memory, (size_t)i * 7);
		assert_non_null(block[i]);
		memset(block[i], i, (size_t)i * 7);
	}
	for (int i = 0; i < 50; i++)
		for (int k = 0; k < i * 7; k++)
			assert_int_equal(block[i][k], i);
	memory_free(&memory);
}

static void more_than_there_can_be_is_null_and_harms_nothing(void **state)
{
	struct memory memory = MEMORY_UNLIMITED;
	uint8_t *block = memory_take(&memory, 10);

	(void)state;
	assert_non_null(block);
	assert_null(memory_take(&memory, SIZE_MAX));
	assert_null(memory_take(&memory, SIZE_MAX - MEMORY_MARGIN));
	block[9] = 1;
	memory_free(&memory);
}

static void a_limit_counts_everything_that_is_taken(void **state)
{
	struct memory memory = { .left = 1000 };

	(void)state;
	assert_null(memory_take(&memory, 1000)); /* margin and chain count, too */
	assert_non_null(memory_take(&memory, 500));
	assert_null(memory_take(&memory, 500));
	assert_non_null(memory_take(&memory, 100));
	memory_free(&memory);
}

static void freeing_twice_or_nothing_is_allowed(void **state)
{
	struct memory memory = MEMORY_UNLIMITED;

	(void)state;
	memory_free(&memory);
	assert_non_null(memory_take(&memory, 10));
	memory_free(&memory);
	memory_free(&memory);
	assert_null(memory.newest);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_aligned_and_zeroed_with_their_margin),
		cmocka_unit_test(blocks_do_not_touch_each_other),
		cmocka_unit_test(more_than_there_can_be_is_null_and_harms_nothing),
		cmocka_unit_test(a_limit_counts_everything_that_is_taken),
		cmocka_unit_test(freeing_twice_or_nothing_is_allowed),
	};

	return CHECK_RUN(tests);
}
