/* SPDX-License-Identifier: Apache-2.0 */
/* Watch through a camera, tell what appears and disappears, show it on a page. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/options.h"
#include "apps/service.h"
#include "apps/visiond_config.h"
#include "apps/visiond_eye.h"
#include "apps/visiond_lines.h"
#include "apps/visiond_web.h"
#include "board/clock.h"
#include "board/events.h"
#include "board/log.h"
#include "board/loop.h"

static const char help[] =
"Usage: atoll-visiond [OPTION]...\n"
"\n"
"Watch through a camera with .tflite models; tell what appears and disappears on\n"
"a socket, and show it on a web page.\n"
"\n"
"  -c, --config=FILE     default /etc/atoll/visiond.conf, if it is there\n"
"      --check           read the configuration, say what is wrong with it, exit\n"
"      --source=WHAT     camera, camera:MATCH, or a video file that repeats\n"
"      --model=FILE      this model alone\n"
"      --labels=FILE     the names of its classes\n"
"      --listen=ADDRESS  where the page is, as 127.0.0.1:8080, or off\n"
"      --events=PATH     where the socket is, or off\n"
"  -v, --verbose         say more\n"
"  -h, --help            print this and exit\n"
"      --version         print the version and exit\n"
"\n"
"Options take the place of what the configuration says. SIGHUP reads it again.\n";

#define CONFIG_PATH "/etc/atoll/visiond.conf"

#define CLIENTS_MAX 32

struct daemon {
	struct service service;
	struct visiond_overrides overrides;
	struct visiond_config *config;
	struct atoll_devices *devices;
	struct visiond_eye *eye;
	struct atoll_events *events; /* NULL: none */
	struct visiond_web *web;     /* NULL: none */
	struct visiond_lines *lines;
	int64_t begin_ns, page_due_ns;
	int64_t resident_bytes;      /* at the last tick */
};

static void greet(struct daemon *d)
{
	lines_greet(d->events, visiond_lines_state(d->lines, d->eye));
}

static void show_state(struct daemon *d)
{
	const struct visiond_numbers numbers = {
		.clients = d->events ? atoll_events_clients(d->events) : 0,
		.dropped = d->events ? atoll_events_dropped(d->events) : 0,
		.web = visiond_web_counts(d->web),
		.viewers_max = d->config->viewers,
		.up_ms = (atoll_clock_ns() - d->begin_ns) / 1000000,
		.resident_bytes = d->resident_bytes,
	};
	struct line line = visiond_lines_page(d->lines, d->eye, &numbers);

	if (line.length > 0)
		visiond_web_state(d->web, line.bytes, line.length);
}

static void on_eye_frame(void *data, const struct atoll_frame *frame)
{
	struct daemon *d = data;

	visiond_web_picture(d->web, frame);
}

static void on_eye_turn(void *data, const struct visiond_look *look, enum visiond_turn turn,
			const struct visiond_thing *thing)
{
	struct daemon *d = data;

	lines_send(d->events, visiond_lines_turn(d->lines, look, turn, thing));
	atoll_log(&d->service.log, ATOLL_LOG_DEBUG, "%s: %s %s",
		  look->model->name, thing->label, turn == VISIOND_APPEAR ? "appears" :
		  turn == VISIOND_CHANGE ? "changes" : "disappears");
}

/* The page follows at its own rate, and only while someone looks at it. */
static void on_eye_result(void *data, const struct visiond_look *look)
{
	struct daemon *d = data;
	int64_t now = atoll_clock_ns();

	(void)look;
	if (now < d->page_due_ns || visiond_web_counts(d->web).listening == 0)
		return;
	d->page_due_ns = now + INT64_C(1000000000000) / d->config->page_rate_mhz;
	show_state(d);
}

static void on_eye_camera(void *data, bool is_there)
{
	struct daemon *d = data;
	struct visiond_eye_state state = visiond_eye_state(d->eye);

	lines_send(d->events, visiond_lines_camera(d->lines, is_there, d->eye));
	visiond_web_camera(d->web, is_there ? state.path : NULL);
}

static const struct visiond_eye_calls eye_calls = {
	.frame = on_eye_frame,
	.turn = on_eye_turn,
	.result = on_eye_result,
	.camera = on_eye_camera,
};

