/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hear words: "mic" is the board's microphone or the first one; a WAV file does as well.
 *
 *	cc -o hear_words hear_words.c $(pkg-config --cflags --libs atoll)
 *	cd /usr/share/atoll/models/keywords
 *	hear_words keywords.tflite keywords_labels.txt mic
 */
#include <atoll/audio/features.h>
#include <atoll/audio/source.h>
#include <atoll/audio/spot.h>
#include <atoll/runtime/decode/classes.h>
#include <atoll/runtime/decode/labels.h>
#include <atoll/runtime/session.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>

#define CLASSES_MAX 100

int main(int argc, char **argv)
{
	struct atoll_sound_config listen = { .what = argv[argc - 1] };
	enum atoll_features_kind kind;
	float threshold[CLASSES_MAX], score[CLASSES_MAX];
	struct atoll_class class[CLASSES_MAX];
	struct atoll_error why;
	struct atoll_block block;
	struct atoll_word word;
	uint32_t slices = 0;
	int r;

	if (argc != 4)
		errx(2, "MODEL LABELS SOURCE");
	struct atoll_model *model = atoll_model_load(argv[1], &why);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, &why) : NULL;
	struct atoll_labels *labels = session ? atoll_labels_load(argv[2], &why) : NULL;
	struct atoll_sound *sound = labels ? atoll_sound_open(&listen, &why) : NULL;

	if (!sound)
		errx(1, "%s", why.text);
	struct atoll_tensor *input = atoll_session_input(session, 0);
	const struct atoll_tensor *output = atoll_session_output(session, 0);
	if (output->elements > CLASSES_MAX ||
	    atoll_features_find(input->rank, input->dims, input->type == ATOLL_INT8, &kind) < 0)
		errx(1, "%s: this is not a model for words", argv[1]);
	for (size_t i = 0; i < output->elements; i++)
		threshold[i] = i < 2 ? 2 : 0.7f;    /* silence and unknown are no words */
	struct atoll_features_form form = atoll_features_form(kind);
	struct atoll_spot_config config = {
		.classes = (uint32_t)output->elements, .threshold = threshold, .window_ms = 1000,
	};
	struct atoll_features *features = atoll_features_new(kind, &why);
	struct atoll_spot *spot = features ? atoll_spot_new(&config, &why) : NULL;

	if (!spot)
		errx(1, "%s", why.text);
	while ((r = atoll_sound_next(sound, -1, &block)) != -ENODATA && r != -ENODEV) {
		if (r < 0)
			continue;
		slices += atoll_features_push(features, block.sample, block.count);
		if (slices * form.hop < ATOLL_SOUND_RATE / 10)  /* ten times a second will do */
			continue;
		slices = 0;
		atoll_features_window(features, input->quant.scale, input->quant.zero_point,
				      input->data);
		if (atoll_session_invoke(session) < 0)
			errx(1, "%s", atoll_session_error(session));
		r = atoll_classes_top(output, 0, class, CLASSES_MAX);
		for (int i = 0; i < r; i++)
			score[class[i].index] = class[i].score;
		if (atoll_spot_push(spot, score, (int64_t)(block.at + block.count) / 16, &word)) {
			const char *name = atoll_labels_name(labels, word.index);

			printf("%s %.2f\n", name ? name : "?", (double)word.score);
			fflush(stdout);
		}
	}
	atoll_spot_free(spot);
	atoll_features_free(features);
	atoll_sound_close(sound);
	atoll_labels_free(labels);
	atoll_session_close(session);
	atoll_model_free(model);
	return r == -ENODATA ? 0 : 1;
}
