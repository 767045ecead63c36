/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_FAKE_GPIO_H
#define ATOLL_TESTS_FAKE_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "board/gpio_system.h"

/*
 * GPIO chips without a kernel: levels and edges as a test drives them, lines that are
 * taken, chips that vanish, and a count of everything that is open.
 *
 *	fake_gpio_reset();                   one chip of 64 lines, fake_gpio_place
 *	gpio = atoll_gpio_open(&fake_gpio_system, &line, 1, &options, NULL);
 *	fake_gpio_drive(0, 7, 1);
 *	assert_int_equal(atoll_gpio_edge(gpio, 0, &edge, NULL), 1);
 *
 * Time passes in waiting, which takes none really, and when a test sets now_ns. A wait
 * ends early when an edge of fake_gpio_drive_at comes; one for ever without any aborts.
 */
enum { FAKE_CHIPS = 4, FAKE_LINES = 64, FAKE_PLANS = 64 };

struct fake_line {
	int level;               /* physical; driven from outside, or by whoever set it */
	const char *consumer;    /* somebody has it; "" the kernel without a name */
	const char *holder;      /* the process that is said to have it */
	const char *name;

	/* As it was requested last. */
	bool is_ours, is_output, is_active_low;
	enum atoll_gpio_bias bias;
	enum atoll_gpio_drive drive;
	enum atoll_gpio_edges edges;
	char by[32];
};

struct fake_chip {
	/* What it is. No lines: nothing is there. */
	const char *label, *device;
	uint32_t lines;
	struct fake_line line[FAKE_LINES];

	/* How it misbehaves. */
	int trouble;             /* what opening it says */
	const char *group;       /* to whom it is open then */
	int request_error;
	bool has_no_interrupts, has_no_bias;
};

extern struct fake_gpio {
	struct fake_chip chip[FAKE_CHIPS];
	bool is_v2;              /* one numbered queue, not one for each line */
	bool stamps_real;        /* as kernels before 5.7 */
	bool tells_not;          /* a chip that leaves is not told of by the kernel */
	int64_t now_ns, real_ns; /* real_ns when now_ns is 0 */
	unsigned calls;          /* of the system so far */
	unsigned fails_at;       /* this call fails, 0: none does */
	int fails_with;
	unsigned interruptions;  /* so many times waiting says -EINTR */
	unsigned opened;         /* requests that are out */
} fake_gpio;

extern const struct gpio_system fake_gpio_system;

/* Chip 0: label "fake", device "10000000.pinctrl", 64 lines; and how to find it. */
void fake_gpio_reset(void);
extern const struct atoll_chip_place fake_gpio_place;

/* From outside: the line is at `level` now, or `ms` from now. */
void fake_gpio_drive(unsigned chip, unsigned line, int level);
void fake_gpio_drive_at(int ms, unsigned chip, unsigned line, int level);

/* It leaves; who has lines of it still has to release them. */
void fake_gpio_unplug(unsigned chip);

#endif
