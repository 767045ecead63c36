/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/subscriber.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "apps/json_read.h"

/* Read at once, which is some hundred events at most; then it is the turn of others. */
#define ROUND_BYTES 4096

#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 2000

/* Seen at once. What is more is not told. */
#define THINGS_MAX 256
#define LABEL_BYTES 128
#define MODEL_BYTES 32

struct thing {
	int64_t id;                  /* -1: it has none */
	float score;
	char model[MODEL_BYTES], label[LABEL_BYTES];
};

struct subscriber {
	struct atoll_loop *loop;
	const struct atoll_log *log;
	struct subscriber_calls calls;
	struct sockaddr_un address;
	char *name;
	int fd;                      /* -1: not connected */
	int retry, patience;         /* timers; -1: none */
	uint32_t retry_ms;
	struct subscriber_counts counts;
	bool is_lost;                /* has been told */
	bool has_complained;         /* of this connection's lines */
	bool skips;                  /* the rest of a line that is too long */
	uint32_t length;             /* of the line so far */
	uint32_t things;
	struct thing thing[THINGS_MAX], before[THINGS_MAX];
	char line[SUBSCRIBER_LINE_BYTES];
};

static void tell(struct subscriber *s, const char *label, bool is_over, float score)
{
	const struct rules_event event = {
		.source = s->name, .label = label, .is_over = is_over, .score = score };

	s->counts.events++;
	s->calls.event(s->calls.data, &event);
}

/* One without a number is its label. */
static bool is_same(const struct thing *a, const struct thing *b)
{
	if (a->id < 0 && strcmp(a->label, b->label) != 0)
		return false;
	return a->id == b->id && strcmp(a->model, b->model) == 0;
}

static struct thing *find(struct thing *list, uint32_t count, const struct thing *thing)
{
	for (uint32_t i = 0; i < count; i++)
		if (is_same(&list[i], thing))
			return &list[i];
	return NULL;
}

static bool read_thing(struct json_value from, struct thing *thing)
{
	double score = 0;

	*thing = (struct thing){ .id = -1 };
	if (!json_read_text(json_read_member(from, "label"), thing->label, LABEL_BYTES))
		return false;
	/* These may be missing. */
	(void)json_read_text(json_read_member(from, "model"), thing->model, MODEL_BYTES);
	(void)json_read_integer(json_read_member(from, "id"), &thing->id);
	(void)json_read_real(json_read_member(from, "score"), &score);
	thing->score = (float)score;
	return true;
}

static bool on_appear(struct subscriber *s, struct json_value line)
{
	struct thing thing;

	if (!read_thing(line, &thing))
		return false;
	if (find(s->thing, s->things, &thing) || s->things == THINGS_MAX)
		return true;
	s->thing[s->things++] = thing;
	tell(s, thing.label, false, thing.score);
	return true;
}

static bool on_disappear(struct subscriber *s, struct json_value line)
{
	struct thing thing, *there;

	if (!read_thing(line, &thing))
		return false;
	there = find(s->thing, s->things, &thing);
	if (!there)
		return true;
	thing = *there;
	*there = s->thing[--s->things];
	tell(s, thing.label, true, thing.score);
	return true;
}

static bool on_word(struct subscriber *s, struct json_value line)
{
	char label[LABEL_BYTES];
	double score = 0;

	if (!json_read_text(json_read_member(line, "word"), label, sizeof(label)))
		return false;
	(void)json_read_real(json_read_member(line, "score"), &score); /* or 0 */
	tell(s, label, false, (float)score);
	return true;
}

