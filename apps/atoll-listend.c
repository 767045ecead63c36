/* SPDX-License-Identifier: Apache-2.0 */
/* Listen to a microphone, tell the words that were said. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/lines.h"
#include "apps/listend_config.h"
#include "apps/listend_ear.h"
#include "apps/listend_lines.h"
#include "apps/options.h"
#include "apps/service.h"
#include "board/clock.h"
#include "board/events.h"
#include "board/log.h"
#include "board/loop.h"

static const char help[] =
"Usage: atoll-listend [OPTION]...\n"
"\n"
"Listen to a microphone with .tflite models of keywords; tell the words that are\n"
"said on a socket.\n"
"\n"
"  -c, --config=FILE       default /etc/atoll/listend.conf, if it is there\n"
"      --check             read the configuration, say what is wrong, exit\n"
"      --microphone=MATCH  this one; atoll-listen --list shows them\n"
"      --file=FILE         a WAV file that repeats, in place of a microphone\n"
"      --model=FILE        this model alone\n"
"      --labels=FILE       the names of its classes\n"
"      --events=PATH       where the socket is, or off\n"
"  -v, --verbose           say more\n"
"  -h, --help              print this and exit\n"
"      --version           print the version and exit\n"
"\n"
"Options take the place of what the configuration says. SIGHUP reads it again.\n";

#define CONFIG_PATH "/etc/atoll/listend.conf"

struct daemon {
	struct service service;
	struct listend_overrides overrides;
	struct listend_config *config;
	struct atoll_devices *devices;
	struct listend_ear *ear;
	struct atoll_events *events; /* NULL: none */
	struct lines *lines;
	int64_t begin_ns, status_due_ns;
	bool is_settled;             /* the microphone runs, or is not there */
	bool hears;                  /* clients know that the microphone is there */
};

static void greet(struct daemon *d)
{
	lines_greet(d->events, listend_lines_state(d->lines, d->ear));
}

static void send_status(struct daemon *d)
{
	const struct listend_numbers numbers = {
		.clients = d->events ? atoll_events_clients(d->events) : 0,
		.dropped = d->events ? atoll_events_dropped(d->events) : 0,
		.up_ms = (atoll_clock_ns() - d->begin_ns) / 1000000,
	};

	lines_send(d->events, listend_lines_status(d->lines, d->ear, &numbers));
}

static void on_status(void *data, char status[256])
{
	struct daemon *d = data;
	const struct listend_ear_state state = listend_ear_state(d->ear);
	const struct listend_listener *listener;
	uint64_t words = 0;

	for (uint32_t i = 0; (listener = listend_ear_listener(d->ear, i)); i++)
		words += hearing_counts(listener->hearing).words;
	switch (state.hearing) {
	case LISTEND_OPENS:
		(void)snprintf(status, 256, "%s, no sound yet", state.name);
		break;
	case LISTEND_HEARS:
		(void)snprintf(status, 256, "%s, %" PRIu64 " words so far", state.name, words);
		break;
	case LISTEND_WAITS:
		(void)snprintf(status, 256, "waiting: %s", state.why);
		break;
	case LISTEND_ENDED:
		(void)snprintf(status, 256, "the file is at its end");
		break;
	}
}

static void on_word(void *data, const struct listend_listener *listener,
		    const struct hearing_word *word, int64_t start_ns)
{
	struct daemon *d = data;

	lines_send(d->events, listend_lines_word(d->lines, listener, word, start_ns));
	atoll_log(&d->service.log, ATOLL_LOG_DEBUG, "%s: %s, %.2f", listener->model->name,
		  word->label, (double)word->score);
}

static void on_loss(void *data, const struct listend_loss *loss)
{
	struct daemon *d = data;

	lines_send(d->events, listend_lines_loss(d->lines, loss));
}

static void on_microphone(void *data)
{
	struct daemon *d = data;
	bool hears = listend_ear_state(d->ear).hearing == LISTEND_HEARS;

	if (hears != d->hears)
		lines_send(d->events, listend_lines_microphone(d->lines, d->ear));
	d->hears = hears;
	greet(d);
	d->is_settled = true;
	service_tell(&d->service);
}

static bool on_is_ready(void *data)
{
	const struct daemon *d = data;

	return d->is_settled;
}

static const struct listend_ear_calls ear_calls = {
	.word = on_word,
	.loss = on_loss,
	.microphone = on_microphone,
};

static void on_second(void *data)
{
	struct daemon *d = data;
	int64_t now = atoll_clock_ns();

	listend_ear_tick(d->ear);
	greet(d);
	if (d->config->status_ms == 0 || now < d->status_due_ns)
		return;
	d->status_due_ns = now + d->config->status_ms * 1000000;
	send_status(d);
}

static struct listend_ear *new_ear(struct daemon *d, const struct listend_config *config,
				   struct atoll_error *err)
{
	struct listend_ear_calls calls = ear_calls;

	calls.data = d;
	return listend_ear_new(config, d->devices, &calls, &d->service.log, err);
}

static int on_open(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	int r;

	d->is_settled = false;
	r = listend_ear_open(d->ear, d->service.loop, err);
	if (r == 0)
		greet(d);
	return r;
}

/* What the next configuration needs beside what there is. Made before anything is
   given up. */
