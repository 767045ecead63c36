/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-camera snap, record and stream: pictures, films, and how steadily they come. */
#include "apps/camera.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "apps/options.h"
#include "board/clock.h"
#include "board/json.h"
#include "board/loop.h"
#include "camera/encode.h"
#include "camera/video.h"

/* No camera takes longer for a picture that is still coming. */
#define STALL_MS 10000

/* A camera gives so many damaged frames in a row only when it has no whole ones. */
#define DAMAGED_MAX 100

static struct atoll_camera *open_camera(const struct camera_settings *settings)
{
	struct atoll_error err;
	struct atoll_camera *camera = atoll_camera_open(&settings->config, &err);

	if (!camera)
		options_could_not("%s", err.text);
	return camera;
}

/* The next whole frame, or the end of the program. */
static struct atoll_frame whole_frame(struct atoll_camera *camera)
{
	const char *path = atoll_camera_info(camera)->path;
	struct atoll_frame frame;
	int r, damaged = 0;

	while ((r = atoll_camera_next(camera, STALL_MS, &frame)) == -EIO)
		if (++damaged == DAMAGED_MAX)
			options_could_not("%s: %d damaged frames and no whole one", path,
					  damaged);
	if (r == -ETIMEDOUT)
		options_could_not("%s: no frame within %d s", path, STALL_MS / 1000);
	if (r < 0)
		options_could_not("%s: %s", path, strerror(-r));
	return frame;
}

static bool ends_in(const char *name, const char *const *endings)
{
	const char *dot = strrchr(name, '.');

	while (*endings && (!dot || strcasecmp(dot, *endings) != 0))
		endings++;
	return *endings != NULL;
}

int camera_snap(const struct camera_settings *settings)
{
	static const char *const endings[] = { ".jpg", ".jpeg", ".png", NULL };
	const char *path = settings->rest[0];
	struct atoll_camera *camera;
	struct atoll_picture *picture;
	struct atoll_frame frame;
	struct atoll_error err;
	int r = -EBADMSG;

	if (!ends_in(path, endings))
		options_wrong("snap: '%s' does not end in .jpg or .png", path);
	camera = open_camera(settings);
	for (uint32_t i = 0; i < settings->skip; i++) {
		frame = whole_frame(camera);
		(void)atoll_camera_release(camera, &frame); /* offered again by next */
	}
	frame = whole_frame(camera);
	picture = atoll_picture_of_frame(&frame, &err);
	if (picture)
		r = atoll_picture_save(picture, path, &err);
	atoll_picture_free(picture);
	atoll_camera_close(camera);
	if (r < 0)
		options_could_not("%s", err.text);
	return EXIT_SUCCESS;
}

/* A camera in a loop, until a signal, the last frame or the end of the time. */
struct taking {
	const struct camera_settings *settings;
	struct atoll_loop *loop;
	struct atoll_camera *camera;
	int fd;             /* what the loop watches, -1: none */
	uint64_t frames;
	uint32_t seconds, seconds_still; /* since the last frame */

	/* False: this cannot go on. */
	bool (*on_frame)(struct taking *taking, const struct atoll_frame *frame);
	void (*on_second)(struct taking *taking);
	void (*on_loss)(struct taking *taking);

	struct atoll_video_writer *writer; /* record */

	struct camera_pace pace, second;   /* stream */
	struct atoll_camera_counts counts; /* at the last second */
	uint64_t bytes;
	bool is_live;                      /* a line each second */
	int watch;
	char complaint[sizeof(((struct atoll_error *)NULL)->text)];
};

static void on_readable(void *data, uint32_t events);

static void watch_camera(struct taking *taking)
{
	int r;

	taking->fd = atoll_camera_fd(taking->camera);
	r = atoll_loop_watch(taking->loop, taking->fd, EPOLLIN, on_readable, taking);
	if (r < 0)
		options_could_not("watch the camera: %s", strerror(-r));
}

static void on_readable(void *data, uint32_t events)
{
	struct taking *taking = data;
	struct atoll_frame frame;
	int r = atoll_camera_next(taking->camera, 0, &frame);

	(void)events; /* next finds out */
	if (r == -ETIMEDOUT || r == -EIO)
		return; /* the camera keeps count */
	if (r < 0) {
		atoll_loop_forget(taking->loop, taking->fd);
		taking->fd = -1;
		taking->on_loss(taking);
		return;
	}
	taking->seconds_still = 0;
	if (!taking->on_frame(taking, &frame))
		atoll_loop_stop(taking->loop, EXIT_COULD_NOT);
	else if (++taking->frames == taking->settings->frames)
		atoll_loop_stop(taking->loop, EXIT_SUCCESS);
	(void)atoll_camera_release(taking->camera, &frame); /* offered again by next */
}

static void on_second(void *data, uint32_t times)
{
	struct taking *taking = data;

	taking->seconds += times;
	taking->seconds_still += times;
	taking->on_second(taking);
}

static void on_end(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, EXIT_SUCCESS);
}

