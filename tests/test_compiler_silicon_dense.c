/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of our own programs: as long as the vendor's, and bit for bit those of its two
 * dense layers, where these are at hand.
 */
#include "runtime/compiler/silicon_dense.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/edgetpu/package.h"
#include "runtime/isa/isa.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/golden.h"
#include "tests/must.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct atoll_compile_options silicon = { .target = ATOLL_TARGET_SILICON };

static struct words_program write_dense(const struct dense_layer *layer)
{
	struct words_program program;
	struct atoll_error err;
	uint32_t number = 0;

	if (dense_write(layer, 1, &program, &err) < 0)
		fail_msg("%s", err.text);
	if (isa_check(program.bytes, program.size / ISA_WORD_BYTES, &number, &err) < 0)
		fail_msg("%s", err.text);
	return program;
}

static void programs_are_as_long_as_the_vendors(void **state)
{
	(void)state;
	for (uint32_t groups = 4; groups <= 16; groups += 4) {
		const struct dense_layer layer = {
			.inputs = 64 * groups, .outputs = 64 * groups, .numbers = {
				.has_factors = true, .has_zeros = true, .scale = 1,
				.lower = -128, .upper = 127 } };
		struct words_program program = write_dense(&layer);

		assert_int_equal(program.size / ISA_WORD_BYTES, 144 + 30 * groups);
		assert_int_equal(program.narrow_bytes, 576 + 64 * groups);
		free(program.bytes);
	}
}

/* Digests of the vendor's, so that it is noticed where those are not at hand. */
static void programs_are_the_vendors_by_their_digests(void **state)
{
	static const struct {
		struct dense_layer layer;
		const char *digest;
	} cases[] = {
		{ { .inputs = 256, .outputs = 256, .numbers = { .has_factors = true,
		    .has_zeros = true, .scale = 1, .lower = -0x1.020002p+7f, .upper = 0x1.f80002p+6f,
		    .input_zero = 127, .output_zero = 129 } },
		  "bff10c8c60b03d5be26ddf69c4290bc8deb13293f4f3424894f6854e88e3ec1a" },
		{ { .inputs = 512, .outputs = 512, .numbers = { .has_factors = true,
		    .has_zeros = true, .scale = 1, .lower = -127, .upper = 128, .input_zero = 127,
		    .output_zero = 127 } },
		  "94a751290d44b908356b3a0b6a2ba54c02a5c8dd8538c2c33a1368b559c9dd6b" },
	};
	char digest[SHA256_DIGEST_STRING_LENGTH];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct words_program program = write_dense(&cases[i].layer);

		(void)SHA256Data(program.bytes, program.size, digest);
		assert_string_equal(digest, cases[i].digest);
		free(program.bytes);
	}
}

static void what_cannot_be_written_is_refused(void **state)
{
	static const struct {
		struct dense_layer layer;
		const char *why;
	} cases[] = {
		{ { .inputs = 8193, .outputs = 1 }, "8193 inputs, 1 to 8192 can be sent" },
		{ { .inputs = 1, .outputs = 65537 },
		  "65537 outputs, 1 to 65536 can be numbered" },
		{ { .inputs = 7924, .outputs = 64 },
		  "its weights take 1981 rows of each tile's memory, there are 1980" },
		{ { .inputs = 3957, .outputs = 1025 },
		  "its weights take 1980 rows of each tile's memory, there are 1980" },
	};
	struct words_program program;
	struct atoll_error err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(dense_write(&cases[i].layer, 1, &program, &err), -ENOTSUP);
		assert_string_equal(err.text, cases[i].why);
		assert_int_equal(dense_write(&cases[i].layer, 1, &program, NULL), -ENOTSUP);
	}
	assert_int_equal(dense_check(&cases[3].layer, &err), 0);
}

