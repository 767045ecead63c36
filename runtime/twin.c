/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled part of a graph on the CPU: its twin in a session of its own. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/backend.h"
#include "runtime/session.h"

/* A tensor of the part and the one in the session that stands for it. */
struct pair {
	struct atoll_tensor *tensor;
	const struct atoll_tensor *own;
};

struct twin {
	struct backend_program program;
	struct atoll_session *session;
	uint32_t inputs, outputs;
	struct pair *input, *output; /* one list, inputs first */
};

/* Nothing to copy where the tensor lies in the session's memory. */
static void copy(struct atoll_tensor *to, const struct atoll_tensor *from)
{
	if (to->data != from->data)
		memcpy(to->data, from->data, from->bytes);
}

static bool is_state(const struct twin *twin, uint32_t input)
{
	const struct atoll_graph *graph = &atoll_session_model(twin->session)->graph[0];

	return graph->is_variable[graph->input[input]];
}

static int run(struct backend_program *program, struct atoll_error *err)
{
	struct twin *twin = (struct twin *)program;
	int r;

	for (uint32_t i = 0; i < twin->inputs; i++)
		copy(atoll_session_input(twin->session, i), twin->input[i].tensor);
	r = atoll_session_invoke(twin->session);
	if (r < 0)
		return atoll_error_set(err, r, "cpu: %s: %s",
				       atoll_session_model(twin->session)->path, strerror(-r));
	for (uint32_t i = 0; i < twin->outputs; i++)
		copy(twin->output[i].tensor, twin->output[i].own);
	for (uint32_t i = 0; i < twin->inputs; i++)
		if (is_state(twin, i))
			copy(twin->input[i].tensor, twin->input[i].own);
	return 0;
}

static void free_program(struct backend_program *program)
{
	struct twin *twin = (struct twin *)program;

	atoll_session_close(twin->session);
	free(twin->input);
	free(twin);
}

static const struct backend_ops twin_ops = {
	.name = "cpu", .run = run, .free = free_program,
};

static int check_counts(const struct twin *twin, const struct backend_part *part,
			struct atoll_error *err)
{
	uint32_t inputs = atoll_session_inputs(twin->session);
	uint32_t outputs = atoll_session_outputs(twin->session);

	if (inputs == part->inputs && outputs == part->outputs)
		return 0;
	return atoll_error_set(err, -EINVAL, "%s: %" PRIu32 " inputs and %" PRIu32
			       " outputs in place of %" PRIu32 " and %" PRIu32,
			       part->twin->path, inputs, outputs, part->inputs,
			       part->outputs);
}

/* Memory for the tensor, if it has none, is that of the session. */
static int join(const struct backend_part *part, struct pair *pair,
		struct atoll_tensor *tensor, const struct atoll_tensor *own,
		struct atoll_error *err)
{
	if (tensor->type != own->type || tensor->bytes != own->bytes)
		return atoll_error_set(err, -EINVAL, "%s: tensor %.60s: %zu bytes of %s in "
				       "place of %zu of %s", part->twin->path, own->name,
				       own->bytes, atoll_type_name(own->type), tensor->bytes,
				       atoll_type_name(tensor->type));
	*pair = (struct pair){ .tensor = tensor, .own = own };
	if (!tensor->data)
		tensor->data = own->data;
	return 0;
}

static int join_all(struct twin *twin, const struct backend_part *part,
		    struct atoll_error *err)
{
	int r = check_counts(twin, part, err);

	if (r < 0)
		return r;
	twin->input = calloc((size_t)part->inputs + part->outputs + 1, sizeof(*twin->input));
	if (!twin->input)
		return atoll_error_set(err, -ENOMEM, "%s: no memory", part->twin->path);
	twin->inputs = part->inputs;
	twin->outputs = part->outputs;
	twin->output = twin->input + part->inputs;
	for (uint32_t i = 0; i < part->inputs && r == 0; i++)
		r = join(part, &twin->input[i], part->input[i],
			 atoll_session_input(twin->session, i), err);
	for (uint32_t i = 0; i < part->outputs && r == 0; i++)
		r = join(part, &twin->output[i], part->output[i],
			 atoll_session_output(twin->session, i), err);
	return r;
}

struct backend_program *twin_load(const struct backend_part *part, uint32_t threads,
				  struct atoll_error *err)
{
	const struct atoll_session_options options = { .threads = threads };
	struct twin *twin;

	if (!part->twin) {
		atoll_error_set(err, -ENODEV, "cpu: only with the model it was compiled from");
		return NULL;
	}
	twin = calloc(1, sizeof(*twin));
	if (!twin) {
		atoll_error_set(err, -ENOMEM, "%s: no memory", part->twin->path);
		return NULL;
	}
	twin->program = (struct backend_program){ .ops = &twin_ops, .device = "cpu" };
	twin->session = atoll_session_open(part->twin, &options, err);
	if (!twin->session || join_all(twin, part, err) < 0) {
		free_program(&twin->program);
		return NULL;
	}
	return &twin->program;
}
