/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_RANDOM_H
#define ATOLL_RUNTIME_LEARN_RANDOM_H

#include <math.h>
#include <stdint.h>

/*
 * Random numbers that are the same for the same seed, everywhere (SplitMix64).
 *
 *	struct random random = { seed };
 *
 *	row = random_below(&random, rows);
 *	weight = 0.01 * random_normal(&random);
 */
struct random {
	uint64_t state;
};

static inline uint64_t random_bits(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 to limit - 1, each as likely as the next to one in 2^32. */
static inline uint32_t random_below(struct random *random, uint32_t limit)
{
	return (uint32_t)((random_bits(random) >> 32) * limit >> 32);
}

/* Of mean 0 and deviation 1, by the formula of Box and Muller. */
static inline double random_normal(struct random *random)
{
	const double one = ((double)(random_bits(random) >> 11) + 1) * 0x1p-53;
	const double two = (double)(random_bits(random) >> 11) * 0x1p-53;

	return sqrt(-2 * log(one)) * cos(2 * M_PI * two);
}

#endif
