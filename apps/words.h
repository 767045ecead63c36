/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_WORDS_H
#define ATOLL_APPS_WORDS_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * Words that were taught by example, for one model: a vector each, the mean of its
 * examples' embeddings.
 *
 *	struct words *words = words_load("words.txt", model, 48, &err);
 *
 *	words_score(words, embedding, score);
 *	words_free(words);
 *
 * The file is text, so that one can look at it and delete a line:
 *
 *	atoll-words 1
 *	model 2c26b46b68ffc68ff99b453c1d304134...    SHA-256 of the model's file
 *	size 48
 *	word 0.8125 lamp
 *	0.0625 -0.1328125 ...                        48 numbers
 */
#define WORDS_MAX      64u
#define WORDS_SIZE_MAX 1024u   /* of a vector */
#define WORDS_NAME_MAX 63u     /* bytes */

struct words;

/* NULL: cannot be read, is not such a file, belongs to another model. -ENOENT in
   err->code when there is no such file. */
struct words *words_load(const char *path, const struct atoll_model *model,
			 uint32_t size, struct atoll_error *err);
struct words *words_new(const struct atoll_model *model, uint32_t size,
			struct atoll_error *err);
void words_free(struct words *words); /* NULL is allowed */

uint32_t words_count(const struct words *words); /* 0 for NULL */
const char *words_name(const struct words *words, uint32_t i);

/* -EINVAL for a name that is empty, too long, has control characters or a blank at
   an end. */
int words_check_name(const char *name, struct atoll_error *err);

/*
 * From examples, [examples][size] of unit length, two or more, in place of a word of
 * that name. How like the word something must be follows from how like each other
 * they are, and how far the other words are. -EINVAL for such a name, or examples
 * that have too little in common; -ENOSPC when there are too many words.
 */
int words_teach(struct words *words, const char *name, const float *example,
		uint32_t examples, struct atoll_error *err);

/* 1: there was such a word. */
int words_forget(struct words *words, const char *name);

/* All or nothing: into a file beside it, which then takes its name. */
int words_save(const struct words *words, const char *path, struct atoll_error *err);

/* Of an embedding of unit length, [count]: 1 is the very same, WORDS_THRESHOLD as
   far as it may be, 0 is nothing like it. */
#define WORDS_THRESHOLD 0.5f
void words_score(const struct words *words, const float *embedding, float *score);

#endif
