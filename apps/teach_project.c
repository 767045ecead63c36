/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/teach_project.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/text_reader.h"
#include "board/replacement.h"

#define HEAD "atoll-teach 1"
#define EXAMPLES "examples.txt"

static const char *const methods[] = {
	[TEACH_IMPRINTING] = "imprinting", [TEACH_REGRESSION] = "regression",
};

static int no_memory(struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "project: out of memory");
}

char *teach_project_path(const struct teach_project *project, const char *file)
{
	char *path;

	return asprintf(&path, "%s/%s", project->folder, file) < 0 ? NULL : path;
}

static struct teach_project *take_project(const char *folder, struct atoll_error *err)
{
	struct teach_project *project = calloc(1, sizeof(*project));

	if (project)
		project->folder = strdup(folder);
	if (project && project->folder)
		return project;
	free(project);
	no_memory(err);
	return NULL;
}

struct teach_project *teach_project_new(const char *folder, enum teach_method method,
					const struct atoll_model *extractor, uint32_t size,
					struct atoll_error *err)
{
	/* Only read through it. */
	const struct atoll_tensor file = { .data = (void *)(uintptr_t)extractor->bytes,
					   .bytes = extractor->size };
	struct teach_project *project = take_project(folder, err);

	if (project) {
		project->method = method;
		project->size = size;
		atoll_tensor_digest(&file, project->digest);
	}
	return project;
}

void teach_project_free(struct teach_project *project)
{
	if (!project)
		return;
	for (uint32_t i = 0; i < project->classes; i++)
		free(project->label[i]);
	for (uint32_t i = 0; i < project->pictures; i++)
		free(project->picture[i].path);
	free(project->label);
	free(project->picture);
	free(project->x);
	free(project->row_class);
	free(project->folder);
	free(project);
}

static int check_label(const char *label, struct atoll_error *err)
{
	const size_t length = strlen(label);

	if (length == 0 || length > TEACH_LABEL_MAX)
		return atoll_error_set(err, -EINVAL, "label '%.20s%s': %zu bytes, at least 1, "
				       "at most %u", label, length > 20 ? "..." : "", length,
				       TEACH_LABEL_MAX);
	for (const char *c = label; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return atoll_error_set(err, -EINVAL,
					       "a label has no control characters");
	if (label[0] == ' ' || label[length - 1] == ' ')
		return atoll_error_set(err, -EINVAL, "label '%s': a blank at its end", label);
	return 0;
}

/* Room for one more in a list that grows by doubling. */
static bool grow(void **list, uint32_t count, size_t bytes)
{
	void *more = *list;

	if ((count & (count - 1)) != 0)
		return true;
	more = realloc(*list, (count ? 2 * (size_t)count : 1) * bytes);
	if (more)
		*list = more;
	return more != NULL;
}

static int add_class(struct teach_project *project, const char *label,
		     struct atoll_error *err)
{
	int r = check_label(label, err);

	if (r < 0)
		return r;
	if (project->classes == TEACH_CLASSES_MAX)
		return atoll_error_set(err, -ENOSPC, "label '%s': there are %u classes already",
				       label, TEACH_CLASSES_MAX);
	if (!grow((void **)&project->label, project->classes, sizeof(*project->label)))
		return no_memory(err);
	project->label[project->classes] = strdup(label);
	if (!project->label[project->classes])
		return no_memory(err);
	project->classes++;
	return 0;
}

int teach_project_keep(struct teach_project *project, const char *label,
		       struct atoll_error *err)
{
	int r = add_class(project, label, err);

	if (r == 0)
		project->kept++;
	return r;
}

static int add_row(struct teach_project *project, const float *x, struct atoll_error *err)
{
	if (!grow((void **)&project->x, project->rows, project->size * sizeof(*x)) ||
	    !grow((void **)&project->row_class, project->rows, sizeof(*project->row_class)))
		return no_memory(err);
	memcpy(project->x + (size_t)project->rows * project->size, x,
	       project->size * sizeof(*x));
	project->row_class[project->rows++] = project->picture[project->pictures - 1].class;
	project->picture[project->pictures - 1].count++;
	return 0;
}

static int add_picture(struct teach_project *project, const char *label, const char *path,
		       struct atoll_error *err)
{
	struct teach_picture picture = { .first = project->rows };

	while (picture.class < project->classes &&
	       strcmp(project->label[picture.class], label) != 0)
		picture.class++;
	if (picture.class == project->classes) {
		int r = add_class(project, label, err);

		if (r < 0)
			return r;
	}
	if (!grow((void **)&project->picture, project->pictures, sizeof(picture)))
		return no_memory(err);
	picture.path = strdup(path);
	if (!picture.path)
		return no_memory(err);
	/* One line of the file. */
	for (char *c = picture.path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	project->picture[project->pictures++] = picture;
	return 0;
}

int teach_project_add(struct teach_project *project, const char *label, const char *path,
		      const float *x, uint32_t count, struct atoll_error *err)
{
	int r = add_picture(project, label, path, err);

	for (uint32_t i = 0; i < count && r == 0; i++)
		r = add_row(project, x + (size_t)i * project->size, err);
	return r;
}

uint32_t teach_project_pictures(const struct teach_project *project, uint32_t class_index)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < project->pictures; i++)
		count += project->picture[i].class == class_index;
	return count;
}

