/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-camera list, formats and controls: what there is, for people and programs. */
#include "apps/camera.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "board/json.h"
#include "camera/controls.h"
#include "camera/find.h"
#include "camera/modes.h"

static void print_nodes(const struct atoll_camera_node *nodes, int count)
{
	int width = 0;

	for (int i = 0; i < count; i++)
		if ((int)strlen(nodes[i].card) > width)
			width = (int)strlen(nodes[i].card);
	for (int i = 0; i < count; i++)
		printf("%-12s  %-*s  %s%s%s%s\n", nodes[i].path, width, nodes[i].card,
		       nodes[i].bus, nodes[i].why ? " (" : "",
		       nodes[i].why ? nodes[i].why : "", nodes[i].why ? ")" : "");
}

static void json_nodes(const struct atoll_camera_node *nodes, int count)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_array(&json, NULL);
	for (int i = 0; i < count; i++) {
		atoll_json_object(&json, NULL);
		atoll_json_string(&json, "path", nodes[i].path);
		atoll_json_string(&json, "card", nodes[i].card);
		atoll_json_string(&json, "bus", nodes[i].bus);
		atoll_json_string(&json, "driver", nodes[i].driver);
		atoll_json_bool(&json, "is_camera", nodes[i].captures);
		atoll_json_string(&json, "why_not", nodes[i].why);
		atoll_json_end(&json);
	}
	atoll_json_end(&json);
}

int camera_list(const struct camera_settings *settings)
{
	struct atoll_camera_node *nodes;
	struct atoll_error err;
	int count = atoll_camera_list(&nodes, &err);

	if (count < 0)
		options_could_not("%s", err.text);
	if (settings->wants_json)
		json_nodes(nodes, count);
	else
		print_nodes(nodes, count);
	if (count == 0 && !settings->wants_json)
		options_say("there are no video devices");
	free(nodes);
	return EXIT_SUCCESS;
}

static struct atoll_camera_node find(const struct camera_settings *settings)
{
	struct atoll_camera_node node;
	struct atoll_error err;

	if (atoll_camera_find(settings->config.match, &node, &err) < 0)
		options_could_not("%s", err.text);
	return node;
}

/* Is this the first mode of its format? Modes of one stand together. */
static bool begins_format(const struct atoll_camera_mode *modes, int i)
{
	return i == 0 || modes[i].fourcc != modes[i - 1].fourcc;
}

static void print_format(const struct atoll_camera_mode *mode)
{
	const char *name = atoll_pixels_name(mode->pixels);

	printf("%s", mode->code);
	if (mode->pixels && strcmp(name, mode->code) != 0)
		printf(", here %s", name);
	if (*mode->description)
		printf(" (%s)", mode->description);
	if (!mode->pixels)
		printf(", not known here");
	if (mode->is_converted)
		printf(", made by libv4l2");
	putchar('\n');
}

static void print_mode(const struct atoll_camera_mode *mode)
{
	char size[32];

	if (!mode->width)
		return;
	if (mode->width_low == mode->width && mode->height_low == mode->height)
		(void)snprintf(size, sizeof(size), "%ux%u", mode->width, mode->height);
	else
		(void)snprintf(size, sizeof(size), "%ux%u to %ux%u", mode->width_low,
			       mode->height_low, mode->width, mode->height);
	printf("  %-12s", size);
	for (uint32_t i = 0; i < mode->rates; i++)
		printf("%s%g", i == 0 ? " " : mode->rates_are_range ? " to " : ", ",
		       mode->rate_mhz[i] / 1000.0);
	printf("%s\n", mode->rates ? " fps" : "");
}

static void json_mode(struct atoll_json *json, const struct atoll_camera_mode *mode)
{
	if (!mode->width)
		return;
	atoll_json_object(json, NULL);
	atoll_json_integer(json, "width", mode->width);
	atoll_json_integer(json, "height", mode->height);
	if (mode->width_low != mode->width || mode->height_low != mode->height) {
		atoll_json_integer(json, "width_low", mode->width_low);
		atoll_json_integer(json, "height_low", mode->height_low);
		atoll_json_integer(json, "width_step", mode->width_step);
		atoll_json_integer(json, "height_step", mode->height_step);
	}
	atoll_json_array(json, mode->rates_are_range ? "rate_range" : "rates");
	for (uint32_t i = 0; i < mode->rates; i++)
		atoll_json_real(json, NULL, mode->rate_mhz[i] / 1000.0);
	atoll_json_end(json);
	atoll_json_end(json);
}

static void json_modes(const struct atoll_camera_node *node,
		       const struct atoll_camera_mode *modes, int count)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "path", node->path);
	atoll_json_string(&json, "card", node->card);
	atoll_json_array(&json, "formats");
	for (int i = 0; i < count; i++) {
		if (begins_format(modes, i)) {
			atoll_json_object(&json, NULL);
			atoll_json_string(&json, "code", modes[i].code);
			atoll_json_string(&json, "description", modes[i].description);
			atoll_json_string(&json, "pixels", modes[i].pixels ?
					  atoll_pixels_name(modes[i].pixels) : NULL);
			atoll_json_bool(&json, "is_converted", modes[i].is_converted);
			atoll_json_array(&json, "sizes");
		}
		json_mode(&json, &modes[i]);
		if (i + 1 == count || begins_format(modes, i + 1)) {
			atoll_json_end(&json);
			atoll_json_end(&json);
		}
	}
	atoll_json_end(&json);
	atoll_json_end(&json);
}

