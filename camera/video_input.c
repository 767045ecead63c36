/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/video_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (64 * 1024)

int video_input_open(struct video_input *input, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;

	*input = (struct video_input){
		.fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
		.is_ours = !is_stdin,
	};
	return input->fd < 0 ? -errno : 0;
}

void video_input_open_bytes(struct video_input *input, const void *bytes, size_t size)
{
	*input = (struct video_input){
		.data = bytes, .size = size, .is_end = true,
		.fd = -1, .bytes = bytes, .bytes_size = size,
	};
}

void video_input_close(struct video_input *input)
{
	if (input->is_ours && input->fd >= 0)
		(void)close(input->fd); /* read only */
	free(input->buffer);
}

/* Room for a window of `size` bytes, what is in it first. */
static int make_room(struct video_input *input, size_t size)
{
	size_t room = input->room ? input->room : PIECE;
	uint8_t *buffer;

	if (input->buffer && input->data + size <= input->buffer + input->room)
		return 0;
	if (input->room >= size) {
		memmove(input->buffer, input->data, input->size);
		input->data = input->buffer;
		return 0;
	}
	while (room < size)
		room *= 2;
	buffer = malloc(room);
	if (!buffer)
		return -ENOMEM;
	if (input->size > 0)
		memcpy(buffer, input->data, input->size);
	free(input->buffer);
	input->buffer = buffer;
	input->room = room;
	input->data = buffer;
	return 0;
}

int video_input_need(struct video_input *input, size_t size)
{
	int r;

	if (input->size >= size || input->is_end)
		return 0;
	r = make_room(input, size);
	while (r == 0 && input->size < size && !input->is_end) {
		size_t at = (size_t)(input->data - input->buffer) + input->size;
		ssize_t got = read(input->fd, input->buffer + at, input->room - at);

		if (got > 0)
			input->size += (size_t)got;
		else if (got == 0)
			input->is_end = true;
		else
			r = -errno;
	}
	return r;
}

int video_input_more(struct video_input *input)
{
	return video_input_need(input, input->size + 1);
}

void video_input_skip(struct video_input *input, size_t size)
{
	input->data += size;
	input->size -= size;
	input->offset += size;
}

int video_input_rewind(struct video_input *input, uint64_t offset)
{
	if (input->fd < 0) {
		input->data = input->bytes + offset;
		input->size = input->bytes_size - (size_t)offset;
	} else {
		if (lseek(input->fd, (off_t)offset, SEEK_SET) < 0)
			return -errno;
		input->data = input->buffer;
		input->size = 0;
		input->is_end = false;
	}
	input->offset = offset;
	return 0;
}
