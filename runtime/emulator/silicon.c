/* SPDX-License-Identifier: Apache-2.0 */
/* The package's side of it: streams from and to the host, and what stays on the chip. */
#include "runtime/emulator/silicon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/silicon_inside.h"

/* Parameters of depthwise layers, which tiles give to the core, in a run. */
#define AGAIN_BYTES (4u << 20)

struct program {
	struct emulator_program program;
	const struct edgetpu_package *package;
	struct memory memory;
	struct silicon silicon; /* its tiles are not of `memory` */
	struct silicon_code main, caching;
};

static struct program *program_of(struct emulator_program *program)
{
	return (struct program *)program;
}

/* What hints move over a stream in a run. */
static uint32_t bytes_of(struct silicon *s, const struct edgetpu_executable *executable,
			 const struct silicon_stream *stream)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < executable->hints; i++)
		if (silicon_stream_of(s, executable->hint[i].kind) == stream)
			bytes += executable->hint[i].size;
	return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

static int begin(struct emulator_program *program, const struct edgetpu_executable *executable)
{
	struct program *p = program_of(program);
	struct silicon *s = &p->silicon;

	silicon_start(s, executable == p->package->caching ? &p->caching : &p->main);
	s->executable = executable;
	s->input.size = bytes_of(s, executable, &s->input);
	s->parameters.size = bytes_of(s, executable, &s->parameters);
	s->output.size = bytes_of(s, executable, &s->output);
	return 0;
}

static int infeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		  const uint8_t *bytes)
{
	struct silicon *s = &program_of(program)->silicon;
	struct silicon_stream *stream = silicon_stream_of(s, hint->kind);

	if (!s->code)
		return -EINVAL; /* nothing began */
	if (!stream || stream == &s->output)
		return silicon_refuse(s, "the host sends what no stream takes");
	if (hint->size > stream->size - stream->came)
		return silicon_refuse(s, "the host sends more than it said");
	memcpy(stream->bytes + stream->came, bytes, hint->size);
	stream->came += hint->size;
	return silicon_run(s);
}

static int outfeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		   uint32_t nth, uint8_t *bytes)
{
	struct silicon *s = &program_of(program)->silicon;
	int r;

	(void)nth;
	if (!s->code)
		return -EINVAL; /* nothing began */
	if (silicon_stream_of(s, hint->kind) != &s->output)
		return silicon_refuse(s, "the host asks for what no stream gives");
	r = silicon_run(s);
	if (r < 0)
		return r;
	if (hint->size > s->output.came - s->output.taken)
		return silicon_refuse(s, "the host asks for more output than comes");
	memcpy(bytes, s->output.bytes + s->output.taken, hint->size);
	s->output.taken += hint->size;
	return 0;
}

/* The chip has one memory, whoever filled it. */
static void share(struct emulator_program *program, const struct emulator_program *from)
{
	struct silicon_tile *to = program_of(program)->silicon.tile;
	const struct silicon_tile *of = ((const struct program *)from)->silicon.tile;

	for (uint32_t t = 0; t < SILICON_TILES; t++) {
		memcpy(to[t].wide, of[t].wide, sizeof(to[t].wide));
		memcpy(to[t].has_row, of[t].has_row, sizeof(to[t].has_row));
	}
}

static const char *why(const struct emulator_program *program)
{
	return ((const struct program *)program)->silicon.err.text;
}

static void free_program(struct emulator_program *program)
{
	memory_free(&program_of(program)->memory);
	free(program_of(program)->silicon.tile);
	free(program);
}

static const struct emulator_program_ops silicon_ops = {
	.grade = "silicon", .takes_any_parameters = true, .begin = begin, .infeed = infeed,
	.outfeed = outfeed, .share = share, .why = why, .free = free_program,
};

static uint32_t most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Enough for the runs of either executable. */
static uint8_t *take_stream(struct program *p, const struct silicon_stream *stream)
{
	struct silicon *s = &p->silicon;
	uint32_t bytes = bytes_of(s, p->package->main, stream);

	if (p->package->caching)
		bytes = most(bytes, bytes_of(s, p->package->caching, stream));
	return memory_take(&p->memory, bytes);
}

