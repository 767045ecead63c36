/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast atoll-headerd does what a client asks, and tells what it watches.
 *
 *	control SOCKET OUTPUT VALUE_FILE INPUT PULL_FILE ROUNDS
 *
 * Of each round times are taken: from asking for a level of pin OUTPUT to seeing it on the
 * simulated line, and from pulling pin INPUT over to a get that says so, and to the line
 * that tells it; of that also from the kernel's stamp, which the simulator may give late.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "board/clock.h"

/* After that it was lost. */
#define LIMIT_NS INT64_C(2000000000)

enum { SET, GET, WATCH, TELL, KINDS };

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static FILE *connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = 2 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *file;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		fail(path);
	file = fdopen(fd, "r");
	if (!file)
		fail(path);
	return file;
}

static void ask(FILE *socket, const char *format, const char *pin, const char *level)
{
	if (dprintf(fileno(socket), format, pin, level) < 0)
		fail("ask");
}

/* The last line that came. */
static char line[512];

static bool answers(FILE *socket, const char *level)
{
	char expected[32];

	if (!fgets(line, sizeof(line), socket))
		fail("answer");
	(void)snprintf(expected, sizeof(expected), "\"level\":\"%s\"", level);
	return strstr(line, expected);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	(void)close(fd); /* written above */
}

static bool reads(const char *path, char expected)
{
	char text[8] = "";
	int fd = open(path, O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 1)
		fail(path);
	(void)close(fd); /* only read */
	return text[0] == expected;
}

static int64_t since(int64_t begin_ns)
{
	int64_t past_ns = atoll_clock_ns() - begin_ns;

	if (past_ns > LIMIT_NS) {
		fputs("waited in vain\n", stderr);
		exit(1);
	}
	return past_ns;
}

static void expect(FILE *socket, const char *level)
{
	if (!answers(socket, level)) {
		fprintf(stderr, "not told %s\n", level);
		exit(1);
	}
}

static int64_t time_set(FILE *control, const char *pin, const char *value_path, bool is_high)
{
	const char *level = is_high ? "high" : "low";
	int64_t begin_ns = atoll_clock_ns(), past_ns;

	ask(control, "{\"set\":\"%s\",\"level\":\"%s\"}\n", pin, level);
	while (!reads(value_path, is_high ? '1' : '0'))
		(void)since(begin_ns);
	past_ns = since(begin_ns);
	expect(control, level);
	return past_ns;
}

static int64_t time_get(FILE *control, const char *pin, const char *pull_path)
{
	int64_t begin_ns = atoll_clock_ns();

	put(pull_path, "pull-up");
	do {
		(void)since(begin_ns);
		ask(control, "{\"get\":\"%s\"}%s\n", pin, "");
	} while (!answers(control, "high"));
	return since(begin_ns);
}

static int64_t time_watch(FILE *watcher, const char *pull_path)
{
	int64_t begin_ns = atoll_clock_ns();

	put(pull_path, "pull-down");
	expect(watcher, "low");
	return since(begin_ns);
}

/* Of the last line. */
static int64_t stamp_ns(void)
{
	static const char key[] = "\"monotonic_ns\":";
	const char *at = strstr(line, key);

	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static int by_size(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

int main(int argc, char **argv)
{
	static const char *const names[KINDS] = { "set", "get", "watch", "tell" };
	static int64_t time_ns[KINDS][1000];
	int rounds = argc == 7 ? atoi(argv[6]) : 0;
	FILE *control, *watcher;

	if (rounds < 1 || rounds > 1000)
		return 2;
	control = connect_to(argv[1]);
	watcher = connect_to(argv[1]);
	ask(watcher, "{\"watch\":\"%s\"}%s\n", argv[4], "");
	expect(watcher, "low"); /* as it stands first */
	for (int i = 0; i < rounds; i++) {
		time_ns[SET][i] = time_set(control, argv[2], argv[3], i % 2 == 0);
		time_ns[GET][i] = time_get(control, argv[4], argv[5]);
		/* Two edges before anyone looks would be one. */
		expect(watcher, "high");
		time_ns[WATCH][i] = time_watch(watcher, argv[5]);
		time_ns[TELL][i] = atoll_clock_ns() - stamp_ns();
	}
	for (int kind = 0; kind < KINDS; kind++) {
		qsort(time_ns[kind], (size_t)rounds, sizeof(int64_t), by_size);
		printf("%s: half within %" PRId64 " us, all within %" PRId64 " us\n", names[kind],
		       time_ns[kind][rounds / 2] / 1000, time_ns[kind][rounds - 1] / 1000);
	}
	return 0;
}