/* What is there now; what was there before and is no more is over. */
static bool on_state(struct subscriber *s, struct json_value line)
{
	struct json_value item = json_read_first(json_read_member(line, "things"));
	uint32_t before = s->things;
	struct thing thing;

	memcpy(s->before, s->thing, before * sizeof(s->thing[0]));
	s->things = 0;
	for (; item.kind != JSON_IS_NONE && s->things < THINGS_MAX; item = json_read_next(item))
		if (read_thing(item, &thing) && !find(s->thing, s->things, &thing))
			s->thing[s->things++] = thing;
	for (uint32_t i = 0; i < before; i++)
		if (!find(s->thing, s->things, &s->before[i]))
			tell(s, s->before[i].label, true, s->before[i].score);
	for (uint32_t i = 0; i < s->things; i++)
		if (!find(s->before, before, &s->thing[i]))
			tell(s, s->thing[i].label, false, s->thing[i].score);
	return true;
}

static bool take_event(struct subscriber *s, struct json_value line, const char *event)
{
	static const struct {
		const char *event;
		bool (*take)(struct subscriber *s, struct json_value line);
	} kinds[] = {
		{ "word", on_word }, { "appear", on_appear }, { "disappear", on_disappear },
		{ "state", on_state },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].event, event) == 0)
			return kinds[i].take(s, line);
	return true; /* one we do not need */
}

static void set_timer(struct subscriber *s, int *timer, uint32_t delay_ms,
		      atoll_loop_call *call)
{
	*timer = atoll_loop_after(s->loop, delay_ms, call, s);
}

static void clear_timer(struct subscriber *s, int *timer)
{
	if (*timer >= 0)
		atoll_loop_cancel(s->loop, *timer);
	*timer = -1;
}

/* Somebody is there who tells events, and not just anybody. */
static void take_as_there(struct subscriber *s)
{
	if (s->counts.is_there)
		return;
	s->counts.is_there = true;
	s->is_lost = false;
	s->retry_ms = RETRY_FIRST_MS;
	clear_timer(s, &s->patience);
	atoll_log(s->log, ATOLL_LOG_INFO, "%s is there", s->name);
	s->calls.change(s->calls.data, s->name, true);
}

static void complain(struct subscriber *s, const char *what)
{
	s->counts.wrong++;
	if (!s->has_complained)
		atoll_log(s->log, ATOLL_LOG_WARNING, "%s: %s: %s; passed over, as are others",
			  s->name, atoll_error_path(s->address.sun_path), what);
	s->has_complained = true;
}

static void take_line(struct subscriber *s)
{
	struct json_value line = json_read(s->line, s->length);
	char event[32];

	if (!json_read_text(json_read_member(line, "event"), event, sizeof(event))) {
		complain(s, "a line that is no event");
		return;
	}
	take_as_there(s);
	if (!take_event(s, line, event))
		complain(s, "an event without a word or label");
}

/* Of a line, up to its end or to that of what was read. */
static void take_piece(struct subscriber *s, const char *bytes, size_t size, bool is_last)
{
	if (!s->skips && size > sizeof(s->line) - s->length) {
		s->skips = true;
		complain(s, "a line that is too long");
	}
	if (!s->skips) {
		memcpy(s->line + s->length, bytes, size);
		s->length += (uint32_t)size;
		if (is_last)
			take_line(s);
	}
	if (is_last) {
		s->skips = false;
		s->length = 0;
	}
}

static void on_retry(void *data, uint32_t times);

/* Half a line is forgotten: the daemon says it again, or it was not to be. */
static void hang_up(struct subscriber *s)
{
	if (s->fd >= 0) {
		atoll_loop_forget(s->loop, s->fd);
		(void)close(s->fd); /* nothing was written */
		s->fd = -1;
	}
	s->length = s->things = 0;
	s->skips = s->has_complained = false;
}

static void tell_lost(struct subscriber *s)
{
	s->is_lost = true;
	atoll_log(s->log, ATOLL_LOG_WARNING, "%s is not there; trying again until it is",
		  s->name);
	s->calls.change(s->calls.data, s->name, false);
}

