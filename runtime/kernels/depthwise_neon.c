/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/neon.h"

#include <string.h>

/*
 * 8-bit depthwise convolution for armv8.0: bytes become 16-bit differences from
 * their zero point, which are multiplied and added to 32-bit sums.
 *
 * Input rows are first staged, as uint8 (the top bit of int8 is flipped), with
 * all their padding and one channel for each output channel:
 *
 *	in      [in_h][in_w][in_c]
 *	staged  [kernel_h][staged_w][lanes]     lanes = out_c, at least 8
 *
 * so that every tap of every output cell is there, and the inner loops know
 * neither borders nor multipliers. It costs a copy of a row against the
 * kernel_h * kernel_w multiplications of each of its bytes.
 *
 * Channels go in groups of 8; a last group that is short begins earlier and
 * computes some channels again.
 *
 *	packed   [group][kernel_h][kernel_w][8] int16, less the zero point
 *	scratch  struct group [groups], rows [kernel_h], staged
 */

#define LANES 8
#define STRIP 4 /* output cells at a time: 8 sums, inputs and weights fit 32 registers */

/* What a group adds and multiplies by after the products. */
struct group {
	int32_t bias[LANES], mantissa[LANES], left[LANES], right[LANES];
};

static size_t lanes_of(const struct depthwise *d)
{
	return d->out_c < LANES ? LANES : d->out_c;
}

static size_t groups_of(const struct depthwise *d)
{
	return (lanes_of(d) + LANES - 1) / LANES;
}

/* First channel of a group. */
static size_t channel_of(size_t group, size_t lanes)
{
	return group * LANES + LANES <= lanes ? group * LANES : lanes - LANES;
}

static size_t taps_of(const struct depthwise *d)
{
	return (size_t)d->kernel_h * d->kernel_w;
}

static size_t staged_width(const struct depthwise *d)
{
	return (d->out_w - (size_t)1) * d->stride_w +
	       (d->kernel_w - (size_t)1) * d->dilation_w + 1;
}

size_t neon_depthwise_packed_bytes(const struct depthwise *d)
{
	return groups_of(d) * taps_of(d) * LANES * sizeof(int16_t);
}

void neon_depthwise_pack(const struct depthwise *d, const void *filter, void *packed)
{
	int16_t *to = packed;

	for (size_t group = 0; group < groups_of(d); group++) {
		size_t first = channel_of(group, lanes_of(d));

		for (size_t tap = 0; tap < taps_of(d); tap++) {
			for (size_t c = first; c < first + LANES; c++) {
				size_t at = tap * d->out_c + c;
				int32_t w = c >= d->out_c ? d->filter_zero :
					d->is_signed ? ((const int8_t *)filter)[at] :
						       ((const uint8_t *)filter)[at];

				*to++ = (int16_t)(w - d->filter_zero);
			}
		}
	}
}

size_t neon_depthwise_scratch_bytes(const struct depthwise *d)
{
	return groups_of(d) * sizeof(struct group) +
	       d->kernel_h * (sizeof(uint8_t *) + staged_width(d) * lanes_of(d));
}

/* One call of depthwise_run, with what its loops keep asking for. */
struct work {
	const struct depthwise *d;
	const int16_t *weights;
	struct group *groups;
	uint8_t **row;          /* [kernel_h], staged */
	uint8_t *staged;
	size_t lanes, row_bytes;
	uint8_t zero;           /* a staged 0 */
	bool is_down;           /* all scales shift right: the short way */
	struct stored_range range;
};

static void load_group(const struct depthwise *d, size_t first, struct group *group)
{
	struct multiplier scale[LANES] = { 0 };
	size_t count = d->out_c < LANES ? d->out_c : LANES;

	memcpy(scale, d->scale + first, count * sizeof(*scale));
	memset(group->bias, 0, sizeof(group->bias));
	if (d->bias)
		memcpy(group->bias, d->bias + first, count * sizeof(*d->bias));
	for (size_t c = 0; c < LANES; c += 4) {
		struct scaling by = scaling_load(scale + c);

		vst1q_s32(group->mantissa + c, by.mantissa);
		vst1q_s32(group->left + c, by.left);
		vst1q_s32(group->right + c, by.right);
	}
}

