/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/compiler/compile.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/clock.h"
#include "runtime/builder.h"
#include "runtime/edgetpu/package.h"
#include "runtime/schema/tflite.h"
#include "runtime/session.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/flatc.h"
#include "tests/models.h"
#include "tests/must.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN UINT64_C(0x0123456789abcdef)

/* Models that are quick enough to be compiled in several ways. */
#define SMALL_BYTES 600000

static struct atoll_compiled *compile_all(const struct atoll_compile_job *job, uint32_t jobs,
					  const struct atoll_compile_options *options)
{
	struct atoll_compiled *compiled = must_compile(job, jobs, options);

	assert_int_equal(compiled->models, jobs);
	return compiled;
}

static struct atoll_compiled *compile(const struct atoll_model *model,
				      const struct atoll_compile_options *options)
{
	return compile_all(&(struct atoll_compile_job){ .model = model }, 1, options);
}

/* Our own: 0 RELU, 1 CONV_2D and RESHAPE, 2 FULLY_CONNECTED and SOFTMAX, of which one
   operator more stays on the CPU. */
struct own {
	void *bytes;
	struct atoll_model *model;
};

static struct own own_model(uint32_t which)
{
	struct atoll_error err;
	struct own own;
	size_t size;

	own.bytes = models_build(which, &size);
	own.model = atoll_model_load_bytes(own.bytes, size, "ours", &err);
	if (!own.model)
		fail_msg("%s", err.text);
	return own;
}

static void own_free(struct own *own)
{
	atoll_model_free(own->model);
	free(own->bytes);
}

static struct edgetpu_package *package_of(const struct atoll_model *model)
{
	const struct atoll_operator *op = edgetpu_next_compiled(&model->graph[0], NULL);

	assert_non_null(op);
	return compiled_read(op->custom_options, op->custom_options_bytes);
}

static struct atoll_session *open_on(const struct atoll_model *model, const char *device)
{
	return must_open(model, &(struct atoll_session_options){ .device = device });
}

static void fill(struct atoll_session *session, uint64_t seed)
{
	struct check_random random = { seed };

	for (uint32_t i = 0; i < atoll_session_inputs(session); i++) {
		struct atoll_tensor *tensor = atoll_session_input(session, i);

		for (size_t at = 0; at < tensor->bytes; at++)
			((uint8_t *)tensor->data)[at] = (uint8_t)check_random(&random);
	}
}

/* Two runs, so that states and what is kept on the chip take part. */
static void same_answers(const struct atoll_model *model, const struct atoll_model *compiled,
			 const char *device)
{
	struct atoll_session *a = open_on(model, "cpu"), *b = open_on(compiled, device);

	if (edgetpu_next_compiled(&compiled->graph[0], NULL))
		assert_string_equal(atoll_session_plan(b)->device, device);
	assert_int_equal(atoll_session_inputs(a), atoll_session_inputs(b));
	assert_int_equal(atoll_session_outputs(a), atoll_session_outputs(b));
	for (uint64_t seed = 1; seed <= 2; seed++) {
		fill(a, seed);
		fill(b, seed);
		assert_int_equal(atoll_session_invoke(a), 0);
		if (atoll_session_invoke(b) != 0)
			fail_msg("%s: %s", model->path, atoll_session_error(b));
		for (uint32_t i = 0; i < atoll_session_outputs(a); i++)
			assert_memory_equal(atoll_session_output(a, i)->data,
					    atoll_session_output(b, i)->data,
					    atoll_session_output(a, i)->bytes);
	}
	atoll_session_close(b);
	atoll_session_close(a);
}

/* What is listed is what the package has. */
static void check_numbers(const struct atoll_compiled_model *compiled)
{
	uint64_t bytes[2] = { 0 };
	uint32_t mapped = 0;

	for (uint32_t i = 0; i < compiled->operators; i++) {
		assert_int_equal(compiled->op[i].mapping != ATOLL_MAPPED,
				 compiled->op[i].why != NULL);
		mapped += compiled->op[i].mapping == ATOLL_MAPPED;
	}
	assert_int_equal(mapped, compiled->mapped);
	for (uint32_t i = 0; i < compiled->blocks; i++) {
		const struct atoll_compiled_block *block = &compiled->block[i];

		assert_int_equal(compiled->op[block->op].mapping, ATOLL_MAPPED);
		if (compiled->parts == 1)
			assert_int_equal(block->offset, bytes[block->is_cached]);
		bytes[block->is_cached] += block->bytes;
	}
	assert_int_equal(bytes[0], compiled->streamed_bytes);
	assert_int_equal(bytes[1], compiled->cached_bytes);
}

