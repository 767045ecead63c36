/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ATOLL_CAMERA_FIND_H
#define ATOLL_CAMERA_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/error.h"

/*
 * Which V4L2 devices there are, and which one is meant. Node numbers say
 * nothing: codecs, scalers and metadata share the range with cameras and it
 * changes from boot to boot.
 *
 *	struct atoll_camera_node *nodes;
 *	int count = atoll_camera_list(&nodes, &err);
 *
 *	for (int i = 0; i < count; i++)
 *		printf("%s %s\n", nodes[i].path, nodes[i].card);
 *	free(nodes);
 */
struct atoll_camera_node {
	char path[64];   /* "/dev/video1" */
	char card[32], bus[32], driver[16]; /* as the driver says */
	bool captures;   /* single-planar video that streams into memory */
	bool is_converter; /* memory to memory: a scaler or a codec */
	const char *why; /* why it is not a camera, a constant; NULL when it is */
};

/* All video nodes, cameras first, by number within each. Returns how many, or
   a negative errno. */
int atoll_camera_list(struct atoll_camera_node **nodes, struct atoll_error *err);

/*
 * The node meant by `match`:
 *
 *	NULL, "auto"  the camera the board description names, if one is there;
 *	              else the first camera that is on a USB bus; else the first
 *	"/dev/..."    that node
 *	other         the only camera whose card or bus contains it, in either case
 *
 * Returns 0, -ENODEV, or -EEXIST when several cameras match: the sentence lists
 * them, or what there is instead.
 */
int atoll_camera_find(const char *match, struct atoll_camera_node *node,
		      struct atoll_error *err);

#endif
