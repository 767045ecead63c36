/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int feed_check(const struct atoll_tensor *input, struct atoll_error *err)
{
	char shape[ATOLL_SHAPE_TEXT];

	if (input->type != ATOLL_UINT8 && input->type != ATOLL_INT8 &&
	    input->type != ATOLL_FLOAT32)
		return atoll_error_set(err, -ENOTSUP,
			"input %s: %s cannot take a picture; uint8, int8 and float32 can",
			input->name, atoll_type_name(input->type));
	if (input->rank != 4 || input->dims[0] != 1 || input->dims[1] < 1 ||
	    input->dims[2] < 1 || (input->dims[3] != 3 && input->dims[3] != 1))
		return atoll_error_set(err, -ENOTSUP,
			"input %s: shape %s is not that of a picture, "
			"1 x height x width x 3 or 1",
			input->name, atoll_shape_text(input->rank, input->dims, shape));
	return 0;
}

/* ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, in 1/65536. */
static void grey_in_place(uint8_t *bytes, size_t pixels)
{
	for (size_t i = 0; i < pixels; i++)
		bytes[i] = (uint8_t)((19595u * bytes[3 * i] + 38470u * bytes[3 * i + 1] +
				      7471u * bytes[3 * i + 2] + 32768u) >> 16);
}

static void store(const uint8_t *bytes, struct atoll_tensor *input)
{
	switch (input->type) {
	case ATOLL_UINT8:
		memcpy(input->data, bytes, input->elements);
		break;
	case ATOLL_INT8:
		for (size_t i = 0; i < input->elements; i++)
			((int8_t *)input->data)[i] = (int8_t)(bytes[i] - 128);
		break;
	default:
		for (size_t i = 0; i < input->elements; i++)
			((float *)input->data)[i] = (float)bytes[i] / 127.5f - 1.0f;
	}
}

int feed_picture(const struct atoll_picture *picture, struct atoll_tensor *input,
		 struct atoll_error *err)
{
	uint32_t height = (uint32_t)input->dims[1], width = (uint32_t)input->dims[2];
	uint8_t *rgb = malloc((size_t)height * width * 3);
	int r = rgb ? atoll_picture_resize(picture, width, height, rgb) : -ENOMEM;

	if (r < 0) {
		free(rgb);
		return atoll_error_set(err, r, "resize to %ux%u: %s", width, height,
				       strerror(-r));
	}
	if (input->dims[3] == 1)
		grey_in_place(rgb, (size_t)height * width);
	store(rgb, input);
	free(rgb);
	return 0;
}
