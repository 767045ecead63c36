/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "apps/headerd_control.h"
#include "board/clock.h"
#include "tests/fake_gpio.h"
#include "tests/fake_header.h"
#include "tests/folder.h"

#define LINE(number) (&fake_gpio.chip[0].line[number])

static struct atoll_loop *loop;
static struct headerd_pins *pins;
static struct headerd_control *control;
static struct atoll_log quiet;
static char path[64];
static uint32_t taken;

static void on_edge(void *data, const struct headerd_edge *edge)
{
	(void)data;
	if (control)
		headerd_control_edge(control, edge);
}

static void on_taken(void *data, const struct atoll_pin *pin)
{
	assert_ptr_equal(data, path);
	taken = taken * 10 + pin->number;
}

static void on_status(void *data, struct atoll_json *json)
{
	assert_ptr_equal(data, path);
	atoll_json_string(json, "board", "fake");
}

static void open_control(bool takes)
{
	struct atoll_error err;

	control = headerd_control_open(&(struct headerd_control_options){
		.loop = loop, .header = fake_header, .pins = pins, .path = path,
		.takes = takes, .taken = on_taken, .status = on_status, .data = path,
		.log = &quiet }, &err);
	if (!control)
		fail_msg("%s", err.text);
}

static int enter(void **state)
{
	if (folder_make(state) != 0)
		return -1;
	fake_gpio_reset();
	taken = 0;
	(void)snprintf(path, sizeof(path), "%s", in_folder("control"));
	quiet = atoll_log_new("test", ATOLL_LOG_ERR);
	loop = atoll_loop_new(NULL);
	pins = headerd_pins_new(&(struct headerd_pins_options){
		.loop = loop, .header = fake_header, .system = &fake_gpio_system,
		.edge = on_edge, .log = &quiet }, NULL);
	if (!loop || !pins)
		return -1;
	open_control(false);
	return 0;
}

static int leave(void **state)
{
	headerd_control_close(control);
	control = NULL;
	headerd_pins_free(pins);
	atoll_loop_free(loop);
	return folder_remove(state) == 0 && fake_gpio.opened == 0 ? 0 : -1;
}

static void stop(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

static void turn(void)
{
	assert_true(atoll_loop_after(loop, 0, stop, loop) >= 0);
	assert_int_equal(atoll_loop_run(loop), 0);
}

static void settle(void)
{
	for (int i = 0; i < 12; i++)
		turn();
}

static int connect_client(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	settle();
	return fd;
}

static void say(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length > 0) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN)
			turn();
		else if (sent < 0)
			return; /* hung up on */
		else
			text += sent, length -= (size_t)sent;
	}
	settle();
}

/* What lies in the client's socket now; "END" for the end of it, "" for nothing. */
static const char *heard(int fd)
{
	static char text[65536];
	ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return "END";
	if (got < 0) {
		assert_int_equal(errno, EAGAIN);
		return "";
	}
	text[got] = '\0';
	return text;
}

static void assert_answer(int fd, const char *request, const char *answer)
{
	char line[256];

	say(fd, request);
	say(fd, "\n");
	(void)snprintf(line, sizeof(line), "%s\n", answer);
	assert_string_equal(heard(fd), line);
}

static void pins_are_read_and_set_by_number_and_name(void **state)
{
	int fd = connect_client();

	(void)state;
	LINE(3)->level = 1;
	assert_answer(fd, "{\"get\":\"3\"}",
		      "{\"pin\":3,\"name\":\"A\",\"level\":\"high\",\"direction\":\"in\"}");
	assert_answer(fd, "{\"get\":[3,\"b\"]}",
		      "{\"pin\":3,\"name\":\"A\",\"level\":\"high\",\"direction\":\"in\"}\n"
		      "{\"pin\":4,\"name\":\"B\",\"level\":\"low\",\"direction\":\"in\"}");
	assert_answer(fd, "{\"level\":\"high\",\"set\":\"b\"}",
		      "{\"pin\":4,\"name\":\"B\",\"level\":\"high\",\"direction\":\"out\","
		      "\"owner\":\"clients\"}");
	assert_int_equal(LINE(4)->level, 1);
	assert_int_equal(taken, 4);
	close(fd);
	settle();
	assert_int_equal(LINE(4)->level, 1);
	fd = connect_client();
	assert_answer(fd, "{\"release\":4}",
		      "{\"pin\":4,\"name\":\"B\",\"level\":\"high\",\"direction\":\"out\"}");
	assert_false(LINE(4)->is_ours);
	close(fd);
}

