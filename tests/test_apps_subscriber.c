/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/subscriber.h"
#include "board/clock.h"
#include "board/listener.h"
#include "tests/folder.h"

/* A daemon of our own at the other end, and what was told of it: "+stop 0.50" for a
   word, "-cat" for what is over, "there" and "lost". */
static struct atoll_loop *loop;
static struct subscriber *subscriber;
static struct atoll_listener *door;
static int daemon_fd;
static char told[16384], path[64];
static char *said;
static struct atoll_log quiet;
static size_t said_size;

static void add(const char *format, const char *label, float score)
{
	size_t length = strlen(told);

	(void)snprintf(told + length, sizeof(told) - length, format, label, (double)score);
}

static void on_event(void *data, const struct rules_event *event)
{
	assert_ptr_equal(data, told);
	assert_string_equal(event->source, "vision");
	add(event->is_over ? "-%s " : "+%s %.2f ", event->label, event->score);
}

static void on_change(void *data, const char *source, bool is_there)
{
	assert_ptr_equal(data, told);
	assert_string_equal(source, "vision");
	add("%s ", is_there ? "there" : "lost", 0);
}

static void stop(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

static void run_for(uint32_t ms)
{
	assert_true(atoll_loop_after(loop, ms, stop, loop) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
}

/* For at most `limit_ms`, until `text` is all that was told. */
static bool comes(const char *text, uint32_t limit_ms)
{
	int64_t end = atoll_clock_ms() + limit_ms;

	while (strcmp(told, text) != 0 && atoll_clock_ms() < end)
		run_for(1);
	if (strcmp(told, text) == 0)
		return true;
	print_error("told: %s\nexpected: %s\n", told, text);
	return false;
}

static bool ends_with(const char *text, uint32_t limit_ms)
{
	int64_t end = atoll_clock_ms() + limit_ms;
	size_t length = strlen(text);

	while (atoll_clock_ms() < end) {
		if (strlen(told) >= length && strcmp(told + strlen(told) - length, text) == 0)
			return true;
		run_for(1);
	}
	return false;
}

static void serve(void)
{
	const struct atoll_listener_options options = {
		.path = path, .type = SOCK_STREAM, .mode = 0660, .group = (gid_t)-1 };

	door = atoll_listener_open(&options, NULL);
	assert_non_null(door);
}

static void take_client(void)
{
	int64_t end = atoll_clock_ms() + 10000;

	do {
		run_for(1);
		daemon_fd = atoll_listener_accept(door);
	} while (daemon_fd < 0 && atoll_clock_ms() < end);
	assert_true(daemon_fd >= 0);
}

static void give_up(void)
{
	if (daemon_fd >= 0)
		assert_int_equal(close(daemon_fd), 0);
	atoll_listener_close(door);
	daemon_fd = -1;
	door = NULL;
}

static void say_bytes(const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t sent = send(daemon_fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0) {
			assert_int_equal(errno, EAGAIN);
			run_for(0);
			continue;
		}
		bytes += sent;
		size -= (size_t)sent;
	}
}

static void say(const char *text)
{
	say_bytes(text, strlen(text));
}

static void subscribe(void)
{
	const struct subscriber_calls calls = {
		.event = on_event, .change = on_change, .data = told };
	struct atoll_error err;

	subscriber = subscriber_new(loop, &(struct rules_source){ "vision", path }, &calls,
				    &quiet, &err);
	if (!subscriber)
		fail_msg("%s", err.text);
}

static int enter(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s", in_folder("visiond.sock"));
	told[0] = '\0';
	daemon_fd = -1;
	quiet = atoll_log_new("test", ATOLL_LOG_DEBUG);
	quiet.file = open_memstream(&said, &said_size);
	loop = atoll_loop_new(NULL);
	return loop && quiet.file ? 0 : -1;
}

static int leave(void **state)
{
	subscriber_free(subscriber);
	subscriber = NULL;
	give_up();
	atoll_loop_free(loop);
	(void)fclose(quiet.file);
	free(said);
	return folder_remove(state);
}

static void begin(void)
{
	serve();
	subscribe();
	take_client();
}

#define NOTHING "{\"event\":\"state\",\"things\":[]}\n"

static void words_and_things_are_told(void **state)
{
	(void)state;
	begin();
	say("{\"event\":\"state\",\"camera\":\"sees\",\"things\":[]}\n"
	    "{\"event\":\"word\",\"model\":\"keywords\",\"word\":\"stop\",\"score\":0.5}\n"
	    "{\"event\":\"appear\",\"model\":\"cards\",\"id\":3,\"label\":\"cat\",\"score\":0.75}\n"
	    "{\"event\":\"change\",\"model\":\"cards\",\"id\":3,\"label\":\"cat\",\"score\":0.8}\n"
	    "{\"event\":\"camera\",\"state\":\"lost\"}\n"
	    "{\"event\":\"disappear\",\"model\":\"cards\",\"id\":3,\"label\":\"cat\"}\n");
	assert_true(comes("there +stop 0.50 +cat 0.75 -cat ", 5000));
	assert_int_equal(subscriber_counts(subscriber).events, 3);
	assert_int_equal(subscriber_counts(subscriber).wrong, 0);
}

static void things_of_a_label_are_told_apart(void **state)
{
	(void)state;
	begin();
	say("{\"event\":\"appear\",\"model\":\"a\",\"id\":1,\"label\":\"cat\"}\n"
	    "{\"event\":\"appear\",\"model\":\"a\",\"id\":1,\"label\":\"cat\"}\n"
	    "{\"event\":\"appear\",\"model\":\"b\",\"id\":1,\"label\":\"cat\"}\n"
	    "{\"event\":\"disappear\",\"model\":\"a\",\"id\":1,\"label\":\"cat\"}\n"
	    "{\"event\":\"disappear\",\"model\":\"a\",\"id\":1,\"label\":\"cat\"}\n"
	    "{\"event\":\"disappear\",\"model\":\"a\",\"id\":7,\"label\":\"cat\"}\n"
	    "{\"event\":\"appear\",\"label\":\"dog\"}\n"
	    "{\"event\":\"appear\",\"label\":\"pig\"}\n"
	    "{\"event\":\"disappear\",\"label\":\"dog\"}\n");
	assert_true(comes("there +cat 0.00 +cat 0.00 -cat +dog 0.00 +pig 0.00 -dog ", 5000));
}

static void what_is_there_already_appears_at_once(void **state)
{
	(void)state;
	begin();
	say("{\"event\":\"state\",\"things\":[{\"model\":\"a\",\"id\":1,\"label\":\"cat\","
	    "\"score\":0.5,\"for_ms\":10},{\"model\":\"a\",\"id\":2,\"label\":\"cat\"},{}]}\n"
	    "{\"event\":\"state\",\"things\":[{\"model\":\"a\",\"id\":2,\"label\":\"cat\"},"
	    "{\"model\":\"a\",\"id\":3,\"label\":\"key\"}]}\n"
	    "{\"event\":\"state\",\"things\":[{\"model\":\"a\",\"id\":3,\"label\":\"key\"}]}\n");
	assert_true(comes("there +cat 0.50 +cat 0.00 -cat +key 0.00 -cat ", 5000));
	told[0] = '\0';
	subscriber_repeat(subscriber);
	assert_string_equal(told, "there +key 0.00 ");
}

static void a_daemon_that_begins_again_is_found_again(void **state)
{
	(void)state;
	begin();
	say("{\"event\":\"state\",\"things\":[{\"id\":1,\"label\":\"cat\"}]}\n{\"event\":\"wo");
	assert_true(comes("there +cat 0.00 ", 5000));
	give_up();
	assert_true(comes("there +cat 0.00 lost ", 5000));
	run_for(150); /* in vain at least once */
	serve();
	take_client();
	assert_string_equal(told, "there +cat 0.00 lost ");
	say("{\"event\":\"word\",\"word\":\"go\"}\n");
	assert_true(comes("there +cat 0.00 lost there +go 0.00 ", 5000));
	assert_int_equal(subscriber_counts(subscriber).connections, 2);
}

static void a_daemon_that_comes_later_is_found(void **state)
{
	(void)state;
	subscribe();
	run_for(50);
	assert_string_equal(told, "");
	assert_false(subscriber_counts(subscriber).is_there);
	serve();
	take_client();
	say(NOTHING);
	assert_true(comes("there ", 5000));
	assert_true(subscriber_counts(subscriber).is_there);
}

/* As one does that has enough clients. */
static void who_hangs_up_at_once_was_never_there(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(close(daemon_fd), 0);
		take_client();
	}
	assert_string_equal(told, "");
}

