/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *check_data(void)
{
	const char *folder = getenv("ATOLL_TEST_DATA");

	return folder && *folder ? folder : "../shared";
}

const char *check_data_path(const char *format, ...)
{
	static char paths[4][4096];
	static unsigned next;
	char *path = paths[next++ % 4];
	va_list args;
	int used = snprintf(path, sizeof(paths[0]), "%s/", check_data());

	va_start(args, format);
	(void)vsnprintf(path + used, sizeof(paths[0]) - (size_t)used, format, args);
	va_end(args);
	if (access(path, R_OK) != 0) {
		print_message("# skipped: %s is not there (ATOLL_TEST_DATA)\n", path);
		skip();
	}
	return path;
}

void *check_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	char *bytes;
	long length;

	if (!file)
		fail_msg("%s: cannot be opened", path);
	(void)fseek(file, 0, SEEK_END);
	length = ftell(file);
	rewind(file);
	assert_true(length >= 0);
	bytes = malloc((size_t)length + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)length, file), length);
	(void)fclose(file);
	bytes[length] = '\0';
	if (size)
		*size = (size_t)length;
	return bytes;
}

/* Knuth's MMIX multiplier; the high half is the good one. */
uint32_t check_random(struct check_random *random)
{
	random->state = random->state * UINT64_C(6364136223846793005) +
			UINT64_C(1442695040888963407);
	return (uint32_t)(random->state >> 32);
}

int32_t check_random_in(struct check_random *random, int32_t low, int32_t high)
{
	uint64_t span = (uint64_t)((int64_t)high - low) + 1;

	return (int32_t)(low + (int64_t)(check_random(random) % span));
}
