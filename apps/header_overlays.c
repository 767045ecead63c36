/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-header overlays: what the boot loader is to apply. */
#include "apps/header_overlays.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/options.h"
#include "apps/overlay.h"
#include "apps/overlay_list.h"
#include "apps/shipped.h"
#include "apps/small_file.h"
#include "board/json.h"

/* One that is shipped, or that is on the boot loader's list, or both. */
struct entry {
	struct overlay overlay;  /* as in the folder of the boot loader, if it is there */
	bool is_shipped, is_active;
	struct atoll_error why;  /* the boot loader cannot apply it; code 0: it can */
};

struct view {
	const struct header_overlays *settings;
	const char *boot, *folder;
	struct overlay_list *list;
	struct entry *each;
	uint32_t count;
};

/* Names of a list are anybody's words: nothing that a terminal would obey. */
static void copy_name(char name[OVERLAY_NAME_BYTES], const char *word)
{
	(void)snprintf(name, OVERLAY_NAME_BYTES, "%s", word);
	for (char *c = name; *c; c++)
		if (!isgraph((unsigned char)*c))
			*c = '?';
}

static struct entry *find(struct view *view, const char *name)
{
	for (uint32_t i = 0; i < view->count; i++)
		if (strcmp(view->each[i].overlay.name, name) == 0)
			return &view->each[i];
	return NULL;
}

/* What lies where the boot loader looks is what counts. */
static void look_there(const struct view *view, struct entry *entry)
{
	struct overlay overlay;

	if (overlay_read(&overlay, view->boot, entry->overlay.name, &entry->why) == 0) {
		entry->overlay = overlay;
		entry->why.code = 0;
	}
}

static void add_shipped(struct view *view, const struct overlays *shipped)
{
	for (uint32_t i = 0; i < shipped->count; i++) {
		struct entry *entry = &view->each[view->count++];

		entry->overlay = shipped->each[i];
		entry->is_shipped = true;
		entry->is_active = overlay_list_has(view->list, entry->overlay.name);
		look_there(view, entry);
	}
}

static void add_other(struct view *view, const char *name, bool is_active)
{
	struct entry *entry = &view->each[view->count];

	copy_name(entry->overlay.name, name);
	if (find(view, entry->overlay.name))
		return;
	entry->is_active = is_active;
	look_there(view, entry);
	view->count++;
}

/* An overlay from elsewhere does not say which pins its pads are; ours know. */
static void name_pins(struct view *view, struct overlay *overlay)
{
	for (uint32_t i = 0; i < overlay->count; i++)
		for (uint32_t j = 0; !overlay->pins[i] && j < view->count; j++) {
			int at = overlay_clash(&view->each[j].overlay, &(struct overlay){
				.count = 1, .pads = { overlay->pads[i] } });

			if (at >= 0)
				overlay->pins[i] = view->each[j].overlay.pins[at];
		}
}

static void see(struct view *view, const struct header_overlays *settings)
{
	struct overlays shipped;
	struct atoll_error err;
	size_t active = 0;
	char *path;

	*view = (struct view){
		.settings = settings,
		.boot = settings->boot ? settings->boot : "/boot",
		.folder = settings->folder ? settings->folder : shipped_overlays,
	};
	if (asprintf(&path, "%s/overlays.txt", view->boot) < 0)
		options_could_not("%s: %s", view->boot, strerror(ENOMEM));
	view->list = overlay_list_load(path, &err);
	free(path);
	if (!view->list && err.code == -ENOENT)
		options_could_not("%s; this is no board whose boot loader reads one", err.text);
	if (!view->list || overlays_read(&shipped, view->folder, &err) < 0)
		options_could_not("%s", err.text);
	while (overlay_list_name(view->list, active))
		active++;
	/* One more: a name from the command line that is on neither. */
	view->each = calloc(shipped.count + active + 1, sizeof(*view->each));
	if (!view->each)
		options_could_not("%s: %s", view->folder, strerror(ENOMEM));
	add_shipped(view, &shipped);
	for (size_t i = 0; i < active; i++)
		add_other(view, overlay_list_name(view->list, i), true);
	for (uint32_t i = 0; i < view->count; i++)
		name_pins(view, &view->each[i].overlay);
	overlays_free(&shipped);
}

