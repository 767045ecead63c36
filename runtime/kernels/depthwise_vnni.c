/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/depthwise_x86.h"
#include "runtime/kernels/vnni.h"

#include <string.h>

/*
 * Depthwise convolution with vpdpbusd, which adds four products of unsigned and
 * signed bytes in each 32-bit lane: see depthwise_x86.h. A 3x3 window is three
 * instructions for sixteen channels.
 *
 * The input is the unsigned factor (int8 flipped). The filter minus its zero
 * point has nine bits; what does not fit a signed byte is in a second byte,
 * which for almost all taps is zero everywhere and then skipped. Two signed bytes
 * reach from -256 to 254. For the one zero point that makes 255 possible, both
 * factors change their sign: the filter when packed, the input by flipping all
 * bits, which turns x - zero into (255 - x) - (255 - zero).
 *
 *	packed   head, [groups] struct columns, [groups, a multiple of 16] uint32
 *	         second bytes wanted: bit t for tap t, bit 31 for all from there,
 *	         [groups][rows at once][2][taps][16][4] first and second bytes
 */
#define HEIGHT 4

static bool is_negated(const struct depthwise *d)
{
	return d->filter_zero + flip_of(d->is_signed) == 0;
}

static struct lines shape_of(const struct depthwise *d)
{
	return lines_of(d, HEIGHT, flip_of(d->is_signed) ^ (is_negated(d) ? 0xff : 0));
}

static size_t wide_bytes(const struct lines *l)
{
	return (l->groups + (size_t)15) / 16 * 64;
}

/* Weights of one output row of those at once. */
static size_t row_bytes(const struct lines *l)
{
	return (size_t)2 * l->taps * 64;
}

static size_t group_bytes(const struct lines *l)
{
	return l->at_once * row_bytes(l);
}

size_t vnni_depthwise_packed_bytes(const struct depthwise *d)
{
	struct lines l = shape_of(d);

	return sizeof(struct packed_head) + l.groups * sizeof(struct columns) +
	       wide_bytes(&l) + l.groups * group_bytes(&l);
}

size_t vnni_depthwise_scratch_bytes(const struct depthwise *d)
{
	struct lines l = shape_of(d);

	return lines_scratch_bytes(d, &l);
}

struct packed {
	const struct packed_head *head;
	const struct columns *columns;
	const uint32_t *wide;
	const int8_t *weights;
};

static struct packed packed_parts(const struct lines *l, const void *packed)
{
	struct packed p = { .head = packed };

	p.columns = (const struct columns *)(p.head + 1);
	p.wide = (const uint32_t *)(p.columns + l->groups);
	p.weights = (const int8_t *)p.wide + wide_bytes(l);
	return p;
}

/* Both bytes of one lane's taps for one row; returns the sum of the factors. */
static int32_t pack_lane(const struct depthwise *d, const uint8_t *filter,
			 const struct lines *l, uint32_t row, int8_t *to, uint32_t *wide)
{
	uint8_t flip = flip_of(d->is_signed);
	int32_t zero = d->filter_zero + flip, sign = is_negated(d) ? -1 : 1, sum = 0;

	for (uint32_t ky = 0; ky < d->kernel_h; ky++) {
		for (uint32_t kx = 0; kx < d->kernel_w; kx++, filter += d->out_c) {
			int32_t value = sign * ((*filter ^ flip) - zero);
			int32_t first = clamp_i32(value, INT8_MIN, INT8_MAX);
			uint32_t place;
			size_t tap = lines_tap(d, l, row, ky, kx, &place);

			sum += value;
			to[tap * 64 + place] = (int8_t)first;
			to[(l->taps + tap) * 64 + place] = (int8_t)(value - first);
			if (value != first)
				*wide |= UINT32_C(1) << least((uint32_t)tap, 31);
		}
	}
	return sum;
}

