/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_BEST_H
#define ATOLL_RUNTIME_DECODE_BEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * The best few of many, in the caller's array: sorted by a float within each item,
 * highest first, equal ones in the order in which they were offered.
 *
 *	struct best best = BEST(box, room, score);
 *
 *	for each candidate
 *		best_offer(&best, &candidate);
 *	return best.count;
 */
struct best {
	char *item;
	size_t bytes, score_at; /* of an item, and of the float in it */
	uint32_t room, count;
};

#define BEST(items, places, score) { \
	.item = (char *)(items), .bytes = sizeof(*(items)), \
	.score_at = offsetof(__typeof__(*(items)), score), \
	.room = (places) }

/* The candidate's score is a number. */
void best_offer(struct best *best, const void *candidate);

#endif
