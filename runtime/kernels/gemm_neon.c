/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/neon.h"

#include <string.h>

/*
 * 8-bit matrix product for armv8.0, which multiplies bytes into 16 bits.
 *
 * Both matrices are int8 here. Of a uint8 a the top bit is flipped, which takes
 * 128 from it and its zero point. From b its zero point is taken where the result
 * fits, as it does in most columns; otherwise the same 128. In these terms
 *
 *	sum over k of (a - a_zero) * (b - b_zero)
 *	= sum of a * b - a_zero * (sum of b) - b_zero * (sum of a) + k * a_zero * b_zero
 *
 * so that the inner loop multiplies bytes as they are. All sums wrap.
 *
 * The unit of work is a tile of 4 rows by 4 columns, in blocks of 16 deep:
 *
 *	panel    [row tile][block][4 rows][16]      of a, in scratch
 *	packed   [column tile] { head, steps [blocks], [block][4 columns][16] }
 *
 * k is filled up to whole blocks with zero weights. Several products share the
 * 16 bits of a lane before they are added to 32 bits. Two always fit, except
 * -128 * -128 twice; four fit when the weights are small enough, as most are.
 * Packing finds out which, block by block, and writes the steps to take.
 */

#define DEPTH 16
#define TILE 4
#define BLOCK_BYTES (TILE * DEPTH)

/* Half of Cortex-A35's 32 KiB of L1: the panel stays while weights pass. */
#define PANEL_BYTES (16 * 1024)
#define PANEL_ROWS_MAX 128

enum step {
	STEP_PAIR, /* one block, two products to a lane */
	STEP_QUAD, /* two blocks, four products to a lane */
};

struct column_head {
	int32_t sum[TILE];   /* of each column of b */
	int32_t b_zero;      /* what is left of it */
	uint32_t steps;
	uint32_t is_careful; /* somewhere not even two products fit */
	uint32_t unused;
};

static size_t blocks_of(const struct gemm *g)
{
	return g->k ? (g->k + (size_t)DEPTH - 1) / DEPTH : 1;
}

/* Of the list of steps, so that the weights after it stay aligned. */
static size_t step_bytes(const struct gemm *g)
{
	return (blocks_of(g) + DEPTH - 1) / DEPTH * DEPTH;
}

static size_t column_tile_bytes(const struct gemm *g)
{
	return sizeof(struct column_head) + step_bytes(g) + blocks_of(g) * BLOCK_BYTES;
}

static uint32_t panel_rows(const struct gemm *g)
{
	size_t rows = PANEL_BYTES / (blocks_of(g) * BLOCK_BYTES) * TILE;

	return rows < TILE ? TILE : rows > PANEL_ROWS_MAX ? PANEL_ROWS_MAX : (uint32_t)rows;
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

/* Value i of b, whichever its type. */
static int32_t b_at(const struct gemm *g, const void *b, size_t i)
{
	return g->is_signed ? ((const int8_t *)b)[i] : ((const uint8_t *)b)[i];
}

/* What to take from `count` values of b, so that they are int8. */
static int32_t offset_of(const struct gemm *g, const void *b, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int32_t w = b_at(g, b, i) - g->b_zero;

		if (w < INT8_MIN || w > INT8_MAX)
			return g->is_signed ? 0 : 128;
	}
	return g->b_zero;
}

/* Returns the sum of the column. */
static int32_t pack_column(const struct gemm *g, const void *b, int32_t offset,
			   int8_t *weights)
{
	uint32_t sum = 0;

	for (size_t k = 0; k < g->k; k++) {
		int32_t w = b_at(g, b, k) - offset;

		weights[k / DEPTH * BLOCK_BYTES + k % DEPTH] = (int8_t)w;
		sum += (uint32_t)w;
	}
	return (int32_t)sum;
}

/* Whether the products of any int8 with the weights of `blocks` blocks, eight
   apart in each column, add up within 16 bits. */
