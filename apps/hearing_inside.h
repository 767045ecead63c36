/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEARING_INSIDE_H
#define ATOLL_APPS_HEARING_INSIDE_H

#include "apps/hearing.h"
#include "apps/vocabulary.h"
#include "apps/words.h"
#include "audio/activity.h"
#include "audio/features.h"
#include "audio/spot.h"

/*
 * What hearing_open.c puts together and hearing.c runs.
 */
#define HEARING_SAMPLES_MS (ATOLL_SOUND_RATE / 1000)

/* In a second of sound; spot.h tells two at most. */
#define HEARING_WORDS 8

struct hearing {
	char *name;
	struct atoll_model *model, *twin; /* twin: or NULL */
	struct atoll_session *session;
	struct vocabulary *vocabulary;
	struct words *words;              /* NULL: none can be taught */
	struct atoll_error warning;       /* code 0: none */
	uint32_t model_classes, classes;  /* without and with taught words */
	const struct atoll_tensor *scores, *embedding; /* embedding: or NULL */
	float *score;                     /* [classes] */
	float *vector;                    /* [embedding->elements] */

	struct atoll_features *features;
	struct atoll_features_form form;
	enum atoll_features_kind kind;
	uint32_t hop;                     /* slices from one run to the next */
	struct atoll_spot *spot;
	bool is_gated;
	struct atoll_activity activity;

	/* The sound so far: */
	bool is_begun;
	uint64_t begin, next;             /* numbers of samples, of the first and the next */
	uint64_t slices;

	/* The run: */
	bool is_running;
	bool is_stale;                    /* there was a gap since */
	uint64_t end;                     /* number of the sample behind its window */
	int64_t end_ns;                   /* when that was taken */

	struct hearing_word word[HEARING_WORDS];
	int found;
	struct hearing_counts counts;
};

/* The gate as at first. */
void hearing_listen_anew(struct hearing *hearing);

#endif
