/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/emulator/usbip_port.h"

#define MS INT64_C(1000000)

static struct usbip_packet *read_of(uint32_t sequence, uint16_t length)
{
	struct usbip_packet *packet = usbip_packet_new(&(struct usbip_header){
		.command = USBIP_SUBMIT, .sequence = sequence, .is_in = true,
		.length = length, .setup = { 0x80, 6, 0x0200, 0, length } });

	assert_non_null(packet);
	return packet;
}

/* How many answers there are, which are freed. */
static uint32_t take_all(struct usbip_port *port)
{
	struct usbip_packet *packet;
	uint32_t count = 0;

	for (; (packet = usbip_port_take(port)); count++)
		free(packet);
	return count;
}

static struct emulator *new_tpu(void)
{
	struct emulator *tpu = emulator_new(&(struct emulator_options){ .speed = USB_HIGH },
					    NULL);

	assert_non_null(tpu);
	return tpu;
}

/* 60 bytes are in the descriptor that is read. */
static void the_link_carries_no_more_than_it_can(void **state)
{
	struct emulator *tpu = new_tpu();
	struct usbip_port *port = usbip_port_new(tpu, 6000); /* a read takes 10 ms */
	int64_t now = 1000 * MS, next;
	uint32_t answers = 0;

	(void)state;
	assert_non_null(port);
	for (uint32_t i = 0; i < 100; i++)
		usbip_port_submit(port, read_of(i, 60));
	for (int i = 0; i < 1000 && answers < 100; i++) {
		next = usbip_port_run(port, now);
		answers += take_all(port);
		assert_true(next > now);
		if (next != INT64_MAX)
			now = next;
	}
	assert_int_equal(answers, 100);
	assert_in_range(now, 1990 * MS, 2000 * MS);
	usbip_port_free(port);
	emulator_free(tpu);
}

static void without_a_rate_nothing_is_waited_for(void **state)
{
	struct emulator *tpu = new_tpu();
	struct usbip_port *port = usbip_port_new(tpu, 0);

	(void)state;
	assert_non_null(port);
	for (uint32_t i = 0; i < 100; i++)
		usbip_port_submit(port, read_of(i, 60));
	assert_true(usbip_port_run(port, 5) == INT64_MAX);
	assert_int_equal(take_all(port), 100);
	assert_int_equal(usbip_port_transfers(port), 100);
	usbip_port_free(port);
	emulator_free(tpu);
}

static void a_short_answer_is_an_error_to_who_says_so(void **state)
{
	struct emulator *tpu = new_tpu();
	struct usbip_port *port = usbip_port_new(tpu, 0);
	struct usbip_packet *packet;

	(void)state;
	assert_non_null(port);
	for (int is_wrong = 0; is_wrong < 2; is_wrong++) {
		packet = read_of(9, 521);
		packet->header.is_short_wrong = is_wrong;
		usbip_port_submit(port, packet);
		(void)usbip_port_run(port, 0);
		packet = usbip_port_take(port);
		assert_non_null(packet);
		assert_int_equal(packet->size, USBIP_HEADER_BYTES + 60);
		/* -121: EREMOTEIO */
		assert_memory_equal(packet->bytes + 20,
				    is_wrong ? "\xff\xff\xff\x87" : "\0\0\0\0", 4);
		free(packet);
	}
	usbip_port_free(port);
	emulator_free(tpu);
}

static void what_waits_is_freed_with_the_port(void **state)
{
	struct emulator *tpu = new_tpu();
	struct usbip_port *port = usbip_port_new(tpu, 0);
	struct fault_script script;

	(void)state;
	assert_non_null(port);
	assert_int_equal(fault_script_read("timeout@1", &script, NULL), 0);
	usbip_port_set_faults(port, &script);
	for (uint32_t i = 0; i < 3; i++)
		usbip_port_submit(port, read_of(i, 60));
	assert_true(usbip_port_run(port, 0) == INT64_MAX);
	usbip_port_free(port); /* one answered, one hangs, one is behind it */
	emulator_free(tpu);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_link_carries_no_more_than_it_can),
		cmocka_unit_test(without_a_rate_nothing_is_waited_for),
		cmocka_unit_test(a_short_answer_is_an_error_to_who_says_so),
		cmocka_unit_test(what_waits_is_freed_with_the_port),
	};

	return CHECK_RUN(tests);
}