static bool fits(const int8_t *weights, size_t blocks)
{
	for (uint32_t lane = 0; lane < TILE * DEPTH; lane++) {
		int32_t most = 0, least = 0;

		if (lane % DEPTH >= DEPTH / 2)
			continue;
		for (size_t i = 0; i < 2 * blocks; i++) {
			int32_t w = weights[i / 2 * BLOCK_BYTES + lane + i % 2 * DEPTH / 2];

			most += w > 0 ? w * INT8_MAX : w * INT8_MIN;
			least += w > 0 ? w * INT8_MIN : w * INT8_MAX;
		}
		if (most > INT16_MAX || least < INT16_MIN)
			return false;
	}
	return true;
}

static void plan_steps(const struct gemm *g, struct column_head *head)
{
	uint8_t *steps = (uint8_t *)(head + 1);
	const int8_t *weights = (const int8_t *)steps + step_bytes(g);
	size_t blocks = blocks_of(g);

	for (size_t block = 0; block < blocks; weights += BLOCK_BYTES) {
		bool is_quad = block + 1 < blocks && fits(weights, 2);

		head->is_careful |= !is_quad && !fits(weights, 1);
		steps[head->steps++] = is_quad ? STEP_QUAD : STEP_PAIR;
		weights += is_quad ? BLOCK_BYTES : 0;
		block += is_quad ? 2 : 1;
	}
}

static void pack_tile(const struct gemm *g, const uint8_t *b, size_t columns,
		      struct column_head *head)
{
	int8_t *weights = (int8_t *)(head + 1) + step_bytes(g);
	int32_t offset = offset_of(g, b, columns * g->k);

	head->b_zero = g->b_zero - offset;
	for (size_t c = 0; c < columns; c++)
		head->sum[c] = pack_column(g, b + c * g->k, offset, weights + c * DEPTH);
	plan_steps(g, head);
}

void neon_gemm_pack(const struct gemm *g, const void *b, void *packed)
{
	const uint8_t *columns = b;
	uint8_t *tile = packed;

	memset(packed, 0, neon_gemm_packed_bytes(g));
	for (uint32_t n = 0; n < g->n; n += TILE) {
		pack_tile(g, columns, g->n - n < TILE ? g->n - n : TILE,
			  (struct column_head *)tile);
		columns += TILE * (size_t)g->k;
		tile += column_tile_bytes(g);
	}
}

/*
 * Four rows of a, side by side, into a tile of the panel, and their sums. Up to
 * DEPTH - 1 bytes past the end of each row are read, which meet zero weights.
 */
static void fill_tile(const struct gemm *g, const uint8_t *const row[TILE], uint8_t *to,
		      int32_t sum[TILE])
{
	static const uint8_t ones_then_zeros[2 * DEPTH] = {
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	};
	const uint8x16_t flip = vdupq_n_u8(g->is_signed ? 0 : 0x80);
	const uint8_t *row0 = row[0], *row1 = row[1], *row2 = row[2], *row3 = row[3];
	int32x4_t sums[TILE] = { vdupq_n_s32(0), vdupq_n_s32(0),
				 vdupq_n_s32(0), vdupq_n_s32(0) };

	for (size_t k = 0, depth = g->k; k < depth; k += DEPTH, to += BLOCK_BYTES) {
		size_t left = depth - k < DEPTH ? depth - k : DEPTH;
		uint8x16_t mask = vld1q_u8(ones_then_zeros + DEPTH - left);
		uint8x16_t x[TILE] = { vld1q_u8(row0 + k), vld1q_u8(row1 + k),
				       vld1q_u8(row2 + k), vld1q_u8(row3 + k) };

		for (int r = 0; r < TILE; r++)
			x[r] = veorq_u8(x[r], flip);
		for (int r = 0; r < TILE; r++)
			vst1q_u8(to + r * DEPTH, x[r]);
		for (int r = 0; r < TILE; r++)
			sums[r] = vpadalq_s16(sums[r], vpaddlq_s8(
				vreinterpretq_s8_u8(vandq_u8(x[r], mask))));
	}
	for (int r = 0; r < TILE; r++)
		sum[r] = vaddvq_s32(sums[r]);
}

/* `rows` rows of a. The last tile is filled up with its last row; the results of
   that are not stored. */
