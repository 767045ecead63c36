/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/avx2.h"
#include "runtime/kernels/depthwise_x86.h"

#include <string.h>

/*
 * Depthwise convolution with vpmaddwd, which adds two products of 16-bit
 * numbers in each 32-bit lane: see depthwise_x86.h. Sixteen channels are two
 * registers; a 3x3 window is six products of each.
 *
 *	packed   head, [groups] struct columns,
 *	         [groups][rows at once][taps][16][2] int16: the filter minus its
 *	         zero point
 */
#define HEIGHT 2
#define TAP_NUMBERS (COLUMNS * HEIGHT)

static struct lines shape_of(const struct depthwise *d)
{
	return lines_of(d, HEIGHT, flip_of(d->is_signed));
}

/* Weights of one output row of those at once. */
static size_t row_numbers(const struct lines *l)
{
	return (size_t)l->taps * TAP_NUMBERS;
}

static size_t group_numbers(const struct lines *l)
{
	return l->at_once * row_numbers(l);
}

size_t avx2_depthwise_packed_bytes(const struct depthwise *d)
{
	struct lines l = shape_of(d);

	return sizeof(struct packed_head) + l.groups * sizeof(struct columns) +
	       l.groups * group_numbers(&l) * sizeof(int16_t);
}

size_t avx2_depthwise_scratch_bytes(const struct depthwise *d)
{
	struct lines l = shape_of(d);

	return lines_scratch_bytes(d, &l);
}

/* One lane's taps for one row; returns their sum. */
static int32_t pack_lane(const struct depthwise *d, const uint8_t *filter,
			 const struct lines *l, uint32_t row, int16_t *to)
{
	uint8_t flip = flip_of(d->is_signed);
	int32_t zero = d->filter_zero + flip, sum = 0;

	for (uint32_t ky = 0; ky < d->kernel_h; ky++) {
		for (uint32_t kx = 0; kx < d->kernel_w; kx++, filter += d->out_c) {
			int32_t value = (*filter ^ flip) - zero;
			uint32_t place;
			size_t tap = lines_tap(d, l, row, ky, kx, &place);

			sum += value;
			to[tap * TAP_NUMBERS + place] = (int16_t)value;
		}
	}
	return sum;
}

void avx2_depthwise_pack(const struct depthwise *d, const void *filter, void *packed)
{
	struct lines l = shape_of(d);
	struct finishing f = depthwise_finishing(d);
	struct packed_head *head = packed;
	struct columns *columns = (struct columns *)(head + 1);
	int16_t *weights = (int16_t *)(void *)(columns + l.groups);

	memset(packed, 0, avx2_depthwise_packed_bytes(d));
	head->finish = finish_choose(&f, (uint64_t)d->kernel_h * d->kernel_w, d->bias);
	for (uint32_t i = 0; i < d->out_c * l.cells; i++) {
		uint32_t channel = i % d->out_c, group = i / COLUMNS, lane = i % COLUMNS;
		int16_t *to = weights + group * group_numbers(&l) + lane * HEIGHT;
		uint32_t bias = d->bias ? (uint32_t)d->bias[channel] : 0, sum = 0;

		for (uint32_t row = 0; row < l.at_once; row++)
			sum = (uint32_t)pack_lane(d, (const uint8_t *)filter + channel, &l,
						  row, to + row * row_numbers(&l));
		columns_set(&columns[group], lane, &f, head->finish, channel);
		columns[group].bias[lane] = (int32_t)(bias - l.zero * sum);
	}
}

INLINE __m128i fetch(const uint8_t *from, __m128i flip)
{
	return _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)from), flip);
}

INLINE void store_lanes(uint32_t *to, __m256i low, __m256i high)
{
	_mm256_storeu_si256((__m256i *)(void *)to, low);
	_mm256_storeu_si256((__m256i *)(void *)(to + 8), high);
}

INLINE void interleave_16(const uint8_t *r0, const uint8_t *r1, __m128i flip, uint32_t *to,
			  const bool is_single)
{
	__m128i row0 = fetch(r0, flip), row1;

	if (is_single) {
		store_lanes(to, _mm256_cvtepu8_epi32(row0),
			    _mm256_cvtepu8_epi32(_mm_srli_si128(row0, 8)));
		return;
	}
	row1 = fetch(r1, flip);
	store_lanes(to, _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(row0, row1)),
		    _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(row0, row1)));
}

/* A step of 0 reads the same bytes again: those of an outside row. */
INLINE void interleave_rows(const uint8_t *const *rows, const size_t *steps, __m128i flip,
			    size_t count, uint32_t *to, const bool is_single)
{
	const uint8_t *r0 = rows[0], *r1 = rows[1];
	uint8_t tails[HEIGHT][16] = { { 0 } };
	size_t i = 0;

	for (; i + 16 <= count; i += 16, r0 += steps[0], r1 += steps[1])
		interleave_16(r0, r1, flip, to + i, is_single);
	if (i == count)
		return;
	memcpy(tails[0], r0, count - i);
	memcpy(tails[1], r1, count - i);
	interleave_16(tails[0], tails[1], flip, to + i, is_single);
}

/* Two rows beside each other, a byte in 16 bits. */
static void interleave(const struct lines *l, const uint8_t *const *rows, uint32_t used,
		       size_t count, uint32_t *to)
{
	__m128i flip = _mm_set1_epi8((char)l->flip);
	const uint8_t *from[HEIGHT];
	size_t steps[HEIGHT];
	uint8_t outside[16];

	memset(outside, l->zero ^ l->flip, sizeof(outside));
	for (uint32_t r = 0; r < HEIGHT; r++) {
		from[r] = rows[r] ? rows[r] : outside;
		steps[r] = rows[r] ? 16 : 0;
	}
	if (used == 1)
		interleave_rows(from, steps, flip, count, to, true);
	else
		interleave_rows(from, steps, flip, count, to, false);
}

