/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_HEADER_INSIDE_H
#define ATOLL_BOARD_HEADER_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "board/header.h"

/*
 * A header as it is read, before anybody may see it: it may have holes and
 * contradictions, which are told one by one.
 *
 *	struct header_complaints complaints = { tell, data, 0 };
 *	struct atoll_header *header = header_read(board, &complaints);
 *
 *	header_rules(header, &complaints);
 *	if (complaints.count == 0)
 *		use(header);
 *	atoll_header_close(header);
 */
enum {
	HEADER_ROWS_MAX = 100,
	HEADER_COLUMNS_MAX = 2,
	HEADER_PINS_MAX = HEADER_ROWS_MAX * HEADER_COLUMNS_MAX,
	HEADER_ALIASES_MAX = 8,
	HEADER_FUNCTIONS_MAX = 16,
	HEADER_NAME_BYTES = 32,  /* "uart.console", with its NUL */
	HEADER_CHIPS_MAX = 16,
	HEADER_BUSES_MAX = 32,
	HEADER_PWMS_MAX = 32,
	HEADER_LINE_MAX = 65535, /* of a GPIO chip, and a channel of a controller */
};

/* Each keeps what the door shows, and the place that people are sent to. */
struct header_pin {
	struct atoll_pin shown;
	const char *place; /* NULL: nobody described this pin */
	const char *aliases[HEADER_ALIASES_MAX + 1];
	const char *functions[HEADER_FUNCTIONS_MAX + 1];
	char *text;        /* the line, cut into words */
};

/* A section such as [i2c.1], and where it begins. */
struct header_section {
	char name[HEADER_NAME_BYTES];
	const char *place;
};

struct header_chip {
	struct header_section section;
	struct atoll_chip_place shown;
};

struct header_bus {
	struct header_section section;
	struct atoll_bus shown;
	uint32_t pins[HEADER_PINS_MAX + 1];
};

struct header_pwm {
	struct header_section section;
	struct atoll_pwm_place shown;
	bool has_channel;
};

struct atoll_header {
	const char *place;      /* where its size is said */
	uint32_t rows, columns, pins;
	struct header_pin *pin; /* of that many, number 1 first */
	struct header_chip chip[HEADER_CHIPS_MAX];
	struct header_bus bus[HEADER_BUSES_MAX];
	struct header_pwm pwm[HEADER_PWMS_MAX];
	uint32_t chips, buses, pwms;
};

/* Where sentences go, and how many went. */
struct header_complaints {
	atoll_header_tell *tell;
	void *data;
	int count;
};

void header_complain(struct header_complaints *complaints, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Digits and nothing else, and no other way to write the same number. */
bool header_number(const char *text, uint32_t low, uint32_t high, uint32_t *value);

/* "pins.16" is 16 in "pins". NULL: it is elsewhere. */
const char *header_key(const struct atoll_config_entry *entry, const char *section);

/* Whether there is anything to read: a [header] or [pins]. */
bool header_is_described(const struct atoll_board *board);

/* What each line says. NULL: out of memory, the only thing that is not told; or the
   size of the header is not known, which is. */
struct atoll_header *header_read(const struct atoll_board *board,
				 struct header_complaints *complaints);

/* A line of [pins]; others are passed over. False: out of memory. */
bool header_read_pin(struct atoll_header *header, const struct atoll_config_entry *entry,
		     struct header_complaints *complaints);

/* What the lines say together. */
void header_rules(const struct atoll_header *header, struct header_complaints *complaints);

#endif
