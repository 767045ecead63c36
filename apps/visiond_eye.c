/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/visiond_eye.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "board/clock.h"

/* How often a camera that is away is asked for, beside when /dev changes. */
#define ASK_MS 1000

struct visiond_eye {
	const struct visiond_config *config;
	struct visiond_eye_calls calls;
	const struct atoll_log *log;
	struct atoll_loop *loop;     /* NULL until open */
	enum visiond_sight sight;

	struct atoll_source *source; /* NULL until there was one */
	int source_fd;               /* watched, else -1 */
	int watch_fd;                /* of /dev, while waiting, else -1 */
	int ask_timer;               /* likewise */
	struct atoll_error why;      /* there is no camera, as it was logged */

	struct atoll_frame frame;    /* the last one's form; its planes are gone */
	uint32_t rate_mhz;
	int64_t tick_ns;
	uint64_t frames_before, damaged_before; /* at the last tick */
	uint64_t damaged_from;       /* when the stream began to be damaged .. */
	int64_t damaged_since_ns;    /* .. and when that was; 0: it is clean */

	uint32_t looks;
	struct visiond_look look[VISIOND_MODELS_MAX];
};

static void on_turn(void *data, enum visiond_turn turn, const struct visiond_thing *thing)
{
	struct visiond_look *look = data;

	look->eye->calls.turn(look->eye->calls.data, look, turn, thing);
}

static int add_look(struct visiond_eye *eye, const struct visiond_model *model,
		    struct atoll_devices *devices, struct atoll_error *err)
{
	struct visiond_look *look = &eye->look[eye->looks++];
	struct vision_config config = model->vision;

	look->eye = eye;
	look->model = model;
	look->tracker = visiond_tracker_new(&model->habits, on_turn, look);
	if (!look->tracker)
		return atoll_error_set(err, -ENOMEM, "model %s: %s", model->name,
				       strerror(ENOMEM));
	config.session.devices = devices;
	look->vision = vision_open(&config, err);
	if (!look->vision)
		return atoll_error_prefix(err, "model %s", model->name);
	if (vision_warning(look->vision))
		atoll_log(eye->log, ATOLL_LOG_WARNING, "model %s: %s", model->name,
			  vision_warning(look->vision));
	return 0;
}

struct visiond_eye *visiond_eye_new(const struct visiond_config *config,
				    struct atoll_devices *devices,
				    const struct visiond_eye_calls *calls,
				    const struct atoll_log *log, struct atoll_error *err)
{
	struct visiond_eye *eye = calloc(1, sizeof(*eye));

	if (!eye) {
		(void)atoll_error_set(err, -ENOMEM, "camera: %s", strerror(ENOMEM));
		return NULL;
	}
	eye->config = config;
	eye->calls = *calls;
	eye->log = log;
	eye->source_fd = eye->watch_fd = eye->ask_timer = -1;
	for (uint32_t i = 0; i < config->models; i++)
		if (add_look(eye, &config->model[i], devices, err) < 0) {
			visiond_eye_close(eye);
			return NULL;
		}
	return eye;
}

/* A condition is told when it begins and when it ends, not in between. */
static void tell_failure(struct visiond_look *look, const struct atoll_error *err)
{
	look->failures++;
	if (!look->is_failing)
		atoll_log(look->eye->log, ATOLL_LOG_WARNING, "model %s: %s",
			  look->model->name, err->text);
	look->is_failing = true;
}

static void tell_success(struct visiond_look *look)
{
	if (look->is_failing)
		atoll_log(look->eye->log, ATOLL_LOG_NOTICE,
			  "model %s: works again, %" PRIu64 " failures so far",
			  look->model->name, look->failures);
	look->is_failing = false;
}

/* Inference has ended: events first, then the rest. */
static void on_result(void *data, uint32_t events)
{
	struct visiond_look *look = data;
	struct visiond_eye *eye = look->eye;
	struct atoll_error err;

	(void)events;
	look->is_busy = false;
	if (vision_finish(look->vision, &err) < 0) {
		tell_failure(look, &err);
		return;
	}
	tell_success(look);
	look->results++;
	look->frame_ns = look->started_frame_ns;
	look->done_ns = look->started_ns + (int64_t)vision_result(look->vision)->run_ns;
	/* What was still under way when the camera went says nothing of now. */
	if (eye->sight != VISIOND_SEES)
		return;
	visiond_tracker_feed(look->tracker, vision_result(look->vision),
			     look->done_ns / 1000000);
	eye->calls.result(eye->calls.data, look);
}

static void start_look(struct visiond_look *look, const struct atoll_frame *frame)
{
	const int64_t every_ns = look->model->every_ms * 1000000;
	int64_t now = atoll_clock_ns();
	struct atoll_error err;

	if (look->is_busy || now < look->due_ns)
		return;
	look->due_ns = now + every_ns;
	look->started_frame_ns = frame->time_ns;
	if (vision_start(look->vision, frame, &err) < 0) {
		tell_failure(look, &err);
		return;
	}
	look->started_ns = atoll_clock_ns();
	look->is_busy = true;
}

