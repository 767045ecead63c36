/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FlexBuffer is read from its end:
 *
 *	root     value of `width` bytes, u8 packed type, u8 width
 *	packed   type in the upper six bits, log2 of a width in the lower two
 *	value    numbers lie where they are; of everything else there is the
 *	         distance back to it, and the packed type has the width inside it
 *	vector   count, then (here the distance leads) elements of equal width,
 *	         then, unless the vector is typed, one packed type for each
 *	map      like a vector; before its count the width of the vector of keys,
 *	         and before that the distance back to that vector
 *	string   count, then (here the distance leads) the bytes and a NUL
 *	key      bytes and a NUL
 */
#include "runtime/flexbuf.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum type {
	TYPE_NULL = 0,
	TYPE_INT = 1,
	TYPE_UINT = 2,
	TYPE_FLOAT = 3,
	TYPE_KEY = 4,
	TYPE_STRING = 5,
	TYPE_INDIRECT_INT = 6,
	TYPE_INDIRECT_UINT = 7,
	TYPE_INDIRECT_FLOAT = 8,
	TYPE_MAP = 9,
	TYPE_VECTOR = 10,
	TYPE_VECTOR_INT = 11, /* 11 to 15: of types 1 to 5 */
	TYPE_VECTOR_STRING = 15,
	TYPE_VECTOR_INT2 = 16, /* 16 to 24: 2, 3 or 4 of types 1 to 3 */
	TYPE_VECTOR_FLOAT4 = 24,
	TYPE_BLOB = 25,
	TYPE_BOOL = 26,
	TYPE_VECTOR_BOOL = 36,
};

