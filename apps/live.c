/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames through models, one source after the other.
 *
 *	take      the next frame, waiting for it where the source makes one wait
 *	run       all models on it at once; a camera's newer frames are kept or
 *	          given back meanwhile, so that its driver always has buffers
 *	tell      what they saw
 */
#include "apps/live.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/display.h"
#include "apps/live_save.h"
#include "apps/options.h"
#include "apps/screen.h"
#include "apps/stop.h"
#include "apps/tell.h"
#include "board/clock.h"

/* How often a camera that went away is looked for, and how often for a moment
   after something happened in /dev: a node is there before it can be opened. */
#define REOPEN_PERIOD_MS 1000
#define REOPEN_SOON_MS 100
#define REOPEN_SOON_TIMES 10

/* One frame is looked at, one waits, and the driver needs two to go on. */
#define CAMERA_BUFFERS 5
#define DRAINED_BUFFERS_LEAST 4

/* What is gone for less has not left. */
#define AWAY_NS INT64_C(1000000000)

struct live {
	const struct live_config *config;
	struct vision *model[LIVE_MODELS_MAX];
	uint32_t models;
	int status;
	bool is_seen;            /* what --until asked for */
	int watch_fd;            /* device nodes come and go; -1 until it matters */

	/* Of the current source: */
	struct atoll_source *source;
	bool is_live, drains;
	struct atoll_frame waiting; /* of a camera, newer than the one looked at */
	bool has_waiting;
	int64_t start_ns, due_ns;
	bool has_sight, is_in_sight; /* the snapshot's label: ever, in the last frame */
	int64_t sight_ns;        /* when last */
	uint64_t looks, damaged; /* damaged: found so by a model's converter */
	struct atoll_frame frame; /* the one looked at, or that last was */
	struct live_look look;
	struct tell tell;
	struct screen *screen;   /* NULL: lines */
};

/* Words on stderr, and the program will say that not all went well. */
static void complain(struct live *live, const char *sentence)
{
	screen_hide(live->screen);
	options_say("%s", sentence);
	live->status = EXIT_COULD_NOT;
}

static bool is_time_up(const struct live *live, int64_t at_ns)
{
	const int64_t for_ms = live->config->for_ms;

	return for_ms > 0 && at_ns >= for_ms * 1000000;
}

static bool is_over(const struct live *live)
{
	return stop_wanted() || live->is_seen || ferror(stdout) ||
	       (live->is_live && is_time_up(live, atoll_clock_ns() - live->start_ns));
}

/* Until `fd` is readable, someone says stop, or the time is up. */
static void wait_for(const struct live *live, int fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};
	int64_t left_ms = INT64_MAX;

	if (live->is_live && live->config->for_ms > 0)
		left_ms = live->config->for_ms - (atoll_clock_ns() - live->start_ns) / 1000000;
	left_ms = left_ms < 0 ? 0 : left_ms;
	if (timeout_ms < 0 || left_ms < timeout_ms)
		timeout_ms = left_ms > INT32_MAX ? -1 : (int)left_ms;
	(void)poll(fds, 2, timeout_ms); /* whatever woke us, the callers look again */
}

/*
 * A camera that was unplugged comes back under whatever name. Says so once each
 * way. -ECANCELED when the end came first.
 */
static int wait_for_return(struct live *live)
{
	const int64_t gone_ns = atoll_clock_ns();
	char forget[4096];
	int soon = 0;

	screen_hide(live->screen);
	options_say("%s; waiting for it", atoll_source_error(live->source)->text);
	if (live->watch_fd < 0)
		live->watch_fd = atoll_camera_watch(); /* negative: once a second, then */
	while (!is_over(live)) {
		if (atoll_source_reopen(live->source, NULL) == 0) {
			options_say("%s: back after %.1f s", atoll_source_name(live->source),
				    (double)(atoll_clock_ns() - gone_ns) / 1e9);
			return 0;
		}
		wait_for(live, live->watch_fd, soon > 0 ? REOPEN_SOON_MS : REOPEN_PERIOD_MS);
		soon -= soon > 0;
		if (live->watch_fd >= 0 && read(live->watch_fd, forget, sizeof(forget)) > 0)
			soon = REOPEN_SOON_TIMES;
	}
	return -ECANCELED;
}