static void lose_camera(struct visiond_eye *eye);

static void forget_source(struct visiond_eye *eye)
{
	if (eye->source_fd >= 0)
		atoll_loop_forget(eye->loop, eye->source_fd);
	eye->source_fd = -1;
}

static void end_file(struct visiond_eye *eye)
{
	forget_source(eye);
	eye->sight = VISIOND_ENDED;
	atoll_log(eye->log, ATOLL_LOG_NOTICE, "%s: is at its end", eye->config->what);
}

/* A frame is waiting, or something has happened to the camera. */
static void on_frame(void *data, uint32_t events)
{
	struct visiond_eye *eye = data;
	struct atoll_frame frame;
	int r = atoll_source_next(eye->source, 0, &frame);

	(void)events;
	if (r == -ENODEV)
		lose_camera(eye);
	else if (r == -ENODATA)
		end_file(eye);
	if (r < 0) /* otherwise one that was damaged, and counted: tick tells */
		return;

	eye->frame = frame;
	for (uint32_t i = 0; i < eye->looks; i++)
		start_look(&eye->look[i], &frame);
	eye->calls.frame(eye->calls.data, &frame);
	(void)atoll_source_release(eye->source, &frame); /* the next next tells */
}

static int watch_source(struct visiond_eye *eye, struct atoll_error *err)
{
	int fd = atoll_source_fd(eye->source);
	int r = atoll_loop_watch(eye->loop, fd, EPOLLIN, on_frame, eye);

	if (r < 0)
		return atoll_error_set(err, r, "%s: watch: %s", eye->config->what,
				       strerror(-r));
	eye->source_fd = fd;
	eye->sight = VISIOND_SEES;
	return 0;
}

static void stop_waiting(struct visiond_eye *eye)
{
	if (eye->watch_fd >= 0) {
		atoll_loop_forget(eye->loop, eye->watch_fd);
		(void)close(eye->watch_fd); /* only read from */
	}
	eye->watch_fd = -1;
	if (eye->ask_timer >= 0)
		atoll_loop_cancel(eye->loop, eye->ask_timer);
	eye->ask_timer = -1;
}

/* A camera for the first time, or the same one again. */
static int open_source(struct visiond_eye *eye, struct atoll_error *err)
{
	int r;

	if (eye->source) {
		r = atoll_source_reopen(eye->source, err);
		return r < 0 ? r : watch_source(eye, err);
	}
	eye->source = atoll_source_open(&eye->config->source, err);
	if (!eye->source)
		return err->code;
	r = watch_source(eye, err);
	if (r < 0) {
		atoll_source_close(eye->source);
		eye->source = NULL;
	}
	return r;
}

/* Something came or went in /dev, or a second has gone. */
static void ask_again(struct visiond_eye *eye)
{
	struct atoll_error err;

	if (open_source(eye, &err) < 0) {
		/* Another reason than before is news: "busy" after "not there". */
		if (strcmp(err.text, eye->why.text) != 0)
			atoll_log(eye->log, ATOLL_LOG_NOTICE, "%s", err.text);
		eye->why = err;
		return;
	}
	stop_waiting(eye);
	atoll_log(eye->log, ATOLL_LOG_NOTICE, "camera: %s is there",
		  visiond_eye_state(eye).name);
	eye->calls.camera(eye->calls.data, true);
}

static void on_devices(void *data, uint32_t events)
{
	struct visiond_eye *eye = data;
	char forgotten[4096];

	(void)events;
	while (read(eye->watch_fd, forgotten, sizeof(forgotten)) > 0)
		;
	ask_again(eye);
}

static void on_ask(void *data, uint32_t times)
{
	(void)times;
	ask_again(data);
}

/* Without inotify there still is the timer. */
static void wait_for_camera(struct visiond_eye *eye)
{
	eye->sight = VISIOND_WAITS;
	eye->ask_timer = atoll_loop_every(eye->loop, ASK_MS, on_ask, eye);
	if (eye->ask_timer < 0)
		atoll_log(eye->log, ATOLL_LOG_WARNING, "camera: no timer: %s",
			  strerror(-eye->ask_timer));
	eye->watch_fd = atoll_camera_watch();
	if (eye->watch_fd >= 0 &&
	    atoll_loop_watch(eye->loop, eye->watch_fd, EPOLLIN, on_devices, eye) < 0) {
		(void)close(eye->watch_fd); /* only read from */
		eye->watch_fd = -1;
	}
}

static void clear(struct visiond_look *look)
{
	look->frame_ns = 0;
	look->done_ns = atoll_clock_ns();
	visiond_tracker_clear(look->tracker);
}

