/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPIO chips there are, in a sysfs and a /dev of our own. */
#include "board/gpio_system.h"

#include "tests/check.h"
#include "tests/folder.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A chip as the kernel shows it: a link by its number to where it is. */
static void make_chip(const char *name, const char *parent)
{
	char path[128], target[128];

	(void)mkdir(in_folder("bus"), 0755); /* or it is there */
	(void)mkdir(in_folder("bus/gpio"), 0755);
	(void)mkdir(in_folder("bus/gpio/devices"), 0755);
	(void)mkdir(in_folder("devices"), 0755);
	(void)snprintf(path, sizeof(path), "devices/%s", parent);
	(void)mkdir(in_folder(path), 0755);
	(void)snprintf(path, sizeof(path), "devices/%s/%s", parent, name);
	assert_int_equal(mkdir(in_folder(path), 0755), 0);
	(void)snprintf(path, sizeof(path), "bus/gpio/devices/%s", name);
	(void)snprintf(target, sizeof(target), "../../../devices/%s/%s", parent, name);
	assert_int_equal(symlink(target, in_folder(path)), 0);
}

static void make_node(const char *name)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static int describe(const char *node, struct gpio_chip *chip)
{
	if (strcmp(node, "/dev/null/gpiochip2") == 0)
		return -EACCES;
	(void)strcpy(chip->label, "pins");
	chip->lines = 125;
	return 0;
}

static void chips_are_listed_by_number_with_their_place(void **state)
{
	struct gpio_chip list[2] = { 0 };

	(void)state;
	make_chip("gpiochip10", "11009000.i2c");
	make_chip("gpiochip0", "1000b000.pinctrl");
	make_chip("gpiochip2", "1000b000.pinctrl");
	assert_int_equal(symlink("nowhere", in_folder("bus/gpio/devices/gpiochip3")), 0);
	assert_int_equal(mkdir(in_folder("bus/gpio/devices/something"), 0755), 0);
	assert_int_equal(gpio_chips_list(folder, "/dev/null", describe, list, 2), 3);
	assert_string_equal(list[0].node, "/dev/null/gpiochip0");
	assert_non_null(strstr(list[0].device, "/devices/1000b000.pinctrl/gpiochip0"));
	assert_string_equal(list[0].label, "pins");
	assert_int_equal(list[0].lines, 125);
	assert_string_equal(list[1].node, "/dev/null/gpiochip2");
	assert_int_equal(list[1].trouble, -EACCES);
}

static void without_gpio_there_are_no_chips(void **state)
{
	(void)state;
	assert_int_equal(gpio_chips_list(folder, "/dev", describe, NULL, 0), 0);
}

static void what_is_for_root_is_for_no_group(void **state)
{
	struct gpio_chip chip;

	(void)state;
	make_chip("gpiochip0", "soc");
	make_node("gpiochip0");
	assert_int_equal(chmod(in_folder("gpiochip0"), 0600), 0);
	assert_int_equal(gpio_chips_list(folder, folder, describe, &chip, 1), 1);
	assert_string_equal(chip.group, "");
}

static void the_group_of_a_node_is_told(void **state)
{
	const struct group *daemons = getgrnam("daemon");
	struct gpio_chip chip;

	(void)state;
	make_chip("gpiochip0", "soc");
	make_node("gpiochip0");
	assert_int_equal(chmod(in_folder("gpiochip0"), 0660), 0);
	if (!daemons || chown(in_folder("gpiochip0"), (uid_t)-1, daemons->gr_gid) < 0) {
		print_message("# skipped: only root may give files to other groups\n");
		skip();
	}
	assert_int_equal(gpio_chips_list(folder, folder, describe, &chip, 1), 1);
	assert_string_equal(chip.group, "daemon");
	assert_int_equal(chown(in_folder("gpiochip0"), (uid_t)-1, 54321), 0);
	assert_int_equal(gpio_chips_list(folder, folder, describe, &chip, 1), 1);
	assert_string_equal(chip.group, "54321"); /* it has no name */
}

static void a_node_that_leaves_wakes(void **state)
{
	struct pollfd watch = { .events = POLLIN };

	(void)state;
	assert_int_equal(gpio_chips_leaving(in_folder("gpiochip0")), -ENOENT);
	make_node("gpiochip0");
	watch.fd = gpio_chips_leaving(in_folder("gpiochip0"));
	assert_true(watch.fd >= 0);
	assert_int_equal(poll(&watch, 1, 0), 0);
	assert_int_equal(gpio_wait(watch.fd, 0), 0);
	assert_int_equal(unlink(in_folder("gpiochip0")), 0);
	assert_int_equal(gpio_wait(watch.fd, 10000), 1);
	(void)close(watch.fd); /* only looked */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(chips_are_listed_by_number_with_their_place),
		IN_FOLDER(without_gpio_there_are_no_chips),
		IN_FOLDER(what_is_for_root_is_for_no_group),
		IN_FOLDER(the_group_of_a_node_is_told),
		IN_FOLDER(a_node_that_leaves_wakes),
	};

	return CHECK_RUN(tests);
}
