/* SPDX-License-Identifier: Apache-2.0 */
#include "board/events.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

#define CLIENTS_MAX 4

static struct atoll_loop *loop;
static struct atoll_events *events;
static char folder[64], path[96];

static int enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/atoll-events-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/visiond.sock", folder);
	loop = atoll_loop_new(NULL);
	events = NULL;
	return loop ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	atoll_events_close(events);
	atoll_loop_free(loop);
	(void)unlink(path);
	return rmdir(folder);
}

static void serve(void)
{
	struct atoll_error err;

	events = atoll_events_open(loop, path, CLIENTS_MAX, &err);
	if (!events)
		fail_msg("%s", err.text);
}

static void stop(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

/* Each turn serves what is ready, one client at the door among it. */
static void settle(void)
{
	for (int i = 0; i < 2 * CLIENTS_MAX; i++) {
		assert_true(atoll_loop_after(loop, 0, stop, loop) >= 0);
		assert_int_equal(atoll_loop_run(loop), 0);
	}
}

static int try_to_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static int connect_client(void)
{
	int fd = try_to_connect();

	assert_true(fd >= 0);
	settle();
	return fd;
}

static void tell(const char *line)
{
	atoll_events_send(events, line, strlen(line));
}

/* What lies in the client's socket now; "END" for the end of it, "" for nothing. */
static const char *heard(int fd)
{
	static char text[4096];
	ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (got == 0)
		return "END";
	if (got < 0) {
		assert_int_equal(errno, EAGAIN);
		return "";
	}
	text[got] = '\0';
	return text;
}

static int open_fds(void)
{
	DIR *list = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(list);
	while (readdir(list))
		count++;
	(void)closedir(list);
	return count;
}

static void a_line_is_with_every_client_when_send_returns(void **state)
{
	int first, second;

	(void)state;
	serve();
	first = connect_client();
	second = connect_client();
	assert_int_equal(atoll_events_clients(events), 2);
	tell("{\"n\":1}\n");
	assert_string_equal(heard(first), "{\"n\":1}\n");
	assert_string_equal(heard(second), "{\"n\":1}\n");
	tell("{\"n\":2}\n");
	tell("{\"n\":3}\n");
	assert_string_equal(heard(first), "{\"n\":2}\n{\"n\":3}\n");
	assert_string_equal(heard(first), "");
	close(first);
	close(second);
}

static void a_new_client_is_greeted_with_how_things_are(void **state)
{
	int early, late, last;

	(void)state;
	serve();
	early = connect_client();
	assert_string_equal(heard(early), "");
	assert_int_equal(atoll_events_greet(events, "old\n", 4), 0);
	assert_int_equal(atoll_events_greet(events, "now\n", 4), 0);
	late = connect_client();
	tell("next\n");
	assert_string_equal(heard(early), "next\n");
	assert_string_equal(heard(late), "now\nnext\n");
	assert_int_equal(atoll_events_greet(events, NULL, 0), 0);
	last = connect_client();
	assert_string_equal(heard(last), "");
	close(early);
	close(late);
	close(last);
}

static void a_client_that_does_not_read_is_dropped_and_the_others_stay(void **state)
{
	char line[1001];
	int slow, quick, sent = 0;
	ssize_t got, left = 0;

	(void)state;
	serve();
	slow = connect_client();
	quick = connect_client();
	memset(line, 'x', sizeof(line));
	line[999] = '\n';
	line[1000] = '\0';
	while (atoll_events_clients(events) == 2) {
		assert_true(sent++ < 100000);
		tell(line);
		assert_string_equal(heard(quick), line);
	}
	assert_int_equal(atoll_events_dropped(events), 1);
	tell("still here\n");
	assert_string_equal(heard(quick), "still here\n");
	/* The slow one finds what fitted, and then the end. */
	while ((got = recv(slow, line, 1000, 0)) > 0)
		left += got;
	assert_int_equal(got, 0);
	assert_in_range(left, 1000, (sent - 1) * 1000 + 999);
	close(slow);
	close(quick);
}

static void a_line_that_fits_no_socket_drops_its_client_rather_than_half_of_itself(void **state)
{
	size_t length = 64 << 20;
	char *line = calloc(1, length);
	int fd;

	(void)state;
	assert_non_null(line);
	serve();
	fd = connect_client();
	atoll_events_send(events, line, length);
	assert_int_equal(atoll_events_clients(events), 0);
	assert_int_equal(atoll_events_dropped(events), 1);
	close(fd);
	free(line);
}

static void clients_above_the_limit_are_turned_away_until_one_leaves(void **state)
{
	int fd[CLIENTS_MAX], more;

	(void)state;
	serve();
	for (int i = 0; i < CLIENTS_MAX; i++)
		fd[i] = connect_client();
	more = connect_client();
	assert_string_equal(heard(more), "END");
	close(more);
	assert_int_equal(atoll_events_clients(events), CLIENTS_MAX);
	close(fd[0]);
	settle();
	assert_int_equal(atoll_events_clients(events), CLIENTS_MAX - 1);
	fd[0] = connect_client();
	tell("x\n");
	for (int i = 0; i < CLIENTS_MAX; i++) {
		assert_string_equal(heard(fd[i]), "x\n");
		close(fd[i]);
	}
	assert_int_equal(atoll_events_dropped(events), 0);
}

static void what_clients_say_is_read_and_forgotten(void **state)
{
	char words[1000] = "";
	size_t said = 0;
	int fd;

	(void)state;
	serve();
	fd = connect_client();
	for (int i = 0; i < 2000; i++) {
		ssize_t sent = send(fd, words, sizeof(words), MSG_DONTWAIT);

		if (sent < 0)
			settle();
		else
			said += (size_t)sent;
	}
	assert_true(said > 1000000); /* more than any socket holds */
	tell("x\n");
	assert_string_equal(heard(fd), "x\n");
	close(fd);
}

static void a_client_that_only_stops_talking_still_listens(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = connect_client();
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	settle();
	tell("x\n");
	assert_string_equal(heard(fd), "x\n");
	close(fd);
	settle();
	assert_int_equal(atoll_events_clients(events), 0);
}

static void a_client_that_left_is_noticed_at_the_next_line_at_the_latest(void **state)
{
	int first, second;

	(void)state;
	serve();
	first = connect_client();
	second = connect_client();
	close(first);
	tell("x\n"); /* SIGPIPE would end this program */
	assert_int_equal(atoll_events_clients(events), 1);
	assert_int_equal(shutdown(second, SHUT_RD), 0);
	tell("x\n");
	assert_int_equal(atoll_events_clients(events), 0);
	assert_int_equal(atoll_events_dropped(events), 0);
	close(second);
}

static void a_client_may_come_and_go_before_it_is_seen(void **state)
{
	(void)state;
	serve();
	assert_int_equal(atoll_events_greet(events, "now\n", 4), 0);
	close(try_to_connect());
	settle();
	assert_int_equal(atoll_events_clients(events), 0);
	assert_int_equal(atoll_events_dropped(events), 0);
}

static void the_socket_is_for_owner_and_group_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };
	struct stat status;

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		mode_t before = umask(masks[i]);

		serve();
		(void)umask(before);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode, S_IFSOCK | 0660);
		atoll_events_close(events);
		events = NULL;
	}
}

