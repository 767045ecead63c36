/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes over the endpoints and in which order, against a bus that does what a
 * script says, one thing per wait.
 */
#include "runtime/edgetpu/run.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/allocations.h"
#include "tests/check.h"

#define TIMEOUT_MS 1000
#define READS 2
#define OUT_MAX 16
#define ZEROS_BYTES (3u << 20)

/* What happens in one wait. Letters are what the log says of it. */
struct act {
	char kind;
	uint32_t value;
	uint8_t endpoint;
	int status;
};

#define END { .kind = 0 }                         /* nothing more */
#define TAKE { .kind = 't' }                      /* the oldest to the device is done */
#define GIVE(bytes) { .kind = 'g', .value = bytes }       /* output */
#define LATER(bytes) { .kind = 'l', .value = bytes }      /* by the second read; the
							     first will have 8 */
#define EVENT(tag) { .kind = 'e', .value = tag }
#define WORD(word) { .kind = 'w', .value = word }         /* of interrupts */
#define RAW(where, bytes) { .kind = 'r', .endpoint = where, .value = bytes }
#define FAIL(where, how, moved) /* the oldest there ends so */ \
	{ .kind = 'f', .endpoint = where, .status = how, .value = moved }
#define SLEEP(ms) { .kind = 's', .value = ms }

struct fake {
	struct usb_bus bus;
	struct usb_device usb;
	int64_t now_ns;
	const struct act *act;     /* the next one */
	struct usb_transfer *out[OUT_MAX];
	uint32_t outs;
	uint8_t next_output;       /* output counts from 0 */
	char log[512];             /* "> size" for what was submitted to the device */
	uint8_t *sent;             /* everything that was taken */
	size_t sent_bytes;
	char cleared[40];          /* endpoints whose halt was cleared */
	uint64_t hib_error;        /* what the chip says of itself */
	bool keeps_all;            /* cancelling does nothing */
	uint32_t allocations;
};

static uint8_t zeros[ZEROS_BYTES];

static struct fake *fake_of(struct usb_device *usb)
{
	return (struct fake *)usb->bus;
}

static void say(struct fake *fake, const char *format, unsigned value)
{
	size_t used = strlen(fake->log);

	(void)snprintf(fake->log + used, sizeof(fake->log) - used, format, value);
}

static int submit(struct usb_device *usb, struct usb_transfer *transfer)
{
	struct fake *fake = fake_of(usb);
	uint32_t sending = 0;

	assert_true(fake->outs < OUT_MAX);
	fake->out[fake->outs++] = transfer;
	if (transfer->endpoint & 0x80) {
		assert_int_equal(transfer->timeout_ms, 0);
		return 0;
	}
	for (uint32_t i = 0; i < fake->outs; i++)
		sending += !(fake->out[i]->endpoint & 0x80);
	assert_true(sending <= 3);
	assert_int_equal(transfer->timeout_ms, TIMEOUT_MS);
	say(fake, ">%u ", transfer->length);
	return 0;
}

static struct usb_transfer *pick(struct fake *fake, uint8_t endpoint, uint32_t skip)
{
	struct usb_transfer *transfer;
	uint32_t i = 0;

	while (i < fake->outs && (fake->out[i]->endpoint != endpoint || skip-- > 0))
		i++;
	if (i == fake->outs)
		fail_msg("nothing is out at 0x%02x after \"%s\"", endpoint, fake->log);
	transfer = fake->out[i];
	memmove(&fake->out[i], &fake->out[i + 1], (fake->outs - i - 1) * sizeof(fake->out[0]));
	fake->outs--;
	return transfer;
}

static struct usb_transfer *oldest(struct fake *fake, uint8_t endpoint)
{
	return pick(fake, endpoint, 0);
}

static void finish(struct usb_transfer *transfer, int status, uint32_t actual)
{
	transfer->status = status;
	transfer->actual = actual;
	transfer->done(transfer);
}

static void take(struct fake *fake)
{
	struct usb_transfer *transfer = oldest(fake, 0x01);

	fake->sent = realloc(fake->sent, fake->sent_bytes + transfer->length);
	memcpy(fake->sent + fake->sent_bytes, transfer->data, transfer->length);
	fake->sent_bytes += transfer->length;
	finish(transfer, 0, transfer->length);
}

