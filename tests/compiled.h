/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_COMPILED_H
#define ATOLL_TESTS_COMPILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/edgetpu/package.h"

/*
 * Compiled models of our own: what edgetpu_package_read reads, written.
 *
 *	for (uint32_t i = 0; i < COMPILED_SAMPLES; i++) {
 *		bytes = compiled_options(compiled_sample(i), NULL, &size);
 *		package = edgetpu_package_read(bytes, size, &err);
 *		...
 *		free(bytes);
 *	}
 *
 * Instructions are any bytes; no chip has a use for them. Whatever cannot be
 * written ends the program: that is a mistake of ours.
 */
enum compiled_sample {
	COMPILED_FLAT,     /* one input, one output, parameters kept on the chip */
	COMPILED_TILES,    /* pictures, with signs, padded; scratch, fences, two
			      chunks, parameters that are sent for every run, more
			      outputs than one, not in the order of the hints */
	COMPILED_STATE,    /* a state of int16, and one output; stands alone */
	COMPILED_SLICES,   /* an output in slices, one executed twice */
	COMPILED_SAMPLES,
};

/* Always the same; samples of one token share it with no other. */
const struct edgetpu_package *compiled_sample(enum compiled_sample which);

/* What a package can say and struct edgetpu_package cannot; compiled_usual is what
   NULL stands for. */
struct compiled_more {
	const char *identifier;          /* of the package, "DWN1" */
	int32_t version;                 /* of the options, 0 */
	int32_t virtual_chip_id;         /* 0 */
	int32_t batch_size;              /* 1 */
	int32_t batch;                   /* of the hints, 0 */
	uint32_t chips, packages;        /* entries of keys "6" and "7": 1 and 0 */
	bool has_package, has_multi_executable, has_executables; /* true */
	uint32_t executables;            /* 0: main and, if there is one, caching */
	const struct edgetpu_executable *executable[4];
};

extern const struct compiled_more compiled_usual;

/* The options of the custom operator; malloc'ed. */
void *compiled_options(const struct edgetpu_package *package, const struct compiled_more *more,
		       size_t *size);

/* A whole .tflite whose only operator is the compiled one; states are variables.
   malloc'ed. */
void *compiled_model(const struct edgetpu_package *package, size_t *size);

/* Read options, or fail the test with the sentence. */
struct edgetpu_package *compiled_read(const void *options, size_t bytes);

/* Fail the test unless both say the same, field by field. */
void compiled_same(const struct edgetpu_package *a, const struct edgetpu_package *b);

/*
 * That reading what is written of this is refused, with this code and sentence; it
 * is enough to have the words in front of it when `sentence` ends in "...".
 */
void compiled_refused(const struct edgetpu_package *package, const struct compiled_more *more,
		      int code, const char *sentence);

/*
 * Do with a package what programs do: touch every byte it points to, bring each
 * output of moderate size there and back. What leads out of `options`, or does not
 * come back as it was, ends the program.
 */
void compiled_walk(const struct edgetpu_package *package, const uint8_t *options,
		   size_t bytes);

/* Memory for the layout of one output of at most 64 x 64. */
struct compiled_tiles {
	int32_t y_tile[64], x_tile[64], offset[16], x_local[64], y_local[64], row_size[64];
};

/*
 * Spread `layer` (y, x, z and element are set) over 4 x 4 tiles as the vendor's
 * compiler does, with `pitch` elements from pixel to pixel; sets its layout (but
 * not the runs, which are found when it is read) and size.
 */
void compiled_spread(struct edgetpu_layer *layer, uint32_t pitch,
		     struct compiled_tiles *tiles);

#endif
