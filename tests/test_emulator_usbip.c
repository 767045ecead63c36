/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board/address.h"
#include "board/loop.h"
#include "runtime/emulator/usbip.h"
#include "runtime/emulator/usbip_wire.h"

/* Written down here anew, as the kernel's documentation has them. */
#define DEVICE_1 0x00010001u
#define ENODATA_YET (-EAGAIN)

/* One server with one device, and an importer at the other end of a socket. */
struct bench {
	struct atoll_loop *loop;
	struct usbip_server *server;
	struct emulator *tpu;
	int fd;              /* the importer's, -1: none */
	uint32_t sequence;
	uint32_t plugs;      /* calls of on_plug */
	char told[1024];     /* everything, with newlines */
};

static void on_tell(void *data, const char *sentence)
{
	struct bench *b = data;
	size_t length = strlen(b->told);

	(void)snprintf(b->told + length, sizeof(b->told) - length, "%s\n", sentence);
}

static void on_plug(void *data, uint32_t device)
{
	struct bench *b = data;

	assert_int_equal(device, 0);
	b->plugs++;
}

static void on_turn_over(void *data, uint32_t what)
{
	(void)what;
	atoll_loop_stop(data, 0);
}

/* The server does what it can, and what is due within so long. */
static void turn(struct bench *b, uint32_t ms)
{
	assert_true(atoll_loop_after(b->loop, ms, on_turn_over, b->loop) >= 0);
	assert_int_equal(atoll_loop_run(b->loop), 0);
}

/* In place, since the server keeps its address. */
static void start(struct bench *b, const struct emulator_options *options)
{
	*b = (struct bench){ .fd = -1, .loop = atoll_loop_new(NULL),
			     .tpu = emulator_new(options, NULL) };
	assert_non_null(b->loop);
	assert_non_null(b->tpu);
	b->server = usbip_server_new(b->loop, &(struct usbip_options){
		.tell = on_tell, .on_plug = on_plug, .data = b }, NULL);
	assert_non_null(b->server);
	assert_int_equal(usbip_server_add(b->server, b->tpu, NULL), 0);
}

static void import(struct bench *b)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	b->fd = fd[1];
	assert_int_equal(usbip_server_adopt(b->server, 0, fd[0], NULL), 0);
}

static void leave(struct bench *b)
{
	if (b->fd >= 0)
		assert_int_equal(close(b->fd), 0);
	b->fd = -1;
	turn(b, 1);
}

static void end(struct bench *b)
{
	leave(b);
	assert_int_equal(usbip_server_connections(b->server), 0);
	usbip_server_free(b->server);
	atoll_loop_free(b->loop);
}

