/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPIO lines of chips found by their label, for tests in guests.
 *
 *	gpio get LABEL LINE...
 *	gpio look LABEL LINE
 *	gpio hold LABEL LINE=LEVEL...
 *	gpio watch [-d DEBOUNCE_MS] [-s SLEEP_MS] LABEL LINE...
 *	gpio drive [-p PERIOD_US] [-n EDGES] FOLDER LINE...
 *	gpio answer [-n EDGES] LABEL LINE FOLDER
 *
 * A second label after "+" is another chip, of the lines that follow. `hold` and `watch`
 * say "ready" and go on until SIGTERM; `watch` tells edges as they come, "LINE rising
 * TIME_NS LOST", once it has slept. `drive` turns the lines of a simulated chip in
 * FOLDER over, one after another, one a period. `answer` does that itself to tell in
 * microseconds when get and edge saw it: "GET EDGE EDGE_SINCE_ITS_STAMP".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "board/clock.h"
#include "board/gpio.h"

static volatile sig_atomic_t is_stopped;
static struct atoll_chip_place chips[2];
static struct atoll_gpio_line lines[ATOLL_GPIO_LINES_MAX];
static uint32_t levels;

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

/* LABEL LINE[=LEVEL]... [+ LABEL LINE...]: how many lines. */
static uint32_t read_lines(char **words)
{
	struct atoll_chip_place *chip = chips;
	uint32_t count = 0;

	chip->label = *words++;
	for (; *words && count < ATOLL_GPIO_LINES_MAX; words++) {
		char *level = strchr(*words, '=');

		if (strcmp(*words, "+") == 0 && words[1] && chip == chips) {
			(++chip)->label = *++words;
			continue;
		}
		if (level && atoi(level + 1))
			levels |= UINT32_C(1) << count;
		lines[count++] = (struct atoll_gpio_line){ chip, (uint32_t)atoi(*words) };
	}
	return count;
}

static struct atoll_gpio *open_lines(uint32_t count, const struct atoll_gpio_options *options)
{
	struct atoll_error err;
	struct atoll_gpio *gpio = atoll_gpio_open(NULL, lines, count, options, &err);

	if (!gpio) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return gpio;
}

static int fail(const struct atoll_error *err)
{
	fprintf(stderr, "%s\n", err->text);
	return 1;
}

static int get(char **words)
{
	uint32_t count = read_lines(words);
	struct atoll_gpio_options options = { .direction = ATOLL_GPIO_IN };
	struct atoll_gpio *gpio = open_lines(count, &options);
	struct atoll_error err;

	if (atoll_gpio_get(gpio, &levels, &err) < 0)
		return fail(&err);
	for (uint32_t i = 0; i < count; i++)
		printf("%u%c", levels >> i & 1, i + 1 < count ? ' ' : '\n');
	atoll_gpio_close(gpio);
	return 0;
}

static int look(char **words)
{
	struct atoll_gpio_info info;
	struct atoll_error err;

	(void)read_lines(words);
	if (atoll_gpio_look(NULL, lines, &info, &err) < 0)
		return fail(&err);
	printf("%s %s \"%s\" \"%s\" bias %d\n", info.is_used ? "used" : "free",
	       info.is_output ? "output" : "input", info.consumer, info.name, info.bias);
	return 0;
}

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

/* Writing them again tells when their chip is gone. */
static int hold(char **words)
{
	uint32_t count = read_lines(words);
	struct atoll_gpio_options options = {
		.direction = ATOLL_GPIO_OUT, .levels = levels, .consumer = "holder",
	};
	struct atoll_gpio *gpio = open_lines(count, &options);
	struct atoll_error err;

	ready();
	while (!is_stopped) {
		struct timespec pause = { .tv_nsec = 100000000 };

		(void)nanosleep(&pause, NULL); /* or a signal came */
		if (atoll_gpio_set(gpio, 1, levels, &err) == 0)
			continue;
		atoll_gpio_close(gpio);
		return fail(&err);
	}
	atoll_gpio_close(gpio);
	return 0;
}

static int watch(char **words, uint32_t debounce_ms, int sleep_ms)
{
	uint32_t count = read_lines(words);
	struct atoll_gpio_options options = {
		.direction = ATOLL_GPIO_IN, .edges = ATOLL_GPIO_BOTH_EDGES,
		.debounce_ms = debounce_ms,
	};
	struct timespec pause = {
		.tv_sec = sleep_ms / 1000, .tv_nsec = sleep_ms % 1000 * 1000000,
	};
	struct atoll_gpio *gpio = open_lines(count, &options);
	struct atoll_gpio_edge edge;
	struct atoll_error err;
	int r = 1;

	ready();
	(void)nanosleep(&pause, NULL); /* or a signal came */
	while (!is_stopped && r >= 0) {
		r = atoll_gpio_edge(gpio, r == 0 ? -1 : 0, &edge, &err);
		if (r == 1)
			printf("%u %s %" PRId64 " %" PRIu64 "\n", lines[edge.index].line,
			       edge.is_rising ? "rising" : "falling", edge.time_ns, edge.lost);
		else
			fflush(stdout); /* before it waits */
	}
	atoll_gpio_close(gpio);
	return r < 0 ? fail(&err) : 0;
}

