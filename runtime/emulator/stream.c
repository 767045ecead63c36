/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/state.h"

#include <errno.h>
#include <string.h>

/*
 * The data path in single-endpoint mode.
 *
 *   0x01   [length u32][tag u8][0 0 0] payload     an item, in any pieces
 *   0x81   output, cut into chunks
 *   0x82   events
 *
 * Instructions that are known begin a run, which then walks the hints of their
 * executable: it stands at one that wants an item until that has come, and at one
 * that gives output until that was fetched.
 */

enum { TAG_INSTRUCTIONS = 0, TAG_INPUT = 1, TAG_PARAMETERS = 2, TAG_INTERRUPT = 4 };

#define EVENT_BYTES 16u

static const char *tag_name(uint32_t tag)
{
	static const char *const names[] = { "instructions", "input", "parameters" };

	return tag < 3 ? names[tag] : "?";
}

void emulator_drop_item(struct emulator *emulator)
{
	emulator->item.header_bytes = 0;
	emulator->item.bytes = 0;
}

void emulator_drop_run(struct emulator *emulator)
{
	emulator->run.taught = NULL;
	emulator->answer.size = 0;
}

/* What the run waits for on endpoint 0x01. */
static void wanted(const struct emulator *emulator, uint32_t *tag, uint32_t *size)
{
	const struct edgetpu_executable *executable = emulator->run.executable;
	const struct edgetpu_hint *hint = &executable->hint[emulator->run.hint];

	switch (hint->kind) {
	case EDGETPU_INSTRUCTIONS:
		*tag = TAG_INSTRUCTIONS;
		*size = executable->chunk[hint->index].size;
		break;
	case EDGETPU_PARAMETERS:
		*tag = TAG_PARAMETERS;
		*size = hint->size;
		break;
	default: /* input, and scratch that comes back */
		*tag = TAG_INPUT;
		*size = hint->size;
	}
}

static void announce(struct emulator *emulator, uint32_t interrupt)
{
	uint64_t descriptors = *emulator_core(emulator, REG_DESCRIPTORS);

	if (!(descriptors >> (TAG_INTERRUPT + interrupt) & 1) ||
	    emulator_is_flawed(emulator, FLAW_NO_EVENT))
		return;
	if (emulator->events == sizeof(emulator->event)) {
		(void)emulator_complain(emulator, "%u events were not read", emulator->events);
		return;
	}
	emulator->event[emulator->events++] = (uint8_t)interrupt;
}

static void finish_run(struct emulator *emulator)
{
	if (emulator->run.executable->type == EDGETPU_CACHING)
		emulator_keep_parameters(emulator, emulator->run.taught);
	else
		emulator->runs++;
	emulator->run.taught = NULL;
}

static int make_answer(struct emulator *emulator, const struct edgetpu_hint *hint)
{
	struct emulator_program *program = emulator->run.taught->program;
	int r = program->ops->outfeed(program, hint, emulator->run.outfeeds++,
				      emulator->answer.room);

	emulator->answer.size = r < 0 ? 0 : hint->size;
	emulator->answer.given = 0;
	return r;
}

/* The program cannot go on: a fatal error of the chip, and what the program says of it
   for who looks after this one. */
static void fail(struct emulator *emulator)
{
	const struct emulator_program *program = emulator->run.taught->program;

	if (program->ops->why)
		(void)emulator_complain(emulator, "%s: %s", emulator->run.executable->name,
					program->ops->why(program));
	emulator_stop_core(emulator, HIB_INBOUND_PAGE_FAULT);
}

/* On to the next hint at which the run stands. */
static void walk(struct emulator *emulator)
{
	const struct edgetpu_executable *executable = emulator->run.executable;

	while (emulator->run.hint < executable->hints) {
		const struct edgetpu_hint *hint = &executable->hint[emulator->run.hint];

		switch (hint->kind) {
		case EDGETPU_INSTRUCTIONS:
		case EDGETPU_INPUT:
		case EDGETPU_PARAMETERS:
		case EDGETPU_SCRATCH_OUT:
			return;
		case EDGETPU_OUTPUT:
		case EDGETPU_SCRATCH_IN:
			emulator->run.hint++;
			if (make_answer(emulator, hint) < 0) {
				fail(emulator);
				return;
			}
			if (emulator->answer.size)
				return;
			break;
		case EDGETPU_INTERRUPT:
			announce(emulator, hint->index);
			emulator->run.hint++;
			break;
		case EDGETPU_FENCE: /* we do one thing after the other anyway */
			emulator->run.hint++;
			break;
		}
	}
	finish_run(emulator);
}

