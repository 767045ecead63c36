/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/compile_stops.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct stops {
	char *text;          /* cut into names */
	const char **name;   /* of all models, one after the other */
	uint32_t *first;     /* [models + 1] in `name` */
};

static uint32_t count(const char *text, char letter)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += *text == letter;
	return n;
}

/* The names of one list, behind the `names` that are there. */
static int cut(struct stops *stops, uint32_t *names, char *list, struct atoll_error *err)
{
	char *name;

	if (!*list)
		return 0;
	while ((name = strsep(&list, ","))) {
		if (!*name)
			return atoll_error_set(err, -EINVAL, "a name is empty");
		stops->name[(*names)++] = name;
	}
	return 0;
}

static int cut_all(struct stops *stops, uint32_t models, struct atoll_error *err)
{
	char *rest = stops->text;
	uint32_t names = 0;
	int r = 0;

	if (models > 1 && count(stops->text, ':') + 1 != models)
		return atoll_error_set(err, -EINVAL, "%" PRIu32 " lists for %" PRIu32 " models",
				       count(stops->text, ':') + 1, models);
	for (uint32_t m = 0; r == 0 && m < models; m++) {
		char *list = models > 1 ? strsep(&rest, ":") : rest;

		stops->first[m] = names;
		r = cut(stops, &names, list, err);
	}
	stops->first[models] = names;
	return r;
}

struct stops *stops_new(const char *text, uint32_t models, struct atoll_error *err)
{
	struct stops *stops = calloc(1, sizeof(*stops));
	int r = -ENOMEM;

	if (stops) {
		stops->text = strdup(text);
		stops->name = calloc((size_t)count(text, ',') + models, sizeof(*stops->name));
		stops->first = calloc((size_t)models + 1, sizeof(*stops->first));
		r = stops->text && stops->name && stops->first ?
			cut_all(stops, models, err) : atoll_error_set(err, r, "no memory");
	} else {
		atoll_error_set(err, r, "no memory");
	}
	if (r < 0) {
		stops_free(stops);
		return NULL;
	}
	return stops;
}

void stops_free(struct stops *stops)
{
	if (!stops)
		return;
	free(stops->text);
	free(stops->name);
	free(stops->first);
	free(stops);
}

const char *const *stops_names(const struct stops *stops, uint32_t model, uint32_t *names)
{
	*names = stops ? stops->first[model + 1] - stops->first[model] : 0;
	return *names ? stops->name + stops->first[model] : NULL;
}
