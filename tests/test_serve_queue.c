/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/serve/queue.h"

#include "tests/check.h"

#define MS INT64_C(1000000)

static struct queue queue;
static struct queue_client client[8];
static struct queue_request request[32];
static uint32_t made;

static int enter(void **state)
{
	(void)state;
	queue = (struct queue){ .patience_ns = 100 * MS, .group_ns = 20 * MS };
	for (size_t i = 0; i < 8; i++)
		client[i] = (struct queue_client){ .served = 0 };
	made = 0;
	return 0;
}

static struct queue_request *push(uint32_t who, enum queue_rank rank, uint64_t token,
				  int64_t now)
{
	struct queue_request *one = &request[made++];

	*one = (struct queue_request){ .client = &client[who], .rank = rank, .token = token };
	queue_push(&queue, one, now);
	return one;
}

static struct queue_request *take(uint64_t token, int64_t now)
{
	return queue_take(&queue, &(struct queue_taker){ .token = token }, now);
}

static void an_empty_queue_has_nothing(void **state)
{
	(void)state;
	assert_null(take(0, MS));
	assert_null(take(7, MS));
}

static void requests_of_one_client_keep_their_order(void **state)
{
	struct queue_request *one, *two;

	(void)state;
	one = push(0, QUEUE_NORMAL, 0, 1 * MS);
	two = push(0, QUEUE_NORMAL, 0, 2 * MS);
	assert_int_equal(queue.waiting, 2);
	assert_ptr_equal(take(0, 3 * MS), one);
	assert_ptr_equal(take(0, 3 * MS), two);
	assert_int_equal(queue.waiting, 0);
}

static void a_client_with_much_to_do_gets_no_more_turns_than_others(void **state)
{
	uint32_t turns[3] = { 0 };

	(void)state;
	for (int i = 0; i < 9; i++)
		(void)push(0, QUEUE_NORMAL, 0, 1 * MS);
	for (int i = 0; i < 3; i++) {
		(void)push(1, QUEUE_NORMAL, 0, 2 * MS);
		(void)push(2, QUEUE_NORMAL, 0, 2 * MS);
	}
	for (int i = 0; i < 9; i++)
		turns[take(0, 3 * MS)->client - client]++;
	assert_int_equal(turns[0], 3);
	assert_int_equal(turns[1], 3);
	assert_int_equal(turns[2], 3);
}

static void the_client_served_the_longest_ago_is_next(void **state)
{
	struct queue_request *mine, *theirs;

	(void)state;
	(void)push(0, QUEUE_NORMAL, 0, 1 * MS);
	assert_non_null(take(0, 1 * MS));
	mine = push(0, QUEUE_NORMAL, 0, 2 * MS);
	theirs = push(1, QUEUE_NORMAL, 0, 3 * MS);
	assert_ptr_equal(take(0, 4 * MS), theirs);
	assert_ptr_equal(take(0, 4 * MS), mine);
}

static void higher_priorities_go_first(void **state)
{
	struct queue_request *low, *normal, *high;

	(void)state;
	low = push(0, QUEUE_LOW, 0, 1 * MS);
	normal = push(1, QUEUE_NORMAL, 0, 2 * MS);
	high = push(2, QUEUE_HIGH, 0, 3 * MS);
	assert_ptr_equal(take(0, 4 * MS), high);
	assert_ptr_equal(take(0, 4 * MS), normal);
	assert_ptr_equal(take(0, 4 * MS), low);
}

static void who_has_waited_too_long_goes_before_higher_priorities(void **state)
{
	struct queue_request *low;

	(void)state;
	low = push(0, QUEUE_LOW, 0, 1 * MS);
	(void)push(1, QUEUE_HIGH, 0, 2 * MS);
	(void)push(1, QUEUE_HIGH, 0, 2 * MS);
	assert_ptr_not_equal(take(0, 101 * MS), low); /* exactly the bound: not yet */
	assert_ptr_equal(take(0, 102 * MS), low);
}

static void high_priority_has_every_other_turn_however_many_have_waited_too_long(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		(void)push(i, QUEUE_LOW, 0, 1 * MS);
	for (int i = 0; i < 6; i++)
		(void)push(7, QUEUE_HIGH, 0, 500 * MS);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(take(0, 501 * MS)->rank, QUEUE_LOW);
		assert_int_equal(take(0, 501 * MS)->rank, QUEUE_HIGH);
	}
}

/* One high client that asks again at once, for ever: the bound holds all the same. */
static void a_low_request_waits_no_longer_than_patience_and_a_run(void **state)
{
	struct queue_request *low;
	int64_t now = 1 * MS;

	(void)state;
	low = push(0, QUEUE_LOW, 0, now);
	for (;;) {
		struct queue_request *next;

		made = 1;
		(void)push(1, QUEUE_HIGH, 0, now);
		next = take(0, now);
		if (next == low)
			break;
		now += 7 * MS;
		assert_true(now - low->since_ns <= 108 * MS);
	}
	assert_true(now - low->since_ns > 100 * MS);
}

