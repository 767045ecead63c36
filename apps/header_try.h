/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_HEADER_TRY_H
#define ATOLL_APPS_HEADER_TRY_H

#include "apps/header.h"

/*
 * Rules tried out: the events are real, the pins are drawn. settings->rest[0] is the
 * file, as atoll-headerd(8) takes it. Ends after --for, or when interrupted; returns the
 * exit status.
 *
 * On a terminal the header stays in place and shows its levels; elsewhere each event and
 * each pin that changes is a line, with --json an object.
 */
int header_try(const struct header_settings *settings);

#endif