static void give_later(struct fake *fake, uint32_t bytes)
{
	struct usb_transfer *transfer = pick(fake, 0x81, 1);

	for (uint32_t i = 0; i < bytes; i++)
		transfer->data[i] = (uint8_t)(fake->next_output + 8 + i);
	finish(transfer, 0, bytes);
}

static void give(struct fake *fake, uint8_t endpoint, uint32_t bytes, uint8_t first,
		 uint8_t twelfth)
{
	struct usb_transfer *transfer = oldest(fake, endpoint);

	assert_true(bytes <= transfer->length);
	for (uint32_t i = 0; i < bytes; i++)
		transfer->data[i] = endpoint == 0x81 ? fake->next_output++ : (uint8_t)0;
	if (endpoint != 0x81 && bytes)
		transfer->data[0] = first;
	if (bytes > 12 && endpoint != 0x81)
		transfer->data[12] = twelfth;
	finish(transfer, 0, bytes);
}

static int wait_for_any(struct usb_device *usb, uint32_t timeout_ms)
{
	struct fake *fake = fake_of(usb);
	const struct act *act = fake->act;

	if (!act || !act->kind) {
		fake->now_ns += timeout_ms * INT64_C(1000000);
		return 0;
	}
	fake->act++;
	say(fake, "%c ", (unsigned char)act->kind);
	switch (act->kind) {
	case 't':
		take(fake);
		break;
	case 'g':
		give(fake, 0x81, act->value, 0, 0);
		break;
	case 'l':
		give_later(fake, act->value);
		break;
	case 'e':
		give(fake, 0x82, 16, 0, (uint8_t)act->value);
		break;
	case 'w':
		give(fake, 0x83, 4, (uint8_t)act->value, 0);
		break;
	case 'r':
		give(fake, act->endpoint, act->value, 0, 4);
		break;
	case 's':
		fake->now_ns += act->value * INT64_C(1000000);
		break;
	default:
		finish(oldest(fake, act->endpoint), act->status, act->value);
		break;
	}
	return 0;
}

static void cancel(struct usb_device *usb, struct usb_transfer *transfer)
{
	struct fake *fake = fake_of(usb);

	if (fake->keeps_all)
		return;
	for (uint32_t i = 0; i < fake->outs; i++)
		if (fake->out[i] == transfer) {
			memmove(&fake->out[i], &fake->out[i + 1],
				(fake->outs - i - 1) * sizeof(fake->out[0]));
			fake->outs--;
			finish(transfer, -ECANCELED, 0);
			return;
		}
}

static int clear_halt(struct usb_device *usb, uint8_t endpoint)
{
	struct fake *fake = fake_of(usb);
	size_t used = strlen(fake->cleared);

	(void)snprintf(fake->cleared + used, sizeof(fake->cleared) - used, "%02x ", endpoint);
	return 0;
}

static int control(struct usb_device *usb, const struct usb_setup *setup, uint8_t *data,
		   uint32_t timeout_ms)
{
	(void)timeout_ms;
	say(fake_of(usb), "c ", 0);
	if (setup->request_type & 0x80) {
		memset(data, 0, setup->length);
		if (setup->index == 4 && setup->value == 0x86f0) /* hib_error_status */
			data[0] = (uint8_t)fake_of(usb)->hib_error;
	}
	return setup->length;
}

static void forget(struct usb_device *usb, struct usb_transfer *transfer)
{
	(void)usb;
	(void)transfer;
}

static void *alloc(struct usb_device *usb, size_t bytes)
{
	fake_of(usb)->allocations++;
	return calloc(1, bytes);
}

static void dealloc(struct usb_device *usb, void *memory, size_t bytes)
{
	(void)bytes;
	fake_of(usb)->allocations--;
	free(memory);
}

static int64_t clock_ns(struct usb_bus *bus)
{
	return ((struct fake *)bus)->now_ns;
}

static void sleep_ms(struct usb_bus *bus, uint32_t ms)
{
	((struct fake *)bus)->now_ns += ms * INT64_C(1000000);
}

static const struct usb_ops fake_ops = {
	.clear_halt = clear_halt,
	.control = control,
	.submit = submit,
	.cancel = cancel,
	.wait = wait_for_any,
	.forget = forget,
	.alloc = alloc,
	.dealloc = dealloc,
	.clock_ns = clock_ns,
	.sleep_ms = sleep_ms,
};

static struct run_line *open_line(struct fake *fake, enum usb_speed speed)
{
	struct atoll_error err;
	struct run_line *line;

