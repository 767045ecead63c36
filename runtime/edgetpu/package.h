/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EDGETPU_PACKAGE_H
#define ATOLL_RUNTIME_EDGETPU_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * What the Edge TPU compiler left in the options of an "edgetpu-custom-op":
 * programs for the chip, their parameters, and what to transfer in which order.
 *
 *	op = edgetpu_next_compiled(&model->graph[0], NULL);
 *	package = edgetpu_package_read(op->custom_options, op->custom_options_bytes, &err);
 *
 *	for (uint32_t i = 0; i < package->main->hints; i++)
 *		walk(&package->main->hint[i]);
 *	edgetpu_package_free(package);
 *
 * Everything is verified when it is read: every table and offset, that hints name
 * chunks and layers that exist and ranges inside them, that sizes agree with
 * shapes, that layouts stay inside the stream. Bytes are read in place, at any
 * alignment, and must outlive the package.
 */

/* The custom code of operators that were compiled. */
#define EDGETPU_OPERATOR "edgetpu-custom-op"

bool edgetpu_is_compiled(const struct atoll_operator *op);

/* The first of them in a graph, or the next after one; NULL when there is none. */
const struct atoll_operator *edgetpu_next_compiled(const struct atoll_graph *graph,
						   const struct atoll_operator *after);

/* Versions of the vendor's runtime whose packages we understand, by the number
   they ask for (min_runtime_version). */
#define EDGETPU_RUNTIME_VERSION 14

/* The numbers of the format (DataType). */
enum edgetpu_type {
	EDGETPU_UINT8 = 0,
	EDGETPU_UINT16 = 1,
	EDGETPU_INT32 = 2,
	EDGETPU_BFLOAT = 3,
	EDGETPU_HALF = 4,
	EDGETPU_SINGLE = 5,
	EDGETPU_INT8 = 8,
	EDGETPU_INT16 = 9,
};

struct edgetpu_range { int32_t start, end; }; /* inclusive */

/*
 * How an output is spread over the stream. Element (y, x, 0) lies, counted in
 * elements, at
 *
 *	tile_offset[y_tile[y] + x_tile[x]] + y_local[y] * row_size[x] + x_local[x]
 *
 * and the rest of its z follow. Those x that share a tile and a row size and are
 * equally far apart make a run. Instead of all that, old files may list slices:
 * boxes of the shape that together hold each element once.
 */
struct edgetpu_layout {
	bool is_flat;                 /* the stream is the tensor; nothing below */
	const int32_t *y_tile;        /* [y] */
	const int32_t *x_tile;        /* [x] */
	const int32_t *tile_offset;   /* [tiles] */
	uint32_t tiles;
	const int32_t *x_local;       /* [x] */
	const int32_t *y_local;       /* [y] */
	const int32_t *row_size;      /* [x] */
	uint32_t runs;                /* left to right, all x once */
	const struct edgetpu_run {
		uint32_t x, count;
		uint32_t pitch;       /* elements from x to x + 1, at least z */
	} *run;                       /* [runs] */
	uint32_t slices;              /* 0: tiles */
	const struct edgetpu_slice {
		struct edgetpu_range range[5]; /* inside that of the layer's shape */
		uint32_t stride[5];   /* elements from one index to the next */
		size_t offset;        /* bytes, of the first element */
	} *slice;                     /* [slices] */
};

struct edgetpu_layer {
	const char *name;             /* that of the tensor */
	uint32_t size;                /* bytes of one execution on the wire */
	uint32_t y, x, z;             /* each at least 1 */
	uint32_t rank;                /* of `shape`; 0 when the file has none */
	struct edgetpu_range shape[5];
	enum edgetpu_type type;
	uint32_t element;             /* bytes of one number */
	bool is_signed;               /* the device has the sign bit the other way round */
	int32_t zero_point;           /* of the device's unsigned numbers */
	float scale;
	uint32_t executions;          /* per inference, 1 but for old models */
	size_t bytes;                 /* of one inference in the tensor; at most
					 size * executions, which is below 2 GiB */
	struct edgetpu_layout layout; /* inputs are flat */
	int32_t state_of;             /* outputs: the input whose next value it is, or -1 */
};

