/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/fill.h"

static void fill_floats(enum atoll_fill fill, uint32_t state, float *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double value = (double)((i * 31 + 7) % 255);

		if (fill == ATOLL_FILL_LCG) {
			state = state * 1664525u + 1013904223u;
			value = state >> 24;
		}
		at[i] = (float)(value / 127.5 - 1);
	}
}

static void fill_bytes(enum atoll_fill fill, uint32_t state, uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		at[i] = (uint8_t)(i * 31 + 7);
		if (fill == ATOLL_FILL_LCG) {
			state = state * 1664525u + 1013904223u;
			at[i] = (uint8_t)(state >> 24);
		}
	}
}

ATOLL_API void atoll_fill(enum atoll_fill fill, uint32_t number,
			  struct atoll_tensor *input)
{
	uint32_t state = 12345 + number;

	if (input->type == ATOLL_FLOAT32)
		fill_floats(fill, state, input->data, input->elements);
	else
		fill_bytes(fill, state, input->data, input->bytes);
}
