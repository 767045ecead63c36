/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/wav.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/block.h"
#include "board/replacement.h"

#define HEADER_BYTES 44

/* The sizes in the header are of 32 bits. */
#define SAMPLES_MAX ((UINT32_MAX - HEADER_BYTES) / 2)

static void put(uint8_t *to, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static void lay_header(uint8_t header[HEADER_BYTES], uint32_t samples)
{
	memcpy(header, "RIFF....WAVEfmt ....", 20);
	put(header + 4, HEADER_BYTES - 8 + 2 * samples, 4);
	put(header + 16, 16, 4);
	put(header + 20, 1, 2);                    /* PCM */
	put(header + 22, 1, 2);                    /* channels */
	put(header + 24, ATOLL_SOUND_RATE, 4);
	put(header + 28, ATOLL_SOUND_RATE * 2, 4); /* bytes a second */
	put(header + 32, 2, 2);                    /* bytes a frame */
	put(header + 34, 16, 2);                   /* bits */
	memcpy(header + 36, "data", 4);
	put(header + 40, 2 * samples, 4);
}

/* What is not a number is silence. */
static int16_t rounded(float sample)
{
	float scaled = isnan(sample) ? 0 : sample * 32768;

	return (int16_t)lrintf(fminf(fmaxf(scaled, -32768), 32767));
}

static void write_all(FILE *file, const float *sample, size_t count)
{
	uint8_t header[HEADER_BYTES];

	lay_header(header, (uint32_t)count);
	(void)fwrite(header, 1, sizeof(header), file); /* ferror tells */
	for (size_t i = 0; i < count; i++) {
		uint8_t bytes[2];

		put(bytes, (uint16_t)rounded(sample[i]), 2);
		(void)fwrite(bytes, 1, sizeof(bytes), file);
	}
}

static int save(const char *path, const float *sample, size_t count)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	if (r < 0)
		return r;
	write_all(replacement.file, sample, count);
	return atoll_replacement_close(&replacement, 0);
}

ATOLL_API int atoll_wav_write(const char *path, const float *sample, size_t count,
			      struct atoll_error *err)
{
	int r;

	if (count > SAMPLES_MAX)
		return atoll_error_set(err, -EFBIG,
				       "%s: %zu samples are too many for a WAV file",
				       atoll_error_path(path), count);
	r = save(path, sample, count);
	if (r < 0)
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
	return 0;
}
