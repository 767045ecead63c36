/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CAMERA_CONVERT_COLOURS_H
#define CAMERA_CONVERT_COLOURS_H

#include <stdbool.h>

#include "camera/convert_loops.h"
#include "camera/convert_source.h"

/*
 * From the samples of a source to R, G and B, or to grey: its matrix, range and the
 * order of its samples, as the loops want them.
 *
 *	struct convert_colours colours = convert_colours_of(&source, false);
 *
 *	loops->colour_three(out, picked, count, &colours, 0);
 */
struct convert_colours convert_colours_of(const struct convert_source *source, bool is_grey);

#endif
