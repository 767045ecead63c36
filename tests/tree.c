/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"

static void make_folders(const char *path)
{
	char whole[4096];

	(void)snprintf(whole, sizeof(whole), "%s", in_folder(path));
	for (char *slash = whole + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		(void)mkdir(whole, 0755); /* what is not there then is noticed below */
	}
}

void tree_put(const char *path, const char *text)
{
	FILE *file;

	make_folders(path);
	file = fopen(in_folder(path), "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void tree_link(const char *path, const char *target)
{
	make_folders(path);
	assert_int_equal(symlink(target, in_folder(path)), 0);
}

void tree_folder(const char *path)
{
	make_folders(path);
	assert_int_equal(mkdir(in_folder(path), 0755), 0);
}

const char *tree_get(const char *path)
{
	static char texts[4][4096];
	static unsigned next;
	char *text = texts[next++ % 4];
	FILE *file = fopen(in_folder(path), "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(texts[0]) - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}
