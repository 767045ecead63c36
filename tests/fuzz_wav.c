/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a WAV file that is read twice, in pieces, and becomes sound at 16 kHz.
 * The first byte chooses the size of the pieces and the channel; the rest is the file.
 *
 *	fuzz_wav --seeds DIR    write files to start from
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/resample.h"
#include "audio/wav.h"
#include "tests/seeds.h"
#include "tests/sounds.h"

#define PIECE_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint64_t read_all(struct atoll_wav *wav, struct atoll_resample *resample,
			 uint32_t piece, float *out)
{
	uint8_t frames[PIECE_MAX * ATOLL_CHANNELS_MAX * 4];
	uint64_t count = 0;
	int r;

	while ((r = atoll_wav_read(wav, frames, piece)) > 0) {
		count += (uint64_t)r;
		(void)atoll_resample_run(resample, frames, (uint32_t)r, out);
	}
	(void)atoll_resample_finish(resample, out);
	return count;
}

/* Twice the same. */
static void read_twice(struct atoll_wav *wav, uint8_t how)
{
	struct atoll_wav_form form = atoll_wav_form(wav);
	struct atoll_resample *resample = atoll_resample_new(form.samples, form.rate,
							     form.channels, how >> 6, NULL);
	uint32_t piece = how % PIECE_MAX + 1, room;
	uint64_t count, missing;
	float *out;

	if (!resample)
		return;
	room = atoll_resample_most(resample, piece);
	if (room < atoll_resample_delay(resample) + 2)
		room = atoll_resample_delay(resample) + 2;
	out = malloc(room * sizeof(*out));
	count = read_all(wav, resample, piece, out);
	missing = atoll_wav_missing(wav);
	if (form.frames > 0 && count + missing != form.frames)
		abort();
	if (atoll_wav_rewind(wav) != 0 || read_all(wav, resample, piece, out) != count)
		abort();
	free(out);
	atoll_resample_free(resample);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_error err;
	struct atoll_wav *wav;

	if (size == 0)
		return 0;
	wav = atoll_wav_open_bytes(bytes + 1, size - 1, &err);
	if (wav)
		read_twice(wav, bytes[0]);
	atoll_wav_close(wav);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!seeds_wanted(*argc, *argv))
		return 0;
	for (unsigned i = 0; i < SOUNDS_SAMPLES; i++) {
		struct sounds_file sample = sounds_sample(i);
		uint8_t *bytes = malloc(sample.size + 1);
		char name[32];

		bytes[0] = (uint8_t)(i * 37);
		memcpy(bytes + 1, sample.bytes, sample.size);
		(void)snprintf(name, sizeof(name), "wav-%u", i);
		seeds_write((*argv)[2], name, bytes, sample.size + 1);
		free(bytes);
		free(sample.bytes);
	}
	exit(0);
}
