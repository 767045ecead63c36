/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/convert_colours.h"

#include <math.h>

/* How much of R and of B is in Y: BT.601-7 2.5.1, BT.709-6 3.2. */
struct luma {
	double red, blue;
};

static const struct luma bt601 = { 0.299, 0.114 }, bt709 = { 0.2126, 0.0722 };

static int16_t fixed(double factor)
{
	return (int16_t)lround(factor * 8192);
}

/* The bias that turns `zero` into black, counting with the factors as the loops do:
   grey stays grey. */
static void set_bias(struct convert_colours *colours, const int32_t zero[3])
{
	for (unsigned o = 0; o < 3; o++) {
		int32_t sum = 0;

		for (unsigned c = 0; c < 3; c++)
			sum += convert_scaled(zero[c] * 128, colours->factor[o][c]);
		colours->bias[o] = (int16_t)(16 - sum);
	}
}

static void set_rgb(struct convert_colours *colours, bool is_grey)
{
	if (is_grey) {
		colours->factor[0][0] = fixed(bt601.red);
		colours->factor[0][2] = fixed(bt601.blue);
		/* The three make one, so that white stays white. */
		colours->factor[0][1] =
			(int16_t)(8192 - colours->factor[0][0] - colours->factor[0][2]);
		return;
	}
	for (unsigned i = 0; i < 3; i++)
		colours->factor[i][i] = 8192;
}

/* Cb and Cr run from -128 to 127 around 128 in full range, and from -112 to 112 in
   the other, where Y runs from 16 to 235. */
static void set_ycbcr(struct convert_colours *colours, const struct convert_source *source)
{
	struct luma of = source->matrix == ATOLL_MATRIX_BT709 ? bt709 : bt601;
	double red = of.red, blue = of.blue, green = 1 - red - blue;
	double luma = source->is_full_range ? 1 : 255.0 / 219;
	double chroma = source->is_full_range ? 1 : 255.0 / 224;

	for (unsigned o = 0; o < 3; o++)
		colours->factor[o][0] = fixed(luma);
	if (!source->width[CONVERT_CHROMA])
		return;
	colours->factor[0][2] = fixed(2 * (1 - red) * chroma);
	colours->factor[1][1] = fixed(-2 * (1 - blue) * blue / green * chroma);
	colours->factor[1][2] = fixed(-2 * (1 - red) * red / green * chroma);
	colours->factor[2][1] = fixed(2 * (1 - blue) * chroma);
}

struct convert_colours convert_colours_of(const struct convert_source *source, bool is_grey)
{
	struct convert_colours colours = { 0 };
	int32_t zero[3] = { 0 };
	unsigned first = source->is_rgb ? 0 : 1;

	if (source->is_rgb) {
		set_rgb(&colours, is_grey);
	} else {
		set_ycbcr(&colours, source);
		zero[0] = source->is_full_range ? 0 : 16;
		zero[1] = zero[2] = 128;
		/* Grey is Y alone. */
		if (is_grey)
			colours.factor[0][1] = colours.factor[0][2] = 0;
	}
	set_bias(&colours, zero);
	for (unsigned o = 0; o < 3 && source->is_reversed; o++) {
		int16_t swapped = colours.factor[o][first];

		colours.factor[o][first] = colours.factor[o][2];
		colours.factor[o][2] = swapped;
	}
	return colours;
}
