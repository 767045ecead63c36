/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a client says to atoll-tpud, with descriptors of all kinds; and
 * any bytes as what the daemon answers to a client.
 *
 *	fuzz_serve --seeds DIR    write conversations to start from
 *
 * An input is a row of messages:
 *
 *	1  bits 0-2: 0 the bytes as they are; 1 LOAD, 2 RUN, 3 STATUS in front of them,
 *	             4 a LOAD that fits its descriptors
 *	   bits 3-4: how many descriptors go with it, 0 to 2
 *	   bits 5-6: of what kind: sealed, not sealed, /dev/null, sealed and empty
 *	   bit 7:    hang up and connect again before
 *	1  how many bytes follow
 *	n  the bytes: the message, or else what is in the descriptors
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/serve/connect.h"
#include "runtime/serve/peer.h"
#include "runtime/serve/serve.h"
#include "tests/compiled.h"
#include "tests/seeds.h"

/* A longer conversation finds no more and takes longer. */
#define MESSAGES_MAX 12

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct atoll_loop *loop;
static struct crew *crew;
static struct server *server;

static void stop(void *data, uint32_t times)
{
	(void)times;
	atoll_loop_stop(data, 0);
}

/* Until all that was said has been heard, and the loader has nothing to do. */
static void settle(void)
{
	for (int rounds = 0; rounds < 3 || server->loading; rounds++)
		if (atoll_loop_after(loop, 0, stop, loop) < 0 || atoll_loop_run(loop) != 0)
			abort();
}

static int plug(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	if (server_adopt(server, ends[1]) < 0)
		abort();
	return ends[0];
}

static void hang_up(int fd)
{
	(void)close(fd);
	settle();
	/* Nobody is there: nothing may be left. */
	if (server->peer || server->client || server->program || server->clients)
		abort();
}

/* What comes back is read as the client reads it. */
static void hear(int fd)
{
	struct serve_received got;

	while (serve_receive(fd, &got) == 1) {
		if (got.message.head.kind == SERVE_STATE && got.fds == 1)
			serve_status_free(serve_status_unpack(got.fd[0],
							      got.message.state.bytes, NULL));
		serve_received_close(&got);
	}
}

static int make_memory(unsigned kind, const uint8_t *bytes, size_t size)
{
	int fd;

	switch (kind) {
	case 0:
		return serve_memory_copy("fuzz", bytes, size);
	case 1:
		fd = memfd_create("fuzz", MFD_ALLOW_SEALING);
		if (write(fd, bytes, size) != (ssize_t)size)
			abort();
		return fd;
	case 2:
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	default:
		return serve_memory_copy("fuzz", bytes, 0);
	}
}

static void say(int fd, uint8_t how, const uint8_t *bytes, size_t size)
{
	static const uint32_t kinds[8] = { 0, SERVE_LOAD, SERVE_RUN, SERVE_STATUS, 0, 0, 0, 0 };
	union {
		struct serve_head head;
		struct serve_load load;
		uint8_t room[512];
	} message = { .head = SERVE_HEAD(kinds[how & 7]) };
	uint32_t count = (how >> 3 & 3) % 3;
	int fds[2] = { make_memory(how >> 5 & 3, bytes, size),
		       make_memory(how >> 5 & 3, bytes, size / 2) };
	size_t length = size;

	if ((how & 7) == 4) {
		message.load = (struct serve_load){ .head = SERVE_HEAD(SERVE_LOAD),
			.options_bytes = size, .twin_bytes = count > 1 ? size / 2 : 0 };
		length = sizeof(message.load);
	} else if (kinds[how & 7]) {
		memcpy(message.room + sizeof(message.head), bytes, size);
		length += sizeof(message.head);
	} else {
		memcpy(message.room, bytes, size);
	}
	(void)serve_send(fd, &message, length, fds, count); /* who was hung up on */
	(void)close(fds[0]);
	(void)close(fds[1]);
	settle();
	hear(fd);
}

/* The same bytes as answers: what a client makes of them. */
static void answer(const uint8_t *bytes, size_t size)
{
	struct serve_received got = { .bytes = size };
	struct serve_status *status;
	int fd = serve_memory_copy("fuzz", bytes, size);

	status = size > 0 ? serve_status_unpack(fd, size, NULL) : NULL;
	serve_status_free(status);
	(void)close(fd);
	if (size > sizeof(got.message))
		return;
	memcpy(&got.message, bytes, size);
	(void)serve_is_whole(&got);
	if (size >= sizeof(got.message.refused))
		(void)connect_wrong_answer(&got, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = plug();

	answer(bytes, size);
	for (int messages = 0; messages < MESSAGES_MAX && size >= 2; messages++) {
		uint8_t how = bytes[0];
		size_t length = bytes[1];

		bytes += 2;
		size -= 2;
		if (length > size)
			length = size;
		/* One that brings a package may bring all the rest. */
		if ((how & 7) == 4 && length == 255)
			length = size;
		if (how & 0x80) {
			hang_up(fd);
			fd = plug();
		}
		say(fd, how, bytes, (how & 7) != 4 && length > 255 ? 255 : length);
		bytes += length;
		size -= length;
	}
	hang_up(fd);
	return 0;
}

/* A package, a run, and how things are. */
static void write_seeds(const char *into)
{
	static const char *const names[COMPILED_SAMPLES] = { "flat", "tiles", "state", "slices" };

	for (int i = 0; i < COMPILED_SAMPLES; i++) {
		static const uint8_t before[] = { 0x03, 0, 0x01, 4, 1, 2, 3, 4, 0x0c, 255 };
		size_t size;
		uint8_t *options = compiled_options(compiled_sample((enum compiled_sample)i),
						    NULL, &size);
		uint8_t *all = malloc(sizeof(before) + size);

		if (!all)
			abort();
		memcpy(all, before, sizeof(before));
		memcpy(all + sizeof(before), options, size);
		seeds_write(into, names[i], all, sizeof(before) + size);
		free(all);
		free(options);
	}
	seeds_write(into, "runs", (const uint8_t[]){ 0x02, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0x83, 0,
		0x0c, 3, 1, 2, 3, 0x2c, 3, 1, 2, 3, 0x14, 4, 1, 2, 3, 4 }, 28);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct crew_settings settings = { .patience_ms = 0 };
	const struct server_options options = { .limits = { .clients = 0 } };

	if (seeds_wanted(*argc, *argv)) {
		write_seeds((*argv)[2]);
		exit(0);
	}
	loop = atoll_loop_new(NULL);
	crew = crew_new(&settings, NULL);
	server = loop && crew ? server_new(loop, crew, &options, NULL) : NULL;
	if (!server)
		abort();
	return 0;
}