static void fill_panel(const struct gemm *g, const uint8_t *a, size_t a_stride,
		       uint32_t rows, uint8_t *panel, int32_t *row_sums)
{
	for (uint32_t r = 0; r < rows; r += TILE) {
		const uint8_t *row[TILE];

		for (uint32_t i = 0; i < TILE; i++)
			row[i] = a + (r + i < rows ? r + i : rows - 1) * a_stride;
		fill_tile(g, row, panel, row_sums + r);
		panel += blocks_of(g) * BLOCK_BYTES;
	}
}

/*
 * for each block, row, column and lane i < 4:
 *	parts[row][column][i] += sum of a[row][j] * b[column][j], j in 2i, 2i + 1,
 *							  2i + 8, 2i + 9
 *
 * In assembly because all 32 registers are in use and compilers spill or copy
 * some: 16 sums, v0 to v7 products, v8 to v11 columns, v12 to v15 rows. Eight
 * products at a time fill the 6 cycles between dependent instructions. The first
 * two rows go before the other two; a quad takes the latter's blocks in reverse,
 * to use the columns that are loaded. A step ends with loads for the next, so
 * that one block is read past the end; the first sets the sums.
 */
#define EIGHT(op, part, row0, row1) \
	op "	v0.8h, " row0 part ", v8" part "\n\t" \
	op "	v1.8h, " row0 part ", v9" part "\n\t" \
	op "	v2.8h, " row0 part ", v10" part "\n\t" \
	op "	v3.8h, " row0 part ", v11" part "\n\t" \
	op "	v4.8h, " row1 part ", v8" part "\n\t" \
	op "	v5.8h, " row1 part ", v9" part "\n\t" \
	op "	v6.8h, " row1 part ", v10" part "\n\t" \
	op "	v7.8h, " row1 part ", v11" part "\n\t"

#define MULTIPLY(row0, row1) \
	EIGHT("smull", ".8b", row0, row1) EIGHT("smlal2", ".16b", row0, row1)

#define MULTIPLY_MORE(row0, row1) \
	EIGHT("smlal", ".8b", row0, row1) EIGHT("smlal2", ".16b", row0, row1)

#define ADD_UP(op, row0, row1) \
	op "	%[" row0 "0].4s, v0.8h\n\t" \
	op "	%[" row0 "1].4s, v1.8h\n\t" \
	op "	%[" row0 "2].4s, v2.8h\n\t" \
	op "	%[" row0 "3].4s, v3.8h\n\t" \
	op "	%[" row1 "0].4s, v4.8h\n\t" \
	op "	%[" row1 "1].4s, v5.8h\n\t" \
	op "	%[" row1 "2].4s, v6.8h\n\t" \
	op "	%[" row1 "3].4s, v7.8h\n\t"

#define COLUMNS(at0, at1, at2, at3) \
	"ldr	q8, [%[b], #" at0 "]\n\t" \
	"ldr	q9, [%[b], #" at1 "]\n\t" \
	"ldr	q10, [%[b], #" at2 "]\n\t" \
	"ldr	q11, [%[b], #" at3 "]\n\t"

#define ROWS(q0, at0, q1, at1) \
	"ldr	" q0 ", [%[a], #" at0 "]\n\t" \
	"ldr	" q1 ", [%[a], #" at1 "]\n\t"

/* The flags say whether that was the last one. */
#define NEXT_STEP(bytes) \
	"add	%[b], %[b], #" bytes "\n\t" \
	"add	%[a], %[a], #" bytes "\n\t" \
	"ldrb	%w[step], [%[steps]], #1\n\t" \
	"subs	%w[count], %w[count], #1\n\t"

#define PAIR(op) \
	MULTIPLY("v12", "v13") \
	ROWS("q14", "32", "q15", "48") \
	ADD_UP(op, "p", "q") \
	MULTIPLY("v14", "v15") \
	COLUMNS("64", "80", "96", "112") ROWS("q12", "64", "q13", "80") \
	NEXT_STEP("64") \
	ADD_UP(op, "r", "s") \
	"b.mi	9f\n\t"

