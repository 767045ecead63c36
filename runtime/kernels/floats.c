/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/floats.h"

#include <string.h>

#define COLUMNS 8 /* of a packed block */
#define ROWS    4 /* that share one pass over a block */

static uint32_t blocks(const struct float_product *p)
{
	return (p->n + COLUMNS - 1) / COLUMNS;
}

size_t float_product_packed_bytes(const struct float_product *p)
{
	return (size_t)blocks(p) * COLUMNS * p->k * sizeof(float);
}

void float_product_pack(const struct float_product *p, const void *b, float *packed)
{
	const char *from = b;

	memset(packed, 0, float_product_packed_bytes(p));
	for (uint32_t n = 0; n < p->n; n++) {
		float *block = packed + (size_t)(n / COLUMNS) * COLUMNS * p->k;

		for (uint32_t i = 0; i < p->k; i++)
			memcpy(&block[(size_t)i * COLUMNS + n % COLUMNS],
			       from + ((size_t)n * p->k + i) * sizeof(float),
			       sizeof(float));
	}
}

/* sums [rows][COLUMNS] of one block; `rows` is ROWS or 1 at every call. */
static inline void sum_block(const float *a, size_t a_stride, const float *block,
			     uint32_t k, uint32_t rows, float sums[ROWS][COLUMNS])
{
	memset(sums, 0, rows * sizeof(sums[0]));
	for (uint32_t i = 0; i < k; i++, block += COLUMNS)
		for (uint32_t r = 0; r < rows; r++)
			for (uint32_t c = 0; c < COLUMNS; c++)
				sums[r][c] += a[r * a_stride + i] * block[c];
}

static void write_row(const struct float_product *p, const float *sums, uint32_t first,
		      float *out)
{
	for (uint32_t c = 0; c < COLUMNS && first + c < p->n; c++) {
		float sum = sums[c];

		if (p->bias)
			sum += p->bias[first + c];
		out[first + c] = clamp_float(sum, p->range);
	}
}

void float_product_run(const struct float_product *p, const float *packed,
		       const float *a, size_t a_stride,
		       float *out, size_t out_stride, uint32_t rows)
{
	float sums[ROWS][COLUMNS];
	uint32_t step;

	for (uint32_t r = 0; r < rows; r += step, a += step * a_stride,
				       out += step * out_stride) {
		step = rows - r >= ROWS ? ROWS : 1;
		for (uint32_t b = 0; b < blocks(p); b++) {
			const float *block = packed + (size_t)b * COLUMNS * p->k;

			if (step == ROWS)
				sum_block(a, a_stride, block, p->k, ROWS, sums);
			else
				sum_block(a, a_stride, block, p->k, 1, sums);
			for (uint32_t i = 0; i < step; i++)
				write_row(p, sums[i], b * COLUMNS, out + i * out_stride);
		}
	}
}