static void close_view(struct view *view)
{
	overlay_list_free(view->list);
	free(view->each);
}

/* The place of the first shared pad when both cannot be and the other one is. */
static int clash(const struct entry *entry, const struct entry *other)
{
	return other == entry || !other->is_active ? -1 :
		overlay_clash(&entry->overlay, &other->overlay);
}

static void json_entry(const struct view *view, const struct entry *entry,
		       struct atoll_json *json)
{
	const struct overlay *overlay = &entry->overlay;

	atoll_json_object(json, NULL);
	atoll_json_string(json, "name", overlay->name);
	atoll_json_bool(json, "active", entry->is_active);
	atoll_json_bool(json, "installed", entry->why.code == 0);
	atoll_json_string(json, "function", overlay->function[0] ? overlay->function : NULL);
	atoll_json_array(json, "pins");
	for (uint32_t i = 0; i < overlay->count; i++)
		if (overlay->pins[i])
			atoll_json_integer(json, NULL, overlay->pins[i]);
	atoll_json_end(json);
	atoll_json_array(json, "gpios");
	for (uint32_t i = 0; i < overlay->count; i++)
		atoll_json_integer(json, NULL, overlay->pads[i]);
	atoll_json_end(json);
	atoll_json_array(json, "conflicts");
	for (uint32_t i = 0; i < view->count; i++)
		if (clash(entry, &view->each[i]) >= 0)
			atoll_json_string(json, NULL, view->each[i].overlay.name);
	atoll_json_end(json);
	atoll_json_end(json);
}

static void print_entry(const struct view *view, const struct entry *entry)
{
	const struct overlay *overlay = &entry->overlay;
	char pins[4 * OVERLAY_PADS + 1] = "";
	size_t used = 0;
	bool is_first = true;

	for (uint32_t i = 0; i < overlay->count && used + 4 < sizeof(pins); i++)
		if (overlay->pins[i] && overlay->pins[i] < 1000)
			used += (size_t)snprintf(pins + used, sizeof(pins) - used, "%s%u",
						 used ? " " : "", overlay->pins[i]);
	printf("%-13s %-7s %-12s %-20s", overlay->name, entry->is_active ? "active" : "-",
	       used ? pins : "-", overlay->function[0] ? overlay->function : "not known");
	for (uint32_t i = 0; i < view->count; i++)
		if (clash(entry, &view->each[i]) >= 0) {
			printf("%s%s", is_first ? " " : ",", view->each[i].overlay.name);
			is_first = false;
		}
	puts(is_first ? " -" : "");
}

static int list(const struct view *view)
{
	struct atoll_json json = { .file = stdout };

	if (view->settings->wants_json)
		atoll_json_array(&json, NULL);
	else
		printf("%-13s %-7s %-12s %-20s in conflict with\n", "overlay", "state",
		       "pins", "function");
	for (uint32_t i = 0; i < view->count; i++) {
		const struct entry *entry = &view->each[i];

		if (view->settings->wants_json)
			json_entry(view, entry, &json);
		else
			print_entry(view, entry);
		if (entry->is_active && entry->why.code)
			options_say("%s is active, but the board starts without any overlay: "
				    "%s", entry->overlay.name, entry->why.text);
	}
	if (view->settings->wants_json)
		atoll_json_end(&json);
	return EXIT_SUCCESS;
}

static void refuse_conflicts(const struct view *view, const struct entry *entry)
{
	const char *name = entry->overlay.name;
	uint32_t conflicts = 0;

	for (uint32_t i = 0; i < view->count; i++) {
		int at = clash(entry, &view->each[i]);
		bool is_pin;

		if (at < 0)
			continue;
		is_pin = entry->overlay.pins[at] != 0;
		options_say("%s needs %s %u, which %s has", name, is_pin ? "pin" : "GPIO",
			    is_pin ? entry->overlay.pins[at] : entry->overlay.pads[at],
			    view->each[i].overlay.name);
		conflicts++;
	}
	if (conflicts && !view->settings->is_forced)
		options_could_not("%s is not enabled; disable what is in conflict with it, or "
				  "use --force", name);
}

