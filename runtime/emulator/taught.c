/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The programs the chip was taught, found again by their instructions, and whose
 * parameters it holds.
 *
 * A chip has one memory for parameters. Programs that were compiled together name
 * the same token and have places of their own in it; any other token, or none,
 * overwrites them all.
 */

/* Which bits of this byte belong to addresses that a host may put in. */
static uint8_t field_bits(const struct edgetpu_chunk *chunk, uint32_t byte)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < chunk->fields; i++)
		for (uint32_t b = 0; b < 8; b++)
			if (8 * byte + b - chunk->field[i].bit < 32)
				bits |= (uint8_t)(1u << b);
	return bits;
}

/* Equal but for addresses. */
bool emulator_is_chunk(const struct edgetpu_chunk *chunk, const uint8_t *bytes, uint32_t size)
{
	const uint32_t step = 1024;

	if (size != chunk->size)
		return false;
	for (uint32_t from = 0; from < size; from += step) {
		uint32_t n = size - from < step ? size - from : step;

		if (memcmp(chunk->bytes + from, bytes + from, n) == 0)
			continue;
		for (uint32_t i = from; i < from + n; i++) {
			uint8_t differs = chunk->bytes[i] ^ bytes[i];

			if (differs && differs & ~field_bits(chunk, i))
				return false;
		}
	}
	return true;
}

static const struct edgetpu_executable *executable_of(const struct emulator_taught *taught,
						      int which)
{
	return which ? taught->package->caching : taught->package->main;
}

static const struct edgetpu_chunk *first_chunk(const struct edgetpu_executable *executable)
{
	if (!executable || !executable->hints ||
	    executable->hint[0].kind != EDGETPU_INSTRUCTIONS)
		return NULL;
	return &executable->chunk[executable->hint[0].index];
}

/* Programs can share their instructions and differ in parameters: of those, the
   one whose parameters are there is meant. */
struct emulator_taught *emulator_find(struct emulator *emulator, const uint8_t *bytes,
				      uint32_t size,
				      const struct edgetpu_executable **executable)
{
	struct emulator_taught *found = NULL;

	for (struct emulator_taught *t = emulator->taught; t; t = t->next) {
		for (int which = 0; which < 2; which++) {
			const struct edgetpu_executable *e = executable_of(t, which);
			const struct edgetpu_chunk *chunk = first_chunk(e);

			if (!chunk || chunk->size != size ||
			    (found && !(e->type == EDGETPU_EXECUTION && t->is_resident)) ||
			    (bytes && !emulator_is_chunk(chunk, bytes, size)))
				continue;
			found = t;
			*executable = e;
			if (e->type != EDGETPU_EXECUTION || t->is_resident)
				return found;
		}
	}
	return found;
}

static bool has_parameters(const struct edgetpu_executable *executable,
			   const struct edgetpu_hint *hint, const uint8_t *bytes)
{
	return (uint64_t)hint->offset + hint->size <= executable->parameter_bytes &&
	       memcmp(executable->parameters + hint->offset, bytes, hint->size) == 0;
}

struct emulator_taught *emulator_find_parameters(struct emulator *emulator, uint32_t hint,
						 const uint8_t *bytes,
						 const struct edgetpu_executable **executable)
{
	const struct edgetpu_executable *run = emulator->run.executable;
	const struct edgetpu_chunk *begun = first_chunk(run);
	const struct edgetpu_hint *wanted = &run->hint[hint];

	if (has_parameters(run, wanted, bytes)) {
		*executable = run;
		return emulator->run.taught;
	}
	for (struct emulator_taught *t = emulator->taught; t; t = t->next) {
		for (int which = 0; which < 2; which++) {
			const struct edgetpu_executable *e = executable_of(t, which);
			const struct edgetpu_chunk *chunk = first_chunk(e);

			if (!chunk || e->type != run->type || hint >= e->hints ||
			    e->hint[hint].kind != wanted->kind ||
			    e->hint[hint].size != wanted->size ||
			    !emulator_is_chunk(chunk, begun->bytes, begun->size) ||
			    !has_parameters(e, &e->hint[hint], bytes))
				continue;
			*executable = e;
			return t;
		}
	}
	return NULL;
}

void emulator_forget_parameters(struct emulator *emulator)
{
	for (struct emulator_taught *t = emulator->taught; t; t = t->next)
		t->is_resident = false;
	emulator->token = 0;
}

