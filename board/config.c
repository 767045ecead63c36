/* SPDX-License-Identifier: Apache-2.0 */
#include "board/config.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/config_lines.h"

#define LINE_BYTES_MAX 4096
#define KEY_BYTES_MAX 128
/* Far above what people write, far below what would hurt: a setting is looked up
   by walking over all of them. */
#define ENTRIES_MAX 4096

/* How much of what somebody wrote is repeated in a message. */
#define SHOWN "%.40s"

#define BLANKS " \t"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define KEY_CHARACTERS LETTERS "0123456789_-."

struct entry {
	struct atoll_config_entry shown; /* key and value point into text */
	char *text;                      /* "key\0value\0" */
	size_t file, line;
	bool was_asked_for;
};

struct atoll_config {
	struct entry *entry;
	size_t entries, room;
	size_t next_unread; /* where atoll_config_unread goes on */
};

/* Where a reader is. */
struct reading {
	struct atoll_config *config;
	const struct atoll_config_line *line;
	char section[KEY_BYTES_MAX + 1]; /* "" outside of all */
};

static struct entry *find(const struct atoll_config *config, const char *key)
{
	for (size_t i = 0; i < config->entries; i++)
		if (strcmp(config->entry[i].shown.key, key) == 0)
			return &config->entry[i];
	return NULL;
}

/* A new entry without text, or NULL. */
static struct entry *add(struct atoll_config *config)
{
	if (config->entries == config->room) {
		size_t room = config->room ? 2 * config->room : 32;
		struct entry *larger = reallocarray(config->entry, room, sizeof(*larger));

		if (!larger)
			return NULL;
		config->entry = larger;
		config->room = room;
	}
	config->entry[config->entries] = (struct entry){ 0 };
	return &config->entry[config->entries++];
}

static int is_key(const char *text)
{
	return *text && text[strspn(text, KEY_CHARACTERS)] == '\0';
}

/* Keep `value` under the whole name of `key`, in place of what was there. */
static int keep(struct reading *at, const char *key, const char *value,
		struct atoll_error *err)
{
	char name[2 * KEY_BYTES_MAX + 2];
	size_t key_bytes = (size_t)snprintf(name, sizeof(name), "%s%s%s", at->section,
					    *at->section ? "." : "", key) + 1;
	struct entry *entry;
	char *text;

	if (key_bytes > KEY_BYTES_MAX + 1)
		return atoll_error_set(err, -EINVAL, "the key '" SHOWN "...' is longer than %d bytes",
				       name, KEY_BYTES_MAX);
	entry = find(at->config, name);
	if (!entry && at->config->entries == ENTRIES_MAX)
		return atoll_error_set(err, -EINVAL, "more than %d settings", ENTRIES_MAX);
	text = malloc(key_bytes + strlen(value) + 1);
	if (text && !entry)
		entry = add(at->config);
	if (!text || !entry) {
		free(text);
		return atoll_error_set(err, -ENOMEM, "out of memory");
	}
	free(entry->text);
	entry->text = text;
	entry->shown.key = memcpy(text, name, key_bytes);
	entry->shown.value = strcpy(text + key_bytes, value);
	entry->shown.earlier = entry->file == at->line->file ? entry->line : 0;
	entry->file = at->line->file;
	entry->line = at->line->number;
	(void)snprintf(entry->shown.place, sizeof(entry->shown.place), "%s", at->line->place);
	return 0;
}

