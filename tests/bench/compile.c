/* SPDX-License-Identifier: Apache-2.0 */
/* How long compiling takes: the least of some runs, without reading and writing files. */
#include <err.h>
#include <stdio.h>
#include <time.h>

#include "runtime/compiler/compile.h"

#define RUNS 5

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void measure(const char *path)
{
	struct atoll_error why;
	struct atoll_model *model = atoll_model_load(path, &why);
	struct atoll_compile_job job = { .model = model };
	double least_ms = 0;

	if (!model)
		errx(1, "%s", why.text);
	for (int i = 0; i < RUNS; i++) {
		double start_ms = now_ms(), took_ms;
		struct atoll_compiled *compiled = atoll_compile(&job, 1, NULL, NULL, &why);

		if (!compiled)
			errx(1, "%s", why.text);
		took_ms = now_ms() - start_ms;
		if (i == 0 || took_ms < least_ms)
			least_ms = took_ms;
		if (i == RUNS - 1)
			printf("%8.2f ms  %3u of %3u operators  %s\n", least_ms,
			       compiled->model[0].mapped, compiled->model[0].operators, path);
		atoll_compiled_free(compiled);
	}
	atoll_model_free(model);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		measure(argv[i]);
	return 0;
}
