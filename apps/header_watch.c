/* SPDX-License-Identifier: Apache-2.0 */
/* Pins that change, told as they do. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/header.h"
#include "apps/lines.h"
#include "apps/options.h"
#include "apps/stop.h"
#include "board/clock.h"

struct watch {
	const struct header_settings *settings;
	struct header_pins pins;
	struct atoll_gpio *gpio;
	int64_t start_ns;
	uint64_t edges, lost;
};

static void tell(const struct watch *watch, const char *event, uint32_t i, int64_t time_ns,
		 bool is_high, const char *word, uint64_t lost)
{
	const struct atoll_pin *pin = watch->pins.pin[i];
	struct atoll_json json = { .file = stdout };

	if (watch->settings->wants_json) {
		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "event", event);
		atoll_json_integer(&json, "pin", pin->number);
		atoll_json_string(&json, "name", pin->name);
		atoll_json_integer(&json, "level", is_high);
		lines_stamp(&json, time_ns);
		atoll_json_real(&json, "latency_ms", (double)(atoll_clock_ns() - time_ns) / 1e6);
		if (lost)
			atoll_json_integer(&json, "lost", (int64_t)lost);
		atoll_json_end(&json);
	} else {
		printf("%.6f\t%u\t%s\n", (double)(time_ns - watch->start_ns) / 1e9,
		       pin->number, word);
	}
	(void)fflush(stdout); /* options_end asks whether that worked */
}

/* How they stand when we begin, so that who reads knows that we have. */
static void tell_levels(const struct watch *watch)
{
	struct atoll_error err;
	uint32_t levels;

	if (atoll_gpio_get(watch->gpio, &levels, &err) < 0)
		options_could_not("%s", err.text);
	for (uint32_t i = 0; i < watch->pins.count; i++)
		tell(watch, "level", i, watch->start_ns, levels >> i & 1,
		     levels >> i & 1 ? "high" : "low", 0);
}

static bool is_enough(const struct watch *watch)
{
	return (watch->settings->count && watch->edges == watch->settings->count) ||
	       ferror(stdout);
}

static void tell_edges(struct watch *watch)
{
	struct atoll_gpio_edge edge;
	struct atoll_error err;
	int r = 0;

	while (!is_enough(watch) && (r = atoll_gpio_edge(watch->gpio, 0, &edge, &err)) > 0) {
		watch->edges++;
		watch->lost += edge.lost;
		tell(watch, "edge", edge.index, edge.time_ns, edge.is_rising,
		     edge.is_rising ? "rising" : "falling", edge.lost);
	}
	if (r < 0)
		options_could_not("%s", err.text);
}

/* Milliseconds until then, rounded up, for poll. */
static int timeout_ms(int64_t deadline_ns)
{
	const int64_t left_ms = (deadline_ns - atoll_clock_ns() + 999999) / 1000000;

	if (deadline_ns == INT64_MAX)
		return -1;
	return left_ms < 0 ? 0 : left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

static void watch_until(struct watch *watch, int64_t deadline_ns)
{
	struct pollfd ready[] = {
		{ .fd = atoll_gpio_fd(watch->gpio), .events = POLLIN },
		{ .fd = stop_fd(), .events = POLLIN },
	};

	while (!stop_wanted() && !is_enough(watch) && atoll_clock_ns() < deadline_ns) {
		if (poll(ready, 2, timeout_ms(deadline_ns)) < 0 && errno != EINTR)
			options_could_not("wait: %s", strerror(errno));
		tell_edges(watch);
	}
}

int header_watch(const struct header_settings *settings)
{
	struct watch watch = { .settings = settings };
	struct atoll_gpio_options options = settings->gpio;
	struct header_former former;
	int status = EXIT_SUCCESS;

	header_pins_add_all(&watch.pins, settings, HEADER_LISTEN);
	stop_begin();
	if (settings->restores)
		header_former_read(settings, &watch.pins, &former);
	options.direction = ATOLL_GPIO_IN;
	options.edges = settings->edges;
	options.debounce_ms = settings->debounce_ms;
	watch.gpio = header_open(settings, &watch.pins, &options);
	watch.start_ns = atoll_clock_ns();
	tell_levels(&watch);
	watch_until(&watch, header_deadline_ns(settings));
	atoll_gpio_close(watch.gpio);
	if (settings->restores)
		status = header_former_restore(settings, &watch.pins, &former);
	stop_end();
	if (watch.lost)
		options_say("%" PRIu64 " edges came too fast and were lost", watch.lost);
	return settings->count && watch.edges < settings->count ? EXIT_COULD_NOT : status;
}
