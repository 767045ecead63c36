/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/find.h"

#include "board/description.h"
#include "camera/device.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

void camera_copy_text(char *to, size_t size, const void *said, size_t length)
{
	const char *from = said;
	size_t i = 0;

	for (; i < length && i + 1 < size && from[i]; i++)
		to[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? '?' : from[i];
	to[i] = '\0';
}

static uint32_t abilities(const struct v4l2_capability *capability)
{
	/* What this node does rather than its whole device, where the driver tells
	   them apart (Linux 3.4 on). */
	return capability->capabilities & V4L2_CAP_DEVICE_CAPS ?
		capability->device_caps : capability->capabilities;
}

/*
 * A scaler or a codec takes pictures in and gives pictures out. Older drivers say
 * so by having both kinds of queues; single-planar ones with both are loopback
 * devices, whose capture side is a camera.
 */
static bool converts(uint32_t can)
{
	const uint32_t both = V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE;

	return can & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE) ||
	       (can & both) == both;
}

static const char *why_no_camera(uint32_t can)
{
	if (converts(can))
		return "converts from memory to memory";
	if (can & V4L2_CAP_VIDEO_CAPTURE)
		return can & V4L2_CAP_STREAMING ? NULL : "does not stream into memory";
	if (can & V4L2_CAP_VIDEO_CAPTURE_MPLANE)
		return "is multi-planar, which is not supported";
	if (can & V4L2_CAP_META_CAPTURE)
		return "gives metadata only";
	if (can & (V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_OUTPUT_MPLANE))
		return "puts video out, does not take it in";
	return "does not take in video";
}

static const char *why_not_open(int r)
{
	switch (r) {
	case -EACCES:
	case -EPERM: return "no permission; is the user in the group video?";
	case -EBUSY: return "in use by another program";
	case -ENODEV:
	case -ENXIO: return "there is no device behind it";
	default: return "cannot be opened";
	}
}

/* Ask the device at node->path what it is. */
static int look(const struct camera_device *device, struct atoll_camera_node *node)
{
	struct v4l2_capability capability = { 0 };
	int fd = device->open(node->path), r;

	if (fd < 0) {
		node->why = why_not_open(fd);
		return fd;
	}
	r = device->ioctl(fd, VIDIOC_QUERYCAP, &capability);
	(void)device->close(fd); /* only looked */
	if (r < 0) {
		node->why = "is not a video device";
		return r;
	}
	camera_copy_text(node->card, sizeof(node->card), capability.card,
			 sizeof(capability.card));
	camera_copy_text(node->bus, sizeof(node->bus), capability.bus_info,
			 sizeof(capability.bus_info));
	camera_copy_text(node->driver, sizeof(node->driver), capability.driver,
			 sizeof(capability.driver));
	node->why = why_no_camera(abilities(&capability));
	node->captures = !node->why;
	node->is_converter = converts(abilities(&capability));
	return 0;
}

/* Move cameras to the front; both kinds stay in their order. */
static void sort(struct atoll_camera_node *nodes, int count)
{
	int cameras = 0;

	for (int i = 0; i < count; i++) {
		struct atoll_camera_node node = nodes[i];

		if (!node.captures)
			continue;
		memmove(&nodes[cameras + 1], &nodes[cameras],
			(size_t)(i - cameras) * sizeof(node));
		nodes[cameras++] = node;
	}
}

int camera_list_on(const struct camera_device *device, struct atoll_camera_node **nodes,
		   struct atoll_error *err)
{
	struct atoll_camera_node *list = calloc(CAMERA_NODES_MAX, sizeof(*list));
	int count = 0;

	if (!list)
		return atoll_error_set(err, -ENOMEM, "camera: list: out of memory");
	for (unsigned i = 0; i < CAMERA_NODES_MAX; i++) {
		struct atoll_camera_node *node = &list[count];

		*node = (struct atoll_camera_node){ 0 };
		(void)snprintf(node->path, sizeof(node->path), "/dev/video%u", i);
		if (look(device, node) != -ENOENT)
			count++;
	}
	sort(list, count);
	*nodes = list;
	return count;
}

ATOLL_API int atoll_camera_list(struct atoll_camera_node **nodes, struct atoll_error *err)
{
	return camera_list_on(&camera_device_real, nodes, err);
}

static bool is_named(const struct atoll_camera_node *node, const char *match)
{
	return strcasestr(node->card, match) || strcasestr(node->bus, match);
}

static const struct atoll_camera_node *first_named(const struct atoll_camera_node *nodes,
						   int cameras, const char *match)
{
	for (int i = 0; i < cameras; i++)
		if (is_named(&nodes[i], match))
			return &nodes[i];
	return NULL;
}

static const struct atoll_camera_node *first_on_usb(const struct atoll_camera_node *nodes,
						    int cameras)
{
	for (int i = 0; i < cameras; i++)
		if (strncmp(nodes[i].bus, "usb-", 4) == 0)
			return &nodes[i];
	return NULL;
}

