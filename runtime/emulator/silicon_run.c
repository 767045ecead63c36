/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scalar core and the turns of the engines. Instructions are issued in order, as
 * many as there are up to a fence, which lets none pass before its tiles are done with
 * theirs, and then sets counters. Engines take one step each in a turn, forwards and
 * backwards in turns: a program always does the same, and nothing but its waits keeps
 * its engines in step, as on a chip. What the core computes and waits for is left out:
 * it begins transfers of the host, whose bytes are awaited where they are needed, and
 * it waits for fences, which wait here themselves.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

int silicon_stop(struct silicon *s, const struct silicon_instruction *instruction,
		 const char *format, ...)
{
	char why[sizeof(s->err.text)];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(why, sizeof(why), format, list);
	va_end(list);
	if (s->err.code < 0)
		return s->err.code; /* the first reason is the one */
	return atoll_error_set(&s->err, -EPROTO, "instruction %u (%s, word %u): %s",
			       instruction->number, instruction->opcode->name,
			       instruction->word, why);
}

static void start_engine(struct silicon_engine *engine)
{
	*engine = (struct silicon_engine){ .at = SILICON_IDLE };
}

static void start_tile(struct silicon_tile *tile)
{
	memset(tile->has_unit, 0, sizeof(tile->has_unit));
	memset(tile->has_scaling, 0, sizeof(tile->has_scaling));
	memset(tile->is_fresh, 0, sizeof(tile->is_fresh));
	memset(tile->counter, 0, sizeof(tile->counter));
	memset(tile->pending, 0, sizeof(tile->pending));
	for (int i = 0; i < 2; i++)
		tile->ring[i].rows = 0;
	for (int i = 0; i < 4; i++)
		tile->mesh[i].units = 0;
	for (int i = 0; i < SILICON_ENGINES; i++)
		start_engine(&tile->engine[i]);
}

static void start_stream(struct silicon_stream *stream)
{
	stream->came = stream->taken = stream->first = 0;
}

void silicon_start(struct silicon *s, const struct silicon_code *code)
{
	s->code = code;
	s->issued = s->executed = s->opened = 0;
	s->sent = s->collected = 0;
	s->steps = s->waits = 0;
	s->is_backwards = false;
	s->err = (struct atoll_error){ .code = 0 };
	s->ring.rows = 0;
	start_engine(&s->send);
	start_engine(&s->collect);
	start_stream(&s->input);
	start_stream(&s->parameters);
	start_stream(&s->output);
	start_stream(&s->again);
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		start_tile(&s->tile[t]);
	for (uint32_t i = 0; i < code->instructions; i++)
		s->left[i] = code->instruction[i].tiles;
}

static bool is_idle(const struct silicon_engine *engine)
{
	return engine->at == SILICON_IDLE;
}

/* The next issued instruction of this engine, if there is one. */
static const struct silicon_instruction *find(const struct silicon *s,
					      struct silicon_engine *engine,
					      enum silicon_engine_kind kind, uint16_t tiles)
{
	uint32_t next = engine->next;

	if (!is_idle(engine))
		return &s->code->instruction[engine->at];
	for (; next < s->issued; next++) {
		const struct silicon_instruction *in = &s->code->instruction[next];

		if (in->kind != kind || (tiles && !(in->tiles & tiles)))
			continue;
		*engine = (struct silicon_engine){ .next = next + 1, .at = next };
		return in;
	}
	engine->next = next;
	return NULL;
}

static int begin(struct silicon *s, const struct silicon_instruction *in,
		 struct silicon_engine *engine)
{
	return in->kind == SILICON_MAC ? silicon_begin_mac(s, in, engine) :
					 silicon_begin_move(s, in, engine);
}

/* Both sides of an exchange wait on their own. */
static bool is_exchange(enum silicon_engine_kind kind)
{
	return kind >= SILICON_FROM_NORTH && kind <= SILICON_FROM_WEST;
}

static const struct silicon_wait *find_wait(const struct silicon_tile *tile,
					    const struct silicon_instruction *in,
					    const struct silicon_engine *engine,
					    int64_t *needed)
{
	const struct silicon_wait *wait = NULL;

	for (uint32_t side = 0; side < SILICON_SIDES && !wait; side++)
		if (!engine->is_done[side])
			wait = silicon_waits(tile, in, engine, side, needed);
	return wait;
}

/* What a turn of an engine came to, on account of the budgets of a run. A turn that is
   spent waiting costs less than a step, but a step may have all other engines wait. */
