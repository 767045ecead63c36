/* SPDX-License-Identifier: Apache-2.0 */
#include "board/replacement.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/check.h"
#include "tests/folder.h"

/* These words at "a", and nothing beside it. */
static void assert_there(const char *words)
{
	char *text = check_read(in_folder("a"), NULL);

	assert_string_equal(text, words);
	free(text);
	assert_int_equal(folder_count(), 1);
}

static int replace(const char *words, int r)
{
	const char *path = in_folder("a");
	struct atoll_replacement replacement;

	assert_int_equal(atoll_replacement_open(&replacement, path), 0);
	assert_true(fputs(words, replacement.file) >= 0);
	return atoll_replacement_close(&replacement, r);
}

static void what_is_written_takes_the_place_of_what_was(void **state)
{
	(void)state;
	assert_int_equal(replace("one", 0), 0);
	assert_there("one");
	assert_int_equal(replace("two", 0), 0);
	assert_there("two");
}

static void until_it_is_whole_the_old_one_is_there(void **state)
{
	struct atoll_replacement replacement;
	const char *path = in_folder("a");
	char *text;

	(void)state;
	assert_int_equal(replace("one", 0), 0);
	assert_int_equal(atoll_replacement_open(&replacement, path), 0);
	assert_true(fputs("two", replacement.file) >= 0);
	assert_int_equal(fflush(replacement.file), 0);
	text = check_read(path, NULL);
	assert_string_equal(text, "one");
	free(text);
	assert_int_equal(atoll_replacement_close(&replacement, 0), 0);
	assert_there("two");
}

static void what_could_not_be_written_is_thrown_away(void **state)
{
	(void)state;
	assert_int_equal(replace("half", -EBADMSG), -EBADMSG);
	assert_int_equal(folder_count(), 0);
	assert_int_equal(replace("one", 0), 0);
	assert_int_equal(replace("half", -EBADMSG), -EBADMSG);
	assert_there("one");
}

static void what_the_disk_does_not_take_is_found_out(void **state)
{
	int r;

	(void)state;
	assert_int_equal(replace("one", 0), 0);
	folder_limit(8);
	r = replace("more than eight bytes", 0);
	folder_limit_end();
	assert_int_equal(r, -EFBIG);
	assert_there("one");
}

static void a_name_that_cannot_be_had_leaves_nothing_behind(void **state)
{
	struct atoll_replacement replacement;

	(void)state;
	assert_int_equal(atoll_replacement_open(&replacement, "/nowhere/a"), -ENOENT);
	assert_int_equal(mkdir(in_folder("a"), 0700), 0);
	assert_int_equal(replace("one", 0), -EISDIR);
	assert_int_equal(folder_count(), 1);
}

static void two_at_once_do_not_disturb_each_other(void **state)
{
	struct atoll_replacement first, second;
	const char *path = in_folder("a");

	(void)state;
	assert_int_equal(atoll_replacement_open(&first, path), 0);
	assert_int_equal(atoll_replacement_open(&second, path), 0);
	assert_true(fputs("first", first.file) >= 0);
	assert_true(fputs("second", second.file) >= 0);
	assert_int_equal(atoll_replacement_close(&second, 0), 0);
	assert_int_equal(atoll_replacement_close(&first, 0), 0);
	assert_there("first");
}

static void names_that_are_taken_are_left_alone(void **state)
{
	struct atoll_replacement replacement[16], one_more;
	const char *path = in_folder("a");

	(void)state;
	for (int i = 0; i < 16; i++)
		assert_int_equal(atoll_replacement_open(&replacement[i], path), 0);
	assert_int_equal(atoll_replacement_open(&one_more, path), -EEXIST);
	for (int i = 0; i < 16; i++)
		assert_int_equal(atoll_replacement_close(&replacement[i], -ECANCELED),
				 -ECANCELED);
	assert_int_equal(folder_count(), 0);
}

static void it_gets_the_rights_of_any_new_file(void **state)
{
	const mode_t mask = umask(027);
	struct stat status;
	int r = replace("one", 0);

	(void)state;
	(void)umask(mask);
	assert_int_equal(r, 0);
	assert_int_equal(stat(in_folder("a"), &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0640);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(what_is_written_takes_the_place_of_what_was),
		IN_FOLDER(until_it_is_whole_the_old_one_is_there),
		IN_FOLDER(what_could_not_be_written_is_thrown_away),
		IN_FOLDER(what_the_disk_does_not_take_is_found_out),
		IN_FOLDER(a_name_that_cannot_be_had_leaves_nothing_behind),
		IN_FOLDER(two_at_once_do_not_disturb_each_other),
		IN_FOLDER(names_that_are_taken_are_left_alone),
		IN_FOLDER(it_gets_the_rights_of_any_new_file),
	};

	return CHECK_RUN(tests);
}