void vnni_depthwise_pack(const struct depthwise *d, const void *filter, void *packed)
{
	struct lines l = shape_of(d);
	struct finishing f = depthwise_finishing(d);
	struct packed_head *head = packed;
	struct columns *columns = (struct columns *)(head + 1);
	uint32_t *wide = (uint32_t *)(columns + l.groups);
	int8_t *weights = (int8_t *)wide + wide_bytes(&l);

	memset(packed, 0, vnni_depthwise_packed_bytes(d));
	head->finish = finish_choose(&f, (uint64_t)d->kernel_h * d->kernel_w, d->bias);
	for (uint32_t i = 0; i < d->out_c * l.cells; i++) {
		uint32_t channel = i % d->out_c, group = i / COLUMNS, lane = i % COLUMNS;
		int8_t *to = weights + group * group_bytes(&l) + lane * 4;
		uint32_t bias = d->bias ? (uint32_t)d->bias[channel] : 0, sum = 0;

		for (uint32_t row = 0; row < l.at_once; row++)
			sum = (uint32_t)pack_lane(d, (const uint8_t *)filter + channel, &l,
						  row, to + row * row_bytes(&l),
						  &wide[group]);
		columns_set(&columns[group], lane, &f, head->finish, channel);
		columns[group].bias[lane] = (int32_t)(bias - l.zero * sum);
	}
}

/*
 * Four rows byte by byte. For 64 bytes at a time, unpacking works in quarters
 * of a register and leaves four lanes of each; fetching the quarters' lanes in
 * turn makes up for it.
 */
INLINE void interleave_64(const __m512i *row, uint32_t *to)
{
	__m512i r01_low = _mm512_unpacklo_epi8(row[0], row[1]);
	__m512i r01_high = _mm512_unpackhi_epi8(row[0], row[1]);
	__m512i r23_low = _mm512_unpacklo_epi8(row[2], row[3]);
	__m512i r23_high = _mm512_unpackhi_epi8(row[2], row[3]);

	_mm512_storeu_si512(to, _mm512_unpacklo_epi16(r01_low, r23_low));
	_mm512_storeu_si512(to + 16, _mm512_unpackhi_epi16(r01_low, r23_low));
	_mm512_storeu_si512(to + 32, _mm512_unpacklo_epi16(r01_high, r23_high));
	_mm512_storeu_si512(to + 48, _mm512_unpackhi_epi16(r01_high, r23_high));
}

INLINE __m512i fetch(const uint8_t *from, __mmask64 mask)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13,
						2, 6, 10, 14, 3, 7, 11, 15);

	return _mm512_permutexvar_epi32(order, _mm512_maskz_loadu_epi8(mask, from));
}

INLINE void interleave_rows(const uint8_t *const *rows, const size_t *steps, uint8_t flip,
			    size_t count, uint32_t *to, const int used, const bool is_flipped)
{
	__m512i flips = _mm512_set1_epi8((char)flip), row[HEIGHT];

	for (size_t i = 0, at = 0; i < count; i += 64, at++) {
		__mmask64 mask = lanes(count - i);

		UNROLL for (int r = 0; r < HEIGHT; r++) {
			if (r >= used)
				row[r] = _mm512_setzero_si512();
			else
				row[r] = fetch(rows[r] + at * steps[r], mask);
			if (r < used && is_flipped)
				row[r] = _mm512_xor_si512(row[r], flips);
		}
		interleave_64(row, to + i);
	}
}

/* Outside rows are 64 bytes that are read again and again. */
static void interleave(const struct lines *l, const uint8_t *const *rows, uint32_t used,
		       size_t count, uint32_t *to)
{
	const uint8_t *from[HEIGHT];
	size_t steps[HEIGHT];
	uint8_t outside[64];

	memset(outside, l->zero ^ l->flip, sizeof(outside));
	for (uint32_t r = 0; r < HEIGHT; r++) {
		from[r] = rows[r] ? rows[r] : outside;
		steps[r] = rows[r] ? 64 : 0;
	}
	if (l->flip && used == 3)
		interleave_rows(from, steps, l->flip, count, to, 3, true);
	else if (l->flip)
		interleave_rows(from, steps, l->flip, count, to, 4, true);
	else if (used == 3)
		interleave_rows(from, steps, 0, count, to, 3, false);
	else
		interleave_rows(from, steps, 0, count, to, 4, false);
}

