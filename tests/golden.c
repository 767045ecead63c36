/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/golden.h"

#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/fill.h"
#include "tests/check.h"

#define FLOAT_TOLERANCE 1e-5

char *golden_text(const char *format, ...)
{
	char *result = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&result, format, args) < 0)
		abort();
	va_end(args);
	return result;
}

char *golden_models(void)
{
	const char *given = getenv("MODELS");

	return given && *given ? golden_text("%s", given) :
				 golden_text("%s/models", check_data());
}

char *golden_folder(void)
{
	const char *given = getenv("GOLDEN");

	return given && *given ? golden_text("%s", given) :
				 golden_text("%s/golden", check_data());
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void golden_each(const char *folder,
		 void (*each)(const char *folder, const char *name, void *context),
		 void *context)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, by_name);

	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			each(folder, entries[i]->d_name, context);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void read_into(struct atoll_tensor *tensor, const char *path)
{
	size_t size;
	void *bytes = check_read(path, &size);

	if (size != tensor->bytes)
		fail_msg("%s: %zu bytes for input %s of %zu", path, size,
			 tensor->name, tensor->bytes);
	memcpy(tensor->data, bytes, size);
	free(bytes);
}

void golden_fill(const char *inputs, uint32_t k, struct atoll_tensor *tensor)
{
	char *path;

	if (strcmp(inputs, "pattern") == 0) {
		atoll_fill(ATOLL_FILL_PATTERN, k, tensor);
		return;
	}
	if (strcmp(inputs, "lcg") == 0) {
		atoll_fill(ATOLL_FILL_LCG, k, tensor);
		return;
	}
	if (strncmp(inputs, "img-", 4) == 0) {
		char *golden = golden_folder();

		path = golden_text("%s/inputs/%s_%dx%d.bin", golden, inputs + 4,
				   tensor->dims[2], tensor->dims[1]);
		free(golden);
	} else {
		path = golden_text("%s/input%u.bin", inputs, k);
	}
	read_into(tensor, path);
	free(path);
}

static bool close_enough(double a, double b)
{
	return a == b || (isnan(a) && isnan(b)) ||
	       fabs(a - b) <= FLOAT_TOLERANCE * fmax(fabs(a), fabs(b));
}

static long first_difference(const struct atoll_tensor *tensor, const void *expected)
{
	const uint8_t *a = tensor->data, *b = expected;
	size_t width = atoll_type_bytes(tensor->type);

	for (size_t i = 0; i < tensor->elements; i++) {
		float x, y;

		if (memcmp(a + i * width, b + i * width, width) == 0)
			continue;
		if (tensor->type != ATOLL_FLOAT32)
			return (long)i;
		memcpy(&x, a + i * width, sizeof(x));
		memcpy(&y, b + i * width, sizeof(y));
		if (!close_enough((double)x, (double)y))
			return (long)i;
	}
	return -1;
}

long golden_difference(const char *folder, uint32_t k, const struct atoll_tensor *output)
{
	char *path = golden_text("%s/output%u.bin", folder, k);
	size_t size;
	void *expected = check_read(path, &size);
	long i = size == output->bytes ? first_difference(output, expected) : 0;

	free(expected);
	free(path);
	return i;
}
