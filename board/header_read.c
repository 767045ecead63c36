/* SPDX-License-Identifier: Apache-2.0 */
#include "board/header_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of what somebody wrote is repeated in a message. */
#define SHOWN "%.40s"

#define BLANKS " \t"

void header_complain(struct header_complaints *complaints, const char *format, ...)
{
	char sentence[sizeof(((struct atoll_error *)NULL)->text)];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	if (length >= (int)sizeof(sentence))
		memcpy(sentence + sizeof(sentence) - 4, "...", 4); /* the cut is seen */
	complaints->count++;
	if (complaints->tell)
		complaints->tell(complaints->data, sentence);
}

bool header_number(const char *text, uint32_t low, uint32_t high, uint32_t *value)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long number;

	if (digits == 0 || digits > 9 || text[digits] || (text[0] == '0' && digits > 1))
		return false;
	number = strtoul(text, NULL, 10);
	if (number < low || number > high)
		return false;
	*value = (uint32_t)number;
	return true;
}

const char *header_key(const struct atoll_config_entry *entry, const char *section)
{
	size_t length = strlen(section);

	return strncmp(entry->key, section, length) == 0 && entry->key[length] == '.' ?
	       entry->key + length + 1 : NULL;
}

bool header_is_described(const struct atoll_board *board)
{
	const struct atoll_config_entry *entry;

	for (size_t i = 0; (entry = atoll_board_entry(board, i)); i++)
		if (header_key(entry, "header") || header_key(entry, "pins"))
			return true;
	return false;
}

/* Both counts, or a complaint. */
static void read_size(struct atoll_header *header, const struct atoll_board *board,
		      struct header_complaints *complaints)
{
	const struct atoll_config_entry *entry;
	const char *last = NULL;
	int before = complaints->count;
	uint32_t most;

	for (size_t i = 0; (entry = atoll_board_entry(board, i)); i++) {
		const char *key = header_key(entry, "header");
		bool is_rows = key && strcmp(key, "rows") == 0;

		if (key || header_key(entry, "pins"))
			last = entry->place;
		if (!is_rows && !(key && strcmp(key, "columns") == 0))
			continue;
		most = is_rows ? HEADER_ROWS_MAX : HEADER_COLUMNS_MAX;
		if (!header_number(entry->value, 1, most,
				   is_rows ? &header->rows : &header->columns))
			header_complain(complaints,
					"%s: %s: '" SHOWN "' is not a number from 1 to %u",
					entry->place, entry->key, entry->value, most);
		header->place = entry->place;
	}
	header->pins = header->rows * header->columns;
	if (header->pins == 0 && complaints->count == before)
		header_complain(complaints, "%s: pins need a [header] with rows and columns", last);
}

/* Sections that are called "i2c.1": what comes first, and what then. */
static bool split_key(const struct atoll_config_entry *entry, const char *kind,
		      char name[HEADER_NAME_BYTES], const char **key,
		      struct header_complaints *complaints)
{
	const char *rest = header_key(entry, kind);
	const char *dot = rest ? strchr(rest, '.') : NULL;
	size_t length;

	if (!dot || dot == rest)
		return false;
	length = (size_t)(dot - entry->key);
	if (length >= HEADER_NAME_BYTES) {
		header_complain(complaints, "%s: [%.*s...]: longer than %d letters", entry->place,
				HEADER_NAME_BYTES - 1, entry->key, HEADER_NAME_BYTES - 1);
		return false;
	}
	memcpy(name, entry->key, length);
	name[length] = '\0';
	*key = dot + 1;
	return true;
}

/* Nothing was said where nothing stands. */
static const char *text_of(const struct atoll_config_entry *entry)
{
	return *entry->value ? entry->value : NULL;
}

