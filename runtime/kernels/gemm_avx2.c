/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/avx2.h"

#include <string.h>

/*
 * 8-bit matrix product with vpmaddwd: in each 32-bit lane, the products of two
 * pairs of 16-bit numbers are added. One register holds eight columns.
 *
 *	x    a - za, in 16 bits, worked out once for a block of rows
 *	b'   the bytes of b as int8                   -128..127
 *
 *	sum of (a - za) * (b - zb) = sum of x * b' - zb' * (sum of x)
 *
 * The last term is not there when zb' is 0, as for all int8 models. Everything
 * wraps at 32 bits.
 *
 *	packed   head, [groups] struct columns, [group][pairs][8 or 16][2]
 *	scratch  [BLOCK_ROWS] row terms, [rows of a block][padded k] int16
 *
 * k is filled up to whole pairs with zero weights. Columns go in groups of
 * sixteen, two registers, the last one in eight if that is enough; rows in tiles
 * of six, or of eight with a single register.
 */
#define BLOCK_ROWS 96
#define TERMS_BYTES (BLOCK_ROWS * sizeof(int32_t))

/* Leaves room for weights in a first level cache. */
#define BLOCK_BYTES 24576

struct block {
	const int16_t *x;
	size_t x_stride; /* numbers */
	uint8_t *out;
	size_t out_stride;
	uint32_t rows;
	uint32_t pairs;
	const int32_t *row_terms; /* [rows] */
	const struct ending *end;
	enum finish finish;
};

struct group {
	const int8_t *weights;
	const struct columns *columns;
	uint32_t first, count; /* columns of the matrix */
};

static uint32_t pairs_of(const struct gemm *g)
{
	return ceil_div(g->k, 2);
}

static size_t padded_k(const struct gemm *g)
{
	return ((size_t)g->k + 15) / 16 * 16;
}

/* A multiple of 24, which both tile heights divide. */
static uint32_t block_rows(const struct gemm *g)
{
	size_t rows = BLOCK_BYTES / (padded_k(g) * sizeof(int16_t) + 1) / 24 * 24;

	return rows < 24 ? 24 : least((uint32_t)rows, BLOCK_ROWS);
}

/* Registers of the group that begins with column n. */
static uint32_t vectors_at(const struct gemm *g, uint32_t n)
{
	return g->n - n > 8 ? 2 : 1;
}

size_t avx2_gemm_packed_bytes(const struct gemm *g)
{
	return sizeof(struct packed_head) +
	       ceil_div(g->n, COLUMNS) * sizeof(struct columns) +
	       (size_t)ceil_div(g->n, 8) * pairs_of(g) * 16;
}

size_t avx2_gemm_scratch_bytes(const struct gemm *g)
{
	return TERMS_BYTES + block_rows(g) * padded_k(g) * sizeof(int16_t);
}

void avx2_gemm_pack(const struct gemm *g, const void *b, void *packed)
{
	struct finishing f = gemm_finishing(g);
	struct packed_head *head = packed;
	struct columns *columns = (struct columns *)(head + 1);
	int8_t *weights = (int8_t *)(columns + ceil_div(g->n, COLUMNS));
	uint8_t flip = flip_of(!g->is_signed);
	const uint8_t *from = b;

	memset(packed, 0, avx2_gemm_packed_bytes(g));
	head->finish = finish_choose(&f, g->k, g->bias);
	for (uint32_t n = 0; n < g->n; n++, from += g->k) {
		uint32_t first = n / COLUMNS * COLUMNS, lane = n % COLUMNS;
		int8_t *to = weights + (size_t)first * pairs_of(g) * 2 + lane * 2;
		size_t step = vectors_at(g, first) * 16;

		for (uint32_t i = 0; i < g->k; i++)
			to[i / 2 * step + i % 2] = (int8_t)(from[i] ^ flip);
		columns_set(&columns[n / COLUMNS], lane, &f, head->finish, n);
		columns[n / COLUMNS].bias[lane] = g->bias ? g->bias[n] : 0;
	}
}

INLINE __m256i widen(const uint8_t *a, __m128i flip, __m256i zero)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)a);

	bytes = _mm_xor_si128(bytes, flip);
	return _mm256_sub_epi16(_mm256_cvtepu8_epi16(bytes), zero);
}

static int32_t sum_lanes(__m256i x)
{
	__m128i sum = _mm_add_epi32(_mm256_castsi256_si128(x),
				    _mm256_extracti128_si256(x, 1));

	sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
	return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1)));
}

/* From 16 - n on: n lanes of ones, then zeros. */
static const int16_t lane_masks[32] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

/*
 * Stands for
 *
 *	for (i = 0; i < k; i++)
 *		sum += x[i] = a[i] - a_zero;
 *
 * and fills x up to sixteen with zeros. Reads so far past the row.
 */
static int32_t widen_row(const struct gemm *g, const uint8_t *a, int16_t *x)
{
	uint8_t flip_byte = flip_of(g->is_signed);
	__m128i flip = _mm_set1_epi8((char)flip_byte);
	__m256i zero = _mm256_set1_epi16((int16_t)(g->a_zero + flip_byte));
	__m256i ones = _mm256_set1_epi16(1), sum = _mm256_setzero_si256();

	for (uint32_t i = 0; i < g->k; i += 16) {
		__m256i wide = widen(a + i, flip, zero);

		if (g->k - i < 16)
			wide = _mm256_and_si256(wide, _mm256_loadu_si256(
				(const __m256i *)(const void *)
				(lane_masks + 16 - (g->k - i))));
		_mm256_store_si256((__m256i *)(void *)(x + i), wide);
		sum = _mm256_add_epi32(sum, _mm256_madd_epi16(wide, ones));
	}
	return sum_lanes(sum);
}

