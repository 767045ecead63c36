/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/learn/regression.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "runtime/learn/regression_inside.h"

/* A layer of more weights is a mistake, and would not fit a file. */
#define WEIGHTS_MAX (UINT32_C(1) << 28)

/* Room for one batch. */
struct work {
	double *z;                /* [batch][classes] */
	double *weights, *biases; /* the gradient */
	uint32_t *pick;           /* [batch] */
};

static int no_memory(struct atoll_error *err)
{
	return atoll_error_set(err, -ENOMEM, "regression: out of memory");
}

static int check_config(const struct atoll_regression_config *config, struct atoll_error *err)
{
	if (config->size == 0 || config->classes < 2 ||
	    (uint64_t)config->size * config->classes > WEIGHTS_MAX)
		return atoll_error_set(err, -EINVAL, "regression: %u classes of %u numbers: "
				       "at least 2 of 1, at most %u in all", config->classes,
				       config->size, WEIGHTS_MAX);
	if (!(config->weight_scale >= 0) || !isfinite(config->weight_scale) ||
	    !(config->regularization >= 0) || !isfinite(config->regularization))
		return atoll_error_set(err, -EINVAL, "regression: weight scale %g, "
				       "regularization %g: 0 or more", config->weight_scale,
				       config->regularization);
	return 0;
}

ATOLL_API struct atoll_regression *atoll_regression_new(
	const struct atoll_regression_config *config, struct atoll_error *err)
{
	struct atoll_regression *regression;
	size_t weights;

	if (check_config(config, err) < 0)
		return NULL;
	regression = calloc(1, sizeof(*regression));
	if (!regression) {
		no_memory(err);
		return NULL;
	}
	weights = (size_t)config->size * config->classes;
	regression->config = *config;
	regression->layer = (struct softmax_layer){
		.size = config->size, .classes = config->classes,
		.weights = calloc(weights, sizeof(double)),
		.biases = calloc(config->classes, sizeof(double)),
	};
	regression->random.state = config->seed;
	regression->logit_low = INFINITY;
	regression->logit_high = -INFINITY;
	if (!regression->layer.weights || !regression->layer.biases) {
		atoll_regression_free(regression);
		no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < weights; i++)
		regression->layer.weights[i] =
			config->weight_scale * random_normal(&regression->random);
	return regression;
}

ATOLL_API void atoll_regression_free(struct atoll_regression *regression)
{
	if (!regression)
		return;
	free(regression->layer.weights);
	free(regression->layer.biases);
	free(regression);
}

static void free_work(struct work *work)
{
	free(work->z);
	free(work->weights);
	free(work->biases);
	free(work->pick);
}

static bool take_work(struct work *work, const struct softmax_layer *layer, uint32_t rows)
{
	*work = (struct work){
		.z = calloc((size_t)rows * layer->classes, sizeof(double)),
		.weights = calloc((size_t)layer->size * layer->classes, sizeof(double)),
		.biases = calloc(layer->classes, sizeof(double)),
		.pick = calloc(rows, sizeof(uint32_t)),
	};
	return work->z && work->weights && work->biases && work->pick;
}

static int check_training(const struct atoll_regression *regression,
			  const struct atoll_regression_training *training,
			  const struct atoll_examples *examples, struct atoll_error *err)
{
	if (!(training->learning_rate > 0) || !isfinite(training->learning_rate))
		return atoll_error_set(err, -EINVAL, "regression: learning rate %g: above 0",
				       training->learning_rate);
	if (training->batch == 0 || examples->count == 0)
		return atoll_error_set(err, -EINVAL, "regression: batches of %u out of %u "
				       "examples: at least 1", training->batch,
				       examples->count);
	for (uint32_t i = 0; i < examples->count; i++)
		if (examples->label[i] >= regression->config.classes)
			return atoll_error_set(err, -EINVAL, "regression: example %u: class "
					       "%u of %u", i, examples->label[i],
					       regression->config.classes);
	return 0;
}

/* The sum of all entries of W^T W: of each row's sum, squared. */
static double sum_of_products(const struct softmax_layer *layer)
{
	const double *weight = layer->weights;
	double all = 0;

	for (uint32_t d = 0; d < layer->size; d++) {
		double sum = 0;

		for (uint32_t c = 0; c < layer->classes; c++)
			sum += *weight++;
		all += sum * sum;
	}
	return all;
}

