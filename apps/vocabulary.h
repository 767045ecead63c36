/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_VOCABULARY_H
#define ATOLL_APPS_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * What the classes of a keyword model are called, which of them are words, and what
 * a score of each has to pass; from the files that hearing.h tells of.
 *
 *	struct vocabulary *vocabulary = vocabulary_load(&config, &err);
 *
 *	if (score > vocabulary_threshold(vocabulary, i))
 *		puts(vocabulary_name(vocabulary, i));
 *	vocabulary_free(vocabulary);
 */
struct vocabulary_config {
	const char *model_path;   /* needed only during load, as the next one */
	const char *labels_path;  /* NULL: beside the model, if there */
	uint32_t classes;
	bool is_mlperf;           /* without labels its names are known */
	float threshold;          /* 0: of the file, if there */
	const char *thresholds;   /* "yes 0.8, lights on 0.55", above all; NULL: none */
};

struct vocabulary;

struct vocabulary *vocabulary_load(const struct vocabulary_config *config,
				   struct atoll_error *err);
void vocabulary_free(struct vocabulary *vocabulary); /* NULL is allowed */

const char *vocabulary_name(const struct vocabulary *vocabulary, uint32_t i); /* never NULL */
bool vocabulary_is_word(const struct vocabulary *vocabulary, uint32_t i);
float vocabulary_threshold(const struct vocabulary *vocabulary, uint32_t i); /* 2: no word */

/* Is the label of something that is no word? "_unknown_", "Silence" */
bool vocabulary_is_nothing(const char *label);

/* Labels that do not fit in number, as a sentence; NULL: they fit. */
const char *vocabulary_warning(const struct vocabulary *vocabulary);

#endif