	*fake = (struct fake){ .bus.ops = &fake_ops, .usb.speed = speed };
	fake->usb.bus = &fake->bus;
	line = run_line_open(&fake->usb, TIMEOUT_MS, READS, &err);
	assert_non_null(line);
	return line;
}

static void close_line(struct fake *fake, struct run_line *line)
{
	assert_int_equal(run_line_close(line), 0);
	assert_int_equal(fake->outs, 0);
	assert_int_equal(fake->allocations, 0);
	free(fake->sent);
}

/* --- programs --- */

static const struct edgetpu_chunk chunk = { .bytes = zeros, .size = 32 };
static const struct edgetpu_layer input_layer = { .name = "net/image", .size = 48, .bytes = 48,
						  .executions = 1 };
static const struct edgetpu_layer output_layers[] = {
	{ .name = "net/boxes", .size = 24, .bytes = 20, .executions = 1 },
	{ .name = "net/scores", .size = 16, .bytes = 16, .executions = 1 },
};

#define HINT(what, at, bytes) { .kind = EDGETPU_##what, .offset = at, .size = bytes }
#define I0 HINT(INSTRUCTIONS, 0, 0)
#define IN(at, bytes) HINT(INPUT, at, bytes)
#define PARAM(at, bytes) HINT(PARAMETERS, at, bytes)
#define SCRATCH_OUT(at, bytes) HINT(SCRATCH_OUT, at, bytes)
#define SCRATCH_IN(at, bytes) HINT(SCRATCH_IN, at, bytes)
#define OUT(which, at, bytes) \
	{ .kind = EDGETPU_OUTPUT, .index = which, .offset = at, .size = bytes }
#define INT0 { .kind = EDGETPU_INTERRUPT }
#define FENCE { .kind = EDGETPU_FENCE }

struct program {
	struct edgetpu_executable executable;
	uint8_t image[48], scratch[64], boxes[32], scores[32];
	const uint8_t *input[1];
	struct run_sink output[2];
	struct run_part part;
};

#define PROGRAM(name, kind, ...) \
	struct program name; \
	const struct edgetpu_hint name##_hints[] = { __VA_ARGS__ }; \
	build(&name, EDGETPU_##kind, name##_hints, \
	      sizeof(name##_hints) / sizeof(name##_hints[0]))

static void build(struct program *program, enum edgetpu_executable_type type,
		  const struct edgetpu_hint *hint, uint32_t hints)
{
	*program = (struct program){
		.executable = {
			.name = "model",
			.type = type,
			.is_deterministic = true,
			.chunks = 1, .chunk = &chunk,
			.hints = hints, .hint = hint,
			.inputs = 1, .input = &input_layer,
			.outputs = 2, .output = output_layers,
			.parameters = zeros, .parameter_bytes = sizeof(zeros),
			.scratch_bytes = 64,
		},
	};
	for (uint32_t i = 0; i < sizeof(program->image); i++)
		program->image[i] = (uint8_t)(100 + i);
	memset(program->boxes, 0xee, sizeof(program->boxes));
	memset(program->scores, 0xee, sizeof(program->scores));
	program->input[0] = program->image;
	program->output[0] = (struct run_sink){ program->boxes, 20 };
	program->output[1] = (struct run_sink){ program->scores, 16 };
	program->part = (struct run_part){
		.executable = &program->executable,
		.input = program->input,
		.output = program->output,
		.scratch = program->scratch,
	};
}

#define SCRIPT(fake, ...) \
	static const struct act script[] = { __VA_ARGS__, END }; \
	(fake)->act = script

/* --- tests --- */

static void reads_of_all_kinds_stand_from_the_beginning(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_HIGH);

	(void)state;
	assert_int_equal(fake.outs, 4);
	assert_int_equal(fake.out[0]->endpoint, 0x82);
	assert_int_equal(fake.out[0]->length, 16);
	assert_int_equal(fake.out[1]->endpoint, 0x83);
	assert_int_equal(fake.out[1]->length, 4);
	for (uint32_t i = 2; i < 4; i++) {
		assert_int_equal(fake.out[i]->endpoint, 0x81);
		assert_int_equal(fake.out[i]->length, 256);
	}
	close_line(&fake, line);
}

static void items_go_in_the_order_of_the_hints_three_transfers_at_a_time(void **state)
{
	static const uint8_t headers[][8] = { { 32, 0, 0, 0, 0 }, { 48, 0, 0, 0, 1 },
					      { 0, 1, 0, 0, 2 } };
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, IN(0, 48), PARAM(64, 256), OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, TAKE, TAKE, TAKE, TAKE, TAKE, GIVE(24),
	       EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_string_equal(fake.log, ">8 >32 >8 t >48 t >8 t >256 t t t g e ");
	assert_memory_equal(fake.sent, headers[0], 8);
	assert_memory_equal(fake.sent + 40, headers[1], 8);
	assert_memory_equal(fake.sent + 48, program.image, 48);
	assert_memory_equal(fake.sent + 96, headers[2], 8);
	assert_int_equal(run_line_report(line)->bytes_out, 24 + 32 + 48 + 256);
	assert_int_equal(run_line_report(line)->bytes_in, 24);
	close_line(&fake, line);
}

static void the_second_program_follows_before_the_first_has_said_that_it_is_done(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(first, CACHING, I0, PARAM(0, 64), INT0);
	PROGRAM(second, EXECUTION, I0, IN(0, 48), OUT(1, 0, 16), INT0);
	const struct run_part both[] = { first.part, second.part };

	(void)state;
	SCRIPT(&fake, TAKE, TAKE, TAKE, TAKE, TAKE, TAKE, EVENT(4),
	       TAKE, TAKE, GIVE(16), EVENT(4));
	assert_int_equal(run_parts(line, both, 2, &err), 0);
	assert_string_equal(fake.log,
			    ">8 >32 >8 t >64 t >8 t >32 t >8 t >48 t e t t g e ");
	close_line(&fake, line);
}

static void nothing_is_sent_while_output_is_due(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), PARAM(0, 64), OUT(1, 0, 16), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, GIVE(20), TAKE, GIVE(4), TAKE, TAKE,
	       GIVE(16), EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_string_equal(fake.log, ">8 >32 t g t g >8 >64 t t g e ");
	close_line(&fake, line);
}