static void layers_that_do_not_follow_each_other_are_refused(void **state)
{
	static const struct dense_layer layer[] = { { .inputs = 5, .outputs = 6 },
						    { .inputs = 7, .outputs = 8 } };
	static const struct dense_layer large[] = {
		{ .inputs = 4000, .outputs = 1024 }, { .inputs = 1024, .outputs = 4000 } };
	struct words_program program;
	struct atoll_error err;

	(void)state;
	assert_int_equal(dense_write(layer, 2, &program, &err), -EINVAL);
	assert_string_equal(err.text, "layer 1: 7 inputs, the one before has 6 outputs");
	assert_int_equal(dense_write(layer, 0, &program, &err), -EINVAL);
	assert_string_equal(err.text, "0 layers, 1 to 32 make a program");
	assert_int_equal(dense_write(layer, 33, &program, NULL), -EINVAL);
	assert_int_equal(dense_write(large, 2, &program, &err), -ENOTSUP);
	assert_string_equal(err.text, "2 layers take 2024 rows of each tile's memory, there "
			    "are 1980");
}

/* The vendor's */

static uint32_t equal_words(const struct edgetpu_chunk *a, const struct edgetpu_chunk *b)
{
	uint32_t equal = 0;

	for (uint32_t at = 0; at < a->size && at < b->size; at += ISA_WORD_BYTES)
		equal += memcmp(a->bytes + at, b->bytes + at, ISA_WORD_BYTES) == 0;
	return equal;
}

/* Where addresses go, in any order. */
static void same_fields(const struct edgetpu_chunk *a, const struct edgetpu_chunk *b)
{
	assert_int_equal(a->fields, b->fields);
	for (uint32_t i = 0; i < a->fields; i++) {
		uint32_t k = 0;

		while (k < b->fields && b->field[k].bit != a->field[i].bit)
			k++;
		assert_true(k < b->fields);
		assert_string_equal(a->field[i].name, b->field[k].name);
		assert_int_equal(a->field[i].kind, b->field[k].kind);
		assert_int_equal(a->field[i].is_upper, b->field[k].is_upper);
	}
}

static void compare_chunks(const char *name, const char *what,
			   const struct edgetpu_executable *ours,
			   const struct edgetpu_executable *theirs)
{
	uint32_t words = theirs->chunk->size / ISA_WORD_BYTES;
	uint32_t equal = equal_words(ours->chunk, theirs->chunk);

	printf("# isa: %s: %s: generated: %u of %u words equal\n", name, what, equal, words);
	assert_int_equal(ours->chunk->size, theirs->chunk->size);
	assert_int_equal(equal, words);
	same_fields(ours->chunk, theirs->chunk);
	assert_int_equal(ours->parameter_bytes, theirs->parameter_bytes);
	assert_int_equal(ours->narrow_bytes, theirs->narrow_bytes);
}

static struct edgetpu_package *package_of(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	return compiled_read(op->custom_options, op->custom_options_bytes);
}

static void dense_layers_of_the_vendors_are_equal_bit_for_bit(void **state)
{
	static const char *const names[] = { "dense_256", "dense_512" };
	char *models = golden_models();

	(void)state;
	(void)check_data_path("models");
	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = golden_text("%s/%s.tflite", models, names[i]);
		char *other = golden_text("%s/%s_edgetpu.tflite", models, names[i]);
		struct atoll_model *twin = must_load(path), *vendors = must_load(other);
		struct atoll_compiled *compiled = must_compile(
			&(struct atoll_compile_job){ .model = twin }, 1, &silicon);
		struct edgetpu_package *ours, *theirs;
		struct atoll_model *model;

		model = must_load_compiled(&compiled->model[0]);
		ours = package_of(model);
		theirs = package_of(vendors);
		compare_chunks(names[i], "main", ours->main, theirs->main);
		compare_chunks(names[i], "caching", ours->caching, theirs->caching);
		assert_memory_equal(ours->caching->parameters, theirs->caching->parameters,
				    ours->caching->parameter_bytes);
		edgetpu_package_free(ours);
		edgetpu_package_free(theirs);
		atoll_model_free(model);
		atoll_compiled_free(compiled);
		atoll_model_free(vendors);
		atoll_model_free(twin);
		free(path);
		free(other);
	}
	free(models);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_as_long_as_the_vendors),
		cmocka_unit_test(programs_are_the_vendors_by_their_digests),
		cmocka_unit_test(what_cannot_be_written_is_refused),
		cmocka_unit_test(layers_that_do_not_follow_each_other_are_refused),
		cmocka_unit_test(dense_layers_of_the_vendors_are_equal_bit_for_bit),
	};

	return CHECK_RUN(tests);
}