static void on_status(void *data, char status[256])
{
	struct daemon *d = data;
	struct visiond_eye_state state = visiond_eye_state(d->eye);
	const struct visiond_look *look = visiond_eye_look(d->eye, 0);

	if (state.sight == VISIOND_SEES)
		(void)snprintf(status, 256,
			       "%s, %ux%u at %u frames per second, %s at %u; page %s",
			       state.name, state.width, state.height,
			       (state.rate_mhz + 500) / 1000, look->model->name,
			       (look->rate_mhz + 500) / 1000,
			       d->web ? visiond_web_address(d->web) : "off");
	else
		(void)snprintf(status, 256, "%s", state.sight == VISIOND_WAITS ?
			       state.why : "the file is at its end");
}

/* Memory that is ours and in use, from proc(5): its second number, in pages. */
static int64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long all, resident = 0;

	if (file && fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	if (file)
		(void)fclose(file); /* only read from */
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void on_second(void *data)
{
	struct daemon *d = data;

	visiond_eye_tick(d->eye);
	d->resident_bytes = resident_bytes();
	greet(d);
	show_state(d);
	visiond_web_tick(d->web);
}

/* NULL with code 0 in `err` also when somebody else has the usual place. */
static struct visiond_web *open_web(struct daemon *d, const struct visiond_config *config,
				    struct atoll_error *err)
{
	struct visiond_web *web;

	*err = (struct atoll_error){ .code = 0 };
	if (config->listen.is_off)
		return NULL;
	web = visiond_web_open(config, err);
	if (web) {
		atoll_log(&d->service.log, ATOLL_LOG_INFO, "page: %s%s",
			  visiond_web_address(web), config->token ? " (with the token)" : "");
	} else if (!config->listen.is_chosen) {
		atoll_log(&d->service.log, ATOLL_LOG_WARNING, "%s; going on without a page",
			  err->text);
		err->code = 0;
	}
	return web;
}

static struct visiond_eye *new_eye(struct daemon *d, const struct visiond_config *config,
				   struct atoll_error *err)
{
	struct visiond_eye_calls calls = eye_calls;

	calls.data = d;
	return visiond_eye_new(config, d->devices, &calls, &d->service.log, err);
}

static int on_open(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	int r = visiond_eye_open(d->eye, d->service.loop, err);

	if (r < 0)
		return r;
	visiond_web_camera(d->web, visiond_eye_state(d->eye).path);
	greet(d);
	show_state(d);
	return 0;
}

static bool is_same_place(const struct visiond_listen *a, const struct visiond_listen *b)
{
	return a->is_off == b->is_off && a->address.bytes == b->address.bytes &&
	       memcmp(&a->address.any, &b->address.any, a->address.bytes) == 0;
}

/* What the next configuration needs beside what there is. Made before anything is
   given up. */
struct next {
	struct visiond_config *config;
	struct visiond_eye *eye;
	struct atoll_events *events;
	struct visiond_web *web;
	bool has_other_events, has_other_web;
};

static int prepare(struct daemon *d, struct next *next, struct atoll_error *err)
{
	next->config = visiond_config_load(d->service.config_path, &d->overrides,
					   &d->service.log, err);
	if (!next->config)
		return err->code;
	if (!next->config->is_camera && strcmp(next->config->what, "-") != 0 &&
	    access(next->config->what, R_OK) < 0)
		return atoll_error_set(err, -errno, "source: %s: %s",
				       atoll_error_path(next->config->what), strerror(errno));
	next->eye = new_eye(d, next->config, err);
	if (!next->eye)
		return err->code;

	next->has_other_events =
		!settings_is_same(next->config->events.path, d->config->events.path);
	if (next->has_other_events) {
		next->events = service_events(&d->service, &next->config->events, CLIENTS_MAX,
					      err);
		if (err->code)
			return err->code;
	}
	/* At the same place the old page must go before the new one can come. */
	next->has_other_web = !is_same_place(&next->config->listen, &d->config->listen);
	if (next->has_other_web) {
		next->web = open_web(d, next->config, err);
		if (err->code)
			return err->code;
	}
	return 0;
}

static void take_web(struct daemon *d, struct next *next)
{
	struct atoll_error err;
	bool is_there = d->web || next->config->listen.is_off;
	bool is_same = is_there && !next->has_other_web &&
		       next->config->viewers == d->config->viewers &&
		       settings_is_same(next->config->token, d->config->token);

	if (is_same) {
		visiond_web_set(d->web, next->config);
		return;
	}
	visiond_web_close(d->web);
	d->web = next->web;
	if (next->has_other_web)
		return;
	d->web = open_web(d, next->config, &err);
	if (err.code)
		atoll_log(&d->service.log, ATOLL_LOG_ERR, "%s; going on without a page",
			  err.text);
}

static int on_reload(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	struct next next = { .config = NULL };
	int r = prepare(d, &next, err);

	if (r < 0) {
		visiond_web_close(next.web);
		atoll_events_close(next.events);
		visiond_eye_close(next.eye);
		visiond_config_free(next.config);
		return r;
	}
	visiond_eye_close(d->eye); /* things disappear where they appeared */
	d->eye = next.eye;
	if (next.has_other_events) {
		atoll_events_close(d->events);
		d->events = next.events;
	}
	take_web(d, &next);
	visiond_config_free(d->config);
	d->config = next.config;
	return 0;
}

static int on_start(void *data, struct atoll_error *err)
{
	struct daemon *d = data;

	d->begin_ns = atoll_clock_ns();
	d->lines = visiond_lines_new();
	if (!d->lines)
		return atoll_error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	d->devices = atoll_devices_new(NULL, err);
	if (!d->devices)
		return err->code;
	d->eye = new_eye(d, d->config, err);
	if (!d->eye)
		return err->code;
	d->events = service_events(&d->service, &d->config->events, CLIENTS_MAX, err);
	if (err->code)
		return err->code;
	d->web = open_web(d, d->config, err);
	return err->code;
}

static void on_stop(void *data)
{
	struct daemon *d = data;

	visiond_eye_close(d->eye);
	atoll_devices_free(d->devices);
	visiond_web_close(d->web);
	atoll_events_close(d->events);
	visiond_lines_free(d->lines);
}

static const struct service_calls calls = {
	.start = on_start, .stop = on_stop, .reload = on_reload, .open = on_open,
	.second = on_second, .status = on_status,
};

static void read_options(struct daemon *d, int argc, char **argv)
{
	enum { SOURCE = SERVICE_FIRST_OWN, MODEL, LABELS, LISTEN, EVENTS };
	static const struct option names[] = {
		SERVICE_OPTIONS,
		{ "source", required_argument, NULL, SOURCE },
		{ "model", required_argument, NULL, MODEL },
		{ "labels", required_argument, NULL, LABELS },
		{ "listen", required_argument, NULL, LISTEN },
		{ "events", required_argument, NULL, EVENTS },
		{ NULL, 0, NULL, 0 },
	};
	struct visiond_listen listen;
	struct atoll_error err;
	int c;

	while ((c = getopt_long(argc, argv, SERVICE_LETTERS, names, NULL)) != -1)
		switch (c) {
		case SOURCE:
			d->overrides.source = optarg;
			break;
		case MODEL:
			d->overrides.model = optarg;
			break;
		case LABELS:
			d->overrides.labels = optarg;
			break;
		case LISTEN:
			if (visiond_listen_read(optarg, &listen, &err) < 0)
				options_wrong("--listen: %s", err.text);
			d->overrides.listen = optarg;
			break;
		case EVENTS:
			d->overrides.events = optarg;
			break;
		default:
			service_option(&d->service, c, help);
		}
	if (optind < argc)
		options_wrong("'%s' is one too many", argv[optind]);
}

int main(int argc, char **argv)
{
	struct daemon d = { .config = NULL };
	int status = EXIT_SUCCESS;
	struct atoll_error err;

	options_begin("atoll-visiond");
	d.service = service_begin("atoll-visiond", &calls, &d);
	read_options(&d, argc, argv);
	if (!service_finds(&d.service, CONFIG_PATH))
		return EXIT_CONFIG;
	d.config = visiond_config_load(d.service.config_path, &d.overrides, &d.service.log,
				       &err);
	if (!d.config) {
		atoll_log(&d.service.log, ATOLL_LOG_ERR, "%s", err.text);
		return EXIT_CONFIG;
	}
	if (!d.service.wants_check)
		status = service_run(&d.service);
	visiond_config_free(d.config);
	return options_end(status);
}
