/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/emulator_lessons.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/edgetpu/package.h"
#include "runtime/extract.h"
#include "runtime/model.h"

/* One operator of one compiled model. */
struct lesson {
	struct lesson *next;
	char *file;
	struct atoll_model *compiled;     /* the last lesson of a file has it */
	struct edgetpu_package *package;
	struct atoll_model *part;         /* what it computes, or NULL */
};

struct lessons {
	struct lesson *first;
};

struct lessons *lessons_new(void)
{
	return calloc(1, sizeof(struct lessons));
}

static int no_memory(struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "out of memory");
}

/* Here, where the file's name is known, and not when devices are made. */
static int check_carried(const struct edgetpu_package *package, struct atoll_error *err)
{
	struct carried *carried = carried_is(package) ? carried_open(package, err) : NULL;
	bool is_good = carried || !carried_is(package);

	carried_close(carried);
	return is_good ? 0 : -EINVAL;
}

static int add_operator(struct lessons *lessons, const char *file,
			const struct atoll_operator *op, const struct atoll_model *whole,
			struct atoll_error *err)
{
	struct lesson *lesson = calloc(1, sizeof(*lesson));

	if (!lesson)
		return no_memory(err);
	lesson->next = lessons->first;
	lessons->first = lesson;
	lesson->file = strdup(file);
	if (!lesson->file)
		return no_memory(err);
	lesson->package = edgetpu_package_read(op->custom_options, op->custom_options_bytes,
					       err);
	if (!lesson->package || check_carried(lesson->package, err) < 0)
		return -EINVAL;
	if (!whole)
		return 0;
	lesson->part = extract_twin(whole, op->custom_options, op->custom_options_bytes, err);
	return lesson->part ? 0 : -EINVAL;
}

static int add_model(struct lessons *lessons, const char *compiled, const char *path,
		     struct atoll_error *err)
{
	struct atoll_model *model = atoll_model_load(compiled, err);
	struct atoll_model *whole = NULL;
	const struct lesson *before = lessons->first;
	const struct atoll_operator *op = NULL;
	int r = 0;

	if (!model)
		return -EINVAL;
	if (path) {
		whole = atoll_model_load(path, err);
		r = whole ? 0 : -EINVAL;
	}
	while (r == 0 && (op = edgetpu_next_compiled(&model->graph[0], op))) {
		r = add_operator(lessons, compiled, op, whole, err);
		if (r < 0)
			(void)atoll_error_prefix(err, "%s", atoll_error_path(compiled));
	}
	atoll_model_free(whole);
	if (lessons->first == before) {
		atoll_model_free(model);
		return r < 0 ? r : atoll_error_set(err, -EINVAL, "%s: not compiled for the "
						   "Edge TPU", atoll_error_path(compiled));
	}
	lessons->first->compiled = model; /* goes after what was read from it */
	return r;
}

int lessons_add(struct lessons *lessons, const char *files, struct atoll_error *err)
{
	char *compiled = strdup(files);
	char *path = compiled ? strchr(compiled, ',') : NULL;
	int r;

	if (!compiled)
		return no_memory(err);
	if (path)
		*path++ = '\0';
	r = add_model(lessons, compiled, path, err);
	free(compiled);
	return r;
}

int lessons_teach(const struct lessons *lessons, enum emulator_grade grade,
		  struct emulator *emulator, struct atoll_error *err)
{
	for (const struct lesson *l = lessons->first; l; l = l->next) {
		struct emulator_program *program =
			emulator_program_new(grade, l->package, l->part, err);
		int r;

		if (!program) {
			(void)atoll_error_prefix(err, "%s", atoll_error_path(l->file));
			return -EINVAL;
		}
		r = emulator_teach(emulator, l->package, program, err);
		if (r < 0)
			return r;
	}
	return 0;
}

void lessons_free(struct lessons *lessons)
{
	struct atoll_model *compiled = NULL;

	if (!lessons)
		return;
	while (lessons->first) {
		struct lesson *lesson = lessons->first;

		/* The lessons that follow may be of the same file. */
		if (lesson->compiled) {
			atoll_model_free(compiled);
			compiled = lesson->compiled;
		}
		lessons->first = lesson->next;
		edgetpu_package_free(lesson->package);
		atoll_model_free(lesson->part);
		free(lesson->file);
		free(lesson);
	}
	atoll_model_free(compiled);
	free(lessons);
}
