/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-teach new: a folder, and in it the model that will be taught. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/beside.h"
#include "apps/options.h"
#include "apps/shipped.h"
#include "apps/teach.h"
#include "runtime/decode/labels.h"
#include "runtime/learn/embedding.h"
#include "runtime/learn/imprinting.h"

/* What a model becomes. */
struct chosen {
	struct atoll_model *given;
	struct atoll_model *base;      /* imprinting */
	struct atoll_model *extractor;
};

/*
 * The model as it is, when it can be imprinted, else what can be made of it. NULL
 * extractor with a sentence: neither.
 */
static void find_extractor(struct chosen *model, struct atoll_error *err)
{
	struct atoll_imprinting *imprinting = atoll_imprinting_new(model->given, false, NULL);

	if (!imprinting) {
		model->base = atoll_imprinting_base(model->given, err);
		imprinting = model->base ? atoll_imprinting_new(model->base, false, err) : NULL;
	}
	if (imprinting)
		model->extractor = atoll_imprinting_extractor(imprinting, err);
	atoll_imprinting_free(imprinting);
}

/* For regression a model that ends in numbers will do, too. */
static bool is_extractor(const struct atoll_model *model)
{
	const struct atoll_graph *graph = &model->graph[0];
	const struct atoll_tensor *out;

	if (graph->outputs != 1)
		return false;
	out = &graph->tensor[graph->output[0]];
	return out->type == ATOLL_UINT8 &&
	       (out->rank == 2 || out->rank == 4) && out->elements > 0 &&
	       out->elements == (size_t)out->dims[out->rank - 1];
}

static void load_model(struct chosen *model, const char *path,
		       const struct teach_settings *settings)
{
	struct atoll_error err;

	model->given = atoll_model_load(path, &err);
	if (!model->given)
		options_could_not("%s", err.text);
	find_extractor(model, &err);
	if (!model->extractor &&
	    (settings->method == TEACH_IMPRINTING || !is_extractor(model->given)))
		options_could_not("%s", err.text);
	if (settings->keeps_classes && (model->base || settings->method != TEACH_IMPRINTING))
		options_could_not("%s: --keep is for models that can be imprinted as they are, "
				  "and for that method", path);
}

static const struct atoll_model *extractor_of(const struct chosen *model)
{
	return model->extractor ? model->extractor : model->given;
}

/* The classes of the base with their names, or numbers. */
static void keep_labels(struct teach_project *project, const struct chosen *model,
			const char *path, const char *labels_path)
{
	char *beside = labels_path ? NULL : beside_model(path, "_labels.txt");
	const struct atoll_graph *graph = &model->given->graph[0];
	const uint32_t classes = (uint32_t)graph->tensor[graph->output[0]].elements;
	struct atoll_labels *labels = NULL;
	struct atoll_error err;

	if (labels_path || (beside && access(beside, R_OK) == 0)) {
		labels = atoll_labels_load(labels_path ? labels_path : beside, &err);
		if (!labels)
			options_could_not("%s", err.text);
	}
	for (uint32_t i = 0; i < classes; i++) {
		const char *name = atoll_labels_name(labels, i);
		char number[32];

		(void)snprintf(number, sizeof(number), "class %u", i);
		if (teach_project_keep(project, name && *name ? name : number, &err) < 0)
			options_could_not("%s", err.text);
	}
	atoll_labels_free(labels);
	free(beside);
}

static void write_file(const struct teach_project *project, const char *file,
		       const struct atoll_model *model)
{
	char *path = teach_project_path(project, file);
	struct atoll_error err;

	if (!path)
		options_could_not("out of memory");
	if (teach_write_model(path, model->bytes, model->size, &err) < 0)
		options_could_not("%s", err.text);
	free(path);
}

static void make_folder(const struct teach_project *project)
{
	char *path = teach_project_path(project, "examples.txt");
	const bool is_taken = path && access(path, F_OK) == 0;

	free(path);
	if (is_taken)
		options_could_not("%s: something is being taught here already; remove it, or "
				  "say --project", project->folder);
	if (mkdir(project->folder, 0777) != 0 && errno != EEXIST)
		options_could_not("%s: %s", project->folder, strerror(errno));
}

int teach_new(const struct teach_settings *settings)
{
	const char *path = settings->rests > 0 ? settings->rest[0] : shipped_cards;
	struct chosen model = { .given = NULL };
	struct teach_project *project;
	const struct atoll_graph *graph;
	struct atoll_error err;

	load_model(&model, path, settings);
	graph = &extractor_of(&model)->graph[0];
	project = teach_project_new(settings->folder, settings->method, extractor_of(&model),
				    (uint32_t)graph->tensor[graph->output[0]].elements, &err);
	if (!project)
		options_could_not("%s", err.text);
	if (settings->keeps_classes)
		keep_labels(project, &model, path, settings->labels);
	make_folder(project);
	write_file(project, "extractor.tflite", extractor_of(&model));
	if (settings->method == TEACH_IMPRINTING)
		write_file(project, "base.tflite", model.base ? model.base : model.given);
	if (teach_project_save(project, &err) < 0)
		options_could_not("%s", err.text);
	if (!settings->wants_json)
		options_say("%s: begun; add pictures of each class, then train",
			    project->folder);
	teach_tell(settings, project);
	teach_project_free(project);
	atoll_model_free(model.extractor);
	atoll_model_free(model.base);
	atoll_model_free(model.given);
	return EXIT_SUCCESS;
}
