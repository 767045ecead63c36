/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/schema/tflite.h"
#include "tests/check.h"

/* Reports are written into memory. */
static char *said;
static size_t said_bytes;
static FILE *out;

static int begin(void **state)
{
	(void)state;
	out = open_memstream(&said, &said_bytes);
	return out ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(said);
	return 0;
}

static const char *all_said(void)
{
	(void)fclose(out); /* into memory */
	return said;
}

/* Five operators, 0 to 3 a chain, 4 beside them. */
static struct atoll_tensor tensor[] = {
	{ .name = "in" }, { .name = "a" }, { .name = "b" }, { .name = "c" }, { .name = "d" },
	{ .name = "e" },
};
static const int32_t number[] = { 0, 1, 2, 3, 4, 5 };
static const struct atoll_operator op[] = {
	{ .code = BUILTIN_CONV_2D, .name = "CONV_2D", .inputs = 1, .input = &number[0],
	  .outputs = 1, .output = &number[1], .version = 1 },
	{ .code = BUILTIN_RESHAPE, .name = "RESHAPE", .inputs = 1, .input = &number[1],
	  .outputs = 1, .output = &number[2], .version = 1 },
	{ .code = BUILTIN_CONV_2D, .name = "CONV_2D", .inputs = 1, .input = &number[2],
	  .outputs = 1, .output = &number[3], .version = 1 },
	{ .code = BUILTIN_CUSTOM, .name = "Fancy", .inputs = 1, .input = &number[3],
	  .outputs = 1, .output = &number[4], .version = 1 },
	{ .code = BUILTIN_CONV_2D, .name = "CONV_2D", .inputs = 1, .input = &number[1],
	  .outputs = 1, .output = &number[5], .version = 99 },
};
static struct atoll_graph graph = { .tensors = 6, .tensor = tensor, .operators = 5, .op = op };
static const struct atoll_model model = { .size = 67584, .graphs = 1, .graph = &graph };

static const struct atoll_compiled_op all[5] = { { 0 } };
static const struct atoll_compiled_op some[5] = {
	[2] = { .mapping = ATOLL_NOT_MAPPED_RANK }, [3] = { .mapping = ATOLL_NOT_MAPPED_TYPE },
	[4] = { .mapping = ATOLL_NOT_MAPPED_VERSION },
};
static const struct atoll_compiled_model full = {
	.size = 8042578, .operators = 5, .mapped = 5, .op = all, .parts = 1,
	.cached_bytes = 66 * 1024, .streamed_bytes = 512, .remaining_bytes = 8042578,
};
static const struct atoll_compiled_model half = {
	.size = 100, .operators = 5, .mapped = 2, .op = some, .parts = 1,
	.cached_bytes = 1536, .remaining_bytes = 1,
};
static char folder_a[] = "out/a_edgetpu.tflite", log_a[] = "out/a_edgetpu.log";
static char folder_b[] = "b_edgetpu.tflite", log_b[] = "b_edgetpu.log";
static const struct compile_item item[] = {
	{ .path = "x/a.tflite", .model = &model, .output_path = folder_a, .log_path = log_a,
	  .compiled = &full },
	{ .path = "b.tflite", .model = &model, .output_path = folder_b, .log_path = log_b,
	  .compiled = &half },
};

