/* SPDX-License-Identifier: Apache-2.0 */
/* The header as it stands now. */
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apps/display.h"
#include "apps/header.h"
#include "apps/options.h"

static void json_texts(struct atoll_json *json, const char *key, const char *const *texts)
{
	atoll_json_array(json, key);
	for (; texts && *texts; texts++)
		atoll_json_string(json, NULL, *texts);
	atoll_json_end(json);
}

/* What is not known is null. */
static void json_now(struct atoll_json *json, const struct pinout_pin *now)
{
	atoll_json_string(json, "direction", !now->has_direction ? NULL :
			  now->is_output ? "out" : "in");
	if (now->has_level)
		atoll_json_integer(json, "level", now->is_high);
	else
		atoll_json_string(json, "level", NULL);
	atoll_json_string(json, "owner", now->owner[0] ? now->owner : NULL);
}

void header_json_pin(struct atoll_json *json, const struct atoll_pin *pin,
		     const struct pinout_pin *now)
{
	static const char *const kinds[] = {
		[ATOLL_PIN_POWER] = "power", [ATOLL_PIN_GROUND] = "ground",
		[ATOLL_PIN_GPIO] = "gpio", [ATOLL_PIN_FIXED] = "fixed",
	};
	const char *caution;

	atoll_json_object(json, NULL);
	atoll_json_integer(json, "pin", pin->number);
	atoll_json_string(json, "kind", kinds[pin->kind]);
	atoll_json_string(json, "name", pin->name);
	json_texts(json, "aliases", pin->aliases);
	if (pin->chip) {
		atoll_json_string(json, "chip", pin->chip->parent ? pin->chip->parent :
				  pin->chip->label);
		atoll_json_integer(json, "line", pin->line);
	}
	atoll_json_string(json, "role", pin->role);
	json_texts(json, "functions", pin->functions);
	atoll_json_array(json, "cautions");
	for (uint32_t bit = 1; bit && *(caution = atoll_caution_name(bit)); bit <<= 1)
		if (pin->cautions & bit)
			atoll_json_string(json, NULL, caution);
	atoll_json_end(json);
	atoll_json_string(json, "note", pin->note);
	if (now)
		json_now(json, now);
	atoll_json_end(json);
}

/*
 * Reading a level means having the line for a moment, and many a kernel makes a GPIO of
 * the pad for that: so only of pins that are one already, and that nobody has.
 */
static int look(const struct header_settings *settings, const struct atoll_pin *pin,
		struct pinout_pin *now, struct atoll_error *err)
{
	const struct atoll_gpio_line line = { pin->chip, pin->line };
	const struct atoll_gpio_options as_is = { .consumer = settings->gpio.consumer };
	struct atoll_gpio_info info;
	struct atoll_gpio *gpio;
	uint32_t levels;
	int r = atoll_gpio_look(settings->system, &line, &info, err);

	if (r < 0)
		return r;
	now->has_direction = true;
	now->is_output = info.is_output;
	if (info.is_used)
		(void)snprintf(now->owner, sizeof(now->owner), "%s",
			       info.consumer[0] ? info.consumer : "the kernel");
	if (info.is_used || settings->skips_levels || !header_pin_is_plain(pin))
		return 0;
	gpio = atoll_gpio_open(settings->system, &line, 1, &as_is, err);
	if (!gpio)
		return err->code;
	r = atoll_gpio_get(gpio, &levels, err);
	atoll_gpio_close(gpio);
	if (r < 0)
		return r;
	now->has_level = true;
	now->is_high = levels & 1;
	return 0;
}

/* A machine without that hardware, or a person without that right, gets the rest, and
   hears once why. */
static void look_at_all(const struct header_settings *settings, uint32_t pins,
			struct pinout_pin *now)
{
	struct atoll_error first, err;
	bool has_failed = false;

	for (uint32_t i = 0; i < pins; i++) {
		const struct atoll_pin *pin = atoll_header_pin(settings->header, i + 1);

		if (!pin->chip || look(settings, pin, &now[i], &err) == 0)
			continue;
		if (!has_failed)
			first = err;
		has_failed = true;
	}
	if (has_failed)
		options_say("levels are not shown: %s", first.text);
}

static void print_json(const struct header_settings *settings, uint32_t pins,
		       const struct pinout_pin *now)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "board", atoll_board_id(settings->board));
	atoll_json_string(&json, "name", atoll_board_name(settings->board));
	atoll_json_integer(&json, "rows", atoll_header_rows(settings->header));
	atoll_json_integer(&json, "columns", atoll_header_columns(settings->header));
	atoll_json_array(&json, "pins");
	for (uint32_t i = 0; i < pins; i++)
		header_json_pin(&json, atoll_header_pin(settings->header, i + 1), &now[i]);
	atoll_json_end(&json);
	atoll_json_end(&json);
}

static void print_drawing(const struct header_settings *settings,
			  const struct pinout_pin *now)
{
	/* A program that is told NO_COLOR, with any value, uses none (no-color.org). */
	const char *no_colour = getenv("NO_COLOR");
	const bool is_plain = settings->is_plain || !isatty(STDOUT_FILENO);
	const struct pinout_style style = {
		.has_colour = !is_plain && !(no_colour && *no_colour),
		.has_boxes = !is_plain && display_has_colour(),
		.line_end = "\n",
	};

	pinout_draw(stdout, atoll_board_name(settings->board), settings->header, now, &style);
}

int header_show(const struct header_settings *settings)
{
	struct pinout_pin *now;
	uint32_t pins = 0;

	while (atoll_header_pin(settings->header, pins + 1))
		pins++;
	now = calloc(pins, sizeof(*now));
	if (!now)
		options_could_not("out of memory");
	look_at_all(settings, pins, now);
	if (settings->wants_json)
		print_json(settings, pins, now);
	else
		print_drawing(settings, now);
	free(now);
	return EXIT_SUCCESS;
}
