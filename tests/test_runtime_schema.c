/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime/schema/NAME.c against what flatc makes of runtime/schema/NAME.fbs: the
 * compiled schema is a FlatBuffer too, whose own schema is described here.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "runtime/model.h"
#include "runtime/schema/darwinn.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"

/* Field ids and numbers of the FlatBuffers reflection schema. */
enum { SCHEMA_OBJECTS, SCHEMA_ENUMS, SCHEMA_FILE_IDENT, SCHEMA_ROOT_TABLE = 4 };
enum { OBJECT_NAME, OBJECT_FIELDS, OBJECT_IS_STRUCT, OBJECT_BYTES = 4 };
enum { FIELD_NAME, FIELD_TYPE, FIELD_ID, FIELD_DEPRECATED = 6 };
enum { TYPE_BASE, TYPE_ELEMENT, TYPE_INDEX };
enum { ENUM_NAME, ENUM_VALUES };
enum { VALUE_NAME, VALUE_VALUE, VALUE_UNION_TYPE = 3 };
enum { BASE_STRING = 13, BASE_VECTOR, BASE_TABLE, BASE_UNION };

static const struct flatbuf_field type_fields[] = {
	[TYPE_BASE] = { .name = "base_type", .kind = FLATBUF_SCALAR, .width = 1 },
	[TYPE_ELEMENT] = { .name = "element", .kind = FLATBUF_SCALAR, .width = 1 },
	[TYPE_INDEX] = { .name = "index", .kind = FLATBUF_SCALAR, .width = 4 },
};
static const struct flatbuf_type type_type = { 3, type_fields };

static const struct flatbuf_field field_fields[] = {
	[FIELD_NAME] = { .name = "name", .kind = FLATBUF_STRING },
	[FIELD_TYPE] = { .name = "type", .kind = FLATBUF_TABLE, .type = &type_type },
	[FIELD_ID] = { .name = "id", .kind = FLATBUF_SCALAR, .width = 2 },
	[FIELD_DEPRECATED] = { .name = "deprecated", .kind = FLATBUF_SCALAR, .width = 1 },
};
static const struct flatbuf_type field_type = { 7, field_fields };

static const struct flatbuf_field object_fields[] = {
	[OBJECT_NAME] = { .name = "name", .kind = FLATBUF_STRING },
	[OBJECT_FIELDS] = { .name = "fields", .kind = FLATBUF_TABLES, .type = &field_type },
	[OBJECT_IS_STRUCT] = { .name = "is_struct", .kind = FLATBUF_SCALAR, .width = 1 },
	[OBJECT_BYTES] = { .name = "bytesize", .kind = FLATBUF_SCALAR, .width = 4 },
};
static const struct flatbuf_type object_type = { 5, object_fields };

static const struct flatbuf_field value_fields[] = {
	[VALUE_NAME] = { .name = "name", .kind = FLATBUF_STRING },
	[VALUE_VALUE] = { .name = "value", .kind = FLATBUF_SCALAR, .width = 8 },
	[VALUE_UNION_TYPE] = { .name = "union_type", .kind = FLATBUF_TABLE,
			       .type = &type_type },
};
static const struct flatbuf_type value_type = { 4, value_fields };

static const struct flatbuf_field enum_fields[] = {
	[ENUM_NAME] = { .name = "name", .kind = FLATBUF_STRING },
	[ENUM_VALUES] = { .name = "values", .kind = FLATBUF_TABLES, .type = &value_type },
};
static const struct flatbuf_type enum_type = { 2, enum_fields };

static const struct flatbuf_field schema_fields[] = {
	[SCHEMA_OBJECTS] = { .name = "objects", .kind = FLATBUF_TABLES, .type = &object_type },
	[SCHEMA_ENUMS] = { .name = "enums", .kind = FLATBUF_TABLES, .type = &enum_type },
	[SCHEMA_FILE_IDENT] = { .name = "file_ident", .kind = FLATBUF_STRING },
	[SCHEMA_ROOT_TABLE] = { .name = "root_table", .kind = FLATBUF_TABLE,
				.type = &object_type },
};
static const struct flatbuf_type schema_type = { 5, schema_fields };

