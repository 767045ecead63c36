/* SPDX-License-Identifier: Apache-2.0 */
#include "audio/mixer.h"

#include "audio/mixer_system.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A card under preparation. What is to be done is checked first, then done. */
struct desk {
	const struct mixer_system *system;
	struct mixer *mixer;
	const char *card;
	struct mixer_control *controls;
	int64_t *value;           /* [count] what each is to be set to, */
	bool *is_wanted;          /* [count] if at all */
	uint32_t count;
};

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\n");
	length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* A whole number at the beginning of `text`; what follows it. NULL: there is none. */
static const char *read_number(const char *text, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	return end == text || errno ? NULL : end;
}

static int misfit(const struct desk *desk, const struct mixer_control *control,
		  const char *value, const char *wants, struct atoll_error *err)
{
	return atoll_error_set(err, -EINVAL, "mixer: %s: %s: '%.48s' is not %s", desk->card,
			       control->name, value, wants);
}

static int read_switch(const struct desk *desk, const struct mixer_control *control,
		       const char *text, int64_t *value, struct atoll_error *err)
{
	bool is_on = strcasecmp(text, "on") == 0 || strcmp(text, "1") == 0;

	if (!is_on && strcasecmp(text, "off") != 0 && strcmp(text, "0") != 0)
		return misfit(desk, control, text, "on or off", err);
	*value = is_on;
	return 0;
}

static int read_range(const struct desk *desk, const struct mixer_control *control,
		      const char *text, int64_t *value, struct atoll_error *err)
{
	const char *end = read_number(text, value);

	if (end && strcmp(end, "%") == 0 && *value >= 0 && *value <= 100) {
		double share = (double)*value / 100, range = (double)control->high -
			(double)control->low;

		*value = control->low + (int64_t)(share * range + 0.5);
		return 0;
	}
	if (end && *end == '\0' && *value >= control->low && *value <= control->high)
		return 0;
	return atoll_error_set(err, -EINVAL,
			       "mixer: %s: %s: '%.48s' is not within %lld to %lld, "
			       "nor 0%% to 100%%",
			       desk->card, control->name, text, (long long)control->low,
			       (long long)control->high);
}

/* By the item's name, else by its number. */
static int read_choice(const struct desk *desk, const struct mixer_control *control,
		       const char *text, int64_t *value, struct atoll_error *err)
{
	const char *end;
	char name[64], names[96] = "";
	int r;

	for (uint32_t i = 0; i < control->items; i++) {
		r = desk->system->item(desk->mixer, control, i, name, sizeof(name));
		if (r < 0)
			return atoll_error_set(err, r, "mixer: %s: %s: item %u: %s",
					       desk->card, control->name, i,
					       strerror(-r));
		if (strcasecmp(name, text) == 0) {
			*value = i;
			return 0;
		}
		if (strlen(names) + strlen(name) + sizeof(", ") < sizeof(names))
			(void)strcat(strcat(names, i ? ", " : "one of "), name);
	}
	end = read_number(text, value);
	if (end && *end == '\0' && *value >= 0 && *value < control->items)
		return 0;
	return misfit(desk, control, text, names, err);
}

static int read_value(const struct desk *desk, const struct mixer_control *control,
		      const char *text, int64_t *value, struct atoll_error *err)
{
	if (!control->is_writable)
		return atoll_error_set(err, -EPERM, "mixer: %s: %s: can only be read",
				       desk->card, control->name);
	switch (control->kind) {
	case MIXER_SWITCH: return read_switch(desk, control, text, value, err);
	case MIXER_NUMBER: return read_range(desk, control, text, value, err);
	case MIXER_CHOICE: return read_choice(desk, control, text, value, err);
	default:
		return atoll_error_set(err, -EINVAL, "mixer: %s: %s: is no number, switch or "
				       "choice", desk->card, control->name);
	}
}

/* One "NAME=VALUE". */
static int prepare(struct desk *desk, char *entry, struct atoll_error *err)
{
	char *equals = strchr(entry, '='), *name, *value;
	bool is_known = false;
	int r;

	if (!equals)
		return atoll_error_set(err, -EINVAL, "mixer: '%.64s' is not NAME=VALUE",
				       entry);
	*equals = '\0';
	name = trim(entry);
	value = trim(equals + 1);
	for (uint32_t i = 0; i < desk->count; i++) {
		if (strcmp(desk->controls[i].name, name) != 0)
			continue;
		r = read_value(desk, &desk->controls[i], value, &desk->value[i], err);
		if (r < 0)
			return r;
		is_known = desk->is_wanted[i] = true;
	}
	if (!is_known)
		return atoll_error_set(err, -ENOENT, "mixer: %s: there is no control '%.64s'",
				       desk->card, name);
	return 0;
}

static int prepare_all(struct desk *desk, const char *preset, struct atoll_error *err)
{
	char *text = strdup(preset), *rest = text, *entry;
	int r = text ? 0 : atoll_error_set(err, -ENOMEM, "mixer: out of memory");

	while (r == 0 && (entry = strsep(&rest, ";"))) {
		entry = trim(entry);
		if (*entry)
			r = prepare(desk, entry, err);
	}
	free(text);
	return r;
}

static int set_all(const struct desk *desk, struct atoll_error *err)
{
	for (uint32_t i = 0; i < desk->count; i++) {
		int r = desk->is_wanted[i] ?
			desk->system->set(desk->mixer, &desk->controls[i], desk->value[i]) : 0;

		if (r < 0)
			return atoll_error_set(err, r, "mixer: %s: %s: %s", desk->card,
					       desk->controls[i].name, strerror(-r));
	}
	return 0;
}

static int apply(struct desk *desk, const char *preset, struct atoll_error *err)
{
	int r = desk->system->list(desk->mixer, &desk->controls, &desk->count);

	if (r < 0)
		return atoll_error_set(err, r, "mixer: %s: list: %s", desk->card,
				       strerror(-r));
	desk->value = calloc(desk->count + 1, sizeof(*desk->value));
	desk->is_wanted = calloc(desk->count + 1, sizeof(*desk->is_wanted));
	if (!desk->value || !desk->is_wanted)
		return atoll_error_set(err, -ENOMEM, "mixer: out of memory");
	r = prepare_all(desk, preset, err);
	return r < 0 ? r : set_all(desk, err);
}

static const char *why_not_open(int r)
{
	switch (r) {
	case -EACCES:
	case -EPERM: return "no permission; is the user in the group audio?";
	case -ENOENT:
	case -ENODEV: return "there is no such card";
	default: return strerror(-r);
	}
}

int mixer_apply_on(const struct mixer_system *system, const char *card, const char *preset,
		   struct atoll_error *err)
{
	struct desk desk = { .system = system, .card = card };
	int r = system->open(card, &desk.mixer);

	if (r < 0)
		return atoll_error_set(err, r, "mixer: %s: %s", card, why_not_open(r));
	r = apply(&desk, preset, err);
	free(desk.is_wanted);
	free(desk.value);
	free(desk.controls);
	system->close(desk.mixer);
	return r;
}

ATOLL_API int atoll_mixer_apply(const char *card, const char *preset, struct atoll_error *err)
{
	return mixer_apply_on(&mixer_alsa, card, preset, err);
}