static void garbage_and_long_lines_are_passed_over(void **state)
{
	static char garbage[200000];
	struct check_random random = { 5 };
	const char *complaint;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (char)check_random(&random);
	say_bytes(garbage, sizeof(garbage));
	say("\n\n{}\n[]\n{\"event\":7}\n{\"event\":\"word\"}\n{\"event\":\"word\",\"word\":1}\n"
	    "{\"event\":\"appear\",\"label\":null}\n{\"event\":\"word\",\"word\":\"a\\u0000\"}\n"
	    "{\"event\":\"state\",\"things\":7}\n{\"event\":\"state\",\"things\":[1,[],null]}\n");
	assert_true(comes("there ", 5000)); /* since there were events, of a kind */
	memset(garbage, ' ', sizeof(garbage));
	memcpy(garbage, "{\"event\":\"word\",\"word\":\"long\"}", 30);
	say_bytes(garbage, SUBSCRIBER_LINE_BYTES + 1);
	say("\n");
	say_bytes(garbage, SUBSCRIBER_LINE_BYTES);
	say("\n{\"event\":\"word\",\"word\":\"next\"}\n");
	assert_true(comes("there +long 0.00 +next 0.00 ", 5000));
	assert_true(subscriber_counts(subscriber).wrong > 10);
	(void)fflush(quiet.file);
	complaint = strstr(said, "passed over");
	assert_non_null(complaint);
	assert_null(strstr(complaint + 1, "passed over")); /* once of all */
}

