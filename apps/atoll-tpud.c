/* SPDX-License-Identifier: Apache-2.0 */
/* Own the Edge TPUs, and run what many processes ask of them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/options.h"
#include "apps/service.h"
#include "apps/tpud_config.h"
#include "apps/tpud_emulators.h"
#include "apps/tpud_status.h"
#include "board/log.h"
#include "board/loop.h"
#include "runtime/edgetpu/firmware.h"
#include "runtime/serve/plug.h"
#include "runtime/serve/serve.h"
#include "runtime/serve/server.h"

static const char help[] =
"Usage: atoll-tpud [OPTION]...\n"
"       atoll-tpud status [--json] [--socket=PATH]\n"
"\n"
"Own the Edge TPUs of this machine and run what other processes ask of them; or\n"
"say how the daemon that runs is.\n"
"\n"
"  -c, --config=FILE     default /etc/atoll/tpud.conf, if it is there\n"
"      --check           read the configuration, say what is wrong with it, exit\n"
"      --socket=PATH     where clients connect\n"
"      --emulators=N     N emulated TPUs instead of real ones\n"
"      --json            status as one JSON object\n"
"  -v, --verbose         say more\n"
"  -h, --help            print this and exit\n"
"      --version         print the version and exit\n"
"\n"
"Options take the place of what the configuration says. SIGHUP reads it again.\n";

#define CONFIG_PATH "/etc/atoll/tpud.conf"

struct daemon {
	struct service service;
	struct tpud_overrides overrides;
	struct tpud_config *config;
	struct engine_tpu_options tpu;
	struct edgetpu_firmware *firmware; /* NULL: none, or emulated TPUs */
	struct crew *crew;
	struct server *server;
	struct plug *plug;
	struct worker *cpu;          /* NULL: it does not step in */
	char trouble[192];           /* of the bus, as it was told last */
};

static void on_say(void *data, enum atoll_log_level level, const char *text)
{
	struct daemon *d = data;

	atoll_log(&d->service.log, level, "%s", text);
}

static void on_change(void *data, enum crew_news news, const struct serve_tpu *tpu)
{
	const struct daemon *d = data;
	const struct atoll_log *log = &d->service.log;

	switch (news) {
	case CREW_UP:
		if (tpu->speed_mbit > 0)
			atoll_log(log, ATOLL_LOG_NOTICE, "%s: ready, %u Mbit/s", tpu->name,
				  tpu->speed_mbit);
		break;
	case CREW_FAILED:
		atoll_log(log, ATOLL_LOG_WARNING, "%s: %s", tpu->name, tpu->why);
		break;
	case CREW_DOWN:
		atoll_log(log, ATOLL_LOG_WARNING, "%s: cannot be used now: %s", tpu->name,
			  tpu->why);
		break;
	case CREW_GONE:
		atoll_log(log, ATOLL_LOG_NOTICE, "%s: gone", tpu->name);
		break;
	}
}

/* Told when it begins and when it is over. */
static void look_at_bus(struct daemon *d)
{
	struct atoll_error err = { .text = "" };

	if (plug_look(d->plug, &err) == 0)
		err.text[0] = '\0';
	if (strcmp(err.text, d->trouble) == 0)
		return;
	if (err.text[0])
		atoll_log(&d->service.log, ATOLL_LOG_WARNING, "%s", err.text);
	else
		atoll_log(&d->service.log, ATOLL_LOG_NOTICE, "USB can be looked at again");
	(void)snprintf(d->trouble, sizeof(d->trouble), "%s", err.text);
}

static void on_status(void *data, char status[256])
{
	struct daemon *d = data;
	struct serve_status *now = server_status(d->server);
	uint32_t working = 0, failed = 0;

	for (uint32_t i = 0; now && i < now->numbers.tpus; i++)
		if (strcmp(now->tpu[i].name, "cpu") != 0)
			now->tpu[i].state == SERVE_TPU_DOWN ? failed++ : working++;
	(void)snprintf(status, 256, "%u Edge TPU%s%s, %u client%s", working + failed,
		       working + failed == 1 ? "" : "s", failed > 0 ? " (some failed)" : "",
		       server_clients(d->server), server_clients(d->server) == 1 ? "" : "s");
	serve_status_free(now);
}

