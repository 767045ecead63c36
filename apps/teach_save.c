/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-teach save, and what the commands write and tell. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/beside.h"
#include "apps/options.h"
#include "apps/teach.h"
#include "board/json.h"
#include "board/replacement.h"

struct teach_project *teach_open(const struct teach_settings *settings)
{
	struct atoll_error err;
	struct teach_project *project = teach_project_load(settings->folder, &err);

	if (!project && err.code == -ENOENT)
		options_could_not("%s: nothing is being taught here; begin with 'new'",
				  settings->folder);
	if (!project)
		options_could_not("%s", err.text);
	return project;
}

char *teach_learnt(const struct teach_project *project)
{
	char *path = teach_project_path(project, "learnt.tflite");

	if (!path)
		options_could_not("out of memory");
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	options_could_not("%s: nothing was learnt of these pictures yet: train",
			  project->folder);
}

static void tell_json(const struct teach_project *project)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "project", project->folder);
	atoll_json_string(&json, "method",
			  project->method == TEACH_IMPRINTING ? "imprinting" : "regression");
	atoll_json_array(&json, "classes");
	for (uint32_t i = 0; i < project->classes; i++) {
		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "label", project->label[i]);
		atoll_json_bool(&json, "kept", i < project->kept);
		atoll_json_integer(&json, "pictures", teach_project_pictures(project, i));
		atoll_json_end(&json);
	}
	atoll_json_end(&json);
	atoll_json_end(&json);
}

void teach_tell(const struct teach_settings *settings, const struct teach_project *project)
{
	if (settings->wants_json)
		return tell_json(project);
	for (uint32_t i = 0; i < project->classes; i++) {
		const uint32_t pictures = teach_project_pictures(project, i);

		if (pictures > 0)
			printf("%s\t%u\n", project->label[i], pictures);
	}
}

int teach_write_model(const char *path, const void *bytes, size_t size,
		      struct atoll_error *err)
{
	struct atoll_replacement replacement;
	int r = atoll_replacement_open(&replacement, path);

	if (r == 0) {
		(void)fwrite(bytes, 1, size, replacement.file); /* close tells how it went */
		r = atoll_replacement_close(&replacement, 0);
	}
	return r < 0 ? atoll_error_set(err, r, "%s: %s", atoll_error_path(path),
				       strerror(-r)) : 0;
}

/* Would a reader of labels take them all for a number and a name? */
static bool all_begin_with_digits(const struct teach_project *project)
{
	for (uint32_t i = 0; i < project->classes; i++)
		if (!isdigit((unsigned char)project->label[i][0]))
			return false;
	return true;
}

int teach_write_labels(const char *model_path, const struct teach_project *project,
		       struct atoll_error *err)
{
	char *path = beside_model(model_path, "_labels.txt");
	const bool has_numbers = all_begin_with_digits(project);
	struct atoll_replacement replacement;
	int r = path ? atoll_replacement_open(&replacement, path) : -ENOMEM;

	if (r == 0) {
		for (uint32_t i = 0; i < project->classes; i++) {
			if (has_numbers)
				fprintf(replacement.file, "%u: ", i);
			fprintf(replacement.file, "%s\n", project->label[i]);
		}
		r = atoll_replacement_close(&replacement, 0);
	}
	if (r < 0)
		atoll_error_set(err, r, "%s: %s", path ? atoll_error_path(path) : "labels",
				strerror(-r));
	free(path);
	return r;
}

int teach_save(const struct teach_settings *settings)
{
	struct teach_project *project = teach_open(settings);
	char *path = teach_learnt(project);
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load(path, &err);

	if (!model || teach_write_model(settings->rest[0], model->bytes, model->size,
					&err) < 0 ||
	    teach_write_labels(settings->rest[0], project, &err) < 0)
		options_could_not("%s", err.text);
	teach_tell(settings, project);
	atoll_model_free(model);
	free(path);
	teach_project_free(project);
	return EXIT_SUCCESS;
}
