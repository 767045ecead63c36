/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/neon.h"

#include <string.h>

/*
 * 8-bit matrix product for armv8.0, which multiplies bytes into 16 bits.
 *
 * Both matrices are int8 here: the top bit of uint8 bytes is flipped and zero
 * points move by 128. In these terms
 *
 *	sum over k of (a - a_zero) * (b - b_zero)
 *	= sum of a * b - a_zero * (sum of b) - b_zero * (sum of a) + k * a_zero * b_zero
 *
 * so that the inner loop multiplies bytes as they are. All sums wrap.
 *
 * The unit of work is a tile of 4 rows by 4 columns, 16 deep:
 *
 *	panel    [row tile][block][4 rows][16]      of a, in scratch
 *	packed   [column tile] { head, [block][4 columns][16] }
 *
 * k is filled up to whole blocks with zero weights. Two products share the 16
 * bits of a lane before they are added to 32 bits, which always fits except
 * when both are -128 * -128. Weights of -128 in both places are found while
 * packing; such a column tile takes the careful loop.
 */

#define DEPTH 16
#define TILE 4
#define BLOCK_BYTES (TILE * DEPTH)

/* Half of Cortex-A35's 32 KiB of L1: the panel stays while weights pass. */
#define PANEL_BYTES (16 * 1024)
#define PANEL_ROWS_MAX 128

struct column_head {
	int32_t sum[TILE]; /* of each column of b */
	uint32_t is_careful;
	uint32_t unused[3];
};

static size_t blocks_of(const struct gemm *g)
{
	return g->k ? (g->k + (size_t)DEPTH - 1) / DEPTH : 1;
}

static size_t column_tile_bytes(const struct gemm *g)
{
	return sizeof(struct column_head) + blocks_of(g) * BLOCK_BYTES;
}

static uint32_t panel_rows(const struct gemm *g)
{
	size_t rows = PANEL_BYTES / (blocks_of(g) * BLOCK_BYTES) * TILE;

	return rows < TILE ? TILE : rows > PANEL_ROWS_MAX ? PANEL_ROWS_MAX : (uint32_t)rows;
}

static uint8_t flip_of(const struct gemm *g)
{
	return g->is_signed ? 0 : 0x80;
}

/* Of a or b, as int8. */
static uint32_t moved_zero(const struct gemm *g, int32_t zero)
{
	return (uint32_t)(g->is_signed ? zero : zero - 128);
}

/* The tile loop reads one block ahead. */
size_t neon_gemm_packed_bytes(const struct gemm *g)
{
	return (g->n + (size_t)TILE - 1) / TILE * column_tile_bytes(g) + BLOCK_BYTES;
}

size_t neon_gemm_scratch_bytes(const struct gemm *g)
{
	return PANEL_ROWS_MAX * sizeof(int32_t) +
	       panel_rows(g) * blocks_of(g) * DEPTH + BLOCK_BYTES;
}

static void pack_column(const struct gemm *g, const uint8_t *b, uint32_t column,
			struct column_head *head, int8_t *weights)
{
	uint8_t flip = flip_of(g);
	int32_t sum = 0;

	for (uint32_t k = 0; k < g->k; k++) {
		int8_t w = (int8_t)(b[k] ^ flip);

		weights[k / DEPTH * BLOCK_BYTES + k % DEPTH] = w;
		sum = (int32_t)((uint32_t)sum + (uint32_t)w);
	}
	head->sum[column] = sum;
	for (size_t block = 0; block < blocks_of(g); block++, weights += BLOCK_BYTES)
		for (uint32_t i = 0; i < DEPTH / 2; i++)
			if (weights[i] == INT8_MIN && weights[i + DEPTH / 2] == INT8_MIN)
				head->is_careful = 1;
}

