/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_GPIO_H
#define ATOLL_BOARD_GPIO_H

#include <stdbool.h>
#include <stdint.h>

#include "board/error.h"
#include "board/header.h"

/*
 * GPIO lines, through libgpiod: read, set, and told when they change.
 *
 *	struct atoll_gpio_line line = { pin->chip, pin->line };
 *	struct atoll_gpio_options options = { .direction = ATOLL_GPIO_OUT };
 *	struct atoll_gpio *gpio = atoll_gpio_open(NULL, &line, 1, &options, &err);
 *
 *	r = atoll_gpio_set(gpio, 1, 1, &err);
 *	atoll_gpio_close(gpio);
 *
 * While open the lines are ours: nobody else can have them, and they keep direction
 * and level. What they do after close the kernel decides; most leave them as they
 * were. A kernel before 5.5 can neither set bias (-ENOTSUP) nor tell it (as it is).
 * One handle belongs to one thread at a time; handles share nothing.
 */
#define ATOLL_GPIO_LINES_MAX 32

enum atoll_gpio_direction { ATOLL_GPIO_AS_IS, ATOLL_GPIO_IN, ATOLL_GPIO_OUT };
enum atoll_gpio_bias {
	ATOLL_GPIO_BIAS_AS_IS, ATOLL_GPIO_NO_PULL, ATOLL_GPIO_PULL_UP, ATOLL_GPIO_PULL_DOWN
};
enum atoll_gpio_drive { ATOLL_GPIO_PUSH_PULL, ATOLL_GPIO_OPEN_DRAIN, ATOLL_GPIO_OPEN_SOURCE };
enum atoll_gpio_edges { ATOLL_GPIO_NO_EDGES, ATOLL_GPIO_RISING, ATOLL_GPIO_FALLING,
			ATOLL_GPIO_BOTH_EDGES };

struct atoll_gpio_line {
	const struct atoll_chip_place *chip;
	uint32_t line;
};

struct atoll_gpio_options {
	const char *consumer;    /* NULL: "atoll"; others see who has the lines by it */
	enum atoll_gpio_direction direction;
	enum atoll_gpio_bias bias;
	enum atoll_gpio_drive drive;
	enum atoll_gpio_edges edges;
	bool is_active_low;
	uint32_t levels;         /* of outputs from the start, bit i for line i */
	uint32_t debounce_ms;    /* of edges: a level counts once it has stayed this long;
				    its edge is stamped with when it came */
};

/* Who has a line, and how. */
struct atoll_gpio_info {
	char name[32], consumer[32]; /* empty: none */
	bool is_used, is_output, is_active_low;
	enum atoll_gpio_bias bias;
	enum atoll_gpio_drive drive;
};

struct atoll_gpio_edge {
	uint32_t index;          /* of the lines given to open */
	bool is_rising;
	int64_t time_ns;         /* CLOCK_MONOTONIC, by the kernel, never going back: what
				    comes out of turn gets the time of the one before */
	uint64_t lost;           /* edges of this line right before this one that did not
				    fit into the kernel's queue. By libgpiod 2 their
				    number; libgpiod 1 does not tell, but of both edges
				    two in a row that go the same way miss at least 1 */
};

struct gpio_system;   /* gpio_system.h: libgpiod, or a fake; NULL is libgpiod */
struct atoll_gpio;

/*
 * At most ATOLL_GPIO_LINES_MAX lines, of any chips. NULL with a sentence: -ENODEV no
 * such chip, -ENOTUNIQ several, -EBUSY and who has the line, -EACCES and which group may,
 * -ENOTSUP the kernel or the chip cannot do that, -EINVAL. Lines, chips and consumer are
 * needed only during open.
 */
struct atoll_gpio *atoll_gpio_open(const struct gpio_system *system,
				   const struct atoll_gpio_line *lines, uint32_t count,
				   const struct atoll_gpio_options *options,
				   struct atoll_error *err);
void atoll_gpio_close(struct atoll_gpio *gpio); /* NULL is allowed */

/* Levels, bit i for line i. -ENODEV once the chip is gone. */
int atoll_gpio_get(struct atoll_gpio *gpio, uint32_t *levels, struct atoll_error *err);
/* Those of `mask`, of lines opened as outputs (-EPERM), the others stay as they are. */
int atoll_gpio_set(struct atoll_gpio *gpio, uint32_t mask, uint32_t levels,
		   struct atoll_error *err);

/* Becomes readable when an edge may be there, or a chip may be gone; for lines opened with
   edges, else -1. Edges that were read along with another keep it readable. */
int atoll_gpio_fd(const struct atoll_gpio *gpio);
/* 1 and the next edge; 0 after timeout_ms without one (0: do not wait, -1: for ever), or
   earlier when a signal came. -ENODEV once the chip is gone and its edges are told. */
int atoll_gpio_edge(struct atoll_gpio *gpio, int timeout_ms, struct atoll_gpio_edge *edge,
		    struct atoll_error *err);

/* Without opening the line, so that it is left as it is. */
int atoll_gpio_look(const struct gpio_system *system, const struct atoll_gpio_line *line,
		    struct atoll_gpio_info *info, struct atoll_error *err);

#endif
