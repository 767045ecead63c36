/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/edgetpu/usb.h"

#include <errno.h>
#include <string.h>

#include "tests/check.h"

static void a_place_is_written_and_read_as_in_sysfs(void **state)
{
	static const char *const texts[] = {
		"1-1", "1-1.4", "2-3.1.2", "255-255.255.255.255.255.255.255", "250-1",
	};
	struct usb_place place;
	char text[USB_PLACE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(usb_place_read(texts[i], &place));
		assert_string_equal(usb_place_text(&place, text), texts[i]);
	}
	assert_true(usb_place_read("12-3.45", &place));
	assert_int_equal(place.bus, 12);
	assert_int_equal(place.ports, 2);
	assert_int_equal(place.port[0], 3);
	assert_int_equal(place.port[1], 45);
}

static void what_is_no_place_is_not_read(void **state)
{
	static const char *const texts[] = {
		"", "1", "1-", "-1", "1-1.", "1-.1", "1-1..2", "1-1-2", "1.1", "0-1", "1-0",
		"01-1", "256-1", "1-256", "1-1 ", " 1-1", "+1-1", "1-1.4:1.0", "usb1",
		"1-1.2.3.4.5.6.7.8", "99999999999-1",
	};
	struct usb_place place = { .bus = 77 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (usb_place_read(texts[i], &place))
			fail_msg("'%s' was read", texts[i]);
	assert_int_equal(place.bus, 77);
}

static void a_root_hub_has_a_name_too(void **state)
{
	char text[USB_PLACE_TEXT];

	(void)state;
	assert_string_equal(usb_place_text(&(struct usb_place){ .bus = 3 }, text), "usb3");
}

static void places_are_equal_when_bus_and_ports_are(void **state)
{
	const struct usb_place place = { .bus = 1, .ports = 2, .port = { 1, 4 } };
	struct usb_place other = place;

	(void)state;
	other.port[2] = 9; /* not one of its ports */
	assert_true(usb_place_equal(&place, &other));
	other.port[1] = 5;
	assert_false(usb_place_equal(&place, &other));
	other = place;
	other.ports = 1;
	assert_false(usb_place_equal(&place, &other));
	other = place;
	other.bus = 2;
	assert_false(usb_place_equal(&place, &other));
}

/* Every failure that usb.h promises has words of its own. */
static void each_status_has_words_of_its_own(void **state)
{
	static const int statuses[] = {
		0, -ETIMEDOUT, -EPIPE, -ENODEV, -EOVERFLOW, -ECANCELED, -EACCES, -EBUSY,
		-ENOMEM, -EIO,
	};
	const size_t count = sizeof(statuses) / sizeof(statuses[0]);

	(void)state;
	assert_string_equal(usb_status_text(-EPIPE), "the endpoint stalled");
	assert_string_equal(usb_status_text(-ETIMEDOUT), "timed out");
	assert_string_equal(usb_status_text(-EXDEV), usb_status_text(-EIO));
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(usb_status_text(statuses[i]),
						usb_status_text(statuses[j]));
}

static void speeds_are_written_as_people_know_them(void **state)
{
	(void)state;
	assert_string_equal(usb_speed_text(USB_LOW), "1.5 Mbit/s");
	assert_string_equal(usb_speed_text(USB_FULL), "12 Mbit/s");
	assert_string_equal(usb_speed_text(USB_HIGH), "480 Mbit/s");
	assert_string_equal(usb_speed_text(USB_SUPER), "5 Gbit/s");
	assert_string_equal(usb_speed_text(USB_SPEED_UNKNOWN), "unknown speed");
}

/* With the real library: however little USB this machine has, there is an answer. */
static void this_machine_is_asked_without_harm(void **state)
{
	const struct usb_place nowhere = { .bus = 255, .ports = 1, .port = { 255 } };
	struct usb_found found[USB_FOUND_MAX];
	struct usb_device *usb = NULL;
	struct atoll_error err = { 0 };
	struct usb_bus *bus = usb_bus_open(&err);
	uint32_t count = 0;
	int r;

	(void)state;
	assert_non_null(bus);
	r = bus->ops->list(bus, found, USB_FOUND_MAX, &count, &err);
	if (r < 0)
		assert_non_null(strstr(err.text, "usb: libusb cannot "));
	assert_true(count <= USB_FOUND_MAX);
	r = bus->ops->open(bus, &nowhere, &usb, &err);
	assert_true(r < 0);
	assert_int_equal(err.code, r);
	assert_null(usb);
	print_message("# %u Edge TPUs; %s\n", count, err.text);
	bus->ops->free(bus);
}

static void a_bus_tells_the_time_and_sleeps(void **state)
{
	struct usb_bus *bus = usb_bus_open(NULL);
	int64_t start_ns;

	(void)state;
	assert_non_null(bus);
	start_ns = bus->ops->clock_ns(bus);
	bus->ops->sleep_ms(bus, 2);
	assert_true(bus->ops->clock_ns(bus) - start_ns >= 2000000);
	bus->ops->free(bus);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_written_and_read_as_in_sysfs),
		cmocka_unit_test(what_is_no_place_is_not_read),
		cmocka_unit_test(a_root_hub_has_a_name_too),
		cmocka_unit_test(places_are_equal_when_bus_and_ports_are),
		cmocka_unit_test(each_status_has_words_of_its_own),
		cmocka_unit_test(speeds_are_written_as_people_know_them),
		cmocka_unit_test(this_machine_is_asked_without_harm),
		cmocka_unit_test(a_bus_tells_the_time_and_sleeps),
	};
	return CHECK_RUN(tests);
}
