/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/delegate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend.h"
#include "runtime/carried.h"
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

static bool has_place(const struct delegate *delegate)
{
	return delegate->first || delegate->fallback;
}

/* The CPU does what the devices before it in the list could not. */
static void tell(const struct delegate *delegate, const struct atoll_error *why)
{
	if (why->code == -ENOTSUP)
		atoll_error_set(delegate->error, why->code,
				"compiled for emulated devices: the CPU runs it");
	else
		atoll_error_set(delegate->error, why->code, "compiled for emulated devices: "
				"the CPU runs it (%s)", why->text);
}

/* The first accelerator of the list that can be had, and the CPU if it is there
   too. What stands after the CPU will never be asked. A part that carries its graph
   needs no word of the CPU to be run there. */
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
				break;
		} else if (!delegate->first) {
			delegate->first = devices_load(where->devices, name, part, &why);
			if (delegate->first)
				continue;
		}
		if (why.code != 0 && first.code == 0)
			first = why;
	}
	if (!has_place(delegate) && part->is_carried && delegate->twin)
		delegate->fallback = twin_load(part, where->threads, &why);
	if (!delegate->first && delegate->fallback && part->is_carried && first.code != 0)
		tell(delegate, &first);
	if (has_place(delegate))
		return 0;
	if (first.code == 0)
		return atoll_error_set(err, -ENOTSUP, "compiled for the Edge TPU, which device "
			"%s is not; run the model it was compiled from", where->list);
	return atoll_error_set(err, first.code, "%s", first.text);
}

/* What the part is for the CPU: from the model it was compiled from, or from the
   package itself. One that cannot be read is told by the device that should run it;
   emulated ones need nothing but the package. */
static int find_twin(struct delegate *delegate, const struct delegate_where *where,
		     struct backend_part *part, struct atoll_error *err)
{
	const struct atoll_model *model = where->twin;
	struct edgetpu_package *package =
		edgetpu_package_read(part->options, part->options_bytes, NULL);
	bool needs_one;

	part->is_carried = package && carried_is(package);
	needs_one = model || (part->is_carried && !devices_are_emulated(where->list));
	if (model)
		delegate->twin = extract_twin(model, part->options, part->options_bytes, err);
	else if (needs_one)
		delegate->twin = carried_model(package, err);
	part->twin = delegate->twin;
	edgetpu_package_free(package);
	return part->twin || !needs_one ? 0 : -EINVAL;
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
	r = find_twin(delegate, where, &part, err);
	if (r < 0)
		return r;
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
