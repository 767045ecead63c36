/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/flatc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/check.h"

/* A folder for one call, and paths in it. */
struct folder {
	char name[64], path[4][96];
};

static struct folder new_folder(void)
{
	static const char *const files[] = { "in.json", "in.bin", "in.tflite", "plain.fbs" };
	char name[] = "/tmp/atoll-flatc-XXXXXX";
	struct folder folder;

	assert_non_null(mkdtemp(name));
	strcpy(folder.name, name);
	for (int i = 0; i < 4; i++)
		snprintf(folder.path[i], sizeof(folder.path[i]), "%s/%s", name, files[i]);
	return folder;
}

enum { JSON, BIN, TFLITE, PLAIN };

static void remove_folder(const struct folder *folder)
{
	for (int i = 0; i < 4; i++)
		(void)unlink(folder->path[i]); /* most are not there */
	assert_int_equal(rmdir(folder->name), 0);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
	char command[8192];
	va_list args;

	va_start(args, format);
	assert_true((size_t)vsnprintf(command, sizeof(command), format, args) < sizeof(command));
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s", command);
}

void *flatc_binary(const char *schema, const char *json, size_t *size)
{
	struct folder folder = new_folder();
	void *bytes;

	write_file(folder.path[JSON], json, strlen(json));
	run("flatc %s -b -o %s %s %s", schema ? "" : "--flexbuffers", folder.name,
	    schema ? schema : "", folder.path[JSON]);
	bytes = check_read(access(folder.path[BIN], R_OK) == 0 ? folder.path[BIN] :
								 folder.path[TFLITE], size);
	remove_folder(&folder);
	return bytes;
}

static json_t *read_json(const struct folder *folder)
{
	json_error_t why;
	json_t *json = json_load_file(folder->path[JSON], JSON_ALLOW_NUL, &why);

	if (!json)
		fail_msg("JSON of flatc, line %d: %s", why.line, why.text);
	remove_folder(folder);
	return json;
}

json_t *flatc_json(const char *schema, const void *bytes, size_t size)
{
	struct folder folder = new_folder();

	write_file(folder.path[BIN], bytes, size);
	run("flatc --json --strict-json --raw-binary -o %s %s -- %s", folder.name, schema,
	    folder.path[BIN]);
	return read_json(&folder);
}

json_t *flatc_model_json(const char *path, int with_contents)
{
	struct folder folder = new_folder();
	char *target = realpath(path, NULL);

	assert_non_null(target);
	assert_int_equal(symlink(target, folder.path[BIN]), 0);
	free(target);
	run("sed -E -e 's/:(Padding|TensorType|ActivationFunctionType|MirrorPadMode|"
	    "WeightsFormat|LSTMKernelType|CustomOptionsFormat|DimensionType)\\b/:byte/g' "
	    "-e 's/:BuiltinOperator\\b/:int/' -e 's/= INT32;/= 2;/' "
	    "-e 's/:(\\[?)float\\b/:\\1uint/g' %s " TFLITE_SCHEMA " > %s",
	    with_contents ? "" :
	    "-e 's/buffers:\\[Buffer\\]/buffers:[MultiAxisQuantization]/' "
	    "-e 's/custom_options:\\[ubyte\\]/custom_options:uint/'", folder.path[PLAIN]);
	run("flatc --json --strict-json --raw-binary -o %s %s -- %s",
	    folder.name, folder.path[PLAIN], folder.path[BIN]);
	return read_json(&folder);
}
