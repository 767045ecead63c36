/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door to picture files: bytes come in, the format is told from the first
 * of them, and its reader fills the picture.
 *
 *   path, "-" --read_file--> bytes --format_of--> picture_read_<format>
 *                                                      |
 *                         picture_allocate, picture_put_row for each row
 */
#include "camera/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "camera/picture_readers.h"

struct format {
	const char *name;
	const char *magic;
	size_t magic_size;
	int (*read)(const struct picture_file *file,
		    struct atoll_picture *picture, struct atoll_error *err);
};

static const struct format formats[] = {
	{ "JPEG", "\xff\xd8\xff", 3, picture_read_jpeg },
	{ "PNG", "\x89PNG\r\n\x1a\n", 8, picture_read_png },
	{ "BMP", "BM", 2, picture_read_bmp },
	{ "PBM", "P1", 2, picture_read_ppm }, /* P1 to P4: refused in its words */
	{ "PGM", "P2", 2, picture_read_ppm },
	{ "PPM", "P3", 2, picture_read_ppm },
	{ "PBM", "P4", 2, picture_read_ppm },
	{ "PGM", "P5", 2, picture_read_ppm },
	{ "PPM", "P6", 2, picture_read_ppm },
};

#define MAGIC_SIZE_MAX 8

static const struct format *format_of(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (size >= formats[i].magic_size &&
		    !memcmp(bytes, formats[i].magic, formats[i].magic_size))
			return &formats[i];
	return NULL;
}

int picture_allocate(struct atoll_picture *picture, uint32_t width,
		     uint32_t height, unsigned orientation, uint64_t pixels_max,
		     struct atoll_error *err)
{
	uint64_t pixels = (uint64_t)width * height;
	size_t size;

	if (pixels == 0)
		return atoll_error_set(err, -EBADMSG, "%u x %u pixels: nothing to see",
				       width, height);
	if (pixels > pixels_max)
		return atoll_error_set(err, -EFBIG,
				       "%u x %u pixels: the limit is %llu",
				       width, height, (unsigned long long)pixels_max);
	if (__builtin_mul_overflow(pixels, 3, &size))
		return atoll_error_set(err, -ENOMEM, "%u x %u pixels: out of memory",
				       width, height);
	picture->rgb = malloc(size);
	if (!picture->rgb)
		return atoll_error_set(err, -ENOMEM, "%u x %u pixels: out of memory",
				       width, height);
	picture->width = orientation < 5 ? width : height;
	picture->height = orientation < 5 ? height : width;
	return 0;
}

void picture_put_row(struct atoll_picture *picture, unsigned orientation,
		     uint32_t y, const uint8_t *rgb)
{
	/* Stored rows become columns; run right to left; come last row first. */
	bool is_turned = orientation >= 5;
	bool is_mirrored = orientation == 2 || orientation == 3 ||
			   orientation == 7 || orientation == 8;
	bool is_flipped = orientation == 3 || orientation == 4 ||
			  orientation == 6 || orientation == 7;
	uint32_t width = is_turned ? picture->height : picture->width;
	uint32_t height = is_turned ? picture->width : picture->height;
	size_t x = is_mirrored ? width - 1 : 0;
	size_t line = is_flipped ? height - 1 - y : y;
	size_t pitch = picture->width;
	ptrdiff_t step = is_turned ? (ptrdiff_t)pitch * 3 : 3;
	uint8_t *at = picture->rgb + 3 * (is_turned ? x * pitch + line : line * pitch + x);

	if (!is_turned && !is_mirrored) {
		memcpy(at, rgb, (size_t)width * 3);
		return;
	}
	if (is_mirrored)
		step = -step;
	for (uint32_t left = width; left; left--) {
		at[0] = rgb[0];
		at[1] = rgb[1];
		at[2] = rgb[2];
		rgb += 3;
		/* The step after the last pixel would leave the picture. */
		if (left > 1)
			at += step;
	}
}

ATOLL_API void atoll_picture_free(struct atoll_picture *picture)
{
	if (!picture)
		return;
	free(picture->rgb);
	free(picture);
}

