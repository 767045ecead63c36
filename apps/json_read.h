/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_JSON_READ_H
#define ATOLL_APPS_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reading the JSON of one line, whoever wrote it, in place.
 *
 *	struct json_value line = json_read(bytes, length);
 *	struct json_value item = json_read_first(json_read_member(line, "things"));
 *	char label[64];
 *
 *	if (!json_read_text(json_read_member(line, "label"), label, sizeof(label)))
 *		pass over;
 *	for (; item.kind != JSON_IS_NONE; item = json_read_next(item))
 *		look at json_read_member(item, "id");
 *
 * Only json_read looks at bytes that may be anything; a value it gave, and all that is
 * found in it, is well-formed as RFC 8259 has it, but for text that is not UTF-8, which
 * is let through. Values point into the bytes. Nothing is allocated.
 */
enum json_kind {
	JSON_IS_NONE, /* no JSON, no such member, past the last */
	JSON_IS_NULL, JSON_IS_BOOL, JSON_IS_NUMBER, JSON_IS_STRING, JSON_IS_ARRAY, JSON_IS_OBJECT
};

/* What is nested deeper is not read. */
#define JSON_READ_DEPTH_MAX 16

struct json_value {
	enum json_kind kind;
	const char *at, *end;  /* its bytes */
	const char *limit;     /* of what it was found in; for json_read_next */
};

/* The one value that `bytes` are, with white space around it. */
struct json_value json_read(const char *bytes, size_t length);

/* Of an object, the first of that name; of an array, one after another. JSON_IS_NONE for
   values that are something else. */
struct json_value json_read_member(struct json_value object, const char *name);
struct json_value json_read_first(struct json_value array);
struct json_value json_read_next(struct json_value item);

/* Each writes only when it is one, and fits: a string with its NUL and without one
   inside, a finite number, a whole one within 64 bits. */
bool json_read_text(struct json_value value, char *text, size_t room);
bool json_read_real(struct json_value value, double *real);
bool json_read_integer(struct json_value value, int64_t *integer);

#endif
