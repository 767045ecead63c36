/* SPDX-License-Identifier: Apache-2.0 */
#include "board/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

static char folder[64], path[96];

static int enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/atoll-notify-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/notify", folder);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	(void)unlink(path);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return rmdir(folder);
}

/* A supervisor at `name`, as NOTIFY_SOCKET writes it. */
static int supervise(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	assert_true(fd >= 0);
	strcpy(address.sun_path, name);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static const char *told(int fd)
{
	static char text[8192];
	ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(got >= 0);
	text[got] = '\0';
	return text;
}

static void the_supervisor_gets_one_datagram(void **state)
{
	int fd = supervise(path);

	(void)state;
	assert_int_equal(atoll_notify("READY=1\nSTATUS=%ux%u", 640, 480), 1);
	assert_int_equal(atoll_notify("WATCHDOG=1"), 1);
	assert_string_equal(told(fd), "READY=1\nSTATUS=640x480");
	assert_string_equal(told(fd), "WATCHDOG=1");
	close(fd);
}

static void a_name_with_an_at_sign_is_abstract(void **state)
{
	char name[64];
	int fd;

	(void)state;
	(void)snprintf(name, sizeof(name), "@atoll-notify-%jd", (intmax_t)getpid());
	fd = supervise(name);
	assert_int_equal(atoll_notify("READY=1"), 1);
	assert_string_equal(told(fd), "READY=1");
	close(fd);
}

static void nothing_is_said_when_nobody_asked(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(atoll_notify("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(atoll_notify("READY=1"), 0);
}

static void a_socket_that_cannot_be_reached_is_an_error(void **state)
{
	char longest[200];

	(void)state;
	close(supervise(path));
	assert_int_equal(atoll_notify("READY=1"), -ECONNREFUSED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(atoll_notify("READY=1"), -ENOENT);
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(atoll_notify("READY=1"), -EAFNOSUPPORT);
	memset(longest, '/', sizeof(longest));
	longest[199] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	assert_int_equal(atoll_notify("READY=1"), -ENAMETOOLONG);
}

static void a_supervisor_that_does_not_listen_is_not_waited_for_long(void **state)
{
	int fd = supervise(path), r = 1;

	(void)state;
	for (int i = 0; i < 100000 && r == 1; i++)
		r = atoll_notify("WATCHDOG=1");
	assert_int_equal(r, -EAGAIN);
	close(fd);
}

static void a_message_is_sent_whole_or_not_at_all(void **state)
{
	int fd = supervise(path);
	char status[4098];

	(void)state;
	memset(status, 'x', sizeof(status));
	status[4097] = '\0';
	assert_int_equal(atoll_notify("%s", status), -EMSGSIZE);
	assert_int_equal(atoll_notify("%s", status + 1), 1);
	assert_int_equal(strlen(told(fd)), 4096);
	close(fd);
}

static uint32_t watchdog(const char *usec, const char *pid)
{
	setenv("WATCHDOG_USEC", usec, 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	else
		unsetenv("WATCHDOG_PID");
	return atoll_notify_watchdog_ms();
}

static void the_watchdog_is_due_after_half_its_time(void **state)
{
	(void)state;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(atoll_notify_watchdog_ms(), 0);
	assert_int_equal(watchdog("10000000", NULL), 5000);
	assert_int_equal(watchdog("2000", NULL), 1);
	assert_int_equal(watchdog("18446744073709551615", NULL), UINT32_MAX);
	assert_int_equal(watchdog("0", NULL), 0);
	assert_int_equal(watchdog("", NULL), 0);
	assert_int_equal(watchdog("-1", NULL), 0);
	assert_int_equal(watchdog("10 s", NULL), 0);
	assert_int_equal(watchdog("99999999999999999999", NULL), 0);
}

static void the_watchdog_of_another_process_is_none_of_ours(void **state)
{
	char pid[32];

	(void)state;
	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)getpid());
	assert_int_equal(watchdog("10000000", pid), 5000);
	(void)snprintf(pid, sizeof(pid), "%jd", (intmax_t)getpid() + 1);
	assert_int_equal(watchdog("10000000", pid), 0);
	assert_int_equal(watchdog("10000000", "me"), 0);
}

#define NOTIFY_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		NOTIFY_TEST(the_supervisor_gets_one_datagram),
		NOTIFY_TEST(a_name_with_an_at_sign_is_abstract),
		NOTIFY_TEST(nothing_is_said_when_nobody_asked),
		NOTIFY_TEST(a_socket_that_cannot_be_reached_is_an_error),
		NOTIFY_TEST(a_supervisor_that_does_not_listen_is_not_waited_for_long),
		NOTIFY_TEST(a_message_is_sent_whole_or_not_at_all),
		NOTIFY_TEST(the_watchdog_is_due_after_half_its_time),
		NOTIFY_TEST(the_watchdog_of_another_process_is_none_of_ours),
	};

	return CHECK_RUN(tests);
}
