/* SPDX-License-Identifier: Apache-2.0 */
#include "board/gpio.h"

#include "board/gpio_handle.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Linux's own ENOTSUPP, which drivers let slip out. */
#define KERNEL_ENOTSUPP 524

/* "line 7", "lines 7, 9", and of very many the first. */
static void name_lines(const struct gpio_group *group, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "line%s", group->count > 1 ? "s" : "");

	for (uint32_t i = 0; i < group->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s %u", i ? "," : "",
					 group->offset[i]);
}

int gpio_failed(const struct gpio_group *group, int r, struct atoll_error *err)
{
	char lines[64];

	name_lines(group, lines, sizeof(lines));
	return atoll_error_set(err, r, "gpio: %s: %s: %s", group->name, lines,
			       r == -ENODEV ? "the chip is gone" : strerror(-r));
}

/* What others put there is shown to people. */
static void clean(char *text)
{
	for (char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
}

static int look(const struct gpio_system *system, const char *node, uint32_t line,
		struct atoll_gpio_info *info)
{
	int r;

	*info = (struct atoll_gpio_info){ 0 };
	r = system->look(node, line, info);
	clean(info->name);
	clean(info->consumer);
	return r;
}

/* The first of the lines that somebody has, and who. */
static int is_busy(const struct gpio_system *system, const struct gpio_group *group,
		   struct atoll_error *err)
{
	struct atoll_gpio_info info = { 0 };
	char holder[64];
	uint32_t i = 0;

	while (i < group->count && (look(system, group->node, group->offset[i], &info) < 0 ||
				    !info.is_used))
		i++;
	if (i == group->count) /* nobody any more */
		return gpio_failed(group, -EBUSY, err);
	if (system->holder(group->node, group->offset[i], holder, sizeof(holder)) < 0)
		return atoll_error_set(err, -EBUSY, "gpio: %s: line %u: in use by %s%s%s",
				       group->name, group->offset[i],
				       info.consumer[0] ? "\"" : "",
				       info.consumer[0] ? info.consumer : "the kernel",
				       info.consumer[0] ? "\"" : "");
	return atoll_error_set(err, -EBUSY, "gpio: %s: line %u: in use by \"%s\" (%s)",
			       group->name, group->offset[i], info.consumer, holder);
}

/* What a refused request means. */
static int is_refused(const struct atoll_gpio *gpio, const struct gpio_group *group, int r,
		      struct atoll_error *err)
{
	const struct atoll_gpio_options *options = &gpio->options;
	struct atoll_gpio_info info;
	char lines[64];

	if (r == -EBUSY)
		return is_busy(gpio->system, group, err);
	if (r == -KERNEL_ENOTSUPP || r == -EOPNOTSUPP || r == -EINVAL)
		r = -ENOTSUP;
	/* A line without an interrupt is no device, says the kernel; but there it is. */
	if (options->edges && (r == -ENODEV || r == -ENXIO) &&
	    look(gpio->system, group->node, group->offset[0], &info) == 0)
		r = -ENOTSUP;
	if (r != -ENOTSUP)
		return gpio_failed(group, r, err);
	name_lines(group, lines, sizeof(lines));
	return atoll_error_set(err, r, "gpio: %s: %s: %s", group->name, lines,
		options->bias ? "bias cannot be set (Linux can since 5.5, where the chip can)" :
		options->edges ? "edges cannot be told (it has no interrupt)" :
		options->drive ? "this drive cannot be had" : "the kernel cannot do that");
}

static int request(struct atoll_gpio *gpio, struct gpio_group *group, struct atoll_error *err)
{
	const struct atoll_gpio_options *options = &gpio->options;
	struct gpio_request wish = {
		.consumer = options->consumer,
		.direction = options->direction,
		.bias = options->bias,
		.drive = options->drive,
		.edges = gpio_edges_wanted(options),
		.is_active_low = options->is_active_low,
		.count = group->count,
	};
	int r;

	for (uint32_t i = 0; i < group->count; i++) {
		wish.lines[i] = group->offset[i];
		wish.levels |= (options->levels >> group->index[i] & 1) << i;
	}
	r = gpio->system->request(group->node, &wish, &group->lines);
	return r < 0 ? is_refused(gpio, group, r, err) : 0;
}

/* The group of the chip at that place, a new one if need be. */
static struct gpio_group *group_of(struct atoll_gpio *gpio, const struct gpio_chip *chip,
				   const struct atoll_chip_place *place)
{
	struct gpio_group *group = gpio->groups;

	while (group < gpio->groups + gpio->group_count && strcmp(group->node, chip->node) != 0)
		group++;
	if (group == gpio->groups + gpio->group_count) {
		gpio->group_count++;
		group->leaving_fd = -1;
		(void)strcpy(group->node, chip->node);
		(void)snprintf(group->name, sizeof(group->name), "%s", gpio_place_name(place));
	}
	return group;
}

static int add(struct atoll_gpio *gpio, const struct gpio_chip *chip,
	       const struct atoll_gpio_line *line, struct atoll_error *err)
{
	const char *name = gpio_place_name(line->chip);
	struct gpio_group *group = group_of(gpio, chip, line->chip);

	if (line->line >= chip->lines)
		return atoll_error_set(err, -EINVAL, "gpio: %s: line %u: it has %u lines", name,
				       line->line, chip->lines);
	for (uint32_t i = 0; i < group->count; i++)
		if (group->offset[i] == line->line)
			return atoll_error_set(err, -EINVAL, "gpio: %s: line %u: asked for twice",
					       name, line->line);
	group->offset[group->count] = line->line;
	group->index[group->count++] = gpio->count++;
	return 0;
}

static int add_all(struct atoll_gpio *gpio, const struct atoll_gpio_line *lines,
		   uint32_t count, struct atoll_error *err)
{
	struct gpio_chip chip = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		int r = 0;

		if (i == 0 || lines[i].chip != lines[i - 1].chip)
			r = gpio_find(gpio->system, lines[i].chip, &chip, err);
		if (r == 0)
			r = add(gpio, &chip, &lines[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check(uint32_t count, const struct atoll_gpio_options *options,
		 struct atoll_error *err)
{
	const char *why = NULL;

	if (count == 0 || count > ATOLL_GPIO_LINES_MAX)
		return atoll_error_set(err, -EINVAL, "gpio: %u lines: 1 to %u can be opened at once",
				       count, ATOLL_GPIO_LINES_MAX);
	if (options->edges && options->direction != ATOLL_GPIO_IN)
		why = "edges are told of inputs";
	else if (options->debounce_ms && !options->edges)
		why = "edges are debounced, and none were asked for";
	else if (options->bias && options->direction == ATOLL_GPIO_AS_IS)
		why = "bias is set together with a direction";
	else if (options->drive && options->direction != ATOLL_GPIO_OUT)
		why = "drive is for outputs";
	return why ? atoll_error_set(err, -EINVAL, "gpio: options: %s", why) : 0;
}

static int open_all(struct atoll_gpio *gpio, const struct atoll_gpio_line *lines,
		    uint32_t count, struct atoll_error *err)
{
	int r = check(count, &gpio->options, err);

	if (r == 0)
		r = add_all(gpio, lines, count, err);
	for (uint32_t g = 0; r == 0 && g < gpio->group_count; g++)
		r = request(gpio, &gpio->groups[g], err);
	if (r == 0 && gpio->options.edges)
		r = gpio_edges_open(gpio, err);
	return r;
}

ATOLL_API struct atoll_gpio *atoll_gpio_open(const struct gpio_system *system,
					     const struct atoll_gpio_line *lines,
					     uint32_t count,
					     const struct atoll_gpio_options *options,
					     struct atoll_error *err)
{
	struct atoll_gpio *gpio = calloc(1, sizeof(*gpio));

	if (!gpio) {
		atoll_error_set(err, -ENOMEM, "gpio: out of memory");
		return NULL;
	}
	gpio->system = system ? system : &gpio_libgpiod;
	gpio->options = *options;
	gpio->levels = options->levels;
	gpio->poll_fd = gpio->timer_fd = -1;
	if (!gpio->options.consumer)
		gpio->options.consumer = "atoll";
	if (open_all(gpio, lines, count, err) < 0) {
		atoll_gpio_close(gpio);
		return NULL;
	}
	gpio->options.consumer = NULL; /* it was lent */
	return gpio;
}

ATOLL_API void atoll_gpio_close(struct atoll_gpio *gpio)
{
	if (!gpio)
		return;
	gpio_edges_close(gpio);
	for (uint32_t g = 0; g < gpio->group_count; g++)
		if (gpio->groups[g].lines)
			gpio->system->release(gpio->groups[g].lines);
	free(gpio);
}

ATOLL_API int atoll_gpio_get(struct atoll_gpio *gpio, uint32_t *levels, struct atoll_error *err)
{
	uint32_t all = 0;

	for (uint32_t g = 0; g < gpio->group_count; g++) {
		const struct gpio_group *group = &gpio->groups[g];
		uint32_t some = 0;
		int r = gpio->system->get(group->lines, &some);

		if (r < 0)
			return gpio_failed(group, r, err);
		for (uint32_t i = 0; i < group->count; i++)
			all |= (some >> i & 1) << group->index[i];
	}
	*levels = all;
	return 0;
}

/* Lines that were requested together are set together, the others as they were. */
static int set_group(const struct atoll_gpio *gpio, const struct gpio_group *group,
		     uint32_t mask, uint32_t all, struct atoll_error *err)
{
	uint32_t some = 0;
	bool is_meant = false;
	int r;

	for (uint32_t i = 0; i < group->count; i++) {
		is_meant |= mask >> group->index[i] & 1;
		some |= (all >> group->index[i] & 1) << i;
	}
	r = is_meant ? gpio->system->set(group->lines, some) : 0;
	return r < 0 ? gpio_failed(group, r, err) : 0;
}

ATOLL_API int atoll_gpio_set(struct atoll_gpio *gpio, uint32_t mask, uint32_t levels,
			     struct atoll_error *err)
{
	uint32_t all = (gpio->levels & ~mask) | (levels & mask);

	if (gpio->options.direction != ATOLL_GPIO_OUT)
		return atoll_error_set(err, -EPERM, "gpio: %s: set: not opened as outputs",
				       gpio->groups[0].name);
	if (gpio->count < ATOLL_GPIO_LINES_MAX && mask >> gpio->count)
		return atoll_error_set(err, -EINVAL, "gpio: set: mask %#x: there are %u lines",
				       mask, gpio->count);
	for (uint32_t g = 0; g < gpio->group_count; g++) {
		int r = set_group(gpio, &gpio->groups[g], mask, all, err);

		if (r < 0)
			return r;
	}
	gpio->levels = all;
	return 0;
}

ATOLL_API int atoll_gpio_look(const struct gpio_system *system,
			      const struct atoll_gpio_line *line,
			      struct atoll_gpio_info *info, struct atoll_error *err)
{
	struct atoll_gpio_info found;
	struct gpio_chip chip;
	int r;

	if (!system)
		system = &gpio_libgpiod;
	r = gpio_find(system, line->chip, &chip, err);
	if (r < 0)
		return r;
	if (line->line >= chip.lines)
		return atoll_error_set(err, -EINVAL, "gpio: %s: line %u: it has %u lines",
				       gpio_place_name(line->chip), line->line, chip.lines);
	r = look(system, chip.node, line->line, &found);
	if (r < 0)
		return atoll_error_set(err, r, "gpio: %s: line %u: %s",
				       gpio_place_name(line->chip), line->line,
				       r == -ENODEV ? "the chip is gone" : strerror(-r));
	*info = found;
	return 0;
}
