/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/package.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/model.h"
#include "runtime/schema/darwinn.h"
#include "tests/check.h"
#include "tests/compiled.h"

/* How the vendor's runtime begins its sentences. */
#define REFUSED "Failed to prepare for TPU. Failed precondition: "
#define BROKEN "Failed to prepare for TPU. Internal: "

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct edgetpu_package *sample(int i)
{
	return compiled_sample((enum compiled_sample)i);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		void *bytes = compiled_options(sample(i), NULL, &size);
		struct edgetpu_package *package = compiled_read(bytes, size);

		compiled_same(sample(i), package);
		assert_null(package->warning);
		compiled_walk(package, bytes, size);
		edgetpu_package_free(package);
		free(bytes);
	}
}

static void bytes_may_lie_anywhere(void **state)
{
	size_t size;
	void *bytes = compiled_options(sample(COMPILED_TILES), NULL, &size);

	(void)state;
	for (size_t shift = 1; shift < 8; shift++) {
		uint8_t *moved = malloc(shift + size);
		struct edgetpu_package *package;

		assert_non_null(moved);
		memcpy(moved + shift, bytes, size);
		package = compiled_read(moved + shift, size);
		compiled_same(sample(COMPILED_TILES), package);
		edgetpu_package_free(package);
		free(moved);
	}
	free(bytes);
}

static const struct atoll_operator *compiled_operator(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	if (!op)
		fail_msg("%s: no compiled operator", model->path);
	return op;
}

/* What the layers of an operator are is also said by its tensors. */
static void layers_have_the_sizes_of_the_tensors_of_the_same_name(void **state)
{
	static const char *const names[] = {
		"deeplab_mobilenet_edgetpu_slim_cityscapes_quant_edgetpu", "dense_512_edgetpu",
		"keras_lstm_mnist_ptq_edgetpu", "mobilenet_v1_0.25_128_quant_edgetpu",
		"movenet_single_pose_lightning_ptq_edgetpu",
		"posenet_mobilenet_v1_075_353_481_16_quant_decoder_edgetpu",
		"ssd_mobilenet_v2_coco_quant_postprocess_segment_1_of_2_edgetpu",
		"voice_commands_v0.8_edgetpu",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct atoll_model *model = atoll_model_load(
			check_data_path("models/%s.tflite", names[i]), NULL);
		const struct atoll_operator *op;
		struct edgetpu_package *package;

		assert_non_null(model);
		op = compiled_operator(model);
		package = compiled_read(op->custom_options, op->custom_options_bytes);
		assert_int_equal(package->main->inputs, op->inputs);
		for (uint32_t k = 0; k < op->inputs; k++) {
			const struct atoll_tensor *tensor =
				&model->graph[0].tensor[op->input[k]];

			assert_string_equal(package->main->input[k].name, tensor->name);
			assert_int_equal(package->main->input[k].bytes, tensor->bytes);
		}
		for (uint32_t k = 0; k < op->outputs; k++) {
			assert_int_equal(package->main->output[k].state_of, -1);
			assert_int_equal(package->main->output[k].bytes,
					 model->graph[0].tensor[op->output[k]].bytes);
		}
		edgetpu_package_free(package);
		atoll_model_free(model);
	}
}

static void bytes_of_an_inference_are_counted_with_headers(void **state)
{
	const struct edgetpu_executable *flat = sample(COMPILED_FLAT)->main;
	const struct edgetpu_executable *tiles = sample(COMPILED_TILES)->main;

	(void)state;
	/* instructions, 20 numbers padded to 24; 16 numbers */
	assert_int_equal(edgetpu_bytes_out(flat), 8 + 128 + 8 + 24);
	assert_int_equal(edgetpu_bytes_in(flat), 16);
	/* two chunks, a picture of 297 padded to 304 in two parts, a mask, parameters in
	   two parts, scratch */
	assert_int_equal(edgetpu_bytes_out(tiles), 8 * 8 + 96 + 32 + 304 + 16 + 64 + 8 + 48);
	assert_int_equal(edgetpu_bytes_in(tiles), 48 + tiles->output[0].size +
			 tiles->output[1].size + tiles->output[2].size);
}