static void install(const struct view *view, const struct entry *entry)
{
	const char *name = entry->overlay.name;
	struct small_file file;
	struct atoll_error err;
	char *from, *to;
	int r;

	if (!entry->is_shipped)
		options_could_not("%s is not one of those in %s", name, view->folder);
	if (asprintf(&from, "%s/%s.dtbo", view->folder, name) < 0 ||
	    asprintf(&to, "%s/%s.dtbo", view->boot, name) < 0)
		options_could_not("%s: %s", name, strerror(ENOMEM));
	r = small_file_read(&file, from, &err);
	if (r == 0) {
		r = small_file_write(&file, to, &err);
		small_file_free(&file);
	}
	if (r < 0)
		options_could_not("%s", err.text);
	free(from);
	free(to);
}

static void refuse_missing(const struct view *view, const struct entry *entry)
{
	const char *name = entry->overlay.name;

	if (!entry->why.code)
		return;
	options_say("with %s the board would start without any overlay: %s", name,
		    entry->why.text);
	if (!view->settings->is_forced)
		options_could_not("%s is not enabled; copy %s/%s.dtbo to %s, or use --install",
				  name, atoll_error_path(view->folder), name,
				  atoll_error_path(view->boot));
}

static struct entry *choose(struct view *view, const char *name)
{
	struct entry *entry = find(view, name);
	struct atoll_error err;

	if (!entry) {
		add_other(view, name, false);
		entry = find(view, name);
		if (!entry || entry->why.code)
			options_could_not("there is no overlay '%s' in %s", name, view->folder);
		name_pins(view, &entry->overlay);
	}
	if (view->settings->installs && entry->is_shipped &&
	    overlay_read(&entry->overlay, view->folder, name, &err) < 0)
		options_could_not("%s", err.text);
	return entry;
}

static void save(struct view *view, int r, struct atoll_error *err)
{
	if (r < 0 || overlay_list_save(view->list, err) < 0)
		options_could_not("%s%s", err->text, err->code == -EACCES ? "; root may" : "");
}

static int enable(struct view *view, const char *name)
{
	struct entry *entry = choose(view, name);
	struct atoll_error err;

	if (!entry->is_active)
		refuse_conflicts(view, entry);
	if (view->settings->installs)
		install(view, entry);
	else
		refuse_missing(view, entry);
	if (entry->is_active) {
		options_say("%s was active already", name);
		return EXIT_SUCCESS;
	}
	save(view, overlay_list_add(view->list, name, &err), &err);
	options_say("%s is active from the next start on", name);
	return EXIT_SUCCESS;
}

static int disable(struct view *view, const char *name)
{
	struct atoll_error err;

	if (!overlay_list_has(view->list, name)) {
		options_say("%s was not active", name);
		return EXIT_SUCCESS;
	}
	save(view, overlay_list_remove(view->list, name, &err), &err);
	options_say("%s is not active from the next start on", name);
	return EXIT_SUCCESS;
}

int header_overlays(const struct header_overlays *settings)
{
	const char *verb = settings->rests ? settings->rest[0] : "list";
	bool lists = strcmp(verb, "list") == 0, enables = strcmp(verb, "enable") == 0;
	int words = lists ? 1 : 2, status;
	struct view view;

	if (!lists && !enables && strcmp(verb, "disable") != 0)
		options_wrong("overlays: '%s' is not one of list, enable, disable", verb);
	if (!lists && settings->rests < words)
		options_wrong("overlays: %s which?", verb);
	if (settings->rests > words)
		options_wrong("overlays: '%s' is too much", settings->rest[words]);
	see(&view, settings);
	if (lists)
		status = list(&view);
	else if (enables)
		status = enable(&view, settings->rest[1]);
	else
		status = disable(&view, settings->rest[1]);
	close_view(&view);
	return status;
}
