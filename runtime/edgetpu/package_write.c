/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the inside out: executables, the multi-executable of their strings, the
 * package, and the map around it. Each is aligned to pages in the next, so that all
 * are from the start of the package.
 *
 *	package      page of tables, multi-executable
 *	multi-       page of tables, caching executable, page with its NUL, main
 *	executable   executable, page with its NUL
 */
#include "runtime/edgetpu/package_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "runtime/edgetpu/executable_write.h"
#include "runtime/schema/darwinn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the vendor's compiler writes under "6", for whatever it means by it. */
#define CHIP_NUMBER 18

/* Hints that name nothing cannot be written; all else is found when reading. */
static int check_hints(const struct edgetpu_executable *executable, struct atoll_error *err)
{
	for (uint32_t i = 0; i < executable->hints; i++) {
		const struct edgetpu_hint *hint = &executable->hint[i];
		uint32_t count = hint->kind == EDGETPU_INPUT ? executable->inputs :
				 hint->kind == EDGETPU_OUTPUT ? executable->outputs :
				 hint->kind == EDGETPU_INSTRUCTIONS ? executable->chunks :
								      UINT32_MAX;

		if (hint->index >= count)
			return atoll_error_set(err, -EINVAL, EDGETPU_OPERATOR ": hint %" PRIu32
					       ": names %" PRIu32 " of %" PRIu32, i,
					       hint->index, count);
	}
	return 0;
}

/* A string of any bytes, which begin at a page. */
static void write_bytes(struct flatwrite *file, size_t slot, const struct flatwrite *bytes)
{
	if (bytes->error && !file->error)
		file->error = bytes->error;
	(void)flatwrite_vector(file, slot, bytes->bytes, bytes->size, 1, EDGETPU_PAGE);
	(void)flatwrite_reserve(file, 1, 0, 1);
}

static void write_executable(struct flatwrite *file, size_t slot,
			     const struct edgetpu_executable *executable)
{
	struct flatwrite one = edgetpu_executable_write(executable);

	write_bytes(file, slot, &one);
	free(one.bytes);
}

/* Main is first in the list, and last in the file. */
static struct flatwrite write_executables(const struct edgetpu_package *package)
{
	struct flatwrite file = { .bytes = NULL };
	struct flatwrite_field field =
		FLATWRITE_OFFSET(DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES);
	size_t root = flatwrite_root(&file, NULL), slot;

	flatwrite_point(&file, root, flatwrite_table(&file, &field, 1));
	slot = flatwrite_offsets(&file, field.slot, package->caching ? 2 : 1);
	if (package->caching)
		write_executable(&file, slot + 4, package->caching);
	write_executable(&file, slot, package->main);
	(void)flatwrite_reserve(&file, 0, 0, EDGETPU_PAGE);
	return file;
}

static struct flatwrite write_package(const struct edgetpu_package *package)
{
	struct flatwrite executables = write_executables(package);
	struct flatwrite file = { .error = executables.error };
	struct flatwrite_field field[] = {
		{ DARWINN_PACKAGE_MIN_RUNTIME_VERSION, 4,
		  .value.i32 = package->runtime_version },
		FLATWRITE_OFFSET(DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE),
		FLATWRITE_OFFSET(DARWINN_PACKAGE_SIGNATURE),
		{ DARWINN_PACKAGE_KEYPAIR_VERSION, 4, .value.i32 = 0 },
		FLATWRITE_OFFSET(DARWINN_PACKAGE_COMPILER_VERSION),
		{ DARWINN_PACKAGE_VIRTUAL_CHIP_ID, 4, .value.i32 = 0 },
		FLATWRITE_OFFSET(DARWINN_PACKAGE_MODEL_IDENTIFIER),
	};
	size_t root = flatwrite_root(&file, DARWINN_IDENTIFIER);

	flatwrite_point(&file, root, flatwrite_table(&file, field, COUNT(field)));
	(void)flatwrite_vector(&file, field[2].slot, NULL, 0, 1, 4);
	flatwrite_string(&file, field[4].slot, package->compiler);
	flatwrite_string(&file, field[6].slot, NULL);
	(void)flatwrite_vector(&file, field[1].slot, executables.bytes, executables.size, 1,
			       EDGETPU_PAGE);
	free(executables.bytes);
	return file;
}