int camera_formats(const struct camera_settings *settings)
{
	struct atoll_camera_node node = find(settings);
	struct atoll_camera_mode *modes;
	struct atoll_error err;
	int count = atoll_camera_modes(node.path, &modes, &err);

	if (count < 0)
		options_could_not("%s", err.text);
	if (settings->wants_json)
		json_modes(&node, modes, count);
	for (int i = 0; !settings->wants_json && i < count; i++) {
		if (begins_format(modes, i))
			print_format(&modes[i]);
		print_mode(&modes[i]);
	}
	free(modes);
	return EXIT_SUCCESS;
}

/* The name of a menu's value, or NULL. */
static const char *choice_name(const struct atoll_control *control, int64_t value)
{
	for (size_t i = 0; i < control->choices; i++)
		if (control->choice[i].value == value)
			return control->choice[i].name;
	return NULL;
}

static void print_value(const struct atoll_control *control, int64_t value)
{
	const char *name = choice_name(control, value);

	if (control->kind == ATOLL_CONTROL_BOOLEAN)
		fputs(value ? "on" : "off", stdout);
	else if (name)
		fputs(name, stdout);
	else
		printf("%" PRId64, value);
}

/* What may be set: a range or a list, and what it was from the beginning. */
static void print_range(const struct atoll_control *control)
{
	switch (control->kind) {
	case ATOLL_CONTROL_INTEGER:
		printf(" (%" PRId64 " to %" PRId64, control->low, control->high);
		if (control->step > 1)
			printf(" by %" PRId64, control->step);
		break;
	case ATOLL_CONTROL_BOOLEAN: fputs(" (off, on", stdout); break;
	case ATOLL_CONTROL_MENU:
		for (size_t i = 0; i < control->choices; i++)
			printf("%s%s", i ? ", " : " (", control->choice[i].name);
		break;
	case ATOLL_CONTROL_TEXT:
		printf(" (%" PRId64 " to %" PRId64 " characters)\n", control->low,
		       control->high);
		return;
	case ATOLL_CONTROL_BUTTON:
	case ATOLL_CONTROL_OTHER: putchar('\n'); return;
	}
	fputs("; at first ", stdout);
	print_value(control, control->standard);
	fputs(")\n", stdout);
}

static void print_control(const struct atoll_control *control)
{
	printf("%s = ", control->name);
	switch (control->kind) {
	case ATOLL_CONTROL_TEXT: printf("'%s'", control->text); break;
	case ATOLL_CONTROL_BUTTON: fputs("a button", stdout); break;
	case ATOLL_CONTROL_OTHER: fputs("of a kind not shown here", stdout); break;
	default: print_value(control, control->value); break;
	}
	if (control->is_read_only)
		fputs(", read-only", stdout);
	if (control->is_inactive)
		fputs(", inactive", stdout);
	print_range(control);
}

static void json_numbers(struct atoll_json *json, const struct atoll_control *control)
{
	atoll_json_integer(json, "value", control->value);
	atoll_json_integer(json, "low", control->low);
	atoll_json_integer(json, "high", control->high);
	atoll_json_integer(json, "step", control->step);
	atoll_json_integer(json, "standard", control->standard);
	if (control->kind != ATOLL_CONTROL_MENU)
		return;
	atoll_json_array(json, "choices");
	for (size_t i = 0; i < control->choices; i++) {
		atoll_json_object(json, NULL);
		atoll_json_integer(json, "value", control->choice[i].value);
		atoll_json_string(json, "name", control->choice[i].name);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}

static void json_control(struct atoll_json *json, const struct atoll_control *control)
{
	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", control->name);
	atoll_json_string(json, "kind", atoll_control_kind_name(control->kind));
	atoll_json_bool(json, "is_read_only", control->is_read_only);
	atoll_json_bool(json, "is_inactive", control->is_inactive);
	if (control->kind == ATOLL_CONTROL_TEXT)
		atoll_json_string(json, "value", control->text);
	else if (control->kind != ATOLL_CONTROL_BUTTON && control->kind != ATOLL_CONTROL_OTHER)
		json_numbers(json, control);
	atoll_json_end(json);
}

static void json_controls(const struct atoll_camera_node *node,
			  struct atoll_controls *controls)
{
	struct atoll_json json = { .file = stdout };

	atoll_json_object(&json, NULL);
	atoll_json_string(&json, "path", node->path);
	atoll_json_string(&json, "card", node->card);
	atoll_json_array(&json, "controls");
	for (size_t i = 0; i < atoll_controls_count(controls); i++)
		json_control(&json, atoll_controls_at(controls, i));
	atoll_json_end(&json);
	atoll_json_end(&json);
}

/* "NAME=VALUE" of the command line, one after the other. */
static int set_all(const struct camera_settings *settings, struct atoll_controls *controls)
{
	struct atoll_error err;
	int status = EXIT_SUCCESS;

	for (int i = 0; i < settings->rests; i++) {
		char *value = strchr(settings->rest[i], '=');

		*value++ = '\0';
		if (atoll_controls_set(controls, settings->rest[i], value, &err) < 0) {
			options_say("%s", err.text);
			status = EXIT_COULD_NOT;
		}
	}
	return status;
}

int camera_controls(const struct camera_settings *settings)
{
	struct atoll_controls *controls;
	struct atoll_camera_node node;
	struct atoll_error err;
	int status = EXIT_SUCCESS;

	for (int i = 0; i < settings->rests; i++)
		if (!strchr(settings->rest[i], '='))
			options_wrong("controls: '%s' is not NAME=VALUE", settings->rest[i]);
	node = find(settings);
	controls = atoll_controls_open(node.path, &err);
	if (!controls)
		options_could_not("%s", err.text);
	if (settings->rests)
		status = set_all(settings, controls);
	else if (settings->wants_json)
		json_controls(&node, controls);
	for (size_t i = 0; !settings->rests && !settings->wants_json &&
	     i < atoll_controls_count(controls); i++)
		print_control(atoll_controls_at(controls, i));
	atoll_controls_close(controls);
	return status;
}