void neon_gemm_pack(const struct gemm *g, const void *b, void *packed)
{
	memset(packed, 0, neon_gemm_packed_bytes(g));
	for (uint32_t n = 0; n < g->n; n++) {
		uint8_t *tile = (uint8_t *)packed + n / TILE * column_tile_bytes(g);
		int8_t *weights = (int8_t *)tile + sizeof(struct column_head);

		pack_column(g, (const uint8_t *)b + (size_t)n * g->k, n % TILE,
			    (struct column_head *)tile, weights + n % TILE * DEPTH);
	}
}

/*
 * Four rows of a, side by side, into a tile of the panel; up to DEPTH - 1 bytes
 * past the end of each are read, which meet zero weights. With `want_sums` also
 * sum[row] of each.
 */
static inline __attribute__((always_inline))
void fill_tile(const struct gemm *g, const uint8_t *const row[TILE], uint8_t *to,
	       bool want_sums, int32_t sum[TILE])
{
	static const uint8_t ones_then_zeros[2 * DEPTH] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	};
	const uint8x16_t flip = vdupq_n_u8(flip_of(g));
	const uint8_t *row0 = row[0], *row1 = row[1], *row2 = row[2], *row3 = row[3];
	int32x4_t sums[TILE] = { vdupq_n_s32(0), vdupq_n_s32(0),
				 vdupq_n_s32(0), vdupq_n_s32(0) };

	for (size_t k = 0, depth = g->k; k < depth; k += DEPTH, to += BLOCK_BYTES) {
		uint8x16_t x[TILE] = { vld1q_u8(row0 + k), vld1q_u8(row1 + k),
				       vld1q_u8(row2 + k), vld1q_u8(row3 + k) };

		for (int r = 0; r < TILE; r++)
			x[r] = veorq_u8(x[r], flip);
		for (int r = 0; r < TILE; r++)
			vst1q_u8(to + r * DEPTH, x[r]);
		if (want_sums) {
			size_t left = depth - k < DEPTH ? depth - k : DEPTH;
			uint8x16_t mask = vld1q_u8(ones_then_zeros + DEPTH - left);

			for (int r = 0; r < TILE; r++)
				sums[r] = vpadalq_s16(sums[r], vpaddlq_s8(
					vreinterpretq_s8_u8(vandq_u8(x[r], mask))));
		}
	}
	if (want_sums)
		for (int r = 0; r < TILE; r++)
			sum[r] = vaddvq_s32(sums[r]);
}

/* `rows` rows of a, and what each adds to all its sums: row_terms. The last tile
   is filled up with its last row; the results of that are not stored. */
static void fill_panel(const struct gemm *g, const uint8_t *a, size_t a_stride,
		       uint32_t rows, uint8_t *panel, int32_t *row_terms)
{
	uint32_t b_zero = moved_zero(g, g->b_zero);

	memset(row_terms, 0, PANEL_ROWS_MAX * sizeof(*row_terms));
	for (uint32_t r = 0; r < rows; r += TILE, row_terms += TILE) {
		const uint8_t *row[TILE];

		for (uint32_t i = 0; i < TILE; i++)
			row[i] = a + (r + i < rows ? r + i : rows - 1) * a_stride;
		if (b_zero)
			fill_tile(g, row, panel, true, row_terms);
		else
			fill_tile(g, row, panel, false, row_terms);
		for (uint32_t i = 0; i < TILE; i++)
			row_terms[i] = (int32_t)(0 - b_zero * (uint32_t)row_terms[i]);
		panel += blocks_of(g) * BLOCK_BYTES;
	}
}

/*
 * for each block, row, column and lane i < 4:
 *	parts[row][column][i] += sum of a[row][j] * b[column][j], j in 2i, 2i + 1,
 *							  2i + 8, 2i + 9
 *
 * In assembly because all 32 registers are in use and compilers spill or copy
 * some: 16 sums, 8 products, 4 rows, 4 columns. Eight products at a time keep
 * the 6 cycles between dependent instructions busy; the loads for the next
 * block stand together before the last additions.
 */
