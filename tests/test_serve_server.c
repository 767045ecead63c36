/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's end of the socket, message by message. */
#include "runtime/serve/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board/clock.h"
#include "runtime/serve/connect.h"
#include "runtime/serve/protocol.h"
#include "runtime/serve/serve.h"
#include "tests/check.h"
#include "tests/compiled.h"
#include "tests/daemon.h"
#include "tests/part.h"

static char folder[64], path[96];
static struct daemon *daemon_at;
static struct part *part;

static int enter_with(const struct daemon_options *options)
{
	strcpy(folder, "/tmp/atoll-server-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tpu.sock", folder);
	daemon_at = daemon_start(path, options);
	part = part_new(compiled_sample(COMPILED_FLAT), 1);
	return 0;
}

static int enter(void **state)
{
	(void)state;
	return enter_with(&(struct daemon_options){ .tpus = 1 });
}

static int enter_narrow(void **state)
{
	(void)state;
	return enter_with(&(struct daemon_options){ .tpus = 1, .limits = {
		.clients = 2, .programs = 2, .bytes = 20000 } });
}

static int leave(void **state)
{
	(void)state;
	daemon_stop(daemon_at);
	part_free(part);
	return rmdir(folder);
}

static int plug(void)
{
	struct atoll_error err;
	int fd = connect_daemon(path, 5000, &err);

	if (fd < 0)
		fail_msg("%s", err.text);
	return fd;
}

static int package(void)
{
	int fd = serve_memory_copy("test", part->options, part->backend.options_bytes);

	assert_true(fd >= 0);
	return fd;
}

static struct serve_load load_message(void)
{
	return (struct serve_load){ .head = SERVE_HEAD(SERVE_LOAD),
				    .options_bytes = part->backend.options_bytes };
}

/* What comes back, or 0 for the end of the connection. */
static uint32_t hear(int fd, struct serve_received *got)
{
	int r = serve_receive(fd, got);

	if (r < 0 && r != -ECONNRESET)
		fail_msg("%s", strerror(-r));
	return r <= 0 ? 0 : got->message.head.kind;
}

static uint32_t say(int fd, const void *message, size_t bytes, const int *fds, uint32_t count,
		    struct serve_received *got)
{
	assert_int_equal(serve_send(fd, message, bytes, fds, count), 0);
	return hear(fd, got);
}

/* Refused with these words, the connection stays. */
static void is_refused(int fd, const struct serve_load *load, const int *fds, uint32_t count,
		       int result, const char *text)
{
	struct serve_received got;

	assert_int_equal(say(fd, load, sizeof(*load), fds, count, &got), SERVE_REFUSED);
	if (!strstr(got.message.refused.text, text))
		fail_msg("%s", got.message.refused.text);
	assert_int_equal(got.message.refused.result, result);
	serve_received_close(&got);
}

static void load_over(int fd)
{
	const struct serve_load load = load_message();
	struct serve_received got;
	int memory = package();

	assert_int_equal(say(fd, &load, sizeof(load), &memory, 1, &got), SERVE_LOADED);
	close(memory);
	assert_int_equal(got.fds, 1);
	serve_received_close(&got);
}

static void run_over(int fd, uint64_t number)
{
	const struct serve_run run = { .head = SERVE_HEAD(SERVE_RUN), .number = number };
	struct serve_received got;

	assert_int_equal(say(fd, &run, sizeof(run), NULL, 0, &got), SERVE_DONE);
	assert_int_equal(got.message.done.number, number);
	if (got.message.done.result != 0)
		fail_msg("%s", got.message.done.text);
	serve_received_close(&got);
}

/* The connection of somebody who behaves, from beginning to end. */
static void all_is_well(void)
{
	int fd = plug();

	load_over(fd);
	run_over(fd, 1);
	run_over(fd, 2);
	close(fd);
}

static void memory_is_shared_as_it_is_told(void **state)
{
	const struct serve_load load = load_message();
	struct serve_received got;
	const struct serve_loaded *table = &got.message.loaded;
	int fd = plug(), memory = package();

	(void)state;
	assert_int_equal(say(fd, &load, sizeof(load), &memory, 1, &got), SERVE_LOADED);
	assert_int_equal(table->inputs, 1);
	assert_int_equal(table->outputs, 1);
	assert_int_equal(table->tensor[0].offset, 0);
	assert_int_equal(table->tensor[0].bytes, 20);
	assert_int_equal(table->tensor[1].offset, 64);
	assert_int_equal(table->tensor[1].bytes, 16);
	assert_int_equal(table->memory_bytes, 192);
	assert_int_equal(serve_memory_check(got.fd[0], 192, false, "it", NULL), 0);
	assert_int_equal(ftruncate(got.fd[0], 4096), -1);
	serve_received_close(&got);
	close(memory);
	close(fd);
}

