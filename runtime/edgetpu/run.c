/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints (walk.h) become transfers:
 *
 *	instructions, input,   0x01   8 bytes of header, then the payload in pieces
 *	parameters, scratch           of at most 1 MiB; three transfers at a time
 *	output, scratch        0x81   one stream of bytes for all outfeeds, read one
 *	                              chunk at a time into the ring of standing reads
 *	interrupt              0x82   16 bytes each, the number in byte 12
 */
#include "runtime/edgetpu/run.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "runtime/edgetpu/walk.h"

/* Endpoints of the single-endpoint firmware. */
#define ENDPOINT_OUT 0x01
#define ENDPOINT_OUTPUT 0x81
#define ENDPOINT_EVENTS 0x82
#define ENDPOINT_INTERRUPT 0x83

#define EVENT_BYTES 16
#define WORD_BYTES 4

#define NS_PER_MS INT64_C(1000000)

/*
 * Slots: first those that send, as many as the vendor's runtime has out at a time, seen
 * in its traffic; then the standing reads, of which those of output are the last.
 */
enum { SEND_FIRST, SEND_END = 3, READ_EVENTS = SEND_END, READ_INTERRUPT, READ_OUTPUT };

struct slot {
	struct usb_transfer transfer;
	struct run_line *line;
	bool is_out;            /* submitted, `done` has not come */
	bool has_come;          /* output that waits for what was asked for before it */
	/* Of one that sends: where the walk stood, for sentences, and room for a header. */
	struct walk_cursor what;
	uint8_t header[WALK_HEADER_BYTES];
};

struct run_line {
	struct usb_device *usb;
	uint32_t timeout_ms, chunk;
	uint8_t *memory;        /* a chunk for each read */
	size_t memory_bytes;

	struct atoll_error failure;  /* code 0: none */
	bool has_stalled;       /* an endpoint, and that was all */
	bool is_stopping;

	struct walk walk;
	uint32_t sending;       /* slots that are out */
	uint32_t word;          /* of interrupts that were not seen to */
	bool has_moved;         /* something came or went since the last look */
	int64_t start_ns, moved_ns;
	struct run_report report;
	struct run_troubles troubles;

	uint32_t oldest;        /* of the slots that read output */
	uint32_t slots;
	struct slot slot[];
};

static const struct usb_ops *ops_of(const struct run_line *line)
{
	return line->usb->bus->ops;
}

static int64_t now_ns(const struct run_line *line)
{
	return ops_of(line)->clock_ns(line->usb->bus);
}

/* The first failure is the cause of those that follow. */
#define fail(line, ...) \
	((line)->failure.code ? (line)->failure.code \
			      : atoll_error_set(&(line)->failure, __VA_ARGS__))

static int fail_to_send(struct run_line *line, const struct slot *slot, int status,
			const char *why)
{
	char what[WALK_TEXT];

	return fail(line, status, "sending %s: %s",
		    walk_piece_text(&line->walk, &slot->what, slot->transfer.length, what), why);
}

static int fail_to_come(struct run_line *line, int status, const char *why)
{
	char what[WALK_TEXT];

	return fail(line, status, "%s: %s", walk_due_text(&line->walk, line->chunk, what), why);
}

static int fail_to_read(struct run_line *line, uint8_t endpoint, int status)
{
	return fail(line, status, "reading %s: %s",
		    endpoint == ENDPOINT_OUTPUT ? "outputs" :
		    endpoint == ENDPOINT_EVENTS ? "events" : "interrupts",
		    usb_status_text(status));
}

static void remember_stall(struct run_line *line, const struct usb_transfer *transfer)
{
	if (transfer->status == -EPIPE && !line->failure.code)
		line->has_stalled = true;
}

/* --- what the device says --- */

static void submit_read(struct slot *slot)
{
	struct run_line *line = slot->line;
	int r = ops_of(line)->submit(line->usb, &slot->transfer);

	slot->is_out = r == 0;
	if (r < 0)
		(void)fail_to_read(line, slot->transfer.endpoint, r);
}

