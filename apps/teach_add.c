/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-teach add: examples of a class, from pictures, videos or a camera. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/options.h"
#include "apps/stop.h"
#include "apps/teach.h"
#include "apps/teach_look.h"
#include "apps/teach_variants.h"
#include "apps/teach_view.h"
#include "board/clock.h"

/* A camera from which nothing comes for so long is gone. */
#define SILENCE_NS INT64_C(10000000000)
#define WAIT_MS 200

struct adding {
	const struct teach_settings *settings;
	struct teach_project *project;
	struct teach_look *look;
	struct teach_view *view;    /* of a camera on a terminal, or NULL */
	const char *label;
	float *x;                   /* [variants][size] */
	uint32_t variants;
	uint32_t taken;             /* from the current source */
	int64_t due_ns;             /* the next of a stream, since its beginning */
	int status;
};

static void complain(struct adding *adding, const char *name, const char *why)
{
	teach_view_hide(adding->view);
	options_say("%s: %s", name, why);
	adding->status = EXIT_COULD_NOT;
}

static void learn(struct adding *adding, const struct atoll_frame *frame, const char *name)
{
	struct atoll_error err;

	if (teach_look_at(adding->look, frame, adding->variants, adding->x, &err) < 0)
		return complain(adding, name, err.text);
	if (teach_project_add(adding->project, adding->label, name, adding->x,
			      adding->variants, &err) < 0)
		options_could_not("%s", err.text);
	adding->taken++;
}

static void show(struct adding *adding, const struct atoll_frame *frame, int64_t at_ns)
{
	const double left_s = (double)(adding->due_ns - at_ns) / 1e9;
	char sentence[TEACH_LABEL_MAX + 64];

	(void)snprintf(sentence, sizeof(sentence), "%s: %u of %u, the next in %.1f s",
		       adding->label, adding->taken, adding->settings->examples,
		       left_s > 0 ? left_s : 0.0);
	teach_view_show(adding->view, adding->project, frame, sentence);
}

/* Since the stream began: by the clock for cameras, by their rate for videos. */
static int64_t time_of(const struct atoll_source *source, const struct atoll_frame *frame,
		       int64_t start_ns)
{
	uint32_t rate_mhz = atoll_source_frame_rate_mhz(source);

	if (atoll_source_is_live(source))
		return atoll_clock_ns() - start_ns;
	rate_mhz = rate_mhz ? rate_mhz : ATOLL_SOURCE_RATE_MHZ;
	return (int64_t)((double)frame->sequence * 1e12 / rate_mhz); /* from 1 on */
}

/* One of many frames: an example when it is time. */
static void look_at_stream(struct adding *adding, const struct atoll_source *source,
			   const struct atoll_frame *frame, int64_t start_ns)
{
	const int64_t at_ns = time_of(source, frame, start_ns);

	if (at_ns >= adding->due_ns) {
		learn(adding, frame, atoll_source_name(source));
		adding->due_ns = at_ns + adding->settings->every_ms * 1000000;
	}
	show(adding, frame, at_ns);
}

/* The next frame, for at most a moment. -EAGAIN: not yet. */
static int next(struct atoll_source *source, struct atoll_frame *frame)
{
	struct pollfd fds[] = {
		{ .fd = atoll_source_fd(source), .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	int r;

	if (fds[0].fd >= 0)
		(void)poll(fds, 2, WAIT_MS); /* whatever woke us, we look again */
	r = atoll_source_next(source, fds[0].fd >= 0 ? 0 : WAIT_MS, frame);
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

static bool has_enough(const struct adding *adding, const struct atoll_source *source)
{
	return stop_wanted() || (atoll_source_is_stream(source) &&
				 adding->taken >= adding->settings->examples);
}

static void look_at_all(struct adding *adding, struct atoll_source *source)
{
	const int64_t start_ns = atoll_clock_ns();
	int64_t seen_ns = start_ns;
	struct atoll_frame frame;
	int r = 0;

	while (r != -ENODATA && r != -ENODEV && !has_enough(adding, source)) {
		r = next(source, &frame);
		if (r == 0) {
			seen_ns = atoll_clock_ns();
			if (atoll_source_is_stream(source))
				look_at_stream(adding, source, &frame, start_ns);
			else
				learn(adding, &frame, atoll_source_name(source));
			/* What cannot be given back is gone. */
			(void)atoll_source_release(source, &frame);
		} else if (r == -EAGAIN && atoll_clock_ns() - seen_ns > SILENCE_NS) {
			complain(adding, atoll_source_name(source), "no frames come");
			r = -ENODEV;
		} else if (r != -EAGAIN && r != -ENODATA &&
			   (r == -ENODEV || !atoll_source_is_stream(source)) &&
			   !stop_wanted()) {
			teach_view_hide(adding->view);
			options_say("%s", atoll_source_error(source)->text);
			adding->status = EXIT_COULD_NOT;
		}
	}
}

static void add_from(struct adding *adding, const char *what)
{
	struct atoll_source_config config = adding->settings->source;
	struct atoll_source *source;
	struct atoll_error err;

	config.what = what;
	config.wants_newest = true;
	source = atoll_source_open(&config, &err);
	if (!source) {
		if (!stop_wanted()) {
			options_say("%s", err.text);
			adding->status = EXIT_COULD_NOT;
		}
		return;
	}
	adding->taken = 0;
	adding->due_ns = adding->settings->every_ms * 1000000;
	if (atoll_source_is_live(source) && !adding->settings->wants_json)
		adding->view = teach_view_open();
	look_at_all(adding, source);
	teach_view_close(adding->view);
	adding->view = NULL;
	if (atoll_source_is_stream(source) && adding->taken < adding->settings->examples &&
	    !stop_wanted()) {
		options_say("%s: %u examples of %u", atoll_source_name(source), adding->taken,
			    adding->settings->examples);
		adding->status = EXIT_COULD_NOT;
	}
	atoll_source_close(source);
}

static void add_all(struct adding *adding)
{
	const struct teach_settings *settings = adding->settings;
	char *camera;

	if (settings->camera) {
		if (asprintf(&camera, "camera:%s", settings->camera) < 0)
			options_could_not("out of memory");
		add_from(adding, camera);
		free(camera);
	}
	for (int i = 1; i < settings->rests && !stop_wanted(); i++)
		add_from(adding, settings->rest[i]);
}

int teach_add(const struct teach_settings *settings)
{
	struct atoll_devices *devices = options_devices(settings->clock);
	struct atoll_session_options options = settings->session;
	struct adding adding = {
		.settings = settings, .project = teach_open(settings),
		.label = settings->rest[0],
		.variants = settings->is_plain ? 1 : TEACH_VARIANTS,
	};
	const uint32_t before = adding.project->pictures;
	struct atoll_error err;

	options.devices = devices;
	adding.look = teach_look_open(adding.project, &options, settings->fit, &err);
	if (!adding.look)
		options_could_not("%s", err.text);
	adding.x = calloc((size_t)adding.variants * adding.project->size, sizeof(*adding.x));
	if (!adding.x)
		options_could_not("out of memory");
	stop_begin();
	add_all(&adding);
	stop_end();
	if (adding.project->pictures > before &&
	    teach_project_save(adding.project, &err) < 0)
		options_could_not("%s", err.text);
	teach_tell(settings, adding.project);
	teach_look_close(adding.look);
	teach_project_free(adding.project);
	free(adding.x);
	atoll_devices_free(devices);
	return adding.status;
}
