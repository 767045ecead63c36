/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_GPIO_HANDLE_H
#define ATOLL_BOARD_GPIO_HANDLE_H

#include "board/debounce.h"
#include "board/gpio_system.h"

/*
 * What gpio.c opens and gpio_edges.c hears.
 *
 *	lines    [0] [1] [2] [3]          as the caller counts them
 *	groups   [0: 0 2] [1: 1 3]        those of one chip together
 *	queues   [0] [1] ...              of a group: one, or one for each line (v1)
 */
struct gpio_group {
	struct gpio_lines *lines;
	char node[64], name[32];
	uint32_t offset[ATOLL_GPIO_LINES_MAX]; /* on the chip */
	uint32_t index[ATOLL_GPIO_LINES_MAX];  /* in the handle */
	uint32_t count;
	int leaving_fd;          /* -1: there is none */
	int trouble;             /* there will be no more edges: why; 0 */
};

/* Edges that were read and not told yet, oldest first. */
struct gpio_queue {
	uint32_t group, q;
	struct gpio_edge edges[GPIO_QUEUE];
	uint32_t next, count;
	bool has_more;           /* the kernel, behind these */
};

/* What is known of a line by its edges. */
struct gpio_heard {
	bool has_edge, was_rising;
	uint32_t number;         /* of the last */
	uint64_t lost;           /* not told yet */
	struct debounce debounce;
};

struct atoll_gpio {
	const struct gpio_system *system;
	struct atoll_gpio_options options;
	uint32_t count, levels;
	struct gpio_group groups[ATOLL_GPIO_LINES_MAX];
	uint32_t group_count;

	int poll_fd, timer_fd;   /* -1 without edges; poll_fd watches all the others */
	int64_t alarm_ns;        /* what the timer is set to; INT64_MAX: it is not */
	struct gpio_queue queues[ATOLL_GPIO_LINES_MAX];
	uint32_t queue_count;
	struct gpio_heard heard[ATOLL_GPIO_LINES_MAX];
	int64_t last_ns;         /* of the last edge told */
};

/* The edges asked of the kernel. */
enum atoll_gpio_edges gpio_edges_wanted(const struct atoll_gpio_options *options);

/* Once all lines are there. What it opened close_edges closes, done or half done. */
int gpio_edges_open(struct atoll_gpio *gpio, struct atoll_error *err);
void gpio_edges_close(struct atoll_gpio *gpio);

/* "gpio: header: lines 7, 9: WHY" */
int gpio_failed(const struct gpio_group *group, int r, struct atoll_error *err);

#endif
