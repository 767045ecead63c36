/* SPDX-License-Identifier: Apache-2.0 */
/* What test_board_events.c does not see through the events: the other kind of
   socket, modes, and accepting by hand. */
#include "board/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/check.h"

static struct atoll_listener *door;
static char folder[64], path[96];

static int enter(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/atoll-listener-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/door.sock", folder);
	door = NULL;
	return 0;
}

static int leave(void **state)
{
	(void)state;
	atoll_listener_close(door);
	(void)unlink(path);
	return rmdir(folder);
}

static struct atoll_listener *listen_at(int type, mode_t mode, gid_t group,
					struct atoll_error *err)
{
	return atoll_listener_open(&(struct atoll_listener_options){
		.path = path, .type = type, .mode = mode, .group = group }, err);
}

static int knock(int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static void messages_keep_their_edges_on_a_socket_of_packets(void **state)
{
	char text[16];
	int mine, theirs;

	(void)state;
	door = listen_at(SOCK_SEQPACKET, 0660, (gid_t)-1, NULL);
	assert_non_null(door);
	assert_int_equal(atoll_listener_accept(door), -EAGAIN);
	theirs = knock(SOCK_SEQPACKET);
	mine = atoll_listener_accept(door);
	assert_true(theirs >= 0 && mine >= 0);
	assert_int_equal(send(theirs, "one", 3, 0), 3);
	assert_int_equal(send(theirs, "two", 3, 0), 3);
	assert_int_equal(recv(mine, text, sizeof(text), 0), 3);
	assert_memory_equal(text, "one", 3);
	close(theirs);
	close(mine);
}

static void mode_and_group_are_as_asked(void **state)
{
	struct stat status;

	(void)state;
	door = listen_at(SOCK_SEQPACKET, 0600, getegid(), NULL);
	assert_non_null(door);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFSOCK | 0600);
	assert_int_equal(status.st_gid, getegid());
}

static void a_socket_of_another_kind_that_is_served_is_left_alone(void **state)
{
	struct atoll_error err;

	(void)state;
	door = listen_at(SOCK_STREAM, 0660, (gid_t)-1, NULL);
	assert_non_null(door);
	assert_null(listen_at(SOCK_SEQPACKET, 0660, (gid_t)-1, &err));
	assert_int_equal(err.code, -EADDRINUSE);
	assert_non_null(strstr(err.text, "/door.sock: another program serves it"));
	close(knock(SOCK_STREAM));
}

#define LISTENER_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		LISTENER_TEST(messages_keep_their_edges_on_a_socket_of_packets),
		LISTENER_TEST(mode_and_group_are_as_asked),
		LISTENER_TEST(a_socket_of_another_kind_that_is_served_is_left_alone),
	};

	return CHECK_RUN(tests);
}
