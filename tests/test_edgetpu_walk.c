/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of it on a bus is tests/test_edgetpu_run.c. */
#include "runtime/edgetpu/walk.h"

#include <string.h>

#include "tests/check.h"

#define PARAMETER_BYTES ((1u << 20) + 8)

static uint8_t parameters[PARAMETER_BYTES], instructions[32], image[48], scratch[64];
static uint8_t boxes[24], scores[16];
static uint8_t header[WALK_HEADER_BYTES];

static const struct edgetpu_chunk chunk = { .bytes = instructions, .size = 32 };
static const struct edgetpu_layer input = { .name = "net/image" };
static const struct edgetpu_layer outputs[] = {
	{ .name = "net/boxes" }, { .name = "net/scores" },
};
static const uint8_t *const input_bytes[] = { image };
static const struct run_sink sinks[] = {
	{ boxes, sizeof(boxes) }, { scores, sizeof(scores) },
};

#define HINT(what, which, at, bytes) \
	{ .kind = EDGETPU_##what, .index = which, .offset = at, .size = bytes }

/* A walk over one program of these hints. */
#define WALK(name, ...) \
	const struct edgetpu_hint name##_hints[] = { __VA_ARGS__ }; \
	const struct edgetpu_executable name##_executable = { \
		.type = EDGETPU_EXECUTION, \
		.chunks = 1, .chunk = &chunk, \
		.hints = sizeof(name##_hints) / sizeof(name##_hints[0]), .hint = name##_hints, \
		.inputs = 1, .input = &input, .outputs = 2, .output = outputs, \
		.parameters = parameters, .parameter_bytes = sizeof(parameters), \
	}; \
	const struct run_part name##_part = { .executable = &name##_executable, \
		.input = input_bytes, .output = sinks, .scratch = scratch }; \
	struct walk name; \
	walk_begin(&name, &name##_part, 1)

static void expect_header(struct walk *walk, uint32_t size, uint8_t tag)
{
	const uint8_t expected[WALK_HEADER_BYTES] = {
		(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), 0, tag,
	};
	uint32_t length;

	assert_true(walk_may_send(walk, false));
	assert_ptr_equal(walk_next(walk, header, &length), header);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(header, expected, sizeof(expected));
}

static void expect_bytes(struct walk *walk, const uint8_t *bytes, uint32_t size)
{
	uint32_t length;

	assert_true(walk_may_send(walk, true));
	assert_ptr_equal(walk_next(walk, header, &length), bytes);
	assert_int_equal(length, size);
}

static void each_kind_of_item_has_its_tag_and_its_bytes(void **state)
{
	(void)state;
	WALK(walk, HINT(INSTRUCTIONS, 0, 0, 0), HINT(INPUT, 0, 16, 32), HINT(PARAMETERS, 0, 8, 24),
	     HINT(SCRATCH_OUT, 0, 4, 60), HINT(INTERRUPT, 1, 0, 0));

	expect_header(&walk, 32, 0);
	expect_bytes(&walk, instructions, 32);
	expect_header(&walk, 32, 1);
	expect_bytes(&walk, image + 16, 32);
	expect_header(&walk, 24, 2);
	expect_bytes(&walk, parameters + 8, 24);
	expect_header(&walk, 60, 1);
	expect_bytes(&walk, scratch + 4, 60);
	assert_false(walk_may_send(&walk, false));
	assert_true(walk_is_sent(&walk));
	assert_false(walk_is_over(&walk));
	assert_false(walk_take_interrupt(&walk, 4));
	assert_true(walk_take_interrupt(&walk, 5));
	assert_false(walk_take_interrupt(&walk, 5));
	assert_true(walk_is_over(&walk));
}

static void a_payload_comes_in_pieces_of_at_most_a_mebibyte(void **state)
{
	(void)state;
	WALK(walk, HINT(PARAMETERS, 0, 0, PARAMETER_BYTES));

	expect_header(&walk, PARAMETER_BYTES, 2);
	expect_bytes(&walk, parameters, 1 << 20);
	expect_bytes(&walk, parameters + (1 << 20), 8);
	assert_true(walk_is_over(&walk));
}

static void nothing_may_be_sent_while_output_is_due(void **state)
{
	(void)state;
	WALK(walk, HINT(OUTPUT, 0, 0, 24), HINT(INPUT, 0, 0, 48));

	assert_false(walk_may_send(&walk, false));
	assert_int_equal(walk_take_output(&walk, image, 23), 0);
	assert_false(walk_may_send(&walk, false));
	assert_int_equal(walk_take_output(&walk, image, 1), 0);
	assert_true(walk_may_send(&walk, false));
}

static void a_fence_waits_for_what_is_under_way_and_what_is_to_come(void **state)
{
	(void)state;
	WALK(walk, HINT(INTERRUPT, 0, 0, 0), HINT(FENCE, 0, 0, 0), HINT(INPUT, 0, 0, 48));

	assert_false(walk_may_send(&walk, false));
	assert_true(walk_take_interrupt(&walk, 4));
	assert_false(walk_may_send(&walk, true));
	assert_true(walk_may_send(&walk, false));
}

static void output_is_shared_out_among_outfeeds(void **state)
{
	uint8_t stream[60];

	(void)state;
	WALK(walk, HINT(OUTPUT, 1, 8, 8), HINT(OUTPUT, 0, 0, 24), HINT(OUTPUT, 0, 0, 0),
	     HINT(SCRATCH_IN, 0, 2, 16), HINT(OUTPUT, 1, 0, 8));

	for (uint32_t i = 0; i < sizeof(stream); i++)
		stream[i] = (uint8_t)(i + 1);
	assert_int_equal(walk_take_output(&walk, stream, 10), 0);
	assert_int_equal(walk_take_output(&walk, stream + 10, 50), 4);
	assert_memory_equal(scores + 8, stream, 8);
	assert_memory_equal(boxes, stream + 8, 24);
	assert_memory_equal(scratch + 2, stream + 32, 16);
	assert_memory_equal(scores, stream + 48, 8);
	assert_false(walk_may_send(&walk, false)); /* moves on to the end */
	assert_true(walk_is_over(&walk));
}

static void between_runs_nothing_is_expected(void **state)
{
	struct walk walk = { 0 };

	(void)state;
	assert_true(walk_is_over(&walk));
	assert_false(walk_may_send(&walk, false));
	assert_int_equal(walk_take_output(&walk, image, 3), 3);
	for (uint32_t tag = 0; tag < 16; tag++)
		assert_false(walk_take_interrupt(&walk, tag));
}

static void what_goes_and_what_does_not_come_has_words(void **state)
{
	struct walk_cursor at;
	char text[WALK_TEXT];

	(void)state;
	WALK(walk, HINT(INPUT, 0, 16, 32), HINT(OUTPUT, 1, 4, 12), HINT(SCRATCH_IN, 0, 8, 20));

	at = walk.out;
	assert_string_equal(walk_piece_text(&walk, &at, WALK_HEADER_BYTES, text),
			    "the header of input \"net/image\" [16+32]");
	expect_header(&walk, 32, 1);
	at = walk.out;
	expect_bytes(&walk, image + 16, 32);
	assert_string_equal(walk_piece_text(&walk, &at, 32, text), "input \"net/image\" [16+32]");
	assert_string_equal(walk_due_text(&walk, 8, text), "output bytes 4 to 12 of \"net/scores\"");
	assert_int_equal(walk_take_output(&walk, image, 13), 0);
	assert_string_equal(walk_due_text(&walk, 256, text), "scratch bytes 9 to 28");
	assert_int_equal(walk_take_output(&walk, image, 19), 0);
	assert_string_equal(walk_due_text(&walk, 256, text), "the interrupt that ends the run");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_item_has_its_tag_and_its_bytes),
		cmocka_unit_test(a_payload_comes_in_pieces_of_at_most_a_mebibyte),
		cmocka_unit_test(nothing_may_be_sent_while_output_is_due),
		cmocka_unit_test(a_fence_waits_for_what_is_under_way_and_what_is_to_come),
		cmocka_unit_test(output_is_shared_out_among_outfeeds),
		cmocka_unit_test(between_runs_nothing_is_expected),
		cmocka_unit_test(what_goes_and_what_does_not_come_has_words),
	};

	return CHECK_RUN(tests);
}
