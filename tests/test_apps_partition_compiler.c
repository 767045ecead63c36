/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/partition_compiler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apps/stop.h"
#include "tests/check.h"
#include "tests/folder.h"

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* A compiler that is a script of the shell. */
static struct compiler new_compiler(const char *script)
{
	static char program[64], words[64];

	write_file("compiler", script);
	assert_int_equal(chmod(in_folder("compiler"), 0700), 0);
	snprintf(program, sizeof(program), "%s", in_folder("compiler"));
	snprintf(words, sizeof(words), "%s", in_folder("words"));
	return (struct compiler){ .program = program, .words = words, .search_step = 3 };
}

static struct compiler_answer run(const struct compiler *compiler, uint32_t segments)
{
	struct compiler_answer answer;
	struct atoll_error err;

	if (compiler_run(compiler, "model.tflite", "out", segments, &answer, &err) < 0)
		fail_msg("%s", err.text);
	return answer;
}

static void assert_file(const char *name, const char *text)
{
	char *is = check_read(in_folder(name), &(size_t){ 0 });

	assert_string_equal(is, text);
	free(is);
}

static void it_is_told_what_to_do(void **state)
{
	struct compiler compiler = new_compiler("#!/bin/sh\necho \"$@\"\n");

	(void)state;
	assert_true(run(&compiler, 0).is_compiled);
	assert_file("words", "-o out -d -k 3 model.tflite\n");
	assert_true(run(&compiler, 4).is_compiled);
	assert_file("words", "-o out -d -k 3 -n 4 model.tflite\n");
}

static void parameters_that_are_sent_each_time_are_told(void **state)
{
	struct compiler compiler = new_compiler(
		"#!/bin/sh\n"
		"echo 'On-chip memory used for caching model parameters: 66.00KiB'\n"
		"echo 'Off-chip memory used for streaming uncached model parameters: 1.25MiB'\n"
		"echo 'Compilation succeeded! '\n");
	struct compiler_answer answer = run(&compiler, 0);

	(void)state;
	assert_true(answer.is_compiled);
	assert_string_equal(answer.off_chip, "1.25MiB");
	assert_string_equal(answer.why, "");
}

static void a_refusal_comes_with_its_sentence(void **state)
{
	struct compiler compiler = new_compiler(
		"#!/bin/sh\n"
		"echo 'Edge TPU Compiler version 16.0.384591198'\n"
		"echo 'Invalid model: model.tflite' >&2\n"
		"echo 'Model not quantized'\n"
		"echo 'Compilation failed! '\n"
		"exit 1\n");
	struct compiler_answer answer = run(&compiler, 0);

	(void)state;
	assert_false(answer.is_compiled);
	assert_string_equal(answer.why, "Invalid model: model.tflite");
	compiler = new_compiler("#!/bin/sh\nexit 3\n");
	answer = run(&compiler, 0);
	assert_false(answer.is_compiled);
	assert_string_equal(answer.why, "");
}

static void one_that_crashes_has_not_compiled(void **state)
{
	struct compiler compiler = new_compiler("#!/bin/sh\nkill -SEGV $$\n");

	(void)state;
	assert_false(run(&compiler, 0).is_compiled);
}

static void lines_that_are_too_long_are_cut(void **state)
{
	struct compiler_answer answer = { 0 };
	char text[600] = "Compilation failed: ";

	(void)state;
	memset(text + strlen(text), 'x', 500);
	write_file("words", text);
	assert_int_equal(compiler_read(in_folder("words"), &answer, NULL), 0);
	assert_int_equal(strlen(answer.why), sizeof(answer.why) - 1);
}

static void a_program_that_is_not_there_is_named(void **state)
{
	struct compiler compiler = new_compiler("");
	struct compiler_answer answer;
	struct atoll_error err;

	(void)state;
	compiler.program = "/nowhere/compiler";
	assert_int_equal(compiler_run(&compiler, "a.tflite", ".", 0, &answer, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere/compiler: No such file or directory");
}

static void the_user_may_stop_it(void **state)
{
	struct compiler compiler = new_compiler("#!/bin/sh\nkill -TERM $PPID\nexec sleep 60\n");
	struct compiler_answer answer;
	struct atoll_error err;

	(void)state;
	stop_begin();
	assert_int_equal(compiler_run(&compiler, "a.tflite", ".", 0, &answer, &err), -EINTR);
	assert_non_null(strstr(err.text, "/compiler: stopped"));
	stop_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(it_is_told_what_to_do),
		IN_FOLDER(parameters_that_are_sent_each_time_are_told),
		IN_FOLDER(a_refusal_comes_with_its_sentence),
		IN_FOLDER(one_that_crashes_has_not_compiled),
		IN_FOLDER(lines_that_are_too_long_are_cut),
		IN_FOLDER(a_program_that_is_not_there_is_named),
		IN_FOLDER(the_user_may_stop_it),
	};

	return CHECK_RUN(tests);
}