static bool is_compiled(const char *path)
{
	const char *end = strstr(path, "_edgetpu.tflite");

	return end && end[strlen("_edgetpu.tflite")] == '\0';
}

/* It has one operator, of integers, and that fails. */
static bool is_no_network(const char *path)
{
	return strcmp(strrchr(path, '/') + 1, "model_invoking_error.tflite") == 0;
}

static void for_each_model(void (*look)(const struct atoll_model *model))
{
	char pattern[4096];
	glob_t found;

	(void)snprintf(pattern, sizeof(pattern), "%s/*.tflite", check_data_path("models"));
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct atoll_model *model;

		if (is_compiled(found.gl_pathv[i]) || is_no_network(found.gl_pathv[i]))
			continue;
		model = must_load(found.gl_pathv[i]);
		look(model);
		atoll_model_free(model);
	}
	globfree(&found);
}

static void compile_and_tell(const struct atoll_model *model)
{
	int64_t begin = atoll_clock_ns();
	struct atoll_compiled *compiled = compile(model, NULL);
	const struct atoll_compiled_model *one = &compiled->model[0];
	struct atoll_model *ours = must_load_compiled(one);

	print_message("# %s: %u of %u operators, %zu bytes, %.1f ms\n",
		      strrchr(model->path, '/') + 1, one->mapped, one->operators, one->size,
		      (double)(atoll_clock_ns() - begin) * 1e-6);
	check_numbers(one);
	assert_int_equal(one->operators, model->graph[0].operators);
	atoll_model_free(ours);
	atoll_compiled_free(compiled);
}

static void every_model_compiles(void **state)
{
	(void)state;
	for_each_model(compile_and_tell);
}

static void compile_and_run(const struct atoll_model *model)
{
	static const struct atoll_compile_options options[] = {
		{ 0 }, { .capacity = 20000 }, { .has_many_parts = true },
	};

	for (size_t i = 0; i < COUNT(options) && (i == 0 || model->size < SMALL_BYTES); i++) {
		struct atoll_compiled *compiled = compile(model, &options[i]);
		struct atoll_model *ours = must_load_compiled(&compiled->model[0]);

		check_numbers(&compiled->model[0]);
		same_answers(model, ours, "cpu");
		same_answers(model, ours, "emu:0");
		atoll_model_free(ours);
		atoll_compiled_free(compiled);
	}
}

static void all_models_answer_as_before_on_the_cpu_and_emulated(void **state)
{
	(void)state;
	for_each_model(compile_and_run);
}

static void our_own_models_answer_as_before(void **state)
{
	(void)state;
	for (uint32_t which = 0; which < 3; which++) {
		struct own own = own_model(which);
		struct atoll_compiled *compiled = compile(own.model, NULL);
		struct atoll_model *ours = must_load_compiled(&compiled->model[0]);

		assert_int_equal(compiled->model[0].parts, 1);
		check_numbers(&compiled->model[0]);
		same_answers(own.model, ours, "cpu");
		same_answers(own.model, ours, "emu:0");
		atoll_model_free(ours);
		atoll_compiled_free(compiled);
		own_free(&own);
	}
}

static void models_of_one_call_share_the_memory_and_a_token(void **state)
{
	struct own a = own_model(1), b = own_model(2);
	struct atoll_compile_job jobs[] = { { .model = a.model }, { .model = b.model } };
	struct atoll_compiled *compiled = compile_all(
		jobs, 2, &(struct atoll_compile_options){ .capacity = 10000 });
	const struct atoll_compiled_model *model = compiled->model;

	(void)state;
	assert_true(model[0].cached_bytes > 0 && model[1].cached_bytes > 0);
	assert_int_equal(model[0].remaining_bytes, model[1].remaining_bytes);
	assert_int_equal(model[0].remaining_bytes,
			 10000 - model[0].cached_bytes - model[1].cached_bytes);
	for (int i = 0; i < 2; i++) {
		struct atoll_model *ours = must_load_compiled(&model[i]);
		struct edgetpu_package *package = package_of(ours);

		check_numbers(&model[i]);
		assert_int_equal(package->main->token, compiled->token);
		assert_int_equal(package->caching->token, compiled->token);
		edgetpu_package_free(package);
		atoll_model_free(ours);
	}
	atoll_compiled_free(compiled);
	own_free(&a);
	own_free(&b);
}