/* The next frame: 0, -ECANCELED when it is over, or what next says. */
static int take(struct live *live)
{
	int r = -ETIMEDOUT;

	if (live->has_waiting && !is_over(live)) {
		live->frame = live->waiting;
		live->has_waiting = false;
		return 0;
	}
	while (r == -ETIMEDOUT && !is_over(live)) {
		const int fd = atoll_source_fd(live->source);
		int64_t asked_ns;

		if (fd >= 0)
			wait_for(live, fd, -1);
		asked_ns = atoll_clock_ns();
		r = atoll_source_next(live->source, fd < 0 ? -1 : 0, &live->frame);
		live->look.capture_ns = (uint64_t)(atoll_clock_ns() - asked_ns);
	}
	return r == -ETIMEDOUT || (r < 0 && stop_wanted()) ? -ECANCELED : r;
}

/* A newer frame takes the place of the one that waits. False when there will be
   none before the next take. */
static bool keep_newest(struct live *live)
{
	struct atoll_frame newer;
	int r = atoll_source_next(live->source, 0, &newer);

	if (r == 0) {
		if (live->has_waiting)
			(void)atoll_source_release(live->source, &live->waiting);
		live->waiting = newer;
		live->has_waiting = true;
	}
	return r != -ENODEV;
}

/* Until the model is done; the camera goes on meanwhile. */
static void wait_for_model(struct live *live, const struct vision *model)
{
	struct pollfd fds[] = {
		{ .fd = vision_fd(model), .events = POLLIN },
		{ .fd = live->drains ? atoll_source_fd(live->source) : -1, .events = POLLIN },
	};

	while (!fds[0].revents) {
		if (poll(fds, 2, -1) < 0)
			fds[0].revents = fds[1].revents = 0; /* a signal: the run ends soon */
		if (fds[1].revents && !keep_newest(live))
			fds[1].fd = -1;
	}
}

/* All models on one frame, side by side. */
static int run_models(struct live *live, struct atoll_error *err)
{
	uint32_t started = 0;
	int r = 0;

	while (r == 0 && started < live->models) {
		r = vision_start(live->model[started], &live->frame, err);
		started += r == 0;
	}
	for (uint32_t i = 0; i < started; i++) {
		int finished;

		wait_for_model(live, live->model[i]);
		finished = vision_finish(live->model[i], r == 0 ? err : NULL);
		r = r < 0 ? r : finished;
	}
	return r;
}

/* Since the beginning: by the clock for cameras, by their own rate for videos, so
   that a video says the same however fast it is read. */
static int64_t time_of(const struct live *live, const struct atoll_frame *frame)
{
	uint32_t rate_mhz = live->config->source.camera.frame_rate_mhz;
	int64_t at_ns;

	if (live->is_live) {
		at_ns = (frame->time_ns ? frame->time_ns : atoll_clock_ns()) - live->start_ns;
		return at_ns < 0 ? 0 : at_ns;
	}
	if (rate_mhz == 0)
		rate_mhz = atoll_source_frame_rate_mhz(live->source);
	if (rate_mhz == 0)
		rate_mhz = ATOLL_SOURCE_RATE_MHZ;
	return (int64_t)((double)(frame->sequence - 1) * 1e12 / rate_mhz); /* from 1 on */
}

static void describe(struct live *live)
{
	const struct atoll_frame *frame = &live->frame;
	struct live_look *look = &live->look;

	look->name = atoll_source_name(live->source);
	look->frame = frame;
	look->is_stream = atoll_source_is_stream(live->source);
	look->at_ns = time_of(live, frame);
	look->model = live->model;
	look->models = live->models;
	if (frame->time_ns && atoll_clock_ns() > frame->time_ns)
		look->capture_ns = (uint64_t)(atoll_clock_ns() - frame->time_ns);
}

bool live_sees(const struct live_look *look, const struct live_sight *sight)
{
	for (uint32_t m = 0; sight->label && m < look->models; m++) {
		const struct vision_result *result = vision_result(look->model[m]);
		uint32_t things = result->things;

		if (result->kind == VISION_CLASSES && things > 1)
			things = 1;
		for (uint32_t i = 0; i < things; i++)
			if (strcmp(result->thing[i].label, sight->label) == 0 &&
			    result->thing[i].score > sight->score)
				return true;
	}
	return false;
}

/* The snapshot's label is there and was not: neither in the last frame nor shortly
   before, or one that flickers would fill the disk. Each picture is by itself. */