static void a_line_may_come_byte_by_byte(void **state)
{
	static const char line[] = "{\"event\":\"word\",\"word\":\"slow\",\"score\":1}\n";

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		assert_string_equal(told, "");
		say_bytes(line + i, 1);
		run_for(0);
	}
	assert_true(comes("there +slow 1.00 ", 5000));
}

static uint32_t rounds;

static void on_round(void *data, uint32_t what)
{
	char one;

	(void)what;
	rounds++;
	assert_int_equal(read(*(int *)data, &one, 1), 1);
}

/* A megabyte at once, whose reading takes turns with another file that is ready. */
static void a_flood_leaves_others_their_turn(void **state)
{
	static char flood[1000000];
	static const char word[] = "{\"event\":\"change\"}\n";
	size_t size = sizeof(word) - 1, count = sizeof(flood) / size;
	int ends[2];

	(void)state;
	begin();
	for (size_t i = 0; i < count; i++)
		memcpy(flood + i * size, word, size);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(atoll_loop_watch(loop, ends[0], EPOLLIN, on_round, &ends[0]), 0);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(write(ends[1], "x", 1), 1);
	rounds = 0;
	say_bytes(flood, count * size);
	say("{\"event\":\"word\",\"word\":\"after\"}\n");
	assert_true(comes("there +after 0.00 ", 10000));
	assert_true(rounds >= 1000000 / 4096);
	atoll_loop_forget(loop, ends[0]);
	close(ends[0]);
	close(ends[1]);
}

static void more_things_than_anybody_sees_do_no_harm(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < 2000; i++) {
		char line[96];

		(void)snprintf(line, sizeof(line), "{\"event\":\"appear\",\"id\":%d,"
			       "\"label\":\"thing\"}\n", i);
		say(line);
	}
	say("{\"event\":\"state\",\"things\":[]}\n{\"event\":\"word\",\"word\":\"last\"}\n");
	assert_true(ends_with("+last 0.00 ", 10000));
	/* As many are over as appeared. */
	assert_int_equal(subscriber_counts(subscriber).events % 2, 1);
	assert_true(subscriber_counts(subscriber).events > 200);
}

static void a_path_that_is_too_long_is_named(void **state)
{
	const struct subscriber_calls calls = { .event = on_event, .change = on_change };
	struct atoll_error err;
	char longest[200];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(subscriber_new(loop, &(struct rules_source){ "vision", longest }, &calls,
				   &quiet, &err));
	assert_int_equal(err.code, -ENAMETOOLONG);
	assert_memory_equal(err.text, "vision: ", 8);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)
		TEST(words_and_things_are_told),
		TEST(things_of_a_label_are_told_apart),
		TEST(what_is_there_already_appears_at_once),
		TEST(a_daemon_that_begins_again_is_found_again),
		TEST(a_daemon_that_comes_later_is_found),
		TEST(who_hangs_up_at_once_was_never_there),
		TEST(garbage_and_long_lines_are_passed_over),
		TEST(a_line_may_come_byte_by_byte),
		TEST(a_flood_leaves_others_their_turn),
		TEST(more_things_than_anybody_sees_do_no_harm),
		TEST(a_path_that_is_too_long_is_named),
	};

	return CHECK_RUN(tests);
}
