/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a compiled model on the Edge TPU that atoll-tpud shares between programs, or on the
 * CPU while there is none; and tell where it ran and how long it took.
 *
 *	cc -o share_tpu share_tpu.c $(pkg-config --cflags --libs atoll)
 *	share_tpu model_edgetpu.tflite model.tflite
 *
 * The second is the model that the first one was compiled from; with one model alone the
 * CPU can only run it if it was not compiled.
 */
#include <atoll/runtime/devices.h>
#include <atoll/runtime/fill.h>
#include <atoll/runtime/session.h>
#include <err.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct atoll_devices_options daemon = { .priority = 1 };
	struct atoll_error why;

	if (argc != 2 && argc != 3)
		errx(2, "MODEL [TWIN]");
	struct atoll_model *model = atoll_model_load(argv[1], &why);
	struct atoll_model *twin = model && argc == 3 ? atoll_model_load(argv[2], &why) : NULL;

	if (!model || (argc == 3 && !twin))
		errx(1, "%s", why.text);
	struct atoll_devices *devices = atoll_devices_new(&daemon, &why);
	struct atoll_session_options options = {
		.device = "serve,cpu", .devices = devices, .twin = twin,
	};
	struct atoll_session *session = devices ?
		atoll_session_open(model, &options, &why) : NULL;

	if (!session)
		errx(1, "%s", why.text);
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++)
		atoll_fill(ATOLL_FILL_PATTERN, i, atoll_session_input(session, i));
	if (atoll_session_invoke(session) < 0)
		errx(1, "%s", atoll_session_error(session));
	printf("on %s in %.3f ms\n", atoll_session_plan(session)->device,
	       (double)atoll_session_plan(session)->run_ns / 1e6);
	if (*atoll_session_error(session))
		printf("on the CPU, since: %s\n", atoll_session_error(session));
	atoll_session_close(session);
	atoll_devices_free(devices);
	atoll_model_free(twin);
	atoll_model_free(model);
	return 0;
}
