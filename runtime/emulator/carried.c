/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model is put together from the parameters that came over the wire: those that
 * stay on the chip, and those of the run. It is made anew when any of their bytes is
 * another one than before; the package's own are never looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/carried.h"
#include "runtime/emulator/layers.h"
#include "runtime/emulator/program.h"

/* Parameters that came for an executable. */
struct vector {
	uint8_t *bytes;
	uint32_t size, came;
};

struct program {
	struct emulator_program program;
	const struct edgetpu_package *package;
	struct carried *carried;
	struct layers layers;
	const struct edgetpu_executable *running;
	struct atoll_model *model;        /* of the layers' session, or NULL */
	struct vector cached, streamed;
	bool is_stale;                    /* `model` is not of these parameters */
};

static int begin(struct emulator_program *program,
		 const struct edgetpu_executable *executable)
{
	struct program *p = (struct program *)program;

	p->running = executable;
	p->layers.is_computed = false;
	if (executable == p->package->caching)
		p->cached.came = 0;
	else
		p->streamed.came = 0;
	return 0;
}

/* In order: the hints were verified to be so. */
static int take_parameters(struct program *p, const struct edgetpu_hint *hint,
			   const uint8_t *bytes)
{
	struct vector *vector = p->running == p->package->caching ? &p->cached : &p->streamed;

	if (!layers_is_inside(hint, vector->size) || hint->offset != vector->came)
		return -EINVAL;
	vector->came += hint->size;
	if (memcmp(vector->bytes + hint->offset, bytes, hint->size) == 0)
		return 0;
	memcpy(vector->bytes + hint->offset, bytes, hint->size);
	p->is_stale = true;
	return 0;
}

static int infeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		  const uint8_t *bytes)
{
	struct program *p = (struct program *)program;

	if (hint->kind == EDGETPU_PARAMETERS)
		return take_parameters(p, hint, bytes);
	if (hint->kind == EDGETPU_INPUT && p->running == p->package->main)
		return layers_take(&p->layers, hint, bytes);
	return -EINVAL;
}

static int use(struct program *p, const uint8_t *cached, const uint8_t *streamed,
	       struct atoll_error *err)
{
	struct atoll_model *model = carried_restore(p->carried, cached, streamed, err);
	int r = model ? layers_use(&p->layers, model, err) : -EBADMSG;

	if (r < 0) {
		atoll_model_free(model);
		return r;
	}
	atoll_model_free(p->model); /* nobody computes with it any more */
	p->model = model;
	return 0;
}

/* What came is complete, and the model is made of it. */
static int make_ready(struct program *p)
{
	int r;

	if (p->cached.came != p->cached.size || p->streamed.came != p->streamed.size)
		return -EBADMSG;
	if (!p->is_stale)
		return 0;
	r = use(p, p->cached.bytes, p->streamed.bytes, NULL);
	p->is_stale = r < 0;
	return r;
}

static int outfeed(struct emulator_program *program, const struct edgetpu_hint *hint,
		   uint32_t nth, uint8_t *bytes)
{
	struct program *p = (struct program *)program;
	int r;

	(void)nth;
	if (hint->kind != EDGETPU_OUTPUT || p->running != p->package->main)
		return -EINVAL;
	r = make_ready(p);
	return r < 0 ? r : layers_give(&p->layers, hint, bytes);
}

/* The chip has one memory, whoever filled it. */
static void share(struct emulator_program *program, const struct emulator_program *from)
{
	struct program *p = (struct program *)program;
	const struct vector *cached = &((const struct program *)from)->cached;

	if (memcmp(p->cached.bytes, cached->bytes, cached->size) != 0) {
		memcpy(p->cached.bytes, cached->bytes, cached->size);
		p->is_stale = true;
	}
	p->cached.came = cached->came;
}

static void free_program(struct emulator_program *program)
{
	struct program *p = (struct program *)program;

	layers_close(&p->layers);
	atoll_model_free(p->model);
	carried_close(p->carried);
	free(p);
}

static const struct emulator_program_ops carried_ops = {
	.grade = "carried", .takes_any_parameters = true, .begin = begin, .infeed = infeed,
	.outfeed = outfeed, .share = share, .free = free_program,
};

static uint8_t *take_vector(struct program *p, struct vector *vector,
			    const struct edgetpu_executable *executable)
{
	vector->size = executable ? executable->parameter_bytes : 0;
	vector->bytes = memory_take(&p->layers.memory, vector->size);
	return vector->bytes;
}

/* That the graph can be computed at all is better told now than by a chip. */
static int try(struct program *p, struct atoll_error *err)
{
	const struct edgetpu_package *package = p->package;
	int r = use(p, package->caching ? package->caching->parameters : NULL,
		    package->main->parameters, err);

	layers_forget(&p->layers);
	atoll_model_free(p->model);
	p->model = NULL;
	return r;
}

static int prepare(struct program *p, struct atoll_error *err)
{
	int r;

	p->carried = carried_open(p->package, err);
	if (!p->carried)
		return -EINVAL;
	r = layers_open(&p->layers, p->package->main, err);
	if (r < 0)
		return r;
	if (!take_vector(p, &p->cached, p->package->caching) ||
	    !take_vector(p, &p->streamed, p->package->main))
		return atoll_error_set(err, -ENOMEM, "emulator: no memory for parameters");
	p->is_stale = true;
	return try(p, err);
}

struct emulator_program *carried_program(const struct edgetpu_package *package,
					 struct atoll_error *err)
{
	struct program *p = calloc(1, sizeof(*p));

	if (!p) {
		atoll_error_set(err, -ENOMEM, "emulator: no memory");
		return NULL;
	}
	*p = (struct program){ .program = { .ops = &carried_ops }, .package = package };
	if (prepare(p, err) < 0) {
		free_program(&p->program);
		return NULL;
	}
	return &p->program;
}
