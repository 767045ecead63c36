/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/wav.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "audio/wav_header.h"
#include "audio/wav_input.h"
#include "audio/wav_stream.h"

#define FRAME_BYTES_MAX (ATOLL_CHANNELS_MAX * 4)

struct atoll_wav {
	struct wav_input input;
	struct atoll_wav_form form;
	uint32_t frame_bytes;
	uint64_t data_at, data_bytes; /* of the samples, as in struct wav_header */
	uint64_t left;                /* of data_bytes */
	uint64_t frames;              /* read so far */
	uint8_t part[FRAME_BYTES_MAX]; /* of a frame whose end has not come yet */
	uint32_t part_bytes;
	bool is_end;
};

static void begin(struct atoll_wav *wav, const struct wav_header *header)
{
	wav->form = header->form;
	wav->frame_bytes = header->form.channels * atoll_samples_bytes(header->form.samples);
	wav->data_at = wav->input.at;
	wav->data_bytes = wav->left = header->data_bytes;
}

static struct atoll_wav *refused(struct atoll_wav *wav, const char *path, int r,
				 struct atoll_error *err)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : atoll_error_path(path);

	atoll_wav_close(wav);
	if (r < 0)
		atoll_error_set(err, r, "%s: %s", name, strerror(-r));
	else
		(void)atoll_error_prefix(err, "%s", name); /* the code is in it */
	return NULL;
}

ATOLL_API struct atoll_wav *atoll_wav_open(const char *path, struct atoll_error *err)
{
	struct atoll_wav *wav = calloc(1, sizeof(*wav));
	struct wav_header header;
	int r = wav ? wav_input_open(&wav->input, path) : -ENOMEM;

	if (r < 0)
		return refused(wav, path, r, err);
	if (wav_header_read(&wav->input, &header, err) < 0)
		return refused(wav, path, 0, err);
	begin(wav, &header);
	return wav;
}

ATOLL_API struct atoll_wav *atoll_wav_open_bytes(const void *bytes, size_t size,
						 struct atoll_error *err)
{
	struct atoll_wav *wav = calloc(1, sizeof(*wav));
	struct wav_header header;

	if (!wav)
		return refused(wav, "WAV file", -ENOMEM, err);
	wav_input_open_bytes(&wav->input, bytes, size);
	if (wav_header_read(&wav->input, &header, err) < 0)
		return refused(wav, "WAV file", 0, err);
	begin(wav, &header);
	return wav;
}

struct atoll_wav *wav_open_raw(const char *path, const struct atoll_wav_form *form,
			       struct atoll_error *err)
{
	struct wav_header header = { .form = *form, .data_bytes = WAV_INPUT_ENDLESS };
	struct atoll_wav *wav = calloc(1, sizeof(*wav));
	int r = wav ? wav_input_open(&wav->input, path) : -ENOMEM;

	if (r < 0)
		return refused(wav, path, r, err);
	if (wav_form_check(form, -EINVAL, err) < 0)
		return refused(wav, path, 0, err);
	begin(wav, &header);
	return wav;
}

ATOLL_API void atoll_wav_close(struct atoll_wav *wav)
{
	if (!wav)
		return;
	wav_input_close(&wav->input);
	free(wav);
}

ATOLL_API struct atoll_wav_form atoll_wav_form(const struct atoll_wav *wav)
{
	return wav->form;
}

int wav_fd(const struct atoll_wav *wav)
{
	return wav->input.size == WAV_INPUT_ENDLESS ? wav->input.fd : -1;
}

bool wav_is_at_end(const struct atoll_wav *wav)
{
	return wav->is_end || wav->left == 0;
}

int wav_read_some(struct atoll_wav *wav, void *frames, uint32_t room)
{
	uint32_t most = room < INT_MAX / FRAME_BYTES_MAX ? room : INT_MAX / FRAME_BYTES_MAX;
	uint8_t *to = frames;
	uint64_t bytes;
	int64_t got;

	if (room == 0 || wav_is_at_end(wav))
		return 0;
	bytes = (uint64_t)most * wav->frame_bytes - wav->part_bytes;
	if (bytes > wav->left)
		bytes = wav->left;
	memcpy(to, wav->part, wav->part_bytes);
	got = wav_input_some(&wav->input, to + wav->part_bytes, (size_t)bytes);
	if (got < 0)
		return (int)got;
	wav->is_end = got == 0;
	if (wav->data_bytes != WAV_INPUT_ENDLESS)
		wav->left -= (uint64_t)got;
	bytes = wav->part_bytes + (uint64_t)got;
	wav->part_bytes = (uint32_t)(bytes % wav->frame_bytes);
	bytes -= wav->part_bytes;
	memcpy(wav->part, to + bytes, wav->part_bytes);
	wav->frames += bytes / wav->frame_bytes;
	if (bytes == 0 && !wav_is_at_end(wav))
		return -EAGAIN;
	return (int)(bytes / wav->frame_bytes);
}

ATOLL_API int atoll_wav_read(struct atoll_wav *wav, void *frames, uint32_t room)
{
	uint32_t most = room < INT_MAX ? room : INT_MAX;
	uint32_t read = 0;

	while (read < most) {
		uint8_t *to = (uint8_t *)frames + (size_t)read * wav->frame_bytes;
		int r = wav_read_some(wav, to, most - read);

		if (r == 0)
			break;
		if (r > 0)
			read += (uint32_t)r;
		else if (r != -EAGAIN)
			return read > 0 ? (int)read : r;
	}
	return (int)read;
}

ATOLL_API uint64_t atoll_wav_missing(const struct atoll_wav *wav)
{
	return wav->is_end && wav->form.frames > wav->frames ?
		wav->form.frames - wav->frames : 0;
}

ATOLL_API int atoll_wav_rewind(struct atoll_wav *wav)
{
	int r = wav_input_seek(&wav->input, wav->data_at);

	if (r < 0)
		return r;
	wav->left = wav->data_bytes;
	wav->frames = 0;
	wav->part_bytes = 0;
	wav->is_end = false;
	return 0;
}
