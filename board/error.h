/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_ERROR_H
#define ATOLL_BOARD_ERROR_H

/*
 * The sentence behind a negative errno, in the caller's own memory.
 *
 *	struct atoll_error err;
 *	struct atoll_model *model = atoll_model_load(path, &err);
 *
 *	if (!model)
 *		fprintf(stderr, "%s\n", err.text);
 *
 * Functions that take an error write it only when they fail, and every one of
 * them accepts NULL from callers who do not want the sentence.
 */

/* Marks what the shared library offers; everything else stays inside. */
#define ATOLL_API __attribute__((visibility("default")))

struct atoll_error {
	int code;       /* negative errno, the value the call returned */
	char text[192]; /* "what: which: why", no newline, for people */
};

/*
 * Fill `err` (NULL is allowed) and return `code`. A sentence that is too long
 * keeps its beginning and ends in "...".
 */
int atoll_error_set(struct atoll_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Put "what: " in front of the sentence already in `err`, for callers who know
 * better than the callee which file or device was meant. Returns err->code, or 0
 * when `err` is NULL.
 */
int atoll_error_prefix(struct atoll_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * The end of a path, from a slash on, short enough to leave room for the rest of
 * a sentence; the whole path when it is. Points into `path`.
 */
const char *atoll_error_path(const char *path);

#endif
