/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/headerd_control.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/json_read.h"
#include "apps/lines.h"
#include "board/listener.h"

#define SOCKET_MODE 0660

/* Read at once, which is some twenty requests; then it is the turn of others. */
#define ROUND_BYTES 256

/* More than any header has. */
#define PINS_MAX 256

struct client {
	struct client *next;
	struct headerd_control *control;
	int fd;                      /* -1: it is dropped */
	uint32_t length;             /* of the line so far */
	uint8_t watches[PINS_MAX / 8];
	char line[HEADERD_REQUEST_BYTES];
};

struct headerd_control {
	struct headerd_control_options options;
	struct atoll_listener *listener;
	struct lines *lines;
	struct client *client;
	uint32_t clients;
};

static bool watches(const struct client *client, const struct atoll_pin *pin)
{
	return pin->number < PINS_MAX &&
	       client->watches[pin->number / 8] & 1u << pin->number % 8;
}

/* It may be in the midst of a request, so that its memory is freed later. */
static void drop(struct client *client)
{
	struct headerd_control *control = client->control;
	const struct atoll_header *header = control->options.header;
	const struct atoll_pin *pin;

	if (client->fd < 0)
		return;
	atoll_loop_forget(control->options.loop, client->fd);
	(void)close(client->fd); /* what was sent is on its way */
	client->fd = -1;
	control->clients--;
	for (uint32_t n = 1; header && (pin = atoll_header_pin(header, n)); n++)
		if (watches(client, pin))
			headerd_pins_unwatch(control->options.pins, pin);
}

static void free_dropped(struct headerd_control *control)
{
	struct client **link = &control->client;

	while (*link) {
		struct client *client = *link;

		if (client->fd >= 0) {
			link = &client->next;
			continue;
		}
		*link = client->next;
		free(client);
	}
}