static struct work begin(const struct depthwise *d, const void *packed, void *scratch)
{
	struct work w = {
		.d = d,
		.weights = packed,
		.groups = scratch,
		.lanes = lanes_of(d),
		.row_bytes = staged_width(d) * lanes_of(d),
		.zero = (uint8_t)(d->is_signed ? d->in_zero + 128 : d->in_zero),
		.is_down = true,
		.range = stored_range(d->out_zero, d->low, d->high),
	};

	w.row = (uint8_t **)(w.groups + groups_of(d));
	w.staged = (uint8_t *)(w.row + d->kernel_h);
	for (size_t i = 0; i < groups_of(d); i++)
		load_group(d, channel_of(i, w.lanes), w.groups + i);
	for (size_t c = 0; c < d->out_c; c++)
		w.is_down = w.is_down && d->scale[c].shift < 0;
	return w;
}

static void copy_flipped(uint8_t *to, const uint8_t *from, size_t count, uint8_t flip)
{
	uint8x16_t all = vdupq_n_u8(flip);
	size_t i = 0;

	for (; i + 64 <= count; i += 64) {
		uint8x16_t x[4];

		for (int part = 0; part < 4; part++)
			x[part] = veorq_u8(vld1q_u8(from + i + 16 * part), all);
		for (int part = 0; part < 4; part++)
			vst1q_u8(to + i + 16 * part, x[part]);
	}
	for (; i < count; i++)
		to[i] = from[i] ^ flip;
}

/* Cells of in_c channels into cells of `lanes`, each channel as often as the
   multiplier says; what is left of the lanes has zero weights. */
static void spread_cells(const struct work *w, uint8_t *to, const uint8_t *from,
			 size_t cells, uint8_t flip)
{
	uint32_t multiplier = w->d->out_c / w->d->in_c;

	for (size_t x = 0; x < cells; x++, to += w->lanes) {
		uint8_t *lane = to;

		for (uint32_t c = 0; c < w->d->in_c; c++, lane += multiplier)
			memset(lane, *from++ ^ flip, multiplier);
	}
}

/* Row y of the image, which may lie outside, into a staged one. */
static void stage_row(const struct work *w, const uint8_t *in, int64_t y, uint8_t *to)
{
	const struct depthwise *d = w->d;
	size_t width = w->row_bytes / w->lanes, left = (size_t)d->pad_left;
	size_t cells = width - left < d->in_w ? width - left : d->in_w;
	const uint8_t *from = in + (size_t)y * d->in_w * d->in_c;
	uint8_t flip = d->is_signed ? 0x80 : 0;

	if (y < 0 || y >= d->in_h) {
		memset(to, w->zero, w->row_bytes);
		return;
	}
	memset(to, w->zero, left * w->lanes);
	to += left * w->lanes;
	if (w->lanes == d->in_c)
		copy_flipped(to, from, cells * d->in_c, flip);
	else
		spread_cells(w, to, from, cells, flip);
	memset(to + cells * w->lanes, w->zero, (width - left - cells) * w->lanes);
}

/*
 * Point row[ky] at the rows that output row y needs. Rows that stand side by
 * side stay staged for the next output row, in the order of a ring; `staged_to`
 * is the first row, counted from the top of the padding, that is not there yet.
 */
static void stage_rows(const struct work *w, const uint8_t *in, uint32_t y,
		       int64_t *staged_to)
{
	const struct depthwise *d = w->d;
	int64_t top = (int64_t)y * d->stride_h;

	for (uint32_t ky = 0; ky < d->kernel_h; ky++) {
		int64_t row = top + (int64_t)ky * d->dilation_h;
		size_t slot = d->dilation_h == 1 ? (size_t)row % d->kernel_h : ky;

		w->row[ky] = w->staged + slot * w->row_bytes;
		if (d->dilation_h == 1 && row < *staged_to)
			continue;
		stage_row(w, in, row - d->pad_top, w->row[ky]);
		*staged_to = row + 1;
	}
}

