/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_READER_H
#define ATOLL_RUNTIME_READER_H

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/flatbuf.h"
#include "runtime/model.h"

/*
 * What the files that read a model share: the model so far, memory that lives
 * as long as it does, and its buffers.
 *
 *	struct atoll_graph *graph = READER_TAKE(reader, count, graph);
 *
 *	if (!graph)
 *		return -ENOMEM;
 *	r = reader_buffer(reader, index, &bytes, &size);
 */
struct reader_block;

struct reader {
	struct atoll_model *model;
	struct reader_block **blocks;
	struct flatbuf_vector codes, buffers;
	uint32_t graph;          /* the one being read, for sentences */
	struct atoll_error *err; /* never NULL: sentences are put together in steps */
};

/* A cache line; kernels like constants to lie so. */
#define READER_ALIGN_MAX 64

/* Zeroed memory for `count` things of `width` bytes, aligned to at most
   READER_ALIGN_MAX; NULL, with the sentence, when there is none. */
void *reader_take(struct reader *reader, size_t count, size_t width, size_t align);

/* An array of `count` of what `pointer` points to. */
#define READER_TAKE(reader, count, pointer) \
	reader_take(reader, count, sizeof(*(pointer)), alignof(max_align_t))

/* Free all that was taken. */
void reader_free(struct reader_block *blocks);

/* The contents of buffers[index]: inside the FlatBuffer or, in files too large
   for its 32-bit offsets, behind it. Nothing is no mistake: size 0. */
int reader_buffer(struct reader *reader, uint32_t index, const uint8_t **bytes,
		  size_t *size);

/* `size` bytes at `offset` from the start of the file. */
int reader_behind(struct reader *reader, uint64_t offset, uint64_t size,
		  const uint8_t **bytes, size_t *length);

#endif