/* The line in whole, or the client has to go. */
static void send_to(struct client *client, struct line line)
{
	ssize_t sent;

	if (client->fd < 0)
		return;
	sent = send(client->fd, line.bytes, line.length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (line.length == 0 || sent != (ssize_t)line.length)
		drop(client);
}

static void refuse(struct client *client, const char *why)
{
	struct lines *lines = client->control->lines;

	atoll_json_string(lines_begin(lines), "error", why);
	send_to(client, lines_end(lines));
}

static void add_pin(struct atoll_json *json, const struct atoll_pin *pin, bool is_high)
{
	atoll_json_integer(json, "pin", pin->number);
	atoll_json_string(json, "name", pin->name);
	atoll_json_string(json, "level", is_high ? "high" : "low");
}

/* How it stands, which is the answer to everything but trouble. */
static void answer(struct client *client, const struct atoll_pin *pin)
{
	struct headerd_control *control = client->control;
	struct headerd_level level;
	struct atoll_json *json;
	struct atoll_error err;

	if (headerd_pins_look(control->options.pins, pin, &level, &err) < 0) {
		refuse(client, err.text);
		return;
	}
	json = lines_begin(control->lines);
	add_pin(json, pin, level.is_high);
	atoll_json_string(json, "direction", level.is_output ? "out" : "in");
	if (level.is_of_rules || level.is_of_clients)
		atoll_json_string(json, "owner", level.is_of_rules ? "rules" : "clients");
	if (level.period_ns) {
		atoll_json_integer(json, "period_ns", (int64_t)level.period_ns);
		atoll_json_integer(json, "duty_ns", (int64_t)level.duty_ns);
	}
	send_to(client, lines_end(control->lines));
}

static void do_set(struct client *client, const struct atoll_pin *pin, bool is_high)
{
	const struct headerd_control_options *options = &client->control->options;
	struct atoll_error err;

	if (headerd_pins_drive(options->pins, pin, is_high, options->takes, &err) < 0) {
		refuse(client, err.text);
		return;
	}
	options->taken(options->data, pin);
	answer(client, pin);
}

static void do_release(struct client *client, const struct atoll_pin *pin)
{
	struct atoll_error err;

	if (headerd_pins_release(client->control->options.pins, pin, &err) < 0)
		refuse(client, err.text);
	else
		answer(client, pin);
}

static void do_watch(struct client *client, const struct atoll_pin *pin)
{
	struct atoll_error err;

	if (!watches(client, pin)) {
		if (headerd_pins_watch(client->control->options.pins, pin, &err) < 0) {
			refuse(client, err.text);
			return;
		}
		client->watches[pin->number / 8] |= (uint8_t)(1u << pin->number % 8);
	}
	answer(client, pin);
}

/* "16", 16, "EINT0"; NULL with why not. */
static const struct atoll_pin *find_pin(const struct client *client, struct json_value value,
					struct atoll_error *err)
{
	const struct atoll_header *header = client->control->options.header;
	const struct atoll_pin *pin = NULL;
	char name[64];
	int64_t number;

	if (json_read_integer(value, &number))
		(void)snprintf(name, sizeof(name), "%lld", (long long)number);
	else if (!json_read_text(value, name, sizeof(name)))
		name[0] = '\0';
	if (!name[0])
		(void)atoll_error_set(err, -EINVAL, "a pin is its number or a name in quotes");
	else if (!header)
		(void)atoll_error_set(err, -ENOENT, "pin %s: this board has no header", name);
	else
		pin = atoll_header_find(header, name, err);
	if (pin && pin->number >= PINS_MAX) {
		(void)atoll_error_set(err, -EINVAL, "pin %u: too many", pin->number);
		pin = NULL;
	}
	return pin;
}

/* One pin or a list of them, each with an answer of its own. */
static void for_each(struct client *client, struct json_value pins,
		     void (*call)(struct client *client, const struct atoll_pin *pin))
{
	bool is_list = pins.kind == JSON_IS_ARRAY;
	struct json_value item = is_list ? json_read_first(pins) : pins;
	struct atoll_error err;

	if (item.kind == JSON_IS_NONE)
		refuse(client, "no pin is named");
	while (item.kind != JSON_IS_NONE && client->fd >= 0) {
		const struct atoll_pin *pin = find_pin(client, item, &err);

		if (pin)
			call(client, pin);
		else
			refuse(client, err.text);
		item = is_list ? json_read_next(item) : (struct json_value){ .kind = JSON_IS_NONE };
	}
}

static void set_high(struct client *client, const struct atoll_pin *pin)
{
	do_set(client, pin, true);
}

static void set_low(struct client *client, const struct atoll_pin *pin)
{
	do_set(client, pin, false);
}

static void request_set(struct client *client, struct json_value request,
			struct json_value pins)
{
	char level[8] = "";

	(void)json_read_text(json_read_member(request, "level"), level, sizeof(level));
	if (strcmp(level, "high") == 0)
		for_each(client, pins, set_high);
	else if (strcmp(level, "low") == 0)
		for_each(client, pins, set_low);
	else
		refuse(client, "set: the level is high or low");
}

static void request_get(struct client *client, struct json_value request,
			struct json_value pins)
{
	(void)request;
	for_each(client, pins, answer);
}

static void request_watch(struct client *client, struct json_value request,
			  struct json_value pins)
{
	(void)request;
	for_each(client, pins, do_watch);
}

static void request_release(struct client *client, struct json_value request,
			    struct json_value pins)
{
	(void)request;
	for_each(client, pins, do_release);
}

static void request_status(struct client *client, struct json_value request,
			   struct json_value value)
{
	const struct headerd_control_options *options = &client->control->options;

	(void)request, (void)value;
	options->status(options->data, lines_begin(client->control->lines));
	send_to(client, lines_end(client->control->lines));
}

static void on_line(struct client *client)
{
	static const struct {
		const char *name;
		void (*call)(struct client *client, struct json_value request,
			     struct json_value value);
	} requests[] = {
		{ "get", request_get }, { "set", request_set }, { "watch", request_watch },
		{ "release", request_release }, { "status", request_status },
	};
	struct json_value request = json_read(client->line, client->length);

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct json_value value = json_read_member(request, requests[i].name);

		if (value.kind != JSON_IS_NONE) {
			requests[i].call(client, request, value);
			return;
		}
	}
	refuse(client, request.kind == JSON_IS_OBJECT ?
	       "a request has get, set, watch, release or status" :
	       "a request is a JSON object on a line of its own");
}

static void on_byte(struct client *client, char byte)
{
	if (byte == '\n') {
		on_line(client);
		client->length = 0;
	} else if (client->length < sizeof(client->line)) {
		client->line[client->length++] = byte;
	} else {
		refuse(client, "a line that is too long");
		drop(client);
	}
}

/* Whoever has said all there is to say may still watch; anybody else has been answered. */
static void on_last(struct client *client)
{
	static const uint8_t nothing[sizeof(client->watches)];

	if (memcmp(client->watches, nothing, sizeof(nothing)) == 0 ||
	    atoll_loop_change(client->control->options.loop, client->fd, 0) < 0)
		drop(client);
}