/* "PATH (CARD), PATH (CARD)" of those named like `match`; NULL: all. */
static void write_names(const struct atoll_camera_node *nodes, int count,
			const char *match, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < count && used < size; i++)
		if (!match || is_named(&nodes[i], match))
			used += (size_t)snprintf(text + used, size - used, "%s%s (%s)",
						 used ? ", " : "", nodes[i].path,
						 nodes[i].card);
}

static int none_at_all(const struct atoll_camera_node *nodes, int count,
		       const char *wanted, struct atoll_error *err)
{
	if (count == 0)
		return atoll_error_set(err, -ENODEV, "camera: %s: there is no camera", wanted);
	return atoll_error_set(err, -ENODEV, "camera: %s: there is no camera; %s %s%s",
			       wanted, nodes[0].path, nodes[0].why,
			       count > 1 ? "; atoll-camera list shows the others" : "");
}

static int choose_auto(const struct atoll_camera_node *nodes, int cameras, int count,
		       const char *described, const struct atoll_camera_node **chosen,
		       struct atoll_error *err)
{
	if (cameras == 0)
		return none_at_all(nodes, count, "auto", err);
	*chosen = described ? first_named(nodes, cameras, described) : NULL;
	if (!*chosen)
		*chosen = first_on_usb(nodes, cameras);
	if (!*chosen)
		*chosen = &nodes[0];
	return 0;
}

static int choose_named(const struct atoll_camera_node *nodes, int cameras, int count,
			const char *match, const struct atoll_camera_node **chosen,
			struct atoll_error *err)
{
	char names[160];
	int matches = 0;

	for (int i = 0; i < cameras; i++)
		matches += is_named(&nodes[i], match);
	if (matches == 1) {
		*chosen = first_named(nodes, cameras, match);
		return 0;
	}
	if (matches > 1) {
		write_names(nodes, cameras, match, names, sizeof(names));
		return atoll_error_set(err, -EEXIST, "camera: '%s' fits %d: %s", match,
				       matches, names);
	}
	for (int i = cameras; i < count; i++)
		if (is_named(&nodes[i], match))
			return atoll_error_set(err, -ENODEV, "camera: '%s': %s (%s) %s",
					       match, nodes[i].path, nodes[i].card,
					       nodes[i].why);
	if (cameras == 0)
		return none_at_all(nodes, count, match, err);
	write_names(nodes, cameras, NULL, names, sizeof(names));
	return atoll_error_set(err, -ENODEV, "camera: '%s' fits none of %s", match, names);
}

/* What is at `path`, be it a camera or not. Links such as those of /dev/v4l/by-id
   are followed, as their names are longer than ours. */
static int look_at_path(const struct camera_device *device, const char *path,
			struct atoll_camera_node *node, struct atoll_error *err)
{
	struct atoll_camera_node found = { 0 };
	char real[PATH_MAX];
	int r;

	if (!realpath(path, real))
		(void)snprintf(real, sizeof(real), "%s", path); /* open says why */
	if (strlen(real) >= sizeof(found.path))
		return atoll_error_set(err, -ENODEV, "camera: %s: the name is too long",
				       atoll_error_path(path));
	memcpy(found.path, real, strlen(real) + 1);
	r = look(device, &found);
	if (r == -ENOENT)
		return atoll_error_set(err, -ENODEV, "camera: %s: there is no such node",
				       atoll_error_path(path));
	if (r < 0)
		return atoll_error_set(err, r == -ENXIO ? -ENODEV : r, "camera: %s: %s",
				       atoll_error_path(path), found.why);
	*node = found;
	return 0;
}

int camera_find_on(const struct camera_device *device, const char *match,
		   const char *described, struct atoll_camera_node *node,
		   struct atoll_error *err)
{
	const struct atoll_camera_node *chosen = NULL;
	struct atoll_camera_node *nodes;
	int count, cameras = 0, r;

	if (match && *match == '/')
		return look_at_path(device, match, node, err);
	count = camera_list_on(device, &nodes, err);
	if (count < 0)
		return count;
	while (cameras < count && nodes[cameras].captures)
		cameras++;
	if (!match || strcmp(match, "auto") == 0)
		r = choose_auto(nodes, cameras, count, described, &chosen, err);
	else
		r = choose_named(nodes, cameras, count, match, &chosen, err);
	if (r == 0)
		*node = *chosen;
	free(nodes);
	return r;
}

ATOLL_API int atoll_camera_find(const char *match, struct atoll_camera_node *node,
				struct atoll_error *err)
{
	/* Without a description, or with one that is wrong, there still is a first
	   camera; whoever else reads the description says what is wrong with it. */
	struct atoll_board *board = match && strcmp(match, "auto") != 0 ? NULL :
		atoll_board_detect(NULL, NULL);
	const char *described = board ? atoll_board_get(board, "camera.0.match") : NULL;
	int r = camera_find_on(&camera_device_real, match, described, node, err);

	atoll_board_free(board);
	return r;
}