/* Two times the same model, and room for one. */
static void in_order_the_first_model_takes_what_it_can(void **state)
{
	struct own own = own_model(2);
	struct atoll_compile_job jobs[] = { { .model = own.model }, { .model = own.model } };
	struct atoll_compiled *alone = compile(own.model, NULL), *compiled;
	uint64_t bytes = alone->model[0].cached_bytes;

	(void)state;
	compiled = compile_all(jobs, 2, &(struct atoll_compile_options){
		.capacity = bytes, .caches_in_order = true });
	assert_int_equal(compiled->model[0].cached_bytes, bytes);
	assert_int_equal(compiled->model[1].cached_bytes, 0);
	assert_int_equal(compiled->model[1].streamed_bytes, bytes);
	assert_int_equal(compiled->model[1].remaining_bytes, 0);
	atoll_compiled_free(compiled);
	atoll_compiled_free(alone);
	own_free(&own);
}

static void each_call_has_a_token_of_its_own(void **state)
{
	struct own own = own_model(1);
	struct atoll_compiled *a = compile(own.model, NULL), *b = compile(own.model, NULL);
	struct atoll_compiled *c = compile(own.model, &(struct atoll_compile_options){
		.token = TOKEN });

	(void)state;
	assert_true(a->token != 0 && a->token != b->token);
	assert_int_equal(c->token, TOKEN);
	atoll_compiled_free(a);
	atoll_compiled_free(b);
	atoll_compiled_free(c);
	own_free(&own);
}

static void equal_calls_give_equal_files(void **state)
{
	const struct atoll_compile_options options = { .token = TOKEN };
	struct own own = own_model(2);
	struct atoll_compiled *a = compile(own.model, &options);
	struct atoll_compiled *b = compile(own.model, &options);

	(void)state;
	assert_int_equal(a->model[0].size, b->model[0].size);
	assert_memory_equal(a->model[0].bytes, b->model[0].bytes, a->model[0].size);
	atoll_compiled_free(a);
	atoll_compiled_free(b);
	own_free(&own);
}

static void the_oldest_runtime_is_written_into_the_package(void **state)
{
	struct own own = own_model(1);

	(void)state;
	for (int32_t version = 12; version <= 14; version++) {
		struct atoll_compiled *compiled = compile(own.model,
			&(struct atoll_compile_options){ .runtime_version = version });
		struct atoll_model *ours = must_load_compiled(&compiled->model[0]);
		struct edgetpu_package *package = package_of(ours);

		assert_int_equal(package->runtime_version, version);
		edgetpu_package_free(package);
		atoll_model_free(ours);
		atoll_compiled_free(compiled);
	}
	own_free(&own);
}

/* A runtime that old knows no int8. */
static void a_model_of_which_nothing_can_be_mapped_is_written_as_it_is(void **state)
{
	struct own own = own_model(1);
	struct atoll_compiled *compiled = compile(own.model,
		&(struct atoll_compile_options){ .runtime_version = 10 });
	const struct atoll_compiled_model *one = &compiled->model[0];
	struct atoll_model *ours = must_load_compiled(one);

	(void)state;
	assert_int_equal(one->parts, 0);
	assert_int_equal(one->mapped, 0);
	assert_int_equal(one->cached_bytes + one->streamed_bytes + one->remaining_bytes, 0);
	assert_null(edgetpu_next_compiled(&ours->graph[0], NULL));
	assert_int_equal(one->op[0].mapping, ATOLL_NOT_MAPPED_TYPE);
	same_answers(own.model, ours, "cpu");
	atoll_model_free(ours);
	atoll_compiled_free(compiled);
	own_free(&own);
}

static void refused(const struct atoll_compile_job *job, uint32_t jobs,
		    const struct atoll_compile_options *options,
		    enum atoll_compile_failure failure, int code, const char *sentence)
{
	enum atoll_compile_failure found = ATOLL_COMPILE_DIFFERS;
	struct atoll_error err = { .text = "" };

	assert_null(atoll_compile(job, jobs, options, &found, &err));
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, code);
	assert_int_equal(found, failure);
	assert_null(atoll_compile(job, jobs, options, NULL, NULL));
}

