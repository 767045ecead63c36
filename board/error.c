/* SPDX-License-Identifier: Apache-2.0 */
#include "board/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Make a cut visible: a sentence without its end could mean the opposite. */
static void mark_cut(struct atoll_error *err, int length)
{
	if (length >= (int)sizeof(err->text))
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
}

ATOLL_API int atoll_error_set(struct atoll_error *err, int code,
			      const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	mark_cut(err, vsnprintf(err->text, sizeof(err->text), format, args));
	va_end(args);
	return code;
}

ATOLL_API int atoll_error_prefix(struct atoll_error *err,
				 const char *format, ...)
{
	char why[sizeof(err->text)], what[sizeof(err->text)];
	va_list args;

	if (!err)
		return 0;
	memcpy(why, err->text, sizeof(why));
	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	mark_cut(err, snprintf(err->text, sizeof(err->text), "%s: %s", what, why));
	return err->code;
}

ATOLL_API const char *atoll_error_path(const char *path)
{
	const size_t room = sizeof(((struct atoll_error *)NULL)->text) / 3;
	const char *slash;

	if (strlen(path) <= room)
		return path;
	path += strlen(path) - room;
	slash = strchr(path, '/');
	return slash ? slash : path;
}
