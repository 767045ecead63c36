/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_COMPILER_COMPILE_H
#define ATOLL_RUNTIME_COMPILER_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * Mapping quantized models to the Edge TPU.
 *
 *	#include <atoll/runtime/compiler/compile.h>
 *	#include <stdio.h>
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct atoll_error err;
 *		struct atoll_model *model = atoll_model_load(argv[argc - 1], &err);
 *		struct atoll_compile_job job = { .model = model };
 *		struct atoll_compiled *compiled = model ?
 *			atoll_compile(&job, 1, NULL, NULL, &err) : NULL;
 *
 *		if (!compiled)
 *			return fprintf(stderr, "%s\n", err.text), 1;
 *		for (uint32_t i = 0; i < compiled->model[0].operators; i++)
 *			puts(atoll_mapping_text(compiled->model[0].op[i].mapping));
 *		fwrite(compiled->model[0].bytes, compiled->model[0].size, 1,
 *		       stdout);
 *		atoll_compiled_free(compiled);
 *		atoll_model_free(model);
 *		return 0;
 *	}
 *
 * Operators are taken over as the vendor's compiler does, parameters lie as it puts
 * them, and what comes out is a file of the same form. Several models of one call are
 * for use on one device at the same time: they share its memory for parameters.
 */

/* What became of an operator. The texts are those of the vendor's compiler. */
enum atoll_mapping {
	ATOLL_MAPPED,
	ATOLL_NOT_MAPPED_SECOND_PART,   /* could be, but not in one piece with the first */
	ATOLL_NOT_MAPPED_LIMIT,         /* a size, shape or scale */
	ATOLL_NOT_MAPPED_TYPE,
	ATOLL_NOT_MAPPED_OPERATOR,
	ATOLL_NOT_MAPPED_VERSION,
	ATOLL_NOT_MAPPED_RANK,
	ATOLL_NOT_MAPPED_STRIDE,
	ATOLL_NOT_MAPPED_NOT_CONSTANT,
	ATOLL_NOT_MAPPED_NOT_FLAT,
	ATOLL_NOT_MAPPED_INTERPOLATION,
};

/* "Mapped to Edge TPU", ... */
const char *atoll_mapping_text(enum atoll_mapping mapping);

enum atoll_compile_target {
	/* The part travels as a graph in place of instructions: runs on emulated devices,
	   and on the CPU. */
	ATOLL_TARGET_EMULATOR,
	/* Instructions of a model that the vendor's compiler made of the same graph. */
	ATOLL_TARGET_LIKE,
	/* Experimental: instructions of our own, verified on the emulator and not on a chip.
	   Each chain of FULLY_CONNECTED is a part, all else stays on the CPU. */
	ATOLL_TARGET_SILICON,
};

/* "emulator", "like", "silicon". */
const char *atoll_target_text(enum atoll_compile_target target);

/* What is to be said of whatever was compiled for it; NULL: nothing. */
const char *atoll_target_warning(enum atoll_compile_target target);

struct atoll_compile_options {
	int32_t runtime_version;         /* the oldest to run on, 10 to 14; 0: 14 */
	bool has_many_parts;             /* every group of operators, not the first alone */
	enum atoll_compile_target target;
	const struct atoll_model *like;  /* compiled by the vendor, and what it was
					    compiled from; for ATOLL_TARGET_LIKE */
	const struct atoll_model *like_twin;
	bool caches_in_order;            /* the first model's parameters before those of
					    the next, as compilers up to 15 did */
	uint64_t capacity;               /* bytes for parameters on the chip; 0: what the
					    models leave of it */
	uint64_t token;                  /* of the cache, not 0; 0: a random one */
};

struct atoll_compile_job {
	const struct atoll_model *model;
	uint32_t stops;                  /* names of tensors that end the compiled part and
					    become its outputs */
	const char *const *stop;         /* [stops] */
	uint32_t operators_max;          /* only these many of the first, in the file's
					    order; 0: all */
};

/* One layer's parameters, see compiler/blocks.h. */
struct atoll_compiled_block {
	uint32_t op;                     /* index in the model's graph */
	uint32_t bytes;                  /* a multiple of 64 */
	uint32_t offset;                 /* in the vector it is in */
	uint32_t part;
	bool is_cached;
};

struct atoll_compiled_op {
	enum atoll_mapping mapping;
	uint32_t part;                   /* which custom operator, when mapped */
	const char *why;                 /* a sentence; NULL when mapped */
	const char *advice;              /* what to change in the model; NULL: nothing to */
};

struct atoll_compiled_model {
	void *bytes;                     /* the file */
	size_t size;
	uint32_t operators, mapped;      /* of the model, as it was */
	const struct atoll_compiled_op *op; /* [operators] */
	uint32_t parts;                  /* custom operators; 0: all stays on the CPU */
	uint64_t cached_bytes;           /* vectors of parameters: kept on the chip, */
	uint64_t streamed_bytes;         /* sent for every run */
	uint64_t remaining_bytes;        /* room on the chip; the same for all models */
	uint32_t blocks;
	const struct atoll_compiled_block *block; /* in the order of their vectors */
};

struct atoll_compiled {
	uint32_t models;
	struct atoll_compiled_model *model; /* [models], in the order of the jobs */
	uint64_t token;
};

/* What kind of failure, for programs that have their own words for it. */
enum atoll_compile_failure {
	ATOLL_COMPILE_OTHER,             /* no memory, bad options, ... */
	ATOLL_COMPILE_NOT_QUANTIZED,
	ATOLL_COMPILE_NO_KERNEL,         /* an operator nobody can run here */
	ATOLL_COMPILE_DYNAMIC,           /* sizes known only at run time */
	ATOLL_COMPILE_TOO_LARGE,         /* activations do not fit into the chip */
	ATOLL_COMPILE_DIFFERS,           /* not the graph of `like` */
};

/*
 * NULL with a sentence that names model, element and reason, and the kind in
 * `failure` (NULL is allowed). `options` NULL means all zero. A model of which nothing
 * can be mapped is no failure.
 */
struct atoll_compiled *atoll_compile(const struct atoll_compile_job *job, uint32_t jobs,
				     const struct atoll_compile_options *options,
				     enum atoll_compile_failure *failure,
				     struct atoll_error *err);

/* NULL is allowed. */
void atoll_compiled_free(struct atoll_compiled *compiled);

#endif