static void *bytes[2];
static struct flatbuf_table tflite, darwinn;
static struct flatbuf_table schema; /* the one that is looked at */

static void *load_schema(const char *name, struct flatbuf_table *loaded)
{
	const char *build = getenv("BUILD");
	struct atoll_error err;
	char path[4096];
	size_t size;
	void *read;

	snprintf(path, sizeof(path), "%s/runtime/schema/%s.bfbs", build ? build : "build", name);
	read = check_read(path, &size);
	if (flatbuf_verify(read, size, &schema_type, "BFBS", loaded, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	return read;
}

static int load_schemas(void **state)
{
	(void)state;
	bytes[0] = load_schema("tflite", &tflite);
	bytes[1] = load_schema("darwinn", &darwinn);
	schema = tflite;
	return 0;
}

static int free_schemas(void **state)
{
	(void)state;
	free(bytes[0]);
	free(bytes[1]);
	return 0;
}

static int look_at_darwinn(void **state)
{
	(void)state;
	schema = darwinn;
	return 0;
}

static int look_at_tflite(void **state)
{
	(void)state;
	schema = tflite;
	return 0;
}

static struct flatbuf_table find_enum(const char *name)
{
	struct flatbuf_vector enums = flatbuf_vector(schema, SCHEMA_ENUMS);

	for (uint32_t i = 0; i < enums.count; i++) {
		struct flatbuf_table found = flatbuf_vector_table(enums, i);

		if (strcmp(flatbuf_string(found, ENUM_NAME), name) == 0)
			return found;
	}
	fail_msg("no enum %s", name);
	return schema;
}

/* Bytes of a scalar of the reflection schema's base type. */
static uint8_t scalar_width(uint8_t base)
{
	static const uint8_t widths[] = { 0, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8 };

	return base < sizeof(widths) ? widths[base] : 0;
}

static void compare_table(const struct flatbuf_type *ours, struct flatbuf_table object);

static struct flatbuf_table object_of(struct flatbuf_table type)
{
	return flatbuf_vector_table(flatbuf_vector(schema, SCHEMA_OBJECTS),
				    flatbuf_u32(type, TYPE_INDEX, 0));
}

static void compare_union(const struct flatbuf_type *ours, struct flatbuf_table type)
{
	struct flatbuf_table all = flatbuf_vector_table(flatbuf_vector(schema, SCHEMA_ENUMS),
							flatbuf_u32(type, TYPE_INDEX, 0));
	struct flatbuf_vector values = flatbuf_vector(all, ENUM_VALUES);
	uint32_t members = 0;

	for (uint32_t i = 0; i < ours->fields; i++)
		members += ours->field[i].name != NULL;
	assert_int_equal(members, values.count - 1); /* theirs has NONE, too */
	for (uint32_t i = 1; i < values.count; i++) {
		struct flatbuf_table value = flatbuf_vector_table(values, i);
		uint64_t tag = flatbuf_u64(value, VALUE_VALUE, 0);

		assert_true(tag < ours->fields);
		assert_string_equal(ours->field[tag].name, flatbuf_string(value, VALUE_NAME));
		compare_table(ours->field[tag].type,
			      object_of(flatbuf_child(value, VALUE_UNION_TYPE)));
	}
}

static void compare_vector(const struct flatbuf_field *ours, struct flatbuf_table type)
{
	uint8_t element = flatbuf_u8(type, TYPE_ELEMENT, 0);

	if (element == BASE_STRING) {
		assert_int_equal(ours->kind, FLATBUF_STRINGS);
	} else if (element == BASE_TABLE &&
		   flatbuf_bool(object_of(type), OBJECT_IS_STRUCT, false)) {
		assert_int_equal(ours->kind, FLATBUF_STRUCTS);
		assert_int_equal(ours->width, flatbuf_u32(object_of(type), OBJECT_BYTES, 0));
	} else if (element == BASE_TABLE) {
		assert_int_equal(ours->kind, FLATBUF_TABLES);
		compare_table(ours->type, object_of(type));
	} else {
		assert_int_equal(ours->kind, FLATBUF_SCALARS);
		assert_int_equal(ours->width, scalar_width(element));
	}
}

static void compare_field(const struct flatbuf_field *ours, struct flatbuf_table field)
{
	struct flatbuf_table type = flatbuf_child(field, FIELD_TYPE);
	uint8_t base = flatbuf_u8(type, TYPE_BASE, 0);

	if (flatbuf_bool(field, FIELD_DEPRECATED, false)) {
		assert_int_equal(ours->kind, FLATBUF_UNUSED);
		return;
	}
	assert_string_equal(ours->name, flatbuf_string(field, FIELD_NAME));
	switch (base) {
	case BASE_STRING:
		assert_int_equal(ours->kind, FLATBUF_STRING);
		break;
	case BASE_VECTOR:
		compare_vector(ours, type);
		break;
	case BASE_TABLE:
		assert_int_equal(ours->kind, FLATBUF_TABLE);
		compare_table(ours->type, object_of(type));
		break;
	case BASE_UNION:
		assert_int_equal(ours->kind, FLATBUF_UNION);
		compare_union(ours->type, type);
		break;
	default:
		assert_int_equal(ours->kind, FLATBUF_SCALAR);
		assert_int_equal(ours->width, scalar_width(base));
	}
}

static void compare_table(const struct flatbuf_type *ours, struct flatbuf_table object)
{
	struct flatbuf_vector fields = flatbuf_vector(object, OBJECT_FIELDS);

	/* A table may end with deprecated fields, but none of the schema's does. */
	assert_int_equal(ours->fields, fields.count);
	for (uint32_t i = 0; i < fields.count; i++) {
		struct flatbuf_table field = flatbuf_vector_table(fields, i);
		/* The id is 16 bits wide; the byte is enough here. */
		uint8_t id = flatbuf_u8(field, FIELD_ID, 0);

		assert_true(id < ours->fields);
		compare_field(&ours->field[id], field);
	}
}

static void every_table_has_the_fields_of_the_schema(void **state)
{
	(void)state;
	assert_string_equal(flatbuf_string(schema, SCHEMA_FILE_IDENT), TFLITE_IDENTIFIER);
	compare_table(&tflite_model_type, flatbuf_child(schema, SCHEMA_ROOT_TABLE));
}

static struct flatbuf_table find_object(const char *name)
{
	struct flatbuf_vector objects = flatbuf_vector(schema, SCHEMA_OBJECTS);

	for (uint32_t i = 0; i < objects.count; i++) {
		struct flatbuf_table found = flatbuf_vector_table(objects, i);

		if (strcmp(flatbuf_string(found, OBJECT_NAME), name) == 0)
			return found;
	}
	fail_msg("no table %s", name);
	return schema;
}

static void every_table_of_a_package_has_the_fields_of_the_schema(void **state)
{
	(void)state;
	assert_string_equal(flatbuf_string(schema, SCHEMA_FILE_IDENT), DARWINN_IDENTIFIER);
	compare_table(&darwinn_package_type, flatbuf_child(schema, SCHEMA_ROOT_TABLE));
	compare_table(&darwinn_multi_executable_type, find_object("MultiExecutable"));
	compare_table(&darwinn_executable_type, find_object("Executable"));
}

static void every_operator_has_the_name_of_the_schema(void **state)
{
	struct flatbuf_vector values = flatbuf_vector(find_enum("BuiltinOperator"), ENUM_VALUES);
	uint32_t named = 0;

	(void)state;
	for (uint32_t i = 0; i < values.count; i++) {
		struct flatbuf_table value = flatbuf_vector_table(values, i);
		uint32_t code = (uint32_t)flatbuf_u64(value, VALUE_VALUE, 0);

		if (code == BUILTIN_PLACEHOLDER)
			assert_null(atoll_operator_name(code));
		else
			assert_string_equal(atoll_operator_name(code),
					    flatbuf_string(value, VALUE_NAME));
	}
	for (uint32_t code = 0; code < 1000; code++)
		named += atoll_operator_name(code) != NULL;
	assert_int_equal(named, values.count - 1);
}

static void every_operator_reads_a_table_that_exists(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 1000; code++) {
		uint8_t tag = tflite_operator_options(code);

		if (tag != OPTIONS_NONE)
			assert_non_null(tflite_options_type.field[tag].type);
		if (!atoll_operator_name(code))
			assert_int_equal(tag, OPTIONS_NONE);
	}
	assert_int_equal(tflite_operator_options(BUILTIN_MEAN), OPTIONS_REDUCER);
	assert_int_equal(tflite_operator_options(BUILTIN_RELU), OPTIONS_NONE);
}

static void types_and_small_enumerations_have_the_numbers_of_the_schema(void **state)
{
	static const struct {
		const char *of, *name;
		int value;
	} expected[] = {
		{ "TensorType", "FLOAT32", ATOLL_FLOAT32 },
		{ "TensorType", "FLOAT16", ATOLL_FLOAT16 },
		{ "TensorType", "INT32", ATOLL_INT32 },
		{ "TensorType", "UINT8", ATOLL_UINT8 },
		{ "TensorType", "INT64", ATOLL_INT64 },
		{ "TensorType", "STRING", ATOLL_STRING },
		{ "TensorType", "BOOL", ATOLL_BOOL },
		{ "TensorType", "INT16", ATOLL_INT16 },
		{ "TensorType", "COMPLEX64", ATOLL_COMPLEX64 },
		{ "TensorType", "INT8", ATOLL_INT8 },
		{ "TensorType", "FLOAT64", ATOLL_FLOAT64 },
		{ "TensorType", "COMPLEX128", ATOLL_COMPLEX128 },
		{ "TensorType", "UINT64", ATOLL_UINT64 },
		{ "TensorType", "RESOURCE", ATOLL_RESOURCE },
		{ "TensorType", "VARIANT", ATOLL_VARIANT },
		{ "TensorType", "UINT32", ATOLL_UINT32 },
		{ "TensorType", "UINT16", ATOLL_UINT16 },
		{ "TensorType", "INT4", ATOLL_INT4 },
		{ "TensorType", "FLOAT8_E5M2", TENSOR_TYPE_LAST },
		{ "Padding", "SAME", PADDING_SAME },
		{ "Padding", "VALID", PADDING_VALID },
		{ "MirrorPadMode", "REFLECT", MIRROR_PAD_REFLECT },
		{ "MirrorPadMode", "SYMMETRIC", MIRROR_PAD_SYMMETRIC },
		{ "WeightsFormat", "DEFAULT", WEIGHTS_DEFAULT },
		{ "WeightsFormat", "SHUFFLED4X16INT8", WEIGHTS_SHUFFLED_4X16_INT8 },
		{ "LSTMKernelType", "FULL", LSTM_KERNEL_FULL },
		{ "LSTMKernelType", "BASIC", LSTM_KERNEL_BASIC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct flatbuf_vector values =
			flatbuf_vector(find_enum(expected[i].of), ENUM_VALUES);
		uint32_t at = (uint32_t)expected[i].value; /* none of them has gaps */

		assert_true(at < values.count);
		assert_string_equal(flatbuf_string(flatbuf_vector_table(values, at), VALUE_NAME),
				    expected[i].name);
		if (strcmp(expected[i].name, "FLOAT8_E5M2") == 0)
			assert_int_equal(values.count, at + 1);
	}
}

static uint64_t value_of(const char *of, const char *name)
{
	struct flatbuf_vector values = flatbuf_vector(find_enum(of), ENUM_VALUES);

	for (uint32_t i = 0; i < values.count; i++) {
		struct flatbuf_table value = flatbuf_vector_table(values, i);

		if (strcmp(flatbuf_string(value, VALUE_NAME), name) == 0)
			return flatbuf_u64(value, VALUE_VALUE, 0);
	}
	fail_msg("no %s in enum %s", name, of);
	return 0;
}

static void enumerations_of_a_package_have_the_numbers_of_the_schema(void **state)
{
	static const struct {
		const char *of, *name;
		uint64_t value;
	} expected[] = {
		{ "DataType", "FIXED_POINT8", EDGETPU_UINT8 },
		{ "DataType", "FIXED_POINT16", EDGETPU_UINT16 },
		{ "DataType", "SIGNED_FIXED_POINT32", EDGETPU_INT32 },
		{ "DataType", "BFLOAT", EDGETPU_BFLOAT },
		{ "DataType", "HALF", EDGETPU_HALF },
		{ "DataType", "SINGLE", EDGETPU_SINGLE },
		{ "DataType", "SIGNED_FIXED_POINT8", EDGETPU_INT8 },
		{ "DataType", "SIGNED_FIXED_POINT16", EDGETPU_INT16 },
		{ "Description", "OUTPUT_ACTIVATION", DARWINN_OUTPUT_ACTIVATION },
		{ "Description", "INPUT_ACTIVATION", DARWINN_INPUT_ACTIVATION },
		{ "Description", "PARAMETER", DARWINN_PARAMETER },
		{ "Description", "SCRATCH", DARWINN_SCRATCH },
		{ "ExecutableType", "STAND_ALONE", EDGETPU_STAND_ALONE },
		{ "ExecutableType", "PARAMETER_CACHING", EDGETPU_CACHING },
		{ "ExecutableType", "EXECUTION_ONLY", EDGETPU_EXECUTION },
		{ "AnyHint", "DmaDescriptorHint", DARWINN_HINT_DMA_DESCRIPTOR },
		{ "AnyHint", "InstructionHint", DARWINN_HINT_INSTRUCTION },
		{ "AnyHint", "InterruptHint", DARWINN_HINT_INTERRUPT },
		{ "AnyHint", "FenceHint", DARWINN_HINT_FENCE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(value_of(expected[i].of, expected[i].name), expected[i].value);
}

/* Texts such as [CONV_2D_STRIDE_W] = SCALAR("stride_w", 4), in a C source. */
static unsigned check_ids(const char *path)
{
	char *source = check_read(path, NULL);
	char id[128], name[128];
	unsigned checked = 0;

	for (const char *from = source; (from = strchr(from, '[')) != NULL; from++) {
		size_t length;

		if (sscanf(from, "[%127[A-Z0-9_]] = %*[A-Z](\"%127[a-z0-9_]", id, name) != 2)
			continue;
		for (char *c = name; *c; c++)
			*c = (char)toupper(*c);
		length = strlen(name);
		assert_true(strlen(id) > length);
		assert_string_equal(id + strlen(id) - length, name);
		assert_int_equal(id[strlen(id) - length - 1], '_');
		checked++;
	}
	free(source);
	return checked;
}

static void every_id_ends_in_the_name_of_its_field(void **state)
{
	(void)state;
	assert_true(check_ids("runtime/schema/tflite.c") > 150);
	assert_true(check_ids("runtime/schema/darwinn.c") > 60);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_has_the_fields_of_the_schema),
		cmocka_unit_test_setup_teardown(
			every_table_of_a_package_has_the_fields_of_the_schema,
			look_at_darwinn, look_at_tflite),
		cmocka_unit_test_setup_teardown(
			enumerations_of_a_package_have_the_numbers_of_the_schema,
			look_at_darwinn, look_at_tflite),
		cmocka_unit_test(every_operator_has_the_name_of_the_schema),
		cmocka_unit_test(every_operator_reads_a_table_that_exists),
		cmocka_unit_test(types_and_small_enumerations_have_the_numbers_of_the_schema),
		cmocka_unit_test(every_id_ends_in_the_name_of_its_field),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, load_schemas, free_schemas) != 0;
}
