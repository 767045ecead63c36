/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_JSON_H
#define ATOLL_BOARD_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "board/error.h"

/*
 * Writing JSON as it comes, on one line.
 *
 *	struct atoll_json json = { .file = stdout };
 *
 *	atoll_json_object(&json, NULL);
 *	atoll_json_string(&json, "label", "key");
 *	atoll_json_real(&json, "score", 0.97);
 *	atoll_json_array(&json, "box");
 *	for (i = 0; i < 4; i++)
 *		atoll_json_integer(&json, NULL, box[i]);
 *	atoll_json_end(&json);
 *	atoll_json_end(&json);
 *
 *	{"label":"key","score":0.97,"box":[1,2,3,4]}
 *
 * The outermost end adds a newline. Keys are NULL inside arrays and outside
 * everything. Write errors are the file's: ask ferror() when done.
 */
#define ATOLL_JSON_DEPTH_MAX 16

struct atoll_json {
	FILE *file;
	/* Ours: */
	uint32_t depth;
	char close[ATOLL_JSON_DEPTH_MAX]; /* what ends each open level */
	bool has_items;                   /* in the current level */
};

void atoll_json_object(struct atoll_json *json, const char *key);
void atoll_json_array(struct atoll_json *json, const char *key);
void atoll_json_end(struct atoll_json *json);

/* Bytes that are not UTF-8 are replaced by U+FFFD. NULL writes null. */
void atoll_json_string(struct atoll_json *json, const char *key, const char *value);
void atoll_json_integer(struct atoll_json *json, const char *key, int64_t value);
void atoll_json_bool(struct atoll_json *json, const char *key, bool value);

/* The shortest of up to nine digits that a float needs; null unless finite. */
void atoll_json_real(struct atoll_json *json, const char *key, double value);

#endif
