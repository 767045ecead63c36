/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_HEADER_H
#define ATOLL_BOARD_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "board/description.h"
#include "board/error.h"

/*
 * A board's pin header, pin by pin as they are counted on the board, read from its
 * description (board/description.h).
 *
 *	struct atoll_board *board = atoll_board_detect(NULL, &err);
 *	struct atoll_header *header = atoll_header_open(board, &err);
 *	const struct atoll_pin *pin = atoll_header_find(header, "16", &err);
 *
 *	printf("pin %u is %s, line %u of %s\n", pin->number, pin->name, pin->line,
 *	       pin->chip->label);
 *	atoll_header_close(header);
 *
 * Nothing here touches hardware: gpio.h, pwm.h and led.h do. Everything that is
 * returned lives as long as the header, the header no longer than its board. What a
 * description does not say is absent: NULL, 0, or "not known".
 *
 * A description with a header looks like this; atoll-board(5) explains every word:
 *
 *	[gpiochip.soc]
 *	parent = 1000b000.pinctrl
 *	[header]
 *	rows = 20
 *	columns = 2
 *	[pins]
 *	1  = power 3.3V
 *	16 = gpio EINT0 D23 line=soc:0 functions=pwm.b,i2s2.bck cautions=no-bias
 *	33 = gpio EINT25 D13 line=soc:25 role=pwm.b
 *	[notes]
 *	16 = A sentence for people.
 *	[pwm.b]
 *	device = 11008000.pwm
 *	channel = 1
 *	pin = 33
 */
/* FIXED is something of the board that is not known as a GPIO. */
enum atoll_pin_kind { ATOLL_PIN_POWER, ATOLL_PIN_GROUND, ATOLL_PIN_GPIO, ATOLL_PIN_FIXED };

/* Reasons to think twice, a bit each. */
enum atoll_caution {
	ATOLL_CAUTION_CONSOLE = 1 << 0,     /* the kernel talks there */
	ATOLL_CAUTION_BOOT_STRAP = 1 << 1,  /* its level at power-up matters */
	ATOLL_CAUTION_JTAG = 1 << 2,
	ATOLL_CAUTION_SHARED = 1 << 3,      /* something on the board uses it too */
	ATOLL_CAUTION_NO_BIAS = 1 << 4,
	ATOLL_CAUTION_INPUT_ONLY = 1 << 5,
};

/* How to find a GPIO chip, whatever number the kernel gave it. */
struct atoll_chip_place {
	const char *alias;       /* "soc", as pins name it */
	const char *parent;      /* "1000b000.pinctrl": the device it belongs to, or NULL */
	const char *label;       /* as the kernel labels it, or NULL */
	uint32_t lines;          /* it must have; 0: any number */
};

struct atoll_pin {
	uint32_t number;         /* as printed on the board, from 1 */
	enum atoll_pin_kind kind;
	const char *name;        /* of the SoC's pad: "EINT0"; "3.3V", "GND" */
	const char *const *aliases; /* "D23", ...; ends with NULL */
	const struct atoll_chip_place *chip; /* NULL: it is no GPIO */
	uint32_t line;
	const char *role;        /* after boot: "gpio", "i2c.1.sda", "pwm.a"; or NULL */
	const char *const *functions; /* what its pad can be besides; ends with NULL */
	uint32_t cautions;       /* of enum atoll_caution */
	const char *note;        /* a sentence for people, or NULL */
};

/* A bus or a console whose wires end on the header. */
enum atoll_bus_kind { ATOLL_BUS_I2C, ATOLL_BUS_SPI, ATOLL_BUS_UART };

struct atoll_bus {
	enum atoll_bus_kind kind;
	const char *name;        /* "i2c.1", as roles begin */
	const char *device;      /* where its controller is: "11009000.i2c", or NULL */
	const char *node;        /* "/dev/i2c-3" on the kernel the description knows, or NULL:
				    only where `device` leads nowhere */
	const uint32_t *pins;    /* ends with 0 */
	bool is_bit_banged, is_console;
	const char *note;        /* or NULL */
};

struct atoll_pwm_place {
	const char *name;        /* "pwm.a" */
	const char *device;      /* of the controller: "11008000.pwm" */
	uint32_t channel;
	uint32_t pin;
};

struct atoll_header;

/* NULL with FILE:LINE, the pin and why for the first thing that atoll_header_check
   has to say of the header; -ENOENT: this board has none, or it is not described. */
struct atoll_header *atoll_header_open(const struct atoll_board *board,
				       struct atoll_error *err);
void atoll_header_close(struct atoll_header *header); /* NULL is allowed */

/* 20 and 2: pin 1 is in the first row and column, pin 2 beside it. */
uint32_t atoll_header_rows(const struct atoll_header *header);
uint32_t atoll_header_columns(const struct atoll_header *header);

/* NULL past the last. */
const struct atoll_pin *atoll_header_pin(const struct atoll_header *header,
					 uint32_t number);
const struct atoll_bus *atoll_header_bus(const struct atoll_header *header, uint32_t i);
const struct atoll_pwm_place *atoll_header_pwm(const struct atoll_header *header,
					       uint32_t i);

/* By number, or by any of its names without regard to case: the pad's, an alias, the
   role. NULL with what there is instead: -ENOENT, or -EINVAL for what several pins are
   called, such as "GND" and "gpio". */
const struct atoll_pin *atoll_header_find(const struct atoll_header *header,
					  const char *name, struct atoll_error *err);

/* "console", "jtag", ... of one bit; "" of any other number. */
const char *atoll_caution_name(uint32_t caution);

/*
 * What is wrong with a description as a whole, whatever it describes: pins that are
 * missing or doubled, two pins on one line, a role whose bus is not there, a device
 * by its number alone. `tell` is called for each, with FILE:LINE and why. How many;
 * 0 for a good description, also one without a header; -ENOMEM.
 */
typedef void atoll_header_tell(void *data, const char *sentence);
int atoll_header_check(const struct atoll_board *board, atoll_header_tell *tell,
		       void *data);

#endif
