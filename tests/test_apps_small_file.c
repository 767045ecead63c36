/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/small_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"

static const struct small_file bytes = { .data = "a\0b\r\n", .size = 5 };

static void bytes_come_back_as_they_went(void **state)
{
	struct small_file file;

	(void)state;
	assert_int_equal(small_file_write(&bytes, in_folder("a"), NULL), 0);
	assert_int_equal(small_file_read(&file, in_folder("a"), NULL), 0);
	assert_int_equal(file.size, 5);
	assert_memory_equal(file.data, bytes.data, 6);
	small_file_free(&file);
	assert_int_equal(folder_count(), 1);
}

static void what_is_no_small_file_is_told(void **state)
{
	struct small_file file, large = { calloc(1, SMALL_FILE_BYTES + 1), SMALL_FILE_BYTES };
	struct atoll_error err;

	(void)state;
	assert_int_equal(small_file_read(&file, in_folder("none"), &err), -ENOENT);
	assert_non_null(strstr(err.text, "/none: No such file or directory"));
	assert_null(file.data);
	assert_int_equal(small_file_read(&file, folder, &err), -EISDIR);
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	assert_int_equal(small_file_read(&file, in_folder("pipe"), &err), -EINVAL);
	assert_int_equal(small_file_write(&large, in_folder("large"), &err), 0);
	assert_int_equal(small_file_read(&file, in_folder("large"), &err), 0);
	small_file_free(&file);
	large.size++;
	assert_int_equal(small_file_write(&large, in_folder("large"), &err), 0);
	assert_int_equal(small_file_read(&file, in_folder("large"), &err), -EFBIG);
	small_file_free(&large);
}

static void a_file_that_cannot_be_written_stays_as_it_was(void **state)
{
	struct small_file file, more = { calloc(1, 8192), 8192 };
	struct atoll_error err;

	(void)state;
	assert_int_equal(small_file_write(&bytes, in_folder("a"), NULL), 0);
	folder_limit(4096);
	assert_int_equal(small_file_write(&more, in_folder("a"), &err), -EFBIG);
	folder_limit_end();
	assert_int_equal(small_file_read(&file, in_folder("a"), NULL), 0);
	assert_int_equal(file.size, 5);
	small_file_free(&file);
	small_file_free(&more);
	assert_int_equal(folder_count(), 1);
	assert_int_equal(small_file_write(&bytes, in_folder("none/a"), &err), -ENOENT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(bytes_come_back_as_they_went),
		IN_FOLDER(what_is_no_small_file_is_told),
		IN_FOLDER(a_file_that_cannot_be_written_stays_as_it_was),
	};
	return CHECK_RUN(tests);
}
