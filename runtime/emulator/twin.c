/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of parameters and scratch nothing is computed, so they are compared: a chip that
 * got wrong ones would compute something else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/layers.h"
#include "runtime/emulator/program.h"

struct twin {
	struct emulator_program program;
	struct layers layers;
	const struct edgetpu_executable *main;
	const struct edgetpu_executable *running;
	uint8_t *scratch;
	bool is_spilled;           /* the host has `scratch` from us */
	uint8_t spills;
};

static int begin(struct emulator_program *program,
		 const struct edgetpu_executable *executable)
{
	struct twin *twin = (struct twin *)program;

	twin->running = executable;
	twin->layers.is_computed = false;
	twin->is_spilled = false;
	return 0;
}

static int take_parameters(const struct twin *twin, const struct edgetpu_hint *hint,
			   const uint8_t *bytes)
{
	const struct edgetpu_executable *running = twin->running;

	if (!layers_is_inside(hint, running->parameter_bytes))
		return -EINVAL;
	return memcmp(running->parameters + hint->offset, bytes, hint->size) == 0 ?
		0 : -EBADMSG;
}

/* Before the chip wrote anything there, it may hold what it likes. */
static int take_scratch(const struct twin *twin, const struct edgetpu_hint *hint,
			const uint8_t *bytes)
{
	if (!layers_is_inside(hint, twin->main->scratch_bytes))
		return -EINVAL;
	if (!twin->is_spilled)
		return 0;
	return memcmp(twin->scratch + hint->offset, bytes, hint->size) == 0 ? 0 : -EBADMSG;
}

static int infeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		  const uint8_t *bytes)
{
	struct twin *twin = (struct twin *)program;

	switch (hint->kind) {
	case EDGETPU_INPUT:
		return twin->running == twin->main ?
			layers_take(&twin->layers, hint, bytes) : -EINVAL;
	case EDGETPU_PARAMETERS:
		return take_parameters(twin, hint, bytes);
	case EDGETPU_SCRATCH_OUT:
		return take_scratch(twin, hint, bytes);
	default:
		return -EINVAL;
	}
}

/* What a chip with too little memory would put aside; others each time, so that old
   ones are not taken for new. */
static int give_scratch(struct twin *twin, const struct edgetpu_hint *hint, uint8_t *bytes)
{
	uint32_t whole = twin->main->scratch_bytes;

	if (!layers_is_inside(hint, whole))
		return -EINVAL;
	twin->spills++;
	for (uint32_t i = hint->offset; i < hint->offset + hint->size; i++)
		twin->scratch[i] = (uint8_t)(7 * i + twin->spills);
	memcpy(bytes, twin->scratch + hint->offset, hint->size);
	twin->is_spilled |= hint->size == whole;
	return 0;
}

static int outfeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		   uint32_t nth, uint8_t *bytes)
{
	struct twin *twin = (struct twin *)program;

	(void)nth;
	switch (hint->kind) {
	case EDGETPU_OUTPUT:
		return twin->running == twin->main ?
			layers_give(&twin->layers, hint, bytes) : -EINVAL;
	case EDGETPU_SCRATCH_IN:
		return give_scratch(twin, hint, bytes);
	default:
		return -EINVAL;
	}
}

static void free_program(struct emulator_program *program)
{
	struct twin *twin = (struct twin *)program;

	layers_close(&twin->layers);
	free(twin);
}

static const struct emulator_program_ops twin_ops = {
	.grade = "twin", .begin = begin, .infeed = infeed, .outfeed = outfeed,
	.free = free_program,
};

static int prepare(struct twin *twin, const struct atoll_model *part,
		   struct atoll_error *err)
{
	int r = layers_open(&twin->layers, twin->main, err);

	if (r == 0)
		r = layers_use(&twin->layers, part, err);
	if (r < 0)
		return r;
	twin->scratch = memory_take(&twin->layers.memory, twin->main->scratch_bytes);
	return twin->scratch ? 0 : atoll_error_set(err, -ENOMEM, "%s: no memory", part->path);
}

ATOLL_API struct emulator_program *twin_program(const struct edgetpu_package *package,
						const struct atoll_model *part,
						struct atoll_error *err)
{
	struct twin *twin = calloc(1, sizeof(*twin));

	if (!twin) {
		atoll_error_set(err, -ENOMEM, "%s: no memory", part->path);
		return NULL;
	}
	*twin = (struct twin){ .program = { .ops = &twin_ops }, .main = package->main };
	if (prepare(twin, part, err) < 0) {
		free_program(&twin->program);
		return NULL;
	}
	return &twin->program;
}
