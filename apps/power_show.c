/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/power_show.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "apps/options.h"
#include "apps/power_clock.h"
#include "apps/shipped.h"
#include "runtime/serve/status.h"

#define ANSWER_MS 5000

struct atoll_board *power_board(const char *root)
{
	char own[PATH_MAX], tree[PATH_MAX];
	const char *folders[] = { own, shipped_boards[1], NULL };
	const struct atoll_board_places places = { .folders = folders, .device_tree = tree };
	struct atoll_error err;
	struct atoll_board *board;

	if (snprintf(own, sizeof(own), "%s%s", root, shipped_boards[0]) >= PATH_MAX ||
	    snprintf(tree, sizeof(tree), "%s/proc/device-tree", root) >= PATH_MAX)
		options_could_not("%.40s...: too long", root);
	board = atoll_board_detect(&places, &err);
	if (!board)
		options_could_not("%s", err.text);
	return board;
}

const struct atoll_zone *power_zone(const struct atoll_power *power, const char *name)
{
	const struct atoll_zone *best = NULL;

	for (uint32_t i = 0; i < power->zones; i++) {
		const struct atoll_zone *zone = &power->zone[i];

		if (name ? strcmp(zone->name, name) == 0 : zone->is_tpu_proxy)
			return zone;
		if (!best || zone->millidegrees > best->millidegrees)
			best = zone;
	}
	return name ? NULL : best;
}

const char *power_degrees(int32_t millidegrees, char text[POWER_DEGREES_BYTES])
{
	if (millidegrees == ATOLL_POWER_UNKNOWN)
		return strcpy(text, "unknown");
	(void)snprintf(text, POWER_DEGREES_BYTES, "%.1f C", millidegrees / 1000.0);
	return text;
}

/* All there is to show. */
struct sight {
	const struct atoll_board *board;
	struct atoll_power power;
	struct power_clock clock[POWER_CLOCK_USERS];
	char clock_wrong[POWER_CLOCK_USERS][sizeof(((struct atoll_error *)NULL)->text)];
	struct serve_status *tpus; /* NULL: atoll-tpud does not run, or does not say */
};

static void look(struct sight *sight, const char *root, const struct atoll_board *board)
{
	struct atoll_error err;
	char path[128];
	const char *socket = power_clock_socket(root, path);

	sight->board = board;
	if (atoll_power_read(root, board, &sight->power, &err) < 0)
		options_could_not("%s", err.text);
	for (enum power_clock_user user = 0; user < POWER_CLOCK_USERS; user++)
		if (power_clock_read(root, user, &sight->clock[user], &err) < 0)
			strcpy(sight->clock_wrong[user], err.text);
	if (!socket)
		return;
	sight->tpus = serve_status_ask(socket, ANSWER_MS, &err);
	if (!sight->tpus)
		options_say("%s", err.text);
}

/* In words */

#define LABEL "%-16s "

static double mhz(uint32_t khz)
{
	return khz / 1000.0;
}

/* All of what people set is the same; what the load makes of it differs. */
static bool is_alike(const struct atoll_cpu_power *a, const struct atoll_cpu_power *b)
{
	return a->khz_low == b->khz_low && a->khz_high == b->khz_high &&
	       a->khz_least == b->khz_least && a->khz_most == b->khz_most &&
	       strcmp(a->governor, b->governor) == 0 && strcmp(a->driver, b->driver) == 0;
}

static void print_speed(const struct atoll_cpu_power *cpu, uint32_t khz_slow,
			uint32_t khz_fast)
{
	if (khz_fast == 0)
		printf("speed unknown");
	else if (khz_slow == khz_fast)
		printf("%g MHz", mhz(khz_fast));
	else
		printf("%g to %g MHz", mhz(khz_slow), mhz(khz_fast));
	if (cpu->khz_least && cpu->khz_most)
		printf(" of %g to %g", mhz(cpu->khz_least), mhz(cpu->khz_most));
	printf(", governor %s", cpu->governor[0] ? cpu->governor : "unknown");
	printf(cpu->driver[0] ? " (%s)\n" : "\n", cpu->driver);
	if (cpu->khz_low && cpu->khz_high && cpu->khz_least && cpu->khz_most &&
	    (cpu->khz_low != cpu->khz_least || cpu->khz_high != cpu->khz_most))
		printf(LABEL "limited to %g to %g MHz\n", "", mhz(cpu->khz_low),
		       mhz(cpu->khz_high));
}

/* Policies in a row that are alike are one line. Where they end. */
static uint32_t print_policies(const struct atoll_power *power, uint32_t i)
{
	const struct atoll_cpu_power *first = &power->cpu[i];
	uint32_t khz_slow = first->khz, khz_fast = first->khz, cpus = 0;
	char label[32];

	for (; i < power->cpus && is_alike(first, &power->cpu[i]); i++) {
		const uint32_t khz = power->cpu[i].khz;

		khz_slow = khz < khz_slow ? khz : khz_slow;
		khz_fast = khz > khz_fast ? khz : khz_fast;
		cpus += power->cpu[i].cpus;
	}
	(void)snprintf(label, sizeof(label), cpus > 1 ? "CPU %u to %u" : "CPU %u",
		       first->first_cpu, first->first_cpu + cpus - 1);
	printf(LABEL, label);
	print_speed(first, khz_slow, khz_fast);
	return i;
}

