/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPIO lines by libgpiod 1.6, as in Debian 12. It speaks the kernel's v1 interface,
 * which every kernel since 4.8 has: queues are one for each line, 16 edges long; of what
 * does not fit the newest is dropped, and nothing is numbered.
 */
#include "board/gpio_system.h"

#include "board/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

struct gpio_lines {
	struct gpiod_chip *chip;
	struct gpiod_line_bulk bulk;
	bool has_edges;
};

static int describe(const char *node, struct gpio_chip *chip)
{
	struct gpiod_chip *found = gpiod_chip_open(node);

	if (!found)
		return -errno;
	(void)snprintf(chip->label, sizeof(chip->label), "%s", gpiod_chip_label(found));
	chip->lines = gpiod_chip_num_lines(found);
	gpiod_chip_close(found);
	return 0;
}

static int list_chips(struct gpio_chip *list, uint32_t room)
{
	return gpio_chips_list("/sys", "/dev", describe, list, room);
}

static enum atoll_gpio_bias bias_of(int bias)
{
	switch (bias) {
	case GPIOD_LINE_BIAS_DISABLE: return ATOLL_GPIO_NO_PULL;
	case GPIOD_LINE_BIAS_PULL_UP: return ATOLL_GPIO_PULL_UP;
	case GPIOD_LINE_BIAS_PULL_DOWN: return ATOLL_GPIO_PULL_DOWN;
	default: return ATOLL_GPIO_BIAS_AS_IS;
	}
}

static void tell(struct gpiod_line *line, struct atoll_gpio_info *info)
{
	const char *name = gpiod_line_name(line), *consumer = gpiod_line_consumer(line);

	*info = (struct atoll_gpio_info){
		.is_used = gpiod_line_is_used(line),
		.is_output = gpiod_line_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT,
		.is_active_low = gpiod_line_active_state(line) == GPIOD_LINE_ACTIVE_STATE_LOW,
		.bias = bias_of(gpiod_line_bias(line)),
		.drive = gpiod_line_is_open_drain(line) ? ATOLL_GPIO_OPEN_DRAIN :
			 gpiod_line_is_open_source(line) ? ATOLL_GPIO_OPEN_SOURCE :
			 ATOLL_GPIO_PUSH_PULL,
	};
	(void)snprintf(info->name, sizeof(info->name), "%s", name ? name : "");
	(void)snprintf(info->consumer, sizeof(info->consumer), "%s", consumer ? consumer : "");
}

static int look(const char *node, uint32_t line, struct atoll_gpio_info *info)
{
	struct gpiod_chip *chip = gpiod_chip_open(node);
	struct gpiod_line *found;
	int r = 0;

	if (!chip)
		return -errno;
	found = gpiod_chip_get_line(chip, line);
	if (found)
		tell(found, info);
	else
		r = -errno;
	gpiod_chip_close(chip);
	return r;
}

static int type_of(const struct gpio_request *request)
{
	switch (request->edges) {
	case ATOLL_GPIO_RISING: return GPIOD_LINE_REQUEST_EVENT_RISING_EDGE;
	case ATOLL_GPIO_FALLING: return GPIOD_LINE_REQUEST_EVENT_FALLING_EDGE;
	case ATOLL_GPIO_BOTH_EDGES: return GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES;
	case ATOLL_GPIO_NO_EDGES: break;
	}
	return request->direction == ATOLL_GPIO_IN ? GPIOD_LINE_REQUEST_DIRECTION_INPUT :
	       request->direction == ATOLL_GPIO_OUT ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT :
	       GPIOD_LINE_REQUEST_DIRECTION_AS_IS;
}