#define PRODUCTS(row0, row1) \
	"smull	v0.8h, " row0 ".8b, v8.8b\n\t" \
	"smull	v1.8h, " row0 ".8b, v9.8b\n\t" \
	"smull	v2.8h, " row0 ".8b, v10.8b\n\t" \
	"smull	v3.8h, " row0 ".8b, v11.8b\n\t" \
	"smull	v4.8h, " row1 ".8b, v8.8b\n\t" \
	"smull	v5.8h, " row1 ".8b, v9.8b\n\t" \
	"smull	v6.8h, " row1 ".8b, v10.8b\n\t" \
	"smull	v7.8h, " row1 ".8b, v11.8b\n\t" \
	"smlal2	v0.8h, " row0 ".16b, v8.16b\n\t" \
	"smlal2	v1.8h, " row0 ".16b, v9.16b\n\t" \
	"smlal2	v2.8h, " row0 ".16b, v10.16b\n\t" \
	"smlal2	v3.8h, " row0 ".16b, v11.16b\n\t" \
	"smlal2	v4.8h, " row1 ".16b, v8.16b\n\t" \
	"smlal2	v5.8h, " row1 ".16b, v9.16b\n\t" \
	"smlal2	v6.8h, " row1 ".16b, v10.16b\n\t" \
	"smlal2	v7.8h, " row1 ".16b, v11.16b\n\t"

#define LOADS \
	"ldr	q8, [%[b]]\n\t" \
	"ldr	q9, [%[b], #16]\n\t" \
	"ldr	q10, [%[b], #32]\n\t" \
	"ldr	q11, [%[b], #48]\n\t" \
	"ldr	q12, [%[a]]\n\t" \
	"ldr	q13, [%[a], #16]\n\t" \
	"ldr	q14, [%[a], #32]\n\t" \
	"ldr	q15, [%[a], #48]\n\t" \
	"add	%[b], %[b], #64\n\t" \
	"add	%[a], %[a], #64\n\t"

#define ADD_UP(row, first, second, third, fourth) \
	"sadalp	%[" row "0].4s, v" first ".8h\n\t" \
	"sadalp	%[" row "1].4s, v" second ".8h\n\t" \
	"sadalp	%[" row "2].4s, v" third ".8h\n\t" \
	"sadalp	%[" row "3].4s, v" fourth ".8h\n\t"

#define CLEAR(row) \
	"movi	%[" row "0].4s, #0\n\t" \
	"movi	%[" row "1].4s, #0\n\t" \
	"movi	%[" row "2].4s, #0\n\t" \
	"movi	%[" row "3].4s, #0\n\t"

