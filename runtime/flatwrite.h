/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_FLATWRITE_H
#define ATOLL_RUNTIME_FLATWRITE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writing FlatBuffers from front to back: each table with its vtable before it, then
 * what it refers to, whose offsets are filled in once their places are known.
 *
 *	struct flatwrite file = { 0 };
 *	size_t root = flatwrite_root(&file, "DWN1");
 *	struct flatwrite_field field[] = {
 *		{ .id = PACKAGE_VERSION, .width = 4, .value.i32 = 14 },
 *		{ .id = PACKAGE_COMPILER, .width = 4 },
 *	};
 *
 *	flatwrite_point(&file, root, flatwrite_table(&file, field, 2));
 *	flatwrite_string(&file, field[1].slot, "cl/");
 *	if (file.error)
 *		...
 *	free(file.bytes);
 *
 * Once something failed nothing is written any more; whoever made the file looks at
 * `error` at the end. Equal calls give equal bytes.
 */
struct flatwrite {
	uint8_t *bytes;  /* malloc'ed */
	size_t size, room;
	int error;       /* 0, -ENOMEM, or -EFBIG for more than 2 GiB */
};

/* More than any table of our schemas has. */
#define FLATWRITE_FIELDS_MAX 20

/* A field of a table. An offset is written as 0; `slot` says where it is. */
struct flatwrite_field {
	unsigned id;
	uint8_t width;   /* bytes, 0 leaves the field out */
	union {
		uint8_t u8;
		int8_t i8;
		int16_t i16;
		uint32_t u32;
		int32_t i32;
		float f32;
		uint64_t u64;
	} value;
	size_t slot;     /* set when written */
};

/* A field that refers to something that follows; with a condition. */
#define FLATWRITE_OFFSET(number) { .id = (number), .width = 4 }
#define FLATWRITE_OFFSET_IF(condition, number) \
	{ .id = (number), .width = (condition) ? 4 : 0 }

/* The begin of a file; `identifier` has four letters or is NULL. The slot of the root. */
size_t flatwrite_root(struct flatwrite *file, const char *identifier);

/* The place of `bytes` zeroed bytes whose `aligned`-th is at a multiple of `align`. */
size_t flatwrite_reserve(struct flatwrite *file, size_t bytes, size_t aligned, size_t align);

void flatwrite_store(struct flatwrite *file, size_t at, const void *value, size_t bytes);

/* Let the offset at `slot` lead to `target`, which lies behind it. */
void flatwrite_point(struct flatwrite *file, size_t slot, size_t target);

/* The place of a table. */
size_t flatwrite_table(struct flatwrite *file, struct flatwrite_field *field,
		       uint32_t fields);

/* A vector behind `slot`, its first element at a multiple of `align`, zero when `items`
   is NULL; the place of that element. */
size_t flatwrite_vector(struct flatwrite *file, size_t slot, const void *items,
			size_t count, size_t width, size_t align);

/* The same of int32. */
void flatwrite_ints(struct flatwrite *file, size_t slot, const int32_t *items,
		    uint32_t count);

/* Room for offsets to tables that the caller writes; the slot of the first. */
size_t flatwrite_offsets(struct flatwrite *file, size_t slot, uint32_t count);

/* NULL is "". */
void flatwrite_string(struct flatwrite *file, size_t slot, const char *text);

#endif