static void print_cpus(const struct atoll_power *power)
{
	if (power->cpus == 0)
		printf(LABEL "speed unknown: this kernel does not change it\n", "CPU");
	for (uint32_t i = 0; i < power->cpus;)
		i = print_policies(power, i);
	printf(LABEL, "cores");
	if (power->cpu_total)
		printf("%u of %u on\n", power->cpu_online, power->cpu_total);
	else
		printf("unknown\n");
	printf(LABEL, "idle");
	if (power->idle_share < 0)
		printf("unknown\n");
	else
		printf("%.1f %% of the time\n", 100 * power->idle_share);
}

static void print_zone(const struct atoll_zone *zone)
{
	char degrees[POWER_DEGREES_BYTES];

	printf(LABEL "%s", zone->name[0] ? zone->name : "temperature",
	       power_degrees(zone->millidegrees, degrees));
	for (uint32_t i = 0; i < zone->trip_count; i++)
		printf(", %s at %g", zone->trips[i].kind,
		       zone->trips[i].millidegrees / 1000.0);
	printf("\n");
}

static void print_heat(const struct atoll_power *power)
{
	if (power->zones == 0)
		printf(LABEL "unknown\n", "temperature");
	for (uint32_t i = 0; i < power->zones; i++)
		print_zone(&power->zone[i]);
	printf(LABEL, "slowed down");
	if (power->cooling_max == 0)
		printf("unknown\n");
	else if (power->cooling == 0)
		printf("no\n");
	else
		printf("yes, by %u of %u\n", power->cooling, power->cooling_max);
}

static void print_clock(const struct sight *sight, enum power_clock_user user,
			const char *label)
{
	const struct power_clock *clock = &sight->clock[user];

	printf(LABEL, label);
	if (sight->clock_wrong[user][0])
		printf("unknown: %s\n", sight->clock_wrong[user]);
	else
		printf("%s, %s%s\n", edgetpu_clock_text(clock->level),
		       clock->place[0] ? "by " : "since nobody says otherwise", clock->place);
}

/* Of one's own over USB there is no file; atoll-tpud asks those it has. */
static void print_tpus(const struct sight *sight)
{
	const struct atoll_zone *zone = power_zone(&sight->power, NULL);
	char degrees[POWER_DEGREES_BYTES];
	uint32_t shown = 0;

	for (uint32_t i = 0; sight->tpus && i < sight->tpus->numbers.tpus; i++) {
		const struct serve_tpu *tpu = &sight->tpus->tpu[i];

		if (!tpu->has_temperature)
			continue;
		printf(LABEL "%s, clock %s\n", tpu->name,
		       power_degrees(tpu->millidegrees, degrees),
		       tpu->clock <= EDGETPU_CLOCK_MAX ?
			       edgetpu_clock_text((enum edgetpu_clock)tpu->clock) : "unknown");
		shown++;
	}
	if (shown > 0)
		return;
	printf(LABEL "temperature unknown", "TPU");
	if (zone && zone->is_tpu_proxy)
		printf("; %s is next to it", zone->name);
	printf("\n");
}

static void print_uptime(const struct atoll_power *power)
{
	const double s = power->uptime_s;

	printf(LABEL, "up");
	if (s < 0)
		printf("unknown\n");
	else if (s < 86400)
		printf("%d:%02d:%02d\n", (int)(s / 3600), (int)(s / 60) % 60, (int)s % 60);
	else
		printf("%d days, %d:%02d hours\n", (int)(s / 86400), (int)(s / 3600) % 24,
		       (int)(s / 60) % 60);
	printf(LABEL "%s\n", "last reset",
	       power->reset_reason[0] ? power->reset_reason : "unknown");
	if (power->strange > 0)
		options_say("%u file%s of the kernel made no sense and counted as unknown",
			    power->strange, power->strange == 1 ? "" : "s");
}

static void show_text(const struct sight *sight)
{
	printf(LABEL "%s\n", "board", atoll_board_name(sight->board));
	print_cpus(&sight->power);
	print_heat(&sight->power);
	print_clock(sight, POWER_CLOCK_PROGRAMS, "TPU clock");
	print_clock(sight, POWER_CLOCK_DAEMON, "  of atoll-tpud");
	print_tpus(sight);
	print_uptime(&sight->power);
}

/* In JSON, null for what is not known */

static void json_known(struct atoll_json *json, const char *key, bool is_known, int64_t value)
{
	if (is_known)
		atoll_json_integer(json, key, value);
	else
		atoll_json_string(json, key, NULL);
}

static void json_khz(struct atoll_json *json, const char *key, uint32_t khz)
{
	json_known(json, key, khz > 0, khz);
}

static void json_temperature(struct atoll_json *json, int32_t mc)
{
	json_known(json, "temperature_mc", mc != ATOLL_POWER_UNKNOWN, mc);
}

