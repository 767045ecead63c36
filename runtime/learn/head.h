/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_HEAD_H
#define ATOLL_RUNTIME_LEARN_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * The end of a model that can be imprinted:
 *
 *	L2_NORMALIZATION   [1,1,1,D]  the embedding, of length 1
 *	(QUANTIZE)
 *	CONV_2D            [1,1,1,C]  how like each class's weights it is, -1 to 1
 *	MUL                [1,1,1,C]  times a constant
 *	RESHAPE            [1,C]
 *	SOFTMAX            [1,C]
 *
 *	struct head head;
 *	int r = head_find(model, &head, &err);
 *
 *	if (r == 0)
 *		r = head_build(model, &head, classes, rows, "0 1.0\n", &bytes, &size, &err);
 */
struct head {
	/* Tensors: */
	int32_t embedding, kernel, bias, likeness, product, shape, logits, scores;
	/* bias and shape: -1 when there is none */
	uint32_t size, classes;  /* D, C */
	float kernel_scale;      /* a weight is scale * (stored - zero) */
	int32_t kernel_zero;
	uint8_t bias_byte;       /* its zero point */
	float factor;            /* of the MUL */
};

/* 0, or -ENOTSUP with a sentence. The first seven things that may be wrong are told
   in the words of the vendor's library. */
int head_find(const struct atoll_model *model, struct head *head, struct atoll_error *err);

/* The model with `classes` (1 or more) instead, [classes][size] stored weights. As
   atoll_builder_finish. */
int head_build(const struct atoll_model *model, const struct head *head, uint32_t classes,
	       const uint8_t *rows, const char *description, void **bytes, size_t *size,
	       struct atoll_error *err);

#endif