static void options_that_make_no_sense_are_refused(void **state)
{
	struct own own = own_model(1);
	struct atoll_compile_job jobs[] = { { .model = own.model }, { .model = own.model } };
	struct atoll_compile_options options = { .runtime_version = 9 };

	(void)state;
	refused(jobs, 0, NULL, ATOLL_COMPILE_OTHER, -EINVAL, "no model to compile");
	refused(jobs, 1, &options, ATOLL_COMPILE_OTHER, -EINVAL,
		"runtime version 9, there are 10 to 14");
	options.runtime_version = 15;
	refused(jobs, 1, &options, ATOLL_COMPILE_OTHER, -EINVAL,
		"runtime version 15, there are 10 to 14");
	options = (struct atoll_compile_options){ .target = ATOLL_TARGET_LIKE,
						  .like = own.model };
	refused(jobs, 1, &options, ATOLL_COMPILE_OTHER, -EINVAL,
		"like what, and what that was compiled from, must both be given");
	options.like_twin = own.model;
	refused(jobs, 2, &options, ATOLL_COMPILE_OTHER, -EINVAL, "2 models like one");
	own_free(&own);
}

static void like_the_vendors_model_all_is_the_vendors_but_the_token(void **state)
{
	struct atoll_model *model = must_load(check_data_path("models/dense_256.tflite"));
	struct atoll_model *theirs = must_load(check_data_path("models/dense_256_edgetpu.tflite"));
	struct atoll_compiled *compiled = compile(model, &(struct atoll_compile_options){
		.target = ATOLL_TARGET_LIKE, .like = theirs, .like_twin = model,
		.token = TOKEN });
	struct atoll_model *ours = must_load_compiled(&compiled->model[0]);
	struct edgetpu_package *a = package_of(ours), *b = package_of(theirs);
	struct edgetpu_executable main = *b->main, caching = *b->caching;
	struct edgetpu_package expected = *b;

	(void)state;
	main.token = caching.token = TOKEN;
	expected.main = &main;
	expected.caching = &caching;
	compiled_same(a, &expected);
	assert_int_equal(compiled->model[0].cached_bytes, 67584);
	assert_int_equal(compiled->model[0].streamed_bytes, 0);
	edgetpu_package_free(a);
	edgetpu_package_free(b);
	atoll_model_free(ours);
	atoll_compiled_free(compiled);
	atoll_model_free(theirs);
	atoll_model_free(model);
}

static void a_model_unlike_the_vendors_is_told_as_such(void **state)
{
	struct atoll_model *model = must_load(check_data_path("models/dense_512.tflite"));
	struct atoll_model *theirs = must_load(check_data_path("models/dense_256_edgetpu.tflite"));
	struct atoll_model *twin = must_load(check_data_path("models/dense_256.tflite"));
	const struct atoll_compile_job job = { .model = model };
	const struct atoll_compile_options options = {
		.target = ATOLL_TARGET_LIKE, .like = theirs, .like_twin = twin };
	enum atoll_compile_failure failure = ATOLL_COMPILE_OTHER;

	(void)state;
	assert_null(atoll_compile(&job, 1, &options, &failure, NULL));
	assert_int_equal(failure, ATOLL_COMPILE_DIFFERS);
	atoll_model_free(twin);
	atoll_model_free(theirs);
	atoll_model_free(model);
}

static void a_model_that_is_not_quantized_is_told_as_such(void **state)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	const struct atoll_builder_tensor tensor = { .name = "t", .type = ATOLL_FLOAT32,
						     .rank = 2, .dims = { 1, 4 } };
	enum atoll_compile_failure failure = ATOLL_COMPILE_OTHER;
	struct atoll_compile_job job = { 0 };
	struct atoll_model *model;
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	atoll_builder_tensor(b, &tensor);
	atoll_builder_tensor(b, &tensor);
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_RELU, .inputs = 1, .input = (int32_t[]){ 0 }, .outputs = 1,
		.output = (int32_t[]){ 1 } });
	atoll_builder_inputs(b, 1, (int32_t[]){ 0 });
	atoll_builder_outputs(b, 1, (int32_t[]){ 1 });
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), 0);
	atoll_builder_free(b);
	job.model = model = atoll_model_take_bytes(bytes, size, "floats", &err);
	assert_non_null(model);
	assert_null(atoll_compile(&job, 1, NULL, &failure, &err));
	assert_int_equal(failure, ATOLL_COMPILE_NOT_QUANTIZED);
	assert_non_null(strstr(err.text, "floats"));
	atoll_model_free(model);
}

