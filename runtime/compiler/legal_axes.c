/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators along axes: none of them may touch the batch, which is all that lies
 * outside the three innermost dimensions.
 */
#include "runtime/compiler/legal_rules.h"

#include <inttypes.h>

#include "runtime/schema/tflite.h"

/* Counted from the innermost dimension: z, x, y, then the batch. */
enum { Z, X, Y, BATCH };

/*
 * Pixels that one mean may be over. An inference: 256x128 is refused, 64x128 accepted
 * (public reports), and nothing is known between the two.
 */
#define MEAN_PIXELS_MAX 16384

/* Z, X, Y, or BATCH and more for what lies further out. */
static int64_t place(int64_t axis, uint32_t rank)
{
	return axis < 0 ? -1 - axis : (int64_t)rank - 1 - axis;
}

static enum atoll_mapping refuse_batch(const struct legal_question *question)
{
	return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
			    "use another axis than that of the batch",
			    "it works along the batch");
}

/* Bit Z, X and Y for each axis; ATOLL_MAPPED when there is no other. */
static enum atoll_mapping read_axes(const struct legal_question *question,
				    uint32_t *axes)
{
	const struct atoll_tensor *in = legal_input(question, 0);
	const struct atoll_tensor *list = legal_input(question, 1);

	*axes = 0;
	if (!list || !legal_is_whole(list))
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT, NULL,
				    "its axes are no whole numbers");
	for (size_t i = 0; i < list->elements; i++) {
		int64_t at = place(legal_whole(list, i), in->rank);

		if (at < Z || at >= BATCH)
			return refuse_batch(question);
		*axes |= 1u << at;
	}
	return ATOLL_MAPPED;
}

enum atoll_mapping legal_reduce(const struct legal_question *question)
{
	uint32_t axes;

	return read_axes(question, &axes);
}

enum atoll_mapping legal_mean(const struct legal_question *question)
{
	struct legal_box in = legal_box_of(legal_input(question, 0));
	uint32_t axes;
	enum atoll_mapping mapping = read_axes(question, &axes);
	int64_t pixels;

	if (mapping != ATOLL_MAPPED)
		return mapping;
	if (axes & 1u << Z && question->runtime_version < 13)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "ask for runtime version 13 or newer",
				    "a mean over z, which came with runtime version 13");
	if (axes & 1u << Z && in.z % 4 != 0)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "use a multiple of four channels",
				    "a mean over %" PRId64 " channels, no multiple of 4",
				    in.z);
	pixels = (axes & 1u << Y ? in.y : 1) * (axes & 1u << X ? in.x : 1);
	if (pixels > MEAN_PIXELS_MAX)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				    "SPLIT it, take the mean of each part, then of those",
				    "a mean over %" PRId64 " pixels, more than %d", pixels,
				    MEAN_PIXELS_MAX);
	return ATOLL_MAPPED;
}

enum atoll_mapping legal_pack(const struct legal_question *question)
{
	int32_t axis = flatbuf_i32(question->op->options, PACK_AXIS, 0);

	return place(axis, legal_output(question, 0)->rank) < BATCH ? ATOLL_MAPPED :
		refuse_batch(question);
}

enum atoll_mapping legal_split(const struct legal_question *question)
{
	const struct atoll_tensor *axis = legal_input(question, 0);

	if (!axis || !legal_is_whole(axis) || axis->elements != 1)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT, NULL,
				    "its axis is no whole number");
	return place(legal_whole(axis, 0), legal_input(question, 1)->rank) < BATCH ?
		ATOLL_MAPPED : refuse_batch(question);
}

enum atoll_mapping legal_pad(const struct legal_question *question)
{
	const struct atoll_tensor *list = legal_input(question, 1);
	uint32_t rank = legal_input(question, 0)->rank;

	if (!list || !legal_is_whole(list) || list->elements != 2 * (size_t)rank)
		return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT, NULL,
				    "its paddings are no pairs of whole numbers");
	for (uint32_t d = 0; d < rank; d++) {
		if (legal_whole(list, 2 * d) == 0 && legal_whole(list, 2 * d + 1) == 0)
			continue;
		if (place(d, rank) >= BATCH)
			return refuse_batch(question);
		if (place(d, rank) == Z && question->runtime_version < 13)
			return legal_refuse(question, ATOLL_NOT_MAPPED_LIMIT,
				"ask for runtime version 13 or newer",
				"padding in z, which came with runtime version 13");
	}
	return ATOLL_MAPPED;
}