/* One output row in the making. */
struct row {
	const struct depthwise *d;
	const struct lines *lines;
	const uint32_t *lanes;
	struct packed packed;
	struct ending end;
	uint32_t at;  /* of the rows at once */
	uint8_t *out;
};

/* Columns at one tap for a register of channels, at lane `at` of the lines. */
INLINE __m512i column_of(const uint32_t *step, size_t at, int vector, const bool is_spread)
{
	if (is_spread)
		return _mm512_set1_epi32((int32_t)step[at]);
	return _mm512_loadu_si512(step + at + vector * COLUMNS);
}

/* What one pass over a row works on: `vectors` registers of channels. */
struct pass {
	const uint32_t *lanes;          /* of the lines, at the first of them */
	const struct columns *columns;
	const int8_t *weights;          /* this row's, [groups][2][taps][64] */
	size_t group_bytes;             /* of weights */
	uint32_t wide;                  /* second bytes of any of them */
	uint8_t *out;
	size_t out_stride;              /* bytes from step to step */
	__mmask64 mask;                 /* bytes of a step that exist */
	size_t joined;                  /* bytes of the row where steps touch, else 0 */
};

/* Add tap t at lane `at` to the sums of `cells` steps, step_lanes apart. */
INLINE void add_tap(__m512i *acc, const uint32_t *const *steps, size_t at,
		    const __m512i *weights, const int vectors, const int cells,
		    const bool is_spread)
{
	UNROLL for (int p = 0; p < cells; p++)
		UNROLL for (int v = 0; v < vectors; v++)
			acc[p * vectors + v] = _mm512_dpbusd_epi32(
				acc[p * vectors + v],
				column_of(steps[p], at, v, is_spread), weights[v]);
}

INLINE void load_weights(__m512i *w, const struct pass *p, uint32_t tap, const int vectors)
{
	UNROLL for (int v = 0; v < vectors; v++)
		w[v] = _mm512_load_si512(p->weights + (size_t)v * p->group_bytes + tap * 64);
}

/* All taps of any window. */
INLINE void add_taps(__m512i *acc, const struct row *r, const struct pass *p,
		     const uint32_t *const *steps, const int vectors, const int cells,
		     const bool is_spread)
{
	const struct lines *l = r->lines;
	__m512i w[4];

	for (uint32_t tap = 0; tap < l->taps; tap++) {
		size_t at = tap / r->d->kernel_w * l->lanes +
			    (size_t)(tap % r->d->kernel_w) * l->tap_lanes;

		load_weights(w, p, tap, vectors);
		add_tap(acc, steps, at, w, vectors, cells, is_spread);
		if (p->wide >> least(tap, 31) & 1) {
			load_weights(w, p, l->taps + tap, vectors);
			add_tap(acc, steps, at, w, vectors, cells, is_spread);
		}
	}
}

/* The three taps of a window of three columns and up to four rows. */
INLINE void add_three(__m512i *acc, const struct row *r, const struct pass *p,
		      const __m512i *w, const uint32_t *const *steps, const int vectors,
		      const int cells)
{
	UNROLL for (uint32_t tap = 0; tap < 3; tap++)
		add_tap(acc, steps, (size_t)tap * r->lines->tap_lanes, w + tap * (uint32_t)vectors,
			vectors, cells, false);
	for (uint32_t tap = 0; p->wide >> tap; tap++) {
		__m512i second[4];

		if (!(p->wide >> tap & 1))
			continue;
		load_weights(second, p, 3 + tap, vectors);
		add_tap(acc, steps, (size_t)tap * r->lines->tap_lanes, second, vectors, cells,
			false);
	}
}

