/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/compile_check.h"
#include "apps/compile_graph.h"
#include "apps/compile_json.h"
#include "runtime/builder.h"
#include "runtime/schema/tflite.h"
#include "tests/check.h"

/* Models of one or two operators, each with what makes it special. */

static int32_t tensor(struct atoll_builder *b, const char *name, enum atoll_type type,
		      int32_t channels)
{
	return atoll_builder_tensor(b, &(struct atoll_builder_tensor){
		.name = name, .type = type, .rank = 4, .dims = { 1, 8, 8, channels },
		.scale = type == ATOLL_UINT8 ? 0.5f : 0 });
}

static void operate(struct atoll_builder *b, uint32_t code, int32_t in, int32_t out)
{
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = code, .inputs = 1, .input = &in, .outputs = 1, .output = &out });
}

static struct atoll_builder *build_float(void)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	int32_t in = tensor(b, "in", ATOLL_FLOAT32, 4), out = tensor(b, "out", ATOLL_FLOAT32, 4);

	operate(b, BUILTIN_RELU, in, out);
	atoll_builder_inputs(b, 1, &in);
	atoll_builder_outputs(b, 1, &out);
	return b;
}

static struct atoll_builder *build_version(void)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	int32_t in = tensor(b, "in", ATOLL_UINT8, 4), out = tensor(b, "out", ATOLL_UINT8, 4);

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_RELU, .version = 99, .inputs = 1, .input = &in,
		.outputs = 1, .output = &out });
	atoll_builder_inputs(b, 1, &in);
	atoll_builder_outputs(b, 1, &out);
	return b;
}

static struct atoll_builder *build_custom(void)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	int32_t in = tensor(b, "in", ATOLL_UINT8, 4), middle = tensor(b, "middle", ATOLL_UINT8, 4);
	int32_t out = tensor(b, "out", ATOLL_UINT8, 4);

	operate(b, BUILTIN_RELU, in, middle);
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_CUSTOM, .custom = "Sparkle", .inputs = 1, .input = &middle,
		.outputs = 1, .output = &out });
	atoll_builder_inputs(b, 1, &in);
	atoll_builder_outputs(b, 1, &out);
	return b;
}

/* How the output looks is an input. */
static struct atoll_builder *build_dynamic(void)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	int32_t in[] = {
		tensor(b, "in", ATOLL_UINT8, 4),
		atoll_builder_tensor(b, &(struct atoll_builder_tensor){
			.name = "shape", .type = ATOLL_INT32, .rank = 1, .dims = { 4 } }),
	};
	int32_t out = tensor(b, "out", ATOLL_UINT8, 4);

	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_RESHAPE, .inputs = 2, .input = in, .outputs = 1, .output = &out });
	atoll_builder_inputs(b, 2, in);
	atoll_builder_outputs(b, 1, &out);
	return b;
}

/* The second of two operators has more to do than fits. */
static struct atoll_builder *build_large(void)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	int32_t in[2], out[2];

	for (int i = 0; i < 2; i++) {
		struct atoll_builder_tensor t = {
			.name = i ? "in1" : "in0", .type = ATOLL_UINT8, .rank = 4, .scale = 0.5f,
			.dims = { 1, i ? 2048 : 8, i ? 2048 : 8, 20 },
		};

		in[i] = atoll_builder_tensor(b, &t);
		t.name = i ? "out1" : "out0";
		out[i] = atoll_builder_tensor(b, &t);
		operate(b, BUILTIN_RELU, in[i], out[i]);
	}
	atoll_builder_inputs(b, 2, in);
	atoll_builder_outputs(b, 2, out);
	return b;
}

/* What the chip does not have, in the middle: two parts, and two rows past it. The names
   are those of somebody with bad intentions. */
static struct atoll_builder *build_parts(void)
{
	struct atoll_builder *b = atoll_builder_new(NULL);
	int32_t in = tensor(b, "<script>\"&", ATOLL_UINT8, 4), a = tensor(b, "a", ATOLL_UINT8, 4);
	int32_t c = tensor(b, "c", ATOLL_UINT8, 4), d = tensor(b, "d", ATOLL_UINT8, 4);
	int32_t out = tensor(b, "out\33[2J", ATOLL_UINT8, 8);