static void json_word(struct atoll_json *json, const char *key, const char *word)
{
	atoll_json_string(json, key, word[0] ? word : NULL);
}

static void json_share(struct atoll_json *json, const char *key, double share)
{
	if (share < 0)
		atoll_json_string(json, key, NULL);
	else
		atoll_json_real(json, key, share);
}

static void json_policy(struct atoll_json *json, const struct atoll_cpu_power *cpu)
{
	atoll_json_object(json, NULL);
	atoll_json_integer(json, "first_cpu", cpu->first_cpu);
	atoll_json_integer(json, "cpus", cpu->cpus);
	json_khz(json, "khz", cpu->khz);
	json_khz(json, "khz_low", cpu->khz_low);
	json_khz(json, "khz_high", cpu->khz_high);
	json_khz(json, "khz_least", cpu->khz_least);
	json_khz(json, "khz_most", cpu->khz_most);
	atoll_json_array(json, "khz_steps");
	for (uint32_t i = 0; cpu->steps[i]; i++)
		atoll_json_integer(json, NULL, cpu->steps[i]);
	atoll_json_end(json);
	json_word(json, "governor", cpu->governor);
	json_word(json, "governors", cpu->governors);
	json_word(json, "driver", cpu->driver);
	atoll_json_end(json);
}

static void json_cpus(struct atoll_json *json, const struct atoll_power *power)
{
	atoll_json_object(json, "cpu");
	json_known(json, "total", power->cpu_total > 0, power->cpu_total);
	json_known(json, "online", power->cpu_online > 0, power->cpu_online);
	json_share(json, "idle_share", power->idle_share);
	atoll_json_array(json, "policies");
	for (uint32_t i = 0; i < power->cpus; i++)
		json_policy(json, &power->cpu[i]);
	atoll_json_end(json);
	atoll_json_end(json);
}

void power_json_zones(struct atoll_json *json, const struct atoll_power *power)
{
	atoll_json_array(json, "zones");
	for (uint32_t i = 0; i < power->zones; i++) {
		const struct atoll_zone *zone = &power->zone[i];

		atoll_json_object(json, NULL);
		json_word(json, "name", zone->name);
		json_temperature(json, zone->millidegrees);
		atoll_json_bool(json, "is_tpu_proxy", zone->is_tpu_proxy);
		atoll_json_array(json, "trips");
		for (uint32_t k = 0; k < zone->trip_count; k++) {
			atoll_json_object(json, NULL);
			atoll_json_string(json, "kind", zone->trips[k].kind);
			json_temperature(json, zone->trips[k].millidegrees);
			atoll_json_end(json);
		}
		atoll_json_end(json);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

static void json_clock(struct atoll_json *json, const struct sight *sight,
		       enum power_clock_user user, const char *key)
{
	const struct power_clock *clock = &sight->clock[user];
	const bool is_known = !sight->clock_wrong[user][0];

	atoll_json_object(json, key);
	atoll_json_string(json, "clock", is_known ? edgetpu_clock_text(clock->level) : NULL);
	json_word(json, "place", clock->place);
	atoll_json_end(json);
}

static void json_tpus(struct atoll_json *json, const struct sight *sight)
{
	atoll_json_object(json, "tpu");
	json_clock(json, sight, POWER_CLOCK_PROGRAMS, "programs");
	json_clock(json, sight, POWER_CLOCK_DAEMON, "daemon");
	atoll_json_array(json, "devices");
	for (uint32_t i = 0; sight->tpus && i < sight->tpus->numbers.tpus; i++) {
		const struct serve_tpu *tpu = &sight->tpus->tpu[i];

		if (!tpu->has_temperature)
			continue;
		atoll_json_object(json, NULL);
		atoll_json_string(json, "name", tpu->name);
		json_temperature(json, tpu->millidegrees);
		atoll_json_string(json, "clock", tpu->clock <= EDGETPU_CLOCK_MAX ?
				  edgetpu_clock_text((enum edgetpu_clock)tpu->clock) : NULL);
		atoll_json_end(json);
	}
	atoll_json_end(json);
	atoll_json_end(json);
}

static void show_json(const struct sight *sight)
{
	const struct atoll_power *power = &sight->power;
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "board", atoll_board_id(sight->board));
	json_cpus(&json, power);
	power_json_zones(&json, power);
	json_known(&json, "slowed_down", power->cooling_max > 0, power->cooling);
	json_known(&json, "slowed_down_max", power->cooling_max > 0, power->cooling_max);
	json_tpus(&json, sight);
	json_share(&json, "uptime_s", power->uptime_s);
	json_word(&json, "reset_reason", power->reset_reason);
	atoll_json_integer(&json, "strange", power->strange);
	atoll_json_end(&json);
}

void power_show(const char *root, const struct atoll_board *board, bool wants_json)
{
	struct sight sight = { .board = NULL };

	look(&sight, root, board);
	if (wants_json)
		show_json(&sight);
	else
		show_text(&sight);
	serve_status_free(sight.tpus);
}
