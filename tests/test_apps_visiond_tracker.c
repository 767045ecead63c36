/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "apps/visiond_tracker.h"

/* Everything told so far, as "+cat" (appear), "~cat" (change), "-cat". */
static char told[4096];
static struct visiond_thing last;

static void tell(void *data, enum visiond_turn turn, const struct visiond_thing *thing)
{
	size_t length = strlen(told);

	assert_ptr_equal(data, told);
	(void)snprintf(told + length, sizeof(told) - length, "%s%c%s", length ? " " : "",
		       "+~-"[turn], thing->label);
	last = *thing;
}

/* Two results to appear, two to disappear, times do not matter, changes untold. */
static const struct visiond_habits plain = {
	.appear = 0.6f,
	.disappear = 0.4f,
	.appear_results = 2,
	.disappear_results = 2,
	.change_score = 2,
	.change_overlap = 0,
};

static struct visiond_tracker *tracker;
static int64_t now_ms;

static void begin(const struct visiond_habits *habits)
{
	told[0] = '\0';
	now_ms = 1000;
	tracker = visiond_tracker_new(habits, tell, told);
	assert_non_null(tracker);
}

static int end(void **state)
{
	(void)state;
	visiond_tracker_free(tracker);
	tracker = NULL;
	return 0;
}

static void feed(enum vision_kind kind, const struct vision_thing *thing, uint32_t things)
{
	const struct vision_result result = { .kind = kind, .thing = thing, .things = things };

	visiond_tracker_feed(tracker, &result, now_ms);
	now_ms += 100;
}

/* A class with its score; a score below 0 means it is not among the results. */
static void see(float score)
{
	const struct vision_thing cat = { .label = "cat", .index = 7, .score = score };

	feed(VISION_CLASSES, &cat, score >= 0);
}

static struct vision_thing box(uint32_t index, float left, float score)
{
	return (struct vision_thing){
		.label = index ? "dog" : "person", .index = index, .score = score,
		.top = 0.2f, .left = left, .bottom = 0.6f, .right = left + 0.2f,
	};
}

static void a_thing_appears_after_enough_results_in_a_row(void **state)
{
	(void)state;
	begin(&plain);
	see(0.9f);
	assert_string_equal(told, "");
	assert_null(visiond_tracker_at(tracker, 0));
	see(0.8f);
	assert_string_equal(told, "+cat");
	see(0.9f);
	assert_string_equal(told, "+cat");
	assert_int_equal(last.id, 1);
	assert_int_equal(last.index, 7);
	assert_false(last.has_box);
	assert_int_equal(last.since_ms, 1000);
	assert_true(last.score == 0.8f);
	assert_string_equal(visiond_tracker_at(tracker, 0)->label, "cat");
	assert_null(visiond_tracker_at(tracker, 1));
}

static void a_dip_begins_the_count_anew(void **state)
{
	(void)state;
	begin(&plain);
	see(0.9f);
	see(0.5f); /* between the thresholds: not enough to appear */
	see(0.9f);
	see(-1);
	see(0.9f);
	assert_string_equal(told, "");
	see(0.9f);
	assert_string_equal(told, "+cat");
}

static void between_the_thresholds_everything_stays_as_it_is(void **state)
{
	(void)state;
	begin(&plain);
	see(0.6f); /* the threshold itself counts */
	see(0.6f);
	for (int i = 0; i < 10; i++)
		see(i % 2 ? 0.41f : 0.59f);
	see(0.4f);
	see(0.4f);
	assert_string_equal(told, "+cat");
}

static void a_thing_disappears_after_enough_results_without_it(void **state)
{
	(void)state;
	begin(&plain);
	see(0.9f);
	see(0.9f);
	see(0.3f);
	see(0.5f); /* back in time */
	see(-1);
	assert_string_equal(told, "+cat");
	assert_non_null(visiond_tracker_at(tracker, 0));
	see(0.1f);
	assert_string_equal(told, "+cat -cat");
	assert_null(visiond_tracker_at(tracker, 0));
	see(0.9f);
	see(0.9f);
	assert_string_equal(told, "+cat -cat +cat");
	assert_int_equal(last.id, 2);
}

static void times_count_as_well_as_results(void **state)
{
	struct visiond_habits habits = plain;

	(void)state;
	habits.appear_ms = 250;    /* three gaps of 100 ms */
	habits.disappear_ms = 350; /* four */
	begin(&habits);
	see(0.9f);
	see(0.9f);
	see(0.9f);
	assert_string_equal(told, "");
	see(0.9f);
	assert_string_equal(told, "+cat");
	for (int i = 0; i < 4; i++)
		see(-1);
	assert_string_equal(told, "+cat");
	see(-1);
	assert_string_equal(told, "+cat -cat");
}

