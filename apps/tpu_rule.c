/* SPDX-License-Identifier: Apache-2.0 */
/* atoll-tpu: which udev rule is about an Edge TPU. */
#include "apps/tpu_rule.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of udev(7). */
static const char *const folders[] = {
	"/etc/udev/rules.d", "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d", "/lib/udev/rules.d",
};
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

/* What a rule has said so far; it may go on over several lines. */
struct words {
	bool has_vendor, has_product, has_another_product;
	bool has_group, has_seat;
};

struct ids {
	char vendor[8], product[8];
};

static void read_line(struct words *words, const char *line, const struct ids *ids)
{
	bool has_product = strstr(line, ids->product);

	words->has_vendor |= strstr(line, ids->vendor) != NULL;
	words->has_product |= has_product;
	words->has_another_product |= strstr(line, "idProduct") && !has_product;
	words->has_group |= strstr(line, "MODE") || strstr(line, "GROUP");
	words->has_seat |= strstr(line, "uaccess") != NULL;
}

static bool is_about_it(const struct words *words)
{
	return words->has_vendor && (words->has_product || !words->has_another_product) &&
	       (words->has_group || words->has_seat);
}

static bool is_remark(const char *line)
{
	return line[strspn(line, " \t")] == '#';
}

static bool goes_on(const char *line)
{
	size_t length = strcspn(line, "\n");

	return length > 0 && line[length - 1] == '\\';
}

static bool look_into(const char *path, const struct ids *ids, bool *is_for_seat)
{
	FILE *file = fopen(path, "re");
	struct words words = { 0 };
	bool is_found = false;
	char *line = NULL;
	size_t room = 0;

	while (file && !is_found && getline(&line, &room, file) >= 0) {
		if (is_remark(line)) /* also between the lines of a rule */
			continue;
		read_line(&words, line, ids);
		if (goes_on(line))
			continue;
		is_found = is_about_it(&words);
		*is_for_seat = words.has_seat && !words.has_group;
		words = (struct words){ 0 };
	}
	free(line);
	if (file)
		(void)fclose(file); /* only read */
	return is_found;
}

static bool is_hidden(const char *root, size_t folder, const char *name)
{
	char path[2 * sizeof(((struct tpu_rule *)0)->path)];

	for (size_t i = 0; i < folder; i++) {
		(void)snprintf(path, sizeof(path), "%s%s/%s", root, folders[i], name);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static bool is_rules(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 6 && strcmp(name + length - 6, ".rules") == 0;
}

static bool find_in(const char *root, size_t folder, const struct ids *ids,
		    struct tpu_rule *rule)
{
	struct tpu_rule found;
	const struct dirent *entry;
	bool is_found = false;
	DIR *files;

	(void)snprintf(found.path, sizeof(found.path), "%s%s", root, folders[folder]);
	files = opendir(found.path);
	while (files && !is_found && (entry = readdir(files))) {
		if (!is_rules(entry->d_name) || is_hidden(root, folder, entry->d_name) ||
		    snprintf(found.path, sizeof(found.path), "%s%s/%s", root,
			     folders[folder], entry->d_name) >= (int)sizeof(found.path))
			continue;
		is_found = look_into(found.path, ids, &found.is_for_seat);
	}
	if (files)
		(void)closedir(files); /* only read */
	if (is_found)
		*rule = found;
	return is_found;
}

bool tpu_rule_find(const char *root, uint16_t vendor, uint16_t product,
		   struct tpu_rule *rule)
{
	struct ids ids;

	(void)snprintf(ids.vendor, sizeof(ids.vendor), "%04x", vendor);
	(void)snprintf(ids.product, sizeof(ids.product), "%04x", product);
	for (size_t i = 0; i < FOLDERS; i++)
		if (find_in(root, i, &ids, rule))
			return true;
	return false;
}
