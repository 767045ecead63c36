/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/walk.h"

#include <stdio.h>
#include <string.h>

/* What the vendor's runtime does by default, seen in its traffic. */
#define PIECE_MAX (1u << 20)

/* The low four bits of byte 4 of a header, or of byte 12 of an event. */
enum tag { TAG_INSTRUCTIONS, TAG_INPUT, TAG_PARAMETERS, TAG_OUTPUT, TAG_INTERRUPT };

/* --- cursors --- */

static const struct edgetpu_hint *hint_at(const struct walk *walk,
					  const struct walk_cursor *at)
{
	return &walk->part[at->part].executable->hint[at->hint];
}

static void go_to(const struct walk *walk, struct walk_cursor *at, uint32_t part,
		  uint32_t hint)
{
	while (part < walk->parts && hint == walk->part[part].executable->hints) {
		part++;
		hint = 0;
	}
	*at = (struct walk_cursor){ .part = part, .hint = hint };
}

static void step(const struct walk *walk, struct walk_cursor *at)
{
	go_to(walk, at, at->part, at->hint + 1);
}

static uint32_t size_at(const struct walk *walk, const struct walk_cursor *at)
{
	const struct edgetpu_hint *hint = hint_at(walk, at);

	return hint->kind == EDGETPU_INSTRUCTIONS ?
		       walk->part[at->part].executable->chunk[hint->index].size :
		       hint->size;
}

static bool is_outfeed(const struct edgetpu_hint *hint)
{
	return hint->kind == EDGETPU_OUTPUT || hint->kind == EDGETPU_SCRATCH_IN;
}

/* `in` to the outfeed it stands at, or the next one. */
static void seek_outfeed(struct walk *walk)
{
	while (walk->in.part < walk->parts &&
	       (!is_outfeed(hint_at(walk, &walk->in)) || !hint_at(walk, &walk->in)->size))
		step(walk, &walk->in);
}

/* Bytes are still to come for an outfeed before the cursor `out`. */
static bool outputs_are_due(const struct walk *walk)
{
	return walk->in.part < walk->out.part ||
	       (walk->in.part == walk->out.part && walk->in.hint < walk->out.hint);
}

/* Nothing is still to come for what `out` has passed. */
static bool is_quiet(const struct walk *walk)
{
	if (outputs_are_due(walk))
		return false;
	for (uint32_t i = 0; i < WALK_INTERRUPTS; i++)
		if (walk->arrived[i] < walk->passed[i])
			return false;
	return true;
}

void walk_begin(struct walk *walk, const struct run_part *part, uint32_t parts)
{
	*walk = (struct walk){ .part = part, .parts = parts };
	go_to(walk, &walk->out, 0, 0);
	go_to(walk, &walk->in, 0, 0);
	for (uint32_t i = 0; i < parts; i++)
		for (uint32_t k = 0; k < part[i].executable->hints; k++)
			if (part[i].executable->hint[k].kind == EDGETPU_INTERRUPT)
				walk->awaited[part[i].executable->hint[k].index]++;
	seek_outfeed(walk);
}

bool walk_is_sent(const struct walk *walk)
{
	return walk->out.part == walk->parts;
}

bool walk_is_over(const struct walk *walk)
{
	return walk_is_sent(walk) && walk->in.part == walk->parts && is_quiet(walk);
}

/* --- what goes --- */

/* Moves `out` over what needs no sending. */
bool walk_may_send(struct walk *walk, bool is_sending)
{
	for (; !walk_is_sent(walk); step(walk, &walk->out)) {
		const struct edgetpu_hint *hint = hint_at(walk, &walk->out);

		switch (hint->kind) {
		case EDGETPU_INTERRUPT:
			walk->passed[hint->index]++;
			break;
		case EDGETPU_OUTPUT:
		case EDGETPU_SCRATCH_IN:
			break;
		case EDGETPU_FENCE:
			if (is_sending || !is_quiet(walk))
				return false;
			break;
		default:
			return !outputs_are_due(walk);
		}
	}
	return false;
}

static const uint8_t *bytes_of(const struct run_part *part, const struct edgetpu_hint *hint,
			       enum tag *tag)
{
	switch (hint->kind) {
	case EDGETPU_INSTRUCTIONS:
		*tag = TAG_INSTRUCTIONS;
		return part->executable->chunk[hint->index].bytes;
	case EDGETPU_PARAMETERS:
		*tag = TAG_PARAMETERS;
		return part->executable->parameters + hint->offset;
	case EDGETPU_INPUT:
		*tag = TAG_INPUT;
		return part->input[hint->index] + hint->offset;
	default:
		*tag = TAG_INPUT;
		return part->scratch + hint->offset;
	}
}

