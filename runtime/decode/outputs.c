/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/decode/outputs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

ATOLL_API const char *atoll_outputs_text(const struct atoll_session *session,
					 char text[ATOLL_OUTPUTS_TEXT])
{
	size_t used = 0;

	if (atoll_session_outputs(session) == 0)
		return strcpy(text, "none");
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++) {
		const struct atoll_tensor *output = atoll_session_output(session, i);
		char shape[ATOLL_SHAPE_TEXT];
		int length = snprintf(text + used, ATOLL_OUTPUTS_TEXT - used, "%s%s %s",
				      i > 0 ? ", " : "", atoll_type_name(output->type),
				      atoll_shape_text(output->rank, output->dims, shape));

		used += (size_t)length;
		if (used >= ATOLL_OUTPUTS_TEXT)
			return strcpy(text + ATOLL_OUTPUTS_TEXT - 4, "..."), text;
	}
	return text;
}

static bool is_output(const struct atoll_session *session, const struct atoll_tensor *tensor)
{
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++)
		if (atoll_session_output(session, i) == tensor)
			return true;
	return false;
}

static bool has_outputs_of(const struct atoll_session *session,
			   const struct atoll_operator *op, uint32_t outputs,
			   const struct atoll_tensor **output)
{
	if (op->outputs != outputs)
		return false;
	for (uint32_t i = 0; i < outputs; i++) {
		/* -1, an output left out, is no index of any tensor either. */
		output[i] = atoll_session_tensor(session, (uint32_t)op->output[i]);
		if (!output[i] || !is_output(session, output[i]))
			return false;
	}
	return true;
}

int decode_outputs_of(const struct atoll_session *session, const char *name,
		      uint32_t outputs, const struct atoll_tensor **output,
		      struct atoll_error *err)
{
	const struct atoll_graph *graph = &atoll_session_model(session)->graph[0];
	char text[ATOLL_OUTPUTS_TEXT];

	for (uint32_t i = 0; i < graph->operators; i++)
		if (strcmp(graph->op[i].name, name) == 0 &&
		    has_outputs_of(session, &graph->op[i], outputs, output))
			return 0;
	return atoll_error_set(err, -ENOTSUP, "outputs %s are not those of %s",
			       atoll_outputs_text(session, text), name);
}
