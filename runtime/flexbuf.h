/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_FLEXBUF_H
#define ATOLL_RUNTIME_FLEXBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Reading FlexBuffers, the schema-less form in which custom operators keep
 * their options.
 *
 *	struct flexbuf_value options, value;
 *	int64_t detections = 10;
 *
 *	if (flexbuf_root(op->custom_options, op->custom_options_bytes,
 *			 &options, &err) < 0)
 *		return -EINVAL;
 *	if (flexbuf_map_get(options, "max_detections", &value) == 0)
 *		r = flexbuf_as_i64(value, &detections);
 *
 * Nothing is verified ahead: each call checks what it reads against the bounds
 * of the buffer, so any bytes at any alignment are safe to ask. Values are
 * views that live as long as the buffer. Every call returns 0 and writes its
 * result, or returns -EINVAL, when the value is of another kind or leads out of
 * the buffer, and writes nothing.
 */
enum flexbuf_kind {
	FLEXBUF_NULL,
	FLEXBUF_BOOL,
	FLEXBUF_INT,    /* signed */
	FLEXBUF_UINT,
	FLEXBUF_FLOAT,
	FLEXBUF_STRING, /* also keys of maps */
	FLEXBUF_BLOB,
	FLEXBUF_VECTOR, /* typed ones too */
	FLEXBUF_MAP,
};

struct flexbuf_value {
	const uint8_t *bytes; /* the whole buffer */
	size_t size;
	size_t at;            /* where the value's own bytes begin */
	uint8_t kind;         /* enum flexbuf_kind */
	uint8_t width;        /* bytes of a number, of each element and of the count;
				 0 for a key, which has no count */
	uint8_t element;      /* packed type of all elements, 0: they have their own */
	uint8_t fixed_count;  /* of a vector without a count; 0: it has one */
};

int flexbuf_root(const void *bytes, size_t size, struct flexbuf_value *root,
		 struct atoll_error *err);

/* The value under `key`; -ENOENT when the map has no such key. */
int flexbuf_map_get(struct flexbuf_value map, const char *key,
		    struct flexbuf_value *value);

/* The key of the i-th element of a map, in the order of flexbuf_at; ends in NUL. */
int flexbuf_map_key(struct flexbuf_value map, size_t i, const char **key);

/* Elements of a vector or map. */
int flexbuf_count(struct flexbuf_value vector, size_t *count);
int flexbuf_at(struct flexbuf_value vector, size_t i, struct flexbuf_value *value);

/*
 * Numbers and booleans turn into each other where that makes sense: 3.0 is an
 * integer, 3.5 and 2^63 are not; a large integer is the nearest double; any
 * number but 0 is true.
 */
int flexbuf_as_i64(struct flexbuf_value value, int64_t *result);
int flexbuf_as_f64(struct flexbuf_value value, double *result);
int flexbuf_as_bool(struct flexbuf_value value, bool *result);

/* `length` (NULL is allowed) leaves out the NUL that ends the text. */
int flexbuf_as_string(struct flexbuf_value value, const char **text, size_t *length);

/* A blob, or the bytes of a string. */
int flexbuf_as_blob(struct flexbuf_value value, const uint8_t **bytes, size_t *size);

#endif
