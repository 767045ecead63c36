/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_BUILDER_H
#define ATOLL_RUNTIME_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/tensor.h"

/*
 * Writing .tflite files.
 *
 *	struct atoll_builder *b = atoll_builder_new("an example");
 *	int32_t in = atoll_builder_tensor(b, &(struct atoll_builder_tensor){
 *		.name = "in", .type = ATOLL_UINT8, .rank = 2, .dims = { 1, 4 },
 *		.scale = 0.5f, .zero_point = 128 });
 *	int32_t out = ...;
 *	atoll_builder_operator(b, &(struct atoll_builder_operator){
 *		.code = BUILTIN_RELU, .version = 1,
 *		.inputs = 1, .input = (int32_t[]){ in },
 *		.outputs = 1, .output = (int32_t[]){ out } });
 *	atoll_builder_inputs(b, 1, &in);
 *	atoll_builder_outputs(b, 1, &out);
 *	r = atoll_builder_finish(b, &bytes, &size, &err);
 *	free(bytes);
 *	atoll_builder_free(b);
 *
 * Everything passed in is copied. A mistake on the way (no memory, a tensor
 * that is not there, scales that do not fit the shape) is remembered and told
 * by finish, so that the calls between need no checks. Finish may be called more
 * than once; equal calls give equal bytes.
 */
struct atoll_builder;

/* `description` may be NULL. NULL when out of memory. */
struct atoll_builder *atoll_builder_new(const char *description);

/* NULL is allowed. */
void atoll_builder_free(struct atoll_builder *b);

/* The name of the graph, else "main". */
void atoll_builder_graph_name(struct atoll_builder *b, const char *name);

/* An entry of the file's metadata. */
void atoll_builder_metadata(struct atoll_builder *b, const char *name, const void *bytes,
			    size_t size);

struct atoll_builder_tensor {
	const char *name;            /* NULL: "" */
	enum atoll_type type;
	uint32_t rank;
	int32_t dims[ATOLL_RANK_MAX];
	float scale;                 /* one scale for all; 0: not quantized */
	int64_t zero_point;
	float real_min, real_max;    /* of a quantized tensor, where training saw its
					numbers; both 0: not said. For people alone */
	uint32_t channels;           /* > 0: per channel instead of `scale` */
	const float *scales;         /* [channels] */
	int32_t axis;                /* quantized_dimension */
	const void *data;            /* constant contents, or NULL */
	size_t bytes;                /* of data */
	int is_variable;
};

/* The index of the new tensor: 0, 1, 2, ... */
int32_t atoll_builder_tensor(struct atoll_builder *b,
			     const struct atoll_builder_tensor *tensor);

/* One field of an options table, with the id and type that the table has in
   runtime/schema/tflite.fbs; ids are named in runtime/schema/tflite.h. */
struct atoll_builder_option {
	enum { ATOLL_OPTION_BOOL, ATOLL_OPTION_I8, ATOLL_OPTION_I32,
	       ATOLL_OPTION_F32, ATOLL_OPTION_I32S } kind;
	uint16_t id;
	int32_t i;                   /* BOOL, I8, I32 */
	float f;                     /* F32 */
	uint32_t count;              /* I32S: a vector of int32 */
	const int32_t *is;
};

struct atoll_builder_operator {
	uint32_t code;               /* BuiltinOperator; 32 with `custom` */
	const char *custom;          /* custom_code or NULL, e.g. "edgetpu-custom-op" */
	int32_t version;             /* 0 means 1 */
	uint32_t inputs, outputs, intermediates;
	const int32_t *input;        /* -1: left out */
	const int32_t *output;
	const int32_t *intermediate;
	uint8_t options_type;        /* union tag, 0: no table */
	uint32_t options;
	const struct atoll_builder_option *option; /* [options] */
	const void *custom_options;
	size_t custom_options_bytes;
};

/* In the order in which they will run. */
void atoll_builder_operator(struct atoll_builder *b,
			    const struct atoll_builder_operator *op);
/* Which tensors are the inputs and the outputs of the whole. */
void atoll_builder_inputs(struct atoll_builder *b, uint32_t count,
			  const int32_t *tensors);
void atoll_builder_outputs(struct atoll_builder *b, uint32_t count,
			   const int32_t *tensors);

/*
 * Lay the file out, constants at multiples of 16 bytes. On 0 `*bytes` is
 * malloc'ed and the caller's. Otherwise -EINVAL or -ENOMEM with the first
 * mistake, or -EFBIG for more than 2 GiB.
 */
int atoll_builder_finish(struct atoll_builder *b, void **bytes, size_t *size,
			 struct atoll_error *err);

#endif