static int begin(struct emulator *emulator, struct emulator_taught *taught,
		 const struct edgetpu_executable *executable)
{
	emulator->run.taught = taught;
	emulator->run.executable = executable;
	emulator->run.hint = 0;
	emulator->run.outfeeds = 0;
	emulator->run.is_fed = false;
	return taught->program->ops->begin(taught->program, executable);
}

static int take_instructions(struct emulator *emulator, const uint8_t *bytes, uint32_t size)
{
	const struct edgetpu_executable *executable = emulator->run.executable;
	struct emulator_taught *taught = emulator->run.taught;

	if (taught) {
		const struct edgetpu_hint *hint = &executable->hint[emulator->run.hint];

		if (!emulator_is_chunk(&executable->chunk[hint->index], bytes, size))
			return emulator_complain(emulator, "%s: not its instructions %u",
						 executable->name, hint->index);
	} else {
		taught = emulator_find(emulator, bytes, size, &executable);
		if (!taught)
			return emulator_complain(emulator, "%u bytes of unknown instructions",
						 size);
		if (!emulator_needs_are_met(emulator, taught, executable)) {
			(void)emulator_complain(emulator, "%s: its parameters are not there",
						executable->name);
			emulator_stop_core(emulator, HIB_PARAMETERS_INVALID);
			return 0;
		}
		if (begin(emulator, taught, executable) < 0) {
			fail(emulator);
			return 0;
		}
	}
	emulator->run.hint++;
	walk(emulator);
	return 0;
}

/* Parameters tell programs apart that have the same instructions. Those of none are
   for a program that can tell what comes of them. */
static int recognize(struct emulator *emulator, const uint8_t *bytes)
{
	const struct edgetpu_executable *executable;
	uint32_t hint = emulator->run.hint;
	struct emulator_taught *taught =
		emulator_find_parameters(emulator, hint, bytes, &executable);

	if (!taught && emulator->run.taught->program->ops->takes_any_parameters)
		return 0;
	if (!taught || (taught != emulator->run.taught && emulator->run.is_fed))
		return emulator_complain(emulator, "%s: not its parameters at %u",
					 emulator->run.executable->name,
					 emulator->run.executable->hint[hint].offset);
	if (taught == emulator->run.taught)
		return 0;
	if (!emulator_needs_are_met(emulator, taught, executable) ||
	    begin(emulator, taught, executable) < 0)
		return emulator_complain(emulator, "%s: cannot begin", executable->name);
	emulator->run.hint = hint;
	return 0;
}

static int take_data(struct emulator *emulator, const uint8_t *bytes)
{
	struct emulator_program *program;
	int r = 0;

	if (emulator->item.tag == TAG_PARAMETERS)
		r = recognize(emulator, bytes);
	if (r < 0)
		return r;
	program = emulator->run.taught->program;
	r = program->ops->infeed(program, &emulator->run.executable->hint[emulator->run.hint],
				 bytes);
	if (r < 0) {
		fail(emulator);
		return 0;
	}
	emulator->run.is_fed = true;
	emulator->run.hint++;
	walk(emulator);
	return 0;
}

static int take_item(struct emulator *emulator, const uint8_t *bytes)
{
	uint32_t size = emulator->item.size;

	emulator_drop_item(emulator);
	if (emulator->item.tag == TAG_INSTRUCTIONS)
		return take_instructions(emulator, bytes, size);
	return take_data(emulator, bytes);
}

/* Is the chip in a state in which data may come at all? */
static int check_state(struct emulator *emulator)
{
	uint32_t address;

	if (!emulator_is_awake(emulator))
		return emulator_complain(emulator, "data while the core is asleep");
	if (!emulator_is_running(emulator, &address))
		return emulator_complain(emulator, "data while run control 0x%05x is not 1",
					 address);
	if (*emulator_core(emulator, REG_MULTI_ENDPOINT))
		return emulator_complain(emulator,
					 "data while multi_bo_ep is not 0: single-endpoint "
					 "firmware");
	if (!(*emulator_core(emulator, REG_OUTFEED_CHUNK) & 0xffff))
		return emulator_complain(emulator, "data while outfeed_chunk_length is 0");
	return 0;
}

static int check_wanted(struct emulator *emulator)
{
	const struct edgetpu_executable *executable;
	uint32_t tag, size;

	if (!emulator->run.taught) {
		if (emulator->item.tag != TAG_INSTRUCTIONS)
			return emulator_complain(emulator, "%s (%u bytes) before instructions",
						 tag_name(emulator->item.tag),
						 emulator->item.size);
		if (!emulator_find(emulator, NULL, emulator->item.size, &executable))
			return emulator_complain(emulator, "%u bytes of unknown instructions",
						 emulator->item.size);
		return 0;
	}
	wanted(emulator, &tag, &size);
	if (tag != emulator->item.tag || size != emulator->item.size)
		return emulator_complain(emulator,
					 "%s: %u bytes of %s came, %u bytes of %s are next",
					 emulator->run.executable->name, emulator->item.size,
					 tag_name(emulator->item.tag), size, tag_name(tag));
	return 0;
}