static bool has_appeared(struct live *live)
{
	const int64_t at_ns = live->look.at_ns;
	const bool was_there = live->look.is_stream && live->has_sight &&
			       (live->is_in_sight || at_ns - live->sight_ns < AWAY_NS);

	live->is_in_sight = live_sees(&live->look, &live->config->snapshot);
	if (!live->is_in_sight)
		return false;
	live->has_sight = true;
	live->sight_ns = at_ns;
	return !was_there;
}

/* With the damage that only decoding shows. */
static struct atoll_source_counts counts_of(const struct live *live)
{
	struct atoll_source_counts counts = atoll_source_counts(live->source);

	counts.damaged += live->damaged;
	return counts;
}

static void tell(struct live *live)
{
	const struct live_config *config = live->config;
	const struct live_look *look = &live->look;
	const struct atoll_source_counts counts = counts_of(live);
	char path[LIVE_PATH_MAX];
	struct atoll_error err;

	live->is_seen = live_sees(look, &config->until);
	if (live->screen)
		screen_show(live->screen, look, &counts);
	else
		tell_look(&live->tell, look);
	if (config->output && live_save_output(look, config->output, &err) < 0)
		complain(live, err.text);
	if (!has_appeared(live))
		return;
	if (live_save_snapshot(look, config->snapshot_folder, config->snapshot.label, path,
			       &err) < 0)
		return complain(live, err.text);
	screen_hide(live->screen);
	options_say("saved %s", path);
}

/* The first frame tells what kind of source it is. */
static void begin_telling(struct live *live)
{
	const struct live_config *config = live->config;

	if (live->look.is_stream && !config->wants_json)
		live->screen = screen_open(config->vision.top, config->wants_show);
	tell_begin(&live->tell, config->wants_json ? TELL_JSON :
		   config->wants_show ? TELL_BARS : TELL_LINES);
}

static bool is_due(struct live *live)
{
	const int64_t every_ns = live->config->every_ms * 1000000;

	if (!live->look.is_stream || every_ns == 0)
		return true;
	if (live->look.at_ns < live->due_ns)
		return false;
	live->due_ns += (1 + (live->look.at_ns - live->due_ns) / every_ns) * every_ns;
	return true;
}

/* A frame no model can use. One of a stream is counted, a picture is told. */
static void count_damaged(struct live *live, int r, const char *sentence)
{
	if (live->look.is_stream && r == -EBADMSG)
		live->damaged++;
	else
		complain(live, sentence);
}

/* One frame. Whether the source is worth going on with. */
static bool look_at_one(struct live *live)
{
	struct atoll_error err;
	int r;

	describe(live);
	if (live->look.is_stream && is_time_up(live, live->look.at_ns))
		return false;
	if (!is_due(live))
		return true;
	r = run_models(live, &err);
	if (r < 0) {
		atoll_error_prefix(&err, "%s", atoll_error_path(live->look.name));
		count_damaged(live, r, err.text);
		return !live->look.is_stream || r == -EBADMSG;
	}
	if (live->looks == 0)
		begin_telling(live);
	live->looks++;
	tell(live);
	return true;
}

static void look_at_all(struct live *live)
{
	bool goes_on = true;
	int r;

	while (goes_on && (r = take(live)) != -ENODATA && r != -ECANCELED) {
		if (r == 0) {
			goes_on = look_at_one(live);
			/* What cannot be given back is gone. */
			(void)atoll_source_release(live->source, &live->frame);
		} else if (r == -ENODEV && live->is_live) {
			goes_on = wait_for_return(live) == 0;
		} else if (!atoll_source_is_stream(live->source)) {
			complain(live, atoll_source_error(live->source)->text);
		}
	}
}

/* What came of a camera or a video, losses included. */
static void sum_up(struct live *live)
{
	const struct atoll_source_counts counts = counts_of(live);
	const double time_s = (double)(atoll_clock_ns() - live->start_ns) / 1e9;
	char gone[48] = "";

	if (counts.lost > 0)
		(void)snprintf(gone, sizeof(gone), ", gone %llu times",
			       (unsigned long long)counts.lost);
	options_say("%llu frames in %.1f s, %.1f a second; %llu damaged, %llu missed, "
		    "%llu skipped%s", (unsigned long long)live->looks, time_s,
		    time_s > 0 ? (double)live->looks / time_s : 0.0,
		    (unsigned long long)counts.damaged, (unsigned long long)counts.missed,
		    (unsigned long long)counts.skipped, gone);
	if (live->looks == 0 && !stop_wanted())
		live->status = EXIT_COULD_NOT;
}

