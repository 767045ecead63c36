/* SPDX-License-Identifier: Apache-2.0 */
#include "board/power.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "board/power_reset.h"
#include "board/sysfs.h"

#define COOLERS_MAX 256

/* What thermometers say that have nothing to say (THERMAL_TEMP_INVALID is -274000) or
   that are broken: beyond this no board is alive. */
#define COLDEST_MC (-100000)
#define HOTTEST_MC 250000

/* Where we read, and how much of it was nonsense. */
struct reading {
	const char *root;
	uint32_t strange;
};

/* What a driver refuses to say is as absent as what is not there. */
static bool is_strange(int r)
{
	return r == -EBADMSG || r == -EFBIG || r == -EISDIR || r == -ENXIO || r == -ELOOP;
}

static int find(char path[SYSFS_PATH_BYTES], const char *root, const char *below)
{
	return sysfs_path(path, root, below, NULL);
}

static void read_text(struct reading *at, const char *folder, const char *name, char *text,
		      size_t room)
{
	text[0] = '\0';
	at->strange += is_strange(sysfs_text(folder, name, text, room, NULL));
}

static bool read_number(struct reading *at, const char *folder, const char *name, int64_t low,
			int64_t high, int64_t *value)
{
	const int r = sysfs_number(folder, name, low, high, value, NULL);

	at->strange += is_strange(r);
	return r == 0;
}

static uint32_t read_khz(struct reading *at, const char *folder, const char *name)
{
	int64_t khz = 0;

	return read_number(at, folder, name, 0, UINT32_MAX, &khz) ? (uint32_t)khz : 0;
}

/* The CPUs of a list as "0-3,5 7". `first` is not written when there is none; -EBADMSG. */
static int count_cpus(const char *list, uint32_t *first)
{
	uint32_t count = 0;

	while (*list) {
		char *end;
		unsigned long low = strtoul(list, &end, 10), high = low;

		if (end == list)
			return -EBADMSG;
		if (*end == '-') {
			list = end + 1;
			high = strtoul(list, &end, 10);
		}
		if (end == list || high < low || high > 65535)
			return -EBADMSG;
		if (count == 0 && first)
			*first = (uint32_t)low;
		count += (uint32_t)(high - low) + 1;
		list = end + strspn(end, ", ");
		if (*end && list == end)
			return -EBADMSG;
	}
	return (int)count;
}

static uint32_t read_cpus(struct reading *at, const char *folder, const char *name,
			  uint32_t *first)
{
	char list[1024];
	int count;

	read_text(at, folder, name, list, sizeof(list));
	count = count_cpus(list, first);
	at->strange += count < 0;
	return count < 0 ? 0 : (uint32_t)count;
}

/* Highest or lowest first, as the driver has them. */
static void read_steps(struct reading *at, const char *folder, uint32_t steps[])
{
	char list[1024], *rest = list;
	uint32_t count = 0;

	read_text(at, folder, "scaling_available_frequencies", list, sizeof(list));
	while (*rest && count + 1 < ATOLL_POWER_STEPS) {
		char *end;
		unsigned long khz = strtoul(rest, &end, 10);

		if (end == rest || khz == 0 || khz > UINT32_MAX) {
			at->strange++;
			memset(steps, 0, ATOLL_POWER_STEPS * sizeof(*steps));
			return;
		}
		steps[count++] = (uint32_t)khz;
		rest = end + strspn(end, " ");
	}
}

static void read_policy(struct reading *at, const char *path, struct atoll_cpu_power *cpu)
{
	cpu->cpus = read_cpus(at, path, "affected_cpus", &cpu->first_cpu);
	cpu->khz = read_khz(at, path, "scaling_cur_freq");
	cpu->khz_low = read_khz(at, path, "scaling_min_freq");
	cpu->khz_high = read_khz(at, path, "scaling_max_freq");
	cpu->khz_least = read_khz(at, path, "cpuinfo_min_freq");
	cpu->khz_most = read_khz(at, path, "cpuinfo_max_freq");
	read_steps(at, path, cpu->steps);
	read_text(at, path, "scaling_governor", cpu->governor, sizeof(cpu->governor));
	read_text(at, path, "scaling_available_governors", cpu->governors,
		  sizeof(cpu->governors));
	read_text(at, path, "scaling_driver", cpu->driver, sizeof(cpu->driver));
}

