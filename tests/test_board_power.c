/* SPDX-License-Identifier: Apache-2.0 */
#include "board/power.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/folder.h"
#include "tests/tree.h"

#define CPU "sys/devices/system/cpu/"
#define POLICY CPU "cpufreq/policy0/"
#define ZONE "sys/class/thermal/thermal_zone0/"

static struct atoll_error err;
static struct atoll_power power;

/* As a Coral Dev Board Mini would have it, were all its drivers there. */
static int mini(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	tree_put(CPU "present", "0-3\n");
	tree_put(CPU "online", "0-2\n");
	tree_put(POLICY "affected_cpus", "0 1 2\n");
	tree_put(POLICY "scaling_cur_freq", "1040000\n");
	tree_put(POLICY "scaling_min_freq", "598000\n");
	tree_put(POLICY "scaling_max_freq", "1196000\n");
	tree_put(POLICY "cpuinfo_min_freq", "598000\n");
	tree_put(POLICY "cpuinfo_max_freq", "1300000\n");
	tree_put(POLICY "scaling_available_frequencies",
		 "598000 747500 1040000 1196000 1300000 \n");
	tree_put(POLICY "scaling_governor", "schedutil\n");
	tree_put(POLICY "scaling_available_governors", "powersave schedutil \n");
	tree_put(POLICY "scaling_driver", "cpufreq-dt\n");
	tree_put(ZONE "type", "cpu-thermal\n");
	tree_put(ZONE "temp", "61500\n");
	tree_put(ZONE "trip_point_0_type", "passive\n");
	tree_put(ZONE "trip_point_0_temp", "95000\n");
	tree_put(ZONE "trip_point_1_type", "critical\n");
	tree_put(ZONE "trip_point_1_temp", "117000\n");
	tree_put("sys/class/thermal/cooling_device0/type", "thermal-cpufreq-0\n");
	tree_put("sys/class/thermal/cooling_device0/cur_state", "1\n");
	tree_put("sys/class/thermal/cooling_device1/type", "pwm-fan\n");
	tree_put("sys/class/thermal/cooling_device1/cur_state", "2\n");
	tree_put("sys/class/thermal/cooling_device2/type", "devfreq\n");
	tree_put("sys/class/thermal/cooling_device2/cur_state", "0\n");
	tree_put("proc/stat", "cpu  10 0 20 60 10 0 0 0 0 0\ncpu0 1 2 3\n");
	tree_put("proc/uptime", "3723.50 1000.00\n");
	tree_put("proc/cmdline", "console=ttyS0 androidboot.bootreason=watchdog rw\n");
	return 0;
}

#define ON_MINI(test) cmocka_unit_test_setup_teardown(test, mini, folder_remove)

static void read_power(void)
{
	memset(&power, 0xa5, sizeof(power));
	assert_int_equal(atoll_power_read(folder, NULL, &power, &err), 0);
}

static void all_that_the_kernel_tells_is_there(void **state)
{
	static const uint32_t steps[] = { 598000, 747500, 1040000, 1196000, 1300000, 0 };
	const struct atoll_cpu_power *cpu = &power.cpu[0];
	const struct atoll_zone *zone = &power.zone[0];

	(void)state;
	read_power();
	assert_int_equal(power.cpus, 1);
	assert_int_equal(cpu->first_cpu, 0);
	assert_int_equal(cpu->cpus, 3);
	assert_int_equal(cpu->khz, 1040000);
	assert_int_equal(cpu->khz_low, 598000);
	assert_int_equal(cpu->khz_high, 1196000);
	assert_int_equal(cpu->khz_least, 598000);
	assert_int_equal(cpu->khz_most, 1300000);
	assert_memory_equal(cpu->steps, steps, sizeof(steps));
	assert_string_equal(cpu->governor, "schedutil");
	assert_string_equal(cpu->governors, "powersave schedutil");
	assert_string_equal(cpu->driver, "cpufreq-dt");
	assert_int_equal(power.cpu_total, 4);
	assert_int_equal(power.cpu_online, 3);
	assert_int_equal(power.zones, 1);
	assert_string_equal(zone->name, "cpu-thermal");
	assert_int_equal(zone->millidegrees, 61500);
	assert_int_equal(zone->trip_count, 2);
	assert_string_equal(zone->trips[1].kind, "critical");
	assert_int_equal(zone->trips[1].millidegrees, 117000);
	assert_false(zone->is_tpu_proxy);
	assert_int_equal(power.cooling, 1);
	assert_int_equal(power.cooling_max, 2); /* the fan does not count */
	assert_true(fabs(power.idle_share - 0.7) < 1e-9);
	assert_true(fabs(power.uptime_s - 3723.5) < 1e-9);
	assert_string_equal(power.reset_reason, "watchdog");
	assert_int_equal(power.strange, 0);
}

