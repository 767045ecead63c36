/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number with more characters than that has digits nobody can use. */
#define NUMBER_BYTES 64

/* Longer names of members are nobody's we ask for. */
#define NAME_BYTES 64

/* The functions below go forward from `at` over what they are named for, and give
   where it ends, or NULL when it is not there. */

static const char *blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits of a \u. */
static bool unit(const char *at, const char *end, uint32_t *value)
{
	*value = 0;
	if (end - at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = digit_of(at[i]);

		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	return true;
}

static const char *string(const char *at, const char *end)
{
	uint32_t value;

	if (at == end || *at++ != '"')
		return NULL;
	for (; at < end && *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at != '\\')
			continue;
		if (++at == end)
			return NULL;
		if (*at == 'u') {
			if (!unit(at + 1, end, &value))
				return NULL;
			at += 4;
		} else if (!*at || !strchr("\"\\/bfnrt", *at)) {
			return NULL;
		}
	}
	return at < end ? at + 1 : NULL;
}

static const char *digits(const char *at, const char *end)
{
	const char *first = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at > first ? at : NULL;
}

static const char *number(const char *at, const char *end)
{
	if (at < end && *at == '-')
		at++;
	at = at < end && *at == '0' ? at + 1 : digits(at, end);
	if (at && at < end && *at == '.')
		at = digits(at + 1, end);
	if (at && at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		at = digits(at, end);
	}
	return at;
}

static const char *word(const char *at, const char *end, const char *expected)
{
	size_t length = strlen(expected);

	if ((size_t)(end - at) < length || memcmp(at, expected, length) != 0)
		return NULL;
	return at + length;
}

static const char *value(const char *at, const char *end, unsigned depth);

/* A name and its colon; `at` is behind blanks, and so is the end. */
static const char *name(const char *at, const char *end)
{
	at = string(at, end);
	if (!at)
		return NULL;
	at = blanks(at, end);
	return at < end && *at == ':' ? blanks(at + 1, end) : NULL;
}

static const char *container(const char *at, const char *end, unsigned depth)
{
	bool is_object = *at == '{';
	char last = is_object ? '}' : ']';

	if (depth == JSON_READ_DEPTH_MAX)
		return NULL;
	at = blanks(at + 1, end);
	if (at < end && *at == last)
		return at + 1;
	while (at) {
		if (is_object)
			at = name(at, end);
		if (at)
			at = value(at, end, depth + 1);
		if (!at)
			return NULL;
		at = blanks(at, end);
		if (at < end && *at == last)
			return at + 1;
		at = at < end && *at == ',' ? blanks(at + 1, end) : NULL;
	}
	return NULL;
}

static const char *value(const char *at, const char *end, unsigned depth)
{
	if (at == end)
		return NULL;
	switch (*at) {
	case '{':
	case '[': return container(at, end, depth);
	case '"': return string(at, end);
	case 't': return word(at, end, "true");
	case 'f': return word(at, end, "false");
	case 'n': return word(at, end, "null");
	default:  return number(at, end);
	}
}

static enum json_kind kind_of(char first)
{
	switch (first) {
	case '{': return JSON_IS_OBJECT;
	case '[': return JSON_IS_ARRAY;
	case '"': return JSON_IS_STRING;
	case 't':
	case 'f': return JSON_IS_BOOL;
	case 'n': return JSON_IS_NULL;
	default:  return JSON_IS_NUMBER;
	}
}

/* The one that begins at `at`, which is behind blanks. */
static struct json_value found(const char *at, const char *limit)
{
	const char *end = value(at, limit, 0);

	if (!end)
		return (struct json_value){ .kind = JSON_IS_NONE };
	return (struct json_value){ kind_of(*at), at, end, limit };
}

struct json_value json_read(const char *bytes, size_t length)
{
	const char *limit = bytes + length;
	struct json_value whole = found(blanks(bytes, limit), limit);

	if (whole.kind != JSON_IS_NONE && blanks(whole.end, limit) != limit)
		whole.kind = JSON_IS_NONE;
	return whole;
}