static void take_output(struct run_line *line, const uint8_t *bytes, uint32_t count)
{
	uint32_t surplus = walk_take_output(&line->walk, bytes, count);

	line->report.bytes_in += count;
	line->has_moved |= surplus < count;
	if (surplus)
		(void)fail(line, -EPROTO, "outputs: the device sent %u bytes more than "
			   "the program has", surplus);
}

/* Nothing promises that reads are told to be over in the order in which they are;
   the stream has the order in which they were asked for. */
static void take_outputs(struct run_line *line)
{
	struct slot *slot = &line->slot[line->oldest];

	while (slot->has_come && !line->failure.code) {
		slot->has_come = false;
		take_output(line, slot->transfer.data, slot->transfer.actual);
		if (!line->failure.code)
			submit_read(slot);
		line->oldest = line->oldest + 1 < line->slots ? line->oldest + 1 : READ_OUTPUT;
		slot = &line->slot[line->oldest];
	}
}

static void take_event(struct run_line *line, const uint8_t *bytes, uint32_t count)
{
	if (count != EVENT_BYTES)
		(void)fail(line, -EPROTO, "events: the device sent one of %u bytes instead of %u",
			   count, EVENT_BYTES);
	else if (!walk_take_interrupt(&line->walk, bytes[12] & 15u))
		(void)fail(line, -EPROTO, "events: the device sent tag %u that nothing waits for",
			   bytes[12] & 15u);
	else
		line->has_moved = true;
}