static void lose_camera(struct visiond_eye *eye)
{
	forget_source(eye);
	eye->why = *atoll_source_error(eye->source);
	atoll_log(eye->log, ATOLL_LOG_NOTICE, "%s, waiting for it", eye->why.text);
	eye->calls.camera(eye->calls.data, false);
	for (uint32_t i = 0; i < eye->looks; i++)
		clear(&eye->look[i]);
	wait_for_camera(eye);
}

int visiond_eye_open(struct visiond_eye *eye, struct atoll_loop *loop,
		     struct atoll_error *err)
{
	eye->loop = loop;
	eye->tick_ns = atoll_clock_ns();
	for (uint32_t i = 0; i < eye->looks; i++) {
		int r = atoll_loop_watch(loop, vision_fd(eye->look[i].vision), EPOLLIN,
					 on_result, &eye->look[i]);

		if (r < 0)
			return atoll_error_set(err, r, "model %s: watch: %s",
					       eye->look[i].model->name, strerror(-r));
	}
	if (open_source(eye, err) == 0) {
		atoll_log(eye->log, ATOLL_LOG_INFO, "looking through %s",
			  visiond_eye_state(eye).name);
		return 0;
	}
	if (!eye->config->is_camera)
		return err->code;
	eye->why = *err;
	atoll_log(eye->log, ATOLL_LOG_NOTICE, "%s, waiting for it", err->text);
	wait_for_camera(eye);
	return 0;
}

void visiond_eye_close(struct visiond_eye *eye)
{
	if (!eye)
		return;
	if (eye->loop) {
		stop_waiting(eye);
		forget_source(eye);
	}
	for (uint32_t i = 0; i < eye->looks; i++) {
		struct visiond_look *look = &eye->look[i];

		if (eye->loop && look->vision)
			atoll_loop_forget(eye->loop, vision_fd(look->vision));
		if (eye->loop && look->tracker)
			clear(look);
		visiond_tracker_free(look->tracker);
		vision_close(look->vision);
	}
	atoll_source_close(eye->source);
	free(eye);
}

/* `count` since the last tick, in thousandths per second. */
static uint32_t rate_mhz(uint64_t count, int64_t span_ns)
{
	return span_ns > 0 ? (uint32_t)((double)count * 1e12 / (double)span_ns) : 0;
}

static void watch_damage(struct visiond_eye *eye, uint64_t damaged, int64_t now)
{
	bool is_clean = damaged == eye->damaged_before;

	if (!is_clean && !eye->damaged_since_ns) {
		atoll_log(eye->log, ATOLL_LOG_WARNING, "camera: damaged frames");
		eye->damaged_since_ns = now;
		eye->damaged_from = eye->damaged_before;
	} else if (is_clean && eye->damaged_since_ns) {
		atoll_log(eye->log, ATOLL_LOG_NOTICE,
			  "camera: %" PRIu64 " damaged frames in %" PRId64
			  " s, stream is clean again", damaged - eye->damaged_from,
			  (now - eye->damaged_since_ns) / 1000000000);
		eye->damaged_since_ns = 0;
	}
	eye->damaged_before = damaged;
}

void visiond_eye_tick(struct visiond_eye *eye)
{
	int64_t now = atoll_clock_ns(), span = now - eye->tick_ns;
	struct atoll_source_counts counts = { .frames = 0 };

	if (eye->source)
		counts = atoll_source_counts(eye->source);
	eye->rate_mhz = rate_mhz(counts.frames - eye->frames_before, span);
	eye->frames_before = counts.frames;
	for (uint32_t i = 0; i < eye->looks; i++) {
		struct visiond_look *look = &eye->look[i];

		look->rate_mhz = rate_mhz(look->results - look->results_before, span);
		look->results_before = look->results;
	}
	eye->tick_ns = now;
	watch_damage(eye, counts.damaged, now);
}

struct visiond_eye_state visiond_eye_state(const struct visiond_eye *eye)
{
	struct visiond_eye_state state = {
		.sight = eye->sight,
		.name = "",
		.why = eye->sight == VISIOND_WAITS ? eye->why.text : "",
		.pixels = eye->frame.pixels,
		.width = eye->frame.width,
		.height = eye->frame.height,
		.rate_mhz = eye->rate_mhz,
	};
	struct atoll_camera *camera = eye->source ? atoll_source_camera(eye->source) : NULL;

	if (!eye->source)
		return state;
	state.counts = atoll_source_counts(eye->source);
	state.name = eye->config->what;
	if (camera) {
		state.name = atoll_camera_info(camera)->card;
		if (eye->sight == VISIOND_SEES)
			state.path = atoll_camera_info(camera)->path;
	}
	return state;
}

const struct visiond_look *visiond_eye_look(const struct visiond_eye *eye, uint32_t i)
{
	return i < eye->looks ? &eye->look[i] : NULL;
}