static void begin_source(struct live *live)
{
	struct atoll_camera *camera = atoll_source_camera(live->source);

	live->is_live = atoll_source_is_live(live->source);
	live->drains = camera && atoll_camera_info(camera)->buffers >= DRAINED_BUFFERS_LEAST;
	live->start_ns = atoll_clock_ns();
	live->due_ns = 0;
	live->has_sight = live->is_in_sight = live->has_waiting = false;
	live->looks = live->damaged = 0;
}

static void end_screen(struct live *live)
{
	const struct atoll_source_counts counts = counts_of(live);

	live->look.name = atoll_source_name(live->source); /* the old one may be gone */
	screen_end(live->screen, &live->look, &counts);
	live->screen = NULL;
}

static void look_through(struct live *live, const char *what)
{
	struct atoll_source_config config = live->config->source;
	struct atoll_error err;

	config.what = what;
	config.wants_newest = true;
	config.is_paced = isatty(STDOUT_FILENO) && !live->config->wants_json &&
			  !options_is_folder(what); /* whose pictures all count */
	if (!config.camera.buffers)
		config.camera.buffers = CAMERA_BUFFERS;
	live->source = atoll_source_open(&config, &err);
	if (!live->source) {
		if (!stop_wanted())
			complain(live, err.text);
		return;
	}
	begin_source(live);
	look_at_all(live);
	end_screen(live);
	if (atoll_source_is_stream(live->source))
		sum_up(live);
	atoll_source_close(live->source);
	live->source = NULL;
}

/* Refuses a model of a kind that is the other program's. */
static struct vision *open_model(const struct live_config *config,
				 struct atoll_devices *devices, uint32_t i)
{
	static const char *const kinds[] = {
		[VISION_CLASSES] = "tells classes",
		[VISION_BOXES] = "finds boxes",
		[VISION_POSES] = "finds poses",
		[VISION_MASK] = "tells classes for each pixel",
	};
	struct vision_config vision = config->vision;
	struct vision *model;
	enum vision_kind kind;
	struct atoll_error err;

	vision.model_path = config->model_path[i];
	vision.labels_path = config->labels_path[i];
	vision.twin_path = config->twin_path[i];
	vision.session.devices = devices;
	model = vision_open(&vision, &err);
	if (!model)
		options_could_not("%s", err.text);
	kind = vision_kind(model);
	if (!(config->accepts & 1u << kind)) {
		vision_close(model);
		options_could_not("%s: %s; %s is for that", vision.model_path,
				  kinds[kind], config->other_program);
	}
	if (vision_warning(model))
		options_say("%s", vision_warning(model));
	return model;
}

/* A label with a slip in it would be waited for in vain. */
static void check_sight(const struct live *live, const char *option,
			const struct live_sight *sight)
{
	bool is_known = !sight->label;

	for (uint32_t i = 0; i < live->models; i++)
		is_known = is_known || vision_knows(live->model[i], sight->label);
	if (!is_known)
		options_could_not("%s: no model has the label '%s'", option, sight->label);
}

static void look_through_all(struct live *live)
{
	const struct live_config *config = live->config;
	struct display_progress progress =
		display_progress_begin("pictures", (uint32_t)config->whats);

	for (int i = 0; i < config->whats && !stop_wanted() && !live->is_seen; i++) {
		display_progress_hide(&progress);
		look_through(live, config->what[i]);
		display_progress_step(&progress);
	}
	display_progress_hide(&progress);
}

static void look_through_camera(struct live *live)
{
	char *what;

	if (asprintf(&what, "camera:%s", live->config->camera) < 0)
		options_could_not("out of memory");
	look_through(live, what);
	free(what);
}

int live_run(const struct live_config *config)
{
	struct live live = { .config = config, .models = config->models, .watch_fd = -1 };
	struct atoll_devices *devices = options_devices(config->clock);

	for (uint32_t i = 0; i < live.models; i++)
		live.model[i] = open_model(config, devices, i);
	check_sight(&live, "--until", &config->until);
	check_sight(&live, "--snapshot-on", &config->snapshot);
	stop_begin();
	if (config->camera)
		look_through_camera(&live);
	else
		look_through_all(&live);
	stop_end();
	for (uint32_t i = 0; i < live.models; i++) {
		if (config->vision.session.is_profiled)
			display_profile(vision_plan(live.model[i]));
		vision_close(live.model[i]);
	}
	atoll_devices_free(devices);
	if (live.watch_fd >= 0)
		(void)close(live.watch_fd);
	return config->until.label && !live.is_seen ? EXIT_COULD_NOT : live.status;
}