#define QUAD(op) \
	MULTIPLY("v12", "v13") \
	COLUMNS("64", "80", "96", "112") ROWS("q14", "64", "q15", "80") \
	MULTIPLY_MORE("v14", "v15") \
	ROWS("q12", "96", "q13", "112") ROWS("q14", "32", "q15", "48") \
	ADD_UP(op, "p", "q") \
	MULTIPLY("v12", "v13") \
	COLUMNS("0", "16", "32", "48") \
	MULTIPLY_MORE("v14", "v15") \
	COLUMNS("128", "144", "160", "176") ROWS("q12", "128", "q13", "144") \
	NEXT_STEP("128") \
	ADD_UP(op, "r", "s") \
	"b.mi	9f\n\t"

#define PARTS(name, i) \
	[name##0] "=&w"(parts[i][0]), [name##1] "=&w"(parts[i][1]), \
	[name##2] "=&w"(parts[i][2]), [name##3] "=&w"(parts[i][3])

static inline __attribute__((always_inline))
void multiply_tile(const uint8_t *a, const int8_t *b, const uint8_t *steps,
		   uint32_t count, int32x4_t parts[TILE][TILE])
{
	uint32_t step;

	__asm__(COLUMNS("0", "16", "32", "48") ROWS("q12", "0", "q13", "16")
		NEXT_STEP("0")
		"cbnz	%w[step], 3f\n\t"
		PAIR("saddlp")
		"cbnz	%w[step], 2f\n"
		"1:\n\t"
		PAIR("sadalp")
		"cbz	%w[step], 1b\n"
		"2:\n\t"
		QUAD("sadalp")
		"cbnz	%w[step], 2b\n\t"
		"b	1b\n"
		"3:\n\t"
		QUAD("saddlp")
		"cbnz	%w[step], 2b\n\t"
		"b	1b\n"
		"9:\n"
		: PARTS(p, 0), PARTS(q, 1), PARTS(r, 2), PARTS(s, 3),
		  [a] "+r"(a), [b] "+r"(b), [steps] "+r"(steps), [count] "+r"(count),
		  [step] "=&r"(step)
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
		int8x16_t a = vreinterpretq_s8_u8(vld1q_u8(from)), column[TILE];
		int16x8_t products[TILE];

		for (int c = 0; c < TILE; c++)
			column[c] = vld1q_s8(b + c * DEPTH);
		for (int c = 0; c < TILE; c++)
			products[c] = vmull_s8(vget_low_s8(a), vget_low_s8(column[c]));
		for (int c = 0; c < TILE; c++) {
			if (careful) {
				parts[c] = vpadalq_s16(parts[c], products[c]);
				products[c] = vmull_high_s8(a, column[c]);
			} else {
				products[c] = vmlal_high_s8(products[c], a, column[c]);
			}
		}
		for (int c = 0; c < TILE; c++)
			parts[c] = vpadalq_s16(parts[c], products[c]);
	}
}

/* What the four columns of a tile need after the sums. Missing ones are zeros;
   their results are not stored. */
struct columns {
	const int8_t *weights;
	const uint8_t *steps;
	uint32_t step_count;
	bool is_careful;
	uint32_t count;         /* 1 to TILE */
	int32x4_t start;        /* bias and the terms of a's zero point */
	int32_t b_zero;         /* if not 0, each row adds a term of its own */
	bool is_exact, is_down; /* which of the three scalings */
	struct scaling scaling;
	float64x2_t real[2];
	struct stored_range range;
};

static struct columns columns_load(const struct gemm *g, const uint8_t *tile, uint32_t n)
{
	const struct column_head *head = (const struct column_head *)tile;
	uint32_t a_zero = (uint32_t)(g->is_signed ? g->a_zero : g->a_zero - 128);
	uint32_t all_b_zero = g->k * (uint32_t)head->b_zero;
	struct columns columns = {
		.weights = (const int8_t *)(head + 1) + step_bytes(g),
		.steps = (const uint8_t *)(head + 1),
		.step_count = head->steps,
		.is_careful = head->is_careful,
		.b_zero = head->b_zero,
		.count = g->n - n < TILE ? g->n - n : TILE,
		.is_exact = g->real_scale,
		.range = stored_range(g->out_zero, g->low, g->high),
	};
	struct multiplier scale[TILE] = { 0 };
	uint32_t start[TILE] = { 0 };
	double real[TILE] = { 0 };

	for (uint32_t c = 0; c < columns.count; c++)
		start[c] = (g->bias ? (uint32_t)g->bias[n + c] : 0) +
			   a_zero * (all_b_zero - (uint32_t)head->sum[c]);
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
		 uint32_t rows, const int32_t *row_sums, int32x4_t x[])
{
	for (uint32_t r = 0; r < rows; r++) {
		const int32x4_t *p = parts[r];

		x[r] = vaddq_s32(vpaddq_s32(vpaddq_s32(p[0], p[1]), vpaddq_s32(p[2], p[3])),
				 columns->start);
	}
	if (columns->b_zero)
		for (uint32_t r = 0; r < rows; r++)
			x[r] = vmlsq_n_s32(x[r], vld1q_dup_s32(row_sums + r),
					   columns->b_zero);
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
		     uint32_t rows, const int32_t *row_sums, uint8_t *out,
		     size_t out_stride)
{
	for (uint32_t r = 0; r < rows; r++, out += out_stride, panel += DEPTH) {
		int32x4_t parts[1][TILE], x;
		uint8_t bytes[2 * TILE];

		if (columns->is_careful)
			multiply_row(panel, columns->weights, blocks, true, parts[0]);
		else
			multiply_row(panel, columns->weights, blocks, false, parts[0]);
		finish_rows(columns, parts, 1, row_sums + r, &x);
		vst1_u8(bytes, narrow(x, x, columns->range));
		memcpy(out, bytes, columns->count);
	}
}

/* `rows` may be short of TILE; the others are computed and dropped. */
static void run_tile(const struct columns *columns, const uint8_t *panel, uint32_t rows,
		     const int32_t *row_sums, uint8_t *out, size_t out_stride)
{
	int32x4_t parts[TILE][TILE], x[TILE];
	uint8_t bytes[TILE][TILE];

	multiply_tile(panel, columns->weights, columns->steps, columns->step_count, parts);
	finish_rows(columns, parts, TILE, row_sums, x);
	vst1_u8(bytes[0], narrow(x[0], x[1], columns->range));
	vst1_u8(bytes[2], narrow(x[2], x[3], columns->range));
	if (rows == TILE && columns->count == TILE) {
		for (uint32_t r = 0; r < TILE; r++)
			memcpy(out + r * out_stride, bytes[r], TILE);
		return;
	}
	for (uint32_t r = 0; r < rows; r++)
		memcpy(out + r * out_stride, bytes[r], columns->count);
}

static void run_columns(const struct columns *columns, const uint8_t *panel,
			size_t blocks, uint32_t rows, const int32_t *row_sums,
			uint8_t *out, size_t out_stride)
{
	for (uint32_t r = 0; r < rows; r += TILE) {
		uint32_t count = rows - r < TILE ? rows - r : TILE;

		/* One whole tile costs as much as three rows. */
		if (count < 3 || columns->is_careful)
			run_rows(columns, panel, blocks, count, row_sums + r,
				 out, out_stride);
		else
			run_tile(columns, panel, count, row_sums + r, out, out_stride);
		panel += blocks * BLOCK_BYTES;
		out += TILE * out_stride;
	}
}

void neon_gemm_run(const struct gemm *g, const void *packed, const void *a,
		   size_t a_stride, void *out, size_t out_stride, uint32_t rows,
		   void *scratch)
{
	int32_t *row_sums = scratch;
	uint8_t *panel = (uint8_t *)(row_sums + PANEL_ROWS_MAX), *to = out;
	const uint8_t *from = a;

	for (uint32_t step; rows; rows -= step) {
		const uint8_t *tile = packed;

		step = panel_rows(g) < rows ? panel_rows(g) : rows;
		fill_panel(g, from, a_stride, step, panel, row_sums);
		for (uint32_t n = 0; n < g->n; n += TILE, tile += column_tile_bytes(g)) {
			struct columns columns = columns_load(g, tile, n);

			run_columns(&columns, panel, blocks_of(g), step, row_sums,
				    to + n, out_stride);
		}
		from += step * a_stride;
		to += step * out_stride;
	}
}
