/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_EMULATOR_LAYERS_H
#define ATOLL_RUNTIME_EMULATOR_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/edgetpu/package.h"
#include "runtime/memory.h"
#include "runtime/model.h"

/*
 * The inputs and outputs of an executable as they are on the wire, with a model that
 * makes the ones into the others: what programs that compute have in common.
 *
 *	struct layers layers;
 *
 *	r = layers_open(&layers, package->main, &err);
 *	r = layers_use(&layers, model, &err);           again, when there is another
 *	r = layers_take(&layers, hint, bytes);          an input, or a part of it
 *	r = layers_give(&layers, hint, bytes);          an output, computed when needed
 *	layers_close(&layers);
 *
 * The first output that is asked for makes the session run; all are answered from what
 * it gave, until another input comes.
 */
struct layers {
	const struct edgetpu_executable *executable;
	struct atoll_session *session;
	struct memory memory;
	uint8_t **input, **output; /* of each layer, as on the wire */
	bool is_computed;          /* `output` belongs to `input` */
};

int layers_open(struct layers *layers, const struct edgetpu_executable *executable,
		struct atoll_error *err);
void layers_close(struct layers *layers); /* also after a failed open */

/*
 * Compute with this model, which must outlive the layers or the next call; its inputs
 * and outputs are those of the layers, states left out. In failure there is none.
 */
int layers_use(struct layers *layers, const struct atoll_model *model,
	       struct atoll_error *err);

/* Close the session: from here on there is no model. */
void layers_forget(struct layers *layers);

/* 0, or a negative errno for what no hint of the executable could ask for. */
int layers_take(struct layers *layers, const struct edgetpu_hint *hint,
		const uint8_t *bytes);
int layers_give(struct layers *layers, const struct edgetpu_hint *hint, uint8_t *bytes);

/* The hint's bytes are among `whole`. */
static inline bool layers_is_inside(const struct edgetpu_hint *hint, size_t whole)
{
	return hint->offset <= whole && hint->size <= whole - hint->offset;
}

#endif