static void read_count(const struct atoll_config_entry *entry, uint32_t low, uint32_t *value,
		       struct header_complaints *complaints)
{
	if (!header_number(entry->value, low, HEADER_LINE_MAX, value))
		header_complain(complaints, "%s: %s: '" SHOWN "' is not a number from %u to %d",
				entry->place, entry->key, entry->value, low, HEADER_LINE_MAX);
}

static void read_yes(const struct atoll_config_entry *entry, bool *value,
		     struct header_complaints *complaints)
{
	if (strcmp(entry->value, "yes") != 0 && strcmp(entry->value, "no") != 0)
		header_complain(complaints, "%s: %s: '" SHOWN "' is neither yes nor no",
				entry->place, entry->key, entry->value);
	*value = strcmp(entry->value, "yes") == 0;
}

/* The pins a bus or a channel ends on: numbers, blanks between. */
static uint32_t read_pin_list(const struct atoll_header *header,
			      const struct atoll_config_entry *entry, uint32_t *pins,
			      uint32_t room, struct header_complaints *complaints)
{
	uint32_t count = 0;

	for (const char *at = entry->value; *(at += strspn(at, BLANKS)); ) {
		size_t length = strcspn(at, BLANKS);
		char word[12];
		uint32_t number;

		(void)snprintf(word, sizeof(word), "%.*s", (int)length, at);
		if (length >= sizeof(word) || !header_number(word, 1, header->pins, &number))
			header_complain(complaints, "%s: %s: '%.*s' is not a pin from 1 to %u",
					entry->place, entry->key, length > 40 ? 40 : (int)length,
					at, header->pins);
		else if (count == room)
			header_complain(complaints, "%s: %s: more than %u", entry->place,
					entry->key, room);
		else
			pins[count++] = number;
		at += length;
	}
	return count;
}

/* The element of that name in `list`, whose elements begin with their section; a new
   one where there is none yet; NULL when there is no room. */
static void *find_or_add(void *list, size_t size, uint32_t *count, uint32_t most,
			 const char *name, const struct atoll_config_entry *entry,
			 struct header_complaints *complaints)
{
	struct header_section *section;

	for (uint32_t i = 0; i < *count; i++) {
		section = (void *)((char *)list + i * size);
		if (strcmp(section->name, name) == 0)
			return section;
	}
	if (*count == most) {
		header_complain(complaints, "%s: [%s]: more than %u of its kind", entry->place,
				name, most);
		return NULL;
	}
	section = (void *)((char *)list + (*count)++ * size);
	strcpy(section->name, name);
	section->place = entry->place;
	return section;
}

static void read_chip(struct atoll_header *header, const struct atoll_config_entry *entry,
		      struct header_complaints *complaints)
{
	char name[HEADER_NAME_BYTES];
	struct header_chip *chip;
	const char *key;

	if (!split_key(entry, "gpiochip", name, &key, complaints))
		return;
	chip = find_or_add(header->chip, sizeof(*chip), &header->chips, HEADER_CHIPS_MAX, name,
			  entry, complaints);
	if (!chip)
		return;
	chip->shown.alias = strchr(chip->section.name, '.') + 1;
	if (strcmp(key, "parent") == 0)
		chip->shown.parent = text_of(entry);
	else if (strcmp(key, "label") == 0)
		chip->shown.label = text_of(entry);
	else if (strcmp(key, "lines") == 0)
		read_count(entry, 1, &chip->shown.lines, complaints);
}

static void read_bus(struct atoll_header *header, enum atoll_bus_kind kind, const char *word,
		     const struct atoll_config_entry *entry,
		     struct header_complaints *complaints)
{
	char name[HEADER_NAME_BYTES];
	struct header_bus *bus;
	const char *key;