/*
 * The map around the package, as FlexBuffers have it: from the leaves to the root,
 * with distances that lead back. Everything that is not a key or the vector under "6"
 * is counted with 4 bytes, which is what the vendor's compiler does from 64 KiB on.
 */
enum { FLEX_INT = 1, FLEX_STRING = 5, FLEX_MAP = 9, FLEX_VECTOR = 10 };
#define FLEX_TYPE(kind, log2_width) ((uint8_t)((kind) << 2 | (log2_width)))

static size_t put(struct flatwrite *file, const void *bytes, size_t size)
{
	size_t at = flatwrite_reserve(file, size, 0, 1);

	flatwrite_store(file, at, bytes, size);
	return at;
}

static size_t put_number(struct flatwrite *file, uint32_t number)
{
	return put(file, &number, sizeof(number));
}

/* The distance back from here. */
static void put_back(struct flatwrite *file, size_t target)
{
	(void)put_number(file, (uint32_t)(file->size - target));
}

static void write_options(struct flatwrite *file, const struct flatwrite *package)
{
	static const uint8_t one_chip[] = { 1, CHIP_NUMBER, FLEX_TYPE(FLEX_INT, 0) };
	static const uint8_t types[] = {
		FLEX_TYPE(FLEX_INT, 2), FLEX_TYPE(FLEX_STRING, 2), FLEX_TYPE(FLEX_INT, 2),
		FLEX_TYPE(FLEX_VECTOR, 0), FLEX_TYPE(FLEX_VECTOR, 0),
	};
	static const uint8_t width = 4, root[] = { FLEX_TYPE(FLEX_MAP, 2), 1 };
	size_t key[COUNT(types)], string, chips, packages, keys, map;

	key[0] = put(file, "1", 2);
	key[1] = put(file, "4", 2);
	(void)put_number(file, (uint32_t)package->size);
	string = put(file, package->bytes, package->size);
	(void)put(file, "", 1);
	key[2] = put(file, "5", 2);
	key[3] = put(file, "6", 2);
	chips = put(file, one_chip, sizeof(one_chip)) + 1;
	key[4] = put(file, "7", 2);
	packages = put(file, "", 1) + 1; /* none */

	(void)flatwrite_reserve(file, 0, 0, width);
	keys = put_number(file, COUNT(key)) + width;
	for (size_t i = 0; i < COUNT(key); i++)
		put_back(file, key[i]);
	put_back(file, keys);
	(void)put_number(file, width);
	map = put_number(file, COUNT(key)) + width;
	(void)put_number(file, 0);             /* "1", the version */
	put_back(file, string);
	(void)put_number(file, UINT32_MAX);    /* "5", -1: no preference */
	put_back(file, chips);
	put_back(file, packages);
	(void)put(file, types, sizeof(types));
	(void)put(file, &(uint8_t){ (uint8_t)(file->size - map) }, 1);
	(void)put(file, root, sizeof(root));
}

/* Whatever a reader would refuse is refused here. */
static int check_written(const struct flatwrite *file, struct atoll_error *err)
{
	struct atoll_error why;
	struct edgetpu_package *package = edgetpu_package_read(file->bytes, file->size, &why);

	if (!package)
		return atoll_error_set(err, why.code, EDGETPU_OPERATOR
				       ": cannot be written: %s", why.text);
	edgetpu_package_free(package);
	return 0;
}

int edgetpu_package_write(const struct edgetpu_package *package, void **options,
			  size_t *bytes, struct atoll_error *err)
{
	struct flatwrite inner, file = { .bytes = NULL };
	int r = check_hints(package->main, err);

	if (r == 0 && package->caching)
		r = check_hints(package->caching, err);
	if (r < 0)
		return r;
	inner = write_package(package);
	file.error = inner.error;
	write_options(&file, &inner);
	free(inner.bytes);
	if (file.error)
		r = atoll_error_set(err, file.error, EDGETPU_OPERATOR ": %s",
				    file.error == -EFBIG ? "would have more than 2 GiB" :
							   "no memory to write it");
	else
		r = check_written(&file, err);
	if (r < 0) {
		free(file.bytes);
		return r;
	}
	*options = file.bytes;
	*bytes = file.size;
	return 0;
}
