/* SPDX-License-Identifier: Apache-2.0 */
#include "board/power_reset.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "board/sysfs.h"

#define DEVICES_MAX 512

/* Bits of WDIOC_GETBOOTSTATUS, watchdog-api of the kernel's documentation. */
static const struct {
	int64_t bit;
	const char *words;
} boot_status[] = {
	{ 0x0020, "watchdog" }, /* WDIOF_CARDRESET */
	{ 0x0001, "overheated" },
	{ 0x0002, "a fan failed" },
	{ 0x0010, "too little power" },
	{ 0x0040, "too much power" },
	{ 0x0004, "external relay 1" },
	{ 0x0008, "external relay 2" },
};

/* The kernel's own name for it, of the few chips whose drivers ask them. */
static void ask_chip(const char *root, char *reason, size_t room)
{
	char name[DEVICES_MAX][SYSFS_NAME_BYTES];
	char all[SYSFS_PATH_BYTES], path[SYSFS_PATH_BYTES];
	int found;

	if (sysfs_path(all, root, "sys/bus/platform/devices", NULL) < 0)
		return;
	found = sysfs_list(all, "", name, DEVICES_MAX, NULL);
	for (int i = 0; i < found && !reason[0]; i++)
		if (sysfs_path(path, all, name[i], NULL) == 0)
			(void)sysfs_text(path, "power_on_reason", reason, room, NULL);
}

static void ask_watchdog(const char *root, char *reason, size_t room)
{
	char path[SYSFS_PATH_BYTES];
	int64_t status;

	if (sysfs_path(path, root, "sys/class/watchdog/watchdog0", NULL) < 0 ||
	    sysfs_number(path, "bootstatus", 0, INT32_MAX, &status, NULL) < 0)
		return;
	for (size_t i = 0; i < sizeof(boot_status) / sizeof(boot_status[0]); i++)
		if (!reason[0] && status & boot_status[i].bit)
			(void)snprintf(reason, room, "%s", boot_status[i].words);
}

/* What the boot loader passes on. */
static void ask_command_line(const char *root, char *reason, size_t room)
{
	static const char *const keys[] = {
		"androidboot.bootreason=", "bootreason=", "boot_reason=", "reset_reason=",
	};
	char line[4096], path[SYSFS_PATH_BYTES], *rest = line, *word;

	if (sysfs_path(path, root, "proc", NULL) < 0 ||
	    sysfs_text(path, "cmdline", line, sizeof(line), NULL) < 0)
		return;
	while ((word = strsep(&rest, " ")) && !reason[0])
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (strncmp(word, keys[i], strlen(keys[i])) == 0)
				(void)snprintf(reason, room, "%s", word + strlen(keys[i]));
}

void power_reset_read(const char *root, char *reason, size_t room)
{
	reason[0] = '\0';
	ask_chip(root, reason, room);
	if (!reason[0])
		ask_watchdog(root, reason, room);
	if (!reason[0])
		ask_command_line(root, reason, room);
}