	if (!split_key(entry, word, name, &key, complaints))
		return;
	bus = find_or_add(header->bus, sizeof(*bus), &header->buses, HEADER_BUSES_MAX, name,
			  entry, complaints);
	if (!bus)
		return;
	bus->shown.kind = kind;
	bus->shown.name = bus->section.name;
	bus->shown.pins = bus->pins;
	if (strcmp(key, "device") == 0)
		bus->shown.device = text_of(entry);
	else if (strcmp(key, "fallback") == 0)
		bus->shown.node = text_of(entry);
	else if (strcmp(key, "note") == 0)
		bus->shown.note = text_of(entry);
	else if (strcmp(key, "bit-banged") == 0)
		read_yes(entry, &bus->shown.is_bit_banged, complaints);
	else if (strcmp(key, "console") == 0)
		read_yes(entry, &bus->shown.is_console, complaints);
	else if (strcmp(key, "pins") == 0)
		bus->pins[read_pin_list(header, entry, bus->pins, header->pins, complaints)] = 0;
}

static void read_pwm(struct atoll_header *header, const struct atoll_config_entry *entry,
		     struct header_complaints *complaints)
{
	char name[HEADER_NAME_BYTES];
	struct header_pwm *pwm;
	const char *key;

	if (!split_key(entry, "pwm", name, &key, complaints))
		return;
	pwm = find_or_add(header->pwm, sizeof(*pwm), &header->pwms, HEADER_PWMS_MAX, name,
			  entry, complaints);
	if (!pwm)
		return;
	pwm->shown.name = pwm->section.name;
	if (strcmp(key, "device") == 0) {
		pwm->shown.device = text_of(entry);
	} else if (strcmp(key, "channel") == 0) {
		read_count(entry, 0, &pwm->shown.channel, complaints);
		pwm->has_channel = true;
	} else if (strcmp(key, "pin") == 0) {
		(void)read_pin_list(header, entry, &pwm->shown.pin, 1, complaints); /* told */
	}
}

static void read_note(struct atoll_header *header, const struct atoll_config_entry *entry,
		      struct header_complaints *complaints)
{
	const char *key = header_key(entry, "notes");
	uint32_t number;

	if (!key)
		return;
	if (header_number(key, 1, header->pins, &number))
		header->pin[number - 1].shown.note = text_of(entry);
	else
		header_complain(complaints, "%s: '" SHOWN "' is not a pin from 1 to %u",
				entry->place, key, header->pins);
}

static bool make_pins(struct atoll_header *header)
{
	header->pin = calloc(header->pins, sizeof(*header->pin));
	for (uint32_t i = 0; header->pin && i < header->pins; i++) {
		struct header_pin *pin = &header->pin[i];

		pin->shown = (struct atoll_pin){
			.number = i + 1,
			.kind = ATOLL_PIN_FIXED,
			.name = "",
			.aliases = pin->aliases,
			.functions = pin->functions,
		};
	}
	return header->pin;
}

/* Chips come first, whatever their place in the file: pins are lines of them. */
static bool read_entries(struct atoll_header *header, const struct atoll_board *board,
			 struct header_complaints *complaints)
{
	const struct atoll_config_entry *entry;

	for (size_t i = 0; (entry = atoll_board_entry(board, i)); i++)
		read_chip(header, entry, complaints);
	for (size_t i = 0; (entry = atoll_board_entry(board, i)); i++) {
		read_bus(header, ATOLL_BUS_I2C, "i2c", entry, complaints);
		read_bus(header, ATOLL_BUS_SPI, "spi", entry, complaints);
		read_bus(header, ATOLL_BUS_UART, "uart", entry, complaints);
		read_pwm(header, entry, complaints);
		read_note(header, entry, complaints);
		if (!header_read_pin(header, entry, complaints))
			return false;
	}
	return true;
}

struct atoll_header *header_read(const struct atoll_board *board,
				 struct header_complaints *complaints)
{
	struct atoll_header *header = calloc(1, sizeof(*header));

	if (!header)
		return NULL;
	read_size(header, board, complaints);
	if (header->pins > 0 && make_pins(header) && read_entries(header, board, complaints))
		return header;
	atoll_header_close(header);
	return NULL;
}
