/* SPDX-License-Identifier: Apache-2.0 */
/* FlexBuffers that flatc writes from JSON, and damaged ones. */
#include "runtime/flexbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "tests/check.h"
#include "tests/flatc.h"

static uint8_t *bytes;
static size_t size;

static int write_buffer(void **state)
{
	(void)state;
	bytes = flatc_binary(NULL,
		"{number: 7, negative: -300, large: 5000000000, huge: 9223372036854775807, "
		"real: 0.25, whole: 3.0, fine: 0.1, yes: true, no: false, text: \"hello\", "
		"empty: \"\", pair: [1, 2], reals: [0.5, 1.5, 2.5, 3.5, 4.5], "
		"mixed: [1, \"two\", 3.5, [4, 5, 6, 7, 8, 9], true], nothing: [], "
		"nested: {deep: {deeper: \"down here\"}}}", &size);
	return 0;
}

static int free_buffer(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

static struct flexbuf_value root_of(const void *from, size_t length)
{
	struct flexbuf_value root;
	struct atoll_error err;

	if (flexbuf_root(from, length, &root, &err) < 0)
		fail_msg("%s", err.text);
	return root;
}

static struct flexbuf_value get(const char *key)
{
	struct flexbuf_value value;

	assert_int_equal(flexbuf_map_get(root_of(bytes, size), key, &value), 0);
	return value;
}

static void check_i64(struct flexbuf_value value, int64_t expected)
{
	int64_t number;

	assert_int_equal(flexbuf_as_i64(value, &number), 0);
	assert_true(number == expected);
}

static void check_f64(struct flexbuf_value value, double expected)
{
	double number;

	assert_int_equal(flexbuf_as_f64(value, &number), 0);
	assert_true(number == expected);
}

static void numbers_are_what_flatc_wrote(void **state)
{
	(void)state;
	check_i64(get("number"), 7);
	check_i64(get("negative"), -300);
	check_i64(get("large"), 5000000000);
	check_i64(get("huge"), INT64_MAX);
	check_f64(get("real"), 0.25);
	check_f64(get("fine"), 0.1);
}

static void numbers_and_booleans_turn_into_each_other(void **state)
{
	int64_t whole = -1;
	bool flag;

	(void)state;
	check_i64(get("whole"), 3);
	check_f64(get("negative"), -300);
	assert_int_equal(flexbuf_as_i64(get("real"), &whole), -EINVAL);
	assert_int_equal(whole, -1);
	assert_int_equal(flexbuf_as_bool(get("yes"), &flag), 0);
	assert_true(flag);
	assert_int_equal(flexbuf_as_bool(get("no"), &flag), 0);
	assert_false(flag);
	assert_int_equal(flexbuf_as_bool(get("real"), &flag), 0);
	assert_true(flag);
	check_i64(get("yes"), 1);
	assert_int_equal(flexbuf_as_f64(get("text"), NULL), -EINVAL);
}

static void texts_end_in_nul_and_know_their_length(void **state)
{
	const uint8_t *blob;
	const char *text;
	size_t length;

	(void)state;
	assert_int_equal(flexbuf_as_string(get("text"), &text, &length), 0);
	assert_string_equal(text, "hello");
	assert_int_equal(length, 5);
	assert_int_equal(flexbuf_as_string(get("empty"), &text, NULL), 0);
	assert_string_equal(text, "");
	assert_int_equal(flexbuf_as_blob(get("text"), &blob, &length), 0);
	assert_memory_equal(blob, "hello", 5);
	assert_int_equal(flexbuf_as_string(get("number"), &text, NULL), -EINVAL);
	assert_int_equal(flexbuf_as_blob(get("pair"), &blob, &length), -EINVAL);
}

static void vectors_hold_one_type_or_many(void **state)
{
	struct flexbuf_value vector = get("mixed"), value;
	const char *text;
	size_t count;

	(void)state;
	assert_int_equal(flexbuf_count(vector, &count), 0);
	assert_int_equal(count, 5);
	assert_int_equal(flexbuf_at(vector, 0, &value), 0);
	check_i64(value, 1);
	assert_int_equal(flexbuf_at(vector, 1, &value), 0);
	assert_int_equal(flexbuf_as_string(value, &text, NULL), 0);
	assert_string_equal(text, "two");
	assert_int_equal(flexbuf_at(vector, 2, &value), 0);
	check_f64(value, 3.5);
	assert_int_equal(flexbuf_at(vector, 3, &value), 0);
	assert_int_equal(flexbuf_count(value, &count), 0);
	assert_int_equal(count, 6);
	assert_int_equal(flexbuf_at(value, 5, &value), 0);
	check_i64(value, 9);
	assert_int_equal(flexbuf_at(vector, 5, &value), -EINVAL);

	vector = get("reals");
	assert_int_equal(vector.kind, FLEXBUF_VECTOR);
	assert_int_equal(flexbuf_at(vector, 4, &value), 0);
	check_f64(value, 4.5);
	assert_int_equal(flexbuf_count(get("pair"), &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(flexbuf_at(get("pair"), 1, &value), 0);
	check_i64(value, 2);
	assert_int_equal(flexbuf_count(get("nothing"), &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(flexbuf_at(get("nothing"), 0, &value), -EINVAL);
	assert_int_equal(flexbuf_count(get("number"), &count), -EINVAL);
}

static void maps_are_searched_and_walked(void **state)
{
	struct flexbuf_value root = root_of(bytes, size), value;
	const char *key, *before = "", *text;
	size_t count;

	(void)state;
	assert_int_equal(root.kind, FLEXBUF_MAP);
	assert_int_equal(flexbuf_map_get(root, "numbe", &value), -ENOENT);
	assert_int_equal(flexbuf_map_get(root, "numbers", &value), -ENOENT);
	assert_int_equal(flexbuf_map_get(root, "", &value), -ENOENT);
	assert_int_equal(flexbuf_map_get(get("pair"), "number", &value), -EINVAL);

	assert_int_equal(flexbuf_count(root, &count), 0);
	assert_int_equal(count, 16);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(flexbuf_map_key(root, i, &key), 0);
		assert_true(strcmp(before, key) < 0);
		before = key;
	}
	assert_int_equal(flexbuf_map_key(root, count, &key), -EINVAL);

	assert_int_equal(flexbuf_map_get(get("nested"), "deep", &value), 0);
	assert_int_equal(flexbuf_map_get(value, "deeper", &value), 0);
	assert_int_equal(flexbuf_as_string(value, &text, NULL), 0);
	assert_string_equal(text, "down here");
}

/* Fixed-size, indirect, unsigned and rarer forms, which flatc does not write. */
static void rarer_types_read_too(void **state)
{
	/* value, packed type, width of the root */
	static const uint8_t unsigned8[] = { 200, 2 << 2, 1 };
	static const uint8_t indirect[] = { 0xd4, 0xfe, 2, 6 << 2 | 1, 1 };
	static const uint8_t real[] = { 0, 0, 0xc0, 0x3f, 4, 8 << 2 | 2, 1 };
	static const uint8_t blob[] = { 2, 0xaa, 0xbb, 2, 25 << 2, 1 };
	static const uint8_t triple[] = { 1, 2, 250, 3, 19 << 2, 1 };
	static const uint8_t flags[] = { 2, 1, 0, 2, 36 << 2, 1 };
	static const uint8_t null[] = { 0, 0, 1 };
	static const uint8_t most[] = { 255, 255, 255, 255, 255, 255, 255, 255, 2 << 2 | 3, 8 };
	struct flexbuf_value value;
	const uint8_t *contents;
	size_t length;
	int64_t number;
	bool flag;

	(void)state;
	check_i64(root_of(unsigned8, sizeof(unsigned8)), 200);
	check_i64(root_of(indirect, sizeof(indirect)), -300);
	check_f64(root_of(real, sizeof(real)), 1.5);
	assert_int_equal(flexbuf_as_blob(root_of(blob, sizeof(blob)), &contents, &length), 0);
	assert_int_equal(length, 2);
	assert_int_equal(contents[1], 0xbb);
	assert_int_equal(flexbuf_at(root_of(triple, sizeof(triple)), 2, &value), 0);
	check_i64(value, -6);
	assert_int_equal(flexbuf_at(root_of(triple, sizeof(triple)), 3, &value), -EINVAL);
	assert_int_equal(flexbuf_at(root_of(flags, sizeof(flags)), 0, &value), 0);
	assert_int_equal(flexbuf_as_bool(value, &flag), 0);
	assert_true(flag);
	assert_int_equal(root_of(null, sizeof(null)).kind, FLEXBUF_NULL);
	assert_int_equal(flexbuf_as_i64(root_of(null, sizeof(null)), &number), -EINVAL);
	assert_int_equal(flexbuf_as_i64(root_of(most, sizeof(most)), &number), -EINVAL);
	check_f64(root_of(most, sizeof(most)), 0x1p64);
}

static void bytes_without_a_root_are_refused(void **state)
{
	static const struct {
		uint8_t bytes[4];
		size_t size;
		const char *sentence;
	} broken[] = {
		{ { 1, 4 }, 2, "FlexBuffer: 2 bytes are too few" },
		{ { 1, 4, 0 }, 3, "FlexBuffer: root of type 1 and width 0 cannot be" },
		{ { 1, 4, 3 }, 3, "FlexBuffer: root of type 1 and width 3 cannot be" },
		{ { 1, 4, 8 }, 3, "FlexBuffer: root of type 1 and width 8 cannot be" },
		{ { 1, 40 << 2, 1 }, 3, "FlexBuffer: root of type 40 and width 1 cannot be" },
		{ { 9, 9 << 2, 1 }, 3, "FlexBuffer: root of type 9 and width 1 cannot be" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct flexbuf_value root;
		struct atoll_error err;

		assert_int_equal(flexbuf_root(broken[i].bytes, broken[i].size, &root, &err),
				 -EINVAL);
		assert_string_equal(err.text, broken[i].sentence);
	}
}

/* Ask a value everything, and what is in it, to some depth. */
static unsigned ask(struct flexbuf_value value, unsigned depth)
{
	struct flexbuf_value inside;
	const uint8_t *blob;
	const char *text;
	size_t count = 0;
	unsigned answers = 0;
	int64_t number;
	double real;
	bool flag;

	answers += flexbuf_as_i64(value, &number) == 0;
	answers += flexbuf_as_f64(value, &real) == 0;
	answers += flexbuf_as_bool(value, &flag) == 0;
	if (flexbuf_as_string(value, &text, NULL) == 0)
		answers += (unsigned)strlen(text);
	if (flexbuf_as_blob(value, &blob, &count) == 0 && count > 0)
		answers += blob[count - 1];
	answers += flexbuf_map_get(value, "number", &inside) == 0;
	if (depth == 0 || flexbuf_count(value, &count) < 0)
		return answers;
	for (size_t i = 0; i < count && i < 20; i++) {
		if (flexbuf_map_key(value, i, &text) == 0)
			answers += (unsigned)strlen(text);
		if (flexbuf_at(value, i, &inside) == 0)
			answers += ask(inside, depth - 1);
	}
	return answers;
}

/* In memory that ends where the bytes end, at an odd address. */
static unsigned ask_all(const uint8_t *from, size_t length)
{
	uint8_t *tight = malloc(length + 1);
	struct flexbuf_value root;
	unsigned answers = 0;

	assert_non_null(tight);
	memcpy(tight + 1, from, length);
	if (flexbuf_root(tight + 1, length, &root, NULL) == 0)
		answers = ask(root, 3);
	free(tight);
	return answers;
}

static void damaged_bytes_never_lead_outside(void **state)
{
	unsigned whole = ask_all(bytes, size), others = 0;

	(void)state;
	for (size_t start = 0; start < size; start++)
		others += ask_all(bytes + start, size - start) != whole;
	assert_true(others > size / 2);
	for (size_t at = 0; at < size * 8; at++) {
		bytes[at / 8] ^= (uint8_t)(1 << at % 8);
		(void)ask_all(bytes, size);
		bytes[at / 8] ^= (uint8_t)(1 << at % 8);
	}
	assert_int_equal(ask_all(bytes, size), whole);
}

/* Many keys over the same bytes: no comparison may run through all of them. */
static void a_search_takes_time_in_proportion_to_the_keys(void **state)
{
	struct check_random random = { .state = 5 };
	size_t length = 1 << 20;
	uint8_t *large = malloc(length);
	struct flexbuf_value value = { .bytes = large, .size = length, .kind = FLEXBUF_MAP,
				       .at = length / 2, .width = 4 };
	uint32_t words[3] = { (uint32_t)(length / 2 - 12 - (1 << 18)), 4, 50000 };

	(void)state;
	assert_non_null(large);
	for (size_t i = 0; i < length; i++)
		large[i] = (uint8_t)(1 | check_random(&random)); /* no NUL anywhere */
	memcpy(large + length / 2 - 12, words, sizeof(words));
	words[0] = 50000;
	memcpy(large + (1 << 18) - 4, words, 4);
	for (uint32_t i = 0; i < 50000; i++) {
		uint32_t back = (1 << 18) + 4 * i;

		memcpy(large + (1 << 18) + 4 * (size_t)i, &back, 4);
	}
	words[0] = (uint32_t)(length / 2 - 12 - (1 << 18));
	memcpy(large + length / 2 - 12, words, 4);
	assert_int_equal(flexbuf_map_get(value, "number", &value), -ENOENT);
	free(large);
}

static void detection_options_of_a_real_model_are_read(void **state)
{
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(check_data_path(
		"models/ssd_mobilenet_v2_coco_quant_postprocess_segment_1_of_2_edgetpu.tflite"),
		&err);
	const struct atoll_operator *op;
	struct flexbuf_value options, value;

	(void)state;
	assert_non_null(model);
	op = &model->graph[0].op[3];
	assert_string_equal(op->name, "TFLite_Detection_PostProcess");
	options = root_of(op->custom_options, op->custom_options_bytes);
	assert_int_equal(flexbuf_map_get(options, "max_detections", &value), 0);
	check_i64(value, 20);
	assert_int_equal(flexbuf_map_get(options, "num_classes", &value), 0);
	check_i64(value, 90);
	assert_int_equal(flexbuf_map_get(options, "y_scale", &value), 0);
	check_f64(value, 10);
	atoll_model_free(model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_what_flatc_wrote),
		cmocka_unit_test(numbers_and_booleans_turn_into_each_other),
		cmocka_unit_test(texts_end_in_nul_and_know_their_length),
		cmocka_unit_test(vectors_hold_one_type_or_many),
		cmocka_unit_test(maps_are_searched_and_walked),
		cmocka_unit_test(rarer_types_read_too),
		cmocka_unit_test(bytes_without_a_root_are_refused),
		cmocka_unit_test(damaged_bytes_never_lead_outside),
		cmocka_unit_test(a_search_takes_time_in_proportion_to_the_keys),
		cmocka_unit_test(detection_options_of_a_real_model_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, write_buffer, free_buffer) != 0;
}