static int flags_of(const struct gpio_request *request)
{
	static const int bias[] = {
		[ATOLL_GPIO_BIAS_AS_IS] = 0,
		[ATOLL_GPIO_NO_PULL] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
		[ATOLL_GPIO_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
		[ATOLL_GPIO_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
	};
	static const int drive[] = {
		[ATOLL_GPIO_PUSH_PULL] = 0,
		[ATOLL_GPIO_OPEN_DRAIN] = GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN,
		[ATOLL_GPIO_OPEN_SOURCE] = GPIOD_LINE_REQUEST_FLAG_OPEN_SOURCE,
	};

	return bias[request->bias] | drive[request->drive] |
	       (request->is_active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
}

static void spread(uint32_t levels, int values[ATOLL_GPIO_LINES_MAX])
{
	for (uint32_t i = 0; i < ATOLL_GPIO_LINES_MAX; i++)
		values[i] = (int)(levels >> i & 1);
}

/* Whoever reads more than there is does not wait. */
static int unblock(struct gpio_lines *lines)
{
	for (unsigned i = 0; i < gpiod_line_bulk_num_lines(&lines->bulk); i++) {
		int fd = gpiod_line_event_get_fd(gpiod_line_bulk_get_line(&lines->bulk, i));

		if (fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
			return -errno;
	}
	return 0;
}

static int request_on(struct gpio_lines *lines, const struct gpio_request *request)
{
	struct gpiod_line_request_config config = {
		.consumer = request->consumer,
		.request_type = type_of(request),
		.flags = flags_of(request),
	};
	unsigned offsets[ATOLL_GPIO_LINES_MAX];
	int values[ATOLL_GPIO_LINES_MAX];

	for (uint32_t i = 0; i < request->count; i++)
		offsets[i] = request->lines[i];
	spread(request->levels, values);
	if (gpiod_chip_get_lines(lines->chip, offsets, request->count, &lines->bulk) < 0 ||
	    gpiod_line_request_bulk(&lines->bulk, &config, values) < 0)
		return -errno;
	lines->has_edges = request->edges;
	return lines->has_edges ? unblock(lines) : 0;
}

/* The chip's end is that of its lines. */
static void release(struct gpio_lines *lines)
{
	if (lines->chip)
		gpiod_chip_close(lines->chip);
	free(lines);
}

static int request_lines(const char *node, const struct gpio_request *request,
			 struct gpio_lines **lines)
{
	struct gpio_lines *made = calloc(1, sizeof(*made));
	int r;

	if (!made)
		return -ENOMEM;
	made->chip = gpiod_chip_open(node);
	r = made->chip ? request_on(made, request) : -errno;
	if (r < 0)
		release(made);
	else
		*lines = made;
	return r;
}

static int get(struct gpio_lines *lines, uint32_t *levels)
{
	int values[ATOLL_GPIO_LINES_MAX];

	if (gpiod_line_get_value_bulk(&lines->bulk, values) < 0)
		return -errno;
	*levels = 0;
	for (uint32_t i = 0; i < gpiod_line_bulk_num_lines(&lines->bulk); i++)
		*levels |= (values[i] ? UINT32_C(1) : 0) << i;
	return 0;
}

static int set(struct gpio_lines *lines, uint32_t levels)
{
	int values[ATOLL_GPIO_LINES_MAX];

	spread(levels, values);
	return gpiod_line_set_value_bulk(&lines->bulk, values) < 0 ? -errno : 0;
}

static int queue(struct gpio_lines *lines, uint32_t q)
{
	int fd;

	if (!lines->has_edges || q >= gpiod_line_bulk_num_lines(&lines->bulk))
		return -ENOENT;
	fd = gpiod_line_event_get_fd(gpiod_line_bulk_get_line(&lines->bulk, q));
	return fd < 0 ? -errno : fd;
}

static int edges(struct gpio_lines *lines, uint32_t q, struct gpio_edge *told, uint32_t room)
{
	struct gpiod_line *line = gpiod_line_bulk_get_line(&lines->bulk, q);
	struct gpiod_line_event events[GPIO_QUEUE];
	int count = gpiod_line_event_read_multiple(line, events,
						   room < GPIO_QUEUE ? room : GPIO_QUEUE);

	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++)
		told[i] = (struct gpio_edge){
			.i = q,
			.is_rising = events[i].event_type == GPIOD_LINE_EVENT_RISING_EDGE,
			.time_ns = events[i].ts.tv_sec * INT64_C(1000000000) +
				   events[i].ts.tv_nsec,
		};
	return count;
}

static int holder(const char *node, uint32_t line, char *text, size_t size)
{
	return gpio_holder("/proc", node, line, text, size);
}

const struct gpio_system gpio_libgpiod = {
	.list = list_chips,
	.look = look,
	.request = request_lines,
	.release = release,
	.get = get,
	.set = set,
	.queue = queue,
	.edges = edges,
	.leaving = gpio_chips_leaving,
	.wait = gpio_wait,
	.now_ns = atoll_clock_ns,
	.real_ns = gpio_real_ns,
	.holder = holder,
};
