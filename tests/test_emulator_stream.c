/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/emulator.h"
#include "runtime/emulator/program.h"
#include "tests/check.h"
#include "tests/emulated.h"

static struct emulated taught(enum usb_speed speed)
{
	struct emulated tpu = emulated_new(speed);

	for (int i = 0; i < EMULATED_PACKAGES; i++)
		emulated_teach(&tpu, emulated_package(i));
	emulated_wake(&tpu);
	return tpu;
}

/* The last thing that was done was refused, and this is what was said about it. */
static void assert_complaint(struct emulated *tpu, const char *words)
{
	assert_int_equal(emulator_complaints(tpu->emulator), 1);
	if (!strstr(emulator_complaint(tpu->emulator), words))
		fail_msg("\"%s\" is not in \"%s\"", words, emulator_complaint(tpu->emulator));
}

static void assert_content(struct emulated *tpu)
{
	assert_string_equal(emulator_complaint(tpu->emulator), "");
	assert_int_equal(emulator_complaints(tpu->emulator), 0);
}

static int send_instructions(struct emulated *tpu, int which)
{
	const struct edgetpu_chunk *chunk = emulated_package(which)->main->chunk;

	return emulated_item(tpu, EMULATED_INSTRUCTIONS, chunk->bytes, chunk->size);
}

/* All of a caching run but for its event. */
static void send_caching(struct emulated *tpu, const struct edgetpu_executable *caching)
{
	const uint8_t *parameters = caching->parameters;

	assert_int_equal(emulated_item(tpu, EMULATED_INSTRUCTIONS, caching->chunk->bytes,
				       64), 0);
	assert_int_equal(emulated_item(tpu, EMULATED_PARAMETERS, parameters, 32), 0);
	assert_int_equal(emulated_item(tpu, EMULATED_PARAMETERS, parameters + 32, 16), 0);
}

static void a_run_is_walked_hint_by_hint(void **state)
{
	(void)state;
	for (enum usb_speed speed = USB_HIGH; speed <= USB_SUPER; speed++) {
		struct emulated tpu = taught(speed);

		emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
		assert_int_equal(emulator_runs(tpu.emulator), 0);
		emulated_run(&tpu, emulated_package(EMULATED_FIRST));
		emulated_run(&tpu, emulated_package(EMULATED_FIRST));
		assert_int_equal(emulator_runs(tpu.emulator), 2);
		assert_content(&tpu);
		emulated_free(&tpu);
	}
}

static void items_may_come_in_any_pieces(void **state)
{
	const struct edgetpu_chunk *chunk = emulated_package(EMULATED_ALONE)->main->chunk;
	struct emulated tpu = taught(USB_SUPER);
	uint8_t all[8 + 64] = { 64 };

	(void)state;
	memcpy(all + 8, chunk->bytes, 64);
	assert_int_equal(emulator_out(tpu.emulator, 0x01, all, sizeof(all)), 0);
	memset(all, 0, sizeof(all));
	all[0] = 64;
	all[4] = EMULATED_INPUT;
	for (size_t i = 0; i < sizeof(all); i++)
		assert_int_equal(emulator_out(tpu.emulator, 0x01, all + i, 1), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, all, sizeof(all)), -EOVERFLOW);
	assert_complaint(&tpu, "a read of 72 bytes for a packet of 1024");
	emulated_free(&tpu);
}

static void addresses_in_instructions_do_not_matter_other_bits_do(void **state)
{
	const struct edgetpu_chunk *chunk = emulated_package(EMULATED_ALONE)->main->chunk;
	struct emulated tpu = taught(USB_SUPER);
	uint8_t patched[64];

	(void)state;
	memcpy(patched, chunk->bytes, 64);
	patched[8] ^= 0xc0; /* bits 70 to 101 */
	patched[9] ^= 0xff;
	patched[12] ^= 0x3f;
	assert_int_equal(emulated_item(&tpu, EMULATED_INSTRUCTIONS, patched, 64), 0);
	assert_content(&tpu);
	emulated_wake(&tpu);
	patched[12] ^= 0x40;
	assert_int_equal(emulated_item(&tpu, EMULATED_INSTRUCTIONS, patched, 64), -EPIPE);
	assert_complaint(&tpu, "64 bytes of unknown instructions");
	emulated_free(&tpu);
}

