/* SPDX-License-Identifier: Apache-2.0 */
/* Which device node leads to which pins. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/header.h"
#include "apps/options.h"

static const struct bus_kind {
	const char *name;
	const char *class; /* of its device nodes, below /sys/class */
} kinds[] = {
	[ATOLL_BUS_I2C] = { "i2c", "i2c-dev" },
	[ATOLL_BUS_SPI] = { "spi", "spidev" },
	[ATOLL_BUS_UART] = { "uart", "tty" },
};

/* Is this one of the folders of a path? */
static bool has_folder(const char *path, const char *name)
{
	const size_t length = strlen(name);

	for (const char *at = path; (at = strstr(at, name)); at += length)
		if (at > path && at[-1] == '/' && at[length] == '/')
			return true;
	return false;
}

/* Where a device of a class is: its link leads through its controller's folder, as
   ../../devices/platform/soc/11009000.i2c/i2c-3/i2c-dev/i2c-3 does. */
static bool belongs_to(DIR *class, const char *entry, const char *device)
{
	char target[PATH_MAX];
	const ssize_t length = readlinkat(dirfd(class), entry, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return has_folder(target, device);
}

static void find_node(const char *sysfs, const struct atoll_bus *bus, struct header_node *node)
{
	char folder[PATH_MAX];
	const struct dirent *entry;
	DIR *class;

	(void)snprintf(folder, sizeof(folder), "%s/class/%s", sysfs, kinds[bus->kind].class);
	class = opendir(folder);
	if (!class)
		return; /* the driver that makes nodes is not there */
	while (!node->path[0] && (entry = readdir(class)))
		if (belongs_to(class, entry->d_name, bus->device))
			(void)snprintf(node->path, sizeof(node->path), "/dev/%.50s",
				       entry->d_name);
	(void)closedir(class); /* read only */
}

struct header_node header_node(const char *sysfs, const struct atoll_bus *bus)
{
	struct header_node node = { .is_known = bus->device != NULL };
	char path[PATH_MAX];

	sysfs = sysfs ? sysfs : "/sys";
	if (!bus->device)
		return node;
	(void)snprintf(path, sizeof(path), "%s/bus/platform/devices/%s", sysfs, bus->device);
	node.is_here = access(path, F_OK) == 0;
	if (node.is_here)
		find_node(sysfs, bus, &node);
	return node;
}

/* "sda" of pin 3, whose role is "i2c.1.sda". */
static const char *wire_of(const struct atoll_bus *bus, const struct atoll_pin *pin)
{
	const size_t length = strlen(bus->name);

	if (!pin || !pin->role || strncmp(pin->role, bus->name, length) != 0 ||
	    pin->role[length] != '.')
		return NULL;
	return pin->role + length + 1;
}

/* What was found; else, in parentheses, what the description expects. */
static void print_node(const struct atoll_bus *bus, const struct header_node *node)
{
	char text[80] = "-";

	if (node->path[0])
		(void)snprintf(text, sizeof(text), "%s", node->path);
	else if (bus->node)
		(void)snprintf(text, sizeof(text), "(%.70s)", bus->node);
	printf("%-8s %-16s pins", bus->name, text);
}

static void print_bus(const struct header_settings *settings, const struct atoll_bus *bus)
{
	const struct header_node node = header_node(settings->sysfs, bus);

	print_node(bus, &node);
	for (uint32_t i = 0; bus->pins[i]; i++) {
		const char *wire = wire_of(bus, atoll_header_pin(settings->header, bus->pins[i]));

		printf("%s %u%s%s", i ? "," : "", bus->pins[i], wire ? " " : "",
		       wire ? wire : "");
	}
	if (!node.is_known)
		printf("; not looked for: what its controller is called is not known");
	else if (!node.is_here)
		printf("; not here: there is no %s", bus->device);
	else if (!node.path[0])
		printf("; %s is here, but has no node", bus->device);
	printf("%s%s\n", bus->is_bit_banged ? "; bit by bit, slowly" : "",
	       bus->is_console ? "; the console is there" : "");
	if (bus->note)
		printf("         %s\n", bus->note);
}

static void json_bus(struct atoll_json *json, const struct header_settings *settings,
		     const struct atoll_bus *bus)
{
	const struct header_node node = header_node(settings->sysfs, bus);

	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", bus->name);
	atoll_json_string(json, "device", bus->device);
	atoll_json_string(json, "node", node.path[0] ? node.path : NULL);
	atoll_json_string(json, "expected_node", bus->node);
	if (node.is_known)
		atoll_json_bool(json, "is_here", node.is_here);
	else
		atoll_json_string(json, "is_here", NULL);
	atoll_json_array(json, "pins");
	for (uint32_t i = 0; bus->pins[i]; i++) {
		atoll_json_object(json, NULL);
		atoll_json_integer(json, "pin", bus->pins[i]);
		atoll_json_string(json, "wire", wire_of(bus,
				  atoll_header_pin(settings->header, bus->pins[i])));
		atoll_json_end(json);
	}
	atoll_json_end(json);
	atoll_json_bool(json, "is_bit_banged", bus->is_bit_banged);
	atoll_json_bool(json, "is_console", bus->is_console);
	atoll_json_string(json, "note", bus->note);
	atoll_json_end(json);
}

static int show(const struct header_settings *settings, enum atoll_bus_kind kind)
{
	struct atoll_json json = { .file = stdout };
	const struct atoll_bus *bus;
	uint32_t shown = 0;

	if (settings->wants_json)
		atoll_json_array(&json, NULL);
	for (uint32_t i = 0; (bus = atoll_header_bus(settings->header, i)); i++) {
		if (bus->kind != kind)
			continue;
		shown++;
		if (settings->wants_json)
			json_bus(&json, settings, bus);
		else
			print_bus(settings, bus);
	}
	if (settings->wants_json)
		atoll_json_end(&json);
	else if (!shown)
		options_say("no %s is known on the header of %s", kinds[kind].name,
			    atoll_board_name(settings->board));
	return EXIT_SUCCESS;
}

int header_i2c(const struct header_settings *settings)
{
	return show(settings, ATOLL_BUS_I2C);
}

int header_spi(const struct header_settings *settings)
{
	return show(settings, ATOLL_BUS_SPI);
}

int header_uart(const struct header_settings *settings)
{
	return show(settings, ATOLL_BUS_UART);
}
