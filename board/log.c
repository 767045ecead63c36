/* SPDX-License-Identifier: Apache-2.0 */
#include "board/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

/*
 * systemd sets JOURNAL_STREAM to device and inode of the stream it reads
 * (systemd.exec(5)); whoever redirected stderr since then has another one.
 */
static bool is_read_by_journal(FILE *file)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	return stream && sscanf(stream, "%" SCNuMAX ":%" SCNuMAX, &device, &inode) == 2 &&
	       fstat(fileno(file), &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

ATOLL_API struct atoll_log atoll_log_new(const char *program, enum atoll_log_level most)
{
	return (struct atoll_log){
		.program = program,
		.most = most,
		.is_journal = is_read_by_journal(stderr),
		.file = stderr,
	};
}

ATOLL_API void atoll_log_list(const struct atoll_log *log, enum atoll_log_level level,
			      const char *format, va_list args)
{
	if (level > log->most)
		return;
	flockfile(log->file); /* threads do not talk at once */
	if (log->is_journal)
		fprintf(log->file, "<%d>", level);
	else
		fprintf(log->file, "%s: ", log->program);
	vfprintf(log->file, format, args);
	fputc('\n', log->file);
	(void)fflush(log->file); /* nobody to tell */
	funlockfile(log->file);
}

ATOLL_API void atoll_log(const struct atoll_log *log, enum atoll_log_level level,
			 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	atoll_log_list(log, level, format, args);
	va_end(args);
}
