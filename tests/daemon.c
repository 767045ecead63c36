/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon.h"

#include <err.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "apps/tpud_emulators.h"
#include "board/clock.h"
#include "runtime/emulator/bus.h"
#include "runtime/serve/plug.h"

/* The driver gives real devices half a second to come back from a reset, three to
   be plugged in again, and so on; emulated ones need less. */
#define HURRY 100
#define CLOCK_HURRY 10

struct daemon {
	const char *path;
	struct daemon_options options;
	pthread_t thread;
	sem_t is_up;
	struct atoll_loop *loop;
	struct engine_tpu_options tpu;
	struct usb_ops ops;              /* of the bus, in a hurry */
	struct plug *plug;
	pthread_mutex_t lock;
	char log[16384], copy[16384]; /* log under lock */
	struct server *server;
	struct crew *crew;
};

static void say(void *data, enum atoll_log_level level, const char *text)
{
	struct daemon *daemon = data;
	size_t used;

	(void)level;
	(void)pthread_mutex_lock(&daemon->lock);
	used = strlen(daemon->log);
	(void)snprintf(daemon->log + used, sizeof(daemon->log) - used, "%s\n", text);
	(void)pthread_mutex_unlock(&daemon->lock);
}

static void look(void *data, uint32_t times)
{
	struct daemon *daemon = data;
	struct atoll_error error;

	(void)times;
	if (plug_look(daemon->plug, &error) < 0)
		errx(1, "daemon: %s", error.text);
}

static void build(struct daemon *daemon)
{
	const struct server_place place = {
		.path = daemon->path, .mode = 0660, .group = (gid_t)-1 };
	const struct crew_settings settings = { .patience_ms = daemon->options.patience_ms,
						.group_ms = daemon->options.group_ms };
	const struct server_options options = {
		.limits = daemon->options.limits, .say = say, .data = daemon };
	struct atoll_error error;

	daemon->loop = atoll_loop_new(&error);
	daemon->crew = crew_new(&settings, &error);
	if (!daemon->loop || !daemon->crew)
		errx(1, "daemon: %s", error.text);
	daemon->server = server_new(daemon->loop, daemon->crew, &options, &error);
	if (!daemon->server || server_listen(daemon->server, &place, &error) < 0)
		errx(1, "daemon: %s", error.text);
	if (daemon->options.has_cpu &&
	    !crew_add(daemon->crew, engine_cpu_new(1, &error), &error))
		errx(1, "daemon: %s", error.text);
	daemon->plug = plug_new(daemon->crew, &daemon->tpu, &error);
	if (!daemon->plug)
		errx(1, "daemon: %s", error.text);
	look(daemon, 1);
	if (atoll_loop_every(daemon->loop, daemon->options.look_ms, look, daemon) < 0)
		errx(1, "daemon: no timer");
}

static void *serve(void *argument)
{
	struct daemon *daemon = argument;

	build(daemon);
	(void)sem_post(&daemon->is_up);
	if (atoll_loop_run(daemon->loop) != 0)
		errx(1, "daemon: the loop failed");
	plug_free(daemon->plug);
	server_free(daemon->server);
	crew_free(daemon->crew);
	atoll_loop_free(daemon->loop);
	return NULL;
}

static void sleep_hurried(struct usb_bus *bus, uint32_t ms)
{
	const struct timespec time = { .tv_nsec = (long)ms * 1000000 / HURRY % 1000000000 };

	(void)bus;
	(void)nanosleep(&time, NULL); /* nobody depends on it */
}

static int64_t clock_hurried_ns(struct usb_bus *bus)
{
	(void)bus;
	return atoll_clock_ns() * CLOCK_HURRY;
}

struct daemon *daemon_start(const char *path, const struct daemon_options *options)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	struct atoll_error error;

	if (!daemon)
		err(1, "daemon");
	daemon->path = path;
	daemon->options = *options;
	if (daemon->options.look_ms == 0)
		daemon->options.look_ms = 20;
	(void)pthread_mutex_init(&daemon->lock, NULL);
	(void)sem_init(&daemon->is_up, 0, 0);
	if (tpud_emulators_new(options->tpus, options->bytes_per_second, &daemon->tpu,
			       &error) < 0)
		errx(1, "daemon: %s", error.text);
	daemon->ops = *daemon->tpu.bus->ops;
	daemon->ops.sleep_ms = sleep_hurried;
	daemon->ops.clock_ns = clock_hurried_ns;
	daemon->tpu.bus->ops = &daemon->ops;
	if (pthread_create(&daemon->thread, NULL, serve, daemon) != 0)
		errx(1, "daemon: no thread");
	(void)sem_wait(&daemon->is_up);
	return daemon;
}

void daemon_stop(struct daemon *daemon)
{
	struct emulator_bus_balance balance;

	atoll_loop_stop(daemon->loop, 0);
	(void)pthread_join(daemon->thread, NULL);
	balance = emulator_bus_balance(daemon->tpu.bus);
	if (balance.handles || balance.transfers || balance.claims || balance.allocations)
		errx(1, "daemon: %u handles, %u transfers, %u claims, %u allocations are left",
		     balance.handles, balance.transfers, balance.claims, balance.allocations);
	daemon->ops.free(daemon->tpu.bus);
	(void)sem_destroy(&daemon->is_up);
	(void)pthread_mutex_destroy(&daemon->lock);
	free(daemon);
}

static struct usb_place place_of(uint32_t nth)
{
	return (struct usb_place){ .bus = 250, .ports = 1, .port = { (uint8_t)(nth + 1) } };
}

void daemon_unplug(struct daemon *daemon, uint32_t nth)
{
	const struct usb_place place = place_of(nth);

	emulator_bus_unplug(daemon->tpu.bus, &place);
}

void daemon_replug(struct daemon *daemon, uint32_t nth)
{
	const struct usb_place place = place_of(nth);

	emulator_bus_replug(daemon->tpu.bus, &place);
}

void daemon_break(struct daemon *daemon, uint32_t nth, const char *faults)
{
	const struct usb_place place = place_of(nth);
	struct fault_script script;
	struct atoll_error error;

	if (fault_script_read(faults, &script, &error) < 0)
		errx(1, "daemon: %s", error.text);
	emulator_bus_set_faults(daemon->tpu.bus, &place, &script);
}

const char *daemon_log(struct daemon *daemon)
{
	(void)pthread_mutex_lock(&daemon->lock);
	memcpy(daemon->copy, daemon->log, sizeof(daemon->copy));
	(void)pthread_mutex_unlock(&daemon->lock);
	return daemon->copy;
}
