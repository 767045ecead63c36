/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define EXTENSIBLE 0xFFFE
#define PI 3.14159265358979323846

void sounds_put(uint8_t *to, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

uint32_t sounds_encode(enum atoll_samples samples, float sample, uint8_t *to)
{
	static const double scales[] = {
		[ATOLL_S16] = 1 << 15, [ATOLL_S24] = 1 << 23, [ATOLL_S24_3] = 1 << 23,
		[ATOLL_S32] = 2147483648.0, [ATOLL_U8] = 1 << 7, [ATOLL_F32] = 1,
	};
	uint32_t bytes = atoll_samples_bytes(samples), bits;
	double scaled = round(sample * scales[samples]);

	if (samples == ATOLL_F32) {
		memcpy(&bits, &sample, sizeof(bits));
	} else {
		scaled = fmin(fmax(scaled, -scales[samples]), scales[samples] - 1);
		bits = (uint32_t)(int32_t)scaled + (samples == ATOLL_U8 ? 128 : 0);
	}
	sounds_put(to, bits, bytes);
	return bytes;
}

static uint8_t *put_chunk(uint8_t *at, const char *id, uint32_t size)
{
	memcpy(at, id, 4);
	sounds_put(at + 4, size, 4);
	return at + 8;
}

/* Chunks of an odd size, which are padded. */
static uint8_t *put_others(uint8_t *at, const char *ids)
{
	for (; ids && *ids; ids += 4) {
		at = put_chunk(at, ids, 5);
		memcpy(at, "other", 6);
		at += 6;
	}
	return at;
}

static uint8_t *put_format(uint8_t *at, const struct sounds_wav *recipe)
{
	static const uint8_t guid_rest[14] = { 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38,
					       0x9B, 0x71 };
	uint32_t bytes = atoll_samples_bytes(recipe->samples);
	uint32_t bits = recipe->samples == ATOLL_S24 ? 24 : 8 * bytes;
	uint32_t tag = recipe->samples == ATOLL_F32 ? 3 : 1;

	at = put_chunk(at, "fmt ", recipe->is_extensible ? 40 : 16);
	sounds_put(at, recipe->is_extensible ? EXTENSIBLE : tag, 2);
	sounds_put(at + 2, recipe->channels, 2);
	sounds_put(at + 4, recipe->rate, 4);
	sounds_put(at + 8, recipe->rate * recipe->channels * bytes, 4);
	sounds_put(at + 12, recipe->channels * bytes, 2);
	sounds_put(at + 14, bits, 2);
	if (!recipe->is_extensible)
		return at + 16;
	sounds_put(at + 16, 22, 2);
	sounds_put(at + 18, bits, 2);
	sounds_put(at + 20, 0, 4); /* speakers */
	sounds_put(at + 24, tag, 2);
	memcpy(at + 26, guid_rest, sizeof(guid_rest));
	return at + 40;
}

static uint8_t *put_data(uint8_t *at, const struct sounds_wav *recipe, uint32_t size)
{
	uint8_t *end;

	at = put_chunk(at, "data", recipe->is_long ? UINT32_MAX : size);
	end = at + size;
	for (uint32_t i = 0; i < recipe->frames * recipe->channels; i++)
		at += sounds_encode(recipe->samples, recipe->sample[i], at);
	assert_ptr_equal(at, end);
	if (size & 1)
		*at++ = 0;
	return at;
}

struct sounds_file sounds_wav(const struct sounds_wav *wanted)
{
	struct sounds_wav recipe = *wanted;
	uint32_t data;
	struct sounds_file file;
	uint8_t *at;

	recipe.rate = recipe.rate ? recipe.rate : 16000;
	recipe.channels = recipe.channels ? recipe.channels : 1;
	data = recipe.frames * recipe.channels * atoll_samples_bytes(recipe.samples);
	file.bytes = calloc(1, 1024 + data);
	assert_non_null(file.bytes);
	at = put_chunk(file.bytes, recipe.is_long ? "RF64" : "RIFF", UINT32_MAX);
	memcpy(at, "WAVE", 4);
	at += 4;
	if (recipe.is_long) {
		at = put_chunk(at, "ds64", 28);
		sounds_put(at + 8, data, 4);
		sounds_put(at + 16, recipe.frames, 4);
		at += 28;
	}
	at = put_others(at, recipe.before);
	if (recipe.is_data_first)
		at = put_data(at, &recipe, data);
	at = put_format(at, &recipe);
	at = put_others(at, recipe.between);
	if (!recipe.is_data_first)
		at = put_data(at, &recipe, data);
	file.size = (size_t)(at - file.bytes);
	if (!recipe.is_long)
		sounds_put(file.bytes + 4, (uint32_t)file.size - 8, 4);
	return file;
}

struct sounds_file sounds_sample(unsigned i)
{
	static const struct sounds_wav kinds[SOUNDS_SAMPLES] = {
		{ .samples = ATOLL_S16 },
		{ .samples = ATOLL_U8, .channels = 3, .rate = 8000, .between = "LIST" },
		{ .samples = ATOLL_S24_3, .channels = 2, .rate = 44100, .is_extensible = true },
		{ .samples = ATOLL_S24, .channels = 2, .rate = 48000 },
		{ .samples = ATOLL_S32, .channels = 8, .rate = 384000, .before = "bextJUNK" },
		{ .samples = ATOLL_F32, .rate = 1000, .is_extensible = true },
		{ .samples = ATOLL_S16, .channels = 2, .rate = 32000, .is_long = true },
		{ .samples = ATOLL_S16, .is_data_first = true, .between = "LIST" },
	};
	struct sounds_wav recipe = kinds[i];
	float noise[8 * 30];

	sounds_noise(noise, sizeof(noise) / sizeof(noise[0]), i, 0.9f);
	recipe.sample = noise;
	recipe.frames = 30;
	return sounds_wav(&recipe);
}

void sounds_save(const char *path, const struct sounds_file *file)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	assert_int_equal(fwrite(file->bytes, 1, file->size, to), file->size);
	assert_int_equal(fclose(to), 0);
}

void sounds_tone(float *out, uint32_t count, uint32_t rate, double hz, double amplitude)
{
	for (uint32_t i = 0; i < count; i++)
		out[i] = (float)(amplitude * sin(2 * PI * hz * i / rate));
}

void sounds_noise(float *out, uint32_t count, uint64_t seed, float amplitude)
{
	struct check_random random = { seed + 1 };

	for (uint32_t i = 0; i < count; i++)
		out[i] = amplitude * (float)check_random_in(&random, -32767, 32767) / 32767;
}

/* With a window, so that other tones do not leak into it. */
double sounds_tone_db(const float *sample, uint32_t count, uint32_t rate, double hz)
{
	double real = 0, imaginary = 0, weights = 0;

	for (uint32_t i = 0; i < count; i++) {
		double weight = 0.5 - 0.5 * cos(2 * PI * i / count);

		real += weight * sample[i] * cos(2 * PI * hz * i / rate);
		imaginary += weight * sample[i] * sin(2 * PI * hz * i / rate);
		weights += weight;
	}
	return 20 * log10(fmax(2 * hypot(real, imaginary) / weights, 1e-6));
}

double sounds_db(const float *sample, uint32_t count)
{
	double sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += (double)sample[i] * sample[i];
	return 10 * log10(fmax(2 * sum / count, 1e-12));
}
