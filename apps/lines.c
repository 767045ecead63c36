/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct lines {
	FILE *file;      /* into bytes */
	char *bytes;
	size_t length;
	struct atoll_json json;
};

struct lines *lines_new(void)
{
	struct lines *lines = calloc(1, sizeof(*lines));

	if (!lines)
		return NULL;
	lines->file = open_memstream(&lines->bytes, &lines->length);
	if (!lines->file) {
		free(lines);
		return NULL;
	}
	return lines;
}

void lines_free(struct lines *lines)
{
	if (!lines)
		return;
	(void)fclose(lines->file); /* memory only */
	free(lines->bytes);
	free(lines);
}

/* From the start of the memory there is. */
struct atoll_json *lines_begin(struct lines *lines)
{
	rewind(lines->file); /* forgets an earlier error, too */
	lines->json = (struct atoll_json){ .file = lines->file };
	atoll_json_object(&lines->json, NULL);
	return &lines->json;
}

struct line lines_end(struct lines *lines)
{
	atoll_json_end(&lines->json);
	if (fflush(lines->file) != 0 || ferror(lines->file))
		return (struct line){ .bytes = "", .length = 0 };
	return (struct line){ .bytes = lines->bytes, .length = lines->length };
}

void lines_send(struct atoll_events *events, struct line line)
{
	if (events && line.length > 0)
		atoll_events_send(events, line.bytes, line.length);
}

void lines_greet(struct atoll_events *events, struct line line)
{
	/* Out of memory: they get the one before. */
	if (events && line.length > 0)
		(void)atoll_events_greet(events, line.bytes, line.length);
}

const char *lines_time(char text[LINES_TIME_BYTES])
{
	struct timespec now;
	struct tm utc;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &utc);
	(void)snprintf(text, LINES_TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		       utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
		       utc.tm_min, utc.tm_sec, (int)(now.tv_nsec / 1000000));
	return text;
}

void lines_stamp(struct atoll_json *json, int64_t monotonic_ns)
{
	char time[LINES_TIME_BYTES];

	atoll_json_string(json, "time", lines_time(time));
	atoll_json_integer(json, "monotonic_ns", monotonic_ns);
}
