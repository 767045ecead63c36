/* SPDX-License-Identifier: Apache-2.0 */
#include "board/header_inside.h"

#include <string.h>

/* How much of what somebody wrote is repeated in a message. */
#define SHOWN "%.40s"

#define BLANKS " \t"

/* A pin's line as it is taken apart. */
struct pin_line {
	const struct atoll_header *header;
	struct header_pin *pin;
	struct header_complaints *complaints;
	uint32_t aliases, functions;
	bool has_line;
};

#define COMPLAIN(at, format, ...) \
	header_complain((at)->complaints, "%s: pin %u: " format, (at)->pin->place, \
			(at)->pin->shown.number, __VA_ARGS__)

static bool read_kind(struct pin_line *at, const char *word)
{
	static const struct {
		const char *word;
		enum atoll_pin_kind kind;
	} kinds[] = {
		{ "gpio", ATOLL_PIN_GPIO }, { "power", ATOLL_PIN_POWER },
		{ "ground", ATOLL_PIN_GROUND }, { "fixed", ATOLL_PIN_FIXED },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(word, kinds[i].word) == 0) {
			at->pin->shown.kind = kinds[i].kind;
			return true;
		}
	COMPLAIN(at, "'" SHOWN "' is none of gpio, power, ground, fixed", word);
	return false;
}

/* The chip that is called like the first `length` letters. */
static const struct atoll_chip_place *find_chip(const struct atoll_header *header,
						const char *alias, size_t length)
{
	for (uint32_t i = 0; i < header->chips; i++) {
		const struct atoll_chip_place *chip = &header->chip[i].shown;

		if (strlen(chip->alias) == length && strncmp(chip->alias, alias, length) == 0)
			return chip;
	}
	return NULL;
}

/* "soc:36" */
static void read_line(struct pin_line *at, const char *value)
{
	const char *colon = strchr(value, ':');
	const struct atoll_chip_place *chip;
	uint32_t last;

	at->has_line = true;
	if (!colon) {
		COMPLAIN(at, "line=" SHOWN " is not CHIP:LINE", value);
		return;
	}
	chip = find_chip(at->header, value, (size_t)(colon - value));
	if (!chip) {
		COMPLAIN(at, "line=" SHOWN ": there is no such [gpiochip.]", value);
		return;
	}
	last = chip->lines ? chip->lines - 1 : HEADER_LINE_MAX;
	if (!header_number(colon + 1, 0, last, &at->pin->shown.line))
		COMPLAIN(at, "line=" SHOWN ": %s has the lines 0 to %u", value, chip->alias,
			 last);
	at->pin->shown.chip = chip;
}

static void read_functions(struct pin_line *at, char *value)
{
	char *word;

	while ((word = strsep(&value, ","))) {
		if (!*word)
			COMPLAIN(at, "functions=: %s", "a comma too many");
		else if (at->functions == HEADER_FUNCTIONS_MAX)
			COMPLAIN(at, "more than %d functions", HEADER_FUNCTIONS_MAX);
		else
			at->pin->functions[at->functions++] = word;
	}
}

static void read_cautions(struct pin_line *at, char *value)
{
	char *word;

	while ((word = strsep(&value, ","))) {
		uint32_t bit = 1;

		while (bit <= ATOLL_CAUTION_INPUT_ONLY &&
		       strcmp(atoll_caution_name(bit), word) != 0)
			bit <<= 1;
		if (bit <= ATOLL_CAUTION_INPUT_ONLY)
			at->pin->shown.cautions |= bit;
		else
			COMPLAIN(at, "'" SHOWN "' is none of console, boot-strap, jtag, shared, "
				 "no-bias, input-only", word);
	}
}

/* A word nobody knows is refused here, other than everywhere else: the next person
   burns something because "caution=console" was passed over. */
static void read_option(struct pin_line *at, char *word)
{
	char *value = strchr(word, '=');

	*value++ = '\0';
	if (strcmp(word, "line") == 0)
		read_line(at, value);
	else if (strcmp(word, "role") == 0)
		at->pin->shown.role = *value ? value : NULL;
	else if (strcmp(word, "functions") == 0)
		read_functions(at, value);
	else if (strcmp(word, "cautions") == 0)
		read_cautions(at, value);
	else
		COMPLAIN(at, "'" SHOWN "=' is none of line=, role=, functions=, cautions=", word);
}

static void read_alias(struct pin_line *at, const char *word)
{
	if (at->aliases == HEADER_ALIASES_MAX)
		COMPLAIN(at, "more than %d names", HEADER_ALIASES_MAX + 1);
	else
		at->pin->aliases[at->aliases++] = word;
}

static void read_words(struct pin_line *at)
{
	struct atoll_pin *pin = &at->pin->shown;
	char *rest = NULL, *word = strtok_r(at->pin->text, BLANKS, &rest);

	if (!read_kind(at, word ? word : ""))
		return; /* what follows means nothing now */
	while ((word = strtok_r(NULL, BLANKS, &rest))) {
		if (strchr(word, '='))
			read_option(at, word);
		else if (!*pin->name)
			pin->name = word;
		else
			read_alias(at, word);
	}
	if (!*pin->name)
		COMPLAIN(at, "%s", "it has no name, as in: gpio D23 line=soc:0");
	if (pin->kind == ATOLL_PIN_GPIO && !at->has_line)
		COMPLAIN(at, "%s", "it is a gpio without line=");
	if (pin->kind != ATOLL_PIN_GPIO && at->has_line)
		COMPLAIN(at, "%s", "it has line= and is no gpio");
	if (pin->kind == ATOLL_PIN_GPIO && !pin->role)
		pin->role = "gpio";
}

bool header_read_pin(struct atoll_header *header, const struct atoll_config_entry *entry,
		     struct header_complaints *complaints)
{
	struct pin_line at = { .header = header, .complaints = complaints };
	const char *key = header_key(entry, "pins");
	uint32_t number;

	if (!key)
		return true;
	if (!header_number(key, 1, header->pins, &number)) {
		header_complain(complaints, "%s: '" SHOWN "' is not a pin from 1 to %u",
				entry->place, key, header->pins);
		return true;
	}
	at.pin = &header->pin[number - 1];
	at.pin->place = entry->place;
	at.pin->text = strdup(entry->value);
	if (!at.pin->text)
		return false;
	read_words(&at);
	return true;
}
