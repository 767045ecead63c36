/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name what is in a picture.
 *
 *	cc -o classify_picture classify_picture.c $(pkg-config --cflags --libs atoll)
 *	cd /usr/share/atoll/models/cards
 *	classify_picture cards.tflite cards_labels.txt demo/bell.jpg
 */
#include <atoll/camera/convert.h>
#include <atoll/camera/encode.h>
#include <atoll/runtime/decode/classes.h>
#include <atoll/runtime/decode/labels.h>
#include <atoll/runtime/session.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct atoll_error why;
	struct atoll_class best[3];

	if (argc != 4)
		errx(2, "MODEL LABELS PICTURE");
	struct atoll_model *model = atoll_model_load(argv[1], &why);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, &why) : NULL;
	struct atoll_labels *labels = session ? atoll_labels_load(argv[2], &why) : NULL;
	struct atoll_picture *picture = labels ? atoll_picture_load(argv[3], 0, &why) : NULL;

	if (!picture)
		errx(1, "%s", why.text);

	/* The picture gets the size and the type of the model's input. */
	struct atoll_tensor *input = atoll_session_input(session, 0);
	if (input->rank != 4 || (input->type != ATOLL_UINT8 && input->type != ATOLL_INT8))
		errx(1, "%s: this is not a model for pictures of bytes", argv[1]);
	struct atoll_convert_config config = {
		.height = (uint32_t)input->dims[1], .width = (uint32_t)input->dims[2],
		.channels = (uint32_t)input->dims[3],
		.store = input->type == ATOLL_INT8 ? ATOLL_STORE_INT8 : ATOLL_STORE_UINT8,
	};
	struct atoll_convert *convert = atoll_convert_new(&config, &why);
	struct atoll_frame frame = atoll_picture_frame(picture);

	if (!convert)
		errx(1, "%s", why.text);
	if (atoll_convert_run(convert, &frame, input->data) < 0)
		errx(1, "%s: it cannot be converted", argv[3]);
	if (atoll_session_invoke(session) < 0)
		errx(1, "%s", atoll_session_error(session));

	int found = atoll_classes_top(atoll_session_output(session, 0), 0.01f, best, 3);
	for (int i = 0; i < found; i++) {
		const char *name = atoll_labels_name(labels, best[i].index);

		printf("%5.1f %%  %s\n", 100 * (double)best[i].score, name ? name : "?");
	}
	atoll_convert_free(convert);
	atoll_picture_free(picture);
	atoll_labels_free(labels);
	atoll_session_close(session);
	atoll_model_free(model);
	return 0;
}
