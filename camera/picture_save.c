/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures to files.
 *
 * libpng does not expect us to return from an error. Everything that outlives the
 * jump is in `struct output`, which belongs to the caller of the function that
 * called setjmp.
 */
#include "camera/encode.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <png.h>

#include "board/replacement.h"

#define JPEG_QUALITY 90

/* Of 9: twice as fast as libpng's 6 and a few percent larger; whoever saves
   pictures mostly has frames waiting. */
#define PNG_EFFORT 3

struct output {
	FILE *file;
	png_structp png;
	png_infop info;
	jmp_buf failed;
	int code;
};

static int put(struct output *output, const void *bytes, size_t size)
{
	errno = 0;
	if (fwrite(bytes, 1, size, output->file) == size)
		return 0;
	return errno ? -errno : -EIO;
}

/* --- PNG --- */

static _Noreturn void fail(png_structp png, const char *why)
{
	struct output *output = png_get_error_ptr(png);

	(void)why; /* all that is left to fail is memory */
	output->code = -ENOMEM;
	longjmp(output->failed, 1);
}

static void stay_silent(png_structp png, const char *why)
{
	(void)png;
	(void)why;
}

static void put_bytes(png_structp png, png_bytep bytes, size_t size)
{
	struct output *output = png_get_io_ptr(png);

	output->code = put(output, bytes, size);
	if (output->code < 0)
		longjmp(output->failed, 1);
}

static void leave_it(png_structp png)
{
	(void)png; /* flushed with the file */
}

static int encode_png(struct output *output, const struct atoll_picture *picture)
{
	output->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, output, fail,
					      stay_silent);
	output->info = output->png ? png_create_info_struct(output->png) : NULL;
	if (!output->info)
		return -ENOMEM;

	png_set_write_fn(output->png, output, put_bytes, leave_it);
	/* Its limit of a million for each side is for readers. */
	png_set_user_limits(output->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_IHDR(output->png, output->info, picture->width, picture->height, 8,
		     PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(output->png, PNG_EFFORT);
	png_write_info(output->png, output->info);
	for (uint32_t y = 0; y < picture->height; y++)
		png_write_row(output->png, picture->rgb + (size_t)y * picture->width * 3);
	png_write_end(output->png, NULL);
	return 0;
}

static int encode_png_or_fail(struct output *output, const struct atoll_picture *picture)
{
	if (setjmp(output->failed))
		return output->code;
	return encode_png(output, picture);
}

static int write_png(FILE *file, const struct atoll_picture *picture)
{
	struct output output = { .file = file };
	int r = encode_png_or_fail(&output, picture);

	png_destroy_write_struct(&output.png, &output.info);
	return r;
}

/* --- JPEG --- */

static int write_jpeg(FILE *file, const struct atoll_picture *picture)
{
	const struct atoll_frame frame = atoll_picture_frame(picture);
	struct output output = { .file = file };
	struct atoll_encoder *encoder = atoll_encoder_new(NULL);
	const uint8_t *jpeg;
	size_t size;
	int r = encoder ? atoll_encode_jpeg(encoder, &frame, JPEG_QUALITY, &jpeg, &size) :
			  -ENOMEM;

	if (r == 0)
		r = put(&output, jpeg, size);
	atoll_encoder_free(encoder);
	return r;
}

/* --- the file --- */

struct writer {
	const char *ending;
	int (*write)(FILE *file, const struct atoll_picture *picture);
};

static const struct writer *writer_for(const char *path)
{
	static const struct writer writers[] = {
		{ ".png", write_png },
		{ ".jpg", write_jpeg },
		{ ".jpeg", write_jpeg },
	};
	const char *ending = strrchr(path, '.');

	for (size_t i = 0; ending && i < sizeof(writers) / sizeof(writers[0]); i++)
		if (strcasecmp(ending, writers[i].ending) == 0)
			return &writers[i];
	return NULL;
}

static int save(const struct writer *writer, const struct atoll_picture *picture,
		const char *path)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	return r < 0 ? r : atoll_replacement_close(&replacement,
						   writer->write(replacement.file, picture));
}

ATOLL_API int atoll_picture_save(const struct atoll_picture *picture, const char *path,
				 struct atoll_error *err)
{
	const struct writer *writer = writer_for(path);
	int r;

	if (!writer)
		return atoll_error_set(err, -EINVAL,
				       "picture: %s: its name ends neither in .png, .jpg nor .jpeg",
				       atoll_error_path(path));
	r = save(writer, picture, path);
	if (r == -EINVAL)
		return atoll_error_set(err, r, "picture: %s: %u x %u pixels are too many",
				       atoll_error_path(path), picture->width,
				       picture->height);
	if (r < 0)
		return atoll_error_set(err, r, "picture: %s: %s", atoll_error_path(path),
				       strerror(-r));
	return 0;
}
