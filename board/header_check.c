/* SPDX-License-Identifier: Apache-2.0 */
#include "board/header_inside.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

ATOLL_API const char *atoll_caution_name(uint32_t caution)
{
	switch ((enum atoll_caution)caution) {
	case ATOLL_CAUTION_CONSOLE:
		return "console";
	case ATOLL_CAUTION_BOOT_STRAP:
		return "boot-strap";
	case ATOLL_CAUTION_JTAG:
		return "jtag";
	case ATOLL_CAUTION_SHARED:
		return "shared";
	case ATOLL_CAUTION_NO_BIAS:
		return "no-bias";
	case ATOLL_CAUTION_INPUT_ONLY:
		return "input-only";
	}
	return "";
}

/* "pwm.a" and "i2c.1.sda" belong to "pwm.a" and "i2c.1". */
static bool belongs(const char *role, const char *name)
{
	size_t length = strlen(name);

	return strncmp(role, name, length) == 0 && (role[length] == '\0' || role[length] == '.');
}

static bool can_be(const struct atoll_pin *pin, const char *name)
{
	for (uint32_t i = 0; pin->functions[i]; i++)
		if (belongs(pin->functions[i], name))
			return true;
	return pin->role && belongs(pin->role, name);
}

static bool lists(const uint32_t *pins, uint32_t number)
{
	for (; *pins; pins++)
		if (*pins == number)
			return true;
	return false;
}

/* The names by which people may ask for a pin: "GND" is none, nor what every pin
   without a task is. NULL past the last. */
static const char *own_name(const struct atoll_pin *pin, uint32_t i)
{
	if (pin->kind == ATOLL_PIN_POWER || pin->kind == ATOLL_PIN_GROUND)
		return NULL;
	if (i == 0)
		return pin->name;
	if (pin->role && strcmp(pin->role, "gpio") != 0 && i-- == 1)
		return pin->role;
	return pin->aliases[i - 1];
}

static const char *shared_name(const struct atoll_pin *a, const struct atoll_pin *b)
{
	const char *name, *other;

	for (uint32_t i = 0; (name = own_name(a, i)); i++)
		for (uint32_t k = 0; (other = own_name(b, k)); k++)
			if (*name && strcasecmp(name, other) == 0)
				return name;
	return NULL;
}

static void compare_pins(const struct header_pin *pin, const struct header_pin *earlier,
			 struct header_complaints *complaints)
{
	const struct atoll_pin *a = &pin->shown, *b = &earlier->shown;
	const char *name = shared_name(a, b);

	if (a->chip && a->chip == b->chip && a->line == b->line)
		header_complain(complaints, "%s: pin %u: line=%s:%u is that of pin %u",
				pin->place, a->number, a->chip->alias, a->line, b->number);
	if (name)
		header_complain(complaints, "%s: pin %u: %.40s is a name of pin %u, too",
				pin->place, a->number, name, b->number);
}

/* "16" as a name would be looked up as a number. */
static void check_names(const struct header_pin *pin, struct header_complaints *complaints)
{
	const char *name;

	for (uint32_t i = 0; (name = own_name(&pin->shown, i)); i++)
		if (*name && name[strspn(name, "0123456789")] == '\0')
			header_complain(complaints, "%s: pin %u: %.40s is a number and no name",
					pin->place, pin->shown.number, name);
}

/* A role that begins like a bus or a channel is one of its wires. */
static void check_role(const struct atoll_header *header, const struct header_pin *pin,
		       struct header_complaints *complaints)
{
	static const char *const kinds[] = { "i2c", "spi", "uart", "pwm" };
	const char *role = pin->shown.role;
	bool needs_section = false;

	for (size_t i = 0; role && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		needs_section = needs_section || belongs(role, kinds[i]);
	if (!needs_section)
		return;
	for (uint32_t i = 0; i < header->buses; i++)
		if (belongs(role, header->bus[i].section.name)) {
			if (!lists(header->bus[i].pins, pin->shown.number))
				header_complain(complaints,
					"%s: pin %u: role=%.40s, but pins of [%s] lacks it",
					pin->place, pin->shown.number, role,
					header->bus[i].section.name);
			return;
		}
	for (uint32_t i = 0; i < header->pwms; i++)
		if (belongs(role, header->pwm[i].section.name)) {
			if (header->pwm[i].shown.pin != pin->shown.number)
				header_complain(complaints,
					"%s: pin %u: role=%.40s, but [%s] has pin = %u",
					pin->place, pin->shown.number, role,
					header->pwm[i].section.name, header->pwm[i].shown.pin);
			return;
		}
	header_complain(complaints, "%s: pin %u: role=%.40s: there is no such section",
			pin->place, pin->shown.number, role);
}

static void check_pin(const struct atoll_header *header, const struct header_pin *pin,
		      struct header_complaints *complaints)
{
	if (!pin->place) {
		header_complain(complaints, "%s: pin %u is missing: the header has %u",
				header->place, pin->shown.number, header->pins);
		return;
	}
	check_names(pin, complaints);
	check_role(header, pin, complaints);
	for (const struct header_pin *earlier = header->pin; earlier < pin; earlier++)
		if (earlier->place)
			compare_pins(pin, earlier, complaints);
}

static bool are_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void check_chip(const struct atoll_header *header, const struct header_chip *chip,
		       struct header_complaints *complaints)
{
	if (!chip->shown.parent && !chip->shown.label)
		header_complain(complaints, "%s: [%s] has neither parent nor label",
				chip->section.place, chip->section.name);
	for (const struct header_chip *earlier = header->chip; earlier < chip; earlier++)
		if (are_same(chip->shown.parent, earlier->shown.parent) ||
		    are_same(chip->shown.label, earlier->shown.label))
			header_complain(complaints, "%s: [%s] is the same chip as [%s]",
					chip->section.place, chip->section.name,
					earlier->section.name);
}

/* Whoever drives a console's pin is warned by the pin, not by the bus. */
static void check_bus(const struct atoll_header *header, const struct header_bus *bus,
		      struct header_complaints *complaints)
{
	const char *place = bus->section.place, *name = bus->section.name;

