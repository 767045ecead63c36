/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pipeline/wires.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define NOWHERE UINT32_MAX /* until somebody is found who reads it */

static uint32_t add_wire(struct wires *wires, const struct atoll_tensor *tensor, uint32_t from)
{
	wires->wire[wires->wires] = (struct wire){
		.name = tensor->name, .bytes = tensor->bytes, .from = from, .to = NOWHERE };
	return wires->wires++;
}

/* The newest of that name; wires->wires when there is none. */
static uint32_t find_wire(const struct wires *wires, const char *name)
{
	for (uint32_t w = wires->wires; w-- > 0;)
		if (strcmp(wires->wire[w].name, name) == 0)
			return w;
	return wires->wires;
}

static int take_tables(struct wires *wires, struct atoll_session *const *session,
		       uint32_t segments, struct memory *memory)
{
	size_t all = atoll_session_inputs(session[0]);

	wires->end = memory_take(memory, segments * sizeof(*wires->end));
	if (!wires->end)
		return -ENOMEM;
	for (uint32_t s = 0; s < segments; s++) {
		struct wire_ends *end = &wires->end[s];

		all += atoll_session_outputs(session[s]);
		end->input = memory_take(memory, atoll_session_inputs(session[s]) *
						 sizeof(*end->input));
		end->output = memory_take(memory, atoll_session_outputs(session[s]) *
						  sizeof(*end->output));
		if (!end->input || !end->output)
			return -ENOMEM;
	}
	wires->wire = memory_take(memory, all * sizeof(*wires->wire));
	return wires->wire ? 0 : -ENOMEM;
}

/* All inputs of the first segment are pushed, whatever their names. */
static void connect_pushed(struct wires *wires, struct atoll_session *session)
{
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++) {
		uint32_t w = add_wire(wires, atoll_session_input(session, i), 0);

		wires->wire[w].to = 0;
		wires->end[0].input[i] = w;
	}
}

static int connect_inputs(struct wires *wires, struct atoll_session *session, uint32_t segment,
			  struct atoll_error *err)
{
	for (uint32_t i = 0; i < atoll_session_inputs(session); i++) {
		const struct atoll_tensor *input = atoll_session_input(session, i);
		uint32_t w = find_wire(wires, input->name);

		if (w == wires->wires)
			return atoll_error_set(err, -EINVAL,
					       "segment %u can not get its input tensor %s",
					       segment, input->name);
		if (wires->wire[w].bytes != input->bytes)
			return atoll_error_set(err, -EINVAL, "segment %u: input tensor %s has %zu "
					       "bytes, but %zu where it comes from", segment,
					       input->name, input->bytes, wires->wire[w].bytes);
		wires->wire[w].to = segment;
		wires->end[segment].input[i] = w;
	}
	return 0;
}

static void connect_outputs(struct wires *wires, const struct atoll_session *session,
			    uint32_t segment)
{
	for (uint32_t i = 0; i < atoll_session_outputs(session); i++)
		wires->end[segment].output[i] =
			add_wire(wires, atoll_session_output(session, i), segment + 1);
}

int wires_make(struct wires *wires, struct atoll_session *const *session, uint32_t segments,
	       struct memory *memory, struct atoll_error *err)
{
	int r;

	*wires = (struct wires){ 0 };
	r = take_tables(wires, session, segments, memory);
	if (r < 0)
		return atoll_error_set(err, r, "pipeline: out of memory");
	for (uint32_t s = 0; s < segments; s++) {
		if (s == 0)
			connect_pushed(wires, session[0]);
		else
			r = connect_inputs(wires, session[s], s, err);
		if (r < 0)
			return r;
		connect_outputs(wires, session[s], s);
	}
	for (uint32_t w = 0; w < wires->wires; w++) {
		struct wire *wire = &wires->wire[w];

		if (wire->from == segments)
			wire->to = segments;
		else if (wire->to == NOWHERE)
			return atoll_error_set(err, -EINVAL, "segment %u: no later segment uses "
					       "its output tensor %s", wire->from - 1,
					       wire->name);
	}
	return 0;
}