static void a_fence_waits_for_all_that_was_sent(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, FENCE, PARAM(0, 64), INT0, FENCE, PARAM(64, 8), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, TAKE, TAKE, TAKE, EVENT(4), TAKE, TAKE,
	       EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_string_equal(fake.log, ">8 >32 t t >8 >64 t t e >8 >8 t t e ");
	close_line(&fake, line);
}

static void a_large_payload_goes_in_pieces_of_a_mebibyte(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, PARAM(0, ZEROS_BYTES - 8), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, TAKE, TAKE, TAKE, EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_string_equal(fake.log, ">8 >1048576 >1048576 t >1048568 t t t e ");
	close_line(&fake, line);
}

static void output_is_one_stream_whatever_its_pieces(void **state)
{
	static const uint32_t pieces[] = { 1, 7, 23, 24, 25, 39, 40 };
	struct atoll_error err;
	uint8_t counted[40];

	(void)state;
	for (uint32_t i = 0; i < sizeof(counted); i++)
		counted[i] = (uint8_t)i;
	for (uint32_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct act script[60] = { TAKE, TAKE };
		struct fake fake;
		struct run_line *line = open_line(&fake, USB_SUPER);
		uint32_t acts = 2, left = 40, piece;
		PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), OUT(1, 0, 16), INT0);

		for (; left; left -= piece) {
			piece = left < pieces[i] ? left : pieces[i];
			script[acts++] = (struct act)GIVE(piece);
		}
		script[acts] = (struct act)EVENT(4);
		fake.act = script;
		assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
		/* 20 of 24 bytes are the tensor's, the others padding. */
		assert_memory_equal(program.boxes, counted, 20);
		assert_int_equal(program.boxes[20], 0xee);
		assert_memory_equal(program.scores, counted + 24, 16);
		assert_int_equal(program.scores[16], 0xee);
		close_line(&fake, line);
	}
}

static void reads_may_be_told_in_another_order_than_they_were_asked_for(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, LATER(16), EVENT(4), GIVE(8));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	for (uint8_t i = 0; i < 20; i++)
		assert_int_equal(program.boxes[i], i);
	close_line(&fake, line);
}

static void parts_of_an_output_go_where_their_offset_says(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, OUT(1, 8, 8), OUT(0, 0, 24), OUT(1, 0, 8), INT0);

	(void)state;
	program.output[0].bytes = NULL; /* not wanted */
	SCRIPT(&fake, GIVE(40), EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_int_equal(program.scores[8], 0);
	assert_int_equal(program.scores[15], 7);
	assert_int_equal(program.scores[0], 32);
	assert_int_equal(program.scores[7], 39);
	close_line(&fake, line);
}

