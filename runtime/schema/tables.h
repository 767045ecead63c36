/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_SCHEMA_TABLES_H
#define ATOLL_RUNTIME_SCHEMA_TABLES_H

#include "runtime/flatbuf.h"

/*
 * Words to describe the tables of a schema with, in the order of the field ids.
 *
 *	TYPE(range, SCALAR("first", 4), SCALAR("last", 4))
 *	PUBLIC_TYPE(book, STRING("title"), TABLES("pages", range))
 *
 * make range_type, known in this file, and book_type, known to all.
 */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FIELDS(type, ...) \
	static const struct flatbuf_field type##_fields[] = { __VA_ARGS__ };
#define DESCRIBE(type) \
	{ .fields = COUNT(type##_fields), .field = type##_fields }

#define TYPE(type, ...) \
	FIELDS(type, __VA_ARGS__) \
	static const struct flatbuf_type type##_type = DESCRIBE(type);
#define PUBLIC_TYPE(type, ...) \
	FIELDS(type, __VA_ARGS__) \
	const struct flatbuf_type type##_type = DESCRIBE(type);

#define SCALAR(text, bytes) { .name = text, .kind = FLATBUF_SCALAR, .width = bytes }
#define SCALARS(text, bytes) { .name = text, .kind = FLATBUF_SCALARS, .width = bytes }
#define STRING(text) { .name = text, .kind = FLATBUF_STRING }
#define TABLE(text, of) { .name = text, .kind = FLATBUF_TABLE, .type = &of##_type }
#define TABLES(text, of) { .name = text, .kind = FLATBUF_TABLES, .type = &of##_type }
#define UNION(text, of) { .name = text, .kind = FLATBUF_UNION, .type = &of##_type }
#define MEMBER(text, of) { .name = text, .kind = FLATBUF_TABLE, .type = &of##_type }
#define EMPTY(text) { .name = text, .kind = FLATBUF_TABLE, .type = &empty_type }
#define STRINGS(text) { .name = text, .kind = FLATBUF_STRINGS }
#define STRUCTS(text, bytes) { .name = text, .kind = FLATBUF_STRUCTS, .width = bytes }

static const struct flatbuf_type empty_type = { .fields = 0 };

#endif
