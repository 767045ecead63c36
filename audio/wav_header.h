/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_WAV_HEADER_H
#define ATOLL_AUDIO_WAV_HEADER_H

#include <stdint.h>

#include "audio/wav.h"
#include "audio/wav_input.h"
#include "board/error.h"

/*
 * What comes before the samples of a WAV file.
 *
 *	struct wav_header header;
 *
 *	if (wav_header_read(&input, &header, &err) == 0)
 *		read_from(input.at, header.data_bytes);
 */
struct wav_header {
	struct atoll_wav_form form;
	uint64_t data_bytes;  /* WAV_INPUT_ENDLESS: to the end of the file */
};

/* Leaves the input at the first sample. The sentence does not name the file. */
int wav_header_read(struct wav_input *input, struct wav_header *header,
		    struct atoll_error *err);

/* 0, or `code` with a sentence: a rate or channels that we do not work with. */
int wav_form_check(const struct atoll_wav_form *form, int code, struct atoll_error *err);

#endif
