/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_CLASSES_H
#define ATOLL_RUNTIME_DECODE_CLASSES_H

#include <stdint.h>

#include "runtime/tensor.h"

/*
 * The likeliest classes of a classifier's output.
 *
 *	struct atoll_class best[3];
 *	int found = atoll_classes_top(atoll_session_output(session, 0), 0.1f,
 *				      best, 3);
 */
struct atoll_class {
	uint32_t index; /* position in the output */
	float score;    /* real value: a probability behind SOFTMAX */
};

/*
 * The up to `room` classes with the highest scores of at least `threshold`,
 * best first, equal ones by index. Returns how many, or -ENOTSUP for an output
 * that is not uint8, int8 or float32. NaN is never among them.
 */
int atoll_classes_top(const struct atoll_tensor *output, float threshold,
		      struct atoll_class *best, uint32_t room);

#endif
