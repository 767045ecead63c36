/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_JPEG_INPUT_H
#define CAMERA_JPEG_INPUT_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#include "board/error.h"

/*
 * libjpeg reading a file in memory, its errors as sentences: what all who decode
 * share. The library reports by calling us and does not expect us to return from an
 * error; what outlives the jump is here, and belongs to the caller of the function
 * that calls setjmp.
 *
 *	struct jpeg_input input = { .extra_max = 16 };
 *
 *	jpeg_input_set(&input);
 *	if (setjmp(input.failed))
 *		return input.err.code;
 *	jpeg_create_decompress(&input.info);
 *	jpeg_input_begin(&input, bytes, size);
 *	(void)jpeg_read_header(&input.info, TRUE);
 *	input.is_decoding = true;
 *	(void)jpeg_start_decompress(&input.info);
 *	input.has_rows = true;
 *
 * Nothing is ever printed. Made-up samples are errors (-EBADMSG); oddities without
 * consequence are not.
 */
struct jpeg_input {
	struct jpeg_decompress_struct info;
	jmp_buf failed;
	struct atoll_error err; /* why */
	int extra_max;          /* bytes of no meaning that may precede a marker */
	bool is_decoding;       /* the header is read */
	bool has_rows;          /* info.output_scanline counts */

	/* Its own. */
	struct jpeg_source_mgr source;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	bool is_dry; /* the decoder has looked past the end of the file */
};

/* Before the library's object is created in input->info. */
void jpeg_input_set(struct jpeg_input *input);

/* After that, and before each file, which must stay until it is decoded. */
void jpeg_input_begin(struct jpeg_input *input, const void *bytes, size_t size);

#endif