	operate(b, BUILTIN_RELU, in, a);
	operate(b, BUILTIN_LEAKY_RELU, a, c);
	operate(b, BUILTIN_RELU6, c, d);
	atoll_builder_operator(b, &(struct atoll_builder_operator){
		.code = BUILTIN_CONCATENATION, .inputs = 2, .input = (int32_t[]){ d, a },
		.outputs = 1, .output = &out, .options_type = OPTIONS_CONCATENATION,
		.options = 1, .option = &(struct atoll_builder_option){
			.kind = ATOLL_OPTION_I32, .id = CONCATENATION_AXIS, .i = 3 } });
	atoll_builder_inputs(b, 1, &in);
	atoll_builder_outputs(b, 1, &out);
	return b;
}

static const struct {
	const char *name;
	struct atoll_builder *(*build)(void);
} models[] = {
	{ "float.tflite", build_float }, { "version.tflite", build_version },
	{ "custom.tflite", build_custom }, { "dynamic.tflite", build_dynamic },
	{ "large.tflite", build_large }, { "parts.tflite", build_parts },
};

/* For tests/cli/compile.sh. */
static void write_models(const char *folder)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct atoll_builder *b = models[i].build();
		struct atoll_error err;
		char path[4096];
		void *bytes;
		size_t size;
		FILE *file;

		if (atoll_builder_finish(b, &bytes, &size, &err) < 0)
			fail_msg("%s: %s", models[i].name, err.text);
		(void)snprintf(path, sizeof(path), "%s/%s", folder, models[i].name);
		file = fopen(path, "wb");
		if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
			fail_msg("cannot write %s", path);
		free(bytes);
		atoll_builder_free(b);
	}
}

/* The parts, compiled by hand. */
static struct atoll_model *model;
static struct atoll_model seen; /* the same, but of a known size */
static struct compile_item item;
static const struct atoll_compiled_op op[] = {
	{ .mapping = ATOLL_MAPPED },
	{ .mapping = ATOLL_NOT_MAPPED_OPERATOR, .why = "the chip has no LEAKY_RELU",
	  .advice = "use PRELU, or RELU & <others>" },
	{ .mapping = ATOLL_NOT_MAPPED_SECOND_PART, .why = "needs operator 1" },
	{ .mapping = ATOLL_NOT_MAPPED_SECOND_PART, .why = "needs operator 1" },
};
static const struct atoll_compiled_block block[] = {
	{ .op = 0, .bytes = 1024, .is_cached = true }, { .op = 0, .bytes = 64 },
};
static const struct atoll_compiled_model compiled = {
	.size = 2048, .operators = 4, .mapped = 1, .op = op, .parts = 1, .cached_bytes = 1024,
	.streamed_bytes = 64, .remaining_bytes = 3072, .blocks = 2, .block = block,
};
static char output_path[] = "parts_edgetpu.tflite", log_path[] = "parts_edgetpu.log";
static char *said;
static size_t said_bytes;
static FILE *out;

static int begin(void **state)
{
	struct atoll_builder *b = build_parts();
	struct atoll_error err;
	void *bytes;
	size_t size;

	(void)state;
	if (atoll_builder_finish(b, &bytes, &size, &err) < 0)
		fail_msg("%s", err.text);
	atoll_builder_free(b);
	model = atoll_model_take_bytes(bytes, size, "built", &err);
	if (!model)
		fail_msg("%s", err.text);
	seen = *model;
	seen.size = 1776;
	item = (struct compile_item){ .path = "parts.tflite", .model = &seen,
		.output_path = output_path, .log_path = log_path, .compiled = &compiled };
	out = open_memstream(&said, &said_bytes);
	return out ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	atoll_model_free(model);
	free(said);
	return 0;
}

static const char *all_said(void)
{
	(void)fclose(out); /* into memory */
	return said;
}

