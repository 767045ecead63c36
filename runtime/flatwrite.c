/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flatwrite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FlatBuffers measure with 31 bits. */
#define FILE_BYTES_MAX INT32_MAX

size_t flatwrite_reserve(struct flatwrite *file, size_t bytes, size_t aligned, size_t align)
{
	size_t start = file->size + (align - (file->size + aligned) % align) % align;
	size_t end, room = file->room;
	uint8_t *grown;

	if (file->error)
		return 0;
	if (__builtin_add_overflow(start, bytes, &end) || end > FILE_BYTES_MAX) {
		file->error = -EFBIG;
		return 0;
	}
	while (room < end)
		room = room ? 2 * room : 4096;
	if (room != file->room) {
		grown = realloc(file->bytes, room);
		if (!grown) {
			file->error = -ENOMEM;
			return 0;
		}
		file->bytes = grown;
		file->room = room;
	}
	memset(file->bytes + file->size, 0, end - file->size);
	file->size = end;
	return start;
}

void flatwrite_store(struct flatwrite *file, size_t at, const void *value, size_t bytes)
{
	if (!file->error && bytes > 0)
		memcpy(file->bytes + at, value, bytes);
}

static void store_u16(struct flatwrite *file, size_t at, size_t value)
{
	uint16_t stored = (uint16_t)value;

	flatwrite_store(file, at, &stored, sizeof(stored));
}

void flatwrite_point(struct flatwrite *file, size_t slot, size_t target)
{
	uint32_t distance = (uint32_t)(target - slot);

	flatwrite_store(file, slot, &distance, sizeof(distance));
}

size_t flatwrite_root(struct flatwrite *file, const char *identifier)
{
	size_t slot = flatwrite_reserve(file, identifier ? 8 : 4, 0, 4);

	if (identifier)
		flatwrite_store(file, slot + 4, identifier, 4);
	return slot;
}

size_t flatwrite_table(struct flatwrite *file, struct flatwrite_field *field,
		       uint32_t fields)
{
	uint16_t place[FLATWRITE_FIELDS_MAX] = { 0 };
	size_t ids = 0, bytes = 4, align = 4, vtable, table;
	int32_t back;

	for (uint32_t i = 0; i < fields; i++) {
		if (field[i].width == 0)
			continue;
		bytes += (field[i].width - bytes % field[i].width) % field[i].width;
		place[field[i].id] = (uint16_t)bytes;
		bytes += field[i].width;
		if (ids < field[i].id + (size_t)1)
			ids = field[i].id + (size_t)1;
		if (align < field[i].width)
			align = field[i].width;
	}
	vtable = flatwrite_reserve(file, 4 + 2 * ids, 0, 2);
	table = flatwrite_reserve(file, bytes, 0, align);
	store_u16(file, vtable, 4 + 2 * ids);
	store_u16(file, vtable + 2, bytes);
	for (size_t id = 0; id < ids; id++)
		store_u16(file, vtable + 4 + 2 * id, place[id]);
	back = (int32_t)(table - vtable);
	flatwrite_store(file, table, &back, sizeof(back));
	for (uint32_t i = 0; i < fields; i++) {
		field[i].slot = table + place[field[i].id];
		if (field[i].width > 0)
			flatwrite_store(file, field[i].slot, &field[i].value, field[i].width);
	}
	return table;
}

size_t flatwrite_vector(struct flatwrite *file, size_t slot, const void *items,
			size_t count, size_t width, size_t align)
{
	size_t vector = flatwrite_reserve(file, 4 + count * width, 4, align);
	uint32_t stored = (uint32_t)count;

	flatwrite_point(file, slot, vector);
	flatwrite_store(file, vector, &stored, sizeof(stored));
	if (items)
		flatwrite_store(file, vector + 4, items, count * width);
	return vector + 4;
}

void flatwrite_ints(struct flatwrite *file, size_t slot, const int32_t *items,
		    uint32_t count)
{
	flatwrite_vector(file, slot, items, count, 4, 4);
}

size_t flatwrite_offsets(struct flatwrite *file, size_t slot, uint32_t count)
{
	return flatwrite_vector(file, slot, NULL, count, 4, 4);
}

void flatwrite_string(struct flatwrite *file, size_t slot, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	size_t string = flatwrite_reserve(file, 4 + length + 1, 4, 4);
	uint32_t count = (uint32_t)length;

	flatwrite_point(file, slot, string);
	flatwrite_store(file, string, &count, sizeof(count));
	flatwrite_store(file, string + 4, text, length);
}
