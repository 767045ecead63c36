/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/usb_nodes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

static char root[64];

/* One of "001/002" in `root`. */
static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void plug_in(const char *node)
{
	int fd = open(path_of(node), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static int enter(void **state)
{
	(void)state;
	strcpy(root, "/tmp/atoll-nodes-XXXXXX");
	return mkdtemp(root) && mkdir(path_of("001"), 0700) == 0 &&
	       mkdir(path_of("002"), 0700) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	static const char *const nodes[] = { "001/001", "001/002", "001/003", "002/002" };

	(void)state;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		(void)unlink(path_of(nodes[i])); /* most are not there */
	return rmdir(path_of("001")) == 0 && rmdir(path_of("002")) == 0 && rmdir(root) == 0 ?
		0 : -1;
}

static uint64_t sum(void)
{
	return usb_nodes_sum(root);
}

static void without_nodes_nothing_is_known(void **state)
{
	(void)state;
	assert_true(usb_nodes_sum("/nowhere/at/all") == 0);
	assert_true(sum() == 0);
}

static void what_stays_has_the_same_sum(void **state)
{
	uint64_t before;

	(void)state;
	plug_in("001/001");
	before = sum();
	assert_true(before != 0);
	assert_true(sum() == before);
}

static void a_device_that_comes_or_goes_changes_it(void **state)
{
	uint64_t one, two;

	(void)state;
	plug_in("001/001");
	one = sum();
	plug_in("001/002");
	two = sum();
	assert_true(two != one);
	assert_int_equal(unlink(path_of("001/002")), 0);
	assert_true(sum() == one);
}

/* As after a reset, under the next number; or in another port's bus. */
static void one_that_comes_back_is_another(void **state)
{
	uint64_t before;

	(void)state;
	plug_in("001/001");
	plug_in("001/002");
	before = sum();
	assert_int_equal(unlink(path_of("001/002")), 0);
	plug_in("001/003");
	assert_true(sum() != before);
	assert_int_equal(unlink(path_of("001/003")), 0);
	plug_in("002/002");
	assert_true(sum() != before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(without_nodes_nothing_is_known),
		TEST(what_stays_has_the_same_sum),
		TEST(a_device_that_comes_or_goes_changes_it),
		TEST(one_that_comes_back_is_another),
	};
	return CHECK_RUN(tests);
}
