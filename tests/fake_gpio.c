/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fake_gpio.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define NS INT64_C(1000000000)

/* What the kernel keeps of edges, of which an eventfd tells. */
struct queue {
	int fd;
	struct gpio_edge edges[2 * GPIO_QUEUE];
	uint32_t count, room;
};

struct gpio_lines {
	struct fake_chip *chip; /* NULL: it left */
	struct gpio_request request;
	struct queue queues[ATOLL_GPIO_LINES_MAX];
	uint32_t queue_count;
	uint32_t numbers[ATOLL_GPIO_LINES_MAX];
	int leaving_fd;
};

struct fake_gpio fake_gpio;
const struct atoll_chip_place fake_gpio_place = { .alias = "soc", .label = "fake" };

/* Every request that is out, and what is to happen by itself. */
static struct gpio_lines *all[32];
static struct plan {
	int64_t time_ns;         /* 0: none */
	unsigned chip, line;
	int level;
} plans[FAKE_PLANS];

void fake_gpio_reset(void)
{
	fake_gpio = (struct fake_gpio){
		.fails_with = -EIO, .now_ns = 1000 * NS, .real_ns = 1700000000 * NS,
	};
	memset(plans, 0, sizeof(plans));
	memset(all, 0, sizeof(all)); /* of a test that failed */
	fake_gpio.chip[0] = (struct fake_chip){
		.label = "fake",
		.device = "/sys/devices/platform/10000000.pinctrl/gpiochip0",
		.lines = FAKE_LINES,
	};
}

static bool fails(void)
{
	return ++fake_gpio.calls == fake_gpio.fails_at;
}

/* NULL: it left. */
static struct fake_chip *chip_of(const char *node)
{
	unsigned i = 0;

	if (sscanf(node, "/dev/gpiochip%u", &i) != 1 || i >= FAKE_CHIPS)
		abort();
	return fake_gpio.chip[i].lines ? &fake_gpio.chip[i] : NULL;
}

static int fake_list(struct gpio_chip *list, uint32_t room)
{
	uint32_t count = 0;

	if (fails())
		return fake_gpio.fails_with;
	for (uint32_t i = 0; i < FAKE_CHIPS; i++) {
		const struct fake_chip *chip = &fake_gpio.chip[i];
		struct gpio_chip *entry = &list[count];

		if (!chip->lines || count++ >= room)
			continue;
		*entry = (struct gpio_chip){ .trouble = chip->trouble };
		(void)snprintf(entry->node, sizeof(entry->node), "/dev/gpiochip%u", i);
		(void)snprintf(entry->device, sizeof(entry->device), "%s", chip->device);
		(void)snprintf(entry->group, sizeof(entry->group), "%s",
			       chip->group ? chip->group : "");
		if (chip->trouble)
			continue;
		(void)snprintf(entry->label, sizeof(entry->label), "%s", chip->label);
		entry->lines = chip->lines;
	}
	return (int)count;
}

static int fake_look(const char *node, uint32_t number, struct atoll_gpio_info *info)
{
	const struct fake_chip *chip = chip_of(node);
	const struct fake_line *line;

	if (fails())
		return fake_gpio.fails_with;
	if (!chip)
		return -ENODEV;
	if (number >= chip->lines)
		return -EINVAL;
	line = &chip->line[number];
	*info = (struct atoll_gpio_info){
		.is_used = line->is_ours || line->consumer,
		.is_output = line->is_output,
		.is_active_low = line->is_active_low,
		.bias = line->bias,
		.drive = line->drive,
	};
	(void)snprintf(info->name, sizeof(info->name), "%s", line->name ? line->name : "");
	(void)snprintf(info->consumer, sizeof(info->consumer), "%s",
		       line->is_ours ? line->by : line->consumer ? line->consumer : "");
	return 0;
}

static int may_request(const struct fake_chip *chip, const struct gpio_request *request)
{
	if (!chip)
		return -ENODEV;
	if (chip->trouble)
		return chip->trouble;
	if (chip->request_error)
		return chip->request_error;
	if (request->bias && chip->has_no_bias)
		return -EINVAL;
	for (uint32_t i = 0; i < request->count; i++) {
		const struct fake_line *line = &chip->line[request->lines[i]];

		if (line->is_ours || line->consumer)
			return -EBUSY;
	}
	return request->edges && chip->has_no_interrupts ? -ENODEV : 0;
}

