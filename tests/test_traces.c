/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vendor's runtime said to an Edge TPU, said again by our driver. Each
 * recorded conversation is replayed over an emulated device that gives the answers
 * of the recording, and compared. The folders come from the environment:
 *
 *	TRACES         *.jsonl           default $ATOLL_TEST_DATA/traces
 *	MODELS         <model>.tflite    default $ATOLL_TEST_DATA/models
 *	ATOLL_FIRMWARE the real firmware: blocks of it are compared too, not just
 *	               their order and lengths
 *
 * The name of a file says how the device was found and what was asked for, its
 * marks say which models were loaded and run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/edgetpu/firmware.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/golden.h"
#include "tests/replay.h"
#include "tests/traces.h"

static unsigned compared, equal;

/* --- what a file is about --- */

static bool has(const char *name, const char *part)
{
	return strstr(name, part) != NULL;
}

/* Why a recording is not ours to repeat; NULL when it is. */
static const char *other_mode(const char *name)
{
	static const struct { const char *part, *why; } modes[] = {
		{ ".refused", "the vendor's runtime refused this model" },
		{ "_synthetic", "what the device answers in it is a guess" },
		{ ".multi_ep", "several endpoints need firmware that this driver does not use" },
		{ ".device_descriptors", "this driver never has the device announce transfers" },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (has(name, modes[i].part))
			return modes[i].why;
	return NULL;
}

static struct edgetpu_firmware *find_firmware(bool *is_real)
{
	const char *path = getenv("ATOLL_FIRMWARE");
	struct edgetpu_firmware *firmware;
	struct atoll_error err;

	*is_real = path && *path;
	if (!*is_real)
		return replay_firmware();
	firmware = edgetpu_firmware_read(path, &err);
	if (!firmware)
		fail_msg("%s", err.text);
	return firmware;
}

/* --- a file --- */

static const char *string_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

/* After "invoke end": the tensors that came out. */
static void compare_outputs(const struct replay *replay, const struct replay_model *loaded,
			    const struct trace_record *mark)
{
	const json_t *outputs = json_object_get(mark->json, "outputs"), *output;
	const struct edgetpu_executable *executable = loaded->package->main;
	char digits[TRACE_SHA256];
	size_t i;

	assert_int_equal(json_array_size(outputs), executable->outputs);
	json_array_foreach(outputs, i, output) {
		size_t bytes = executable->output[i].bytes;

		trace_sha256(loaded->output[i], bytes, digits);
		if (json_integer_value(json_object_get(output, "bytes")) != (json_int_t)bytes ||
		    strcmp(string_of(output, "sha256"), digits) != 0)
			fail_msg("%s: line %u: output \"%s\" of %zu bytes differs", replay->name,
				 (unsigned)mark->line, executable->output[i].name, bytes);
	}
}

/* The driver had no business in them; the vendor's leaves signs changed. */
static void check_inputs(const struct replay_model *loaded)
{
	const struct edgetpu_executable *executable = loaded->package->main;

	for (uint32_t i = 0; i < executable->inputs; i++)
		for (size_t k = 0; k < executable->input[i].bytes; k++)
			assert_int_equal(loaded->input[i][k], (uint8_t)(k * 31 + 7));
}

static void follow(struct replay *replay, const struct trace *expected)
{
	for (uint32_t i = 0; i < expected->records; i++) {
		const struct trace_record *mark = &expected->record[i];
		const char *model;

		if (mark->kind != TRACE_MARK)
			continue;
		model = string_of(mark->json, "model");
		if (strcmp(mark->what, "open device") == 0) {
			replay_open(replay);
		} else if (strcmp(mark->what, "load") == 0) {
			replay_load(replay, model);
		} else if (strcmp(mark->what, "invoke begin") == 0) {
			replay_invoke(replay, replay_find(replay, model));
		} else if (strcmp(mark->what, "invoke end") == 0) {
			compare_outputs(replay, replay_find(replay, model), mark);
			check_inputs(replay_find(replay, model));
		}
	}
	replay_end(replay);
}

/*
 * The boot ROM of the recordings says of itself that it speaks USB 3 and takes
 * packets of 2^9 bytes on endpoint 0, at high speed too. No kernel would let that
 * pass from a real device; ours is right about it, and else the same.
 */
static void correct_descriptor(struct trace_record *record)
{
	const char *digits = string_of(record->json, "data");
	uint8_t bytes[18];

	assert_int_equal(strlen(digits), 2 * sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(sscanf(digits + 2 * i, "%2hhx", &bytes[i]), 1);
	bytes[2] = 0;  /* bcdUSB */
	bytes[3] = 2;
	bytes[7] = 64; /* bMaxPacketSize0 */
	trace_set_bytes(record, bytes, sizeof(bytes));
}

static struct trace *read_recording(const char *path)
{
	struct trace *trace = trace_read(path);
	bool is_dfu = has(path, "dfu") && has(path, "highspeed");

	for (uint32_t i = 0; is_dfu && i < trace->records; i++)
		if (trace->record[i].setup.request_type == 0x80 &&
		    trace->record[i].setup.value == 0x100)
			correct_descriptor(&trace->record[i]);
	return trace;
}

static void is_said_again(void **state)
{
	const char *path = *state;
	struct trace *expected = read_recording(path);
	struct edgetpu_firmware *firmware;
	struct replay replay;
	char why[TRACE_TEXT];
	bool is_real;

	firmware = find_firmware(&is_real);
	compared++;
	replay_begin(&replay, strrchr(path, '/') + 1, firmware);
	follow(&replay, expected);
	if (!trace_is_equal(expected, replay.actual, is_real, why))
		fail_msg("%s: %s", replay.name, why);
	equal++;
	trace_free(expected);
	trace_free(replay.actual);
	edgetpu_firmware_free(firmware);
}

/* --- that a difference would be seen --- */

/* A conversation of our own with everything in it: firmware, parameters that stay on
   the chip, others that are sent for each run, scratch, outputs in tiles. */
static struct trace *record_sample(void)
{
	static const enum compiled_sample samples[] = { COMPILED_FLAT, COMPILED_TILES };
	struct edgetpu_firmware *firmware = replay_firmware();
	struct replay replay;
	struct atoll_error err;
	void *bytes[2];
	size_t size;

	replay_begin(&replay, "dfu", firmware);
	for (uint32_t i = 0; i < 2; i++) {
		struct replay_model *loaded = &replay.loaded[replay.models++];

		bytes[i] = compiled_options(compiled_sample(samples[i]), NULL, &size);
		loaded->package = edgetpu_package_read(bytes[i], size, &err);
		if (!loaded->package)
			fail_msg("%s", err.text);
		replay_take(&replay, loaded);
		replay_invoke(&replay, loaded);
		replay_invoke(&replay, loaded);
	}
	replay_end(&replay);
	free(bytes[0]);
	free(bytes[1]);
	edgetpu_firmware_free(firmware);
	return replay.actual;
}

static void what_is_recorded_twice_is_equal(void **state)
{
	struct trace *first = record_sample(), *second = record_sample();
	char why[TRACE_TEXT];

	(void)state;
	if (!trace_is_equal(first, second, true, why))
		fail_msg("%s", why);
	trace_free(first);
	trace_free(second);
}

/* A read that was cancelled at the end may be another one the next time. Of a
   configuration only the length is compared. */
static bool matters(const struct trace_record *record)
{
	if (record->kind == TRACE_CONTROL)
		return record->setup.request != 6 || record->setup.value != 0x0200;
	return record->kind != TRACE_IN || record->is_complete;
}

static void a_change_of_any_record_is_seen(void **state)
{
	struct trace *first = record_sample(), *second = record_sample();
	char why[TRACE_TEXT];
	uint32_t changed = 0;

	(void)state;
	for (uint32_t i = 0; i < first->records; i++) {
		struct trace_record *record = &first->record[i], saved = *record;

		if (!matters(record))
			continue;
		record->sha256[0] ^= 1;
		record->what[0] ^= record->kind == TRACE_API || record->kind == TRACE_MARK;
		assert_false(trace_is_equal(first, second, true, why));
		*record = saved;
		changed++;
	}
	assert_true(changed > 300);
	assert_true(trace_is_equal(first, second, true, why));

	/* Without the image, what blocks hold is all that is left out. */
	for (uint32_t i = 0; i < first->records; i++)
		if (first->record[i].setup.request_type == 0x21 &&
		    first->record[i].setup.request == 1)
			first->record[i].sha256[0] ^= 1;
	assert_true(trace_is_equal(first, second, false, why));
	assert_false(trace_is_equal(first, second, true, why));
	trace_free(first);
	trace_free(second);
}

static void what_is_missing_is_seen(void **state)
{
	struct trace *first = record_sample(), *second = record_sample();
	char why[TRACE_TEXT];

	(void)state;
	first->record[first->records - 1].kind = TRACE_MARK; /* of no kind that counts */
	assert_false(trace_is_equal(first, second, true, why));
	assert_false(trace_is_equal(second, first, true, why));
	trace_free(first);
	trace_free(second);
}

static void add_read(struct trace *trace, uint8_t byte, uint32_t size)
{
	struct trace_record *record = trace_add(trace, TRACE_IN);

	record->endpoint = 0x81;
	record->is_complete = true;
	record->requested = 4;
	record->bytes = malloc(4);
	assert_non_null(record->bytes);
	memset(record->bytes, byte, 4);
	trace_set_bytes(record, record->bytes, size);
}

static void folded_reads_are_as_many_as_they_stand_for(void **state)
{
	static const uint8_t three[12] = { 7, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9 };
	struct trace *expected, *actual = trace_new();
	char path[] = "/tmp/atoll-trace-XXXXXX", digits[TRACE_SHA256], why[TRACE_TEXT];
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	(void)state;
	assert_non_null(file);
	trace_sha256(three, sizeof(three), digits);
	(void)fprintf(file, "{\"kind\":\"mark\",\"text\":\"load\"}\n"
		      "{\"kind\":\"bulk_in\",\"ep\":129,\"repeat\":3,\"req_len\":4,\"len\":4,"
		      "\"total_len\":12,\"sha256\":\"%s\",\"status\":\"completed\"}\n"
		      "{\"kind\":\"bulk_in\",\"ep\":129,\"req_len\":4,\"len\":0,"
		      "\"status\":\"cancelled\"}\n", digits);
	(void)fclose(file);
	expected = trace_read(path);
	(void)unlink(path);

	add_read(actual, 7, 4);
	add_read(actual, 8, 4);
	assert_false(trace_is_equal(expected, actual, true, why));
	add_read(actual, 9, 4);
	if (!trace_is_equal(expected, actual, true, why))
		fail_msg("%s", why);
	add_read(actual, 10, 4);
	assert_false(trace_is_equal(expected, actual, true, why));
	actual->records--;
	free(actual->record[3].bytes);
	actual->record[1].bytes[3] = 9;
	assert_false(trace_is_equal(expected, actual, true, why));
	actual->record[1].bytes[3] = 8;
	actual->record[2].moved = 3;
	assert_false(trace_is_equal(expected, actual, true, why));
	trace_free(expected);
	trace_free(actual);
}

static void no_recording_is_here(void **state)
{
	if (getenv("TRACES") && *getenv("TRACES"))
		fail_msg("no traces in %s", (const char *)*state);
	print_message("# skipped: no traces in %s (ATOLL_TEST_DATA)\n", (const char *)*state);
	skip();
}

/* --- the list --- */

#define TESTS_MAX 256

static struct CMUnitTest tests[TESTS_MAX];
static char *names[TESTS_MAX], *paths[TESTS_MAX];
static size_t tests_used, files, left_out;

static void add_test(const char *name, void (*function)(void **state), char *state)
{
	if (tests_used == TESTS_MAX)
		abort();
	names[tests_used] = golden_text("%s", name);
	paths[tests_used] = state;
	tests[tests_used] = (struct CMUnitTest){ .name = names[tests_used],
		.test_func = function, .initial_state = state };
	tests_used++;
}

static void add_file(const char *folder, const char *name, void *context)
{
	const char *why = other_mode(name);

	(void)context;
	if (strlen(name) < 6 || strcmp(name + strlen(name) - 6, ".jsonl") != 0)
		return;
	files++;
	if (why) {
		printf("# not replayed: %s: %s\n", name, why);
		left_out++;
		return;
	}
	add_test(name, is_said_again, golden_text("%s/%s", folder, name));
}

int main(void)
{
	const char *given = getenv("TRACES");
	char *folder = given && *given ? golden_text("%s", given) :
					 golden_text("%s/traces", check_data());
	int failures;

	add_test("what_is_recorded_twice_is_equal", what_is_recorded_twice_is_equal, NULL);
	add_test("a_change_of_any_record_is_seen", a_change_of_any_record_is_seen, NULL);
	add_test("what_is_missing_is_seen", what_is_missing_is_seen, NULL);
	add_test("folded_reads_are_as_many_as_they_stand_for",
		 folded_reads_are_as_many_as_they_stand_for, NULL);
	golden_each(folder, add_file, NULL);
	if (files == 0)
		add_test("recordings of the vendor's runtime", no_recording_is_here,
			 golden_text("%s", folder));
	free(folder);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failures = _cmocka_run_group_tests("traces", tests, tests_used, NULL, NULL);
	for (size_t i = 0; i < tests_used; i++) {
		free(names[i]);
		free(paths[i]);
	}
	printf("# traces: %zu of other modes were not replayed\n", left_out);
	printf("# traces: %u of %u equal\n", equal, compared);
	return failures != 0;
}
