/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/rules_inside.h"

/* Far above what people write. */
#define FILE_BYTES_MAX (1 << 20)

struct loading {
	struct rules *rules;
	rules_tell *tell;
	void *data;
	uint32_t mistakes;
};

static struct rules *new_rules(const struct atoll_header *header)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->header = header;
	rules->feed[rules->feeds++] = (struct rules_feed){
		.name = "voice", .path = "/run/atoll/listend.sock", .is_momentary = true,
	};
	rules->feed[rules->feeds++] = (struct rules_feed){
		.name = "vision", .path = "/run/atoll/visiond.sock",
	};
	return rules;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	for (uint32_t i = 0; i < rules->rules; i++)
		free(rules->rule[i].text);
	free(rules);
}

static int read_line(struct loading *loading, const char *bytes, size_t length,
		     const char *place, struct atoll_error *err)
{
	char line[RULES_LINE_BYTES];

	if (length > 0 && bytes[length - 1] == '\r')
		length--;
	if (length >= sizeof(line))
		return atoll_error_set(err, -EINVAL, "longer than %d bytes", RULES_LINE_BYTES - 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return atoll_error_set(err, -EINVAL, "byte 0x%02x is not text", byte);
	}
	memcpy(line, bytes, length);
	line[length] = '\0';
	return rules_parse_line(loading->rules, line, place, err);
}

/* Every line, whatever was wrong with those before. Negative only where going on is
   of no use. */
static int read_bytes(struct loading *loading, const char *bytes, size_t size,
		      const char *name, struct atoll_error *err)
{
	const char *end = bytes + size;
	char place[RULES_PLACE_BYTES];
	struct atoll_error why;

	name = atoll_error_path(name);
	if (size > FILE_BYTES_MAX)
		return atoll_error_set(err, -EFBIG, "%s: larger than 1 MiB", name);
	for (size_t line = 1; bytes < end; line++) {
		const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t length = (size_t)((stop ? stop : end) - bytes);
		int r;

		(void)snprintf(place, sizeof(place), "%s:%zu", name, line);
		r = read_line(loading, bytes, length, place, &why);
		if (r == -ENOMEM)
			return atoll_error_set(err, r, "%s: %s", place, why.text);
		if (r < 0) {
			(void)atoll_error_prefix(&why, "%s", place);
			loading->mistakes++;
			if (loading->tell)
				loading->tell(loading->data, why.text);
		}
		bytes += length + (stop != NULL);
	}
	return 0;
}

/* A file that is not there has nothing to say. */
static int read_file(struct loading *loading, const char *path, struct atoll_error *err)
{
	const char *name = atoll_error_path(path);
	FILE *file = fopen(path, "re");
	char *bytes;
	size_t size;
	int r;

	if (!file && errno == ENOENT)
		return 0;
	if (!file)
		return atoll_error_set(err, -errno, "%s: %s", name, strerror(errno));
	bytes = malloc(FILE_BYTES_MAX + 1);
	if (!bytes) {
		r = atoll_error_set(err, -ENOMEM, "%s: %s", name, strerror(ENOMEM));
		goto done;
	}
	size = fread(bytes, 1, FILE_BYTES_MAX + 1, file);
	if (ferror(file))
		r = atoll_error_set(err, -errno, "%s: %s", name, strerror(errno));
	else
		r = read_bytes(loading, bytes, size, path, err);
done:
	free(bytes);
	(void)fclose(file); /* only read */
	return r;
}

static int is_drop_in(const struct dirent *file)
{
	const char *dot = strrchr(file->d_name, '.');

	return file->d_name[0] != '.' && dot && strcmp(dot, ".conf") == 0;
}

/* By bytes, not by somebody's locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_in(struct loading *loading, const char *path, const char *name,
			struct atoll_error *err)
{
	char *file;
	int r;

	if (asprintf(&file, "%s.d/%s", path, name) < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", name, strerror(ENOMEM));
	r = read_file(loading, file, err);
	free(file);
	return r;
}

static int read_drop_ins(struct loading *loading, const char *path, struct atoll_error *err)
{
	struct dirent **files = NULL;
	char *folder;
	int count, r = 0;

	if (asprintf(&folder, "%s.d", path) < 0)
		return atoll_error_set(err, -ENOMEM, "%s: %s", path, strerror(ENOMEM));
	count = scandir(folder, &files, is_drop_in, by_name);
	if (count < 0 && errno != ENOENT)
		r = atoll_error_set(err, -errno, "%s: %s", atoll_error_path(folder),
				    strerror(errno));
	free(folder);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = read_drop_in(loading, path, files[i]->d_name, err);
		free(files[i]);
	}
	free(files);
	return r;
}

/* The rules, or NULL when `r` or a mistake is in the way. */
static struct rules *finish(struct loading *loading, int r, const char *name,
			    struct atoll_error *err)
{
	if (r == 0 && loading->mistakes == 0)
		return loading->rules;
	if (r == 0)
		(void)atoll_error_set(err, -EINVAL, "%s: %u mistake%s", atoll_error_path(name),
				      loading->mistakes, loading->mistakes == 1 ? "" : "s");
	rules_free(loading->rules);
	return NULL;
}

static int begin(struct loading *loading, const struct atoll_header *header,
		 const char *name, struct atoll_error *err)
{
	loading->rules = new_rules(header);
	return loading->rules ? 0 : atoll_error_set(err, -ENOMEM, "%s: %s",
						    atoll_error_path(name), strerror(ENOMEM));
}

struct rules *rules_load(const char *path, const struct atoll_header *header,
			 rules_tell *tell, void *data, struct atoll_error *err)
{
	struct loading loading = { .tell = tell, .data = data };
	int r = begin(&loading, header, path, err);

	if (r == 0)
		r = read_file(&loading, path, err);
	if (r == 0)
		r = read_drop_ins(&loading, path, err);
	return finish(&loading, r, path, err);
}

struct rules *rules_load_bytes(const void *bytes, size_t size, const char *name,
			       const struct atoll_header *header, rules_tell *tell,
			       void *data, struct atoll_error *err)
{
	struct loading loading = { .tell = tell, .data = data };
	int r = begin(&loading, header, name, err);

	if (r == 0)
		r = read_bytes(&loading, bytes, size, name, err);
	return finish(&loading, r, name, err);
}

const struct rules_settings *rules_settings(const struct rules *rules)
{
	return &rules->settings;
}

const struct rules_pin *rules_pin(const struct rules *rules, uint32_t i)
{
	return i < rules->uses ? &rules->use[i].shown : NULL;
}

bool rules_source(const struct rules *rules, uint32_t i, struct rules_source *source)
{
	for (uint32_t feed = 0; feed < rules->feeds; feed++)
		if (rules->feed[feed].is_used && i-- == 0) {
			*source = (struct rules_source){ rules->feed[feed].name,
							 rules->feed[feed].path };
			return true;
		}
	return false;
}