static int take_header(struct emulator *emulator)
{
	const uint8_t *header = emulator->item.header;
	int r = check_state(emulator);

	if (r < 0)
		return r;
	emulator->item.size = (uint32_t)header[0] | (uint32_t)header[1] << 8 |
			      (uint32_t)header[2] << 16 | (uint32_t)header[3] << 24;
	emulator->item.tag = header[4];
	emulator->item.bytes = 0;
	if (header[5] | header[6] | header[7])
		return emulator_complain(emulator, "header: bytes 5 to 7 are not 0");
	if (emulator->item.tag > TAG_PARAMETERS)
		return emulator_complain(emulator, "header: tag %u", emulator->item.tag);
	if (!emulator->item.size || emulator->item.size % 8)
		return emulator_complain(emulator, "header: length %u", emulator->item.size);
	return check_wanted(emulator);
}

/* Payload: where it lies when it came in one piece, else gathered. */
static int take_payload(struct emulator *emulator, const uint8_t *bytes, uint32_t size)
{
	uint32_t missing = emulator->item.size - emulator->item.bytes;

	if (size > missing)
		return emulator_complain(emulator, "%u bytes too many in a transfer of %s",
					 size - missing, tag_name(emulator->item.tag));
	if (size == emulator->item.size)
		return take_item(emulator, bytes);
	memcpy(emulator->item.room + emulator->item.bytes, bytes, size);
	emulator->item.bytes += size;
	if (size < missing)
		return 0;
	return take_item(emulator, emulator->item.room);
}

int emulator_receive(struct emulator *emulator, const uint8_t *bytes, uint32_t size)
{
	uint32_t n = 8 - emulator->item.header_bytes;
	int r;

	if (emulator->answer.size)
		return emulator_complain(emulator,
					 "%u bytes are sent while %u bytes of output wait",
					 size, emulator->answer.size - emulator->answer.given);
	if (n) {
		n = size < n ? size : n;
		memcpy(emulator->item.header + emulator->item.header_bytes, bytes, n);
		emulator->item.header_bytes += n;
		if (emulator->item.header_bytes < 8)
			return 0;
		r = take_header(emulator);
		if (r < 0)
			return r;
	}
	return size > n ? take_payload(emulator, bytes + n, size - n) : 0;
}

static int give_event(struct emulator *emulator, uint8_t *bytes, uint32_t room)
{
	if (!emulator->events)
		return -EAGAIN;
	if (room < EVENT_BYTES) {
		(void)emulator_complain(emulator, "a read of %u bytes for an event", room);
		return -EOVERFLOW;
	}
	memset(bytes, 0, EVENT_BYTES);
	bytes[12] = (uint8_t)(TAG_INTERRUPT + emulator->event[0]);
	emulator->events--;
	memmove(emulator->event, emulator->event + 1, emulator->events);
	return EVENT_BYTES;
}

/* The next packet: a DMA is cut into chunks, a chunk into packets. */
static uint32_t next_packet(struct emulator *emulator, uint32_t most)
{
	uint64_t chunk = (*emulator_core(emulator, REG_OUTFEED_CHUNK) & 0xffff) * 8;
	uint32_t left = emulator->answer.size - emulator->answer.given;
	uint64_t in_chunk = chunk ? chunk - emulator->answer.given % chunk : left;

	left = in_chunk < left ? (uint32_t)in_chunk : left;
	return left < most ? left : most;
}

static int give_output(struct emulator *emulator, uint8_t *bytes, uint32_t room)
{
	uint32_t most = emulator_packet(emulator, 0x81);
	uint32_t given = 0, packet = most;

	while (emulator->answer.size && given < room && packet == most) {
		packet = next_packet(emulator, most);
		if (packet > room - given) {
			(void)emulator_complain(emulator,
						"a read of %u bytes for a packet of %u",
						room, packet);
			return -EOVERFLOW;
		}
		memcpy(bytes + given, emulator->answer.room + emulator->answer.given, packet);
		given += packet;
		emulator->answer.given += packet;
		if (emulator->answer.given == emulator->answer.size) {
			emulator->answer.size = 0;
			walk(emulator);
		}
	}
	return given ? (int)given : -EAGAIN;
}

int emulator_answer(struct emulator *emulator, uint8_t endpoint, uint8_t *bytes,
		    uint32_t room)
{
	return endpoint == 0x81 ? give_output(emulator, bytes, room) :
				  give_event(emulator, bytes, room);
}