/* Reading */

/* What follows "word " in the line; NULL when it begins otherwise. */
static char *after(const struct text_reader *reader, const char *word)
{
	const size_t length = strlen(word);

	return strncmp(reader->line, word, length) == 0 && reader->line[length] == ' ' ?
		reader->line + length + 1 : NULL;
}

static int read_head(struct text_reader *reader, struct teach_project *project,
		     struct atoll_error *err)
{
	const char *method;

	if (!text_reader_next(reader) || strcmp(reader->line, HEAD) != 0)
		return text_reader_wrong(reader, "not the examples of atoll-teach", err);
	method = text_reader_next(reader) ? after(reader, "method") : NULL;
	if (!method || (strcmp(method, methods[TEACH_IMPRINTING]) != 0 &&
			strcmp(method, methods[TEACH_REGRESSION]) != 0))
		return text_reader_wrong(reader, "no method that is known", err);
	project->method = strcmp(method, methods[TEACH_IMPRINTING]) == 0 ? TEACH_IMPRINTING :
									 TEACH_REGRESSION;
	if (!text_reader_next(reader) || sscanf(reader->line, "model %64[0-9a-f]",
					 project->digest) != 1)
		return text_reader_wrong(reader, "no model", err);
	if (!text_reader_next(reader) || sscanf(reader->line, "size %u", &project->size) != 1 ||
	    project->size == 0 || project->size > TEACH_SIZE_MAX)
		return text_reader_wrong(reader, "no size", err);
	return 0;
}

static int read_picture(const struct text_reader *reader, struct teach_project *project,
			char *label, struct atoll_error *err)
{
	char *tab = strchr(label, '\t');

	if (!tab)
		return text_reader_wrong(reader, "not 'picture LABEL', a tab and a path", err);
	*tab = '\0';
	return add_picture(project, label, tab + 1, err);
}

/* A line; `x` has room for a row. */
static int read_one(struct text_reader *reader, struct teach_project *project, float *x,
		    struct atoll_error *err)
{
	char *label;

	if ((label = after(reader, "picture")))
		return read_picture(reader, project, label, err);
	if ((label = after(reader, "kept"))) {
		if (project->pictures > 0)
			return text_reader_wrong(reader, "kept classes come before all pictures", err);
		return teach_project_keep(project, label, err);
	}
	if (project->pictures == 0 || !text_reader_floats(reader, x, project->size))
		return text_reader_wrong(reader, "not as many numbers as the size says", err);
	return add_row(project, x, err);
}

static int read_all(struct text_reader *reader, struct teach_project *project,
		    struct atoll_error *err)
{
	int r = read_head(reader, project, err);
	float *x;

	if (r < 0)
		return r;
	x = calloc(project->size, sizeof(*x));
	if (!x)
		return no_memory(err);
	while (r == 0 && text_reader_next(reader))
		if (reader->line[0])
			r = read_one(reader, project, x, err);
	free(x);
	return r;
}

static int load(struct teach_project *project, struct atoll_error *err)
{
	char *path = teach_project_path(project, EXAMPLES);
	struct text_reader reader;
	int r = path ? text_reader_open(&reader, path, err) : no_memory(err);

	if (r == 0)
		r = text_reader_close(&reader, read_all(&reader, project, err), err);
	free(path);
	return r;
}

struct teach_project *teach_project_load(const char *folder, struct atoll_error *err)
{
	struct teach_project *project = take_project(folder, err);

	if (project && load(project, err) < 0) {
		teach_project_free(project);
		return NULL;
	}
	return project;
}

/* Writing */

static void write_picture(const struct teach_project *project,
			  const struct teach_picture *picture, FILE *file)
{
	const float *x = project->x + (size_t)picture->first * project->size;

	fprintf(file, "picture %s\t%s\n", project->label[picture->class], picture->path);
	for (uint32_t row = 0; row < picture->count; row++) {
		for (uint32_t i = 0; i < project->size; i++)
			fprintf(file, "%s%.9g", i ? " " : "", (double)*x++);
		fputc('\n', file);
	}
}

static void write_all(const struct teach_project *project, FILE *file)
{
	fprintf(file, "%s\nmethod %s\nmodel %s\nsize %u\n", HEAD, methods[project->method],
		project->digest, project->size);
	for (uint32_t i = 0; i < project->kept; i++)
		fprintf(file, "kept %s\n", project->label[i]);
	for (uint32_t i = 0; i < project->pictures; i++)
		write_picture(project, &project->picture[i], file);
}

static void forget(const struct teach_project *project, const char *file)
{
	char *path = teach_project_path(project, file);

	if (path)
		(void)unlink(path); /* mostly it is not there */
	free(path);
}

int teach_project_save(const struct teach_project *project, struct atoll_error *err)
{
	struct atoll_replacement replacement;
	char *path = teach_project_path(project, EXAMPLES);
	int r = path ? atoll_replacement_open(&replacement, path) : -ENOMEM;

	if (r == 0) {
		write_all(project, replacement.file);
		r = atoll_replacement_close(&replacement, 0);
	}
	if (r < 0) {
		atoll_error_set(err, r, "%s: %s", atoll_error_path(project->folder),
				strerror(-r));
	} else {
		forget(project, "learnt.tflite");
		forget(project, "learnt_labels.txt");
	}
	free(path);
	return r;
}
