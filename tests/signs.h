/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_SIGNS_H
#define ATOLL_TESTS_SIGNS_H

#include <stdint.h>

#include "tests/check.h"

/*
 * Pictures of cards that the cards model was never taught: a sign on a card before
 * some backdrop, each picture another by chance.
 *
 *	static uint8_t rgb[96 * 96 * 3];
 *	struct check_random random = { 1 };
 *
 *	signs_draw(SIGNS_ENVELOPE, &random, 96, rgb);
 *
 * By chance are where the sign lies, now and then partly outside, its size (40 to 85
 * percent of the frame) and turn (up to 35 degrees either way), its colours within some
 * bounds and those of the card, the backdrop (gradients, stripes, checks, spots), how
 * bright and how warm the light is, the blur and the noise.
 */
enum signs { SIGNS_ENVELOPE, SIGNS_TRAFFIC_LIGHT, SIGNS_HOURGLASS, SIGNS };

extern const char *const signs_names[SIGNS];

/* [side][side][3] bytes of RGB. */
void signs_draw(enum signs sign, struct check_random *random, uint32_t side, uint8_t *rgb);

#endif
