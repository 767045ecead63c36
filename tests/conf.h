/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_TESTS_CONF_H
#define ATOLL_TESTS_CONF_H

#include "board/error.h"
#include "board/log.h"

/*
 * What a daemon makes of its configuration file, and says of it to its log.
 *
 *	struct atoll_log log = conf_log_open();
 *	struct toy_config *config = toy_config_load(conf_write("rate = 3\n"), &log, &err);
 *
 *	conf_log_close(&log);
 *	assert_string_equal(conf_said, "");
 *
 * The file is in the folder of tests/folder.h.
 */

/* Its path. */
const char *conf_write(const char *text);

/* A log into memory: after close conf_said has all of it. */
extern char conf_said[4096];

struct atoll_log conf_log_open(void);
void conf_log_close(struct atoll_log *log);

/* That `text` was refused with `sentence`, or part of one; one that begins with ":LINE:"
   comes behind the name of the file. */
void conf_assert_refused(const char *text, const struct atoll_error *err,
			 const char *sentence);

#endif