static void unsealed_memory_is_refused(void **state)
{
	const struct serve_load load = load_message();
	int fd = plug(), memory = memfd_create("test", MFD_ALLOW_SEALING), plain, pipes[2];
	ssize_t written = write(memory, part->options, part->backend.options_bytes);

	(void)state;
	assert_int_equal(written, part->backend.options_bytes);
	is_refused(fd, &load, &memory, 1, -EPERM, "not sealed against changes of its size");
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	is_refused(fd, &load, &memory, 1, -EPERM, "not sealed against writing");
	assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	is_refused(fd, &load, &memory, 1, -EPERM, "not sealed against writing");
	plain = open("/proc/self/exe", O_RDONLY);
	is_refused(fd, &load, &plain, 1, -EINVAL, "not memory of memfd_create");
	assert_int_equal(pipe(pipes), 0);
	is_refused(fd, &load, &pipes[0], 1, -EINVAL, "not memory of memfd_create");
	close(memory);
	close(plain);
	close(pipes[0]);
	close(pipes[1]);
	load_over(fd); /* nothing of it was held against the connection */
	run_over(fd, 7);
	close(fd);
}

static void memory_of_another_size_is_refused(void **state)
{
	struct serve_load load = load_message();
	int fd = plug(), memory = package();

	(void)state;
	load.options_bytes++;
	is_refused(fd, &load, &memory, 1, -EINVAL, "announced were");
	load.options_bytes = UINT64_MAX;
	is_refused(fd, &load, &memory, 1, -EDQUOT, "limit");
	load.options_bytes = UINT64_MAX;
	load.twin_bytes = 2;
	is_refused(fd, &load, (int[]){ memory, memory }, 2, -EFBIG, "without bounds");
	close(memory);
	close(fd);
}

static void garbage_in_the_package_is_refused(void **state)
{
	struct serve_load load = load_message();
	static uint8_t zeros[4096];
	int fd = plug(), memory = serve_memory_copy("test", zeros, sizeof(zeros));

	(void)state;
	load.options_bytes = sizeof(zeros);
	is_refused(fd, &load, &memory, 1, -EINVAL, "");
	close(memory);
	close(fd);
}

/* Each of these ends its connection and no other. */
static void ends(const void *message, size_t bytes, bool has_loaded, uint32_t descriptors)
{
	struct serve_received got;
	int fd = plug(), fds[2] = { package(), package() };
	uint32_t kind;

	if (has_loaded)
		load_over(fd);
	assert_int_equal(serve_send(fd, message, bytes, fds, descriptors), 0);
	do {
		kind = hear(fd, &got);
		if (kind)
			serve_received_close(&got);
	} while (kind);
	close(fds[0]);
	close(fds[1]);
	close(fd);
}

static void whatever_is_not_in_the_protocol_ends_the_connection(void **state)
{
	struct {
		struct serve_head head;
		uint8_t more[16384];
	} odd = { .head = SERVE_HEAD(99) };
	struct serve_load load = load_message(), other = load_message();
	const struct serve_run run = { .head = SERVE_HEAD(SERVE_RUN) };
	const struct serve_done done = { .head = SERVE_HEAD(SERVE_DONE) };
	const struct serve_ask ask = { .head = SERVE_HEAD(SERVE_STATUS) };
	struct serve_run future = { .head = { .kind = SERVE_RUN, .version = 2 } };
	int steady = plug();

	(void)state;
	load_over(steady);
	ends(&odd, sizeof(odd.head), false, 0);
	ends(&odd, sizeof(odd), false, 0);
	ends(&odd, 1, false, 0);
	ends(&odd, 1, false, 2);
	ends(&run, sizeof(run) - 1, true, 0);
	ends(&run, sizeof(run), false, 0);         /* without a program */
	ends(&run, sizeof(run), true, 1);          /* descriptors nobody asked for */
	ends(&ask, sizeof(ask), false, 2);
	ends(&done, sizeof(done), true, 0);        /* the daemon's own words */
	ends(&load, sizeof(load), true, 1);        /* a second one */
	ends(&load, sizeof(load), false, 0);       /* without memory */
	ends(&load, sizeof(load), false, 2);       /* with too much */
	other.twin_bytes = 8;
	ends(&other, sizeof(other), false, 1);     /* with too little */
	other = load;
	other.options_bytes = 0;
	ends(&other, sizeof(other), false, 1);
	other = load;
	other.priority = 3;
	ends(&other, sizeof(other), false, 1);
	ends(&future, sizeof(future), true, 0);
	run_over(steady, 5);
	close(steady);
	all_is_well();
}