	if (!bus->pins[0])
		header_complain(complaints, "%s: [%s] has no pins", place, name);
	for (const uint32_t *number = bus->pins; *number; number++) {
		const struct header_pin *pin = &header->pin[*number - 1];

		if (!pin->place)
			continue; /* it is missing, and told of */
		if (lists(number + 1, *number))
			header_complain(complaints, "%s: [%s] lists pin %u twice", place, name,
					*number);
		if (!can_be(&pin->shown, name))
			header_complain(complaints,
				"%s: [%s] lists pin %u, which has no role or function %s.*",
				place, name, *number, name);
		if (bus->shown.is_console && !(pin->shown.cautions & ATOLL_CAUTION_CONSOLE))
			header_complain(complaints, "%s: [%s] is a console, but pin %u lacks "
					"cautions=console", place, name, *number);
	}
}

static void check_pwm(const struct atoll_header *header, const struct header_pwm *pwm,
		      struct header_complaints *complaints)
{
	const char *place = pwm->section.place, *name = pwm->section.name;
	uint32_t number = pwm->shown.pin;

	if (!pwm->shown.device || !pwm->has_channel || !number)
		header_complain(complaints, "%s: [%s] needs device, channel and pin", place, name);
	if (number && header->pin[number - 1].place &&
	    !can_be(&header->pin[number - 1].shown, name))
		header_complain(complaints, "%s: [%s] is on pin %u, which has no role or function %s",
				place, name, number, name);
	for (const struct header_pwm *earlier = header->pwm; earlier < pwm; earlier++)
		if (are_same(pwm->shown.device, earlier->shown.device) &&
		    pwm->shown.channel == earlier->shown.channel)
			header_complain(complaints, "%s: [%s] is the same channel as [%s]", place,
					name, earlier->section.name);
}

void header_rules(const struct atoll_header *header, struct header_complaints *complaints)
{
	for (uint32_t i = 0; i < header->pins; i++)
		check_pin(header, &header->pin[i], complaints);
	for (uint32_t i = 0; i < header->chips; i++)
		check_chip(header, &header->chip[i], complaints);
	for (uint32_t i = 0; i < header->buses; i++)
		check_bus(header, &header->bus[i], complaints);
	for (uint32_t i = 0; i < header->pwms; i++)
		check_pwm(header, &header->pwm[i], complaints);
}

/* "/dev/i2c-3" and "gpiochip0" are somebody else next time; only a key that is
   called fallback may hold on to one. */
static bool is_counted_by_the_kernel(const struct atoll_config_entry *entry)
{
	static const char *const beginnings[] = { "/dev/", "/sys/", "gpiochip", "pwmchip" };
	const char *dot = strrchr(entry->key, '.');
	size_t length = strlen(entry->value);

	if ((dot && strcmp(dot, ".fallback") == 0) || length == 0 ||
	    !isdigit((unsigned char)entry->value[length - 1]))
		return false;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(entry->value, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static void check_entry(const struct atoll_config_entry *entry,
			struct header_complaints *complaints)
{
	if (entry->earlier)
		header_complain(complaints, "%s: %.60s is in line %zu already", entry->place,
				entry->key, entry->earlier);
	if (is_counted_by_the_kernel(entry))
		header_complain(complaints, "%s: %.60s: '%.40s' has a number that changes from "
				"boot to boot", entry->place, entry->key, entry->value);
}

ATOLL_API int atoll_header_check(const struct atoll_board *board, atoll_header_tell *tell,
				 void *data)
{
	struct header_complaints complaints = { tell, data, 0 };
	const struct atoll_config_entry *entry;
	struct atoll_header *header;

	for (size_t i = 0; (entry = atoll_board_entry(board, i)); i++)
		check_entry(entry, &complaints);
	if (!header_is_described(board))
		return complaints.count;
	header = header_read(board, &complaints);
	if (header)
		header_rules(header, &complaints);
	else if (complaints.count == 0)
		return -ENOMEM;
	atoll_header_close(header);
	return complaints.count;
}
