/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/vnni.h"

#include <string.h>

/*
 * 8-bit matrix product with vpdpbusd: in each 32-bit lane, four unsigned times
 * four signed bytes are added to a sum. One register holds sixteen columns.
 *
 *	a'   the bytes of a as uint8                     0..255
 *	b'   the bytes of b as uint8, minus 128          -128..127
 *
 *	sum of (a' - za) * (b' - zb) = sum of a' * b' - zb * (sum of a')
 *	                               - za * (sum of b') + k * za * zb
 *
 * The last two terms join the bias when packing. The one with the row sum is
 * worked out before the row is multiplied; it is not there when zb is 0, as for
 * all int8 models. Everything wraps at 32 bits.
 *
 *	packed   head, [vectors] struct columns, [panel][quads][vectors of it][16][4]
 *	scratch  [BLOCK_ROWS] row terms, [BLOCK_ROWS][padded k] flipped rows of an
 *	         int8 matrix
 *
 * k is filled up to whole quads with zero weights, so what is read past the end
 * of a row does not matter. Columns go in panels of up to four vectors, of equal
 * width as far as possible; rows in tiles of 4 by 4 vectors, or 8 by fewer.
 */
#define PANEL_VECTORS 4
#define BLOCK_ROWS 48 /* a multiple of the tile heights */
#define TERMS_BYTES (BLOCK_ROWS * sizeof(int32_t)) /* a multiple of 64 */

struct block {
	const uint8_t *a;
	size_t a_stride;
	uint8_t *out;
	size_t out_stride;
	uint32_t rows;
	uint32_t quads;
	const int32_t *row_terms; /* [rows] */
	const struct ending *end;
	enum finish finish;
};

struct panel {
	const int8_t *weights;
	const struct columns *columns;
	uint32_t first, count; /* columns of the matrix */
};

static uint32_t vectors_of(const struct gemm *g)
{
	return ceil_div(g->n, COLUMNS);
}

static uint32_t quads_of(const struct gemm *g)
{
	return ceil_div(g->k, 4);
}

static size_t row_bytes(const struct gemm *g)
{
	return ((size_t)g->k + 63) / 64 * 64;
}

/* First vector of panel p; that of the next one is its end. */
static uint32_t panel_begin(uint32_t vectors, uint32_t p)
{
	return (uint32_t)((uint64_t)p * vectors / ceil_div(vectors, PANEL_VECTORS));
}

size_t vnni_gemm_packed_bytes(const struct gemm *g)
{
	return sizeof(struct packed_head) +
	       vectors_of(g) * (sizeof(struct columns) + (size_t)quads_of(g) * 64);
}

size_t vnni_gemm_scratch_bytes(const struct gemm *g)
{
	return TERMS_BYTES + (g->is_signed ? BLOCK_ROWS * row_bytes(g) : 0);
}

/* Weights of one column; returns the sum of b'. */
static uint32_t pack_column(const struct gemm *g, const uint8_t *b, uint32_t vectors,
			    int8_t *to)
{
	uint8_t flip = flip_of(!g->is_signed);
	int64_t sum = 0;

	for (uint32_t i = 0; i < g->k; i++) {
		int8_t value = (int8_t)(b[i] ^ flip);

		to[(size_t)(i / 4) * vectors * 64 + i % 4] = value;
		sum += value;
	}
	return (uint32_t)sum;
}

void vnni_gemm_pack(const struct gemm *g, const void *b, void *packed)
{
	struct finishing f = gemm_finishing(g);
	uint32_t vectors = vectors_of(g), panels = ceil_div(vectors, PANEL_VECTORS);
	struct packed_head *head = packed;
	struct columns *columns = (struct columns *)(head + 1);
	int8_t *weights = (int8_t *)(columns + vectors);
	uint32_t a_zero = (uint32_t)(g->a_zero + flip_of(g->is_signed));
	uint32_t b_zero = (uint32_t)(g->b_zero - flip_of(!g->is_signed));

	memset(packed, 0, vnni_gemm_packed_bytes(g));
	head->finish = finish_choose(&f, g->k, g->bias);
	for (uint32_t p = 0; p < panels; p++) {
		uint32_t begin = panel_begin(vectors, p), end = panel_begin(vectors, p + 1);
		int8_t *panel = weights + (size_t)begin * quads_of(g) * 64;

		for (uint32_t n = begin * COLUMNS; n < least(end * COLUMNS, g->n); n++) {
			uint32_t sum = pack_column(g, (const uint8_t *)b + (size_t)n * g->k,
						   end - begin,
						   panel + (n - begin * COLUMNS) * 4);
			uint32_t bias = g->bias ? (uint32_t)g->bias[n] : 0;
			struct columns *group = columns + n / COLUMNS;

			columns_set(group, n % COLUMNS, &f, head->finish, n);
			bias += a_zero * (g->k * b_zero - sum);
			group->bias[n % COLUMNS] = (int32_t)bias;
		}
	}
}

