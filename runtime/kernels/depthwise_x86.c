/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/depthwise_x86.h"

#include <string.h>

/* What interleaving and reading may do past the last line. */
#define SLACK_BYTES 512

#define HEIGHT_MAX 4

static uint32_t columns_of(const struct depthwise *d)
{
	if (d->out_w == 0)
		return 0;
	return (d->out_w - 1) * d->stride_w + (d->kernel_w - 1) * d->dilation_w + 1;
}

struct lines lines_of(const struct depthwise *d, uint32_t height, uint8_t flip)
{
	bool is_multiplied = d->out_c != d->in_c;
	bool is_shared = !is_multiplied && d->stride_w == 1 && d->in_c < COLUMNS &&
			 COLUMNS % d->in_c == 0;
	struct lines l = {
		.cells = is_shared ? COLUMNS / d->in_c : 1,
		.groups = ceil_div(d->out_c, COLUMNS),
		.columns = columns_of(d),
		.count = ceil_div(d->kernel_h, height),
		.height = height,
		.is_spread = is_multiplied && d->in_c == 1,
		.is_expanded = is_multiplied && d->in_c > 1,
		.flip = flip,
		.zero = (uint8_t)d->in_zero ^ flip,
	};

	l.at_once = d->dilation_h > 1 ? 1 :
		    (l.count * height - d->kernel_h) / d->stride_h + 1;
	l.rows = d->kernel_h + (l.at_once - 1) * d->stride_h;
	l.steps = ceil_div(d->out_w, l.cells);
	l.pitch = l.is_spread ? 1 : is_shared ? d->in_c : l.groups * COLUMNS;
	l.step_lanes = l.pitch * d->stride_w * l.cells;
	l.tap_lanes = l.pitch * d->dilation_w;
	l.taps = l.count * d->kernel_w;
	l.lanes = ((size_t)l.columns * l.pitch + 15) / 16 * 16;
	return l;
}

static size_t expanded_bytes(const struct depthwise *d, const struct lines *l)
{
	return l->is_expanded ? (size_t)d->in_w * d->out_c : 0;
}

size_t lines_scratch_bytes(const struct depthwise *d, const struct lines *l)
{
	return l->count * l->lanes * sizeof(uint32_t) + SLACK_BYTES +
	       l->height * expanded_bytes(d, l);
}

/* Line columns that show the image, and what of it. */
struct inside {
	uint32_t before; /* columns left of the image */
	uint32_t count;
	uint32_t from;   /* image column of the first */
};

static struct inside inside_of(const struct depthwise *d, uint32_t columns)
{
	uint32_t before = d->pad_left > 0 ? (uint32_t)d->pad_left : 0;
	uint32_t from = d->pad_left < 0 ? (uint32_t)-d->pad_left : 0;

	before = least(before, columns);
	from = least(from, d->in_w);
	return (struct inside){ before, least(columns - before, d->in_w - from), from };
}

static void fill(const struct lines *l, uint32_t *to, size_t count)
{
	uint32_t outside = l->zero * UINT32_C(0x01010101);

	if (l->height == 2)
		outside = l->zero * UINT32_C(0x00010001);
	for (size_t i = 0; i < count; i++)
		to[i] = outside;
}

/* One line from rows of cells of `cell` bytes. */
static void lay_line(const struct depthwise *d, const struct lines *l,
		     lines_interleave *interleave, const uint8_t *const *rows,
		     uint32_t used, uint32_t cell, uint32_t *line)
{
	struct inside in = inside_of(d, l->columns);
	uint32_t after = l->columns - in.before - in.count;
	uint32_t pieces = cell == l->pitch ? 1 : in.count;
	size_t piece = cell == l->pitch ? (size_t)in.count * cell : cell;
	const uint8_t *from[HEIGHT_MAX] = { NULL };

	fill(l, line, (size_t)in.before * l->pitch);
	line += (size_t)in.before * l->pitch;
	for (uint32_t p = 0; p < pieces; p++) {
		for (uint32_t i = 0; i < l->height; i++)
			if (rows[i])
				from[i] = rows[i] + ((size_t)in.from + p) * cell;
		interleave(l, from, used, piece, line + (size_t)p * l->pitch);
	}
	fill(l, line + (size_t)in.count * l->pitch, (size_t)after * l->pitch);
}

/* Each channel of a row as often as it has outputs. */
static const uint8_t *expand(const struct depthwise *d, const uint8_t *row, uint8_t *to)
{
	uint32_t multiplier = d->out_c / d->in_c;

	for (size_t i = 0; i < (size_t)d->in_w * d->in_c; i++)
		memset(to + i * multiplier, row[i], multiplier);
	return to;
}

/* Row r of those that output row y needs, NULL outside of the image. */
static const uint8_t *row_at(const struct depthwise *d, const uint8_t *in, uint32_t y,
			     uint32_t r)
{
	int64_t at = (int64_t)y * d->stride_h - d->pad_top + (int64_t)r * d->dilation_h;

	if (at < 0 || at >= d->in_h)
		return NULL;
	return in + (size_t)at * d->in_w * d->in_c;
}

void lines_lay(const struct depthwise *d, const struct lines *l,
	       lines_interleave *interleave, const uint8_t *in, uint32_t y, void *scratch)
{
	uint32_t *line = scratch;
	uint8_t *expanded = (uint8_t *)(line + l->count * l->lanes) + SLACK_BYTES;
	uint32_t cell = l->is_expanded ? d->out_c : d->in_c;

	for (uint32_t i = 0; i < l->count; i++, line += l->lanes) {
		uint32_t used = least(l->height, l->rows - i * l->height);
		const uint8_t *rows[HEIGHT_MAX] = { NULL };

		for (uint32_t r = 0; r < used; r++) {
			rows[r] = row_at(d, in, y, i * l->height + r);
			if (rows[r] && l->is_expanded)
				rows[r] = expand(d, rows[r],
						 expanded + r * expanded_bytes(d, l));
		}
		lay_line(d, l, interleave, rows, used, cell, line);
	}
}