static void on_second(void *data)
{
	look_at_bus(data);
}

static int set_cpu(struct daemon *d, const struct tpud_config *config,
		   struct atoll_error *err)
{
	struct engine *engine;

	if (!config->has_cpu) {
		if (d->cpu)
			crew_dismiss(d->crew, d->cpu);
		d->cpu = NULL;
		return 0;
	}
	if (d->cpu)
		return 0;
	engine = engine_cpu_new(config->threads, err);
	d->cpu = engine ? crew_add(d->crew, engine, err) : NULL;
	return d->cpu ? 0 : -ENOMEM;
}

static int listen_at(struct daemon *d, const struct tpud_config *config,
		     struct atoll_error *err)
{
	int r;

	if (!config->is_place_chosen)
		(void)mkdir("/run/atoll", 0755); /* listen tells if it is not there */
	r = server_listen(d->server, &config->place, err);
	if (r == 0)
		atoll_log(&d->service.log, ATOLL_LOG_INFO, "listening at %s",
			  config->place.path);
	return r;
}

/* The name stays where it is, and so does who is connected. */
static int change_place(const struct tpud_config *config, struct atoll_error *err)
{
	const struct server_place *place = &config->place;

	if ((place->group != (gid_t)-1 && lchown(place->path, (uid_t)-1, place->group) < 0) ||
	    chmod(place->path, place->mode) < 0)
		return atoll_error_set(err, -errno, "socket: %s: %s", place->path,
				       strerror(errno));
	return 0;
}

/* What may fail comes first, and is made before the old is given up. */
static int take(struct daemon *d, struct tpud_config *next, struct atoll_error *err)
{
	bool is_same_place = strcmp(next->place.path, d->config->place.path) == 0;
	int r = is_same_place ? change_place(next, err) : listen_at(d, next, err);

	if (r == 0)
		r = set_cpu(d, next, err);
	if (r < 0)
		return r;
	server_set_limits(d->server, &next->limits);
	crew_set(d->crew, next->patience_ms, next->group_ms);
	plug_set_clock(d->plug, next->clock);
	if (next->emulators != d->config->emulators ||
	    !settings_is_same(next->firmware, d->config->firmware))
		atoll_log(&d->service.log, ATOLL_LOG_NOTICE,
			  "emulators and firmware change when the daemon is started again");
	return 0;
}

static int on_reload(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	struct tpud_config *next = tpud_config_load(d->service.config_path, &d->overrides,
						    &d->service.log, err);

	if (!next || take(d, next, err) < 0) {
		tpud_config_free(next);
		return -EINVAL;
	}
	tpud_config_free(d->config);
	d->config = next;
	return 0;
}

static int open_bus(struct daemon *d, struct atoll_error *err)
{
	struct atoll_error why;

	d->tpu.clock = d->config->clock;
	if (d->config->emulators > 0)
		return tpud_emulators_new(d->config->emulators, 0, &d->tpu, err);
	d->tpu.name = "usb";
	d->tpu.bus = usb_bus_open(err);
	if (!d->tpu.bus)
		return -EIO;
	/* Devices that have theirs already work without. */
	d->firmware = edgetpu_firmware_find(d->config->firmware, &why);
	d->tpu.firmware = d->firmware;
	if (!d->firmware)
		atoll_log(&d->service.log,
			  d->config->firmware ? ATOLL_LOG_WARNING : ATOLL_LOG_NOTICE,
			  "%s", why.text);
	return 0;
}