/* Of a machine with as many CPUs, each with a policy of its own. */
#define POLICIES_MAX 512

struct policies {
	char all[SYSFS_PATH_BYTES];
	char name[POLICIES_MAX][SYSFS_NAME_BYTES]; /* in the order of their numbers */
	int count;
};

static int find_policies(const char *root, struct policies *policies, struct atoll_error *err)
{
	int r = sysfs_path(policies->all, root, "sys/devices/system/cpu/cpufreq", err);

	policies->count = r < 0 ? r : sysfs_list(policies->all, "policy", policies->name,
						 POLICIES_MAX, err);
	return policies->count;
}

static void read_cpu(struct reading *at, struct atoll_power *power)
{
	struct policies policies;
	char path[SYSFS_PATH_BYTES];

	(void)find_policies(at->root, &policies, NULL); /* none, if that does not work */
	for (int i = 0; i < policies.count && power->cpus < ATOLL_POWER_CPUS; i++)
		if (sysfs_path(path, policies.all, policies.name[i], NULL) == 0)
			read_policy(at, path, &power->cpu[power->cpus++]);
	if (find(path, at->root, "sys/devices/system/cpu") < 0)
		return;
	power->cpu_total = read_cpus(at, path, "present", NULL);
	power->cpu_online = read_cpus(at, path, "online", NULL);
}

static int32_t read_temperature(struct reading *at, const char *path, const char *name)
{
	int64_t mc;

	if (!read_number(at, path, name, INT32_MIN, INT32_MAX, &mc))
		return ATOLL_POWER_UNKNOWN;
	return mc < COLDEST_MC || mc > HOTTEST_MC ? ATOLL_POWER_UNKNOWN : (int32_t)mc;
}

static void read_trip(struct reading *at, const char *path, unsigned i,
		      struct atoll_zone *zone)
{
	struct atoll_trip trip;
	char name[32];

	(void)snprintf(name, sizeof(name), "trip_point_%u_type", i);
	read_text(at, path, name, trip.kind, sizeof(trip.kind));
	(void)snprintf(name, sizeof(name), "trip_point_%u_temp", i);
	trip.millidegrees = read_temperature(at, path, name);
	if (trip.kind[0] && trip.millidegrees != ATOLL_POWER_UNKNOWN)
		zone->trips[zone->trip_count++] = trip;
}

static void read_zone(struct reading *at, const char *path, const char *proxy,
		      struct atoll_zone *zone)
{
	read_text(at, path, "type", zone->name, sizeof(zone->name));
	zone->millidegrees = read_temperature(at, path, "temp");
	for (unsigned i = 0; i < ATOLL_POWER_TRIPS; i++)
		read_trip(at, path, i, zone);
	zone->is_tpu_proxy = proxy && strcmp(proxy, zone->name) == 0;
}

static void read_zones(struct reading *at, const struct atoll_board *board,
		       struct atoll_power *power)
{
	const char *proxy = board ? atoll_board_get(board, "tpu.0.temperature") : NULL;
	char name[ATOLL_POWER_ZONES][SYSFS_NAME_BYTES];
	char all[SYSFS_PATH_BYTES], path[SYSFS_PATH_BYTES];
	int found = find(all, at->root, "sys/class/thermal");

	if (found == 0)
		found = sysfs_list(all, "thermal_zone", name, ATOLL_POWER_ZONES, NULL);
	for (int i = 0; i < found; i++)
		if (sysfs_path(path, all, name[i], NULL) == 0)
			read_zone(at, path, proxy, &power->zone[power->zones++]);
}

/* A fan slows nothing down. */
static bool is_fan(const char *type)
{
	for (; *type; type++)
		if (strncasecmp(type, "fan", 3) == 0)
			return true;
	return false;
}

