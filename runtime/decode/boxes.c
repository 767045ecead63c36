/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/boxes.h"

#include <math.h>
#include <stdbool.h>

#include "runtime/decode/best.h"
#include "runtime/decode/outputs.h"

ATOLL_API int atoll_boxes_find(const struct atoll_session *session,
			       struct atoll_boxes *boxes, struct atoll_error *err)
{
	const struct atoll_tensor *output[4];
	int r = decode_outputs_of(session, "TFLite_Detection_PostProcess", 4, output, err);

	if (r < 0)
		return r;
	*boxes = (struct atoll_boxes){ .place = output[0], .index = output[1],
				       .score = output[2], .count = output[3] };
	return 0;
}

/* Comparisons with NaN are false, which leaves it out. */
static bool read_box(const struct atoll_boxes *boxes, size_t i, struct atoll_box *box)
{
	const float *place = (const float *)boxes->place->data + 4 * i;
	float index = ((const float *)boxes->index->data)[i];

	*box = (struct atoll_box){
		.top = place[0], .left = place[1], .bottom = place[2], .right = place[3],
		.score = ((const float *)boxes->score->data)[i],
	};
	if (!(index >= 0 && index <= ATOLL_BOX_INDEX_MAX))
		return false;
	box->index = (uint32_t)index;
	return isfinite(box->bottom - box->top) && box->bottom > box->top &&
	       isfinite(box->right - box->left) && box->right > box->left;
}

ATOLL_API uint32_t atoll_boxes_read(const struct atoll_boxes *boxes, float threshold,
				    struct atoll_box *box, uint32_t room)
{
	float meant = *(const float *)boxes->count->data;
	size_t most = boxes->score->elements;
	struct best best = BEST(box, room, score);

	for (size_t i = 0; i < most && (float)i < meant; i++) {
		struct atoll_box candidate;

		if (read_box(boxes, i, &candidate) && candidate.score >= threshold)
			best_offer(&best, &candidate);
	}
	return best.count;
}
