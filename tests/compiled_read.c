/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"
#include "tests/compiled.h"

struct edgetpu_package *compiled_read(const void *bytes, size_t size)
{
	struct atoll_error err;
	struct edgetpu_package *package = edgetpu_package_read(bytes, size, &err);

	if (!package)
		fail_msg("%s", err.text);
	return package;
}

void compiled_refused(const struct edgetpu_package *package, const struct compiled_more *more,
		      int code, const char *sentence)
{
	size_t size, length = strlen(sentence);
	void *bytes = compiled_options(package, more, &size);
	struct atoll_error err = { .text = "" };
	struct edgetpu_package *read = edgetpu_package_read(bytes, size, &err);
	bool is_part = length > 3 && strcmp(sentence + length - 3, "...") == 0;
	char part[192];

	if (read)
		fail_msg("was read and not refused: %s", sentence);
	(void)snprintf(part, sizeof(part), "%.*s", (int)(is_part ? length - 3 : length),
		       sentence);
	if (is_part ? !strstr(err.text, part) : strcmp(err.text, sentence) != 0)
		fail_msg("'%s' instead of '%s'", err.text, sentence);
	assert_int_equal(err.code, code);
	assert_null(edgetpu_package_read(bytes, size, NULL));
	free(bytes);
}
