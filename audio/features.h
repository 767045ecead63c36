/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_AUDIO_FEATURES_H
#define ATOLL_AUDIO_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"

/*
 * What keyword models hear with: slices of a spectrum, and windows of slices.
 *
 *	struct atoll_features *features =
 *		atoll_features_new(ATOLL_FEATURES_OWN, &err);
 *
 *	slices += atoll_features_push(features, block.sample, block.count);
 *	if (slices >= 10) {
 *		atoll_features_window(features, scale, zero_point, tensor->data);
 *		slices = 0;
 *	}
 *
 * Each spectrum is computed once, whatever the hop, and a window is the same to the
 * bit as if its sound were given at once. Nothing is allocated after new.
 */
enum atoll_features_kind {
	ATOLL_FEATURES_OWN,    /* of apps/models/keywords, see its README.md */
	ATOLL_FEATURES_CORAL,  /* of Coral's keyword spotter: 198 x 32 uint8 */
	ATOLL_FEATURES_MLPERF, /* of MLPerf Tiny's: 49 x 10 int8 (MFCC) */
};

struct atoll_features_form {
	const char *name;      /* "own", "coral", "mlperf" */
	uint32_t slices, bands; /* of a window */
	uint32_t frame, hop;   /* samples of a slice, from one slice to the next */
	bool is_signed;        /* windows are int8, else uint8 */
};

struct atoll_features;

/* NULL with -ENOMEM, or -EINVAL for a kind that there is not. */
struct atoll_features *atoll_features_new(enum atoll_features_kind kind,
					  struct atoll_error *err);
void atoll_features_free(struct atoll_features *features); /* NULL is allowed */
/* What windows of a kind are like; the name lives for ever. */
struct atoll_features_form atoll_features_form(enum atoll_features_kind kind);

/* The kind whose windows fit a model's input, by its shape and type: 1x198x32 uint8,
   1x49x10x1 int8; dimensions of 1 do not count. -ENOTSUP: none does. */
int atoll_features_find(uint32_t rank, const int32_t *dims, bool is_int8,
			enum atoll_features_kind *kind);

/*
 * How many slices became complete; slice n, counted from 0, does with sample
 * n * hop + frame. (MLPerf's needs 160 more: its window is a whole second, of which
 * it needs the loudest sample.)
 */
uint32_t atoll_features_push(struct atoll_features *features, const float *sample,
			     uint32_t count);

/*
 * The newest window, [slices][bands], oldest first; what was not heard yet is
 * silence. As real numbers, and as the bytes of an input where real numbers are
 * scale * (byte - zero_point); a scale of 0, of a tensor that has none, is 1.
 *
 *	own     logarithms of bands, each band less its mean over the window
 *	coral   whole numbers from 0 to 255: 127.5 is the mean of a band, the
 *	        others are three deviations away
 *	mlperf  cepstra of the sound divided by its largest sample
 *
 * Asking changes nothing; windows of different machines may differ in a byte of
 * thousands, by one, since their logarithms and transforms do in the last bit.
 */
void atoll_features_reals(const struct atoll_features *features, float *window);
void atoll_features_window(const struct atoll_features *features, float scale,
			   int32_t zero_point, void *window);

/* After a gap: begin anew. */
void atoll_features_reset(struct atoll_features *features);

#endif
