/* SPDX-License-Identifier: Apache-2.0 */
#include "board/sysfs.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/tree.h"

static char text[16];
static struct atoll_error err;

static int read_text(const char *name)
{
	err.text[0] = '\0';
	return sysfs_text(folder, name, text, sizeof(text), &err);
}

static void blanks_and_newlines_around_a_value_are_dropped(void **state)
{
	(void)state;
	tree_put("a", " \t one two \n\n");
	assert_int_equal(read_text("a"), 7);
	assert_string_equal(text, "one two");
	tree_put("a", "no newline");
	assert_int_equal(read_text("a"), 10);
	tree_put("a", " \n");
	assert_int_equal(read_text("a"), 0);
	assert_string_equal(text, "");
}

static void what_is_no_file_of_one_value_is_refused_at_once(void **state)
{
	static const struct { const char *name; int code; const char *why; } wanted[] = {
		{ "none", -ENOENT, "/none: No such file or directory" },
		{ "folder", -EISDIR, "/folder: Is a directory" },
		{ "dangling", -ENOENT, "/dangling: No such file or directory" },
		{ "loop", -ELOOP, "/loop: Too many levels of symbolic links" },
		{ "pipe", -ENXIO, "/pipe: No such device or address" },
		{ "long", -EFBIG, "/long: File too large" },
		{ "garbage", -EBADMSG, "/garbage: Bad message" },
	};

	(void)state;
	tree_folder("folder");
	tree_link("dangling", "nowhere");
	tree_link("loop", "loop");
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	tree_put("long", "0123456789abcdef");
	tree_put("garbage", "a\033[2Jb");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		strcpy(text, "before");
		assert_int_equal(read_text(wanted[i].name), wanted[i].code);
		assert_non_null(strstr(err.text, wanted[i].why));
		assert_string_equal(text, "");
	}
}