static void another_version_is_told_before_the_end(void **state)
{
	const struct serve_ask ask = { .head = { .kind = SERVE_STATUS, .version = 7 } };
	struct serve_received got;
	int fd = plug();

	(void)state;
	assert_int_equal(say(fd, &ask, sizeof(ask), NULL, 0, &got), SERVE_REFUSED);
	assert_string_equal(got.message.refused.text,
			    "version 1 of the protocol is spoken here, not 7");
	assert_int_equal(hear(fd, &got), 0);
	close(fd);
}

static void a_second_run_before_the_first_is_over_ends_the_connection(void **state)
{
	const struct serve_run run = { .head = SERVE_HEAD(SERVE_RUN) };
	int fd = plug();

	(void)state;
	load_over(fd);
	/* Some may still be over before the next is read. */
	for (int i = 0; i < 1000; i++)
		if (serve_send(fd, &run, sizeof(run), NULL, 0) < 0)
			break;
	close(fd);
	all_is_well();
}

/* It asks, and never reads the answers: its socket fills, and that is its end. */
static void who_never_reads_is_hung_up_on(void **state)
{
	const struct serve_ask ask = { .head = SERVE_HEAD(SERVE_STATUS) };
	int fd = plug(), r = 0;

	(void)state;
	for (int i = 0; i < 100000 && r == 0; i++)
		r = serve_send(fd, &ask, sizeof(ask), NULL, 0);
	assert_true(r == -EPIPE || r == -ECONNRESET);
	close(fd);
	all_is_well();
}

static struct serve_status *status(void)
{
	struct atoll_error err;
	struct serve_status *now = serve_status_ask(path, 5000, &err);

	if (!now)
		fail_msg("%s", err.text);
	return now;
}

/* By the kernel's word: whoever listens may say of itself what it likes. */
static void whose_the_socket_is_the_kernel_tells(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_int_equal(serve_status_pid(path, 5000, &err), getpid());
	assert_int_equal(serve_status_pid("/nowhere", 5000, &err), -ENOENT);
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

static int mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	int count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, "atoll-tensors") || strstr(line, "memfd:test");
	(void)fclose(file);
	return count;
}

/* Nobody but the one who asks is there, and nothing is loaded. */
static void await_quiet(void)
{
	int64_t end = atoll_clock_ms() + 5000;
	bool is_quiet;

	do {
		struct serve_status *now = status();

		is_quiet = now->numbers.programs == 0 && now->numbers.waiting == 0 &&
			   now->numbers.running == 0 && now->tpu[0].programs == 0 &&
			   now->numbers.clients == 1 && now->client[0].bytes == 0;
		serve_status_free(now);
		assert_true(atoll_clock_ms() < end);
	} while (!is_quiet);
}

static void connections_that_break_off_anywhere_leave_nothing(void **state)
{
	const struct serve_load load = load_message();
	const struct serve_run run = { .head = SERVE_HEAD(SERVE_RUN) };
	int memory = package(), before, maps;

	(void)state;
	all_is_well();
	await_quiet();
	before = open_fds();
	maps = mappings();
	for (int i = 0; i < 40; i++) {
		int fd = plug();

		if (i % 4 >= 1)
			(void)serve_send(fd, &load, sizeof(load), &memory, 1);
		if (i % 4 >= 2) {
			struct serve_received got;

			(void)hear(fd, &got);
			serve_received_close(&got);
			(void)serve_send(fd, &run, sizeof(run), NULL, 0);
		}
		if (i % 4 == 3)
			(void)usleep(100 * (unsigned)i);
		close(fd);
	}
	await_quiet();
	assert_in_range(open_fds(), before - 2, before + 2); /* the asking comes and goes */
	assert_int_equal(mappings(), maps);
	close(memory);
}