static void a_read_goes_on_over_full_packets_and_ends_with_a_short_one(void **state)
{
	struct emulated tpu = taught(USB_SUPER);
	uint8_t room[4096] = { 0 };

	(void)state;
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, room, sizeof(room)), -EAGAIN);
	assert_int_equal(emulated_item(&tpu, EMULATED_INPUT, room, 64), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, room, sizeof(room)), 1200);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, room, sizeof(room)), -EAGAIN);
	assert_content(&tpu);
	emulated_free(&tpu);
}

static void on_usb_2_every_chunk_is_a_short_packet(void **state)
{
	struct emulated tpu = taught(USB_HIGH);
	uint8_t room[4096] = { 0 };

	(void)state;
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
	assert_int_equal(emulated_item(&tpu, EMULATED_INPUT, room, 64), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(emulator_in(tpu.emulator, 0x81, room, sizeof(room)), 256);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, room, sizeof(room)), 1200 - 4 * 256);
	emulated_free(&tpu);
}

static void nothing_may_be_sent_while_output_waits(void **state)
{
	struct emulated tpu = taught(USB_SUPER);
	uint8_t bytes[1024] = { 0 };

	(void)state;
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
	assert_int_equal(emulated_item(&tpu, EMULATED_INPUT, bytes, 64), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, bytes, 1024), 1024);
	assert_int_equal(emulator_out(tpu.emulator, 0x01, bytes, 8), -EPIPE);
	assert_complaint(&tpu, "while 176 bytes of output wait");
	assert_int_equal(emulator_out(tpu.emulator, 0x01, bytes, 8), -EPIPE);
	assert_int_equal(emulator_complaints(tpu.emulator), 1); /* it is stalled still */
	assert_int_equal(emulator_clear_halt(tpu.emulator, 0x01), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, bytes, 1024), 176);
	emulated_free(&tpu);
}

static void an_event_that_waits_does_not_hold_up_the_next_run(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	send_caching(&tpu, emulated_package(EMULATED_FIRST)->caching);
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	emulated_event(&tpu, 0);
	assert_content(&tpu);
	emulated_free(&tpu);
}

static void events_that_nobody_asked_for_do_not_come(void **state)
{
	const struct edgetpu_executable *caching = emulated_package(EMULATED_FIRST)->caching;
	struct emulated tpu = taught(USB_SUPER);
	uint8_t event[16];

	(void)state;
	assert_int_equal(emulated_write64(&tpu, 0x4c148, 0xe0), 8);
	send_caching(&tpu, caching);
	assert_int_equal(emulator_in(tpu.emulator, 0x82, event, sizeof(event)), -EAGAIN);
	emulated_free(&tpu);
}

/* What a header says must be what comes next. */
static void a_wrong_item_is_a_complaint(void **state)
{
	static const struct { uint32_t tag, size; const char *words; } wrong[] = {
		{ EMULATED_INPUT, 72, "72 bytes of input came, 64 bytes of input are next" },
		{ EMULATED_PARAMETERS, 64, "64 bytes of parameters came" },
		{ EMULATED_INSTRUCTIONS, 64, "64 bytes of instructions came" },
		{ 3, 64, "tag 3" },
		{ EMULATED_INPUT, 0, "length 0" },
		{ EMULATED_INPUT, 63, "length 63" },
	};
	const uint8_t bytes[72] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct emulated tpu = taught(USB_SUPER);

		assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
		assert_int_equal(emulated_item(&tpu, wrong[i].tag, bytes, wrong[i].size),
				 -EPIPE);
		assert_complaint(&tpu, wrong[i].words);
		emulated_free(&tpu);
	}
}

static void a_header_is_clean(void **state)
{
	const uint8_t header[8] = { 64, 0, 0, 0, 0, 0, 1, 0 };
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	assert_int_equal(emulator_out(tpu.emulator, 0x01, header, 8), -EPIPE);
	assert_complaint(&tpu, "bytes 5 to 7");
	emulated_free(&tpu);
}