static void a_socket_nobody_serves_any_more_is_replaced(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
	assert_int_equal(try_to_connect(), -ECONNREFUSED);
	serve();
	close(connect_client());
}

static void a_socket_that_is_served_is_left_alone(void **state)
{
	struct atoll_error err;
	int fd;

	(void)state;
	serve();
	assert_null(atoll_events_open(loop, path, 1, &err));
	assert_int_equal(err.code, -EADDRINUSE);
	assert_non_null(strstr(err.text, "/visiond.sock: another program serves it"));
	fd = connect_client(); /* behind the one that only looked */
	tell("x\n");
	assert_string_equal(heard(fd), "x\n");
	close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct atoll_error err;
	struct stat status;
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	(void)state;
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_null(atoll_events_open(loop, path, 1, &err));
	assert_int_equal(err.code, -ENOTSOCK);
	assert_non_null(strstr(err.text, "is there, and no socket"));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 8);
}

static void what_cannot_be_served_is_named(void **state)
{
	struct atoll_error err;
	char longest[109];

	(void)state;
	assert_null(atoll_events_open(loop, "/nowhere/x.sock", 1, &err));
	assert_string_equal(err.text,
		"event socket: /nowhere/x.sock: No such file or directory");
	memset(longest, 'x', sizeof(longest));
	longest[108] = '\0';
	assert_null(atoll_events_open(loop, longest, 1, &err));
	assert_int_equal(err.code, -ENAMETOOLONG);
}