static void take(struct fake_line *line, const struct gpio_request *request, int level)
{
	line->is_ours = true;
	if (request->direction)
		line->is_output = request->direction == ATOLL_GPIO_OUT;
	line->is_active_low = request->is_active_low;
	line->bias = request->bias;
	line->drive = request->drive;
	line->edges = request->edges;
	(void)snprintf(line->by, sizeof(line->by), "%s", request->consumer);
	if (request->direction == ATOLL_GPIO_OUT)
		line->level = level != request->is_active_low;
}

static int fake_request(const char *node, const struct gpio_request *request,
			struct gpio_lines **lines)
{
	struct fake_chip *chip = chip_of(node);
	int r = fails() ? fake_gpio.fails_with : may_request(chip, request);
	size_t place = 0;

	if (r < 0)
		return r;
	while (all[place])
		place++;
	all[place] = *lines = calloc(1, sizeof(**lines));
	(*lines)->chip = chip;
	(*lines)->request = *request;
	(*lines)->leaving_fd = -1;
	(*lines)->queue_count = !request->edges ? 0 : fake_gpio.is_v2 ? 1 : request->count;
	for (uint32_t q = 0; q < (*lines)->queue_count; q++)
		(*lines)->queues[q] = (struct queue){
			.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			.room = fake_gpio.is_v2 ? 2 * GPIO_QUEUE : GPIO_QUEUE,
		};
	for (uint32_t i = 0; i < request->count; i++)
		take(&chip->line[request->lines[i]], request, request->levels >> i & 1);
	fake_gpio.opened++;
	return 0;
}

static void fake_release(struct gpio_lines *lines)
{
	size_t place = 0;

	while (all[place] != lines)
		place++;
	all[place] = NULL;
	fake_gpio.opened--;
	for (uint32_t i = 0; lines->chip && i < lines->request.count; i++)
		lines->chip->line[lines->request.lines[i]].is_ours = false;
	for (uint32_t q = 0; q < lines->queue_count; q++)
		(void)close(lines->queues[q].fd);
	free(lines);
}

static int fake_get(struct gpio_lines *lines, uint32_t *levels)
{
	if (fails())
		return fake_gpio.fails_with;
	if (!lines->chip)
		return -ENODEV;
	*levels = 0;
	for (uint32_t i = 0; i < lines->request.count; i++) {
		const struct fake_line *line = &lines->chip->line[lines->request.lines[i]];

		*levels |= (uint32_t)(line->level != line->is_active_low) << i;
	}
	return 0;
}

static int fake_set(struct gpio_lines *lines, uint32_t levels)
{
	if (fails())
		return fake_gpio.fails_with;
	if (!lines->chip)
		return -ENODEV;
	for (uint32_t i = 0; i < lines->request.count; i++) {
		struct fake_line *line = &lines->chip->line[lines->request.lines[i]];

		line->level = (int)(levels >> i & 1) != line->is_active_low;
	}
	return 0;
}

static int fake_queue(struct gpio_lines *lines, uint32_t q)
{
	if (fails())
		return fake_gpio.fails_with;
	return q < lines->queue_count ? lines->queues[q].fd : -ENOENT;
}

static int fake_edges(struct gpio_lines *lines, uint32_t q, struct gpio_edge *edges,
		      uint32_t room)
{
	struct queue *queue = &lines->queues[q];
	uint32_t count = queue->count < room ? queue->count : room;
	uint64_t word;

	if (fails())
		return fake_gpio.fails_with;
	if (!lines->chip)
		return -ENODEV;
	if (!count)
		return -EAGAIN;
	memcpy(edges, queue->edges, count * sizeof(*edges));
	queue->count -= count;
	memmove(queue->edges, queue->edges + count, queue->count * sizeof(*edges));
	if (!queue->count && read(queue->fd, &word, sizeof(word)) < 0)
		abort();
	return (int)count;
}

static int fake_leaving(const char *node)
{
	const struct fake_chip *chip = chip_of(node);

	if (fails())
		return fake_gpio.fails_with;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] && all[i]->chip == chip && all[i]->leaving_fd < 0)
			return all[i]->leaving_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return -ENOENT;
}

/* The first of what is planned until then. */
static struct plan *find_plan(int64_t until_ns)
{
	struct plan *first = NULL;

	for (size_t i = 0; i < FAKE_PLANS; i++)
		if (plans[i].time_ns && plans[i].time_ns <= until_ns &&
		    (!first || plans[i].time_ns < first->time_ns))
			first = &plans[i];
	return first;
}

static bool is_readable(int fd)
{
	struct pollfd watch = { .fd = fd, .events = POLLIN };

	return poll(&watch, 1, 0) > 0;
}

