/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_CLASSIFIER_H
#define ATOLL_RUNTIME_LEARN_CLASSIFIER_H

#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * The last layer of a classifier.
 *
 *	struct classifier classifier;
 *	int r = classifier_find(model, &classifier, &err);
 *
 *	if (r == 0)
 *		puts(model->graph[0].tensor[classifier.embedding].name);
 */
struct classifier {
	int32_t embedding;       /* the tensor it reads, uint8 or int8 */
	int32_t map;             /* [1][height][width][size] of which that is the mean, or
				    -1 when it is no such mean */
	int32_t weights;         /* [classes][size] */
	uint32_t classes, size;
};

/* 0, or -ENOTSUP with a sentence that names the model and what is in the way. */
int classifier_find(const struct atoll_model *model, struct classifier *classifier,
		    struct atoll_error *err);

#endif