static uint32_t count(const char *text, const char *what)
{
	uint32_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void a_check_has_a_row_for_each_operator_and_what_to_change(void **state)
{
	(void)state;
	check_print(out, &item);
	assert_string_equal(all_said(),
		"parts.tflite: 1 of 4 operators on the Edge TPU\n"
		"\n"
		"    #  operator                 output           where\n"
		"    0  RELU                     1x8x8x4          TPU\n"
		"    1  LEAKY_RELU               1x8x8x4          CPU  the chip has no LEAKY_RELU\n"
		"    2  RELU6                    1x8x8x4          CPU  needs operator 1\n"
		"    3  CONCATENATION            1x8x8x8          CPU  needs operator 1\n"
		"\n"
		"On the CPU:\n"
		"  Operation not supported (1)\n"
		"    use PRELU, or RELU & <others>\n"
		"  More than one subgraph is not supported (2, 3)\n");
}

static void parts_are_numbered_when_there_are_several(void **state)
{
	const struct atoll_compiled_op both[] = {
		{ .part = 0 }, { .mapping = ATOLL_NOT_MAPPED_OPERATOR }, { .part = 1 },
		{ .part = 1 },
	};
	const struct atoll_compiled_model two = {
		.operators = 4, .mapped = 3, .op = both, .parts = 2,
	};

	(void)state;
	item.compiled = &two;
	check_print(out, &item);
	(void)all_said();
	assert_non_null(strstr(said, "3 of 4 operators on the Edge TPU in 2 parts\n"));
	assert_non_null(strstr(said, "    0  RELU                     1x8x8x4          TPU 1\n"));
	assert_non_null(strstr(said, "    3  CONCATENATION            1x8x8x8          TPU 2\n"));
}

static void operators_of_a_reason_are_ranges(void **state)
{
	struct atoll_compiled_op many[12] = { { 0 } };
	const struct atoll_compiled_model wide = { .operators = 12, .op = many };
	struct compile_item ranges = { .compiled = &wide };
	struct check_reason reason;
	uint32_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < 12; i++)
		if (i != 1 && i != 5 && i != 8)
			many[i].mapping = ATOLL_NOT_MAPPED_TYPE;
	assert_true(check_next_reason(&ranges, &at, &reason));
	check_print_operators(out, &ranges, &reason);
	assert_false(check_next_reason(&ranges, &at, &reason));
	assert_string_equal(all_said(), "0, 2-4, 6, 7, 9-11");
}

static void the_json_is_one_line(void **state)
{
	const struct compile_settings settings = { .models = 1 };
	const struct atoll_estimate estimate = {
		.work = { .wide = 3, .narrow = 4, .ms = 5 }, .instruction_bytes = 6,
		.input_bytes = 7, .parameter_bytes = 8, .output_bytes = 9,
		.total_ms = { 10.5, 11, 12 },
	};

	(void)state;
	compile_json(out, &settings, &item, &estimate, 1, 0xabc, 17);
	assert_string_equal(all_said(),
		"{\"target\":\"emulator\",\"token\":\"0000000000000abc\",\"took_ms\":17,"
		"\"models\":[{"
		"\"input\":\"parts.tflite\",\"input_bytes\":1776,"
		"\"output\":\"parts_edgetpu.tflite\",\"log\":\"parts_edgetpu.log\","
		"\"output_bytes\":2048,\"mapped\":1,\"parts\":1,\"cached_bytes\":1024,"
		"\"remaining_bytes\":3072,\"streamed_bytes\":64,\"operators\":["
		"{\"name\":\"RELU\",\"version\":1,\"device\":\"tpu\",\"part\":0,"
		"\"status\":\"Mapped to Edge TPU\"},"
		"{\"name\":\"LEAKY_RELU\",\"version\":1,\"device\":\"cpu\","
		"\"status\":\"Operation not supported\","
		"\"why\":\"the chip has no LEAKY_RELU\","
		"\"advice\":\"use PRELU, or RELU & <others>\"},"
		"{\"name\":\"RELU6\",\"version\":1,\"device\":\"cpu\","
		"\"status\":\"More than one subgraph is not supported\","
		"\"why\":\"needs operator 1\",\"advice\":null},"
		"{\"name\":\"CONCATENATION\",\"version\":1,\"device\":\"cpu\","
		"\"status\":\"More than one subgraph is not supported\","
		"\"why\":\"needs operator 1\",\"advice\":null}],\"parameters\":["
		"{\"operator\":0,\"part\":0,\"cached\":true,\"offset\":0,\"bytes\":1024},"
		"{\"operator\":0,\"part\":0,\"cached\":false,\"offset\":0,\"bytes\":64}],"
		"\"estimate\":{\"instruction_bytes\":6,\"input_bytes\":7,"
		"\"parameter_bytes\":8,\"output_bytes\":9,\"wide\":3,\"narrow\":4,"
		"\"compute_ms\":5,\"pcie_ms\":10.5,\"usb3_ms\":11,\"usb2_ms\":12}}]}\n");
}

static void a_failure_is_an_object_too(void **state)
{
	(void)state;
	compile_json_failure(out, compile_json_kind(ATOLL_COMPILE_NOT_QUANTIZED), "a: \"b\"");
	assert_string_equal(all_said(),
		"{\"failure\":\"not quantized\",\"error\":\"a: \\\"b\\\"\"}\n");
}