static void read_coolers(struct reading *at, struct atoll_power *power)
{
	char name[COOLERS_MAX][SYSFS_NAME_BYTES], type[64];
	char all[SYSFS_PATH_BYTES], path[SYSFS_PATH_BYTES];
	int found = find(all, at->root, "sys/class/thermal");
	int64_t state;

	if (found == 0)
		found = sysfs_list(all, "cooling_device", name, COOLERS_MAX, NULL);
	for (int i = 0; i < found; i++) {
		if (sysfs_path(path, all, name[i], NULL) < 0)
			continue;
		read_text(at, path, "type", type, sizeof(type));
		if (is_fan(type) ||
		    !read_number(at, path, "cur_state", INT32_MIN, INT32_MAX, &state))
			continue;
		power->cooling_max++;
		power->cooling += state > 0;
	}
}

/* "cpu  user nice system idle iowait irq softirq steal", in ticks, is the first line of
   proc_stat(5); of a guest's time user has it already. */
static void read_idle(struct reading *at, struct atoll_power *power)
{
	char path[SYSFS_PATH_BYTES], line[512];
	uint64_t tick[8] = { 0 }, sum = 0;
	int found;

	power->idle_share = -1;
	if (find(path, at->root, "proc") < 0)
		return;
	found = sysfs_line(path, "stat", line, sizeof(line), NULL);
	at->strange += is_strange(found);
	if (found < 0)
		return;
	found = sscanf(line, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		       " %" SCNu64 " %" SCNu64 " %" SCNu64, &tick[0], &tick[1], &tick[2],
		       &tick[3], &tick[4], &tick[5], &tick[6], &tick[7]);
	for (int i = 0; i < 8; i++)
		if (tick[i] > UINT64_MAX / 16)
			found = 0;
		else
			sum += tick[i];
	if (found < 4 || sum == 0) {
		at->strange++;
		return;
	}
	power->idle_s = (double)(tick[3] + tick[4]) / 100; /* USER_HZ, on every Linux */
	power->counted_s = (double)sum / 100;
	power->idle_share = power->idle_s / power->counted_s;
}

static void read_uptime(struct reading *at, struct atoll_power *power)
{
	char path[SYSFS_PATH_BYTES], text[64], *end;
	unsigned long s, hundredths;

	power->uptime_s = -1;
	if (find(path, at->root, "proc") < 0)
		return;
	read_text(at, path, "uptime", text, sizeof(text));
	if (!text[0])
		return;
	s = strtoul(text, &end, 10); /* not strtod, which goes by the locale */
	hundredths = end != text && *end == '.' ? strtoul(end + 1, &end, 10) : 100;
	if (hundredths < 100)
		power->uptime_s = (double)s + (double)hundredths / 100;
	else
		at->strange++;
}

ATOLL_API int atoll_power_read(const char *root, const struct atoll_board *board,
			       struct atoll_power *power, struct atoll_error *err)
{
	struct reading at = { .root = root ? root : "" };
	char path[SYSFS_PATH_BYTES];
	int r = sysfs_path(path, at.root, "sys/devices/system/cpu/cpufreq/policy0", err);

	if (r < 0)
		return r; /* a root that leaves no room for anything */
	*power = (struct atoll_power){ 0 };
	read_cpu(&at, power);
	read_zones(&at, board, power);
	read_coolers(&at, power);
	read_idle(&at, power);
	read_uptime(&at, power);
	power_reset_read(at.root, power->reset_reason, sizeof(power->reset_reason));
	power->strange = at.strange;
	return 0;
}

/* One policy at a time: what is to be done with it is `data`. */
typedef int policy_call(const char *path, const void *data, struct atoll_error *err);

/* The first that fails is the last. */
static int for_each_policy(const char *root, policy_call *call, const void *data,
			   struct atoll_error *err)
{
	struct policies policies;
	char path[SYSFS_PATH_BYTES];
	int r = find_policies(root ? root : "", &policies, err);

	if (r == 0)
		return atoll_error_set(err, -ENOENT,
				       "power: this kernel does not change the speed "
				       "of the CPU");
	for (int i = 0; i < policies.count && r >= 0; i++) {
		r = sysfs_path(path, policies.all, policies.name[i], err);
		if (r == 0)
			r = call(path, data, err);
	}
	if (r < 0)
		(void)atoll_error_prefix(err, "power");
	return r;
}

