/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "board/clock.h"
#include "board/json.h"

/* What happened last, as the page lists it. */
#define HAPPENINGS 12

struct happening {
	uint64_t number; /* from 1 */
	char event[16], model[32], label[VISIOND_LABEL_BYTES];
	float score;
	char time[LINES_TIME_BYTES];
};

struct visiond_lines {
	struct lines *lines;
	uint64_t happened;
	struct happening happening[HAPPENINGS]; /* number n at n % HAPPENINGS */
};

static const char *const turns[] = {
	[VISIOND_APPEAR] = "appear",
	[VISIOND_CHANGE] = "change",
	[VISIOND_DISAPPEAR] = "disappear",
};

struct visiond_lines *visiond_lines_new(void)
{
	struct visiond_lines *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->lines = lines_new();
	if (!lines->lines) {
		free(lines);
		return NULL;
	}
	return lines;
}

void visiond_lines_free(struct visiond_lines *lines)
{
	if (!lines)
		return;
	lines_free(lines->lines);
	free(lines);
}

static void remember(struct visiond_lines *lines, const char *event, const char *model,
		     const char *label, float score, const char *time)
{
	uint64_t number = ++lines->happened;
	struct happening *happening = &lines->happening[number % HAPPENINGS];

	*happening = (struct happening){ .number = number, .score = score };
	(void)snprintf(happening->event, sizeof(happening->event), "%s", event);
	(void)snprintf(happening->model, sizeof(happening->model), "%s", model);
	(void)snprintf(happening->label, sizeof(happening->label), "%s", label);
	(void)snprintf(happening->time, sizeof(happening->time), "%s", time);
}

static void add_thing(struct atoll_json *json, const struct visiond_thing *thing)
{
	const float box[] = { thing->top, thing->left, thing->bottom, thing->right };

	atoll_json_integer(json, "id", thing->id);
	atoll_json_integer(json, "index", thing->index);
	atoll_json_string(json, "label", thing->label);
	atoll_json_real(json, "score", (double)thing->score);
	if (!thing->has_box)
		return;
	atoll_json_array(json, "box");
	for (int i = 0; i < 4; i++)
		atoll_json_real(json, NULL, (double)box[i]);
	atoll_json_end(json);
}

/* From the moment its frame was taken, where the camera tells it. */
static void add_latency(struct atoll_json *json, const struct visiond_look *look)
{
	if (look->frame_ns && look->done_ns > look->frame_ns)
		atoll_json_real(json, "latency_ms",
				(double)((look->done_ns - look->frame_ns) / 1000) / 1e3);
}

struct line visiond_lines_turn(struct visiond_lines *lines,
			       const struct visiond_look *look,
			       enum visiond_turn turn,
			       const struct visiond_thing *thing)
{
	struct atoll_json *json = lines_begin(lines->lines);
	char time[LINES_TIME_BYTES];

	atoll_json_string(json, "event", turns[turn]);
	atoll_json_string(json, "model", look->model->name);
	add_thing(json, thing);
	atoll_json_string(json, "time", lines_time(time));
	atoll_json_integer(json, "monotonic_ns", look->done_ns);
	add_latency(json, look);
	if (turn != VISIOND_CHANGE)
		remember(lines, turns[turn], look->model->name, thing->label, thing->score,
			 time);
	return lines_end(lines->lines);
}

struct line visiond_lines_camera(struct visiond_lines *lines, bool is_there,
				 const struct visiond_eye *eye)
{
	struct visiond_eye_state state = visiond_eye_state(eye);
	struct atoll_json *json = lines_begin(lines->lines);
	char time[LINES_TIME_BYTES];

	atoll_json_string(json, "event", "camera");
	atoll_json_string(json, "state", is_there ? "back" : "lost");
	atoll_json_string(json, "name", state.name);
	atoll_json_string(json, "time", lines_time(time));
	atoll_json_integer(json, "monotonic_ns", atoll_clock_ns());
	remember(lines, is_there ? "camera back" : "camera lost", "", state.name, 0, time);
	return lines_end(lines->lines);
}

static void add_present(struct atoll_json *json, const struct visiond_look *look,
			bool wants_model)
{
	const struct visiond_thing *thing;

	for (uint32_t i = 0; (thing = visiond_tracker_at(look->tracker, i)); i++) {
		atoll_json_object(json, NULL);
		if (wants_model)
			atoll_json_string(json, "model", look->model->name);
		add_thing(json, thing);
		atoll_json_integer(json, "for_ms", look->done_ns / 1000000 - thing->since_ms);
		atoll_json_end(json);
	}
}

static const char *sight_name(enum visiond_sight sight)
{
	static const char *const names[] = {
		[VISIOND_SEES] = "sees",
		[VISIOND_WAITS] = "waits",
		[VISIOND_ENDED] = "ended",
	};

	return names[sight];
}

