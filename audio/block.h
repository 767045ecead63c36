/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_BLOCK_H
#define ATOLL_AUDIO_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A piece of sound as all of this room hands it on: one channel, 16000 samples a
 * second, -1 to 1.
 *
 *	for (uint32_t i = 0; i < block.count; i++)
 *		sum += block.sample[i] * block.sample[i];
 */
#define ATOLL_SOUND_RATE 16000

struct atoll_block {
	const float *sample;   /* [count] a view that ends with the next call */
	uint32_t count;
	uint64_t at;           /* number of the first sample since open; jumps by what
				  was lost */
	int64_t time_ns;       /* when the first sample was taken, CLOCK_MONOTONIC;
				  files: as if they began at open */
	bool is_after_gap;     /* samples were lost right before it */
};

#endif