/* The sums of all lanes of four registers. */
INLINE __m128i add_up(const __m512i *sum)
{
	__m512i s01 = _mm512_add_epi32(_mm512_unpacklo_epi32(sum[0], sum[1]),
				       _mm512_unpackhi_epi32(sum[0], sum[1]));
	__m512i s23 = _mm512_add_epi32(_mm512_unpacklo_epi32(sum[2], sum[3]),
				       _mm512_unpackhi_epi32(sum[2], sum[3]));
	__m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(s01, s23),
				       _mm512_unpackhi_epi64(s01, s23));
	__m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all),
					_mm512_extracti64x4_epi64(all, 1));

	return _mm_add_epi32(_mm256_castsi256_si128(half),
			     _mm256_extracti128_si256(half, 1));
}

/* -zb * (sum of a') for all rows of the block, in fours. */
static void sum_rows(const struct block *b, uint32_t k, uint32_t b_zero, int32_t *row_terms)
{
	__m128i by = _mm_set1_epi32((int32_t)(0 - b_zero));
	__m512i ones = _mm512_set1_epi8(1);

	for (uint32_t row = 0; row < b->rows; row += 4) {
		__m512i sum[4];
		const uint8_t *a[4];

		UNROLL for (uint32_t r = 0; r < 4; r++) {
			a[r] = b->a + least(row + r, b->rows - 1) * b->a_stride;
			sum[r] = _mm512_setzero_si512();
		}
		for (uint32_t i = 0; i < k; i += 64) {
			__mmask64 mask = lanes(k - i);

			UNROLL for (uint32_t r = 0; r < 4; r++)
				sum[r] = _mm512_dpbusd_epi32(
					sum[r], _mm512_maskz_loadu_epi8(mask, a[r] + i), ones);
		}
		_mm_storeu_si128((__m128i *)(void *)(row_terms + row),
				 _mm_mullo_epi32(add_up(sum), by));
	}
}

static void flip(const uint8_t *a, size_t bytes, uint8_t *to)
{
	__m512i flips = _mm512_set1_epi8((char)0x80);

	for (size_t i = 0; i < bytes; i += 64)
		_mm512_store_si512(to + i, _mm512_xor_si512(_mm512_loadu_si512(a + i), flips));
}

/* Sums of one step of four bytes of k into a tile. */
INLINE void add_quad(__m512i *acc, const uint8_t *const *rows, size_t at,
		     const int8_t *weights, const int height, const int vectors)
{
	__m512i w[PANEL_VECTORS];

	UNROLL for (int v = 0; v < vectors; v++)
		w[v] = _mm512_load_si512(weights + v * 64);
	UNROLL for (int r = 0; r < height; r++) {
		int32_t bytes;
		__m512i a;

		memcpy(&bytes, rows[r] + at, sizeof(bytes));
		a = _mm512_set1_epi32(bytes);
		UNROLL for (int v = 0; v < vectors; v++)
			acc[r * vectors + v] =
				_mm512_dpbusd_epi32(acc[r * vectors + v], a, w[v]);
	}
}

/*
 * Products of `height` rows with a panel, for all of k. A tile of few sums
 * would wait for each instruction to end before the next can add to the same
 * sum, so it keeps several partial ones.
 */
INLINE void multiply(__m512i *acc, const uint8_t *const *rows, uint32_t quads,
		     const int8_t *weights, const int height, const int vectors)
{
	const int count = height * vectors, step = vectors * 64;
	const int partials = count <= 2 ? 4 : count <= 4 ? 2 : 1;
	__m512i more[4][8];
	uint32_t q = 0;

	if (partials > 1) {
		UNROLL for (int u = 1; u < partials; u++)
			UNROLL for (int i = 0; i < count; i++)
				more[u][i] = _mm512_setzero_si512();
		for (; q + (uint32_t)partials <= quads; q += (uint32_t)partials) {
			add_quad(acc, rows, q * 4, weights, height, vectors);
			UNROLL for (int u = 1; u < partials; u++)
				add_quad(more[u], rows, q * 4 + (size_t)u * 4,
					 weights + u * step, height, vectors);
			weights += partials * step;
		}
		UNROLL for (int u = 1; u < partials; u++)
			UNROLL for (int i = 0; i < count; i++)
				acc[i] = _mm512_add_epi32(acc[i], more[u][i]);
	}
	for (; q < quads; q++, weights += step)
		add_quad(acc, rows, q * 4, weights, height, vectors);
}

