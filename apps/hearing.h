/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEARING_H
#define ATOLL_APPS_HEARING_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/block.h"
#include "board/error.h"
#include "runtime/session.h"

/*
 * A keyword model with everything around it: from blocks of sound to words.
 *
 *	struct hearing *hearing = hearing_open(&config, &err);
 *	int words;
 *
 *	while (atoll_sound_next(sound, -1, &block) == 0) {
 *		words = hearing_push(hearing, &block, &err);
 *		for (int i = 0; i < words; i++)
 *			puts(hearing_word(hearing, i)->label);
 *	}
 *	hearing_close(hearing);
 *
 * Nothing is allocated after open, but by the first start. One hearing belongs to
 * one thread at a time; hearings share nothing but their devices.
 *
 * The model has one input, a window of features that audio/features.h makes. Its
 * first output is one row of probabilities, uint8, int8 or float32; a second one
 * of the same types, when there is one, is the embedding that taught words are
 * compared by (words.h).
 *
 * Labels come from a file, the first that is there of: labels_path, of x.tflite
 * x_labels.txt. One name less than classes: the first class is "negative", as
 * Coral's lists leave it out. Without a file, a model with the shapes of MLPerf
 * Tiny's (49 x 10, 12 classes) has the names published with it, and others are
 * "class 17".
 *
 * No words are the labels silence, unknown, background, noise, negative, none and
 * other, in any case and with any punctuation around them ("_unknown_"): they have
 * scores, but are never told.
 *
 * What a score has to pass is, the first that is given: config.thresholds, for the
 * words it names; config.threshold for all; of x.tflite the lines "yes 0.62" of
 * x_thresholds.txt, where "*" is any word that has no line of its own; 0.7. Taught
 * words have thresholds of their own.
 */
struct hearing_config {
	const char *model_path;   /* needed only during open, as the next four */
	const char *labels_path;  /* NULL: as above */
	const char *twin_path;    /* the model it was compiled from, or NULL */
	const char *words_path;   /* taught words; NULL: none; a file that is not there
				     holds none yet, and hearing_warning() says so */
	struct atoll_session_options session; /* all but the twin; threads 0: 1 */
	float threshold;          /* 0: as above; 0 to 1 */
	const char *thresholds;   /* "yes 0.8, lights on 0.55": of these words, before all
				     others; NULL: none */
	uint32_t hop_ms;          /* between two runs; 0: 100; rounded to whole slices */
	uint32_t smoothing_ms;    /* 0: as spot.h, at least two hops */
	bool is_gated;            /* the model rests while it is quiet */
};

/* A word that was heard. Times are those of the source: sample number / 16. */
struct hearing_word {
	const char *label;   /* lives as long as the hearing */
	uint32_t index;      /* class; taught words come after the model's */
	float score;         /* 0 to 1 */
	int64_t start_ms;    /* about when it began */
	int64_t end_ms;      /* of the sound that decided, not before the word's end */
	double latency_ms;   /* from when the last of that sound was taken until now;
				of a file that is not paced, without meaning */
	bool is_taught;
};

struct hearing_counts {
	uint64_t samples;     /* heard */
	uint64_t gaps;        /* after which it began anew */
	uint64_t inferences;
	uint64_t gated;       /* inferences saved because it was quiet */
	uint64_t late;        /* left out because the one before was still running */
	uint64_t failed;
	uint64_t words;
	uint64_t features_ns; /* time spent: in the front end and the gate, */
	uint64_t model_ns;    /* and in the model, */
	uint64_t model_last_ns; /* the last time alone */
};

struct hearing;

/* NULL with a sentence that names the file and what is not as above. */
struct hearing *hearing_open(const struct hearing_config *config, struct atoll_error *err);
void hearing_close(struct hearing *hearing); /* NULL is allowed; waits for a started run */

/* What is odd but does no harm, as a sentence: labels that do not fit in number,
   no taught words yet, a model for emulated devices that the CPU runs. NULL when nothing is. Lives as long as the hearing. */
const char *hearing_warning(const struct hearing *hearing);

/*
 * Take a block, of up to a second, and run the model as often as it is due, though not
 * before half a window was heard: the number of words that were heard, or a negative
 * errno with a sentence: -EBUSY while a started run is not finished, -EINVAL for a
 * longer block, or how a run failed when no word was heard besides. After a failure
 * push the next block; it is tried again.
 *
 * A block that comes after a gap, or does not begin where the last one ended,
 * begins anew.
 */
int hearing_push(struct hearing *hearing, const struct atoll_block *block,
		 struct atoll_error *err);

/* Of the last push or finish, in the order they were heard; lives until the next. */
const struct hearing_word *hearing_word(const struct hearing *hearing, int i);

/*
 * The same in the background, for loops that wait for other things too: start takes
 * the block, and gives 1 when a run has begun, 0 when none was due; while one runs,
 * sound is taken and runs that fall due are left out. The fd is readable when finish
 * would not wait; finish gives what push would; -EINVAL when nothing runs.
 */
int hearing_start(struct hearing *hearing, const struct atoll_block *block,
		  struct atoll_error *err);
int hearing_fd(const struct hearing *hearing);
bool hearing_is_running(const struct hearing *hearing);
int hearing_finish(struct hearing *hearing, struct atoll_error *err);

/* Forget what was heard so far: for the next file. Waits for a started run, whose
   words are lost. Counts go on. */
void hearing_reset(struct hearing *hearing);

/* The model's classes, then the taught words. */
uint32_t hearing_classes(const struct hearing *hearing);
const char *hearing_label(const struct hearing *hearing, uint32_t index); /* never NULL */
bool hearing_is_word(const struct hearing *hearing, uint32_t index);
bool hearing_is_taught(const struct hearing *hearing, uint32_t index);
float hearing_threshold(const struct hearing *hearing, uint32_t index); /* above 1: no word */

/* [classes] of the last run, as they are, not averaged; zeros before the first. */
const float *hearing_scores(const struct hearing *hearing);

const char *hearing_name(const struct hearing *hearing); /* the model's file, no folder,
							    no ending */
const char *hearing_features(const struct hearing *hearing); /* "own", "coral", "mlperf" */
uint32_t hearing_window_ms(const struct hearing *hearing);
uint32_t hearing_hop_ms(const struct hearing *hearing);
const struct atoll_session_plan *hearing_plan(const struct hearing *hearing);
struct hearing_counts hearing_counts(const struct hearing *hearing);

/*
 * For lesson.h: the embedding of `count` samples, at most a window, which end where
 * the window ends; unit length. Its scores are hearing_scores(). Resets the hearing.
 * -ENOTSUP for a model that has no embedding.
 */
uint32_t hearing_embedding_size(const struct hearing *hearing); /* 0: none */
int hearing_embed(struct hearing *hearing, const float *sample, uint32_t count,
		  float *vector, struct atoll_error *err);
const struct atoll_model *hearing_model(const struct hearing *hearing);

#endif
