/* SPDX-License-Identifier: Apache-2.0 */
#include "board/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

#define CLIENTS_MAX 3

struct daemon {
	char path[64];
	struct atoll_loop *loop;
	struct atoll_events *events;
};

static int start(void **state)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct atoll_error err;

	assert_non_null(d);
	(void)snprintf(d->path, sizeof(d->path), "/tmp/atoll-events.%d", (int)getpid());
	d->loop = atoll_loop_new(&err);
	assert_non_null(d->loop);
	d->events = atoll_events_open(d->loop, d->path, CLIENTS_MAX, &err);
	if (!d->events)
		fail_msg("%s", err.text);
	*state = d;
	return 0;
}

static int stop(void **state)
{
	struct daemon *d = *state;

	atoll_events_close(d->events);
	atoll_loop_free(d->loop);
	assert_int_not_equal(access(d->path, F_OK), 0);
	free(d);
	return 0;
}

static void end_round(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

/* Let the daemon see what is waiting for it. */
static void turn(struct daemon *d)
{
	for (int i = 0; i < 3; i++) {
		assert_true(atoll_loop_after(d->loop, 1, end_round, d->loop) >= 0);
		assert_int_equal(atoll_loop_run(d->loop), 0);
	}
}

static int connected(struct daemon *d)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, d->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	turn(d);
	return fd;
}

static void assert_hears(int fd, const char *expected)
{
	char heard[256];
	ssize_t got = recv(fd, heard, sizeof(heard) - 1, 0);

	assert_true(got >= 0);
	heard[got] = '\0';
	assert_string_equal(heard, expected);
}

static void assert_hung_up(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), 0);
}

#define SEND(d, text) atoll_events_send((d)->events, text, sizeof(text) - 1)

static void everyone_gets_every_line_before_send_returns(void **state)
{
	struct daemon *d = *state;
	int a = connected(d), b = connected(d);

	assert_int_equal(atoll_events_clients(d->events), 2);
	SEND(d, "{\"n\":1}\n");
	assert_hears(a, "{\"n\":1}\n");
	SEND(d, "{\"n\":2}\n");
	assert_hears(a, "{\"n\":2}\n");
	assert_hears(b, "{\"n\":1}\n{\"n\":2}\n");
	(void)close(a);
	(void)close(b);
}

static void who_comes_is_greeted_with_the_state_of_things(void **state)
{
	struct daemon *d = *state;
	int a, b;

	a = connected(d);
	assert_int_equal(atoll_events_greet(d->events, "{\"old\":1}\n", 10), 0);
	assert_int_equal(atoll_events_greet(d->events, "{\"is\":1}\n", 9), 0);
	b = connected(d);
	assert_hears(b, "{\"is\":1}\n");
	assert_int_equal(recv(a, &(char){ 0 }, 1, 0), -1); /* was here before */
	(void)close(a);
	(void)close(b);
}

static void who_does_not_read_is_dropped_and_the_others_go_on(void **state)
{
	struct daemon *d = *state;
	int slow = connected(d), quick = connected(d);
	char line[4096], heard[4096];
	size_t last = 0, got = 0;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 1000 && atoll_events_dropped(d->events) == 0; i++) {
		atoll_events_send(d->events, line, sizeof(line));
		assert_int_equal(recv(quick, heard, sizeof(heard), 0), sizeof(line));
	}
	assert_int_equal(atoll_events_dropped(d->events), 1);
	assert_int_equal(atoll_events_clients(d->events), 1);
	SEND(d, "{}\n");
	assert_hears(quick, "{}\n");
	/* What the slow one was given before that can be read, then the end. */
	for (ssize_t r; (r = recv(slow, heard, sizeof(heard), 0)) > 0; got += last)
		last = (size_t)r;
	assert_true(got > sizeof(line));
	assert_hung_up(slow);
	(void)close(slow);
	(void)close(quick);
}