static void types_have_names(void **state)
{
	(void)state;
	assert_string_equal(edgetpu_type_name(EDGETPU_UINT8), "uint8");
	assert_string_equal(edgetpu_type_name(EDGETPU_INT16), "int16");
	assert_string_equal(edgetpu_type_name(EDGETPU_SINGLE), "float32");
	assert_string_equal(edgetpu_type_name((enum edgetpu_type)7), "?");
}

static void a_newer_runtime_that_is_needed_is_named(void **state)
{
	struct edgetpu_package package = *sample(COMPILED_FLAT);
	size_t size;
	void *bytes;

	(void)state;
	package.runtime_version = 15;
	compiled_refused(&package, NULL, -ENOTSUP, REFUSED
			 "Package requires runtime version (15), which is newer than this "
			 "runtime version (14).");
	package.runtime_version = 14;
	bytes = compiled_options(&package, NULL, &size);
	edgetpu_package_free(compiled_read(bytes, size));
	free(bytes);
}

static void warns(const struct edgetpu_package *package, const char *identifier,
		  const char *warning)
{
	struct compiled_more more = compiled_usual;
	struct edgetpu_package *read;
	size_t size;
	void *bytes;

	more.identifier = identifier;
	bytes = compiled_options(package, &more, &size);
	read = compiled_read(bytes, size);
	if (warning)
		assert_string_equal(read->warning, warning);
	else
		assert_null(read->warning);
	edgetpu_package_free(read);
	free(bytes);
}

static void what_is_odd_but_works_is_a_warning(void **state)
{
	struct edgetpu_package package = *sample(COMPILED_FLAT);

	(void)state;
	warns(&package, "DWN2", "Package file identifier DWN2 not supported.");
	package.runtime_version = 10;
	warns(&package, "DWN1", NULL);
	package.runtime_version = 9;
	warns(&package, "DWN1",
	      "Minimum runtime version required by package (9) is lower than expected (10).");
	warns(&package, "D\nN\x80",
	      "Package file identifier D?N? not supported. "
	      "Minimum runtime version required by package (9) is lower than expected (10).");
}

