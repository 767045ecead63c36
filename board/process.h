/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_PROCESS_H
#define ATOLL_BOARD_PROCESS_H

#include <stddef.h>

/*
 * What a process calls itself, fit to be printed: programs may call themselves
 * anything. "one that ended" when there is no such process, as `proc` ("/proc") says.
 *
 *	char name[32];
 *
 *	atoll_process_name("/proc", pid, name, sizeof(name));
 *	printf("in use by %s, process %ld\n", name, pid);
 */
void atoll_process_name(const char *proc, long pid, char *name, size_t size);

#endif
