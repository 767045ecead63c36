/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_OPTIONS_H
#define ATOLL_APPS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/devices.h"
#include "runtime/model.h"
#include "runtime/session.h"

/*
 * What every program does with its command line, the same way.
 *
 *	while ((c = getopt_long(argc, argv, "n:h", names, NULL)) != -1)
 *		switch (c) {
 *		case 'n': top = options_number("--top", optarg, 1, 100); break;
 *		case OPTION_HELP: options_help(help);
 *		case OPTION_VERSION: options_version();
 *		default: options_wrong(NULL);
 *		}
 *
 * The wrong_* and the help functions do not return: exit status 2 for a command
 * line that is wrong, 1 for work that could not be done, 0 for help.
 */
enum {
	EXIT_COULD_NOT = 1,
	EXIT_WRONG = 2,
};

/* Values for getopt_long, above every letter. */
enum {
	OPTION_VERSION = 256,
	OPTION_FIRST_OWN, /* programs number their long-only options from here */
};

/* Remember the name for messages, end quietly on a closed pipe. First in main. */
void options_begin(const char *program);

_Noreturn void options_help(const char *text);
_Noreturn void options_version(void);

/* "program: sentence" and "try 'program --help'". NULL: getopt has spoken. */
_Noreturn void options_wrong(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* "program: sentence", exit status 1. */
_Noreturn void options_could_not(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* "program: sentence" on stderr. */
void options_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The whole text as a number within low..high, or options_wrong. */
int64_t options_number(const char *option, const char *text, int64_t low, int64_t high);
double options_real(const char *option, const char *text, double low, double high);

/* "1.5s" and the like within 1 ms to `high_ms`, or options_wrong. */
int64_t options_duration(const char *option, const char *text, int64_t high_ms);

/* Is there a folder of this name? */
bool options_is_folder(const char *path);

/* "640x480", each side within 1 to ATOLL_FRAME_SIDE_MAX, or options_wrong. */
void options_size(const char *option, const char *text, uint32_t *width, uint32_t *height);

/* The devices that the program's sessions share; `clock` NULL: as configured. */
struct atoll_devices *options_devices(const char *clock);

/* The model that a compiled one was made from, NULL when there is no path. */
struct atoll_model *options_twin(const char *path);

/* Say what became of the device of a session that was just opened, if it has a word. */
void options_session(const struct atoll_session *session);

/* Flush stdout; EXIT_COULD_NOT and a sentence if the data did not get out,
   `status` otherwise. Last in main. */
int options_end(int status);

#endif
