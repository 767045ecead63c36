/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/header.h"
#include "tests/check.h"
#include "tests/folder.h"

static const struct atoll_bus i2c = {
	.kind = ATOLL_BUS_I2C, .name = "i2c.1", .device = "11009000.i2c", .node = "/dev/i2c-3",
};
static const struct atoll_bus spi = { .kind = ATOLL_BUS_SPI, .device = "1100c000.spi" };
static const struct atoll_bus uart = { .kind = ATOLL_BUS_UART, .device = "11006000.serial" };

/* Folders below the one that stands for /sys. */
static void make(const char *path)
{
	char part[200];

	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		(void)mkdir(in_folder(part), 0700); /* another call may have made it */
	}
	assert_int_equal(mkdir(in_folder(path), 0700), 0);
}

static void link_to(const char *path, const char *target)
{
	assert_int_equal(symlink(target, in_folder(path)), 0);
}

static void assert_node(const struct atoll_bus *bus, bool is_here, const char *path)
{
	const struct header_node node = header_node(folder, bus);

	assert_true(node.is_known);
	assert_int_equal(node.is_here, is_here);
	assert_string_equal(node.path, path);
}

static void nodes_are_found_by_the_address_of_their_controller(void **state)
{
	(void)state;
	make("bus/platform/devices/11009000.i2c");
	make("bus/platform/devices/1100c000.spi");
	make("bus/platform/devices/11006000.serial");
	make("class/i2c-dev");
	link_to("class/i2c-dev/i2c-0",
		"../../devices/platform/soc/11008000.i2c/i2c-0/i2c-dev/i2c-0");
	link_to("class/i2c-dev/i2c-5",
		"../../devices/platform/soc/11009000.i2c/i2c-5/i2c-dev/i2c-5");
	make("class/spidev");
	link_to("class/spidev/spidev2.0",
		"../../devices/platform/soc/1100c000.spi/spi_master/spi2/spi2.0/spidev/spidev2.0");
	make("class/tty");
	link_to("class/tty/tty0", "../../devices/virtual/tty/tty0");
	link_to("class/tty/ttyS1", "../../devices/platform/soc/11006000.serial/"
		"11006000.serial:0/11006000.serial:0.0/tty/ttyS1");
	assert_node(&i2c, true, "/dev/i2c-5");
	assert_node(&spi, true, "/dev/spidev2.0");
	assert_node(&uart, true, "/dev/ttyS1");
}

static void a_controller_that_is_not_here_has_no_node(void **state)
{
	(void)state;
	assert_node(&i2c, false, "");
	make("class/i2c-dev");
	link_to("class/i2c-dev/i2c-5",
		"../../devices/platform/soc/11009000.i2c/i2c-5/i2c-dev/i2c-5");
	assert_node(&i2c, false, "");
}

/* The module i2c-dev is not loaded, say, or the node is another controller's. */
static void a_controller_without_a_node_is_here_all_the_same(void **state)
{
	(void)state;
	make("bus/platform/devices/11009000.i2c");
	assert_node(&i2c, true, "");
	make("class/i2c-dev");
	link_to("class/i2c-dev/i2c-0",
		"../../devices/platform/soc/x11009000.i2c/i2c-0/i2c-dev/i2c-0");
	link_to("class/i2c-dev/i2c-1",
		"../../devices/platform/soc/11009000.i2cx/i2c-1/i2c-dev/i2c-1");
	link_to("class/i2c-dev/11009000.i2c", "11009000.i2c");
	make("class/i2c-dev/i2c-2");
	assert_node(&i2c, true, "");
}

static void what_is_not_known_is_not_looked_for(void **state)
{
	const struct atoll_bus bus = { .kind = ATOLL_BUS_I2C, .node = "/dev/i2c-0" };
	const struct header_node node = header_node(folder, &bus);

	(void)state;
	assert_false(node.is_known);
	assert_false(node.is_here);
	assert_string_equal(node.path, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(nodes_are_found_by_the_address_of_their_controller),
		IN_FOLDER(a_controller_that_is_not_here_has_no_node),
		IN_FOLDER(a_controller_without_a_node_is_here_all_the_same),
		IN_FOLDER(what_is_not_known_is_not_looked_for),
	};

	return CHECK_RUN(tests);
}
