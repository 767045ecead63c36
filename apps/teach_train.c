/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-teach train: from examples to a model. */
#include <stdlib.h>

#include "apps/options.h"
#include "apps/teach.h"
#include "runtime/learn/imprinting.h"
#include "runtime/learn/regression.h"

/* A model as a file. */
struct learnt {
	void *bytes;
	size_t size;
};

static struct atoll_model *load(const struct teach_project *project, const char *file)
{
	char *path = teach_project_path(project, file);
	struct atoll_model *model;
	struct atoll_error err;

	if (!path)
		options_could_not("out of memory");
	model = atoll_model_load(path, &err);
	if (!model)
		options_could_not("%s", err.text);
	free(path);
	return model;
}

static struct learnt imprint(const struct teach_project *project)
{
	struct atoll_model *base = load(project, "base.tflite");
	struct atoll_error err;
	struct atoll_imprinting *imprinting =
		atoll_imprinting_new(base, project->kept > 0, &err);
	struct learnt learnt;

	if (!imprinting)
		options_could_not("%s: %s", base->path, err.text);
	/* New classes come in the order of their numbers. */
	for (uint32_t class = 0; class < project->classes; class++)
		for (uint32_t row = 0; row < project->rows; row++)
			if (project->row_class[row] == class &&
			    atoll_imprinting_train(imprinting, project->x +
						   (size_t)row * project->size, project->size,
						   class, &err) < 0)
				options_could_not("'%s': %s", project->label[class], err.text);
	if (atoll_imprinting_finish(imprinting, &learnt.bytes, &learnt.size, &err) < 0)
		options_could_not("%s", err.text);
	atoll_imprinting_free(imprinting);
	atoll_model_free(base);
	return learnt;
}

/* The mean square of a row's length: steps are as long as for rows of length 1. */
static double mean_square(const struct teach_project *project)
{
	const size_t count = (size_t)project->rows * project->size;
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)project->x[i] * (double)project->x[i];
	return sum > 0 ? sum / project->rows : 1;
}

static void tell_progress(void *data, const struct atoll_regression_report *report)
{
	(void)data;
	options_say("iteration %u: loss %.4f, %.1f %% of the examples right",
		    report->iteration, report->loss + report->penalty,
		    100 * report->accuracy);
}

static struct learnt regress(const struct teach_settings *settings,
			     const struct teach_project *project)
{
	const struct atoll_regression_config config = {
		.size = project->size, .classes = project->classes,
		.weight_scale = ATOLL_REGRESSION_WEIGHT_SCALE, .seed = settings->seed,
	};
	const struct atoll_regression_training training = {
		.learning_rate = settings->learning_rate / mean_square(project),
		.iterations = settings->iterations, .batch = settings->batch,
		.report_every = ATOLL_REGRESSION_REPORT, .report = tell_progress,
	};
	const struct atoll_examples examples = {
		project->x, project->row_class, project->rows,
	};
	struct atoll_model *extractor = load(project, "extractor.tflite");
	struct atoll_regression *regression;
	struct atoll_error err;
	struct learnt learnt;

	if (project->classes < 2)
		options_could_not("regression tells classes apart: add a second one");
	regression = atoll_regression_new(&config, &err);
	if (!regression ||
	    atoll_regression_train(regression, &training, &examples, &err) < 0 ||
	    atoll_regression_append(regression, extractor, &learnt.bytes, &learnt.size,
				    &err) < 0)
		options_could_not("%s", err.text);
	atoll_regression_free(regression);
	atoll_model_free(extractor);
	return learnt;
}

int teach_train(const struct teach_settings *settings)
{
	struct teach_project *project = teach_open(settings);
	char *path = teach_project_path(project, "learnt.tflite");
	struct atoll_error err;
	struct learnt learnt;

	if (!path)
		options_could_not("out of memory");
	if (project->pictures == 0)
		options_could_not("%s: no pictures yet: add some", project->folder);
	learnt = project->method == TEACH_IMPRINTING ? imprint(project) :
						       regress(settings, project);
	if (teach_write_model(path, learnt.bytes, learnt.size, &err) < 0 ||
	    teach_write_labels(path, project, &err) < 0)
		options_could_not("%s", err.text);
	if (!settings->wants_json)
		options_say("learnt from %u pictures: %s", project->pictures, path);
	teach_tell(settings, project);
	free(learnt.bytes);
	free(path);
	teach_project_free(project);
	return EXIT_SUCCESS;
}
