/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/emulator/vhci.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/emulator/usbip_wire.h"

/* Of a port in `status`: nothing is attached (usbip_common.h of Linux). */
#define STATUS_NULL 4

/* One line of `status`: "hs  0000 004 000 00000000 000000 0-0". */
struct line {
	char hub[4];      /* hs: to 480 Mbit/s, ss: above */
	int port;         /* counted over all hubs */
	int nth;          /* counted on this hub from 1, as in names of devices */
	unsigned status;
};

/* A device of the kernel's at this port, though it may be on its way out. */
static bool has_device(const char *root, int controller, const struct line *line)
{
	char pattern[PATH_MAX];
	bool is_super = strcmp(line->hub, "ss") == 0;
	bool found = false;
	glob_t hubs;

	/* "vhci_hcd.0" is the first of them. */
	(void)snprintf(pattern, sizeof(pattern), "%.*s%d/usb*/speed", (int)strlen(root) - 1,
		       root, controller); /* a path that is too long is not there */
	if (glob(pattern, 0, NULL, &hubs) != 0)
		return false;
	for (size_t i = 0; i < hubs.gl_pathc && !found; i++) {
		char *path = hubs.gl_pathv[i], device[PATH_MAX];
		const char *number = strrchr(path, 'b') + 1; /* usbN */
		unsigned speed = 0;
		FILE *file = fopen(path, "re");

		if (!file)
			continue;
		if (fscanf(file, "%u", &speed) == 1 && (speed > 480) == is_super) {
			(void)snprintf(device, sizeof(device), "%.*s/%.*s-%d",
				       (int)(strrchr(path, '/') - path), path,
				       (int)strcspn(number, "/"), number, line->nth);
			found = access(device, F_OK) == 0;
		}
		(void)fclose(file); /* only read */
	}
	globfree(&hubs);
	return found;
}

/* The next line that is for a port; false at the end. */
static bool read_line(FILE *file, struct line *line)
{
	char text[256], hub[4];
	unsigned status;
	int port;

	while (fgets(text, sizeof(text), file)) {
		if (sscanf(text, "%3s %d %u", hub, &port, &status) != 3)
			continue; /* the heading */
		line->nth = strcmp(hub, line->hub) == 0 ? line->nth + 1 : 1;
		memcpy(line->hub, hub, sizeof(hub));
		line->port = port;
		line->status = status;
		return true;
	}
	return false;
}

static FILE *open_status(const char *root, int controller)
{
	char path[PATH_MAX];

	if (controller == 0)
		(void)snprintf(path, sizeof(path), "%s/status", root);
	else
		(void)snprintf(path, sizeof(path), "%s/status.%d", root, controller);
	return fopen(path, "re"); /* a path that is too long is not there */
}

ATOLL_API int vhci_port(const char *root, enum usb_speed speed, int wanted,
			struct atoll_error *err)
{
	const char *hub = speed == USB_SUPER ? "ss" : "hs";
	int controller;

	for (controller = 0;; controller++) {
		FILE *file = open_status(root, controller);
		struct line line = { .hub = "" };
		int found = -1;

		if (!file)
			break;
		while (found < 0 && read_line(file, &line))
			if (strcmp(line.hub, hub) == 0 &&
			    (wanted < 0 || line.port == wanted) &&
			    line.status == STATUS_NULL && !has_device(root, controller, &line))
				found = line.port;
		(void)fclose(file); /* only read */
		if (found >= 0)
			return found;
	}
	if (controller == 0)
		return atoll_error_set(err, -ENOENT, "%s/status: %s; is the kernel module "
				       "there? modprobe vhci-hcd", root, strerror(errno));
	if (wanted >= 0)
		return atoll_error_set(err, -EAGAIN, "vhci-hcd: port %d is still in use",
				       wanted);
	return atoll_error_set(err, -EBUSY, "vhci-hcd: no port for %s is free",
			       speed == USB_SUPER ? "SuperSpeed" : "high speed");
}

ATOLL_API int vhci_attach(const char *root, int port, int fd, uint32_t id,
			  enum usb_speed speed, struct atoll_error *err)
{
	char path[PATH_MAX], line[64];
	int length = snprintf(line, sizeof(line), "%d %d %u %u", port, fd, id,
			      usbip_speed(speed));
	int file, r = 0;

	(void)snprintf(path, sizeof(path), "%s/attach", root);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return atoll_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (write(file, line, (size_t)length) != length)
		r = atoll_error_set(err, -errno, "%s: port %d: %s", path, port,
				    strerror(errno));
	(void)close(file); /* written above */
	return r;
}
