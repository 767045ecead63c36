/* SPDX-License-Identifier: Apache-2.0 */
/* Which GPIO chips there are, to whom they are open, and when one leaves. */
#include "board/gpio_system.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int is_chip(const struct dirent *entry)
{
	return strncmp(entry->d_name, "gpiochip", strlen("gpiochip")) == 0;
}

/* The group that may read and write it; empty: there is none but root's. */
static void find_group(const char *node, char *name, size_t size)
{
	struct group group, *found = NULL;
	struct stat status;
	char room[4096];

	name[0] = '\0';
	if (stat(node, &status) < 0 || (status.st_mode & 060) != 060 || status.st_gid == 0)
		return;
	if (getgrgid_r(status.st_gid, &group, room, sizeof(room), &found) == 0 && found)
		(void)snprintf(name, size, "%s", found->gr_name);
	else
		(void)snprintf(name, size, "%u", (unsigned)status.st_gid);
}

/* Whether it is a chip after all. */
static bool describe_it(const char *sys, const char *dev, const char *name,
			gpio_describe *describe, struct gpio_chip *chip)
{
	char path[PATH_MAX], real[PATH_MAX];

	*chip = (struct gpio_chip){ 0 };
	if ((size_t)snprintf(chip->node, sizeof(chip->node), "%s/%s", dev, name) >=
	    sizeof(chip->node))
		return false;
	(void)snprintf(path, sizeof(path), "%s/bus/gpio/devices/%s", sys, name);
	if (!realpath(path, real) ||
	    (size_t)snprintf(chip->device, sizeof(chip->device), "%s", real) >=
	    sizeof(chip->device))
		return false; /* it just left, or is too deep for anyone to name it */
	chip->trouble = describe(chip->node, chip);
	find_group(chip->node, chip->group, sizeof(chip->group));
	return true;
}

int gpio_chips_list(const char *sys, const char *dev, gpio_describe *describe,
		    struct gpio_chip *list, uint32_t room)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX];
	int count, chips = 0;

	(void)snprintf(path, sizeof(path), "%s/bus/gpio/devices", sys);
	count = scandir(path, &entries, is_chip, versionsort);
	for (int i = 0; i < count; i++) {
		struct gpio_chip chip;

		if (describe_it(sys, dev, entries[i]->d_name, describe, &chip) &&
		    (uint32_t)chips++ < room)
			list[chips - 1] = chip;
		free(entries[i]);
	}
	free(entries);
	return count < 0 && errno != ENOENT ? -errno : chips;
}

int gpio_chips_leaving(const char *node)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	/* Its last link goes, and it itself only when nobody has it open any more. */
	if (inotify_add_watch(fd, node, IN_ATTRIB | IN_DELETE_SELF) < 0) {
		r = -errno;
		(void)close(fd); /* nothing in it */
		return r;
	}
	return fd;
}

int gpio_wait(int fd, int timeout_ms)
{
	struct pollfd watch = { .fd = fd, .events = POLLIN };
	int r = poll(&watch, 1, timeout_ms);

	return r < 0 ? -errno : r;
}

int64_t gpio_real_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* never fails */
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}
