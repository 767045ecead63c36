/* SPDX-License-Identifier: Apache-2.0 */
#include "board/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

/* A socket at `path`, '@' standing for no file, as systemd opens it. */
static int listener(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	size_t length = strlen(path);

	assert_true(fd >= 0);
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static void assert_heard(int fd, const char *expected)
{
	char heard[8192];
	ssize_t size = recv(fd, heard, sizeof(heard) - 1, 0);

	assert_true(size >= 0);
	heard[size] = '\0';
	assert_string_equal(heard, expected);
}

static void with_nobody_listening_nothing_is_sent(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(atoll_notify("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(atoll_notify("READY=1"), 0);
}

static void a_message_arrives_whole(void **state)
{
	char path[64];
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/atoll-notify.%d", (int)getpid());
	fd = listener(path);
	assert_int_equal(atoll_notify("READY=1\nSTATUS=%u by %u", 640, 480), 1);
	assert_heard(fd, "READY=1\nSTATUS=640 by 480");
	(void)close(fd);
	assert_int_equal(atoll_notify("READY=1"), -ECONNREFUSED);
	(void)unlink(path);
	assert_int_equal(atoll_notify("READY=1"), -ENOENT);
}

static void a_name_without_a_file_works_too(void **state)
{
	char path[64];
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "@atoll-notify.%d", (int)getpid());
	fd = listener(path);
	assert_int_equal(atoll_notify("WATCHDOG=1"), 1);
	assert_heard(fd, "WATCHDOG=1");
	(void)close(fd);
}

static void what_cannot_be_a_socket_and_what_is_too_long_is_refused(void **state)
{
	char path[64], name[200], text[4200];
	int fd;

	(void)state;
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(atoll_notify("READY=1"), -EINVAL);
	memset(name, 'a', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(atoll_notify("READY=1"), -EINVAL);
	(void)snprintf(path, sizeof(path), "@atoll-notify.%d", (int)getpid());
	fd = listener(path);
	memset(text, 'x', sizeof(text));
	text[4096] = '\0';
	assert_int_equal(atoll_notify("%s", text), -EMSGSIZE);
	text[4095] = '\0';
	assert_int_equal(atoll_notify("%s", text), 1);
	assert_heard(fd, text);
	(void)close(fd);
}

static void the_watchdog_is_fed_at_half_its_time(void **state)
{
	char pid[24];

	(void)state;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(atoll_notify_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "10000000", 1);
	assert_int_equal(atoll_notify_watchdog_ms(), 5000);
	setenv("WATCHDOG_USEC", "10s", 1);
	assert_int_equal(atoll_notify_watchdog_ms(), 0);
	setenv("WATCHDOG_USEC", "18446744073709551615", 1);
	assert_int_equal(atoll_notify_watchdog_ms(), UINT32_MAX);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_USEC", "4000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(atoll_notify_watchdog_ms(), 2000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(atoll_notify_watchdog_ms(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_nobody_listening_nothing_is_sent),
		cmocka_unit_test(a_message_arrives_whole),
		cmocka_unit_test(a_name_without_a_file_works_too),
		cmocka_unit_test(what_cannot_be_a_socket_and_what_is_too_long_is_refused),
		cmocka_unit_test(the_watchdog_is_fed_at_half_its_time),
	};

	return CHECK_RUN(tests);
}