static void nothing_is_known_of_an_empty_machine(void **state)
{
	(void)state;
	assert_int_equal(atoll_power_read(in_folder("nowhere"), NULL, &power, &err), 0);
	assert_int_equal(power.cpus + power.zones + power.cpu_total + power.cooling_max, 0);
	assert_true(power.idle_share < 0 && power.uptime_s < 0);
	assert_string_equal(power.reset_reason, "");
	assert_int_equal(power.strange, 0);
}

static void the_board_tells_which_zone_stands_in_for_the_tpu(void **state)
{
	struct atoll_board *board;

	(void)state;
	tree_put("board.conf", "[board]\nid = board\nname = Board\n"
			       "[tpu.0]\ntemperature = cpu-thermal\n");
	board = atoll_board_load(in_folder("board.conf"), &err);
	assert_non_null(board);
	assert_int_equal(atoll_power_read(folder, board, &power, &err), 0);
	assert_true(power.zone[0].is_tpu_proxy);
	atoll_board_free(board);
}

/* Each of these takes the place of a good file, alone, and counts as one. */
static void nonsense_is_absent_and_counted(void **state)
{
	static const struct { const char *path, *text; } wrong[] = {
		{ POLICY "scaling_cur_freq", "fast\n" },
		{ POLICY "scaling_cur_freq", "-5\n" },
		{ POLICY "scaling_cur_freq", "99999999999\n" },
		{ POLICY "scaling_governor", "schedutil\033[31m\n" },
		{ POLICY "scaling_governor", "a governor with much too long a name\n" },
		{ POLICY "affected_cpus", "zero one\n" },
		{ POLICY "affected_cpus", "3-1\n" },
		{ POLICY "affected_cpus", "0-999999999\n" },
		{ POLICY "scaling_available_frequencies", "598000 fast\n" },
		{ CPU "present", "0-\n" },
		{ ZONE "temp", "hot\n" },
		{ ZONE "trip_point_1_temp", "\n" },
		{ "sys/class/thermal/cooling_device0/cur_state", "on\n" },
		{ "proc/stat", "cpu  none\n" },
		{ "proc/stat", "cpu 0 0 0 0 0 0 0 0\n" },
		{ "proc/stat", "cpu 18446744073709551615 1 1 1 1 1 1 1\n" },
		{ "proc/uptime", "for ever\n" },
		{ "proc/uptime", "12.999999\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char before[4096];

		strcpy(before, tree_get(wrong[i].path));
		tree_put(wrong[i].path, wrong[i].text);
		read_power();
		if (power.strange != 1)
			fail_msg("%s: %s: %u", wrong[i].path, wrong[i].text, power.strange);
		tree_put(wrong[i].path, before);
	}
}

/* Nothing waits, nothing is read without end. */
static void whatever_is_in_the_place_of_a_file_does_no_harm(void **state)
{
	static const char *const paths[] = {
		POLICY "scaling_cur_freq", POLICY "scaling_governor",
		POLICY "scaling_available_frequencies", CPU "online", ZONE "temp", ZONE "type",
		ZONE "trip_point_0_temp", "proc/stat", "proc/uptime",
		"sys/class/thermal/cooling_device0/type",
	};
	static char mebibyte[(1 << 20) + 1];

	(void)state;
	memset(mebibyte, '7', sizeof(mebibyte) - 1);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char before[4096];

		strcpy(before, tree_get(paths[i]));
		tree_put(paths[i], mebibyte);
		read_power();
		assert_int_equal(power.strange, 1);
		assert_int_equal(unlink(in_folder(paths[i])), 0);
		read_power();
		assert_int_equal(power.strange, 0);
		assert_int_equal(mkfifo(in_folder(paths[i]), 0600), 0);
		read_power();
		assert_int_equal(power.strange, 1);
		assert_int_equal(unlink(in_folder(paths[i])), 0);
		tree_link(paths[i], "nowhere");
		read_power();
		assert_int_equal(power.strange, 0);
		assert_int_equal(unlink(in_folder(paths[i])), 0);
		tree_folder(paths[i]);
		read_power();
		assert_int_equal(power.strange, 1);
		assert_int_equal(rmdir(in_folder(paths[i])), 0);
		tree_put(paths[i], before);
	}
}

