/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a model that is compiled. What comes out is a model, its packages can be
 * read, and the graphs that they carry come back, or their programs are sound.
 *
 *	fuzz_compile --seeds DIR    write models to start from
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/carried.h"
#include "runtime/compiler/compile.h"
#include "runtime/isa/isa.h"
#include "runtime/session.h"
#include "tests/compiled.h"
#include "tests/models.h"
#include "tests/seeds.h"

/* Enough for every seed; a shape of the fuzzer's own may ask for anything. */
#define MEMORY_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Compiling makes a session, too. */
static bool is_small(const struct atoll_model *model)
{
	const struct atoll_session_options options = {
		.device = "cpu", .threads = 1, .memory_max = MEMORY_MAX };
	struct atoll_session *session = atoll_session_open(model, &options, NULL);

	atoll_session_close(session);
	return session;
}

static void must(bool is_so, const struct atoll_error *err)
{
	if (is_so)
		return;
	(void)fprintf(stderr, "%s\n", err->text);
	abort();
}

static void check_carried(const struct edgetpu_package *package)
{
	struct atoll_error err;
	struct atoll_model *part = carried_model(package, &err);

	must(part, &err);
	atoll_model_free(part);
}

static void check_program(const struct edgetpu_executable *executable)
{
	struct atoll_error err;
	uint32_t number = 0;

	must(isa_check(executable->chunk->bytes, executable->chunk->size / ISA_WORD_BYTES,
		       &number, &err) == 0, &err);
}

static void check_package(const struct atoll_operator *op, enum atoll_compile_target target)
{
	struct atoll_error err;
	struct edgetpu_package *package = edgetpu_package_read(
		op->custom_options, op->custom_options_bytes, &err);

	must(package, &err);
	compiled_walk(package, op->custom_options, op->custom_options_bytes);
	if (target == ATOLL_TARGET_SILICON) {
		check_program(package->main);
		check_program(package->caching);
	} else {
		check_carried(package);
	}
	edgetpu_package_free(package);
}

/* A model that has compiled parts already keeps them. */
static void check(const struct atoll_compiled_model *compiled,
		  enum atoll_compile_target target)
{
	const struct atoll_operator *op = NULL;
	struct atoll_error err;
	struct atoll_model *model = atoll_model_load_bytes(compiled->bytes, compiled->size,
							   "compiled", &err);
	uint32_t parts = 0;

	must(model, &err);
	while ((op = edgetpu_next_compiled(&model->graph[0], op)) && parts++ < compiled->parts)
		check_package(op, target);
	atoll_model_free(model);
}

static void compile(const struct atoll_model *model, enum atoll_compile_target target)
{
	const struct atoll_compile_options options = { .has_many_parts = true,
						       .target = target };
	const struct atoll_compile_job job = { .model = model };
	struct atoll_compiled *compiled = atoll_compile(&job, 1, &options, NULL, NULL);

	if (compiled)
		check(&compiled->model[0], target);
	atoll_compiled_free(compiled);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct atoll_model *model = atoll_model_load_bytes(bytes, size, "fuzz", NULL);

	if (model && is_small(model)) {
		compile(model, ATOLL_TARGET_EMULATOR);
		compile(model, ATOLL_TARGET_SILICON);
	}
	atoll_model_free(model);
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (!seeds_wanted(*argc, *argv))
		return 0;
	for (uint32_t i = 0; i < models_count(); i++) {
		size_t size;
		uint8_t *bytes = models_build(i, &size);
		char name[32];

		(void)snprintf(name, sizeof(name), "built-%u", i);
		seeds_write((*argv)[2], name, bytes, size);
		free(bytes);
	}
	exit(0);
}
