/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/archive.h"

#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

/* Two files of no bytes behind `before` bytes of something else. */
#define FILE_BYTES (30 + 1)
#define ENTRY_BYTES (46 + 1)
#define END_BYTES 22
#define ARCHIVE_BYTES (2 * FILE_BYTES + 2 * ENTRY_BYTES + END_BYTES)

static void put32(uint8_t *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void make_archive(uint8_t *file, size_t before)
{
	uint8_t *at = file + before;

	memset(file, 'P', before);
	memset(at, 0, ARCHIVE_BYTES);
	for (int i = 0; i < 2; i++, at += FILE_BYTES) {
		memcpy(at, "PK\3\4", 4);
		at[26] = 1;
		at[30] = (uint8_t)('a' + i);
	}
	for (size_t i = 0; i < 2; i++, at += ENTRY_BYTES) {
		memcpy(at, "PK\1\2", 4);
		at[28] = 1;
		put32(at + 42, before + i * FILE_BYTES);
		at[46] = (uint8_t)('a' + i);
	}
	memcpy(at, "PK\5\6", 4);
	at[8] = at[10] = 2;
	put32(at + 12, 2 * ENTRY_BYTES);
	put32(at + 16, before + 2 * FILE_BYTES);
}

static void it_is_found_behind_what_is_in_front(void **state)
{
	uint8_t file[100 + ARCHIVE_BYTES];

	(void)state;
	make_archive(file, 100);
	assert_int_equal(archive_find(file, sizeof(file)), 100);
	make_archive(file, 0);
	assert_int_equal(archive_find(file, ARCHIVE_BYTES), 0);
}

static void a_comment_may_stand_behind_it(void **state)
{
	uint8_t file[50 + ARCHIVE_BYTES + 9];

	(void)state;
	make_archive(file, 50);
	memcpy(file + 50 + ARCHIVE_BYTES, "a comment", 9);
	assert_int_equal(archive_find(file, sizeof(file)), sizeof(file));
	file[50 + ARCHIVE_BYTES - 2] = 9;
	assert_int_equal(archive_find(file, sizeof(file)), 50);
}

static void files_without_one_are_told(void **state)
{
	uint8_t file[100 + ARCHIVE_BYTES];

	(void)state;
	memset(file, 'P', sizeof(file));
	assert_int_equal(archive_find(file, sizeof(file)), sizeof(file));
	assert_int_equal(archive_find(file, 0), 0);
	assert_int_equal(archive_find(file, END_BYTES - 1), END_BYTES - 1);
}

static void offsets_follow_it_to_its_new_place(void **state)
{
	uint8_t from[100 + ARCHIVE_BYTES], to[777 + ARCHIVE_BYTES];

	(void)state;
	make_archive(from, 100);
	make_archive(to, 777);
	archive_move(from + 100, ARCHIVE_BYTES, 777);
	assert_memory_equal(from + 100, to + 777, ARCHIVE_BYTES);
	archive_move(from + 100, ARCHIVE_BYTES, 3);
	make_archive(to, 3);
	assert_memory_equal(from + 100, to + 3, ARCHIVE_BYTES);
}

/* Whatever a byte is, nothing outside is touched; memory of its own shows that. */
static void every_damaged_byte_does_no_harm(void **state)
{
	uint8_t good[10 + ARCHIVE_BYTES];

	(void)state;
	make_archive(good, 10);
	for (size_t i = 0; i < sizeof(good); i++)
		for (unsigned value = 0; value < 256; value += 17) {
			uint8_t *bad = malloc(sizeof(good));
			size_t begin;

			assert_non_null(bad);
			memcpy(bad, good, sizeof(good));
			bad[i] = (uint8_t)value;
			begin = archive_find(bad, sizeof(good));
			assert_true(begin <= sizeof(good));
			if (begin < sizeof(good))
				archive_move(bad + begin, sizeof(good) - begin, 1000);
			free(bad);
		}
}

static void every_shortened_archive_does_no_harm(void **state)
{
	uint8_t good[10 + ARCHIVE_BYTES];

	(void)state;
	make_archive(good, 10);
	for (size_t size = 0; size < sizeof(good); size++) {
		uint8_t *bad = malloc(size + 1);

		assert_non_null(bad);
		memcpy(bad, good, size);
		assert_int_equal(archive_find(bad, size), size);
		free(bad);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_behind_what_is_in_front),
		cmocka_unit_test(a_comment_may_stand_behind_it),
		cmocka_unit_test(files_without_one_are_told),
		cmocka_unit_test(offsets_follow_it_to_its_new_place),
		cmocka_unit_test(every_damaged_byte_does_no_harm),
		cmocka_unit_test(every_shortened_archive_does_no_harm),
	};

	return CHECK_RUN(tests);
}
