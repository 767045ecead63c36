/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FLATC_H
#define ATOLL_TESTS_FLATC_H

#include <jansson.h>
#include <stddef.h>

/*
 * Debian's flatc as the other opinion on FlatBuffers and FlexBuffers.
 *
 *	void *bytes = flatc_binary(TFLITE_SCHEMA, "{version: 3}", &size);
 *	json_t *model = flatc_json(TFLITE_SCHEMA, bytes, size);
 *
 * What does not work fails the test.
 */
#define TFLITE_SCHEMA "runtime/schema/tflite.fbs"
#define PACKAGE_SCHEMA "runtime/schema/darwinn.fbs"
#define EXECUTABLE_SCHEMA "--root-type Executable runtime/schema/darwinn.fbs"

/* The bytes that flatc makes of JSON (keys need no quotes), malloc'ed; of
   FlexBuffers when `schema` is NULL. */
void *flatc_binary(const char *schema, const char *json, size_t *size);

/* What flatc reads in the bytes; json_decref it. */
json_t *flatc_json(const char *schema, const void *bytes, size_t size);

/*
 * The same for a model file, after a schema in which enumerations are plain
 * integers and floats are integers with the same bits. Only fields that are
 * stored appear. Without contents, buffers are empty objects and custom_options
 * is any number.
 */
json_t *flatc_model_json(const char *path, int with_contents);

#endif