static void closing_hangs_up_and_takes_the_name_away(void **state)
{
	int fd;

	(void)state;
	serve();
	fd = connect_client();
	tell("last\n");
	atoll_events_close(events);
	events = NULL;
	assert_string_equal(heard(fd), "last\n");
	assert_string_equal(heard(fd), "END");
	assert_int_equal(try_to_connect(), -ENOENT);
	close(fd);
	atoll_events_close(NULL);
}

static void closing_leaves_the_name_to_whoever_took_it(void **state)
{
	struct atoll_events *old;

	(void)state;
	serve();
	old = events;
	assert_int_equal(unlink(path), 0);
	serve();
	atoll_events_close(old);
	close(connect_client());
}

static void nothing_is_left_open(void **state)
{
	int before = open_fds(), fd;

	(void)state;
	assert_null(atoll_events_open(loop, "/nowhere/x.sock", 1, NULL));
	assert_int_equal(open_fds(), before);
	serve();
	fd = connect_client();
	assert_int_equal(atoll_events_greet(events, "now\n", 4), 0);
	close(connect_client());
	close(fd);
	atoll_events_close(events);
	events = NULL;
	assert_int_equal(open_fds(), before);
}

static void without_descriptors_clients_are_turned_away_and_not_left_waiting(void **state)
{
	struct rlimit all, few;
	int waiting, highest;

	(void)state;
	serve();
	settle();
	waiting = try_to_connect();
	assert_true(waiting >= 0);
	/* The lowest free one is above all that are used: no more than this and the
	   timer that ends the run. */
	highest = dup(0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few = all;
	few.rlim_cur = (rlim_t)highest + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_true(atoll_loop_after(loop, 20, stop, loop) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	close(highest);
	assert_string_equal(heard(waiting), "END");
	assert_int_equal(atoll_events_clients(events), 0);
	close(waiting);
	close(connect_client());
	settle();
}

#define EVENTS_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		EVENTS_TEST(a_line_is_with_every_client_when_send_returns),
		EVENTS_TEST(a_new_client_is_greeted_with_how_things_are),
		EVENTS_TEST(a_client_that_does_not_read_is_dropped_and_the_others_stay),
		EVENTS_TEST(a_line_that_fits_no_socket_drops_its_client_rather_than_half_of_itself),
		EVENTS_TEST(clients_above_the_limit_are_turned_away_until_one_leaves),
		EVENTS_TEST(what_clients_say_is_read_and_forgotten),
		EVENTS_TEST(a_client_that_only_stops_talking_still_listens),
		EVENTS_TEST(a_client_that_left_is_noticed_at_the_next_line_at_the_latest),
		EVENTS_TEST(a_client_may_come_and_go_before_it_is_seen),
		EVENTS_TEST(the_socket_is_for_owner_and_group_whatever_the_umask),
		EVENTS_TEST(a_socket_nobody_serves_any_more_is_replaced),
		EVENTS_TEST(a_socket_that_is_served_is_left_alone),
		EVENTS_TEST(a_file_that_is_no_socket_is_left_alone),
		EVENTS_TEST(what_cannot_be_served_is_named),
		EVENTS_TEST(closing_hangs_up_and_takes_the_name_away),
		EVENTS_TEST(closing_leaves_the_name_to_whoever_took_it),
		EVENTS_TEST(nothing_is_left_open),
		EVENTS_TEST(without_descriptors_clients_are_turned_away_and_not_left_waiting),
	};

	return CHECK_RUN(tests);
}