static void scratch_goes_back_as_it_came(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, SCRATCH_IN(8, 16), FENCE, SCRATCH_OUT(0, 64), INT0);

	(void)state;
	SCRIPT(&fake, GIVE(16), TAKE, TAKE, EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_int_equal(fake.sent[4], 1); /* the tag of inputs */
	assert_int_equal(fake.sent[8 + 7], 0);
	assert_int_equal(fake.sent[8 + 9], 1);
	assert_int_equal(fake.sent[8 + 23], 15);
	close_line(&fake, line);
}

static void a_run_may_be_announced_before_its_output_is_here(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, EVENT(4), TAKE, GIVE(24));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_string_equal(fake.log, ">8 >32 t e t g ");
	close_line(&fake, line);
}

static void each_interrupt_has_its_own_tag(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, { .kind = EDGETPU_INTERRUPT, .index = 2 });

	(void)state;
	SCRIPT(&fake, TAKE, TAKE, EVENT(6));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	close_line(&fake, line);
}

/* One run that fails; nothing may be out afterwards. */
static void check_failure(const struct act *script, int code, const char *sentence)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err = { 0 };
	PROGRAM(first, CACHING, I0, PARAM(0, (2 << 20) + 8), INT0);
	PROGRAM(second, EXECUTION, IN(0, 48), OUT(0, 0, 24), SCRATCH_IN(0, 8), OUT(1, 0, 16),
		INT0);
	const struct run_part both[] = { first.part, second.part };

	fake.act = script;
	assert_int_equal(run_parts(line, both, 2, &err), code);
	assert_string_equal(err.text, sentence);
	assert_int_equal(err.code, code);
	assert_int_equal(fake.outs, 0);
	assert_true(fake.now_ns <= (TIMEOUT_MS + 1) * INT64_C(1000000));

	/* And it stays so until somebody acts. */
	err = (struct atoll_error){ 0 };
	assert_int_equal(run_parts(line, both, 2, &err), code);
	assert_string_equal(err.text, sentence);
	assert_int_equal(run_line_check(line, NULL), code);
	close_line(&fake, line);
}

#define CHECK_FAILURE(code, sentence, ...) do { \
	static const struct act script[] = { __VA_ARGS__, END }; \
	check_failure(script, code, sentence); \
} while (0)

#define ALL_SENT TAKE, TAKE, TAKE, TAKE, TAKE, TAKE, TAKE, TAKE

static void a_failure_says_which_transfer_and_why(void **state)
{
	(void)state;
	CHECK_FAILURE(-EPIPE, "sending the header of instructions 0 [0+32] of the caching run: "
		      "the endpoint stalled", FAIL(0x01, -EPIPE, 0));
	CHECK_FAILURE(-ETIMEDOUT, "sending instructions 0 [0+32] of the caching run: timed out",
		      TAKE, FAIL(0x01, -ETIMEDOUT, 16));
	CHECK_FAILURE(-EIO, "sending parameters [1048576+1048576] of the caching run: "
		      "failed on the bus", TAKE, TAKE, TAKE, TAKE,
		      FAIL(0x01, -EIO, 0));
	CHECK_FAILURE(-EPROTO, "sending parameters [2097152+8] of the caching run: the device did "
		      "not take all of it", TAKE, TAKE, TAKE, TAKE, TAKE,
		      FAIL(0x01, 0, 4));
	CHECK_FAILURE(-ENODEV, "sending input \"net/image\" [0+48]: the device is gone",
		      TAKE, TAKE, TAKE, TAKE, TAKE, TAKE, TAKE,
		      FAIL(0x01, -ENODEV, 0));
	CHECK_FAILURE(-EPIPE, "reading outputs: the endpoint stalled", TAKE,
		      FAIL(0x81, -EPIPE, 0));
	CHECK_FAILURE(-ENODEV, "reading events: the device is gone", TAKE,
		      FAIL(0x82, -ENODEV, 0));
	CHECK_FAILURE(-EOVERFLOW, "reading interrupts: the device sent more than was asked for",
		      FAIL(0x83, -EOVERFLOW, 4));
}