static void one_result_can_be_enough(void **state)
{
	struct visiond_habits habits = plain;

	(void)state;
	habits.appear_results = habits.disappear_results = 1;
	begin(&habits);
	see(0.9f);
	see(-1);
	assert_string_equal(told, "+cat -cat");
}

static void a_score_that_moves_is_told_but_not_too_often(void **state)
{
	struct visiond_habits habits = plain;

	(void)state;
	habits.change_score = 0.2f;
	habits.change_ms = 300;
	begin(&habits);
	see(0.7f);
	see(0.7f);
	see(0.95f); /* 100 ms after it appeared: too early */
	see(0.95f);
	assert_string_equal(told, "+cat");
	see(0.95f);
	assert_string_equal(told, "+cat ~cat");
	assert_true(last.score == 0.95f);
	for (int i = 0; i < 6; i++)
		see(0.8f); /* not far enough from what was told */
	assert_string_equal(told, "+cat ~cat");
	see(0.7f);
	assert_string_equal(told, "+cat ~cat ~cat");
}

static void a_box_that_moves_stays_the_same_thing(void **state)
{
	struct visiond_habits habits = plain;
	uint32_t id;

	(void)state;
	habits.change_overlap = 0.5f;
	begin(&habits);
	for (int i = 0; i < 2; i++) {
		const struct vision_thing person = box(0, 0.1f, 0.9f);

		feed(VISION_BOXES, &person, 1);
	}
	assert_string_equal(told, "+person");
	assert_true(last.has_box);
	assert_true(last.left == 0.1f && last.top == 0.2f);
	id = last.id;
	for (int i = 1; i <= 5; i++) {
		const struct vision_thing person = box(0, 0.1f + 0.05f * (float)i, 0.9f);

		feed(VISION_BOXES, &person, 1);
	}
	/* Two fifths of the width away is 3/7 shared: told after the second step and
	   the fourth. */
	assert_string_equal(told, "+person ~person ~person");
	assert_int_equal(last.id, id);
	assert_true(last.left > 0.29f && last.left < 0.31f);
}

static void two_of_a_kind_are_told_apart_by_their_places(void **state)
{
	uint32_t left_id;

	(void)state;
	begin(&plain);
	for (int i = 0; i < 2; i++) {
		const struct vision_thing both[] = { box(0, 0.1f, 0.9f), box(0, 0.7f, 0.8f) };

		feed(VISION_BOXES, both, 2);
	}
	assert_string_equal(told, "+person +person");
	assert_int_equal(visiond_tracker_at(tracker, 0)->id, 1);
	assert_int_equal(visiond_tracker_at(tracker, 1)->id, 2);
	left_id = visiond_tracker_at(tracker, 0)->id;
	for (int i = 0; i < 2; i++) {
		/* The order of the results means nothing. */
		const struct vision_thing one = box(0, 0.72f, 0.95f);

		feed(VISION_BOXES, &one, 1);
	}
	assert_string_equal(told, "+person +person -person");
	assert_int_equal(last.id, left_id);
	assert_true(visiond_tracker_at(tracker, 0)->left == 0.72f);
}

static void the_same_place_with_another_label_is_another_thing(void **state)
{
	(void)state;
	begin(&plain);
	for (int i = 0; i < 2; i++) {
		const struct vision_thing person = box(0, 0.1f, 0.9f);

		feed(VISION_BOXES, &person, 1);
	}
	for (int i = 0; i < 2; i++) {
		const struct vision_thing dog = box(1, 0.1f, 0.9f);

		feed(VISION_BOXES, &dog, 1);
	}
	/* Oldest first within one result. */
	assert_string_equal(told, "+person -person +dog");
}

static void a_jump_is_another_thing(void **state)
{
	(void)state;
	begin(&plain);
	for (int i = 0; i < 2; i++) {
		const struct vision_thing person = box(0, 0.1f, 0.9f);

		feed(VISION_POSES, &person, 1);
	}
	for (int i = 0; i < 2; i++) {
		const struct vision_thing person = box(0, 0.25f, 0.9f); /* 1/7 shared */

		feed(VISION_POSES, &person, 1);
	}
	assert_string_equal(told, "+person -person +person");
}

