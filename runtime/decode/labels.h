/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_LABELS_H
#define ATOLL_RUNTIME_DECODE_LABELS_H

#include <stdint.h>

#include "board/error.h"

/*
 * Names for the outputs of a classifier, from a text file.
 *
 *	struct atoll_labels *labels = atoll_labels_load("labels.txt", &err);
 *
 *	puts(atoll_labels_name(labels, 0));
 *	atoll_labels_free(labels);
 *
 * One name per line, the first line for index 0. Lines of the form
 * "17  name" or "17: name", where every line begins with a number, are read by
 * their number.
 */
struct atoll_labels;

/* NULL when the file cannot be read, is not text, or names an index twice. */
struct atoll_labels *atoll_labels_load(const char *path, struct atoll_error *err);

/* NULL is allowed. */
void atoll_labels_free(struct atoll_labels *labels);

/* One more than the largest index with a name; 0 for NULL. */
uint32_t atoll_labels_count(const struct atoll_labels *labels);

/* NULL when the index has no name, or `labels` is NULL. Lives as long as
   `labels`. */
const char *atoll_labels_name(const struct atoll_labels *labels, uint32_t index);

#endif
