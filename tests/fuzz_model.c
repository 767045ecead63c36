/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a model that is loaded, opened and, unless it is a long run, run.
 *
 *	fuzz_model --seeds DIR    write models to start from
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/models.h"
#include "tests/seeds.h"

/* Enough for every seed; a shape of the fuzzer's own may ask for anything. */
#define MEMORY_MAX (1 << 20)

/* Large files fuzz slowly. */
#define FOUND_BYTES_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/*
 * A window as large as the picture, over a large picture, takes minutes and is a
 * model like any other. No operator looks at each input more than once for an
 * output, so this is the most that a run can have to do.
 */
#define WORK_MAX 1e8

static double work_of(const struct atoll_operator *op, const struct atoll_session *session)
{
	double in = 1, out = 1;

	for (uint32_t i = 0; i < op->inputs; i++)
		if (op->input[i] >= 0)
			in += (double)atoll_session_tensor(session,
				(uint32_t)op->input[i])->elements;
	for (uint32_t i = 0; i < op->outputs; i++)
		out += (double)atoll_session_tensor(session,
			(uint32_t)op->output[i])->elements;
	return in * out;
}

static int is_quick(const struct atoll_graph *graph, const struct atoll_session *session)
{
	double work = 0;

	for (uint32_t i = 0; i < graph->operators; i++)
		work += work_of(&graph->op[i], session);
	return work < WORK_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct atoll_session_options options = {
		.threads = 1, .memory_max = MEMORY_MAX };
	struct atoll_model *model = atoll_model_load_bytes(bytes, size, "fuzz", NULL);
	struct atoll_session *session = model ? atoll_session_open(model, &options, NULL) : NULL;

	if (session && is_quick(&model->graph[0], session))
		(void)atoll_session_invoke(session);
	atoll_session_close(session);
	atoll_model_free(model);
	return 0;
}

static void write_built(const char *folder)
{
	for (uint32_t i = 0; i < models_count(); i++) {
		size_t size;
		uint8_t *bytes = models_build(i, &size);
		char name[32];

		(void)snprintf(name, sizeof(name), "built-%u", i);
		seeds_write(folder, name, bytes, size);
		free(bytes);
	}
}

/* The models of single operators, when the test data is there. */
static void write_found(const char *folder)
{
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/golden/ops/*/*.tflite", check_data());
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t size;
		void *bytes = check_read(found.gl_pathv[i], &size);
		char name[32];

		(void)snprintf(name, sizeof(name), "found-%zu", i);
		if (size <= FOUND_BYTES_MAX)
			seeds_write(folder, name, bytes, size);
		free(bytes);
	}
	globfree(&found);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (seeds_wanted(*argc, *argv)) {
		write_built((*argv)[2]);
		write_found((*argv)[2]);
		exit(0);
	}
	return 0;
}
