/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_TENSOR_H
#define ATOLL_RUNTIME_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * A tensor: typed numbers in row-major order, images as [batch][y][x][channel].
 *
 *	const struct atoll_tensor *scores = atoll_session_output(session, 0);
 *	const uint8_t *score = scores->data;
 *
 *	for (size_t i = 0; i < scores->elements; i++)
 *		printf("%g\n", (double)scores->quant.scale *
 *			       (score[i] - scores->quant.zero_point));
 *
 * It is a view: the session or the model it came from owns what it points to.
 */

/* The numbers are those of the model file (TensorType). */
enum atoll_type {
	ATOLL_FLOAT32 = 0,
	ATOLL_FLOAT16 = 1,
	ATOLL_INT32 = 2,
	ATOLL_UINT8 = 3,
	ATOLL_INT64 = 4,
	ATOLL_STRING = 5,
	ATOLL_BOOL = 6,
	ATOLL_INT16 = 7,
	ATOLL_COMPLEX64 = 8,
	ATOLL_INT8 = 9,
	ATOLL_FLOAT64 = 10,
	ATOLL_COMPLEX128 = 11,
	ATOLL_UINT64 = 12,
	ATOLL_RESOURCE = 13,
	ATOLL_VARIANT = 14,
	ATOLL_UINT32 = 15,
	ATOLL_UINT16 = 16,
	ATOLL_INT4 = 17,
};

#define ATOLL_RANK_MAX 8

/* real = scale * (stored - zero_point) */
struct atoll_quant {
	uint32_t channels;   /* 0 not quantized, 1 one scale for all, n one each */
	uint32_t axis;       /* the dimension the n scales belong to */
	float scale;         /* scales[0]; 0 when not quantized */
	int32_t zero_point;  /* stored value of the real 0; 0 when per channel */
	const float *scales; /* [channels] */
};

struct atoll_tensor {
	const char *name;             /* never NULL, may be "" */
	enum atoll_type type;
	uint32_t rank;                /* 0 is a scalar */
	int32_t dims[ATOLL_RANK_MAX]; /* the first `rank` count, each >= 0 */
	size_t elements;              /* product of dims, 1 for a scalar */
	size_t bytes;
	struct atoll_quant quant;
	void *data;                   /* NULL while nothing is behind it */
};

/* Bytes of one element; 0 for types that have no fixed size (INT4, STRING). */
size_t atoll_type_bytes(enum atoll_type type);

/* "uint8", "float32", ..., as in the golden index files; "type 99" is "unknown". */
const char *atoll_type_name(enum atoll_type type);

/*
 * Write the shape as text, "1x224x224x3", "scalar" for rank 0. Returns `text`.
 */
#define ATOLL_SHAPE_TEXT 96
const char *atoll_shape_text(uint32_t rank, const int32_t *dims,
			     char text[ATOLL_SHAPE_TEXT]);

/*
 * Give the tensor a shape and set `elements` and `bytes` from it. -EINVAL for
 * a negative dimension, more than ATOLL_RANK_MAX of them, or a size that no
 * memory could hold; the tensor is untouched then.
 */
int atoll_tensor_reshape(struct atoll_tensor *tensor, uint32_t rank,
			 const int32_t *dims, struct atoll_error *err);

/* SHA-256 of the tensor's bytes as lower-case hexadecimal digits. */
#define ATOLL_DIGEST_TEXT 65
void atoll_tensor_digest(const struct atoll_tensor *tensor,
			 char digits[ATOLL_DIGEST_TEXT]);

#endif
