/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A memory manager in front of libjpeg's own. What lives as long as one picture
 * comes from one block, handed out from its beginning and empty again when the
 * picture ends; what does not fit comes from the library's, and the block is as
 * large as was asked for from the next picture on. All else is the library's.
 *
 * Its functions expect to find their own manager in info->mem, so it is put back
 * for each call. Should one of them jump away, it stays there, which only means
 * that nothing is kept any more.
 */
#include "camera/jpeg_memory.h"

#include <stdlib.h>

/* Vector instructions of the library read and write rows in such pieces. */
#define PIECE 64

static struct jpeg_memory *memory_of(j_common_ptr info)
{
	return (struct jpeg_memory *)info->mem;
}

static size_t in_pieces(size_t size)
{
	return (size + PIECE - 1) / PIECE * PIECE;
}

/* NULL when it is another pool's or does not fit. */
static void *take(struct jpeg_memory *memory, int pool, size_t size)
{
	size_t at = memory->used;

	if (pool != JPOOL_IMAGE)
		return NULL;
	memory->used += in_pieces(size);
	return memory->used <= memory->size ? memory->block + at : NULL;
}

static struct jpeg_memory_mgr *lend_theirs(j_common_ptr info)
{
	struct jpeg_memory_mgr *theirs = memory_of(info)->theirs;

	info->mem = theirs;
	return theirs;
}

static void *take_small(j_common_ptr info, int pool, size_t size)
{
	struct jpeg_memory *memory = memory_of(info);
	void *taken = take(memory, pool, size);

	if (taken)
		return taken;
	taken = lend_theirs(info)->alloc_small(info, pool, size);
	info->mem = &memory->ours;
	return taken;
}

static void *take_large(j_common_ptr info, int pool, size_t size)
{
	struct jpeg_memory *memory = memory_of(info);
	void *taken = take(memory, pool, size);

	if (taken)
		return taken;
	taken = lend_theirs(info)->alloc_large(info, pool, size);
	info->mem = &memory->ours;
	return taken;
}

/* `rows` pointers, a gap up to the next piece, the rows themselves. */
static JSAMPARRAY take_samples(j_common_ptr info, int pool, JDIMENSION width, JDIMENSION rows)
{
	struct jpeg_memory *memory = memory_of(info);
	size_t pitch = in_pieces(width);
	size_t pointers = in_pieces(rows * sizeof(JSAMPROW));
	JSAMPARRAY taken = take(memory, pool, pointers + rows * pitch);

	for (JDIMENSION y = 0; taken && y < rows; y++)
		taken[y] = (JSAMPROW)taken + pointers + y * pitch;
	if (taken)
		return taken;
	taken = lend_theirs(info)->alloc_sarray(info, pool, width, rows);
	info->mem = &memory->ours;
	return taken;
}

static JBLOCKARRAY take_blocks(j_common_ptr info, int pool, JDIMENSION width, JDIMENSION rows)
{
	struct jpeg_memory *memory = memory_of(info);
	size_t pitch = in_pieces(width * sizeof(JBLOCK));
	size_t pointers = in_pieces(rows * sizeof(JBLOCKROW));
	JBLOCKARRAY taken = take(memory, pool, pointers + rows * pitch);

	for (JDIMENSION y = 0; taken && y < rows; y++)
		taken[y] = (JBLOCKROW)(void *)((uint8_t *)taken + pointers + y * pitch);
	if (taken)
		return taken;
	taken = lend_theirs(info)->alloc_barray(info, pool, width, rows);
	info->mem = &memory->ours;
	return taken;
}

static jvirt_sarray_ptr request_samples(j_common_ptr info, int pool, boolean is_zeroed,
					JDIMENSION width, JDIMENSION rows, JDIMENSION access)
{
	struct jpeg_memory *memory = memory_of(info);
	jvirt_sarray_ptr array = lend_theirs(info)->request_virt_sarray(info, pool, is_zeroed,
									width, rows, access);

	info->mem = &memory->ours;
	return array;
}

static jvirt_barray_ptr request_blocks(j_common_ptr info, int pool, boolean is_zeroed,
				       JDIMENSION width, JDIMENSION rows, JDIMENSION access)
{
	struct jpeg_memory *memory = memory_of(info);
	jvirt_barray_ptr array = lend_theirs(info)->request_virt_barray(info, pool, is_zeroed,
									width, rows, access);

	info->mem = &memory->ours;
	return array;
}

static void realize(j_common_ptr info)
{
	struct jpeg_memory *memory = memory_of(info);

	lend_theirs(info)->realize_virt_arrays(info);
	info->mem = &memory->ours;
}

static JSAMPARRAY reach_samples(j_common_ptr info, jvirt_sarray_ptr array, JDIMENSION first,
				JDIMENSION rows, boolean is_written)
{
	struct jpeg_memory *memory = memory_of(info);
	JSAMPARRAY reached = lend_theirs(info)->access_virt_sarray(info, array, first, rows,
								   is_written);

	info->mem = &memory->ours;
	return reached;
}

static JBLOCKARRAY reach_blocks(j_common_ptr info, jvirt_barray_ptr array, JDIMENSION first,
				JDIMENSION rows, boolean is_written)
{
	struct jpeg_memory *memory = memory_of(info);
	JBLOCKARRAY reached = lend_theirs(info)->access_virt_barray(info, array, first, rows,
								    is_written);

	info->mem = &memory->ours;
	return reached;
}

/* Without a larger block things go on as before, only slower. */
static void fit_block(struct jpeg_memory *memory)
{
	if (memory->used > memory->size) {
		free(memory->block);
		memory->block = aligned_alloc(PIECE, memory->used);
		memory->size = memory->block ? memory->used : 0;
	}
	memory->used = 0;
}

static void empty_pool(j_common_ptr info, int pool)
{
	struct jpeg_memory *memory = memory_of(info);

	lend_theirs(info)->free_pool(info, pool);
	info->mem = &memory->ours;
	if (pool == JPOOL_IMAGE)
		fit_block(memory);
}

/* Of the library's object: theirs leaves info->mem empty. */
static void end(j_common_ptr info)
{
	lend_theirs(info)->self_destruct(info);
}

void jpeg_memory_keep(struct jpeg_memory *memory, j_common_ptr info)
{
	*memory = (struct jpeg_memory){
		.ours = {
			.alloc_small = take_small,
			.alloc_large = take_large,
			.alloc_sarray = take_samples,
			.alloc_barray = take_blocks,
			.request_virt_sarray = request_samples,
			.request_virt_barray = request_blocks,
			.realize_virt_arrays = realize,
			.access_virt_sarray = reach_samples,
			.access_virt_barray = reach_blocks,
			.free_pool = empty_pool,
			.self_destruct = end,
			.max_memory_to_use = info->mem->max_memory_to_use,
			.max_alloc_chunk = info->mem->max_alloc_chunk,
		},
		.theirs = info->mem,
	};
	info->mem = &memory->ours;
}

void jpeg_memory_free(struct jpeg_memory *memory)
{
	free(memory->block);
	memory->block = NULL;
}
