/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small buffer, written by flatc after the schema below and damaged in one
 * place for each rule of verification.
 */
#include "runtime/flatbuf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/flatc.h"

static const char schema_text[] =
	"file_identifier \"TEST\";\n"
	"table Leaf { flag:bool; note:string; leaves:[Leaf]; }\n"
	"union Any { Leaf }\n"
	"struct Pair { first:int; second:int; }\n"
	"table Root {\n"
	"	tiny:byte = 3; small:ubyte; number:int; count:uint; wide:long; vast:ulong;\n"
	"	real:float; text:string; leaf:Leaf; any:Any; ints:[int]; longs:[long];\n"
	"	reals:[float]; texts:[string]; leaves:[Leaf]; flag:bool;\n"
	"	brief:short; pairs:[Pair];\n"
	"}\n"
	"root_type Root;\n";

enum { LEAF_FLAG, LEAF_NOTE, LEAF_LEAVES };
enum {
	TINY, SMALL, NUMBER, COUNT, WIDE, VAST, REAL, TEXT, LEAF, ANY_TYPE, ANY, INTS, LONGS,
	REALS, TEXTS, LEAVES, FLAG, BRIEF, PAIRS, FIELDS
};

static const struct flatbuf_type leaf_type;

static const struct flatbuf_field leaf_fields[] = {
	[LEAF_FLAG] = { .name = "flag", .kind = FLATBUF_SCALAR, .width = 1 },
	[LEAF_NOTE] = { .name = "note", .kind = FLATBUF_STRING },
	[LEAF_LEAVES] = { .name = "leaves", .kind = FLATBUF_TABLES, .type = &leaf_type },
};
static const struct flatbuf_type leaf_type = { 3, leaf_fields };

static const struct flatbuf_field any_fields[] = {
	[1] = { .name = "Leaf", .kind = FLATBUF_TABLE, .type = &leaf_type },
};
static const struct flatbuf_type any_type = { 2, any_fields };

static const struct flatbuf_field root_fields[] = {
	[TINY] = { .name = "tiny", .kind = FLATBUF_SCALAR, .width = 1 },
	[SMALL] = { .name = "small", .kind = FLATBUF_SCALAR, .width = 1 },
	[NUMBER] = { .name = "number", .kind = FLATBUF_SCALAR, .width = 4 },
	[COUNT] = { .name = "count", .kind = FLATBUF_SCALAR, .width = 4 },
	[WIDE] = { .name = "wide", .kind = FLATBUF_SCALAR, .width = 8 },
	[VAST] = { .name = "vast", .kind = FLATBUF_SCALAR, .width = 8 },
	[REAL] = { .name = "real", .kind = FLATBUF_SCALAR, .width = 4 },
	[TEXT] = { .name = "text", .kind = FLATBUF_STRING },
	[LEAF] = { .name = "leaf", .kind = FLATBUF_TABLE, .type = &leaf_type },
	[ANY_TYPE] = { .name = "any_type", .kind = FLATBUF_SCALAR, .width = 1 },
	[ANY] = { .name = "any", .kind = FLATBUF_UNION, .type = &any_type },
	[INTS] = { .name = "ints", .kind = FLATBUF_SCALARS, .width = 4 },
	[LONGS] = { .name = "longs", .kind = FLATBUF_SCALARS, .width = 8 },
	[REALS] = { .name = "reals", .kind = FLATBUF_SCALARS, .width = 4 },
	[TEXTS] = { .name = "texts", .kind = FLATBUF_STRINGS },
	[LEAVES] = { .name = "leaves", .kind = FLATBUF_TABLES, .type = &leaf_type },
	[FLAG] = { .name = "flag", .kind = FLATBUF_SCALAR, .width = 1 },
	[BRIEF] = { .name = "brief", .kind = FLATBUF_SCALAR, .width = 2 },
	[PAIRS] = { .name = "pairs", .kind = FLATBUF_STRUCTS, .width = 8 },
};
static const struct flatbuf_type root_type = { FIELDS, root_fields };

static uint8_t *bytes;
static size_t size;

