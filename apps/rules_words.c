/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/rules_words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BLANKS " \t"

/* How far the word that begins at `line` goes. */
static size_t measure(const char *line)
{
	size_t length = strcspn(line, BLANKS ",\"");
	const char *arrow = strstr(line, "->");

	return arrow && (size_t)(arrow - line) < length ? (size_t)(arrow - line) : length;
}

/* One word from `*line` on, which moves behind it. */
static int cut(struct rules_word *word, const char **line, char **room,
	       struct atoll_error *err)
{
	const char *from = *line;
	size_t length;

	if (*from == '"') {
		length = strcspn(++from, "\"");
		if (!from[length])
			return atoll_error_set(err, -EINVAL, "\"%.40s has no quote at its end", from);
		word->kind = RULES_TEXT;
		*line = from + length + 1;
	} else {
		length = *from == ',' ? 1 : strncmp(from, "->", 2) == 0 ? 2 : measure(from);
		word->kind = *from == ',' ? RULES_COMMA : measure(from) == 0 ? RULES_ARROW :
			     RULES_WORD;
		*line = from + length;
	}
	if (length >= RULES_TEXT_BYTES)
		return atoll_error_set(err, -EINVAL, "'%.40s...' is longer than %d bytes", from,
				       RULES_TEXT_BYTES - 1);
	word->text = memcpy(*room, from, length);
	(*room)[length] = '\0';
	*room += length + 1;
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

int rules_words_number(const char *text, int digits, const char *unit, int64_t *value)
{
	const int64_t enough = INT64_MAX / 1000000000;
	const char *at = text;
	int64_t number = 0;

	for (; *at >= '0' && *at <= '9' && number < enough; at++)
		number = 10 * number + (*at - '0');
	if (at == text)
		return -EINVAL;
	if (*at == '.' && (at[1] < '0' || at[1] > '9'))
		return -EINVAL;
	at += *at == '.';
	for (bool is_behind = at[-1] == '.'; digits > 0; digits--) {
		is_behind = is_behind && *at >= '0' && *at <= '9';
		number = 10 * number + (is_behind ? *at++ - '0' : 0);
	}
	if (strcmp(at, unit) != 0)
		return -EINVAL;
	*value = number;
	return 0;
}