static void what_cannot_be_done_is_answered_with_the_reason(void **state)
{
	static const struct {
		const char *request, *error;
	} wrong[] = {
		{ "", "a request is a JSON object on a line of its own" },
		{ "get 3", "a request is a JSON object on a line of its own" },
		{ "{\"get\":\"3\"", "a request is a JSON object on a line of its own" },
		{ "[]", "a request is a JSON object on a line of its own" },
		{ "{\"turn\":\"3\"}", "a request has get, set, watch, release or status" },
		{ "{\"get\":null}", "a pin is its number or a name in quotes" },
		{ "{\"get\":\"\"}", "a pin is its number or a name in quotes" },
		{ "{\"get\":{\"3\":1}}", "a pin is its number or a name in quotes" },
		{ "{\"get\":[]}", "no pin is named" },
		{ "{\"get\":1}", "pin 1: is 3.3V, no GPIO" },
		{ "{\"watch\":2}", "pin 2: is TX, the console" },
		{ "{\"set\":3}", "set: the level is high or low" },
		{ "{\"set\":3,\"level\":1}", "set: the level is high or low" },
		{ "{\"set\":3,\"level\":\"up\"}", "set: the level is high or low" },
		{ "{\"set\":6,\"level\":\"high\"}", "pin 6: is D, only an input" },
		{ "{\"set\":8,\"level\":\"high\"}",
		  "pin 8: is F, shared with something else on the board" },
		{ "{\"release\":3}", "pin 3: no client has set it" },
	};
	int fd = connect_client();

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "{\"error\":\"%s\"}", wrong[i].error);
		assert_answer(fd, wrong[i].request, line);
	}
	say(fd, "{\"get\":99}\n{\"get\":-3}\n{\"get\":\"nothing\"}\n{\"get\":1e9}\n");
	assert_memory_equal(heard(fd), "{\"error\":", 9);
	assert_int_equal(taken, 0);
	close(fd);
}

static void changes_are_told_to_those_who_watch(void **state)
{
	int first = connect_client(), second = connect_client();
	const char *text;

	(void)state;
	assert_answer(first, "{\"watch\":[\"3\",\"3\"]}",
		      "{\"pin\":3,\"name\":\"A\",\"level\":\"low\",\"direction\":\"in\"}\n"
		      "{\"pin\":3,\"name\":\"A\",\"level\":\"low\",\"direction\":\"in\"}");
	fake_gpio_drive(0, 3, 1);
	settle();
	text = heard(first);
	assert_memory_equal(text, "{\"event\":\"edge\",\"pin\":3,\"name\":\"A\",\"level\":\"high\","
			    "\"time\":\"20", 58);
	assert_non_null(strstr(text, "\"monotonic_ns\":"));
	assert_string_equal(heard(second), "");
	/* By another client, too. */
	say(second, "{\"set\":\"3\",\"level\":\"low\"}\n");
	assert_non_null(strstr(heard(first), "\"level\":\"low\""));
	say(second, "{\"release\":\"3\"}\n");
	close(first);
	settle();
	headerd_pins_tick(pins);
	assert_false(LINE(3)->is_ours);
	close(second);
}

static void who_does_not_read_is_dropped(void **state)
{
	int lazy = connect_client(), eager = connect_client();

	(void)state;
	say(lazy, "{\"watch\":3}\n");
	say(eager, "{\"watch\":3}\n");
	for (int i = 0; i < 5000 && headerd_control_clients(control) == 2; i++) {
		fake_gpio_drive(0, 3, i % 2 == 0);
		turn();
		(void)heard(eager);
	}
	assert_int_equal(headerd_control_clients(control), 1);
	fake_gpio_drive(0, 3, 1);
	fake_gpio_drive(0, 3, 0);
	settle();
	assert_string_not_equal(heard(eager), "");
	close(eager);
	/* Likewise one that only asks. */
	for (int i = 0; i < 5000 && headerd_control_clients(control) > 0; i++)
		say(lazy, "{\"get\":3}\n");
	close(lazy);
	lazy = connect_client();
	for (int i = 0; i < 5000 && headerd_control_clients(control) > 0; i++)
		say(lazy, "{\"get\":[3,3,3,3]}\n");
	assert_int_equal(headerd_control_clients(control), 0);
	close(lazy);
}

