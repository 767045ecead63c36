/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each class keeps the sum of its examples' embeddings. In the file it is a row of the
 * kernel, of length 1; the length of the sum goes into the description, so that later
 * examples weigh as much as the first.
 */
#include "runtime/learn/imprinting.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/learn/head.h"
#include "runtime/learn/network.h"

/* Shorter sums have no direction. */
#define LENGTH_LEAST 1e-5

/* Lengths in descriptions have six decimals, whatever the locale's comma. */
#define LENGTH_PARTS 1000000

/* More classes than any file of 2 GiB holds are a mistake. */
#define CLASSES_MAX 65536u

struct class {
	float *weights;      /* [size], the sum */
	bool is_trainable;
};

struct atoll_imprinting {
	const struct atoll_model *model;
	struct head head;
	uint32_t classes, room;
	struct class *class;
};

static int no_memory(const struct atoll_imprinting *imprinting, struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "imprinting: %s: out of memory",
			       atoll_error_path(imprinting->model->path));
}

/* One with weights 0 at the end. */
static int add_class(struct atoll_imprinting *imprinting, bool is_trainable,
		     struct atoll_error *err)
{
	struct class *class = imprinting->class;

	if (imprinting->classes == imprinting->room) {
		const uint32_t room = imprinting->room ? 2 * imprinting->room : 16;

		class = realloc(class, room * sizeof(*class));
		if (!class)
			return no_memory(imprinting, err);
		imprinting->class = class;
		imprinting->room = room;
	}
	class += imprinting->classes;
	class->weights = calloc(imprinting->head.size, sizeof(*class->weights));
	class->is_trainable = is_trainable;
	if (!class->weights)
		return no_memory(imprinting, err);
	imprinting->classes++;
	return 0;
}

/* "1.500000" as 1.5; NULL when it is no such number, else what follows it. */
static const char *read_length(const char *text, double *length)
{
	double value = 0, part = 1;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++)
		value = 10 * value + (*text - '0');
	if (*text == '.')
		text++;
	for (; isdigit((unsigned char)*text); text++)
		value += (*text - '0') * (part /= 10);
	*length = value;
	return text;
}

/* A line "0 1.500000"; NULL when it is none, else what follows it. */
static const char *read_line(const char *text, uint32_t classes, uint32_t *index,
			     double *length)
{
	uint32_t value = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text) && value < classes; text++)
		value = 10 * value + (uint32_t)(*text - '0');
	if (*text != ' ' || value >= classes)
		return NULL;
	*index = value;
	text = read_length(text + 1, length);
	return text && *text == '\n' ? text + 1 : NULL;
}

/* A description that is not all such lines is somebody's prose. */
static bool is_learnt(const char *description, uint32_t classes)
{
	uint32_t index;
	double length;

	while (description && *description)
		description = read_line(description, classes, &index, &length);
	return description != NULL;
}

/* Classes with a line go on from the sum they had. */
static void read_description(struct atoll_imprinting *imprinting)
{
	const char *description = imprinting->model->description;
	uint32_t index;
	double length;

	if (!is_learnt(description, imprinting->classes))
		return;
	while (*description) {
		struct class *class;

		description = read_line(description, imprinting->classes, &index, &length);
		class = &imprinting->class[index];
		if (class->is_trainable)
			continue; /* a second line adds nothing */
		class->is_trainable = true;
		for (uint32_t i = 0; i < imprinting->head.size; i++)
			class->weights[i] = (float)(class->weights[i] * length);
	}
}

static int keep_classes(struct atoll_imprinting *imprinting, struct atoll_error *err)
{
	const struct head *head = &imprinting->head;
	const uint8_t *row = imprinting->model->graph[0].tensor[head->kernel].data;
	int r = 0;

	for (uint32_t c = 0; c < head->classes && r == 0; c++, row += head->size) {
		r = add_class(imprinting, false, err);
		for (uint32_t i = 0; i < head->size && r == 0; i++)
			imprinting->class[c].weights[i] =
				head->kernel_scale * (float)(row[i] - head->kernel_zero);
	}
	if (r == 0)
		read_description(imprinting);
	return r;
}

ATOLL_API struct atoll_imprinting *atoll_imprinting_new(const struct atoll_model *model,
							bool keeps_classes,
							struct atoll_error *err)
{
	struct atoll_imprinting *imprinting = calloc(1, sizeof(*imprinting));
	int r;

