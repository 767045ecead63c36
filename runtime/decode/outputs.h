/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_RUNTIME_DECODE_OUTPUTS_H
#define ATOLL_RUNTIME_DECODE_OUTPUTS_H

#include <stdint.h>

#include "runtime/session.h"

/*
 * What a session's outputs are, for those who look for a meaning in them.
 *
 *	char text[ATOLL_OUTPUTS_TEXT];
 *
 *	puts(atoll_outputs_text(session, text));   float32 1x10x4, float32 1x10
 */
#define ATOLL_OUTPUTS_TEXT 96

/* Types and shapes in the file's order, cut short with "..." where there is no
   room for them. Returns `text`. */
const char *atoll_outputs_text(const struct atoll_session *session,
			       char text[ATOLL_OUTPUTS_TEXT]);

/*
 * The `outputs` outputs of the custom operator `name`, in the operator's order,
 * when it is in the model and all of them are among the session's outputs, whatever
 * order those are listed in. 0, or -ENOTSUP with the outputs as they are.
 */
int decode_outputs_of(const struct atoll_session *session, const char *name,
		      uint32_t outputs, const struct atoll_tensor **output,
		      struct atoll_error *err);

#endif