struct json_value json_read_first(struct json_value array)
{
	if (array.kind != JSON_IS_ARRAY)
		return (struct json_value){ .kind = JSON_IS_NONE };
	/* An empty one has its end there, and that is no value. */
	return found(blanks(array.at + 1, array.end), array.end);
}

struct json_value json_read_next(struct json_value item)
{
	const char *at;

	if (item.kind == JSON_IS_NONE)
		return item;
	at = blanks(item.end, item.limit);
	if (at == item.limit || *at != ',')
		return (struct json_value){ .kind = JSON_IS_NONE };
	return found(blanks(at + 1, item.limit), item.limit);
}

struct json_value json_read_member(struct json_value object, const char *wanted)
{
	struct json_value member = { .kind = JSON_IS_NONE };
	const char *at, *after;

	if (object.kind != JSON_IS_OBJECT)
		return member;
	for (at = blanks(object.at + 1, object.end); (after = name(at, object.end));
	     at = blanks(at + 1, object.end)) {
		struct json_value key = { JSON_IS_STRING, at, string(at, object.end), at };
		char text[NAME_BYTES];

		member = found(after, object.end);
		if (member.kind == JSON_IS_NONE ||
		    (json_read_text(key, text, sizeof(text)) && strcmp(text, wanted) == 0))
			return member;
		at = blanks(member.end, object.end);
		if (*at != ',')
			break;
	}
	return (struct json_value){ .kind = JSON_IS_NONE };
}

/* UTF-8 of a code point, whose length it gives (RFC 3629, section 3). */
static size_t encode(uint32_t point, char out[4])
{
	static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (size_t i = length - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (point & 0x3f));
		point >>= 6;
	}
	out[0] = (char)(first[length] | point);
	return length;
}

/* What a backslash stands for; `*at` is behind it and goes on. 0: nothing that can be in
   a text, as a NUL or half a pair. */
static uint32_t escaped(const char **at, const char *end)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t high, low;
	char c = *(*at)++;

	if (c != 'u')
		return (uint32_t)to[strchr(from, c) - from];
	(void)unit(*at, end, &high); /* it was read before */
	*at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
	    !unit(*at + 2, end, &low) || low < 0xdc00 || low > 0xdfff)
		return 0;
	*at += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

bool json_read_text(struct json_value from, char *text, size_t room)
{
	const char *at, *end;
	size_t length = 0;

	if (from.kind != JSON_IS_STRING)
		return false;
	end = from.end - 1;
	/* Twice over it, so that nothing is written when it does not fit. */
	for (int turn = 0; turn < 2; turn++) {
		length = 0;
		for (at = from.at + 1; at < end;) {
			char bytes[4] = { *at };
			size_t count = 1;

			if (*at++ == '\\') {
				uint32_t point = escaped(&at, end);

				if (point == 0)
					return false;
				count = encode(point, bytes);
			}
			if (turn > 0)
				memcpy(text + length, bytes, count);
			length += count;
		}
		if (length >= room)
			return false;
	}
	text[length] = '\0';
	return true;
}

/* As a string of its own. */
static bool copy_number(struct json_value from, char text[NUMBER_BYTES])
{
	size_t length = (size_t)(from.end - from.at);

	if (from.kind != JSON_IS_NUMBER || length >= NUMBER_BYTES)
		return false;
	memcpy(text, from.at, length);
	text[length] = '\0';
	return true;
}

bool json_read_real(struct json_value from, double *real)
{
	char text[NUMBER_BYTES];
	double got;

	if (!copy_number(from, text))
		return false;
	got = strtod(text, NULL);
	if (!isfinite(got))
		return false;
	*real = got;
	return true;
}

bool json_read_integer(struct json_value from, int64_t *integer)
{
	char text[NUMBER_BYTES];
	int64_t got;

	if (!copy_number(from, text) || strpbrk(text, ".eE"))
		return false;
	errno = 0;
	got = strtoimax(text, NULL, 10);
	if (errno)
		return false;
	*integer = got;
	return true;
}
