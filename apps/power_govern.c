/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_govern.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "apps/power_show.h"
#include "board/clock.h"

/* What goes on is said once. */
static void warn(struct power_govern *g, const struct atoll_error *err)
{
	if (strcmp(err->text, g->trouble) == 0)
		return;
	atoll_log(&g->service.log, ATOLL_LOG_WARNING, "%s", err->text);
	strcpy(g->trouble, err->text);
}

/* As if we had never been there. */
static int lift(const struct power_govern *g, struct atoll_error *err)
{
	int r = 0;

	for (enum power_clock_user user = 0; user < POWER_CLOCK_USERS && r == 0; user++)
		r = power_clock_remove(g->root, user, POWER_CLOCK_HEAT, err);
	return r;
}

static uint32_t levels_above(const struct power_govern *g, enum power_clock_user user)
{
	return g->usual[user] > g->config->lowest ?
		(uint32_t)(g->usual[user] - g->config->lowest) : 0;
}

/* While nothing is lowered, what is configured is what is usual. */
static int learn(struct power_govern *g, struct atoll_error *err)
{
	g->rules = (struct heat_rules){ .hot_mc = g->config->hot_mc,
					.cool_mc = g->config->cool_mc,
					.hold_ms = g->config->hold_ms };
	for (enum power_clock_user user = 0; user < POWER_CLOCK_USERS; user++) {
		struct power_clock clock;
		int r = power_clock_read(g->root, user, &clock, err);

		if (r < 0)
			return r;
		g->usual[user] = clock.level;
		if (levels_above(g, user) > g->rules.steps_max)
			g->rules.steps_max = levels_above(g, user);
	}
	return 0;
}

static int put(const struct power_govern *g, struct atoll_error *err)
{
	int r = 0;

	for (enum power_clock_user user = 0; user < POWER_CLOCK_USERS && r == 0; user++) {
		const uint32_t most = levels_above(g, user);
		const uint32_t down = g->heat.steps < most ? g->heat.steps : most;

		r = down == 0 ? power_clock_remove(g->root, user, POWER_CLOCK_HEAT, err) :
			power_clock_put(g->root, user, POWER_CLOCK_HEAT,
					(enum edgetpu_clock)(g->usual[user] - down), err);
	}
	return r;
}

/* One that does not answer has it from its configuration when it begins anew. */
static void tell(struct power_govern *g)
{
	struct atoll_error err;

	if (power_clock_tell(g->root, &err) < 0)
		warn(g, &err);
}

/* A zone that goes is told when it goes, and when it is back. */
static void feel(struct power_govern *g)
{
	struct atoll_power power;
	const struct atoll_zone *zone = NULL;
	const bool was_lost = g->is_lost;

	if (atoll_power_read(g->root, g->board, &power, NULL) == 0)
		zone = power_zone(&power, g->config->zone);
	g->is_lost = !zone || zone->millidegrees == ATOLL_POWER_UNKNOWN;
	g->millidegrees = zone ? zone->millidegrees : ATOLL_POWER_UNKNOWN;
	if (zone)
		(void)snprintf(g->zone, sizeof(g->zone), "%s", zone->name);
	if (g->is_lost && !was_lost && g->zone[0])
		atoll_log(&g->service.log, ATOLL_LOG_WARNING,
			  "%s: the temperature is not known; the clock stays as it is",
			  g->zone);
	if (!g->is_lost && was_lost)
		atoll_log(&g->service.log, ATOLL_LOG_NOTICE,
			  "%s: the temperature is known again", g->zone);
}

static void on_second(void *data)
{
	struct power_govern *g = data;
	const uint32_t before = g->heat.steps;
	struct atoll_error err;

	feel(g);
	/* Somebody may have configured it anew meanwhile. */
	if (before == 0 && !g->is_lost && g->millidegrees >= g->rules.hot_mc &&
	    learn(g, &err) < 0) {
		warn(g, &err);
		return;
	}
	heat_feel(&g->rules, &g->heat, g->millidegrees, atoll_clock_ms());
	if (g->heat.steps == before)
		return;
	if (put(g, &err) < 0) {
		warn(g, &err);
		g->heat.steps = before; /* and again after a while */
		(void)put(g, NULL); /* as far as it goes */
		return;
	}
	g->trouble[0] = '\0';
	tell(g);
	atoll_log(&g->service.log, ATOLL_LOG_NOTICE, g->heat.steps > before ?
		  "%s: %.1f C is too hot: TPU clock %u down" :
		  "%s: %.1f C: TPU clock %u down", g->zone, g->millidegrees / 1000.0,
		  g->heat.steps);
}

static int on_start(void *data, struct atoll_error *err)
{
	struct power_govern *g = data;
	int r = lift(g, err);

	if (r == 0)
		r = learn(g, err);
	if (r < 0)
		return r;
	feel(g);
	if (!g->zone[0])
		return atoll_error_set(err, -ENODEV, "%s: this machine has no such "
				       "temperature", g->config->zone ? g->config->zone :
				       "thermal zones");
	atoll_log(&g->service.log, ATOLL_LOG_INFO,
		  "watching %s: hot at %g C, cool at %g", g->zone,
		  g->rules.hot_mc / 1000.0, g->rules.cool_mc / 1000.0);
	return 0;
}

static void on_stop(void *data)
{
	struct power_govern *g = data;
	struct atoll_error err;

	if (lift(g, &err) < 0)
		warn(g, &err);
	else if (g->heat.steps > 0)
		tell(g);
}

/* How far down it is stays, as far as the new word allows. */
static int on_reload(void *data, struct atoll_error *err)
{
	struct power_govern *g = data;
	struct power_config *next =
		power_config_load(g->service.config_path, &g->service.log, err);
	struct power_config *old = g->config;
	struct atoll_error why;
	int r = next ? lift(g, err) : -EINVAL;

	if (r == 0) {
		g->config = next;
		r = learn(g, err);
	}
	if (r < 0) {
		g->config = old;
		power_config_free(next);
		return r;
	}
	power_config_free(old);
	if (g->heat.steps > g->rules.steps_max)
		g->heat.steps = g->rules.steps_max;
	if (put(g, &why) < 0)
		warn(g, &why);
	tell(g);
	return 0;
}

static void on_status(void *data, char status[256])
{
	const struct power_govern *g = data;
	char degrees[POWER_DEGREES_BYTES];

	if (g->heat.steps == 0)
		(void)snprintf(status, 256, "%s %s, TPU clock as configured", g->zone,
			       power_degrees(g->millidegrees, degrees));
	else
		(void)snprintf(status, 256,
			       "%s %s, TPU clock %u below what is configured", g->zone,
			       power_degrees(g->millidegrees, degrees), g->heat.steps);
}

const struct service_calls power_govern_calls = {
	.start = on_start, .stop = on_stop, .reload = on_reload, .second = on_second,
	.status = on_status,
};
