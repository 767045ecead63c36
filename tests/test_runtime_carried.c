/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "tests/carry.h"
#include "tests/check.h"
#include "tests/compiled.h"

static const uint8_t *cached_of(const struct carry *carry)
{
	return carry->package.caching ? carry->cached : NULL;
}

static void assert_same_answers(const struct atoll_model *a, const struct atoll_model *b)
{
	uint8_t in[CARRY_INPUTS], first[CARRY_OUTPUTS], second[CARRY_OUTPUTS];

	for (uint32_t seed = 1; seed < 4; seed++) {
		carry_fill(in, seed);
		carry_run(a, in, first);
		carry_run(b, in, second);
		assert_memory_equal(first, second, CARRY_OUTPUTS);
	}
}

static void parameters_come_back_out_of_the_vectors(void **state)
{
	(void)state;
	for (enum carry_split split = CARRY_CACHED; split <= CARRY_STREAMED; split++) {
		struct carry *carry = carry_new(split, 1);
		const struct atoll_graph *graph = &carry->model->graph[0], *restored;
		struct atoll_error err = { .text = "" };
		struct atoll_model *model = carried_model(&carry->package, &err);

		if (!model)
			fail_msg("%s", err.text);
		restored = &model->graph[0];
		assert_int_equal(restored->inputs, 1);
		assert_int_equal(restored->outputs, 1);
		assert_int_equal(restored->tensors, graph->tensors);
		for (uint32_t i = 0; i < graph->tensors; i++) {
			assert_string_equal(restored->tensor[i].name, graph->tensor[i].name);
			if (graph->tensor[i].data)
				assert_memory_equal(restored->tensor[i].data,
						    graph->tensor[i].data,
						    graph->tensor[i].bytes);
		}
		assert_same_answers(model, carry->model);
		atoll_model_free(model);
		carry_free(carry);
	}
}

static void vectors_of_others_give_another_model(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1), *other = carry_new(CARRY_BOTH, 2);
	struct atoll_error err = { .text = "" };
	struct carried *carried = carried_open(&carry->package, &err);
	struct atoll_model *model;

	(void)state;
	if (!carried)
		fail_msg("%s", err.text);
	model = carried_restore(carried, other->cached, other->streamed, &err);
	if (!model)
		fail_msg("%s", err.text);
	assert_same_answers(model, other->model);
	atoll_model_free(model);
	carried_close(carried);
	carry_free(carry);
	carry_free(other);
}

static void packages_of_the_vendor_carry_nothing(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_false(carried_is(compiled_sample(COMPILED_FLAT)));
	assert_null(carried_open(compiled_sample(COMPILED_FLAT), &err));
	assert_string_equal(err.text, "carried graph: there is none");
}

static void instructions_of_no_graph_are_not_the_vendors_either(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct atoll_error err;

	(void)state;
	carry->main.model_bytes = 0;
	carry->main.model = NULL;
	assert_true(carried_is(&carry->package));
	assert_null(carried_open(&carry->package, &err));
	assert_string_equal(err.text, "carried graph: there is none");
	carry_free(carry);
}

/* Refused with these words in the sentence, and without one to put it in. */
static void assert_refused(const struct carry *carry, const char *words)
{
	struct atoll_error err = { .text = "" };

	assert_null(carried_open(&carry->package, &err));
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_int_equal(err.code, -EINVAL);
	assert_null(carried_open(&carry->package, NULL));
}

static void instructions_have_to_name_the_graph(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);

	(void)state;
	carry->chunk_bytes[0][0]++;
	assert_refused(carry, "carried graph: main executable: instructions beside a graph");
	carry->chunk_bytes[0][0]--;
	carry->chunk_bytes[1][0] = 'A';
	assert_refused(carry, "caching executable: instructions beside a graph");
	carry->chunk_bytes[1][0] = 'a';
	carry->chunk_bytes[1][20]++;
	assert_refused(carry, "caching executable: named by another SHA-256");
	carry->chunk_bytes[1][20]--;
	carry->graph[carry->graph_bytes / 2]++;
	assert_refused(carry, "main executable: named by another SHA-256");
	carry->graph[carry->graph_bytes / 2]--;
	carry->streamed[5]++;
	assert_refused(carry, "main executable: named by another SHA-256");
	carry->streamed[5]--;
	carry->chunk[0].size = 32;
	assert_refused(carry, "instructions beside a graph");
	carry_free(carry);
}