static inline int16x8_t widen(const uint8_t *bytes, uint8x8_t zero)
{
	return vreinterpretq_s16_u16(vsubl_u8(vld1_u8(bytes), zero));
}

static inline void multiply_add(int32x4_t sum[2], int16x8_t x, int16x8_t weight)
{
	sum[0] = vmlal_s16(sum[0], vget_low_s16(x), vget_low_s16(weight));
	sum[1] = vmlal_high_s16(sum[1], x, weight);
}

/*
 * for ky, kx, cell < cells, lane < 8:
 *	sum[cell][lane] += (row[ky][cell * stride + kx][lane] - zero)
 *			   * weights[ky][kx][lane]
 *
 * One row of taps, inlined with constants: neighbours share the inputs, which
 * are widened once.
 */
static inline __attribute__((always_inline))
void add_row_shared(int32x4_t sum[STRIP][2], const uint8_t *in, size_t lanes,
		    const int16_t *weights, uint8x8_t zero, uint32_t cells,
		    uint32_t kernel_w, uint32_t stride)
{
	int16x8_t x[(STRIP - 1) * 2 + 5];

	for (uint32_t i = 0; i < (cells - 1) * stride + kernel_w; i++)
		x[i] = widen(in + i * lanes, zero);
	for (uint32_t kx = 0; kx < kernel_w; kx++) {
		int16x8_t weight = vld1q_s16(weights + kx * LANES);

		for (uint32_t i = 0; i < cells; i++)
			multiply_add(sum[i], x[i * stride + kx], weight);
	}
}

/* The same for any kernel, stride and dilation. */
static inline __attribute__((always_inline))
void add_row_any(int32x4_t sum[STRIP][2], const uint8_t *in, size_t lanes,
		 const int16_t *weights, uint8x8_t zero, uint32_t cells,
		 const struct depthwise *d)
{
	for (uint32_t kx = 0; kx < d->kernel_w; kx++, in += d->dilation_w * lanes) {
		int16x8_t weight = vld1q_s16(weights + kx * LANES), x[STRIP];

		for (uint32_t i = 0; i < cells; i++)
			x[i] = widen(in + i * d->stride_w * lanes, zero);
		for (uint32_t i = 0; i < cells; i++)
			multiply_add(sum[i], x[i], weight);
	}
}

static inline __attribute__((always_inline))
void finish(const struct group *group, int32x4_t sum[STRIP][2], uint32_t cells,
	    struct stored_range range, bool is_down, uint8_t *out, size_t channels)
{
	struct scaling by[2];

	for (uint32_t i = 0; i < 2; i++)
		by[i] = (struct scaling){ vld1q_s32(group->mantissa + 4 * i),
					  vld1q_s32(group->left + 4 * i),
					  vld1q_s32(group->right + 4 * i) };
	for (uint32_t i = 0; i < cells; i++, out += channels) {
		if (is_down)
			vst1_u8(out, narrow(scale_down(sum[i][0], by[0]),
					    scale_down(sum[i][1], by[1]), range));
		else
			vst1_u8(out, narrow(scale_any(sum[i][0], by[0]),
					    scale_any(sum[i][1], by[1]), range));
	}
}

/* `cells` output cells from cell x on; kernel_w 0 stands for any kernel. What
   the stores could overwrite, for all the compiler knows, is copied first. */
