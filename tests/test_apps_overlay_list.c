/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/overlay_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/folder.h"

static const char *write_text(const char *text, size_t size)
{
	const char *path = in_folder("overlays.txt");
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return path;
}

static struct overlay_list *load(const char *text)
{
	struct atoll_error err = { .text = "" };
	struct overlay_list *list = overlay_list_load(write_text(text, strlen(text)), &err);

	if (!list)
		fail_msg("%s", err.text);
	return list;
}

/* Names with a space between them. */
static void check_names(const struct overlay_list *list, const char *names)
{
	char all[256] = "";

	for (size_t i = 0; overlay_list_name(list, i); i++)
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "",
			       overlay_list_name(list, i));
	assert_string_equal(all, names);
}

static void check_file(const char *name, const char *text)
{
	size_t size;
	char *found = check_read(in_folder(name), &size);

	assert_string_equal(found, text);
	assert_int_equal(size, strlen(text));
	free(found);
}

static void names_are_read_as_the_boot_loader_would(void **state)
{
	static const struct {
		const char *text, *names;
	} cases[] = {
		{ "", "" },
		{ "overlay=", "" },
		{ "overlay=\n", "" },
		{ "overlay=a", "a" },
		{ "# a list\noverlay=a b-1\n", "a b-1" },
		{ "overlay= a \t b  \r\n", "a b" },
		{ "overlay=a\noverlay=b\n", "b" },
		{ "overlay=a\noverlay=\n", "" },
		{ " \toverlay=a\n", "a" },
		{ "#overlay=a\n # overlay=b\n", "" },
		{ "overlay =a\nmy_overlay=b\noverlays=c\nOVERLAY=d\n", "" },
		{ "console=ttyS0 overlay=a\n", "" },
		{ "\n\n\noverlay=a\n\n", "a" },
		{ "\r\noverlay=a\r\nother=b\r\n", "a" },
		{ "overlay", "" },
		{ "overlay=a=b", "a=b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlay_list *list = load(cases[i].text);

		check_names(list, cases[i].names);
		overlay_list_free(list);
	}
}

static void a_change_touches_nothing_but_the_name(void **state)
{
	static const struct {
		const char *before, *add, *remove, *after;
	} cases[] = {
		{ "", "a", NULL, "overlay=a\n" },
		{ "# empty", "a", NULL, "# empty\noverlay=a\n" },
		{ "# empty\r\n", "a", NULL, "# empty\r\noverlay=a\n" },
		{ "overlay=", "a", NULL, "overlay=a" },
		{ "overlay=\nx=1", "a", NULL, "overlay=a\nx=1" },
		{ "overlay=\r\nx=1\r\n", "a", NULL, "overlay=a\r\nx=1\r\n" },
		{ "# \xff\xfe\n  overlay= a\t b  \n", "c", NULL,
		  "# \xff\xfe\n  overlay= a\t b c  \n" },
		{ "overlay=a\n#\noverlay=b\n#", "c", NULL, "overlay=a\n#\noverlay=b c\n#" },
		{ "overlay=a b c\n", NULL, "a", "overlay=b c\n" },
		{ "overlay=a b c\n", NULL, "b", "overlay=a c\n" },
		{ "overlay=a b c\n", NULL, "c", "overlay=a b\n" },
		{ "overlay=a  \t b\r\n", NULL, "b", "overlay=a\r\n" },
		{ "overlay=a  \t b\r\n", NULL, "a", "overlay=b\r\n" },
		{ "overlay= a\n", NULL, "a", "overlay= \n" },
		{ "overlay=a\noverlay=a b a a\n", NULL, "a", "overlay=a\noverlay=b\n" },
		{ "overlay=ab a-b b\n", NULL, "a", "overlay=ab a-b b\n" },
		{ "#", NULL, "a", "#" },
		{ "overlay=a b", "c", "b", "overlay=a c" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlay_list *list = load(cases[i].before);

		if (cases[i].remove) {
			assert_int_equal(overlay_list_remove(list, cases[i].remove, NULL), 0);
			assert_false(overlay_list_has(list, cases[i].remove));
		}
		if (cases[i].add) {
			assert_int_equal(overlay_list_add(list, cases[i].add, NULL), 0);
			assert_true(overlay_list_has(list, cases[i].add));
		}
		assert_int_equal(overlay_list_save(list, NULL), 0);
		check_file("overlays.txt", cases[i].after);
		check_file("overlays.txt.bak", cases[i].before);
		overlay_list_free(list);
	}
}

static void what_was_added_and_removed_again_leaves_no_trace(void **state)
{
	static const char text[] = "# \t\r\n\toverlay=  x\t y \r\nz";
	struct overlay_list *list = load(text);

	(void)state;
	for (char name[] = "a"; name[0] <= 'z'; name[0]++)
		if (!overlay_list_has(list, name))
			assert_int_equal(overlay_list_add(list, name, NULL), 0);
	for (char name[] = "a"; name[0] <= 'z'; name[0]++)
		if (name[0] != 'x' && name[0] != 'y')
			assert_int_equal(overlay_list_remove(list, name, NULL), 0);
	assert_int_equal(overlay_list_save(list, NULL), 0);
	check_file("overlays.txt", text);
	overlay_list_free(list);
}

static void refuse(const char *text, size_t size, int code, const char *why)
{
	struct atoll_error err = { .code = 0 };

	assert_null(overlay_list_load(write_text(text, size), &err));
	assert_int_equal(err.code, code);
	if (!strstr(err.text, why))
		fail_msg("%s", err.text);
}

static void what_is_no_list_is_refused(void **state)
{
	size_t large = 1 << 20;
	char *text = malloc(large);
	struct atoll_error err;

	(void)state;
	assert_non_null(text);
	refuse("overlay=a\0b\n", 12, -EINVAL, "overlays.txt: not text");
	refuse("\0", 1, -EINVAL, "not text");
	memset(text, ' ', large);
	memcpy(text, "overlay=a", 9);
	refuse(text, large, -EFBIG, "overlays.txt: File too large");
	for (size_t i = 8; i < 8 + 600; i++)
		text[i] = i % 2 ? ' ' : 'a';
	refuse(text, 8 + 600, -E2BIG, "more than 256 overlays");
	free(text);
	assert_null(overlay_list_load(in_folder("none.txt"), &err));
	assert_int_equal(err.code, -ENOENT);
	assert_null(overlay_list_load(folder, &err));
	assert_int_equal(err.code, -EISDIR);
}

static void random_bytes_are_kept_or_refused(void **state)
{
	static const char alphabet[] = "overlay=a b\t\r\n#\\\0\x80";
	struct check_random random = { 6 };
	char text[64];

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		size_t size = (size_t)check_random_in(&random, 0, sizeof(text) - 1);
		struct overlay_list *list;

		for (size_t j = 0; j < size; j++)
			text[j] = alphabet[check_random_in(&random, 0, sizeof(alphabet) - 2)];
		if (i % 2 && size > 20)
			memcpy(text + 10, "\noverlay=", 9);
		text[size] = '\0';
		list = overlay_list_load(write_text(text, size), NULL);
		assert_true((list != NULL) == (strlen(text) == size));
		if (!list)
			continue;
		assert_int_equal(overlay_list_remove(list, "spi", NULL), 0);
		assert_int_equal(overlay_list_add(list, "spi", NULL), 0);
		assert_true(overlay_list_has(list, "spi"));
		overlay_list_free(list);
	}
}

static void a_full_disk_leaves_the_list_as_it_was(void **state)
{
	struct overlay_list *list = load("overlay=a\n");
	struct atoll_error err;

	(void)state;
	assert_int_equal(overlay_list_add(list, "b", NULL), 0);
	folder_limit(4);
	assert_int_equal(overlay_list_save(list, &err), -EFBIG);
	folder_limit_end();
	assert_non_null(strstr(err.text, "overlays.txt.bak: File too large"));
	check_file("overlays.txt", "overlay=a\n");
	assert_int_equal(folder_count(), 1);
	overlay_list_free(list);
	overlay_list_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(names_are_read_as_the_boot_loader_would),
		IN_FOLDER(a_change_touches_nothing_but_the_name),
		IN_FOLDER(what_was_added_and_removed_again_leaves_no_trace),
		IN_FOLDER(what_is_no_list_is_refused),
		IN_FOLDER(random_bytes_are_kept_or_refused),
		IN_FOLDER(a_full_disk_leaves_the_list_as_it_was),
	};
	return CHECK_RUN(tests);
}
