/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/wav_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int wav_input_open(struct wav_input *input, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct stat status;
	off_t at;

	*input = (struct wav_input){
		.size = WAV_INPUT_ENDLESS,
		.fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
		.is_ours = !is_stdin,
	};
	if (input->fd < 0 || fstat(input->fd, &status) < 0)
		return -errno;
	/* Standard input may be a file that somebody has read from already. */
	at = S_ISREG(status.st_mode) ? lseek(input->fd, 0, SEEK_CUR) : -1;
	if (at >= 0) {
		input->at = (uint64_t)at;
		input->size = (uint64_t)status.st_size;
	}
	return 0;
}

void wav_input_open_bytes(struct wav_input *input, const void *bytes, size_t size)
{
	*input = (struct wav_input){ .size = size, .fd = -1, .bytes = bytes };
}

void wav_input_close(struct wav_input *input)
{
	if (input->is_ours && input->fd >= 0)
		(void)close(input->fd); /* read only */
}

static int64_t some_of_memory(struct wav_input *input, void *to, size_t size)
{
	size_t left = (size_t)(input->size - input->at);
	size_t got = size < left ? size : left;

	if (got > 0)
		memcpy(to, input->bytes + input->at, got);
	return (int64_t)got;
}

int64_t wav_input_some(struct wav_input *input, void *to, size_t size)
{
	int64_t got;

	if (input->fd < 0) {
		got = some_of_memory(input, to, size);
	} else {
		got = read(input->fd, to, size);
		if (got < 0)
			return -errno;
	}
	input->at += (uint64_t)got;
	return got;
}

int64_t wav_input_read(struct wav_input *input, void *to, size_t size)
{
	size_t read = 0;

	while (read < size) {
		int64_t got = wav_input_some(input, (uint8_t *)to + read, size - read);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		read += (size_t)got;
	}
	return (int64_t)read;
}

static int read_away(struct wav_input *input, uint64_t size)
{
	uint8_t away[4096];

	while (size > 0) {
		size_t piece = size < sizeof(away) ? (size_t)size : sizeof(away);
		int64_t got = wav_input_some(input, away, piece);

		if (got <= 0)
			return got < 0 ? (int)got : -ENODATA;
		size -= (uint64_t)got;
	}
	return 0;
}

int wav_input_skip(struct wav_input *input, uint64_t size)
{
	if (input->size == WAV_INPUT_ENDLESS)
		return read_away(input, size);
	if (input->at > input->size || size > input->size - input->at)
		return -ENODATA;
	return wav_input_seek(input, input->at + size);
}

int wav_input_seek(struct wav_input *input, uint64_t at)
{
	if (input->size == WAV_INPUT_ENDLESS)
		return -ESPIPE;
	if (input->fd >= 0 && lseek(input->fd, (off_t)at, SEEK_SET) < 0)
		return -errno;
	input->at = at;
	return 0;
}