static int put_governor(const char *path, const void *data, struct atoll_error *err)
{
	const char *governor = data;
	char all[160];
	const int r = sysfs_put(path, "scaling_governor", governor, err);

	if (r == -EINVAL &&
	    sysfs_text(path, "scaling_available_governors", all, sizeof(all), NULL) > 0)
		return atoll_error_set(err, r, "no governor is called '%.24s', only %s",
				       governor, all);
	return r;
}

ATOLL_API int atoll_power_governor(const char *root, const char *governor,
				   struct atoll_error *err)
{
	return for_each_policy(root, put_governor, governor, err);
}

/* Kernels before 5.6 refuse a lower limit above the upper one, also in between: when
   both go up, the upper one goes first. */
static int put_limits(const char *path, uint32_t khz_low, uint32_t khz_high,
		      struct atoll_error *err)
{
	int64_t now_khz = 0;
	bool is_high_first;
	int r;

	if (!khz_low && !khz_high)
		return 0;
	r = sysfs_number(path, "scaling_max_freq", 0, UINT32_MAX, &now_khz, err);
	is_high_first = khz_low > now_khz;
	if (r == 0 && khz_high && is_high_first)
		r = sysfs_put_number(path, "scaling_max_freq", khz_high, err);
	if (r == 0 && khz_low)
		r = sysfs_put_number(path, "scaling_min_freq", khz_low, err);
	if (r == 0 && khz_high && !is_high_first)
		r = sysfs_put_number(path, "scaling_max_freq", khz_high, err);
	return r;
}

/* What the hardware can, which every driver says. */
static int read_range(const char *path, int64_t *khz_least, int64_t *khz_most,
		      struct atoll_error *err)
{
	int r = sysfs_number(path, "cpuinfo_min_freq", 0, UINT32_MAX, khz_least, err);

	return r < 0 ? r : sysfs_number(path, "cpuinfo_max_freq", *khz_least, UINT32_MAX,
					khz_most, err);
}

struct limits {
	uint32_t khz_low, khz_high;
};

static int check_limits(const char *path, const void *data, struct atoll_error *err)
{
	const struct limits *limits = data;
	const uint32_t khz[] = { limits->khz_low, limits->khz_high };
	int64_t khz_least, khz_most;
	int r = read_range(path, &khz_least, &khz_most, err);

	for (int i = 0; i < 2 && r == 0; i++)
		if (khz[i] && (khz[i] < khz_least || khz[i] > khz_most))
			r = atoll_error_set(
				err, -EINVAL,
				"%s: %u kHz is not within %" PRId64 " to %" PRId64,
				strrchr(path, '/') + 1, khz[i], khz_least, khz_most);
	return r;
}

static int set_limits(const char *path, const void *data, struct atoll_error *err)
{
	const struct limits *limits = data;

	return put_limits(path, limits->khz_low, limits->khz_high, err);
}

ATOLL_API int atoll_power_limits(const char *root, uint32_t khz_low, uint32_t khz_high,
				 struct atoll_error *err)
{
	const struct limits limits = { khz_low, khz_high };
	int r;

	if (khz_low && khz_high && khz_low > khz_high)
		return atoll_error_set(err, -EINVAL,
				       "power: a lower limit of %u kHz above the upper "
				       "one, %u",
				       khz_low, khz_high);
	/* All or none, as far as can be known. */
	r = for_each_policy(root, check_limits, &limits, err);
	return r < 0 ? r : for_each_policy(root, set_limits, &limits, err);
}

static int set_shares(const char *path, const void *data, struct atoll_error *err)
{
	const double *share = data;
	int64_t khz_least, khz_most;
	int r = read_range(path, &khz_least, &khz_most, err);
	const double least = r < 0 ? 0 : (double)khz_least;
	const double span = r < 0 ? 0 : (double)(khz_most - khz_least);

	return r < 0 ? r : put_limits(path, (uint32_t)(least + share[0] * span),
				      (uint32_t)(least + share[1] * span), err);
}

ATOLL_API int atoll_power_shares(const char *root, double low, double high,
				 struct atoll_error *err)
{
	const double share[] = { low, high };

	if (!(low >= 0 && low <= high && high <= 1))
		return atoll_error_set(err, -EINVAL,
				       "power: limits of %g and %g are not within 0 "
				       "to 1 and one below the other",
				       low, high);
	return for_each_policy(root, set_shares, share, err);
}