/* One output row of sixteen channels. */
struct pass {
	const struct lines *l;
	const uint32_t *lanes;         /* of the lines, at the first channel */
	const struct columns *columns;
	const int16_t *weights;
	uint32_t kernel_w;
	enum finish finish;
	struct ending end;
	uint8_t *out;
	size_t out_stride;             /* bytes from step to step */
	uint32_t count;                /* bytes of a step that exist */
	uint32_t last_count;           /* of the last step, where cells share it */
};

/* Half a step's lanes for one tap. */
INLINE __m256i lanes_of(const uint32_t *at, int half, const bool is_spread)
{
	if (is_spread)
		return _mm256_set1_epi32((int32_t)*at);
	return _mm256_loadu_si256((const __m256i *)(const void *)(at + half * 8));
}

/* One tap of two steps. */
INLINE void add_tap(__m256i *acc, const uint32_t *const *steps, size_t at,
		    const int16_t *weights, const bool is_spread)
{
	UNROLL for (int half = 0; half < 2; half++) {
		__m256i w = _mm256_load_si256((const __m256i *)(const void *)
					      (weights + half * 16));

		UNROLL for (int s = 0; s < 2; s++)
			acc[s * 2 + half] = _mm256_add_epi32(
				acc[s * 2 + half],
				_mm256_madd_epi16(lanes_of(steps[s] + at, half, is_spread),
						  w));
	}
}

INLINE void add_taps(__m256i *acc, const struct pass *p, const uint32_t *const *steps,
		     const bool is_3x3, const bool is_spread)
{
	const int16_t *weights = p->weights;

	if (is_3x3) {
		UNROLL for (size_t tap = 0; tap < 6; tap++)
			add_tap(acc, steps, tap / 3 * p->l->lanes + tap % 3 * p->l->tap_lanes,
				weights + tap * TAP_NUMBERS, false);
		return;
	}
	for (size_t line = 0; line < p->l->count; line++)
		for (size_t kx = 0; kx < p->kernel_w; kx++, weights += TAP_NUMBERS)
			add_tap(acc, steps, line * p->l->lanes + kx * p->l->tap_lanes,
				weights, is_spread);
}

INLINE void run_pass(const struct pass *p, const bool is_3x3, const bool is_spread)
{
	for (uint32_t x = 0; x < p->l->steps; x += 2) {
		uint32_t left = p->l->steps - x;
		const uint32_t *first = p->lanes + (size_t)x * p->l->step_lanes;
		const uint32_t *steps[2] = { first, left > 1 ? first + p->l->step_lanes : first };
		uint8_t *out = p->out + x * p->out_stride;
		__m256i acc[4], bytes;

		UNROLL for (int i = 0; i < 4; i++)
			acc[i] = load_half(p->columns->bias, i % 2);
		add_taps(acc, p, steps, is_3x3, is_spread);
		scale_all(acc, 4, 2, p->columns, p->finish);
		bytes = narrow(acc[0], acc[1], acc[2], acc[3], &p->end);
		store_some(out, _mm256_castsi256_si128(bytes),
			   left > 1 ? p->count : p->last_count);
		if (left > 1)
			store_some(out + p->out_stride, _mm256_extracti128_si256(bytes, 1),
				   left > 2 ? p->count : p->last_count);
	}
}

static void run_3x3(const struct pass *p)
{
	run_pass(p, true, false);
}

static void run_any(const struct pass *p)
{
	run_pass(p, false, false);
}

static void run_spread(const struct pass *p)
{
	run_pass(p, false, true);
}

void avx2_depthwise_run(const struct depthwise *d, const void *packed, const void *in,
			void *out, uint32_t first, uint32_t rows, void *scratch)
{
	struct lines l = shape_of(d);
	const struct packed_head *head = packed;
	const struct columns *columns = (const struct columns *)(head + 1);
	const int16_t *weights = (const int16_t *)(const void *)(columns + l.groups);
	bool is_3x3 = l.count == 2 && d->kernel_w == 3;
	void (*run)(const struct pass *) = l.is_spread ? run_spread : is_3x3 ? run_3x3 : run_any;
	struct finishing f = depthwise_finishing(d);
	struct pass p = {
		.l = &l, .kernel_w = d->kernel_w, .finish = head->finish,
		.end = ending_of(&f), .out_stride = (size_t)d->out_c * l.cells,
	};

	for (uint32_t y = first; y < first + rows; y++) {
		uint32_t at = (y - first) % l.at_once;

		if (at == 0)
			lines_lay(d, &l, interleave, in, y, scratch);
		for (uint32_t group = 0; group < l.groups; group++) {
			uint32_t channel = group * COLUMNS;
			uint32_t shared = d->out_w - (l.steps - 1) * l.cells;

			p.lanes = (const uint32_t *)scratch + (l.is_spread ? 0 : channel);
			p.columns = columns + group;
			p.weights = weights + group * group_numbers(&l) +
				    at * row_numbers(&l);
			p.out = (uint8_t *)out + (size_t)y * d->out_w * d->out_c + channel;
			p.count = least(d->out_c * l.cells - channel, COLUMNS);
			p.last_count = l.cells > 1 ? shared * d->out_c : p.count;
			run(&p);
		}
	}
}