static void put(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static void say(struct bench *b, const void *bytes, size_t size)
{
	assert_int_equal(send(b->fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

/* A transfer begins; its number. */
static uint32_t submit(struct bench *b, bool is_in, uint32_t endpoint, uint32_t length,
		       const struct usb_setup *setup, const void *data)
{
	uint8_t header[48] = { 0 };

	put(header, 1);
	put(header + 4, ++b->sequence);
	put(header + 8, DEVICE_1);
	put(header + 12, is_in);
	put(header + 16, endpoint);
	put(header + 24, length);
	put(header + 32, UINT32_MAX);
	if (setup) {
		const uint16_t words[] = { setup->value, setup->index, setup->length };

		header[40] = setup->request_type;
		header[41] = setup->request;
		for (int i = 0; i < 3; i++) {
			header[42 + 2 * i] = (uint8_t)words[i];
			header[43 + 2 * i] = (uint8_t)(words[i] >> 8);
		}
	}
	say(b, header, sizeof(header));
	if (!is_in && length)
		say(b, data, length);
	return b->sequence;
}

static void take_back(struct bench *b, uint32_t sequence)
{
	uint8_t header[48] = { 0 };

	put(header, 2);
	put(header + 4, ++b->sequence);
	put(header + 8, DEVICE_1);
	put(header + 20, sequence);
	say(b, header, sizeof(header));
}

/* Its answer, if there is one: bytes moved or the status; -EAGAIN, which no transfer
   has, for no answer yet. */
static int answer_of(struct bench *b, uint32_t command, uint32_t sequence, bool is_in,
		     void *data)
{
	uint8_t header[48];
	ssize_t r;
	uint32_t actual;

	turn(b, 1);
	r = recv(b->fd, header, sizeof(header), MSG_DONTWAIT);
	if (r < 0 && errno == EAGAIN)
		return ENODATA_YET;
	assert_int_equal(r, sizeof(header));
	assert_int_equal(get(header), command);
	assert_int_equal(get(header + 4), sequence);
	actual = command == 3 ? get(header + 24) : 0;
	if (is_in && actual)
		assert_int_equal(recv(b->fd, data, actual, MSG_WAITALL), actual);
	return (int32_t)get(header + 20) < 0 ? (int32_t)get(header + 20) : (int)actual;
}

static int control(struct bench *b, uint8_t type, uint8_t request, uint16_t value,
		   uint16_t index, uint16_t length, void *data)
{
	const struct usb_setup setup = { type, request, value, index, length };
	bool is_in = type & 0x80;
	uint32_t sequence = submit(b, is_in, 0, length, &setup, data);

	return answer_of(b, 3, sequence, is_in, data);
}

static void write_register(struct bench *b, uint32_t address, uint64_t value)
{
	bool is_wide = address >= 0x40000;
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	assert_int_equal(control(b, 0x40, is_wide ? 0 : 1, (uint16_t)address,
				 (uint16_t)(address >> 16), is_wide ? 8 : 4, bytes),
			 is_wide ? 8 : 4);
}

/* The interrupt for a warning of heat is let through. */
static void enable_warning(struct bench *b)
{
	write_register(b, 0x4c0a0, 1);
}

static bool is_over(struct bench *b)
{
	uint8_t byte;

	turn(b, 1);
	return recv(b->fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static const struct emulator_options awake = { .speed = USB_HIGH, .is_fresh = true };

/* --- before a device is imported --- */

static int knock(struct bench *b, struct atoll_address *address)
{
	b->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(b->fd >= 0);
	assert_int_equal(connect(b->fd, &address->any, address->bytes), 0);
	turn(b, 1);
	return b->fd;
}

static void listen_anywhere(struct bench *b, struct atoll_address *address)
{
	int fd;

	assert_int_equal(atoll_address_read("127.0.0.1:0", 0, address, NULL), 0);
	fd = atoll_address_listen(address, NULL);
	assert_true(fd >= 0);
	assert_int_equal(usbip_server_listen(b->server, fd, NULL), 0);
}

static void ask_import(struct bench *b, const char *busid)
{
	uint8_t ask[40] = { 0x01, 0x11, 0x80, 0x03 };

	memcpy(ask + 8, busid, strlen(busid));
	say(b, ask, sizeof(ask));
	turn(b, 1);
}

static void devices_are_listed_with_their_ids(void **state)
{
	static const uint8_t ask[8] = { 0x01, 0x11, 0x80, 0x05 };
	struct emulator *second = emulator_new(&(struct emulator_options){
		.speed = USB_SUPER, .is_in_dfu = true }, NULL);
	struct atoll_address address;
	struct bench b;
	uint8_t list[12 + 2 * 316];
	const uint8_t *dfu = list + 12 + 316;

	(void)state;
	start(&b, &awake);
	assert_int_equal(usbip_server_add(b.server, second, NULL), 1);
	listen_anywhere(&b, &address);
	knock(&b, &address);
	say(&b, ask, sizeof(ask));
	turn(&b, 1);
	assert_int_equal(recv(b.fd, list, sizeof(list), MSG_WAITALL), sizeof(list));
	assert_memory_equal(list, "\x01\x11\x00\x05\0\0\0\0\0\0\0\x02", 12);
	assert_string_equal((char *)list + 12 + 256, "1-1");
	assert_memory_equal(list + 12 + 288, "\0\0\0\x01\0\0\0\x01\0\0\0\x03", 12);
	assert_memory_equal(list + 12 + 300, "\x18\xd1\x93\x02\x01\x00", 6);
	assert_memory_equal(list + 12 + 306, "\0\0\0\x01\x01\x01", 6);
	assert_memory_equal(list + 12 + 312, "\xff\xff\xff\0", 4);
	assert_string_equal((const char *)dfu + 256, "1-2");
	assert_memory_equal(dfu + 296, "\0\0\0\x05\x1a\x6e\x08\x9a", 8);
	assert_memory_equal(dfu + 312, "\xfe\x01\x02\0", 4);
	assert_true(is_over(&b));
	end(&b);
}

static void a_device_has_one_importer_at_a_time(void **state)
{
	struct atoll_address address;
	struct bench b;
	uint8_t answer[320], device[18];
	int first;

	(void)state;
	start(&b, &awake);
	listen_anywhere(&b, &address);
	first = knock(&b, &address);
	ask_import(&b, "1-1");
	assert_int_equal(recv(b.fd, answer, sizeof(answer), MSG_WAITALL), sizeof(answer));
	assert_memory_equal(answer, "\x01\x11\x00\x03\0\0\0\0", 8);
	assert_string_equal((char *)answer + 8 + 256, "1-1");
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, device), 18);
	assert_memory_equal(device + 8, "\xd1\x18\x02\x93", 4);

	knock(&b, &address);
	ask_import(&b, "1-1");
	assert_int_equal(recv(b.fd, answer, 9, 0), 8);
	assert_memory_equal(answer, "\x01\x11\x00\x03\0\0\0\x02", 8);
	assert_true(is_over(&b));
	leave(&b);

	b.fd = first;
	leave(&b); /* now it is free */
	knock(&b, &address);
	ask_import(&b, "1-1");
	assert_int_equal(recv(b.fd, answer, sizeof(answer), MSG_WAITALL), sizeof(answer));
	assert_true(usbip_server_state(b.server, 0).is_imported);
	end(&b);
}

static void a_device_that_is_not_there_cannot_be_imported(void **state)
{
	static const char *const busids[] = { "1-1", "1-2", "", "1-1.1" };
	struct atoll_address address;
	struct bench b;
	uint8_t answer[9];

	(void)state;
	start(&b, &awake);
	listen_anywhere(&b, &address);
	usbip_server_unplug(b.server, 0);
	for (size_t i = 0; i < sizeof(busids) / sizeof(busids[0]); i++) {
		knock(&b, &address);
		ask_import(&b, busids[i]);
		assert_int_equal(recv(b.fd, answer, sizeof(answer), 0), 8);
		assert_memory_equal(answer, "\x01\x11\x00\x03\0\0\0\x04", 8);
		assert_true(is_over(&b));
		leave(&b);
	}
	assert_int_equal(usbip_server_complaints(b.server), 0);
	end(&b);
}

static void what_is_no_usbip_ends_its_connection_and_is_counted(void **state)
{
	static const uint8_t other_version[8] = { 0x01, 0x06, 0x80, 0x05 };
	static const uint8_t other_operation[8] = { 0x01, 0x11, 0x80, 0x07 };
	static const struct { const void *bytes; size_t size; } wrong[] = {
		{ other_version, 8 }, { other_operation, 8 }, { "GET / HTTP/1.1\r\n\r\n", 18 },
	};
	struct atoll_address address;
	struct bench b;
	int good;
	uint8_t answer[320];

	(void)state;
	start(&b, &awake);
	listen_anywhere(&b, &address);
	good = knock(&b, &address);
	ask_import(&b, "1-1");
	assert_int_equal(recv(b.fd, answer, sizeof(answer), MSG_WAITALL), sizeof(answer));
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t byte;

		knock(&b, &address);
		say(&b, wrong[i].bytes, wrong[i].size);
		turn(&b, 1);
		assert_true(recv(b.fd, &byte, 1, MSG_DONTWAIT) <= 0);
		assert_int_equal(usbip_server_complaints(b.server), i + 1);
		assert_int_equal(usbip_server_connections(b.server), 1);
		leave(&b);
	}
	assert_non_null(strstr(b.told, "version"));
	assert_non_null(strstr(b.told, "0x8007"));
	b.fd = good;
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, answer), 18);
	end(&b);
}

/* --- transfers --- */

static void a_wrong_packet_ends_the_import(void **state)
{
	static const struct { uint32_t at, value; const char *why; } wrong[] = {
		{ 0, 3, "command 3" }, { 0, 0, "command 0" },
		{ 8, DEVICE_1 + 1, "not imported" },
		{ 16, 16, "above 15" },
		{ 24, (4u << 20) + 1, "larger" }, { 24, UINT32_MAX, "larger" },
		{ 32, 1, "isochronous" },
		{ 12, 0, "direction" },
		{ 40, 0x80060001, "length" },
	};
	struct bench b;
	uint8_t header[48], byte;

	(void)state;
	start(&b, &awake);
	for (uint32_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		/* All of it is right but for the one number. */
		memset(header, 0, sizeof(header));
		put(header, 1);
		put(header + 4, 1);
		put(header + 8, DEVICE_1);
		put(header + 12, 1);
		put(header + 24, 18);
		memcpy(header + 40, "\x80\x06\x00\x01\x00\x00\x12\x00", 8);
		put(header + wrong[i].at, wrong[i].value);
		if (wrong[i].at == 40)
			header[46] = 17;
		b.told[0] = '\0';
		import(&b);
		say(&b, header, sizeof(header));
		turn(&b, 1);
		assert_true(recv(b.fd, &byte, 1, MSG_DONTWAIT) <= 0);
		assert_non_null(strstr(b.told, wrong[i].why));
		assert_int_equal(usbip_server_complaints(b.server), i + 1);
		leave(&b);
	}
	end(&b);
}

static void a_stall_is_a_status_and_the_next_transfer_works(void **state)
{
	struct bench b;
	uint8_t data[18];

	(void)state;
	start(&b, &awake);
	import(&b);
	assert_int_equal(control(&b, 0x80, 6, 0x0300, 0, 18, data), -EPIPE);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, data), 18);
	assert_int_equal(control(&b, 0x00, 9, 1, 0, 0, NULL), 0);
	assert_int_equal(control(&b, 0x01, 11, 0, 0, 0, NULL), 0);
	end(&b);
}

