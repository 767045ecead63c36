/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shapes of a FlatBuffer, all integers little-endian:
 *
 *	root     u32 distance from byte 0 to the root table, char identifier[4]
 *	table    i32 distance back to its vtable, then the fields
 *	vtable   u16 own bytes, u16 bytes of the table, u16 per field id: distance
 *	         from the start of the table, 0 or past the end when absent
 *	vector   u32 count, then the elements
 *	string   a vector of bytes and a NUL that is not counted
 *
 * A field or element that is a table, vector or string is a u32 distance
 * forward from that word itself.
 */
#include "runtime/flatbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "numbers are read as they lie in the file");

static uint16_t load_u16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t load_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static int32_t load_i32(const uint8_t *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* Where field `id` lies, NULL when absent. */
static const uint8_t *field_at(struct flatbuf_table table, unsigned id)
{
	const uint8_t *vtable;
	uint16_t distance;

	if (!table.at)
		return NULL;
	vtable = table.at - load_i32(table.at);
	if (4 + 2 * (size_t)id + 2 > load_u16(vtable))
		return NULL;
	distance = load_u16(vtable + 4 + 2 * (size_t)id);
	return distance ? table.at + distance : NULL;
}

ATOLL_API bool flatbuf_has(struct flatbuf_table table, unsigned id)
{
	return field_at(table, id) != NULL;
}

/* A scalar of any type, copied over its default. */
static void read_field(struct flatbuf_table table, unsigned id, void *value,
		       size_t bytes)
{
	const uint8_t *at = field_at(table, id);

	if (at)
		memcpy(value, at, bytes);
}

ATOLL_API bool flatbuf_bool(struct flatbuf_table table, unsigned id, bool absent)
{
	return flatbuf_u8(table, id, absent) != 0;
}

ATOLL_API int8_t flatbuf_i8(struct flatbuf_table table, unsigned id, int8_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API uint8_t flatbuf_u8(struct flatbuf_table table, unsigned id, uint8_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API int16_t flatbuf_i16(struct flatbuf_table table, unsigned id, int16_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API int32_t flatbuf_i32(struct flatbuf_table table, unsigned id, int32_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API uint32_t flatbuf_u32(struct flatbuf_table table, unsigned id, uint32_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API int64_t flatbuf_i64(struct flatbuf_table table, unsigned id, int64_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API uint64_t flatbuf_u64(struct flatbuf_table table, unsigned id, uint64_t absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

ATOLL_API float flatbuf_f32(struct flatbuf_table table, unsigned id, float absent)
{
	read_field(table, id, &absent, sizeof(absent));
	return absent;
}

/* Follow the forward distance stored at `slot`. */
static const uint8_t *follow(const uint8_t *slot)
{
	return slot ? slot + load_u32(slot) : NULL;
}

ATOLL_API struct flatbuf_table flatbuf_child(struct flatbuf_table table, unsigned id)
{
	return (struct flatbuf_table){ .at = follow(field_at(table, id)) };
}

ATOLL_API const char *flatbuf_string(struct flatbuf_table table, unsigned id)
{
	const uint8_t *string = follow(field_at(table, id));

	return string ? (const char *)string + 4 : NULL;
}

static struct flatbuf_vector vector_at(const uint8_t *vector)
{
	if (!vector)
		return (struct flatbuf_vector){ .at = NULL };
	return (struct flatbuf_vector){ .at = vector + 4, .count = load_u32(vector) };
}

ATOLL_API struct flatbuf_vector flatbuf_vector(struct flatbuf_table table, unsigned id)
{
	return vector_at(follow(field_at(table, id)));
}

ATOLL_API int32_t flatbuf_vector_i32(struct flatbuf_vector vector, uint32_t i)
{
	return load_i32(vector.at + 4 * (size_t)i);
}

ATOLL_API int64_t flatbuf_vector_i64(struct flatbuf_vector vector, uint32_t i)
{
	int64_t value;

	memcpy(&value, vector.at + 8 * (size_t)i, sizeof(value));
	return value;
}

ATOLL_API float flatbuf_vector_f32(struct flatbuf_vector vector, uint32_t i)
{
	float value;

	memcpy(&value, vector.at + 4 * (size_t)i, sizeof(value));
	return value;
}

ATOLL_API struct flatbuf_table flatbuf_vector_table(struct flatbuf_vector vector, uint32_t i)
{
	return (struct flatbuf_table){ .at = follow(vector.at + 4 * (size_t)i) };
}

ATOLL_API const char *flatbuf_vector_string(struct flatbuf_vector vector, uint32_t i)
{
	return (const char *)follow(vector.at + 4 * (size_t)i) + 4;
}

ATOLL_API struct flatbuf_vector flatbuf_vector_bytes(struct flatbuf_vector vector, uint32_t i)
{
	return vector_at(follow(vector.at + 4 * (size_t)i));
}

/*
 * Verification: one walk along the type description. Positions are counted
 * from byte 0 of the file.
 */
struct walk {
	const uint8_t *bytes;
	size_t size;
	size_t reached; /* elements so far, shared ones each time */
	struct atoll_error *err;
};

/* Tables nest no deeper than this in any schema of ours. */
#define DEPTH_MAX 16

/* The way from the root to an element, for the error sentence. */
struct place {
	const struct place *parent; /* NULL at the root */
	const char *field;
	uint32_t index;
	bool is_indexed;            /* an element of the vector `field` */
	unsigned depth;
};

static struct place below(const struct place *parent, const char *field)
{
	return (struct place){ .parent = parent, .field = field,
			       .depth = parent->depth + 1 };
}

static struct place element(const struct place *parent, const char *field, uint32_t i)
{
	struct place place = below(parent, field);

	place.index = i;
	place.is_indexed = true;
	return place;
}

/* "subgraphs[0].operators[3].inputs", or "root table" for the root itself. */
static const char *place_text(const struct place *place, char *text, size_t room)
{
	const struct place *way[DEPTH_MAX + 2];
	unsigned steps = 0;
	size_t used = 0;

	for (; place->parent; place = place->parent)
		way[steps++] = place;
	if (steps == 0)
		return "root table";
	while (steps-- && used < room) {
		char index[16] = "";

		if (way[steps]->is_indexed)
			snprintf(index, sizeof(index), "[%" PRIu32 "]", way[steps]->index);
		used += (size_t)snprintf(text + used, room - used, "%s%s%s",
					 used ? "." : "", way[steps]->field, index);
	}
	return text;
}

static int broken(const struct walk *walk, const struct place *place,
		  const char *format, ...) __attribute__((format(printf, 3, 4)));

static int broken(const struct walk *walk, const struct place *place,
		  const char *format, ...)
{
	char why[128], where[128];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return atoll_error_set(walk->err, -EINVAL, "%s: %s",
			       place_text(place, where, sizeof(where)), why);
}

/* Are `count` elements of `width` bytes from `at` inside the file? */
static bool fits(const struct walk *walk, uint64_t at, uint64_t count, size_t width)
{
	return at <= walk->size && count <= (walk->size - at) / width;
}

static int count_element(struct walk *walk, const struct place *place)
{
	if (++walk->reached > walk->size)
		return broken(walk, place, "more elements than the file has bytes, "
			      "some are shared without need");
	return 0;
}

/* Where the distance stored at `slot` leads; the word itself is inside. */
static int check_distance(struct walk *walk, const struct place *place, size_t slot,
			  size_t *target)
{
	uint32_t distance = load_u32(walk->bytes + slot);
	int r = count_element(walk, place);

	if (r < 0)
		return r;
	if (distance == 0)
		return broken(walk, place, "offset 0");
	if (distance > walk->size - slot || walk->size - slot - distance < 4)
		return broken(walk, place, "offset %" PRIu32 " at byte %zu leads past "
			      "the end of the file", distance, slot);
	*target = slot + distance;
	return 0;
}

/* A vector's count and elements; `target` may be a string too. */
static int check_vector(struct walk *walk, const struct place *place, size_t slot,
			size_t width, size_t *first, uint32_t *count)
{
	size_t target;
	int r = check_distance(walk, place, slot, &target);

	if (r < 0)
		return r;
	*count = load_u32(walk->bytes + target);
	*first = target + 4;
	if (!fits(walk, *first, *count, width))
		return broken(walk, place, "%" PRIu32 " elements run past the end of "
			      "the file", *count);
	return 0;
}

static int check_string(struct walk *walk, const struct place *place, size_t slot)
{
	uint32_t length;
	size_t first;
	int r = check_vector(walk, place, slot, 1, &first, &length);

	if (r < 0)
		return r;
	if (first + length >= walk->size || walk->bytes[first + length] != '\0')
		return broken(walk, place, "no NUL behind a string of %" PRIu32 " bytes",
			      length);
	return 0;
}

static int check_table(struct walk *walk, const struct place *place, size_t at,
		       const struct flatbuf_type *type);

static int check_child(struct walk *walk, const struct place *place, size_t slot,
		       const struct flatbuf_type *type)
{
	size_t target;
	int r = check_distance(walk, place, slot, &target);

	return r < 0 ? r : check_table(walk, place, target, type);
}

static int check_elements(struct walk *walk, const struct place *parent, size_t slot,
			  const struct flatbuf_field *field)
{
	struct place place = below(parent, field->name);
	uint32_t count;
	size_t first;
	int r = check_vector(walk, &place, slot, 4, &first, &count);

	for (uint32_t i = 0; i < count && r == 0; i++) {
		place = element(parent, field->name, i);
		if (field->kind == FLATBUF_STRINGS)
			r = check_string(walk, &place, first + 4 * (size_t)i);
		else
			r = check_child(walk, &place, first + 4 * (size_t)i, field->type);
	}
	return r;
}

/* A member that a newer schema added: its head is checked, its fields never read. */
static const struct flatbuf_type unknown_type = { .fields = 0 };

static int check_union(struct walk *walk, const struct place *place, size_t slot,
		       const struct flatbuf_type *members, const uint8_t *tag)
{
	const struct flatbuf_type *member = NULL;

	if (!tag || *tag == 0)
		return broken(walk, place, "a table without a type");
	if (*tag < members->fields)
		member = members->field[*tag].type;
	return check_child(walk, place, slot, member ? member : &unknown_type);
}

/* Bytes that the field itself takes inside its table. */
static size_t inline_bytes(const struct flatbuf_field *field)
{
	return field->kind == FLATBUF_SCALAR ? field->width : 4;
}

/* Field `id` of the table at `at`, whose vtable is sound. */
static int check_field(struct walk *walk, const struct place *parent, size_t at,
		       uint16_t table_bytes, const struct flatbuf_type *type,
		       unsigned id)
{
	const struct flatbuf_field *field = &type->field[id];
	struct flatbuf_table table = { .at = walk->bytes + at };
	struct place place = below(parent, field->name);
	const uint8_t *value = field_at(table, id);
	uint32_t count;
	size_t slot;

	if (!value || field->kind == FLATBUF_UNUSED)
		return 0;
	slot = (size_t)(value - walk->bytes);
	if (slot - at + inline_bytes(field) > table_bytes)
		return broken(walk, &place, "lies outside its table of %u bytes",
			      table_bytes);

	switch ((enum flatbuf_kind)field->kind) {
	case FLATBUF_STRING:
		return check_string(walk, &place, slot);
	case FLATBUF_TABLE:
		return check_child(walk, &place, slot, field->type);
	case FLATBUF_UNION:
		return check_union(walk, &place, slot, field->type,
				   field_at(table, id - 1));
	case FLATBUF_SCALARS:
	case FLATBUF_STRUCTS:
		return check_vector(walk, &place, slot, field->width, &slot, &count);
	case FLATBUF_STRINGS:
	case FLATBUF_TABLES:
		return check_elements(walk, parent, slot, field);
	case FLATBUF_SCALAR:
	case FLATBUF_UNUSED:
		break;
	}
	return 0;
}

/* The table at `at`, of which at least the first four bytes are inside. */
static int check_table(struct walk *walk, const struct place *place, size_t at,
		       const struct flatbuf_type *type)
{
	int64_t vtable = (int64_t)at - load_i32(walk->bytes + at);
	uint16_t vtable_bytes, table_bytes;
	int r = 0;

	if (place->depth > DEPTH_MAX)
		return broken(walk, place, "nested too deep");
	if (vtable < 0 || !fits(walk, (uint64_t)vtable, 4, 1))
		return broken(walk, place, "its vtable lies outside the file");
	vtable_bytes = load_u16(walk->bytes + vtable);
	table_bytes = load_u16(walk->bytes + vtable + 2);
	if (vtable_bytes < 4 || vtable_bytes % 2 != 0 ||
	    !fits(walk, (uint64_t)vtable, vtable_bytes, 1))
		return broken(walk, place, "a vtable of %u bytes", vtable_bytes);
	if (table_bytes < 4 || !fits(walk, at, table_bytes, 1))
		return broken(walk, place, "a table of %u bytes runs past the end of "
			      "the file", table_bytes);

	for (unsigned id = 0; id < type->fields && r == 0; id++)
		r = check_field(walk, place, at, table_bytes, type, id);
	return r;
}

int flatbuf_verify(const void *bytes, size_t size, const struct flatbuf_type *type,
		   const char *identifier, struct flatbuf_table *root,
		   struct atoll_error *err)
{
	struct walk walk = { .bytes = bytes, .size = size, .err = err };
	const struct place place = { .parent = NULL };
	size_t at;
	int r;

	if (size < 8)
		return broken(&walk, &place, "%zu bytes are too few for a FlatBuffer",
			      size);
	if (identifier && memcmp(walk.bytes + 4, identifier, 4) != 0)
		return broken(&walk, &place, "no file identifier %s", identifier);
	r = check_distance(&walk, &place, 0, &at);
	if (r == 0)
		r = check_table(&walk, &place, at, type);
	if (r == 0)
		root->at = walk.bytes + at;
	return r;
}