static void take_word(struct run_line *line, const uint8_t *bytes, uint32_t count)
{
	if (count == WORD_BYTES)
		line->word |= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
			      (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
	else
		(void)fail(line, -EPROTO, "interrupts: the device sent %u bytes instead of %u",
			   count, WORD_BYTES);
}

static void read_is_done(struct usb_transfer *transfer)
{
	struct slot *slot = transfer->context;
	struct run_line *line = slot->line;

	slot->is_out = false;
	if (line->is_stopping) {
		line->report.bytes_in += transfer->actual;
		return;
	}
	if (transfer->status < 0) {
		remember_stall(line, transfer);
		(void)fail_to_read(line, transfer->endpoint, transfer->status);
		return;
	}
	if (transfer->endpoint == ENDPOINT_OUTPUT) {
		slot->has_come = true;
		take_outputs(line);
		return;
	}
	if (transfer->endpoint == ENDPOINT_EVENTS)
		take_event(line, transfer->data, transfer->actual);
	else
		take_word(line, transfer->data, transfer->actual);
	if (!line->failure.code)
		submit_read(slot);
}

/* Outside of `done`, which may not wait for control transfers. */
static int act_on_word(struct run_line *line)
{
	struct chip_trouble trouble = { 0 };
	uint32_t word = line->word;
	struct atoll_error why = { 0 };
	int r;

	if (!word || line->failure.code)
		return line->failure.code;
	line->word = 0;
	r = chip_interrupt(line->usb, word, &trouble, &why);
	line->troubles.heat_warnings += trouble.is_hot;
	line->troubles.heat_shutdowns += trouble.is_too_hot;
	line->troubles.fatal_errors += trouble.is_fatal;
	return r < 0 ? fail(line, r, "%s", why.text) : 0;
}

/* --- what we say --- */

static void send_is_done(struct usb_transfer *transfer)
{
	struct slot *slot = transfer->context;
	struct run_line *line = slot->line;

	slot->is_out = false;
	line->sending--;
	line->report.bytes_out += transfer->actual;
	if (line->is_stopping)
		return;
	if (transfer->status < 0) {
		remember_stall(line, transfer);
		(void)fail_to_send(line, slot, transfer->status,
				   usb_status_text(transfer->status));
	} else if (transfer->actual != transfer->length) {
		(void)fail_to_send(line, slot, -EPROTO, "the device did not take all of it");
	} else {
		line->has_moved = true;
	}
}

static void send_next(struct run_line *line, struct slot *slot)
{
	int r;

	slot->what = line->walk.out;
	/* Of a transfer to the device nothing is ever written. */
	slot->transfer.data = (uint8_t *)walk_next(&line->walk, slot->header,
						   &slot->transfer.length);
	r = ops_of(line)->submit(line->usb, &slot->transfer);
	if (r < 0) {
		(void)fail_to_send(line, slot, r, usb_status_text(r));
		return;
	}
	slot->is_out = true;
	line->sending++;
}

static void send_what_may_go(struct run_line *line)
{
	for (uint32_t i = SEND_FIRST; i < SEND_END; i++) {
		if (line->slot[i].is_out)
			continue;
		if (line->failure.code || !walk_may_send(&line->walk, line->sending))
			return;
		send_next(line, &line->slot[i]);
	}
}

/* --- a run --- */

static void look_at_the_clock(struct run_line *line)
{
	int64_t now = now_ns(line);

	if (!line->has_moved)
		return;
	line->has_moved = false;
	line->moved_ns = now;
	if (!line->report.answered_ns && line->report.bytes_in)
		line->report.answered_ns = now - line->start_ns;
	if (!line->report.sent_ns && walk_is_sent(&line->walk) && !line->sending)
		line->report.sent_ns = now - line->start_ns;
}

static int fail_by_time(struct run_line *line)
{
	for (uint32_t i = SEND_FIRST; i < SEND_END; i++)
		if (line->slot[i].is_out)
			return fail_to_send(line, &line->slot[i], -ETIMEDOUT, "timed out");
	return fail_to_come(line, -ETIMEDOUT, "timed out");
}

static void wait_for_something(struct run_line *line)
{
	int64_t limit_ns = line->timeout_ms * NS_PER_MS;
	int64_t left_ns = line->moved_ns + limit_ns - now_ns(line);
	int64_t left_ms = left_ns > 0 ? (left_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
	int r = ops_of(line)->wait(line->usb, (uint32_t)left_ms);

	if (r < 0 && r != -ETIMEDOUT) {
		(void)fail_to_come(line, r, usb_status_text(r));
		return;
	}
	look_at_the_clock(line);
	if (now_ns(line) - line->moved_ns >= limit_ns)
		(void)fail_by_time(line);
}

static bool is_any_out(const struct run_line *line)
{
	for (uint32_t i = 0; i < line->slots; i++)
		if (line->slot[i].is_out)
			return true;
	return false;
}

/* Take back everything that is out, for at most RUN_REAP_MS. */
static int stop(struct run_line *line)
{
	int64_t end_ns = now_ns(line) + RUN_REAP_MS * NS_PER_MS;

	line->is_stopping = true;
	for (uint32_t i = 0; i < line->slots; i++)
		if (line->slot[i].is_out)
			ops_of(line)->cancel(line->usb, &line->slot[i].transfer);
	while (is_any_out(line)) {
		int64_t left_ns = end_ns - now_ns(line);

		if (left_ns <= 0)
			return -EBUSY;
		if (ops_of(line)->wait(line->usb, (uint32_t)(left_ns / NS_PER_MS) + 1) < 0)
			ops_of(line)->sleep_ms(line->usb->bus, 1);
	}
	return 0;
}

/* Broken: nothing stays out. Those that do not come back meet us at close. */
static int give_up(struct run_line *line, struct atoll_error *err)
{
	if (!line->is_stopping)
		(void)stop(line);
	return atoll_error_set(err, line->failure.code, "%s", line->failure.text);
}

int run_parts(struct run_line *line, const struct run_part *part, uint32_t parts,
	      struct atoll_error *err)
{
	line->report = (struct run_report){ 0 };
	if (line->failure.code)
		return give_up(line, err);
	walk_begin(&line->walk, part, parts);
	line->start_ns = line->moved_ns = now_ns(line);
	line->has_moved = false;
	for (;;) {
		send_what_may_go(line);
		if (line->failure.code || (!line->sending && walk_is_over(&line->walk)))
			break;
		wait_for_something(line);
		(void)act_on_word(line);
	}
	line->report.run_ns = now_ns(line) - line->start_ns;
	if (line->failure.code) {
		(void)give_up(line, err);
		/* Then clearing the stall would not be enough. */
		if (line->report.bytes_out || line->report.bytes_in)
			line->has_stalled = false;
	}
	/* What comes now belongs to no run. */
	line->walk = (struct walk){ 0 };
	return line->failure.code;
}

int run_line_check(struct run_line *line, struct atoll_error *err)
{
	int r;

	if (line->failure.code)
		return give_up(line, err);
	r = ops_of(line)->wait(line->usb, 0);
	if (r < 0 && r != -ETIMEDOUT)
		(void)fail(line, r, "waiting for the device: %s", usb_status_text(r));
	(void)act_on_word(line);
	return line->failure.code ? give_up(line, err) : 0;
}

const struct run_report *run_line_report(const struct run_line *line)
{
	return &line->report;
}

struct run_troubles run_line_take_troubles(struct run_line *line)
{
	struct run_troubles troubles = line->troubles;

	line->troubles = (struct run_troubles){ 0 };
	return troubles;
}

/* --- coming and going --- */

static int start_reads(struct run_line *line)
{
	line->is_stopping = false;
	line->oldest = READ_OUTPUT;
	for (uint32_t i = READ_EVENTS; i < line->slots && !line->failure.code; i++) {
		line->slot[i].has_come = false;
		submit_read(&line->slot[i]);
	}
	return line->failure.code;
}

static void lay_out(struct run_line *line)
{
	for (uint32_t i = 0; i < line->slots; i++) {
		struct slot *slot = &line->slot[i];
		struct usb_transfer *transfer = &slot->transfer;

		slot->line = line;
		transfer->context = slot;
		if (i < SEND_END) {
			transfer->endpoint = ENDPOINT_OUT;
			transfer->timeout_ms = line->timeout_ms;
			transfer->done = send_is_done;
			continue;
		}
		transfer->endpoint = i == READ_EVENTS    ? ENDPOINT_EVENTS :
				     i == READ_INTERRUPT ? ENDPOINT_INTERRUPT :
							   ENDPOINT_OUTPUT;
		transfer->length = i == READ_EVENTS    ? EVENT_BYTES :
				   i == READ_INTERRUPT ? WORD_BYTES :
							 line->chunk;
		transfer->data = line->memory + (size_t)(i - READ_EVENTS) * line->chunk;
		transfer->done = read_is_done;
	}
}

struct run_line *run_line_open(struct usb_device *usb, uint32_t timeout_ms, uint32_t reads,
			       struct atoll_error *err)
{
	uint32_t slots = READ_OUTPUT + reads;
	struct run_line *line = calloc(1, sizeof(*line) + slots * sizeof(line->slot[0]));

	if (!line)
		goto no_memory;
	line->usb = usb;
	line->timeout_ms = timeout_ms;
	line->chunk = chip_output_chunk(usb->speed);
	line->slots = slots;
	line->memory_bytes = (size_t)(slots - READ_EVENTS) * line->chunk;
	line->memory = usb->bus->ops->alloc(usb, line->memory_bytes);
	if (!line->memory)
		goto no_memory;
	lay_out(line);
	if (start_reads(line) == 0)
		return line;
	(void)give_up(line, err);
	(void)run_line_close(line); /* lost when the bus keeps its transfers */
	return NULL;

no_memory:
	free(line);
	(void)atoll_error_set(err, -ENOMEM, "out of memory for standing reads");
	return NULL;
}

int run_line_close(struct run_line *line)
{
	int r;

	if (!line)
		return 0;
	r = stop(line);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < line->slots; i++)
		ops_of(line)->forget(line->usb, &line->slot[i].transfer);
	ops_of(line)->dealloc(line->usb, line->memory, line->memory_bytes);
	free(line);
	return 0;
}

int run_line_mend(struct run_line *line, struct atoll_error *err)
{
	static const uint8_t endpoints[] = {
		ENDPOINT_OUT, ENDPOINT_OUTPUT, ENDPOINT_EVENTS, ENDPOINT_INTERRUPT,
	};

	if (!line->failure.code)
		return 0;
	if (!line->has_stalled || is_any_out(line))
		return atoll_error_set(err, -EIO, "%s", line->failure.text);
	/* The first to stall is known; others may have, while they were called back. */
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		int r = ops_of(line)->clear_halt(line->usb, endpoints[i]);

		if (r < 0)
			return atoll_error_set(err, r, "clearing a stalled endpoint: %s",
					       usb_status_text(r));
	}
	line->has_stalled = false;
	line->failure = (struct atoll_error){ 0 };
	return start_reads(line) < 0 ? give_up(line, err) : 0;
}
