/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int seeds_wanted(int argc, char **argv)
{
	return argc == 3 && strcmp(argv[1], "--seeds") == 0;
}

/* The first `size` bytes, the one at `turned` (if it is below) turned over. */
static void write_one(const char *folder, const char *name, const char *how,
		      const uint8_t *bytes, size_t size, size_t turned)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s-%s", folder, name, how);
	file = fopen(path, "wb");
	for (size_t i = 0; file && i < size; i++)
		(void)fputc(i == turned ? bytes[i] ^ 0xff : bytes[i], file);
	if (!file || ferror(file) || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

void seeds_write(const char *folder, const char *name, const uint8_t *bytes, size_t size)
{
	char how[32];

	write_one(folder, name, "whole", bytes, size, size);
	write_one(folder, name, "half", bytes, size / 2, size);
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(how, sizeof(how), "turned-%zu", i);
		write_one(folder, name, how, bytes, size, size * i / 8);
	}
}
