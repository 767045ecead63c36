/* SPDX-License-Identifier: Apache-2.0 */
#include "board/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

/* What the log says about "disk sda is full" at a level, or "". */
static char *said(struct atoll_log log, enum atoll_log_level level)
{
	static char text[256];
	size_t size;

	log.file = tmpfile();
	assert_non_null(log.file);
	atoll_log(&log, level, "disk %s is %s", "sda", "full");
	rewind(log.file);
	size = fread(text, 1, sizeof(text) - 1, log.file);
	text[size] = '\0';
	(void)fclose(log.file);
	return text;
}

static void a_line_begins_with_the_program(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(said(atoll_log_new("atoll-x", ATOLL_LOG_INFO), ATOLL_LOG_ERR),
			    "atoll-x: disk sda is full\n");
}

static void what_is_above_the_wanted_level_is_not_said(void **state)
{
	struct atoll_log log = atoll_log_new("atoll-x", ATOLL_LOG_NOTICE);

	(void)state;
	assert_string_equal(said(log, ATOLL_LOG_DEBUG), "");
	assert_string_equal(said(log, ATOLL_LOG_INFO), "");
	assert_string_equal(said(log, ATOLL_LOG_NOTICE), "atoll-x: disk sda is full\n");
	assert_string_equal(said(log, ATOLL_LOG_WARNING), "atoll-x: disk sda is full\n");
}

static void the_journal_gets_the_level_instead_of_the_name(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		       (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_string_equal(said(atoll_log_new("atoll-x", ATOLL_LOG_INFO), ATOLL_LOG_WARNING),
			    "<4>disk sda is full\n");
}

static void a_redirected_stream_is_not_the_journal(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		       (uintmax_t)status.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_string_equal(said(atoll_log_new("atoll-x", ATOLL_LOG_INFO), ATOLL_LOG_ERR),
			    "atoll-x: disk sda is full\n");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	assert_false(atoll_log_new("atoll-x", ATOLL_LOG_INFO).is_journal);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_begins_with_the_program),
		cmocka_unit_test(what_is_above_the_wanted_level_is_not_said),
		cmocka_unit_test(the_journal_gets_the_level_instead_of_the_name),
		cmocka_unit_test(a_redirected_stream_is_not_the_journal),
	};

	return CHECK_RUN(tests);
}
