/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sound to examples of a word:
 *
 *	frame     20 ms: louder than the background or not
 *	stretch   from the first loud frame until it was quiet for a while
 *	window    around the middle of the stretch's sound, and a little before and after
 *	example   the mean direction of the windows' embeddings
 */
#include "apps/lesson.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "apps/words.h"
#include "audio/activity.h"

#define FRAME (ATOLL_SOUND_RATE / 50u)

/* What is kept of the sound, in frames: a stretch with what the windows around it
   need before and after. */
#define KEPT_FRAMES 250u
#define KEPT (KEPT_FRAMES * FRAME)

#define QUIET_FRAMES 15u     /* that end a stretch, 0.3 s: words have shorter ones */
#define STRETCH_MAX 125u     /* 2.5 s: more is not a word */
#define LOUD_LEAST 5u        /* 0.1 s: less is a click */

/* How far the windows are shifted, in samples: 60 ms. */
#define SHIFT (3 * FRAME)
#define SHIFTS 3

/* Cosine between an example and the others: words_teach() wants it, too. */
#define ALIKE 0.3f

/* Peak, of a file that has nothing in it. */
#define SILENT_DB (-66)

struct lesson {
	struct hearing *hearing;
	struct words *words;
	char *words_path;
	char name[WORDS_NAME_MAX + 1];
	uint32_t size;

	float *sound;                /* [KEPT], the newest at the end */
	uint32_t frames;             /* that are there */
	uint32_t counted;            /* samples of the next one */
	struct atoll_activity activity;
	bool is_begun;
	uint64_t next;               /* the number of the next sample */

	uint32_t stretch;            /* frames of it so far, 0: none */
	uint32_t loud, quiet;        /* of these, loud ones; quiet ones at the end */
	bool is_anything;            /* told since the sound began */

	float *example;              /* [LESSON_ENOUGH][size] */
	uint32_t examples;
};

static void begin_sound(struct lesson *lesson)
{
	lesson->frames = lesson->counted = 0;
	lesson->stretch = lesson->loud = lesson->quiet = 0;
	lesson->is_begun = lesson->is_anything = false;
	/* Each frame for itself. */
	lesson->activity = (struct atoll_activity)ATOLL_ACTIVITY;
	lesson->activity.hold_ms = 1000 * FRAME / ATOLL_SOUND_RATE;
}

/* Opening */

static int check_name(const struct lesson *lesson, struct atoll_error *err)
{
	for (uint32_t i = 0; i < hearing_classes(lesson->hearing); i++)
		if (!hearing_is_taught(lesson->hearing, i) &&
		    strcmp(hearing_label(lesson->hearing, i), lesson->name) == 0)
			return atoll_error_set(err, -EEXIST, "word '%s': %s knows it already",
					       lesson->name, hearing_name(lesson->hearing));
	return 0;
}

static int open_words(struct lesson *lesson, struct atoll_error *err)
{
	const struct atoll_model *model = hearing_model(lesson->hearing);
	struct atoll_error why;

	lesson->words = words_load(lesson->words_path, model, lesson->size, &why);
	if (!lesson->words && why.code == -ENOENT)
		lesson->words = words_new(model, lesson->size, &why);
	if (!lesson->words && err)
		*err = why;
	return lesson->words ? 0 : -EINVAL;
}

static int open_all(struct lesson *lesson, const char *name, const char *words_path,
		    struct atoll_error *err)
{
	int r = words_check_name(name, err);

	if (r < 0)
		return r;
	strcpy(lesson->name, name);
	if (lesson->size == 0)
		return atoll_error_set(err, -ENOTSUP,
				       "%s: words cannot be taught to it: it has no "
				       "second output, an embedding",
				       hearing_name(lesson->hearing));
	lesson->words_path = strdup(words_path);
	lesson->sound = calloc(KEPT, sizeof(*lesson->sound));
	lesson->example = calloc(LESSON_ENOUGH, lesson->size * sizeof(*lesson->example));
	if (!lesson->words_path || !lesson->sound || !lesson->example)
		return atoll_error_set(err, -ENOMEM, "word '%s': out of memory", name);
	r = check_name(lesson, err);
	return r < 0 ? r : open_words(lesson, err);
}

struct lesson *lesson_open(struct hearing *hearing, const char *name,
			   const char *words_path, struct atoll_error *err)
{
	struct lesson *lesson = calloc(1, sizeof(*lesson));

	if (!lesson) {
		atoll_error_set(err, -ENOMEM, "word '%s': out of memory", name);
		return NULL;
	}
	lesson->hearing = hearing;
	lesson->size = hearing_embedding_size(hearing);
	begin_sound(lesson);
	if (open_all(lesson, name, words_path, err) < 0) {
		lesson_close(lesson);
		return NULL;
	}
	return lesson;
}

