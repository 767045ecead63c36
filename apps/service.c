/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/service.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board/clock.h"
#include "board/notify.h"

struct service service_begin(const char *name, const struct service_calls *calls, void *data)
{
	return (struct service){ .log = atoll_log_new(name, ATOLL_LOG_INFO),
				 .calls = calls, .data = data };
}

void service_option(struct service *service, int option, const char *help)
{
	switch (option) {
	case 'c':
		service->config_path = optarg;
		break;
	case SERVICE_CHECK:
		service->wants_check = true;
		break;
	case 'v':
		service->log.most = ATOLL_LOG_DEBUG;
		break;
	case 'h':
		options_help(help);
	case OPTION_VERSION:
		options_version();
	default:
		options_wrong(NULL);
	}
}

bool service_finds(struct service *service, const char *usual)
{
	if (!service->config_path) {
		service->config_path = usual;
		return true;
	}
	if (access(service->config_path, R_OK) == 0)
		return true;
	atoll_log(&service->log, ATOLL_LOG_ERR, "%s: %s", service->config_path,
		  strerror(errno));
	return false;
}

struct atoll_events *service_events(const struct service *service,
				    const struct settings_events *place, uint32_t clients_max,
				    struct atoll_error *err)
{
	struct atoll_events *events;

	*err = (struct atoll_error){ .code = 0 };
	if (!place->path)
		return NULL;
	if (!place->is_chosen)
		(void)mkdir("/run/atoll", 0755); /* open tells if it is not there */
	events = atoll_events_open(service->loop, place->path, clients_max, err);
	if (events) {
		atoll_log(&service->log, ATOLL_LOG_INFO, "events: %s", place->path);
	} else if (!place->is_chosen) {
		atoll_log(&service->log, ATOLL_LOG_WARNING, "%s; going on without events",
			  err->text);
		err->code = 0;
	}
	return events;
}

void service_tell(struct service *service)
{
	const struct service_calls *calls = service->calls;
	char status[sizeof(service->status)] = "";

	if (!service->is_ready && (!calls->is_ready || calls->is_ready(service->data))) {
		(void)atoll_notify("READY=1"); /* nobody to tell is fine */
		service->is_ready = true;
	}
	calls->status(service->data, status);
	if (strcmp(status, service->status) == 0)
		return;
	(void)atoll_notify("STATUS=%s", status);
	memcpy(service->status, status, sizeof(status));
}

static void on_second(void *data, uint32_t times)
{
	struct service *service = data;

	(void)times;
	service->calls->second(service->data);
	service_tell(service);
}

static void on_watchdog(void *data, uint32_t times)
{
	(void)data, (void)times;
	(void)atoll_notify("WATCHDOG=1"); /* systemd will notice what does not arrive */
}

static void on_stop(void *data, uint32_t signal)
{
	struct service *service = data;

	atoll_log(&service->log, ATOLL_LOG_INFO, "%s, stopping",
		  signal == SIGTERM ? "terminated" : "interrupted");
	(void)atoll_notify("STOPPING=1");
	atoll_loop_stop(service->loop, EXIT_SUCCESS);
}

static int open_work(struct service *service, struct atoll_error *err)
{
	return service->calls->open ? service->calls->open(service->data, err) : 0;
}

static void reload(struct service *service)
{
	struct atoll_error err;

	if (service->calls->reload(service->data, &err) < 0) {
		atoll_log(&service->log, ATOLL_LOG_ERR, "%s; keeping the old configuration",
			  err.text);
	} else if (open_work(service, &err) < 0) {
		atoll_log(&service->log, ATOLL_LOG_ERR, "%s", err.text);
		atoll_loop_stop(service->loop, EXIT_COULD_NOT);
	} else {
		atoll_log(&service->log, ATOLL_LOG_INFO, "configuration read again");
	}
}

static void on_reload(void *data, uint32_t signal)
{
	struct service *service = data;

	(void)signal;
	(void)atoll_notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, atoll_clock_ns() / 1000);
	service->is_ready = false;
	reload(service);
	service_tell(service);
}

static int start_loop(struct service *service, struct atoll_error *err)
{
	uint32_t watchdog_ms = atoll_notify_watchdog_ms();
	int r;

	service->loop = atoll_loop_new(err);
	if (!service->loop)
		return err->code;
	/* Before any thread is there, for threads inherit what is blocked. */
	r = atoll_loop_signal(service->loop, SIGTERM, on_stop, service);
	if (r == 0)
		r = atoll_loop_signal(service->loop, SIGINT, on_stop, service);
	if (r == 0)
		r = atoll_loop_signal(service->loop, SIGHUP, on_reload, service);
	if (r == 0)
		r = atoll_loop_every(service->loop, 1000, on_second, service);
	if (r >= 0 && watchdog_ms > 0)
		r = atoll_loop_every(service->loop, watchdog_ms, on_watchdog, service);
	return r < 0 ? atoll_error_set(err, r, "loop: %s", strerror(-r)) : 0;
}

int service_run(struct service *service)
{
	struct atoll_error err;
	int status = start_loop(service, &err);

	/* Who reads our words may go away; we stay. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (status == 0)
		status = service->calls->start(service->data, &err);
	if (status == 0)
		status = open_work(service, &err);
	if (status < 0) {
		atoll_log(&service->log, ATOLL_LOG_ERR, "%s", err.text);
	} else {
		service_tell(service);
		status = atoll_loop_run(service->loop);
		if (status < 0)
			atoll_log(&service->log, ATOLL_LOG_ERR, "loop: %s", strerror(-status));
	}
	service->calls->stop(service->data);
	atoll_loop_free(service->loop);
	service->loop = NULL;
	return status < 0 ? EXIT_COULD_NOT : status;
}
