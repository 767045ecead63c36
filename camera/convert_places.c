/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/convert_places.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Of a weight; 2 more bits would not fit beside the sign in 16. */
#define WHOLE (1 << 14)

static void put(struct convert_places *places, uint32_t o, uint32_t in, double p)
{
	uint32_t first;
	int16_t weight;

	p = fmin(fmax(p, 0), in - 1);
	first = (uint32_t)p;
	weight = (int16_t)lround((p - first) * WHOLE);
	if (weight == WHOLE) {
		first++;
		weight = 0;
	}
	places->first[o] = first;
	places->pair[o][0] = (int16_t)(WHOLE - weight);
	places->pair[o][1] = weight;
	places->twin[o][0] = places->twin[o][1] = (int16_t)(2 * weight);
	/* With a weight, p is below in - 1 and there is a sample behind. */
	if (first < places->low)
		places->low = first;
	if (first + 1 + (weight > 0) > places->high)
		places->high = first + 1 + (weight > 0);
}

int convert_places_set(struct convert_places *places, uint32_t in, uint32_t out,
		       double visible)
{
	size_t room = CONVERT_ROOM(out);
	uint8_t *block = calloc(room, sizeof(*places->first) + sizeof(*places->pair) +
				      sizeof(*places->twin));

	if (!block)
		return -ENOMEM;
	convert_places_clear(places);
	places->first = (uint32_t *)(void *)block;
	places->pair = (int16_t(*)[2])(places->first + room);
	places->twin = places->pair + room;
	places->count = out;
	places->low = in;
	places->high = 0;
	for (uint32_t o = 0; o < out; o++)
		put(places, o, in, in * (0.5 + ((o + 0.5) / out - 0.5) * visible) - 0.5);
	return 0;
}

void convert_places_clear(struct convert_places *places)
{
	free(places->first);
	*places = (struct convert_places){ 0 };
}
