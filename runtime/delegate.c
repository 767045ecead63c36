/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delegate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend.h"
#include "runtime/devices_inside.h"
#include "runtime/edgetpu/package.h"
#include "runtime/extract.h"

struct delegate {
	struct atoll_error *error;
	const char **device;
	struct atoll_model *twin;         /* our part of it, or NULL */
	struct backend_program *first;    /* NULL: there is only the CPU */
	struct backend_program *fallback; /* on the CPU, or NULL */
};

static int run_on(struct delegate *delegate, struct backend_program *program,
		  struct atoll_error *err)
{
	*delegate->device = program->device;
	return program->ops->run(program, err);
}

static int run(const struct kernel_node *node, struct pool *pool)
{
	struct delegate *delegate = node->prepared;
	int r = -ENODEV;

	(void)pool;
	if (delegate->first)
		r = run_on(delegate, delegate->first, delegate->error);
	if (r < 0 && delegate->fallback)
		r = run_on(delegate, delegate->fallback, delegate->error);
	return r;
}

int delegate_new(struct kernel_node *node, struct atoll_error *error, const char **device)
{
	struct delegate *delegate = calloc(1, sizeof(*delegate));

	if (!delegate)
		return -ENOMEM;
	delegate->error = error;
	delegate->device = device;
	node->run = run;
	node->prepared = delegate;
	return 0;
}

/* The first accelerator of the list that can be had, and the CPU if it is there
   too. What stands after the CPU will never be asked. */
static int load_list(struct delegate *delegate, const struct backend_part *part,
		     const struct delegate_where *where, struct atoll_error *err)
{
	struct atoll_error why = { .code = -ENODEV }, first = { 0 };
	const char *at = where->list;
	char name[DEVICE_TEXT];

	while (devices_next(&at, name)) {
		if (strcmp(name, "cpu") == 0) {
			if (!delegate->twin)
				continue;
			delegate->fallback = twin_load(part, where->threads, &why);
			if (delegate->fallback)
				return 0;
		} else if (!delegate->first) {
			delegate->first = devices_load(where->devices, name, part, &why);
			if (delegate->first)
				continue;
		}
		if (why.code != 0 && first.code == 0)
			first = why;
	}
	if (delegate->first)
		return 0;
	if (first.code == 0)
		return atoll_error_set(err, -ENOTSUP, "compiled for the Edge TPU, which device "
			"%s is not; run the model it was compiled from", where->list);
	return atoll_error_set(err, first.code, "%s", first.text);
}

int delegate_load(struct kernel_node *node, const struct delegate_where *where,
		  struct atoll_error *err)
{
	struct delegate *delegate = node->prepared;
	struct backend_part part = {
		.options = node->op->custom_options,
		.options_bytes = node->op->custom_options_bytes,
		.inputs = node->inputs, .input = node->input,
		.outputs = node->outputs, .output = node->output,
	};
	int r;

	for (uint32_t i = 0; i < node->inputs; i++)
		if (!node->input[i])
			return atoll_error_set(err, -EINVAL, "input %u is left out", i);
	if (where->twin) {
		delegate->twin = extract_twin(where->twin, part.options, part.options_bytes,
					      err);
		if (!delegate->twin)
			return -EINVAL;
	}
	part.twin = delegate->twin;
	r = load_list(delegate, &part, where, err);
	if (r == 0)
		*delegate->device = (delegate->first ? delegate->first :
				     delegate->fallback)->device;
	return r;
}

void delegate_free(struct kernel_node *node)
{
	struct delegate *delegate = node->prepared;

	if (!delegate)
		return;
	if (delegate->first)
		delegate->first->ops->free(delegate->first);
	if (delegate->fallback)
		delegate->fallback->ops->free(delegate->fallback);
	atoll_model_free(delegate->twin);
	free(delegate);
}
