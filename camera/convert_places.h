/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_CONVERT_PLACES_H
#define CAMERA_CONVERT_PLACES_H

#include "camera/convert_loops.h"

/*
 * For `out` outputs over the middle `visible` part (0 to 1) of `in` samples.
 *
 *	struct convert_places x = { 0 };
 *
 *	if (convert_places_set(&x, 640, 224, 480.0 / 640) == 0)
 *		loops->pick_one(picked, row, &x);
 *	convert_places_clear(&x);
 *
 * Set replaces what was there. Returns 0, or -ENOMEM and leaves it as it was.
 */
int convert_places_set(struct convert_places *places, uint32_t in, uint32_t out,
		       double visible);

void convert_places_clear(struct convert_places *places);

#endif
