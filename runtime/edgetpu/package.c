/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One inside the other, each a buffer of its own:
 *
 *	options           FlexBuffers map: "1" version, "4" package, "6" chips,
 *	                  "7" more packages
 *	package           FlatBuffers, see runtime/schema/darwinn.fbs
 *	multi-executable
 *	executables       one to three
 *
 * The order of the checks and their sentences are those of the vendor's runtime.
 */
#include "runtime/edgetpu/package.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/executable.h"
#include "runtime/flexbuf.h"
#include "runtime/schema/darwinn.h"
#include "runtime/schema/tflite.h"

#define REFUSED "Failed to prepare for TPU. Failed precondition: "
#define BROKEN "Failed to prepare for TPU. Internal: "
#define ODD_COMBINATION BROKEN "Invalid combination of executables in the package."

/* Packages that ask for less than this make the vendor's runtime warn. */
#define RUNTIME_VERSION_EXPECTED 10

/* One of each type. */
#define EXECUTABLES_MAX 3

/*
 * What is kept of a file takes a few times its bytes; entries that a hostile one
 * shares without end would take more.
 */
#define MEMORY_TIMES 64
#define MEMORY_LEAST (1 << 20)

/* A header stands before everything that is sent. */
#define HEADER_BYTES 8

struct whole {
	struct edgetpu_package package; /* first: a pointer to it is one to all */
	struct memory memory;
	struct edgetpu_executable executable[EXECUTABLES_MAX];
	char warning[160];
};

/* Elements of the vector under `key`; 0 when there is no such key. */
static int count_under(struct flexbuf_value options, const char *key, size_t *count)
{
	struct flexbuf_value vector;
	int r = flexbuf_map_get(options, key, &vector);

	*count = 0;
	if (r == -ENOENT || (r == 0 && vector.kind == FLEXBUF_NULL))
		return 0;
	return r < 0 ? r : flexbuf_count(vector, count);
}

static int check_version(struct flexbuf_value options, struct atoll_error *err)
{
	struct flexbuf_value value;
	int64_t version = 0;
	int r = flexbuf_map_get(options, "1", &value);

	if (r == 0)
		r = flexbuf_as_i64(value, &version);
	if (r < 0 && r != -ENOENT)
		return atoll_error_set(err, r, EDGETPU_OPERATOR ": version: not a number");
	if (version != 0)
		return atoll_error_set(err, -ENOTSUP, EDGETPU_OPERATOR ": version %" PRId64
				       " of its options is not known", version);
	return 0;
}

/* There is a vector of chips, one for each package, and one of further packages. */
static int check_count(struct flexbuf_value options, struct atoll_error *err)
{
	size_t chips, more;
	int r = count_under(options, "6", &chips);

	if (r == 0)
		r = count_under(options, "7", &more);
	if (r < 0)
		return atoll_error_set(err, r, EDGETPU_OPERATOR
				       ": chips or packages: not a list");
	if (more > 0)
		return atoll_error_set(err, -ENOTSUP,
				       "Multiple executables custom op is not supported.");
	if (chips > 1)
		return atoll_error_set(err, -EINVAL, EDGETPU_OPERATOR ": %zu chips for one "
				       "package", chips);
	return 0;
}

static int find_package(const void *bytes, size_t size, const uint8_t **package,
			size_t *package_bytes, struct atoll_error *err)
{
	struct flexbuf_value options, value;
	int r = flexbuf_root(bytes, size, &options, err);

	if (r < 0) {
		(void)atoll_error_prefix(err, EDGETPU_OPERATOR);
		return r;
	}
	r = check_version(options, err);
	if (r == 0)
		r = check_count(options, err);
	if (r < 0)
		return r;
	r = flexbuf_map_get(options, "4", &value);
	if (r == 0)
		r = flexbuf_as_blob(value, package, package_bytes);
	if (r < 0)
		return atoll_error_set(err, -EINVAL, EDGETPU_OPERATOR ": no package in its "
				       "%zu bytes of options", size);
	return 0;
}

/* The vendor's sentence with what is wrong behind it. */
static int told(struct atoll_error *err, const struct atoll_error *why, const char *sentence)
{
	return atoll_error_set(err, why->code, "%s (%s)", sentence, why->text);
}