static void packages_not_for_us_are_refused_in_the_vendors_words(void **state)
{
	static const struct {
		struct compiled_more more;
		int code;
		const char *sentence;
	} cases[] = {
		{ { .virtual_chip_id = -1 }, -ENOTSUP,
		  REFUSED "This is a multi-chip package." },
		{ { .packages = 1, .chips = 2 }, -ENOTSUP,
		  "Multiple executables custom op is not supported." },
		{ { .chips = 2 }, -EINVAL, "edgetpu-custom-op: 2 chips for one package" },
		{ { .version = 1 }, -ENOTSUP,
		  "edgetpu-custom-op: version 1 of its options is not known" },
		{ { .batch_size = -1 }, -EINVAL,
		  REFUSED "Executable has invalid batch size." },
		{ { .batch_size = 2 }, -ENOTSUP,
		  REFUSED "Executable has batch size 2, and only 1 is run." },
		{ { .batch = 1 }, -ENOTSUP,
		  BROKEN "Executable verification failed. (hint 1: batch 1, and only one is "
		  "run)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct compiled_more more = compiled_usual;

		if (cases[i].more.chips)
			more.chips = cases[i].more.chips;
		if (cases[i].more.batch_size)
			more.batch_size = cases[i].more.batch_size;
		more.packages = cases[i].more.packages;
		more.version = cases[i].more.version;
		more.virtual_chip_id = cases[i].more.virtual_chip_id;
		more.batch = cases[i].more.batch;
		compiled_refused(sample(COMPILED_FLAT), &more, cases[i].code,
				 cases[i].sentence);
	}
}

static void what_is_empty_is_refused_in_the_vendors_words(void **state)
{
	struct compiled_more more = compiled_usual;

	(void)state;
	more.has_package = false;
	compiled_refused(sample(COMPILED_FLAT), &more, -EINVAL,
		"edgetpu-custom-op: no package in its ...");
	more = compiled_usual;
	more.has_multi_executable = false;
	compiled_refused(sample(COMPILED_FLAT), &more, -EINVAL,
		REFUSED "No executables to register.");
	more = compiled_usual;
	more.has_executables = false;
	compiled_refused(sample(COMPILED_FLAT), &more, -EINVAL,
		REFUSED "No executables provided.");
	assert_null(edgetpu_package_read("", 0, NULL));
}

static void old_options_without_chips_are_read(void **state)
{
	struct compiled_more more = compiled_usual;
	struct edgetpu_package *package;
	size_t size;
	void *bytes;

	(void)state;
	more.chips = 0;
	bytes = compiled_options(sample(COMPILED_FLAT), &more, &size);
	package = compiled_read(bytes, size);
	compiled_same(sample(COMPILED_FLAT), package);
	edgetpu_package_free(package);
	free(bytes);
}

/* Read the executables given, by type. */
static void combine(unsigned count, const enum edgetpu_executable_type *types,
		    const char *refusal, int main, int caching)
{
	struct edgetpu_executable executable[4];
	struct compiled_more more = compiled_usual;
	struct edgetpu_package *package;
	size_t size;
	void *bytes;

	more.executables = count;
	for (unsigned i = 0; i < count; i++) {
		executable[i] = *sample(COMPILED_FLAT)->caching;
		executable[i].type = types[i];
		executable[i].token = i + 1;
		more.executable[i] = &executable[i];
	}
	if (refusal) {
		compiled_refused(sample(COMPILED_FLAT), &more, -EINVAL, refusal);
		return;
	}
	bytes = compiled_options(sample(COMPILED_FLAT), &more, &size);
	package = compiled_read(bytes, size);
	assert_int_equal(package->main->token, main + 1);
	assert_int_equal(package->caching ? (int)package->caching->token : 0, caching + 1);
	edgetpu_package_free(package);
	free(bytes);
}

static void executables_are_chosen_by_their_types(void **state)
{
	static const char twice[] = BROKEN "Multiple executables of the same type were found "
				    "in the package.";
	static const char odd[] = BROKEN "Invalid combination of executables in the package.";
	const enum edgetpu_executable_type alone = EDGETPU_STAND_ALONE,
		caching = EDGETPU_CACHING, execution = EDGETPU_EXECUTION;

	(void)state;
	combine(1, (enum edgetpu_executable_type[]){ alone }, NULL, 0, -1);
	combine(1, (enum edgetpu_executable_type[]){ execution }, NULL, 0, -1);
	combine(1, (enum edgetpu_executable_type[]){ caching }, NULL, 0, -1);
	combine(2, (enum edgetpu_executable_type[]){ execution, caching }, NULL, 0, 1);
	combine(2, (enum edgetpu_executable_type[]){ caching, execution }, NULL, 1, 0);
	combine(3, (enum edgetpu_executable_type[]){ caching, execution, alone }, NULL, 2, -1);
	combine(2, (enum edgetpu_executable_type[]){ execution, execution }, twice, 0, 0);
	combine(2, (enum edgetpu_executable_type[]){ alone, caching }, odd, 0, 0);
	combine(2, (enum edgetpu_executable_type[]){ execution, alone }, odd, 0, 0);
	combine(3, (enum edgetpu_executable_type[]){ execution, alone, alone }, twice, 0, 0);
	combine(4, (enum edgetpu_executable_type[]){ execution, alone, caching, alone }, odd,
		0, 0);
}

static void broken_tables_are_named_in_the_vendors_words(void **state)
{
	size_t size;
	uint8_t *bytes = compiled_options(sample(COMPILED_STATE), NULL, &size);
	uint8_t *package = memmem(bytes, size, DARWINN_IDENTIFIER, 4);
	struct atoll_error err;

	(void)state;
	assert_non_null(package);
	package[-1] = 0x7f; /* of the distance to the root */
	assert_null(edgetpu_package_read(bytes, size, &err));
	assert_non_null(strstr(err.text, BROKEN "Package verification failed. (root table: "));
	free(bytes);
}

/* Any answer is right that neither crashes nor leads out of the bytes. */
static void walk_if_read(const uint8_t *bytes, size_t size)
{
	struct atoll_error err = { .text = "" };
	struct edgetpu_package *package = edgetpu_package_read(bytes, size, &err);

	if (package)
		compiled_walk(package, bytes, size);
	else
		assert_true(err.text[0] != '\0' && err.code < 0);
	edgetpu_package_free(package);
}

static void every_damaged_byte_is_found_or_does_no_harm(void **state)
{
	static const uint8_t turns[] = { 0x01, 0x80, 0xff };

	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		uint8_t *bytes = compiled_options(sample(i), NULL, &size);

		for (size_t at = 0; at < size; at++)
			for (size_t t = 0; t < COUNT(turns); t++) {
				bytes[at] ^= turns[t];
				walk_if_read(bytes, size);
				bytes[at] ^= turns[t];
			}
		free(bytes);
	}
}