static void equal_tokens_are_grouped(void **state)
{
	struct queue_request *a1, *b1, *a2, *b2;

	(void)state;
	a1 = push(0, QUEUE_NORMAL, 0xa, 1 * MS);
	b1 = push(1, QUEUE_NORMAL, 0xb, 1 * MS);
	a2 = push(2, QUEUE_NORMAL, 0xa, 1 * MS);
	b2 = push(3, QUEUE_NORMAL, 0xb, 1 * MS);
	assert_ptr_equal(take(0xb, 2 * MS), b1);
	assert_ptr_equal(take(0xb, 3 * MS), b2);
	assert_ptr_equal(take(0xb, 4 * MS), a1);
	assert_ptr_equal(take(0xa, 5 * MS), a2);
}

static void a_group_ends_when_another_has_waited_too_long_for_it(void **state)
{
	struct queue_request *other;
	int64_t now = 1 * MS;

	(void)state;
	other = push(0, QUEUE_NORMAL, 0xb, now);
	client[0].served = 1000; /* it would be last anyhow */
	queue.turns = 1000;
	for (;;) {
		struct queue_request *next;

		made = 1;
		client[1].served = 0; /* always the most deserving */
		(void)push(1, QUEUE_NORMAL, 0xa, now);
		client[1].served = queue.turns + 1;
		next = take(0xa, now);
		if (next == other)
			break;
		now += 3 * MS;
		assert_true(now - other->since_ns <= 24 * MS);
	}
	assert_true(now - other->since_ns > 20 * MS);
}

static void no_token_is_no_group(void **state)
{
	struct queue_request *first;

	(void)state;
	client[1].served = 5;
	first = push(0, QUEUE_NORMAL, 0xb, 1 * MS);
	(void)push(1, QUEUE_NORMAL, 0, 1 * MS);
	assert_ptr_equal(take(0, 2 * MS), first);
}

static void priority_comes_before_grouping(void **state)
{
	struct queue_request *high;

	(void)state;
	(void)push(0, QUEUE_NORMAL, 0xa, 1 * MS);
	high = push(1, QUEUE_HIGH, 0xb, 1 * MS);
	assert_ptr_equal(take(0xa, 2 * MS), high);
}

static bool is_not(const void *context, const struct queue_request *one)
{
	return one != context;
}

static void a_taker_gets_only_what_it_may_run(void **state)
{
	struct queue_request *barred, *other;
	struct queue_taker taker = { .may = is_not };

	(void)state;
	barred = push(0, QUEUE_HIGH, 0, 1 * MS);
	other = push(1, QUEUE_LOW, 0, 1 * MS);
	taker.context = barred;
	assert_ptr_equal(queue_take(&queue, &taker, 2 * MS), other);
	assert_null(queue_take(&queue, &taker, 200 * MS));
	assert_int_equal(queue.waiting, 1);
	assert_ptr_equal(take(0, 2 * MS), barred);
}

static void a_request_that_comes_back_keeps_its_place_in_time(void **state)
{
	struct queue_request *back, *later;

	(void)state;
	back = push(0, QUEUE_NORMAL, 0, 1 * MS);
	later = push(0, QUEUE_NORMAL, 0, 2 * MS);
	assert_ptr_equal(take(0, 3 * MS), back);
	queue_push(&queue, back, 4 * MS);
	assert_int_equal(back->since_ns, 1 * MS);
	assert_ptr_equal(take(0, 5 * MS), back);
	assert_ptr_equal(take(0, 5 * MS), later);
}

static void what_was_removed_does_not_come(void **state)
{
	struct queue_request *gone, *stays;

	(void)state;
	gone = push(0, QUEUE_HIGH, 0, 1 * MS);
	stays = push(1, QUEUE_LOW, 0, 1 * MS);
	assert_true(queue_remove(&queue, gone));
	assert_false(queue_remove(&queue, gone));
	assert_int_equal(queue.waiting, 1);
	assert_ptr_equal(take(0, 2 * MS), stays);
	assert_false(queue_remove(&queue, stays));
}

#define QUEUE_TEST(test) cmocka_unit_test_setup(test, enter)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		QUEUE_TEST(an_empty_queue_has_nothing),
		QUEUE_TEST(requests_of_one_client_keep_their_order),
		QUEUE_TEST(a_client_with_much_to_do_gets_no_more_turns_than_others),
		QUEUE_TEST(the_client_served_the_longest_ago_is_next),
		QUEUE_TEST(higher_priorities_go_first),
		QUEUE_TEST(who_has_waited_too_long_goes_before_higher_priorities),
		QUEUE_TEST(high_priority_has_every_other_turn_however_many_have_waited_too_long),
		QUEUE_TEST(a_low_request_waits_no_longer_than_patience_and_a_run),
		QUEUE_TEST(equal_tokens_are_grouped),
		QUEUE_TEST(a_group_ends_when_another_has_waited_too_long_for_it),
		QUEUE_TEST(no_token_is_no_group),
		QUEUE_TEST(priority_comes_before_grouping),
		QUEUE_TEST(a_taker_gets_only_what_it_may_run),
		QUEUE_TEST(a_request_that_comes_back_keeps_its_place_in_time),
		QUEUE_TEST(what_was_removed_does_not_come),
	};

	return CHECK_RUN(tests);
}
