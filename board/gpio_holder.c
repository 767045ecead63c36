/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which process has a GPIO line, as far as /proc shows: a descriptor of requested lines
 * is a link to "anon_inode:gpio-line" (v1: gpio-linehandle, gpio-event). Of lines of
 * the v2 interface newer kernels say in fdinfo which they are. Otherwise a process with
 * lines of whatever chip that has also this chip open, as users of libgpiod 1 have, is
 * likely the one, if it is the only such.
 */
#include "board/gpio_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board/process.h"

static const char lines_link[] = "anon_inode:gpio-";

enum guess { NOT_IT, MAYBE_IT, IS_IT };

struct sought {
	const char *node;        /* "/dev/gpiochip0" */
	uint32_t line;
};

static void tell(const char *proc, const char *likely, long pid, char *text, size_t size)
{
	char name[32];

	atoll_process_name(proc, pid, name, sizeof(name));
	(void)snprintf(text, size, "%s%s, process %ld", likely, name, pid);
}

/* What fdinfo says of a descriptor of lines. */
static enum guess is_told(int process, const char *fd, const struct sought *sought)
{
	const char *chip = strrchr(sought->node, '/');
	char path[300], row[80], name[32];
	enum guess guess = MAYBE_IT;
	bool has_line = false;
	FILE *file;
	int info;
	unsigned line;

	(void)snprintf(path, sizeof(path), "fdinfo/%s", fd);
	info = openat(process, path, O_RDONLY | O_CLOEXEC);
	file = info < 0 ? NULL : fdopen(info, "r");
	if (!file) {
		if (info >= 0)
			(void)close(info); /* nothing was read */
		return MAYBE_IT;
	}
	while (fgets(row, sizeof(row), file)) {
		if (sscanf(row, "gpio-chip: %31s", name) == 1)
			guess = strcmp(name, chip ? chip + 1 : sought->node) == 0 ?
				IS_IT : NOT_IT;
		if (sscanf(row, "gpio-line: %u", &line) == 1 && line == sought->line)
			has_line = true;
	}
	(void)fclose(file); /* only read */
	return guess == IS_IT && !has_line ? NOT_IT : guess;
}

/* Of a process, a folder of /proc. */
static enum guess has_it(int process, const struct sought *sought)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *links = fd < 0 ? NULL : fdopendir(fd);
	bool has_chip = false, has_lines = false;
	enum guess guess = NOT_IT;
	struct dirent *entry;

	if (!links) {
		if (fd >= 0)
			(void)close(fd); /* nothing was read */
		return NOT_IT;
	}
	while (guess != IS_IT && (entry = readdir(links))) {
		char target[64] = "";

		if (readlinkat(dirfd(links), entry->d_name, target, sizeof(target) - 1) < 0)
			continue;
		if (strcmp(target, sought->node) == 0)
			has_chip = true;
		if (strncmp(target, lines_link, strlen(lines_link)) != 0)
			continue;
		guess = is_told(process, entry->d_name, sought);
		has_lines |= guess == MAYBE_IT;
	}
	(void)closedir(links); /* only read */
	if (guess != IS_IT)
		guess = has_chip && has_lines ? MAYBE_IT : NOT_IT;
	return guess;
}

int gpio_holder(const char *proc, const char *node, uint32_t line, char *text, size_t size)
{
	struct sought sought = { node, line };
	DIR *processes = opendir(proc);
	struct dirent *entry;
	long likely = 0;
	int guesses = 0;

	while (processes && (entry = readdir(processes))) {
		long pid = atol(entry->d_name);
		enum guess guess;
		int process;

		if (pid <= 0)
			continue;
		process = openat(dirfd(processes), entry->d_name,
				 O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (process < 0)
			continue; /* it has ended */
		guess = has_it(process, &sought);
		(void)close(process); /* only looked */
		if (guess == IS_IT) {
			(void)closedir(processes); /* only read */
			tell(proc, "", pid, text, size);
			return 0;
		}
		if (guess == MAYBE_IT && guesses++ == 0)
			likely = pid;
	}
	if (processes)
		(void)closedir(processes); /* only read */
	if (guesses != 1)
		return -ENOENT;
	tell(proc, "likely ", likely, text, size);
	return 0;
}