static void silence_ends_with_a_sentence_about_what_is_missing(void **state)
{
	(void)state;
	CHECK_FAILURE(-ETIMEDOUT, "sending the header of instructions 0 [0+32] of the caching "
		      "run: timed out", SLEEP(10));
	CHECK_FAILURE(-ETIMEDOUT, "sending parameters [0+1048576] of the caching run: timed out",
		      TAKE, TAKE, TAKE);
	CHECK_FAILURE(-ETIMEDOUT, "output bytes 0 to 24 of \"net/boxes\": timed out", ALL_SENT,
		      EVENT(4));
	CHECK_FAILURE(-ETIMEDOUT, "scratch bytes 2 to 8: timed out", ALL_SENT, GIVE(26));
	CHECK_FAILURE(-ETIMEDOUT, "output bytes 15 to 16 of \"net/scores\": timed out", ALL_SENT,
		      GIVE(47), EVENT(4), EVENT(4));
	CHECK_FAILURE(-ETIMEDOUT, "the interrupt that ends the run: timed out", ALL_SENT,
		      GIVE(48), EVENT(4));
}

static void a_device_that_says_what_it_should_not_is_not_believed(void **state)
{
	(void)state;
	CHECK_FAILURE(-EPROTO, "outputs: the device sent 1 bytes more than the program has",
		      ALL_SENT, GIVE(49));
	CHECK_FAILURE(-EPROTO, "events: the device sent tag 5 that nothing waits for", ALL_SENT,
		      EVENT(5));
	CHECK_FAILURE(-EPROTO, "events: the device sent tag 3 that nothing waits for", ALL_SENT,
		      EVENT(3));
	CHECK_FAILURE(-EPROTO, "events: the device sent tag 4 that nothing waits for", ALL_SENT,
		      EVENT(4), EVENT(4), EVENT(4));
	CHECK_FAILURE(-EPROTO, "events: the device sent one of 12 bytes instead of 16", ALL_SENT,
		      RAW(0x82, 12));
	CHECK_FAILURE(-EPROTO, "interrupts: the device sent 2 bytes instead of 4", ALL_SENT,
		      RAW(0x83, 2));
}

/* It would be as if the run went on. */
static void reads_without_a_byte_do_not_put_off_the_deadline(void **state)
{
	(void)state;
	CHECK_FAILURE(-ETIMEDOUT, "output bytes 0 to 24 of \"net/boxes\": timed out", ALL_SENT,
		      SLEEP(400), GIVE(0), SLEEP(400), GIVE(0), SLEEP(200),
		      GIVE(0));
}

static void output_between_runs_breaks_the_line(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;

	(void)state;
	SCRIPT(&fake, GIVE(8));
	assert_int_equal(run_line_check(line, &err), -EPROTO);
	assert_string_equal(err.text,
			    "outputs: the device sent 8 bytes more than the program has");
	close_line(&fake, line);
}

static void heat_is_answered_and_counted_while_the_run_goes_on(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct run_troubles troubles;
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, WORD(0x10), TAKE, WORD(0x02), GIVE(24),
	       EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_string_equal(fake.log, ">8 >32 t w c c c t w c c c g e ");
	troubles = run_line_take_troubles(line);
	assert_int_equal(troubles.heat_warnings, 1);
	assert_int_equal(troubles.heat_shutdowns, 1);
	assert_int_equal(troubles.fatal_errors, 0);
	assert_int_equal(run_line_take_troubles(line).heat_warnings, 0);
	close_line(&fake, line);
}

static void an_interrupt_between_runs_is_answered_before_the_next(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;

	(void)state;
	SCRIPT(&fake, WORD(0x10));
	assert_int_equal(run_line_check(line, &err), 0);
	assert_string_equal(fake.log, "w c c c ");
	assert_int_equal(run_line_take_troubles(line).heat_warnings, 1);
	close_line(&fake, line);
}

static void a_fatal_error_ends_the_run_in_the_words_of_the_chip(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), INT0);

	(void)state;
	fake.hib_error = 1;
	SCRIPT(&fake, TAKE, WORD(0x01));
	assert_int_equal(run_parts(line, &program.part, 1, &err), -EIO);
	assert_non_null(strstr(err.text, "inbound page fault"));
	assert_int_equal(run_line_take_troubles(line).fatal_errors, 1);
	assert_int_equal(fake.outs, 0);
	close_line(&fake, line);
}