static void transfers_bring_everything_once_and_before_the_answer(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct edgetpu_hint *hint = carry->hint[0], kept[8];

	(void)state;
	memcpy(kept, hint, sizeof(kept));
	assert_int_equal(hint[2].kind, EDGETPU_PARAMETERS);
	hint[2].size -= 64;
	assert_refused(carry, "main executable: hint 3: an output before all");
	hint[2] = hint[3];
	hint[3] = kept[2];
	assert_refused(carry, "hint 2: an output before all");
	memcpy(hint, kept, sizeof(kept));
	hint[2].offset = 64;
	hint[2].size -= 64;
	assert_refused(carry, "hint 2: from byte 64, 0 were before it");
	memcpy(hint, kept, sizeof(kept));
	hint[4] = (struct edgetpu_hint){ .kind = EDGETPU_INSTRUCTIONS, .size = 48 };
	assert_refused(carry, "hint 4: instructions again");
	hint[4] = (struct edgetpu_hint){ .kind = EDGETPU_SCRATCH_IN, .size = 48 };
	assert_refused(carry, "hint 4: scratch");
	memcpy(hint, kept, sizeof(kept));
	hint[0] = hint[4];
	assert_refused(carry, "does not begin with instructions");
	memcpy(hint, kept, sizeof(kept));
	carry->caching.hints = 1;
	assert_refused(carry, "caching executable: transfers end before everything came");
	carry_free(carry);
}

static void records_that_do_not_fit_are_named(void **state)
{
	static const struct {
		size_t field;
		uint32_t value;
		const char *words;
	} wrong[] = {
		{ CARRY_FIELD(op), 99, "carried graph: block 1: operator 99 of 5" },
		{ CARRY_FIELD(op), 4, "carried graph: block 1: " },
		{ CARRY_FIELD(kind), 7, "carried graph: block 1: kind 7, " },
		{ CARRY_FIELD(tables), 9, "carried graph: block 1: kind 1, tables 9, " },
		{ CARRY_FIELD(nth), 1, "carried graph: block 1: number 1 of 1 of operator 1" },
		{ CARRY_FIELD(vector), 2, "carried graph: block 1: in vector 2" },
		{ CARRY_FIELD(vector), 0, "carried graph: " },
		{ CARRY_FIELD(offset), 64, "carried graph: " },
		{ CARRY_FIELD(offset), 0xffffffff, "carried graph: block 1: " },
		{ CARRY_FIELD(bytes), 64, "carried graph: block 1: kind 1, tables 0, 64 bytes" },
		{ CARRY_FIELD(bytes), 0xffffffff, "carried graph: block 1: 4294967295 bytes" },
	};
	struct carry *carry = carry_new(CARRY_BOTH, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t kept = carry_get(carry, 1, wrong[i].field);

		carry_set(carry, 1, wrong[i].field, wrong[i].value);
		assert_refused(carry, wrong[i].words);
		carry_set(carry, 1, wrong[i].field, kept);
	}
	carry_free(carry);
}

static void blocks_neither_overlap_nor_leave_gaps(void **state)
{
	struct carry *carry = carry_new(CARRY_STREAMED, 1);
	uint32_t offset = carry_get(carry, 2, CARRY_FIELD(offset));

	(void)state;
	carry_set(carry, 2, CARRY_FIELD(offset), offset - 64);
	assert_refused(carry, "blocks overlap or leave gaps at");
	carry_set(carry, 2, CARRY_FIELD(offset), offset);
	carry->main.parameter_bytes += 64;
	carry->hint[0][2].size += 64;
	carry_seal(carry);
	assert_refused(carry, "in a vector of");
	carry_free(carry);
}

/* The record of the constant factors, and its place, are not there any more. */
static void every_parameter_has_a_block(void **state)
{
	struct carry *carry = carry_new(CARRY_CACHED, 1);
	uint32_t bytes = (carry->records - 1) * CARRIED_RECORD_BYTES;

	(void)state;
	assert_int_equal(carry_get(carry, 2, CARRY_FIELD(kind)), COMPILER_OPERAND);
	memmove(carry->record + 2 * CARRIED_RECORD_BYTES,
		carry->record + 3 * CARRIED_RECORD_BYTES, 2 * CARRIED_RECORD_BYTES);
	memcpy(carry->record - sizeof(bytes), &bytes, sizeof(bytes));
	carry->main.parameter_bytes = 0;
	carry_seal(carry);
	memmove(&carry->hint[0][2], &carry->hint[0][3], 2 * sizeof(carry->hint[0][0]));
	carry->main.hints--;
	assert_refused(carry, "carried graph: no block holds tensor factors");
	bytes++;
	memcpy(carry->record - sizeof(bytes), &bytes, sizeof(bytes));
	carry_seal(carry);
	assert_refused(carry, "bytes are no whole records");
	carry_free(carry);
}

