/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_APPEND_H
#define ATOLL_RUNTIME_LEARN_APPEND_H

#include <stdint.h>

/*
 * How the real numbers from low to high are stored in bytes: one is worth
 * scale * (stored - zero), and 0 is among them exactly.
 *
 *	struct append_scale scale = append_choose(-1.5, 2.0);
 *	uint8_t stored = append_store(scale, 0.25);
 */
struct append_scale {
	float scale;
	int32_t zero;
};

/* The range is widened to hold 0. One of no width gets steps of 1. */
struct append_scale append_choose(double low, double high);
uint8_t append_store(struct append_scale scale, double real);

#endif
