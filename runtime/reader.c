/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"

#define BLOCK_BYTES 65536 /* what a small model needs in one piece */

struct reader_block {
	struct reader_block *next;
	size_t used, size;
	alignas(READER_ALIGN_MAX) uint8_t bytes[];
};

static struct reader_block *new_block(struct reader *reader, size_t bytes)
{
	size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
	struct reader_block *block;

	if (size > SIZE_MAX - sizeof(*block) - READER_ALIGN_MAX)
		return NULL;
	size = (sizeof(*block) + size + READER_ALIGN_MAX - 1) / READER_ALIGN_MAX *
	       READER_ALIGN_MAX;
	block = aligned_alloc(READER_ALIGN_MAX, size);
	if (!block)
		return NULL;
	*block = (struct reader_block){ .next = *reader->blocks,
					.size = size - sizeof(*block) };
	*reader->blocks = block;
	return block;
}

void *reader_take(struct reader *reader, size_t count, size_t width, size_t align)
{
	struct reader_block *block = *reader->blocks;
	size_t bytes, start = 0;
	void *memory;

	if (__builtin_mul_overflow(count, width, &bytes))
		bytes = SIZE_MAX;
	if (block)
		start = (block->used + align - 1) / align * align;
	if (!block || start > block->size || bytes > block->size - start) {
		start = 0;
		block = new_block(reader, bytes);
	}
	if (!block) {
		atoll_error_set(reader->err, -ENOMEM, "no memory for %zu bytes", bytes);
		return NULL;
	}
	memory = block->bytes + start;
	block->used = start + bytes;
	return memset(memory, 0, bytes);
}

void reader_free(struct reader_block *blocks)
{
	while (blocks) {
		struct reader_block *block = blocks;

		blocks = block->next;
		free(block);
	}
}

int reader_behind(struct reader *reader, uint64_t offset, uint64_t size,
		  const uint8_t **bytes, size_t *length)
{
	const struct atoll_model *model = reader->model;

	if (offset > model->size || size > model->size - offset)
		return atoll_error_set(reader->err, -EINVAL,
				       "%" PRIu64 " bytes at offset %" PRIu64
				       " run past the end of the file", size, offset);
	*bytes = model->bytes + offset;
	*length = (size_t)size;
	return 0;
}

int reader_buffer(struct reader *reader, uint32_t index, const uint8_t **bytes,
		  size_t *size)
{
	struct flatbuf_table buffer;
	struct flatbuf_vector data;
	uint64_t offset;

	*bytes = NULL;
	*size = 0;
	/* Graphs without constants may come without any buffer. */
	if (index == 0 && reader->buffers.count == 0)
		return 0;
	if (index >= reader->buffers.count)
		return atoll_error_set(reader->err, -EINVAL,
				       "buffer %" PRIu32 " of %" PRIu32, index,
				       reader->buffers.count);
	buffer = flatbuf_vector_table(reader->buffers, index);
	data = flatbuf_vector(buffer, BUFFER_DATA);
	offset = flatbuf_u64(buffer, BUFFER_OFFSET, 0);
	*bytes = data.at;
	*size = data.count;
	/* Writers leave 1 where they meant to fill in an offset and did not. */
	if (offset > 1)
		return reader_behind(reader, offset, flatbuf_u64(buffer, BUFFER_SIZE, 0),
				     bytes, size);
	return 0;
}
