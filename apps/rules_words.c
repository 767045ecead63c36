/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BLANKS " \t"

static enum rules_kind kind_of(const char *line)
{
	if (*line == '"')
		return RULES_TEXT;
	if (*line == ',')
		return RULES_COMMA;
	return strncmp(line, "->", 2) == 0 ? RULES_ARROW : RULES_WORD;
}

static size_t length_of(const char *line, enum rules_kind kind)
{
	size_t length = 0;

	switch (kind) {
	case RULES_TEXT:
		return strcspn(line, "\"");
	case RULES_COMMA:
		return 1;
	case RULES_ARROW:
		return 2;
	default:
		while (line[length] && !strchr(BLANKS, line[length]) &&
		       kind_of(line + length) == RULES_WORD)
			length++;
		return length;
	}
}

/* One word from `*line` on, which moves behind it. */
static int cut(struct rules_word *word, const char **line, char **room,
	       struct atoll_error *err)
{
	enum rules_kind kind = kind_of(*line);
	const char *from = *line + (kind == RULES_TEXT);
	size_t length = length_of(from, kind);

	if (kind == RULES_TEXT && !from[length])
		return atoll_error_set(err, -EINVAL, "\"%.40s has no quote at its end", from);
	if (length >= RULES_TEXT_BYTES)
		return atoll_error_set(err, -EINVAL, "'%.40s...' is longer than %d bytes", from,
				       RULES_TEXT_BYTES - 1);
	*word = (struct rules_word){ kind, memcpy(*room, from, length) };
	(*room)[length] = '\0';
	*room += length + 1;
	*line = from + length + (kind == RULES_TEXT);
	return 0;
}

int rules_words_cut(struct rules_words *words, const char *line, struct atoll_error *err)
{
	const char *at = line + strspn(line, BLANKS);
	struct rules_word *word = words->word;
	char *room = words->text;
	int r;

	for (words->bytes = 0; *at && *at != '#'; at += strspn(at, BLANKS)) {
		r = cut(word++, &at, &room, err);
		if (r < 0)
			return r;
		words->bytes = (size_t)(at - line);
	}
	*word = (struct rules_word){ RULES_END, "" };
	return 0;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

int rules_words_number(const char *text, int digits, const char *unit, int64_t *value)
{
	const int64_t enough = INT64_MAX / 1000000000;
	const char *at = text;
	int64_t number = 0;

	for (; is_digit(*at) && number < enough; at++)
		number = 10 * number + (*at - '0');
	if (at == text || (*at == '.' && !is_digit(at[1])))
		return -EINVAL;
	if (*at == '.')
		for (at++; digits > 0 && is_digit(*at); digits--, at++)
			number = 10 * number + (*at - '0');
	for (; digits > 0; digits--)
		number *= 10;
	if (strcmp(at, unit) != 0)
		return -EINVAL;
	*value = number;
	return 0;
}