/* Cut off in front, since the options are read from behind, and behind. */
static void every_shortened_package_is_found_or_does_no_harm(void **state)
{
	(void)state;
	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		size_t size;
		uint8_t *bytes = compiled_options(sample(i), NULL, &size);

		for (size_t cut = 1; cut <= size; cut++) {
			uint8_t *shorter = malloc(size - cut);

			memcpy(shorter, bytes + cut, size - cut);
			walk_if_read(shorter, size - cut);
			memcpy(shorter, bytes, size - cut);
			walk_if_read(shorter, size - cut);
			free(shorter);
		}
		free(bytes);
	}
}

/* For the tests of programs: the samples as model files, and one that is too new. */
static void write_models(const char *folder)
{
	static const char *const names[] = { "flat", "tiles", "state", "slices", "newer" };
	struct edgetpu_package newer = *sample(COMPILED_FLAT);

	newer.runtime_version = EDGETPU_RUNTIME_VERSION + 1;
	for (int i = 0; i < (int)COUNT(names); i++) {
		size_t size;
		void *bytes = compiled_model(i < COMPILED_SAMPLES ? sample(i) : &newer, &size);
		char path[4096];
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/%s.tflite", folder, names[i]);
		file = fopen(path, "wb");
		if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
			perror(path);
			exit(1);
		}
		free(bytes);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(bytes_may_lie_anywhere),
		cmocka_unit_test(layers_have_the_sizes_of_the_tensors_of_the_same_name),
		cmocka_unit_test(bytes_of_an_inference_are_counted_with_headers),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(a_newer_runtime_that_is_needed_is_named),
		cmocka_unit_test(what_is_odd_but_works_is_a_warning),
		cmocka_unit_test(packages_not_for_us_are_refused_in_the_vendors_words),
		cmocka_unit_test(what_is_empty_is_refused_in_the_vendors_words),
		cmocka_unit_test(old_options_without_chips_are_read),
		cmocka_unit_test(executables_are_chosen_by_their_types),
		cmocka_unit_test(broken_tables_are_named_in_the_vendors_words),
		cmocka_unit_test(every_damaged_byte_is_found_or_does_no_harm),
		cmocka_unit_test(every_shortened_package_is_found_or_does_no_harm),
	};

	if (argc == 3 && strcmp(argv[1], "--models") == 0) {
		write_models(argv[2]);
		return 0;
	}
	return CHECK_RUN(tests);
}