/* Without the blanks at both ends; writes into `text`. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		text[--length] = '\0';
	return text;
}

static void cut_comment(char *line)
{
	for (char *at = line; (at = strchr(at, '#')); at++)
		if (at == line || strchr(BLANKS, at[-1])) {
			*at = '\0';
			return;
		}
}

/* One line without its end, changed on the way. */
static int read_line(struct reading *at, char *line, struct atoll_error *err)
{
	char *value, *name;
	size_t length;

	cut_comment(line);
	line = trim(line);
	length = strlen(line);
	if (length == 0)
		return 0;
	if (line[0] == '[' && line[length - 1] == ']') {
		line[length - 1] = '\0';
		name = trim(line + 1);
		if (!is_key(name) || strlen(name) > KEY_BYTES_MAX)
			return atoll_error_set(err, -EINVAL,
				"'" SHOWN "' is no section: up to %d letters, digits, '_', '-' and '.'",
				name, KEY_BYTES_MAX);
		strcpy(at->section, name);
		return 0;
	}
	value = strchr(line, '=');
	if (!value)
		return atoll_error_set(err, -EINVAL,
			"'" SHOWN "' is neither key = value nor a [section]", line);
	*value++ = '\0';
	name = trim(line);
	if (!is_key(name) || strlen(name) > KEY_BYTES_MAX)
		return atoll_error_set(err, -EINVAL,
			"'" SHOWN "' is no key: up to %d letters, digits, '_', '-' and '.'",
			name, KEY_BYTES_MAX);
	return keep(at, name, trim(value), err);
}

static int take_line(void *data, struct atoll_config_line *line, struct atoll_error *err)
{
	struct reading *at = data;
	int r = -EINVAL;

	if (line->number == 1)
		at->section[0] = '\0';
	at->line = line;
	if (line->text)
		r = read_line(at, line->text, err);
	if (r < 0)
		(void)atoll_error_prefix(err, "%s", line->place);
	return r;
}

/* What was read, or NULL where that failed. */
static struct atoll_config *finish(struct atoll_config *config, int r)
{
	if (r == 0)
		return config;
	atoll_config_free(config);
	return NULL;
}

static struct atoll_config *begin(const char *name, struct atoll_error *err)
{
	struct atoll_config *config = calloc(1, sizeof(*config));

	if (!config)
		(void)atoll_error_set(err, -ENOMEM, "%s: %s", atoll_error_path(name),
				      strerror(ENOMEM));
	return config;
}

ATOLL_API struct atoll_config *atoll_config_load(const char *path, struct atoll_error *err)
{
	struct reading at = { .config = begin(path, err) };

	if (!at.config)
		return NULL;
	return finish(at.config, atoll_config_lines(path, LINE_BYTES_MAX, take_line, &at, err));
}

ATOLL_API struct atoll_config *atoll_config_load_bytes(const void *bytes, size_t size,
						       const char *name,
						       struct atoll_error *err)
{
	struct reading at = { .config = begin(name, err) };

	if (!at.config)
		return NULL;
	return finish(at.config, atoll_config_lines_bytes(bytes, size, name, LINE_BYTES_MAX,
							  take_line, &at, err));
}

ATOLL_API void atoll_config_free(struct atoll_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->entries; i++)
		free(config->entry[i].text);
	free(config->entry);
	free(config);
}

static const struct atoll_config_entry *ask(const struct atoll_config *config,
					    const char *key)
{
	struct entry *entry = find(config, key);

	if (!entry)
		return NULL;
	entry->was_asked_for = true;
	return &entry->shown;
}

ATOLL_API int atoll_config_text(struct atoll_config *config, const char *key,
				const char **value, struct atoll_error *err)
{
	const struct atoll_config_entry *entry = ask(config, key);

	(void)err; /* any text is right */
	if (!entry)
		return 0;
	*value = entry->value;
	return 1;
}

ATOLL_API int atoll_config_integer(struct atoll_config *config, const char *key,
				   int64_t low, int64_t high, int64_t *value,
				   struct atoll_error *err)
{
	const struct atoll_config_entry *entry = ask(config, key);
	int64_t number;
	char *end;

	if (!entry)
		return 0;
	errno = 0;
	number = strtoll(entry->value, &end, 10);
	if (end == entry->value || *end || errno || number < low || number > high)
		return atoll_error_set(err, -EINVAL,
			"%s: %s: '" SHOWN "' is not a whole number from %" PRId64 " to %" PRId64,
			entry->place, key, entry->value, low, high);
	*value = number;
	return 1;
}

