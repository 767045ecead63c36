/* SPDX-License-Identifier: Apache-2.0 */
#include "apps/options.h"

#include "board/config.h"
#include "board/log.h"
#include "camera/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct atoll_log log_to;

/* Whoever started us may have closed the standard streams; then the next file we
   open must not become one. */
static void keep_streams_apart(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd); /* one too many */
}

void options_begin(const char *program)
{
	keep_streams_apart();
	log_to = atoll_log_new(program, ATOLL_LOG_INFO);
	/* The default action, even where our parent ignored it. */
	(void)signal(SIGPIPE, SIG_DFL);
}

static void say(const char *format, va_list args)
{
	(void)fflush(stdout); /* keep data and words in the order they were said */
	atoll_log_list(&log_to, ATOLL_LOG_ERR, format, args);
}

_Noreturn void options_help(const char *text)
{
	fputs(text, stdout);
	exit(options_end(EXIT_SUCCESS));
}

_Noreturn void options_version(void)
{
	printf("%s %s\n", log_to.program, ATOLL_VERSION);
	exit(options_end(EXIT_SUCCESS));
}

_Noreturn void options_wrong(const char *format, ...)
{
	va_list args;

	if (format) {
		va_start(args, format);
		say(format, args);
		va_end(args);
	}
	fprintf(stderr, "try '%s --help'\n", log_to.program);
	exit(EXIT_WRONG);
}

_Noreturn void options_could_not(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(EXIT_COULD_NOT);
}

void options_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

int64_t options_number(const char *option, const char *text, int64_t low, int64_t high)
{
	char *end;
	int64_t value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end)
		options_wrong("%s: '%s' is not a whole number", option, text);
	if (errno || value < low || value > high)
		options_wrong("%s: %s is not within %" PRId64 " to %" PRId64, option,
			      text, low, high);
	return value;
}

double options_real(const char *option, const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || isnan(value))
		options_wrong("%s: '%s' is not a number", option, text);
	if (value < low || value > high)
		options_wrong("%s: %s is not within %g to %g", option, text, low, high);
	return value;
}

int64_t options_duration(const char *option, const char *text, int64_t high_ms)
{
	int64_t value_ms;

	if (atoll_duration_ms(text, &value_ms) < 0)
		options_wrong("%s: '%s' is not a duration like 250ms, 1.5s or 10min", option,
			      text);
	if (value_ms < 1 || value_ms > high_ms)
		options_wrong("%s: %s is not within 1ms to %" PRId64 "h", option, text,
			      high_ms / (60 * 60 * 1000));
	return value_ms;
}

bool options_is_folder(const char *path)
{
	struct stat file;

	return stat(path, &file) == 0 && S_ISDIR(file.st_mode);
}

/* A side, digits alone; 0 for one that is none or too large. */
static uint32_t read_side(const char *text, const char **end)
{
	uint32_t side = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		if (side <= ATOLL_FRAME_SIDE_MAX)
			side = side * 10 + (uint32_t)(*text - '0');
	*end = text;
	return side <= ATOLL_FRAME_SIDE_MAX ? side : 0;
}

void options_size(const char *option, const char *text, uint32_t *width, uint32_t *height)
{
	const char *x, *end = "";
	uint32_t w = read_side(text, &x);
	uint32_t h = *x == 'x' ? read_side(x + 1, &end) : 0;

	if (!w || !h || *end)
		options_wrong("%s: '%s' is not a size like 640x480", option, text);
	*width = w;
	*height = h;
}

struct atoll_devices *options_devices(const char *clock)
{
	const struct atoll_devices_options options = { .clock = clock };
	struct atoll_error err;
	struct atoll_devices *devices = atoll_devices_new(&options, &err);

	if (!devices)
		options_could_not("%s", err.text);
	return devices;
}

struct atoll_model *options_twin(const char *path)
{
	struct atoll_error err;
	struct atoll_model *twin = path ? atoll_model_load(path, &err) : NULL;

	if (path && !twin)
		options_could_not("%s", err.text);
	return twin;
}

void options_session(const struct atoll_session *session)
{
	const char *text = atoll_session_error(session);

	if (*text)
		options_say("%s", text);
}

int options_end(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		options_say("cannot write: %s", strerror(errno));
		return EXIT_COULD_NOT;
	}
	return status;
}
