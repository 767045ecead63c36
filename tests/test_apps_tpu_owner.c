/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/tpu_owner.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

static const char stick_node[] = "/dev/bus/usb/001/023";
static char proc[64];

static int enter(void **state)
{
	(void)state;
	strcpy(proc, "/tmp/atoll-proc-XXXXXX");
	return mkdtemp(proc) ? 0 : -1;
}

static int delete(const char *path, const struct stat *s, int kind, struct FTW *where)
{
	(void)s, (void)kind, (void)where;
	return remove(path);
}

static int leave(void **state)
{
	(void)state;
	return nftw(proc, delete, 8, FTW_DEPTH | FTW_PHYS);
}

/* A process, and one thing it has open; NULL: nobody may look. */
static void add(int pid, const char *name, const char *opens)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%d", proc, pid);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/%d/comm", proc, pid);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%s\n", name);
	assert_int_equal(fclose(file), 0);
	if (!opens)
		return;
	(void)snprintf(path, sizeof(path), "%s/%d/fd", proc, pid);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/%d/fd/0", proc, pid);
	assert_int_equal(symlink("/dev/null", path), 0);
	(void)snprintf(path, sizeof(path), "%s/%d/fd/7", proc, pid);
	assert_int_equal(symlink(opens, path), 0);
}

static uint32_t unseen;

static struct tpu_owner ask(void)
{
	struct tpu_owner owner;
	bool is_found = tpu_owner_find(proc, stick_node, &owner, &unseen);

	assert_int_equal(is_found, owner.pid != 0);
	return owner;
}

static void the_program_that_has_the_node_open_is_found(void **state)
{
	struct tpu_owner owner;

	(void)state;
	add(10, "other", "/dev/bus/usb/001/024");
	add(11, "longer", "/dev/bus/usb/001/0233");
	add(12, "shorter", "/dev/bus/usb/001/02");
	assert_int_equal(ask().pid, 0);
	add(4321, "frigate", stick_node);
	owner = ask();
	assert_int_equal(owner.pid, 4321);
	assert_string_equal(owner.name, "frigate");
	assert_int_equal(unseen, 0);
}

static void we_ourselves_do_not_count(void **state)
{
	(void)state;
	add(getpid(), "us", stick_node);
	assert_int_equal(ask().pid, 0);
}

static void what_could_not_be_seen_is_told(void **state)
{
	(void)state;
	add(1, "init", NULL);
	add(2, "login", NULL);
	assert_int_equal(ask().pid, 0);
	assert_int_equal(unseen, 2);
	add(20, "frigate", stick_node);
	assert_int_equal(ask().pid, 20);
}

static void a_name_is_made_fit_for_a_line(void **state)
{
	(void)state;
	add(30, "a\x1b[31mb", stick_node);
	assert_string_equal(ask().name, "a?[31mb");
}

static void without_proc_nothing_is_known(void **state)
{
	struct tpu_owner owner;

	(void)state;
	assert_false(tpu_owner_find("/nowhere", stick_node, &owner, &unseen));
	assert_int_equal(owner.pid, 0);
	assert_int_equal(unseen, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_program_that_has_the_node_open_is_found),
		TEST(we_ourselves_do_not_count),
		TEST(what_could_not_be_seen_is_told),
		TEST(a_name_is_made_fit_for_a_line),
		TEST(without_proc_nothing_is_known),
	};
	return CHECK_RUN(tests);
}
