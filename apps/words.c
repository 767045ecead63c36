/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/words.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/text_reader.h"
#include "board/replacement.h"

#define HEAD "atoll-words 1"

/*
 * Cosines of the angle between embeddings. Examples of one word have at least COMMON
 * with the others of it. The next time it is said it may be as far from them as the
 * odd one of them was; but however close they are, STRICTEST will do, and however far,
 * it has to be LOOSEST.
 */
#define COMMON 0.3f
#define LOOSEST 0.6f
#define STRICTEST 0.95f

struct words {
	char digest[ATOLL_DIGEST_TEXT]; /* of the model */
	uint32_t size, count;
	struct word {
		char name[WORDS_NAME_MAX + 1];
		float like;             /* the cosine it takes */
	} word[WORDS_MAX];
	float vector[];                 /* [WORDS_MAX][size], unit length */
};

static float *vector_of(struct words *words, uint32_t i)
{
	return words->vector + (size_t)i * words->size;
}

static float dot(const float *a, const float *b, uint32_t size)
{
	float sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum += a[i] * b[i];
	return sum;
}

/* False for a vector without a direction. */
static bool make_unit(float *vector, uint32_t size)
{
	float length = sqrtf(dot(vector, vector, size));

	if (!isfinite(length) || !(length > 1e-6f))
		return false;
	for (uint32_t i = 0; i < size; i++)
		vector[i] /= length;
	return true;
}

struct words *words_new(const struct atoll_model *model, uint32_t size,
			struct atoll_error *err)
{
	/* Only read through it. */
	const struct atoll_tensor file = { .data = (void *)(uintptr_t)model->bytes,
					   .bytes = model->size };
	struct words *words;

	if (size == 0 || size > WORDS_SIZE_MAX) {
		atoll_error_set(err, -ENOTSUP, "%s: an embedding of %u numbers: at least 1, "
				"at most %u", atoll_error_path(model->path), size,
				WORDS_SIZE_MAX);
		return NULL;
	}
	words = calloc(1, sizeof(*words) + WORDS_MAX * (size_t)size * sizeof(float));
	if (!words) {
		atoll_error_set(err, -ENOMEM, "taught words: out of memory");
		return NULL;
	}
	words->size = size;
	atoll_tensor_digest(&file, words->digest);
	return words;
}

void words_free(struct words *words)
{
	free(words);
}

uint32_t words_count(const struct words *words)
{
	return words ? words->count : 0;
}

const char *words_name(const struct words *words, uint32_t i)
{
	return words->word[i].name;
}

int words_check_name(const char *name, struct atoll_error *err)
{
	size_t length = strlen(name);

	if (length == 0 || length > WORDS_NAME_MAX)
		return atoll_error_set(err, -EINVAL, "word '%.20s%s': %zu bytes, at least 1, "
				       "at most %u", name, length > 20 ? "..." : "", length,
				       WORDS_NAME_MAX);
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return atoll_error_set(err, -EINVAL,
					       "a word has no control characters");
	if (name[0] == ' ' || name[length - 1] == ' ')
		return atoll_error_set(err, -EINVAL, "word '%s': a blank at its end", name);
	return 0;
}

/* WORDS_MAX: there is none. */
static uint32_t find(const struct words *words, const char *name)
{
	for (uint32_t i = 0; i < words->count; i++)
		if (strcmp(words->word[i].name, name) == 0)
			return i;
	return WORDS_MAX;
}

int words_forget(struct words *words, const char *name)
{
	uint32_t i = find(words, name);

	if (i == WORDS_MAX)
		return 0;
	words->count--;
	memmove(&words->word[i], &words->word[i + 1],
		(words->count - i) * sizeof(words->word[0]));
	memmove(vector_of(words, i), vector_of(words, i + 1),
		(words->count - i) * (size_t)words->size * sizeof(float));
	return 1;
}

/* Teaching */

/* The direction of all examples but one; all of them for an index past the end. */
static bool find_mean(const float *example, uint32_t examples, uint32_t size,
		      uint32_t but, float *mean)
{
	memset(mean, 0, size * sizeof(*mean));
	for (uint32_t k = 0; k < examples; k++)
		for (uint32_t i = 0; k != but && i < size; i++)
			mean[i] += example[(size_t)k * size + i];
	return make_unit(mean, size);
}

/* The cosine between the odd one out and the others. */
static float find_spread(const float *example, uint32_t examples, uint32_t size)
{
	float mean[WORDS_SIZE_MAX], least = 1;

	for (uint32_t k = 0; k < examples; k++) {
		if (!find_mean(example, examples, size, k, mean))
			return -1;
		least = fminf(least, dot(mean, example + (size_t)k * size, size));
	}
	return least;
}

/* Half the angle to the nearest of the other words. */
static float find_border(struct words *words, const float *vector)
{
	float nearest = -1;

	for (uint32_t i = 0; i < words->count; i++)
		nearest = fmaxf(nearest, dot(vector, vector_of(words, i), words->size));
	return sqrtf((1 + fminf(nearest, 1)) / 2);
}

