/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "apps/header.h"
#include "tests/check.h"

static const struct atoll_chip_place chip = { .alias = "soc", .parent = "1000b000.pinctrl" };

static struct atoll_pin gpio(void)
{
	return (struct atoll_pin){
		.number = 16, .kind = ATOLL_PIN_GPIO, .name = "EINT0", .chip = &chip,
	};
}

static void assert_refused(const struct atoll_pin *pin, enum header_use use, bool is_forced,
			   const char *sentence)
{
	struct atoll_error err;

	assert_int_equal(header_pin_check(pin, use, is_forced, &err), -EPERM);
	assert_string_equal(err.text, sentence);
}

static void assert_allowed(const struct atoll_pin *pin, enum header_use use, bool is_forced)
{
	assert_int_equal(header_pin_check(pin, use, is_forced, NULL), 0);
}

static void a_plain_pin_is_for_everything(void **state)
{
	struct atoll_pin pin = gpio();

	(void)state;
	assert_true(header_pin_is_plain(&pin));
	assert_allowed(&pin, HEADER_LISTEN, false);
	assert_allowed(&pin, HEADER_DRIVE, false);
	pin.role = "gpio";
	pin.cautions = ATOLL_CAUTION_BOOT_STRAP | ATOLL_CAUTION_JTAG | ATOLL_CAUTION_NO_BIAS;
	assert_true(header_pin_is_plain(&pin));
	assert_allowed(&pin, HEADER_DRIVE, false);
}

static void what_is_no_gpio_is_refused_even_by_force(void **state)
{
	struct atoll_pin pin = { .number = 2, .kind = ATOLL_PIN_POWER, .name = "5V" };

	(void)state;
	for (int is_forced = 0; is_forced < 2; is_forced++) {
		pin.kind = ATOLL_PIN_POWER;
		assert_refused(&pin, HEADER_DRIVE, is_forced, "pin 2: is power, 5V");
		assert_refused(&pin, HEADER_LISTEN, is_forced, "pin 2: is power, 5V");
		pin.kind = ATOLL_PIN_GROUND;
		assert_refused(&pin, HEADER_DRIVE, is_forced, "pin 2: is ground");
		pin.kind = ATOLL_PIN_FIXED;
		assert_refused(&pin, HEADER_DRIVE, is_forced, "pin 2: is 5V and nothing else");
		pin.kind = ATOLL_PIN_GPIO;
		assert_refused(&pin, HEADER_DRIVE, is_forced,
			       "pin 2: which GPIO line it is, is not known");
		assert_false(header_pin_is_plain(&pin));
	}
}

static void the_console_is_refused_unless_forced(void **state)
{
	struct atoll_pin pin = gpio();

	(void)state;
	pin.cautions = ATOLL_CAUTION_CONSOLE;
	assert_false(header_pin_is_plain(&pin));
	assert_refused(&pin, HEADER_LISTEN, false, "pin 16: the kernel's console is there; "
		       "--force uses it all the same");
	assert_allowed(&pin, HEADER_LISTEN, true);
	assert_allowed(&pin, HEADER_DRIVE, true);
}

static void the_wire_of_a_bus_is_refused_unless_forced(void **state)
{
	struct atoll_pin pin = gpio();

	(void)state;
	pin.role = "i2c.1.sda";
	assert_false(header_pin_is_plain(&pin));
	assert_refused(&pin, HEADER_LISTEN, false, "pin 16: is i2c.1.sda; "
		       "--force uses it all the same");
	assert_allowed(&pin, HEADER_DRIVE, true);
}

static void what_others_drive_may_be_listened_to(void **state)
{
	struct atoll_pin pin = gpio();

	(void)state;
	pin.cautions = ATOLL_CAUTION_SHARED;
	assert_allowed(&pin, HEADER_LISTEN, false);
	assert_refused(&pin, HEADER_DRIVE, false, "pin 16: something on the board uses it too; "
		       "--force uses it all the same");
	assert_allowed(&pin, HEADER_DRIVE, true);
	pin.cautions = ATOLL_CAUTION_INPUT_ONLY;
	assert_allowed(&pin, HEADER_LISTEN, false);
	assert_refused(&pin, HEADER_DRIVE, true, "pin 16: is only an input");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_pin_is_for_everything),
		cmocka_unit_test(what_is_no_gpio_is_refused_even_by_force),
		cmocka_unit_test(the_console_is_refused_unless_forced),
		cmocka_unit_test(the_wire_of_a_bus_is_refused_unless_forced),
		cmocka_unit_test(what_others_drive_may_be_listened_to),
	};

	return CHECK_RUN(tests);
}