static int write_buffer(void **state)
{
	char path[] = "/tmp/atoll-schema-XXXXXX.fbs";
	int fd = mkstemps(path, 4);

	(void)state;
	assert_int_equal(write(fd, schema_text, strlen(schema_text)), strlen(schema_text));
	(void)close(fd);
	bytes = flatc_binary(path,
		"{small: 200, number: -70000, count: 4000000000, wide: -5000000000, "
		"vast: 18446744073709551615, real: 0.375, text: 'hello', "
		"leaf: {flag: true, note: 'inner'}, any_type: Leaf, any: {note: 'other'}, "
		"ints: [1, -2, 3], longs: [-4, 5], reals: [0.5, -1.5], "
		"texts: ['one', '', 'three'], leaves: [{}, {note: 'second', leaves: [{}]}], "
		"flag: true, brief: -300, "
		"pairs: [{first: 1, second: 2}, {first: 3, second: -4}]}", &size);
	(void)unlink(path);
	return 0;
}

static int free_buffer(void **state)
{
	(void)state;
	free(bytes);
	return 0;
}

static struct flatbuf_table verified(void)
{
	struct flatbuf_table root;
	struct atoll_error err;

	if (flatbuf_verify(bytes, size, &root_type, "TEST", &root, &err) < 0)
		fail_msg("%s", err.text);
	return root;
}

static void scalars_are_what_flatc_wrote(void **state)
{
	struct flatbuf_table root = verified();

	(void)state;
	assert_int_equal(flatbuf_i8(root, TINY, 3), 3);
	assert_int_equal(flatbuf_u8(root, SMALL, 0), 200);
	assert_int_equal(flatbuf_i16(root, BRIEF, 0), -300);
	assert_int_equal(flatbuf_i32(root, NUMBER, 0), -70000);
	assert_int_equal(flatbuf_u32(root, COUNT, 0), 4000000000);
	assert_true(flatbuf_i64(root, WIDE, 0) == INT64_C(-5000000000));
	assert_true(flatbuf_u64(root, VAST, 0) == UINT64_MAX);
	assert_true(flatbuf_f32(root, REAL, 0) == 0.375f);
	assert_true(flatbuf_bool(root, FLAG, false));
}

static void strings_vectors_and_tables_are_what_flatc_wrote(void **state)
{
	struct flatbuf_table root = verified(), second;
	struct flatbuf_vector list;

	(void)state;
	assert_string_equal(flatbuf_string(root, TEXT), "hello");
	assert_true(flatbuf_bool(flatbuf_child(root, LEAF), LEAF_FLAG, false));
	assert_string_equal(flatbuf_string(flatbuf_child(root, LEAF), LEAF_NOTE), "inner");
	assert_int_equal(flatbuf_u8(root, ANY_TYPE, 0), 1);
	assert_string_equal(flatbuf_string(flatbuf_child(root, ANY), LEAF_NOTE), "other");

	list = flatbuf_vector(root, INTS);
	assert_int_equal(list.count, 3);
	assert_int_equal(flatbuf_vector_i32(list, 1), -2);
	list = flatbuf_vector(root, PAIRS);
	assert_int_equal(list.count, 2);
	assert_int_equal(flatbuf_vector_i32(list, 3), -4); /* structs lie without gaps */
	list = flatbuf_vector_bytes(flatbuf_vector(root, TEXTS), 2);
	assert_int_equal(list.count, 5);
	assert_memory_equal(list.at, "three", 6);
	list = flatbuf_vector(root, LONGS);
	assert_int_equal(list.count, 2);
	assert_int_equal(flatbuf_vector_i64(list, 0), -4);
	list = flatbuf_vector(root, REALS);
	assert_true(flatbuf_vector_f32(list, 1) == -1.5f);
	list = flatbuf_vector(root, TEXTS);
	assert_int_equal(list.count, 3);
	assert_string_equal(flatbuf_vector_string(list, 1), "");
	assert_string_equal(flatbuf_vector_string(list, 2), "three");
	list = flatbuf_vector(root, LEAVES);
	second = flatbuf_vector_table(list, 1);
	assert_null(flatbuf_string(flatbuf_vector_table(list, 0), LEAF_NOTE));
	assert_string_equal(flatbuf_string(second, LEAF_NOTE), "second");
	assert_int_equal(flatbuf_vector(second, LEAF_LEAVES).count, 1);
}