struct line visiond_lines_state(struct visiond_lines *lines,
				const struct visiond_eye *eye)
{
	struct visiond_eye_state state = visiond_eye_state(eye);
	struct atoll_json *json = lines_begin(lines->lines);
	const struct visiond_look *look;

	atoll_json_string(json, "event", "state");
	atoll_json_string(json, "camera", sight_name(state.sight));
	atoll_json_string(json, "name", state.name);
	atoll_json_array(json, "things");
	for (uint32_t i = 0; (look = visiond_eye_look(eye, i)); i++)
		add_present(json, look, true);
	atoll_json_end(json);
	lines_stamp(json, atoll_clock_ns());
	return lines_end(lines->lines);
}

static void add_source(struct atoll_json *json, const struct visiond_eye *eye)
{
	struct visiond_eye_state state = visiond_eye_state(eye);

	atoll_json_object(json, "source");
	atoll_json_string(json, "state", sight_name(state.sight));
	atoll_json_string(json, "name", state.name);
	atoll_json_string(json, "path", state.path);
	atoll_json_string(json, "why", state.why);
	atoll_json_string(json, "pixels", atoll_pixels_name(state.pixels));
	atoll_json_integer(json, "width", state.width);
	atoll_json_integer(json, "height", state.height);
	atoll_json_real(json, "rate", state.rate_mhz / 1e3);
	atoll_json_integer(json, "frames", (int64_t)state.counts.frames);
	atoll_json_integer(json, "damaged", (int64_t)state.counts.damaged);
	atoll_json_integer(json, "missed", (int64_t)state.counts.missed);
	atoll_json_integer(json, "skipped", (int64_t)state.counts.skipped);
	atoll_json_integer(json, "lost", (int64_t)state.counts.lost);
	atoll_json_end(json);
}

static void add_look(struct atoll_json *json, const struct visiond_look *look)
{
	const struct vision_result *result = vision_result(look->vision);

	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", look->model->name);
	atoll_json_integer(json, "results", (int64_t)look->results);
	atoll_json_integer(json, "failures", (int64_t)look->failures);
	atoll_json_real(json, "rate", look->rate_mhz / 1e3);
	if (look->results > 0) {
		atoll_json_real(json, "convert_ms", (double)(result->convert_ns / 1000) / 1e3);
		atoll_json_real(json, "run_ms", (double)(result->run_ns / 1000) / 1e3);
		add_latency(json, look);
		vision_json(result, json);
	}
	atoll_json_array(json, "present");
	add_present(json, look, false);
	atoll_json_end(json);
	atoll_json_end(json);
}

static void add_numbers(struct atoll_json *json, const struct visiond_numbers *numbers)
{
	const struct visiond_web_counts *web = &numbers->web;

	atoll_json_object(json, "page");
	atoll_json_integer(json, "viewers", web->watching);
	atoll_json_integer(json, "listeners", web->listening);
	atoll_json_integer(json, "viewers_max", numbers->viewers_max);
	atoll_json_integer(json, "pictures", (int64_t)web->pictures);
	atoll_json_integer(json, "failures", (int64_t)web->failures);
	atoll_json_integer(json, "refused", (int64_t)web->refused);
	atoll_json_end(json);
	atoll_json_object(json, "events");
	atoll_json_integer(json, "clients", numbers->clients);
	atoll_json_integer(json, "dropped", (int64_t)numbers->dropped);
	atoll_json_end(json);
	atoll_json_integer(json, "up_ms", numbers->up_ms);
	atoll_json_integer(json, "resident_bytes", numbers->resident_bytes);
}

static void add_happenings(struct atoll_json *json, const struct visiond_lines *lines)
{
	uint64_t first = lines->happened > HAPPENINGS ? lines->happened - HAPPENINGS + 1 : 1;

	atoll_json_array(json, "happened");
	for (uint64_t n = first; n <= lines->happened; n++) {
		const struct happening *happening = &lines->happening[n % HAPPENINGS];

		atoll_json_object(json, NULL);
		atoll_json_integer(json, "number", (int64_t)happening->number);
		atoll_json_string(json, "event", happening->event);
		atoll_json_string(json, "model", happening->model);
		atoll_json_string(json, "label", happening->label);
		atoll_json_real(json, "score", (double)happening->score);
		atoll_json_string(json, "time", happening->time);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

struct line visiond_lines_page(struct visiond_lines *lines,
			       const struct visiond_eye *eye,
			       const struct visiond_numbers *numbers)
{
	struct atoll_json *json = lines_begin(lines->lines);
	const struct visiond_look *look;
	char time[LINES_TIME_BYTES];

	atoll_json_string(json, "version", ATOLL_VERSION);
	atoll_json_string(json, "time", lines_time(time));
	add_source(json, eye);
	atoll_json_array(json, "models");
	for (uint32_t i = 0; (look = visiond_eye_look(eye, i)); i++)
		add_look(json, look);
	atoll_json_end(json);
	add_numbers(json, numbers);
	add_happenings(json, lines);
	return lines_end(lines->lines);
}
