/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_LESSON_H
#define ATOLL_APPS_LESSON_H

#include <stdint.h>

#include "apps/hearing.h"

/*
 * Teaching a new word: it is said three to five times, with pauses between.
 *
 *	struct lesson *lesson = lesson_open(hearing, "lamp", "words.txt", &err);
 *
 *	while (lesson_examples(lesson) < LESSON_ENOUGH &&
 *	       atoll_sound_next(sound, -1, &block) == 0)
 *		if (lesson_push(lesson, &block, &err) < 0)
 *			fprintf(stderr, "%s\n", err.text);
 *	if (lesson_save(lesson, &err) == 0)
 *		puts("learnt");
 *	lesson_close(lesson);
 *
 * An example is a stretch of sound that is louder than what was before and after;
 * around its loudest part lies the window that the model hears. The hearing must
 * outlive the lesson and hears nothing else meanwhile; it knows the word when it is
 * opened the next time.
 */
#define LESSON_LEAST  3u
#define LESSON_ENOUGH 5u

struct lesson;

/* NULL with a sentence: the model has no embedding, the name is one it knows, is
   empty, too long or not one line, or the file is for another model. A name that was
   taught before is taught anew. The file need not be there yet. */
struct lesson *lesson_open(struct hearing *hearing, const char *name,
			   const char *words_path, struct atoll_error *err);
void lesson_close(struct lesson *lesson); /* NULL is allowed */

/*
 * 1 when an example ended and was taken; 0; or a negative errno with a sentence when
 * one ended that is no good (too long, unlike the others, sounds like a word that
 * the model knows): say it again.
 */
int lesson_push(struct lesson *lesson, const struct atoll_block *block,
		struct atoll_error *err);

/* The sound ended, as a file does: the same for what was still going on. A file in
   which nothing was told apart from its background is taken as one example. */
int lesson_end(struct lesson *lesson, struct atoll_error *err);

uint32_t lesson_examples(const struct lesson *lesson);

/* Into the file, beside the other words in it. -EAGAIN: fewer than LESSON_LEAST. */
int lesson_save(struct lesson *lesson, struct atoll_error *err);

#endif