static int spend(struct silicon *s, const struct silicon_instruction *in, int r)
{
	if (r > 0 && ++s->steps > s->steps_max)
		return silicon_stop(s, in, "the program has more than %" PRIu64 " steps",
				    s->steps_max);
	if (r == 0 && ++s->waits > SILICON_PATIENCE * s->steps_max)
		return silicon_stop(s, in, "the program waits more than %" PRIu64 " times",
				    SILICON_PATIENCE * s->steps_max);
	return r;
}

/* A step, if it can: whether it did, or a negative errno. */
static int turn_engine(struct silicon *s, uint32_t t, enum silicon_engine_kind kind)
{
	struct silicon_tile *tile = &s->tile[t];
	struct silicon_engine *engine = &tile->engine[kind];
	bool was_idle = is_idle(engine);
	const struct silicon_instruction *in = find(s, engine, kind, (uint16_t)(1u << t));
	uint16_t *left;
	int64_t needed;
	int r;

	if (!in)
		return 0;
	if (was_idle && begin(s, in, engine) < 0)
		return s->err.code;
	if (!is_exchange(kind) && find_wait(tile, in, engine, &needed))
		r = 0;
	else if (kind == SILICON_MAC)
		r = silicon_mac(s, t, in, engine);
	else
		r = silicon_move(s, t, in, engine);
	r = spend(s, in, r);
	if (r != SILICON_DONE)
		return r;
	engine->at = SILICON_IDLE;
	tile->pending[kind]--;
	left = &s->left[in - s->code->instruction];
	*left &= (uint16_t)~(1u << t);
	s->executed += *left == 0;
	if (s->done)
		s->done(s->done_data, t, (uint32_t)(in - s->code->instruction));
	return 1;
}

/* The core's own, which have no tiles. */
static int turn_core(struct silicon *s, struct silicon_engine *engine,
		     enum silicon_engine_kind kind)
{
	const struct silicon_instruction *in = find(s, engine, kind, 0);
	int r;

	if (!in)
		return 0;
	r = spend(s, in, kind == SILICON_HOST_SEND ? silicon_host_send(s, in) :
						     silicon_host_collect(s, in));
	if (r == SILICON_DONE) {
		engine->at = SILICON_IDLE;
		s->executed++;
	}
	return r;
}

static int turn(struct silicon *s)
{
	int moved = 0, r = turn_core(s, &s->send, SILICON_HOST_SEND);

	for (uint32_t i = 0; i < SILICON_TILES * SILICON_ENGINES && r >= 0; i++) {
		uint32_t which = s->is_backwards ? SILICON_TILES * SILICON_ENGINES - 1 - i : i;

		moved |= r;
		r = turn_engine(s, which / SILICON_ENGINES, which % SILICON_ENGINES);
	}
	if (r >= 0) {
		moved |= r;
		r = turn_core(s, &s->collect, SILICON_HOST_COLLECT);
	}
	s->is_backwards = !s->is_backwards;
	return r < 0 ? r : moved | r;
}

/* The first instruction that an engine is at; NULL: all are idle. */
static const struct silicon_instruction *first_at(const struct silicon *s, uint32_t *tile)
{
	const struct silicon_instruction *first = NULL;

	for (uint32_t i = 0; i < SILICON_TILES * SILICON_ENGINES; i++) {
		uint32_t t = i / SILICON_ENGINES;
		const struct silicon_engine *engine = &s->tile[t].engine[i % SILICON_ENGINES];

		if (is_idle(engine))
			continue;
		if (first && first <= &s->code->instruction[engine->at])
			continue;
		first = &s->code->instruction[engine->at];
		*tile = t;
	}
	return first;
}

/* A neighbour does not do its part of an exchange. */
static int say_lonely(struct silicon *s, const struct silicon_instruction *in, uint32_t t)
{
	static const char *const names[] = { "north", "east", "south", "west" };
	uint32_t from = in->kind - SILICON_FROM_NORTH;

	if (!s->tile[t].engine[in->kind].is_done[SILICON_INTO])
		return silicon_stop(s, in, "tile %u waits for ever: nothing comes from the %s", t,
				    names[from]);
	return silicon_stop(s, in, "tile %u waits for ever: nobody takes what goes to the %s", t,
			    names[(from + 2) % 4]);
}