int words_teach(struct words *words, const char *name, const float *example,
		uint32_t examples, struct atoll_error *err)
{
	float mean[WORDS_SIZE_MAX], spread;
	struct word *word;
	int r = words_check_name(name, err);

	if (r < 0)
		return r;
	if (examples < 2)
		return atoll_error_set(err, -EINVAL, "word '%s': %u examples, at least 2",
				       name, examples);
	spread = find_spread(example, examples, words->size);
	if (!(spread >= COMMON) || !find_mean(example, examples, words->size, examples, mean))
		return atoll_error_set(err, -EINVAL,
				       "word '%s': its examples have too little in common",
				       name);
	if (words->count == WORDS_MAX && find(words, name) == WORDS_MAX)
		return atoll_error_set(err, -ENOSPC, "word '%s': there are %u words already",
				       name, WORDS_MAX);
	words_forget(words, name);
	word = &words->word[words->count];
	memcpy(word->name, name, strlen(name) + 1);
	word->like = fminf(fmaxf(spread, LOOSEST), STRICTEST);
	word->like = fmaxf(word->like, find_border(words, mean));
	memcpy(vector_of(words, words->count), mean, words->size * sizeof(*mean));
	words->count++;
	return 0;
}

void words_score(const struct words *words, const float *embedding, float *score)
{
	for (uint32_t i = 0; i < words->count; i++) {
		const float *vector = words->vector + (size_t)i * words->size;
		float away = 1 - dot(vector, embedding, words->size);
		float allowed = 1 - words->word[i].like;

		score[i] = 1 - (1 - WORDS_THRESHOLD) * away / fmaxf(allowed, 1e-3f);
		score[i] = fminf(fmaxf(score[i], 0), 1);
	}
}

/* Files */

static int read_head(struct text_reader *reader, const struct words *words, struct atoll_error *err)
{
	char digest[ATOLL_DIGEST_TEXT];
	uint32_t size;

	if (!text_reader_next(reader) || strcmp(reader->line, HEAD) != 0)
		return text_reader_wrong(reader, "not a file of taught words", err);
	if (!text_reader_next(reader) || sscanf(reader->line, "model %64[0-9a-f]", digest) != 1)
		return text_reader_wrong(reader, "no model", err);
	if (strcmp(digest, words->digest) != 0)
		return text_reader_wrong(reader,
			     "the words were taught to another model; teach them anew, "
			     "into another file",
			     err);
	if (!text_reader_next(reader) || sscanf(reader->line, "size %u", &size) != 1)
		return text_reader_wrong(reader, "no size", err);
	if (size != words->size)
		return text_reader_wrong(reader, "not the size of the model's embedding", err);
	return 0;
}

static bool read_vector(const struct text_reader *reader, float *vector, uint32_t size)
{
	return text_reader_floats(reader, vector, size) && make_unit(vector, size);
}

/* "word 0.8125 lamp", and the line of its vector; the first is there. */
static int read_word(struct text_reader *reader, struct words *words, struct atoll_error *err)
{
	struct word *word = &words->word[words->count];
	int at = 0, r;

	if (words->count == WORDS_MAX)
		return text_reader_wrong(reader, "too many words", err);
	if (sscanf(reader->line, "word %f %n", &word->like, &at) != 1 || at == 0 ||
	    !(word->like > 0 && word->like < 1))
		return text_reader_wrong(reader, "not 'word 0.8 NAME'", err);
	r = words_check_name(reader->line + at, err);
	if (r < 0) {
		atoll_error_prefix(err, "%s:%u", atoll_error_path(reader->path),
				   reader->number);
		return r;
	}
	if (find(words, reader->line + at) != WORDS_MAX)
		return text_reader_wrong(reader, "a word for the second time", err);
	memcpy(word->name, reader->line + at, strlen(reader->line + at) + 1);
	if (!text_reader_next(reader) ||
	    !read_vector(reader, vector_of(words, words->count), words->size))
		return text_reader_wrong(reader, "not as many numbers as the size says", err);
	words->count++;
	return 0;
}

static int read_all(struct text_reader *reader, struct words *words, struct atoll_error *err)
{
	int r = read_head(reader, words, err);

	while (r == 0 && text_reader_next(reader))
		if (reader->line[0])
			r = read_word(reader, words, err);
	return r;
}

struct words *words_load(const char *path, const struct atoll_model *model,
			 uint32_t size, struct atoll_error *err)
{
	struct text_reader reader;
	struct words *words;
	int r;

	if (text_reader_open(&reader, path, err) < 0)
		return NULL;
	words = words_new(model, size, err);
	r = words ? read_all(&reader, words, err) : -ENOMEM;
	if (text_reader_close(&reader, r, err) == 0)
		return words;
	words_free(words);
	return NULL;
}

static void write_all(const struct words *words, FILE *file)
{
	fprintf(file, "%s\nmodel %s\nsize %u\n", HEAD, words->digest, words->size);
	for (uint32_t k = 0; k < words->count; k++) {
		const float *vector = words->vector + (size_t)k * words->size;

		fprintf(file, "word %.4f %s\n", (double)words->word[k].like,
			words->word[k].name);
		for (uint32_t i = 0; i < words->size; i++)
			fprintf(file, "%s%.6g", i ? " " : "", (double)vector[i]);
		fputc('\n', file);
	}
}

int words_save(const struct words *words, const char *path, struct atoll_error *err)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	if (r == 0) {
		write_all(words, replacement.file);
		r = atoll_replacement_close(&replacement, 0);
	}
	if (r < 0)
		return atoll_error_set(err, r, "%s: %s", atoll_error_path(path), strerror(-r));
	return 0;
}