static void lose(struct subscriber *s)
{
	hang_up(s);
	set_timer(s, &s->retry, s->retry_ms, on_retry);
	s->retry_ms = s->retry_ms > RETRY_MAX_MS / 2 ? RETRY_MAX_MS : 2 * s->retry_ms;
	if (!s->counts.is_there)
		return;
	s->counts.is_there = false;
	tell_lost(s);
}

static void on_readable(void *data, uint32_t events)
{
	struct subscriber *s = data;
	char bytes[ROUND_BYTES];
	ssize_t got = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t at = 0;

	(void)events;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		lose(s);
		return;
	}
	while (at < (size_t)got) {
		const char *end = memchr(bytes + at, '\n', (size_t)got - at);
		size_t size = end ? (size_t)(end - bytes) - at : (size_t)got - at;

		take_piece(s, bytes + at, size, end);
		at += size + (end ? 1 : 0);
	}
}

/* Never waits: a UNIX socket is connected at once, or not. */
static int try_to_connect(struct subscriber *s)
{
	int r = 0;

	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	if (connect(s->fd, (const struct sockaddr *)&s->address, sizeof(s->address)) < 0)
		r = -errno;
	else
		r = atoll_loop_watch(s->loop, s->fd, EPOLLIN, on_readable, s);
	if (r == 0) {
		s->counts.connections++;
		return 0;
	}
	(void)close(s->fd); /* nothing was written */
	s->fd = -1;
	return r;
}

static void on_retry(void *data, uint32_t times)
{
	struct subscriber *s = data;

	(void)times;
	s->retry = -1;
	if (try_to_connect(s) < 0)
		lose(s);
}

static void on_patience(void *data, uint32_t times)
{
	struct subscriber *s = data;

	(void)times;
	s->patience = -1;
	if (!s->counts.is_there && !s->is_lost)
		tell_lost(s);
}

static int set_source(struct subscriber *s, const struct rules_source *source)
{
	s->address.sun_family = AF_UNIX;
	if (strlen(source->path) >= sizeof(s->address.sun_path))
		return -ENAMETOOLONG;
	strcpy(s->address.sun_path, source->path);
	s->name = strdup(source->name);
	return s->name ? 0 : -ENOMEM;
}

struct subscriber *subscriber_new(struct atoll_loop *loop, const struct rules_source *source,
				  const struct subscriber_calls *calls,
				  const struct atoll_log *log, struct atoll_error *err)
{
	struct subscriber *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s) {
		s->loop = loop;
		s->log = log;
		s->calls = *calls;
		s->fd = s->retry = s->patience = -1;
		s->retry_ms = RETRY_FIRST_MS;
		r = set_source(s, source);
	}
	if (r == 0) {
		set_timer(s, &s->patience, SUBSCRIBER_PATIENCE_MS, on_patience);
		set_timer(s, &s->retry, 0, on_retry);
		r = s->patience < 0 ? s->patience : s->retry < 0 ? s->retry : 0;
	}
	if (r == 0)
		return s;
	(void)atoll_error_set(err, r, "%s: %s: %s", source->name,
			      atoll_error_path(source->path), strerror(-r));
	subscriber_free(s);
	return NULL;
}

void subscriber_free(struct subscriber *s)
{
	if (!s)
		return;
	hang_up(s);
	clear_timer(s, &s->retry);
	clear_timer(s, &s->patience);
	free(s->name);
	free(s);
}

struct subscriber_counts subscriber_counts(const struct subscriber *s)
{
	return s->counts;
}

bool subscriber_is_for(const struct subscriber *s, const struct rules_source *source)
{
	return strcmp(s->name, source->name) == 0 &&
	       strcmp(s->address.sun_path, source->path) == 0;
}

void subscriber_repeat(struct subscriber *s)
{
	if (s->counts.is_there || s->is_lost)
		s->calls.change(s->calls.data, s->name, s->counts.is_there);
	for (uint32_t i = 0; i < s->things; i++)
		tell(s, s->thing[i].label, false, s->thing[i].score);
}
