/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a model that is loaded, opened and run.
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct atoll_session_options options = {
		.threads = 1, .memory_max = MEMORY_MAX };
	struct atoll_model *model = atoll_model_load_bytes(bytes, size, "fuzz", NULL);
	struct atoll_session *session = model ? atoll_session_open(model, &options, NULL) : NULL;

	if (session)
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