static void one_client_too_many_is_turned_away(void **state)
{
	struct daemon *d = *state;
	int fd[CLIENTS_MAX + 1];

	for (int i = 0; i <= CLIENTS_MAX; i++)
		fd[i] = connected(d);
	assert_int_equal(atoll_events_clients(d->events), CLIENTS_MAX);
	assert_hung_up(fd[CLIENTS_MAX]);
	/* A place that becomes free is given again. */
	(void)close(fd[0]);
	turn(d);
	fd[0] = connected(d);
	SEND(d, "{}\n");
	assert_hears(fd[0], "{}\n");
	for (int i = 0; i <= CLIENTS_MAX; i++)
		(void)close(fd[i]);
}

static void what_clients_say_is_forgotten(void **state)
{
	struct daemon *d = *state;
	char words[3000];
	int fd = connected(d);

	memset(words, 7, sizeof(words));
	assert_int_equal(send(fd, words, sizeof(words), 0), sizeof(words));
	for (int i = 0; i < 5; i++)
		turn(d);
	SEND(d, "{}\n");
	assert_hears(fd, "{}\n");
	/* One that will say no more still listens. */
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turn(d);
	SEND(d, "{}\n");
	assert_hears(fd, "{}\n");
	(void)close(fd);
	turn(d);
	assert_int_equal(atoll_events_clients(d->events), 0);
}

static void a_client_that_died_is_no_trouble(void **state)
{
	struct daemon *d = *state;
	int fd = connected(d);

	(void)close(fd);
	SEND(d, "{}\n"); /* before the loop has seen that it is gone */
	SEND(d, "{}\n");
	turn(d);
	assert_int_equal(atoll_events_clients(d->events), 0);
}

static void the_socket_is_for_its_group(void **state)
{
	struct daemon *d = *state;
	struct stat status;

	assert_int_equal(stat(d->path, &status), 0);
	assert_int_equal(status.st_mode, S_IFSOCK | 0660);
}

static void a_socket_in_use_is_not_taken_and_one_left_behind_is(void **state)
{
	struct daemon *d = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct atoll_error err = { 0 };
	struct atoll_events *events;
	char left[80];
	int fd;

	assert_null(atoll_events_open(d->loop, d->path, 1, &err));
	assert_int_equal(err.code, -EADDRINUSE);
	assert_non_null(strstr(err.text, d->path));
	fd = connected(d);
	SEND(d, "{}\n");
	assert_hears(fd, "{}\n");
	(void)close(fd);

	(void)snprintf(left, sizeof(left), "%s.left", d->path);
	strcpy(address.sun_path, left);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	(void)close(fd);
	events = atoll_events_open(d->loop, left, 1, &err);
	if (!events)
		fail_msg("%s", err.text);
	atoll_events_close(events);
	assert_int_not_equal(access(left, F_OK), 0);
}

static void a_place_that_cannot_be_is_told(void **state)
{
	struct daemon *d = *state;
	struct atoll_error err = { 0 };
	char path[200];

	assert_null(atoll_events_open(d->loop, "/nowhere/at/all.sock", 1, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_string_equal(err.text,
			    "events: /nowhere/at/all.sock: No such file or directory");
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_null(atoll_events_open(d->loop, path, 1, &err));
	assert_int_equal(err.code, -ENAMETOOLONG);
	/* A file that is no socket stays. */
	(void)snprintf(path, sizeof(path), "%s.file", d->path);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_null(atoll_events_open(d->loop, path, 1, &err));
	assert_int_equal(err.code, -ENOTSOCK);
	assert_int_equal(access(path, F_OK), 0);
	(void)unlink(path);
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DAEMON(everyone_gets_every_line_before_send_returns),
		WITH_DAEMON(who_comes_is_greeted_with_the_state_of_things),
		WITH_DAEMON(who_does_not_read_is_dropped_and_the_others_go_on),
		WITH_DAEMON(one_client_too_many_is_turned_away),
		WITH_DAEMON(what_clients_say_is_forgotten),
		WITH_DAEMON(a_client_that_died_is_no_trouble),
		WITH_DAEMON(the_socket_is_for_its_group),
		WITH_DAEMON(a_socket_in_use_is_not_taken_and_one_left_behind_is),
		WITH_DAEMON(a_place_that_cannot_be_is_told),
	};

	return CHECK_RUN(tests);
}
