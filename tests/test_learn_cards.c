/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cards model can be taught: three signs it never saw, from 5 pictures of each,
 * tried on 20 others of each; and that several times with other pictures. The figures
 * are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/teach_variants.h"
#include "runtime/decode/classes.h"
#include "runtime/learn/embedding.h"
#include "runtime/learn/imprinting.h"
#include "runtime/learn/regression.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/signs.h"

#define CARDS "apps/models/cards/cards.tflite"
#define SIDE 96
#define TAUGHT 5
#define TRIED 20
#define ROUNDS 4

struct school {
	struct atoll_model *base, *extractor;
	struct atoll_imprinting *imprinting;
	uint32_t size;
	uint8_t taught[SIGNS][TAUGHT][SIDE * SIDE * 3];
	uint8_t tried[SIGNS][TRIED][SIDE * SIDE * 3];
	float *x;          /* [SIGNS * TAUGHT * TEACH_VARIANTS][size] */
	uint32_t label[SIGNS * TAUGHT * TEACH_VARIANTS];
	uint32_t examples;
};

static void look(struct atoll_session *session, const uint8_t *picture)
{
	memcpy(atoll_session_input(session, 0)->data, picture, SIDE * SIDE * 3);
	assert_int_equal(atoll_session_invoke(session), 0);
}

static void learn_picture(struct school *school, struct atoll_session *session,
			  const uint8_t *bytes, uint32_t label)
{
	const struct teach_image image = { bytes, SIDE, SIDE, 3 };
	static uint8_t seen[SIDE * SIDE * 3];

	for (uint32_t i = 0; i < TEACH_VARIANTS; i++) {
		teach_variant(i, &image, seen);
		look(session, seen);
		assert_int_equal(atoll_embedding_read(atoll_session_output(session, 0),
						      school->x + (size_t)school->examples *
						      school->size, school->size), 0);
		school->label[school->examples++] = label;
	}
}

static struct school *open_school(uint64_t seed)
{
	struct school *school = calloc(1, sizeof(*school));
	struct atoll_model *cards = atoll_model_load(CARDS, NULL);
	struct check_random random = { seed };
	struct atoll_session *session;

	assert_non_null(school);
	assert_non_null(cards);
	school->base = atoll_imprinting_base(cards, NULL);
	assert_non_null(school->base);
	atoll_model_free(cards);
	school->imprinting = atoll_imprinting_new(school->base, false, NULL);
	assert_non_null(school->imprinting);
	school->size = atoll_imprinting_size(school->imprinting);
	school->extractor = atoll_imprinting_extractor(school->imprinting, NULL);
	assert_non_null(school->extractor);
	session = atoll_session_open(school->extractor, NULL, NULL);
	assert_non_null(session);
	school->x = calloc((size_t)SIGNS * TAUGHT * TEACH_VARIANTS * school->size,
			   sizeof(*school->x));
	assert_non_null(school->x);
	for (uint32_t sign = 0; sign < SIGNS; sign++) {
		for (int i = 0; i < TAUGHT; i++) {
			signs_draw(sign, &random, SIDE, school->taught[sign][i]);
			learn_picture(school, session, school->taught[sign][i], sign);
		}
		for (int i = 0; i < TRIED; i++)
			signs_draw(sign, &random, SIDE, school->tried[sign][i]);
	}
	atoll_session_close(session);
	return school;
}

static void close_school(struct school *school)
{
	atoll_imprinting_free(school->imprinting);
	atoll_model_free(school->extractor);
	atoll_model_free(school->base);
	free(school->x);
	free(school);
}

/* How many of SIGNS * TRIED the file, as atoll-classify would open it, tells right. */
static unsigned count_right(const struct school *school, void *bytes, size_t size,
			    const char *how)
{
	struct atoll_model *model = atoll_model_take_bytes(bytes, size, "learnt", NULL);
	struct atoll_session *session = atoll_session_open(model, NULL, NULL);
	unsigned right = 0;

	assert_non_null(session);
	for (uint32_t sign = 0; sign < SIGNS; sign++)
		for (int i = 0; i < TRIED; i++) {
			struct atoll_class best;

			look(session, school->tried[sign][i]);
			assert_int_equal(atoll_classes_top(atoll_session_output(session, 0), 0,
							   &best, 1), 1);
			right += best.index == sign;
		}
	printf("# %s: %u of %d right, %.1f %%\n", how, right, SIGNS * TRIED,
	       100.0 * right / (SIGNS * TRIED));
	atoll_session_close(session);
	atoll_model_free(model);
	return right;
}

static unsigned imprint(struct school *school)
{
	void *bytes;
	size_t size;

	for (uint32_t i = 0; i < school->examples; i++)
		assert_int_equal(atoll_imprinting_train(school->imprinting,
							school->x + (size_t)i * school->size,
							school->size, school->label[i], NULL), 0);
	assert_int_equal(atoll_imprinting_finish(school->imprinting, &bytes, &size, NULL), 0);
	return count_right(school, bytes, size, "imprinting");
}

static unsigned regress(struct school *school)
{
	const struct atoll_regression_config config = {
		.size = school->size, .classes = SIGNS,
		.weight_scale = ATOLL_REGRESSION_WEIGHT_SCALE, .seed = 1,
	};
	const struct atoll_regression_training training = {
		.learning_rate = 1, .iterations = 500, .batch = ATOLL_REGRESSION_BATCH,
	};
	const struct atoll_examples examples = { school->x, school->label, school->examples };
	struct atoll_regression *regression = atoll_regression_new(&config, NULL);
	void *bytes;
	size_t size;

	assert_int_equal(atoll_regression_train(regression, &training, &examples, NULL), 0);
	assert_int_equal(atoll_regression_append(regression, school->extractor, &bytes, &size,
						 NULL), 0);
	atoll_regression_free(regression);
	return count_right(school, bytes, size, "softmax regression");
}

static void three_new_classes_are_told_from_5_pictures_each(void **state)
{
	const unsigned all = ROUNDS * SIGNS * TRIED;
	unsigned imprinted = 0, regressed = 0;

	(void)state;
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		struct school *school = open_school(round);

		imprinted += imprint(school);
		regressed += regress(school);
		close_school(school);
	}
	printf("# all rounds: imprinting %.1f %%, softmax regression %.1f %%\n",
	       100.0 * imprinted / all, 100.0 * regressed / all);
	assert_true(10 * imprinted >= 9 * all);
	assert_true(regressed >= imprinted);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_new_classes_are_told_from_5_pictures_each),
	};

	return CHECK_RUN(tests);
}