	if (!imprinting) {
		atoll_error_set(err, -ENOMEM, "imprinting: out of memory");
		return NULL;
	}
	imprinting->model = model;
	r = head_find(model, &imprinting->head, err);
	if (r == 0 && keeps_classes)
		r = keep_classes(imprinting, err);
	if (r < 0) {
		atoll_imprinting_free(imprinting);
		return NULL;
	}
	return imprinting;
}

ATOLL_API void atoll_imprinting_free(struct atoll_imprinting *imprinting)
{
	if (!imprinting)
		return;
	for (uint32_t i = 0; i < imprinting->classes; i++)
		free(imprinting->class[i].weights);
	free(imprinting->class);
	free(imprinting);
}

ATOLL_API uint32_t atoll_imprinting_size(const struct atoll_imprinting *imprinting)
{
	return imprinting->head.size;
}

ATOLL_API uint32_t atoll_imprinting_classes(const struct atoll_imprinting *imprinting)
{
	return imprinting->classes;
}

ATOLL_API bool atoll_imprinting_is_trainable(const struct atoll_imprinting *imprinting,
					     uint32_t class_index)
{
	return class_index < imprinting->classes &&
	       imprinting->class[class_index].is_trainable;
}

ATOLL_API struct atoll_model *atoll_imprinting_extractor(
	const struct atoll_imprinting *imprinting, struct atoll_error *err)
{
	return network_cut(imprinting->model, imprinting->head.embedding, err);
}

ATOLL_API int atoll_imprinting_train(struct atoll_imprinting *imprinting,
				     const float *embedding, uint32_t size,
				     uint32_t class_index, struct atoll_error *err)
{
	struct class *class;
	int r = 0;

	if (size != imprinting->head.size)
		return atoll_error_set(err, -EINVAL, "Invalid number of weights.");
	if (class_index > imprinting->classes || class_index >= CLASSES_MAX)
		return atoll_error_set(err, -EINVAL,
				       "The class index of a new category is too large!");
	if (class_index == imprinting->classes)
		r = add_class(imprinting, true, err);
	if (r < 0)
		return r;
	class = &imprinting->class[class_index];
	if (!class->is_trainable)
		return atoll_error_set(err, -EINVAL, "Cannot change the base model classes "
				       "not trained with imprinting method!");
	for (uint32_t i = 0; i < size; i++)
		class->weights[i] += embedding[i];
	return 0;
}

static double length_of(const float *weights, uint32_t size)
{
	double sum = 0;

	for (uint32_t i = 0; i < size; i++)
		sum += (double)weights[i] * (double)weights[i];
	return sqrt(sum);
}

static void store_row(const struct atoll_imprinting *imprinting, const struct class *class,
		      uint8_t *row)
{
	const struct head *head = &imprinting->head;
	const double length = length_of(class->weights, head->size);
	const double by = length > LENGTH_LEAST ? 1 / length : 1;

	for (uint32_t i = 0; i < head->size; i++) {
		const double weight = (double)class->weights[i] * by;
		const double stored = round(head->kernel_zero +
					    weight / (double)head->kernel_scale);

		row[i] = (uint8_t)fmin(fmax(stored, 0), UINT8_MAX);
	}
}

/* malloc'ed; NULL without memory. */
static char *describe(const struct atoll_imprinting *imprinting)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	for (uint32_t i = 0; i < imprinting->classes; i++) {
		const struct class *class = &imprinting->class[i];
		const double length = length_of(class->weights, imprinting->head.size);
		const int64_t parts = llround(length * LENGTH_PARTS);

		if (class->is_trainable)
			fprintf(file, "%" PRIu32 " %" PRId64 ".%06" PRId64 "\n", i,
				parts / LENGTH_PARTS, parts % LENGTH_PARTS);
	}
	if (fclose(file) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

ATOLL_API int atoll_imprinting_finish(const struct atoll_imprinting *imprinting, void **bytes,
				      size_t *size, struct atoll_error *err)
{
	const struct head *head = &imprinting->head;
	char *description;
	uint8_t *rows;
	int r;

	if (imprinting->classes == 0)
		return atoll_error_set(err, -EINVAL, "Model is not trained.");
	rows = calloc(imprinting->classes, head->size);
	description = describe(imprinting);
	if (rows && description) {
		for (uint32_t i = 0; i < imprinting->classes; i++)
			store_row(imprinting, &imprinting->class[i],
				  rows + (size_t)i * head->size);
		r = head_build(imprinting->model, head, imprinting->classes, rows,
			       description, bytes, size, err);
	} else {
		r = no_memory(imprinting, err);
	}
	free(description);
	free(rows);
	return r;
}
