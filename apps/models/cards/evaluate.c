/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the cards model over the scenes of held_out.py and says how often it is
 * right. A developer's tool, part of `make evaluate-cards`.
 *
 *	evaluate cards.tflite cards_labels.txt build/cards/held-out.scenes
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "runtime/session.h"

#define CLASSES 41
#define LABEL_BYTES 32
#define HALF_SURE 128        /* of 256: the least score one would act upon */

struct tally {
	uint32_t taken_for[CLASSES][CLASSES]; /* [what it was][what was said] */
	uint32_t sure_of_nothing;             /* cards seen, surely, where none was */
};

static void read_labels(const char *path, char labels[CLASSES][LABEL_BYTES])
{
	FILE *in = fopen(path, "r");

	if (!in)
		err(1, "%s", path);
	for (int i = 0; i < CLASSES; i++) {
		if (!fgets(labels[i], LABEL_BYTES, in))
			errx(1, "%s: only %d names of %d", path, i, CLASSES);
		labels[i][strcspn(labels[i], "\n")] = '\0';
	}
	fclose(in);
}

static size_t likeliest(const uint8_t *scores)
{
	size_t best = 0;

	for (size_t i = 1; i < CLASSES; i++)
		if (scores[i] > scores[best])
			best = i;
	return best;
}

/* A scene is a byte, its label, and the picture. */
static void count(struct atoll_session *session, const char *path, struct tally *tally)
{
	struct atoll_tensor *picture = atoll_session_input(session, 0);
	const uint8_t *scores = atoll_session_output(session, 0)->data;
	FILE *in = fopen(path, "rb");
	int label;

	if (!in)
		err(1, "%s", path);
	while ((label = fgetc(in)) != EOF) {
		if (label >= CLASSES || fread(picture->data, picture->bytes, 1, in) != 1)
			errx(1, "%s: not made by held_out.py", path);
		if (atoll_session_invoke(session))
			errx(1, "%s: the model does not run", path);
		size_t said = likeliest(scores);
		tally->taken_for[label][said]++;
		if (label == 0 && said != 0 && scores[said] >= HALF_SURE)
			tally->sure_of_nothing++;
	}
	fclose(in);
}

static double percent(uint32_t part, uint32_t whole)
{
	return whole ? 100.0 * part / whole : 0;
}

static void report(const struct tally *tally, char labels[CLASSES][LABEL_BYTES])
{
	uint32_t scenes = 0, right = 0, nothing = 0, missed = 0;
	double least = 100;
	size_t worst = 0;

	printf("%-12s %6s  %s\n", "card", "right", "most often taken for");
	for (size_t i = 0; i < CLASSES; i++) {
		const uint32_t *row = tally->taken_for[i];
		uint32_t all = 0;
		size_t rival = i ? 0 : 1;

		for (size_t j = 0; j < CLASSES; j++) {
			all += row[j];
			if (j != i && row[j] > row[rival])
				rival = j;
		}
		printf("%-12s %5.1f%%  %s\n", labels[i], percent(row[i], all),
		       row[rival] ? labels[rival] : "-");
		if (percent(row[i], all) < least) {
			least = percent(row[i], all);
			worst = i;
		}
		scenes += all;
		right += row[i];
		if (i == 0)
			nothing = all;
		else
			missed += row[0];
	}
	const uint32_t *empty = tally->taken_for[0];
	printf("\n%u scenes: top-1 %.2f%%; cards alone %.2f%%, "
	       "of them %.2f%% taken for nothing\n",
	       scenes, percent(right, scenes), percent(right - empty[0], scenes - nothing),
	       percent(missed, scenes - nothing));
	printf("worst: %s, %.1f%%\n", labels[worst], least);
	printf("nothing taken for a card: %.2f%% of %u; with a score of half or more %.2f%%\n",
	       percent(nothing - empty[0], nothing), nothing,
	       percent(tally->sure_of_nothing, nothing));
}

int main(int argc, char **argv)
{
	static struct tally tally;
	static char labels[CLASSES][LABEL_BYTES];
	struct atoll_error error;

	if (argc != 4) {
		fputs("usage: evaluate MODEL LABELS SCENES\n", stderr);
		return 2;
	}
	read_labels(argv[2], labels);
	struct atoll_model *model = atoll_model_load(argv[1], &error);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, &error) : NULL;
	if (!session)
		errx(1, "%s", error.text);
	if (atoll_session_output(session, 0)->bytes != CLASSES)
		errx(1, "%s: %zu outputs, not %d", argv[1],
		     atoll_session_output(session, 0)->bytes, CLASSES);
	count(session, argv[3], &tally);
	report(&tally, labels);
	atoll_session_close(session);
	atoll_model_free(model);
	return 0;
}