static void input_does_not_come_before_instructions(void **state)
{
	struct emulated tpu = taught(USB_SUPER);
	const uint8_t bytes[64] = { 0 };

	(void)state;
	assert_int_equal(emulated_item(&tpu, EMULATED_INPUT, bytes, 64), -EPIPE);
	assert_complaint(&tpu, "input (64 bytes) before instructions");
	emulated_free(&tpu);
}

static void a_payload_ends_where_its_header_said(void **state)
{
	struct emulated tpu = taught(USB_SUPER);
	uint8_t bytes[8 + 72] = { 64 };

	(void)state;
	assert_int_equal(emulator_out(tpu.emulator, 0x01, bytes, sizeof(bytes)), -EPIPE);
	assert_complaint(&tpu, "8 bytes too many");
	emulated_free(&tpu);
}

static void parameters_are_those_of_the_package(void **state)
{
	const struct edgetpu_executable *caching = emulated_package(EMULATED_FIRST)->caching;
	struct emulated tpu = taught(USB_SUPER);
	uint8_t bytes[32];

	(void)state;
	memcpy(bytes, caching->parameters, sizeof(bytes));
	bytes[31] ^= 1;
	assert_int_equal(emulated_item(&tpu, EMULATED_INSTRUCTIONS, caching->chunk->bytes,
				       64), 0);
	assert_int_equal(emulated_item(&tpu, EMULATED_PARAMETERS, bytes, 32), -EPIPE);
	assert_complaint(&tpu, "caching: not its parameters at 0");
	emulated_free(&tpu);
}

static void data_to_a_chip_that_is_not_ready_is_a_complaint(void **state)
{
	static const struct {
		uint32_t address;
		uint64_t value;
		const char *words;
	} wrong[] = {
		{ 0x402e0, 0, "run control 0x402e0" },
		{ 0x44018, 2, "run control 0x44018" },
		{ 0x4c160, 1, "multi_bo_ep" },
		{ 0x4c058, 0, "outfeed_chunk_length" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct emulated tpu = taught(USB_SUPER);

		assert_int_equal(emulated_write64(&tpu, wrong[i].address, wrong[i].value), 8);
		assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), -EPIPE);
		assert_complaint(&tpu, wrong[i].words);
		emulated_free(&tpu);
	}
}

static void data_to_a_chip_that_sleeps_is_a_complaint(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	emulated_sleep(&tpu);
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), -EPIPE);
	assert_complaint(&tpu, "asleep");
	emulated_free(&tpu);
}

static void other_endpoints_are_for_another_mode(void **state)
{
	struct emulated tpu = taught(USB_SUPER);
	const uint8_t bytes[8] = { 0 };

	(void)state;
	assert_int_equal(emulator_out(tpu.emulator, 0x02, bytes, 8), -EPIPE);
	assert_complaint(&tpu, "0x02 in single-endpoint mode");
	emulated_free(&tpu);
}

/* A cleared halt is no reset: the core still waits for what it waited for. */
static void clearing_a_halt_does_not_end_a_run(void **state)
{
	struct emulated tpu = taught(USB_SUPER);
	uint8_t bytes[1024] = { 0 };

	(void)state;
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
	assert_int_equal(emulated_item(&tpu, EMULATED_PARAMETERS, bytes, 8), -EPIPE);
	assert_int_equal(emulator_clear_halt(tpu.emulator, 0x01), 0);
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), -EPIPE);
	assert_int_equal(emulator_clear_halt(tpu.emulator, 0x01), 0);
	assert_int_equal(emulated_item(&tpu, EMULATED_INPUT, bytes, 64), 0);
	assert_int_equal(emulator_in(tpu.emulator, 0x81, bytes, 1024), 1024);
	emulated_wake(&tpu);
	emulated_run(&tpu, emulated_package(EMULATED_ALONE));
	emulated_free(&tpu);
}

