/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_PIPELINE_SETS_H
#define ATOLL_RUNTIME_PIPELINE_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/memory.h"
#include "runtime/pipeline/wires.h"

/*
 * The sets of tensors that go through a pipeline, and the memory of each tensor from
 * where it is made to the last who reads it.
 *
 *	struct set *set = sets_take(&sets);
 *
 *	sets_begin(&sets, set, 0);         those that are pushed
 *	sets_end(&sets, set, 0);           the first segment has read what it alone reads
 *	sets_begin(&sets, set, 1);         and there are its outputs
 *	...
 *	sets_give(&sets, set);
 *
 * Everything is made once and used again. More is taken only when more is on the way
 * than there was room for in the queues. The owner has a lock.
 */
struct set {
	struct set *next;    /* the owner's while it is out */
	void *data[];        /* [wires] NULL while there is no such tensor in it */
};

struct sets {
	struct memory *memory;
	const struct wires *wires;
	struct set *spare;
	void **spare_buffer; /* [wires] each begins with the address of the next */
};

/* `room` [segments + 1]: sets that may be in each queue. 0, or -ENOMEM. */
int sets_make(struct sets *sets, const struct wires *wires, uint32_t segments,
	      const uint32_t *room, struct memory *memory);

/* NULL when there is no memory. */
struct set *sets_take(struct sets *sets);

/* With all that is still in it. */
void sets_give(struct sets *sets, struct set *set);

/* Memory for the tensors that begin in this queue; false when there is none. */
bool sets_begin(struct sets *sets, struct set *set, uint32_t queue);

/* Nobody behind this queue reads the tensors that end in it. */
void sets_end(struct sets *sets, struct set *set, uint32_t queue);

#endif
