/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_BOARD_SYSFS_H
#define ATOLL_BOARD_SYSFS_H

#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Files of one value, as the kernel keeps them below /sys and /proc.
 *
 *	char governor[24];
 *	int64_t khz;
 *
 *	r = sysfs_text(policy, "scaling_governor", governor, sizeof(governor), &err);
 *	r = sysfs_number(policy, "scaling_cur_freq", 0, UINT32_MAX, &khz, &err);
 *	r = sysfs_put(policy, "scaling_governor", "powersave", &err);
 *
 * Nothing waits, whatever is in the place of a file, and nothing longer than the room
 * for it is read. Sentences are "FILE: why", with the group that may where access is
 * denied (-EACCES) and one has been given it.
 */

/* For a folder that is put together. */
#define SYSFS_PATH_BYTES 512
/* Of one entry of a folder, with its NUL. */
#define SYSFS_NAME_BYTES 64

/* "FOLDER/NAME", -ENAMETOOLONG. */
int sysfs_path(char path[SYSFS_PATH_BYTES], const char *folder, const char *name,
	       struct atoll_error *err);

/*
 * What is in the file without the blanks and newlines around it; its length. Otherwise
 * `text` is empty: -ENOENT;
 * -EFBIG, no room for it; -EISDIR and -ENXIO, no file; -EBADMSG, a NUL or another control
 * character but newlines and tabs; whatever the driver says.
 */
int sysfs_text(const char *folder, const char *name, char *text, size_t room,
	       struct atoll_error *err);

/* The first line alone, however long the file is. */
int sysfs_line(const char *folder, const char *name, char *text, size_t room,
	       struct atoll_error *err);

/* A decimal number, the whole of the file. -EBADMSG: none, or not within low to high. */
int sysfs_number(const char *folder, const char *name, int64_t low, int64_t high,
		 int64_t *value, struct atoll_error *err);

/* The file has to be there. */
int sysfs_put(const char *folder, const char *name, const char *text,
	      struct atoll_error *err);
int sysfs_put_number(const char *folder, const char *name, uint64_t value,
		     struct atoll_error *err);

/*
 * The entries that begin with `prefix`, those of higher numbers later, at most `room`
 * of them; how many. None when there is no such folder; names that are too long are
 * passed over.
 */
int sysfs_list(const char *folder, const char *prefix, char (*name)[SYSFS_NAME_BYTES],
	       uint32_t room, struct atoll_error *err);

#endif