static void warn(struct whole *whole, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(struct whole *whole, const char *format, ...)
{
	size_t used = strlen(whole->warning);
	va_list args;

	if (used > 0 && used + 1 < sizeof(whole->warning))
		whole->warning[used++] = ' ';
	va_start(args, format);
	(void)vsnprintf(whole->warning + used, sizeof(whole->warning) - used, format, args);
	va_end(args);
	whole->package.warning = whole->warning;
}

static void check_identifier(struct whole *whole, const uint8_t *package)
{
	char found[5] = "";

	if (memcmp(package + 4, DARWINN_IDENTIFIER, 4) == 0)
		return;
	for (int i = 0; i < 4; i++)
		found[i] = isprint(package[4 + i]) ? (char)package[4 + i] : '?';
	warn(whole, "Package file identifier %s not supported.", found);
}

static int check_runtime(struct whole *whole, struct flatbuf_table package,
			 struct atoll_error *err)
{
	int32_t version = flatbuf_i32(package, DARWINN_PACKAGE_MIN_RUNTIME_VERSION, 0);

	if (version > EDGETPU_RUNTIME_VERSION)
		return atoll_error_set(err, -ENOTSUP, REFUSED
				       "Package requires runtime version (%" PRId32 "), which "
				       "is newer than this runtime version (%d).", version,
				       EDGETPU_RUNTIME_VERSION);
	if (version < RUNTIME_VERSION_EXPECTED)
		warn(whole, "Minimum runtime version required by package (%" PRId32
		     ") is lower than expected (%d).", version, RUNTIME_VERSION_EXPECTED);
	whole->package.runtime_version = version;
	return 0;
}

static int read_executable(struct flatbuf_vector bytes, struct edgetpu_executable *executable,
			   struct memory *memory, struct atoll_error *err)
{
	struct flatbuf_table table;
	struct atoll_error why;
	int32_t batch;
	int r = flatbuf_verify(bytes.at, bytes.count, &darwinn_executable_type, NULL, &table,
			       &why);

	if (r < 0)
		return told(err, &why, BROKEN "Executable verification failed.");
	batch = flatbuf_i32(table, DARWINN_EXECUTABLE_BATCH_SIZE, 0);
	if (batch < 1)
		return atoll_error_set(err, -EINVAL,
				       REFUSED "Executable has invalid batch size.");
	if (batch > 1)
		return atoll_error_set(err, -ENOTSUP, REFUSED "Executable has batch size %"
				       PRId32 ", and only 1 is run.", batch);
	if (edgetpu_executable_read(table, executable, memory, &why) < 0)
		return told(err, &why, BROKEN "Executable verification failed.");
	return 0;
}

/* What there is by type, NULL where there is none. */
struct found {
	const struct edgetpu_executable *of[EXECUTABLES_MAX];
};

static int sort_executables(const struct whole *whole, uint32_t count, struct found *found,
			    struct atoll_error *err)
{
	for (uint32_t i = 0; i < count; i++) {
		enum edgetpu_executable_type type = whole->executable[i].type;

		if (found->of[type])
			return atoll_error_set(err, -EINVAL, BROKEN
					       "Multiple executables of the same type were "
					       "found in the package.");
		found->of[type] = &whole->executable[i];
	}
	return 0;
}

/*
 * One alone is run whatever its type. Of two, one brings the parameters and the
 * other runs. Of all three, the one that needs no other.
 */
static int choose(struct whole *whole, uint32_t count, struct atoll_error *err)
{
	struct found found = { 0 };
	int r = sort_executables(whole, count, &found, err);
	bool is_pair = found.of[EDGETPU_CACHING] && found.of[EDGETPU_EXECUTION];

	if (r < 0)
		return r;
	if (count == 2 && !is_pair)
		return atoll_error_set(err, -EINVAL, ODD_COMBINATION);
	whole->package.main = count == 1 ? &whole->executable[0] :
			      count == 2 ? found.of[EDGETPU_EXECUTION] :
					   found.of[EDGETPU_STAND_ALONE];
	whole->package.caching = count == 2 ? found.of[EDGETPU_CACHING] : NULL;
	return 0;
}

/* What the vendor's runtime finds out when it is too late. */
static int check_caching(const struct edgetpu_executable *caching, struct atoll_error *err)
{
	if (!caching)
		return 0;
	if (caching->token == 0)
		return atoll_error_set(err, -EINVAL, BROKEN "Executable verification failed. "
				       "(parameters to keep have no token)");
	if (caching->inputs + caching->outputs > 0)
		return atoll_error_set(err, -EINVAL, BROKEN "Executable verification failed. "
				       "(what brings parameters has layers)");
	return 0;
}

static int read_executables(struct whole *whole, struct flatbuf_vector bytes,
			    struct atoll_error *err)
{
	struct flatbuf_table multi;
	struct flatbuf_vector executables;
	struct atoll_error why;
	int r = flatbuf_verify(bytes.at, bytes.count, &darwinn_multi_executable_type, NULL,
			       &multi, &why);

	if (r < 0)
		return told(err, &why, BROKEN "MultiExecutable verification failed.");
	executables = flatbuf_vector(multi, DARWINN_MULTI_EXECUTABLE_SERIALIZED_EXECUTABLES);
	if (executables.count == 0)
		return atoll_error_set(err, -EINVAL, REFUSED "No executables provided.");
	if (executables.count > EXECUTABLES_MAX)
		return atoll_error_set(err, -EINVAL, ODD_COMBINATION);
	for (uint32_t i = 0; i < executables.count && r == 0; i++)
		r = read_executable(flatbuf_vector_bytes(executables, i),
				    &whole->executable[i], &whole->memory, err);
	if (r == 0)
		r = choose(whole, executables.count, err);
	if (r == 0)
		r = check_caching(whole->package.caching, err);
	return r;
}

static int read_package(struct whole *whole, const uint8_t *bytes, size_t size,
			struct atoll_error *err)
{
	struct flatbuf_table package;
	struct flatbuf_vector executables;
	struct atoll_error why;
	const char *compiler;
	int r = flatbuf_verify(bytes, size, &darwinn_package_type, NULL, &package, &why);

	if (r < 0)
		return told(err, &why, BROKEN "Package verification failed.");
	check_identifier(whole, bytes);
	r = check_runtime(whole, package, err);
	if (r < 0)
		return r;
	if (flatbuf_i32(package, DARWINN_PACKAGE_VIRTUAL_CHIP_ID, 0) == -1)
		return atoll_error_set(err, -ENOTSUP, REFUSED "This is a multi-chip package.");
	executables = flatbuf_vector(package, DARWINN_PACKAGE_SERIALIZED_MULTI_EXECUTABLE);
	if (executables.count == 0)
		return atoll_error_set(err, -EINVAL, REFUSED "No executables to register.");
	compiler = flatbuf_string(package, DARWINN_PACKAGE_COMPILER_VERSION);
	whole->package.compiler = compiler ? compiler : "";
	return read_executables(whole, executables, err);
}

ATOLL_API bool edgetpu_is_compiled(const struct atoll_operator *op)
{
	return op->code == BUILTIN_CUSTOM && strcmp(op->name, EDGETPU_OPERATOR) == 0;
}

ATOLL_API const struct atoll_operator *
edgetpu_next_compiled(const struct atoll_graph *graph, const struct atoll_operator *after)
{
	const struct atoll_operator *end = graph->op + graph->operators;

	for (const struct atoll_operator *op = after ? after + 1 : graph->op; op < end; op++)
		if (edgetpu_is_compiled(op))
			return op;
	return NULL;
}

ATOLL_API struct edgetpu_package *edgetpu_package_read(const void *options, size_t bytes,
						       struct atoll_error *err)
{
	struct whole *whole;
	const uint8_t *package;
	size_t size;

	if (find_package(options, bytes, &package, &size, err) < 0)
		return NULL;
	whole = calloc(1, sizeof(*whole));
	if (!whole) {
		(void)atoll_error_set(err, -ENOMEM, EDGETPU_OPERATOR ": out of memory");
		return NULL;
	}
	if (__builtin_mul_overflow(size, MEMORY_TIMES, &whole->memory.left) ||
	    whole->memory.left < MEMORY_LEAST)
		whole->memory.left = MEMORY_LEAST;
	if (read_package(whole, package, size, err) < 0) {
		edgetpu_package_free(&whole->package);
		return NULL;
	}
	return &whole->package;
}

ATOLL_API void edgetpu_package_free(struct edgetpu_package *package)
{
	struct whole *whole = (struct whole *)package;

	if (!whole)
		return;
	memory_free(&whole->memory);
	free(whole);
}

uint32_t edgetpu_own_outputs(const struct edgetpu_executable *executable)
{
	uint32_t outputs = executable->outputs;

	while (outputs > 0 && executable->output[outputs - 1].state_of >= 0)
		outputs--;
	return outputs;
}

ATOLL_API const char *edgetpu_type_name(enum edgetpu_type type)
{
	switch (type) {
	case EDGETPU_UINT8:
		return "uint8";
	case EDGETPU_UINT16:
		return "uint16";
	case EDGETPU_INT32:
		return "int32";
	case EDGETPU_BFLOAT:
		return "bfloat16";
	case EDGETPU_HALF:
		return "float16";
	case EDGETPU_SINGLE:
		return "float32";
	case EDGETPU_INT8:
		return "int8";
	case EDGETPU_INT16:
		return "int16";
	}
	return "?";
}

ATOLL_API uint64_t edgetpu_bytes_out(const struct edgetpu_executable *executable)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < executable->hints; i++) {
		const struct edgetpu_hint *hint = &executable->hint[i];

		if (hint->kind == EDGETPU_INSTRUCTIONS || hint->kind == EDGETPU_INPUT ||
		    hint->kind == EDGETPU_PARAMETERS || hint->kind == EDGETPU_SCRATCH_OUT)
			sum += HEADER_BYTES + hint->size;
	}
	return sum;
}

ATOLL_API uint64_t edgetpu_bytes_in(const struct edgetpu_executable *executable)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < executable->hints; i++)
		if (executable->hint[i].kind == EDGETPU_OUTPUT ||
		    executable->hint[i].kind == EDGETPU_SCRATCH_IN)
			sum += executable->hint[i].size;
	return sum;
}