static int on_start(void *data, struct atoll_error *err)
{
	struct daemon *d = data;
	const struct crew_settings crew = {
		.patience_ms = d->config->patience_ms, .group_ms = d->config->group_ms,
		.changed = on_change, .data = d };
	const struct server_options server = {
		.limits = d->config->limits, .say = on_say, .data = d };

	if (open_bus(d, err) < 0)
		return -EIO;
	d->crew = crew_new(&crew, err);
	d->server = d->crew ? server_new(d->service.loop, d->crew, &server, err) : NULL;
	d->plug = d->server ? plug_new(d->crew, &d->tpu, err) : NULL;
	if (!d->plug || listen_at(d, d->config, err) < 0 || set_cpu(d, d->config, err) < 0)
		return -EIO;
	look_at_bus(d);
	return 0;
}

/* Runs that are under way end, who waits is answered, the chips go to sleep. */
static void on_stop(void *data)
{
	struct daemon *d = data;

	plug_free(d->plug);
	server_free(d->server);
	crew_free(d->crew);
	if (d->tpu.bus)
		d->tpu.bus->ops->free(d->tpu.bus);
	edgetpu_firmware_free(d->firmware);
}

static const struct service_calls calls = {
	.start = on_start, .stop = on_stop, .reload = on_reload, .second = on_second,
	.status = on_status,
};

/* Of the daemon that other programs would ask, too. */
static int show_status(const struct daemon *d, bool wants_json)
{
	const char *asked = d->overrides.socket ? NULL : getenv("ATOLL_TPU_SOCKET");
	const char *socket = asked ? asked : d->config->place.path;
	struct atoll_error err;
	struct serve_status *status = serve_status_ask(socket, 5000, &err);

	if (!status)
		options_could_not("%s", err.text);
	if (wants_json)
		tpud_status_json(stdout, status);
	else
		tpud_status_text(stdout, status);
	serve_status_free(status);
	return EXIT_SUCCESS;
}

struct wishes {
	bool wants_status, wants_json;
};

static void read_options(struct daemon *d, int argc, char **argv, struct wishes *wishes)
{
	enum { SOCKET = SERVICE_FIRST_OWN, EMULATORS, JSON };
	static const struct option names[] = {
		SERVICE_OPTIONS,
		{ "socket", required_argument, NULL, SOCKET },
		{ "emulators", required_argument, NULL, EMULATORS },
		{ "json", no_argument, NULL, JSON },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, SERVICE_LETTERS, names, NULL)) != -1)
		switch (c) {
		case SOCKET:
			d->overrides.socket = optarg;
			break;
		case EMULATORS:
			d->overrides.emulators = (int)options_number("--emulators", optarg, 0,
								     TPUD_EMULATORS_MAX);
			break;
		case JSON:
			wishes->wants_json = true;
			break;
		default:
			service_option(&d->service, c, help);
		}
	if (optind < argc && strcmp(argv[optind], "status") == 0) {
		wishes->wants_status = true;
		optind++;
	}
	if (optind < argc)
		options_wrong("'%s' is one too many", argv[optind]);
	if (wishes->wants_json && !wishes->wants_status)
		options_wrong("--json is for status");
}

static bool load_config(struct daemon *d)
{
	struct atoll_error err;

	if (!service_finds(&d->service, CONFIG_PATH))
		return false;
	d->config = tpud_config_load(d->service.config_path, &d->overrides, &d->service.log,
				     &err);
	if (!d->config)
		atoll_log(&d->service.log, ATOLL_LOG_ERR, "%s", err.text);
	return d->config != NULL;
}

int main(int argc, char **argv)
{
	struct daemon d = { .overrides = { .emulators = -1 } };
	struct wishes wishes = { .wants_status = false };
	int status = EXIT_SUCCESS;

	options_begin("atoll-tpud");
	d.service = service_begin("atoll-tpud", &calls, &d);
	read_options(&d, argc, argv, &wishes);
	if (!load_config(&d))
		return EXIT_CONFIG;
	if (wishes.wants_status)
		status = show_status(&d, wishes.wants_json);
	else if (!d.service.wants_check)
		status = service_run(&d.service);
	tpud_config_free(d.config);
	return options_end(status);
}