bool emulator_needs_are_met(struct emulator *emulator, struct emulator_taught *taught,
			    const struct edgetpu_executable *executable)
{
	if (!executable->token || executable->token != emulator->token) {
		emulator_forget_parameters(emulator);
		emulator->token = executable->token;
	}
	return executable->type != EDGETPU_EXECUTION || !taught->package->caching ||
	       taught->is_resident;
}

static bool bring_the_same(const struct edgetpu_executable *a,
			   const struct edgetpu_executable *b)
{
	const struct edgetpu_chunk *chunk = first_chunk(b);

	return a == b ||
	       (a && chunk && a->token == b->token &&
		a->parameter_bytes == b->parameter_bytes &&
		emulator_is_chunk(first_chunk(a), chunk->bytes, chunk->size) &&
		memcmp(a->parameters, b->parameters, a->parameter_bytes) == 0);
}

/* A package may have been taught twice, by two who load the same file. */
void emulator_keep_parameters(struct emulator *emulator, struct emulator_taught *taught)
{
	const struct emulator_program *program = taught->program;

	for (struct emulator_taught *t = emulator->taught; t; t = t->next) {
		if (!bring_the_same(taught->package->caching, t->package->caching))
			continue;
		t->is_resident = true;
		if (t != taught && t->program->ops == program->ops && program->ops->share)
			program->ops->share(t->program, program);
	}
}

static int grow(uint8_t **room, uint32_t *room_bytes, uint32_t bytes)
{
	uint8_t *grown;

	if (bytes <= *room_bytes)
		return 0;
	grown = realloc(*room, bytes);
	if (!grown)
		return -ENOMEM;
	*room = grown;
	*room_bytes = bytes;
	return 0;
}

/* Room for its longest item and its longest answer, so that runs allocate nothing. */
static int make_room(struct emulator *emulator, const struct edgetpu_executable *executable)
{
	int r = 0;

	for (uint32_t i = 0; i < executable->hints && r == 0; i++) {
		const struct edgetpu_hint *hint = &executable->hint[i];

		switch (hint->kind) {
		case EDGETPU_INSTRUCTIONS:
			r = grow(&emulator->item.room, &emulator->item.room_bytes,
				 executable->chunk[hint->index].size);
			break;
		case EDGETPU_INPUT:
		case EDGETPU_PARAMETERS:
		case EDGETPU_SCRATCH_OUT:
			r = grow(&emulator->item.room, &emulator->item.room_bytes, hint->size);
			break;
		case EDGETPU_OUTPUT:
		case EDGETPU_SCRATCH_IN:
			r = grow(&emulator->answer.room, &emulator->answer.room_bytes,
				 hint->size);
			break;
		case EDGETPU_INTERRUPT:
		case EDGETPU_FENCE:
			break;
		}
	}
	return r;
}

ATOLL_API int emulator_teach(struct emulator *emulator, const struct edgetpu_package *package,
			     struct emulator_program *program, struct atoll_error *err)
{
	struct emulator_taught *taught = calloc(1, sizeof(*taught));
	struct emulator_taught **end = &emulator->taught;
	int r = taught && program ? 0 : -ENOMEM;

	(void)pthread_mutex_lock(&emulator->lock);
	if (r == 0)
		r = make_room(emulator, package->main);
	if (r == 0 && package->caching)
		r = make_room(emulator, package->caching);
	if (r == 0) {
		taught->package = package;
		taught->program = program;
		while (*end)
			end = &(*end)->next;
		*end = taught;
	}
	(void)pthread_mutex_unlock(&emulator->lock);
	if (r == 0)
		return 0;
	free(taught);
	if (program)
		program->ops->free(program);
	return atoll_error_set(err, r, "emulator: %s: no memory for its program",
			       package->main->name);
}

ATOLL_API void emulator_unteach(struct emulator *emulator,
				const struct edgetpu_package *package)
{
	struct emulator_taught **at = &emulator->taught;

	(void)pthread_mutex_lock(&emulator->lock);
	while (*at) {
		struct emulator_taught *taught = *at;

		if (taught->package != package) {
			at = &taught->next;
			continue;
		}
		if (emulator->run.taught == taught)
			emulator_drop_run(emulator);
		*at = taught->next;
		taught->program->ops->free(taught->program);
		free(taught);
	}
	(void)pthread_mutex_unlock(&emulator->lock);
}