/* The descriptor of a simulated line's pull. */
static int open_pull(const char *folder, const char *line)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/sim_gpio%s/pull", folder, line);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static void pull(int fd, bool up)
{
	const char *text = up ? "pull-up" : "pull-down";

	if (pwrite(fd, text, strlen(text), 0) < 0) {
		perror("pull");
		exit(1);
	}
}

/* Until then. Who is late hurries a little, but a delay is not made good for. */
static void keep_time(int64_t *next_ns, int64_t period_ns)
{
	int64_t now_ns = atoll_clock_ns();
	struct timespec next;

	*next_ns += period_ns;
	if (*next_ns < now_ns - 8 * period_ns)
		*next_ns = now_ns;
	next.tv_sec = *next_ns / 1000000000;
	next.tv_nsec = *next_ns % 1000000000;
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL); /* likewise */
}

static int drive(char **words, uint32_t edges, long period_us)
{
	int fds[ATOLL_GPIO_LINES_MAX];
	uint32_t count = 0;
	int64_t begun_ns, next_ns;

	for (; words[1 + count] && count < ATOLL_GPIO_LINES_MAX; count++)
		fds[count] = open_pull(words[0], words[1 + count]);
	begun_ns = next_ns = atoll_clock_ns();
	for (uint32_t i = 0; i < edges; i++) {
		pull(fds[i % count], (i / count & 1) == 0);
		keep_time(&next_ns, period_us * 1000);
	}
	printf("%u edges, %" PRId64 " a second\n", edges,
	       edges * INT64_C(1000000000) / (atoll_clock_ns() - begun_ns));
	return 0;
}

static int answer(char **words, uint32_t edges)
{
	struct atoll_gpio_options options = {
		.direction = ATOLL_GPIO_IN, .edges = ATOLL_GPIO_BOTH_EDGES,
	};
	int fd = open_pull(words[2], words[1]);
	struct atoll_gpio *gpio;
	struct atoll_error err = { 0 };

	words[2] = NULL;
	(void)read_lines(words);
	gpio = open_lines(1, &options);
	for (uint32_t i = 0; i < edges; i++) {
		int64_t driven_ns = atoll_clock_ns(), got_ns, told_ns;
		struct atoll_gpio_edge edge;
		int r;

		pull(fd, !(i & 1));
		r = atoll_gpio_get(gpio, &levels, &err);
		got_ns = atoll_clock_ns();
		if (r < 0 || levels == (i & 1))
			break;
		r = atoll_gpio_edge(gpio, 5000, &edge, &err);
		told_ns = atoll_clock_ns();
		if (r != 1 || edge.is_rising == (i & 1) || edge.time_ns < driven_ns)
			break;
		printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", (got_ns - driven_ns) / 1000,
		       (told_ns - driven_ns) / 1000, (told_ns - edge.time_ns) / 1000);
	}
	atoll_gpio_close(gpio);
	return err.code ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop };
	const char *verb = argc > 2 ? argv[1] : "";
	uint32_t debounce_ms = 0, edges = 100;
	int sleep_ms = 0, option;
	long period_us = 1000;
	char **words;

	sigaction(SIGTERM, &action, NULL);
	while ((option = getopt(argc - 1, argv + 1, "d:s:p:n:")) != -1)
		switch (option) {
		case 'd': debounce_ms = (uint32_t)atoi(optarg); break;
		case 's': sleep_ms = atoi(optarg); break;
		case 'p': period_us = atol(optarg); break;
		case 'n': edges = (uint32_t)atoi(optarg); break;
		default: return 2;
		}
	words = argv + 1 + optind;
	if (optind + 3 > argc)
		return 2;
	if (strcmp(verb, "get") == 0)
		return get(words);
	if (strcmp(verb, "look") == 0)
		return look(words);
	if (strcmp(verb, "hold") == 0)
		return hold(words);
	if (strcmp(verb, "watch") == 0)
		return watch(words, debounce_ms, sleep_ms);
	if (strcmp(verb, "drive") == 0)
		return drive(words, edges, period_us);
	if (strcmp(verb, "answer") == 0 && words[2])
		return answer(words, edges);
	return 2;
}
