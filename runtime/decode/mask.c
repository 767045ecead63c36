/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/mask.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CLASSES_MAX 256
#define INDEX_MAX (CLASSES_MAX - 1)

static bool holds_indices(const struct atoll_tensor *output)
{
	return output->rank == 3 &&
	       (output->type == ATOLL_INT32 || output->type == ATOLL_INT64 ||
		output->type == ATOLL_UINT8);
}

static bool holds_scores(const struct atoll_tensor *output)
{
	return output->rank == 4 && output->dims[3] >= 2 &&
	       (output->type == ATOLL_UINT8 || output->type == ATOLL_INT8 ||
		output->type == ATOLL_FLOAT32);
}

ATOLL_API int atoll_mask_size(const struct atoll_tensor *output, uint32_t *width,
			      uint32_t *height, uint32_t *classes, struct atoll_error *err)
{
	char shape[ATOLL_SHAPE_TEXT];

	if ((!holds_indices(output) && !holds_scores(output)) || output->dims[0] != 1 ||
	    output->dims[1] < 1 || output->dims[2] < 1)
		return atoll_error_set(err, -ENOTSUP, "output %s: %s %s is not a mask: "
			"1 x height x width of int32, int64 or uint8, or with 2 or more "
			"scores of uint8, int8 or float32 for each pixel", output->name,
			atoll_type_name(output->type),
			atoll_shape_text(output->rank, output->dims, shape));
	if (holds_scores(output) && output->dims[3] > CLASSES_MAX)
		return atoll_error_set(err, -ENOTSUP,
			"output %s: %d classes for each pixel, at most %d are supported",
			output->name, output->dims[3], CLASSES_MAX);
	*height = (uint32_t)output->dims[1];
	*width = (uint32_t)output->dims[2];
	*classes = holds_scores(output) ? (uint32_t)output->dims[3] : 0;
	return 0;
}

/* A negative index is as wrong as one that is too large. */
static uint8_t narrow(int64_t index)
{
	return (uint8_t)(index < 0 || index > INDEX_MAX ? INDEX_MAX : index);
}

static void read_indices(const struct atoll_tensor *output, uint8_t *mask)
{
	const int32_t *int32s = output->data;
	const int64_t *int64s = output->data;

	if (output->type == ATOLL_UINT8)
		memcpy(mask, output->data, output->elements);
	else
		for (size_t i = 0; i < output->elements; i++)
			mask[i] = narrow(output->type == ATOLL_INT32 ? int32s[i] :
					 int64s[i]);
}

/* Stored numbers are in the same order as the real ones behind them. */
static uint8_t best_of_bytes(const uint8_t *score, size_t classes, uint8_t flip)
{
	size_t best = 0;

	for (size_t c = 1; c < classes; c++)
		if ((score[c] ^ flip) > (score[best] ^ flip))
			best = c;
	return (uint8_t)best;
}

static uint8_t best_of_floats(const float *score, size_t classes)
{
	float highest = -INFINITY; /* so that NaN is never the best */
	size_t best = 0;

	for (size_t c = 0; c < classes; c++)
		if (score[c] > highest) {
			highest = score[c];
			best = c;
		}
	return (uint8_t)best;
}

static void read_scores(const struct atoll_tensor *output, uint8_t *mask)
{
	size_t classes = (size_t)output->dims[3];
	size_t pixels = output->elements / classes;
	const uint8_t *bytes = output->data;
	const float *floats = output->data;

	for (size_t i = 0; i < pixels; i++)
		mask[i] = output->type == ATOLL_FLOAT32 ?
			best_of_floats(floats + i * classes, classes) :
			best_of_bytes(bytes + i * classes, classes,
				      output->type == ATOLL_INT8 ? 0x80 : 0);
}

ATOLL_API void atoll_mask_read(const struct atoll_tensor *output, uint8_t *mask)
{
	if (holds_indices(output))
		read_indices(output, mask);
	else
		read_scores(output, mask);
}
