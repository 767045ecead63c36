/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_COMPILE_OPTIONS_H
#define ATOLL_APPS_COMPILE_OPTIONS_H

#include "apps/compile.h"

/*
 * The command line of atoll-compile.
 *
 *	struct compile_settings settings;
 *
 *	compile_options_read(argc, argv, is_vendors, &settings);
 *
 * Does not return when it is wrong, or when help or version is wanted. Nothing is
 * opened. `is_vendors`: called by the name of the vendor's compiler.
 */
void compile_options_read(int argc, char **argv, bool is_vendors,
			  struct compile_settings *settings);

#endif
