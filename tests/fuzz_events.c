/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as JSON that is walked, and as what a daemon tells to who subscribes to its
 * events.
 *
 *	fuzz_events --seeds DIR    write lines to start from
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps/json_read.h"
#include "apps/subscriber.h"
#include "board/listener.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void walk(struct json_value value)
{
	static const char *const names[] = { "event", "things", "a", "" };
	struct json_value item;
	char text[24];
	int64_t integer;
	double real;

	if (json_read_text(value, text, sizeof(text)) && strlen(text) >= sizeof(text))
		abort();
	(void)json_read_integer(value, &integer);
	(void)json_read_real(value, &real);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((item = json_read_member(value, names[i])).kind != JSON_IS_NONE)
			walk(item);
	for (item = json_read_first(value); item.kind != JSON_IS_NONE; item = json_read_next(item))
		walk(item);
}

static struct atoll_loop *loop;
static struct subscriber *subscriber;
static int daemon_fd;
static char folder[] = "/dev/shm/atoll-fuzz-XXXXXX", path[64];
static uint64_t ends;

static void on_event(void *data, const struct rules_event *event)
{
	(void)data;
	if (strlen(event->label) > 200)
		abort();
	ends += !event->is_over && strcmp(event->label, "the end") == 0;
}

static void on_change(void *data, const char *source, bool is_there)
{
	(void)data, (void)source, (void)is_there;
}

static void stop(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

static void turn(void)
{
	if (atoll_loop_after(loop, 0, stop, loop) < 0 || atoll_loop_run(loop) != 0)
		abort();
}

static void say(const void *bytes, size_t size)
{
	if (send(daemon_fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
		abort();
}

/* Whatever was said, what comes behind it is heard. */
static void say_to_subscriber(const uint8_t *bytes, size_t size)
{
	static const char end[] = "\n{\"event\":\"state\",\"things\":[]}\n"
				  "{\"event\":\"word\",\"word\":\"the end\"}\n";
	uint64_t before = ends;

	if (size > 0)
		say(bytes, size);
	turn();
	before = ends;
	say(end, sizeof(end) - 1);
	for (int i = 0; i < 100 && ends == before; i++)
		turn();
	if (ends == before)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 8192)
		return 0;
	walk(json_read((const char *)bytes, size));
	say_to_subscriber(bytes, size);
	return 0;
}

static void remove_folder(void)
{
	(void)unlink(path);
	(void)rmdir(folder); /* what is left in memory is small */
}

static void begin(void)
{
	const struct subscriber_calls calls = { .event = on_event, .change = on_change };
	struct atoll_listener_options options = { .path = path, .type = SOCK_STREAM,
						  .mode = 0600, .group = (gid_t)-1 };
	static struct atoll_log log;
	static struct atoll_listener *door;

	if (access("/dev/shm", W_OK) != 0)
		memcpy(folder, "/var/tmp", 8);
	if (!mkdtemp(folder) || atexit(remove_folder) != 0)
		abort();
	(void)snprintf(path, sizeof(path), "%s/sock", folder);
	log = atoll_log_new("fuzz", ATOLL_LOG_ERR);
	door = atoll_listener_open(&options, NULL);
	loop = atoll_loop_new(NULL);
	if (!door || !loop)
		abort();
	subscriber = subscriber_new(loop, &(struct rules_source){ "vision", path }, &calls,
				    &log, NULL);
	for (daemon_fd = -1; daemon_fd < 0; daemon_fd = atoll_listener_accept(door))
		turn();
}

static void write_seed(const char *into, const char *name, const char *text)
{
	seeds_write(into, name, (const uint8_t *)text, strlen(text));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (seeds_wanted(*argc, *argv)) {
		write_seed((*argv)[2], "state",
			   "{\"event\":\"state\",\"things\":[{\"model\":\"a\",\"id\":1,"
			   "\"label\":\"cat\",\"score\":0.5}]}\n");
		write_seed((*argv)[2], "appear",
			   "{\"event\":\"appear\",\"model\":\"a\",\"id\":2,\"label\":\"cat\"}\n"
			   "{\"event\":\"disappear\",\"model\":\"a\",\"id\":2,\"label\":\"cat\"}\n");
		write_seed((*argv)[2], "word",
			   "{\"event\":\"word\",\"word\":\"\\u00e9\\ud83d\\ude80\\n\",\"score\":1e-1}\n");
		write_seed((*argv)[2], "nested", "[[[[{\"a\":{\"\":[true,false,null,-0.0]}}]]]]");
		exit(0);
	}
	begin();
	return 0;
}