static void note_range(struct atoll_regression *regression, const double *z, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		regression->logit_low = fmin(regression->logit_low, z[i]);
		regression->logit_high = fmax(regression->logit_high, z[i]);
	}
}

static int report(const struct atoll_regression *regression,
		  const struct atoll_regression_training *training,
		  const struct atoll_examples *examples, uint32_t iteration, double loss)
{
	struct atoll_regression_report now = {
		.iteration = iteration, .loss = loss,
		.penalty = 0.5 * regression->config.regularization *
			   sum_of_products(&regression->layer),
	};
	int r = atoll_regression_accuracy(regression, examples, &now.accuracy);

	if (r == 0)
		training->report(training->data, &now);
	return r;
}

static void step(struct softmax_layer *layer, const struct work *work, double learning_rate)
{
	const size_t weights = (size_t)layer->size * layer->classes;

	for (size_t i = 0; i < weights; i++)
		layer->weights[i] -= learning_rate * work->weights[i];
	for (uint32_t c = 0; c < layer->classes; c++)
		layer->biases[c] -= learning_rate * work->biases[c];
}

static int iterate(struct atoll_regression *regression,
		   const struct atoll_regression_training *training,
		   const struct atoll_examples *examples, const struct work *work,
		   uint32_t iteration, struct atoll_error *err)
{
	struct softmax_layer *layer = &regression->layer;
	const struct softmax_batch batch = {
		.x = examples->x, .label = examples->label, .pick = work->pick,
		.rows = training->batch,
	};
	double loss;

	for (uint32_t i = 0; i < training->batch; i++)
		work->pick[i] = random_below(&regression->random, examples->count);
	softmax_logits(layer, &batch, work->z);
	note_range(regression, work->z, (size_t)batch.rows * layer->classes);
	softmax_shares(layer, &batch, work->z);
	loss = softmax_loss(layer, &batch, work->z);
	if (!isfinite(loss) || !isfinite(regression->logit_low) ||
	    !isfinite(regression->logit_high))
		return atoll_error_set(err, -ERANGE, "regression: iteration %u: numbers beyond "
				       "all bounds; a learning rate below %g may do",
				       iteration, training->learning_rate);
	if (training->report && training->report_every > 0 &&
	    iteration % training->report_every == 0 &&
	    report(regression, training, examples, iteration, loss) < 0)
		return no_memory(err);
	softmax_gradient(layer, &batch, work->z, work->weights, work->biases);
	step(layer, work, training->learning_rate);
	return 0;
}

ATOLL_API int atoll_regression_train(struct atoll_regression *regression,
				     const struct atoll_regression_training *training,
				     const struct atoll_examples *examples,
				     struct atoll_error *err)
{
	struct work work = { 0 };
	int r = check_training(regression, training, examples, err);

	if (r == 0 && !take_work(&work, &regression->layer, training->batch))
		r = no_memory(err);
	for (uint32_t i = 0; i < training->iterations && r == 0; i++)
		r = iterate(regression, training, examples, &work, i, err);
	free_work(&work);
	return r;
}

ATOLL_API int atoll_regression_accuracy(const struct atoll_regression *regression,
					const struct atoll_examples *examples,
					double *accuracy)
{
	const struct softmax_layer *layer = &regression->layer;
	const struct softmax_batch batch = {
		.x = examples->x, .label = examples->label, .rows = examples->count,
	};
	double *z;

	if (examples->count == 0)
		return -EINVAL;
	z = calloc((size_t)examples->count * layer->classes, sizeof(*z));
	if (!z)
		return -ENOMEM;
	softmax_logits(layer, &batch, z);
	*accuracy = (double)softmax_hits(layer, &batch, z) / examples->count;
	free(z);
	return 0;
}

ATOLL_API const double *atoll_regression_weights(const struct atoll_regression *regression)
{
	return regression->layer.weights;
}

ATOLL_API const double *atoll_regression_biases(const struct atoll_regression *regression)
{
	return regression->layer.biases;
}
