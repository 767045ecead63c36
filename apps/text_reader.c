/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/text_reader.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int text_reader_open(struct text_reader *reader, const char *path, struct atoll_error *err)
{
	*reader = (struct text_reader){ .path = path, .file = fopen(path, "re") };
	if (reader->file)
		return 0;
	return atoll_error_set(err, -errno, "%s: %s", atoll_error_path(path),
			       strerror(errno));
}

bool text_reader_next(struct text_reader *reader)
{
	ssize_t length = getline(&reader->line, &reader->capacity, reader->file);

	reader->number++;
	if (length < 0)
		return false;
	reader->line[strcspn(reader->line, "\r\n")] = '\0';
	return true;
}

int text_reader_wrong(const struct text_reader *reader, const char *why,
		      struct atoll_error *err)
{
	return atoll_error_set(err, -EINVAL, "%s:%u: %s", atoll_error_path(reader->path),
			       reader->number, why);
}

bool text_reader_floats(const struct text_reader *reader, float *to, uint32_t count)
{
	char *rest = reader->line, *end;

	for (uint32_t i = 0; i < count; i++, rest = end) {
		to[i] = strtof(rest, &end);
		if (end == rest || !isfinite(to[i]))
			return false;
	}
	return rest[strspn(rest, " \t")] == '\0';
}

int text_reader_close(struct text_reader *reader, int r, struct atoll_error *err)
{
	if (r == 0 && ferror(reader->file))
		r = text_reader_wrong(reader, "cannot be read", err);
	free(reader->line);
	(void)fclose(reader->file); /* only read */
	return r;
}