static void sizes_have_two_decimals_and_the_largest_unit(void **state)
{
	static const struct { uint64_t bytes; const char *text; } size[] = {
		{ 0, "0.00B" }, { 1, "1.00B" }, { 512, "512.00B" }, { 1023, "1023.00B" },
		{ 1024, "1.00KiB" }, { 67584, "66.00KiB" }, { 8042578, "7.67MiB" },
		{ 1342177280, "1.25GiB" }, { UINT64_C(5) << 40, "5120.00GiB" },
	};
	char text[REPORT_SIZE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		assert_string_equal(report_size(size[i].bytes, text), size[i].text);
	(void)all_said();
}

static void a_model_that_is_all_mapped(void **state)
{
	(void)state;
	report_version(out, "16.0.384591198");
	report_timer(out, 180);
	report_models(out, item, 1, 12, false);
	report_end(out, REPORT_GOOD);
	assert_string_equal(all_said(),
		"Edge TPU Compiler version 16.0.384591198\n"
		"Started a compilation timeout timer of 180 seconds.\n"
		"\n"
		"Model compiled successfully in 12 ms.\n"
		"\n"
		"Input model: x/a.tflite\n"
		"Input size: 66.00KiB\n"
		"Output model: out/a_edgetpu.tflite\n"
		"Output size: 7.67MiB\n"
		"On-chip memory used for caching model parameters: 66.00KiB\n"
		"On-chip memory remaining for caching model parameters: 7.67MiB\n"
		"Off-chip memory used for streaming uncached model parameters: 512.00B\n"
		"Number of Edge TPU subgraphs: 1\n"
		"Total number of operations: 5\n"
		"Operation log: out/a_edgetpu.log\n"
		"See the operation log file for individual operation details.\n"
		"Compilation child process completed within timeout period.\n"
		"Compilation succeeded! \n");
}

#define NOT_ALL \
	"\n" \
	"Model successfully compiled but not all operations are supported by the Edge TPU. " \
	"A percentage of the model will instead run on the CPU, which is slower. If possible, " \
	"consider updating your model to use only operations supported by the Edge TPU. For " \
	"details, visit g.co/coral/model-reqs.\n" \
	"Number of operations that will run on Edge TPU: 2\n" \
	"Number of operations that will run on CPU: 3\n"

#define TABLE \
	"Operator                       Count      Status\n" \
	"\n" \
	"CONV_2D                        1          Mapped to Edge TPU\n" \
	"CONV_2D                        1          Operation version not supported\n" \
	"CONV_2D                        1          Tensor has unsupported rank (up to 3 " \
	"innermost dimensions mapped)\n" \
	"RESHAPE                        1          Mapped to Edge TPU\n" \
	"CUSTOM                         1          Operation is working on an unsupported data " \
	"type\n"

static void several_models_with_their_tables(void **state)
{
	(void)state;
	report_models(out, item, 2, 1234, true);
	assert_string_equal(all_said(),
		"\n"
		"Models compiled successfully in 1234 ms.\n"
		"\n"
		"Input model: x/a.tflite\n"
		"Input size: 66.00KiB\n"
		"Output model: out/a_edgetpu.tflite\n"
		"Output size: 7.67MiB\n"
		"On-chip memory used for caching model parameters: 66.00KiB\n"
		"On-chip memory remaining for caching model parameters: 7.67MiB\n"
		"Off-chip memory used for streaming uncached model parameters: 512.00B\n"
		"Number of Edge TPU subgraphs: 1\n"
		"Total number of operations: 5\n"
		"Operation log: out/a_edgetpu.log\n"
		"\n"
		"Operator                       Count      Status\n"
		"\n"
		"CONV_2D                        3          Mapped to Edge TPU\n"
		"RESHAPE                        1          Mapped to Edge TPU\n"
		"CUSTOM                         1          Mapped to Edge TPU\n"
		"\n"
		"Input model: b.tflite\n"
		"Input size: 66.00KiB\n"
		"Output model: b_edgetpu.tflite\n"
		"Output size: 100.00B\n"
		"On-chip memory used for caching model parameters: 1.50KiB\n"
		"On-chip memory remaining for caching model parameters: 1.00B\n"
		"Off-chip memory used for streaming uncached model parameters: 0.00B\n"
		"Number of Edge TPU subgraphs: 1\n"
		"Total number of operations: 5\n"
		"Operation log: b_edgetpu.log\n"
		NOT_ALL
		"\n"
		TABLE);
}

static void a_model_that_is_partly_mapped(void **state)
{
	(void)state;
	report_models(out, &item[1], 1, 0, false);
	assert_non_null(strstr(all_said(),
		"\nOperation log: b_edgetpu.log\n"
		NOT_ALL
		"See the operation log file for individual operation details.\n"));
}

static void nothing_mapped_is_no_failure(void **state)
{
	static const struct atoll_compiled_op none[5] = {
		{ .mapping = ATOLL_NOT_MAPPED_OPERATOR }, { .mapping = ATOLL_NOT_MAPPED_OPERATOR },
		{ .mapping = ATOLL_NOT_MAPPED_OPERATOR }, { .mapping = ATOLL_NOT_MAPPED_OPERATOR },
		{ .mapping = ATOLL_NOT_MAPPED_OPERATOR },
	};
	static const struct atoll_compiled_model nothing = {
		.size = 100, .operators = 5, .op = none, .remaining_bytes = 8388608,
	};
	struct compile_item alone = item[1];

	(void)state;
	alone.compiled = &nothing;
	report_models(out, &alone, 1, 0, false);
	assert_non_null(strstr(all_said(),
		"On-chip memory used for caching model parameters: 0.00B\n"
		"On-chip memory remaining for caching model parameters: 0.00B\n"
		"Off-chip memory used for streaming uncached model parameters: 0.00B\n"
		"Number of Edge TPU subgraphs: 0\n"
		"Total number of operations: 5\n"));
}

static void the_log_has_a_row_for_each_operator_and_status(void **state)
{
	(void)state;
	report_log(out, "16.0.384591198", &item[1]);
	assert_string_equal(all_said(),
		"Edge TPU Compiler version 16.0.384591198\n"
		"Input: b.tflite\n"
		"Output: b_edgetpu.tflite\n"
		"\n"
		TABLE);
}

static void a_search_tells_what_it_tries(void **state)
{
	(void)state;
	report_search(out, 3);
	report_attempt(out, &graph, 5);
	report_attempt(out, &graph, 2);
	assert_string_equal(all_said(),
		"Searching for valid delegate with step 3\n"
		"Try to compile segment with 5 ops\n"
		"Try to compile segment with 2 ops\n"
		"Intermediate tensors: a,b\n");
}

static void a_file_that_is_no_model(void **state)
{
	(void)state;
	report_failure(out, "x.tflite", NULL, ATOLL_COMPILE_OTHER);
	report_end(out, REPORT_FAILED);
	assert_string_equal(all_said(),
		"Invalid model: x.tflite\n"
		"Model could not be parsed\n"
		"Compilation child process completed within timeout period.\n"
		"Compilation failed! \n");
}

static void a_model_that_is_not_quantized(void **state)
{
	(void)state;
	report_failure(out, "x.tflite", &graph, ATOLL_COMPILE_NOT_QUANTIZED);
	assert_string_equal(all_said(), "Invalid model: x.tflite\nModel not quantized\n");
}

#define INTERPRETER \
	"Compilation failed: Model failed in Tflite interpreter. Please ensure model can be " \
	"loaded/run in Tflite interpreter.\n"

static void sizes_that_are_not_known(void **state)
{
	(void)state;
	report_failure(out, "x.tflite", &graph, ATOLL_COMPILE_DYNAMIC);
	assert_string_equal(all_said(),
		"ERROR: Attempting to use a delegate that only supports static-sized tensors "
		"with a graph that has dynamic-sized tensors.\n" INTERPRETER);
}

static void a_version_that_is_not_known(void **state)
{
	const struct atoll_graph last = { .operators = 1, .op = &op[4] };

	(void)state;
	report_failure(out, "x.tflite", &last, ATOLL_COMPILE_NO_KERNEL);
	assert_string_equal(all_said(),
		"ERROR: Didn't find op for builtin opcode 'CONV_2D' version '99'\n"
		"\n"
		"ERROR: Registration failed.\n"
		"\n"
		"Invalid model: x.tflite\n"
		"Model could not be parsed\n");
}

static void a_custom_operator_that_is_not_known(void **state)
{
	(void)state;
	report_failure(out, "x.tflite", &graph, ATOLL_COMPILE_NO_KERNEL);
	assert_string_equal(all_said(),
		"ERROR: Encountered unresolved custom op: Fancy.\n"
		"ERROR: Node number 3 (Fancy) failed to prepare.\n"
		"\n" INTERPRETER);
}

static void activations_that_do_not_fit(void **state)
{
	(void)state;
	report_failure(out, "x.tflite", &graph, ATOLL_COMPILE_TOO_LARGE);
	assert_string_equal(all_said(),
		"ERROR: Restored original execution plan after delegate application failure.\n"
		"Compilation failed: Compilation failed due to large activation tensors in "
		"model.\n");
}

static void anything_else_has_the_last_lines_alone(void **state)
{
	(void)state;
	report_failure(out, "x.tflite", &graph, ATOLL_COMPILE_OTHER);
	report_failure(out, "x.tflite", &graph, ATOLL_COMPILE_DIFFERS);
	report_end(out, REPORT_FAILED);
	assert_string_equal(all_said(),
		"Compilation child process completed within timeout period.\n"
		"Compilation failed! \n");
}

static void a_timeout_says_nothing_of_a_child(void **state)
{
	(void)state;
	report_end(out, REPORT_TIMEOUT);
	assert_string_equal(all_said(),
		"Compilation timeout. This is usually caused by large activations.\n"
		"Compilation failed! \n");
}

static void an_estimate_has_a_line_for_each_bus(void **state)
{
	const struct atoll_estimate estimate = { .total_ms = { 2.5, 2.66, 118.309 } };

	(void)state;
	report_estimate(out, &item[1], &estimate);
	assert_string_equal(all_said(),
		"\n"
		"Estimated time on the Edge TPU: b.tflite\n"
		"PCIe       2.50 ms\n"
		"USB 3      2.66 ms\n"
		"USB 2    118.31 ms\n"
		"Operations on the CPU, which are not in it: 3\n");
}

#define REPORT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		REPORT(sizes_have_two_decimals_and_the_largest_unit),
		REPORT(a_model_that_is_all_mapped),
		REPORT(several_models_with_their_tables),
		REPORT(a_model_that_is_partly_mapped),
		REPORT(nothing_mapped_is_no_failure),
		REPORT(the_log_has_a_row_for_each_operator_and_status),
		REPORT(a_search_tells_what_it_tries),
		REPORT(a_file_that_is_no_model),
		REPORT(a_model_that_is_not_quantized),
		REPORT(sizes_that_are_not_known),
		REPORT(a_version_that_is_not_known),
		REPORT(a_custom_operator_that_is_not_known),
		REPORT(activations_that_do_not_fit),
		REPORT(anything_else_has_the_last_lines_alone),
		REPORT(a_timeout_says_nothing_of_a_child),
		REPORT(an_estimate_has_a_line_for_each_bus),
	};

	return CHECK_RUN(tests);
}
