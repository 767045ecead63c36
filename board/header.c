/* SPDX-License-Identifier: Apache-2.0 */
#include "board/header.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board/header_inside.h"

/* The first complaint is the error, the others are for atoll_header_check. */
struct first {
	struct atoll_error *err;
	bool is_told;
};

static void keep_first(void *data, const char *sentence)
{
	struct first *first = data;

	if (!first->is_told)
		(void)atoll_error_set(first->err, -EINVAL, "%s", sentence);
	first->is_told = true;
}

ATOLL_API struct atoll_header *atoll_header_open(const struct atoll_board *board,
						 struct atoll_error *err)
{
	struct first first = { .err = err };
	struct header_complaints complaints = { keep_first, &first, 0 };
	struct atoll_header *header;

	if (!header_is_described(board)) {
		(void)atoll_error_set(err, -ENOENT,
				      "board: %s: it has no pin header, or none is described",
				      atoll_board_id(board));
		return NULL;
	}
	header = header_read(board, &complaints);
	if (header)
		header_rules(header, &complaints);
	else if (complaints.count == 0)
		(void)atoll_error_set(err, -ENOMEM, "board: %s: %s", atoll_board_id(board),
				      strerror(ENOMEM));
	if (complaints.count == 0)
		return header;
	atoll_header_close(header);
	return NULL;
}

ATOLL_API void atoll_header_close(struct atoll_header *header)
{
	if (!header)
		return;
	for (uint32_t i = 0; header->pin && i < header->pins; i++)
		free(header->pin[i].text);
	free(header->pin);
	free(header);
}

ATOLL_API uint32_t atoll_header_rows(const struct atoll_header *header)
{
	return header->rows;
}

ATOLL_API uint32_t atoll_header_columns(const struct atoll_header *header)
{
	return header->columns;
}

ATOLL_API const struct atoll_pin *atoll_header_pin(const struct atoll_header *header,
						   uint32_t number)
{
	return number >= 1 && number <= header->pins ? &header->pin[number - 1].shown : NULL;
}

ATOLL_API const struct atoll_bus *atoll_header_bus(const struct atoll_header *header,
						   uint32_t i)
{
	return i < header->buses ? &header->bus[i].shown : NULL;
}

ATOLL_API const struct atoll_pwm_place *atoll_header_pwm(const struct atoll_header *header,
							 uint32_t i)
{
	return i < header->pwms ? &header->pwm[i].shown : NULL;
}

static bool is_called(const struct atoll_pin *pin, const char *name)
{
	for (uint32_t i = 0; pin->aliases[i]; i++)
		if (strcasecmp(pin->aliases[i], name) == 0)
			return true;
	return strcasecmp(pin->name, name) == 0 || (pin->role && strcasecmp(pin->role, name) == 0);
}

/* Numbers above those of any header are all the same: there is no such pin. */
static const struct atoll_pin *by_number(const struct atoll_header *header, const char *name,
					 struct atoll_error *err)
{
	unsigned long number = strtoul(name, NULL, 10);
	const struct atoll_pin *pin = number <= header->pins ?
				      atoll_header_pin(header, (uint32_t)number) : NULL;

	if (!pin)
		(void)atoll_error_set(err, -ENOENT, "header: pin %.40s: there are 1 to %u",
				      name, header->pins);
	return pin;
}

/* What to write instead, by the first pin that has a name of its own. */
static void tell_names(const struct atoll_header *header, const char *name,
		       struct atoll_error *err)
{
	const struct atoll_pin *pin = NULL;

	for (uint32_t number = 1; number <= header->pins; number++) {
		pin = atoll_header_pin(header, number);
		if (pin->kind == ATOLL_PIN_GPIO)
			break;
	}
	(void)atoll_error_set(err, -ENOENT,
			      "header: '%.40s': no pin is called that; there are 1 to %u, and "
			      "pin %u is also called %s%s%s", name, header->pins, pin->number,
			      pin->name, pin->aliases[0] ? " and " : "",
			      pin->aliases[0] ? pin->aliases[0] : "");
}

ATOLL_API const struct atoll_pin *atoll_header_find(const struct atoll_header *header,
						    const char *name,
						    struct atoll_error *err)
{
	const struct atoll_pin *found = NULL;

	if (*name && name[strspn(name, "0123456789")] == '\0')
		return by_number(header, name, err);
	for (uint32_t number = 1; number <= header->pins; number++) {
		const struct atoll_pin *pin = atoll_header_pin(header, number);

		if (!is_called(pin, name))
			continue;
		if (found) {
			(void)atoll_error_set(err, -EINVAL,
				"header: '%.40s': pins %u, %u and maybe more are called that; "
				"say a number", name, found->number, number);
			return NULL;
		}
		found = pin;
	}
	if (!found)
		tell_names(header, name, err);
	return found;
}
