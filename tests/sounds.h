/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SOUNDS_H
#define ATOLL_TESTS_SOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/microphone.h"

/*
 * Sounds made in memory, and WAV files of them, for tests that listen.
 *
 *	float tone[16000];
 *	struct sounds_file file;
 *
 *	sounds_tone(tone, 16000, 16000, 440, 0.5);
 *	file = sounds_wav(&(struct sounds_wav){ .sample = tone, .frames = 16000 });
 *	...
 *	free(file.bytes);
 */
struct sounds_file {
	uint8_t *bytes;
	size_t size;
};

struct sounds_wav {
	enum atoll_samples samples; /* 0: S16 */
	uint32_t rate, channels;    /* 0: 16000, 1 */
	const float *sample;        /* [frames][channels] */
	uint32_t frames;
	bool is_extensible;
	bool is_long;               /* RF64 */
	bool is_data_first;         /* samples, then their format */
	const char *before;         /* chunks of five bytes before the format: "LISTbext" */
	const char *between;        /* and before the samples */
};

/* Where things are in a file with nothing before or between, and what is there. */
enum { SOUNDS_TAG = 20, SOUNDS_CHANNELS = 22, SOUNDS_RATE = 24, SOUNDS_ALIGN = 32,
       SOUNDS_BITS = 34, SOUNDS_DATA_SIZE = 40, SOUNDS_DATA = 44,
       /* of an extensible one */
       SOUNDS_VALID_BITS = 38, SOUNDS_SUBTAG = 44 };

struct sounds_file sounds_wav(const struct sounds_wav *recipe);

/* One small file of each kind. */
#define SOUNDS_SAMPLES 8
struct sounds_file sounds_sample(unsigned i);

/* Fails the test when it cannot. */
void sounds_save(const char *path, const struct sounds_file *file);

/* Little-endian. */
void sounds_put(uint8_t *to, uint32_t value, unsigned bytes);

/* One sample as `samples` has it. Returns its size. */
uint32_t sounds_encode(enum atoll_samples samples, float sample, uint8_t *to);

/* `amplitude` 1 is full scale. */
void sounds_tone(float *out, uint32_t count, uint32_t rate, double hz, double amplitude);
void sounds_noise(float *out, uint32_t count, uint64_t seed, float amplitude);

/* How loud a tone is in a sound at `rate`, in dB of full scale, -120 at least. */
double sounds_tone_db(const float *sample, uint32_t count, uint32_t rate, double hz);

/* Everything together, in dB of a full-scale tone. */
double sounds_db(const float *sample, uint32_t count);

#endif