void lesson_close(struct lesson *lesson)
{
	if (!lesson)
		return;
	words_free(lesson->words);
	free(lesson->words_path);
	free(lesson->sound);
	free(lesson->example);
	free(lesson);
}

/* From a stretch to an example */

static float dot(const float *a, const float *b, uint32_t size)
{
	float sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum += a[i] * b[i];
	return sum;
}

static void make_unit(float *vector, uint32_t size)
{
	float length = sqrtf(dot(vector, vector, size));

	for (uint32_t i = 0; i < size && length > 0; i++)
		vector[i] /= length;
}

/* Frames from the end of the sound, the oldest first. */
static const float *frame_at(const struct lesson *lesson, uint32_t from_end)
{
	return lesson->sound + KEPT - (size_t)from_end * FRAME;
}

/* The middle of the energy in the last `frames`, in samples from the end. */
static uint32_t find_middle(const struct lesson *lesson, uint32_t frames)
{
	double sum = 0, moment = 0;

	for (uint32_t k = frames; k > 0; k--) {
		const float *sample = frame_at(lesson, k);
		double energy = 1e-12;

		for (uint32_t i = 0; i < FRAME; i++)
			energy += (double)sample[i] * (double)sample[i];
		sum += energy;
		moment += energy * ((double)k - 0.5);
	}
	return (uint32_t)(moment / sum * FRAME);
}

/* A known word in what hearing_embed() just heard. */
static int check_known(const struct lesson *lesson, struct atoll_error *err)
{
	const float *score = hearing_scores(lesson->hearing);

	for (uint32_t i = 0; i < hearing_classes(lesson->hearing); i++)
		if (hearing_is_word(lesson->hearing, i) &&
		    !hearing_is_taught(lesson->hearing, i) &&
		    score[i] >= hearing_threshold(lesson->hearing, i))
			return atoll_error_set(err, -EEXIST,
				"word '%s': sounds like '%s' (%.2f), which %s knows",
				lesson->name, hearing_label(lesson->hearing, i),
				(double)score[i], hearing_name(lesson->hearing));
	return 0;
}

/* The sound of a window whose middle lies that far from the end. */
static int embed_at(struct lesson *lesson, uint32_t middle, float *vector,
		    struct atoll_error *err)
{
	const uint32_t window = hearing_window_ms(lesson->hearing) * (ATOLL_SOUND_RATE / 1000);
	const uint32_t there = lesson->frames * FRAME;
	uint32_t end = middle > window / 2 ? middle - window / 2 : 0;
	uint32_t begin = end + window < there ? end + window : there;

	/* As much before as can be had of what is missing behind. */
	return hearing_embed(lesson->hearing, lesson->sound + KEPT - begin, begin - end,
			     vector, err);
}

static int embed(struct lesson *lesson, uint32_t middle, float *example,
		 struct atoll_error *err)
{
	float vector[WORDS_SIZE_MAX];

	memset(example, 0, lesson->size * sizeof(*example));
	for (int k = 0; k < SHIFTS; k++) {
		const uint32_t shift = (uint32_t)k * SHIFT;
		int r = embed_at(lesson, middle + shift > SHIFT ? middle + shift - SHIFT : 0,
				 vector, err);

		if (r == 0)
			r = check_known(lesson, err);
		if (r < 0)
			return r;
		for (uint32_t i = 0; i < lesson->size; i++)
			example[i] += vector[i];
	}
	make_unit(example, lesson->size);
	return 0;
}

/* Is it like the others? Of two that are not, the later is kept: one of them was not
   the word, and the next will tell. */
static int compare(struct lesson *lesson, const float *example, struct atoll_error *err)
{
	float mean[WORDS_SIZE_MAX] = { 0 };

	if (lesson->examples == 0)
		return 0;
	for (uint32_t k = 0; k < lesson->examples; k++)
		for (uint32_t i = 0; i < lesson->size; i++)
			mean[i] += lesson->example[(size_t)k * lesson->size + i];
	make_unit(mean, lesson->size);
	if (dot(mean, example, lesson->size) >= ALIKE)
		return 0;
	if (lesson->examples == 1)
		memcpy(lesson->example, example, lesson->size * sizeof(*example));
	return atoll_error_set(err, -EINVAL, "word '%s': this did not sound like %s",
			       lesson->name, lesson->examples == 1 ? "the time before" :
			       "the times before");
}