#define PARTS(name, i) \
	[name##0] "=&w"(parts[i][0]), [name##1] "=&w"(parts[i][1]), \
	[name##2] "=&w"(parts[i][2]), [name##3] "=&w"(parts[i][3])

static inline __attribute__((always_inline))
void multiply_tile(const uint8_t *a, const int8_t *b, size_t blocks,
		   int32x4_t parts[TILE][TILE])
{
	__asm__(CLEAR("p") CLEAR("q") CLEAR("r") CLEAR("s")
		LOADS
		"1:\n\t"
		PRODUCTS("v12", "v13")
		ADD_UP("p", "0", "1", "2", "3")
		ADD_UP("q", "4", "5", "6", "7")
		PRODUCTS("v14", "v15")
		LOADS
		"subs	%[blocks], %[blocks], #1\n\t"
		ADD_UP("r", "0", "1", "2", "3")
		ADD_UP("s", "4", "5", "6", "7")
		"b.ne	1b"
		: PARTS(p, 0), PARTS(q, 1), PARTS(r, 2), PARTS(s, 3),
		  [a] "+r"(a), [b] "+r"(b), [blocks] "+r"(blocks)
		:
		: "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
		  "v11", "v12", "v13", "v14", "v15", "cc", "memory");
}

/* The same for one row; `careful` adds each product up by itself. */
static inline __attribute__((always_inline))
void multiply_row(const uint8_t *from, const int8_t *b, size_t blocks, bool careful,
		  int32x4_t parts[TILE])
{
	for (int c = 0; c < TILE; c++)
		parts[c] = vdupq_n_s32(0);
	for (; blocks; blocks--, from += BLOCK_BYTES, b += BLOCK_BYTES) {
		int8x16_t a = vreinterpretq_s8_u8(vld1q_u8(from));
		int16x8_t products[TILE];

		for (int c = 0; c < TILE; c++)
			products[c] = vmull_s8(vget_low_s8(a), vld1_s8(b + c * DEPTH));
		for (int c = 0; c < TILE; c++) {
			int8x16_t column = vld1q_s8(b + c * DEPTH);

			if (careful) {
				parts[c] = vpadalq_s16(parts[c], products[c]);
				products[c] = vmull_high_s8(a, column);
			} else {
				products[c] = vmlal_high_s8(products[c], a, column);
			}
		}
		for (int c = 0; c < TILE; c++)
			parts[c] = vpadalq_s16(parts[c], products[c]);
	}
}

/* What the four columns of a tile need after the sums; missing ones repeat
   nothing of ours: their results are not stored. */
struct columns {
	const int8_t *weights;
	bool is_careful;
	uint32_t count;         /* 1 to TILE */
	int32x4_t start;        /* bias and the terms of the zero points */
	bool is_exact, is_down; /* which of the three scalings */
	struct scaling scaling;
	float64x2_t real[2];
	struct stored_range range;
};

static struct columns columns_load(const struct gemm *g, const uint8_t *tile, uint32_t n)
{
	const struct column_head *head = (const struct column_head *)tile;
	uint32_t a_zero = moved_zero(g, g->a_zero), b_zero = moved_zero(g, g->b_zero);
	struct columns columns = {
		.weights = (const int8_t *)(head + 1),
		.is_careful = head->is_careful,
		.count = g->n - n < TILE ? g->n - n : TILE,
		.is_exact = g->real_scale,
		.range = stored_range(g->out_zero, g->low, g->high),
	};
	struct multiplier scale[TILE] = { 0 };
	uint32_t start[TILE] = { 0 };
	double real[TILE] = { 0 };

	for (uint32_t c = 0; c < columns.count; c++)
		start[c] = (g->bias ? (uint32_t)g->bias[n + c] : 0) +
			   a_zero * (g->k * b_zero - (uint32_t)head->sum[c]);
	columns.start = vreinterpretq_s32_u32(vld1q_u32(start));
	if (columns.is_exact) {
		memcpy(real, g->real_scale + n, columns.count * sizeof(*real));
		columns.real[0] = vld1q_f64(real);
		columns.real[1] = vld1q_f64(real + 2);
		return columns;
	}
	memcpy(scale, g->scale + n, columns.count * sizeof(*scale));
	columns.scaling = scaling_load(scale);
	columns.is_down = vmaxvq_s32(columns.scaling.right) < 0;
	return columns;
}

/* round_half_away(sum * real scale) */
static int32x4_t scale_exact(int32x4_t sums, const float64x2_t by[2])
{
	float64x2_t low = vcvtq_f64_s64(vmovl_s32(vget_low_s32(sums)));
	float64x2_t high = vcvtq_f64_s64(vmovl_high_s32(sums));
	int64x2_t rounded_low = vcvtaq_s64_f64(vmulq_f64(low, by[0]));
	int64x2_t rounded_high = vcvtaq_s64_f64(vmulq_f64(high, by[1]));

	return vqmovn_high_s64(vqmovn_s64(rounded_low), rounded_high);
}

/* The rest of the way from a row's parts to its stored bytes, four per row. */
static inline __attribute__((always_inline))
void finish_rows(const struct columns *columns, const int32x4_t parts[][TILE],
		 uint32_t rows, const int32_t *row_terms, int32x4_t x[])
{
	for (uint32_t r = 0; r < rows; r++) {
		const int32x4_t *p = parts[r];

		x[r] = vpaddq_s32(vpaddq_s32(p[0], p[1]), vpaddq_s32(p[2], p[3]));
	}
	for (uint32_t r = 0; r < rows; r++)
		x[r] = vaddq_s32(x[r], vaddq_s32(columns->start, vdupq_n_s32(row_terms[r])));
	if (columns->is_exact)
		for (uint32_t r = 0; r < rows; r++)
			x[r] = scale_exact(x[r], columns->real);
	else if (columns->is_down)
		for (uint32_t r = 0; r < rows; r++)
			x[r] = scale_down(x[r], columns->scaling);
	else
		for (uint32_t r = 0; r < rows; r++)
			x[r] = scale_any(x[r], columns->scaling);
}

static void run_rows(const struct columns *columns, const uint8_t *panel, size_t blocks,
		     uint32_t rows, const int32_t *row_terms, uint8_t *out,
		     size_t out_stride)
{
	for (uint32_t r = 0; r < rows; r++, out += out_stride, panel += DEPTH) {
		int32x4_t parts[1][TILE], x;
		uint8_t bytes[2 * TILE];

		if (columns->is_careful)
			multiply_row(panel, columns->weights, blocks, true, parts[0]);
		else
			multiply_row(panel, columns->weights, blocks, false, parts[0]);
		finish_rows(columns, parts, 1, row_terms + r, &x);
		vst1_u8(bytes, narrow(x, x, columns->range));
		memcpy(out, bytes, columns->count);
	}
}

/* `rows` may be short of TILE; the others are computed and dropped. */
static void run_tile(const struct columns *columns, const uint8_t *panel, size_t blocks,
		     uint32_t rows, const int32_t *row_terms, uint8_t *out,
		     size_t out_stride)
{
	int32x4_t parts[TILE][TILE], x[TILE];
	uint8_t bytes[TILE][TILE];

	multiply_tile(panel, columns->weights, blocks, parts);
	finish_rows(columns, parts, TILE, row_terms, x);
	vst1_u8(bytes[0], narrow(x[0], x[1], columns->range));
	vst1_u8(bytes[2], narrow(x[2], x[3], columns->range));
	for (uint32_t r = 0; r < rows; r++, out += out_stride) {
		if (columns->count == TILE)
			memcpy(out, bytes[r], TILE);
		else
			memcpy(out, bytes[r], columns->count);
	}
}

static void run_columns(const struct columns *columns, const uint8_t *panel,
			size_t blocks, uint32_t rows, const int32_t *row_terms,
			uint8_t *out, size_t out_stride)
{
	for (uint32_t r = 0; r < rows; r += TILE) {
		uint32_t count = rows - r < TILE ? rows - r : TILE;

		/* One whole tile costs as much as three rows. */
		if (count < 3 || columns->is_careful)
			run_rows(columns, panel, blocks, count, row_terms + r,
				 out, out_stride);
		else
			run_tile(columns, panel, blocks, count, row_terms + r,
				 out, out_stride);
		panel += blocks * BLOCK_BYTES;
		out += TILE * out_stride;
	}
}

void neon_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch)
{
	int32_t *row_terms = scratch;
	uint8_t *panel = (uint8_t *)(row_terms + PANEL_ROWS_MAX), *to = out;
	const uint8_t *from = a;

	for (uint32_t step; rows; rows -= step) {
		const uint8_t *tile = packed;

		step = panel_rows(g) < rows ? panel_rows(g) : rows;
		fill_panel(g, from, a_stride, step, panel, row_terms);
		for (uint32_t n = 0; n < g->n; n += TILE, tile += column_tile_bytes(g)) {
			struct columns columns = columns_load(g, tile, n);

			run_columns(&columns, panel, blocks_of(g), step, row_terms,
				    to + n, out_stride);
		}
		from += step * a_stride;
		to += step * out_stride;
	}
}