static void a_line_that_is_too_long_ends_the_connection(void **state)
{
	char line[HEADERD_REQUEST_BYTES + 2];
	int fd = connect_client();

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "{\"get\":3}", 9);
	strcpy(line + HEADERD_REQUEST_BYTES, "\n");
	say(fd, line);
	assert_memory_equal(heard(fd), "{\"pin\":3", 8);
	strcpy(line + HEADERD_REQUEST_BYTES, " ");
	say(fd, line);
	settle();
	assert_string_equal(heard(fd), "{\"error\":\"a line that is too long\"}\n");
	assert_string_equal(heard(fd), "END");
	assert_int_equal(headerd_control_clients(control), 0);
	close(fd);
}

static void garbage_costs_nobody_else_anything(void **state)
{
	int noisy = connect_client(), quiet_one = connect_client();
	struct check_random random = { 3 };
	char bytes[1500];

	(void)state;
	for (int i = 0; i < 200; i++) {
		for (size_t k = 0; k < sizeof(bytes) - 2; k++)
			bytes[k] = (char)check_random_in(&random, 1, 127);
		bytes[sizeof(bytes) - 2] = '\n';
		bytes[sizeof(bytes) - 1] = '\0';
		say(noisy, bytes);
		(void)heard(noisy);
	}
	assert_answer(quiet_one, "{\"get\":3}",
		      "{\"pin\":3,\"name\":\"A\",\"level\":\"low\",\"direction\":\"in\"}");
	assert_int_equal(headerd_control_clients(control), 2);
	close(noisy);
	close(quiet_one);
}

static void half_a_request_waits_for_its_rest(void **state)
{
	int fd = connect_client();

	(void)state;
	say(fd, "{\"get\"");
	assert_string_equal(heard(fd), "");
	say(fd, ":3}\n{");
	assert_memory_equal(heard(fd), "{\"pin\":3", 8);
	/* Who has said all still watches. */
	say(fd, "\"watch\":4}\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	settle();
	assert_memory_equal(heard(fd), "{\"pin\":4", 8);
	fake_gpio_drive(0, 4, 1);
	settle();
	assert_memory_equal(heard(fd), "{\"event\":\"edge\",\"pin\":4", 23);
	close(fd);
	settle();
	assert_int_equal(headerd_control_clients(control), 0);
}

static void who_has_said_all_and_watches_nothing_is_let_go(void **state)
{
	int fd = connect_client();

	(void)state;
	say(fd, "{\"get\":3}\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	settle();
	assert_memory_equal(heard(fd), "{\"pin\":3", 8);
	assert_string_equal(heard(fd), "END");
	assert_int_equal(headerd_control_clients(control), 0);
	close(fd);
}

static void one_client_too_many_is_turned_away(void **state)
{
	int fd[HEADERD_CLIENTS_MAX + 1];

	(void)state;
	for (int i = 0; i <= HEADERD_CLIENTS_MAX; i++)
		fd[i] = connect_client();
	assert_string_equal(heard(fd[HEADERD_CLIENTS_MAX]), "END");
	assert_string_equal(heard(fd[0]), "");
	assert_int_equal(headerd_control_clients(control), HEADERD_CLIENTS_MAX);
	for (int i = 0; i <= HEADERD_CLIENTS_MAX; i++)
		close(fd[i]);
}

static void the_socket_is_for_owner_and_group(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	headerd_control_close(control);
	control = NULL;
	assert_int_equal(stat(path, &status), -1);
}

static void the_daemon_adds_to_its_status(void **state)
{
	int fd = connect_client();

	(void)state;
	assert_answer(fd, "{\"status\":true}", "{\"board\":\"fake\"}");
	close(fd);
}

static void where_the_socket_cannot_be_is_named(void **state)
{
	struct atoll_error err;

	(void)state;
	assert_null(headerd_control_open(&(struct headerd_control_options){
		.loop = loop, .header = fake_header, .pins = pins, .path = "/nowhere/x",
		.log = &quiet }, &err));
	assert_string_equal(err.text,
			    "control socket: /nowhere/x: No such file or directory");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(test) cmocka_unit_test_setup_teardown(test, enter, leave)
		TEST(pins_are_read_and_set_by_number_and_name),
		TEST(what_cannot_be_done_is_answered_with_the_reason),
		TEST(changes_are_told_to_those_who_watch),
		TEST(who_does_not_read_is_dropped),
		TEST(a_line_that_is_too_long_ends_the_connection),
		TEST(garbage_costs_nobody_else_anything),
		TEST(half_a_request_waits_for_its_rest),
		TEST(who_has_said_all_and_watches_nothing_is_let_go),
		TEST(one_client_too_many_is_turned_away),
		TEST(the_socket_is_for_owner_and_group),
		TEST(the_daemon_adds_to_its_status),
		TEST(where_the_socket_cannot_be_is_named),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, fake_header_open, fake_header_close) != 0;
}
