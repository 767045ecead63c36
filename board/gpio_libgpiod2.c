/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPIO lines by libgpiod 2, for Debian after 12. It needs the kernel's v2 interface, so
 * Linux 5.10: one queue for all lines, of what does not fit the oldest is dropped, and
 * edges are numbered.
 */
#include "board/gpio_system.h"

#include "board/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

struct gpio_lines {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *events; /* NULL: without edges */
	unsigned offsets[ATOLL_GPIO_LINES_MAX];
	uint32_t count;
};

static int describe(const char *node, struct gpio_chip *chip)
{
	struct gpiod_chip *found = gpiod_chip_open(node);
	struct gpiod_chip_info *info = found ? gpiod_chip_get_info(found) : NULL;
	int r = info ? 0 : -errno;

	if (info) {
		(void)snprintf(chip->label, sizeof(chip->label), "%s",
			       gpiod_chip_info_get_label(info));
		chip->lines = (uint32_t)gpiod_chip_info_get_num_lines(info);
		gpiod_chip_info_free(info);
	}
	if (found)
		gpiod_chip_close(found);
	return r;
}

static int list_chips(struct gpio_chip *list, uint32_t room)
{
	return gpio_chips_list("/sys", "/dev", describe, list, room);
}

static enum atoll_gpio_bias bias_of(enum gpiod_line_bias bias)
{
	switch (bias) {
	case GPIOD_LINE_BIAS_DISABLED: return ATOLL_GPIO_NO_PULL;
	case GPIOD_LINE_BIAS_PULL_UP: return ATOLL_GPIO_PULL_UP;
	case GPIOD_LINE_BIAS_PULL_DOWN: return ATOLL_GPIO_PULL_DOWN;
	case GPIOD_LINE_BIAS_AS_IS:
	case GPIOD_LINE_BIAS_UNKNOWN: break;
	}
	return ATOLL_GPIO_BIAS_AS_IS;
}

static enum atoll_gpio_drive drive_of(enum gpiod_line_drive drive)
{
	return drive == GPIOD_LINE_DRIVE_OPEN_DRAIN ? ATOLL_GPIO_OPEN_DRAIN :
	       drive == GPIOD_LINE_DRIVE_OPEN_SOURCE ? ATOLL_GPIO_OPEN_SOURCE :
	       ATOLL_GPIO_PUSH_PULL;
}

static void tell(struct gpiod_line_info *line, struct atoll_gpio_info *info)
{
	const char *name = gpiod_line_info_get_name(line);
	const char *consumer = gpiod_line_info_get_consumer(line);

	*info = (struct atoll_gpio_info){
		.is_used = gpiod_line_info_is_used(line),
		.is_output = gpiod_line_info_get_direction(line) == GPIOD_LINE_DIRECTION_OUTPUT,
		.is_active_low = gpiod_line_info_is_active_low(line),
		.bias = bias_of(gpiod_line_info_get_bias(line)),
		.drive = drive_of(gpiod_line_info_get_drive(line)),
	};
	(void)snprintf(info->name, sizeof(info->name), "%s", name ? name : "");
	(void)snprintf(info->consumer, sizeof(info->consumer), "%s", consumer ? consumer : "");
}

static int look(const char *node, uint32_t line, struct atoll_gpio_info *info)
{
	struct gpiod_chip *chip = gpiod_chip_open(node);
	struct gpiod_line_info *found = chip ? gpiod_chip_get_line_info(chip, line) : NULL;
	int r = found ? 0 : -errno;

	if (found) {
		tell(found, info);
		gpiod_line_info_free(found);
	}
	if (chip)
		gpiod_chip_close(chip);
	return r;
}