static void a_nul_is_not_the_end_of_a_value(void **state)
{
	FILE *file = fopen(in_folder("nul"), "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite("5\0006", 1, 3, file), 3);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(read_text("nul"), -EBADMSG);
}

static void the_first_line_of_a_long_file_is_enough(void **state)
{
	(void)state;
	tree_put("stat", "cpu 1 2\nmuch more than there is room for\n");
	assert_int_equal(sysfs_line(folder, "stat", text, sizeof(text), &err), 7);
	assert_string_equal(text, "cpu 1 2");
	tree_put("stat", "a line that is too long\n");
	assert_int_equal(sysfs_line(folder, "stat", text, sizeof(text), &err), -EFBIG);
	tree_put("stat", "short");
	assert_int_equal(sysfs_line(folder, "stat", text, sizeof(text), &err), 5);
}

static void numbers_are_decimal_whole_and_within_their_limits(void **state)
{
	static const struct { const char *text; int r; int64_t value;
	} wanted[] = {
		{ "0\n", 0, 0 },
		{ "-40\n", 0, -40 },
		{ "100", 0, 100 },
		{ "101\n", -EBADMSG, 0 },
		{ "-41", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 },
		{ "12 MHz\n", -EBADMSG, 0 },
		{ "0x10", -EBADMSG, 0 },
		{ "99999999999999999999", -EBADMSG, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int64_t value = 7;

		tree_put("n", wanted[i].text);
		assert_int_equal(sysfs_number(folder, "n", -40, 100, &value, &err),
				 wanted[i].r);
		assert_int_equal(value, wanted[i].r == 0 ? wanted[i].value : 7);
	}
	assert_non_null(strstr(
		err.text, "/n: '99999999999999999999' is no number within -40 to 100"));
}

static void a_value_is_written_only_to_a_file_that_is_there(void **state)
{
	(void)state;
	tree_put("a", "something longer");
	assert_int_equal(sysfs_put(folder, "a", "new", &err), 0);
	assert_string_equal(tree_get("a"), "new");
	assert_int_equal(sysfs_put_number(folder, "a", UINT64_MAX, &err), 0);
	assert_string_equal(tree_get("a"), "18446744073709551615");
	assert_int_equal(sysfs_put(folder, "b", "new", &err), -ENOENT);
	assert_int_equal(access(in_folder("b"), F_OK), -1);
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	assert_int_equal(sysfs_put(folder, "pipe", "new", &err), -ENXIO);
}

static void what_the_kernel_refuses_is_told(void **state)
{
	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	tree_link("full", "/dev/full"); /* a device, so not even opened for writing */
	assert_int_equal(sysfs_put(folder, "full", "new", &err), -ENXIO);
	tree_put("small", "");
	folder_limit(2);
	assert_int_equal(sysfs_put(folder, "small", "more", &err), -EIO);
	folder_limit_end();
	assert_non_null(strstr(err.text, "/small: Input/output error"));
}

/* As root nothing is denied: another process, as somebody else. */
static void who_may_not_is_told_which_group_may(void **state)
{
	const struct group *group = getgrnam("plugdev");
	char wanted[128];

	(void)state;
	if (geteuid() != 0 || !group)
		skip();
	tree_put("a", "1");
	tree_put("b", "1");
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chown(in_folder("a"), 0, group->gr_gid), 0);
	assert_int_equal(chmod(in_folder("a"), 0660), 0);
	assert_int_equal(chmod(in_folder("b"), 0600), 0);
	assert_int_equal(setegid(65534), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(sysfs_put(folder, "a", "2", &err), -EACCES);
	assert_int_equal(seteuid(0), 0);
	(void)snprintf(wanted, sizeof(wanted), "%s: Permission denied; it is for root and the "
		       "group plugdev", in_folder("a"));
	assert_string_equal(err.text, wanted);
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(sysfs_put(folder, "b", "2", &err), -EACCES);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	assert_non_null(strstr(err.text, "/b: Permission denied; it is for root"));
}

static void entries_come_in_the_order_of_their_numbers(void **state)
{
	char name[4][SYSFS_NAME_BYTES];

	(void)state;
	tree_folder("policy10");
	tree_folder("policy9");
	tree_folder("policy0");
	tree_put("boost", "1");
	assert_int_equal(sysfs_list(folder, "policy", name, 4, &err), 3);
	assert_string_equal(name[0], "policy0");
	assert_string_equal(name[1], "policy9");
	assert_string_equal(name[2], "policy10");
	assert_int_equal(sysfs_list(folder, "", name, 2, &err), 2);
	assert_string_equal(name[0], "boost");
	assert_int_equal(sysfs_list(in_folder("nowhere"), "", name, 4, &err), 0);
	assert_int_equal(sysfs_list(in_folder("boost"), "", name, 4, &err), 0);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	char path[SYSFS_PATH_BYTES], name[SYSFS_PATH_BYTES];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(sysfs_path(path, folder, name, &err), -ENAMETOOLONG);
	assert_int_equal(sysfs_put(folder, name, "1", &err), -ENAMETOOLONG);
	assert_int_equal(sysfs_text(folder, name, text, sizeof(text), NULL), -ENAMETOOLONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(blanks_and_newlines_around_a_value_are_dropped),
		IN_FOLDER(what_is_no_file_of_one_value_is_refused_at_once),
		IN_FOLDER(a_nul_is_not_the_end_of_a_value),
		IN_FOLDER(the_first_line_of_a_long_file_is_enough),
		IN_FOLDER(numbers_are_decimal_whole_and_within_their_limits),
		IN_FOLDER(a_value_is_written_only_to_a_file_that_is_there),
		IN_FOLDER(what_the_kernel_refuses_is_told),
		IN_FOLDER(who_may_not_is_told_which_group_may),
		IN_FOLDER(entries_come_in_the_order_of_their_numbers),
		IN_FOLDER(a_path_that_is_too_long_is_refused),
	};

	return CHECK_RUN(tests);
}
