/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apps/rules_inside.h"
#include "board/config_lines.h"

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

/* Every line, whatever was wrong with those before. Negative only where going on is
   of no use. */
static int take_line(void *data, struct atoll_config_line *line, struct atoll_error *err)
{
	struct loading *loading = data;
	int r = -EINVAL;

	if (line->text)
		r = rules_parse_line(loading->rules, line->text, line->place, err);
	if (r < 0)
		(void)atoll_error_prefix(err, "%s", line->place);
	if (r >= 0 || r == -ENOMEM)
		return r;
	loading->mistakes++;
	if (loading->tell)
		loading->tell(loading->data, err->text);
	return 0;
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
		r = atoll_config_lines(path, RULES_LINE_BYTES - 1, take_line, &loading, err);
	return finish(&loading, r, path, err);
}

struct rules *rules_load_bytes(const void *bytes, size_t size, const char *name,
			       const struct atoll_header *header, rules_tell *tell,
			       void *data, struct atoll_error *err)
{
	struct loading loading = { .tell = tell, .data = data };
	int r = begin(&loading, header, name, err);

	if (r == 0)
		r = atoll_config_lines_bytes(bytes, size, name, RULES_LINE_BYTES - 1, take_line,
					     &loading, err);
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