/* Dots in rows of 30: input, four operators, output. What skips a row goes around it. */
static void the_graph_has_dots_and_lines(void **state)
{
	(void)state;
	assert_int_equal(graph_draw(out, &item), 0);
	(void)all_said();
	assert_non_null(strstr(said, "<svg width=\"39\" height=\"180\""));
	assert_int_equal(count(said, "<rect"), 2);
	assert_int_equal(count(said, "<circle class=\"tpu\""), 1);
	assert_int_equal(count(said, "<circle class=\"cpu\""), 3);
	assert_int_equal(count(said, "<path"), 6);
	/* Input to 0, 0 to 1, and 0 to 3 around two rows. */
	assert_non_null(strstr(said, "<path class=\"crosses\" d=\"M27 15V45\"/>"));
	assert_non_null(strstr(said, "<path class=\"crosses\" d=\"M27 45V75\"/>"));
	assert_non_null(strstr(said, "<path class=\"crosses\" d=\"M27 45H21Q15 45 15 51V129"
				     "Q15 135 21 135H27\"/>"));
	assert_non_null(strstr(said, "<path d=\"M27 75V105\"/>"));
}

static void names_are_text_wherever_they_come_from(void **state)
{
	(void)state;
	page_text(out, "<b a=\"1\">x & y</b>\33[2J\n");
	assert_string_equal(all_said(), "&lt;b a=&quot;1&quot;&gt;x &amp; y&lt;/b&gt; [2J ");
}

static void a_page_stands_alone_and_is_well_formed(void **state)
{
	static const char *const twice[] = {
		"article", "section", "svg", "dl", "ul", "span", "div", "b", "i", "dt", "dd",
	};
	const struct atoll_estimate estimate = { .total_ms = { 1.25, 2, 3 } };

	(void)state;
	page_begin(out, "0.1.0");
	assert_int_equal(page_item(out, &item, &estimate), 0);
	page_end(out);
	(void)all_said();
	assert_null(strstr(said, "<script"));
	assert_null(strstr(said, "http://"));
	assert_null(strstr(said, "https://"));
	assert_null(strchr(said, '\33'));
	assert_non_null(strstr(said, "input &lt;script&gt;&quot;&amp;"));
	assert_non_null(strstr(said, "use PRELU, or RELU &amp; &lt;others&gt;"));
	assert_non_null(strstr(said, "1 of 4 operators"));
	assert_non_null(strstr(said, "1.00KiB taken, 3.00KiB left"));
	assert_non_null(strstr(said, "x=\"0.000\" width=\"250.000\"")); /* 1024 of 4096 */
	assert_non_null(strstr(said, "\"others\" x=\"250.000\" width=\"0.000\""));
	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		char open[16], open_more[16], close[16];

		(void)snprintf(open, sizeof(open), "<%s>", twice[i]);
		(void)snprintf(open_more, sizeof(open_more), "<%s ", twice[i]);
		(void)snprintf(close, sizeof(close), "</%s>", twice[i]);
		assert_int_equal(count(said, open) + count(said, open_more),
				 count(said, close));
	}
}

static void what_other_models_take_is_not_free(void **state)
{
	const struct atoll_estimate estimate = { .total_ms = { 1.25, 2, 3 } };

	(void)state;
	item.others_bytes = 4096;
	assert_int_equal(page_item(out, &item, &estimate), 0);
	(void)all_said();
	assert_non_null(strstr(said, "1.00KiB taken, 4.00KiB by the other models, 3.00KiB left"));
	assert_non_null(strstr(said, "\"others\" x=\"125.000\" width=\"500.000\""));
}

static void rows_of_the_style_are_as_high_as_those_of_the_graph(void **state)
{
	char rule[64];

	(void)state;
	(void)all_said();
	(void)snprintf(rule, sizeof(rule), "height: %dpx;", GRAPH_ROW);
	assert_non_null(strstr(strstr(page_style, ".row {"), rule));
	(void)snprintf(rule, sizeof(rule), "margin-top: %dpx;", GRAPH_ROW);
	assert_non_null(strstr(page_style, rule));
}

#define PAGE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		PAGE(a_check_has_a_row_for_each_operator_and_what_to_change),
		PAGE(parts_are_numbered_when_there_are_several),
		PAGE(operators_of_a_reason_are_ranges),
		PAGE(the_json_is_one_line),
		PAGE(a_failure_is_an_object_too),
		PAGE(the_graph_has_dots_and_lines),
		PAGE(names_are_text_wherever_they_come_from),
		PAGE(a_page_stands_alone_and_is_well_formed),
		PAGE(what_other_models_take_is_not_free),
		PAGE(rows_of_the_style_are_as_high_as_those_of_the_graph),
	};

	if (argc == 3 && strcmp(argv[1], "--models") == 0) {
		write_models(argv[2]);
		return 0;
	}
	return CHECK_RUN(tests);
}