static void a_broken_thermometer_knows_no_temperature(void **state)
{
	static const char *const temperatures[] = { "-274000\n", "2147483647\n", "300000\n" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		tree_put(ZONE "temp", temperatures[i]);
		read_power();
		assert_int_equal(power.zone[0].millidegrees, ATOLL_POWER_UNKNOWN);
		assert_int_equal(power.strange, 0);
	}
	tree_put(ZONE "temp", "-40000\n");
	read_power();
	assert_int_equal(power.zone[0].millidegrees, -40000);
}

static void more_than_there_is_room_for_is_left_out(void **state)
{
	char path[128];

	(void)state;
	for (int i = 0; i < 70; i++) {
		(void)snprintf(path, sizeof(path), "sys/class/thermal/thermal_zone%d/type", i);
		tree_put(path, "zone\n");
		(void)snprintf(path, sizeof(path), CPU "cpufreq/policy%d/affected_cpus", i);
		tree_put(path, "0\n");
		(void)snprintf(path, sizeof(path), ZONE "trip_point_%d_type", i);
		tree_put(path, "active\n");
		(void)snprintf(path, sizeof(path), ZONE "trip_point_%d_temp", i);
		tree_put(path, "1000\n");
	}
	tree_put(POLICY "scaling_available_frequencies",
		 "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 "
		 "27 28 29 30 "
		 "31 32 33 34\n");
	read_power();
	assert_int_equal(power.zones, ATOLL_POWER_ZONES);
	assert_int_equal(power.cpus, ATOLL_POWER_CPUS);
	assert_int_equal(power.zone[0].trip_count, ATOLL_POWER_TRIPS);
	assert_int_equal(power.cpu[0].steps[ATOLL_POWER_STEPS - 2], ATOLL_POWER_STEPS - 1);
	assert_int_equal(power.cpu[0].steps[ATOLL_POWER_STEPS - 1], 0);
}

/* Who asks the chip knows best, then the watchdog, then the boot loader. */
static void the_last_reset_is_asked_of_whoever_knows(void **state)
{
	(void)state;
	tree_put("sys/class/watchdog/watchdog0/bootstatus", "0\n");
	read_power();
	assert_string_equal(power.reset_reason, "watchdog"); /* by the boot loader */
	tree_put("sys/class/watchdog/watchdog0/bootstatus", "17\n");
	read_power();
	assert_string_equal(power.reset_reason, "overheated");
	tree_put("sys/bus/platform/devices/10007000.wdt/power_on_reason", "brown-out reset\n");
	read_power();
	assert_string_equal(power.reset_reason, "brown-out reset");
}

static void a_governor_is_set_for_all_or_named_with_those_there_are(void **state)
{
	(void)state;
	tree_put(CPU "cpufreq/policy4/scaling_governor", "schedutil\n");
	assert_int_equal(atoll_power_governor(folder, "powersave", &err), 0);
	assert_string_equal(tree_get(POLICY "scaling_governor"), "powersave");
	assert_string_equal(tree_get(CPU "cpufreq/policy4/scaling_governor"), "powersave");
	assert_int_equal(unlink(in_folder(CPU "cpufreq/policy4/scaling_governor")), 0);
	assert_int_equal(atoll_power_governor(folder, "schedutil", &err), -ENOENT);
	assert_non_null(strstr(err.text, "policy4/scaling_governor: No such file"));
	assert_int_equal(atoll_power_governor(in_folder("nowhere"), "powersave", &err),
			 -ENOENT);
	assert_string_equal(err.text,
			    "power: this kernel does not change the speed of the CPU");
}

