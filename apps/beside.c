/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_ENDING ".tflite"

static size_t length_without_ending(const char *path)
{
	size_t length = strlen(path), ending = strlen(MODEL_ENDING);

	return length > ending && strcmp(path + length - ending, MODEL_ENDING) == 0 ?
		length - ending : length;
}

char *beside_model(const char *model_path, const char *ending)
{
	char *path;

	return asprintf(&path, "%.*s%s", (int)length_without_ending(model_path), model_path,
			ending) < 0 ? NULL : path;
}

char *beside_name(const char *model_path)
{
	const char *slash = strrchr(model_path, '/');
	const char *file = slash ? slash + 1 : model_path;

	return strndup(file, length_without_ending(file));
}
