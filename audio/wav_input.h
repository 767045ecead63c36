/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_WAV_INPUT_H
#define ATOLL_AUDIO_WAV_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a sound, from a file, a pipe or memory, in their order.
 *
 *	got = wav_input_read(&input, header, sizeof(header));
 *	r = wav_input_skip(&input, chunk_bytes);
 */
struct wav_input {
	uint64_t at;          /* of the next byte */
	uint64_t size;        /* WAV_INPUT_ENDLESS: not known */
	/* Ours: */
	int fd;               /* -1: memory */
	bool is_ours;         /* the fd, to close */
	const uint8_t *bytes; /* memory */
};

#define WAV_INPUT_ENDLESS UINT64_MAX

/* "-" is standard input. 0 or a negative errno. */
int wav_input_open(struct wav_input *input, const char *path);
void wav_input_open_bytes(struct wav_input *input, const void *bytes, size_t size);
void wav_input_close(struct wav_input *input);

/* What is there, as soon as something is; 0 at the end; a negative errno. */
int64_t wav_input_some(struct wav_input *input, void *to, size_t size);

/* All of it; less only at the end. */
int64_t wav_input_read(struct wav_input *input, void *to, size_t size);

/* -ENODATA when the end comes before. */
int wav_input_skip(struct wav_input *input, uint64_t size);

/* Go to byte `at`. -ESPIPE for a pipe. */
int wav_input_seek(struct wav_input *input, uint64_t at);

#endif