static bool is_width(uint64_t width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

static bool fits(struct flexbuf_value in, size_t at, size_t bytes)
{
	return at <= in.size && bytes <= in.size - at;
}

/* The unsigned number of `width` bytes at `at`. */
static int load(struct flexbuf_value in, size_t at, uint8_t width, uint64_t *number)
{
	uint64_t loaded = 0;

	if (!is_width(width) || !fits(in, at, width))
		return -EINVAL;
	memcpy(&loaded, in.bytes + at, width); /* little-endian, as flatbuf.c asserts */
	*number = loaded;
	return 0;
}

/* The number before `at`. */
static int load_before(struct flexbuf_value in, size_t at, uint8_t width,
		       uint64_t *number)
{
	return at < width ? -EINVAL : load(in, at - width, width, number);
}

/* Follow the distance back that is stored at `slot`. */
static int follow(struct flexbuf_value in, size_t slot, uint8_t width, size_t *at)
{
	uint64_t distance;
	int r = load(in, slot, width, &distance);

	if (r < 0 || distance > slot)
		return -EINVAL;
	*at = slot - (size_t)distance;
	return 0;
}

/* What kind of value a type is; for typed vectors also the elements' type. */
static int sort_type(unsigned type, struct flexbuf_value *value)
{
	static const uint8_t kinds[] = {
		[TYPE_NULL] = FLEXBUF_NULL,
		[TYPE_INT] = FLEXBUF_INT,
		[TYPE_UINT] = FLEXBUF_UINT,
		[TYPE_FLOAT] = FLEXBUF_FLOAT,
		[TYPE_KEY] = FLEXBUF_STRING,
		[TYPE_STRING] = FLEXBUF_STRING,
		[TYPE_INDIRECT_INT] = FLEXBUF_INT,
		[TYPE_INDIRECT_UINT] = FLEXBUF_UINT,
		[TYPE_INDIRECT_FLOAT] = FLEXBUF_FLOAT,
		[TYPE_MAP] = FLEXBUF_MAP,
		[TYPE_VECTOR] = FLEXBUF_VECTOR,
		[TYPE_BLOB] = FLEXBUF_BLOB,
		[TYPE_BOOL] = FLEXBUF_BOOL,
	};
	unsigned element = 0;

	if (type >= TYPE_VECTOR_INT && type <= TYPE_VECTOR_STRING) {
		element = type - TYPE_VECTOR_INT + TYPE_INT;
	} else if (type >= TYPE_VECTOR_INT2 && type <= TYPE_VECTOR_FLOAT4) {
		element = (type - TYPE_VECTOR_INT2) % 3 + TYPE_INT;
		value->fixed_count = (uint8_t)((type - TYPE_VECTOR_INT2) / 3 + 2);
	} else if (type == TYPE_VECTOR_BOOL) {
		element = TYPE_BOOL;
	} else if (type > TYPE_BOOL) {
		return -EINVAL;
	}
	value->kind = element ? FLEXBUF_VECTOR : kinds[type];
	value->element = (uint8_t)(element << 2);
	return 0;
}

static bool is_inline(unsigned type)
{
	return type <= TYPE_FLOAT || type == TYPE_BOOL;
}

/* The value of `packed` type in a slot of `width` bytes. */
static int open_slot(struct flexbuf_value in, size_t slot, uint8_t width, uint8_t packed,
		     struct flexbuf_value *value)
{
	struct flexbuf_value found = { .bytes = in.bytes, .size = in.size, .at = slot,
				       .width = width };
	unsigned type = packed >> 2;
	int r = sort_type(type, &found);

	if (r == 0 && is_inline(type))
		r = fits(in, slot, width) ? 0 : -EINVAL;
	else if (r == 0)
		r = follow(in, slot, width, &found.at);
	if (r < 0)
		return r;
	if (type == TYPE_KEY)
		found.width = 0;
	else if (!is_inline(type))
		found.width = (uint8_t)(1 << (packed & 3));
	*value = found;
	return 0;
}

int flexbuf_root(const void *bytes, size_t size, struct flexbuf_value *root,
		 struct atoll_error *err)
{
	struct flexbuf_value in = { .bytes = bytes, .size = size };
	uint8_t width;

	if (size < 3)
		return atoll_error_set(err, -EINVAL,
				       "FlexBuffer: %zu bytes are too few", size);
	width = in.bytes[size - 1];
	if (!is_width(width) || width > size - 2 ||
	    open_slot(in, size - 2 - width, width, in.bytes[size - 2], root) < 0)
		return atoll_error_set(err, -EINVAL, "FlexBuffer: root of type %u and "
				       "width %u cannot be", in.bytes[size - 2] >> 2u,
				       width);
	return 0;
}

/* A vector's or map's elements, and their types if they have their own, are there. */
int flexbuf_count(struct flexbuf_value vector, size_t *count)
{
	uint64_t stored = vector.fixed_count;
	uint64_t each = vector.width + (vector.element ? 0u : 1u);

	if (vector.kind != FLEXBUF_VECTOR && vector.kind != FLEXBUF_MAP)
		return -EINVAL;
	if (!vector.fixed_count &&
	    load_before(vector, vector.at, vector.width, &stored) < 0)
		return -EINVAL;
	if (stored > (vector.size - vector.at) / each)
		return -EINVAL;
	*count = (size_t)stored;
	return 0;
}

int flexbuf_at(struct flexbuf_value vector, size_t i, struct flexbuf_value *value)
{
	uint8_t packed = vector.element;
	size_t count;
	int r = flexbuf_count(vector, &count);

	if (r < 0 || i >= count)
		return -EINVAL;
	if (!packed)
		packed = vector.bytes[vector.at + count * vector.width + i];
	return open_slot(vector, vector.at + i * vector.width, vector.width, packed, value);
}

/* The vector of a map's keys. */
static int open_keys(struct flexbuf_value map, struct flexbuf_value *keys)
{
	size_t before = 2 * (size_t)map.width;
	uint64_t width;

	*keys = (struct flexbuf_value){ .bytes = map.bytes, .size = map.size,
					.kind = FLEXBUF_VECTOR,
					.element = TYPE_KEY << 2 };
	if (map.kind != FLEXBUF_MAP || map.at < before + map.width ||
	    load(map, map.at - before, map.width, &width) < 0 || !is_width(width))
		return -EINVAL;
	keys->width = (uint8_t)width;
	return follow(map, map.at - before - map.width, map.width, &keys->at);
}

int flexbuf_map_key(struct flexbuf_value map, size_t i, const char **key)
{
	struct flexbuf_value keys, found;
	int r = open_keys(map, &keys);

	if (r == 0)
		r = flexbuf_at(keys, i, &found);
	return r < 0 ? r : flexbuf_as_string(found, key, NULL);
}

/*
 * Every key is looked at, since only a friend's map is sorted, and no further
 * than `key` is long, since keys may overlap.
 */
int flexbuf_map_get(struct flexbuf_value map, const char *key,
		    struct flexbuf_value *value)
{
	size_t length = strlen(key) + 1, count;
	struct flexbuf_value keys, found;
	int r = open_keys(map, &keys);

	if (r == 0)
		r = flexbuf_count(keys, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = flexbuf_at(keys, i, &found);
		if (r == 0 && fits(found, found.at, length) &&
		    memcmp(found.bytes + found.at, key, length) == 0)
			return flexbuf_at(map, i, value);
	}
	return r < 0 ? r : -ENOENT;
}

/* A signed number of `width` bytes from its bits. */
static int64_t extend(uint64_t bits, uint8_t width)
{
	unsigned unused = 64 - 8 * (unsigned)width;

	return (int64_t)(bits << unused) >> unused;
}

static int load_float(struct flexbuf_value value, double *result)
{
	float single;

	if (value.width == sizeof(single) && fits(value, value.at, sizeof(single))) {
		memcpy(&single, value.bytes + value.at, sizeof(single));
		*result = (double)single;
		return 0;
	}
	if (value.width == sizeof(*result) && fits(value, value.at, sizeof(*result))) {
		memcpy(result, value.bytes + value.at, sizeof(*result));
		return 0;
	}
	return -EINVAL; /* half floats exist in the format, nobody writes them */
}

int flexbuf_as_i64(struct flexbuf_value value, int64_t *result)
{
	uint64_t bits;
	double real;

	if (value.kind == FLEXBUF_FLOAT) {
		if (load_float(value, &real) < 0 || real != floor(real) ||
		    real < -0x1p63 || real >= 0x1p63)
			return -EINVAL;
		*result = (int64_t)real;
		return 0;
	}
	if (value.kind != FLEXBUF_INT && value.kind != FLEXBUF_UINT &&
	    value.kind != FLEXBUF_BOOL)
		return -EINVAL;
	if (load(value, value.at, value.width, &bits) < 0 ||
	    (value.kind == FLEXBUF_UINT && bits > INT64_MAX))
		return -EINVAL;
	if (value.kind == FLEXBUF_BOOL)
		*result = bits != 0;
	else
		*result = value.kind == FLEXBUF_INT ? extend(bits, value.width) :
						      (int64_t)bits;
	return 0;
}

int flexbuf_as_f64(struct flexbuf_value value, double *result)
{
	uint64_t bits;
	int64_t whole;
	int r;

	if (value.kind == FLEXBUF_FLOAT)
		return load_float(value, result);
	if (value.kind == FLEXBUF_UINT) {
		r = load(value, value.at, value.width, &bits);
		if (r == 0)
			*result = (double)bits;
		return r;
	}
	r = flexbuf_as_i64(value, &whole);
	if (r == 0)
		*result = (double)whole;
	return r;
}

int flexbuf_as_bool(struct flexbuf_value value, bool *result)
{
	double number;
	int r = flexbuf_as_f64(value, &number);

	if (r == 0)
		*result = number != 0;
	return r;
}

int flexbuf_as_string(struct flexbuf_value value, const char **text, size_t *length)
{
	const uint8_t *start = value.bytes + value.at, *end;
	uint64_t count;

	if (value.kind != FLEXBUF_STRING)
		return -EINVAL;
	if (value.width == 0) {
		end = memchr(start, '\0', value.size - value.at);
		if (!end)
			return -EINVAL;
	} else {
		if (load_before(value, value.at, value.width, &count) < 0 ||
		    count >= value.size - value.at || start[count] != '\0')
			return -EINVAL;
		end = start + count;
	}
	*text = (const char *)start;
	if (length)
		*length = (size_t)(end - start);
	return 0;
}

int flexbuf_as_blob(struct flexbuf_value value, const uint8_t **bytes, size_t *size)
{
	const char *text;
	uint64_t count;
	int r;

	if (value.kind != FLEXBUF_BLOB) {
		r = flexbuf_as_string(value, &text, size);
		if (r == 0)
			*bytes = (const uint8_t *)text;
		return r;
	}
	if (load_before(value, value.at, value.width, &count) < 0 ||
	    count > value.size - value.at)
		return -EINVAL;
	*bytes = value.bytes + value.at;
	*size = (size_t)count;
	return 0;
}
