/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of the ring at the host: what it sends to tiles, and collects from them. */
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

/* Parameters are counted in units of 64 bytes, activations in units of 8. */
#define PARAMETER_BYTES 64
#define ACTIVATION_BYTES 8
#define LANE_BYTES 64
#define RUN 1024 /* units that are counted together */

static struct silicon_stream *source(struct silicon *s, const struct silicon_instruction *in)
{
	return isa_bits(in->bytes, 12, 1) ? &s->input : &s->parameters;
}

static uint32_t bytes_to_send(const struct silicon_instruction *in)
{
	uint32_t units = isa_bits(in->bytes, 96, 3) * RUN;

	if (!isa_bits(in->bytes, 75, 1))
		units = 1;
	else if (isa_bits(in->bytes, 203, 1))
		units += isa_bits(in->bytes, 183, 10) + 1;
	else
		units += RUN;
	return units * (isa_bits(in->bytes, 12, 1) ? ACTIVATION_BYTES : PARAMETER_BYTES);
}

int silicon_host_send(struct silicon *s, const struct silicon_instruction *in)
{
	uint32_t to = isa_bits(in->bytes, 409, 16), all = bytes_to_send(in);
	uint32_t bytes = (isa_bits(in->bytes, 438, 2) + 1) * LANE_BYTES;
	struct silicon_stream *stream = source(s, in);

	if (bytes > all - s->sent)
		bytes = all - s->sent;
	if (stream->came - stream->taken < bytes)
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
	if (s->sent < all)
		return 1;
	s->sent = 0;
	return SILICON_DONE;
}

int silicon_host_collect(struct silicon *s, const struct silicon_instruction *in)
{
	uint32_t bytes = (isa_bits(in->bytes, 43, 10) + 1) * ACTIVATION_BYTES;
	const uint8_t *row;

	if (bytes > SILICON_ROW_BYTES)
		return silicon_stop(s, in, "output of more than a row is not executed");
	if (bytes > s->output.size - s->output.came)
		return silicon_stop(s, in, "more output than the host asks for");
	row = silicon_ring_take(&s->ring);
	if (!row)
		return 0;
	memcpy(s->output.bytes + s->output.came, row, bytes);
	s->output.came += bytes;
	return SILICON_DONE;
}