struct next {
	struct listend_config *config;
	struct listend_ear *ear;
	struct atoll_events *events;
	bool has_other_events;
};

static int prepare(struct daemon *d, struct next *next, struct atoll_error *err)
{
	const char *path;

	next->config = listend_config_load(d->service.config_path, &d->overrides,
					   &d->service.log, err);
	if (!next->config)
		return err->code;
	if (!next->config->microphone && access(next->config->what, R_OK) < 0)
		return atoll_error_set(err, -errno, "source: %s: %s",
				       atoll_error_path(next->config->what), strerror(errno));
	next->ear = new_ear(d, next->config, err);
	if (!next->ear)
		return err->code;

	path = next->config->events.path;
	next->has_other_events = !settings_is_same(path, d->config->events.path);
	if (next->has_other_events) {
		next->events = service_events(&d->service, &next->config->events,
					      next->config->clients, err);
		if (err->code)
			return err->code;
	}
	return 0;
}

/* For other clients at the same place the old socket must go before the new one can
   come. */
static void take_events(struct daemon *d, struct next *next)
{
	struct atoll_error err;

	if (!next->has_other_events && next->config->clients == d->config->clients)
		return;
	atoll_events_close(d->events);
	d->events = next->events;
	if (next->has_other_events)
		return;
	d->events = service_events(&d->service, &next->config->events, next->config->clients,
				   &err);
	if (err.code)
		atoll_log(&d->service.log, ATOLL_LOG_ERR, "%s; going on without events",
			  err.text);
}

static int on_reload(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	struct next next = { .config = NULL };
	int r = prepare(d, &next, err);

	if (r < 0) {
		atoll_events_close(next.events);
		listend_ear_close(next.ear);
		listend_config_free(next.config);
		return r;
	}
	if (!settings_is_same(next.config->clock, d->config->clock))
		atoll_log(&d->service.log, ATOLL_LOG_NOTICE,
			  "the clock changes when the daemon is started again");
	listend_ear_close(d->ear); /* two cannot have the same microphone */
	d->ear = next.ear;
	take_events(d, &next);
	listend_config_free(d->config);
	d->config = next.config;
	d->status_due_ns = 0;
	return 0;
}

static int on_start(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	/* Who speaks waits for an answer; who is watched does not. */
	const struct atoll_devices_options options = {
		.clock = d->config->clock,
		.priority = 1,
	};

	d->begin_ns = atoll_clock_ns();
	d->lines = lines_new();
	if (!d->lines)
		return atoll_error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	d->devices = atoll_devices_new(&options, err);
	if (!d->devices)
		return err->code;
	d->ear = new_ear(d, d->config, err);
	if (!d->ear)
		return err->code;
	d->events = service_events(&d->service, &d->config->events, d->config->clients, err);
	return err->code;
}

static void on_stop(void *data)
{
	struct daemon *d = data;

	listend_ear_close(d->ear);
	atoll_devices_free(d->devices);
	atoll_events_close(d->events);
	lines_free(d->lines);
}

static const struct service_calls calls = {
	.start = on_start, .stop = on_stop, .reload = on_reload, .open = on_open,
	.second = on_second, .status = on_status, .is_ready = on_is_ready,
};

static void read_options(struct daemon *d, int argc, char **argv)
{
	enum { MICROPHONE = SERVICE_FIRST_OWN, FROM_FILE, MODEL, LABELS, EVENTS };
	static const struct option names[] = {
		SERVICE_OPTIONS,
		{ "microphone", required_argument, NULL, MICROPHONE },
		{ "file", required_argument, NULL, FROM_FILE },
		{ "model", required_argument, NULL, MODEL },
		{ "labels", required_argument, NULL, LABELS },
		{ "events", required_argument, NULL, EVENTS },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, SERVICE_LETTERS, names, NULL)) != -1)
		switch (c) {
		case MICROPHONE:
			d->overrides.microphone = optarg;
			break;
		case FROM_FILE:
			d->overrides.file = optarg;
			break;
		case MODEL:
			d->overrides.model = optarg;
			break;
		case LABELS:
			d->overrides.labels = optarg;
			break;
		case EVENTS:
			d->overrides.events = optarg;
			break;
		default:
			service_option(&d->service, c, help);
		}
	if (optind < argc)
		options_wrong("'%s' is one too many", argv[optind]);
	if (d->overrides.microphone && d->overrides.file)
		options_wrong("--file: there is a microphone already");
}

int main(int argc, char **argv)
{
	struct daemon d = { .config = NULL };
	int status = EXIT_SUCCESS;
	struct atoll_error err;

	options_begin("atoll-listend");
	d.service = service_begin("atoll-listend", &calls, &d);
	read_options(&d, argc, argv);
	if (!service_finds(&d.service, CONFIG_PATH))
		return EXIT_CONFIG;
	d.config = listend_config_load(d.service.config_path, &d.overrides, &d.service.log,
				       &err);
	if (!d.config) {
		atoll_log(&d.service.log, ATOLL_LOG_ERR, "%s", err.text);
		return EXIT_CONFIG;
	}
	if (!d.service.wants_check)
		status = service_run(&d.service);
	listend_config_free(d.config);
	return options_end(status);
}