/* Rows [row, row + height) of the block, or up to its end, times the panel. */
INLINE void tile(const struct block *b, const struct panel *p, uint32_t row,
		 const int height, const int vectors)
{
	const int at_once = vectors > 2 ? 1 : 4 / vectors; /* rows in 64 bytes */
	uint32_t rows = least(b->rows - row, (uint32_t)height);
	uint8_t *out = b->out + row * b->out_stride + p->first;
	const uint8_t *a[8];
	__m512i acc[24];

	UNROLL for (int r = 0; r < height; r++) {
		uint32_t from = row + least((uint32_t)r, rows - 1);
		__m512i term = _mm512_set1_epi32(b->row_terms[from]);

		a[r] = b->a + from * b->a_stride;
		UNROLL for (int v = 0; v < vectors; v++)
			acc[r * vectors + v] = _mm512_add_epi32(
				term, _mm512_load_si512(p->columns[v].bias));
	}
	multiply(acc, a, b->quads, p->weights, height, vectors);
	scale_all(acc, height * vectors, vectors, p->columns, b->finish);
	UNROLL for (int r = 0; r < height; r += at_once) {
		const int i = r * vectors, last = height * vectors - 1;
		__m512i bytes = narrow(acc[i], acc[i + 1 < last ? i + 1 : last],
				       acc[i + 2 < last ? i + 2 : last],
				       acc[i + 3 < last ? i + 3 : last], b->end);

		if ((uint32_t)r < rows)
			store_rows(out + (uint32_t)r * b->out_stride, b->out_stride, bytes,
				   vectors, rows - (uint32_t)r, lanes(p->count));
	}
}

#define TILE(height, vectors) \
	static void tile_##height##x##vectors(const struct block *b, \
					      const struct panel *p, uint32_t row) \
	{ \
		tile(b, p, row, height, vectors); \
	}

TILE(1, 1) TILE(1, 2) TILE(1, 3) TILE(1, 4)
TILE(8, 1) TILE(8, 2) TILE(8, 3) TILE(4, 4)

/* All rows of the block times one panel. A tile that is not full costs as much as
   one that is; a single row left over would waste the most. */
static void run_panel(const struct block *b, const struct panel *p, uint32_t vectors)
{
	static void (*const singles[])(const struct block *, const struct panel *,
				       uint32_t) = { tile_1x1, tile_1x2, tile_1x3, tile_1x4 };
	static void (*const tiles[])(const struct block *, const struct panel *,
				     uint32_t) = { tile_8x1, tile_8x2, tile_8x3, tile_4x4 };
	const uint32_t height = vectors == PANEL_VECTORS ? 4 : 8;
	uint32_t row = 0;

	for (; row + 1 < b->rows; row += height)
		tiles[vectors - 1](b, p, row);
	if (row + 1 == b->rows)
		singles[vectors - 1](b, p, row);
}

/* Flip the rows into scratch: at once where they touch. */
static void flip_rows(const struct gemm *g, struct block *b, uint8_t *flipped)
{
	size_t stride = b->a_stride == g->k ? g->k : row_bytes(g);

	if (stride == g->k)
		flip(b->a, b->rows * stride, flipped);
	else
		for (uint32_t r = 0; r < b->rows; r++)
			flip(b->a + r * b->a_stride, g->k, flipped + r * stride);
	b->a = flipped;
	b->a_stride = stride;
}

void vnni_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch)
{
	uint32_t vectors = vectors_of(g), panels = ceil_div(vectors, PANEL_VECTORS);
	const struct packed_head *head = packed;
	const struct columns *columns = (const struct columns *)(head + 1);
	const int8_t *weights = (const int8_t *)(columns + vectors);
	struct finishing f = gemm_finishing(g);
	struct ending end = ending_of(&f);
	uint32_t b_zero = (uint32_t)(g->b_zero - flip_of(!g->is_signed));
	int32_t *row_terms = scratch;

	memset(row_terms, 0, TERMS_BYTES);
	for (uint32_t row = 0; row < rows; row += BLOCK_ROWS) {
		struct block b = {
			.a = (const uint8_t *)a + row * a_stride, .a_stride = a_stride,
			.out = (uint8_t *)out + row * out_stride, .out_stride = out_stride,
			.rows = least(rows - row, BLOCK_ROWS), .quads = quads_of(g),
			.row_terms = row_terms, .end = &end, .finish = head->finish,
		};

		if (g->is_signed)
			flip_rows(g, &b, (uint8_t *)scratch + TERMS_BYTES);
		if (b_zero)
			sum_rows(&b, g->k, b_zero, row_terms);
		for (uint32_t i = 0; i < panels; i++) {
			uint32_t begin = panel_begin(vectors, i);
			uint32_t width = panel_begin(vectors, i + 1) - begin;
			struct panel p = {
				.weights = weights + (size_t)begin * quads_of(g) * 64,
				.columns = columns + begin,
				.first = begin * COLUMNS,
				.count = least(g->n - begin * COLUMNS, width * COLUMNS),
			};

			run_panel(&b, &p, width);
		}
	}
}