static int fake_wait(int fd, int timeout_ms)
{
	int64_t until_ns = timeout_ms < 0 ? INT64_MAX :
		fake_gpio.now_ns + timeout_ms * (NS / 1000);
	struct plan *plan;

	if (fake_gpio.interruptions) {
		fake_gpio.interruptions--;
		return -EINTR;
	}
	if (fails())
		return fake_gpio.fails_with;
	while (!is_readable(fd) && (plan = find_plan(until_ns))) {
		fake_gpio.now_ns = plan->time_ns;
		plan->time_ns = 0;
		fake_gpio_drive(plan->chip, plan->line, plan->level);
	}
	if (is_readable(fd))
		return 1;
	if (timeout_ms < 0)
		abort(); /* for ever */
	fake_gpio.now_ns = until_ns;
	return 0;
}

static int64_t fake_now_ns(void)
{
	return fake_gpio.now_ns;
}

static int64_t fake_real_ns(void)
{
	return fake_gpio.real_ns + fake_gpio.now_ns;
}

static int fake_holder(const char *node, uint32_t line, char *text, size_t size)
{
	const struct fake_chip *chip = chip_of(node);

	if (!chip || !chip->line[line].holder)
		return -ENOENT;
	(void)snprintf(text, size, "%s", chip->line[line].holder);
	return 0;
}

const struct gpio_system fake_gpio_system = {
	.list = fake_list,
	.look = fake_look,
	.request = fake_request,
	.release = fake_release,
	.get = fake_get,
	.set = fake_set,
	.queue = fake_queue,
	.edges = fake_edges,
	.leaving = fake_leaving,
	.wait = fake_wait,
	.now_ns = fake_now_ns,
	.real_ns = fake_real_ns,
	.holder = fake_holder,
};

/* The old interface drops what does not fit, the new one the oldest. */
static void append(struct queue *queue, const struct gpio_edge *edge)
{
	uint64_t one = 1;

	if (queue->count == queue->room && !edge->number)
		return;
	if (queue->count == queue->room)
		memmove(queue->edges, queue->edges + 1,
			--queue->count * sizeof(queue->edges[0]));
	queue->edges[queue->count++] = *edge;
	if (write(queue->fd, &one, sizeof(one)) < 0)
		abort();
}

static void tell(struct gpio_lines *lines, uint32_t i, int level)
{
	const struct fake_line *line = &lines->chip->line[lines->request.lines[i]];
	struct gpio_edge edge = {
		.i = i,
		.is_rising = level != line->is_active_low,
		.time_ns = fake_gpio.stamps_real ? fake_real_ns() : fake_gpio.now_ns,
		.number = fake_gpio.is_v2 ? lines->numbers[i] + 1 : 0,
	};

	if (line->edges == ATOLL_GPIO_NO_EDGES ||
	    line->edges == (edge.is_rising ? ATOLL_GPIO_FALLING : ATOLL_GPIO_RISING))
		return;
	lines->numbers[i]++;
	append(&lines->queues[fake_gpio.is_v2 ? 0 : i], &edge);
}

void fake_gpio_drive(unsigned chip, unsigned line, int level)
{
	struct fake_line *driven = &fake_gpio.chip[chip].line[line];

	if (driven->level == level)
		return;
	driven->level = level;
	for (size_t place = 0; place < sizeof(all) / sizeof(all[0]); place++)
		for (uint32_t i = 0; all[place] && i < all[place]->request.count; i++)
			if (all[place]->chip == &fake_gpio.chip[chip] &&
			    all[place]->request.lines[i] == line)
				tell(all[place], i, level);
}

void fake_gpio_drive_at(int ms, unsigned chip, unsigned line, int level)
{
	size_t place = 0;

	while (plans[place].time_ns)
		place++;
	plans[place] = (struct plan){
		fake_gpio.now_ns + ms * (NS / 1000), chip, line, level,
	};
}

void fake_gpio_unplug(unsigned chip)
{
	uint64_t one = 1;

	for (size_t place = 0; place < sizeof(all) / sizeof(all[0]); place++) {
		struct gpio_lines *lines = all[place];

		if (!lines || lines->chip != &fake_gpio.chip[chip])
			continue;
		lines->chip = NULL;
		if (!fake_gpio.tells_not && lines->leaving_fd >= 0 &&
		    write(lines->leaving_fd, &one, sizeof(one)) < 0)
			abort();
		lines->leaving_fd = -1; /* its owner closes it */
	}
	memset(&fake_gpio.chip[chip], 0, sizeof(fake_gpio.chip[chip]));
}