static void a_read_waits_until_the_device_has_something(void **state)
{
	struct bench b;
	uint32_t read;
	uint8_t word[4];

	(void)state;
	start(&b, &awake);
	import(&b);
	enable_warning(&b);
	read = submit(&b, true, 3, 4, NULL, NULL);
	assert_int_equal(answer_of(&b, 3, read, true, word), ENODATA_YET);
	emulator_interrupt(b.tpu, EMULATOR_THERMAL_WARNING);
	assert_int_equal(answer_of(&b, 3, read, true, word), 4);
	assert_memory_equal(word, "\x10\0\0\0", 4);
	end(&b);
}

static void a_read_can_be_taken_back_until_it_is_over(void **state)
{
	struct bench b;
	uint32_t first, second;
	uint8_t word[4];

	(void)state;
	start(&b, &awake);
	import(&b);
	enable_warning(&b);
	first = submit(&b, true, 3, 4, NULL, NULL);
	second = submit(&b, true, 3, 4, NULL, NULL);
	take_back(&b, first);
	assert_int_equal(answer_of(&b, 4, b.sequence, false, NULL), -ECONNRESET);
	take_back(&b, first);
	assert_int_equal(answer_of(&b, 4, b.sequence, false, NULL), 0);
	emulator_interrupt(b.tpu, EMULATOR_THERMAL_WARNING);
	assert_int_equal(answer_of(&b, 3, second, true, word), 4);
	take_back(&b, second);
	assert_int_equal(answer_of(&b, 4, b.sequence, false, NULL), 0);
	end(&b);
}