static void what_is_absent_reads_as_its_default(void **state)
{
	struct flatbuf_table none = { .at = NULL };
	struct flatbuf_table leaf = flatbuf_vector_table(flatbuf_vector(verified(), LEAVES), 0);

	(void)state;
	assert_int_equal(flatbuf_i32(none, 0, -9), -9);
	assert_int_equal(flatbuf_i32(leaf, 1000, 12), 12);
	assert_null(flatbuf_string(none, 5));
	assert_null(flatbuf_child(none, 5).at);
	assert_null(flatbuf_child(flatbuf_child(none, 5), 5).at);
	assert_int_equal(flatbuf_vector(leaf, LEAF_LEAVES).count, 0);
	assert_null(flatbuf_vector(leaf, LEAF_LEAVES).at);
}

/* Positions in the buffer, worked out here a second time. */
static uint32_t load_u32(size_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

static size_t root_at(void)
{
	return load_u32(0);
}

static size_t vtable_of(size_t table)
{
	return table - load_u32(table);
}

static size_t slot_of(size_t table, unsigned id)
{
	size_t entry = vtable_of(table) + 4 + 2 * id;

	return table + bytes[entry] + 256u * bytes[entry + 1];
}

static size_t target_of(size_t slot)
{
	return slot + load_u32(slot);
}

/* Store `count` bytes of `value` at `at`, expect the sentence, and undo it. */
static void damage(size_t at, uint64_t value, size_t count, const char *sentence)
{
	struct flatbuf_table root = { .at = NULL };
	struct atoll_error err = { .code = 0 };
	uint8_t kept[8];

	assert_true(at + count <= size);
	memcpy(kept, bytes + at, count);
	memcpy(bytes + at, &value, count);
	assert_int_equal(flatbuf_verify(bytes, size, &root_type, "TEST", &root, &err), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_null(root.at);
	assert_int_equal(flatbuf_verify(bytes, size, &root_type, "TEST", &root, NULL), -EINVAL);
	memcpy(bytes + at, kept, count);
}

static void the_head_of_the_file_is_checked(void **state)
{
	struct flatbuf_table root;
	struct atoll_error err;
	char sentence[128];

	(void)state;
	assert_int_equal(flatbuf_verify(bytes, 7, &root_type, "TEST", &root, &err), -EINVAL);
	assert_string_equal(err.text, "root table: 7 bytes are too few for a FlatBuffer");
	damage(4, 'X', 1, "root table: no file identifier TEST");
	bytes[4] = 'X';
	assert_int_equal(flatbuf_verify(bytes, size, &root_type, NULL, &root, &err), 0);
	bytes[4] = 'T';
	damage(0, 0, 4, "root table: offset 0");
	snprintf(sentence, sizeof(sentence),
		 "root table: offset %zu at byte 0 leads past the end of the file", size - 3);
	damage(0, size - 3, 4, sentence);
	damage(0, UINT32_MAX, 4,
	       "root table: offset 4294967295 at byte 0 leads past the end of the file");
}

static void vtables_are_checked(void **state)
{
	size_t root = root_at(), vtable = vtable_of(root);
	size_t leaf = target_of(slot_of(root, LEAF));
	char sentence[128];

	(void)state;
	damage(root, root + 1, 4, "root table: its vtable lies outside the file");
	damage(root, (uint64_t)-(int64_t)size, 4, "root table: its vtable lies outside the file");
	damage(root, 0x80000000, 4, "root table: its vtable lies outside the file");
	damage(vtable, 2, 2, "root table: a vtable of 2 bytes");
	damage(vtable, 5, 2, "root table: a vtable of 5 bytes");
	damage(vtable, 0xfffe, 2, "root table: a vtable of 65534 bytes");
	damage(vtable + 2, 0xffff, 2,
	       "root table: a table of 65535 bytes runs past the end of the file");
	damage(vtable + 2, 3, 2,
	       "root table: a table of 3 bytes runs past the end of the file");
	damage(leaf, leaf + 1, 4, "leaf: its vtable lies outside the file");
	snprintf(sentence, sizeof(sentence), "number: lies outside its table of %u bytes",
		 bytes[vtable + 2]);
	damage(vtable + 4 + 2 * NUMBER, bytes[vtable + 2] - 3u, 2, sentence);
}

static void strings_are_checked(void **state)
{
	size_t slot = slot_of(root_at(), TEXT), string = target_of(slot);
	char sentence[128];

	(void)state;
	damage(slot, 0, 4, "text: offset 0");
	snprintf(sentence, sizeof(sentence),
		 "text: offset 16777216 at byte %zu leads past the end of the file", slot);
	damage(slot, 1 << 24, 4, sentence);
	damage(string, 4, 4, "text: no NUL behind a string of 4 bytes");
	damage(string + 4 + 5, 'x', 1, "text: no NUL behind a string of 5 bytes");
	damage(string, UINT32_MAX, 4,
	       "text: 4294967295 elements run past the end of the file");
	snprintf(sentence, sizeof(sentence), "text: no NUL behind a string of %zu bytes",
		 size - string - 4);
	damage(string, size - string - 4, 4, sentence);
}

static void vectors_are_checked(void **state)
{
	size_t root = root_at();
	size_t ints = target_of(slot_of(root, INTS)), longs = target_of(slot_of(root, LONGS));
	size_t texts = target_of(slot_of(root, TEXTS));
	size_t leaves = target_of(slot_of(root, LEAVES));
	char sentence[128];

	(void)state;
	damage(ints, 100000, 4, "ints: 100000 elements run past the end of the file");
	/* 2^29 longs are 2^32 bytes, which 32 bits would take for none. */
	damage(longs, 1 << 29, 4, "longs: 536870912 elements run past the end of the file");
	snprintf(sentence, sizeof(sentence),
		 "texts[1]: offset 65536 at byte %zu leads past the end of the file", texts + 8);
	damage(texts + 8, 65536, 4, sentence);
	damage(target_of(slot_of(root, PAIRS)), 1 << 29, 4,
	       "pairs: 536870912 elements run past the end of the file");
	damage(leaves + 8, 0, 4, "leaves[1]: offset 0");
	damage(leaves, 1 << 30, 4, "leaves: 1073741824 elements run past the end of the file");
}

static void errors_name_the_whole_way(void **state)
{
	size_t leaves = target_of(slot_of(root_at(), LEAVES)) + 4;
	size_t inner = target_of(slot_of(target_of(leaves + 4), LEAF_LEAVES));

	(void)state;
	damage(inner + 4, 0, 4, "leaves[1].leaves[0]: offset 0");
	damage(slot_of(target_of(leaves + 4), LEAF_NOTE), 0, 4, "leaves[1].note: offset 0");
}

static void unions_go_by_their_tag(void **state)
{
	size_t root = root_at(), tag = slot_of(root, ANY_TYPE);
	size_t other = target_of(slot_of(root, ANY));
	struct flatbuf_table table;

	(void)state;
	damage(tag, 0, 1, "any: a table without a type");
	damage(slot_of(other, LEAF_NOTE), 0, 4, "any.note: offset 0");

	/* Members of a newer schema are tables at least. */
	bytes[tag] = 77;
	assert_int_equal(flatbuf_verify(bytes, size, &root_type, "TEST", &table, NULL), 0);
	damage(other, other + 1, 4, "any: its vtable lies outside the file");
	bytes[tag] = 1;
}

static void any_cut_and_any_flip_is_survived(void **state)
{
	uint32_t refused = 0;

	(void)state;
	for (size_t length = 0; length < size; length++) {
		uint8_t *part = malloc(length + 1);
		struct flatbuf_table root;

		assert_non_null(part);
		memcpy(part, bytes, length);
		refused += flatbuf_verify(part, length, &root_type, "TEST", &root, NULL) < 0;
		free(part);
	}
	assert_true(refused > size - 8);
	for (size_t at = 0; at < size * 8; at++) {
		struct flatbuf_table root;

		bytes[at / 8] ^= (uint8_t)(1 << at % 8);
		if (flatbuf_verify(bytes, size, &root_type, "TEST", &root, NULL) == 0)
			(void)flatbuf_string(root, TEXT);
		bytes[at / 8] ^= (uint8_t)(1 << at % 8);
	}
}

/*
 * Tables nested in a row, each by a vector with `branches` offsets to the next.
 *
 *	0   root 24, "TEST"
 *	8   vtable of 10 bytes: table of 8, fields 0 and 1 absent, field 2 at 4
 *	18  vtable of 4 bytes: table of 4, for the last
 *	24  links: soff, offset 4; count, offsets
 */
static uint8_t *write_chain(unsigned links, uint32_t branches, size_t *length)
{
	static const uint8_t head[24] = "\x18\0\0\0TEST\x0a\0\x08\0\0\0\0\0\x04\0\x04\0\x04";
	size_t link = 12 + 4 * (size_t)branches, table = sizeof(head);
	uint32_t back;
	uint8_t *chain;

	*length = sizeof(head) + links * link + 4;
	chain = malloc(*length);
	assert_non_null(chain);
	memcpy(chain, head, sizeof(head));
	for (; links > 0; links--, table += link) {
		uint32_t words[3] = { (uint32_t)table - 8, 4, branches };

		memcpy(chain + table, words, sizeof(words));
		for (size_t at = 12; at < link; at += 4) {
			uint32_t distance = (uint32_t)(link - at);

			memcpy(chain + table + at, &distance, sizeof(distance));
		}
	}
	back = (uint32_t)table - 18;
	memcpy(chain + table, &back, sizeof(back));
	return chain;
}

static void nested_tables_are_followed(void **state)
{
	struct flatbuf_table root;
	size_t length;
	uint8_t *chain = write_chain(12, 1, &length);

	(void)state;
	assert_int_equal(flatbuf_verify(chain, length, &leaf_type, "TEST", &root, NULL), 0);
	for (unsigned i = 0; i < 12; i++)
		root = flatbuf_vector_table(flatbuf_vector(root, LEAF_LEAVES), 0);
	assert_null(flatbuf_vector(root, LEAF_LEAVES).at);
	free(chain);
}

static void nesting_has_a_limit(void **state)
{
	struct flatbuf_table root;
	struct atoll_error err;
	size_t length;
	uint8_t *chain = write_chain(100, 1, &length);

	(void)state;
	assert_int_equal(flatbuf_verify(chain, length, &leaf_type, "TEST", &root, &err), -EINVAL);
	assert_non_null(strstr(err.text, "nested too deep"));
	free(chain);
}

/* 200 ways at each of 10 levels: without a limit the sun would be cold first. */
static void sharing_does_not_multiply_the_work(void **state)
{
	struct flatbuf_table root;
	struct atoll_error err;
	size_t length;
	uint8_t *chain = write_chain(10, 200, &length);

	(void)state;
	assert_int_equal(flatbuf_verify(chain, length, &leaf_type, "TEST", &root, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more elements than the file has bytes"));
	free(chain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_what_flatc_wrote),
		cmocka_unit_test(strings_vectors_and_tables_are_what_flatc_wrote),
		cmocka_unit_test(what_is_absent_reads_as_its_default),
		cmocka_unit_test(the_head_of_the_file_is_checked),
		cmocka_unit_test(vtables_are_checked),
		cmocka_unit_test(strings_are_checked),
		cmocka_unit_test(vectors_are_checked),
		cmocka_unit_test(errors_name_the_whole_way),
		cmocka_unit_test(unions_go_by_their_tag),
		cmocka_unit_test(any_cut_and_any_flip_is_survived),
		cmocka_unit_test(nested_tables_are_followed),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(sharing_does_not_multiply_the_work),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, write_buffer, free_buffer) != 0;
}
