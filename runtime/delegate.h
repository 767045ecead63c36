/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DELEGATE_H
#define ATOLL_RUNTIME_DELEGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "runtime/devices.h"
#include "runtime/kernels/kernels.h"
#include "runtime/model.h"

/*
 * The operator that the Edge TPU compiler put in place of what it took over, in
 * a session: it runs on a device of a list of preferences, and on the CPU instead
 * when the list says so and the model it was compiled from is at hand.
 *
 *	if (edgetpu_is_compiled(op))
 *		r = delegate_new(&node, &session->error, &step->device);
 *	...                                            all operators are prepared
 *	r = delegate_load(&node, &where, &err);        tensors get their memory
 *	...
 *	r = node.run(&node, pool);
 *	delegate_free(&node);
 */
/*
 * Sets node->run and node->prepared. `error` gets the sentence when a device fails, or
 * when a part that carries its graph is left to the CPU; `*device` the name of what it last ran on. 0 or -ENOMEM.
 */
int delegate_new(struct kernel_node *node, struct atoll_error *error, const char **device);

struct delegate_where {
	const char *list;               /* "tpu,cpu" */
	struct atoll_devices *devices;
	const struct atoll_model *twin; /* what the model was compiled from, or NULL */
	uint32_t threads;               /* for the CPU */
};

int delegate_load(struct kernel_node *node, const struct delegate_where *where,
		  struct atoll_error *err);

/* One that was never made is allowed. */
void delegate_free(struct kernel_node *node);

#endif