static void clear_lets_everything_disappear_that_was_there(void **state)
{
	(void)state;
	begin(&plain);
	for (int i = 0; i < 2; i++) {
		const struct vision_thing both[] = { box(0, 0.1f, 0.9f), box(1, 0.7f, 0.8f) };

		feed(VISION_BOXES, both, 2);
	}
	see(0.9f); /* only begun */
	visiond_tracker_clear(tracker);
	assert_string_equal(told, "+person +dog -person -dog");
	assert_null(visiond_tracker_at(tracker, 0));
	see(0.9f);
	assert_string_equal(told, "+person +dog -person -dog");
}

static void more_things_than_there_is_room_for_are_left_out(void **state)
{
	struct vision_thing many[VISIOND_THINGS_MAX + 20];
	uint32_t there = 0;

	(void)state;
	begin(&plain);
	for (uint32_t i = 0; i < VISIOND_THINGS_MAX + 20; i++)
		many[i] = (struct vision_thing){ .label = "x", .index = i, .score = 1 };
	for (int i = 0; i < 3; i++)
		feed(VISION_CLASSES, many, VISIOND_THINGS_MAX + 20);
	while (visiond_tracker_at(tracker, there))
		there++;
	assert_int_equal(there, VISIOND_THINGS_MAX);
	for (int i = 0; i < 2; i++)
		feed(VISION_CLASSES, many, 1);
	assert_int_equal(visiond_tracker_at(tracker, 0)->index, 0);
	assert_null(visiond_tracker_at(tracker, 1));
}

static void a_long_label_is_cut_between_characters(void **state)
{
	char label[VISIOND_LABEL_BYTES + 8] = "x";
	struct vision_thing thing = { .label = label, .score = 1 };

	(void)state;
	/* An odd start, so that a two-byte character straddles the end. */
	for (size_t i = 1; i + 2 < sizeof(label); i += 2)
		memcpy(label + i, "\xC3\xA9", 2);
	begin(&plain);
	feed(VISION_CLASSES, &thing, 1);
	feed(VISION_CLASSES, &thing, 1);
	assert_int_equal(strlen(last.label), VISIOND_LABEL_BYTES - 1);
	assert_memory_equal(last.label, label, VISIOND_LABEL_BYTES - 1);
	label[0] = '\xC3';
	label[1] = '\xA9'; /* now one straddles it the other way */
	memmove(label + 2, label + 3, sizeof(label) - 3);
	visiond_tracker_clear(tracker);
	feed(VISION_CLASSES, &thing, 1);
	feed(VISION_CLASSES, &thing, 1);
	assert_int_equal(strlen(last.label), VISIOND_LABEL_BYTES - 2);
}

static void scores_that_are_no_numbers_count_as_none(void **state)
{
	(void)state;
	begin(&plain);
	for (int i = 0; i < 4; i++) {
		const struct vision_thing thing = { .label = "cat", .score = i ? NAN : 1 };

		feed(VISION_CLASSES, &thing, 1);
	}
	assert_string_equal(told, "");
}

static void labels_that_are_no_things_are_ignored(void **state)
{
	static const char *const labels[] = { "nothing", "back ground", "noth", "thing", "" };
	struct visiond_habits habits = plain;

	(void)state;
	habits.ignored = " nothing ,back ground,, other";
	begin(&habits);
	for (int i = 0; i < 2; i++)
		for (uint32_t k = 0; k < 5; k++) {
			const struct vision_thing thing = {
				.label = labels[k], .index = k, .score = 1,
			};

			feed(VISION_CLASSES, &thing, 1);
			feed(VISION_CLASSES, &thing, 1);
		}
	assert_null(strstr(told, "nothing"));
	assert_null(strstr(told, "ground"));
	assert_non_null(strstr(told, "+noth "));
	assert_non_null(strstr(told, "+thing"));
}

#define test(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		test(a_thing_appears_after_enough_results_in_a_row),
		test(a_dip_begins_the_count_anew),
		test(between_the_thresholds_everything_stays_as_it_is),
		test(a_thing_disappears_after_enough_results_without_it),
		test(times_count_as_well_as_results),
		test(one_result_can_be_enough),
		test(a_score_that_moves_is_told_but_not_too_often),
		test(a_box_that_moves_stays_the_same_thing),
		test(two_of_a_kind_are_told_apart_by_their_places),
		test(the_same_place_with_another_label_is_another_thing),
		test(a_jump_is_another_thing),
		test(clear_lets_everything_disappear_that_was_there),
		test(more_things_than_there_is_room_for_are_left_out),
		test(a_long_label_is_cut_between_characters),
		test(scores_that_are_no_numbers_count_as_none),
		test(labels_that_are_no_things_are_ignored),
	};

	return CHECK_RUN(tests);
}
