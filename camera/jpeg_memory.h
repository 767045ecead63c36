/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_JPEG_MEMORY_H
#define CAMERA_JPEG_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

/*
 * libjpeg takes memory for every picture and gives it all back at its end. With
 * this it is kept: from the second picture of a kind on nothing is allocated.
 *
 *	struct jpeg_memory memory;      lives as long as the library's object
 *
 *	jpeg_create_compress(&info);
 *	jpeg_memory_keep(&memory, (j_common_ptr)&info);
 *	...
 *	jpeg_destroy_compress(&info);
 *	jpeg_memory_free(&memory);
 *
 * Progressive pictures still take their coefficients from the heap.
 */
struct jpeg_memory {
	struct jpeg_memory_mgr ours; /* first: what info->mem points to */
	struct jpeg_memory_mgr *theirs;
	uint8_t *block;              /* for what lives as long as a picture */
	size_t size, used;           /* used: asked for, beyond size if it must */
};

/* Right after the library's object was created. */
void jpeg_memory_keep(struct jpeg_memory *memory, j_common_ptr info);

/* After that object is gone. All zero is allowed. */
void jpeg_memory_free(struct jpeg_memory *memory);

#endif