/* strtod(3) with a decimal point, whatever the program's locale writes. NaN for
   what is not a finite number. */
static double to_real(const char *text)
{
	locale_t plain = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	double number = NAN;
	char *end;

	if (!plain)
		return NAN;
	number = strtod_l(text, &end, plain);
	freelocale(plain);
	return end == text || *end || !isfinite(number) ? (double)NAN : number;
}

ATOLL_API int atoll_config_real(struct atoll_config *config, const char *key, double low,
				double high, double *value, struct atoll_error *err)
{
	const struct atoll_config_entry *entry = ask(config, key);
	double number;

	if (!entry)
		return 0;
	number = to_real(entry->value);
	if (!(number >= low && number <= high))
		return atoll_error_set(err, -EINVAL,
			"%s: %s: '" SHOWN "' is not a number from %g to %g",
			entry->place, key, entry->value, low, high);
	*value = number;
	return 1;
}

ATOLL_API int atoll_config_bool(struct atoll_config *config, const char *key, bool *value,
				struct atoll_error *err)
{
	static const char *const words[][2] = {
		{ "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" },
	};
	const struct atoll_config_entry *entry = ask(config, key);

	if (!entry)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int truth = 0; truth < 2; truth++)
			if (strcasecmp(entry->value, words[i][truth]) == 0) {
				*value = truth;
				return 1;
			}
	return atoll_error_set(err, -EINVAL, "%s: %s: '" SHOWN "' is neither yes nor no",
			       entry->place, key, entry->value);
}

ATOLL_API int atoll_config_duration(struct atoll_config *config, const char *key,
				    int64_t low_ms, int64_t high_ms, int64_t *value_ms,
				    struct atoll_error *err)
{
	const struct atoll_config_entry *entry = ask(config, key);
	int64_t number_ms;

	if (!entry)
		return 0;
	if (atoll_duration_ms(entry->value, &number_ms) < 0)
		return atoll_error_set(err, -EINVAL,
			"%s: %s: '" SHOWN "' is not a duration like 250ms, 1.5s, 10min or 2h",
			entry->place, key, entry->value);
	if (number_ms < low_ms || number_ms > high_ms)
		return atoll_error_set(err, -EINVAL,
			"%s: %s: '" SHOWN "' is not from %" PRId64 "ms to %" PRId64 "ms",
			entry->place, key, entry->value, low_ms, high_ms);
	*value_ms = number_ms;
	return 1;
}

/* The digits of a number, and how many of them stand behind its point. */
static const char *read_digits(const char *text, int64_t *digits, int64_t *scale)
{
	bool is_behind = false;

	*digits = 0;
	*scale = 1;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !is_behind); text++) {
		if (*text == '.')
			is_behind = true;
		else if (__builtin_mul_overflow(*digits, 10, digits) ||
			 __builtin_add_overflow(*digits, *text - '0', digits) ||
			 (is_behind && __builtin_mul_overflow(*scale, 10, scale)))
			return NULL;
	}
	return text;
}

ATOLL_API int atoll_duration_ms(const char *text, int64_t *value_ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 } };
	int64_t digits, scale, ms;
	const char *unit;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	unit = read_digits(text, &digits, &scale);
	if (!unit || unit[-1] == '.')
		return -EINVAL;
	if (!*unit && digits == 0) {
		*value_ms = 0;
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(digits, units[i].ms, &ms) || ms % scale != 0)
			return -EINVAL;
		*value_ms = ms / scale;
		return 0;
	}
	return -EINVAL;
}

ATOLL_API const struct atoll_config_entry *atoll_config_at(const struct atoll_config *config,
							   size_t i)
{
	return i < config->entries ? &config->entry[i].shown : NULL;
}

ATOLL_API const struct atoll_config_entry *atoll_config_unread(struct atoll_config *config)
{
	while (config->next_unread < config->entries) {
		const struct entry *entry = &config->entry[config->next_unread++];

		if (!entry->was_asked_for)
			return &entry->shown;
	}
	return NULL;
}
