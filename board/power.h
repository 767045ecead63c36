/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_POWER_H
#define ATOLL_BOARD_POWER_H

#include <stdbool.h>
#include <stdint.h>

#include "board/description.h"
#include "board/error.h"

/*
 * What the processor is doing about speed and heat, and being told to do otherwise.
 *
 *	struct atoll_power power;
 *
 *	r = atoll_power_read(NULL, board, &power, &err);
 *	if (power.cpus)
 *		printf("%u kHz, %s\n", power.cpu[0].khz, power.cpu[0].governor);
 *	r = atoll_power_governor(NULL, "powersave", &err);
 *
 * Read from /sys and /proc (`root` is "" where NULL; a folder that holds sys/ and
 * proc/ for tests). What a kernel does not tell is absent: 0, an empty text, or
 * ATOLL_POWER_UNKNOWN for temperatures. Reading never fails for that; a file that
 * is there and holds nonsense is taken as absent and counted.
 */
#define ATOLL_POWER_CPUS 64
#define ATOLL_POWER_ZONES 16
#define ATOLL_POWER_TRIPS 8
#define ATOLL_POWER_STEPS 32
#define ATOLL_POWER_UNKNOWN INT32_MIN

struct atoll_cpu_power {                /* one cpufreq policy: CPUs of one speed */
	uint32_t first_cpu, cpus;
	uint32_t khz, khz_low, khz_high; /* now, and the limits that are set */
	uint32_t khz_least, khz_most;    /* what the hardware can */
	uint32_t steps[ATOLL_POWER_STEPS]; /* those it has, in kHz, ends with 0 */
	char governor[24];
	char governors[160];             /* those there are, blanks between */
	char driver[32];
};

struct atoll_trip {
	char kind[12];                   /* "passive", "hot", "critical", "active" */
	int32_t millidegrees;
};

struct atoll_zone {
	char name[32];                   /* "cpu-thermal" */
	int32_t millidegrees;
	struct atoll_trip trips[ATOLL_POWER_TRIPS];
	uint32_t trip_count;
	bool is_tpu_proxy;               /* by the board's description: its key
					    tpu.0.temperature names the zone */
};

struct atoll_power {
	struct atoll_cpu_power cpu[ATOLL_POWER_CPUS];
	uint32_t cpus;                   /* policies */
	uint32_t cpu_total, cpu_online;
	struct atoll_zone zone[ATOLL_POWER_ZONES];
	uint32_t zones;
	uint32_t cooling, cooling_max;   /* devices that slow something down now, of all
					    that can; fans do not */
	double idle_share;               /* of all time since boot; below 0: not known */
	double idle_s, counted_s;        /* of which it is one by the other; of all CPUs */
	double uptime_s;                 /* below 0: not known */
	char reset_reason[64];           /* of the last start */
	uint32_t strange;                /* files that held nonsense */
};

int atoll_power_read(const char *root, const struct atoll_board *board,
		     struct atoll_power *power, struct atoll_error *err);

/* For all policies; the first that refuses is named, with what it has instead. -EACCES;
   -ENOENT: this kernel does not scale; -EINVAL: no such governor, or limits beyond what
   the hardware can. Limits of 0 are left as they are. */
int atoll_power_governor(const char *root, const char *governor, struct atoll_error *err);
int atoll_power_limits(const char *root, uint32_t khz_low, uint32_t khz_high,
		       struct atoll_error *err);
/* The same as shares of what each policy's hardware can: 0 is its least, 1 its most. */
int atoll_power_shares(const char *root, double low, double high, struct atoll_error *err);

#endif
