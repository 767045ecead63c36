/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edges of many lines, told one by one in the order of their time stamps: the oldest
 * of what waits in every queue, or a debounced level that has stayed until then. One
 * descriptor watches the queues, chips that leave, and a timer for what is due without
 * anything more coming from the kernel.
 */
#include "board/gpio_handle.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS INT64_C(1000000000)

/* What an epoll event is about: a queue by its number, or: */
enum { TIMER = 1000, LEAVING = 2000 /* and the group */ };

/* To know a level both its edges are needed. */
enum atoll_gpio_edges gpio_edges_wanted(const struct atoll_gpio_options *options)
{
	return options->debounce_ms ? ATOLL_GPIO_BOTH_EDGES : options->edges;
}

static int watch(const struct atoll_gpio *gpio, int fd, uint32_t what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = what };

	return epoll_ctl(gpio->poll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int add_queues(struct atoll_gpio *gpio, uint32_t g)
{
	const struct gpio_group *group = &gpio->groups[g];

	for (uint32_t q = 0; q < group->count; q++) {
		int fd = gpio->system->queue(group->lines, q), r;

		if (fd == -ENOENT)
			return 0;
		r = fd < 0 ? fd : watch(gpio, fd, gpio->queue_count);
		if (r < 0)
			return r;
		gpio->queues[gpio->queue_count++] = (struct gpio_queue){ .group = g, .q = q };
	}
	return 0;
}

/* Without it, kernels that tell by the queues still do. */
static void watch_leaving(struct atoll_gpio *gpio, uint32_t g)
{
	struct gpio_group *group = &gpio->groups[g];

	group->leaving_fd = gpio->system->leaving(group->node);
	if (group->leaving_fd >= 0)
		(void)watch(gpio, group->leaving_fd, LEAVING + g);
}

static int start_debouncing(struct atoll_gpio *gpio, struct atoll_error *err)
{
	uint32_t levels;
	int r = atoll_gpio_get(gpio, &levels, err);

	for (uint32_t i = 0; r == 0 && i < gpio->count; i++)
		debounce_start(&gpio->heard[i].debounce,
			       gpio->options.debounce_ms * (NS / 1000), levels >> i & 1);
	return r;
}

int gpio_edges_open(struct atoll_gpio *gpio, struct atoll_error *err)
{
	int r = 0;

	gpio->alarm_ns = INT64_MAX;
	gpio->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	gpio->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (gpio->poll_fd < 0 || gpio->timer_fd < 0)
		r = -errno;
	if (r == 0)
		r = watch(gpio, gpio->timer_fd, TIMER);
	for (uint32_t g = 0; r == 0 && g < gpio->group_count; g++) {
		r = add_queues(gpio, g);
		watch_leaving(gpio, g);
	}
	if (r < 0)
		return atoll_error_set(err, r, "gpio: %s: watching for edges: %s",
				       gpio->groups[0].name, strerror(-r));
	return gpio->options.debounce_ms ? start_debouncing(gpio, err) : 0;
}

static void close_one(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* nothing in it */
}

void gpio_edges_close(struct atoll_gpio *gpio)
{
	close_one(gpio->poll_fd);
	close_one(gpio->timer_fd);
	for (uint32_t g = 0; g < gpio->group_count; g++)
		close_one(gpio->groups[g].leaving_fd);
}

ATOLL_API int atoll_gpio_fd(const struct atoll_gpio *gpio)
{
	return gpio->poll_fd;
}

/*
 * Kernels before 5.7 stamp with the clock on the wall, which is years ahead of the other
 * unless it was never set, and then they agree well enough. What comes out is never
 * ahead of now, however that clock was set in between.
 */
static int64_t monotonic_ns(const struct gpio_system *system, int64_t time_ns)
{
	int64_t now_ns = system->now_ns();

	if (time_ns > now_ns + NS)
		time_ns -= system->real_ns() - now_ns;
	return time_ns < now_ns ? time_ns : now_ns;
}

/* Read what waits, unless we have some of it still. */
static int fill(struct atoll_gpio *gpio, struct gpio_queue *queue)
{
	const struct gpio_group *group = &gpio->groups[queue->group];
	int r;

	if (queue->count)
		return 0;
	r = gpio->system->edges(group->lines, queue->q, queue->edges, GPIO_QUEUE);
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	queue->next = 0;
	queue->count = (uint32_t)r;
	queue->has_more = queue->count == GPIO_QUEUE;
	for (uint32_t i = 0; i < queue->count; i++)
		queue->edges[i].time_ns =
			monotonic_ns(gpio->system, queue->edges[i].time_ns);
	return 0;
}

static void swallow(int fd)
{
	char words[512];

	while (read(fd, words, sizeof(words)) > 0)
		;
}

/* A queue is ready, or its chip has left. */
static void hear(struct atoll_gpio *gpio, struct gpio_queue *queue, uint32_t events)
{
	int r = fill(gpio, queue);

	if (r == 0 && !queue->count && events & (EPOLLERR | EPOLLHUP))
		r = -ENODEV;
	if (r < 0)
		gpio->groups[queue->group].trouble = r;
}

/* Something happened to the node: is the chip still there? */
static void see(const struct atoll_gpio *gpio, struct gpio_group *group)
{
	uint32_t levels;
	int r = gpio->system->get(group->lines, &levels);

	swallow(group->leaving_fd);
	if (r < 0)
		group->trouble = r;
}

/* Take in what is ready. */
static void refill(struct atoll_gpio *gpio)
{
	struct epoll_event events[2 * ATOLL_GPIO_LINES_MAX + 1];
	int count = epoll_wait(gpio->poll_fd, events, 2 * ATOLL_GPIO_LINES_MAX + 1, 0);

	for (int i = 0; i < count; i++) {
		uint32_t what = events[i].data.u32;

		if (what >= LEAVING) {
			see(gpio, &gpio->groups[what - LEAVING]);
		} else if (what == TIMER) {
			swallow(gpio->timer_fd);
			gpio->alarm_ns = INT64_MAX;
		} else {
			hear(gpio, &gpio->queues[what], events[i].events);
		}
	}
}

/* The queue whose first edge is the oldest of all; NULL: they are empty. */
static struct gpio_queue *find_oldest(struct atoll_gpio *gpio)
{
	struct gpio_queue *oldest = NULL;

	for (uint32_t i = 0; i < gpio->queue_count; i++) {
		struct gpio_queue *queue = &gpio->queues[i];

		if (queue->count && (!oldest || queue->edges[queue->next].time_ns <
				     oldest->edges[oldest->next].time_ns))
			oldest = queue;
	}
	return oldest;
}

/* The line that is to settle first, and when; INT64_MAX: none is. */
static int64_t find_due(const struct atoll_gpio *gpio, uint32_t *line)
{
	int64_t first_ns = INT64_MAX;

	for (uint32_t i = 0; gpio->options.debounce_ms && i < gpio->count; i++) {
		int64_t due_ns = debounce_due_ns(&gpio->heard[i].debounce);

		if (due_ns < first_ns) {
			first_ns = due_ns;
			*line = i;
		}
	}
	return first_ns;
}

/*
 * How many edges of the line are missing right before this one. Of numbered edges the
 * gap; and as edges take turns, two in a row that go the same way miss one between them,
 * or any odd number.
 */
static uint64_t count_lost(const struct atoll_gpio *gpio, struct gpio_heard *heard,
			   const struct gpio_edge *edge)
{
	bool is_same = heard->has_edge && heard->was_rising == edge->is_rising;
	uint32_t gap = edge->number ? edge->number - heard->number - 1 : 0;

	if (heard->has_edge && (gap & 1) != is_same &&
	    gpio_edges_wanted(&gpio->options) == ATOLL_GPIO_BOTH_EDGES)
		gap++;
	heard->has_edge = true;
	heard->was_rising = edge->is_rising;
	heard->number = edge->number;
	return gap;
}

/* Queues of several lines may be filled a little out of turn: time stands still then. */
static int tell(struct atoll_gpio *gpio, uint32_t i, bool is_rising, int64_t time_ns,
		struct atoll_gpio_edge *edge)
{
	if (time_ns > gpio->last_ns)
		gpio->last_ns = time_ns;
	*edge = (struct atoll_gpio_edge){
		.index = i,
		.is_rising = is_rising,
		.time_ns = gpio->last_ns,
		.lost = gpio->heard[i].lost,
	};
	gpio->heard[i].lost = 0;
	return 1;
}

/* 1: the line has an edge to tell, of those that are wanted. */
static int settle(struct atoll_gpio *gpio, uint32_t i, int64_t now_ns,
		  struct atoll_gpio_edge *edge)
{
	struct debounce *debounce = &gpio->heard[i].debounce;
	enum atoll_gpio_edges edges = gpio->options.edges;

	if (!debounce_settle(debounce, now_ns) ||
	    edges == (debounce->level ? ATOLL_GPIO_FALLING : ATOLL_GPIO_RISING))
		return 0;
	return tell(gpio, i, debounce->level, debounce->since_ns, edge);
}

static int take(struct atoll_gpio *gpio, struct gpio_queue *queue,
		struct atoll_gpio_edge *edge)
{
	const struct gpio_group *group = &gpio->groups[queue->group];
	struct gpio_edge raw = queue->edges[queue->next++];
	struct gpio_heard *heard;

	if (--queue->count == 0 && queue->has_more)
		hear(gpio, queue, 0);
	if (raw.i >= group->count)
		return 0; /* of none of ours */
	heard = &gpio->heard[group->index[raw.i]];
	heard->lost += count_lost(gpio, heard, &raw);
	if (!gpio->options.debounce_ms)
		return tell(gpio, group->index[raw.i], raw.is_rising, raw.time_ns, edge);
	debounce_move(&heard->debounce, raw.is_rising, raw.time_ns);
	return 0;
}

static int find_trouble(const struct atoll_gpio *gpio, struct atoll_error *err)
{
	for (uint32_t g = 0; g < gpio->group_count; g++)
		if (gpio->groups[g].trouble)
			return gpio_failed(&gpio->groups[g], gpio->groups[g].trouble, err);
	return 0;
}

/*
 * 1: the next edge of those until now, however many come meanwhile. What was read from all
 * queues at once is older than whatever comes into them later, so that only once it is
 * told there is to be read again.
 */
static int next_edge(struct atoll_gpio *gpio, int64_t now_ns, struct atoll_gpio_edge *edge,
		     struct atoll_error *err)
{
	for (;;) {
		struct gpio_queue *queue;
		uint32_t line = 0;
		int64_t until_ns;
		int r;

		queue = find_oldest(gpio);
		if (!queue) {
			refill(gpio);
			queue = find_oldest(gpio);
		}
		if (queue && queue->edges[queue->next].time_ns > now_ns)
			queue = NULL;
		until_ns = queue ? queue->edges[queue->next].time_ns : now_ns;
		if (find_due(gpio, &line) <= until_ns)
			r = settle(gpio, line, until_ns, edge);
		else if (queue)
			r = take(gpio, queue, edge);
		else
			return find_trouble(gpio, err);
		if (r)
			return r;
	}
}

/* So that the descriptor is readable when something is due or waits with us. */
static void set_alarm(struct atoll_gpio *gpio)
{
	uint32_t line;
	int64_t alarm_ns = find_oldest(gpio) ? 0 : find_due(gpio, &line), left_ns = 0;
	struct itimerspec when = { 0 };

	if (alarm_ns == gpio->alarm_ns)
		return;
	if (alarm_ns != INT64_MAX) {
		left_ns = alarm_ns - gpio->system->now_ns();
		left_ns = left_ns > 1 ? left_ns : 1;
	}
	when.it_value.tv_sec = left_ns / NS;
	when.it_value.tv_nsec = left_ns % NS;
	(void)timerfd_settime(gpio->timer_fd, 0, &when, NULL); /* it is one, and this a time */
	gpio->alarm_ns = alarm_ns;
}

static int ms_until(int64_t now_ns, int64_t then_ns)
{
	int64_t ms = then_ns == INT64_MAX ? -1 : (then_ns - now_ns + 999999) / 1000000;

	return ms > INT_MAX ? INT_MAX : (int)ms;
}

ATOLL_API int atoll_gpio_edge(struct atoll_gpio *gpio, int timeout_ms,
			      struct atoll_gpio_edge *edge, struct atoll_error *err)
{
	const struct gpio_system *system = gpio->system;
	int64_t now_ns = system->now_ns();
	int64_t end_ns = timeout_ms < 0 ? INT64_MAX : now_ns + timeout_ms * (NS / 1000);
	int r;

	if (gpio->poll_fd < 0)
		return atoll_error_set(err, -EPERM, "gpio: %s: opened without edges",
				       gpio->groups[0].name);
	for (;; now_ns = system->now_ns()) {
		int64_t due_ns;
		uint32_t line;

		r = next_edge(gpio, now_ns, edge, err);
		if (r != 0 || now_ns >= end_ns)
			break;
		due_ns = find_due(gpio, &line);
		if (find_oldest(gpio))
			due_ns = now_ns;
		r = system->wait(gpio->poll_fd,
				 ms_until(now_ns, due_ns < end_ns ? due_ns : end_ns));
		if (r < 0) {
			r = r == -EINTR ? 0 : atoll_error_set(err, r, "gpio: %s: wait: %s",
							      gpio->groups[0].name,
							      strerror(-r));
			break;
		}
	}
	set_alarm(gpio);
	return r;
}