/* Of the last `frames`. 1, or a negative errno. */
static int take_example(struct lesson *lesson, uint32_t frames, struct atoll_error *err)
{
	float example[WORDS_SIZE_MAX];
	int r;

	lesson->is_anything = true;
	if (lesson->examples == LESSON_ENOUGH)
		return 0;
	r = embed(lesson, find_middle(lesson, frames), example, err);
	if (r == 0)
		r = compare(lesson, example, err);
	if (r < 0)
		return r;
	memcpy(lesson->example + (size_t)lesson->examples * lesson->size, example,
	       lesson->size * sizeof(*example));
	lesson->examples++;
	return 1;
}

/* Of the stretch that ended; a click is passed over. */
static int end_stretch(struct lesson *lesson, struct atoll_error *err)
{
	const uint32_t stretch = lesson->stretch, loud = lesson->loud;

	lesson->stretch = lesson->loud = lesson->quiet = 0;
	if (loud < LOUD_LEAST)
		return 0;
	lesson->is_anything = true;
	if (stretch > STRETCH_MAX)
		return atoll_error_set(err, -EMSGSIZE,
			"word '%s': a noise of %.1f s, more than a word: leave a pause "
			"before and after it, in a quieter place",
			lesson->name, (double)stretch * FRAME / ATOLL_SOUND_RATE);
	return take_example(lesson, stretch, err);
}

/* Sound */

static int end_frame(struct lesson *lesson, struct atoll_error *err)
{
	const bool is_loud =
		atoll_activity_push(&lesson->activity, frame_at(lesson, 1), FRAME);

	lesson->counted = 0;
	if (lesson->frames < KEPT_FRAMES)
		lesson->frames++;
	/* The first frame is always loud: nothing is known before it. */
	if (lesson->stretch == 0 && (!is_loud || lesson->frames == 1))
		return 0;
	lesson->stretch++;
	lesson->loud += is_loud;
	lesson->quiet = is_loud ? 0 : lesson->quiet + 1;
	return lesson->quiet == QUIET_FRAMES ? end_stretch(lesson, err) : 0;
}

/* Room for a frame at the end, for each that is complete. */
static void add_samples(struct lesson *lesson, const float *sample, uint32_t count)
{
	if (lesson->counted == 0)
		memmove(lesson->sound, lesson->sound + FRAME,
			(KEPT - FRAME) * sizeof(*lesson->sound));
	memcpy(lesson->sound + KEPT - FRAME + lesson->counted, sample,
	       count * sizeof(*sample));
	lesson->counted += count;
}

int lesson_push(struct lesson *lesson, const struct atoll_block *block,
		struct atoll_error *err)
{
	int result = 0;

	if (block->is_after_gap || (lesson->is_begun && block->at != lesson->next))
		begin_sound(lesson);
	lesson->is_begun = true;
	lesson->next = block->at + block->count;
	for (uint32_t at = 0; at < block->count;) {
		uint32_t room = FRAME - lesson->counted, rest = block->count - at;
		uint32_t count = room < rest ? room : rest;
		int r = 0;

		add_samples(lesson, block->sample + at, count);
		at += count;
		if (lesson->counted == FRAME)
			r = end_frame(lesson, err);
		if (r != 0)
			result = r;
	}
	return result;
}

int lesson_end(struct lesson *lesson, struct atoll_error *err)
{
	static const float silence[FRAME];
	uint32_t frames;
	int r = 0;

	if (lesson->counted > 0) {
		add_samples(lesson, silence, FRAME - lesson->counted);
		r = end_frame(lesson, err);
	}
	if (r == 0)
		r = end_stretch(lesson, err);
	frames = lesson->frames;
	if (r == 0 && !lesson->is_anything && frames > 0) {
		struct atoll_level level = atoll_level_of(frame_at(lesson, frames),
							  frames * FRAME);

		if (level.peak_db < SILENT_DB)
			r = atoll_error_set(err, -ENODATA, "word '%s': nothing but silence",
					    lesson->name);
		else
			r = take_example(lesson, frames, err);
	}
	begin_sound(lesson);
	return r;
}

uint32_t lesson_examples(const struct lesson *lesson)
{
	return lesson->examples;
}

int lesson_save(struct lesson *lesson, struct atoll_error *err)
{
	int r;

	if (lesson->examples < LESSON_LEAST)
		return atoll_error_set(err, -EAGAIN, "word '%s': %u examples, at least %u",
				       lesson->name, lesson->examples, LESSON_LEAST);
	r = words_teach(lesson->words, lesson->name, lesson->example, lesson->examples, err);
	return r < 0 ? r : words_save(lesson->words, lesson->words_path, err);
}