static void need(int r, const char *what)
{
	if (r < 0)
		options_could_not("%s: %s", what, strerror(-r));
}

/* Everything that may happen, up to the end; returns the exit status. */
static int take(struct taking *taking)
{
	int64_t for_ms = taking->settings->for_ms;
	int status;

	need(atoll_loop_signal(taking->loop, SIGINT, on_end, taking->loop), "signals");
	need(atoll_loop_signal(taking->loop, SIGTERM, on_end, taking->loop), "signals");
	need(atoll_loop_every(taking->loop, 1000, on_second, taking), "timer");
	if (for_ms)
		need(atoll_loop_after(taking->loop, (uint32_t)for_ms, on_end, taking->loop),
		     "timer");
	watch_camera(taking);
	status = atoll_loop_run(taking->loop);
	need(status, "wait");
	if (taking->fd >= 0)
		atoll_loop_forget(taking->loop, taking->fd);
	return status;
}

static struct taking begin(const struct camera_settings *settings)
{
	struct atoll_error err;
	struct taking taking = { .settings = settings, .fd = -1, .watch = -1 };

	taking.loop = atoll_loop_new(&err);
	if (!taking.loop)
		options_could_not("%s", err.text);
	taking.camera = open_camera(settings);
	return taking;
}

static void end(struct taking *taking)
{
	atoll_loop_free(taking->loop);
	atoll_camera_close(taking->camera);
}

static bool record_frame(struct taking *taking, const struct atoll_frame *frame)
{
	struct atoll_error err;

	if (atoll_video_write(taking->writer, frame, &err) == 0)
		return true;
	options_say("%s", err.text);
	return false;
}

static void record_second(struct taking *taking)
{
	if (taking->seconds_still < STALL_MS / 1000)
		return;
	options_say("%s: no frame for %d s", atoll_camera_info(taking->camera)->path,
		    STALL_MS / 1000);
	atoll_loop_stop(taking->loop, EXIT_COULD_NOT);
}

static void record_loss(struct taking *taking)
{
	options_say("%s: the camera went away", atoll_camera_info(taking->camera)->path);
	atoll_loop_stop(taking->loop, EXIT_COULD_NOT);
}

/* Thousandths of frames per second, for the header of the file. */
static uint32_t settled_rate(const struct camera_settings *settings,
			     const struct atoll_camera *camera)
{
	uint32_t rate = atoll_camera_info(camera)->frame_rate_mhz;

	if (!rate)
		rate = settings->config.frame_rate_mhz;
	return rate ? rate : 30000;
}

int camera_record(const struct camera_settings *settings)
{
	static const char *const endings[] = { ".y4m", ".mjpeg", ".mjpg", NULL };
	const char *path = settings->rest[0];
	const struct atoll_camera_counts *counts;
	struct atoll_error err;
	struct taking taking;
	int status;

	if (strcmp(path, "-") != 0 && !ends_in(path, endings))
		options_wrong("record: '%s' does not end in .y4m or .mjpeg", path);
	taking = begin(settings);
	taking.on_frame = record_frame;
	taking.on_second = record_second;
	taking.on_loss = record_loss;
	taking.writer = atoll_video_create(path, settled_rate(settings, taking.camera), &err);
	if (!taking.writer)
		options_could_not("%s", err.text);
	status = take(&taking);
	if (atoll_video_finish(taking.writer, &err) < 0 && status == EXIT_SUCCESS) {
		options_say("%s", err.text);
		status = EXIT_COULD_NOT;
	}
	counts = atoll_camera_counts(taking.camera);
	options_say("%s: %" PRIu64 " frames, %" PRIu64 " missed, %" PRIu64 " damaged", path,
		    taking.frames, counts->missed, counts->damaged);
	end(&taking);
	return status;
}

static bool stream_frame(struct taking *taking, const struct atoll_frame *frame)
{
	int64_t now = atoll_clock_ns();

	camera_pace_add(&taking->pace, frame->time_ns, now);
	camera_pace_add(&taking->second, frame->time_ns, now);
	taking->bytes += frame->bytes;
	return true;
}

static void print_second(struct taking *taking)
{
	const struct atoll_camera_counts *counts = atoll_camera_counts(taking->camera);
	struct camera_pace *second = &taking->second;

	printf("%4u s  %3" PRIu64 " frames", taking->seconds, second->frames);
	if (second->intervals)
		printf("  every %.1f ms +- %.1f, longest %.1f", second->mean_ms,
		       camera_pace_jitter_ms(second), second->longest_ms);
	if (second->stamps)
		printf("  latency %.1f ms", second->latency_ms);
	printf("  missed %" PRIu64 "  damaged %" PRIu64 "\n",
	       counts->missed - taking->counts.missed,
	       counts->damaged - taking->counts.damaged);
	(void)fflush(stdout); /* options_end says when it did not work */
	taking->counts = *counts;
	*second = (struct camera_pace){ .last_ns = second->last_ns };
}

