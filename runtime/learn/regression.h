/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_LEARN_REGRESSION_H
#define ATOLL_RUNTIME_LEARN_REGRESSION_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/model.h"

/*
 * Training a last layer for new classes on embeddings: softmax regression by stochastic
 * gradient descent.
 *
 *	struct atoll_regression_config config = {
 *		.size = 256, .classes = 3,
 *		.weight_scale = ATOLL_REGRESSION_WEIGHT_SCALE, .seed = 1,
 *	};
 *	struct atoll_regression_training training = {
 *		.learning_rate = 1, .iterations = 500,
 *		.batch = ATOLL_REGRESSION_BATCH,
 *	};
 *	struct atoll_examples examples = { .x = x, .label = label, .count = 15 };
 *	struct atoll_regression *regression = atoll_regression_new(&config, &err);
 *
 *	r = atoll_regression_train(regression, &training, &examples, &err);
 *	r = atoll_regression_accuracy(regression, &others, &share);
 *	r = atoll_regression_append(regression, extractor, &bytes, &size, &err);
 *	atoll_regression_free(regression);
 *
 * runtime/learn/embedding.h tells where embeddings come from. The same seed and examples
 * give the same layer.
 */
#define ATOLL_REGRESSION_WEIGHT_SCALE 0.01
#define ATOLL_REGRESSION_BATCH 100u
#define ATOLL_REGRESSION_REPORT 100u

struct atoll_regression;

struct atoll_regression_config {
	uint32_t size, classes;  /* numbers of an embedding; 2 classes or more */
	double weight_scale;     /* deviation of the first weights around 0 */
	double regularization;   /* told as a part of the loss, but not worked against */
	uint64_t seed;           /* of weights and batches */
};

/* What is learnt from; the caller's, needed only during the call. */
struct atoll_examples {
	const float *x;          /* [count][size] */
	const uint32_t *label;   /* [count], below the number of classes */
	uint32_t count;
};

/* How it goes, of the batch just seen and before its step. */
struct atoll_regression_report {
	uint32_t iteration;      /* from 0 */
	double loss;             /* cross entropy, the mean over the batch */
	double penalty;          /* regularization / 2 * the sum of all of W^T W */
	double accuracy;         /* of all examples, 0 to 1 */
};

struct atoll_regression_training {
	double learning_rate;    /* above 0 */
	uint32_t iterations, batch; /* examples drawn for each step, with replacement */
	uint32_t report_every;   /* iterations; 0: never */
	void (*report)(void *data, const struct atoll_regression_report *report); /* or NULL */
	void *data;
};

/* NULL with -EINVAL for what is not as above, or -ENOMEM. */
struct atoll_regression *atoll_regression_new(const struct atoll_regression_config *config,
					      struct atoll_error *err);
void atoll_regression_free(struct atoll_regression *regression); /* NULL is allowed */

/* Go on from where it stands. 0; -EINVAL for settings or labels that are not as above;
   -ERANGE when weights grow beyond all bounds, a sign of too high a learning rate;
   -ENOMEM. */
int atoll_regression_train(struct atoll_regression *regression,
			   const struct atoll_regression_training *training,
			   const struct atoll_examples *examples, struct atoll_error *err);

/* The share of examples whose class it tells right, 0 to 1. 0; -EINVAL when there are
   none, or -ENOMEM. */
int atoll_regression_accuracy(const struct atoll_regression *regression,
			      const struct atoll_examples *examples, double *accuracy);

/* What was learnt: [size][classes] and [classes]. Lives as long as the regression. */
const double *atoll_regression_weights(const struct atoll_regression *regression);
const double *atoll_regression_biases(const struct atoll_regression *regression);

/*
 * The extractor with this layer and SOFTMAX behind it, quantized to uint8, as a file:
 * `*bytes` is malloc'ed and the caller's. The extractor has one graph and one output,
 * uint8 of `size` numbers: [1, size] gets a FULLY_CONNECTED, [1, 1, 1, size] a CONV_2D
 * and a RESHAPE. 0; -EINVAL before any training; -ENOTSUP with a sentence for other
 * extractors; or as atoll_builder_finish.
 */
int atoll_regression_append(const struct atoll_regression *regression,
			    const struct atoll_model *extractor, void **bytes, size_t *size,
			    struct atoll_error *err);

#endif