/* Kernels before 5.6 refuse what is the wrong way round in between. */
static void limits_are_never_the_wrong_way_round(void **state)
{
	static const struct { uint32_t low, high;
	} wanted[] = {
		{ 1300000, 1300000 },
		{ 598000, 598000 },
		{ 747500, 1040000 },
		{ 1196000, 1300000 },
	};
	_Alignas(struct inotify_event) char events[512];
	const int watch = inotify_init1(IN_NONBLOCK);
	const int low = inotify_add_watch(watch, in_folder(POLICY "scaling_min_freq"),
					  IN_CLOSE_WRITE);
	uint32_t now_low = 598000, now_high = 1196000;

	(void)state;
	assert_true(inotify_add_watch(watch, in_folder(POLICY "scaling_max_freq"),
				      IN_CLOSE_WRITE) >= 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		ssize_t got;

		assert_int_equal(
			atoll_power_limits(folder, wanted[i].low, wanted[i].high, &err),
			0);
		got = read(watch, events, sizeof(events));
		assert_int_equal(got, 2 * sizeof(struct inotify_event));
		for (ssize_t at = 0; at < got; at += (ssize_t)sizeof(struct inotify_event)) {
			if (((const struct inotify_event *)(events + at))->wd == low)
				now_low = wanted[i].low;
			else
				now_high = wanted[i].high;
			assert_true(now_low <= now_high);
		}
		assert_int_equal(atoi(tree_get(POLICY "scaling_min_freq")), wanted[i].low);
		assert_int_equal(atoi(tree_get(POLICY "scaling_max_freq")), wanted[i].high);
	}
	(void)close(watch);
}

static void limits_of_0_stay_and_those_beyond_the_hardware_are_refused(void **state)
{
	(void)state;
	assert_int_equal(atoll_power_limits(folder, 0, 1300000, &err), 0);
	assert_string_equal(tree_get(POLICY "scaling_min_freq"), "598000\n");
	assert_string_equal(tree_get(POLICY "scaling_max_freq"), "1300000");
	assert_int_equal(atoll_power_limits(folder, 0, 2000000, &err), -EINVAL);
	assert_string_equal(err.text,
			    "power: policy0: 2000000 kHz is not within 598000 to 1300000");
	assert_int_equal(atoll_power_limits(folder, 1300000, 598000, &err), -EINVAL);
	assert_int_equal(atoll_power_limits(in_folder("nowhere"), 598000, 0, &err), -ENOENT);
	assert_string_equal(tree_get(POLICY "scaling_max_freq"), "1300000");
}

/* Fast and slow cores have shares of what each of them can. */
static void shares_are_of_what_each_policy_can(void **state)
{
	(void)state;
	tree_put(CPU "cpufreq/policy4/scaling_min_freq", "100000\n");
	tree_put(CPU "cpufreq/policy4/scaling_max_freq", "100000\n");
	tree_put(CPU "cpufreq/policy4/cpuinfo_min_freq", "100000\n");
	tree_put(CPU "cpufreq/policy4/cpuinfo_max_freq", "2100000\n");
	assert_int_equal(atoll_power_shares(folder, 0, 0.5, &err), 0);
	assert_string_equal(tree_get(POLICY "scaling_min_freq"), "598000");
	assert_string_equal(tree_get(POLICY "scaling_max_freq"), "949000");
	assert_string_equal(tree_get(CPU "cpufreq/policy4/scaling_max_freq"), "1100000");
	assert_int_equal(atoll_power_shares(folder, 1, 1, &err), 0);
	assert_string_equal(tree_get(POLICY "scaling_min_freq"), "1300000");
	assert_string_equal(tree_get(CPU "cpufreq/policy4/scaling_min_freq"), "2100000");
	assert_int_equal(atoll_power_shares(folder, 0.5, 0.4, &err), -EINVAL);
	assert_int_equal(atoll_power_shares(folder, 0, 1.1, &err), -EINVAL);
	assert_int_equal(atoll_power_shares(folder, NAN, 1, &err), -EINVAL);
	/* What one cannot do none does. */
	assert_int_equal(atoll_power_limits(folder, 0, 1500000, &err), -EINVAL);
	assert_string_equal(tree_get(CPU "cpufreq/policy4/scaling_max_freq"), "2100000");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_MINI(all_that_the_kernel_tells_is_there),
		ON_MINI(nothing_is_known_of_an_empty_machine),
		ON_MINI(the_board_tells_which_zone_stands_in_for_the_tpu),
		ON_MINI(nonsense_is_absent_and_counted),
		ON_MINI(whatever_is_in_the_place_of_a_file_does_no_harm),
		ON_MINI(a_broken_thermometer_knows_no_temperature),
		ON_MINI(more_than_there_is_room_for_is_left_out),
		ON_MINI(the_last_reset_is_asked_of_whoever_knows),
		ON_MINI(a_governor_is_set_for_all_or_named_with_those_there_are),
		ON_MINI(limits_are_never_the_wrong_way_round),
		ON_MINI(shares_are_of_what_each_policy_can),
		ON_MINI(limits_of_0_stay_and_those_beyond_the_hardware_are_refused),
	};

	return CHECK_RUN(tests);
}