static void assert_fatal(struct emulated *tpu)
{
	uint8_t word[4], out[8] = { 0 };

	assert_int_equal(emulator_in(tpu->emulator, 0x83, word, 4), 4);
	assert_int_equal(word[0], EMULATOR_FATAL);
	assert_int_not_equal(emulated_read64(tpu, 0x486f0), 0);
	assert_int_not_equal(emulated_read64(tpu, 0x48700), 0);
	assert_int_equal(emulator_out(tpu->emulator, 0x01, out, 8), -EAGAIN);
}

static void a_run_without_its_parameters_is_fatal(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	assert_complaint(&tpu, "main: its parameters are not there");
	assert_fatal(&tpu);
	emulated_wake(&tpu);
	emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
	emulated_run(&tpu, emulated_package(EMULATED_FIRST));
	emulated_free(&tpu);
}

static void programs_with_one_token_share_the_chip(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
	emulated_cache(&tpu, emulated_package(EMULATED_TOGETHER));
	for (int i = 0; i < 2; i++) {
		emulated_run(&tpu, emulated_package(EMULATED_FIRST));
		emulated_run(&tpu, emulated_package(EMULATED_TOGETHER));
	}
	assert_content(&tpu);
	emulated_free(&tpu);
}

static void another_token_evicts(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
	emulated_cache(&tpu, emulated_package(EMULATED_OTHER));
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	assert_complaint(&tpu, "parameters");
	assert_fatal(&tpu);
	emulated_free(&tpu);
}

static void no_token_evicts_too(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
	emulated_run(&tpu, emulated_package(EMULATED_ALONE));
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	assert_fatal(&tpu);
	emulated_free(&tpu);
}

static void a_reset_and_sleep_evict(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
	assert_false(emulator_reset(tpu.emulator));
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	assert_fatal(&tpu);
	emulated_wake(&tpu);
	emulated_cache(&tpu, emulated_package(EMULATED_FIRST));
	emulated_wake(&tpu);
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	assert_fatal(&tpu);
	emulated_free(&tpu);
}

/* Two sessions may have the same file loaded; one of them goes. */
static void what_one_brought_stays_for_another_with_the_same_package(void **state)
{
	const struct edgetpu_package *first = emulated_package(EMULATED_FIRST);
	const struct edgetpu_package again = *first;
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	emulated_teach(&tpu, &again);
	emulated_cache(&tpu, first);
	emulator_unteach(tpu.emulator, first);
	emulated_run(&tpu, &again);
	assert_content(&tpu);
	emulated_free(&tpu);
}

struct heard {
	struct emulator_program program;
	uint32_t *begins;
};

static int count_begin(struct emulator_program *program,
		       const struct edgetpu_executable *which)
{
	(void)which;
	++*((struct heard *)program)->begins;
	return 0;
}

static int hear(struct emulator_program *program, const struct edgetpu_hint *hint,
		const uint8_t *bytes)
{
	(void)program;
	(void)hint;
	(void)bytes;
	return 0;
}

static int cannot(struct emulator_program *program, const struct edgetpu_hint *hint,
		  uint32_t nth, uint8_t *bytes)
{
	(void)program;
	(void)hint;
	(void)nth;
	(void)bytes;
	return -EIO;
}

static void release(struct emulator_program *program)
{
	free(program);
}

static struct emulator_program *counting(uint32_t *begins)
{
	static const struct emulator_program_ops ops = {
		.grade = "counting", .begin = count_begin, .infeed = hear, .outfeed = cannot,
		.free = release };
	struct heard *heard = calloc(1, sizeof(*heard));

	heard->program.ops = &ops;
	heard->begins = begins;
	return &heard->program;
}

static void a_program_that_cannot_answer_is_fatal(void **state)
{
	const struct edgetpu_package *package = emulated_package(EMULATED_ALONE);
	struct emulated tpu = emulated_new(USB_SUPER);
	const uint8_t bytes[64] = { 0 };
	uint32_t begins = 0;

	(void)state;
	assert_int_equal(emulator_teach(tpu.emulator, package, counting(&begins), NULL), 0);
	emulated_wake(&tpu);
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
	assert_int_equal(begins, 1);
	assert_int_equal(emulated_item(&tpu, EMULATED_INPUT, bytes, 64), 0);
	assert_fatal(&tpu);
	assert_content(&tpu); /* not the host's fault */
	emulated_free(&tpu);
}

