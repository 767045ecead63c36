/* SPDX-License-Identifier: Apache-2.0 */
#include "board/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Length of the well-formed UTF-8 character at `at`, 0 if it is not one
   (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *at)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (*at < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*at < forms[i].first_low || *at > forms[i].first_high)
			continue;
		if (at[1] < forms[i].second_low || at[1] > forms[i].second_high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void put_string(FILE *file, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', file);
	while (*at) {
		size_t length = utf8_length(at);

		if (length == 0) {
			fputs("\\ufffd", file);
			length = 1;
		} else if (*at == '"' || *at == '\\') {
			fprintf(file, "\\%c", *at);
		} else if (*at < 0x20) {
			fprintf(file, "\\u%04x", *at);
		} else {
			fwrite(at, 1, length, file);
		}
		at += length;
	}
	fputc('"', file);
}

/* Comma and key before a value. */
static void begin(struct atoll_json *json, const char *key)
{
	if (json->has_items)
		fputc(',', json->file);
	json->has_items = json->depth > 0;
	if (key) {
		put_string(json->file, key);
		fputc(':', json->file);
	}
}

static void open_level(struct atoll_json *json, const char *key, char first, char last)
{
	begin(json, key);
	assert(json->depth < ATOLL_JSON_DEPTH_MAX);
	fputc(first, json->file);
	json->close[json->depth++] = last;
	json->has_items = false;
}

ATOLL_API void atoll_json_object(struct atoll_json *json, const char *key)
{
	open_level(json, key, '{', '}');
}

ATOLL_API void atoll_json_array(struct atoll_json *json, const char *key)
{
	open_level(json, key, '[', ']');
}

ATOLL_API void atoll_json_end(struct atoll_json *json)
{
	assert(json->depth > 0);
	fputc(json->close[--json->depth], json->file);
	json->has_items = json->depth > 0;
	if (json->depth == 0)
		fputc('\n', json->file);
}

ATOLL_API void atoll_json_string(struct atoll_json *json, const char *key,
				 const char *value)
{
	begin(json, key);
	if (value)
		put_string(json->file, value);
	else
		fputs("null", json->file);
}

ATOLL_API void atoll_json_integer(struct atoll_json *json, const char *key, int64_t value)
{
	begin(json, key);
	fprintf(json->file, "%" PRId64, value);
}

ATOLL_API void atoll_json_bool(struct atoll_json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->file);
}

/* The decimal point of printf is the locale's, that of JSON is not. */
static void put_digits(FILE *file, const char *digits)
{
	size_t whole = strspn(digits, "-0123456789");
	size_t point = strcspn(digits + whole, "0123456789e");

	fprintf(file, "%.*s%s%s", (int)whole, digits, point ? "." : "",
		digits + whole + point);
}

ATOLL_API void atoll_json_real(struct atoll_json *json, const char *key, double value)
{
	char digits[32];

	begin(json, key);
	if (!isfinite(value)) {
		fputs("null", json->file);
		return;
	}
	/* Nine digits bring every float back; fewer where fewer do, but 10 is not
	   written as 1e+01: an exponent is for what has more digits than that. */
	for (int precision = 1; precision <= 9; precision++) {
		(void)snprintf(digits, sizeof(digits), "%.*g", precision, value);
		if (strtof(digits, NULL) == (float)value &&
		    (!strchr(digits, 'e') || fabs(value) < 1 || fabs(value) >= 1e9))
			break;
	}
	put_digits(json->file, digits);
}
