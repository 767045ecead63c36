/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name what a camera sees, each time it is something else. "camera" is the board's own or
 * the first one; a film or a folder of pictures does as well.
 *
 *	cc -o classify_camera classify_camera.c $(pkg-config --cflags --libs atoll)
 *	classify_camera /usr/share/atoll/models/cards/cards.tflite camera
 */
#include <atoll/camera/convert.h>
#include <atoll/camera/source.h>
#include <atoll/runtime/decode/classes.h>
#include <atoll/runtime/session.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct atoll_source_config watch = { .what = argv[argc - 1], .wants_newest = true };
	struct atoll_error why;
	struct atoll_frame frame;
	struct atoll_class best, last = { .index = UINT32_MAX };
	int r;

	if (argc != 3)
		errx(2, "MODEL SOURCE");
	struct atoll_model *model = atoll_model_load(argv[1], &why);
	struct atoll_session *session = model ? atoll_session_open(model, NULL, &why) : NULL;
	struct atoll_source *source = session ? atoll_source_open(&watch, &why) : NULL;

	if (!source)
		errx(1, "%s", why.text);
	struct atoll_tensor *input = atoll_session_input(session, 0);
	if (input->rank != 4 || input->type != ATOLL_UINT8)
		errx(1, "%s: this is not a model for pictures of bytes", argv[1]);
	struct atoll_convert_config shape = {
		.height = (uint32_t)input->dims[1], .width = (uint32_t)input->dims[2],
		.channels = (uint32_t)input->dims[3],
	};
	struct atoll_convert *convert = atoll_convert_new(&shape, &why);

	if (!convert)
		errx(1, "%s", why.text);
	while ((r = atoll_source_next(source, 5000, &frame)) != -ENODATA && r != -ENODEV) {
		if (r < 0) {    /* one damaged frame, or none for five seconds */
			warnx("%s", r == -ETIMEDOUT ? "no frames" : atoll_source_error(source)->text);
			continue;
		}
		r = atoll_convert_run(convert, &frame, input->data);
		atoll_source_release(source, &frame);
		if (r < 0 || atoll_session_invoke(session) < 0)
			continue;
		if (atoll_classes_top(atoll_session_output(session, 0), 0.8f, &best, 1) == 1 &&
		    best.index != last.index) {
			last = best;
			printf("class %u, %.2f\n", best.index, (double)best.score);
		}
	}
	atoll_convert_free(convert);
	atoll_source_close(source);
	atoll_session_close(session);
	atoll_model_free(model);
	return r == -ENODATA ? 0 : 1;
}
