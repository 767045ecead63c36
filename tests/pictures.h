/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_PICTURES_H
#define ATOLL_TESTS_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Picture files made in memory, for tests that read them.
 *
 *	struct pictures_file file = pictures_jpeg(&(struct pictures_jpeg){
 *		.width = 16, .height = 8, .samples = rgb });
 *	...
 *	free(file.bytes);
 */
struct pictures_file {
	uint8_t *bytes;
	size_t size;
};

/* As the numbers in the files: colours of a PNG, compressions of a BMP. */
enum { PICTURES_GREY = 0, PICTURES_RGB = 2, PICTURES_PALETTE = 3,
       PICTURES_GREY_ALPHA = 4, PICTURES_RGBA = 6 };
enum { PICTURES_PLAIN = 0, PICTURES_RLE8 = 1, PICTURES_MASKS = 3 };

enum pictures_ink {
	PICTURES_YCC,       /* 3 samples, RGB given */
	PICTURES_LIGHT,     /* 1 sample, grey given */
	PICTURES_CMYK,      /* 4 samples, stored as given */
	PICTURES_YCCK,      /* 4 samples, CMYK given */
	PICTURES_TWO,       /* 2 samples of no known colour */
};

struct pictures_jpeg {
	uint32_t width, height;
	const uint8_t *samples; /* [height][width][1 to 4] */
	enum pictures_ink ink;
	bool is_progressive, is_arithmetic, is_without_adobe;
	bool has_scan_per_bit;  /* progressive, 127 scans; PICTURES_LIGHT only */
	unsigned restart;       /* blocks between restart markers, 0 for none */
	const uint8_t *exif;    /* a TIFF block, or NULL */
	size_t exif_size;
};

struct pictures_png {
	uint32_t width, height;
	int colour, depth;
	bool is_interlaced;
	const uint8_t *rows;     /* [height][row_bytes], packed as PNG has them */
	const uint8_t *palette;  /* [1 << depth][3] */
	const uint8_t *alphas;   /* [alpha_count] of the palette, or NULL */
	int alpha_count;
	const uint16_t *clear;   /* the one transparent grey or RGB, or NULL */
	const uint8_t *exif;
	size_t exif_size;
	bool is_exif_last;
};

struct pictures_bmp {
	int32_t width, height;   /* as in the header */
	uint32_t header_size;    /* 12, 40 or more */
	uint16_t bits;
	uint32_t compression;
	uint32_t masks[3];       /* written when compression is PICTURES_MASKS */
	const uint8_t *palette;  /* as in the file */
	size_t palette_size;
	uint32_t colours;
	const uint8_t *rows;     /* as in the file */
	size_t rows_size;
};

struct pictures_file pictures_jpeg(const struct pictures_jpeg *recipe);
struct pictures_file pictures_png(const struct pictures_png *recipe);
struct pictures_file pictures_bmp(const struct pictures_bmp *recipe);

/* `header`, then `size` bytes of samples. */
struct pictures_file pictures_ppm(const char *header, const void *samples, size_t size);

/* One small file of each format and way of coding. */
#define PICTURES_SAMPLES 7
struct pictures_file pictures_sample(unsigned i);

/* Bytes from one row of a PNG to the next. */
size_t pictures_png_row_bytes(uint32_t width, int colour, int depth);

/* Make the checksum of the PNG chunk at `chunk` right after changing it. */
void pictures_png_seal(uint8_t *chunk);

/* A TIFF block of one directory that holds nothing but an orientation. */
#define PICTURES_EXIF_SIZE 26
void pictures_exif(uint8_t exif[PICTURES_EXIF_SIZE], unsigned orientation,
		   bool is_big_endian);

#endif