/* One operator on a picture of 4096 x 4097 x 4 numbers, a row more than layers hold. */
static void activations_that_no_chip_has_room_for_are_told_as_such(void **state)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	const struct atoll_builder_tensor picture = {
		.name = "in", .type = ATOLL_UINT8, .rank = 4, .dims = { 1, 4097, 4096, 4 },
		.scale = 1,
	};
	struct atoll_builder_tensor line = picture;
	enum atoll_compile_failure failure = ATOLL_COMPILE_OTHER;
	struct atoll_compile_job job = { 0 };
	struct atoll_model *model;
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	line.name = "out";
	line.dims[1] = 1;
	atoll_builder_tensor(b, &picture);
	atoll_builder_tensor(b, &line);
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_MAX_POOL_2D, .inputs = 1, .input = (int32_t[]){ 0 },
		.outputs = 1, .output = (int32_t[]){ 1 }, .options_type = OPTIONS_POOL_2D,
		.options = 5, .option = (struct atoll_builder_option[]){
			{ .kind = ATOLL_OPTION_I8, .id = POOL_2D_PADDING, .i = PADDING_VALID },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_W, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_STRIDE_H, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_WIDTH, .i = 1 },
			{ .kind = ATOLL_OPTION_I32, .id = POOL_2D_FILTER_HEIGHT, .i = 4097 },
		} });
	atoll_builder_inputs(b, 1, (int32_t[]){ 0 });
	atoll_builder_outputs(b, 1, (int32_t[]){ 1 });
	assert_int_equal(atoll_builder_finish(b, &bytes, &size, &err), 0);
	atoll_builder_free(b);
	job.model = model = atoll_model_take_bytes(bytes, size, "large", &err);
	assert_non_null(model);
	assert_null(atoll_compile(&job, 1, NULL, &failure, &err));
	assert_string_equal(err.text, "large: tensor in: 67125248 bytes, at most 67108864 can "
			    "be taken");
	assert_int_equal(failure, ATOLL_COMPILE_TOO_LARGE);
	atoll_model_free(model);
}

static void flatc_reads_what_was_compiled(void **state)
{
	struct own own = own_model(2);
	struct atoll_compiled *compiled = compile(own.model, NULL);
	json_t *json = flatc_json(TFLITE_SCHEMA, compiled->model[0].bytes,
				  compiled->model[0].size);
	json_t *code = json_array_get(json_object_get(json, "operator_codes"), 0);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(code, "custom_code")),
			    EDGETPU_OPERATOR);
	json_decref(json);
	atoll_compiled_free(compiled);
	own_free(&own);
}

/* As published logs have them; programs look for these. */
static void mappings_have_the_words_of_the_vendors_compiler(void **state)
{
	(void)state;
	assert_string_equal(atoll_mapping_text(ATOLL_MAPPED), "Mapped to Edge TPU");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_SECOND_PART),
			    "More than one subgraph is not supported");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_LIMIT),
			    "Operation is otherwise supported, but not mapped due to some "
			    "unspecified limitation");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_TYPE),
			    "Operation is working on an unsupported data type");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_OPERATOR),
			    "Operation not supported");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_VERSION),
			    "Operation version not supported");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_RANK),
			    "Tensor has unsupported rank (up to 3 innermost dimensions "
			    "mapped)");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_STRIDE),
			    "Only Strided-Slice with unitary strides supported");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_NOT_CONSTANT),
			    "Filter, bias, or other param is not constant at compile-time");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_NOT_FLAT),
			    "For example, a fully-connected or softmax layer with 2D output");
	assert_string_equal(atoll_mapping_text(ATOLL_NOT_MAPPED_INTERPOLATION),
			    "Image-interpolation layer won't run precisely enough on Edge "
			    "TPU");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_compiles),
		cmocka_unit_test(all_models_answer_as_before_on_the_cpu_and_emulated),
		cmocka_unit_test(our_own_models_answer_as_before),
		cmocka_unit_test(models_of_one_call_share_the_memory_and_a_token),
		cmocka_unit_test(in_order_the_first_model_takes_what_it_can),
		cmocka_unit_test(each_call_has_a_token_of_its_own),
		cmocka_unit_test(equal_calls_give_equal_files),
		cmocka_unit_test(the_oldest_runtime_is_written_into_the_package),
		cmocka_unit_test(a_model_of_which_nothing_can_be_mapped_is_written_as_it_is),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		cmocka_unit_test(like_the_vendors_model_all_is_the_vendors_but_the_token),
		cmocka_unit_test(a_model_unlike_the_vendors_is_told_as_such),
		cmocka_unit_test(a_model_that_is_not_quantized_is_told_as_such),
		cmocka_unit_test(activations_that_no_chip_has_room_for_are_told_as_such),
		cmocka_unit_test(flatc_reads_what_was_compiled),
		cmocka_unit_test(mappings_have_the_words_of_the_vendors_compiler),
	};

	return CHECK_RUN(tests);
}
