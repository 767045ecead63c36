/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_APPS_TPU_OWNER_H
#define ATOLL_APPS_TPU_OWNER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Who has a device open: a program with its node of usbfs. Without privileges only
 * the user's own programs can be looked into.
 *
 *	if (tpu_owner_find("/proc", "/dev/bus/usb/001/007", &owner, &unseen))
 *		printf("%s (%d)\n", owner.name, owner.pid);
 *	else if (unseen)
 *		puts("nobody that could be seen");
 */
struct tpu_owner {
	int pid;        /* 0: none was found */
	char name[32];  /* fit to be printed */
};

/* The first such program but this one, as in `proc`; `unseen` is how many could not
   be looked into. */
bool tpu_owner_find(const char *proc, const char *node, struct tpu_owner *owner,
		    uint32_t *unseen);

#endif
