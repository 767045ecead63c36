/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a model that is loaded, opened and run.
 *
 *	fuzz_model --seeds DIR	write models to start from, whole and damaged
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/models.h"

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

static void write_seed(const char *folder, const char *name, size_t number,
		       const uint8_t *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s-%zu", folder, name, number);
	file = fopen(path, "wb");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

/* Each model whole, cut off at half, and with one byte turned over in eight places. */
static void write_built(const char *folder)
{
	for (uint32_t i = 0; i < models_count(); i++) {
		size_t size;
		uint8_t *bytes = models_build(i, &size);

		write_seed(folder, "whole", i, bytes, size);
		write_seed(folder, "half", i, bytes, size / 2);
		for (uint32_t j = 0; j < 8; j++) {
			size_t at = size * j / 8;

			bytes[at] ^= 0xff;
			write_seed(folder, "turned", 8 * i + j, bytes, size);
			bytes[at] ^= 0xff;
		}
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

		if (size <= FOUND_BYTES_MAX)
			write_seed(folder, "found", i, bytes, size);
		free(bytes);
	}
	globfree(&found);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc == 3 && strcmp((*argv)[1], "--seeds") == 0) {
		write_built((*argv)[2]);
		write_found((*argv)[2]);
		exit(0);
	}
	return 0;
}