/* The same instructions with other parameters in, as after training. */
static void parameters_tell_programs_apart(void **state)
{
	const struct edgetpu_package *first = emulated_package(EMULATED_FIRST);
	struct edgetpu_executable caching = *first->caching, execution = *first->main;
	struct edgetpu_package trained = { .main = &execution, .caching = &caching };
	struct emulated tpu = emulated_new(USB_SUPER);
	uint32_t begins_first = 0, begins_trained = 0;

	(void)state;
	caching.token = execution.token = 0xcafe;
	caching.parameters = emulated_package(EMULATED_OTHER)->caching->parameters;
	assert_int_equal(emulator_teach(tpu.emulator, first, counting(&begins_first),
					NULL), 0);
	assert_int_equal(emulator_teach(tpu.emulator, &trained, counting(&begins_trained),
					NULL), 0);
	emulated_wake(&tpu);
	emulated_cache(&tpu, &trained);
	assert_int_equal(begins_trained, 1);
	begins_first = 0;
	assert_int_equal(send_instructions(&tpu, EMULATED_FIRST), 0);
	assert_int_equal(begins_first, 0);
	assert_int_equal(begins_trained, 2);
	assert_content(&tpu);
	emulated_free(&tpu);
}

static void a_program_that_is_forgotten_is_unknown(void **state)
{
	struct emulated tpu = taught(USB_SUPER);

	(void)state;
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), 0);
	emulator_unteach(tpu.emulator, emulated_package(EMULATED_ALONE));
	assert_int_equal(send_instructions(&tpu, EMULATED_ALONE), -EPIPE);
	assert_complaint(&tpu, "unknown instructions");
	emulated_free(&tpu);
}

static void a_program_that_could_not_be_made_is_out_of_memory(void **state)
{
	struct emulated tpu = emulated_new(USB_SUPER);
	struct atoll_error err;

	(void)state;
	assert_int_equal(emulator_teach(tpu.emulator, emulated_package(0), NULL, &err),
			 -ENOMEM);
	assert_int_equal(err.code, -ENOMEM);
	emulated_free(&tpu);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_walked_hint_by_hint),
		cmocka_unit_test(items_may_come_in_any_pieces),
		cmocka_unit_test(addresses_in_instructions_do_not_matter_other_bits_do),
		cmocka_unit_test(a_read_goes_on_over_full_packets_and_ends_with_a_short_one),
		cmocka_unit_test(on_usb_2_every_chunk_is_a_short_packet),
		cmocka_unit_test(nothing_may_be_sent_while_output_waits),
		cmocka_unit_test(an_event_that_waits_does_not_hold_up_the_next_run),
		cmocka_unit_test(events_that_nobody_asked_for_do_not_come),
		cmocka_unit_test(a_wrong_item_is_a_complaint),
		cmocka_unit_test(a_header_is_clean),
		cmocka_unit_test(input_does_not_come_before_instructions),
		cmocka_unit_test(a_payload_ends_where_its_header_said),
		cmocka_unit_test(parameters_are_those_of_the_package),
		cmocka_unit_test(data_to_a_chip_that_is_not_ready_is_a_complaint),
		cmocka_unit_test(data_to_a_chip_that_sleeps_is_a_complaint),
		cmocka_unit_test(other_endpoints_are_for_another_mode),
		cmocka_unit_test(clearing_a_halt_does_not_end_a_run),
		cmocka_unit_test(a_run_without_its_parameters_is_fatal),
		cmocka_unit_test(programs_with_one_token_share_the_chip),
		cmocka_unit_test(another_token_evicts),
		cmocka_unit_test(no_token_evicts_too),
		cmocka_unit_test(a_reset_and_sleep_evict),
		cmocka_unit_test(what_one_brought_stays_for_another_with_the_same_package),
		cmocka_unit_test(a_program_that_cannot_answer_is_fatal),
		cmocka_unit_test(parameters_tell_programs_apart),
		cmocka_unit_test(a_program_that_is_forgotten_is_unknown),
		cmocka_unit_test(a_program_that_could_not_be_made_is_out_of_memory),
	};

	return CHECK_RUN(tests);
}