enum edgetpu_hint_kind {
	EDGETPU_INSTRUCTIONS,  /* send chunk `index` */
	EDGETPU_INPUT,         /* send [offset, size] of input layer `index` */
	EDGETPU_PARAMETERS,    /* send [offset, size] of the executable's parameters */
	EDGETPU_SCRATCH_OUT,   /* send [offset, size] of the scratch buffer */
	EDGETPU_OUTPUT,        /* receive into output layer `index` */
	EDGETPU_SCRATCH_IN,    /* receive into the scratch buffer */
	EDGETPU_INTERRUPT,     /* the device says so: number `index`, 0 to 3 */
	EDGETPU_FENCE,         /* all before it is done before anything after it begins */
};

struct edgetpu_hint {
	enum edgetpu_hint_kind kind;
	uint32_t index;
	uint32_t offset, size; /* bytes */
};

struct edgetpu_chunk {
	const uint8_t *bytes;  /* instructions as the device takes them */
	uint32_t size;         /* a multiple of 16, not 0 */
	uint32_t fields;
	const struct edgetpu_field {
		uint32_t bit;  /* of a 32-bit part of an address, bit 0 of byte 0 first */
		uint8_t kind;  /* 0 output, 1 input, 2 parameters, 3 scratch */
		bool is_upper; /* upper half of the address */
		const char *name;
	} *field;              /* [fields] */
};

enum edgetpu_executable_type {
	EDGETPU_STAND_ALONE = 0,
	EDGETPU_CACHING = 1,    /* brings the parameters onto the chip */
	EDGETPU_EXECUTION = 2,  /* finds them there */
};

/* One that brings parameters has no inputs and outputs. */
struct edgetpu_executable {
	const char *name;
	enum edgetpu_executable_type type;
	uint64_t token;               /* 0: nothing stays on the chip */
	uint32_t scratch_bytes;
	bool is_deterministic;        /* the hints are all there is */
	uint32_t chunks, hints, inputs, outputs;
	const struct edgetpu_chunk *chunk;
	const struct edgetpu_hint *hint;   /* in order */
	const struct edgetpu_layer *input; /* in the order of the operator's inputs */
	const struct edgetpu_layer *output; /* of its outputs, then states */
	const uint8_t *parameters;
	uint32_t parameter_bytes;
	uint32_t narrow_bytes;        /* of narrow memory per tile; informational */
	const uint8_t *model;         /* a graph in place of instructions, see
					 runtime/carried.h; NULL: there is none */
	uint32_t model_bytes;
};

/* The compiler of instructions that are our own: emulated devices execute them. */
#define EDGETPU_OWN_COMPILER "atoll silicon"

struct edgetpu_package {
	int32_t runtime_version;      /* the lowest that can run it */
	const char *compiler;         /* "cl/343520747" */
	const char *warning;          /* what the vendor's runtime would warn of, NULL
					 when nothing */
	const struct edgetpu_executable *main;
	const struct edgetpu_executable *caching; /* NULL when there is none */
};

/*
 * NULL with a sentence. A version that is too new, a package that is broken,
 * empty, or for several chips is told in the words of the vendor's runtime, so
 * that searching for them finds what people found before; what exactly is broken
 * follows in parentheses. The codes are -EINVAL for what is broken, -ENOTSUP for
 * what is sound and not for us, -ENOMEM.
 */
struct edgetpu_package *edgetpu_package_read(const void *options, size_t bytes,
					     struct atoll_error *err);

/* NULL is allowed. */
void edgetpu_package_free(struct edgetpu_package *package);

/* The outputs of the operator: those that are no states. They come first. */
uint32_t edgetpu_own_outputs(const struct edgetpu_executable *executable);

/* "uint8", ..., "?" for a number that is none. */
const char *edgetpu_type_name(enum edgetpu_type type);

/* Bytes one inference moves: to the device (instructions, inputs, parameters of
   `main`, with headers) and from it (outputs, scratch). */
uint64_t edgetpu_bytes_out(const struct edgetpu_executable *executable);
uint64_t edgetpu_bytes_in(const struct edgetpu_executable *executable);

#endif