/* All lines alike; so it works with libgpiod 2.0, too. */
static int settle(struct gpiod_line_settings *settings, const struct gpio_request *request)
{
	static const enum gpiod_line_direction direction[] = {
		[ATOLL_GPIO_AS_IS] = GPIOD_LINE_DIRECTION_AS_IS,
		[ATOLL_GPIO_IN] = GPIOD_LINE_DIRECTION_INPUT,
		[ATOLL_GPIO_OUT] = GPIOD_LINE_DIRECTION_OUTPUT,
	};
	static const enum gpiod_line_bias bias[] = {
		[ATOLL_GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
		[ATOLL_GPIO_NO_PULL] = GPIOD_LINE_BIAS_DISABLED,
		[ATOLL_GPIO_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
		[ATOLL_GPIO_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
	};
	static const enum gpiod_line_drive drive[] = {
		[ATOLL_GPIO_PUSH_PULL] = GPIOD_LINE_DRIVE_PUSH_PULL,
		[ATOLL_GPIO_OPEN_DRAIN] = GPIOD_LINE_DRIVE_OPEN_DRAIN,
		[ATOLL_GPIO_OPEN_SOURCE] = GPIOD_LINE_DRIVE_OPEN_SOURCE,
	};
	static const enum gpiod_line_edge edge[] = {
		[ATOLL_GPIO_NO_EDGES] = GPIOD_LINE_EDGE_NONE,
		[ATOLL_GPIO_RISING] = GPIOD_LINE_EDGE_RISING,
		[ATOLL_GPIO_FALLING] = GPIOD_LINE_EDGE_FALLING,
		[ATOLL_GPIO_BOTH_EDGES] = GPIOD_LINE_EDGE_BOTH,
	};

	if (gpiod_line_settings_set_direction(settings, direction[request->direction]) < 0 ||
	    gpiod_line_settings_set_bias(settings, bias[request->bias]) < 0 ||
	    gpiod_line_settings_set_drive(settings, drive[request->drive]) < 0 ||
	    gpiod_line_settings_set_edge_detection(settings, edge[request->edges]) < 0 ||
	    gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC) < 0)
		return -errno;
	gpiod_line_settings_set_active_low(settings, request->is_active_low);
	return 0;
}

static void spread(uint32_t levels, enum gpiod_line_value values[ATOLL_GPIO_LINES_MAX])
{
	for (uint32_t i = 0; i < ATOLL_GPIO_LINES_MAX; i++)
		values[i] = levels >> i & 1 ? GPIOD_LINE_VALUE_ACTIVE :
					      GPIOD_LINE_VALUE_INACTIVE;
}

static int fill_lines(struct gpiod_line_config *lines, struct gpiod_line_settings *settings,
		      const struct gpio_request *request)
{
	enum gpiod_line_value values[ATOLL_GPIO_LINES_MAX];
	unsigned offsets[ATOLL_GPIO_LINES_MAX];
	int r = settle(settings, request);

	for (uint32_t i = 0; i < request->count; i++)
		offsets[i] = request->lines[i];
	spread(request->levels, values);
	if (r == 0 && (gpiod_line_config_add_line_settings(lines, offsets, request->count,
							   settings) < 0 ||
		       (request->direction == ATOLL_GPIO_OUT &&
			gpiod_line_config_set_output_values(lines, values,
							    request->count) < 0)))
		r = -errno;
	return r;
}

static int request_from(struct gpiod_chip *chip, const struct gpio_request *request,
			struct gpiod_line_request **made)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *lines = gpiod_line_config_new();
	struct gpiod_request_config *config = gpiod_request_config_new();
	int r = settings && lines && config ? 0 : -ENOMEM;

	if (r == 0)
		r = fill_lines(lines, settings, request);
	if (r == 0) {
		gpiod_request_config_set_consumer(config, request->consumer);
		*made = gpiod_chip_request_lines(chip, config, lines);
		r = *made ? 0 : -errno;
	}
	gpiod_request_config_free(config);
	gpiod_line_config_free(lines);
	gpiod_line_settings_free(settings);
	return r;
}

static void release(struct gpio_lines *lines)
{
	if (lines->events)
		gpiod_edge_event_buffer_free(lines->events);
	if (lines->request)
		gpiod_line_request_release(lines->request);
	free(lines);
}

/* Whoever reads more than there is does not wait. */
static int prepare_edges(struct gpio_lines *lines)
{
	int fd = gpiod_line_request_get_fd(lines->request);

	lines->events = gpiod_edge_event_buffer_new(GPIO_QUEUE);
	if (!lines->events)
		return -ENOMEM;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 ? -errno : 0;
}

static int request_on(struct gpio_lines *lines, const char *node,
		      const struct gpio_request *request)
{
	struct gpiod_chip *chip = gpiod_chip_open(node);
	int r;

	if (!chip)
		return -errno;
	lines->count = request->count;
	for (uint32_t i = 0; i < request->count; i++)
		lines->offsets[i] = request->lines[i];
	r = request_from(chip, request, &lines->request);
	gpiod_chip_close(chip); /* its lines go on without it */
	return r == 0 && request->edges ? prepare_edges(lines) : r;
}

static int request_lines(const char *node, const struct gpio_request *request,
			 struct gpio_lines **lines)
{
	struct gpio_lines *made = calloc(1, sizeof(*made));
	int r = made ? request_on(made, node, request) : -ENOMEM;

	if (r == 0)
		*lines = made;
	else if (made)
		release(made);
	return r;
}

static int get(struct gpio_lines *lines, uint32_t *levels)
{
	enum gpiod_line_value values[ATOLL_GPIO_LINES_MAX];

	if (gpiod_line_request_get_values_subset(lines->request, lines->count, lines->offsets,
						 values) < 0)
		return -errno;
	*levels = 0;
	for (uint32_t i = 0; i < lines->count; i++)
		*levels |= (values[i] == GPIOD_LINE_VALUE_ACTIVE ? UINT32_C(1) : 0) << i;
	return 0;
}

static int set(struct gpio_lines *lines, uint32_t levels)
{
	enum gpiod_line_value values[ATOLL_GPIO_LINES_MAX];

	spread(levels, values);
	return gpiod_line_request_set_values_subset(lines->request, lines->count,
						    lines->offsets, values) < 0 ? -errno : 0;
}

static int queue(struct gpio_lines *lines, uint32_t q)
{
	return lines->events && q == 0 ? gpiod_line_request_get_fd(lines->request) : -ENOENT;
}

static void take_over(const struct gpio_lines *lines, struct gpiod_edge_event *event,
		      struct gpio_edge *edge)
{
	unsigned offset = gpiod_edge_event_get_line_offset(event);
	uint32_t i = 0;

	while (i < lines->count && lines->offsets[i] != offset)
		i++;
	*edge = (struct gpio_edge){
		.i = i,
		.is_rising = gpiod_edge_event_get_event_type(event) ==
			     GPIOD_EDGE_EVENT_RISING_EDGE,
		.time_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(event),
		.number = (uint32_t)gpiod_edge_event_get_line_seqno(event),
	};
}

static int edges(struct gpio_lines *lines, uint32_t q, struct gpio_edge *told, uint32_t room)
{
	int count = gpiod_line_request_read_edge_events(lines->request, lines->events,
							room < GPIO_QUEUE ? room : GPIO_QUEUE);

	(void)q; /* there is one */
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++)
		take_over(lines, gpiod_edge_event_buffer_get_event(lines->events,
								   (unsigned long)i),
			  &told[i]);
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