static void who_leaves_takes_back_everything(void **state)
{
	struct bench b;
	uint8_t word[4];
	uint32_t read;

	(void)state;
	start(&b, &awake);
	import(&b);
	enable_warning(&b);
	for (int i = 0; i < 8; i++)
		(void)submit(&b, true, 3, 4, NULL, NULL);
	leave(&b);
	assert_false(usbip_server_state(b.server, 0).is_imported);
	emulator_interrupt(b.tpu, EMULATOR_THERMAL_WARNING);
	import(&b);
	read = submit(&b, true, 3, 4, NULL, NULL); /* it was given to nobody */
	assert_int_equal(answer_of(&b, 3, read, true, word), 4);
	end(&b);
}

static void a_packet_may_come_in_pieces(void **state)
{
	struct bench b;
	uint8_t header[48] = { 0 }, data[18];

	(void)state;
	start(&b, &awake);
	import(&b);
	put(header, 1);
	put(header + 4, 77);
	put(header + 8, DEVICE_1);
	put(header + 12, 1);
	put(header + 24, 18);
	memcpy(header + 40, "\x80\x06\x00\x01\x00\x00\x12\x00", 8);
	for (size_t i = 0; i < sizeof(header); i += 16) {
		assert_int_equal(answer_of(&b, 3, 77, true, data), ENODATA_YET);
		say(&b, header + i, 16);
	}
	assert_int_equal(answer_of(&b, 3, 77, true, data), 18);
	end(&b);
}