/* Stream again if the camera is there; say once why it does not. */
static bool is_back(struct taking *taking)
{
	struct atoll_error err;

	if (atoll_camera_reopen(taking->camera, &err) < 0) {
		if (strcmp(err.text, taking->complaint) != 0)
			options_say("%s; waiting", err.text);
		memcpy(taking->complaint, err.text, sizeof(taking->complaint));
		return false;
	}
	taking->complaint[0] = '\0';
	taking->pace.last_ns = taking->second.last_ns = 0;
	watch_camera(taking);
	return true;
}

static void stream_loss(struct taking *taking)
{
	const struct atoll_camera_info *info = atoll_camera_info(taking->camera);

	if (is_back(taking))
		options_say("%s: the stream ended in an error and was started again",
			    info->path);
}

static void look_again(struct taking *taking)
{
	if (taking->fd < 0 && is_back(taking))
		options_say("%s: the camera is back", atoll_camera_info(taking->camera)->path);
}

static void on_nodes(void *data, uint32_t events)
{
	struct taking *taking = data;
	char ignored[4096];

	(void)events;
	while (read(taking->watch, ignored, sizeof(ignored)) > 0)
		;
	look_again(taking);
}

static void stream_second(struct taking *taking)
{
	if (taking->is_live)
		print_second(taking);
	look_again(taking);
}

static void print_summary(const struct taking *taking)
{
	const struct atoll_camera_info *info = atoll_camera_info(taking->camera);
	const struct atoll_camera_counts *counts = atoll_camera_counts(taking->camera);
	const struct camera_pace *pace = &taking->pace;

	printf("camera    %s, %s, %s\n", info->path, info->card, info->bus);
	printf("format    %s%s, %ux%u", atoll_pixels_name(info->pixels),
	       info->is_converted ? " made by libv4l2" : "", info->width, info->height);
	if (info->frame_rate_mhz)
		printf(", %g fps", info->frame_rate_mhz / 1000.0);
	printf("\nframes    %" PRIu64 ", %.2f fps, %.1f MB\n", pace->frames,
	       camera_pace_fps(pace), (double)taking->bytes * 1e-6);
	printf("interval  %.2f ms +- %.2f, longest %.2f\n", pace->mean_ms,
	       camera_pace_jitter_ms(pace), pace->longest_ms);
	if (pace->stamps)
		printf("latency   %.2f ms, longest %.2f\n", pace->latency_ms,
		       pace->latency_longest_ms);
	else
		puts("latency   not known, the driver stamps no times");
	printf("missed    %" PRIu64 "\ndamaged   %" PRIu64 "\nlost      %" PRIu64 "\n",
	       counts->missed, counts->damaged, counts->lost);
}

static void json_summary(const struct taking *taking)
{
	const struct atoll_camera_info *info = atoll_camera_info(taking->camera);
	const struct atoll_camera_counts *counts = atoll_camera_counts(taking->camera);
	const struct camera_pace *pace = &taking->pace;
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "path", info->path);
	atoll_json_string(&json, "card", info->card);
	atoll_json_string(&json, "bus", info->bus);
	atoll_json_string(&json, "pixels", atoll_pixels_name(info->pixels));
	atoll_json_bool(&json, "is_converted", info->is_converted);
	atoll_json_integer(&json, "width", info->width);
	atoll_json_integer(&json, "height", info->height);
	atoll_json_real(&json, "rate", info->frame_rate_mhz / 1000.0);
	atoll_json_integer(&json, "frames", (int64_t)pace->frames);
	atoll_json_integer(&json, "bytes", (int64_t)taking->bytes);
	atoll_json_real(&json, "fps", camera_pace_fps(pace));
	atoll_json_real(&json, "interval_ms", pace->mean_ms);
	atoll_json_real(&json, "jitter_ms", camera_pace_jitter_ms(pace));
	atoll_json_real(&json, "longest_ms", pace->longest_ms);
	if (pace->stamps) {
		atoll_json_real(&json, "latency_ms", pace->latency_ms);
		atoll_json_real(&json, "latency_longest_ms", pace->latency_longest_ms);
	}
	atoll_json_integer(&json, "missed", (int64_t)counts->missed);
	atoll_json_integer(&json, "damaged", (int64_t)counts->damaged);
	atoll_json_integer(&json, "lost", (int64_t)counts->lost);
	atoll_json_end(&json);
}

int camera_stream(const struct camera_settings *settings)
{
	struct taking taking = begin(settings);
	int status;

	taking.on_frame = stream_frame;
	taking.on_second = stream_second;
	taking.on_loss = stream_loss;
	taking.is_live = !settings->wants_json && isatty(STDOUT_FILENO);
	taking.watch = atoll_camera_watch();
	/* Without it the camera is looked for every second all the same. */
	if (taking.watch >= 0)
		need(atoll_loop_watch(taking.loop, taking.watch, EPOLLIN, on_nodes, &taking),
		     "watch /dev");
	status = take(&taking);
	if (settings->wants_json)
		json_summary(&taking);
	else
		print_summary(&taking);
	end(&taking);
	if (taking.watch >= 0)
		(void)close(taking.watch); /* nothing in it */
	return status;
}