/* Tiles are large, and few programs touch all of them: they have memory that is not
   there before it is used. */
static int take_memory(struct program *p)
{
	struct silicon *s = &p->silicon;

	s->tile = calloc(SILICON_TILES, sizeof(*s->tile));
	s->left = memory_take(&p->memory, sizeof(*s->left) * most(p->main.instructions,
								  p->caching.instructions));
	s->input.bytes = take_stream(p, &s->input);
	s->parameters.bytes = take_stream(p, &s->parameters);
	s->output.bytes = take_stream(p, &s->output);
	s->again.size = AGAIN_BYTES;
	s->again.bytes = memory_take(&p->memory, s->again.size);
	return s->tile && s->left && s->input.bytes && s->parameters.bytes &&
	       s->output.bytes && s->again.bytes ? 0 : -ENOMEM;
}

static int take_code(struct program *p, const struct edgetpu_executable *executable,
		     struct silicon_code *code, struct atoll_error *err)
{
	int r = silicon_read(executable, &p->memory, code, err);

	if (r < 0)
		(void)atoll_error_prefix(err, "silicon: %s program",
					 code == &p->caching ? "caching" : "main");
	return r;
}

static int prepare(struct program *p, struct atoll_error *err)
{
	int r = take_code(p, p->package->main, &p->main, err);

	if (r == 0 && p->package->caching)
		r = take_code(p, p->package->caching, &p->caching, err);
	if (r == 0 && take_memory(p) < 0)
		r = atoll_error_set(err, -ENOMEM, "silicon: no memory for what the host sends "
				    "and fetches, %d MiB is the most", SILICON_MEMORY_MAX >> 20);
	return r;
}

struct emulator_program *silicon_program(const struct edgetpu_package *package,
					 struct atoll_error *err)
{
	struct program *p = calloc(1, sizeof(*p));

	if (!p) {
		atoll_error_set(err, -ENOMEM, "silicon: no memory");
		return NULL;
	}
	*p = (struct program){ .program = { .ops = &silicon_ops }, .package = package,
			       .memory = { .left = SILICON_MEMORY_MAX },
			       .silicon = { .steps_max = SILICON_STEPS_MAX } };
	if (prepare(p, err) < 0) {
		free_program(&p->program);
		return NULL;
	}
	return &p->program;
}

void silicon_limit(struct emulator_program *program, uint64_t steps)
{
	program_of(program)->silicon.steps_max = steps;
}

void silicon_report(const struct emulator_program *program, struct silicon_report *report)
{
	const struct silicon *s = &((const struct program *)program)->silicon;

	*report = (struct silicon_report){ .why = s->err.code < 0 ? s->err.text : "" };
	if (!s->code)
		return;
	report->instructions = s->code->instructions;
	report->executed = s->executed;
	report->steps = s->steps;
}

void silicon_round(struct emulator_program *program, enum silicon_rounding rounding)
{
	program_of(program)->silicon.rounding = rounding;
}

const uint8_t *silicon_row(const struct emulator_program *program, uint32_t tile,
			   uint32_t row)
{
	const struct silicon *s = &((const struct program *)program)->silicon;

	if (tile >= SILICON_TILES || row >= SILICON_ROWS || !s->tile[tile].has_row[row])
		return NULL;
	return s->tile[tile].wide[row];
}

const uint8_t *silicon_unit(const struct emulator_program *program, uint32_t tile,
			    uint32_t unit)
{
	const struct silicon *s = &((const struct program *)program)->silicon;

	if (tile >= SILICON_TILES || unit >= SILICON_UNITS || !s->tile[tile].has_unit[unit])
		return NULL;
	return s->tile[tile].narrow[unit];
}

void silicon_watch(struct emulator_program *program,
		   void (*done)(void *data, uint32_t tile, uint32_t nth), void *data)
{
	struct silicon *s = &program_of(program)->silicon;

	s->done = done;
	s->done_data = data;
}