const uint8_t *walk_next(struct walk *walk, uint8_t header[WALK_HEADER_BYTES],
			 uint32_t *length)
{
	struct walk_cursor *out = &walk->out;
	uint32_t size = size_at(walk, out), left = size - out->done;
	enum tag tag;
	const uint8_t *bytes = bytes_of(&walk->part[out->part], hint_at(walk, out), &tag);

	if (!out->has_header) {
		memset(header, 0, WALK_HEADER_BYTES);
		for (uint32_t i = 0; i < 4; i++)
			header[i] = (uint8_t)(size >> (8 * i));
		header[4] = (uint8_t)tag;
		bytes = header;
		*length = WALK_HEADER_BYTES;
		out->has_header = true;
	} else {
		bytes += out->done;
		*length = left < PIECE_MAX ? left : PIECE_MAX;
		out->done += *length;
	}
	if (out->done == size)
		step(walk, out);
	return bytes;
}

/* --- what comes --- */

static void keep(const struct walk *walk, const uint8_t *bytes, uint32_t count)
{
	const struct run_part *part = &walk->part[walk->in.part];
	const struct edgetpu_hint *hint = hint_at(walk, &walk->in);
	size_t offset = (size_t)hint->offset + walk->in.done;
	const struct run_sink *sink;

	if (hint->kind == EDGETPU_SCRATCH_IN) {
		memcpy(part->scratch + offset, bytes, count);
		return;
	}
	sink = &part->output[hint->index];
	if (!sink->bytes || offset >= sink->room)
		return;
	memcpy(sink->bytes + offset, bytes,
	       count < sink->room - offset ? count : sink->room - offset);
}

uint32_t walk_take_output(struct walk *walk, const uint8_t *bytes, uint32_t count)
{
	while (count && walk->in.part < walk->parts) {
		uint32_t size = hint_at(walk, &walk->in)->size, share = size - walk->in.done;

		if (share > count)
			share = count;
		keep(walk, bytes, share);
		bytes += share;
		count -= share;
		walk->in.done += share;
		if (walk->in.done == size) {
			step(walk, &walk->in);
			seek_outfeed(walk);
		}
	}
	return count;
}

/* Other tags announce transfers, which we told the device not to do. */
bool walk_take_interrupt(struct walk *walk, uint32_t tag)
{
	uint32_t number = tag - TAG_INTERRUPT;

	if (number >= WALK_INTERRUPTS || walk->arrived[number] == walk->awaited[number])
		return false;
	walk->arrived[number]++;
	return true;
}

/* --- in words --- */

static const char *run_name(const struct walk *walk, uint32_t part)
{
	return walk->part[part].executable->type == EDGETPU_CACHING ? " of the caching run" : "";
}

const char *walk_piece_text(const struct walk *walk, const struct walk_cursor *at,
			    uint32_t length, char text[WALK_TEXT])
{
	const struct edgetpu_executable *executable = walk->part[at->part].executable;
	const struct edgetpu_hint *hint = hint_at(walk, at);
	char name[80] = "scratch";

	switch (hint->kind) {
	case EDGETPU_INSTRUCTIONS:
		(void)snprintf(name, sizeof(name), "instructions %u", hint->index);
		break;
	case EDGETPU_PARAMETERS:
		(void)snprintf(name, sizeof(name), "parameters");
		break;
	case EDGETPU_INPUT:
		(void)snprintf(name, sizeof(name), "input \"%s\"",
			       atoll_error_path(executable->input[hint->index].name));
		break;
	default:
		break;
	}
	(void)snprintf(text, WALK_TEXT, "%s%s [%u+%u]%s", at->has_header ? "" : "the header of ",
		       name, hint->offset + at->done,
		       at->has_header ? length : size_at(walk, at), run_name(walk, at->part));
	return text;
}

const char *walk_due_text(const struct walk *walk, uint32_t chunk, char text[WALK_TEXT])
{
	const struct edgetpu_executable *executable;
	const struct edgetpu_hint *hint;
	uint32_t first, end;

	if (walk->in.part >= walk->parts) {
		(void)snprintf(text, WALK_TEXT, "the interrupt that ends the run");
		return text;
	}
	executable = walk->part[walk->in.part].executable;
	hint = hint_at(walk, &walk->in);
	first = hint->offset + walk->in.done;
	end = hint->size - walk->in.done > chunk ? first + chunk : hint->offset + hint->size;
	if (hint->kind == EDGETPU_SCRATCH_IN)
		(void)snprintf(text, WALK_TEXT, "scratch bytes %u to %u", first, end);
	else
		(void)snprintf(text, WALK_TEXT, "output bytes %u to %u of \"%s\"", first, end,
			       atoll_error_path(executable->output[hint->index].name));
	return text;
}