static void too_much_under_way_ends_the_connection(void **state)
{
	struct bench b;
	uint32_t i;
	uint8_t header[48] = { 0 }, byte;

	(void)state;
	start(&b, &awake);
	import(&b);
	put(header, 1);
	put(header + 8, DEVICE_1);
	put(header + 12, 1);
	put(header + 16, 3);
	put(header + 24, 4);
	for (i = 0; i < 100000; i++) {
		put(header + 4, i);
		if (send(b.fd, header, sizeof(header), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno != EAGAIN)
				break;
			turn(&b, 1);
		}
	}
	turn(&b, 1);
	assert_true(i < 100000);
	assert_true(recv(b.fd, &byte, 1, MSG_DONTWAIT) <= 0);
	assert_non_null(strstr(b.told, "too much under way"));
	end(&b);
}

static void who_does_not_read_is_held_until_it_does(void **state)
{
	struct bench b;
	uint8_t data[18];
	uint32_t sequence = 0;

	(void)state;
	start(&b, &awake);
	import(&b);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct usb_setup setup = { 0x80, 6, 0x0100, 0, 18 };

		sequence = submit(&b, true, 0, 18, &setup, NULL);
		if (i % 100 == 0)
			turn(&b, 1);
	}
	for (uint32_t i = 1; i <= sequence; i++)
		assert_int_equal(answer_of(&b, 3, i, true, data), 18);
	end(&b);
}

/* --- resets, power --- */

static void download(struct bench *b)
{
	uint8_t block[256] = { 7 }, status[6];

	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(control(b, 0x21, 1, i, 0, i < 2 ? 256 : 0, block),
				 i < 2 ? 256 : 0);
		assert_int_equal(control(b, 0xa1, 3, 0, 0, 6, status), 6);
		assert_int_equal(status[4], i < 2 ? 5 : 2);
	}
}

static void the_kernels_first_read_after_a_reset_is_the_reset(void **state)
{
	static const struct { enum usb_speed speed; uint16_t length; } reads[] = {
		{ USB_HIGH, 64 }, { USB_HIGH, 8 }, { USB_SUPER, 8 },
	};
	struct bench b;
	uint8_t device[64];

	(void)state;
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		start(&b, &(struct emulator_options){ .speed = reads[i].speed,
						      .is_in_dfu = true });
		import(&b);
		assert_true(control(&b, 0x80, 6, 0x0100, 0, reads[i].length, device) > 0);
		download(&b);
		/* A program's read of the whole descriptor is none. */
		assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, device), 18);
		assert_memory_equal(device + 8, "\x6e\x1a\x9a\x08", 4);
		assert_true(control(&b, 0x80, 6, 0x0100, 0, reads[i].length, device) > 0);
		assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, device), 18);
		assert_memory_equal(device + 8, "\xd1\x18\x02\x93", 4);
		end(&b);
	}
}

static void a_reset_drops_what_was_under_way(void **state)
{
	struct bench b;
	uint32_t read;
	uint8_t data[64];

	(void)state;
	start(&b, &awake);
	import(&b);
	enable_warning(&b);
	emulator_interrupt(b.tpu, EMULATOR_THERMAL_WARNING);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 64, data), 18);
	read = submit(&b, true, 3, 4, NULL, NULL);
	assert_int_equal(answer_of(&b, 3, read, true, data), ENODATA_YET);
	end(&b);
}

static void pulled_out_and_put_back_it_has_lost_its_firmware(void **state)
{
	struct bench b;
	uint8_t device[18];

	(void)state;
	start(&b, &awake);
	import(&b);
	(void)submit(&b, true, 3, 4, NULL, NULL);
	turn(&b, 1);
	usbip_server_unplug(b.server, 0);
	assert_true(is_over(&b));
	leave(&b);
	assert_false(usbip_server_state(b.server, 0).is_plugged);
	assert_int_equal(b.plugs, 0);
	usbip_server_replug(b.server, 0);
	assert_int_equal(b.plugs, 1);
	import(&b);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, device), 18);
	assert_memory_equal(device + 8, "\x6e\x1a\x9a\x08", 4);
	end(&b);
}

/* --- what goes wrong on demand --- */

static void break_it(struct bench *b, const char *text)
{
	struct fault_script script;

	assert_int_equal(fault_script_read(text, &script, NULL), 0);
	usbip_server_set_faults(b->server, 0, &script);
}

static void faults_happen_at_their_transfer(void **state)
{
	struct bench b;
	uint8_t data[18];
	uint32_t read;

	(void)state;
	start(&b, &awake);
	import(&b);
	break_it(&b, "stall@1 short@2 timeout@3");
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, data), 18);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, data), -EPIPE);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, data), 9);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, data), ENODATA_YET);
	read = b.sequence;
	take_back(&b, read);
	assert_int_equal(answer_of(&b, 4, b.sequence, false, NULL), -ECONNRESET);
	assert_int_equal(control(&b, 0x80, 6, 0x0100, 0, 18, data), 18);
	assert_int_equal(usbip_server_state(b.server, 0).transfers, 5);
	end(&b);
}