/* Nothing moves, and something is not done. */
static int say_stuck(struct silicon *s, const struct silicon_instruction *in, uint32_t t)
{
	static const char *const counters[SILICON_COUNTERS] = {
		"activations", "parameters", "partial sums", "north in", "east in", "south in",
		"west in", "north out", "east out", "south out", "west out", "wide to narrow",
		"wide to scaling", "narrow to wide", "ring read A", "ring read B",
		"ring write", "ring producer A", "ring producer B" };
	const struct silicon_tile *tile = &s->tile[t];
	int64_t needed;
	const struct silicon_wait *wait =
		find_wait(tile, in, &tile->engine[in->kind], &needed);

	if (wait)
		return silicon_stop(s, in, "tile %u waits for ever: %s is %" PRId64 " and not %"
				    PRId64, t, counters[wait->counter],
				    tile->counter[wait->counter], needed);
	if (is_exchange(in->kind))
		return say_lonely(s, in, t);
	if (in->kind == SILICON_SEND)
		return silicon_stop(s, in, "tile %u waits for ever: nobody takes what is on "
				    "the ring", t);
	return silicon_stop(s, in, "tile %u waits for ever: %s", t,
			    tile->ring[in->kind == SILICON_RECEIVE_B].rows > 0 ?
			    "what was received before is not moved on" :
			    "nothing comes on the ring");
}

static bool may_bytes_come(const struct silicon *s)
{
	return s->input.came < s->input.size || s->parameters.came < s->parameters.size;
}

/* Nothing moves: is that for the host's bytes, or for ever? */
static int rest(struct silicon *s)
{
	uint32_t tile;
	const struct silicon_instruction *in = first_at(s, &tile);

	if (!is_idle(&s->send) && may_bytes_come(s))
		return 0;
	if (in)
		return say_stuck(s, in, tile);
	if (!is_idle(&s->send))
		return silicon_stop(s, &s->code->instruction[s->send.at], "it waits for ever: "
				    "the host has no more bytes, or no tile takes them");
	if (!is_idle(&s->collect))
		return silicon_stop(s, &s->code->instruction[s->collect.at],
				    "it waits for ever: no tile gives it any output");
	return 0;
}

int silicon_refuse(struct silicon *s, const char *why)
{
	uint32_t at = s->issued > 0 ? s->issued - 1 : 0;

	if (!is_idle(&s->send))
		at = s->send.at;
	return silicon_stop(s, &s->code->instruction[at], "%s", why);
}

/* Which of 10 engines a fence waits for: which of bits 1 to 4 is which is not known, one
   of them stands for all. */
static bool waits_for(uint32_t engines, enum silicon_engine_kind kind)
{
	switch (kind) {
	case SILICON_MAC:
		return engines & 1;
	case SILICON_TO_WIDE:
		return engines >> 5 & 1;
	case SILICON_FROM_NORTH:
	case SILICON_FROM_EAST:
	case SILICON_FROM_SOUTH:
	case SILICON_FROM_WEST:
		return engines >> (6 + kind - SILICON_FROM_NORTH) & 1;
	default:
		return engines & 0x1e;
	}
}

static bool is_busy(const struct silicon_tile *tile, uint32_t engines)
{
	for (uint32_t kind = 0; kind < SILICON_ENGINES; kind++)
		if (tile->pending[kind] > 0 && waits_for(engines, kind))
			return true;
	return false;
}

static int fence(struct silicon *s, const struct silicon_instruction *in)
{
	uint32_t counters = isa_bits(in->bytes, 44, SILICON_COUNTERS);
	uint32_t value = isa_bits(in->bytes, 63, 16);
	uint32_t engines = isa_bits(in->bytes, 79, SILICON_ENGINES);

	for (uint32_t t = 0; t < SILICON_TILES; t++)
		if (in->tiles >> t & 1 && is_busy(&s->tile[t], engines))
			return 0;
	for (uint32_t t = 0; t < SILICON_TILES; t++)
		for (uint32_t i = 0; i < SILICON_COUNTERS && in->tiles >> t & 1; i++)
			if (counters >> i & 1)
				s->tile[t].counter[i] = value;
	return 1;
}

/* 1: there is one more; 0: it has to wait. */
static int issue(struct silicon *s)
{
	const struct silicon_instruction *in = &s->code->instruction[s->issued];

	if (in->kind == SILICON_UNKNOWN)
		return silicon_stop(s, in, "opcode 0x%02x is not understood",
				    in->opcode->code);
	if (in->kind == SILICON_FENCE && fence(s, in) == 0)
		return 0;
	for (uint32_t t = 0; t < SILICON_TILES && in->kind < SILICON_ENGINES; t++)
		s->tile[t].pending[in->kind] += in->tiles >> t & 1;
	s->executed += in->kind == SILICON_NOTHING || in->kind == SILICON_FENCE ||
		       (in->tiles == 0 && in->kind < SILICON_ENGINES);
	s->issued++;
	return 1;
}

int silicon_run(struct silicon *s)
{
	int r = s->err.code;

	while (r >= 0) {
		r = s->issued < s->code->instructions ? issue(s) : 0;
		if (r == 0)
			r = turn(s);
		if (r == 0)
			return rest(s);
	}
	return r;
}