static inline __attribute__((always_inline))
void run_strip(const struct work *w, size_t x, uint8_t *out, uint32_t cells,
	       uint32_t kernel_w, uint32_t stride, bool is_down)
{
	const struct depthwise d = *w->d;
	const struct stored_range range = w->range;
	const uint8x8_t zero = vdup_n_u8(w->zero);
	const size_t lanes = w->lanes, from = x * d.stride_w * lanes;
	const struct group *group = w->groups;
	const int16_t *weights = w->weights;
	uint8_t *const *row = w->row;
	const uint8_t *row0 = row[0], *row1 = NULL, *row2 = NULL;
	int32x4_t sum[STRIP][2];

	if (kernel_w == 3) {
		row1 = row[1];
		row2 = row[2];
	}
	for (size_t g = 0; g * LANES < lanes; g++, group++) {
		size_t c = channel_of(g, lanes);

		for (uint32_t i = 0; i < cells; i++) {
			sum[i][0] = vld1q_s32(group->bias);
			sum[i][1] = vld1q_s32(group->bias + 4);
		}
		if (kernel_w == 3) {
			add_row_shared(sum, row0 + from + c, lanes, weights, zero, cells, 3, stride);
			add_row_shared(sum, row1 + from + c, lanes, weights + 24, zero, cells, 3, stride);
			add_row_shared(sum, row2 + from + c, lanes, weights + 48, zero, cells, 3, stride);
			weights += 72;
		} else {
			for (uint32_t ky = 0; ky < d.kernel_h; ky++) {
				add_row_any(sum, row[ky] + from + c, lanes, weights, zero, cells, &d);
				weights += d.kernel_w * LANES;
			}
		}
		finish(group, sum, cells, range, is_down, out + c, d.out_c);
	}
}

/* Cell by cell, for rows too narrow for a strip or cells too narrow to store. */
static inline __attribute__((always_inline))
void run_cells(const struct work *w, uint8_t *out, bool is_down)
{
	size_t channels = w->d->out_c;
	uint8_t cell[LANES];

	for (size_t x = 0; x < w->d->out_w; x++, out += channels) {
		if (channels >= LANES) {
			run_strip(w, x, out, 1, 0, 0, is_down);
			continue;
		}
		run_strip(w, x, cell, 1, 0, 0, is_down);
		memcpy(out, cell, channels);
	}
}

/* One output row; a last strip that is short begins earlier. */
static inline __attribute__((always_inline))
void run_strips(const struct work *w, uint8_t *out, uint32_t kernel_w, uint32_t stride,
		bool is_down)
{
	const size_t channels = w->d->out_c, width = w->d->out_w;

	for (size_t x = 0; x < width; x += STRIP) {
		if (x > width - STRIP)
			x = width - STRIP;
		run_strip(w, x, out + x * channels, STRIP, kernel_w, stride, is_down);
	}
}

static void run_row(const struct work *w, uint8_t *out)
{
	const struct depthwise *d = w->d;
	bool is_3x3 = d->kernel_h == 3 && d->kernel_w == 3 && d->dilation_w == 1;
	uint32_t stride = is_3x3 && d->stride_w <= 2 ? d->stride_w : 0;

	if (d->out_c < LANES || d->out_w < STRIP)
		w->is_down ? run_cells(w, out, true) : run_cells(w, out, false);
	else if (stride == 1)
		w->is_down ? run_strips(w, out, 3, 1, true) :
			     run_strips(w, out, 3, 1, false);
	else if (stride == 2)
		w->is_down ? run_strips(w, out, 3, 2, true) :
			     run_strips(w, out, 3, 2, false);
	else
		w->is_down ? run_strips(w, out, 0, 0, true) :
			     run_strips(w, out, 0, 0, false);
}

void neon_depthwise_run(const struct depthwise *d, const void *packed, const void *in,
			void *out, uint32_t first, uint32_t rows, void *scratch)
{
	struct work w = begin(d, packed, scratch);
	uint8_t *to = (uint8_t *)out + (size_t)first * d->out_w * d->out_c;
	int64_t staged_to = 0;

	for (uint32_t y = first; y < first + rows; y++) {
		stage_rows(&w, in, y, &staged_to);
		run_row(&w, to);
		to += (size_t)d->out_w * d->out_c;
	}
}
