/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of pins, and whether it can be right. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "apps/header.h"
#include "apps/options.h"

static void print_texts(const char *what, const char *const *texts)
{
	if (!texts || !*texts)
		return;
	printf("  %-8s", what);
	for (size_t i = 0; texts[i]; i++)
		printf("%s%s", i ? ", " : " ", texts[i]);
	putchar('\n');
}

static void print_cautions(uint32_t cautions)
{
	const char *name, *between = " ";

	if (!cautions)
		return;
	printf("  %-8s", "careful");
	for (uint32_t bit = 1; bit && *(name = atoll_caution_name(bit)); bit <<= 1) {
		if (!(cautions & bit))
			continue;
		printf("%s%s", between, name);
		between = ", ";
	}
	putchar('\n');
}

static void print_pin(const struct atoll_pin *pin)
{
	printf("pin %u: %s\n", pin->number, pin->name);
	print_texts("also", pin->aliases);
	if (pin->chip)
		printf("  %-8s %u of %s\n", "line", pin->line, pin->chip->parent ?
		       pin->chip->parent : pin->chip->label);
	if (pin->role)
		printf("  %-8s %s\n", "role", pin->role);
	print_texts("can be", pin->functions);
	print_cautions(pin->cautions);
	if (pin->note)
		printf("  %-8s %s\n", "note", pin->note);
}

static bool has_name(const struct atoll_pin *pin, const char *name)
{
	for (const char *const *alias = pin->aliases; alias && *alias; alias++)
		if (strcasecmp(*alias, name) == 0)
			return true;
	return strcasecmp(pin->name, name) == 0 || (pin->role && strcasecmp(pin->role, name) == 0);
}

static bool is_of_bus(const struct atoll_pin *pin, const struct atoll_bus *bus)
{
	for (uint32_t i = 0; bus->pins[i]; i++)
		if (bus->pins[i] == pin->number)
			return true;
	return false;
}

static const struct atoll_bus *find_bus(const struct atoll_header *header, const char *name)
{
	const struct atoll_bus *bus;

	for (uint32_t i = 0; (bus = atoll_header_bus(header, i)); i++)
		if (strcasecmp(bus->name, name) == 0)
			return bus;
	return NULL;
}

/* The wires of a bus; the pin of that name; or all of them, as with ground. */
int header_find(const struct header_settings *settings)
{
	const char *name = settings->rest[0];
	const struct atoll_bus *bus = find_bus(settings->header, name);
	struct atoll_json json = { .file = stdout };
	struct atoll_error err = { 0 };
	const struct atoll_pin *pin, *found = bus ? NULL :
		atoll_header_find(settings->header, name, &err);

	if (!bus && !found && err.code != -EINVAL)
		options_could_not("%s", err.text);
	if (settings->wants_json)
		atoll_json_array(&json, NULL);
	for (uint32_t i = 1; (pin = atoll_header_pin(settings->header, i)); i++) {
		if (bus ? !is_of_bus(pin, bus) : found ? pin != found : !has_name(pin, name))
			continue;
		if (settings->wants_json)
			header_json_pin(&json, pin, NULL);
		else
			print_pin(pin);
	}
	if (settings->wants_json)
		atoll_json_end(&json);
	return EXIT_SUCCESS;
}

static void tell(void *data, const char *sentence)
{
	(void)data;
	options_say("%s", sentence);
}

int header_check(const struct header_settings *settings)
{
	int status = EXIT_SUCCESS;

	for (int i = 0; i < settings->rests; i++) {
		struct atoll_error err;
		struct atoll_board *board = atoll_board_load(settings->rest[i], &err);

		if (!board)
			options_say("%s", err.text);
		if (!board || atoll_header_check(board, tell, NULL) != 0)
			status = EXIT_COULD_NOT;
		atoll_board_free(board);
	}
	return status;
}
