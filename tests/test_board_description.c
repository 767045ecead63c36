/* SPDX-License-Identifier: Apache-2.0 */
#include "board/description.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

/* A machine of its own for each test: two folders and a device tree. */
struct machine {
	char root[64], first[80], second[80], tree[80];
	const char *folders[3];
	struct atoll_board_places places;
};

static void write_file(const char *folder, const char *name, const char *bytes, size_t size)
{
	char path[256];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

#define WRITE(folder, name, text) write_file(folder, name, text, sizeof(text) - 1)

static int build_machine(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	strcpy(m->root, "/tmp/atoll-board.XXXXXX");
	assert_non_null(mkdtemp(m->root));
	(void)snprintf(m->first, sizeof(m->first), "%s/etc", m->root);
	(void)snprintf(m->second, sizeof(m->second), "%s/usr", m->root);
	(void)snprintf(m->tree, sizeof(m->tree), "%s/tree", m->root);
	assert_int_equal(mkdir(m->first, 0700) | mkdir(m->second, 0700) |
			 mkdir(m->tree, 0700), 0);
	m->folders[0] = m->first;
	m->folders[1] = m->second;
	m->places = (struct atoll_board_places){ m->folders, m->tree };
	unsetenv("ATOLL_BOARD");
	*state = m;
	return 0;
}

static int tear_down_machine(void **state)
{
	struct machine *m = *state;
	char command[128];

	unsetenv("ATOLL_BOARD");
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", m->root);
	assert_int_equal(system(command), 0);
	free(m);
	return 0;
}

static void assert_detected(struct machine *m, const char *id)
{
	struct atoll_error err;
	struct atoll_board *board = atoll_board_detect(&m->places, &err);

	if (!board)
		fail_msg("%s", err.text);
	assert_string_equal(atoll_board_id(board), id);
	atoll_board_free(board);
}

static void assert_refused(struct machine *m, int code, const char *part)
{
	struct atoll_error err = { 0 };

	assert_null(atoll_board_detect(&m->places, &err));
	assert_int_equal(err.code, code);
	if (!strstr(err.text, part))
		fail_msg("'%s' does not tell of '%s'", err.text, part);
}

static void a_board_is_found_by_an_entry_of_compatible(void **state)
{
	struct machine *m = *state;

	WRITE(m->second, "one.conf", "[board]\nid = one\nname = One\ncompatible = acme,on\n");
	WRITE(m->second, "two.conf", "[board]\nid = two\nname = Two\ncompatible = acme,soc\n");
	WRITE(m->tree, "compatible", "acme,one\0acme,soc\0");
	assert_detected(m, "two");
}

static void the_board_goes_before_the_family_of_its_chip(void **state)
{
	struct machine *m = *state;

	WRITE(m->first, "a.conf", "[board]\nid = a\nname = A\ncompatible = acme,chip\n");
	WRITE(m->second, "b.conf", "[board]\nid = b\nname = B\ncompatible = acme,board\n");
	WRITE(m->tree, "compatible", "acme,board-rev2\0acme,board\0acme,chip\0");
	assert_detected(m, "b");
	WRITE(m->tree, "compatible", "acme,other\0acme,chip\0");
	assert_detected(m, "a");
}

static void a_device_tree_need_not_be_well_formed(void **state)
{
	static const char *const names[] = { "compatible", "model" };
	struct machine *m = *state;
	char *much = malloc(100000);

	assert_non_null(much);
	memset(much, 'x', 100000);
	WRITE(m->second, "one.conf", "[board]\nid = one\nname = One\ncompatible = x,y\n"
	      "model = y\n");
	for (size_t i = 0; i < 2; i++) {
		write_file(m->tree, names[i], much, 100000);
		assert_detected(m, "generic");
		WRITE(m->tree, names[i], "");
		assert_detected(m, "generic");
		WRITE(m->tree, names[i], "\0\0x,y");
		assert_detected(m, "generic");
	}
	WRITE(m->tree, "compatible", "x,y"); /* its NUL is missing */
	assert_detected(m, "one");
	free(much);
}

static void compatible_goes_before_model(void **state)
{
	struct machine *m = *state;

	WRITE(m->second, "one.conf", "[board]\nid = one\nname = One\nmodel = Acme\n");
	WRITE(m->second, "two.conf", "[board]\nid = two\nname = Two\ncompatible = acme,two\n");
	WRITE(m->tree, "model", "The Acme 2\0");
	assert_detected(m, "one");
	WRITE(m->tree, "compatible", "acme,two\0");
	assert_detected(m, "two");
}

static void the_administrators_description_hides_the_shipped_one(void **state)
{
	struct machine *m = *state;
	struct atoll_board *board;

	WRITE(m->first, "one.conf", "[board]\nid = one\nname = Mine\nmodel = Acme\n");
	WRITE(m->second, "one.conf", "[board]\nid = one\nname = Theirs\nmodel = Acme\n");
	WRITE(m->tree, "model", "Acme");
	board = atoll_board_detect(&m->places, NULL);
	assert_non_null(board);
	assert_string_equal(atoll_board_name(board), "Mine");
	atoll_board_free(board);
}

static void a_machine_nobody_described_is_generic(void **state)
{
	struct machine *m = *state;
	struct atoll_board *board;

	WRITE(m->second, "one.conf", "[board]\nid = one\nname = One\nmodel = Acme\n");
	assert_detected(m, "generic");
	m->folders[0] = "/nowhere/at/all";
	m->places.device_tree = "/nowhere/either";
	board = atoll_board_detect(&m->places, NULL);
	assert_non_null(board);
	assert_null(atoll_board_get(board, "camera.0.match"));
	atoll_board_free(board);
}

static void the_environment_names_a_board_or_a_file(void **state)
{
	struct machine *m = *state;
	char path[256];

	WRITE(m->second, "one.conf", "[board]\nid = one\nname = One\nmodel = Acme\n");
	WRITE(m->second, "two.conf", "[board]\nid = two\nname = Two\n");
	WRITE(m->tree, "model", "Acme");
	setenv("ATOLL_BOARD", "two", 1);
	assert_detected(m, "two");
	(void)snprintf(path, sizeof(path), "%s/one.conf", m->second);
	setenv("ATOLL_BOARD", path, 1);
	assert_detected(m, "one");
	setenv("ATOLL_BOARD", "generic", 1);
	assert_detected(m, "generic");
	setenv("ATOLL_BOARD", "three", 1);
	assert_refused(m, -ENOENT, "three");
	setenv("ATOLL_BOARD", "/nowhere/three.conf", 1);
	assert_refused(m, -ENOENT, "/nowhere/three.conf");
}

static void the_end_of_an_id_will_do_where_no_other_has_it(void **state)
{
	struct machine *m = *state;

	WRITE(m->first, "acme-dev-board.conf", "[board]\nid = acme-dev-board\nname = One\n");
	WRITE(m->second, "acme-dev-board.conf", "[board]\nid = acme-dev-board\nname = Hidden\n");
	WRITE(m->second, "acme-other.conf", "[board]\nid = acme-other\nname = Two\n");
	WRITE(m->second, "other-board.conf", "[board]\nid = other-board\nname = Three\n");
	setenv("ATOLL_BOARD", "dev-board", 1);
	assert_detected(m, "acme-dev-board");
	setenv("ATOLL_BOARD", "other", 1);
	assert_detected(m, "acme-other");
	setenv("ATOLL_BOARD", "board", 1);
	assert_refused(m, -ENOENT, "no description called board");
	setenv("ATOLL_BOARD", "ev-board", 1);
	assert_refused(m, -ENOENT, "ev-board");
	setenv("ATOLL_BOARD", "acme", 1);
	assert_refused(m, -ENOENT, "acme");
}

static void a_wrong_description_is_told_with_its_place(void **state)
{
	struct machine *m = *state;

	WRITE(m->second, "one.conf", "[board]\nid = one\nname = One\nwhat\n");
	assert_refused(m, -EINVAL, "one.conf:4");
	WRITE(m->second, "one.conf", "[board]\nid = other\nname = One\n");
	assert_refused(m, -EINVAL, "id");
	WRITE(m->second, "one.conf", "[board]\nid = one\n");
	assert_refused(m, -EINVAL, "name");
}

static void keys_nobody_reads_are_allowed_and_absent_ones_are_not_known(void **state)
{
	struct machine *m = *state;
	struct atoll_board *board;

	WRITE(m->second, "one.conf",
	      "[board]\nid = one\nname = One\nmodel = A\ncolour = green\n"
	      "[camera.0]\nmatch = front\n");
	WRITE(m->tree, "model", "A");
	board = atoll_board_detect(&m->places, NULL);
	assert_non_null(board);
	assert_string_equal(atoll_board_get(board, "camera.0.match"), "front");
	assert_string_equal(atoll_board_get(board, "board.colour"), "green");
	assert_null(atoll_board_get(board, "camera.1.match"));
	assert_string_equal(atoll_board_entry(board, 0)->key, "board.id");
	assert_string_equal(atoll_board_entry(board, 4)->value, "front");
	assert_non_null(strstr(atoll_board_entry(board, 4)->place, "one.conf:7"));
	assert_null(atoll_board_entry(board, 5));
	atoll_board_free(board);
	atoll_board_free(NULL);
}

static void every_shipped_description_is_right(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("board/boards/*.conf", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct atoll_error err;
		struct atoll_board *board = atoll_board_load(found.gl_pathv[i], &err);

		if (!board)
			fail_msg("%s", err.text);
		atoll_board_free(board);
	}
	assert_true(found.gl_pathc >= 5);
	globfree(&found);
}

static void the_shipped_descriptions_are_found(void **state)
{
	struct machine *m = *state;
	struct atoll_board *board;

	m->folders[0] = "board/boards";
	assert_detected(m, "generic");
	WRITE(m->tree, "model", "Google Coral MT8167\0");
	assert_detected(m, "coral-dev-board-mini");
	WRITE(m->tree, "model", "Freescale i.MX8MQ Phanbell\0");
	assert_detected(m, "coral-dev-board");
	WRITE(m->tree, "model", "Raspberry Pi 4 Model B Rev 1.4\0");
	WRITE(m->tree, "compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0");
	assert_detected(m, "raspberry-pi-4");
	WRITE(m->tree, "compatible", "raspberrypi,5-model-b\0brcm,bcm2712\0");
	assert_detected(m, "raspberry-pi-5");
	setenv("ATOLL_BOARD", "virtual", 1);
	board = atoll_board_detect(&m->places, NULL);
	assert_non_null(board);
	assert_string_equal(atoll_board_get(board, "camera.0.match"), "vivid");
	atoll_board_free(board);
}

#define ON_A_MACHINE(test) \
	cmocka_unit_test_setup_teardown(test, build_machine, tear_down_machine)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(a_board_is_found_by_an_entry_of_compatible),
		ON_A_MACHINE(the_board_goes_before_the_family_of_its_chip),
		ON_A_MACHINE(a_device_tree_need_not_be_well_formed),
		ON_A_MACHINE(compatible_goes_before_model),
		ON_A_MACHINE(the_administrators_description_hides_the_shipped_one),
		ON_A_MACHINE(a_machine_nobody_described_is_generic),
		ON_A_MACHINE(the_environment_names_a_board_or_a_file),
		ON_A_MACHINE(the_end_of_an_id_will_do_where_no_other_has_it),
		ON_A_MACHINE(a_wrong_description_is_told_with_its_place),
		ON_A_MACHINE(keys_nobody_reads_are_allowed_and_absent_ones_are_not_known),
		cmocka_unit_test(every_shipped_description_is_right),
		ON_A_MACHINE(the_shipped_descriptions_are_found),
	};

	return CHECK_RUN(tests);
}
