/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/check.h"
#include "tests/folder.h"

char conf_said[4096];

const char *conf_write(const char *text)
{
	const char *path = in_folder("d.conf");
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

struct atoll_log conf_log_open(void)
{
	struct atoll_log log = atoll_log_new("test", ATOLL_LOG_INFO);

	memset(conf_said, 0, sizeof(conf_said));
	log.is_journal = false;
	log.file = fmemopen(conf_said, sizeof(conf_said), "w");
	assert_non_null(log.file);
	return log;
}

void conf_log_close(struct atoll_log *log)
{
	assert_int_equal(fclose(log->file), 0);
}

void conf_assert_refused(const char *text, const struct atoll_error *err,
			 const char *sentence)
{
	char expected[256];

	assert_int_equal(err->code, -EINVAL);
	(void)snprintf(expected, sizeof(expected), "%s%s",
		       sentence[0] == ':' ? in_folder("d.conf") : "", sentence);
	if (!strstr(err->text, expected))
		fail_msg("'%s' says '%s', not '%s'", text, err->text, expected);
}