/* All steps of the row; four registers of sums at a time, three for vectors 3. */
INLINE void run_pass(const struct row *r, const struct pass *p, const int vectors,
		     const bool is_three, const bool is_spread)
{
	const int cells = vectors > 2 ? 1 : 4 / vectors, count = cells * vectors;
	__m512i w[12];

	if (is_three)
		UNROLL for (uint32_t tap = 0; tap < 3; tap++)
			load_weights(w + tap * (uint32_t)vectors, p, tap, vectors);
	for (uint32_t x = 0; x < r->lines->steps; x += (uint32_t)cells) {
		uint32_t left = r->lines->steps - x;
		const uint32_t *steps[4];
		__m512i acc[4], bytes;

		UNROLL for (int i = 0; i < count; i++)
			acc[i] = _mm512_load_si512(p->columns[i % vectors].bias);
		UNROLL for (uint32_t i = 0; i < (uint32_t)cells; i++)
			steps[i] = p->lanes + (size_t)(x + least(i, left - 1)) *
						     r->lines->step_lanes;
		if (is_three)
			add_three(acc, r, p, w, steps, vectors, cells);
		else
			add_taps(acc, r, p, steps, vectors, cells, is_spread);
		scale_all(acc, count, vectors, p->columns, r->packed.head->finish);
		bytes = narrow(acc[0], acc[1 % count], acc[2 % count], acc[3 % count],
			       &r->end);
		if (p->joined)
			_mm512_mask_storeu_epi8(p->out + x * p->out_stride,
						lanes(p->joined - x * p->out_stride), bytes);
		else
			store_rows(p->out + x * p->out_stride, p->out_stride, bytes,
				   vectors, left, p->mask);
	}
}

#define PASS(name, vectors, is_three, is_spread) \
	static void name##_##vectors(const struct row *r, const struct pass *p) \
	{ \
		run_pass(r, p, vectors, is_three, is_spread); \
	}

PASS(three, 1, true, false) PASS(three, 2, true, false)
PASS(three, 3, true, false) PASS(three, 4, true, false)
PASS(any, 1, false, false) PASS(any, 4, false, false)
PASS(spread, 1, false, true)

/* How many groups of channels go in one pass. What is rare has fewer loops. */
static uint32_t groups_at_once(const struct lines *l, uint32_t left)
{
	if (l->is_spread)
		return 1;
	return left >= 4 ? 4 : l->count == 1 && l->taps == 3 ? left : 1;
}

static void (*choose_pass(const struct lines *l, uint32_t groups))(const struct row *,
								   const struct pass *)
{
	static void (*const threes[])(const struct row *, const struct pass *) = {
		three_1, three_2, three_3, three_4 };

	if (l->is_spread)
		return spread_1;
	if (l->count == 1 && l->taps == 3)
		return threes[groups - 1];
	return groups == 4 ? any_4 : any_1;
}

/* `groups` of channels from `first` on. */
static void run_groups(const struct row *r, uint32_t first, uint32_t groups)
{
	const struct lines *l = r->lines;
	uint32_t step_bytes = r->d->out_c * l->cells;
	struct pass p = {
		.lanes = r->lanes + (l->is_spread ? 0 : first * COLUMNS),
		.columns = r->packed.columns + first,
		.weights = r->packed.weights + first * group_bytes(l) +
			   r->at * row_bytes(l),
		.group_bytes = group_bytes(l),
		.out = r->out + first * COLUMNS,
		.out_stride = step_bytes,
		.mask = lanes(least(step_bytes - first * COLUMNS, groups * COLUMNS)),
		.joined = step_bytes == groups * COLUMNS ?
			  (size_t)r->d->out_w * r->d->out_c : 0,
	};

	for (uint32_t g = first; g < first + groups; g++)
		p.wide |= r->packed.wide[g];
	choose_pass(l, groups)(r, &p);
}

void vnni_depthwise_run(const struct depthwise *d, const void *packed, const void *in,
			void *out, uint32_t first, uint32_t rows, void *scratch)
{
	struct lines l = shape_of(d);
	struct finishing f = depthwise_finishing(d);
	struct row r = {
		.d = d, .lines = &l, .lanes = scratch,
		.packed = packed_parts(&l, packed), .end = ending_of(&f),
	};

	for (uint32_t y = first; y < first + rows; y++) {
		r.at = (y - first) % l.at_once;
		if (r.at == 0)
			lines_lay(d, &l, interleave, in, y, scratch);
		r.out = (uint8_t *)out + (size_t)y * d->out_w * d->out_c;
		for (uint32_t group = 0, count; group < l.groups; group += count) {
			count = groups_at_once(&l, l.groups - group);
			run_groups(&r, group, count);
		}
	}
}
