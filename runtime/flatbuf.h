/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_FLATBUF_H
#define ATOLL_RUNTIME_FLATBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Reading FlatBuffers in place, after flatbuf_verify has walked every byte
 * that can be reached.
 *
 *	struct flatbuf_table model, options;
 *
 *	if (flatbuf_verify(bytes, size, &tflite_model_type, "TFL3", &model,
 *			   &err) < 0)
 *		return -EINVAL;
 *	version = flatbuf_u32(model, MODEL_VERSION, 0);
 *
 * The getters check nothing: they are for verified tables only. A table that is
 * absent reads as one whose fields all have their defaults.
 */
struct flatbuf_table {
	const uint8_t *at; /* first byte of the table; NULL when absent */
};

/*
 * What a table of some schema looks like, field by field in the order of their
 * ids. For a union the "fields" are its member tables in the order of their
 * tags. Gaps (unused ids and tags) are all zero. Fields and tags past the end
 * come from a newer schema: they are not looked at and must not be read.
 */
enum flatbuf_kind {
	FLATBUF_UNUSED,
	FLATBUF_SCALAR,  /* `width` bytes inside the table */
	FLATBUF_STRING,
	FLATBUF_TABLE,   /* of `type` */
	FLATBUF_UNION,   /* table by the tag in the scalar one id before; `type`
			    lists the members */
	FLATBUF_SCALARS, /* vector of scalars of `width` bytes */
	FLATBUF_STRUCTS, /* vector of structs of `width` bytes */
	FLATBUF_STRINGS, /* vector of strings */
	FLATBUF_TABLES,  /* vector of tables of `type` */
};

struct flatbuf_type {
	uint32_t fields;
	const struct flatbuf_field {
		const char *name;
		uint8_t kind;                    /* enum flatbuf_kind */
		uint8_t width;                   /* bytes of a scalar (1, 2, 4, 8) or struct */
		const struct flatbuf_type *type;
	} *field;                                /* [fields] */
};

/*
 * Check that `bytes` is a FlatBuffer whose root is a table of `type` and whose
 * file identifier is the four letters `identifier` (NULL: any, or none): every
 * table, vtable, vector and string that the getters can reach lies inside, strings
 * end in NUL. Writes `root` and returns 0, or -EINVAL with a sentence that begins
 * with the path of the broken element, "subgraphs[0].operators[3].inputs: ...".
 *
 * Alignment is not asked for, since nothing here needs it. Elements that are
 * shared count each time they are reached, and there may be no more of them
 * than the file has bytes; so time stays in proportion to the size.
 */
int flatbuf_verify(const void *bytes, size_t size, const struct flatbuf_type *type,
		   const char *identifier, struct flatbuf_table *root,
		   struct atoll_error *err);

/* Is the field stored, be it with the value of its default? */
bool flatbuf_has(struct flatbuf_table table, unsigned id);

/* Scalars: the stored value of field `id`, or `absent`. Any alignment. */
bool flatbuf_bool(struct flatbuf_table table, unsigned id, bool absent);
int8_t flatbuf_i8(struct flatbuf_table table, unsigned id, int8_t absent);
uint8_t flatbuf_u8(struct flatbuf_table table, unsigned id, uint8_t absent);
int16_t flatbuf_i16(struct flatbuf_table table, unsigned id, int16_t absent);
int32_t flatbuf_i32(struct flatbuf_table table, unsigned id, int32_t absent);
uint32_t flatbuf_u32(struct flatbuf_table table, unsigned id, uint32_t absent);
int64_t flatbuf_i64(struct flatbuf_table table, unsigned id, int64_t absent);
uint64_t flatbuf_u64(struct flatbuf_table table, unsigned id, uint64_t absent);
float flatbuf_f32(struct flatbuf_table table, unsigned id, float absent);

/* A table inside a table; absent when the field is. */
struct flatbuf_table flatbuf_child(struct flatbuf_table table, unsigned id);

/* NUL-terminated inside the file; NULL when absent. */
const char *flatbuf_string(struct flatbuf_table table, unsigned id);

/* The elements as bytes, any alignment; count 0 and NULL when absent. */
struct flatbuf_vector {
	const uint8_t *at;
	uint32_t count;
};

/* Of field `id`. */
struct flatbuf_vector flatbuf_vector(struct flatbuf_table table, unsigned id);

/* Element `i`, which must be below the count. */
int32_t flatbuf_vector_i32(struct flatbuf_vector vector, uint32_t i);
int64_t flatbuf_vector_i64(struct flatbuf_vector vector, uint32_t i);
float flatbuf_vector_f32(struct flatbuf_vector vector, uint32_t i);
struct flatbuf_table flatbuf_vector_table(struct flatbuf_vector vector, uint32_t i);
const char *flatbuf_vector_string(struct flatbuf_vector vector, uint32_t i);

/* The same string with its length, where it holds any bytes, NUL too. */
struct flatbuf_vector flatbuf_vector_bytes(struct flatbuf_vector vector, uint32_t i);

#endif
