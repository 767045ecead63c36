/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of the ring at the host: what it sends to tiles, and collects from them. */
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

/* What a send counts in: parameters, activations, and what the core collected. */
static const uint32_t unit_bytes[] = { 64, 8, 4 };

enum { OF_PARAMETERS, OF_INPUT, OF_CORE };
#define OPEN 0x05 /* the opcode */

struct silicon_stream *silicon_stream_of(struct silicon *s, enum edgetpu_hint_kind kind)
{
	switch (kind) {
	case EDGETPU_INPUT:
	case EDGETPU_SCRATCH_OUT:
		return &s->input;
	case EDGETPU_PARAMETERS:
		return &s->parameters;
	case EDGETPU_OUTPUT:
	case EDGETPU_SCRATCH_IN:
		return &s->output;
	default:
		return NULL;
	}
}

static struct silicon_stream *source(struct silicon *s, const struct silicon_instruction *in)
{
	switch (isa_bits(in->bytes, 12, 2)) {
	case OF_PARAMETERS:
		return &s->parameters;
	case OF_INPUT:
		return &s->input;
	case OF_CORE:
		return &s->again;
	default:
		return NULL;
	}
}

/* Blocks, and a rest. */
static uint64_t bytes_to_send(const struct silicon_instruction *in)
{
	uint64_t block = isa_bits(in->bytes, 55, 20) + 1, units = 1;

	if (isa_bits(in->bytes, 75, 1)) {
		units = block * isa_bits(in->bytes, 96, 20);
		units += isa_bits(in->bytes, 203, 1) ? isa_bits(in->bytes, 183, 20) + 1 : block;
	}
	return units * unit_bytes[isa_bits(in->bytes, 12, 2)];
}

/* Each send says where it begins, from 1 on and modulo 65536: some begin a little before
   the end of the last one, those of collected rows behind what these are filled with. */
static void seek(struct silicon_stream *stream, const struct silicon_instruction *in)
{
	uint32_t unit = unit_bytes[isa_bits(in->bytes, 12, 2)];
	uint32_t first = isa_bits(in->bytes, 320, 16) - 1;
	uint32_t taken = stream->taken - stream->first;
	int64_t at = stream->taken + (int64_t)(int16_t)(first - taken / unit) * unit;

	if (at >= stream->first && at <= stream->size)
		stream->taken = (uint32_t)at;
}

/* What the core collected is sent block by block, and tiles that give it more wait for
   each of them. */
static void count_blocks(struct silicon *s, const struct silicon_instruction *in, uint64_t all)
{
	uint64_t block = (isa_bits(in->bytes, 55, 20) + 1) * unit_bytes[OF_CORE];

	if (isa_bits(in->bytes, 12, 2) != OF_CORE || (s->sent % block > 0 && s->sent < all))
		return;
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		s->tile[t].counter[SILICON_RING_PRODUCER_A]++;
}

static int send(struct silicon *s, const struct silicon_instruction *in)
{
	uint32_t to = isa_bits(in->bytes, 409, 16);
	uint32_t bytes = (isa_bits(in->bytes, 434, 6) + 1) * SILICON_UNIT_BYTES;
	struct silicon_stream *stream = source(s, in);
	uint64_t all;

	if (!stream)
		return silicon_stop(s, in, "what it sends is not understood");
	if (s->sent == 0)
		seek(stream, in);
	all = bytes_to_send(in);
	if (bytes > all - s->sent)
		bytes = (uint32_t)(all - s->sent);
	if (stream->came < stream->taken || stream->came - stream->taken < bytes)
		return 0;
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		if (to >> t & 1 && s->tile[t].ring[0].rows == SILICON_RING_ROWS)
			return 0;
	for (uint32_t t = 0; t < SILICON_TILES; t++) {
		uint8_t *row = to >> t & 1 ? silicon_ring_put(&s->tile[t].ring[0]) : NULL;

		if (!row)
			continue;
		memset(row, 0, SILICON_ROW_BYTES);
		memcpy(row, stream->bytes + stream->taken, bytes);
	}
	stream->taken += bytes;
	s->sent += bytes;
	count_blocks(s, in, all);
	if (s->sent < all)
		return 1;
	s->sent = 0;
	return SILICON_DONE;
}

/* The next input of the host, or of what it keeps of this run, which sends count from. */
static int open_stream(struct silicon *s, const struct silicon_instruction *in)
{
	const struct edgetpu_executable *executable = s->executable;
	uint64_t first = 0;

	if (isa_bits(in->bytes, 12, 2) != OF_INPUT)
		return SILICON_DONE;
	while (s->opened < executable->hints &&
	       silicon_stream_of(s, executable->hint[s->opened].kind) != &s->input)
		s->opened++;
	if (s->opened == executable->hints)
		return silicon_stop(s, in, "it opens more than the host sends");
	for (uint32_t i = 0; i < s->opened; i++)
		if (silicon_stream_of(s, executable->hint[i].kind) == &s->input)
			first += executable->hint[i].size;
	s->opened++;
	s->input.first = s->input.taken = (uint32_t)first;
	return SILICON_DONE;
}

int silicon_host_send(struct silicon *s, const struct silicon_instruction *in)
{
	if (in->opcode->code == OPEN)
		return open_stream(s, in);
	return send(s, in);
}

/* Where bytes of tiles go: on to the host, or to tiles by a send. */
enum { TO_CORE = 1, TO_HOST = 3 };

int silicon_host_collect(struct silicon *s, const struct silicon_instruction *in)
{
	uint32_t to = isa_bits(in->bytes, 173, 2);
	struct silicon_stream *stream = to == TO_HOST ? &s->output : &s->again;
	uint64_t all = (uint64_t)(isa_bits(in->bytes, 43, 15) + 1) *
		       (isa_bits(in->bytes, 74, 15) + 1) *
		       unit_bytes[to == TO_HOST ? OF_INPUT : OF_CORE];
	uint32_t bytes = SILICON_ROW_BYTES;
	const uint8_t *row;

	if (to != TO_HOST && to != TO_CORE)
		return silicon_stop(s, in, "where it collects to is not understood");
	if (bytes > all - s->collected)
		bytes = (uint32_t)(all - s->collected);
	if (bytes > stream->size - stream->came)
		return silicon_stop(s, in, "more output than there is room for");
	row = silicon_ring_take(&s->ring);
	if (!row)
		return 0;
	memcpy(stream->bytes + stream->came, row, bytes);
	stream->came += bytes;
	s->collected += bytes;
	if (s->collected < all)
		return 1;
	s->collected = 0;
	return SILICON_DONE;
}
