/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What teaching costs: 100 pictures of three classes imprinted onto a classifier, and a
 * layer trained on the same embeddings. One thread.
 *
 *	learn [MODEL [PICTURES]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/display.h"
#include "apps/options.h"
#include "runtime/fill.h"
#include "runtime/learn/embedding.h"
#include "runtime/learn/imprinting.h"
#include "runtime/learn/regression.h"
#include "runtime/session.h"

#define CARDS "apps/models/cards/cards.tflite"
#define CLASSES 3

struct pupil {
	struct atoll_model *classifier, *base, *extractor;
	struct atoll_imprinting *imprinting;
	uint32_t size, pictures;
	float *x;           /* [pictures][size] */
	uint32_t *label;    /* [pictures] */
};

static void check(bool is_well, const struct atoll_error *err)
{
	if (!is_well)
		options_could_not("%s", err->text);
}

static struct pupil open_pupil(const char *path, uint32_t pictures)
{
	struct pupil pupil = { .pictures = pictures };
	struct atoll_error err;

	pupil.classifier = atoll_model_load(path, &err);
	check(pupil.classifier, &err);
	pupil.base = atoll_imprinting_base(pupil.classifier, &err);
	check(pupil.base, &err);
	pupil.imprinting = atoll_imprinting_new(pupil.base, false, &err);
	check(pupil.imprinting, &err);
	pupil.extractor = atoll_imprinting_extractor(pupil.imprinting, &err);
	check(pupil.extractor, &err);
	pupil.size = atoll_imprinting_size(pupil.imprinting);
	pupil.x = calloc((size_t)pictures * pupil.size, sizeof(*pupil.x));
	pupil.label = calloc(pictures, sizeof(*pupil.label));
	if (!pupil.x || !pupil.label)
		options_could_not("out of memory");
	return pupil;
}

static void close_pupil(struct pupil *pupil)
{
	atoll_imprinting_free(pupil->imprinting);
	atoll_model_free(pupil->extractor);
	atoll_model_free(pupil->base);
	atoll_model_free(pupil->classifier);
	free(pupil->x);
	free(pupil->label);
}

static double embed(struct pupil *pupil)
{
	const struct atoll_session_options options = { .threads = 1, .device = "cpu" };
	struct atoll_error err;
	struct atoll_session *session = atoll_session_open(pupil->extractor, &options, &err);
	double spent_ms = 0;

	check(session, &err);
	for (uint32_t i = 0; i < pupil->pictures; i++) {
		double start_ms;

		atoll_fill(ATOLL_FILL_LCG, i, atoll_session_input(session, 0));
		start_ms = display_now_ms();
		if (atoll_session_invoke(session) < 0 ||
		    atoll_embedding_read(atoll_session_output(session, 0), pupil->x +
					 (size_t)i * pupil->size, pupil->size) < 0)
			options_could_not("the extractor does not run");
		spent_ms += display_now_ms() - start_ms;
		pupil->label[i] = i % CLASSES;
	}
	atoll_session_close(session);
	return spent_ms;
}

static double imprint(struct pupil *pupil)
{
	const double start_ms = display_now_ms();
	struct atoll_error err;
	double spent_ms;
	void *bytes;
	size_t size;

	for (uint32_t i = 0; i < pupil->pictures; i++)
		check(atoll_imprinting_train(pupil->imprinting, pupil->x +
					     (size_t)i * pupil->size, pupil->size,
					     pupil->label[i], &err) == 0, &err);
	check(atoll_imprinting_finish(pupil->imprinting, &bytes, &size, &err) == 0, &err);
	spent_ms = display_now_ms() - start_ms;
	free(bytes);
	return spent_ms;
}

static double regress(const struct pupil *pupil, uint32_t iterations)
{
	const struct atoll_regression_config config = {
		.size = pupil->size, .classes = CLASSES,
		.weight_scale = ATOLL_REGRESSION_WEIGHT_SCALE, .seed = 1,
	};
	const struct atoll_regression_training training = {
		.learning_rate = 1, .iterations = iterations, .batch = ATOLL_REGRESSION_BATCH,
	};
	const struct atoll_examples examples = { pupil->x, pupil->label, pupil->pictures };
	const double start_ms = display_now_ms();
	struct atoll_error err;
	struct atoll_regression *regression = atoll_regression_new(&config, &err);
	void *bytes;
	size_t size;

	check(regression, &err);
	check(atoll_regression_train(regression, &training, &examples, &err) == 0, &err);
	check(atoll_regression_append(regression, pupil->extractor, &bytes, &size,
				      &err) == 0, &err);
	free(bytes);
	atoll_regression_free(regression);
	return display_now_ms() - start_ms;
}

int main(int argc, char **argv)
{
	const int pictures = argc > 2 ? atoi(argv[2]) : 100;
	const uint32_t iterations = 500;
	double embedded_ms, imprinted_ms;
	struct pupil pupil;

	options_begin("learn");
	if (pictures < CLASSES)
		options_wrong("'%s' is not a number of pictures", argv[2]);
	pupil = open_pupil(argc > 1 ? argv[1] : CARDS, (uint32_t)pictures);
	embedded_ms = embed(&pupil);
	imprinted_ms = imprint(&pupil);
	printf("imprinting of %d pictures: %.1f ms, %.1f of them embeddings of %u numbers, "
	       "%.2f the rest, file included\n", pictures, embedded_ms + imprinted_ms,
	       embedded_ms, pupil.size, imprinted_ms);
	printf("softmax regression on them: %.1f ms for %u steps of %u examples\n",
	       regress(&pupil, iterations), iterations, ATOLL_REGRESSION_BATCH);
	close_pupil(&pupil);
	return options_end(EXIT_SUCCESS);
}
