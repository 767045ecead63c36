/* SPDX-License-Identifier: Apache-2.0 */
/* Who has a GPIO line, in a /proc of our own. */
#include "board/gpio_system.h"

#include "tests/check.h"
#include "tests/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A process with a descriptor 3 of the node and 4 of what is linked so. */
static void make_process(int pid, const char *name, const char *node, const char *link,
			 const char *info)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%d", pid);
	assert_int_equal(mkdir(in_folder(path), 0755), 0);
	(void)snprintf(path, sizeof(path), "%d/fd", pid);
	assert_int_equal(mkdir(in_folder(path), 0755), 0);
	(void)snprintf(path, sizeof(path), "%d/fdinfo", pid);
	assert_int_equal(mkdir(in_folder(path), 0755), 0);
	(void)snprintf(path, sizeof(path), "%d/comm", pid);
	make_file(path, name);
	(void)snprintf(path, sizeof(path), "%d/fd/3", pid);
	assert_int_equal(symlink(node, in_folder(path)), 0);
	(void)snprintf(path, sizeof(path), "%d/fd/4", pid);
	assert_int_equal(symlink(link, in_folder(path)), 0);
	(void)snprintf(path, sizeof(path), "%d/fdinfo/4", pid);
	make_file(path, info);
}

static const char plain[] = "pos:\t0\nflags:\t02000000\nmnt_id:\t15\nino:\t1061\n";

static void assert_holder(uint32_t line, const char *expected)
{
	char text[64] = "";
	int r = gpio_holder(folder, "/dev/gpiochip0", line, text, sizeof(text));

	assert_int_equal(r, expected ? 0 : -ENOENT);
	assert_string_equal(text, expected ? expected : "");
}

static void nobody_has_a_line_of_nobody(void **state)
{
	char text[64];

	(void)state;
	make_process(7, "idle\n", "/dev/null", "anon_inode:[eventpoll]", plain);
	assert_holder(7, NULL);
	assert_int_equal(gpio_holder("/nowhere", "/dev/gpiochip0", 7, text, sizeof(text)),
			 -ENOENT);
}

static void who_has_the_chip_and_lines_likely_has_the_line(void **state)
{
	(void)state;
	make_process(7, "looker\n", "/dev/gpiochip0", "/dev/null", plain);
	make_process(8, "other\n", "/dev/gpiochip1", "anon_inode:gpio-event", plain);
	make_process(12, "gpio\033set\n", "/dev/gpiochip0", "anon_inode:gpio-linehandle",
		     plain);
	assert_holder(7, "likely gpio?set, process 12");
	make_process(13, "gpiomon\n", "/dev/gpiochip0", "anon_inode:gpio-event", plain);
	assert_holder(7, NULL);
}

static void newer_kernels_say_which_lines_a_process_has(void **state)
{
	(void)state;
	make_process(12, "first\n", "/dev/gpiochip0", "anon_inode:gpio-line",
		     "pos:\t0\ngpio-chip:\tgpiochip0\ngpio-line:\t5\ngpio-line:\t9\n");
	make_process(13, "second\n", "/dev/null", "anon_inode:gpio-line",
		     "pos:\t0\ngpio-chip:\tgpiochip0\ngpio-line:\t7\n");
	make_process(14, "third\n", "/dev/gpiochip0", "anon_inode:gpio-line",
		     "pos:\t0\ngpio-chip:\tgpiochip1\ngpio-line:\t8\n");
	assert_holder(7, "second, process 13");
	assert_holder(9, "first, process 12");
	assert_holder(8, NULL);
	assert_int_equal(unlink(in_folder("12/comm")), 0);
	assert_holder(5, "one that ended, process 12");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(nobody_has_a_line_of_nobody),
		IN_FOLDER(who_has_the_chip_and_lines_likely_has_the_line),
		IN_FOLDER(newer_kernels_say_which_lines_a_process_has),
	};

	return CHECK_RUN(tests);
}
