/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/headerd_sources.h"

#include <stdio.h>
#include <string.h>

/* The subscriber to that source, out of what there was. */
static struct subscriber *reuse(struct subscriber **list, const struct rules_source *source)
{
	for (uint32_t i = 0; i < RULES_SOURCES_MAX; i++) {
		struct subscriber *found = list[i];

		if (!found || !subscriber_is_for(found, source))
			continue;
		list[i] = NULL;
		return found;
	}
	return NULL;
}

int headerd_sources_take(struct headerd_sources *sources, const struct rules *rules,
			 struct atoll_error *err)
{
	struct subscriber *before[RULES_SOURCES_MAX], **taken = sources->subscriber;
	struct rules_source source;
	int r = 0;

	memcpy(before, sources->subscriber, sizeof(before));
	memset(sources->subscriber, 0, sizeof(sources->subscriber));
	sources->rules = rules;
	for (uint32_t i = 0; i < RULES_SOURCES_MAX && rules_source(rules, i, &source); i++) {
		taken[i] = reuse(before, &source);
		if (taken[i])
			subscriber_repeat(taken[i]);
		else
			taken[i] = subscriber_new(sources->loop, &source, &sources->calls,
						  sources->log, err);
		if (!taken[i])
			r = err->code;
	}
	for (uint32_t i = 0; i < RULES_SOURCES_MAX; i++)
		subscriber_free(before[i]);
	return r;
}

void headerd_sources_close(struct headerd_sources *sources)
{
	for (uint32_t i = 0; i < RULES_SOURCES_MAX; i++)
		subscriber_free(sources->subscriber[i]);
	memset(sources->subscriber, 0, sizeof(sources->subscriber));
}

/* False past the last. */
static bool find(const struct headerd_sources *sources, uint32_t i,
		 struct rules_source *source, struct subscriber_counts *counts)
{
	if (i == RULES_SOURCES_MAX || !rules_source(sources->rules, i, source))
		return false;
	*counts = (struct subscriber_counts){ 0 };
	if (sources->subscriber[i])
		*counts = subscriber_counts(sources->subscriber[i]);
	return true;
}

void headerd_sources_tell(const struct headerd_sources *sources, char *text, size_t room)
{
	struct subscriber_counts counts;
	struct rules_source source;
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; find(sources, i, &source, &counts); i++) {
		int more = snprintf(text + length, room - length, "; %s is %sthere", source.name,
				    counts.is_there ? "" : "not ");

		if (more < 0 || (size_t)more >= room - length) {
			text[length] = '\0';
			return;
		}
		length += (size_t)more;
	}
}

void headerd_sources_json(const struct headerd_sources *sources, struct atoll_json *json)
{
	struct subscriber_counts counts;
	struct rules_source source;

	atoll_json_array(json, "sources");
	for (uint32_t i = 0; find(sources, i, &source, &counts); i++) {
		atoll_json_object(json, NULL);
		atoll_json_string(json, "name", source.name);
		atoll_json_string(json, "path", source.path);
		atoll_json_bool(json, "there", counts.is_there);
		atoll_json_integer(json, "events", (int64_t)counts.events);
		atoll_json_integer(json, "wrong", (int64_t)counts.wrong);
		atoll_json_end(json);
	}
	atoll_json_end(json);
}