static struct atoll_picture *decode(const uint8_t *bytes, size_t size,
				    uint64_t pixels_max, struct atoll_error *err)
{
	const struct picture_file file = {
		.bytes = bytes,
		.size = size,
		.pixels_max = pixels_max,
	};
	const struct format *format = format_of(bytes, size);
	struct atoll_picture *picture;

	if (!format) {
		atoll_error_set(err, -ENOTSUP, size ?
				"neither JPEG, PNG, BMP nor PPM" : "empty");
		return NULL;
	}
	picture = calloc(1, sizeof(*picture));
	if (!picture) {
		atoll_error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	if (format->read(&file, picture, err) < 0) {
		atoll_error_prefix(err, "%s", format->name);
		atoll_picture_free(picture);
		return NULL;
	}
	return picture;
}

ATOLL_API struct atoll_picture *
atoll_picture_load_bytes(const void *bytes, size_t size, uint64_t pixels_max,
			 struct atoll_error *err)
{
	struct atoll_picture *picture =
		decode(bytes, size, pixels_max ? pixels_max : ATOLL_PICTURE_PIXELS_MAX, err);

	if (!picture)
		atoll_error_prefix(err, "picture");
	return picture;
}

struct buffer {
	uint8_t *bytes;
	size_t size, capacity;
};

/*
 * No file needs more bytes than this: 8 a pixel is the widest there is (PNG,
 * four samples of 16 bits, and compressing does not make it noticeably
 * larger); the rest is for what travels beside the pixels.
 */
static size_t file_bytes_max(uint64_t pixels_max)
{
	size_t size;

	if (__builtin_mul_overflow(pixels_max, 8, &size) ||
	    __builtin_add_overflow(size, (size_t)16 << 20, &size))
		return SIZE_MAX;
	return size;
}

static int grow(struct buffer *buffer, struct atoll_error *err)
{
	size_t capacity = buffer->capacity ? buffer->capacity * 2 : 64 * 1024;
	uint8_t *bytes = capacity > buffer->capacity ?
			 realloc(buffer->bytes, capacity) : NULL;

	if (!bytes)
		return atoll_error_set(err, -ENOMEM, "%zu bytes and more: out of memory",
				       buffer->size);
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return 0;
}

/*
 * Everything in `fd`, which may be a pipe. Stops early once the first bytes
 * belong to no format: the rest, perhaps endless, would not change that.
 */
static int read_all(int fd, size_t size_max, struct buffer *buffer,
		    struct atoll_error *err)
{
	for (;;) {
		ssize_t got;

		if (buffer->size == buffer->capacity && grow(buffer, err) < 0)
			return -ENOMEM;
		got = read(fd, buffer->bytes + buffer->size,
			   buffer->capacity - buffer->size);
		if (got < 0)
			return atoll_error_set(err, -errno, "read: %s", strerror(errno));
		buffer->size += (size_t)got;
		if (buffer->size > size_max)
			return atoll_error_set(err, -EFBIG,
					       "more than %zu bytes: the limit", size_max);
		if (got == 0 || (buffer->size >= MAGIC_SIZE_MAX &&
				 !format_of(buffer->bytes, buffer->size)))
			return 0;
	}
}

static int read_file(const char *path, size_t size_max, struct buffer *buffer,
		     struct atoll_error *err)
{
	int fd, r;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, size_max, buffer, err);

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return atoll_error_set(err, -errno, "%s", strerror(errno));
	r = read_all(fd, size_max, buffer, err);
	(void)close(fd); /* only read from: nothing can be lost */
	return r;
}

/* The last 80 bytes of a long path: they tell more than the first. */
static const char *name_of(const char *path)
{
	size_t length = strlen(path);

	if (!strcmp(path, "-"))
		return "standard input";
	return length > 80 ? path + length - 80 : path;
}

ATOLL_API struct atoll_picture *
atoll_picture_load(const char *path, uint64_t pixels_max, struct atoll_error *err)
{
	struct atoll_picture *picture = NULL;
	struct buffer buffer = { 0 };

	if (!pixels_max)
		pixels_max = ATOLL_PICTURE_PIXELS_MAX;
	if (read_file(path, file_bytes_max(pixels_max), &buffer, err) == 0)
		picture = decode(buffer.bytes, buffer.size, pixels_max, err);
	if (!picture)
		atoll_error_prefix(err, "picture: %s", name_of(path));
	free(buffer.bytes);
	return picture;
}
