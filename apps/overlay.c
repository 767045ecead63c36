/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlays, read with libfdt. Which pads one sets is in the "pinmux" properties of it
 * and nowhere else: the GPIO's number, and below it eight bits for the function
 * (include/dt-bindings/pinctrl/mt65xx.h of the kernel).
 */
#include "apps/overlay.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/small_file.h"

#define ENDING ".dtbo"
#define FUNCTION_BITS 8

bool overlay_is_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= OVERLAY_NAME_BYTES || name[0] == '.' || name[0] == '-')
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.,+@", *c))
			return false;
	return true;
}

/* A property's cells, and how many. */
static const fdt32_t *cells(const void *tree, int node, const char *name, uint32_t *count)
{
	int bytes = 0;
	const fdt32_t *value = fdt_getprop(tree, node, name, &bytes);

	*count = value ? (uint32_t)bytes / sizeof(*value) : 0;
	return value;
}

static int take_pads(struct overlay *overlay, const void *tree, int node)
{
	uint32_t count;
	const fdt32_t *pinmux = cells(tree, node, "pinmux", &count);

	if (count > OVERLAY_PADS - overlay->count)
		return -E2BIG;
	for (uint32_t i = 0; i < count; i++)
		overlay->pads[overlay->count++] = fdt32_ld(&pinmux[i]) >> FUNCTION_BITS;
	return 0;
}

/* What overlays of ours say of themselves, at the root. */
static int take_words(struct overlay *overlay, const void *tree)
{
	int bytes = 0;
	const char *function = fdt_getprop(tree, 0, "atoll,function", &bytes);
	uint32_t count;
	const fdt32_t *pins = cells(tree, 0, "atoll,pins", &count);

	if (function)
		(void)snprintf(overlay->function, sizeof(overlay->function), "%.*s", bytes,
			       function);
	for (char *c = overlay->function; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	if (count && count != overlay->count)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++)
		overlay->pins[i] = fdt32_ld(&pins[i]);
	return 0;
}

/* What every compiler of trees writes by now. Of one before 16 fdt_check_full of libfdt
   1.6.1 follows the name of its root, which need not be there. */
#define VERSION 17

static bool is_tree(const void *bytes, size_t size)
{
	return size >= sizeof(struct fdt_header) && fdt_check_header(bytes) == 0 &&
	       fdt_version(bytes) >= VERSION && fdt_check_full(bytes, size) == 0;
}

static int take(struct overlay *overlay, const void *tree, size_t size, const char **why)
{
	int node = 0, r = 0, depth = 0;

	*why = "not a device tree";
	if (!is_tree(tree, size))
		return -EINVAL;
	*why = "a device tree, but not an overlay";
	if (fdt_path_offset(tree, "/__fixups__") < 0 &&
	    fdt_path_offset(tree, "/fragment@0") < 0)
		return -EINVAL;
	*why = "sets more pads than there can be";
	for (; r == 0 && node >= 0; node = fdt_next_node(tree, node, &depth))
		r = take_pads(overlay, tree, node);
	if (r < 0)
		return r;
	*why = "does not name as many pins as it sets pads";
	return take_words(overlay, tree);
}

int overlay_read_bytes(struct overlay *overlay, const char *name, const void *bytes,
		       size_t size, struct atoll_error *err)
{
	const char *why;
	int r;

	if (!overlay_is_name(name))
		return atoll_error_set(err, -EINVAL, "'%s' cannot be an overlay", name);
	*overlay = (struct overlay){ .count = 0 };
	strcpy(overlay->name, name);
	r = take(overlay, bytes, size, &why);
	return r < 0 ? atoll_error_set(err, r, "%s", why) : 0;
}

int overlay_read(struct overlay *overlay, const char *folder, const char *name,
		 struct atoll_error *err)
{
	struct small_file file;
	char *path;
	int r;

	if (!overlay_is_name(name))
		return atoll_error_set(err, -EINVAL, "'%s' cannot be an overlay", name);
	if (asprintf(&path, "%s/%s" ENDING, folder, name) < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", name, strerror(ENOMEM));
	r = small_file_read(&file, path, err);
	if (r == 0) {
		r = overlay_read_bytes(overlay, name, file.data, file.size, err);
		small_file_free(&file);
		if (r < 0)
			atoll_error_prefix(err, "%s", atoll_error_path(path));
	}
	free(path);
	return r;
}

static int is_overlay(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), ending = strlen(ENDING);

	return entry->d_name[0] != '.' && length > ending &&
	       strcmp(entry->d_name + length - ending, ENDING) == 0;
}

int overlays_read(struct overlays *overlays, const char *folder, struct atoll_error *err)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_overlay, alphasort), r = 0;

	*overlays = (struct overlays){ .count = 0 };
	if (count < 0)
		return atoll_error_set(err, -errno, "%s: %s", atoll_error_path(folder),
				       strerror(errno));
	overlays->each = calloc((size_t)count + 1, sizeof(*overlays->each));
	if (!overlays->each) {
		r = -ENOMEM;
		atoll_error_set(err, r, "%s: %s", folder, strerror(ENOMEM));
	}
	for (int i = 0; i < count; i++) {
		char *name = entries[i]->d_name;

		name[strlen(name) - strlen(ENDING)] = '\0';
		if (r == 0)
			r = overlay_read(&overlays->each[overlays->count], folder, name, err);
		overlays->count += r == 0;
		free(entries[i]);
	}
	free(entries);
	if (r < 0)
		overlays_free(overlays);
	return r;
}

void overlays_free(struct overlays *overlays)
{
	free(overlays->each);
	*overlays = (struct overlays){ .count = 0 };
}

int overlay_clash(const struct overlay *a, const struct overlay *b)
{
	for (uint32_t i = 0; i < a->count; i++)
		for (uint32_t j = 0; j < b->count; j++)
			if (a->pads[i] == b->pads[j])
				return (int)i;
	return -1;
}