static void on_client(void *data, uint32_t events)
{
	struct client *client = data;
	struct headerd_control *control = client->control;
	char bytes[ROUND_BYTES];
	ssize_t got = -1;

	if (events & (EPOLLHUP | EPOLLERR))
		drop(client);
	else
		got = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (client->fd >= 0 && got < 0 && errno != EAGAIN && errno != EINTR)
		drop(client);
	if (got == 0)
		on_last(client);
	for (ssize_t i = 0; i < got && client->fd >= 0; i++)
		on_byte(client, bytes[i]);
	free_dropped(control);
}

/* Takes the fd. */
static void welcome(struct headerd_control *control, int fd)
{
	struct client *client = NULL;

	if (control->clients < HEADERD_CLIENTS_MAX)
		client = calloc(1, sizeof(*client));
	if (!client ||
	    atoll_loop_watch(control->options.loop, fd, EPOLLIN, on_client, client) < 0) {
		free(client);
		(void)close(fd); /* nothing was written */
		return;
	}
	client->control = control;
	client->fd = fd;
	client->next = control->client;
	control->client = client;
	control->clients++;
}

static void on_knock(void *data, uint32_t what)
{
	struct headerd_control *control = data;
	int fd = atoll_listener_accept(control->listener);

	(void)what;
	free_dropped(control);
	if (fd >= 0)
		welcome(control, fd);
}

/* A group that is not there, or not ours to give, leaves the socket to its owner. */
static gid_t find_group(const char *name, const char **why)
{
	const struct group *group = name ? getgrnam(name) : NULL;

	if (group && (geteuid() == 0 || getegid() == group->gr_gid ||
		      group_member(group->gr_gid)))
		return group->gr_gid;
	if (name)
		*why = group ? "we are not in its group" : "there is no such group";
	return (gid_t)-1;
}

static int open_on(struct headerd_control *control, struct atoll_error *err)
{
	const struct headerd_control_options *options = &control->options;
	const char *why = NULL;
	int r;

	control->lines = lines_new();
	if (!control->lines)
		return atoll_error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	control->listener = atoll_listener_open(&(struct atoll_listener_options){
		.path = options->path, .type = SOCK_STREAM, .mode = SOCKET_MODE,
		.group = find_group(options->group, &why) }, err);
	if (!control->listener)
		return err->code;
	if (why)
		atoll_log(options->log, ATOLL_LOG_NOTICE, "%s: %s, %s; only its owner may use it",
			  atoll_error_path(options->path), options->group, why);
	r = atoll_loop_watch(options->loop, atoll_listener_fd(control->listener), EPOLLIN,
			     on_knock, control);
	return r < 0 ? atoll_error_set(err, r, "%s", strerror(-r)) : 0;
}

struct headerd_control *headerd_control_open(const struct headerd_control_options *options,
					     struct atoll_error *err)
{
	struct headerd_control *control = calloc(1, sizeof(*control));
	int r;

	if (control) {
		control->options = *options;
		r = open_on(control, err);
	} else {
		r = atoll_error_set(err, -ENOMEM, "%s", strerror(ENOMEM));
	}
	if (r == 0)
		return control;
	(void)atoll_error_prefix(err, "control socket");
	headerd_control_close(control);
	return NULL;
}

void headerd_control_close(struct headerd_control *control)
{
	if (!control)
		return;
	for (struct client *client = control->client; client; client = client->next)
		drop(client);
	free_dropped(control);
	if (control->listener)
		atoll_loop_forget(control->options.loop, atoll_listener_fd(control->listener));
	atoll_listener_close(control->listener);
	lines_free(control->lines);
	free(control);
}

void headerd_control_edge(struct headerd_control *control, const struct headerd_edge *edge)
{
	struct line line = { .length = 0 };

	for (struct client *client = control->client; client; client = client->next) {
		struct atoll_json *json;

		if (client->fd < 0 || !watches(client, edge->pin))
			continue;
		if (line.length == 0) {
			json = lines_begin(control->lines);
			atoll_json_string(json, "event", "edge");
			add_pin(json, edge->pin, edge->is_high);
			if (edge->lost)
				atoll_json_integer(json, "lost", (int64_t)edge->lost);
			lines_stamp(json, edge->time_ns);
			line = lines_end(control->lines);
		}
		send_to(client, line);
	}
}

uint32_t headerd_control_clients(const struct headerd_control *control)
{
	return control->clients;
}
