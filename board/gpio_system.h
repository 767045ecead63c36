/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_GPIO_SYSTEM_H
#define ATOLL_BOARD_GPIO_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"
#include "board/gpio.h"
#include "board/header.h"

/*
 * Where GPIO ends and libgpiod begins: what gpio.c asks of the kernel. Behind it are
 * gpio_libgpiod1.c or gpio_libgpiod2.c, whichever suits the libgpiod that is there,
 * or a test's lines (tests/fake_gpio.h). Inside the room only.
 */
enum {
	GPIO_CHIPS_MAX = 32,     /* that are looked at */
	GPIO_QUEUE = 16,         /* edges, as a kernel with the v1 interface keeps of a line */
};

/* A chip, or what is known of one. */
struct gpio_chip {
	char node[64];           /* "/dev/gpiochip0": as it is numbered today */
	char device[256];        /* "/sys/devices/platform/1000b000.pinctrl/gpiochip0" */
	char label[32];
	uint32_t lines;
	int trouble;             /* what opening it said, a negative errno, and then neither
				    label nor lines are known; 0 */
	char group[32];          /* whom it is for; empty: root */
};

struct gpio_request {
	const char *consumer;
	enum atoll_gpio_direction direction;
	enum atoll_gpio_bias bias;
	enum atoll_gpio_drive drive;
	enum atoll_gpio_edges edges;
	bool is_active_low;
	uint32_t lines[ATOLL_GPIO_LINES_MAX];
	uint32_t count;
	uint32_t levels;         /* of outputs, bit i for lines[i], here and below */
};

/* As it comes from the kernel. */
struct gpio_edge {
	uint32_t i;              /* of lines[i] */
	bool is_rising;
	int64_t time_ns;         /* CLOCK_MONOTONIC; CLOCK_REALTIME of kernels before 5.7 */
	uint32_t number;         /* of this line's edges, from 1; 0: they are not numbered */
};

struct gpio_lines; /* of one chip, requested together */

/* Each call returns 0 or more, or a negative errno. None waits but `wait`. */
struct gpio_system {
	/* At most `room` of the chips there are; how many there are. */
	int (*list)(struct gpio_chip *list, uint32_t room);
	int (*look)(const char *node, uint32_t line, struct atoll_gpio_info *info);
	int (*request)(const char *node, const struct gpio_request *request,
		       struct gpio_lines **lines);
	void (*release)(struct gpio_lines *lines);
	int (*get)(struct gpio_lines *lines, uint32_t *levels);
	int (*set)(struct gpio_lines *lines, uint32_t levels); /* all of them */
	/* Where edges come from: the descriptor of the first, second, ... queue, readable
	   when it holds some; -ENOENT past the last. */
	int (*queue)(struct gpio_lines *lines, uint32_t q);
	/* The oldest of a queue, at most `room`; how many. */
	int (*edges)(struct gpio_lines *lines, uint32_t q, struct gpio_edge *edges,
		     uint32_t room);
	/* A descriptor of ours to close, readable when something happened to the node:
	   the chip may have left. Kernels before 6.6 do not tell by the queues. */
	int (*leaving)(const char *node);
	/* 1 when `fd` is readable, 0 after `timeout_ms` (-1: no limit), -EINTR. */
	int (*wait)(int fd, int timeout_ms);
	int64_t (*now_ns)(void);  /* CLOCK_MONOTONIC */
	int64_t (*real_ns)(void); /* CLOCK_REALTIME */
	/* Which process has a line, "NAME, process ID"; -ENOENT: none that we may see. */
	int (*holder)(const char *node, uint32_t line, char *text, size_t size);
};

extern const struct gpio_system gpio_libgpiod;

/* What both libgpiods leave to us: gpio_chips.c, gpio_holder.c. */

/* The chips below `sys`, in the order of their numbers, with nodes in `dev`; label,
   lines and trouble as `describe` finds them. */
typedef int gpio_describe(const char *node, struct gpio_chip *chip);
int gpio_chips_list(const char *sys, const char *dev, gpio_describe *describe,
		    struct gpio_chip *list, uint32_t room);
int gpio_chips_leaving(const char *node);
int gpio_wait(int fd, int timeout_ms);
int64_t gpio_real_ns(void);
int gpio_holder(const char *proc, const char *node, uint32_t line, char *text, size_t size);

/* The one chip at that place. -ENODEV: none, -EACCES: it is not for us, -ENOTUNIQ,
   -EINVAL: nobody could find it by so little. */
int gpio_find(const struct gpio_system *system, const struct atoll_chip_place *place,
	      struct gpio_chip *chip, struct atoll_error *err);

/* What people call it. */
const char *gpio_place_name(const struct atoll_chip_place *place);

#endif
