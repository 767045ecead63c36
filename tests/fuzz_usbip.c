/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes on a connection to the USB/IP server, over an emulated Edge TPU that
 * was taught a program.
 *
 *	fuzz_usbip --seeds DIR    write conversations to start from
 *
 * The first byte says how: bit 0, the device has been imported already; bit 1, it
 * is in its boot ROM; bit 2, at SuperSpeed; bit 3, the bytes come in small pieces;
 * bits 4 to 7, a fault at the first transfers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/loop.h"
#include "runtime/emulator/usbip_server.h"
#include "tests/compiled.h"
#include "tests/seeds.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define PIECE 7
#define BYTES_MAX 65536

static struct edgetpu_package *package;
static void *options; /* of the package, which is read in place */

static void on_idle(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

/* What is readable is read first; the timer comes after. */
static void turn(struct atoll_loop *loop)
{
	if (atoll_loop_after(loop, 0, on_idle, loop) < 0 || atoll_loop_run(loop) < 0)
		abort();
}

/* Answers are of no interest, but must not pile up. */
static void drain(int fd)
{
	static uint8_t ignored[65536];

	while (recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
		;
}

static void converse(struct atoll_loop *loop, int fd, const uint8_t *bytes, size_t size,
		     size_t piece)
{
	for (size_t sent = 0; sent < size;) {
		size_t n = size - sent < piece ? size - sent : piece;
		ssize_t r = send(fd, bytes + sent, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r < 0 && errno != EAGAIN)
			break; /* the server has had enough */
		if (r > 0)
			sent += (size_t)r;
		turn(loop);
		drain(fd);
	}
}

static struct usbip_server *start(struct atoll_loop *loop, uint8_t how)
{
	static const char *const faults[] = {
		"", "stall@0", "timeout@0", "short@*", "unplug@1+1", "reset@1", "fatal@1", "hot@*",
		"too-hot@1", "no-event@1", "verify!", "no-sleep!", "no-wake!", "slow@*+1",
		"unplug@2+-1", "stall@*",
	};
	struct usbip_server *server = usbip_server_new(loop, &(struct usbip_options){
		.bytes_per_second = 0 }, NULL);
	struct emulator *tpu = emulator_new(&(struct emulator_options){
		.speed = how & 4 ? USB_SUPER : USB_HIGH, .is_in_dfu = how & 2,
		.is_fresh = true }, NULL);
	struct fault_script script;

	if (!server || !tpu || emulator_teach(tpu, package, pattern_program(package), NULL) < 0 ||
	    usbip_server_add(server, tpu, NULL) < 0 ||
	    fault_script_read(faults[how >> 4], &script, NULL) < 0)
		abort();
	usbip_server_set_faults(server, 0, &script);
	return server;
}

static void serve(const uint8_t *bytes, size_t size, uint8_t how)
{
	struct atoll_loop *loop = atoll_loop_new(NULL);
	struct usbip_server *server = loop ? start(loop, how) : NULL;
	int fd[2];

	if (!server || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		abort();
	if (how & 1 ? usbip_server_adopt(server, 0, fd[0], NULL) < 0 :
		      !usbip_connection_new(server, fd[0], "fuzz"))
		abort();
	converse(loop, fd[1], bytes, size, how & 8 ? PIECE : size);
	(void)close(fd[1]); /* what was not read is of no interest */
	for (int turns = 0; usbip_server_connections(server) > 0; turns++) {
		if (turns == BYTES_MAX)
			abort(); /* nobody is there any more */
		turn(loop);
	}
	usbip_server_free(server);
	atoll_loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > 0 && size <= BYTES_MAX)
		serve(bytes + 1, size - 1, bytes[0]);
	return 0;
}

/* --- seeds --- */

struct talk {
	uint8_t bytes[16384];
	size_t size;
};

static void add(struct talk *talk, const void *bytes, size_t size)
{
	if (size > sizeof(talk->bytes) - talk->size)
		abort(); /* a mistake of ours */
	memcpy(talk->bytes + talk->size, bytes, size);
	talk->size += size;
}

static void add_header(struct talk *talk, uint8_t command, bool is_in, uint8_t endpoint,
		       uint16_t length, const uint8_t setup[8])
{
	uint8_t header[48] = { 0, 0, 0, command, 0, 0, 0, (uint8_t)talk->size, 0, 1, 0, 1,
			       0, 0, 0, is_in, 0, 0, 0, endpoint };

	header[26] = (uint8_t)(length >> 8);
	header[27] = (uint8_t)length;
	if (setup)
		memcpy(header + 40, setup, 8);
	add(talk, header, sizeof(header));
}

static void add_control(struct talk *talk, const uint8_t setup[8], const uint8_t *data)
{
	uint16_t length = (uint16_t)(setup[6] | setup[7] << 8);

	add_header(talk, 1, setup[0] & 0x80, 0, length, setup);
	if (!(setup[0] & 0x80) && length)
		add(talk, data, length);
}

/* What a kernel asks when it finds a device. */
static void add_enumeration(struct talk *talk)
{
	static const uint8_t setups[][8] = {
		{ 0x80, 6, 0, 1, 0, 0, 64, 0 }, { 0x80, 6, 0, 1, 0, 0, 18, 0 },
		{ 0x80, 6, 0, 2, 0, 0, 9, 0 }, { 0x80, 6, 0, 2, 0, 0, 96, 0 },
		{ 0x00, 9, 1, 0, 0, 0, 0, 0 }, { 0x02, 1, 0, 0, 0x81, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		add_control(talk, setups[i], NULL);
}

static void add_download(struct talk *talk)
{
	static const uint8_t block[256] = { 1, 2, 3 };
	static const uint8_t setups[][8] = {
		{ 0x21, 1, 0, 0, 0, 0, 0, 1 }, { 0xa1, 3, 0, 0, 0, 0, 6, 0 },
		{ 0x21, 1, 1, 0, 0, 0, 0, 0 }, { 0xa1, 3, 0, 0, 0, 0, 6, 0 },
		{ 0xa1, 2, 0, 0, 0, 0, 0, 1 }, { 0x80, 6, 0, 1, 0, 0, 64, 0 },
	};

	for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		add_control(talk, setups[i], block);
}

static void add_register(struct talk *talk, uint32_t address, uint8_t value)
{
	const uint8_t setup[8] = { 0x40, 0, (uint8_t)address, (uint8_t)(address >> 8),
				   (uint8_t)(address >> 16), 0, 8, 0 };
	const uint8_t data[8] = { value };

	add_control(talk, setup, data);
}

static void add_item(struct talk *talk, uint8_t tag, const uint8_t *bytes, uint32_t size)
{
	const uint8_t header[8] = { (uint8_t)size, (uint8_t)(size >> 8), 0, 0, tag };

	add_header(talk, 1, false, 1, sizeof(header), NULL);
	add(talk, header, sizeof(header));
	add_header(talk, 1, false, 1, (uint16_t)size, NULL);
	add(talk, bytes, size);
}

/* The units of an awake chip are started; then what the program wants. */
static void add_run(struct talk *talk)
{
	static const uint32_t units[] = {
		0x44018, 0x44158, 0x44198, 0x441d8, 0x44218, 0x400c0, 0x40150, 0x40110,
		0x40250, 0x40298, 0x402e0, 0x40328, 0x40190, 0x401d0, 0x40210,
	};
	static const uint8_t zeros[4096];
	const struct edgetpu_executable *caching = compiled_sample(COMPILED_FLAT)->caching;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		add_register(talk, units[i], 1);
	add_register(talk, 0x4c058, 0x20);
	add_register(talk, 0x4c148, 0xf0);
	add_header(talk, 1, true, 1, 256, NULL);
	add_header(talk, 1, true, 2, 16, NULL);
	add_header(talk, 1, true, 3, 4, NULL);
	for (uint32_t i = 0; i < caching->hints; i++) {
		const struct edgetpu_hint *hint = &caching->hint[i];

		if (hint->kind == EDGETPU_INSTRUCTIONS)
			add_item(talk, 0, caching->chunk[hint->index].bytes,
				 caching->chunk[hint->index].size);
		else if (hint->kind == EDGETPU_PARAMETERS)
			add_item(talk, 2, caching->parameters + hint->offset, hint->size);
	}
	add_item(talk, 1, zeros, 24);
	add_header(talk, 2, false, 0, 0, NULL);
}

static void write_seeds(const char *folder)
{
	struct talk talk = { .size = 0 };
	uint8_t ask[41] = { 0, 0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0, '1', '-', '1' };
	static const uint8_t list[9] = { 0, 0x01, 0x11, 0x80, 0x05 };

	seeds_write(folder, "list", list, sizeof(list));
	add(&talk, ask, sizeof(ask));
	add_enumeration(&talk);
	seeds_write(folder, "import", talk.bytes, talk.size);
	talk = (struct talk){ .bytes = { 3 }, .size = 1 };
	add_download(&talk);
	seeds_write(folder, "download", talk.bytes, talk.size);
	talk = (struct talk){ .bytes = { 1 }, .size = 1 };
	add_enumeration(&talk);
	add_run(&talk);
	seeds_write(folder, "run", talk.bytes, talk.size);
	talk.bytes[0] = 0x49; /* pulled out, in pieces */
	seeds_write(folder, "pulled", talk.bytes, talk.size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	size_t size;

	if (seeds_wanted(*argc, *argv)) {
		write_seeds((*argv)[2]);
		exit(0);
	}
	options = compiled_options(compiled_sample(COMPILED_FLAT), NULL, &size);
	package = edgetpu_package_read(options, size, NULL);
	if (!package)
		abort();
	return 0;
}