/* Rows [row, row + height) of the block, or up to its end, times the group. */
INLINE void tile(const struct block *b, const struct group *g, uint32_t row,
		 const int height, const int vectors)
{
	const int at_once = 4 / vectors; /* rows in 32 bytes */
	uint32_t rows = least(b->rows - row, (uint32_t)height);
	uint8_t *out = b->out + row * b->out_stride + g->first;
	const int8_t *weights = g->weights;
	const int16_t *x[8];
	__m256i acc[12];

	UNROLL for (int r = 0; r < height; r++) {
		uint32_t from = row + least((uint32_t)r, rows - 1);
		__m256i term = _mm256_set1_epi32(b->row_terms[from]);

		x[r] = b->x + from * b->x_stride;
		UNROLL for (int v = 0; v < vectors; v++)
			acc[r * vectors + v] =
				_mm256_add_epi32(term, load_half(g->columns->bias, v));
	}
	for (size_t i = 0; i < (size_t)b->pairs * 2; i += 2, weights += vectors * 16) {
		__m256i w[2];

		UNROLL for (int v = 0; v < vectors; v++)
			w[v] = _mm256_cvtepi8_epi16(_mm_loadu_si128(
				(const __m128i *)(const void *)(weights + v * 16)));
		UNROLL for (int r = 0; r < height; r++) {
			int32_t pair;
			__m256i a;

			memcpy(&pair, x[r] + i, sizeof(pair));
			a = _mm256_set1_epi32(pair);
			UNROLL for (int v = 0; v < vectors; v++)
				acc[r * vectors + v] = _mm256_add_epi32(
					acc[r * vectors + v], _mm256_madd_epi16(a, w[v]));
		}
	}
	scale_all(acc, height * vectors, vectors, g->columns, b->finish);
	UNROLL for (int r = 0; r < height; r += at_once) {
		const int i = r * vectors, last = height * vectors - 1;
		__m256i bytes = narrow(acc[i], acc[i + 1 < last ? i + 1 : last],
				       acc[i + 2 < last ? i + 2 : last],
				       acc[i + 3 < last ? i + 3 : last], b->end);

		if ((uint32_t)r < rows)
			store_rows(out + (uint32_t)r * b->out_stride, b->out_stride, bytes,
				   vectors, rows - (uint32_t)r, g->count);
	}
}

#define TILE(height, vectors) \
	static void tile_##height##x##vectors(const struct block *b, \
					      const struct group *g, uint32_t row) \
	{ \
		tile(b, g, row, height, vectors); \
	}

TILE(1, 1) TILE(8, 1) TILE(1, 2) TILE(6, 2)

/* All rows of the block times one group. A tile that is not full costs as much as
   one that is; a single row left over would waste the most. */
static void run_group(const struct block *b, const struct group *g, uint32_t vectors)
{
	const uint32_t height = vectors == 2 ? 6 : 8;
	uint32_t row = 0;

	for (; row + 1 < b->rows; row += height)
		(vectors == 2 ? tile_6x2 : tile_8x1)(b, g, row);
	if (row + 1 == b->rows)
		(vectors == 2 ? tile_1x2 : tile_1x1)(b, g, row);
}

static void widen_block(const struct gemm *g, const uint8_t *a, size_t a_stride,
			uint32_t rows, int32_t *row_terms, int16_t *x)
{
	uint32_t b_zero = (uint32_t)(g->b_zero - flip_of(!g->is_signed));

	for (uint32_t r = 0; r < rows; r++) {
		uint32_t sum = (uint32_t)widen_row(g, a + r * a_stride,
						   x + r * padded_k(g));

		row_terms[r] = (int32_t)(0 - b_zero * sum);
	}
}

void avx2_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch)
{
	const struct packed_head *head = packed;
	const struct columns *columns = (const struct columns *)(head + 1);
	const int8_t *weights = (const int8_t *)(columns + ceil_div(g->n, COLUMNS));
	struct finishing f = gemm_finishing(g);
	struct ending end = ending_of(&f);
	int32_t *row_terms = scratch;
	int16_t *x = (int16_t *)(void *)((char *)scratch + TERMS_BYTES);

	for (uint32_t row = 0; row < rows; row += block_rows(g)) {
		struct block b = {
			.x = x, .x_stride = padded_k(g),
			.out = (uint8_t *)out + row * out_stride, .out_stride = out_stride,
			.rows = least(rows - row, block_rows(g)), .pairs = pairs_of(g),
			.row_terms = row_terms, .end = &end, .finish = head->finish,
		};

		widen_block(g, (const uint8_t *)a + row * a_stride, a_stride, b.rows,
			    row_terms, x);
		for (uint32_t n = 0; n < g->n; n += COLUMNS) {
			struct group group = {
				.weights = weights + (size_t)n * pairs_of(g) * 2,
				.columns = columns + n / COLUMNS,
				.first = n,
				.count = least(g->n - n, COLUMNS),
			};

			run_group(&b, &group, vectors_at(g, n));
		}
	}
}