static void a_stall_before_anything_was_taken_can_be_mended(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, FAIL(0x01, -EPIPE, 0), TAKE, TAKE, GIVE(24),
	       EVENT(4));
	assert_int_equal(run_parts(line, &program.part, 1, &err), -EPIPE);
	assert_int_equal(run_line_mend(line, &err), 0);
	assert_string_equal(fake.cleared, "01 81 82 83 ");
	assert_int_equal(fake.outs, 2 + READS);
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	close_line(&fake, line);
}

static void a_standing_read_that_stalled_between_runs_can_be_mended(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;

	(void)state;
	SCRIPT(&fake, FAIL(0x82, -EPIPE, 0));
	assert_int_equal(run_line_check(line, &err), -EPIPE);
	assert_int_equal(run_line_mend(line, &err), 0);
	assert_string_equal(fake.cleared, "01 81 82 83 ");
	assert_int_equal(run_line_check(line, &err), 0);
	close_line(&fake, line);
}

static void after_bytes_were_taken_only_a_reset_helps(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	PROGRAM(program, EXECUTION, I0, OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, TAKE, FAIL(0x01, -EPIPE, 0));
	assert_int_equal(run_parts(line, &program.part, 1, &err), -EPIPE);
	assert_int_equal(run_line_mend(line, &err), -EIO);
	assert_string_equal(fake.cleared, "");
	assert_int_equal(fake.outs, 0);
	close_line(&fake, line);
}

static void a_bus_that_keeps_transfers_keeps_their_memory(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);

	(void)state;
	fake.keeps_all = true;
	assert_int_equal(run_line_close(line), -EBUSY);
	assert_int_equal(fake.allocations, 1);
	assert_true(fake.now_ns <= (RUN_REAP_MS + 1) * INT64_C(1000000));
	fake.keeps_all = false;
	close_line(&fake, line);
}

static void a_run_allocates_nothing(void **state)
{
	struct fake fake;
	struct run_line *line = open_line(&fake, USB_SUPER);
	struct atoll_error err;
	unsigned long before;
	PROGRAM(program, EXECUTION, OUT(0, 0, 24), INT0);

	(void)state;
	SCRIPT(&fake, GIVE(24), EVENT(4));
	before = allocations();
	assert_int_equal(run_parts(line, &program.part, 1, &err), 0);
	assert_int_equal(allocations(), before);
	close_line(&fake, line);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_of_all_kinds_stand_from_the_beginning),
		cmocka_unit_test(items_go_in_the_order_of_the_hints_three_transfers_at_a_time),
		cmocka_unit_test(
			the_second_program_follows_before_the_first_has_said_that_it_is_done),
		cmocka_unit_test(nothing_is_sent_while_output_is_due),
		cmocka_unit_test(a_fence_waits_for_all_that_was_sent),
		cmocka_unit_test(a_large_payload_goes_in_pieces_of_a_mebibyte),
		cmocka_unit_test(output_is_one_stream_whatever_its_pieces),
		cmocka_unit_test(reads_may_be_told_in_another_order_than_they_were_asked_for),
		cmocka_unit_test(parts_of_an_output_go_where_their_offset_says),
		cmocka_unit_test(scratch_goes_back_as_it_came),
		cmocka_unit_test(a_run_may_be_announced_before_its_output_is_here),
		cmocka_unit_test(each_interrupt_has_its_own_tag),
		cmocka_unit_test(a_failure_says_which_transfer_and_why),
		cmocka_unit_test(silence_ends_with_a_sentence_about_what_is_missing),
		cmocka_unit_test(a_device_that_says_what_it_should_not_is_not_believed),
		cmocka_unit_test(reads_without_a_byte_do_not_put_off_the_deadline),
		cmocka_unit_test(output_between_runs_breaks_the_line),
		cmocka_unit_test(heat_is_answered_and_counted_while_the_run_goes_on),
		cmocka_unit_test(an_interrupt_between_runs_is_answered_before_the_next),
		cmocka_unit_test(a_fatal_error_ends_the_run_in_the_words_of_the_chip),
		cmocka_unit_test(a_stall_before_anything_was_taken_can_be_mended),
		cmocka_unit_test(a_standing_read_that_stalled_between_runs_can_be_mended),
		cmocka_unit_test(after_bytes_were_taken_only_a_reset_helps),
		cmocka_unit_test(a_bus_that_keeps_transfers_keeps_their_memory),
		cmocka_unit_test(a_run_allocates_nothing),
	};
	return CHECK_RUN(tests);
}