static void limits_are_kept(void **state)
{
	struct serve_load load = load_message();
	struct serve_received got;
	static uint8_t much[30000];
	int fd[3] = { plug(), plug(), plug() }, memory = package();
	int big = serve_memory_copy("test", much, sizeof(much));

	(void)state;
	load_over(fd[0]);
	load_over(fd[1]);
	is_refused(fd[2], &load, &memory, 1, -EDQUOT, "2 programs, which is its limit");
	close(fd[0]);
	do { /* until the daemon has noticed */
		assert_int_equal(serve_send(fd[2], &load, sizeof(load), &memory, 1), 0);
	} while (hear(fd[2], &got) != SERVE_LOADED);
	serve_received_close(&got);
	close(fd[1]);
	fd[0] = plug();
	load.options_bytes = sizeof(much);
	is_refused(fd[0], &load, &big, 1, -EDQUOT, "its limit of 20000 bytes");
	close(fd[0]);
	close(fd[2]);
	close(big);
	close(memory);
}

static void connections_without_programs_are_limited_too(void **state)
{
	struct serve_received got;
	int fd[16];

	(void)state;
	for (size_t i = 0; i < 16; i++)
		fd[i] = plug();
	assert_int_equal(hear(fd[15], &got), SERVE_REFUSED);
	assert_int_equal(got.message.refused.result, -EUSERS);
	assert_string_equal(got.message.refused.text, "this client has too many connections");
	assert_int_equal(hear(fd[15], &got), 0);
	for (size_t i = 0; i < 16; i++)
		close(fd[i]);
	for (int64_t end = atoll_clock_ms() + 5000; ; ) {
		struct serve_status *now = serve_status_ask(path, 5000, NULL);

		serve_status_free(now);
		if (now)
			break;
		assert_true(atoll_clock_ms() < end);
	}
}

static void more_processes_than_allowed_are_turned_away(void **state)
{
	int told[2], held[2];
	pid_t pid;
	char got = 0;

	(void)state;
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(held), 0);
	/* One is this process, one a child; the third is turned away. */
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			load_over(plug()); /* stays open to the end of the test program */
		pid = fork();
		if (pid == 0) {
			const struct serve_ask ask = { .head = SERVE_HEAD(SERVE_STATUS) };
			struct serve_received answer = { .bytes = 0 };
			int fd = connect_daemon(path, 5000, NULL);
			uint32_t kind = 0;

			close(held[1]);
			if (connect_exchange(fd, &ask, sizeof(ask), NULL, 0, &answer, NULL) == 0)
				kind = answer.message.head.kind;
			(void)!write(told[1], kind == SERVE_STATE ? "y" :
				     kind == SERVE_REFUSED ? "n" : "?", 1);
			if (i == 0)
				(void)!read(held[0], &got, 1);
			_exit(0);
		}
		assert_true(pid > 0);
		assert_int_equal(read(told[0], &got, 1), 1);
		assert_int_equal(got, i == 0 ? 'y' : 'n');
	}
	close(held[1]);
	close(held[0]);
	close(told[0]);
	close(told[1]);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void a_burst_of_garbage_is_told_once_and_counted(void **state)
{
	struct serve_status *now;
	const char *log;

	(void)state;
	for (int i = 0; i < 20; i++)
		ends("garbage!", 8, false, 0);
	now = status();
	assert_int_equal(now->numbers.refused, 20);
	serve_status_free(now);
	log = daemon_log(daemon_at);
	assert_non_null(strstr(log, "a message of no known kind and length"));
	assert_ptr_equal(strstr(log, "the connection is closed"),
			 strrchr(log, ';') + 2);
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)
#define NARROW_TEST(test) cmocka_unit_test_setup_teardown(test, enter_narrow, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SERVER_TEST(whose_the_socket_is_the_kernel_tells),
		SERVER_TEST(memory_is_shared_as_it_is_told),
		SERVER_TEST(unsealed_memory_is_refused),
		SERVER_TEST(memory_of_another_size_is_refused),
		SERVER_TEST(garbage_in_the_package_is_refused),
		SERVER_TEST(whatever_is_not_in_the_protocol_ends_the_connection),
		SERVER_TEST(another_version_is_told_before_the_end),
		SERVER_TEST(a_second_run_before_the_first_is_over_ends_the_connection),
		SERVER_TEST(who_never_reads_is_hung_up_on),
		SERVER_TEST(connections_that_break_off_anywhere_leave_nothing),
		SERVER_TEST(a_burst_of_garbage_is_told_once_and_counted),
		NARROW_TEST(limits_are_kept),
		NARROW_TEST(connections_without_programs_are_limited_too),
		NARROW_TEST(more_processes_than_allowed_are_turned_away),
	};

	return CHECK_RUN(tests);
}