/* So that a small file cannot ask for much memory. */
static void a_parameter_is_no_larger_than_all_that_is_sent(void **state)
{
	struct carry *carry = carry_new(CARRY_STREAMED, 1);

	(void)state;
	carry->main.parameter_bytes = 1280;
	carry->hint[0][2].size = 1280;
	carry_seal(carry);
	assert_refused(carry, "carried graph: tensor dense/weights: 2880 bytes, all parameters "
		       "have 1280");
	carry_free(carry);
}

static void damaged_blocks_are_noticed_or_give_other_parameters(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct atoll_error err = { .text = "" };
	struct carried *carried = carried_open(&carry->package, &err);
	struct atoll_model *right = carried_model(&carry->package, &err);
	uint32_t refused = 0, different = 0, harmless = 0;

	(void)state;
	if (!carried || !right)
		fail_msg("%s", err.text);
	for (uint32_t at = 0; at < carry->caching.parameter_bytes; at += 5) {
		struct atoll_model *model;

		carry->cached[at] ^= 0x55;
		model = carried_restore(carried, carry->cached, carry->streamed, &err);
		carry->cached[at] ^= 0x55;
		if (!model) {
			assert_int_equal(err.code, -EBADMSG);
			refused++;
			continue;
		}
		assert_int_equal(model->size, right->size);
		if (memcmp(model->bytes, right->bytes, model->size) == 0)
			harmless++;
		else
			different++;
		atoll_model_free(model);
	}
	assert_true(refused > 0);
	assert_true(different > 0);
	assert_int_equal(harmless, 0);
	atoll_model_free(right);
	carried_close(carried);
	carry_free(carry);
}

static void a_vector_that_is_not_given_is_missed(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);
	struct atoll_error err = { .text = "" };
	struct carried *carried = carried_open(&carry->package, &err);

	(void)state;
	assert_non_null(carried);
	assert_non_null(cached_of(carry));
	assert_null(carried_restore(carried, NULL, carry->streamed, &err));
	assert_non_null(strstr(err.text, "carried graph: block 0: not there"));
	carried_close(carried);
	carry_free(carry);
}

static void tensors_that_are_not_those_of_the_layers_are_refused(void **state)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);

	(void)state;
	carry->input.scale = 0.5f;
	assert_refused(carry, "carried graph: tensor x: scale");
	carry->input.scale = 0.05f;
	carry->main.outputs = 0;
	carry->main.hints = 3;
	assert_refused(carry, "8 inputs and 1 outputs, the package has 1 and 0");
	carry_free(carry);
}

/* For tests of programs. */
static int write_models(const char *folder)
{
	struct carry *carry = carry_new(CARRY_BOTH, 1);

	for (int i = 0; i < 2; i++) {
		size_t size;
		void *bytes = compiled_model(&carry->package, &size);
		char path[4096];
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/%s.tflite", folder,
			       i ? "damaged" : "carried");
		file = fopen(path, "wb");
		if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
			err(1, "%s", path);
		free(bytes);
		carry->chunk_bytes[0][40]++;
	}
	carry_free(carry);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_come_back_out_of_the_vectors),
		cmocka_unit_test(vectors_of_others_give_another_model),
		cmocka_unit_test(packages_of_the_vendor_carry_nothing),
		cmocka_unit_test(instructions_of_no_graph_are_not_the_vendors_either),
		cmocka_unit_test(instructions_have_to_name_the_graph),
		cmocka_unit_test(transfers_bring_everything_once_and_before_the_answer),
		cmocka_unit_test(records_that_do_not_fit_are_named),
		cmocka_unit_test(blocks_neither_overlap_nor_leave_gaps),
		cmocka_unit_test(every_parameter_has_a_block),
		cmocka_unit_test(a_parameter_is_no_larger_than_all_that_is_sent),
		cmocka_unit_test(damaged_blocks_are_noticed_or_give_other_parameters),
		cmocka_unit_test(a_vector_that_is_not_given_is_missed),
		cmocka_unit_test(tensors_that_are_not_those_of_the_layers_are_refused),
	};

	if (argc == 3 && strcmp(argv[1], "--models") == 0)
		return write_models(argv[2]);
	return CHECK_RUN(tests);
}