static void a_stalled_endpoint_stays_so_until_it_is_cleared(void **state)
{
	struct bench b;
	uint8_t word[4];
	uint32_t read;

	(void)state;
	start(&b, &awake);
	import(&b);
	break_it(&b, "stall@0");
	for (int i = 0; i < 2; i++) {
		read = submit(&b, true, 3, 4, NULL, NULL);
		assert_int_equal(answer_of(&b, 3, read, true, word), -EPIPE);
	}
	assert_int_equal(control(&b, 0x02, 1, 0, 0x83, 0, NULL), 0);
	read = submit(&b, true, 3, 4, NULL, NULL);
	assert_int_equal(answer_of(&b, 3, read, true, word), ENODATA_YET);
	end(&b);
}

static void a_fault_can_pull_it_out_and_it_comes_back_by_itself(void **state)
{
	struct bench b;

	(void)state;
	start(&b, &awake);
	import(&b);
	break_it(&b, "unplug@0+1");
	(void)submit(&b, true, 3, 4, NULL, NULL);
	assert_true(is_over(&b));
	leave(&b);
	for (int i = 0; i < 1000 && !b.plugs; i++)
		turn(&b, 1);
	assert_int_equal(b.plugs, 1);
	assert_true(usbip_server_state(b.server, 0).is_plugged);
	assert_int_equal(emulator_vendor(b.tpu), USB_DFU_VENDOR);

	import(&b);
	break_it(&b, "unplug@0+-1");
	(void)submit(&b, true, 3, 4, NULL, NULL);
	assert_true(is_over(&b));
	leave(&b);
	turn(&b, 20);
	assert_false(usbip_server_state(b.server, 0).is_plugged);
	end(&b);
}

static void a_slow_transfer_ends_later_and_in_its_order(void **state)
{
	struct bench b;
	uint8_t data[18];
	const struct usb_setup setup = { 0x80, 6, 0x0100, 0, 18 };
	uint32_t first, second;
	int r = ENODATA_YET;

	(void)state;
	start(&b, &awake);
	import(&b);
	break_it(&b, "slow@0+30");
	first = submit(&b, true, 0, 18, &setup, NULL);
	second = submit(&b, true, 0, 18, &setup, NULL);
	assert_int_equal(answer_of(&b, 3, first, true, data), ENODATA_YET);
	for (int i = 0; i < 1000 && r == ENODATA_YET; i++)
		r = answer_of(&b, 3, first, true, data);
	assert_int_equal(r, 18);
	assert_int_equal(answer_of(&b, 3, second, true, data), 18);
	end(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_are_listed_with_their_ids),
		cmocka_unit_test(a_device_has_one_importer_at_a_time),
		cmocka_unit_test(a_device_that_is_not_there_cannot_be_imported),
		cmocka_unit_test(what_is_no_usbip_ends_its_connection_and_is_counted),
		cmocka_unit_test(a_wrong_packet_ends_the_import),
		cmocka_unit_test(a_stall_is_a_status_and_the_next_transfer_works),
		cmocka_unit_test(a_read_waits_until_the_device_has_something),
		cmocka_unit_test(a_read_can_be_taken_back_until_it_is_over),
		cmocka_unit_test(who_leaves_takes_back_everything),
		cmocka_unit_test(a_packet_may_come_in_pieces),
		cmocka_unit_test(too_much_under_way_ends_the_connection),
		cmocka_unit_test(who_does_not_read_is_held_until_it_does),
		cmocka_unit_test(the_kernels_first_read_after_a_reset_is_the_reset),
		cmocka_unit_test(a_reset_drops_what_was_under_way),
		cmocka_unit_test(pulled_out_and_put_back_it_has_lost_its_firmware),
		cmocka_unit_test(faults_happen_at_their_transfer),
		cmocka_unit_test(a_stalled_endpoint_stays_so_until_it_is_cleared),
		cmocka_unit_test(a_fault_can_pull_it_out_and_it_comes_back_by_itself),
		cmocka_unit_test(a_slow_transfer_ends_later_and_in_its_order),
	};

	return CHECK_RUN(tests);
}
